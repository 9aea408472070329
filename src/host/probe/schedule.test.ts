import fc from 'fast-check';
import { expect, test } from 'vitest';
import { after, type Clock, Heap, type Instant, instant, millis } from '../../base/index.ts';
import { type ProbeTask, type Schedule, schedule } from './schedule.ts';
import type { ProbeAnswer } from './spec.ts';

/** Time that passes only when told to, and a moment for promises at each wake. */
class TestClock implements Clock {
  #now = instant(0);
  readonly #heap = new Heap<{ at: Instant; n: number; run: () => void; off: boolean }>(
    (a, b) => a.at < b.at || (a.at === b.at && a.n < b.n),
  );
  #n = 0;
  now = (): Instant => this.#now;
  wake = (at: Instant, run: () => void): (() => void) => {
    const entry = { at, n: this.#n++, run, off: false };
    this.#heap.push(entry);
    return () => {
      entry.off = true;
    };
  };
  async run(until: number): Promise<void> {
    for (let next = this.#heap.peek(); next !== undefined && next.at <= until; next = this.#heap.peek()) {
      this.#heap.pop();
      if (next.off) continue;
      if (next.at > this.#now) this.#now = next.at;
      next.run();
      for (let i = 0; i < 8; i++) await Promise.resolve();
    }
    if (until > this.#now) this.#now = instant(until);
  }
  /** The loop was busy: nothing ran meanwhile. */
  jump(ms: number): void {
    this.#now = after(this.#now, millis(ms));
  }
}

const GOOD: ProbeAnswer = { outcome: 'good', took: millis(0), detail: 'fine' };

/** A probe that takes `takes`, and the instants at which it began. */
function task(clock: TestClock, name: string, every: number, takes = 1) {
  const began: number[] = [];
  const state = { now: 0, most: 0 };
  const own: ProbeTask = {
    name,
    every: millis(every),
    run: () => {
      began.push(clock.now());
      state.most = Math.max(state.most, ++state.now);
      return new Promise((resolve) =>
        clock.wake(after(clock.now(), millis(takes)), () => {
          state.now--;
          resolve(GOOD);
        }),
      );
    },
  };
  return { own, began, state };
}

function start(clock: TestClock, tasks: readonly ProbeTask[], seed = 1) {
  const heard: string[] = [];
  const s: Schedule = schedule(tasks, {
    clock,
    seed,
    onResult: (name, { outcome, detail }) => heard.push(`${clock.now()} ${name} ${outcome}: ${detail}`),
  });
  return { s, heard };
}

const rounded = (list: readonly number[]) => list.map((n) => Math.round(n * 1000) / 1000);

test('a probe keeps to its grid however long its answers take, for a day and more', async () => {
  const clock = new TestClock();
  const p = task(clock, 'p', 1000, 137.3);
  start(clock, [p.own]);
  await clock.run(100_000_000);
  expect(p.began).toHaveLength(100_000);
  const [first] = p.began as [number];
  expect(first).toBeGreaterThanOrEqual(0);
  expect(first).toBeLessThan(1000);
  expect(Math.max(...p.began.map((at, i) => Math.abs(at - first - i * 1000)))).toBeLessThan(0.001);
});

test('probes of one interval are spread over it, the same way for the same seed and otherwise for another', async () => {
  const firsts = async (seed: number) => {
    const clock = new TestClock();
    const all = Array.from({ length: 10 }, (_, i) => task(clock, `p${i}`, 1000));
    start(
      clock,
      all.map((p) => p.own),
      seed,
    );
    await clock.run(999.999);
    return all.map((p) => p.began[0] as number);
  };
  const one = await firsts(1);
  const sorted = [...one].sort((a, b) => a - b);
  const gaps = sorted.map((at, i) => (sorted[(i + 1) % 10] as number) - at + (i === 9 ? 1000 : 0));
  expect(Math.min(...gaps)).toBeGreaterThan(30);
  expect(Math.max(...gaps)).toBeLessThan(250);
  expect(await firsts(1)).toEqual(one);
  expect(await firsts(2)).not.toEqual(one);
});

test('a probe that asks once an hour is asked within the first second', async () => {
  const clock = new TestClock();
  const p = task(clock, 'p', 3_600_000);
  start(clock, [p.own]);
  await clock.run(1000);
  expect(p.began).toHaveLength(1);
});

test('a probe never runs beside itself, and points of the grid that it misses are not made up for', async () => {
  const clock = new TestClock();
  const p = task(clock, 'p', 100, 250);
  start(clock, [p.own]);
  await clock.run(3000);
  expect(p.state.most).toBe(1);
  const [first] = p.began as [number];
  expect(rounded(p.began.map((at) => at - first))).toEqual([
    0, 300, 600, 900, 1200, 1500, 1800, 2100, 2400, 2700,
  ]);
});

test('after a pause of the whole process there is one run, and then the grid again', async () => {
  const clock = new TestClock();
  const p = task(clock, 'p', 100, 1);
  start(clock, [p.own]);
  await clock.run(250);
  const before = p.began.length;
  const [first] = p.began as [number];
  clock.jump(1000);
  await clock.run(1250);
  expect(p.began.length).toBe(before + 1);
  await clock.run(1450);
  const later = p.began.slice(before + 1).map((at) => (at - first) % 100);
  expect(later.length).toBeGreaterThan(0);
  for (const off of later) expect(Math.min(off, 100 - off)).toBeLessThan(0.001);
});

test('a pace brings runs closer together until it is taken back, and leaves the grid where it was', async () => {
  const clock = new TestClock();
  const p = task(clock, 'p', 1000, 5);
  const { s } = start(clock, [p.own]);
  await clock.run(1100);
  const [first] = p.began as [number];
  await clock.run(first + 1010);
  s.pace('p', millis(100));
  await clock.run(first + 1350);
  s.pace('p', undefined);
  await clock.run(first + 3100);
  expect(rounded(p.began.map((at) => at - first))).toEqual([0, 1000, 1100, 1200, 1300, 2000, 3000]);
});

test('a re-check runs at once; during a run, once more right after it', async () => {
  const clock = new TestClock();
  const p = task(clock, 'p', 1000, 50);
  const { s } = start(clock, [p.own]);
  await clock.run(1000);
  const [first] = p.began as [number];
  await clock.run(first + 1010);
  for (let i = 0; i < 5; i++) expect(s.recheck('p')).toBe(true);
  await clock.run(first + 1500);
  s.recheck('p');
  await clock.run(first + 2999);
  expect(rounded(p.began.map((at) => at - first))).toEqual([0, 1000, 1050, 1500, 2000]);
  expect(s.recheck('q')).toBe(false);
});

test('a probe that rejects or throws is a bad answer, and is asked again', async () => {
  const clock = new TestClock();
  let n = 0;
  const run = (): Promise<ProbeAnswer> => {
    if (n++ % 2 === 0) throw new Error('thrown');
    return Promise.reject(new Error('rejected'));
  };
  const { heard } = start(clock, [{ name: 'p', every: millis(100), run }]);
  await clock.run(250);
  expect(heard.map((h) => h.replace(/^\S+ /, ''))).toEqual(
    heard.map((_, i) => `p bad: the probe itself failed: ${i % 2 === 0 ? 'thrown' : 'rejected'}`),
  );
  expect(heard.length).toBeGreaterThanOrEqual(2);
});

test('what a watch tells comes between runs; a replaced or removed task and a stopped schedule are heard of no more', async () => {
  const clock = new TestClock();
  const tells: ((a: ProbeAnswer) => void)[] = [];
  let watching = 0;
  const watched = (): ProbeTask => ({
    ...task(clock, 'p', 1000, 20).own,
    watch: (tell) => {
      watching++;
      tells.push(tell);
      return () => watching--;
    },
  });
  const { s, heard } = start(clock, [watched()]);
  const dead: ProbeAnswer = { outcome: 'dead', took: millis(0), detail: 'gone' };
  tells[0]?.(dead);
  expect(heard).toEqual(['0 p dead: gone']);
  s.add(watched());
  tells[0]?.(dead);
  expect([heard.length, watching]).toEqual([1, 1]);
  tells[1]?.(dead);
  expect(heard.length).toBe(2);
  await clock.run(1000);
  const before = heard.length;
  s.recheck('p');
  await clock.run(1010);
  s.stop();
  tells[1]?.(dead);
  await clock.run(10_000);
  expect([heard.length, watching]).toEqual([before, 0]);
});

test('any orders at any time: no task runs beside itself, none starves, none runs more often than it may', async () => {
  const order = fc.oneof(
    fc.record({ kind: fc.constant('recheck' as const), at: fc.nat(5000) }),
    fc.record({
      kind: fc.constant('pace' as const),
      at: fc.nat(5000),
      to: fc.constantFrom(undefined, 50, 120),
    }),
    fc.record({ kind: fc.constant('jump' as const), at: fc.nat(5000), by: fc.integer({ min: 1, max: 400 }) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(order, { maxLength: 12 }),
      fc.integer({ min: 50, max: 700 }),
      fc.integer({ min: 1, max: 900 }),
      fc.integer(),
      async (orders, every, takes, seed) => {
        const clock = new TestClock();
        const p = task(clock, 'p', every, takes);
        const { s } = start(clock, [p.own], seed);
        for (const o of orders.sort((a, b) => a.at - b.at)) {
          await clock.run(o.at);
          if (o.kind === 'recheck') s.recheck('p');
          else if (o.kind === 'pace') s.pace('p', o.to === undefined ? undefined : millis(o.to));
          else clock.jump(o.by);
        }
        await clock.run(10_000);
        expect(p.state.most).toBe(1);
        const tail = p.began.filter((at) => at > 6000);
        const gaps = tail.slice(1).map((at, i) => at - (tail[i] as number));
        expect(tail.length).toBeGreaterThan(1);
        expect(Math.max(...gaps)).toBeLessThanOrEqual(Math.ceil((takes + 1) / every) * every + 0.001);
        s.stop();
      },
    ),
    { numRuns: 200 },
  );
});
