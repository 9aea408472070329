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

/** In place of a rank in `unitOffer`: nothing is offered, or nothing known; no AS has this rank. */
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

/** Works out all nodes of a stub with a route of a peer. Transits are worked out. False without memory. */
export function dividePeered(scene: Scene, shares: Shares, v: number, anyQuiet: boolean): boolean {
  const { rank, parent, contested } = scene.routes;
  const { unit, unitCities, nodeOffsets } = scene.geography;
  const { share, candidate, seeded } = shares;
  const u = unit[v]!;
  const special = u === NO_NUMBER || seeded[v] !== 0;
  const ties = special ? 0 : tellersOf(scene, shares, v, rank[v]!, parent[v]!, contested[v]!);
  if (ties === 0 || !survey(scene, shares, u, UNASKED, ties)) return place(scene, shares, v, anyQuiet, false);
  const from = nodeOffsets[v]!;
  const cities = unitCities[u + 1]! - unitCities[u]!;
  for (let m = 0; m < cities; m++) {
    const theirs = ties === 1 ? candidate[m]! : pick(scene, shares, m, ties, cities);
    if (theirs === NO_ROOM) return false;
    share[from + m] = theirs;
  }
  return true;
}

/** Collects the transits that offer transit `t` routes as good as the one it holds. Returns how many; 0 when something is special. */
function tiesOf(scene: Scene, shares: Shares, t: number): number {
  const { transits, familyOffsets, above } = scene.network;
  const { reach, held, only, disputed, seeded, tied, tiedAt } = shares;
  const best = held[t]!;
  if (disputed[t] !== 0 && seeded[transits[t]!] !== 0) return 0;
  if (best < PROVIDER_RANK) return tellersOf(scene, shares, transits[t]!, best, only[t]!, disputed[t]!);
  if (disputed[t] === PINNED || only[t]! >= scene.routes.rank.length) return 0;
  const length = (best & LENGTH_MASK) - 1;
  const first = familyOffsets[t]!;
  let ties = 0;
  for (let e = first, last = familyOffsets[t + 1]!; e < last; e++) {
    if (reach[above[e]!] !== length) continue;
    tiedAt[ties] = e - first;
    tied[ties++] = above[e]!;
  }
  return ties;
}

/** The same for an AS with a route of a customer or a peer: its rank, parent, and whether that is contested. */
function tellersOf(
  scene: Scene,
  shares: Shares,
  v: number,
  best: number,
  only: number,
  disputed: number,
): number {
  const { basis, told, rank, rivals, rivalNext, rivalAs } = scene.routes;
  const { transitNumber } = scene.network;
  const { reach, held, tied } = shares;
  const n = rank.length;
  if (disputed === PINNED || only >= n) return 0;
  if (disputed === 0) {
    tied[0] = transitNumber[only]!;
    return tied[0] === NO_NUMBER ? 0 : 1;
  }
  if (!told || basis.rank[v] !== best) return 0;
  const length = (best & LENGTH_MASK) - 1;
  let ties = 0;
  let from = basis.parent[v]!;
  for (let e = rivals[v]!; ; e = rivalNext[e - 1]!) {
    const u = from < n ? transitNumber[from]! : NO_NUMBER;
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
 * the rank in `unitOffer` then differs from that of every AS. False without memory.
 */
export function divideUnit(scene: Scene, shares: Shares, unit: number): boolean {
  const { unitFamily, unitCities, unitExits } = scene.geography;
  const { familyOffsets, above } = scene.network;
  const { reach, wholes, unitOffer, cityShare, tied, tiedAt } = shares;
  const { asked, best } = scene.routes;
  const f = unitFamily[unit]!;
  const first = familyOffsets[f]!;
  const last = familyOffsets[f + 1]!;
  let least = BEYOND;
  let all = NO_SHARE;
  let ties = 0;
  const code = asked ? best[2 * f + 1]! : 1;
  if ((code & 1) === 0) {
    // Only one offers the best, and propagate found it.
    tied[0] = code >>> 1;
    least = reach[tied[0]]!;
    all = wholes[tied[0]]!;
    ties = 1;
    if (all >= MIXED) {
      let e = first;
      while (above[e] !== tied[0]) e++;
      tiedAt[0] = e - first;
    }
  } else {
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
  }
  unitOffer[2 * unit] = NOTHING;
  if (least === BEYOND) return true;
  if (all >= MIXED) {
    const start = unitExits[unit]!;
    if (start === UNASKED || !survey(scene, shares, unit, start, ties)) return true;
    const city = unitCities[unit]!;
    const cities = unitCities[unit + 1]! - city;
    for (let m = 0; m < cities; m++) {
      const theirs = pick(scene, shares, m, ties, cities);
      if (theirs === NO_ROOM) return false;
      cityShare[city + m] = theirs;
      if (m === 0) all = theirs;
      else if (theirs !== all) all = MIXED;
    }
  }
  unitOffer[2 * unit] = PROVIDER_RANK + least + 1;
  unitOffer[2 * unit + 1] = all;
  return true;
}

/** Gives all nodes of stub `v` what its unit has. */
export function takeOffer(scene: Scene, shares: Shares, v: number): void {
  const { nodeOffsets, unit, unitCities } = scene.geography;
  const { share, unitOffer, cityShare } = shares;
  const u = unit[v]!;
  const all = unitOffer[2 * u + 1]!;
  const end = nodeOffsets[v + 1]!;
  let node = nodeOffsets[v]!;
  if (all !== MIXED) for (; node < end; node++) share[node] = all;
  else for (let city = unitCities[u]!; node < end; node++, city++) share[node] = cityShare[city]!;
}
