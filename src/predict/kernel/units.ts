/**
 * The quick way to work out one AS: in arrays indexed by transit number, which fit into a core's own cache together, and with the
 * exits to providers looked up beforehand. It does what {@link place} does, and leaves to it whatever is special: an AS that hears
 * a seed, or prefers against the rules, or whose places are not known. {@link sweep} and {@link withdraw} are made of it.
 */
import { meanOf, nearestOf, place } from './exits.ts';
import { LENGTH_BITS, LENGTH_MASK, NONE, PEER, PINNED, PROVIDER } from './memory.ts';
import { NO_NUMBER } from './network.ts';
import { approach, NOWHERE, UNASKED } from './places.ts';
import { BEYOND, MIXED, NO_ROOM, NO_SHARE, type Scene, type Shares } from './shares.ts';

const PEER_RANK = PEER << LENGTH_BITS;
const PROVIDER_RANK = PROVIDER << LENGTH_BITS;

/** In `unitRank`: nothing is offered, or nothing known; no AS has this rank. */
const NOTHING = NONE + 1;

/** Does `v` keep its route to itself? */
export function silent(scene: Scene, v: number): boolean {
  const holder = scene.routes.parent[v]! - scene.routes.rank.length;
  return holder >= 0 && scene.seeds.quiet[holder] === 1;
}

/** Notes what the routes say of a transit. False when its route is too long to be told apart here. */
export function review(scene: Scene, shares: Shares, t: number, anyQuiet: boolean): boolean {
  const { rank, parent, contested } = scene.routes;
  const { reach, held, only, disputed } = shares;
  const v = scene.network.transits[t]!;
  const best = rank[v]!;
  held[t] = best;
  only[t] = parent[v]!;
  disputed[t] = contested[v]!;
  reach[t] = BEYOND;
  if (best === NONE || (anyQuiet && silent(scene, v))) return true;
  const length = best & LENGTH_MASK;
  if (length < BEYOND) reach[t] = length;
  return length < BEYOND;
}

/** Works out all nodes of a transit. Those it may have its route from are worked out, and all are reviewed. False without memory. */
export function divideTransit(scene: Scene, shares: Shares, t: number, anyQuiet: boolean): boolean {
  const { whole, wholes, share, held, tied } = shares;
  const { unitNode, unitCities, unitExits } = scene.geography;
  const v = scene.network.transits[t]!;
  const ties = tiesOf(scene, shares, t);
  let all = NO_SHARE;
  if (ties > 0) {
    all = wholes[tied[0]!]!;
    for (let k = 1; k < ties; k++) if (wholes[tied[k]!] !== all) all = MIXED;
  }
  const from = unitNode[t]!;
  const cities = unitCities[t + 1]! - unitCities[t]!;
  if (ties > 0 && all < MIXED) {
    // The usual case: wherever the traffic leaves, it goes to the same sites.
    for (let m = 0; m < cities; m++) share[from + m] = all;
  } else {
    const start = held[t]! >= PROVIDER_RANK ? unitExits[t]! : UNASKED;
    if (ties === 0 || !survey(scene, shares, t, start, ties)) {
      if (!place(scene, shares, v, anyQuiet, false)) return false;
      wholes[t] = whole[v]!;
      return true;
    }
    for (let m = 0; m < cities; m++) {
      const theirs = pick(scene, shares, m, ties, cities);
      if (theirs === NO_ROOM) return false;
      share[from + m] = theirs;
      if (m === 0) all = theirs;
      else if (theirs !== all) all = MIXED;
    }
  }
  wholes[t] = all;
  whole[v] = all;
  return true;
}

/** Collects the transits that offer transit `t` routes as good as the one it holds. Returns how many; 0 when something is special. */
function tiesOf(scene: Scene, shares: Shares, t: number): number {
  const { basis, told, rank, rivals, rivalNext, rivalAs } = scene.routes;
  const { transits, transitNumber, familyOffsets, above } = scene.network;
  const { reach, held, only, disputed, seeded, tied, tiedAt } = shares;
  const best = held[t]!;
  const v = transits[t]!;
  const length = (best & LENGTH_MASK) - 1;
  if (only[t]! >= rank.length) return 0;
  if (disputed[t] !== 0 && (disputed[t] === PINNED || seeded[v] !== 0)) return 0;
  let ties = 0;
  if (best >= PROVIDER_RANK) {
    const first = familyOffsets[t]!;
    for (let e = first, last = familyOffsets[t + 1]!; e < last; e++) {
      if (reach[above[e]!] !== length) continue;
      tiedAt[ties] = e - first;
      tied[ties++] = above[e]!;
    }
    return ties;
  }
  if (disputed[t] === 0) {
    tied[0] = transitNumber[only[t]!]!;
    return tied[0] === NO_NUMBER ? 0 : 1;
  }
  if (!told || basis.rank[v] !== best) return 0;
  let from = basis.parent[v]!;
  for (let e = rivals[v]!; ; e = rivalNext[e - 1]!) {
    const u = from < rank.length ? transitNumber[from]! : NO_NUMBER;
    if (u === NO_NUMBER) return 0;
    if (reach[u] === length && held[u]! < PEER_RANK) tied[ties++] = u;
    if (e === 0) return ties;
    from = rivalAs[e - 1]!;
  }
}

/**
 * Collects what each of the tied transits has where it is nearest to each city of a unit, and how far that is. `start`: where the
 * unit's exits to its providers begin, UNASKED for other neighbours. False where places are not known, or are too many.
 */
function survey(scene: Scene, shares: Shares, unit: number, start: number, ties: number): boolean {
  const { geography } = scene;
  const { nearest, nearestRow, places, unitNode, unitCities, cityPlace, exits } = geography;
  const { wholes, share, tied, tiedAt, candidate, candidateKm } = shares;
  const own = unitCities[unit]!;
  const cities = unitCities[unit + 1]! - own;
  if (ties * cities > candidate.length || cityPlace[own] === NOWHERE) return false;
  let to = 0;
  for (let k = 0; k < ties; k++) {
    const u = tied[k]!;
    const all = wholes[u]!;
    const node = unitNode[u]!;
    if (start !== UNASKED) {
      let exit = start + tiedAt[k]! * cities;
      if (exits[exit] === UNASKED) return false;
      for (let m = 0; m < cities; m++, to++) {
        const way = exits[exit++]!;
        candidate[to] = all === MIXED ? share[node + (way & 0xffff)]! : all;
        candidateKm[to] = way >>> 16;
      }
      continue;
    }
    if (cityPlace[unitCities[u]!] === NOWHERE) return false;
    const other = scene.network.transits[u]!;
    const row = nearestRow[other]! * places;
    for (let m = 0; m < cities; m++, to++) {
      const here = cityPlace[own + m]!;
      let way = row >= 0 ? nearest[row + here]! : UNASKED;
      if (way === UNASKED) way = approach(geography, other, here);
      candidate[to] = all === MIXED ? share[node + (way & 0xffff)]! : all;
      candidateKm[to] = way >>> 16;
    }
  }
  return true;
}

/** What comes of city `m` of `cities`, after {@link survey} of `ties` neighbours: the nearest, or a mean. */
function pick(scene: Scene, shares: Shares, m: number, ties: number, cities: number): number {
  const { candidate, candidateKm } = shares;
  const a = candidate[m]!;
  if (ties === 1) return a;
  if (ties > 2) return nearestOf(scene, shares, m, ties * cities, cities);
  const b = candidate[cities + m]!;
  if (a === b) return a;
  const nearer = candidateKm[cities + m]! - candidateKm[m]!;
  if (nearer > scene.marginKm) return a;
  if (nearer < -scene.marginKm) return b;
  return b === NO_SHARE ? a : a === NO_SHARE ? b : meanOf(scene, shares, a, b);
}

/**
 * What a unit of stubs is offered, its rank and what comes of it in the unit's cities. What is not known here is offered by nobody:
 * `unitRank` then differs from the rank of every AS. False without memory.
 */
export function divideUnit(scene: Scene, shares: Shares, unit: number): boolean {
  const { unitFamily, unitCities, unitExits } = scene.geography;
  const { familyOffsets, above } = scene.network;
  const { reach, wholes, unitRank, cityShare, tied, tiedAt } = shares;
  const first = familyOffsets[unitFamily[unit]!]!;
  const last = familyOffsets[unitFamily[unit]! + 1]!;
  let least = BEYOND;
  let all = NO_SHARE;
  let ties = 0;
  for (let e = first; e < last; e++) {
    const t = above[e]!;
    const length = reach[t]!;
    if (length > least) continue;
    const theirs = wholes[t]!;
    if (length < least) {
      least = length;
      ties = 0;
      all = theirs;
    } else if (theirs !== all) all = MIXED;
    tiedAt[ties] = e - first;
    tied[ties++] = t;
  }
  unitRank[unit] = NOTHING;
  if (least === BEYOND) return true;
  const city = unitCities[unit]!;
  const cities = unitCities[unit + 1]! - city;
  if (all < MIXED) for (let m = 0; m < cities; m++) cityShare[city + m] = all;
  else {
    const start = unitExits[unit]!;
    if (start === UNASKED || !survey(scene, shares, unit, start, ties)) return true;
    for (let m = 0; m < cities; m++) {
      const theirs = pick(scene, shares, m, ties, cities);
      if (theirs === NO_ROOM) return false;
      cityShare[city + m] = theirs;
    }
  }
  unitRank[unit] = PROVIDER_RANK + least + 1;
  return true;
}
