/** Places as the kernel reads them: where ASes are, how far it is, and which city of a neighbour is nearest. */
import { byKey, mixed, type Network, NO_NUMBER, slotsFor } from './network.ts';

/** A place that is not known. */
export const NOWHERE = 0xffff;
/** A distance that is not known. */
export const FAR_AWAY = 0xffff;
/** A nearest city that was not looked up yet. */
export const UNASKED = 0x7fff_ffff;
/** After the last of those that are alike. */
export const LAST = 0x7fff_ffff;

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
 * Places, and what follows from them and the graph alone, whatever is announced: which ASes are one *unit*, and where each would
 * hand traffic to each of its providers.
 *
 * Stubs are *alike* when they have the same providers and are in the same places: then the same becomes of their traffic, unless
 * one of them hears a seed or has a route from a peer. On the whole internet half of them are like another. Stubs that are alike
 * are one unit; a transit is a unit of its own, and has its transit number.
 */
export interface Geography extends Places {
  /** Indexed by AS: the first stub that is like it; itself when there is none before it. */
  readonly alike: Uint32Array;
  /** Indexed by AS: the next stub that is like it, or LAST. */
  readonly nextAlike: Uint32Array;
  /** Indexed by AS: its unit, or NO_NUMBER for an AS with neither customers nor providers. */
  readonly unit: Uint32Array;
  /** The family of each unit. Units of one family lie together. */
  readonly unitFamily: Uint32Array;
  /** The cities of unit `u` have the numbers `unitCities[u] … unitCities[u + 1])`. */
  readonly unitCities: Uint32Array;
  /** The first node of a unit's first AS. */
  readonly unitNode: Uint32Array;
  /** Indexed by city of a unit: its place, or NOWHERE. */
  readonly cityPlace: Uint16Array;
  /**
   * Where a unit would hand over to its provider number `k`, from its city number `c`: `exits[unitExits[u] + k × its cities + c]`
   * as {@link approach} says it, or UNASKED where a place is not known. `unitExits` is UNASKED for units that found no room.
   */
  readonly unitExits: Uint32Array;
  readonly exits: Uint32Array;
}

/** At most so many exits are kept; those of further units are looked for each time. The whole internet has half a million. */
const MOST_EXITS = 1 << 22;

/** Finds the units and their exits; some ten milliseconds for the whole internet. */
export function prepared(network: Network, places: Places): Geography {
  const { nodeOffsets, nodePlace } = places;
  const { stubs, transits, family } = network;
  const n = family.length;
  const alike = new Uint32Array(n);
  for (let v = 0; v < n; v++) alike[v] = v;
  const nextAlike = new Uint32Array(n).fill(LAST);
  const unit = new Uint32Array(n).fill(NO_NUMBER);
  const firsts = new Uint32Array(transits.length + stubs.length);
  const unitCities = new Uint32Array(firsts.length + 1);
  const cityPlace = new Uint16Array(nodePlace.length);
  let count = 0;
  const add = (v: number) => {
    firsts[count] = v;
    unit[v] = count;
    let city = unitCities[count]!;
    for (let node = nodeOffsets[v]!; node < nodeOffsets[v + 1]!; node++) cityPlace[city++] = nodePlace[node]!;
    unitCities[++count] = city;
  };
  for (let t = 0; t < transits.length; t++) add(transits[t]!);
  const slots = slotsFor(stubs.length);
  const sorted = byKey(stubs, (v) => family[v]!);
  for (let i = 0; i < sorted.length; i++) {
    const v = sorted[i]!;
    let hash = mixed(0, family[v]!);
    for (let node = nodeOffsets[v]!; node < nodeOffsets[v + 1]!; node++) hash = mixed(hash, nodePlace[node]!);
    let slot = hash & (slots.length - 1);
    const isLike = (u: number) => family[u] === family[v] && equal(nodeOffsets, nodePlace, u, v);
    while (slots[slot] !== NO_NUMBER && !isLike(firsts[slots[slot]!]!))
      slot = (slot + 1) & (slots.length - 1);
    const known = slots[slot]!;
    if (known === NO_NUMBER) {
      slots[slot] = count;
      add(v);
      continue;
    }
    const u = firsts[known]!;
    unit[v] = known;
    alike[v] = u;
    nextAlike[v] = nextAlike[u]!;
    nextAlike[u] = v;
  }
  const unitFamily = firsts.slice(0, count);
  const unitNode = firsts.slice(0, count);
  for (let u = 0; u < count; u++) {
    unitFamily[u] = family[firsts[u]!]!;
    unitNode[u] = nodeOffsets[firsts[u]!]!;
  }
  return {
    ...places,
    alike,
    nextAlike,
    unit,
    unitFamily,
    unitNode,
    unitCities: unitCities.slice(0, count + 1),
    cityPlace: cityPlace.slice(0, unitCities[count]),
    ...exitsOf(network, places, firsts.subarray(0, count)),
  };
}

function exitsOf(
  network: Network,
  places: Places,
  firsts: Uint32Array,
): Pick<Geography, 'unitExits' | 'exits'> {
  const { nodeOffsets, nodePlace } = places;
  const { offsets, neighbours } = network.graph.providers;
  const unitExits = new Uint32Array(firsts.length).fill(UNASKED);
  let room = 0;
  for (let u = 0; u < firsts.length; u++) {
    const v = firsts[u]!;
    const wanted = (offsets[v + 1]! - offsets[v]!) * (nodeOffsets[v + 1]! - nodeOffsets[v]!);
    if (room + wanted > MOST_EXITS) continue;
    unitExits[u] = room;
    room += wanted;
  }
  const exits = new Uint32Array(room).fill(UNASKED);
  for (let u = 0; u < firsts.length; u++) {
    const v = firsts[u]!;
    let at = unitExits[u]!;
    if (at === UNASKED || nodePlace[nodeOffsets[v]!] === NOWHERE) continue;
    for (let e = offsets[v]!; e < offsets[v + 1]!; e++)
      for (let node = nodeOffsets[v]!; node < nodeOffsets[v + 1]!; node++, at++)
        if (nodePlace[nodeOffsets[neighbours[e]!]!] !== NOWHERE)
          exits[at] = approach(places, neighbours[e]!, nodePlace[node]!);
  }
  return { unitExits, exits };
}

/** Do `a` and `b` have the same list? */
function equal(offsets: Uint32Array, list: Uint16Array, a: number, b: number): boolean {
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
