/** Two machines against each other in virtual time, over a cable that delays, loses and can be cut. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { after, Heap, type Instant, instant, millis, Random } from '../base/index.ts';
import { decode, isDiscard } from './packet.ts';
import { type BfdConfig, type BfdEvent, type BfdSession, bfdDue, newBfd, stepBfd } from './session.ts';

type Side = 0 | 1;

interface News {
  readonly at: number;
  readonly side: Side;
  readonly state: string;
  readonly failed: boolean;
  readonly diagnostic: number;
}

class Pair {
  readonly sessions: [BfdSession, BfdSession];
  readonly news: News[] = [];
  /** Packets per side, and the instant of the last one that was delivered to it. */
  readonly sent: [number, number] = [0, 0];
  readonly heardAt: [number, number] = [0, 0];
  now: Instant = instant(0);
  /** Nothing passes towards this side. */
  readonly deaf: [boolean, boolean] = [false, false];
  loss = 0;
  delay = millis(5);
  readonly #air = new Heap<{ at: Instant; nth: number; to: Side; bytes: Uint8Array }>(
    (a, b) => a.at < b.at || (a.at === b.at && a.nth < b.nth),
  );
  readonly #chance: Random;
  #nth = 0;

  constructor(a: Partial<BfdConfig> = {}, b: Partial<BfdConfig> = {}, seed = 1) {
    const common = { desiredMinTx: millis(100), requiredMinRx: millis(100), detectMult: 3 };
    this.sessions = [
      newBfd({ ...common, localDiscriminator: 1, seed, ...a }),
      newBfd({ ...common, localDiscriminator: 2, seed: seed + 1, ...b }),
    ];
    this.#chance = new Random(seed + 2);
  }

  start(): this {
    this.feed(0, { kind: 'start' });
    this.feed(1, { kind: 'start' });
    return this;
  }

  feed(side: Side, event: BfdEvent): void {
    const [next, effects] = stepBfd(this.sessions[side], event, this.now);
    this.sessions[side] = next;
    const to = (1 - side) as Side;
    for (const e of effects) {
      if (e.do === 'send') {
        this.sent[side]++;
        if (!this.deaf[to] && !this.#chance.chance(this.loss))
          this.#air.push({ at: after(this.now, this.delay), nth: this.#nth++, to, bytes: e.bytes });
      } else if (e.do === 'state') {
        const { state, failed, diagnostic } = e;
        this.news.push({ at: this.now, side, state, failed, diagnostic });
      }
    }
  }

  /** Runs for so many milliseconds. */
  run(ms: number): this {
    const end = this.now + ms;
    for (;;) {
      const packet = this.#air.peek();
      const dues = this.sessions.map((s) => bfdDue(s) ?? Number.POSITIVE_INFINITY) as [number, number];
      const side: Side = dues[0] <= dues[1] ? 0 : 1;
      const next = Math.min(packet?.at ?? Number.POSITIVE_INFINITY, dues[side]);
      if (next > end) break;
      this.now = instant(Math.max(this.now, next));
      if (packet && packet.at <= dues[side]) {
        this.#air.pop();
        const read = decode(packet.bytes);
        if (isDiscard(read)) throw new Error(read.reason);
        this.heardAt[packet.to] = this.now;
        this.feed(packet.to, { kind: 'packet', packet: read });
      } else this.feed(side, { kind: 'due' });
    }
    this.now = instant(end);
    return this;
  }

  get states(): string[] {
    return this.sessions.map((s) => s.state);
  }

  /** What was told since the last look. */
  take(): News[] {
    return this.news.splice(0);
  }
}

test('two come up within a second and a half, and settle on the agreed rates (RFC 5880 §6.8.3)', () => {
  const p = new Pair({ desiredMinTx: millis(50) }, { desiredMinTx: millis(300) }).start().run(1500);
  expect(p.states).toEqual(['up', 'up']);
  expect(p.sessions.map((s) => s.poll)).toEqual(['none', 'none']);
  p.sent.fill(0);
  p.run(30_000);
  // 30 s of 75 to 100 ms, and of 225 to 300 ms.
  expect(p.sent[0]).toBeGreaterThan(300);
  expect(p.sent[0]).toBeLessThan(400);
  expect(p.sent[1]).toBeGreaterThan(100);
  expect(p.sent[1]).toBeLessThan(134);
  expect(p.news.every((n) => !n.failed)).toBe(true);
});

test('a passive one is woken by an active one, and two passive ones stay silent (RFC 5880 §6.1)', () => {
  expect(new Pair({ passive: true }).start().run(2000).states).toEqual(['up', 'up']);
  const mute = new Pair({ passive: true }, { passive: true }).start().run(60_000);
  expect(mute.sent).toEqual([0, 0]);
});

test('each notices a cut exactly a detection time after the last packet it heard (RFC 5880 §6.8.4)', () => {
  const p = new Pair({ detectMult: 3 }, { detectMult: 5, desiredMinTx: millis(200) }).start().run(5000);
  p.take();
  p.deaf.fill(true);
  p.run(3000);
  expect(p.news.map((n) => [n.side, n.state, n.failed, n.diagnostic]).sort()).toEqual([
    [0, 'down', true, 1],
    [1, 'down', true, 1],
  ]);
  // Side 0 hears 5 × 200 ms, side 1 hears 3 × 100 ms.
  for (const n of p.news) expect(n.at - p.heardAt[n.side]).toBeCloseTo([1000, 300][n.side] as number, 6);
  p.take();
  p.deaf.fill(false);
  p.run(2500);
  expect(p.states).toEqual(['up', 'up']);
});

test('a path that is lost one way only brings both down: the one that hears is told (RFC 5880 §6.8.6)', () => {
  const p = new Pair().start().run(3000);
  p.take();
  p.deaf[0] = true;
  p.run(5000);
  expect(p.news.filter((n) => n.failed).map((n) => [n.side, n.state, n.diagnostic])).toEqual([
    [0, 'down', 1],
    [1, 'down', 3],
  ]);
  expect(p.news.some((n) => n.state === 'up')).toBe(false);
  expect(p.states).toEqual(['down', 'init']);
  p.deaf[0] = false;
  expect(p.run(2500).states).toEqual(['up', 'up']);
});

test('fewer losses than the multiplier in a row bring nothing down', () => {
  const p = new Pair({ detectMult: 3 }, { detectMult: 3 }).start().run(3000);
  p.take();
  for (let i = 0; i < 50; i++) {
    p.deaf.fill(true);
    p.run(140);
    p.deaf.fill(false);
    p.run(220);
  }
  expect(p.news).toEqual([]);
});

test('timers changed in flight never bring a session down, whatever the loss permits (RFC 5880 §6.8.3)', () => {
  const p = new Pair({ detectMult: 3 }, { detectMult: 3 }).start().run(3000);
  p.take();
  const chance = new Random(5);
  for (let i = 0; i < 200; i++) {
    const timers = {
      desiredMinTx: millis(chance.between(20, 2000)),
      requiredMinRx: millis(chance.between(20, 2000)),
      detectMult: chance.between(2, 5),
    };
    p.feed(chance.below(2) as Side, { kind: 'change', timers });
    p.run(chance.between(1, 5000));
  }
  expect(p.news).toEqual([]);
  p.run(30_000);
  for (const s of p.sessions) {
    expect(s.poll).toBe('none');
    expect(s.said).toEqual(s.wanted);
    expect(s.used).toEqual(s.wanted);
  }
});

test('AdminDown is no failure to either, and the session returns when it is started again (RFC 5882 §3.2)', () => {
  const p = new Pair().start().run(3000);
  p.take();
  p.feed(0, { kind: 'stop' });
  p.run(10_000);
  expect(p.news).toEqual([
    { at: 3000, side: 0, state: 'adminDown', failed: false, diagnostic: 7 },
    { at: 3005, side: 1, state: 'down', failed: false, diagnostic: 3 },
  ]);
  p.feed(0, { kind: 'start' });
  expect(p.run(2500).states).toEqual(['up', 'up']);
});

test('one that restarts with a new discriminator is found again, and the other knows that the path had failed', () => {
  const p = new Pair().start().run(3000);
  p.take();
  p.sessions[0] = newBfd({
    localDiscriminator: 77,
    desiredMinTx: millis(100),
    requiredMinRx: millis(100),
    detectMult: 3,
    seed: 9,
  });
  p.feed(0, { kind: 'start' });
  p.run(3000);
  expect(p.states).toEqual(['up', 'up']);
  expect(p.sessions[1].remote?.discriminator).toBe(77);
  expect(p.news.filter((n) => n.failed).map((n) => n.side)).toEqual([1]);
});

test('with any loss short of all, both end Up once the cable is whole, and equal seeds live equal lives', () => {
  const life = (seed: number, loss: number, delay: number) => {
    const p = new Pair({}, {}, seed);
    p.loss = loss;
    p.delay = millis(delay);
    p.start().run(20_000);
    p.loss = 0;
    p.run(5000);
    return p;
  };
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 0.95, noNaN: true }), fc.nat(60), (seed, loss, delay) => {
      const p = life(seed, loss, delay);
      expect(p.states).toEqual(['up', 'up']);
      expect(life(seed, loss, delay).news).toEqual(p.news);
    }),
    { numRuns: 60 },
  );
});
