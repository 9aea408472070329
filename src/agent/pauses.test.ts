import { expect, test } from 'vitest';
import { instant, millis } from '../base/index.ts';
import { Pauses } from './pauses.ts';

const GUARD = { lease: millis(30_000), drift: millis(1000) };

test('a wall clock that runs ahead by more than half the drift is noticed once, also in small steps within one lease', () => {
  const pauses = new Pauses();
  const at = (now: number, ahead: number) => pauses.noticed(instant(now), 1_000_000 + now + ahead, GUARD);
  expect(at(0, 0)).toBeUndefined();
  expect(at(1000, 400)).toBeUndefined();
  expect(at(2000, 800)).toBe(800);
  expect(at(3000, 800)).toBeUndefined();
  expect(at(4000, 60_800)).toBe(60_000);
});

test('a clock that is put back or slowly put right is no pause, and hides none that comes after', () => {
  const pauses = new Pauses();
  const at = (now: number, ahead: number) => pauses.noticed(instant(now), 1_000_000 + now + ahead, GUARD);
  for (let i = 0; i < 20; i++) expect(at(i * 30_000, i * 300)).toBeUndefined();
  expect(at(600_000, -50_000)).toBeUndefined();
  expect(at(601_000, -40_000)).toBe(10_000);
});
