import { expect, test } from 'vitest';
import { type Address, instant, seconds } from '../base/index.ts';
import { cease, describeNotification, IPV4_UNICAST, IPV6_UNICAST, type Role } from '../wire/index.ts';
import type { PeerConfig } from './index.ts';
import { newPeer, peerDue, stepPeer, viewOf, welcome } from './index.ts';
import { type End, GR, LEFT, Pair, RIGHT } from './pair.test-support.ts';

const HOLD = { holdTime: seconds(9) };
const BOTH = [IPV4_UNICAST, IPV6_UNICAST];
const link = (end: End) => viewOf(end.state, instant(0)).link;
const since = (end: End, from: number) => end.log.slice(from);

test('two peers that start at once end up with one connection, that of the higher identifier (RFC 4271 §6.8)', () => {
  for (const [ours, theirs, kept] of [
    ['10.0.0.1', '10.0.0.2', 'incoming'],
    ['10.0.0.2', '10.0.0.1', 'outgoing'],
    ['10.0.0.10', '10.0.0.9', 'outgoing'],
  ] as const) {
    const pair = new Pair({ localId: ours as Address }, { localId: theirs as Address }).start().run(2);
    expect(pair.states()).toBe('Established Established');
    expect([link(pair.left), link(pair.right)]).toEqual([
      kept,
      kept === 'incoming' ? 'outgoing' : 'incoming',
    ]);
    expect([pair.left.did('up').length, pair.right.did('up').length]).toEqual([1, 1]);
    expect(
      [...pair.left.log, ...pair.right.log].filter((l) => l.includes('Collision')).length,
    ).toBeGreaterThan(0);
  }
});

test('with equal identifiers the connection of the higher AS number is kept (RFC 6286 §2.3)', () => {
  const same = '10.0.0.1' as Address;
  const pair = new Pair({ localId: same }, { localId: same }).start().run(2);
  expect(pair.states()).toBe('Established Established');
  expect([link(pair.left), link(pair.right)]).toEqual(['incoming', 'outgoing']);
});

test('a passive peer waits to be called; two of them wait for ever', () => {
  const pair = new Pair({ passive: true }).start().run(2);
  expect([pair.states(), link(pair.left)]).toEqual(['Established Established', 'incoming']);
  const both = new Pair({ passive: true }, { passive: true }).start().run(3600);
  expect([both.states(), both.left.log, both.right.log]).toEqual(['Active Active', [], []]);
});

test('a peer that is not started refuses the connection with Cease / Connection Rejected (RFC 4486 §4) and is called again later', () => {
  const pair = new Pair();
  pair.start(pair.left).run(1);
  expect(pair.left.log[0]).toBe('0.00 connect');
  expect(viewOf(pair.left.state, pair.now)).toMatchObject({
    state: 'Active',
    failures: 0,
    lastError: 'peer said: Cease / Connection Rejected',
  });
  // After 1 s, 2 s, 4 s … and at last after the time between attempts; each with up to a quarter less.
  pair.run(3600);
  const calls = pair.left.log.filter((l) => l.endsWith(' connect')).map(Number.parseFloat);
  const pauses = calls.slice(1).map((at, i) => at - (calls[i] as number));
  for (const [i, longest] of [1, 2, 4, 8, 16, 30, 30].entries()) {
    expect(pauses[i]).toBeGreaterThan(longest * 0.74);
    expect(pauses[i]).toBeLessThan(longest * 1.01 + 0.1);
  }
  pair.start(pair.right).run(3601);
  expect(pair.states()).toBe('Established Established');
  expect(pair.left.state.refusals).toBe(0);
});

test('a passive peer that still holds off is asked again within seconds (RFC 4486 §4)', () => {
  const pair = new Pair({}, { passive: true }).start().run(2);
  for (const at of [2, 6, 10]) {
    pair.feed(pair.left, { kind: 'stop', subcode: 4 });
    pair.start(pair.left).run(at + 4);
    expect(pair.states()).toBe('Established Established');
  }
});

test('both ends give up within one hold time of a cut cable, and try again with growing pauses (RFC 4271 §6.5)', () => {
  const pair = new Pair(HOLD, HOLD).start().run(10);
  expect(pair.states()).toBe('Established Established');
  pair.cut = true;
  pair.run(10 + 9.1);
  expect(pair.states()).not.toContain('Established');
  expect(pair.left.log.find((l) => l.includes('down'))).toMatch(/down \(timer\) retain \[\]/);
  expect(pair.left.state.lastDown?.reason).toBe('nothing was heard for 9 s; we said: Hold Timer Expired');
  pair.cut = false;
  pair.run(80);
  expect(pair.states()).toBe('Established Established');
});

test('a stop carries its text to the other end, which may not come back before we start again (RFC 9003)', () => {
  const pair = new Pair().start().run(2);
  pair.feed(pair.left, { kind: 'stop', subcode: 2, text: 'maintenance until 04:00' });
  pair.run(3);
  expect(pair.right.state.lastDown).toMatchObject({
    by: 'peer',
    reason: 'peer said: Cease / Administrative Shutdown: "maintenance until 04:00"',
  });
  pair.run(200);
  expect(pair.states()).toMatch(/^Idle (Active|Connect|OpenSent|Idle)$/);
  expect(pair.left.did('up')).toHaveLength(1);
  pair.start(pair.left).run(300);
  expect(pair.states()).toBe('Established Established');
});

// ── graceful restart ────────────────────────────────────────────────────────────────────────────────────────────

test('a peer that restarts keeps its routes here until its End-of-RIB (RFC 4724 §4.2)', () => {
  const pair = new Pair({ gracefulRestart: GR }, { gracefulRestart: GR }).start().run(10);
  const from = pair.left.log.length;
  pair.reboot(pair.right, { ...RIGHT, gracefulRestart: GR }, true);
  pair.run(12);
  expect(since(pair.left, from)[0]).toBe(`10.00 down (transport) retain [${BOTH.join(' ')}]`);
  pair.feed(pair.right, { kind: 'start', restarting: true, forwarding: BOTH });
  pair.run(20);
  expect(pair.states()).toBe('Established Established');
  expect(
    pair.left.state.incoming?.negotiated?.gracefulRestart?.peerRestarted ??
      pair.left.state.outgoing?.negotiated?.gracefulRestart?.peerRestarted,
  ).toBe(true);
  expect(since(pair.left, from).filter((l) => l.includes('flush'))).toEqual([]);
  const up = link(pair.left) as 'incoming' | 'outgoing';
  pair.feed(pair.left, { kind: 'endOfRib', link: up, family: IPV4_UNICAST });
  expect(pair.left.state.stale?.families).toEqual([IPV6_UNICAST]);
  pair.feed(pair.left, { kind: 'endOfRib', link: up, family: IPV6_UNICAST });
  pair.feed(pair.left, { kind: 'endOfRib', link: up, family: IPV6_UNICAST });
  expect(pair.left.state.stale).toBeUndefined();
  expect(since(pair.left, from).filter((l) => l.includes('flush'))).toEqual([
    '20.00 flush [ipv4-unicast]: the peer has sent everything again (End-of-RIB)',
    '20.00 flush [ipv6-unicast]: the peer has sent everything again (End-of-RIB)',
  ]);
});

test('a peer that does not come back loses its routes when its restart time is over (RFC 4724 §4.2)', () => {
  const pair = new Pair({ gracefulRestart: GR }, { gracefulRestart: { restartTime: seconds(30) } })
    .start()
    .run(10);
  pair.reboot(pair.right, RIGHT, true);
  pair.run(39.9);
  expect(pair.left.did('flush')).toEqual([]);
  pair.run(40);
  expect(pair.left.log.at(-1)).toBe(`40.00 flush [${BOTH.join(' ')}]: the peer did not come back in time`);
});

test('a peer that comes back and sends no End-of-RIB loses its old routes after the stale time', () => {
  const ours = { gracefulRestart: { ...GR, staleTime: seconds(100) } };
  const pair = new Pair(ours, { gracefulRestart: GR }).start().run(10);
  pair.reboot(pair.right, { ...RIGHT, gracefulRestart: GR }, true);
  pair.feed(pair.right, { kind: 'start', restarting: true, forwarding: BOTH });
  pair.run(300);
  expect(pair.left.log.filter((l) => l.includes('flush'))).toEqual([
    expect.stringMatching(/^11\d\.\d\d flush \[.*\]: the peer sent no End-of-RIB in time$/),
  ]);
});

test('families without the F bit, or gone from the new capability, are flushed as soon as the peer is back (RFC 4724 §4.2)', () => {
  const pair = new Pair({ gracefulRestart: GR }, { gracefulRestart: GR }).start().run(10);
  pair.reboot(pair.right, { ...RIGHT, gracefulRestart: GR }, true);
  pair.feed(pair.right, { kind: 'start', restarting: true, forwarding: [IPV6_UNICAST] });
  pair.run(20);
  expect(pair.left.log.filter((l) => l.includes('flush'))).toEqual([
    expect.stringMatching(/flush \[ipv4-unicast\]: the peer is back and did not keep forwarding/),
  ]);
  expect(pair.left.state.stale?.families).toEqual([IPV6_UNICAST]);
  const none = new Pair({ gracefulRestart: GR }, { gracefulRestart: GR }).start().run(10);
  none.reboot(none.right, RIGHT, true);
  none.start(none.right).run(20);
  expect(none.left.log.filter((l) => l.includes('flush'))).toHaveLength(1);
  expect(none.left.state.stale).toBeUndefined();
});

test('a broken connection alone, without a restart, keeps the F bit, so that neither side drops routes', () => {
  const pair = new Pair({ gracefulRestart: GR }, { gracefulRestart: GR }).start().run(10);
  pair.break('reset');
  pair.run(20);
  expect(pair.states()).toBe('Established Established');
  expect([...pair.left.did('flush'), ...pair.right.did('flush')]).toEqual([]);
  expect([pair.left.state.stale?.back, pair.right.state.stale?.back]).toEqual([true, true]);
});

test('a new connection from a peer whose power was cut takes the place of the dead one (RFC 4724 §4.2)', () => {
  for (const passive of [false, true]) {
    const pair = new Pair({ gracefulRestart: GR, passive }, { gracefulRestart: GR, passive: !passive })
      .start()
      .run(10);
    pair.reboot(pair.right, { ...RIGHT, gracefulRestart: GR }, false);
    pair.feed(pair.right, { kind: 'start', restarting: true, forwarding: BOTH });
    pair.run(20);
    expect(pair.states()).toBe('Established Established');
    expect(pair.left.state.lastDown?.reason).toBe('the peer opened a new connection');
    expect(pair.left.state.ups).toBe(2);
    expect(pair.left.did('flush')).toEqual([]);
  }
});

test('without graceful restart a second connection is refused while the first stands (RFC 4271 §6.8)', () => {
  const pair = new Pair().start().run(10);
  expect(welcome(pair.left.state, pair.now)).toEqual(cease(7));
});

test('the hold timer keeps routes only where both sides agreed on that for NOTIFICATIONs (RFC 8538 §4)', () => {
  for (const [notification, retain] of [
    [true, BOTH],
    [false, []],
  ] as const) {
    const pair = new Pair(
      { ...HOLD, gracefulRestart: { ...GR, notification } },
      { ...HOLD, gracefulRestart: GR },
    )
      .start()
      .run(10);
    pair.cut = true;
    pair.run(20);
    expect(pair.left.did('down')).toMatchObject([{ retain, why: { by: 'timer' } }]);
  }
});

test('a stop is a Hard Reset where a NOTIFICATION would keep routes; a soft reset is none (RFC 8538 §3.1)', () => {
  const graceful = () => new Pair({ gracefulRestart: GR }, { gracefulRestart: GR }).start().run(10);
  const hard = graceful();
  hard.feed(hard.left, { kind: 'stop', subcode: 2, text: 'bye' });
  hard.run(11);
  expect(hard.right.state.lastDown?.reason).toBe(
    'peer said: Cease / Hard Reset (Cease / Administrative Shutdown: "bye")',
  );
  expect([hard.left.did('down'), hard.right.did('down')]).toMatchObject([[{ retain: [] }], [{ retain: [] }]]);
  const soft = graceful();
  soft.feed(soft.left, { kind: 'stop', subcode: 4 });
  soft.run(11);
  expect(soft.right.state.lastDown?.reason).toBe('peer said: Cease / Administrative Reset');
  expect([soft.left.did('down'), soft.right.did('down')]).toMatchObject([
    [{ retain: BOTH }],
    [{ retain: BOTH }],
  ]);
  const insisted = graceful();
  insisted.feed(insisted.left, { kind: 'stop', subcode: 4, hard: true });
  insisted.run(11);
  expect(insisted.right.did('down')).toMatchObject([{ retain: [] }]);
});

test('we say that we restarted only within our restart time (RFC 4724 §4.1)', () => {
  const early = new Pair({ gracefulRestart: GR, passive: true }, { gracefulRestart: GR });
  early.feed(early.left, { kind: 'start', restarting: true, forwarding: [IPV4_UNICAST] });
  early.run(119).start(early.right).run(119.5);
  expect(early.right.state.outgoing?.negotiated?.gracefulRestart?.peerRestarted).toBe(true);
  const late = new Pair({ gracefulRestart: GR, passive: true }, { gracefulRestart: GR });
  late.feed(late.left, { kind: 'start', restarting: true, forwarding: [IPV4_UNICAST] });
  late.run(121).start(late.right).run(122);
  expect(late.right.state.outgoing?.negotiated?.gracefulRestart?.peerRestarted).toBe(false);
});

// ── refresh ─────────────────────────────────────────────────────────────────────────────────────────────────────

test('a refresh is answered for families of the session only, with markers where both know them (RFC 2918, RFC 7313)', () => {
  const ask = (
    end: End,
    pair: Pair,
    family = IPV4_UNICAST,
    subtype: 'request' | 'begin' | 'end' | number = 'request',
  ) =>
    pair.feed(end, {
      kind: 'refresh',
      link: link(end) as 'incoming',
      refresh: { kind: 'routeRefresh', family, subtype },
    });
  const pair = new Pair({ families: [IPV4_UNICAST] }).start().run(5);
  const from = pair.left.log.length;
  ask(pair.left, pair);
  ask(pair.left, pair, IPV6_UNICAST);
  ask(pair.left, pair, IPV4_UNICAST, 200);
  ask(pair.left, pair, IPV4_UNICAST, 'end');
  ask(pair.left, pair, IPV4_UNICAST, 'begin');
  ask(pair.left, pair, IPV4_UNICAST, 'end');
  ask(pair.left, pair, IPV4_UNICAST, 'begin');
  expect(since(pair.left, from)).toEqual([
    '5.00 resend ipv4-unicast with markers',
    '5.00 stale ipv4-unicast',
    '5.00 flush [ipv4-unicast]: the peer has sent everything again (EoRR)',
    '5.00 stale ipv4-unicast',
  ]);
  pair.run(366);
  expect(pair.left.log).toContain(
    '365.00 flush [ipv4-unicast]: the peer sent no end of its refresh (EoRR) in time',
  );
  const plain = new Pair({ enhancedRefresh: false }).start().run(5);
  const before = plain.left.log.length;
  ask(plain.left, plain);
  ask(plain.left, plain, IPV4_UNICAST, 'begin');
  expect(since(plain.left, before)).toEqual(['5.00 resend ipv4-unicast']);
});

test('with graceful restart, markers before the End-of-RIB are passed over (RFC 7313 §4)', () => {
  const pair = new Pair({ gracefulRestart: GR }, { gracefulRestart: GR }).start().run(5);
  const up = link(pair.left) as 'incoming';
  const refresh = { kind: 'routeRefresh', family: IPV4_UNICAST, subtype: 'begin' } as const;
  pair.feed(pair.left, { kind: 'refresh', link: up, refresh });
  expect(pair.left.did('stale')).toEqual([]);
  pair.feed(pair.left, { kind: 'endOfRib', link: up, family: IPV4_UNICAST });
  pair.feed(pair.left, { kind: 'refresh', link: up, refresh });
  expect(pair.left.did('stale')).toHaveLength(1);
});

// ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────

/** What ends the attempt of a pair, in the words of whoever says it first. */
function refusal(left: Partial<PeerConfig>, right: Partial<PeerConfig>): string {
  const pair = new Pair({ ...left, passive: true }, right).start().run(1);
  expect(pair.left.did('up')).toEqual([]);
  const said = [...pair.left.effects, ...pair.right.effects].flatMap((e) =>
    e.do === 'send' && e.message.kind === 'notification' ? [e.message] : [],
  );
  return said[0] ? describeNotification(said[0]) : 'nothing';
}

test('an OPEN that does not fit is refused with its own subcode (RFC 4271 §6.2)', () => {
  expect(refusal({ remoteAsn: 64999 }, {})).toBe('OPEN Message Error / Bad Peer AS');
  expect(refusal({ remoteAsn: [64998, 64999] }, {})).toBe('OPEN Message Error / Bad Peer AS');
  expect(refusal({ remoteAsn: 'any' }, { localAsn: 64500, remoteAsn: 64500 })).toMatch(/Bad Peer AS/);
  expect(refusal({ remoteAsn: 64500 }, { localAsn: 64500, localId: LEFT.localId, remoteAsn: 64500 })).toMatch(
    /Bad BGP Identifier/,
  );
  expect(refusal({ families: [IPV6_UNICAST] }, { families: [IPV4_UNICAST] })).toBe(
    'OPEN Message Error / Unsupported Capability (0x010400020001)',
  );
  expect(refusal({ allFamilies: true }, { families: [IPV4_UNICAST] })).toMatch(
    /Unsupported Capability \(0x010400020001\)/,
  );
  expect(refusal({ require: ['gracefulRestart'], gracefulRestart: GR }, {})).toMatch(
    /Unsupported Capability \(0x40/,
  );
  expect(refusal({ minHoldTime: seconds(30) }, HOLD)).toBe('OPEN Message Error / Unacceptable Hold Time');
});

test('4-byte AS numbers meet through AS_TRANS and the capability (RFC 6793)', () => {
  const big = 4_200_000_001;
  const pair = new Pair({ remoteAsn: big }, { localAsn: big }).start().run(5);
  expect(pair.states()).toBe('Established Established');
  expect(viewOf(pair.left.state, pair.now)).toMatchObject({
    remoteAsn: big,
    negotiated: { send: { asn4: true } },
  });
  const any = new Pair({ remoteAsn: 'any' }).start().run(5);
  expect(any.states()).toBe('Established Established');
});

test('roles have to fit, and strict mode demands one (RFC 9234 §4.2)', () => {
  const roles: readonly Role[] = ['provider', 'customer', 'rs', 'rs-client', 'peer'];
  const fits = roles.map((ours) =>
    roles
      .map((theirs) => {
        const pair = new Pair({ role: ours, passive: true }, { role: theirs }).start().run(1);
        return pair.states() === 'Established Established' ? theirs : '';
      })
      .join(''),
  );
  expect(Object.fromEntries(roles.map((r, i) => [r, fits[i]]))).toEqual({
    provider: 'customer',
    customer: 'provider',
    rs: 'rs-client',
    'rs-client': 'rs',
    peer: 'peer',
  });
  expect(refusal({ role: 'provider', roleStrict: true }, {})).toBe('OPEN Message Error / Role Mismatch');
  expect(new Pair({ role: 'provider' }).start().run(5).states()).toBe('Established Established');
});

// ── limits, BFD, back-off ───────────────────────────────────────────────────────────────────────────────────────

test('too many prefixes: Cease with family and limit, and nothing more until the operator says so (RFC 4486 §4)', () => {
  const pair = new Pair().start().run(5);
  pair.feed(pair.left, { kind: 'prefixLimit', family: IPV6_UNICAST, limit: 1000 });
  expect(
    pair.left.effects.find(
      (e) => e.do === 'send' && e.message.kind === 'notification' && e.message.subcode === 1,
    ),
  ).toMatchObject({
    message: { code: 6, subcode: 1, data: '000201000003e8' },
  });
  pair.run(4000);
  expect(pair.left.did('up')).toHaveLength(1);
  expect(viewOf(pair.left.state, pair.now)).toMatchObject({
    state: 'Idle',
    why: 'stays down until started: the peer sent too many prefixes',
  });
  pair.start(pair.left).run(4100);
  expect(pair.states()).toBe('Established Established');
  const timed = new Pair({ prefixLimitRestart: seconds(60) }).start().run(5);
  timed.feed(timed.left, { kind: 'prefixLimit', family: IPV4_UNICAST, limit: 1 });
  timed.run(64.9);
  expect(timed.left.did('up')).toHaveLength(1);
  timed.run(130);
  expect(timed.states()).toBe('Established Established');
});

test('BFD that loses the path ends the session at once (RFC 5882 §4.2, RFC 9384), even where graceful restart would keep it', () => {
  const gr = { gracefulRestart: GR };
  const pair = new Pair({ ...gr, bfd: 'on' }, gr).start().run(5);
  pair.feed(pair.left, { kind: 'bfdUp' });
  pair.feed(pair.left, { kind: 'bfdDown' });
  pair.run(5.1);
  expect(pair.right.state.lastDown?.reason).toBe('peer said: Cease / Hard Reset (Cease / BFD Down)');
  expect(pair.left.did('down')).toMatchObject([{ why: { by: 'bfd' }, retain: [] }]);
  pair.run(20);
  expect(pair.states()).toBe('Established Established');
  const off = new Pair().start().run(5);
  off.feed(off.left, { kind: 'bfdDown' });
  expect(off.states()).toBe('Established Established');
});

test('strict BFD: no session before BFD is up', () => {
  const pair = new Pair({ bfd: 'strict' }).start().run(100);
  expect(viewOf(pair.left.state, pair.now)).toMatchObject({ state: 'Idle', why: 'waits for BFD to be up' });
  pair.feed(pair.left, { kind: 'bfdUp' });
  pair.run(140);
  expect(pair.states()).toBe('Established Established');
  pair.feed(pair.left, { kind: 'bfdDown' });
  pair.run(300);
  expect(viewOf(pair.left.state, pair.now).state).toBe('Idle');
});

test('a session that keeps failing is tried after 1, 2, 4 … 60 s, each less up to a quarter; a stable one starts over', () => {
  let p = stepPeer(newPeer(LEFT), { kind: 'start' }, instant(0))[0];
  let now = instant(0);
  const pauses: number[] = [];
  for (let i = 0; i < 12; i++) {
    [p] = stepPeer(
      p,
      { kind: 'tcpUp', link: 'outgoing', local: '192.0.2.1' as Address, remote: '192.0.2.2' as Address },
      now,
    );
    [p] = stepPeer(
      p,
      {
        kind: 'notification',
        link: 'outgoing',
        notification: { kind: 'notification', code: 2, subcode: 2, data: '' },
      },
      now,
    );
    const due = peerDue(p) as typeof now;
    pauses.push(due - now);
    now = due;
    const [next, effects] = stepPeer(p, { kind: 'due' }, now);
    expect(effects).toEqual([{ do: 'connect' }]);
    p = next;
  }
  pauses.forEach((pause, i) => {
    const whole = Math.min(60, 2 ** i) * 1000;
    expect(pause).toBeGreaterThanOrEqual(0.75 * whole);
    expect(pause).toBeLessThanOrEqual(whole);
  });
  expect(viewOf(p, now)).toMatchObject({
    failures: 12,
    lastError: 'peer said: OPEN Message Error / Bad Peer AS',
  });

  const pair = new Pair().start().run(5);
  pair.break('reset');
  expect(pair.left.state.failures).toBe(1);
  pair.run(10);
  pair.break('reset');
  expect(pair.left.state.failures).toBe(2);
  pair.run(100);
  expect(pair.states()).toBe('Established Established');
  pair.break('reset');
  expect(pair.left.state.failures).toBe(1);
});

test('two sides that both back off find each other again, whatever their dice', () => {
  for (let seed = 0; seed < 40; seed++) {
    const pair = new Pair({ ...HOLD, seed }, { ...HOLD, seed: seed * 7919 + 5 }, 1 + seed).start().run(20);
    for (let i = 0; i < 4; i++) {
      pair.cut = true;
      pair.run(pair.now / 1000 + 12);
      pair.cut = false;
      pair.run(pair.now / 1000 + 90);
      expect(pair.states(), `seed ${seed}, round ${i}`).toBe('Established Established');
    }
  }
});

test('a nonsense event has a defined answer', () => {
  const idle = newPeer(LEFT);
  const ends = { local: '192.0.2.1' as Address, remote: '192.0.2.2' as Address };
  for (const event of [
    { kind: 'due' },
    { kind: 'keepalive', link: 'outgoing' },
    { kind: 'update', link: 'incoming' },
    { kind: 'tcpDown', link: 'outgoing', why: '' },
    { kind: 'endOfRib', link: 'outgoing', family: IPV4_UNICAST },
    { kind: 'prefixLimit', family: IPV4_UNICAST, limit: 1 },
    { kind: 'stop', subcode: 2 },
  ] as const)
    expect(stepPeer(idle, event, instant(1))).toEqual([idle, []]);
  expect(stepPeer(idle, { kind: 'tcpUp', link: 'outgoing', ...ends }, instant(1))[1]).toEqual([
    { do: 'close', link: 'outgoing' },
  ]);
  expect(stepPeer(idle, { kind: 'tcpUp', link: 'incoming', ...ends }, instant(1))[1]).toEqual([
    { do: 'send', link: 'incoming', message: cease(5) },
    { do: 'close', link: 'incoming' },
  ]);
  const up = new Pair().start().run(5).left.state;
  expect(stepPeer(up, { kind: 'start' }, instant(5000))).toEqual([up, []]);
  expect(stepPeer(up, { kind: 'due' }, instant(5000))).toEqual([up, []]);
});
