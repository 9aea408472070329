import { expect, test } from 'vitest';
import { type Address, type Instant, instant, type Millis, seconds } from '../base/index.ts';
import { cease, describeNotification, type Open } from '../wire/index.ts';
import { jittered, nextSeed } from './chance.ts';
import { type PeerConfig, settingsOf } from './config.ts';
import { ourOpen } from './open.ts';
import { LEFT, RIGHT } from './pair.test-support.ts';
import { newSession, type Phase, type Session, type SessionEvent, step, TABLE, waiting } from './session.ts';

const KINDS = [
  'start',
  'stop',
  'tcpUp',
  'tcpDown',
  'open',
  'keepalive',
  'update',
  'refresh',
  'notification',
  'malformed',
  'sent',
  'blocked',
  'due',
] as const satisfies readonly SessionEvent['kind'][];
const PHASES = Object.keys(TABLE) as Phase[];
const MESSAGES: readonly string[] = ['open', 'keepalive', 'update', 'refresh'];
const NO_RESTART = { restarting: false, forwarding: [] };
const [here, there] = ['192.0.2.1' as Address, '192.0.2.2' as Address];
const theirOpen = ourOpen(settingsOf(RIGHT), NO_RESTART);

const EVENTS: { readonly [K in (typeof KINDS)[number]]: SessionEvent } = {
  start: { kind: 'start' },
  stop: { kind: 'stop', notification: cease(2), by: 'us' },
  tcpUp: { kind: 'tcpUp', local: here, remote: there, open: ourOpen(settingsOf(LEFT), NO_RESTART) },
  tcpDown: { kind: 'tcpDown', link: 'outgoing', why: 'reset' },
  open: { kind: 'open', link: 'outgoing', open: theirOpen },
  keepalive: { kind: 'keepalive', link: 'outgoing' },
  update: { kind: 'update', link: 'outgoing' },
  refresh: {
    kind: 'refresh',
    link: 'outgoing',
    refresh: { kind: 'routeRefresh', family: settingsOf(LEFT).families[0]!, subtype: 'request' },
  },
  notification: { kind: 'notification', link: 'outgoing', notification: cease(4) },
  malformed: {
    kind: 'malformed',
    link: 'outgoing',
    notification: { kind: 'notification', code: 1, subcode: 2, data: '0005' },
    why: 'a length of 5',
  },
  sent: { kind: 'sent', link: 'outgoing' },
  blocked: { kind: 'blocked', link: 'outgoing' },
  due: { kind: 'due' },
};

/** A session brought to a phase the way it gets there. */
function at(phase: Phase, config: Partial<PeerConfig> = {}, open: Open = theirOpen): Session {
  let s = newSession('outgoing', settingsOf({ ...LEFT, ...config }), 7, instant(0));
  if (phase === 'active') return waiting(s, s.settings.connectRetry, instant(0));
  const path = ['start', 'tcpUp', 'open', 'keepalive'] as const;
  const steps = { idle: 0, connect: 1, openSent: 2, openConfirm: 3, established: 4 }[phase];
  for (const kind of path.slice(0, steps)) {
    const event = kind === 'open' ? ({ kind, link: 'outgoing', open } as const) : EVENTS[kind];
    [s] = step(s, event, instant(0));
  }
  expect(s.phase).toBe(phase);
  return s;
}

function sent(s: Session, event: SessionEvent, now: Instant = instant(1000)): string[] {
  return step(s, event, now)[1].map((e) =>
    e.do === 'send'
      ? e.message.kind === 'notification'
        ? `${describeNotification(e.message)} <${e.message.data}>`
        : e.message.kind
      : e.do,
  );
}

test('the machine prints itself: one row a phase, one name a transition (RFC 4271 §8.2.2)', () => {
  const cell = (phase: Phase, kind: (typeof KINDS)[number]) =>
    TABLE[phase][kind]?.name ??
    (['idle', 'connect', 'active'].includes(phase) || !MESSAGES.includes(kind) ? '·' : 'FSM!');
  const lines = PHASES.map((p) =>
    [p, ...KINDS.map((k) => cell(p, k))]
      .map((t) => t.padEnd(12))
      .join('')
      .trimEnd(),
  );
  const head = ['', ...KINDS]
    .map((t) => t.padEnd(12))
    .join('')
    .trimEnd();
  expect(`\n${[head, ...lines].join('\n')}\n`).toMatchInlineSnapshot(`
    "
                start       stop        tcpUp       tcpDown     open        keepalive   update      refresh     notificationmalformed   sent        blocked     due
    idle        dial        ·           ·           ·           ·           ·           ·           ·           ·           ·           ·           ·           ·
    connect     ·           giveUp      greet       wait        ·           ·           ·           ·           ·           ·           ·           ·           redial
    active      ·           giveUp      greet       ·           ·           ·           ·           ·           ·           ·           ·           ·           dial
    openSent    ·           leave       ·           lose        agree       FSM!        FSM!        FSM!        heed        object      ·           ·           tick
    openConfirm ·           leave       ·           lose        FSM!        establish   FSM!        FSM!        heed        object      ·           ·           tick
    established ·           leave       ·           lose        FSM!        hear        hear        stay        heed        object      flow        stall       tick
    "
  `);
});

test('every event in every phase leads to a phase of the table', () => {
  for (const phase of PHASES)
    for (const kind of KINDS) {
      const [next] = step(at(phase), EVENTS[kind], instant(1e9));
      expect(PHASES).toContain(next.phase);
    }
});

test('a message out of its time is a Finite State Machine Error, with the phase as subcode and the type as data (RFC 6608)', () => {
  expect(sent(at('openSent'), EVENTS.keepalive)).toEqual([
    'Finite State Machine Error / Unexpected Message in OpenSent State (0x04) <04>',
    'close',
    'over',
  ]);
  expect(sent(at('openSent'), EVENTS.update)[0]).toMatch(/OpenSent State .*<02>/);
  expect(sent(at('openConfirm'), EVENTS.update)[0]).toMatch(/OpenConfirm State .*<02>/);
  expect(sent(at('openConfirm'), EVENTS.open)[0]).toMatch(/OpenConfirm State .*<01>/);
  expect(sent(at('established'), EVENTS.open)[0]).toMatch(/Established State .*<01>/);
  expect(sent(at('openConfirm'), EVENTS.refresh)[0]).toMatch(/OpenConfirm State .*<05>/);
});

test('an event about a connection that is not there changes nothing', () => {
  for (const phase of ['idle', 'connect', 'active'] as const)
    for (const kind of [
      'open',
      'keepalive',
      'update',
      'refresh',
      'notification',
      'malformed',
      'sent',
      'blocked',
    ] as const) {
      const s = at(phase);
      expect(step(s, EVENTS[kind], instant(5))).toEqual([s, []]);
    }
});

test('in OpenSent the peer has 4 minutes for its OPEN (RFC 4271 §8.2.2)', () => {
  expect(sent(at('openSent'), EVENTS.due, instant(239_999))).toEqual([]);
  expect(sent(at('openSent'), EVENTS.due, instant(240_000))).toEqual([
    'Hold Timer Expired <>',
    'close',
    'over',
  ]);
});

test('the hold timer ends an established session exactly at the negotiated time, and every UPDATE starts it anew (RFC 4271 §6.5)', () => {
  const open = { ...theirOpen, holdTime: 9 };
  const [s] = step(at('established', {}, open), EVENTS.update, instant(5000));
  expect(s.due.hold).toBe(14_000);
  expect(sent(s, EVENTS.due, instant(13_999))).toEqual(['keepalive']);
  expect(sent(s, EVENTS.due, instant(14_000))).toEqual(['Hold Timer Expired <>', 'close', 'over']);
});

test('KEEPALIVEs come after 75 … 100 % of a third of the hold time (RFC 4271 §4.4, §10)', () => {
  let s = at('established');
  const gaps: number[] = [];
  for (let i = 0, now = 0; i < 200; i++) {
    const next = s.due.keepalive as Instant;
    gaps.push(next - now);
    now = next;
    [s] = step(s, EVENTS.update, next);
    [s] = step(s, EVENTS.due, next);
  }
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(22_500);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000);
  expect(Math.max(...gaps) - Math.min(...gaps)).toBeGreaterThan(6000);
});

test('a hold time of 0 means no KEEPALIVEs and no hold timer once established, but not a wait for ever in OpenConfirm (RFC 4271 §4.2)', () => {
  expect(at('openConfirm', { holdTime: seconds(0) }).due).toMatchObject({
    hold: 240_000,
    keepalive: undefined,
  });
  const s = at('established', { holdTime: seconds(0) });
  expect(s.due).toEqual({ retry: undefined, hold: undefined, keepalive: undefined, sendHold: undefined });
  expect(step(s, EVENTS.blocked, instant(9))[0].due.sendHold).toBeUndefined();
});

test('bytes that cannot leave for 8 minutes end the session; bytes that leave put it off (RFC 9687 §4)', () => {
  let [s] = step(at('established'), EVENTS.blocked, instant(1000));
  expect(s.due.sendHold).toBe(481_000);
  [s] = step(s, EVENTS.blocked, instant(2000));
  expect(s.due.sendHold).toBe(481_000);
  expect(step(s, EVENTS.sent, instant(3000))[0].due.sendHold).toBeUndefined();
  [s] = step(s, EVENTS.update, instant(480_000));
  expect(sent(s, EVENTS.due, instant(480_999))).toEqual(['keepalive']);
  expect(sent(s, EVENTS.due, instant(481_000))).toEqual(['Send Hold Timer Expired <>', 'close', 'over']);
  const slow = at('established', { holdTime: seconds(600) }, { ...theirOpen, holdTime: 600 });
  expect(step(slow, EVENTS.blocked, instant(0))[0].due.sendHold).toBe(1_200_000);
  const own = at('established', { sendHoldTime: seconds(100) });
  expect(step(own, EVENTS.blocked, instant(0))[0].due.sendHold).toBe(100_000);
  const off = at('established', { sendHoldTime: seconds(0) });
  expect(step(off, EVENTS.blocked, instant(0))[0].due.sendHold).toBeUndefined();
});

test('an attempt that takes longer than the retry time is given up for a new one; a failed one waits for its time (RFC 4271 §8.2.2)', () => {
  const s = at('connect');
  const retry = s.due.retry as Instant;
  expect(retry).toBeGreaterThanOrEqual(22_500);
  expect(retry).toBeLessThanOrEqual(30_000);
  expect(sent(s, EVENTS.due, retry)).toEqual(['close', 'connect']);
  const [failed] = step(s, EVENTS.tcpDown, instant(10));
  expect(failed.phase).toBe('active');
  expect(sent(failed, EVENTS.due, instant(10_000))).toEqual([]);
  expect(sent(failed, EVENTS.due, failed.due.retry as Instant)).toEqual(['connect']);
});

test('jitter stays within 75 … 100 % and does not stand still (RFC 4271 §10)', () => {
  let seed = 42;
  const drawn = Array.from({ length: 10_000 }, () => jittered(1000 as Millis, (seed = nextSeed(seed))));
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(750);
  expect(Math.max(...drawn)).toBeLessThan(1000);
  const mean = drawn.reduce((a, b) => a + b, 0) / drawn.length;
  expect(Math.abs(mean - 875)).toBeLessThan(3);
});
