import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Turns } from './turns.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('after long work the next waits as long as it took; short work waits for nobody', async () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const did: string[] = [];
  const work = (name: string, ms: number) => () => {
    now += ms;
    did.push(name);
    return name;
  };
  const turns = new Turns(4);
  void turns.take(work('short', 1));
  void turns.take(work('long', 200));
  void turns.take(work('after', 1));
  await vi.advanceTimersByTimeAsync(199);
  expect(did).toEqual(['short', 'long']);
  await vi.advanceTimersByTimeAsync(1);
  expect(did).toEqual(['short', 'long', 'after']);
  vi.restoreAllMocks();
});

test('more than may wait are turned away, and work that fails keeps nobody waiting', async () => {
  const turns = new Turns(2);
  const bad = turns.take(() => {
    throw new Error('torn');
  });
  const good = turns.take(() => 1);
  expect(turns.take(() => 2)).toBeUndefined();
  await expect(bad).rejects.toThrow('torn');
  expect(await good).toBe(1);
  expect(await turns.take(() => 2)).toBe(2);
});
