/**
 * Leaving on purpose, and coming back: each step waits for evidence or a deadline, and each can be turned round.
 *
 * in → lessPreferred → empty → withdrawn → out → returning → in
 *
 * `empty` waits for the guard's ticket and nothing else. Graceful restart has no part in it: sessions that end on the way
 * out end with a hard reset (RFC 8538), so that neighbours forget at once.
 */
import { after, between, type Instant } from '../base/index.ts';
import type { Drain } from '../plan/index.ts';

export type DrainPhase = 'in' | 'lessPreferred' | 'empty' | 'withdrawn' | 'out' | 'returning';

export interface DrainState {
  readonly phase: DrainPhase;
  /** Since when. */
  readonly since: Instant;
  /** When the phase ends by itself. */
  readonly due?: Instant;
  /** Who asked for the state it is in or on its way to, and why. */
  readonly order?: Order;
  /** Traffic has been below the plan's limits since then. */
  readonly quietSince?: Instant;
  /** The latest evidence. */
  readonly seen?: Evidence;
  /** What an operator should know of how it went: `not empty: 12 sessions`. */
  readonly remarks: readonly string[];
}

export interface Order {
  readonly owner: string;
  readonly reason: string;
}

/** What is measured: own session census, byte counters, outside views that still show the route here. Absent: not measured. */
export interface Evidence {
  readonly sessions?: number;
  /** Bits per second. */
  readonly traffic?: number;
  readonly views?: number;
}

export type DrainEvent =
  | { readonly kind: 'drain'; readonly order: Order }
  | { readonly kind: 'undrain'; readonly order: Order }
  | { readonly kind: 'evidence'; readonly evidence: Evidence }
  /** The guard lets the site leave now. */
  | { readonly kind: 'ticket' }
  /** The service is down: there is nothing left to wait for. */
  | { readonly kind: 'down' }
  /** Time has passed. */
  | { readonly kind: 'due' };

type Kind = DrainEvent['kind'];
type Move = (state: DrainState, event: DrainEvent, plan: Drain, now: Instant) => DrainState;

/** The whole machine: what each event makes of each phase. */
export const DRAIN_TABLE: { readonly [P in DrainPhase]: { readonly [K in Kind]: Move } } = {
  in: { drain: preferLess, undrain: stay, evidence: stay, ticket: stay, down: stay, due: stay },
  lessPreferred: {
    drain: reorder,
    undrain: abort,
    evidence: judgeQuiet,
    ticket: stay,
    down: skip,
    due: overdue,
  },
  empty: { drain: reorder, undrain: abort, evidence: look, ticket: withdraw, down: stay, due: stay },
  withdrawn: {
    drain: reorder,
    undrain: comeBack,
    evidence: judgeGone,
    ticket: stay,
    down: stay,
    due: giveUpWaiting,
  },
  out: { drain: reorder, undrain: comeBack, evidence: look, ticket: stay, down: stay, due: stay },
  returning: { drain: preferLess, undrain: reorder, evidence: look, ticket: stay, down: stay, due: arrive },
};

export function startDrain(now: Instant): DrainState {
  return { phase: 'in', since: now, remarks: [] };
}

/** The state after an event. `due` before its time changes nothing. */
export function stepDrain(state: DrainState, event: DrainEvent, plan: Drain, now: Instant): DrainState {
  if (event.kind === 'due' && (state.due === undefined || now < state.due)) return state;
  return DRAIN_TABLE[state.phase][event.kind](state, event, plan, now);
}

function stay(state: DrainState): DrainState {
  return state;
}

function enter(
  state: DrainState,
  phase: DrainPhase,
  now: Instant,
  due?: Instant,
  remark?: string,
): DrainState {
  const { order, seen, remarks } = state;
  return {
    phase,
    since: now,
    ...(due === undefined ? {} : { due }),
    ...(order === undefined ? {} : { order }),
    ...(seen === undefined ? {} : { seen }),
    remarks: remark === undefined ? remarks : [...remarks, remark].slice(-10),
  };
}

function ordered(state: DrainState, event: DrainEvent): DrainState {
  return 'order' in event ? { ...state, order: event.order } : state;
}

/** The same wish again, perhaps by somebody else or for another reason. */
function reorder(state: DrainState, event: DrainEvent): DrainState {
  return ordered(state, event);
}

function preferLess(state: DrainState, event: DrainEvent, plan: Drain, now: Instant): DrainState {
  const { seen: _, ...fresh } = ordered({ ...state, remarks: [] }, event);
  return enter(fresh, 'lessPreferred', now, after(now, plan.deadline));
}

/** Turned round before anything was withdrawn: nobody has to be won back, and nothing of it needs to be known afterwards. */
function abort(state: DrainState, event: DrainEvent, _: Drain, now: Instant): DrainState {
  return enter(ordered({ ...state, remarks: [] }, event), 'in', now);
}

function look(state: DrainState, event: DrainEvent): DrainState {
  return event.kind === 'evidence' ? { ...state, seen: event.evidence } : state;
}

/** Empty when all that is measured has been below its limit for long enough, by evidence at both ends of that time. */
function judgeQuiet(state: DrainState, event: DrainEvent, plan: Drain, now: Instant): DrainState {
  if (event.kind !== 'evidence') return state;
  const { sessions, traffic } = event.evidence;
  const measured = sessions !== undefined || traffic !== undefined;
  const quiet = measured && (sessions ?? 0) <= plan.empty.sessions && (traffic ?? 0) <= plan.empty.traffic;
  const { quietSince: before, ...rest } = state;
  if (!quiet) return { ...rest, seen: event.evidence };
  const quietSince = before ?? now;
  const next = { ...rest, seen: event.evidence, quietSince };
  const settled = between(state.since, now) >= plan.settle;
  return settled && between(quietSince, now) >= plan.empty.for ? enter(next, 'empty', now) : next;
}

/** Not empty in time: what then happens was declared beforehand. */
function overdue(state: DrainState, _: DrainEvent, plan: Drain, now: Instant): DrainState {
  const { sessions, traffic } = state.seen ?? {};
  const left = [
    ...(sessions === undefined ? [] : [`${sessions} sessions`]),
    ...(traffic === undefined ? [] : [`${traffic} bit/s`]),
  ];
  const remark =
    left.length > 0 ? `not empty in time: ${left.join(', ')} left` : 'nothing was measured in time';
  if (plan.atDeadline === 'abort') return enter(state, 'in', now, undefined, remark);
  if (plan.atDeadline === 'withdraw') return enter(state, 'empty', now, undefined, remark);
  const { due: _due, ...rest } = state;
  return { ...rest, remarks: [...state.remarks, remark].slice(-10) };
}

function skip(state: DrainState, _: DrainEvent, __: Drain, now: Instant): DrainState {
  return enter(state, 'empty', now, undefined, 'the service went down on the way');
}

function withdraw(state: DrainState, _: DrainEvent, plan: Drain, now: Instant): DrainState {
  // What was seen of sessions says nothing about who still has the route.
  const { seen: _seen, ...rest } = state;
  return enter(rest, 'withdrawn', now, after(now, plan.gone));
}

function judgeGone(state: DrainState, event: DrainEvent, _: Drain, now: Instant): DrainState {
  if (event.kind !== 'evidence') return state;
  const next = { ...state, seen: event.evidence };
  return event.evidence.views === 0 ? enter(next, 'out', now) : next;
}

/** The route is stuck somewhere, or nobody looked; either way we are out and say so. */
function giveUpWaiting(state: DrainState, _: DrainEvent, __: Drain, now: Instant): DrainState {
  const views = state.seen?.views;
  return enter(
    state,
    'out',
    now,
    undefined,
    views === undefined ? 'nobody outside looked' : `${views} outside views still show the route`,
  );
}

function comeBack(state: DrainState, event: DrainEvent, plan: Drain, now: Instant): DrainState {
  return enter(ordered({ ...state, remarks: [] }, event), 'returning', now, after(now, plan.return));
}

function arrive(state: DrainState, _: DrainEvent, __: Drain, now: Instant): DrainState {
  return enter(state, 'in', now);
}
