import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatPrefix, type Prefix } from '../base/index.ts';
import { formatPrefixMatch, type PrefixMatch, parsePrefixMatch } from './index.ts';
import { compilePrefixes, fits } from './prefix-set.ts';

test.each([
  ['203.0.113.0/24', { prefix: '203.0.113.0/24' }],
  ['2001:DB8::/32', { prefix: '2001:db8::/32' }],
  ['10.0.0.0/8+', { prefix: '10.0.0.0/8', orLonger: true }],
  ['10.0.0.0/8 or-longer', { prefix: '10.0.0.0/8', orLonger: true }],
  ['10.0.0.0/8{16,24}', { prefix: '10.0.0.0/8', ge: 16, le: 24 }],
  ['10.0.0.0/8 ge 16 le 24', { prefix: '10.0.0.0/8', ge: 16, le: 24 }],
  ['10.0.0.0/8 le 24', { prefix: '10.0.0.0/8', le: 24 }],
  ['10.0.0.0/8 ge 24', { prefix: '10.0.0.0/8', ge: 24 }],
])('%s is read', (text, expected) => {
  const match = parsePrefixMatch(text);
  expect(match).toEqual(expected);
  expect(parsePrefixMatch(formatPrefixMatch(match as PrefixMatch))).toEqual(expected);
});

test.each([
  '203.0.113.1/24',
  '10.0.0.0/33',
  '10.0.0.0',
  '10.0.0.0/8 ge 4',
  '10.0.0.0/8 le 33',
  '10.0.0.0/8 ge 24 le 16',
  '10.0.0.0/8{24}',
  '10.0.0.0/8+ le 9',
  'default',
  '',
])('"%s" is refused', (text) => {
  expect(parsePrefixMatch(text)).toBeUndefined();
});

/** Few different bits, so that prefixes often cover each other. */
const anyPrefix: fc.Arbitrary<Prefix> = fc
  .record({ v6: fc.boolean(), bits: fc.integer({ min: 0, max: 3 }), length: fc.nat(128), tail: fc.nat(1) })
  .map(({ v6, bits, length, tail }) => {
    const bytes = new Uint8Array(v6 ? 16 : 4).fill(bits === 0 ? 0 : 0x55);
    bytes[bytes.length - 1]! ^= tail;
    if (bits === 2) bytes[1] = 0xff;
    if (bits === 3) bytes[Math.min(6, bytes.length - 1)]! ^= 0x10;
    return formatPrefix(bytes, v6 ? length : length % 33);
  });
const anyMatch: fc.Arbitrary<PrefixMatch> = fc
  .record({ prefix: anyPrefix, kind: fc.nat(3), a: fc.nat(128), b: fc.nat(128) })
  .map(({ prefix, kind, a, b }) => {
    if (kind === 0) return { prefix };
    if (kind === 1) return { prefix, orLonger: true };
    return kind === 2 ? { prefix, ge: Math.min(a, b), le: Math.max(a, b) } : { prefix, le: a };
  });

test('property: the table of a list answers as trying its entries one by one does', () => {
  fc.assert(
    fc.property(fc.array(anyMatch, { maxLength: 12 }), anyPrefix, (list, prefix) => {
      expect(compilePrefixes(list)(prefix)).toBe(list.some((m) => fits(m, prefix)));
    }),
    { numRuns: 3000 },
  );
});
