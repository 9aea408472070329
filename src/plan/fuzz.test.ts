import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  difference,
  formatPlan,
  importAnycastHealthchecker,
  importExabgpFile,
  lint,
  parsePlan,
} from './index.ts';

const EXAMPLE = readFileSync(new URL('../../examples/two-sites/network.yaml', import.meta.url), 'utf8');

/** The example with a few places damaged. */
const damaged = fc
  .array(
    fc.tuple(
      fc.nat(EXAMPLE.length),
      fc.nat(12),
      fc.constantFrom(
        '',
        ' ',
        '\n',
        '\t',
        ':',
        ': ',
        '- ',
        '{',
        '}',
        '[',
        ']',
        '"',
        "'",
        '&a ',
        '*a',
        '<<: *a',
        '#',
        `\${X}`,
        '0',
        '-1',
        '1e9',
        'null',
        '~',
        '|',
        '>',
        '%',
        '\u0000',
        'é',
        '__proto__: 1',
        'constructor',
      ),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((edits) =>
    edits.reduce((text, [at, length, put]) => text.slice(0, at) + put + text.slice(at + length), EXAMPLE),
  );

test('whatever is done to a plan file, the answer is a plan that can be used or complaints with places', () => {
  fc.assert(
    fc.property(damaged, (text) => {
      const parsed = parsePlan(text);
      if ('complaints' in parsed) {
        expect(parsed.complaints.length).toBeGreaterThan(0);
        for (const c of parsed.complaints) {
          expect(c.line).toBeGreaterThanOrEqual(1);
          expect(c.line).toBeLessThanOrEqual(text.split('\n').length);
          expect(c.allowed).not.toMatch(/Invalid|undefined|expected/);
        }
        return;
      }
      lint(parsed.plan, { production: true, where: parsed.where });
      const again = parsePlan(formatPlan(parsed.plan));
      if (!('plan' in again)) throw new Error(JSON.stringify(again.complaints));
      expect(difference(parsed.plan, again.plan)).toEqual([]);
    }),
    { numRuns: 250 },
  );
});

test('whatever stands in the files of others, the import gives a text and remarks', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom('', '[a]\nip_prefix = 203.0.113.1\n', 'ip = 203.0.113.1\ncommand = '),
      (text, before) => {
        expect(importExabgpFile(before + text).text).toContain('network:');
        expect(importAnycastHealthchecker(before + text).text).toContain('network:');
      },
    ),
    { numRuns: 60 },
  );
});
