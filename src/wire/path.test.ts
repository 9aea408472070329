import fc from 'fast-check';
import { expect, test } from 'vitest';
import { paths } from '../../test/vectors/wire-arbitraries.ts';
import { type Address, toHex, Writer } from '../base/index.ts';
import {
  type Attribute,
  formatPath,
  mergeAs4,
  parsePath,
  pathLength,
  type Segment,
  splitAs4,
} from './index.ts';
import { encodeSegments } from './path.ts';

const path = (text: string) => parsePath(text) as readonly Segment[];
const asPath = (text: string): Attribute => ({ kind: 'asPath', path: path(text) });
const as4Path = (text: string): Attribute => ({ kind: 'as4Path', path: path(text) });
const aggregator = (asn: number): Attribute => ({ kind: 'aggregator', asn, address: '192.0.2.9' as Address });
const as4Aggregator = (asn: number): Attribute => ({
  kind: 'as4Aggregator',
  asn,
  address: '192.0.2.4' as Address,
});

test.each([
  '',
  '64500',
  '64500 64501 {64502,64503}',
  '(64512 64513) [64514,64515] 64500 {64501} 64502',
  '4200000000',
])('the path "%s" reads as it prints', (text) => {
  expect(formatPath(path(text))).toBe(text);
});

test('what people write otherwise is understood', () => {
  expect(formatPath(path('AS64500, 1.10 { 3 4 }'))).toBe('64500 65546 {3,4}');
});

test.each(['x', '64500 {64501', '64500 }', '{}', '{(1)}', '{1)', '0', '4294967296', '-1', '1:2'])(
  '"%s" is no path',
  (text) => {
    expect(parsePath(text)).toBeUndefined();
  },
);

test('a printed path reads back, but that sequences beside one another become one', () => {
  fc.assert(
    fc.property(paths(true), (p) => {
      const text = formatPath(p);
      expect(formatPath(path(text))).toBe(text);
      const beside = p.some((s, i) => s.kind === 'sequence' && p[i - 1]?.kind === 'sequence');
      if (!beside) expect(path(text)).toEqual(p);
    }),
  );
});

test('a set counts one and confederation segments nothing (RFC 4271 §9.1.2.2 a, RFC 5065 §5.3)', () => {
  expect(pathLength(path('(64512 64513) [64514,64515] 64500 64501 {64502,64503}'))).toBe(3);
});

test('a segment of more than 255 numbers is written as several', () => {
  const w = new Writer();
  encodeSegments([{ kind: 'sequence', asns: new Array<number>(300).fill(1) }], w, false);
  const hex = toHex(w.done());
  expect(hex.slice(0, 4)).toBe('02ff');
  expect(hex.slice(4 + 255 * 4, 8 + 255 * 4)).toBe('022d');
});

test.each([
  // AS_PATH, AS4_PATH, what comes of it
  ['64500 23456', '4200000000', '64500 4200000000'],
  ['64500 23456 23456', '4200000000 4200000001', '64500 4200000000 4200000001'],
  ['64500 64501', '64499 64500 64501', '64500 64501'],
  ['64500 {64501,23456}', '{64501,4200000000}', '64500 {64501,4200000000}'],
  ['{64500,64501} 23456', '4200000000', '{64500,64501} 4200000000'],
  ['(64512) 64500 23456', '4200000000', '(64512) 64500 4200000000'],
  ['(64512) 23456', '4200000000', '(64512) 4200000000'],
  ['64500 23456', '(64512) 4200000000', '64500 4200000000'],
  ['23456 23456', '4200000000 4200000001', '4200000000 4200000001'],
])('AS_PATH %s with AS4_PATH %s becomes %s (RFC 6793 §4.2.3)', (old, as4, merged) => {
  const [only, ...more] = mergeAs4([asPath(old), as4Path(as4)], false);
  expect(more).toEqual([]);
  expect(only?.kind === 'asPath' && formatPath(only.path)).toBe(merged);
});

test('an AGGREGATOR that is not AS_TRANS shows that an old speaker aggregated: AS4_* are ignored (RFC 6793 §4.2.3)', () => {
  const from = [asPath('64500 23456'), aggregator(64500), as4Path('4200000000'), as4Aggregator(4200000000)];
  expect(mergeAs4(from, false)).toEqual([asPath('64500 23456'), aggregator(64500)]);
  const trans = [asPath('64500 23456'), aggregator(23456), as4Path('4200000000'), as4Aggregator(4200000000)];
  expect(mergeAs4(trans, false)).toEqual([
    asPath('64500 4200000000'),
    { ...aggregator(4200000000), address: '192.0.2.4' },
  ]);
});

test('a speaker of 4 octets must not send AS4_*: they are left out and change nothing (RFC 6793 §4.1)', () => {
  expect(mergeAs4([asPath('64500'), as4Path('64499 64498'), as4Aggregator(1)], true)).toEqual([
    asPath('64500'),
  ]);
  const untouched = [asPath('64500')];
  expect(mergeAs4(untouched, false)).toBe(untouched);
});

test('AS4_PATH goes to a 2-octet speaker only where a number does not fit, without confederation segments (RFC 6793 §4.2.2)', () => {
  const fits = [asPath('64500 64501'), aggregator(64500)];
  expect(splitAs4(fits)).toBe(fits);
  const wide = [asPath('(64512) 64500 4200000000'), aggregator(4200000000)];
  expect(splitAs4(wide).slice(2)).toEqual([
    as4Path('64500 4200000000'),
    { kind: 'as4Aggregator', asn: 4200000000, address: '192.0.2.9' },
  ]);
});
