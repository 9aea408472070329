/** Time and cables: what a connection may and may not do to what travels over it. */
import { expect, test } from 'vitest';
import { instant, millis, Random } from '../base/index.ts';
import { type Item, Link, Stream, VirtualClock } from './index.ts';

function ground(seed = 1, latency = 10) {
  const clock = new VirtualClock();
  const link = new Link('a-b', millis(latency), clock.now());
  const arrived: { at: number; text: string }[] = [];
  let on = true;
  const deliver = (item: Item) =>
    arrived.push({
      at: clock.now(),
      text: item.kind === 'bytes' ? String(item.bytes[0]) : item.kind,
    });
  const stream = new Stream(clock, link, new Random(seed), () => on, deliver);
  const send = (n: number) => stream.send({ kind: 'bytes', bytes: new Uint8Array([n]) });
  return {
    clock,
    link,
    stream,
    arrived,
    send,
    power: (is: boolean) => {
      on = is;
    },
  };
}

test('the clock runs events in the order of their instants, then of their making, and never backwards', () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const see = (text: string) => () => seen.push(`${text} ${clock.now()}`);
  clock.wake(instant(20), see('c'));
  clock.wake(instant(10), see('a'));
  clock.wake(instant(10), () => {
    see('b')();
    clock.wake(instant(3), see('late'));
  });
  clock.wake(instant(15), see('cancelled'))();
  clock.run(instant(15));
  expect(seen).toEqual(['a 10', 'b 10', 'late 10']);
  expect(clock.now()).toBe(15);
  clock.run(instant(30));
  expect(seen.at(-1)).toBe('c 20');
});

test('bytes arrive after the latency, in their order, whatever the jitter', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { clock, link, arrived, send } = ground(seed);
    link.set({ slow: millis(500) }, clock.now());
    for (let n = 0; n < 10; n++) {
      send(n);
      clock.run(instant(n * 7));
    }
    link.set({ slow: millis(0) }, clock.now());
    for (let n = 10; n < 20; n++) send(n);
    clock.run(instant(5000));
    expect(arrived.map((a) => a.text)).toEqual(Array.from({ length: 20 }, (_, n) => String(n)));
    expect(arrived[0]?.at).toBeGreaterThanOrEqual(510);
  }
});

test('a cut holds back what is under way and what is sent meanwhile; after it heals all of it arrives, in order', () => {
  const { clock, link, arrived, send } = ground();
  send(1);
  clock.run(instant(5));
  link.set({ cut: true }, clock.now());
  send(2);
  clock.run(instant(60_000));
  expect(arrived).toEqual([]);
  link.set({ cut: false }, clock.now());
  send(3);
  clock.run(instant(62_100));
  expect(arrived.map((a) => a.text)).toEqual(['1', '2', '3']);
  expect(arrived[0]?.at).toBeGreaterThanOrEqual(60_010);
});

test('nothing reaches a host that is off; what vanishes with its sender never arrives', () => {
  const { clock, link, arrived, send, stream, power } = ground();
  power(false);
  send(1);
  clock.run(instant(1000));
  expect(arrived).toEqual([]);
  power(true);
  link.retry();
  clock.run(instant(4000));
  expect(arrived.map((a) => a.text)).toEqual(['1']);
  send(2);
  stream.vanish();
  clock.run(instant(8000));
  expect(arrived).toHaveLength(1);
});
