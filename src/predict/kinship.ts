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
  /** By AS index, the networks that it carries. */
  readonly carried: ReadonlyMap<number, Carried>;
  /** By name of an organisation, the places in `networks` of its own. */
  readonly named: ReadonlyMap<string, readonly number[]>;
  /** By place in `networks`, all zero between questions: the cosine with the one asked about. */
  readonly cosines: Float64Array;
}

/** Places in `networks`, and how much of each of them the carrier is. */
interface Carried {
  readonly places: number[];
  readonly parts: number[];
}

/** Prepares networks of a world, each with its counts by site. Those that the graph does not know are like none. */
export function kinOf(world: World, seen: Iterable<readonly [Asn, Float64Array]>): Kin {
  const networks: { asn: Asn; counts: Float64Array }[] = [];
  const carried = new Map<number, Carried>();
  const named = new Map<string, number[]>();
  for (const [asn, counts] of seen) {
    const v = indexOf(world.graph, asn);
    if (v < 0) continue;
    const place = networks.length;
    networks.push({ asn, counts });
    for (const [carrier, part] of carriersOf(world, v)) {
      const list = carried.get(carrier) ?? { places: [], parts: [] };
      carried.set(carrier, list);
      list.places.push(place);
      list.parts.push(part);
    }
    const name = nameOf(world, v);
    if (!name) continue;
    const own = named.get(name) ?? [];
    named.set(name, own);
    own.push(place);
  }
  return { world, networks, carried, named, cosines: new Float64Array(networks.length) };
}

/**
 * What was seen of the networks like one, itself left out, by site: each counts by how like it is, the square of the cosine
 * between who carries the two. Undefined when there are none.
 */
export function countedAlike(kin: Kin, asn: Asn): Float64Array | undefined {
  const { world, networks, cosines } = kin;
  const v = indexOf(world.graph, asn);
  if (v < 0) return undefined;
  const found: number[] = [];
  for (const [carrier, part] of carriersOf(world, v)) {
    const list = kin.carried.get(carrier);
    if (!list) continue;
    for (let i = 0; i < list.places.length; i++) {
      const place = list.places[i] as number;
      if (cosines[place] === 0) found.push(place);
      cosines[place]! += part * (list.parts[i] as number);
    }
  }
  let sum: Float64Array | undefined;
  const count = (place: number, weight: number) => {
    const other = networks[place] as Kin['networks'][number];
    if (other.asn === asn) return;
    sum ??= new Float64Array(other.counts.length);
    for (let k = 0; k < sum.length; k++) sum[k]! += weight * (other.counts[k] as number);
  };
  for (const place of found) {
    count(place, CARRIED_ALIKE * (cosines[place] as number) ** 2);
    cosines[place] = 0;
  }
  for (const place of kin.named.get(nameOf(world, v)) ?? []) count(place, SAME_NAME);
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
