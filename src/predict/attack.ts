/** An attack by traffic: what each site gets by its catchment, what it can absorb, and what moving routes would change. */
import type { Asn } from '../base/index.ts';
import { countryOf, indexOf } from '../topology/index.ts';
import type { Ground } from './ground.ts';
import { NO_SHARE } from './kernel/index.ts';
import { MOST_TRIED } from './movers.ts';
import type { Prediction } from './predict.ts';
import { trialsOn, type Variation } from './trial.ts';

/** Where the attack comes from. */
export type Sources =
  /** Machines of users, everywhere alike. */
  | { readonly kind: 'users' }
  /** Every network as much as every other: servers and spoofers more than homes. */
  | { readonly kind: 'networks' }
  /** Machines of users in one country, two letters. */
  | { readonly kind: 'country'; readonly cc: string }
  | { readonly kind: 'listed'; readonly weights: ReadonlyMap<Asn, number> };

export interface Attack {
  readonly sources: Sources;
  /** Bits per second in all. */
  readonly size: number;
  /** What each site can take, in bits per second; a site that is not here takes everything. */
  readonly capacities: ReadonlyMap<string, number>;
}

export interface SiteUnderAttack {
  readonly site: string;
  /** Bits per second of the attack that land here. */
  readonly load: number;
  readonly capacity: number | undefined;
  /** What gets through of anything that lands here, 0 … 1, if all is dropped alike. */
  readonly passes: number;
  readonly overwhelmed: boolean;
  /** Part of all clients that land here. */
  readonly clients: number;
}

export interface UnderAttack {
  readonly sites: readonly SiteUnderAttack[];
  /** Bits per second taken by sites within their capacity. */
  readonly absorbed: number;
  /** Bits per second of sources that have no route. */
  readonly unreached: number;
  /** Part of the clients' traffic that is still answered, 0 … 1; those without a route are not. */
  readonly served: number;
}

export interface Response {
  readonly site: string;
  readonly do: 'withdraw' | 'prepend';
  readonly outcome: UnderAttack;
}

/** Copies of our number that the response adds. */
export const RESPONSE_PREPEND = 3;

/** What part of the attack each node sends; sums to one, or is all zero when no source is in the graph. */
export function sourceParts(ground: Ground, sources: Sources): Float64Array {
  const { nodeAs, nodeWeight, world } = ground;
  const parts = new Float64Array(nodeAs.length);
  const listed = new Float64Array(world.graph.asns.length);
  if (sources.kind === 'listed')
    for (const [asn, weight] of sources.weights) {
      const v = indexOf(world.graph, asn);
      if (v >= 0 && weight > 0) listed[v]! += weight;
    }
  let sum = 0;
  const { nodeOffsets } = ground.terrain;
  for (let node = 0; node < parts.length; node++) {
    const v = nodeAs[node] as number;
    const weight = nodeWeight[node] as number;
    const own = world.weights[v] as number;
    const cities = (nodeOffsets[v + 1] as number) - (nodeOffsets[v] as number);
    const here = own > 0 ? weight / own : 1 / cities;
    if (sources.kind === 'users') parts[node] = weight;
    else if (sources.kind === 'networks') parts[node] = here;
    else if (sources.kind === 'country') parts[node] = countryOf(world, v) === sources.cc ? weight : 0;
    else parts[node] = (listed[v] as number) * here;
    sum += parts[node] as number;
  }
  return sum > 0 ? parts.map((p) => p / sum) : parts;
}

/** What the attack does to the deployment as it is predicted. */
export function underAttack(
  prediction: Prediction,
  attack: Attack,
  parts = sourceParts(prediction.ground, attack.sources),
): UnderAttack {
  const { sites, ground, siteOf } = prediction;
  const load = new Float64Array(sites.length);
  const clients = new Float64Array(sites.length);
  // Once for each response over all nodes there are, so without calls.
  const { share, starts, seed, part: partAt } = prediction.shares;
  for (let node = 0; node < share.length; node++) {
    const d = share[node] as number;
    const sent = (parts[node] as number) * attack.size;
    const weight = (ground.nodeWeight[node] as number) / (ground.weight || 1);
    if (d === NO_SHARE || (sent === 0 && weight === 0)) continue;
    for (let e = starts[d] as number; e < (starts[d + 1] as number); e++) {
      const k = siteOf[seed[e] as number] as number;
      load[k]! += sent * (partAt[e] as number);
      clients[k]! += weight * (partAt[e] as number);
    }
  }
  const rows = sites.map((site, k): SiteUnderAttack => {
    const capacity = attack.capacities.get(site);
    const lands = load[k] as number;
    const overwhelmed = capacity !== undefined && lands > capacity;
    return {
      site,
      load: lands,
      capacity,
      passes: overwhelmed ? capacity / lands : 1,
      overwhelmed,
      clients: clients[k] as number,
    };
  });
  const sum = (of: (row: SiteUnderAttack) => number) => rows.reduce((total, row) => total + of(row), 0);
  const sent = parts.reduce((a, b) => a + b, 0) * attack.size;
  return {
    sites: rows,
    absorbed: sum((row) => row.load * row.passes),
    unreached: Math.max(0, sent - sum((row) => row.load)),
    served: sum((row) => row.clients * row.passes),
  };
}

/**
 * Withdrawing each site, and prepending at it: the response that serves most clients first. The first sites up to a limit. With
 * `as`, clients are taken to land as it says of the routes after each. `tell` hears of each, and how many there are.
 */
export function responses(
  prediction: Prediction,
  attack: Attack,
  as: (after: Prediction) => Prediction = (after) => after,
  tell?: (tried: number, most: number) => void,
): Response[] {
  const { ground, deployment, sites } = prediction;
  const { announcements } = deployment;
  const attempt = trialsOn(prediction);
  const parts = sourceParts(ground, attack.sources);
  const found: Response[] = [];
  const some = sites.slice(0, MOST_TRIED);
  let tried = 0;
  for (const site of some) {
    const where = (at: number | undefined): Variation =>
      announcements.map((a) =>
        a.site === site && at === undefined
          ? undefined
          : (a.prepend ?? 0) + (a.site === site ? (at ?? 0) : 0),
      );
    for (const [how, then] of [
      ['withdraw', where(undefined)],
      ['prepend', where(RESPONSE_PREPEND)],
    ] as const) {
      tell?.(++tried, 2 * some.length);
      if (then.every((n) => n === undefined)) continue;
      const after = as(attempt(then) as Prediction);
      const outcome = underAttack(after, attack, parts);
      const left = how === 'withdraw' ? outcome.sites.filter((s) => s.site !== site) : outcome.sites;
      found.push({ site, do: how, outcome: { ...outcome, sites: left } });
    }
  }
  return found.sort((a, b) => b.outcome.served - a.outcome.served || b.outcome.absorbed - a.outcome.absorbed);
}
