/** A graph as the kernel reads it: the lists of the graph, and some that save it work. */
import { type Adjacency, degree, type Graph } from '../../topology/index.ts';

/** In place of the number of a transit or a family: the AS is none, or belongs to none. */
export const NO_NUMBER = 0x7fff_ffff;

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
  const transits = those(n, (v) => degree(customers, v) > 0);
  const stubs = those(n, (v) => degree(customers, v) === 0 && degree(providers, v) > 0);
  const transitNumber = new Uint32Array(n).fill(NO_NUMBER);
  for (let t = 0; t < transits.length; t++) transitNumber[transits[t]!] = t;
  const offsets = new Uint32Array(n + 1);
  const neighbours = new Uint32Array(customers.neighbours.length);
  let links = 0;
  for (let v = 0; v < n; v++) {
    offsets[v] = links;
    for (let e = customers.offsets[v]!, end = customers.offsets[v + 1]!; e < end; e++) {
      const c = customers.neighbours[e]!;
      if (degree(customers, c) > 0) neighbours[links++] = c;
    }
  }
  offsets[n] = links;
  return {
    graph,
    transits,
    transitNumber,
    transitCustomers: { offsets, neighbours: neighbours.slice(0, links) },
    stubs,
    aloof: those(n, (v) => degree(customers, v) + degree(providers, v) === 0),
    ...familiesOf(providers, transits, stubs, transitNumber),
  };
}

function those(n: number, wanted: (v: number) => boolean): Uint32Array {
  const list = new Uint32Array(n);
  let count = 0;
  for (let v = 0; v < n; v++) if (wanted(v)) list[count++] = v;
  return list.slice(0, count);
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
  for (let t = 0; t < transits.length; t++) add(transits[t]!);
  const slots = slotsFor(stubs.length);
  const sorted = byKey(stubs, (v) => degree(providers, v));
  for (let i = 0; i < sorted.length; i++) {
    const v = sorted[i]!;
    let hash = 0;
    for (let e = offsets[v]!; e < offsets[v + 1]!; e++) hash = mixed(hash, neighbours[e]!);
    let slot = hash & (slots.length - 1);
    while (slots[slot] !== NO_NUMBER && !isOf(v, slots[slot]!)) slot = (slot + 1) & (slots.length - 1);
    if (slots[slot] !== NO_NUMBER) family[v] = slots[slot]!;
    else {
      slots[slot] = count;
      add(v);
    }
  }
  return {
    family,
    familyOffsets: familyOffsets.slice(0, count + 1),
    above: above.slice(0, familyOffsets[count]),
  };
}

/** An empty table for so many numbers: look from the hash on until the number or NO_NUMBER. */
export function slotsFor(size: number): Uint32Array {
  let length = 2;
  while (length < 2 * size) length *= 2;
  return new Uint32Array(length).fill(NO_NUMBER);
}

/** The hash of a list, one number more. */
export function mixed(hash: number, more: number): number {
  const x = Math.imul(hash ^ more, 0x9e3779b1);
  return x ^ (x >>> 15);
}

/** The same ASes in ascending order of a small whole number; equals stay in their order. */
export function byKey(list: Uint32Array, key: (v: number) => number): Uint32Array {
  let most = 0;
  for (let i = 0; i < list.length; i++) most = Math.max(most, key(list[i]!));
  const start = new Uint32Array(most + 2);
  for (let i = 0; i < list.length; i++) start[key(list[i]!) + 1]!++;
  for (let k = 0; k <= most; k++) start[k + 1]! += start[k]!;
  const sorted = new Uint32Array(list.length);
  for (let i = 0; i < list.length; i++) sorted[start[key(list[i]!)]!++] = list[i]!;
  return sorted;
}
