import { afterEach, expect, test, vi } from 'vitest';
import { after, instant, millis } from '../base/index.ts';
import { realClock } from './clock.ts';

afterEach(() => vi.useRealTimers());

test('a wake is never early, and comes soon after its instant', async () => {
  const clock = realClock();
  const late: number[] = [];
  await Promise.all(
    [0.1, 1, 1.5, 7.9, 20].map((wait) => {
      const at = after(clock.now(), millis(wait));
      return new Promise<void>((resolve) =>
        clock.wake(at, () => {
          late.push(clock.now() - at);
          resolve();
        }),
      );
    }),
  );
  expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...late)).toBeLessThan(500);
});

test('a wake in the past runs once the call has returned, in its turn', async () => {
  const clock = realClock();
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    clock.wake(instant(clock.now() - 1000), () => {
      order.push('woken');
      resolve();
    });
    order.push('returned');
  });
  expect(order).toEqual(['returned', 'woken']);
});

test('a cancelled wake stays away, and cancelling twice or afterwards is nothing', async () => {
  const clock = realClock();
  let woken = 0;
  const cancel = clock.wake(after(clock.now(), millis(2)), () => woken++);
  cancel();
  cancel();
  const run = clock.wake(after(clock.now(), millis(4)), () => woken++);
  await new Promise((resolve) => setTimeout(resolve, 25));
  run();
  expect(woken).toBe(1);
});

test('a wait beyond what a timer takes (2³¹ ms) is served in pieces', () => {
  vi.useFakeTimers();
  const clock = realClock();
  const fifty = 50 * 86_400_000;
  let woken = 0;
  clock.wake(after(clock.now(), millis(fifty)), () => woken++);
  vi.advanceTimersByTime(fifty - 5);
  expect(woken).toBe(0);
  vi.advanceTimersByTime(10);
  expect(woken).toBe(1);
  const cancel = clock.wake(after(clock.now(), millis(fifty)), () => woken++);
  vi.advanceTimersByTime(0x7fff_ffff + 1000);
  cancel();
  vi.advanceTimersByTime(fifty);
  expect(woken).toBe(1);
});
