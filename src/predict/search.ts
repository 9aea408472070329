/** Looks for better announcements: best-first over single changes, with a trace of all that was tried. */
import { type Summary, summarise } from './catchment.ts';
import { type Deployment, sitesIn } from './deployment.ts';
import type { Ground } from './ground.ts';
import { predict } from './predict.ts';

/** What is to be small: the round trip of the slowest tenth but the last, or the fullest site's load over its fair part. */
export type Goal = 'p90-rtt' | 'balance';

export interface SearchOptions {
  /** What may change: prepends at each announcement, 0 to 3, or which sites announce at all. */
  readonly over: 'prepends' | 'sites';
  readonly goal: Goal;
  /** Predictions to make at most, the first included. */
  readonly within: number;
  /** For `sites`: at most so many. Then the search begins with none; else with all. */
  readonly mostSites?: number;
  /** For `balance`: what each site can take; its fair part is by capacity when all are known, else all parts are equal. */
  readonly capacities?: ReadonlyMap<string, number>;
  /** Told of each prediction as it is made. */
  readonly tell?: (tried: Tried, count: number) => void;
}

export interface Tried {
  /** What differs from the state it came from. */
  readonly change: string;
  /** Milliseconds, or load over fair part; infinite when nobody is served. */
  readonly score: number;
  /** Index in the trace of the state it came from; −1 for the first. */
  readonly from: number;
}

export interface Found {
  readonly deployment: Deployment;
  readonly score: number;
  readonly first: number;
  /** Changes from the first state to the best, in order. */
  readonly changes: readonly string[];
  readonly trace: readonly Tried[];
  /** True when every state that could be reached was tried. */
  readonly exhausted: boolean;
}

const MOST_PREPENDS = 3;
/** Of two equal scores the smaller remainder wins: milliseconds are whole, and this tells them apart. */
const FINE = 1e-3;
/** Of a score, what is rounding and no improvement: nobody should change an announcement for it. */
const NOISE = 1e-6;

interface State {
  readonly deployment: Deployment;
  readonly key: string;
  readonly at: number;
  readonly score: number;
}

/**
 * A search that has somebody else work out the scores: it yields deployments, is handed their scores in the same order (see
 * {@link scoreFor}), and returns what was found. The state with the best score so far is looked at next, and all its single
 * changes are tried. Equal scores give an equal search, whoever works them out, and however many at a time. Fewer scores than
 * deployments end it: the rest counts as not tried.
 */
export function* searching(
  whole: Deployment,
  options: SearchOptions,
): Generator<readonly Deployment[], Found, readonly number[]> {
  const trace: Tried[] = [];
  const seen = new Set<string>();
  const open: State[] = [];
  let best: State | undefined;
  let ended = false;
  const wanted: {
    readonly deployment: Deployment;
    readonly key: string;
    readonly change: string;
    readonly from: number;
  }[] = [];
  const want = (deployment: Deployment, change: string, from: number): void => {
    const key = keyOf(deployment);
    if (seen.has(key) || trace.length + wanted.length >= options.within) return;
    seen.add(key);
    wanted.push({ deployment, key, change, from });
  };
  const take = (scores: readonly number[]): void => {
    ended = scores.length < wanted.length;
    for (const [i, score] of scores.entries()) {
      const { deployment, key, change, from } = wanted[i] as (typeof wanted)[number];
      const state = { deployment, key, at: trace.length, score };
      const tried = { change, score, from };
      trace.push(tried);
      options.tell?.(tried, trace.length);
      open.push(state);
      if (!best || score < best.score * (1 - NOISE)) best = state;
    }
    wanted.length = 0;
  };
  const begin =
    options.over === 'sites' && options.mostSites !== undefined ? { ...whole, announcements: [] } : whole;
  want(begin, begin === whole ? 'as it is' : 'no site', -1);
  take(yield wanted.map((w) => w.deployment));
  while (!ended && open.length > 0 && trace.length < options.within) {
    open.sort((a, b) => a.score - b.score || a.at - b.at);
    const state = open.shift() as State;
    for (const [change, next] of neighbours(state.deployment, whole, options)) want(next, change, state.at);
    if (wanted.length > 0) take(yield wanted.map((w) => w.deployment));
  }
  const changes: string[] = [];
  for (let at = best?.at ?? -1; at > 0; at = (trace[at] as Tried).from)
    changes.unshift((trace[at] as Tried).change);
  return {
    deployment: best?.deployment ?? whole,
    score: best?.score ?? Number.POSITIVE_INFINITY,
    first: trace[0]?.score ?? Number.POSITIVE_INFINITY,
    changes,
    trace,
    exhausted: !ended && open.length === 0,
  };
}

/** How many states a search can come to at most; infinite when there are more than can be counted. */
export function statesOf(whole: Deployment, { over, mostSites }: SearchOptions): number {
  if (over === 'prepends')
    return whole.announcements.reduce(
      (n, a) => n * (MOST_PREPENDS + 1 + ((a.prepend ?? 0) > MOST_PREPENDS ? 1 : 0)),
      1,
    );
  const sites = sitesIn(whole).length;
  if (mostSites === undefined) return 2 ** sites - 1;
  let [all, choices] = [1, 1];
  for (let k = 1; k <= Math.min(mostSites, sites); k++) {
    choices = (choices * (sites - k + 1)) / k;
    all += choices;
  }
  return all;
}

/** Searches on this very thread. */
export function search(ground: Ground, whole: Deployment, options: SearchOptions): Found {
  const looking = searching(whole, options);
  let step = looking.next();
  while (!step.done)
    step = looking.next(step.value.map((deployment) => scoreFor(ground, deployment, options)));
  return step.value;
}

function keyOf(deployment: Deployment): string {
  return deployment.announcements.map((a) => `${a.site}/${a.upstream}/${a.prepend ?? 0}`).join(' ');
}

function* neighbours(
  now: Deployment,
  whole: Deployment,
  { over, mostSites }: SearchOptions,
): Generator<readonly [string, Deployment]> {
  if (over === 'prepends') {
    for (const [i, a] of now.announcements.entries())
      for (let to = 0; to <= MOST_PREPENDS; to++)
        if (to !== (a.prepend ?? 0))
          yield [
            `${a.site}: ${to} prepends to AS${a.upstream}`,
            {
              ...now,
              announcements: now.announcements.map((b, k) => (k === i ? { ...b, prepend: to } : b)),
            },
          ];
    return;
  }
  const here = sitesIn(now);
  const withSites = (sites: readonly string[]): Deployment => ({
    ...whole,
    announcements: whole.announcements.filter((a) => sites.includes(a.site)),
  });
  const room = here.length < (mostSites ?? Number.POSITIVE_INFINITY);
  for (const site of sitesIn(whole)) {
    if (here.includes(site)) {
      if (here.length > 1) yield [`without ${site}`, withSites(here.filter((s) => s !== site))];
    } else if (room) yield [`with ${site}`, withSites([...here, site])];
    else
      for (const gone of here)
        yield [`${site} in place of ${gone}`, withSites([...here.filter((s) => s !== gone), site])];
  }
}

/** How good a deployment is by the goal; the smaller the better, infinite when nobody is served. */
export function scoreFor(
  ground: Ground,
  deployment: Deployment,
  options: Pick<SearchOptions, 'goal' | 'capacities'>,
): number {
  if (deployment.announcements.length === 0) return Number.POSITIVE_INFINITY;
  const summary = summarise(predict(ground, deployment));
  return options.goal === 'balance' ? imbalance(summary, options.capacities) : slowness(summary);
}

/** Clients without a route count as the slowest there are. */
function slowness({ all, unreached }: Summary): number {
  if (!all.rtt || unreached > (all.weight + unreached) / 10) return Number.POSITIVE_INFINITY;
  return all.rtt.p90 + FINE * all.rtt.median;
}

/** The fullest site's part over the part that is fair; one is balance. */
export function imbalance({ sites }: Summary, capacities: ReadonlyMap<string, number> = new Map()): number {
  const known = sites.every((s) => (capacities.get(s.site) ?? 0) > 0);
  const size = (site: string) => (known ? (capacities.get(site) as number) : 1);
  const total = sites.reduce((sum, s) => sum + size(s.site), 0);
  return sites.reduce((most, s) => Math.max(most, (s.share * total) / size(s.site)), 0);
}
