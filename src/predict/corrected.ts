/** A whole prediction as it is expected after learning: what was seen corrects every client network, not only those that were seen. */
import { countryOf } from '../topology/index.ts';
import { believedAt, type Client } from './belief.ts';
import {
  FLY_PAST_KM,
  hopsFrom,
  LONGEST_RTT,
  nearestSites,
  quantiles,
  type SiteSummary,
  type Summary,
  tripBin,
} from './catchment.ts';
import { NO_SHARE, NOWHERE } from './kernel/index.ts';
import { inCountry, type Learned, refined } from './observed.ts';

/** Parts below this are left to the others: learning rules nothing out, and a map full of crumbs helps nobody. */
const CRUMB = 0.01;
/** What counts as certain: after learning nothing is ever wholly so. */
export const SURE = 0.95;

/** The client that stands for a city of a network. */
function clientAt(learned: Learned, node: number): Client {
  const { ground } = learned.prediction;
  const v = ground.nodeAs[node] as number;
  const at = ground.terrain.at[ground.terrain.nodePlace[node] as number];
  const asn = ground.world.graph.asns[v] as number;
  return { id: `AS${asn}`, asn, cc: at?.cc || countryOf(ground.world, v), at };
}

/** What is expected at one node, by the prediction's sites; sums to one. Undefined where there is no route. */
export function expectedAt(learned: Learned, node: number): Float64Array | undefined {
  const { prediction } = learned;
  const division = prediction.shares.share[node] as number;
  if (division === NO_SHARE) return undefined;
  const client = clientAt(learned, node);
  const prior = priorAt(learned, node, division, client);
  const parts = refined(learned, client, prior.belief);
  // Most networks are like none that was seen: they share what their city and their routes say.
  if (parts !== prior.belief) return withoutCrumbs(parts);
  prior.parts ??= withoutCrumbs(parts);
  return prior.parts;
}

function withoutCrumbs(belief: Float64Array): Float64Array {
  const parts = belief.map((p) => (p < CRUMB ? 0 : p));
  const sum = parts.reduce((a, b) => a + b, 0);
  // Among a hundred sites every one may be a crumb.
  return sum > 0 ? parts.map((p) => p / sum) : belief;
}

interface Prior {
  readonly belief: Float64Array;
  /** The same without crumbs, once somebody asked. */
  parts?: Float64Array;
}

const priors = new WeakMap<Learned, Map<string, Map<number, Prior>>>();
/** The most that are kept in one country; beyond it they are worked out anew. */
const MOST_KEPT = 100_000;

/** What holds for all clients of a country, a city and a division of routes; worked out once. */
function priorAt(learned: Learned, node: number, division: number, { cc, at }: Client): Prior {
  const { prediction } = learned;
  const { terrain } = prediction.ground;
  let countries = priors.get(learned);
  if (!countries) priors.set(learned, (countries = new Map()));
  let known = countries.get(cc);
  if (!known) countries.set(cc, (known = new Map()));
  const key = division * (NOWHERE + 1) + (terrain.nodePlace[node] as number);
  const before = known.get(key);
  if (before) return before;
  const prior = { belief: inCountry(learned, cc, at, believedAt(prediction, node, cc)) };
  if (known.size < MOST_KEPT) known.set(key, prior);
  return prior;
}

/** Calls `take` for every node that weighs something; `parts` is undefined without a route. */
export function eachExpected(
  learned: Learned,
  take: (node: number, weight: number, parts: Float64Array | undefined) => void,
): void {
  for (const [node, weight] of learned.prediction.ground.nodeWeight.entries())
    if (weight > 0) take(node, weight, expectedAt(learned, node));
}

/** The sums after learning. `certain` counts what is expected at one site with {@link SURE} or more; ways are taken straight. */
export function summariseExpected(learned: Learned): Summary {
  const { prediction } = learned;
  const { sites, ground } = prediction;
  const { terrain, nodeAs } = ground;
  const table = nearestSites(prediction);
  const sums = sites.map(() => ({
    weight: 0,
    certain: 0,
    networks: 0,
    flyPast: 0,
    last: -1,
    bins: new Float64Array(LONGEST_RTT + 1),
  }));
  const all = new Float64Array(LONGEST_RTT + 1);
  let [unreached, total, networks, last] = [0, 0, 0, -1];
  eachExpected(learned, (node, weight, parts) => {
    if (!parts) {
      unreached += weight;
      return;
    }
    total += weight;
    const v = nodeAs[node] as number;
    if (last !== v) networks++;
    last = v;
    const hops = hopsFrom(prediction, v);
    const at = terrain.nodePlace[node] as number;
    const near = at === NOWHERE ? -1 : (table.site[at] as number);
    const nearKm = near < 0 ? 0 : (table.km[near * terrain.places + at] as number);
    for (const [k, part] of parts.entries()) {
      if (part === 0) continue;
      const sum = sums[k] as (typeof sums)[number];
      const mine = weight * part;
      sum.weight += mine;
      if (part >= SURE) sum.certain += mine;
      if (sum.last !== v) sum.networks++;
      sum.last = v;
      const km = at === NOWHERE ? Number.NaN : (table.km[k * terrain.places + at] as number);
      if (Number.isNaN(km)) continue;
      if (near >= 0 && km - nearKm > FLY_PAST_KM) sum.flyPast += mine;
      const bin = tripBin(km, hops);
      sum.bins[bin]! += mine;
      all[bin]! += mine;
    }
  });
  const add = (of: (s: (typeof sums)[number]) => number) => sums.reduce((n, s) => n + of(s), 0);
  const rows = sums.map(
    (s, k): SiteSummary => ({
      site: sites[k] as string,
      weight: s.weight,
      share: total > 0 ? s.weight / total : 0,
      certain: total > 0 ? s.certain / total : 0,
      networks: s.networks,
      rtt: quantiles(s.bins),
      flyPast: s.flyPast,
    }),
  );
  return {
    sites: rows,
    all: {
      weight: total,
      share: total > 0 ? 1 : 0,
      certain: total > 0 ? add((s) => s.certain) / total : 0,
      networks,
      rtt: quantiles(all),
      flyPast: add((s) => s.flyPast),
    },
    unreached,
  };
}
