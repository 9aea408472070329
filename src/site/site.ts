/**
 * One site's judgement, whole: verdicts of its services, its tickets, its drain, and the decision that follows, scope by
 * scope. A value and a function; whoever runs it hands in what happened and carries out what comes out.
 */
import { between, earliest, type Instant, type Millis, millis } from '../base/index.ts';
import { type Plan, sitesOf } from '../plan/index.ts';
import { type Announcement, announcementOf } from './announcement.ts';
import { type Decision, decide, type Level, mayLeave } from './decision.ts';
import {
  type DrainEvent,
  type DrainState,
  type Evidence,
  type Order,
  startDrain,
  stepDrain,
} from './drain.ts';
import {
  type HolderState,
  hear,
  holderDue,
  report,
  startHolder,
  type TicketView,
  ticketView,
  wait,
} from './holder.ts';
import type { ProbeResult } from './probe.ts';
import { type Scope, scopes } from './scope.ts';
import type { Answer, Need, Report } from './ticket.ts';
import {
  phaseOf,
  reconfigureVerdict,
  startVerdict,
  stepVerdict,
  type Verdict,
  type VerdictState,
  verdictDue,
} from './verdict.ts';

/** What a site has to look after: its part of a plan, worked out once. */
export interface Duties {
  readonly plan: Plan;
  readonly site: string;
  /** Scopes that the site announces. */
  readonly scopes: readonly Scope[];
  /** Services that it runs. */
  readonly services: readonly string[];
}

export interface SiteState {
  readonly services: { readonly [service: string]: VerdictState };
  /** By scope; none when the plan names no controller. */
  readonly holders: { readonly [scope: string]: HolderState };
  readonly drain: DrainState;
  /** Nothing that is announced changes until then. */
  readonly frozen?: Order & { readonly until?: Instant };
  readonly stopping: boolean;
  readonly decided: { readonly [scope: string]: Decided };
  /** Measured towards the scopes' addresses, bits per second. */
  readonly load: { readonly [scope: string]: number };
}

export interface Decided {
  readonly level: Level;
  /** From the decision back to what it rests on. */
  readonly why: readonly string[];
  readonly since: Instant;
  /** It is out by a ticket that was used. */
  readonly left: boolean;
  /** How often that has happened. */
  readonly leaves: number;
}

export type SiteEvent =
  | { readonly kind: 'probe'; readonly service: string; readonly probe: string; readonly result: ProbeResult }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'drain' | 'undrain' | 'thaw'; readonly order: Order }
  | { readonly kind: 'freeze'; readonly order: Order; readonly until?: Instant }
  | { readonly kind: 'evidence'; readonly evidence: Evidence }
  | { readonly kind: 'load'; readonly scope: string; readonly load: number }
  /** A clean stop: withdraw first. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'due' };

export type SiteEffect =
  /** The level of a scope has changed: bring the sessions in line with `announcement`. */
  | {
      readonly do: 'announce';
      readonly scope: string;
      readonly level: Level;
      readonly was: Level;
      readonly why: readonly string[];
    }
  | { readonly do: 'report'; readonly report: Report }
  /** For log and audit: something of the judgement changed. */
  | {
      readonly do: 'note';
      readonly about: string;
      readonly from: string;
      readonly to: string;
      readonly why: readonly string[];
    }
  /** An order that cannot be followed now. */
  | { readonly do: 'refuse'; readonly why: string };

export type SiteStep = readonly [SiteState, readonly SiteEffect[]];

/** The duties of a site; undefined when the plan has no such site. */
export function dutiesOf(plan: Plan, site: string): Duties | undefined {
  if (!Object.hasOwn(plan.sites, site)) return undefined;
  return {
    plan,
    site,
    scopes: scopes(plan).filter((scope) => scope.sites.includes(site)),
    services: Object.entries(plan.services).flatMap(([name, s]) =>
      sitesOf(plan, s).includes(site) ? [name] : [],
    ),
  };
}

/** A site that has just started: nothing is known, nothing is announced. `boot` is larger than at any earlier start. */
export function startSite(duties: Duties, boot: number, now: Instant): SiteState {
  const { plan } = duties;
  const of = <T>(names: readonly string[], make: (name: string) => T) =>
    Object.fromEntries(names.map((n) => [n, make(n)]));
  const names = duties.scopes.map((s) => s.name);
  return {
    services: of(duties.services, (name) => startVerdict(plan.services[name]!, now)),
    holders: plan.controller === undefined ? {} : of(names, () => startHolder(boot, now)),
    drain: startDrain(now),
    stopping: false,
    decided: of(names, () => ({
      level: 'pending' as const,
      why: ['just started'],
      since: now,
      left: false,
      leaves: 0,
    })),
    load: {},
  };
}

/** The next instant at which `step` has to be called with `due`, if nothing happens before. */
export function siteDue(duties: Duties, state: SiteState, now: Instant): Instant | undefined {
  return earliest(
    ...Object.values(state.services).map(verdictDue),
    ...Object.values(state.holders).map((h) => holderDue(h, duties.plan.guard, now)),
    // A frozen drain stands still.
    state.frozen ? state.frozen.until : state.drain.due,
  );
}

/** What follows from an event. Never throws; an event about something the site does not have changes nothing but time. */
export function stepSite(duties: Duties, before: SiteState, event: SiteEvent, now: Instant): SiteStep {
  const effects: SiteEffect[] = [];
  let state = passTime(duties, before, event, now);
  state = takeIn(duties, state, event, now, effects);
  state = advanceDrain(duties, state, now);
  state = decideAll(duties, state, now, effects);
  state = reportAll(duties, state, now, effects);
  return [state, [...notes(duties, before, state), ...effects]];
}

/** What the upstreams are to hear now. */
export function announcement(duties: Duties, state: SiteState): Announcement {
  return announcementOf(duties.plan, duties.site, state.decided, duties.scopes);
}

/** Services and tickets move on with every event, whatever it is. */
function passTime(duties: Duties, state: SiteState, event: SiteEvent, now: Instant): SiteState {
  const services: { [name: string]: VerdictState } = {};
  for (const name of duties.services) {
    const service = duties.plan.services[name]!;
    const own = event.kind === 'probe' && event.service === name;
    const happened = own
      ? ({ kind: 'probe', probe: event.probe, result: event.result } as const)
      : ({ kind: 'due' } as const);
    services[name] = stepVerdict(service, state.services[name] ?? startVerdict(service, now), happened, now);
  }
  const holders = Object.fromEntries(
    Object.entries(state.holders).map(([n, h]) => [n, wait(h, duties.plan.guard, now)]),
  );
  const { frozen, ...rest } = state;
  const thawed = frozen?.until !== undefined && now >= frozen.until;
  return { ...rest, services, holders, ...(frozen === undefined || thawed ? {} : { frozen }) };
}

function takeIn(
  duties: Duties,
  state: SiteState,
  event: SiteEvent,
  now: Instant,
  effects: SiteEffect[],
): SiteState {
  switch (event.kind) {
    case 'answer': {
      const holder = state.holders[event.answer.scope];
      if (!holder || event.answer.site !== duties.site) return state;
      return {
        ...state,
        holders: {
          ...state.holders,
          [event.answer.scope]: hear(holder, event.answer, duties.plan.guard, now),
        },
      };
    }
    case 'drain':
    case 'undrain':
      if (state.frozen) {
        effects.push({ do: 'refuse', why: `frozen by ${state.frozen.owner}: ${state.frozen.reason}` });
        return state;
      }
      return drainStep(duties, state, { kind: event.kind, order: event.order }, now);
    case 'freeze':
      return {
        ...state,
        frozen: { ...event.order, ...(event.until === undefined ? {} : { until: event.until }) },
      };
    case 'thaw': {
      const { frozen: _, ...thawed } = state;
      return thawed;
    }
    case 'evidence':
      return state.frozen ? state : drainStep(duties, state, event, now);
    case 'load':
      return duties.scopes.some((s) => s.name === event.scope) && event.load >= 0
        ? { ...state, load: { ...state.load, [event.scope]: event.load } }
        : state;
    case 'stop':
      return { ...state, stopping: true };
    case 'probe':
    case 'due':
      return state;
  }
}

function drainStep(duties: Duties, state: SiteState, event: DrainEvent, now: Instant): SiteState {
  return { ...state, drain: stepDrain(state.drain, event, duties.plan.drain, now) };
}

/** Deadlines of the drain, and the two things it waits for that the site itself knows. */
function advanceDrain(duties: Duties, before: SiteState, now: Instant): SiteState {
  if (before.frozen) return before;
  let state = drainStep(duties, before, { kind: 'due' }, now);
  const down =
    duties.scopes.length > 0 &&
    duties.scopes.every((scope) => verdictOf(duties, state, scope).verdict === 'down');
  if (down) state = drainStep(duties, state, { kind: 'down' }, now);
  const free = duties.scopes.every((scope) => mayLeave(guardView(duties, state, scope, now).ticket));
  return free ? drainStep(duties, state, { kind: 'ticket' }, now) : state;
}

/** The verdict on a scope: the worst of its services here that count. A scope without services is up as soon as the agent is. */
export function verdictOf(
  duties: Duties,
  state: Pick<SiteState, 'services'>,
  scope: Scope,
): { readonly verdict: Verdict; readonly why: readonly string[] } {
  const order: readonly Verdict[] = ['down', 'unknown', 'degraded', 'up'];
  let worst: { readonly verdict: Verdict; readonly why: readonly string[] } = {
    verdict: 'up',
    why: scope.services.length === 0 ? ['no service is named for it'] : [],
  };
  for (const name of scope.services) {
    const own = state.services[name];
    const service = duties.plan.services[name]!;
    if (own === undefined || service.whenDown === 'ignore') continue;
    const verdict =
      own.verdict === 'down' && service.whenDown === 'less-preferred' ? 'degraded' : own.verdict;
    if (order.indexOf(verdict) < order.indexOf(worst.verdict))
      worst = { verdict, why: [`${name} is ${own.verdict}`, ...own.reasons] };
  }
  return worst;
}

/** What the guard says to leaving: a fault that all sites share is no reason to, and a ticket that was used still holds. */
function guardView(
  duties: Duties,
  state: SiteState,
  scope: Scope,
  now: Instant,
): { readonly ticket: TicketView; readonly why: readonly string[] } {
  const holder = state.holders[scope.name];
  if (holder === undefined) return { ticket: 'alone', why: [] };
  const failing = Object.keys(failingOf(duties, state, scope, now));
  if (failing.length > 0 && failing.every((probe) => holder.shared.includes(probe)))
    return { ticket: 'refused', why: [`shared fault: ${failing.join(', ')} fails at every site`] };
  if (state.decided[scope.name]?.left) return { ticket: 'held', why: ['its ticket is used'] };
  const ticket = ticketView(holder, now);
  const words = {
    held: 'holds a ticket',
    lease: 'the controller is lost; the ticket is still good',
    refused: `refused: ${holder.refused?.reason}: ${holder.refused?.detail}`,
    asked: 'has asked for a ticket',
    lost: 'the controller is lost, and there is no ticket',
    alone: 'judges alone',
  };
  return { ticket, why: [words[ticket]] };
}

/** Probes of the scope that count and fail here, with how long. */
function failingOf(
  duties: Duties,
  state: Pick<SiteState, 'services'>,
  scope: Scope,
  now: Instant,
): { readonly [probe: string]: Millis } {
  const failing: { [probe: string]: Millis } = {};
  for (const name of scope.services) {
    const service = duties.plan.services[name]!;
    for (const [probe, p] of Object.entries(state.services[name]?.probes ?? {}))
      if (p.phase === 'down' && service.probes[probe]?.onFailure === 'down')
        failing[`${name}/${probe}`] = between(p.since, now);
  }
  return failing;
}

function decideAll(duties: Duties, state: SiteState, now: Instant, effects: SiteEffect[]): SiteState {
  const decided: { [scope: string]: Decided } = {};
  for (const scope of duties.scopes) {
    const before = state.decided[scope.name] ?? {
      level: 'pending',
      why: [],
      since: now,
      left: false,
      leaves: 0,
    };
    const health = verdictOf(duties, state, scope);
    const guard = guardView(duties, state, scope, now);
    const { level, why, byRight } = decideOne(duties, state, before, health.verdict, guard.ticket);
    const reasons = [
      why,
      ...(health.verdict === 'down' || state.drain.phase !== 'in' ? guard.why : []),
      ...health.why,
    ];
    const left = byRight || (before.left && level === 'pending');
    decided[scope.name] = {
      level,
      why: reasons,
      since: level === before.level ? before.since : now,
      left,
      leaves: before.leaves + (left && !before.left ? 1 : 0),
    };
    if (level !== before.level)
      effects.push({ do: 'announce', scope: scope.name, level, was: before.level, why: reasons });
  }
  return { ...state, decided };
}

function decideOne(
  duties: Duties,
  state: SiteState,
  before: Decided,
  verdict: Verdict,
  ticket: TicketView,
): Decision {
  if (state.stopping) return { level: 'withdrawn', why: 'the agent is being stopped', byRight: true };
  if (state.frozen)
    return {
      level: before.level,
      why: `frozen by ${state.frozen.owner}: ${state.frozen.reason}`,
      byRight: before.left,
    };
  return decide({ verdict, drain: state.drain.phase, ticket, last: duties.plan.guard.last });
}

/** How much a ticket is wanted, ahead of need where need can be seen coming. */
function needOf(duties: Duties, state: SiteState, scope: Scope): Need | undefined {
  const level = state.decided[scope.name]?.level;
  if (level !== 'full' && level !== 'less-preferred') return undefined;
  const { phase } = state.drain;
  if (phase === 'empty' || verdictOf(duties, state, scope).verdict === 'down') return 'now';
  const shaky = scope.services.some((name) => {
    const own = state.services[name];
    return (
      own !== undefined &&
      (own.verdict === 'degraded' || phaseOf(duties.plan.services[name]!, own) === 'falling')
    );
  });
  return shaky || phase === 'lessPreferred' ? 'soon' : 'spare';
}

function reportAll(duties: Duties, state: SiteState, now: Instant, effects: SiteEffect[]): SiteState {
  const holders: { [scope: string]: HolderState } = {};
  for (const scope of duties.scopes) {
    const holder = state.holders[scope.name];
    if (holder === undefined) continue;
    const want = needOf(duties, state, scope);
    const level = state.decided[scope.name]?.level;
    const load = state.load[scope.name];
    const situation = {
      verdict: verdictOf(duties, state, scope).verdict,
      in: level === 'full' || level === 'less-preferred',
      leaves: state.decided[scope.name]?.leaves ?? 0,
      failing: failingOf(duties, state, scope, now),
      ...(want === undefined ? {} : { want }),
      ...(load === undefined ? {} : { load }),
    };
    const next = report(holder, situation, { site: duties.site, scope: scope.name }, duties.plan.guard, now);
    holders[scope.name] = next.state;
    if (next.report) effects.push({ do: 'report', report: next.report });
  }
  return { ...state, holders };
}

function notes(duties: Duties, before: SiteState, after: SiteState): readonly SiteEffect[] {
  const effects: SiteEffect[] = [];
  const note = (about: string, from: string, to: string, why: readonly string[]) => {
    if (from !== to) effects.push({ do: 'note', about, from, to, why });
  };
  for (const name of duties.services) {
    const [was, is] = [before.services[name], after.services[name]!];
    const service = duties.plan.services[name]!;
    note(name, was ? phaseText(service, was) : 'unknown', phaseText(service, is), is.reasons);
  }
  const order = after.drain.order;
  note('drain', before.drain.phase, after.drain.phase, [
    ...(order ? [`${order.owner}: ${order.reason}`] : []),
    ...after.drain.remarks.slice(-1),
  ]);
  return effects;
}

function phaseText(service: Parameters<typeof phaseOf>[0], state: VerdictState): string {
  return state.verdict === 'degraded' ? 'degraded' : phaseOf(service, state);
}

/** The same site under a changed plan: what is known stays known, new services and scopes begin unknown. */
export function reconfigureSite(duties: Duties, state: SiteState, boot: number, now: Instant): SiteState {
  const fresh = startSite(duties, boot, now);
  const keep = <T>(
    names: object,
    old: { readonly [name: string]: T },
    make: { readonly [name: string]: T },
  ) => Object.fromEntries(Object.keys(names).map((name) => [name, old[name] ?? (make[name] as T)]));
  return {
    ...state,
    services: Object.fromEntries(
      duties.services.map((name) => {
        const old = state.services[name];
        return [
          name,
          old ? reconfigureVerdict(duties.plan.services[name]!, old, now) : fresh.services[name]!,
        ];
      }),
    ),
    holders: keep(fresh.holders, state.holders, fresh.holders),
    decided: keep(fresh.decided, state.decided, fresh.decided),
    load: Object.fromEntries(
      Object.entries(state.load).filter(([scope]) => Object.hasOwn(fresh.decided, scope)),
    ),
  };
}

/**
 * A site that starts again from what it knew when it was saved at `savedAt`, `elapsed` ago: nothing is announced before new
 * probes are good, but orders stand, flaps are remembered, and who was out by right may stay out.
 */
export function restoreSite(
  duties: Duties,
  saved: SiteState,
  times: { readonly savedAt: Instant; readonly elapsed: Millis; readonly boot: number },
  now: Instant,
): SiteState {
  const fresh = startSite(duties, times.boot, now);
  const shift = now - times.savedAt - times.elapsed;
  const moved = (at: Instant) => millis(at + shift) as number as Instant;
  return {
    ...fresh,
    services: Object.fromEntries(
      Object.entries(fresh.services).map(([name, service]) => {
        const old = saved.services[name];
        return [
          name,
          old ? { ...service, returns: old.returns.map(moved), backOffs: old.backOffs } : service,
        ];
      }),
    ),
    drain: {
      ...saved.drain,
      since: moved(saved.drain.since),
      ...(saved.drain.due === undefined ? {} : { due: moved(saved.drain.due) }),
      ...(saved.drain.quietSince === undefined ? {} : { quietSince: moved(saved.drain.quietSince) }),
    },
    ...(saved.frozen === undefined
      ? {}
      : {
          frozen: {
            ...saved.frozen,
            ...(saved.frozen.until === undefined ? {} : { until: moved(saved.frozen.until) }),
          },
        }),
    decided: Object.fromEntries(
      Object.entries(fresh.decided).map(([scope, d]) => [
        scope,
        { ...d, left: saved.decided[scope]?.left ?? false },
      ]),
    ),
  };
}
