/** Places as the kernel reads them: where ASes are, how far it is, and which city of a neighbour is nearest. */
import type { Network } from './memory.ts';

/** A place that is not known. */
export const NOWHERE = 0xffff;
/** A distance that is not known. */
export const FAR_AWAY = 0xffff;
/** A nearest city that was not looked up yet. */
export const UNASKED = 0xff;
/** There is no nearest node, because places are not known. */
export const NO_DOOR = 0xffff_ffff;

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
   * For a row and a place, which of the AS's nodes is nearest, counted from its first: `nearest[row × places + place]`.
   * {@link UNASKED} until somebody asks; the kernel fills it in.
   */
  readonly nearest: Uint8Array;
}

/** Places, and for each node the way to its providers. */
export interface Geography extends Places {
  /**
   * For each node and each provider of its AS, in the order of the graph's list, the provider's node that is nearest, or
   * NO_DOOR where one of the two is nowhere; and the kilometres to it. Node `m` of AS `v`, provider `k` of `p`:
   * `doorOffsets[v] + m × p + k`.
   */
  readonly doorOffsets: Uint32Array;
  readonly doors: Uint32Array;
  readonly doorKm: Uint16Array;
}

/** Adds the ways to providers; some tens of milliseconds. */
export function withDoors(network: Network, places: Places): Geography {
  const { offsets, neighbours } = network.graph.providers;
  const { nodeOffsets, nodePlace } = places;
  const n = network.graph.asns.length;
  const doorOffsets = new Uint32Array(n + 1);
  for (let v = 0; v < n; v++)
    doorOffsets[v + 1] =
      doorOffsets[v]! + (nodeOffsets[v + 1]! - nodeOffsets[v]!) * (offsets[v + 1]! - offsets[v]!);
  const doors = new Uint32Array(doorOffsets[n]!).fill(NO_DOOR);
  const doorKm = new Uint16Array(doorOffsets[n]!);
  for (let v = 0; v < n; v++) {
    let d = doorOffsets[v]!;
    for (let node = nodeOffsets[v]!; node < nodeOffsets[v + 1]!; node++)
      for (let e = offsets[v]!; e < offsets[v + 1]!; e++, d++) {
        const u = neighbours[e]!;
        if (nodePlace[node] === NOWHERE || nodePlace[nodeOffsets[u]!] === NOWHERE) continue;
        doors[d] = entry(places, u, nodePlace[node]!);
        doorKm[d] = distance(places, nodePlace[node]!, doors[d]!);
      }
  }
  return { ...places, doorOffsets, doors, doorKm };
}

/** The node of AS `u` that is nearest to a known place; `u` has known cities. */
export function entry(geography: Places, u: number, here: number): number {
  const { nodeOffsets, nodePlace, places, km, nearestRow, nearest } = geography;
  const first = nodeOffsets[u]!;
  const end = nodeOffsets[u + 1]!;
  if (end - first === 1) return first;
  const from = here * places;
  const row = nearestRow[u]!;
  if (row >= 0 && nearest[row * places + here] !== UNASKED) return first + nearest[row * places + here]!;
  let best = first;
  let least = km[from + nodePlace[first]!]!;
  for (let node = first + 1; node < end; node++) {
    const far = km[from + nodePlace[node]!]!;
    if (far < least) {
      least = far;
      best = node;
    }
  }
  if (row >= 0) nearest[row * places + here] = best - first;
  return best;
}

/** Kilometres from a known place to a node with one. */
export function distance(geography: Places, here: number, node: number): number {
  return geography.km[here * geography.places + geography.nodePlace[node]!]!;
}
