import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instant, millis } from '../base/index.ts';
import { type BfdState, type ControlPacket, DIAGNOSTIC, decode, isDiscard, STATES } from './packet.ts';
import {
  type BfdConfig,
  type BfdEffect,
  type BfdEvent,
  type BfdSession,
  bfdComplaint,
  bfdDue,
  newBfd,
  stepBfd,
  TABLE,
} from './session.ts';

const CONFIG: BfdConfig = {
  localDiscriminator: 10,
  desiredMinTx: millis(100),
  requiredMinRx: millis(100),
  detectMult: 3,
  seed: 1,
};

const SAYS: ControlPacket = {
  diagnostic: 0,
  state: 'down',
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  demand: false,
  detectMult: 3,
  myDiscriminator: 20,
  yourDiscriminator: 10,
  desiredMinTxUs: 100_000,
  requiredMinRxUs: 100_000,
  requiredMinEchoRxUs: 0,
};

/** A session, the time, and what it did. */
class Bench {
  session: BfdSession;
  now = 0;
  effects: readonly BfdEffect[] = [];

  constructor(config: Partial<BfdConfig> = {}) {
    this.session = newBfd({ ...CONFIG, ...config });
  }

  feed(event: BfdEvent, ms = 0): this {
    this.now += ms;
    [this.session, this.effects] = stepBfd(this.session, event, instant(this.now));
    return this;
  }

  hears(packet: Partial<ControlPacket>, ms = 0): this {
    return this.feed({ kind: 'packet', packet: { ...SAYS, ...packet } }, ms);
  }

  /** Lets the deadlines pass up to `ms` from now, and gives the packets sent with their instants. */
  wait(ms: number): { at: number; packet: ControlPacket }[] {
    const sent: { at: number; packet: ControlPacket }[] = [];
    const end = this.now + ms;
    for (;;) {
      const due = bfdDue(this.session);
      if (due === undefined || due > end) break;
      this.now = Math.max(this.now, due);
      this.feed({ kind: 'due' });
      for (const packet of this.sent) sent.push({ at: this.now, packet });
    }
    this.now = end;
    return sent;
  }

  get sent(): ControlPacket[] {
    return this.effects.flatMap((e) => (e.do === 'send' ? [decode(e.bytes) as ControlPacket] : []));
  }

  /** In the state asked for, by the events that lead there. */
  static in(state: BfdState, config: Partial<BfdConfig> = {}): Bench {
    const b = new Bench(config);
    if (state !== 'adminDown') b.feed({ kind: 'start' });
    if (state === 'init' || state === 'up') b.hears({ state: 'down' });
    if (state === 'up') b.hears({ state: 'up' });
    expect(b.session.state).toBe(state);
    return b;
  }

  /** Up, and past the poll sequence with which it begins. */
  static settled(config: Partial<BfdConfig> = {}): Bench {
    const b = Bench.in('up', config).hears({ state: 'up', final: true }).hears({ state: 'up' });
    expect(b.session.poll).toBe('none');
    return b;
  }
}

describe('states', () => {
  test('follow the table of RFC 5880 §6.8.6', () => {
    const rows = STATES.map((own) =>
      [own, ...STATES.map((heard) => `${TABLE[own][heard].name}`)].map((c) => c.padEnd(10)).join(''),
    );
    expect(rows).toMatchInlineSnapshot(`
      [
        "adminDown stay      stay      stay      stay      ",
        "down      stay      toInit    toUp      stay      ",
        "init      toDown    stay      toUp      toUp      ",
        "up        toDown    toDown    stay      stay      ",
      ]
    `);
  });

  const AFTER: Readonly<Record<BfdState, readonly string[]>> = {
    adminDown: ['adminDown', 'adminDown', 'adminDown', 'adminDown'],
    down: ['down', 'init', 'up', 'down'],
    init: ['down 3', 'init', 'up', 'up'],
    up: ['down 3', 'down 3', 'up', 'up'],
  };

  test.each(STATES)('%s moves as the table says, and says so exactly when it moves', (own) => {
    const seen = STATES.map((heard) => {
      const b = Bench.in(own).hears({ state: heard });
      const told = b.effects.some((e) => e.do === 'state');
      expect(told).toBe(b.session.state !== own);
      return `${b.session.state}${b.session.diagnostic ? ` ${b.session.diagnostic}` : ''}`;
    });
    expect(seen).toEqual(AFTER[own]);
  });

  test('nothing is said before start, and the first packet then goes out at once', () => {
    const b = new Bench();
    expect(bfdDue(b.session)).toBeUndefined();
    b.feed({ kind: 'start' });
    expect(b.sent).toMatchObject([
      { state: 'down', yourDiscriminator: 0, desiredMinTxUs: 1_000_000, poll: false },
    ]);
  });

  test('a passive one is silent until it has heard the other (RFC 5880 §6.1)', () => {
    const b = Bench.in('down', { passive: true });
    expect(b.effects.filter((e) => e.do === 'send')).toEqual([]);
    expect(bfdDue(b.session)).toBeUndefined();
    b.hears({ yourDiscriminator: 0 });
    expect(b.sent).toMatchObject([{ state: 'init', yourDiscriminator: 20 }]);
  });

  test('AdminDown is told at once and for as long as the neighbour is heard (RFC 5880 §6.8.16)', () => {
    const b = Bench.settled();
    b.feed({ kind: 'stop' });
    expect(b.sent).toMatchObject([{ state: 'adminDown', diagnostic: DIAGNOSTIC.adminDown }]);
    expect(b.effects[0]).toMatchObject({ do: 'state', state: 'adminDown', failed: false });
    b.hears({ state: 'down' }, 1).hears({ state: 'down' }, 200);
    const sent = b.wait(60_000);
    expect(sent.length).toBeLessThan(5);
    expect(sent.every((s) => s.packet.state === 'adminDown')).toBe(true);
    expect(bfdDue(b.session)).toBeUndefined();
  });

  test('a Poll to an AdminDown session is not answered (RFC 5880 §6.8.6)', () => {
    expect(Bench.in('adminDown').hears({}).hears({ poll: true }).sent).toEqual([]);
  });

  test('what the neighbour stops itself is no failure of the path (RFC 5882 §3.2)', () => {
    expect(Bench.in('up').hears({ state: 'adminDown' }).effects[0]).toEqual({
      do: 'state',
      state: 'down',
      diagnostic: DIAGNOSTIC.neighborDown,
      failed: false,
      reason: 'the neighbour stopped BFD (AdminDown)',
    });
    expect(Bench.in('up').hears({ state: 'down', diagnostic: 1 }).effects[0]).toMatchObject({
      failed: true,
      reason: 'the neighbour says down (control detection time expired)',
    });
    expect(Bench.in('init').hears({ state: 'adminDown' }).effects[0]).toMatchObject({ failed: false });
  });

  test('a path that the system knows to be lost falls at once, with that diagnostic (RFC 5880 §6.8.15)', () => {
    const b = Bench.in('up').feed({ kind: 'fail', by: 'pathDown' });
    expect(b.effects[0]).toMatchObject({ state: 'down', diagnostic: DIAGNOSTIC.pathDown, failed: true });
    expect(b.sent).toMatchObject([{ state: 'down', diagnostic: DIAGNOSTIC.pathDown }]);
    expect(Bench.in('down').feed({ kind: 'fail', by: 'forwardingReset' }).session.diagnostic).toBe(0);
  });
});

describe('packets of others', () => {
  test('with a discriminator that is not ours are discarded', () => {
    const b = Bench.in('up');
    const before = b.session;
    b.hears({ state: 'down', yourDiscriminator: 11 });
    expect(b.session).toBe(before);
    expect(b.effects).toMatchObject([{ do: 'discard', discard: { check: 'session' } }]);
  });

  test('with the A bit are discarded, as no authentication is in use (RFC 5880 §6.8.6)', () => {
    const b = Bench.in('up');
    const before = b.session;
    b.hears({ state: 'down', authentication: Uint8Array.of(1, 3, 1) });
    expect(b.session).toBe(before);
    expect(b.effects).toMatchObject([
      {
        do: 'discard',
        discard: {
          check: 'authentication',
          reason: 'the packet is authenticated, and no authentication is in use',
        },
      },
    ]);
  });
});

describe('detection', () => {
  test("takes the neighbour's multiplier times the slower of both intervals, to the microsecond (RFC 5880 §6.8.4)", () => {
    const b = Bench.settled({ requiredMinRx: millis(50) });
    b.hears({ state: 'up', desiredMinTxUs: 70_001, detectMult: 4 }, 10);
    const lost = b.now + (4 * 70_001) / 1000;
    expect(b.session.due.detect).toBeCloseTo(lost, 9);
    const due = b.session.due.detect as number;
    b.feed({ kind: 'due' }, due - b.now - 0.001);
    expect(b.session.state).toBe('up');
    b.feed({ kind: 'due' }, due - b.now);
    expect(b.effects[0]).toEqual({
      do: 'state',
      state: 'down',
      diagnostic: DIAGNOSTIC.detectionExpired,
      failed: true,
      reason: 'nothing heard for 280.004 ms (control detection time expired)',
    });
    expect(b.sent).toMatchObject([
      { state: 'down', diagnostic: 1, yourDiscriminator: 0, desiredMinTxUs: 1_000_000 },
    ]);
  });

  test('is put off by every packet that counts, and by none that does not', () => {
    const b = Bench.settled();
    const due = b.hears({ state: 'up' }, 10).session.due.detect as number;
    expect(b.hears({ state: 'up', yourDiscriminator: 99 }, 10).session.due.detect).toBe(due);
    expect(b.hears({ state: 'up' }, 10).session.due.detect).toBe(due + 20);
  });

  test('forgets the neighbour also when the session is Down already (RFC 5880 §6.8.1, bfd.RemoteDiscr)', () => {
    const b = Bench.in('up').hears({ state: 'adminDown', requiredMinRxUs: 0 });
    expect(b.session.due.send).toBeUndefined();
    b.wait(10_000);
    expect(b.session.remote).toBeUndefined();
    expect(b.wait(1000).length).toBe(1);
  });
});

describe('transmission', () => {
  test('is jittered by up to a quarter, evenly, and never late (RFC 5880 §6.8.7)', () => {
    const b = Bench.settled();
    const gaps: number[] = [];
    let last = b.session.sentAt as number;
    for (let i = 0; i < 2000; i++) {
      for (const { at } of b.hears({ state: 'up' }).wait(60)) {
        gaps.push(at - last);
        last = at;
      }
    }
    expect(gaps.length).toBeGreaterThan(1000);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(75 - 1e-6);
    expect(Math.min(...gaps)).toBeLessThan(76);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(100 + 1e-6);
    expect(Math.max(...gaps)).toBeGreaterThan(99);
  });

  test('keeps within 75 to 90 % when the multiplier is 1 (RFC 5880 §6.8.7)', () => {
    const b = Bench.settled({ detectMult: 1 });
    const gaps: number[] = [];
    let last = b.session.sentAt as number;
    for (let i = 0; i < 2000; i++) {
      for (const { at } of b.hears({ state: 'up' }).wait(60)) {
        gaps.push(at - last);
        last = at;
      }
    }
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(75 - 1e-6);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(90 + 1e-6);
    expect(Math.max(...gaps)).toBeGreaterThan(89);
  });

  test('is the same for the same seed', () => {
    const life = (seed: number) =>
      Bench.in('down', { seed })
        .wait(20_000)
        .map((s) => s.at);
    expect(life(7)).toEqual(life(7));
    expect(life(7)).not.toEqual(life(8));
  });

  test('is no more often than once a second while not Up (RFC 5880 §6.8.3)', () => {
    const sent = Bench.in('down', { desiredMinTx: millis(10) }).wait(30_000);
    expect(sent.length).toBeGreaterThanOrEqual(30);
    expect(sent.length).toBeLessThanOrEqual(40);
    expect(sent.every((s) => s.packet.desiredMinTxUs === 1_000_000)).toBe(true);
  });

  test('stops while the neighbour requires 0, answers its Poll all the same, and goes on at once when it wants some (RFC 5880 §6.8.7)', () => {
    const b = Bench.settled();
    b.hears({ state: 'up', requiredMinRxUs: 0, desiredMinTxUs: 10_000_000 });
    expect(b.wait(20_000)).toEqual([]);
    b.hears({ state: 'up', requiredMinRxUs: 0, desiredMinTxUs: 10_000_000, poll: true });
    expect(b.sent).toMatchObject([{ final: true, poll: false }]);
    b.hears({ state: 'up', requiredMinRxUs: 200_000 });
    expect(b.wait(0).length).toBe(1);
  });

  test('slows at once when the neighbour wants less, and catches up at once when it wants more (RFC 5880 §6.8.3)', () => {
    const b = Bench.settled();
    b.hears({ state: 'up', requiredMinRxUs: 2_000_000, desiredMinTxUs: 3_000_000 });
    const slow = b.wait(4000);
    expect(slow.length).toBeLessThanOrEqual(3);
    b.wait(50);
    const last = b.session.sentAt as number;
    b.now = last + 900;
    b.hears({ state: 'up', requiredMinRxUs: 300_000 });
    expect(bfdDue(b.session)).toBeLessThanOrEqual(b.now);
    expect(b.wait(0).length).toBe(1);
  });

  test('pauses in the demand mode of the neighbour, save for a poll sequence (RFC 5880 §6.8.6)', () => {
    const b = Bench.settled();
    b.hears({ state: 'up', demand: true, desiredMinTxUs: 10_000_000 });
    expect(b.wait(5000)).toEqual([]);
    b.feed({ kind: 'change', timers: { ...CONFIG, desiredMinTx: millis(50) } });
    expect(b.sent).toMatchObject([{ poll: true, desiredMinTxUs: 50_000, demand: false }]);
    expect(b.wait(1000).every((s) => s.packet.poll)).toBe(true);
    b.hears({ state: 'up', demand: true, final: true, desiredMinTxUs: 10_000_000 });
    expect(b.wait(5000)).toEqual([]);
  });
});

describe('a poll sequence (RFC 5880 §6.8.3)', () => {
  const faster = { ...CONFIG, requiredMinRx: millis(20), desiredMinTx: millis(400) };

  test('begins with Up, when the slow rate ends', () => {
    const b = Bench.in('up');
    expect(b.sent).toMatchObject([{ state: 'up', poll: true, desiredMinTxUs: 100_000 }]);
    expect(b.session.used.desiredMinTxUs).toBe(100_000);
    expect(b.wait(250).map((s) => s.packet.poll)).toEqual([true, true]);
    b.hears({ state: 'up', final: true });
    expect(new Set(b.wait(250).map((s) => s.packet.poll))).toEqual(new Set([false]));
  });

  test('makes slower sending and quicker detection wait for its Final', () => {
    const b = Bench.settled();
    b.hears({ state: 'up', desiredMinTxUs: 10_000 });
    b.feed({ kind: 'change', timers: faster });
    expect(b.sent).toMatchObject([{ poll: true, desiredMinTxUs: 400_000, requiredMinRxUs: 20_000 }]);
    expect(b.session.used).toEqual({ desiredMinTxUs: 100_000, requiredMinRxUs: 100_000 });
    b.hears({ state: 'up', desiredMinTxUs: 10_000 });
    expect((b.session.due.detect as number) - b.now).toBe(300);
    b.hears({ state: 'up', desiredMinTxUs: 10_000, final: true });
    expect(b.session.used).toEqual({ desiredMinTxUs: 400_000, requiredMinRxUs: 20_000 });
    expect((b.session.due.detect as number) - b.now).toBe(60);
  });

  test('does not hold up quicker sending and slower detection', () => {
    const b = Bench.settled();
    b.feed({ kind: 'change', timers: { ...CONFIG, desiredMinTx: millis(30), requiredMinRx: millis(500) } });
    expect(b.session.used).toEqual({ desiredMinTxUs: 30_000, requiredMinRxUs: 500_000 });
    expect((b.session.due.detect as number) - b.now).toBe(1500);
    expect(b.session.poll).toBe('polling');
  });

  test('is one at a time: the next begins when a packet without F has come after the Final', () => {
    const b = Bench.settled();
    b.feed({ kind: 'change', timers: faster });
    b.feed({ kind: 'change', timers: { ...faster, requiredMinRx: millis(10) } });
    expect(b.effects).toEqual([]);
    expect(b.session.said.requiredMinRxUs).toBe(20_000);
    b.hears({ state: 'up', final: true });
    expect([b.session.poll, b.session.said.requiredMinRxUs, b.sent]).toEqual(['settling', 20_000, []]);
    b.hears({ state: 'up', final: true });
    expect(b.session.poll).toBe('settling');
    b.hears({ state: 'up' });
    expect(b.session.poll).toBe('polling');
    expect(b.sent).toMatchObject([{ poll: true, requiredMinRxUs: 10_000 }]);
    expect(b.session.used.requiredMinRxUs).toBe(20_000);
    b.hears({ state: 'up', final: true });
    expect(b.session.used.requiredMinRxUs).toBe(10_000);
  });

  test('of the neighbour is answered at once by F without P, also while we poll (RFC 5880 §6.5)', () => {
    const b = Bench.settled();
    b.feed({ kind: 'change', timers: faster });
    b.hears({ state: 'up', poll: true }, 1);
    expect(b.sent).toMatchObject([{ poll: false, final: true }]);
    expect(b.wait(100)).toMatchObject([{ packet: { poll: true, final: false } }]);
  });

  test('does not disturb a session that is not Up: changes take effect at once', () => {
    const b = Bench.in('down').feed({ kind: 'change', timers: faster });
    expect(b.session.used).toEqual({ desiredMinTxUs: 1_000_000, requiredMinRxUs: 20_000 });
    expect(b.session.poll).toBe('none');
    expect(b.sent).toMatchObject([{ poll: false, requiredMinRxUs: 20_000 }]);
  });

  test('a new multiplier is told at once and needs none', () => {
    const b = Bench.settled().feed({ kind: 'change', timers: { ...CONFIG, detectMult: 5 } });
    expect(b.sent).toMatchObject([{ detectMult: 5, poll: false }]);
  });
});

test('timers out of bounds are a complaint, and change nothing', () => {
  const odd = (t: object) => bfdComplaint({ ...CONFIG, ...t });
  expect(bfdComplaint(CONFIG)).toBeUndefined();
  expect(odd({ desiredMinTx: 0 })).toMatch(/desired transmit interval is 0 ms; allowed are 1 ms/);
  expect(odd({ requiredMinRx: 0.5 })).toMatch(/required receive interval/);
  expect(odd({ requiredMinRx: Number.NaN })).toMatch(/NaN/);
  expect(odd({ desiredMinTx: 4_294_968 })).toMatch(/4294968/);
  for (const detectMult of [0, 256, 1.5]) expect(odd({ detectMult })).toMatch(/multiplier/);
  const b = Bench.in('up');
  const wanted = b.session.wanted;
  b.feed({ kind: 'change', timers: { ...CONFIG, detectMult: 0 } });
  expect([b.session.wanted, b.session.detectMult, b.effects]).toEqual([wanted, 3, []]);
  expect(() => newBfd({ ...CONFIG, localDiscriminator: 0 })).toThrow(/discriminator/);
});

describe('under any order of events', () => {
  const intervalUs = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3_000_000 }));
  const packet = fc.record({
    diagnostic: fc.nat(31),
    state: fc.constantFrom(...STATES),
    poll: fc.boolean(),
    final: fc.boolean(),
    controlPlaneIndependent: fc.boolean(),
    demand: fc.boolean(),
    detectMult: fc.integer({ min: 1, max: 255 }),
    myDiscriminator: fc.constantFrom(20, 20, 20, 21),
    yourDiscriminator: fc.constantFrom(10, 10, 10, 0, 99),
    desiredMinTxUs: intervalUs,
    requiredMinRxUs: intervalUs,
    requiredMinEchoRxUs: intervalUs,
  });
  const event: fc.Arbitrary<BfdEvent> = fc.oneof(
    { weight: 8, arbitrary: packet.map((p) => ({ kind: 'packet' as const, packet: p })) },
    { weight: 4, arbitrary: fc.constant({ kind: 'due' as const }) },
    fc.constant({ kind: 'start' as const }),
    fc.constant({ kind: 'stop' as const }),
    fc.constant({ kind: 'fail' as const, by: 'pathDown' as const }),
    fc
      .record({ tx: fc.integer({ min: 0, max: 3000 }), rx: fc.integer({ min: 0, max: 3000 }), m: fc.nat(9) })
      .map(({ tx, rx, m }) => ({
        kind: 'change' as const,
        timers: { desiredMinTx: millis(tx), requiredMinRx: millis(rx), detectMult: m },
      })),
  );
  const life = fc.array(fc.tuple(fc.integer({ min: 0, max: 1500 }), event), { maxLength: 60 });

  test('the promises of RFC 5880 hold', () => {
    fc.assert(
      fc.property(life, fc.integer(), fc.boolean(), (events, seed, passive) => {
        const b = new Bench({ seed, passive });
        b.feed({ kind: 'start' });
        for (const [ms, e] of events) {
          const before = b.session;
          const sends = () => b.effects.filter((x) => x.do === 'send');
          b.feed(e, ms);
          const s = b.session;
          // The state is plain data.
          expect(JSON.parse(JSON.stringify(s))).toEqual(s);
          // One packet per event at most, and every one is acceptable to a receiver.
          expect(sends().length).toBeLessThanOrEqual(1);
          for (const p of b.sent) {
            expect(isDiscard(p)).toBe(false);
            expect(p.poll && p.final).toBe(false);
            expect(p.requiredMinEchoRxUs).toBe(0);
            expect(p.demand).toBe(false);
            expect(passive && p.yourDiscriminator === 0 && before.remote === undefined).toBe(false);
            if (s.state !== 'up') expect(p.desiredMinTxUs).toBeGreaterThanOrEqual(1_000_000);
          }
          // Up and Init know their neighbour and watch it.
          if (s.state === 'up' || s.state === 'init') {
            expect(s.remote).toBeDefined();
            expect(s.due.detect).toBeDefined();
          }
          // Only Up may wait for a Final, and then never in the dangerous direction.
          if (s.state !== 'up' || s.poll !== 'polling') expect(s.used).toEqual(s.said);
          else {
            expect(s.used.desiredMinTxUs).toBeLessThanOrEqual(s.said.desiredMinTxUs);
            expect(s.used.requiredMinRxUs).toBeGreaterThanOrEqual(s.said.requiredMinRxUs);
          }
          // A state effect exactly when the state changed.
          expect(b.effects.filter((x) => x.do === 'state').length).toBe(s.state === before.state ? 0 : 1);
          // Handing in `due` at its instant makes progress: no busy loop.
          const due = bfdDue(s);
          if (due !== undefined) {
            const at = Math.max(due, b.now);
            const [next] = stepBfd(s, { kind: 'due' }, instant(at));
            expect(bfdDue(next) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(at);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
