import { expect, test } from 'vitest';
import { clockText, countText, instantText, many, rateText, rttText, shareText, spanText } from './format.ts';

test('numbers are short and say their unit', () => {
  expect([0, 7, 999, 1000, 12_400, 999_950, 3.1e6, Number.NaN].map(countText)).toEqual([
    '0',
    '7',
    '999',
    '1 k',
    '12.4 k',
    '1 M',
    '3.1 M',
    '–',
  ]);
  expect([900, 40e9].map(rateText)).toEqual(['900 bps', '40 Gbps']);
  expect([0, 0.004, 0.375, 1].map(shareText)).toEqual(['0 %', '< 1 %', '38 %', '100 %']);
  expect([undefined, 0.25, 9.96, 88.4].map(rttText)).toEqual(['–', '0.3 ms', '10.0 ms', '88 ms']);
  expect([many(1, 'client'), many(2, 'client')]).toEqual(['1 client', '2 clients']);
});

test('time is UTC, and spans have at most two units', () => {
  const at = Date.UTC(2026, 10, 21, 12, 31, 5, 250);
  expect(clockText(at)).toBe('12:31:05');
  expect(clockText(at, true)).toBe('12:31:05.250');
  expect(instantText(at)).toBe('2026-11-21 12:31:05 UTC');
  const s = 1000;
  expect([-5, 8 * s, 190 * s, 7200 * s, 7500 * s, 400_000 * s].map(spanText)).toEqual([
    '0 s',
    '8 s',
    '3 min',
    '2 h',
    '2 h 5 min',
    '4 d',
  ]);
});
