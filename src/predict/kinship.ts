/** Which networks that were seen are like another: those that the same networks carry, and those of the same organisation. */
import type { Asn } from '../base/index.ts';
import { degree, indexOf, nameOf, neighboursOf, type World } from '../topology/index.ts';

/** How much of what carries a network is itself; its providers share the rest. Who buys from another is so like it, too. */
const ITSELF = 0.3;
/** What an observation of a network with the very same carriers counts, and of one of the same organisation beside that. */
const CARRIED_ALIKE = 2;
const SAME_NAME = 1;

/** Networks with what was seen of them, found by who is like them. */
export interface Kin {
  readonly world: World;
  /** In the order in which they were seen. */
  readonly networks: readonly { readonly asn: Asn; readonly counts: Float64Array }[];
  /** By AS index, the networks that it carries: their places in `networks`, and how much of them it is. */
  readonly carried: ReadonlyMap<number, readonly { readonly place: number; readonly part: number }[]>;
  /** By name of an organisation, the places in `networks` of its own. */
  readonly named: ReadonlyMap<string, readonly number[]>;
}

/** Prepares networks of a world, each with its counts by site. Those that the graph does not know are like none. */
export function kinOf(world: World, seen: Iterable<readonly [Asn, Float64Array]>): Kin {
  const networks: { asn: Asn; counts: Float64Array }[] = [];
  const carried = new Map<number, { place: number; part: number }[]>();
  const named = new Map<string, number[]>();
  for (const [asn, counts] of seen) {
    const v = indexOf(world.graph, asn);
    if (v < 0) continue;
    const place = networks.length;
    networks.push({ asn, counts });
    for (const [carrier, part] of carriersOf(world, v)) noted(carried, carrier, { place, part });
    const name = nameOf(world, v);
    if (name) noted(named, name, place);
  }
  return { world, networks, carried, named };
}

/**
 * What was seen of the networks like one, itself left out, by site: each counts by how like it is, the square of the cosine
 * between who carries the two. Undefined when there are none.
 */
export function countedAlike(kin: Kin, asn: Asn): Float64Array | undefined {
  const v = indexOf(kin.world.graph, asn);
  if (v < 0) return undefined;
  const cosines = new Map<number, number>();
  for (const [carrier, part] of carriersOf(kin.world, v))
    for (const other of kin.carried.get(carrier) ?? [])
      cosines.set(other.place, (cosines.get(other.place) ?? 0) + part * other.part);
  const weights = new Map(Array.from(cosines, ([place, cosine]) => [place, CARRIED_ALIKE * cosine ** 2]));
  for (const place of kin.named.get(nameOf(kin.world, v)) ?? [])
    weights.set(place, (weights.get(place) ?? 0) + SAME_NAME);
  let sum: Float64Array | undefined;
  // In the order in which they were seen, so that the sum does not hang on who asks.
  for (const [place, weight] of [...weights].sort(([a], [b]) => a - b)) {
    const other = kin.networks[place] as Kin['networks'][number];
    if (other.asn === asn) continue;
    sum ??= new Float64Array(other.counts.length);
    for (const [k, count] of other.counts.entries()) sum[k]! += weight * count;
  }
  return sum;
}

/**
 * Who carries a network, itself among them: a vector of length one over AS indexes. One that carries half the world says less of
 * where a client lands than one with ten customers, and counts less (as rare words do in a search).
 */
function carriersOf(world: World, v: number): [number, number][] {
  const { asns, customers, providers } = world.graph;
  const above = neighboursOf(providers, v);
  const parts = new Map([[v, above.length === 0 ? 1 : ITSELF]]);
  for (const p of above) parts.set(p, (parts.get(p) ?? 0) + (1 - ITSELF) / above.length);
  const found = Array.from(parts, ([carrier, part]): [number, number] => [
    carrier,
    Math.sqrt(part * Math.log((1 + asns.length) / (1 + degree(customers, carrier)))),
  ]);
  const length = Math.hypot(...found.map(([, part]) => part));
  return length > 0 ? found.map(([carrier, part]) => [carrier, part / length]) : [];
}

function noted<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
