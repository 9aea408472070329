/** Places as the kernel reads them: where ASes are, how far it is, and which city of a neighbour is nearest. */
import type { Network } from './memory.ts';

/** A place that is not known. */
export const NOWHERE = 0xffff;
/** A distance that is not known. */
export const FAR_AWAY = 0xffff;
/** A nearest city that was not looked up yet. */
export const UNASKED = 0xffff_ffff;
/** After the last of those that are alike. */
export const LAST = 0xffff_ffff;

/**
 * Where ASes are. A *node* is one city of one AS; an AS whose cities are not known is one node at {@link NOWHERE}.
 * Nodes of AS `v`: `nodeOffsets[v] … nodeOffsets[v + 1]`.
 */
export interface Places {
  readonly nodeOffsets: Uint32Array;
  /** Indexed by node: a place, or NOWHERE. */
  readonly nodePlace: Uint16Array;
  /** How many places there are. */
  readonly places: number;
  /** Kilometres from place `a` to place `b`: `km[a × places + b]`. */
  readonly km: Uint16Array;
  /** Indexed by AS: its row in `nearest`, or −1: then its cities are compared each time. */
  readonly nearestRow: Int32Array;
  /**
   * For a row and a place, which of the AS's nodes is nearest, as {@link approach} says it:
   * `nearest[row × places + place]`. {@link UNASKED} until somebody asks; the kernel fills it in.
   */
  readonly nearest: Uint32Array;
}

/**
 * Places, and which stubs are alike: they have the same providers and are in the same places, so the same becomes of their
 * traffic, unless one of them hears a seed or has a route from a peer. On the whole internet half of them are like another.
 */
export interface Geography extends Places {
  /** Indexed by AS: the first stub that is like it; itself when there is none before it. */
  readonly alike: Uint32Array;
  /** Indexed by AS: the next stub that is like it, or LAST. */
  readonly nextAlike: Uint32Array;
}

/** Finds the stubs that are alike; some ten milliseconds. */
export function withAlike(network: Network, places: Places): Geography {
  const { nodeOffsets, nodePlace } = places;
  const { stubs } = network;
  const { asns, providers } = network.graph;
  const { offsets, neighbours } = providers;
  const alike = Uint32Array.from({ length: asns.length }, (_, v) => v);
  const nextAlike = new Uint32Array(asns.length).fill(LAST);
  // The first stub of each hash. One that differs although its hash is the same stays alone.
  const firsts = new Map<number, number>();
  for (let i = 0; i < stubs.length; i++) {
    const v = stubs[i]!;
    let hash = 0;
    for (let e = offsets[v]!; e < offsets[v + 1]!; e++) hash = Math.imul(hash ^ neighbours[e]!, PRIME) + 1;
    for (let node = nodeOffsets[v]!; node < nodeOffsets[v + 1]!; node++)
      hash = Math.imul(hash ^ nodePlace[node]!, PRIME);
    const u = firsts.get(hash);
    if (u === undefined) firsts.set(hash, v);
    else if (equal(offsets, neighbours, u, v) && equal(nodeOffsets, nodePlace, u, v)) {
      alike[v] = u;
      nextAlike[v] = nextAlike[u]!;
      nextAlike[u] = v;
    }
  }
  return { ...places, alike, nextAlike };
}

const PRIME = 0x01000193;

/** Do `a` and `b` have the same list? */
function equal(offsets: Uint32Array, list: Uint16Array | Uint32Array, a: number, b: number): boolean {
  const length = offsets[a + 1]! - offsets[a]!;
  if (offsets[b + 1]! - offsets[b]! !== length) return false;
  for (let i = 0; i < length; i++) if (list[offsets[a]! + i] !== list[offsets[b]! + i]) return false;
  return true;
}

/**
 * Which city of AS `u` is nearest to a known place, and how far: its number counted from the first node of `u`, plus 65536 × the
 * kilometres. `u` has known cities.
 */
export function approach(geography: Places, u: number, here: number): number {
  const { nodeOffsets, nodePlace, places, km, nearestRow, nearest } = geography;
  const first = nodeOffsets[u]!;
  const end = nodeOffsets[u + 1]!;
  const from = here * places;
  let best = first;
  let least = km[from + nodePlace[first]!]!;
  if (end - first === 1) return least << 16;
  const row = nearestRow[u]! * places;
  if (row >= 0 && nearest[row + here] !== UNASKED) return nearest[row + here]!;
  for (let node = first + 1; node < end; node++) {
    const far = km[from + nodePlace[node]!]!;
    if (far < least) {
      least = far;
      best = node;
    }
  }
  const way = (least << 16) | (best - first);
  if (row >= 0) nearest[row + here] = way;
  return way;
}
