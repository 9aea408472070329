/**
 * What is concluded of one service: its probes together, and how quickly that may improve. Getting worse takes effect at
 * once; getting better waits for `min-stable` after a fall, and for the flap budget.
 */
import { after, between, earliest, type Instant, millis } from '../base/index.ts';
import type { Combine, FlapBudget, Probe, Service } from '../plan/index.ts';
import { answer, type ProbePhase, type ProbeResult, type ProbeState, silent, unknownProbe } from './probe.ts';

/** What the decision goes by. Ordered from worst to best, except `unknown`, which is before all judgement. */
export type Verdict = 'unknown' | 'down' | 'degraded' | 'up';

export interface VerdictState {
  readonly verdict: Verdict;
  /** Since when. */
  readonly since: Instant;
  readonly probes: { readonly [name: string]: ProbeState };
  /** What the probes say now is better than the verdict, since then. */
  readonly betterSince?: Instant;
  /** An improvement is held back until then, and why. */
  readonly held?: { readonly until: Instant; readonly why: 'min-stable' | 'flap budget' };
  /** The latest improvements, at most as many as the budget has. */
  readonly returns: readonly Instant[];
  /** Falls since the budget was used up; each doubles how long it has to be well. Forgotten after `flaps.per` without a fall. */
  readonly backOffs: number;
  /** What it was in the agent's last life, until something is known in this one: what comes back is a return. */
  readonly was?: Verdict;
  /** Why it is what it is, for people. */
  readonly reasons: readonly string[];
}

export type VerdictEvent =
  | { readonly kind: 'probe'; readonly probe: string; readonly result: ProbeResult }
  /** A deadline has passed. */
  | { readonly kind: 'due' };

export function startVerdict(service: Service, now: Instant): VerdictState {
  const probes = Object.entries(service.probes).map(
    ([name, probe]) => [name, unknownProbe(probe, now)] as const,
  );
  return judge(
    service,
    {
      verdict: 'unknown',
      since: now,
      probes: Object.fromEntries(probes),
      returns: [],
      backOffs: 0,
      reasons: [],
    },
    now,
  );
}

/** The verdict after an event. An answer of a probe that the plan does not have changes nothing. */
export function stepVerdict(
  service: Service,
  state: VerdictState,
  event: VerdictEvent,
  now: Instant,
): VerdictState {
  const probes: { [name: string]: ProbeState } = {};
  for (const [name, probe] of Object.entries(service.probes)) {
    const before = state.probes[name] ?? unknownProbe(probe, now);
    probes[name] =
      event.kind === 'probe' && event.probe === name
        ? answer(probe, before, event.result, service, now)
        : silent(probe, before, service, now);
  }
  return judge(service, { ...state, probes }, now);
}

/** The next instant at which something changes by itself. */
export function verdictDue(state: VerdictState): Instant | undefined {
  return earliest(state.held?.until, ...Object.values(state.probes).map((p) => p.due));
}

/** The five words of a service's way, for people: a verdict that is about to change says so. */
export function phaseOf(service: Service, state: VerdictState): ProbePhase {
  const { verdict } = state;
  if (verdict === 'up' || verdict === 'degraded')
    return holds(service, state.probes, ['up']) ? 'up' : 'falling';
  return state.held !== undefined || holds(service, state.probes, ['up', 'falling', 'rising'])
    ? 'rising'
    : verdict;
}

/** What the probes say at this moment, without patience. */
export function observe(
  service: Service,
  probes: VerdictState['probes'],
): { readonly verdict: Verdict; readonly reasons: readonly string[] } {
  const list = Object.entries(service.probes).map(([name, probe]) => ({
    name,
    probe,
    state: probes[name] as ProbeState,
  }));
  const said = (p: (typeof list)[number]) =>
    `probe ${p.name} fails${p.state.detail === undefined ? '' : `: ${p.state.detail}`}`;
  if (holds(service, probes, ['up', 'falling'])) {
    const { degraded } = service;
    const reasons = list.flatMap((p) => [
      ...(p.probe.onFailure === 'degraded' && p.state.phase === 'down' ? [said(p)] : []),
      ...(degraded.includes('slow') && p.state.slow.on ? [`probe ${p.name} is slow`] : []),
      ...(degraded.includes('warning') && p.state.warning.on ? [`probe ${p.name} warns`] : []),
      ...(degraded.includes('partial') && p.probe.onFailure === 'down' && p.state.phase === 'down'
        ? [said(p)]
        : []),
    ]);
    return reasons.length > 0 ? { verdict: 'degraded', reasons } : { verdict: 'up', reasons: [] };
  }
  const failed = list.filter((p) => p.state.judged && p.probe.onFailure === 'down' && p.state.phase !== 'up');
  // What is not judged yet may still turn out to be enough.
  const open = list.filter((p) => !p.state.judged && p.probe.onFailure === 'down').length;
  const counted = list.filter((p) => p.probe.onFailure === 'down');
  const good = counted.filter((p) => p.state.phase === 'up' || p.state.phase === 'falling').length;
  if (good + open >= needed(service.combine, counted.length))
    return { verdict: 'unknown', reasons: ['not enough answers yet'] };
  return { verdict: 'down', reasons: failed.map(said) };
}

/** True when the probes in one of these phases are enough. A service without probes is always good. */
function holds(service: Service, probes: VerdictState['probes'], phases: readonly ProbePhase[]): boolean {
  const counted = Object.entries(service.probes).filter(([, p]) => p.onFailure === 'down');
  const good = counted.filter(([name]) => phases.includes((probes[name] as ProbeState).phase)).length;
  return good >= needed(service.combine, counted.length);
}

function needed(combine: Combine, probes: number): number {
  if (combine.kind === 'all') return probes;
  return Math.min(probes, combine.kind === 'any' ? 1 : combine.count);
}

type Move = (
  service: Service,
  state: VerdictState,
  seen: ReturnType<typeof observe>,
  now: Instant,
) => VerdictState;

/** What the probes say now, by what was concluded before. */
export const VERDICT_TABLE: { readonly [V in Verdict]: { readonly [Seen in Verdict]: Move } } = {
  unknown: { unknown: stay, down: settle, degraded: begin, up: begin },
  down: { unknown: stay, down: stay, degraded: improve, up: improve },
  degraded: { unknown: stay, down: settle, degraded: stay, up: improve },
  up: { unknown: stay, down: settle, degraded: settle, up: stay },
};

function judge(service: Service, state: VerdictState, now: Instant): VerdictState {
  const seen = observe(service, state.probes);
  // Who stood for a whole window is believed as before.
  if (state.backOffs > 0 && isWell(state.verdict) && between(state.since, now) >= service.flaps.per)
    return judge(service, { ...state, backOffs: 0 }, now);
  return VERDICT_TABLE[state.verdict][seen.verdict](service, state, seen, now);
}

/** As before: whatever was on its way to being better is not, and counts as a fall where the budget made it wait. */
function stay(_: Service, state: VerdictState, seen: ReturnType<typeof observe>): VerdictState {
  const { held, betterSince, ...rest } = state;
  const relapsed = held?.why === 'flap budget' && seen.verdict !== 'unknown';
  return {
    ...rest,
    backOffs: relapsed ? oneMore(state.backOffs) : state.backOffs,
    reasons: seen.verdict === state.verdict ? seen.reasons : state.reasons,
  };
}

/** The first verdict, where it is a good one: a restart of the agent is no way round what holds a service back. */
function begin(
  service: Service,
  state: VerdictState,
  seen: ReturnType<typeof observe>,
  now: Instant,
): VerdictState {
  const { was, ...rest } = state;
  const better = was === 'down' || (was === 'degraded' && seen.verdict === 'up');
  if (!better) return settle(service, rest, seen, now);
  return improve(service, { ...rest, verdict: was, reasons: [`${was} before the agent started`] }, seen, now);
}

/** The new verdict at once: the first one, or a worse one. */
function settle(
  service: Service,
  state: VerdictState,
  seen: ReturnType<typeof observe>,
  now: Instant,
): VerdictState {
  const { held, betterSince, was, ...rest } = state;
  const { flaps } = service;
  // A fall is counted once, however many steps it takes: it begins at the top, or where a return led to.
  const fell = state.verdict === 'up' || state.since === state.returns.at(-1) || held?.why === 'flap budget';
  const spent = state.backOffs > 0 || recentReturns(flaps, state, now).length >= flaps.count;
  return {
    ...rest,
    verdict: seen.verdict,
    since: now,
    backOffs: fell && spent ? oneMore(state.backOffs) : state.backOffs,
    reasons: seen.reasons,
  };
}

/** Better, when it has been better long enough and the budget allows; otherwise held, with the instant to look again. */
function improve(
  service: Service,
  state: VerdictState,
  seen: ReturnType<typeof observe>,
  now: Instant,
): VerdictState {
  const { held, ...rest } = state;
  const betterSince = state.betterSince ?? firstGood(service, state, now);
  const stable = after(betterSince, service.minStable);
  if (now < stable) return { ...rest, betterSince, held: { until: stable, why: 'min-stable' } };
  const { flaps } = service;
  const recent = recentReturns(flaps, state, now);
  const until = budgetAllows(flaps, recent, state.backOffs, betterSince);
  if (now < until) return { ...rest, betterSince, held: { until, why: 'flap budget' } };
  const { betterSince: _, ...settled } = rest;
  return {
    ...settled,
    verdict: seen.verdict,
    since: now,
    returns: [...recent, now].slice(-flaps.count),
    reasons: seen.reasons,
  };
}

function isWell(verdict: Verdict): boolean {
  return verdict === 'up' || verdict === 'degraded';
}

function recentReturns(flaps: FlapBudget, { returns }: VerdictState, now: Instant): readonly Instant[] {
  return returns.filter((at) => between(at, now) < flaps.per);
}

/** Doubling more often than this is longer than any wait that a plan may name. */
function oneMore(backOffs: number): number {
  return Math.min(backOffs + 1, 30);
}

/** When the answers that make it better began: the latest turn among the probes that carry it, and of what was remarked of them. */
function firstGood(service: Service, state: VerdictState, now: Instant): Instant {
  const turns = Object.entries(service.probes)
    .map(([name]) => state.probes[name] as ProbeState)
    .filter((p) => p.phase === 'up' || p.phase === 'falling')
    .flatMap((p) => [
      p.since,
      ...(['slow', 'warning'] as const).flatMap((by) =>
        service.degraded.includes(by) ? (p[by].since ?? []) : [],
      ),
    ]);
  const latest = Math.max(state.since, ...turns) as Instant;
  return latest < now ? latest : now;
}

/** When the next improvement may be: once the oldest of a full budget is out of the window, and it was well for the back-off. */
function budgetAllows(
  flaps: FlapBudget,
  recent: readonly Instant[],
  backOffs: number,
  betterSince: Instant,
): Instant {
  const oldest = recent[recent.length - flaps.count];
  const wait = backOffs === 0 ? 0 : Math.min(flaps.longest, flaps.backOff * 2 ** (backOffs - 1));
  return Math.max(
    oldest === undefined ? betterSince : after(oldest, flaps.per),
    after(betterSince, millis(wait)),
  ) as Instant;
}

/** The same history under a changed plan: probes that stay keep what is believed of them, new ones are unknown. */
export function reconfigureVerdict(service: Service, state: VerdictState, now: Instant): VerdictState {
  const probes = Object.fromEntries(
    Object.entries(service.probes).map(([name, probe]: [string, Probe]) => [
      name,
      state.probes[name] ?? unknownProbe(probe, now),
    ]),
  );
  return judge(service, { ...state, probes, returns: state.returns.slice(-service.flaps.count) }, now);
}

/** The start of another life of the agent: no probe is believed any more, and what holds the service back is remembered. */
export function resumeVerdict(
  service: Service,
  saved: VerdictState,
  moved: (at: Instant) => Instant,
  now: Instant,
): VerdictState {
  const was = saved.verdict === 'unknown' ? saved.was : saved.verdict;
  const stood = isWell(saved.verdict) && between(moved(saved.since), now) >= service.flaps.per;
  return {
    ...startVerdict(service, now),
    returns: saved.returns.map(moved).slice(-service.flaps.count),
    backOffs: stood ? 0 : saved.backOffs,
    ...(was === undefined ? {} : { was }),
  };
}
