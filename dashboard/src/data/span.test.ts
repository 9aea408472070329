import { expect, test } from 'vitest';
import { marks, markText, SPANS, spanOf, stretchOf } from './span.ts';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 7);

test('the slider ends now, also when a recent instant is shown', () => {
  const whole = { from: NOW - 600_000, to: NOW };
  expect(stretchOf('10min', NOW, undefined)).toEqual(whole);
  expect(stretchOf('10min', NOW, NOW - 600_000)).toEqual(whole);
});

test('an older instant is in the middle, and the slider keeps its length', () => {
  expect(stretchOf('10min', NOW, NOW - 3_600_000)).toEqual({ from: NOW - 3_900_000, to: NOW - 3_300_000 });
  expect(stretchOf('10min', NOW, NOW - 600_001)).toEqual({ from: NOW - 900_001, to: NOW - 300_001 });
});

test('an address that names no span means the usual one', () => {
  expect([spanOf('6h'), spanOf('9 years'), spanOf(undefined)]).toEqual(['6h', '10min', '10min']);
});

test('labels are round instants within the time, and no more than there is room for', () => {
  for (const length of [...Object.values(SPANS), 86_400_000 * 400]) {
    const found = marks({ from: NOW - length, to: NOW }, 5);
    expect(found.length).toBeLessThanOrEqual(6);
    expect(found.every((m) => m >= NOW - length && m <= NOW)).toBe(true);
  }
  const [one, two] = marks({ from: NOW - 600_000, to: NOW }, 5) as [number, number];
  expect([one, two].map((m) => markText(m, two - one))).toEqual(['11:52', '11:54']);
  expect(markText(NOW, 5000)).toBe('12:00:07');
});
