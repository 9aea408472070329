/**
 * Who hands out tickets, for one scope. At any moment at most (sites − keep) sites hold one, or are out, or are not heard
 * of; and at most as many could leave at once as the guard's rate allows. Tickets that nobody needs are given ahead of
 * need and called back when somebody does.
 *
 * A ticket is free again only when its holder says that it is in, holds none, and no longer believes what was granted. Its
 * expiry alone does not free it: the holder may have left before, and out of reach.
 */
import { after, between, earliest, type Instant, millis } from '../base/index.ts';
import type { Guard, Plan } from '../plan/index.ts';
import { scopes } from './scope.ts';
import { type Answer, NEEDS, type Need, type Refusal, type Report } from './ticket.ts';

export interface IssuerConfig {
  readonly scope: string;
  /** Every site that announces the scope. */
  readonly sites: readonly string[];
  readonly guard: Guard;
  /** Bits per second, where known. */
  readonly capacity: { readonly [site: string]: number };
  /**
   * Whether the rest could carry the predicted load when these sites are out; a sentence when it could not. Absent: the
   * measured load of all is held against the capacity of the rest.
   */
  readonly fits?: (out: readonly string[]) => string | undefined;
}

export interface IssuerState {
  readonly sites: { readonly [site: string]: Known };
  /** When sites left, or may have, within the rate's window. */
  readonly leaves: readonly Instant[];
  /** Before this instant nothing is granted: what an issuer before this one granted may still be believed. */
  readonly quietUntil: Instant;
}

/** One issuer for each scope of a plan; whoever runs them hands each report to the one of its scope. */
export function issuerConfigs(
  plan: Plan,
  fits?: (scope: string, out: readonly string[]) => string | undefined,
): readonly IssuerConfig[] {
  const capacity = Object.fromEntries(
    Object.entries(plan.sites).flatMap(([name, site]) =>
      site.capacity === undefined ? [] : [[name, site.capacity]],
    ),
  );
  return scopes(plan).map(({ name, sites }) => ({
    scope: name,
    sites,
    guard: plan.guard,
    capacity,
    ...(fits === undefined ? {} : { fits: (out: readonly string[]) => fits(name, out) }),
  }));
}

/** What was heard of a site. */
interface Known {
  readonly last: Report;
  readonly at: Instant;
  /** Granted in answer to report `seq`; not believed by the holder at or after `until`. */
  readonly granted?: { readonly seq: number; readonly until: Instant };
}

/** Two onsets of one fault are this near, in milliseconds. */
const MOMENT = 15_000;

/** An issuer that is the first, or that takes over from one whose state is lost: then it waits until all tickets have ended. */
export function startIssuer(guard: Guard, now: Instant, which: 'first' | 'successor'): IssuerState {
  const quietUntil = which === 'first' ? now : after(now, millis(guard.lease + guard.drift));
  return { sites: {}, leaves: [], quietUntil };
}

/** Takes a report in and answers it. Reports that were overtaken by a later one are not answered and change nothing. */
export function stepIssuer(
  config: IssuerConfig,
  state: IssuerState,
  report: Report,
  now: Instant,
): readonly [IssuerState, readonly Answer[]] {
  const about = (r: Report) => ({ site: r.site, scope: r.scope, boot: r.boot, seq: r.seq });
  if (!config.sites.includes(report.site)) {
    const detail = `${report.site} is not in the plan that the controller has`;
    return [state, [{ kind: 'refused', ...about(report), shared: [], reason: 'unknown site', detail }]];
  }
  const before = state.sites[report.site];
  if (
    before &&
    (report.boot < before.last.boot || (report.boot === before.last.boot && report.seq <= before.last.seq))
  )
    return [state, []];
  let next = learn(config, state, before, report, now);
  const shared = sharedFaults(config, next, now);
  if (report.want === undefined || !report.in) return [next, [{ kind: 'noted', ...about(report), shared }]];
  if (report.want === 'spare' && someoneWaits(config, next, report, now))
    return [
      next,
      [
        report.holds
          ? { kind: 'recall', ...about(report), shared }
          : refusal('too fast', 'somebody needs it more'),
      ],
    ];
  const why = obstacle(config, next, report, shared, now);
  if (why !== undefined) {
    const recalls =
      why.reason === 'too fast' || why.reason === 'would be the last'
        ? recallable(config, next, report, now)
        : [];
    return [
      next,
      [
        refusal(why.reason, why.detail),
        ...recalls.map((k) => ({ kind: 'recall' as const, ...about(k.last), shared })),
      ],
    ];
  }
  const { lease } = config.guard;
  const known = next.sites[report.site] as Known;
  next = {
    ...next,
    sites: {
      ...next.sites,
      [report.site]: { ...known, granted: { seq: report.seq, until: after(now, lease) } },
    },
  };
  return [next, [{ kind: 'granted', ...about(report), shared, lease }]];

  function refusal(reason: Refusal, detail: string): Answer {
    return { kind: 'refused', ...about(report), shared, reason, detail };
  }
}

/** Sites that may be out now or at any later moment without another word from us: at most sites − keep, unless some broke down. */
export function spokenFor(config: IssuerConfig, state: IssuerState, now: Instant): readonly string[] {
  if (now < state.quietUntil) return config.sites;
  return config.sites.filter((site) => {
    const known = state.sites[site];
    return (
      known === undefined || known.granted !== undefined || !known.last.in || isStale(config, known, now)
    );
  });
}

/** Probes that fail at every site that is heard of, and began to at the same moment. One site alone has no shared faults. */
export function sharedFaults(config: IssuerConfig, state: IssuerState, now: Instant): readonly string[] {
  const heard = Object.values(state.sites).filter(
    (k) => !isStale(config, k, now) && k.last.verdict !== 'unknown',
  );
  if (heard.length < 2) return [];
  const [first] = heard as [Known];
  return Object.keys(first.last.failing).filter((probe) => {
    const onsets = heard.map((k) =>
      k.last.failing[probe] === undefined ? undefined : k.at - k.last.failing[probe],
    );
    if (onsets.some((at) => at === undefined)) return false;
    return Math.max(...(onsets as number[])) - Math.min(...(onsets as number[])) <= MOMENT;
  });
}

/** What a report teaches: whether a ticket is free again, and whether a site has left. */
function learn(
  config: IssuerConfig,
  state: IssuerState,
  before: Known | undefined,
  report: Report,
  now: Instant,
): IssuerState {
  const sameBoot = before?.last.boot === report.boot;
  let granted = sameBoot ? before?.granted : undefined;
  // Of a holder we do not know we assume that an issuer before us granted what it still believes.
  if (granted === undefined && (report.holds || (before === undefined && report.deaf < report.seq)))
    granted = { seq: report.seq, until: after(now, config.guard.lease) };
  if (granted && report.in && !report.holds && report.deaf > granted.seq) granted = undefined;
  const { per, count } = config.guard.leave;
  // Of an agent that was killed with a ticket in hand nobody knows whether it had used it.
  const left =
    before === undefined ? 0 : sameBoot ? report.leaves - before.last.leaves : before.granted ? 1 : 0;
  const leaves = [
    ...state.leaves.filter((at) => between(at, now) < per),
    ...Array<Instant>(Math.min(left, count)).fill(now),
  ];
  const known: Known = { last: report, at: now, ...(granted === undefined ? {} : { granted }) };
  return {
    ...state,
    sites: { ...state.sites, [report.site]: known },
    leaves: leaves.slice(-2 * count - config.sites.length),
  };
}

/** Why a site may not have a ticket; undefined when it may. The order is the order in which an operator wants to hear them. */
function obstacle(
  config: IssuerConfig,
  state: IssuerState,
  report: Report,
  shared: readonly string[],
  now: Instant,
): { readonly reason: Refusal; readonly detail: string } | undefined {
  const { guard, sites } = config;
  if (now < state.quietUntil)
    return {
      reason: 'just started',
      detail: `the issuer waits ${(state.quietUntil - now) / 1000} s for older tickets to end`,
    };
  const others = spokenFor(config, state, now).filter((site) => site !== report.site);
  if (others.length + 1 > sites.length - guard.keep) {
    const detail = `${others.length} of ${sites.length} sites are out, may leave, or are not heard of; ${guard.keep} ${guard.keep === 1 ? 'has' : 'have'} to stay`;
    return { reason: 'would be the last', detail };
  }
  const failing = Object.keys(report.failing);
  if (report.verdict === 'down' && failing.length > 0 && failing.every((probe) => shared.includes(probe)))
    return { reason: 'shared fault', detail: `${failing.join(', ')} fails at every site` };
  const could = couldLeave(config, state, report.site, now);
  if (could + 1 > guard.leave.count)
    return { reason: 'too fast', detail: `${could} left or may leave within ${guard.leave.per / 1000} s` };
  if (!guard.remainingCapacity) return undefined;
  const out = [...others, report.site];
  const why = config.fits ? config.fits(out) : sumFits(config, state, out);
  return why === undefined ? undefined : { reason: 'capacity', detail: why };
}

/** How many others left within the window, or could at once: tickets in hand, and ones whose holder fell silent with them. */
function couldLeave(config: IssuerConfig, state: IssuerState, except: string, now: Instant): number {
  const { per } = config.guard.leave;
  const inHand = Object.entries(state.sites).filter(([site, { granted, last }]) => {
    if (site === except || granted === undefined || !last.in) return false;
    return now < after(granted.until, per);
  });
  return state.leaves.filter((at) => between(at, now) < per).length + inHand.length;
}

/** The least that has to be true when nothing is predicted: the rest has room for what all carry now. */
function sumFits(config: IssuerConfig, state: IssuerState, out: readonly string[]): string | undefined {
  const load = Object.values(state.sites).reduce((sum, k) => sum + (k.last.load ?? 0), 0);
  const rest = config.sites.filter((site) => !out.includes(site));
  const unknown = rest.filter((site) => config.capacity[site] === undefined);
  if (unknown.length > 0) return undefined;
  const room = rest.reduce((sum, site) => sum + (config.capacity[site] as number), 0);
  return load > room ? `the rest could carry ${gbps(room)} of ${gbps(load)}` : undefined;
}

function gbps(bits: number): string {
  return `${Math.round(bits / 1e7) / 100} Gbps`;
}

/** Somebody else who is heard of needs a ticket more, and has none. */
function someoneWaits(config: IssuerConfig, state: IssuerState, report: Report, now: Instant): boolean {
  return Object.values(state.sites).some(
    (k) =>
      k.last.site !== report.site &&
      k.last.in &&
      !k.last.holds &&
      k.granted === undefined &&
      !isStale(config, k, now) &&
      rank(k.last.want) > rank(report.want),
  );
}

/** Holders that have a ticket only to have one, when somebody needs it. */
function recallable(
  config: IssuerConfig,
  state: IssuerState,
  report: Report,
  now: Instant,
): readonly Known[] {
  if (rank(report.want) <= rank('spare')) return [];
  return Object.values(state.sites).filter(
    (k) =>
      k.granted !== undefined &&
      k.last.in &&
      k.last.want === 'spare' &&
      k.last.site !== report.site &&
      !isStale(config, k, now),
  );
}

function rank(need: Need | undefined): number {
  return need === undefined ? -1 : NEEDS.indexOf(need);
}

/** Not heard of for a whole lease. */
function isStale(config: IssuerConfig, known: Known, now: Instant): boolean {
  return between(known.at, now) >= config.guard.lease;
}

/** When what the issuer shows of itself changes without a report: somebody falls silent. Nothing has to be done then. */
export function issuerDue(config: IssuerConfig, state: IssuerState): Instant | undefined {
  return earliest(...Object.values(state.sites).map((k) => after(k.at, millis(config.guard.lease))));
}
