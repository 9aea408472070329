import { expect, test } from 'vitest';
import { type Clock, type Instant, instant } from '../base/index.ts';
import { Wires } from './wires.ts';

/** A clock that moves when somebody works; its alarm goes off when the test says so. */
class Working implements Clock {
  at = 0;
  #alarm: (() => void) | undefined;
  now(): Instant {
    return instant(this.at);
  }
  wake(_: Instant, run: () => void): () => void {
    this.#alarm = run;
    return () => {
      this.#alarm = undefined;
    };
  }
  ring(): boolean {
    const run = this.#alarm;
    this.#alarm = undefined;
    run?.();
    return run !== undefined;
  }
}

test('what is late is taken for a short time at once, in its order, and everything else has its turn between', () => {
  const clock = new Working();
  const wires = new Wires(clock);
  const came: number[] = [];
  for (let n = 0; n < 100; n++)
    wires.send(n % 10, () => {
      came.push(n);
      // A busy machine.
      clock.at += 7;
    });
  clock.at = 1000;
  const turns: number[] = [];
  for (;;) {
    const [before, began] = [came.length, clock.at];
    if (!clock.ring()) break;
    expect(clock.at - began).toBeLessThan(30);
    turns.push(came.length - before);
  }
  expect(turns.length).toBeGreaterThan(30);
  expect(turns.every((n) => n > 0)).toBe(true);
  const order = Array.from({ length: 100 }, (_, n) => n).sort((a, b) => (a % 10) - (b % 10) || a - b);
  expect(came).toEqual(order);
});
