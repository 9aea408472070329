/** A graph as the kernel reads it: the lists of the graph, and some that save it work. */
import { type Adjacency, degree, type Graph } from '../../topology/index.ts';

/** In place of the number of a transit or a family: the AS is none, or belongs to none. */
export const NO_NUMBER = 0xffff_ffff;

/**
 * The ASes with customers, the *transits*, are few, so what is asked of them most often lies together in arrays indexed by
 * *transit number*. The ASes with providers and no customers, the *stubs*, are many, and many of them have the very same
 * providers: those are a *family*, and the best that its providers offer is found once for all of it.
 */
export interface Network {
  readonly graph: Graph;
  /** The transits, ascending; their places here are the transit numbers. */
  readonly transits: Uint32Array;
  /** Indexed by AS: its transit number, or NO_NUMBER. */
  readonly transitNumber: Uint32Array;
  /** Customers that have customers themselves. */
  readonly transitCustomers: Adjacency;
  /** The ASes that have providers but no customers, ascending: they never pass on a route that came from above. */
  readonly stubs: Uint32Array;
  /** The ASes with neither customers nor providers. */
  readonly aloof: Uint32Array;
  /** Indexed by AS. A transit is a family of its own, and has its transit number; those of stubs follow, NO_NUMBER for all others. */
  readonly family: Uint32Array;
  /** Transit numbers of a family's providers, ascending: `above[familyOffsets[f] … familyOffsets[f + 1])`. */
  readonly familyOffsets: Uint32Array;
  readonly above: Uint32Array;
}

/** Prepares a graph; some ten milliseconds for the whole internet. */
export function networkOf(graph: Graph): Network {
  const { customers, providers, asns } = graph;
  const n = asns.length;
  const transitNumber = new Uint32Array(n).fill(NO_NUMBER);
  const transits = Uint32Array.from(asns.keys()).filter((v) => degree(customers, v) > 0);
  for (let t = 0; t < transits.length; t++) transitNumber[transits[t]!] = t;
  const transitOffsets = new Uint32Array(n + 1);
  const transit = new Uint32Array(customers.neighbours.length);
  let links = 0;
  for (let v = 0; v < n; v++) {
    transitOffsets[v] = links;
    for (let e = customers.offsets[v]!, end = customers.offsets[v + 1]!; e < end; e++) {
      const c = customers.neighbours[e]!;
      if (degree(customers, c) > 0) transit[links++] = c;
    }
  }
  transitOffsets[n] = links;
  const stubs = Uint32Array.from(asns.keys()).filter(
    (v) => degree(customers, v) === 0 && degree(providers, v) > 0,
  );
  return {
    graph,
    transits,
    transitNumber,
    transitCustomers: { offsets: transitOffsets, neighbours: transit.slice(0, links) },
    stubs,
    aloof: Uint32Array.from(asns.keys()).filter((v) => degree(customers, v) + degree(providers, v) === 0),
    ...familiesOf(providers, transits, stubs, transitNumber),
  };
}

/**
 * Finds the stubs with the same providers. Families with equally many come together: processors foresee how often the loop over
 * them runs.
 */
function familiesOf(
  providers: Adjacency,
  transits: Uint32Array,
  stubs: Uint32Array,
  transitNumber: Uint32Array,
): Pick<Network, 'family' | 'familyOffsets' | 'above'> {
  const { offsets, neighbours } = providers;
  const family = new Uint32Array(transitNumber.length).fill(NO_NUMBER);
  const familyOffsets = new Uint32Array(transits.length + stubs.length + 1);
  const above = new Uint32Array(neighbours.length);
  let count = 0;
  const add = (v: number) => {
    let at = familyOffsets[count]!;
    for (let e = offsets[v]!; e < offsets[v + 1]!; e++) above[at++] = transitNumber[neighbours[e]!]!;
    familyOffsets[count + 1] = at;
    family[v] = count++;
  };
  const isOf = (v: number, f: number) => {
    let at = familyOffsets[f]!;
    if (familyOffsets[f + 1]! - at !== degree(providers, v)) return false;
    for (let e = offsets[v]!; e < offsets[v + 1]!; e++)
      if (above[at++] !== transitNumber[neighbours[e]!]) return false;
    return true;
  };
  for (const v of transits) add(v);
  // The latest family of each hash, and for each family the one before with the same hash.
  const latest = new Map<number, number>();
  const before = new Map<number, number>();
  for (const v of byKey(stubs, (v) => degree(providers, v))) {
    let hash = degree(providers, v);
    for (let e = offsets[v]!; e < offsets[v + 1]!; e++) hash = Math.imul(hash ^ neighbours[e]!, PRIME) + 1;
    let f = latest.get(hash);
    while (f !== undefined && !isOf(v, f)) f = before.get(f);
    if (f !== undefined) {
      family[v] = f;
      continue;
    }
    const other = latest.get(hash);
    if (other !== undefined) before.set(count, other);
    latest.set(hash, count);
    add(v);
  }
  return {
    family,
    familyOffsets: familyOffsets.slice(0, count + 1),
    above: above.slice(0, familyOffsets[count]),
  };
}

const PRIME = 0x01000193;

/** The same ASes in ascending order of a small whole number; equals stay in their order. */
export function byKey(list: Uint32Array, key: (v: number) => number): Uint32Array {
  let most = 0;
  for (const v of list) most = Math.max(most, key(v));
  const start = new Uint32Array(most + 2);
  for (const v of list) start[key(v) + 1]!++;
  for (let k = 0; k <= most; k++) start[k + 1]! += start[k]!;
  const sorted = new Uint32Array(list.length);
  for (const v of list) sorted[start[key(v)]!++] = v;
  return sorted;
}
