/**
 * One BFD session in asynchronous mode (RFC 5880 §6.8) as a value and a function. Deadlines are part of the state and
 * follow from what was last sent and heard; randomness comes from a seed in the state. Nothing here throws on events.
 */
import { after, assert, earliest, type Instant, type Millis, Random } from '../base/index.ts';
import {
  type BfdState,
  type ControlPacket,
  DIAGNOSTIC,
  type Discard,
  diagnosticText,
  discard,
  encode,
} from './packet.ts';
import {
  detectionTime,
  fromUs,
  type Intervals,
  jittered,
  type Remote,
  SLOW_US,
  toUs,
  transmitInterval,
} from './timing.ts';

/** What an operator may choose. */
export interface BfdTimers {
  /** The shortest time between packets that we want to send; 1 ms to 4 294 967 ms. */
  readonly desiredMinTx: Millis;
  /** The shortest time between packets that we can take; the same bounds. 0, "send me nothing", is not offered: silence detects nothing. */
  readonly requiredMinRx: Millis;
  /** Missing packets after which the neighbour gives us up; 1 to 255. */
  readonly detectMult: number;
}

export interface BfdConfig extends BfdTimers {
  /** Not 0, and unlike that of any other session of this system (RFC 5880 §6.3). */
  readonly localDiscriminator: number;
  /** Says nothing before the neighbour has spoken (RFC 5880 §6.1). */
  readonly passive?: boolean;
  /** The source of the jitter. */
  readonly seed: number;
}

/** Plain data. Names of RFC 5880 §6.8.1 are given where they differ. */
export interface BfdSession {
  readonly state: BfdState;
  /** bfd.LocalDiag. */
  readonly diagnostic: number;
  readonly localDiscriminator: number;
  readonly passive: boolean;
  readonly detectMult: number;
  /** What the operator wants while the session is Up. */
  readonly wanted: Intervals;
  /** What our packets say: bfd.DesiredMinTxInterval and bfd.RequiredMinRxInterval. */
  readonly said: Intervals;
  /** What our timers use: differs from `said` while a poll sequence has not ended (RFC 5880 §6.8.3). */
  readonly used: Intervals;
  /**
   * `polling`: packets carry P until one with F comes. `settling`: it came; a new sequence begins no sooner than a packet
   * without F has come, so that nobody can confuse the answers (RFC 5880 §6.8.3, third choice).
   */
  readonly poll: 'none' | 'polling' | 'settling';
  /** Absent while bfd.RemoteDiscr is 0: not heard yet, or not for a detection time. */
  readonly remote?: Remote;
  readonly heardAt?: Instant;
  readonly sentAt?: Instant;
  /** Where in the range of the jitter the next packet falls, in [0, 1). */
  readonly chance: number;
  readonly seed: number;
  readonly due: { readonly send?: Instant; readonly detect?: Instant };
}

export type BfdEvent =
  /** Leave AdminDown (RFC 5880 §6.8.16). */
  | { readonly kind: 'start' }
  /** Enter AdminDown. The neighbour is told for as long as it is heard. */
  | { readonly kind: 'stop' }
  /** Other timers. Those that {@link bfdComplaint} refuses change nothing. */
  | { readonly kind: 'change'; readonly timers: BfdTimers }
  /** The system knows by other means that nothing is forwarded: a lost interface, a reset (RFC 5880 §6.8.15). */
  | { readonly kind: 'fail'; readonly by: 'forwardingReset' | 'pathDown' }
  /** A packet that `decode` accepted and that was found to be this session's (RFC 5880 §6.3). */
  | { readonly kind: 'packet'; readonly packet: ControlPacket }
  /** The instant of {@link bfdDue} has come. */
  | { readonly kind: 'due' };

export type BfdEffect =
  | { readonly do: 'send'; readonly bytes: Uint8Array }
  | {
      readonly do: 'state';
      readonly state: BfdState;
      readonly diagnostic: number;
      /**
       * The path was Up and is lost. False when either side only stopped looking (AdminDown): clients take no action then
       * (RFC 5882 §3.2).
       */
      readonly failed: boolean;
      /** One sentence in the operator's words. */
      readonly reason: string;
    }
  /** A packet that does not count (RFC 5880 §6.8.6). */
  | { readonly do: 'discard'; readonly discard: Discard };

export type BfdStep = readonly [BfdSession, readonly BfdEffect[]];

const LONGEST_US = 0xffff_ffff;

/** What is wrong with timers, as a sentence; undefined when nothing is. */
export function bfdComplaint(t: BfdTimers): string | undefined {
  for (const [name, value] of [
    ['desired transmit interval', t.desiredMinTx],
    ['required receive interval', t.requiredMinRx],
  ] as const) {
    if (!(value >= 1 && toUs(value) <= LONGEST_US))
      return `BFD's ${name} is ${value} ms; allowed are 1 ms to 4294967 ms`;
  }
  return Number.isInteger(t.detectMult) && t.detectMult >= 1 && t.detectMult <= 255
    ? undefined
    : `BFD's multiplier is ${t.detectMult}; allowed are 1 to 255`;
}

/** A session that is silent and AdminDown until `start`. Asserts that the timers and the discriminator are allowed. */
export function newBfd(config: BfdConfig): BfdSession {
  const complaint = bfdComplaint(config);
  assert(complaint === undefined, complaint ?? '');
  const { localDiscriminator } = config;
  assert(
    localDiscriminator > 0 && localDiscriminator === localDiscriminator >>> 0,
    'a discriminator is not 0',
  );
  const wanted = intervals(config);
  const slow = slowed(wanted);
  return {
    state: 'adminDown',
    diagnostic: DIAGNOSTIC.none,
    localDiscriminator,
    passive: config.passive ?? false,
    detectMult: config.detectMult,
    wanted,
    said: slow,
    used: slow,
    poll: 'none',
    chance: 0,
    seed: config.seed >>> 0,
    due: {},
  };
}

/** When to hand in `due`; undefined while there is nothing to wait for. May lie in the past: then at once. */
export function bfdDue(s: BfdSession): Instant | undefined {
  return earliest(s.due.send, s.due.detect);
}

/** One event. The session that comes back replaces the old one; effects are to be done in their order. */
export function stepBfd(s: BfdSession, event: BfdEvent, now: Instant): BfdStep {
  switch (event.kind) {
    case 'start':
      return settle(s, s.state === 'adminDown' ? start(s) : s, now, 'started');
    case 'stop':
      return settle(s, s.state === 'adminDown' ? s : stop(s), now, 'stopped by the operator');
    case 'change':
      return settle(s, change(s, event.timers), now, '');
    case 'fail':
      return settle(s, fail(s, DIAGNOSTIC[event.by]), now, diagnosticText(DIAGNOSTIC[event.by]));
    case 'packet':
      return hear(s, event.packet, now);
    case 'due': {
      const silent = s.due.detect !== undefined && now >= s.due.detect;
      const reason = silent ? `nothing heard for ${detectionMs(s)} ms (${diagnosticText(1)})` : '';
      return settle(s, silent ? forget(s) : s, now, reason, 'due');
    }
  }
}

// ── the states ──────────────────────────────────────────────────────────────────────────────────────────────────────

type Move = (s: BfdSession) => BfdSession;

/** RFC 5880 §6.8.6: our state, and what to do on a packet that says the neighbour's. */
export const TABLE: { readonly [S in BfdState]: { readonly [Heard in BfdState]: Move } } = {
  adminDown: { adminDown: stay, down: stay, init: stay, up: stay },
  down: { adminDown: stay, down: toInit, init: toUp, up: stay },
  init: { adminDown: toDown, down: stay, init: toUp, up: toUp },
  up: { adminDown: toDown, down: toDown, init: stay, up: stay },
};

function stay(s: BfdSession): BfdSession {
  return s;
}

/** The diagnostic stays, so that the neighbour can read why the last session fell. */
function toInit(s: BfdSession): BfdSession {
  return { ...s, state: 'init' };
}

function toUp(s: BfdSession): BfdSession {
  return { ...s, state: 'up', diagnostic: DIAGNOSTIC.none };
}

function toDown(s: BfdSession): BfdSession {
  return { ...s, state: 'down', diagnostic: DIAGNOSTIC.neighborDown };
}

function start(s: BfdSession): BfdSession {
  return { ...s, state: 'down', diagnostic: DIAGNOSTIC.none };
}

function stop(s: BfdSession): BfdSession {
  return { ...s, state: 'adminDown', diagnostic: DIAGNOSTIC.adminDown };
}

function fail(s: BfdSession, diagnostic: number): BfdSession {
  return s.state === 'init' || s.state === 'up' ? { ...s, state: 'down', diagnostic } : s;
}

function change(s: BfdSession, timers: BfdTimers): BfdSession {
  if (bfdComplaint(timers) !== undefined) return s;
  return { ...s, wanted: intervals(timers), detectMult: timers.detectMult };
}

/** A detection time has passed in silence: the session falls (RFC 5880 §6.8.4) and the neighbour is unknown again (§6.8.1). */
function forget(s: BfdSession): BfdSession {
  const { remote: _, heardAt: __, ...rest } = fail(s, DIAGNOSTIC.detectionExpired);
  return { ...rest, poll: 'none' };
}

// ── packets ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** RFC 5880 §6.8.6, from the check of Your Discriminator on. */
function hear(s: BfdSession, p: ControlPacket, now: Instant): BfdStep {
  if (p.yourDiscriminator !== 0 && p.yourDiscriminator !== s.localDiscriminator)
    return refuse(s, discard('session', `your discriminator ${p.yourDiscriminator} is no session's`));
  if (p.authentication)
    return refuse(
      s,
      discard('authentication', 'the packet is authenticated, and no authentication is in use'),
    );
  const heard: BfdSession = {
    ...s,
    heardAt: now,
    poll: answered(s.poll, p.final),
    remote: {
      discriminator: p.myDiscriminator,
      state: p.state,
      diagnostic: p.diagnostic,
      detectMult: p.detectMult,
      demand: p.demand,
      desiredMinTxUs: p.desiredMinTxUs,
      requiredMinRxUs: p.requiredMinRxUs,
    },
  };
  const reason =
    p.state === 'adminDown'
      ? 'the neighbour stopped BFD (AdminDown)'
      : `the neighbour says ${p.state} (${diagnosticText(p.diagnostic)})`;
  // An AdminDown session takes note of packets, and answers none of them.
  const answer = p.poll && s.state !== 'adminDown' ? 'final' : undefined;
  return settle(s, TABLE[s.state][p.state](heard), now, reason, answer);
}

function refuse(s: BfdSession, why: Discard): BfdStep {
  return [s, [{ do: 'discard', discard: why }]];
}

function answered(poll: BfdSession['poll'], final: boolean): BfdSession['poll'] {
  if (poll === 'polling' && final) return 'settling';
  return poll === 'settling' && !final ? 'none' : poll;
}

// ── after every event ───────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Completes a step: negotiates timers, sends what has to be sent, and sets the deadlines. `cause` says why a packet may be
 * owed: its time has come, or a Poll wants its Final.
 */
function settle(
  before: BfdSession,
  moved: BfdSession,
  now: Instant,
  reason: string,
  cause?: 'due' | 'final',
): BfdStep {
  let s = negotiate(before, moved);
  const effects: BfdEffect[] = [];
  if (s.state !== before.state) {
    const stopped = s.state === 'adminDown' || s.remote?.state === 'adminDown';
    const failed = before.state === 'up' && !stopped;
    effects.push({ do: 'state', state: s.state, diagnostic: s.diagnostic, failed, reason });
  }
  if (cause === 'final') effects.push({ do: 'send', bytes: encode(packetOf(s, 'final')) });
  else if ((cause === 'due' && isDue(before, now)) || isNews(before, s)) {
    if (maySpeak(before, s)) {
      effects.push({ do: 'send', bytes: encode(packetOf(s, s.poll === 'polling' ? 'poll' : undefined)) });
      const random = new Random(s.seed);
      s = { ...s, sentAt: now, chance: random.unit(), seed: random.u32() };
    }
  }
  return [{ ...s, due: deadlines(s, now) }, effects];
}

/**
 * RFC 5880 §6.8.3. A change is told at once and begins a poll sequence, one at a time. While Up, what would make packets
 * rarer than the neighbour expects, or our patience shorter than the neighbour's packets, waits for its Final; all else
 * takes effect at once. A neighbour that is not known cannot be polled.
 */
function negotiate(before: BfdSession, s: BfdSession): BfdSession {
  const up = s.state === 'up';
  const waits = up && before.state === 'up' && s.poll !== 'none';
  const said = waits ? s.said : up ? s.wanted : slowed(s.wanted);
  const changed = !same(said, s.said);
  const poll = changed && s.remote ? 'polling' : s.poll;
  const used: Intervals =
    up && poll === 'polling'
      ? {
          desiredMinTxUs: Math.min(s.used.desiredMinTxUs, said.desiredMinTxUs),
          requiredMinRxUs: Math.max(s.used.requiredMinRxUs, said.requiredMinRxUs),
        }
      : said;
  return { ...s, said, used, poll };
}

/** Whether the next packet differs from the last in more than P and F: then it does not wait for its turn (RFC 5880 §6.8.7). */
function isNews(before: BfdSession, s: BfdSession): boolean {
  return (
    s.state !== before.state ||
    s.diagnostic !== before.diagnostic ||
    s.detectMult !== before.detectMult ||
    s.remote?.discriminator !== before.remote?.discriminator ||
    !same(s.said, before.said)
  );
}

/** Who waits for the neighbour, or has told all it will of its end, does not speak to nobody. */
function maySpeak(before: BfdSession, s: BfdSession): boolean {
  return s.remote !== undefined || (!s.passive && (s.state !== 'adminDown' || before.state !== 'adminDown'));
}

function isDue(s: BfdSession, now: Instant): boolean {
  return s.due.send !== undefined && now >= s.due.send;
}

function deadlines(s: BfdSession, now: Instant): BfdSession['due'] {
  const { remote, heardAt } = s;
  const interval = transmitInterval(s.used, remote);
  return {
    ...(speaksPeriodically(s)
      ? { send: s.sentAt === undefined ? now : after(s.sentAt, jittered(interval, s.detectMult, s.chance)) }
      : {}),
    ...(remote && heardAt !== undefined ? { detect: after(heardAt, fromUs(detectionUs(s, remote))) } : {}),
  };
}

/** The exceptions of RFC 5880 §6.8.7, and the end of AdminDown: it is told until the neighbour has fallen silent (§6.8.16). */
function speaksPeriodically(s: BfdSession): boolean {
  if (!s.remote) return s.state !== 'adminDown' && !s.passive;
  if (s.remote.requiredMinRxUs === 0) return false;
  const demanded = s.remote.demand && s.state === 'up' && s.remote.state === 'up';
  return !demanded || s.poll === 'polling';
}

function packetOf(s: BfdSession, bit?: 'poll' | 'final'): ControlPacket {
  return {
    diagnostic: s.diagnostic,
    state: s.state,
    poll: bit === 'poll',
    final: bit === 'final',
    controlPlaneIndependent: false,
    demand: false,
    detectMult: s.detectMult,
    myDiscriminator: s.localDiscriminator,
    yourDiscriminator: s.remote?.discriminator ?? 0,
    ...s.said,
    requiredMinEchoRxUs: 0,
  };
}

function detectionUs(s: BfdSession, remote: Remote): number {
  const { multiplier, intervalUs } = detectionTime(s.used, remote);
  return multiplier * intervalUs;
}

function detectionMs(s: BfdSession): number {
  return s.remote ? fromUs(detectionUs(s, s.remote)) : 0;
}

function intervals(t: BfdTimers): Intervals {
  return { desiredMinTxUs: toUs(t.desiredMinTx), requiredMinRxUs: toUs(t.requiredMinRx) };
}

function slowed(wanted: Intervals): Intervals {
  return { ...wanted, desiredMinTxUs: Math.max(wanted.desiredMinTxUs, SLOW_US) };
}

function same(a: Intervals, b: Intervals): boolean {
  return a.desiredMinTxUs === b.desiredMinTxUs && a.requiredMinRxUs === b.requiredMinRxUs;
}
