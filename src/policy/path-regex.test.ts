import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePathRegex } from './index.ts';

function matches(pattern: string, path: string): boolean {
  const regex = compilePathRegex(pattern);
  expect(regex, pattern).toMatchObject({ ok: true });
  return regex.ok && regex.test(path);
}

test.each<[string, string, boolean]>([
  ['^$', '', true],
  ['^$', '64500', false],
  ['_64500_', '64500', true],
  ['_64500_', '1 64500 2', true],
  ['_64500_', '164500 645001', false],
  ['_64500_', '1 {64500,2}', true],
  ['^64500_', '64500 1', true],
  ['_64500$', '1 64500', true],
  ['^64500 .* 65001$', '64500 7 65001', true],
  ['^64500 .* 65001$', '64500 7 8 65001', true],
  ['^64500 .* 65001$', '64500 7 65001 9', false],
  ['^[0-9]+$', '64500', true],
  ['^[0-9]+$', '64500 64501', false],
  ['^64500(_64500)*$', '64500 64500 64500', true],
  ['^64500(_64500)*$', '64500 64501', false],
  ['^(64500|64501)_[0-9]+$', '64501 7', true],
  ['^[^ ]+ [^ ]+$', '1 2', true],
  ['^[^ ]+ [^ ]+$', '1 2 3', false],
  ['\\{', '1 {2,3}', true],
  ['\\(', '1 2', false],
  ['^6?4+$', '444', true],
  ['', '1 2', true],
  ['_', '', true],
  ['(|1)2', '2', true],
])('%s on "%s": %s', (pattern, path, expected) => {
  expect(matches(pattern, path)).toBe(expected);
});

test.each([
  ['(64500', `'(' without ')'`, 0],
  ['64500)', `')' without '('`, 5],
  ['*1', `'*' repeats nothing`, 0],
  ['1{2}', `repetition by '{' is not known; an AS_SET's brace is written '\\{'`, 1],
  ['[1', `'[' without ']'`, 0],
  ['[5-1]', 'the range 5-1 is empty', 1],
  ['AS1', `'A' never stands in an AS path`, 0],
  ['1\\', `'\\' never stands in an AS path`, 1],
])('%s is refused: %s', (pattern, error, at) => {
  expect(compilePathRegex(pattern)).toEqual({ ok: false, error, at });
});

test('an expression is limited in length, and nesting as deep as that is read', () => {
  expect(compilePathRegex('1'.repeat(501))).toMatchObject({ ok: false });
  expect(matches(`${'('.repeat(249)}1${')'.repeat(249)}`, '1')).toBe(true);
});

test('property: it agrees with the language its dialect was borrowed from', () => {
  const atom = fc.constantFrom('1', '2', ' ', '.', '_', '^', '$', '[12]', '[^1]', '\\{');
  const pattern = fc.letrec<{ p: string }>((tie) => ({
    p: fc.oneof(
      { maxDepth: 4 },
      atom,
      fc.array(tie('p'), { minLength: 1, maxLength: 4 }).map((ps) => ps.join('')),
      fc.tuple(tie('p'), tie('p')).map(([a, b]) => `(${a}|${b})`),
      fc
        .tuple(atom, fc.constantFrom('*', '+', '?'))
        .map(([a, op]) => (a === '^' || a === '$' ? a : `${a}${op}`)),
      fc.tuple(tie('p'), fc.constantFrom('*', '+', '?')).map(([a, op]) => `(${a})${op}`),
    ),
  })).p as fc.Arbitrary<string>;
  const path = fc.array(fc.constantFrom('1', '2', ' ', '{', ','), { maxLength: 8 }).map((cs) => cs.join(''));
  fc.assert(
    fc.property(pattern, path, (text, subject) => {
      const peer = text
        .replaceAll('_', '(?:^|$|[ ,{}()[\\]])')
        .replace(/\((?!\?)/g, '(?:')
        .replaceAll('[ ,{}(?:)', '[ ,{}()');
      expect(matches(text, subject), `${text} on "${subject}"`).toBe(new RegExp(peer).test(subject));
    }),
    { numRuns: 2000 },
  );
});

test('expressions that make other engines explode take their time in the length of the path', () => {
  const path = '1'.repeat(20_000);
  expect(matches('^(1+)+2$', path)).toBe(false);
  expect(matches('^(1|1)*(1|1)*(1|1)*2$', path)).toBe(false);
  expect(matches(`(1|2)*1${'(1|2)'.repeat(60)}3`, '12'.repeat(2000))).toBe(false);
});
