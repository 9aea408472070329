/**
 * What is believed of one probe: its answers come one at a time, and only a row of equal ones changes the belief.
 */
import { after, type Instant, type Millis, millis } from '../base/index.ts';
import type { Probe } from '../plan/index.ts';

export type ProbePhase = 'unknown' | 'rising' | 'up' | 'falling' | 'down';

/** One answer. `dead` is a failure that leaves no doubt, such as a refused connection or a process that ended: it counts at once. */
export interface ProbeResult {
  readonly outcome: 'good' | 'bad' | 'dead';
  /** How long it took. */
  readonly took?: Millis;
  /** A good answer that came with a warning. */
  readonly warning?: true;
  /** What was seen, for people: `connection refused`. */
  readonly detail?: string;
}

export interface ProbeState {
  readonly phase: ProbePhase;
  /** It has been up or down before; until then, rising is no more than unknown. */
  readonly judged: boolean;
  /** Equal answers in a row that may change the phase. */
  readonly streak: number;
  /** When the answers turned to what they are now. */
  readonly since: Instant;
  /** An answer is expected by then; silence counts as a failure. */
  readonly due: Instant;
  readonly slow: Warned;
  readonly warning: Warned;
  /** The last answer's detail. */
  readonly detail?: string;
}

/** A remark that comes and goes as slowly as the phase does. */
export interface Warned {
  readonly on: boolean;
  readonly streak: number;
  /** When it came or went; absent while it never has. */
  readonly since?: Instant;
}

/** How many equal answers change the belief. */
export interface Patience {
  readonly rise: number;
  readonly fall: number;
}

const OFF: Warned = { on: false, streak: 0 };

export function unknownProbe(probe: Probe, now: Instant): ProbeState {
  return {
    phase: 'unknown',
    judged: false,
    streak: 0,
    since: now,
    due: silence(probe, now),
    slow: OFF,
    warning: OFF,
  };
}

interface Next {
  readonly phase: ProbePhase;
  readonly streak: number;
}
type Cell = (streak: number, patience: Patience, judged: boolean) => Next;

/** What each answer makes of each phase. */
export const PROBE_TABLE: { readonly [P in ProbePhase]: { readonly [O in ProbeResult['outcome']]: Cell } } = {
  unknown: { good: climb, bad: doubt, dead: drop },
  rising: { good: climb, bad: slip, dead: drop },
  up: { good: rest, bad: sink, dead: drop },
  falling: { good: rest, bad: sink, dead: drop },
  down: { good: climb, bad: drop, dead: drop },
};

/** Another good answer on the way up; unknown and down begin at one. */
function climb(streak: number, { rise }: Patience): Next {
  const next = Math.max(0, streak) + 1;
  return next >= rise ? rest() : { phase: 'rising', streak: next };
}

/** Not judged yet, and failing: the streak counts downwards until it is a fall. */
function doubt(streak: number, { fall }: Patience): Next {
  const next = Math.min(0, streak) - 1;
  return -next >= fall ? drop() : { phase: 'unknown', streak: next };
}

/** A failure on the way up: the way begins anew, from where it began. */
function slip(_: number, patience: Patience, judged: boolean): Next {
  return judged ? drop() : doubt(0, patience);
}

function rest(): Next {
  return { phase: 'up', streak: 0 };
}

function sink(streak: number, { fall }: Patience): Next {
  return streak + 1 >= fall ? drop() : { phase: 'falling', streak: streak + 1 };
}

function drop(): Next {
  return { phase: 'down', streak: 0 };
}

/** The belief after one answer. */
export function answer(
  probe: Probe,
  state: ProbeState,
  result: ProbeResult,
  patience: Patience,
  now: Instant,
): ProbeState {
  const next = PROBE_TABLE[state.phase][result.outcome](state.streak, patience, state.judged);
  const good = result.outcome === 'good';
  const wasGood = state.phase === 'up' || state.phase === 'rising';
  const { detail: _, ...rest } = state;
  return {
    ...rest,
    ...next,
    judged: state.judged || next.phase === 'up' || next.phase === 'down',
    since: state.phase === 'unknown' || good !== wasGood ? now : state.since,
    due: silence(probe, now),
    slow: good
      ? remark(state.slow, probe.slow !== undefined && (result.took ?? 0) > probe.slow, patience, now)
      : state.slow,
    warning: good ? remark(state.warning, result.warning === true, patience, now) : state.warning,
    ...(result.detail === undefined ? {} : { detail: result.detail.slice(0, 200) }),
  };
}

/** The belief when no answer came in time: whoever runs the probe is stuck, and that is no reason to believe in health. */
export function silent(probe: Probe, state: ProbeState, patience: Patience, now: Instant): ProbeState {
  return now < state.due
    ? state
    : answer(probe, state, { outcome: 'bad', detail: 'no answer from the prober' }, patience, now);
}

/** How soon the probe is asked again: sooner while a failure is being confirmed. */
export function pace(probe: Probe, state: ProbeState): Millis {
  return state.phase === 'falling' || (state.phase === 'unknown' && state.streak < 0)
    ? probe.fast
    : probe.every;
}

function remark(was: Warned, is: boolean, { rise, fall }: Patience, now: Instant): Warned {
  if (was.on === is) return { ...was, streak: 0 };
  const streak = was.streak + 1;
  return streak >= (is ? fall : rise) ? { on: is, streak: 0, since: now } : { ...was, streak };
}

/** Two intervals and a timeout without an answer is silence. */
function silence(probe: Probe, now: Instant): Instant {
  return after(now, millis(2 * probe.every + probe.timeout + 1000));
}
