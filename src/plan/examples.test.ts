import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { formatComplaint, formatFinding, formatPlan, lint, parsePlan, planSchema } from './index.ts';

test.each(['planet', 'two-sites'])('the example %s parses, and nothing in it is more than a note', (name) => {
  const file = new URL(`../../examples/${name}/network.yaml`, import.meta.url);
  const parsed = parsePlan(readFileSync(file, 'utf8'), { file: `examples/${name}/network.yaml` });
  if ('complaints' in parsed) throw new Error(parsed.complaints.map(formatComplaint).join('\n'));
  const findings = lint(parsed.plan, { where: parsed.where });
  expect(findings.filter((f) => f.severity !== 'note').map(formatFinding)).toEqual([]);
  expect(parsePlan(formatPlan(parsed.plan))).toMatchObject({ plan: parsed.plan });
});

test.each(['planet', 'two-sites'])(
  'editors find nothing wrong with the example %s, and something with a mistake in it',
  (name) => {
    const text = readFileSync(new URL(`../../examples/${name}/network.yaml`, import.meta.url), 'utf8');
    const schema = z.fromJSONSchema(planSchema() as Parameters<typeof z.fromJSONSchema>[0]);
    const issues = (yaml: string) =>
      schema.safeParse(parse(yaml.replace(/\$\{\w+\}/g, 'SECRET'))).error?.issues ?? [];
    expect(issues(text)).toEqual([]);
    expect(issues(text.replace('id: 2', 'id: many'))).toHaveLength(1);
    expect(issues(text.replace('hold-time: 9s', 'hold-tme: 9s'))).toHaveLength(1);
  },
);
