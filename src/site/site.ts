/**
 * One site's judgement, whole: verdicts of its services, its tickets, its drain, and the decision that follows, scope by
 * scope. A value and a function; whoever runs it hands in what happened and carries out what comes out.
 */
import { between, earliest, type Instant, millis } from '../base/index.ts';
import { type Announcement, announcementOf } from './announcement.ts';
import { type Decision, decide, type Level, mayLeave } from './decision.ts';
import { type DrainEvent, stepDrain } from './drain.ts';
import { giveBack, type HolderState, hear, holderDue, report, type TicketView, wait } from './holder.ts';
import { failingOf, frozenLevels, guardView, isWellAgain, needOf, verdictOf } from './standing.ts';
import type { Decided, Duties, SiteEffect, SiteEvent, SiteState, SiteStep } from './state.ts';
import {
  phaseOf,
  startVerdict,
  stepVerdict,
  type Verdict,
  type VerdictState,
  verdictDue,
} from './verdict.ts';

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

/** Who is called so much later than it is due, in milliseconds, stood still. */
const LATE = 250;

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
  const due = siteDue(duties, state, now);
  const late = due === undefined ? 0 : between(due, now);
  const away = millis(late > LATE ? late : 0);
  const holders = Object.fromEntries(
    Object.entries(state.holders).map(([n, h]) => [n, wait(h, duties.plan.guard, now, away)]),
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
      return duties.scopes.some((s) => s.name === event.scope)
        ? { ...state, load: loadsWith(state, event) }
        : state;
    case 'stoodStill':
      return {
        ...state,
        holders: Object.fromEntries(Object.entries(state.holders).map(([n, h]) => [n, giveBack(h, now)])),
      };
    case 'stop': {
      const { frozen } = state;
      return {
        ...state,
        stopping: true,
        ...(frozen ? { frozen: { ...frozen, levels: frozenLevels(state) } } : {}),
      };
    }
    case 'probe':
    case 'due':
      return state;
  }
}

function loadsWith(
  state: SiteState,
  { scope, load }: Extract<SiteEvent, { kind: 'load' }>,
): SiteState['load'] {
  const { [scope]: _, ...others } = state.load;
  return load !== undefined && load >= 0 ? { ...others, [scope]: load } : others;
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

/** Phases of a drain in which the guard is not asked for anything. */
const HERE: readonly string[] = ['in', 'returning'];

function decideAll(duties: Duties, state: SiteState, now: Instant, effects: SiteEffect[]): SiteState {
  const decided: { [scope: string]: Decided } = {};
  for (const scope of duties.scopes) {
    const before = state.decided[scope.name] ?? {
      level: 'pending',
      why: [],
      since: now,
      left: true,
      leaves: 0,
    };
    const health = verdictOf(duties, state, scope);
    const guard = guardView(duties, state, scope, now);
    const { level, why, byRight } = decideOne(
      duties,
      state,
      scope.name,
      before,
      isWellAgain(duties, state, scope) ? 'well again' : health.verdict,
      guard.ticket,
    );
    const reasons = [
      why,
      ...(health.verdict === 'down' || !HERE.includes(state.drain.phase) ? guard.why : []),
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

const KNOWN_GOOD: readonly Verdict[] = ['up', 'degraded'];
const IN: readonly Level[] = ['full', 'less-preferred'];

function decideOne(
  duties: Duties,
  state: SiteState,
  scope: string,
  before: Decided,
  health: Verdict | 'well again',
  ticket: TicketView,
): Decision {
  const verdict = health === 'well again' ? 'down' : health;
  if (state.stopping) return { level: 'withdrawn', why: 'the agent is being stopped', byRight: true };
  if (state.frozen) {
    const back = before.level === 'pending' && KNOWN_GOOD.includes(verdict);
    const level = (back && state.frozen.levels?.[scope]) || before.level;
    const why = `frozen by ${state.frozen.owner}: ${state.frozen.reason}`;
    return { level, why, byRight: before.left && level === before.level };
  }
  const { last } = duties.plan.guard;
  const { phase } = state.drain;
  // Nobody is sent away from a service that works again, by a ticket that came too late for its fall.
  if (health === 'well again' && phase === 'in' && IN.includes(before.level)) {
    const level = last === 'full' ? before.level : 'less-preferred';
    return { level, why: 'well again, but not for long enough: what stands stays', byRight: false };
  }
  if (verdict !== 'unknown' || !IN.includes(before.level))
    return decide({ verdict, drain: phase, ticket, last });
  // Something that counts is new in the plan: until it is known, what stands is as good as it was.
  const stood = before.level === 'full' ? 'up' : 'degraded';
  const { why, ...decision } = decide({ verdict: stood, drain: phase, ticket, last });
  return { ...decision, why: phase === 'in' ? 'not everything is known yet: what stands stays' : why };
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
