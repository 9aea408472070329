/** A whole prediction as it is expected after learning: what was seen corrects every client network, not only those that were seen. */
import { countryOf } from '../topology/index.ts';
import { believedAt, type Client } from './belief.ts';
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
