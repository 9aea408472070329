/**
 * One peer: up to two connections and the collision rule (RFC 4271 §6.8), the operator's will, back-off, and what BFD, prefix
 * limits and restarts ask for. Plain data and a function: `stepPeer(peer, event, now) → [peer, effects]`.
 */
import { after, earliest, type Instant, type Millis, millis, never } from '../base/index.ts';
import { CEASE, cease, type Family, familyCode, hardReset, type Notification } from '../wire/index.ts';
import { jittered, nextSeed } from './chance.ts';
import { further, outgoingLoses } from './collision.ts';
import { type PeerConfig, type Settings, settingsOf } from './config.ts';
import type { Down, LinkName, Negotiated, PeerEffect, PeerEvent } from './event.ts';
import { backAgain, forgotten, goneAway, retained, type Stale, staleFor } from './graceful.ts';
import { ourOpen } from './open.ts';
import { afterRefresh, type Refreshing, refreshed } from './refresh.ts';
import {
  judgeOpen,
  NO_EFFECTS,
  newSession,
  type Session,
  type SessionEvent,
  sessionDue,
  step,
  waiting,
} from './session.ts';

/** Why nothing is tried at the moment. */
export interface Wait {
  readonly for: 'backoff' | 'prefixLimit' | 'bfd';
  readonly from: Instant;
  /** Undefined: until something happens. */
  readonly until: Instant | undefined;
}

/** All of it is plain JSON. */
export interface PeerState {
  readonly settings: Settings;
  readonly admin: 'up' | 'down';
  readonly wait: Wait | undefined;
  readonly bfd: 'up' | 'down' | 'unknown';
  readonly outgoing: Session | undefined;
  readonly incoming: Session | undefined;
  /** Sessions in a row that failed before they were stable. */
  readonly failures: number;
  /** How often in a row the peer has refused our connection (Cease / Connection Rejected). */
  readonly refusals: number;
  readonly seed: number;
  /** Until when our OPEN says that we have restarted (RFC 4724 §4.1). */
  readonly restartingUntil: Instant | undefined;
  /** Families for which our OPEN says that forwarding never stopped. */
  readonly forwarding: readonly Family[];
  /** Routes the peer left behind (RFC 4724 §4.2). */
  readonly stale: Stale | undefined;
  readonly refreshing: readonly Refreshing[];
  /** Families of this session whose End-of-RIB has come. */
  readonly ended: readonly Family[];
  /** When the phase shown to people began. */
  readonly since: Instant | undefined;
  /** How often the session was established. */
  readonly ups: number;
  readonly lastUp: Instant | undefined;
  readonly lastDown: Down | undefined;
  readonly lastDownAt: Instant | undefined;
  /** What came of the last attempt that led to nothing, or the end of the last session. */
  readonly lastError: string | undefined;
}

export type PeerStep = readonly [PeerState, readonly PeerEffect[]];

/** What an accepted connection from the peer should get; see {@link welcome}. */
export type Welcome = 'take' | 'replace' | Notification;

/** How long a session has to have stood before a new connection is taken for a restart and not for a collision. */
const RESTART_AGE = 5000;
const CODE_CEASE = 6;
/** Doublings beyond this change nothing. */
const FAILURES_MOST = 30;
/** RFC 8538 §4: ends after which routes are worth nothing. */
const HARD: readonly number[] = [CEASE.maxPrefixes, CEASE.shutdown, CEASE.deconfigured, CEASE.bfdDown];

/** A peer that has not been started. */
export function newPeer(config: PeerConfig): PeerState {
  const settings = settingsOf(config);
  return {
    settings,
    admin: 'down',
    wait: undefined,
    bfd: 'unknown',
    outgoing: undefined,
    incoming: undefined,
    failures: 0,
    refusals: 0,
    seed: settings.seed,
    restartingUntil: undefined,
    forwarding: [],
    stale: undefined,
    refreshing: [],
    ended: [],
    since: undefined,
    ups: 0,
    lastUp: undefined,
    lastDown: undefined,
    lastDownAt: undefined,
    lastError: undefined,
  };
}

/** When `due` has to be fed at the latest. */
export function peerDue(p: PeerState): Instant | undefined {
  let first = p.wait?.until;
  if (p.stale) first = earliest(first, p.stale.until);
  if (p.outgoing) first = earliest(first, sessionDue(p.outgoing));
  if (p.incoming) first = earliest(first, sessionDue(p.incoming));
  for (const { until } of p.refreshing) first = earliest(first, until);
  return first;
}

/** The connection over which routes flow. */
export function establishedLink(p: PeerState): LinkName | undefined {
  if (p.outgoing?.phase === 'established') return 'outgoing';
  return p.incoming?.phase === 'established' ? 'incoming' : undefined;
}

/**
 * What to do with a connection from the peer that was accepted and not yet told of: `take` it (feed `tcpUp`); `replace`, the same, where
 * it stands in for one that is dead: an `incoming` one that is there is to be thrown away first; or send it this NOTIFICATION and close it.
 */
export function welcome(p: PeerState, now: Instant): Welcome {
  if (p.admin === 'down' || (p.wait && !acceptsWhileWaiting(p, p.wait, now))) return cease(CEASE.rejected);
  const link = establishedLink(p);
  if (!link) return p.incoming ? 'replace' : 'take';
  const { negotiated, since } = p[link] as Session;
  const restarts = negotiated?.gracefulRestart !== undefined && now - since >= RESTART_AGE;
  return restarts ? 'replace' : cease(CEASE.collision);
}

/**
 * A peer that ended the first session itself, or whose connection broke, may come back at once: it has restarted. Otherwise it is let in
 * when half of the time is over, so that two sides that both back off meet.
 */
function acceptsWhileWaiting(p: PeerState, wait: Wait, now: Instant): boolean {
  if (wait.for !== 'backoff' || wait.until === undefined) return false;
  const by = p.lastDownAt === wait.from ? p.lastDown?.by : undefined;
  if (p.failures <= 1 && (by === 'peer' || by === 'transport')) return true;
  return now - wait.from >= (wait.until - wait.from) / 2;
}

/** What the event makes of the peer. Never throws, for any event at any time. */
export function stepPeer(p: PeerState, event: PeerEvent, now: Instant): PeerStep {
  switch (event.kind) {
    case 'update':
    case 'keepalive':
    case 'sent':
    case 'blocked':
    case 'notification':
    case 'malformed':
    case 'tcpDown':
      return hand(p, event.link, event, now);
    default:
      return happen(p, event, now);
  }
}

/** Hands an event to the session of a link. Steps without effects, nearly all there are, take the short way. */
function hand(p: PeerState, link: LinkName, event: SessionEvent, now: Instant): PeerStep {
  const session = p[link];
  if (!session) return [p, NO_EFFECTS];
  const [next, effects] = step(session, event, now);
  if (effects.length === 0 && next.phase === session.phase)
    return [next === session ? p : put(p, link, next), NO_EFFECTS];
  const fx: PeerEffect[] = [];
  return [shown(p, follow(p, link, event, now, fx), now), fx];
}

function happen(
  p: PeerState,
  event: Exclude<
    PeerEvent,
    { kind: 'update' | 'keepalive' | 'sent' | 'blocked' | 'notification' | 'malformed' | 'tcpDown' }
  >,
  now: Instant,
): PeerStep {
  const fx: PeerEffect[] = [];
  let q: PeerState;
  switch (event.kind) {
    case 'start':
      q = start(p, event, now, fx);
      break;
    case 'stop':
      q = stop(p, event, now, fx);
      break;
    case 'tcpUp':
      q = event.link === 'incoming' ? arrive(p, event, now, fx) : reach(p, event, now, fx);
      break;
    case 'open':
      q = open(p, event, now, fx);
      break;
    case 'refresh':
      q = refresh(p, event, now, fx);
      break;
    case 'endOfRib':
      q = endOfRib(p, event, fx);
      break;
    case 'prefixLimit':
      q = prefixLimit(p, event, now, fx);
      break;
    case 'bfdDown':
      q = bfdDown(p, now, fx);
      break;
    case 'bfdUp':
      q = bfdUp(p, now, fx);
      break;
    case 'due':
      q = due(p, now, fx);
      break;
    default:
      never(event);
  }
  return [q === p ? p : shown(p, q, now), fx.length === 0 ? NO_EFFECTS : fx];
}

// ── the operator ────────────────────────────────────────────────────────────────────────────────────────────────

type EventOf<K extends PeerEvent['kind']> = Extract<PeerEvent, { readonly kind: K }>;

/** Also ends a wait that is not BFD's: whoever says `start` does not want to hear of back-off. */
function start(p: PeerState, event: EventOf<'start'>, now: Instant, fx: PeerEffect[]): PeerState {
  const { gracefulRestart: gr, bfd } = p.settings;
  const restarting = event.restarting && gr && !gr.helperOnly && p.ups === 0;
  const wait: Wait | undefined =
    bfd === 'strict' && p.bfd !== 'up' ? { for: 'bfd', from: now, until: undefined } : undefined;
  if (p.admin === 'up') return establishedLink(p) ? p : settle({ ...p, wait, failures: 0 }, now, fx);
  return settle(
    {
      ...p,
      admin: 'up',
      failures: 0,
      wait,
      restartingUntil: restarting ? after(now, gr.restartTime) : undefined,
      forwarding: event.forwarding ?? [],
    },
    now,
    fx,
  );
}

function stop(p: PeerState, event: EventOf<'stop'>, now: Instant, fx: PeerEffect[]): PeerState {
  if (p.admin === 'down') return p.stale ? dropStale(p, 'the peer was stopped', fx) : p;
  const said = cease(event.subcode & 0xff, event.text);
  let q: PeerState = { ...p, admin: 'down', wait: undefined, failures: 0, refusals: 0 };
  const kept = q.stale;
  for (const link of ['outgoing', 'incoming'] as const)
    q = quit(q, link, said, 'us', undefined, now, fx, event.hard);
  // What an earlier restart left goes; what this very end leaves stays for its time (RFC 8538 §4).
  if (q.stale && q.stale === kept) q = dropStale(q, 'the peer was stopped', fx);
  return { ...q, restartingUntil: undefined, forwarding: [] };
}

// ── connections ─────────────────────────────────────────────────────────────────────────────────────────────────

/** The connection that we asked for. One that nobody asked for is closed; one where a session is, is passed over. */
function reach(p: PeerState, event: EventOf<'tcpUp'>, now: Instant, fx: PeerEffect[]): PeerState {
  if (p.outgoing?.phase === 'connect') return greet(p, event, now, fx);
  if (!p.outgoing || p.outgoing.phase === 'active') fx.push({ do: 'close', link: 'outgoing' });
  return p;
}

/** The peer's connection. One that stands in the way and has the same name is dead: it was thrown away to make room. */
function arrive(p: PeerState, event: EventOf<'tcpUp'>, now: Instant, fx: PeerEffect[]): PeerState {
  let q = p;
  if (q.incoming) q = replaced(q, 'incoming', now, fx);
  const verdict = welcome(q, now);
  if (verdict === 'replace') {
    fx.push({ do: 'close', link: 'outgoing' });
    q = replaced(q, 'outgoing', now, fx);
  } else if (verdict !== 'take') {
    fx.push({ do: 'send', link: 'incoming', message: verdict }, { do: 'close', link: 'incoming' });
    return q;
  }
  // RFC 4271 §8.2.2, Active: the connection is here, so there is nothing to dial for.
  if (q.outgoing?.phase === 'active') q = { ...q, outgoing: undefined };
  q = { ...q, wait: undefined, seed: nextSeed(q.seed) };
  const session = waiting(newSession('incoming', q.settings, q.seed, now), undefined, now);
  return greet({ ...q, incoming: session }, event, now, fx);
}

function greet(p: PeerState, event: EventOf<'tcpUp'>, now: Instant, fx: PeerEffect[]): PeerState {
  const restarting = p.restartingUntil !== undefined && now < p.restartingUntil;
  const message = ourOpen(p.settings, { restarting, forwarding: p.forwarding });
  const { link, local, remote } = event;
  return follow(p, link, { kind: 'tcpUp', local, remote, open: message }, now, fx);
}

/** RFC 4724 §4.2: a new connection says that the old one has ended. */
function replaced(p: PeerState, link: LinkName, now: Instant, fx: PeerEffect[]): PeerState {
  const { phase, negotiated } = p[link] as Session;
  const q = put(p, link, undefined);
  if (phase !== 'established') return q;
  return down(
    q,
    negotiated as Negotiated,
    { by: 'transport', reason: 'the peer opened a new connection' },
    now,
    fx,
  );
}

/** RFC 4271 §6.8: with an OPEN in hand and the other connection in OpenConfirm, one of them has to go. */
function open(p: PeerState, event: EventOf<'open'>, now: Instant, fx: PeerEffect[]): PeerState {
  const { link } = event;
  const [session, other] = [p[link], p[otherOf(link)]];
  if (session?.phase !== 'openSent' || other?.phase !== 'openConfirm') return follow(p, link, event, now, fx);
  const judged = judgeOpen(session, event.open);
  if ('kind' in judged) return follow(p, link, event, now, fx);
  const loser = outgoingLoses(p.settings, judged) ? 'outgoing' : 'incoming';
  const q = quit(p, loser, cease(CEASE.collision), 'us', 'two connections met', now, fx);
  return loser === link ? q : follow(q, link, event, now, fx);
}

/** Steps the session of a link and does what its effects say. */
function follow(
  p: PeerState,
  link: LinkName,
  event: SessionEvent,
  now: Instant,
  fx: PeerEffect[],
): PeerState {
  const before = p[link];
  if (!before) return p;
  const [next, effects] = step(before, event, now);
  let q = next === before ? p : put(p, link, next);
  // A connection that could not be made; the session itself goes on trying.
  if (event.kind === 'tcpDown' && next.phase === 'active') {
    q = { ...q, lastError: `cannot connect: ${event.why}` };
    if (q.incoming) q = { ...q, outgoing: undefined };
  }
  for (const effect of effects) {
    if (effect.do === 'established') q = up(q, link, effect.negotiated, now, fx);
    else if (effect.do === 'over') q = over(q, link, before, effect.why, effect.fault, now, fx);
    else fx.push(effect);
  }
  return q;
}

/** Ends the session of a link with last words, whatever phase it is in, and plans nothing. */
function quit(
  p: PeerState,
  link: LinkName,
  said: Notification,
  by: Down['by'],
  reason: string | undefined,
  now: Instant,
  fx: PeerEffect[],
  hard = HARD.includes(said.subcode),
): PeerState {
  const session = p[link];
  if (!session) return p;
  // RFC 8538 §3.1: only who has agreed to keep routes after a NOTIFICATION has to be told not to.
  const keeps = session.phase === 'established' && session.negotiated?.gracefulRestart?.notification;
  const notification = hard && keeps ? hardReset(said) : said;
  const stopped = { kind: 'stop', notification, by, ...(reason === undefined ? {} : { reason }) } as const;
  let q = put(p, link, undefined);
  for (const effect of step(session, stopped, now)[1]) {
    if (effect.do === 'over') {
      if (session.phase === 'established') q = down(q, session.negotiated as Negotiated, effect.why, now, fx);
    } else if (effect.do !== 'established') fx.push(effect);
  }
  return q;
}

/** A session ended by itself: what was established goes down, and what comes next is planned. */
function over(
  p: PeerState,
  link: LinkName,
  before: Session,
  why: Down,
  fault: boolean,
  now: Instant,
  fx: PeerEffect[],
): PeerState {
  let q: PeerState = { ...put(p, link, undefined), lastError: why.reason };
  if (before.phase === 'established') q = down(q, before.negotiated as Negotiated, why, now, fx);
  if (q[otherOf(link)]) return q;
  if (fault) return holdOff(q, now);
  // Nobody's fault: the usual time between attempts (RFC 4271 §8.2.2, OpenSent to Active).
  if (q.settings.passive) return q;
  const refused = why.received?.code === CODE_CEASE && why.received.subcode === CEASE.rejected;
  const refusals = refused ? Math.min(FAILURES_MOST, q.refusals + 1) : 0;
  q = { ...q, refusals, seed: nextSeed(q.seed) };
  return { ...q, outgoing: waiting(newSession('outgoing', q.settings, q.seed, now), retryOf(q), now) };
}

/** A peer that refuses us may only be waiting for a moment itself: it is asked again soon, and then less and less often. */
function retryOf({ settings, refusals }: PeerState): Millis {
  const { connectRetry, backoff } = settings;
  return refusals === 0
    ? connectRetry
    : millis(Math.min(connectRetry, backoff.initial * 2 ** (refusals - 1)));
}

/** RFC 4271 §8.1.1, DampPeerOscillations. */
function holdOff(p: PeerState, now: Instant): PeerState {
  const { initial, most } = p.settings.backoff;
  const failures = Math.min(FAILURES_MOST, p.failures + 1);
  const length: Millis = millis(Math.min(most, initial * 2 ** (failures - 1)));
  const until = after(now, jittered(length, p.seed));
  return { ...p, failures, seed: nextSeed(p.seed), wait: { for: 'backoff', from: now, until } };
}

/** Dials if there is reason to. */
function settle(p: PeerState, now: Instant, fx: PeerEffect[]): PeerState {
  const idle = !p.outgoing || p.outgoing.phase === 'active';
  if (p.admin === 'down' || p.wait || !idle || p.incoming || p.settings.passive) return p;
  const q = { ...p, seed: nextSeed(p.seed) };
  const session = newSession('outgoing', q.settings, q.seed, now);
  return follow({ ...q, outgoing: session }, 'outgoing', { kind: 'start' }, now, fx);
}

// ── up and down ─────────────────────────────────────────────────────────────────────────────────────────────────

function up(p: PeerState, link: LinkName, negotiated: Negotiated, now: Instant, fx: PeerEffect[]): PeerState {
  let q = quit(p, otherOf(link), cease(CEASE.collision), 'us', 'the other connection was first', now, fx);
  fx.push({ do: 'up', link, negotiated });
  const gr = q.settings.gracefulRestart;
  q = {
    ...q,
    ups: q.ups + 1,
    refusals: 0,
    lastUp: now,
    wait: undefined,
    restartingUntil: undefined,
    ended: [],
    refreshing: [],
  };
  if (gr && !gr.helperOnly) q = { ...q, forwarding: gr.families };
  if (!q.stale) return q;
  const [stale, gone] = backAgain(q.stale, negotiated, gr?.staleTime ?? millis(0), now);
  if (gone.length > 0)
    fx.push({ do: 'flush', families: gone, why: 'the peer is back and did not keep forwarding' });
  return { ...q, stale };
}

function down(p: PeerState, negotiated: Negotiated, why: Down, now: Instant, fx: PeerEffect[]): PeerState {
  let q = p.stale ? dropStale(p, 'the session ended again before the peer had sent everything', fx) : p;
  const retain = retained(negotiated, why);
  fx.push({ do: 'down', why, retain });
  const stable = q.lastUp !== undefined && now - q.lastUp >= q.settings.backoff.stable;
  q = { ...q, lastDown: why, lastDownAt: now, lastError: why.reason, ended: [], refreshing: [] };
  if (stable) q = { ...q, failures: 0 };
  if (retain.length === 0) return q;
  return { ...q, stale: goneAway(retain, negotiated, q.settings, now) };
}

function dropStale(p: PeerState, why: string, fx: PeerEffect[]): PeerState {
  if (p.stale) fx.push({ do: 'flush', families: p.stale.families, why });
  return { ...p, stale: undefined };
}

// ── what the RIB and BFD say ────────────────────────────────────────────────────────────────────────────────────

function endOfRib(p: PeerState, event: EventOf<'endOfRib'>, fx: PeerEffect[]): PeerState {
  const { link, family } = event;
  if (establishedLink(p) !== link || !p[link]?.negotiated?.families.includes(family)) return p;
  const ended = p.ended.includes(family) ? p.ended : [...p.ended, family];
  if (!staleFor(p.stale, family)) return ended === p.ended ? p : { ...p, ended };
  fx.push({ do: 'flush', families: [family], why: 'the peer has sent everything again (End-of-RIB)' });
  return { ...p, ended, stale: forgotten(p.stale, family) };
}

function refresh(p: PeerState, event: EventOf<'refresh'>, now: Instant, fx: PeerEffect[]): PeerState {
  if (establishedLink(p) !== event.link) return follow(p, event.link, event, now, fx);
  const negotiated = p[event.link]?.negotiated as Negotiated;
  const until = after(now, p.settings.refreshStaleTime);
  const refreshing = refreshed(p.refreshing, event.refresh, negotiated, p.ended, until, fx);
  return refreshing === p.refreshing ? p : { ...p, refreshing };
}

/** RFC 4486 §4: the data is the family and the limit. */
function prefixLimit(p: PeerState, event: EventOf<'prefixLimit'>, now: Instant, fx: PeerEffect[]): PeerState {
  const link = establishedLink(p);
  if (!link) return p;
  const { afi, safi } = familyCode(event.family);
  const limit = Math.min(0xffff_ffff, Math.max(0, Math.floor(event.limit)));
  const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0');
  const said: Notification = {
    ...cease(CEASE.maxPrefixes),
    data: hex(afi, 4) + hex(safi, 2) + hex(limit, 8),
  };
  const reason = `the peer sent more than ${limit} prefixes of ${event.family}`;
  const q = quit(p, link, said, 'us', reason, now, fx);
  const again = q.settings.prefixLimitRestart;
  const until = again === undefined ? undefined : after(now, again);
  return { ...q, wait: { for: 'prefixLimit', from: now, until } };
}

function bfdDown(p: PeerState, now: Instant, fx: PeerEffect[]): PeerState {
  if (p.settings.bfd === 'off' || p.bfd === 'down') return p;
  const strict = p.settings.bfd === 'strict';
  const wasUp = establishedLink(p) !== undefined;
  let q: PeerState = { ...p, bfd: 'down' };
  for (const link of ['outgoing', 'incoming'] as const)
    if (strict || q[link]?.phase === 'established')
      q = quit(q, link, cease(CEASE.bfdDown), 'bfd', 'BFD lost the path', now, fx);
  if (q.admin === 'down' || (q.wait && q.wait.for !== 'backoff')) return q;
  if (strict) return { ...q, wait: { for: 'bfd', from: now, until: undefined } };
  return wasUp ? holdOff(q, now) : q;
}

function bfdUp(p: PeerState, now: Instant, fx: PeerEffect[]): PeerState {
  if (p.settings.bfd === 'off' || p.bfd === 'up') return p;
  const q: PeerState = { ...p, bfd: 'up' };
  return q.wait?.for === 'bfd' ? settle({ ...q, wait: undefined }, now, fx) : q;
}

// ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Everything whose time has come. Too early is fine: nothing happens. */
function due(p: PeerState, now: Instant, fx: PeerEffect[]): PeerState {
  let q = p;
  for (const link of ['outgoing', 'incoming'] as const) {
    const at = q[link] && sessionDue(q[link]);
    if (at !== undefined && at <= now) q = follow(q, link, { kind: 'due' }, now, fx);
  }
  if (q.wait?.until !== undefined && q.wait.until <= now)
    q = settle(ready({ ...q, wait: undefined }, now), now, fx);
  if (q.stale && q.stale.until <= now)
    q = dropStale(
      q,
      q.stale.back ? 'the peer sent no End-of-RIB in time' : 'the peer did not come back in time',
      fx,
    );
  const refreshing = afterRefresh(q.refreshing, now, fx);
  return refreshing === q.refreshing ? q : { ...q, refreshing };
}

/** After any other wait, strict BFD still has to be up. */
function ready(p: PeerState, now: Instant): PeerState {
  if (p.settings.bfd !== 'strict' || p.bfd === 'up') return p;
  return { ...p, wait: { for: 'bfd', from: now, until: undefined } };
}

// ── small things ────────────────────────────────────────────────────────────────────────────────────────────────

function put(p: PeerState, link: LinkName, session: Session | undefined): PeerState {
  return link === 'outgoing' ? { ...p, outgoing: session } : { ...p, incoming: session };
}

function otherOf(link: LinkName): LinkName {
  return link === 'outgoing' ? 'incoming' : 'outgoing';
}

/** The phase of whichever connection has come further. */
export function phaseOf(p: PeerState): Session['phase'] {
  const [a, b] = [p.outgoing?.phase ?? 'idle', p.incoming?.phase ?? 'idle'];
  const phase = further(a, b);
  return phase === 'idle' && p.admin === 'up' && !p.wait ? 'active' : phase;
}

function shown(before: PeerState, p: PeerState, now: Instant): PeerState {
  return phaseOf(before) === phaseOf(p) && p.since !== undefined ? p : { ...p, since: now };
}
