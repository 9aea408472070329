/**
 * One connection as the machine of RFC 4271 §8.2.2: a table with a row per phase. It knows nothing of a second connection, of
 * back-off or of restarts; those are the peer's.
 *
 * Departures: a connection that could not be made leads to Active with the retry timer running, not to Idle; DelayOpen is not
 * there; a hold time of 0 takes effect in Established only, so that a silent peer cannot stay in OpenConfirm.
 */
import { type Address, after, earliest, type Instant, type Millis, millis, seconds } from '../base/index.ts';
import { describeNotification, MESSAGE_TYPE, type Notification, type Open } from '../wire/index.ts';
import { jittered, nextSeed } from './chance.ts';
import type { Settings } from './config.ts';
import type { Down, LinkName, Negotiated, PeerEffect, PeerEvent } from './event.ts';
import { negotiate } from './open.ts';

export type Phase = 'idle' | 'connect' | 'active' | 'openSent' | 'openConfirm' | 'established';

/** Deadlines. Entering a phase writes them; nobody stops a timer. */
export interface Due {
  /** Dial (again). */
  readonly retry: Instant | undefined;
  /** The peer has to be heard before this (RFC 4271 §6.5). */
  readonly hold: Instant | undefined;
  readonly keepalive: Instant | undefined;
  /** Bytes wait and have to leave before this (RFC 9687). */
  readonly sendHold: Instant | undefined;
}

export interface Session {
  readonly link: LinkName;
  readonly phase: Phase;
  /** When the phase began. */
  readonly since: Instant;
  readonly due: Due;
  readonly seed: number;
  readonly settings: Settings;
  readonly local: Address | undefined;
  readonly remote: Address | undefined;
  /** From OpenConfirm on. */
  readonly negotiated: Negotiated | undefined;
}

type LinkEvent = Extract<
  PeerEvent,
  {
    kind:
      | 'tcpDown'
      | 'open'
      | 'keepalive'
      | 'notification'
      | 'refresh'
      | 'update'
      | 'malformed'
      | 'sent'
      | 'blocked';
  }
>;

/** What happens to one connection; those of the peer's events that name a link come through as they are. */
export type SessionEvent =
  | LinkEvent
  | { readonly kind: 'start' }
  /** The peer ends it, with these last words. */
  | {
      readonly kind: 'stop';
      readonly notification: Notification;
      readonly by: Down['by'];
      readonly reason?: string;
    }
  | { readonly kind: 'tcpUp'; readonly local: Address; readonly remote: Address; readonly open: Open }
  | { readonly kind: 'due' };

export type SessionEffect =
  | Extract<PeerEffect, { do: 'connect' | 'close' | 'send' }>
  | { readonly do: 'established'; readonly negotiated: Negotiated }
  /** The connection is no more. `fault`: something was wrong, which back-off should answer. */
  | { readonly do: 'over'; readonly why: Down; readonly fault: boolean };

export type Step = readonly [Session, readonly SessionEffect[]];

type EventOf<K extends SessionEvent['kind']> = Extract<SessionEvent, { readonly kind: K }>;
type Row = {
  readonly [K in SessionEvent['kind']]?: (s: Session, event: EventOf<K>, now: Instant) => Step;
};

/**
 * RFC 4271 §8.2.2. A missing cell: where there is no connection, the event is about nothing and is passed over; where there is one, a message is
 * a Finite State Machine Error (RFC 6608), and anything else is passed over.
 */
export const TABLE: { readonly [P in Phase]: Row } = {
  idle: { start: dial },
  connect: { stop: giveUp, tcpUp: greet, tcpDown: wait, due: redial },
  active: { stop: giveUp, tcpUp: greet, due: dial },
  openSent: {
    stop: leave,
    tcpDown: lose,
    open: agree,
    notification: heed,
    malformed: object,
    due: tick,
  },
  openConfirm: {
    stop: leave,
    tcpDown: lose,
    keepalive: establish,
    notification: heed,
    malformed: object,
    due: tick,
  },
  established: {
    stop: leave,
    tcpDown: lose,
    keepalive: hear,
    update: hear,
    refresh: stay,
    notification: heed,
    malformed: object,
    sent: flow,
    blocked: stall,
    due: tick,
  },
};

export const NO_EFFECTS: readonly never[] = [];
const NEVER: Due = { retry: undefined, hold: undefined, keepalive: undefined, sendHold: undefined };
/** RFC 4271 §8.2.2: the "large value" of the hold timer while the peer's OPEN is awaited. */
const OPEN_HOLD = seconds(240);
/** RFC 9687 §5. */
const SEND_HOLD_LEAST = seconds(480);
const FSM_SUBCODE = { openSent: 1, openConfirm: 2, established: 3 } as const;
const MESSAGE_OF = {
  open: 'open',
  keepalive: 'keepalive',
  refresh: 'routeRefresh',
  update: 'update',
} as const;

/** A session that has not begun. `seed` is its own: its dice are not the peer's. */
export function newSession(link: LinkName, settings: Settings, seed: number, now: Instant): Session {
  return {
    link,
    phase: 'idle',
    since: now,
    due: NEVER,
    seed,
    settings,
    local: undefined,
    remote: undefined,
    negotiated: undefined,
  };
}

/** A session that waits for a connection: an accepted one, or its time to dial again, `again` from now. */
export function waiting(s: Session, again: Millis | undefined, now: Instant): Session {
  const retry = again === undefined ? undefined : after(now, jittered(again, s.seed));
  return enter(s, 'active', { ...NEVER, retry }, now);
}

/** What the event makes of the session. Never throws. */
export function step(s: Session, event: SessionEvent, now: Instant): Step {
  // The compiler cannot follow that the cell under an event's kind takes that event.
  const cell = TABLE[s.phase][event.kind] as
    | ((s: Session, event: SessionEvent, now: Instant) => Step)
    | undefined;
  return cell ? cell(s, event, now) : unexpected(s, event, now);
}

/** The earliest deadline. */
export function sessionDue({ due }: Session): Instant | undefined {
  return earliest(due.retry, due.hold, due.keepalive, due.sendHold);
}

function enter(s: Session, phase: Phase, due: Due, now: Instant): Session {
  return { ...s, phase, since: now, due, seed: nextSeed(s.seed) };
}

function stay(s: Session): Step {
  return [s, NO_EFFECTS];
}

function dial(s: Session, event: EventOf<'start' | 'due'>, now: Instant): Step {
  if (event.kind === 'due' && !reached(s.due.retry, now)) return stay(s);
  const retry = after(now, jittered(s.settings.connectRetry, s.seed));
  return [enter(s, 'connect', { ...NEVER, retry }, now), [{ do: 'connect' }]];
}

/** The attempt took longer than the retry time: give it up for a new one. */
function redial(s: Session, event: EventOf<'due'>, now: Instant): Step {
  if (!reached(s.due.retry, now)) return stay(s);
  const [next, effects] = dial(s, event, now);
  return [next, [{ do: 'close', link: s.link }, ...effects]];
}

function wait(s: Session, _: unknown, now: Instant): Step {
  return [waiting(s, s.settings.connectRetry, now), NO_EFFECTS];
}

function giveUp(s: Session, event: EventOf<'stop'>, now: Instant): Step {
  const why: Down = { by: event.by, reason: event.reason ?? 'stopped before there was a connection' };
  const over: SessionEffect = { do: 'over', why, fault: false };
  return [
    enter(s, 'idle', NEVER, now),
    s.phase === 'connect' ? [{ do: 'close', link: s.link }, over] : [over],
  ];
}

function greet(s: Session, { local, remote, open }: EventOf<'tcpUp'>, now: Instant): Step {
  const next = enter(s, 'openSent', { ...NEVER, hold: after(now, OPEN_HOLD) }, now);
  return [{ ...next, local, remote }, [{ do: 'send', link: s.link, message: open }]];
}

function agree(s: Session, { open }: EventOf<'open'>, now: Instant): Step {
  const result = judgeOpen(s, open);
  if ('kind' in result) return end(s, result, 'us', undefined, now);
  const length = result.holdTime > 0 ? seconds(result.holdTime) : OPEN_HOLD;
  const due: Due = { ...NEVER, hold: after(now, length), keepalive: nextKeepalive(s, result, now) };
  const next: Session = { ...enter(s, 'openConfirm', due, now), negotiated: result };
  return [next, [{ do: 'send', link: s.link, message: { kind: 'keepalive' } }]];
}

/** What an OPEN on this connection would lead to. */
export function judgeOpen(s: Session, open: Open): Negotiated | Notification {
  const unknown = '0.0.0.0' as Address;
  return negotiate(s.settings, open, { local: s.local ?? unknown, remote: s.remote ?? unknown });
}

function establish(s: Session, _: unknown, now: Instant): Step {
  const negotiated = s.negotiated as Negotiated;
  const due: Due = { ...s.due, hold: holdFrom(negotiated, now) };
  return [enter(s, 'established', due, now), [{ do: 'established', negotiated }]];
}

/** UPDATE or KEEPALIVE: the peer lives. The most frequent step of all. */
function hear(s: Session, _: unknown, now: Instant): Step {
  const hold = holdFrom(s.negotiated as Negotiated, now);
  if (hold === s.due.hold) return stay(s);
  return [{ ...s, due: { ...s.due, hold } }, NO_EFFECTS];
}

function flow(s: Session): Step {
  if (s.due.sendHold === undefined) return stay(s);
  return [{ ...s, due: { ...s.due, sendHold: undefined } }, NO_EFFECTS];
}

/** RFC 9687 §4: from the first byte that cannot leave; further ones do not put it off. Off with the hold timer. */
function stall(s: Session, _: unknown, now: Instant): Step {
  const length = sendHoldOf(s);
  if (s.due.sendHold !== undefined || length === 0) return stay(s);
  return [{ ...s, due: { ...s.due, sendHold: after(now, length) } }, NO_EFFECTS];
}

function tick(s: Session, _: unknown, now: Instant): Step {
  if (reached(s.due.sendHold, now)) {
    const reason = `nothing we sent has left for ${sendHoldOf(s) / 1000} s`;
    return end(s, { kind: 'notification', code: 8, subcode: 0, data: '' }, 'timer', reason, now);
  }
  if (reached(s.due.hold, now)) {
    const quiet = s.phase === 'openSent' ? OPEN_HOLD / 1000 : s.negotiated?.holdTime || OPEN_HOLD / 1000;
    const reason = `nothing was heard for ${quiet} s`;
    return end(s, { kind: 'notification', code: 4, subcode: 0, data: '' }, 'timer', reason, now);
  }
  if (!reached(s.due.keepalive, now)) return stay(s);
  const keepalive = nextKeepalive(s, s.negotiated as Negotiated, now);
  const next: Session = { ...s, due: { ...s.due, keepalive }, seed: nextSeed(s.seed) };
  return [next, [{ do: 'send', link: s.link, message: { kind: 'keepalive' } }]];
}

function leave(s: Session, { notification, by, reason }: EventOf<'stop'>, now: Instant): Step {
  return end(s, notification, by, reason, now, false);
}

function object(s: Session, { notification, why }: EventOf<'malformed'>, now: Instant): Step {
  return end(s, notification, 'us', why, now);
}

function lose(s: Session, { why }: EventOf<'tcpDown'>, now: Instant): Step {
  const down: Down = { by: 'transport', reason: `the connection ended: ${why}` };
  return [enter(s, 'idle', NEVER, now), [{ do: 'over', why: down, fault: s.phase === 'established' }]];
}

/** A refusal or a lost collision (RFC 4486 §4) is nobody's fault before the session stood. */
function heed(s: Session, { notification }: EventOf<'notification'>, now: Instant): Step {
  const reason = `peer said: ${describeNotification(notification)}`;
  const { code, subcode } = notification;
  const fault = s.phase === 'established' || code !== 6 || (subcode !== 5 && subcode !== 7);
  const over: SessionEffect = {
    do: 'over',
    why: { by: 'peer', reason, received: notification },
    fault,
  };
  return [enter(s, 'idle', NEVER, now), [{ do: 'close', link: s.link }, over]];
}

/** RFC 6608: the data is the type of the message. */
function unexpected(s: Session, event: SessionEvent, now: Instant): Step {
  const { phase } = s;
  if (phase === 'idle' || phase === 'connect' || phase === 'active') return stay(s);
  if (!(event.kind in MESSAGE_OF)) return stay(s);
  const type = MESSAGE_TYPE[MESSAGE_OF[event.kind as keyof typeof MESSAGE_OF]];
  const data = `0${type}`;
  const notification = { kind: 'notification', code: 5, subcode: FSM_SUBCODE[phase], data } as const;
  return end(s, notification, 'us', undefined, now);
}

/** Last words, then the end. */
function end(
  s: Session,
  sent: Notification,
  by: Down['by'],
  reason: string | undefined,
  now: Instant,
  fault = true,
): Step {
  const said = `we said: ${describeNotification(sent)}`;
  const why: Down = { by, reason: reason === undefined ? said : `${reason}; ${said}`, sent };
  return [
    enter(s, 'idle', NEVER, now),
    [
      { do: 'send', link: s.link, message: sent },
      { do: 'close', link: s.link },
      { do: 'over', why, fault },
    ],
  ];
}

function reached(deadline: Instant | undefined, now: Instant): boolean {
  return deadline !== undefined && deadline <= now;
}

function holdFrom({ holdTime }: Negotiated, now: Instant): Instant | undefined {
  return holdTime > 0 ? after(now, seconds(holdTime)) : undefined;
}

/** RFC 4271 §4.4: a third of the hold time. */
function nextKeepalive(s: Session, { holdTime }: Negotiated, now: Instant): Instant | undefined {
  return holdTime > 0 ? after(now, jittered(millis((holdTime * 1000) / 3), s.seed)) : undefined;
}

function sendHoldOf({ settings, negotiated }: Session): Millis {
  const hold = negotiated?.holdTime ?? 0;
  if (hold === 0) return millis(0);
  return settings.sendHoldTime ?? millis(Math.max(SEND_HOLD_LEAST, 2000 * hold));
}
