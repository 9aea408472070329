import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatComplaint, formatFinding, formatPlan, lint, parsePlan } from './index.ts';

test.each(['planet', 'two-sites'])('the example %s parses, and nothing in it is more than a note', (name) => {
  const file = new URL(`../../examples/${name}/network.yaml`, import.meta.url);
  const parsed = parsePlan(readFileSync(file, 'utf8'), { file: `examples/${name}/network.yaml` });
  if ('complaints' in parsed) throw new Error(parsed.complaints.map(formatComplaint).join('\n'));
  const findings = lint(parsed.plan, { where: parsed.where });
  expect(findings.filter((f) => f.severity !== 'note').map(formatFinding)).toEqual([]);
  expect(parsePlan(formatPlan(parsed.plan))).toMatchObject({ plan: parsed.plan });
});
