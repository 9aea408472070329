import { expect, test } from 'vitest';
import { after, type Clock, type Instant, instant, millis } from '../base/index.ts';
import { LoadMeter, type Traffic } from './load.ts';

/** Time that passes only when told to; one thing waits at a time. */
function metered(read?: (name: string) => Traffic) {
  let now = instant(0);
  let waiting: { at: Instant; run: () => void } | undefined;
  const clock: Clock = {
    now: () => now,
    wake: (at, run) => {
      const own = { at, run };
      waiting = own;
      return () => {
        if (waiting === own) waiting = undefined;
      };
    },
  };
  const told: (number | undefined)[] = [];
  const troubles: string[] = [];
  const meter = new LoadMeter({
    clock,
    tell: (load) => told.push(load),
    trouble: (why) => troubles.push(why),
    ...(read ? { read } : {}),
  });
  const pass = (ms: number) => {
    const until = after(now, millis(ms));
    while (waiting && waiting.at <= until) {
      const { at, run } = waiting;
      waiting = undefined;
      now = at;
      run();
    }
    now = until;
  };
  return { meter, told, troubles, pass, asleep: () => waiting === undefined };
}

test('counters become bits per second, the larger of both directions; ones that begin anew say nothing', () => {
  let bytes = 1000;
  const { meter, told, pass } = metered(() => ({ received: bytes / 2, sent: bytes }));
  meter.follow('eth0');
  expect(told).toEqual([]);
  bytes += 250_000;
  pass(2000);
  expect(told).toEqual([1_000_000]);
  bytes = 0;
  pass(2000);
  expect(told).toEqual([1_000_000]);
  bytes += 500_000;
  pass(2000);
  expect(told).toEqual([1_000_000, 2_000_000]);
  expect(meter.traffic).toEqual({ received: 250_000, sent: 500_000 });
  meter.follow(undefined);
  expect(told.at(-1)).toBeUndefined();
});

test('what is told counts more than a counter, and is forgotten when nobody tells it again', () => {
  let bytes = 0;
  const { meter, told, pass } = metered(() => ({ received: (bytes += 250), sent: 0 }));
  meter.follow('eth0');
  meter.given(7e9);
  pass(28_000);
  expect(told).toEqual([7e9]);
  meter.given(6e9);
  pass(34_000);
  expect(told).toEqual([7e9, 6e9, undefined, 1000, 1000, 1000]);
});

test('without an interface nothing wakes once what was told has been forgotten', () => {
  const { meter, told, pass, asleep } = metered();
  meter.given(5);
  pass(60_000);
  expect(told).toEqual([5, undefined]);
  expect(asleep()).toBe(true);
});

test('an interface that is not there is said once, and its load is not known', () => {
  const { meter, told, troubles, pass } = metered();
  meter.follow('no-such-interface');
  pass(10_000);
  expect(troubles).toEqual([
    'the load of the site is not known: there is no interface no-such-interface here',
  ]);
  expect(told).toEqual([undefined]);
});
