/** Where a site stands with one scope: the verdict, what the guard says, and how much a ticket is wanted. */
import { between, type Instant, type Millis } from '../base/index.ts';
import type { Level } from './decision.ts';
import { type TicketView, ticketView } from './holder.ts';
import type { Scope } from './scope.ts';
import type { Duties, SiteState } from './state.ts';
import type { Need } from './ticket.ts';
import { phaseOf, type Verdict } from './verdict.ts';

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

/** What the guard says to leaving: a fault that all sites share is no reason to, and who is out already needs no ticket. */
export function guardView(
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
  if (state.decided[scope.name]?.left) return { ticket: 'held', why: ['it is out already'] };
  const ticket = ticketView(holder, now);
  const words = {
    held: 'holds a ticket',
    lease: 'the controller is lost; the ticket is still good',
    refused: `refused: ${holder.refused?.reason}: ${holder.refused?.detail}`,
    asked: 'has asked for a ticket',
    idle: `refused ahead of need: ${holder.refused?.reason}: ${holder.refused?.detail}`,
    lost: 'the controller is lost, and there is no ticket',
    alone: 'judges alone',
  };
  return { ticket, why: [words[ticket]] };
}

/** Probes that fail here and could make the site leave, with how long they have. */
export function failingOf(
  duties: Duties,
  state: Pick<SiteState, 'services'>,
  scope: Scope,
  now: Instant,
): { readonly [probe: string]: Millis } {
  const failing: { [probe: string]: Millis } = {};
  for (const name of scope.services) {
    const service = duties.plan.services[name]!;
    if (service.whenDown !== 'withdraw') continue;
    for (const [probe, p] of Object.entries(state.services[name]?.probes ?? {}))
      if (p.phase === 'down' && service.probes[probe]?.onFailure === 'down')
        failing[`${name}/${probe}`] = between(p.since, now);
  }
  return failing;
}

/** Down only because what is down is on its way up, and not believed yet. */
export function isWellAgain(duties: Duties, state: Pick<SiteState, 'services'>, scope: Scope): boolean {
  const down = scope.services.flatMap((name) => {
    const own = state.services[name];
    const service = duties.plan.services[name]!;
    return own?.verdict === 'down' && service.whenDown === 'withdraw' ? [phaseOf(service, own)] : [];
  });
  return down.length > 0 && down.every((phase) => phase === 'rising');
}

/** How much a ticket is wanted, ahead of need where need can be seen coming. */
export function needOf(duties: Duties, state: SiteState, scope: Scope): Need | undefined {
  const level = state.decided[scope.name]?.level;
  if (level !== 'full' && level !== 'less-preferred') return undefined;
  const { phase } = state.drain;
  const sick = verdictOf(duties, state, scope).verdict === 'down' && !isWellAgain(duties, state, scope);
  if (phase === 'empty' || sick) return 'now';
  const shaky = scope.services.some((name) => {
    const own = state.services[name];
    return (
      own !== undefined &&
      (own.verdict === 'degraded' || phaseOf(duties.plan.services[name]!, own) === 'falling')
    );
  });
  return shaky || phase === 'lessPreferred' ? 'soon' : 'spare';
}

/** What a frozen site announces, or, where nothing is announced yet or any more, what it is to come back to. */
export function frozenLevels(state: Pick<SiteState, 'frozen' | 'stopping' | 'decided'>): {
  readonly [scope: string]: Level;
} {
  const decided = Object.entries(state.stopping ? {} : state.decided).flatMap(([scope, { level }]) =>
    level === 'pending' ? [] : [[scope, level] as const],
  );
  return { ...state.frozen?.levels, ...Object.fromEntries(decided) };
}
