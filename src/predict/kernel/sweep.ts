/**
 * The quick way of {@link spread}, for a whole scenario without filters: transits by the length of their routes, then what each
 * unit of stubs is offered, then all ASes one after the other as they lie in memory. It does what {@link place} does, AS by AS, but
 * in arrays indexed by transit number and by city of a unit: together they fit into a core's own cache, and most of the time used to
 * go into waiting for memory. Whatever is special it leaves to {@link place}: an AS that hears a seed, or prefers against the
 * rules, or whose places are not known.
 */
import { copyShares, fareAlike, meanOf, nearestOf, place, tie } from './exits.ts';
import { LENGTH_BITS, LENGTH_MASK, NONE, PEER, PINNED, PROVIDER } from './memory.ts';
import { NO_NUMBER } from './network.ts';
import { approach, NOWHERE, UNASKED } from './places.ts';
import { BEYOND, MIXED, NO_ROOM, NO_SHARE, type Scene, type Shares } from './shares.ts';

const PEER_RANK = PEER << LENGTH_BITS;
const PROVIDER_RANK = PROVIDER << LENGTH_BITS;

/** In `unitRank`: nothing is offered, or nothing known; no AS has this rank. */
const NOTHING = NONE + 1;

/** In `manner`: one way only, to a neighbour; for {@link place} to look at. Anything else: several. */
const SINGLE = 0;
const SPECIAL = 2;

/** Fills `shares` from the seeds on, after {@link line}. False when the memory for divisions did not suffice. */
export function sweep(scene: Scene, shares: Shares, turns: number, anyQuiet: boolean): boolean {
  shares.pairs.fill(0);
  if (!divideSown(scene, shares, anyQuiet)) return false;
  if (!divideTransits(scene, shares, turns, anyQuiet)) return false;
  if (!divideUnits(scene, shares)) return false;
  const left = assemble(scene, shares);
  const { todo } = shares;
  const { alike } = scene.geography;
  for (let i = 0; i < left; i++) {
    const v = todo[i]!;
    const u = alike[v]!;
    if (u !== v && fareAlike(scene, shares, u, v)) copyShares(scene, shares, u, v);
    else if (!place(scene, shares, v, anyQuiet, false)) return false;
  }
  return true;
}

/** Does `v` keep its route to itself? */
function silent(scene: Scene, v: number): boolean {
  const holder = scene.routes.parent[v]! - scene.routes.rank.length;
  return holder >= 0 && scene.seeds.quiet[holder] === 1;
}

/**
 * Collects what is known of the transits' routes, and lines them up by length: who takes a route comes after whom it takes it
 * from. Returns how many stand in line; −1 when a route is too long to be told apart here.
 */
export function line(scene: Scene, shares: Shares, anyQuiet: boolean): number {
  const longest = review(scene, shares, anyQuiet);
  if (longest < 0) return -1;
  for (let s = 0; s < scene.seeds.count; s++) {
    const t = scene.network.transitNumber[scene.seeds.at[s]!]!;
    if (t !== NO_NUMBER && shares.manner[t] !== SINGLE) shares.manner[t] = SPECIAL;
  }
  return lineUp(shares, longest);
}

// From here on each loop has a function of its own: an engine that compiles a function while its first loop runs knows nothing of
// the second yet, and would start anew there, each time.

/** Fills what is indexed by transit number. Returns the longest length, or −1 when it is too long. */
function review(scene: Scene, shares: Shares, anyQuiet: boolean): number {
  const { rank, parent, contested } = scene.routes;
  const { transits } = scene.network;
  const { reach, held, only, manner } = shares;
  const n = rank.length;
  let most = 0;
  for (let t = 0; t < transits.length; t++) {
    const v = transits[t]!;
    const best = rank[v]!;
    const length = best & LENGTH_MASK;
    const from = parent[v]!;
    const disputed = contested[v]!;
    held[t] = best;
    only[t] = from;
    manner[t] = from >= n ? SPECIAL : disputed;
    if (best === NONE || (anyQuiet && silent(scene, v))) reach[t] = BEYOND;
    else if (length >= BEYOND) return -1;
    else {
      reach[t] = length;
      if (length > most) most = length;
    }
  }
  return most;
}

function lineUp(shares: Shares, longest: number): number {
  const { lengths } = shares;
  lengths.fill(0, 0, longest + 2);
  countLengths(shares);
  for (let l = 0; l <= longest; l++) lengths[l + 1]! += lengths[l]!;
  takePlaces(shares);
  return lengths[longest]!;
}

function countLengths({ reach, lengths }: Shares): void {
  for (let t = 0; t < reach.length; t++) if (reach[t] !== BEYOND) lengths[reach[t]! + 1]!++;
}

function takePlaces({ reach, lengths, turns }: Shares): void {
  for (let t = 0; t < reach.length; t++) if (reach[t] !== BEYOND) turns[lengths[reach[t]!]!++] = t;
}

/** ASes without customers that hear a seed as from a customer: they may tell others. */
function divideSown(scene: Scene, shares: Shares, anyQuiet: boolean): boolean {
  const { seeds } = scene;
  const { rank } = scene.routes;
  for (let s = 0; s < seeds.count; s++) {
    const v = seeds.at[s]!;
    if (shares.seeded[v] !== s + 1 || scene.network.transitNumber[v] !== NO_NUMBER) continue;
    if (rank[v]! >= PEER_RANK || (anyQuiet && silent(scene, v))) continue;
    if (!place(scene, shares, v, anyQuiet, false)) return false;
  }
  return true;
}

function divideTransits(scene: Scene, shares: Shares, turns: number, anyQuiet: boolean): boolean {
  const { transits, transitNumber, familyOffsets, above } = scene.network;
  const { unitCities, unitExits } = scene.geography;
  const { reach, wholes, cityShare, held, only, manner, tied, tiedAt } = shares;
  const { rivals, rivalNext, rivalAs, told } = scene.routes;
  for (let i = 0; i < turns; i++) {
    const t = shares.turns[i]!;
    const best = held[t]!;
    const how = manner[t]!;
    let ties = 0;
    let all = NO_SHARE;
    if (how === SPECIAL) {
      // Nothing is known.
    } else if (how === SINGLE && best < PROVIDER_RANK) {
      const u = transitNumber[only[t]!]!;
      if (u !== NO_NUMBER) {
        tied[ties++] = u;
        all = wholes[u]!;
      }
    } else if (best >= PROVIDER_RANK) {
      const length = (best & LENGTH_MASK) - 1;
      const first = familyOffsets[t]!;
      for (let e = first, last = familyOffsets[t + 1]!; e < last; e++) {
        const u = above[e]!;
        if (reach[u] !== length) continue;
        const theirs = wholes[u]!;
        if (ties === 0) all = theirs;
        else if (theirs !== all) all = MIXED;
        tiedAt[ties] = e - first;
        tied[ties++] = u;
      }
    } else if (best >= PEER_RANK && told) {
      let from = only[t]!;
      for (let e = rivals[transits[t]!]!; ; e = rivalNext[e - 1]!) {
        const u = transitNumber[from]!;
        if (u === NO_NUMBER) {
          ties = 0;
          break;
        }
        if (reach[u] !== BEYOND) {
          const theirs = wholes[u]!;
          if (ties === 0) all = theirs;
          else if (theirs !== all) all = MIXED;
          tied[ties++] = u;
        }
        if (e === 0) break;
        from = rivalAs[e - 1]!;
      }
    }
    if (ties > 0 && all < MIXED) {
      // Wherever the traffic leaves, it goes to the same sites. Who asks looks here first, so the cities are not written.
      wholes[t] = all;
      continue;
    }
    const city = unitCities[t]!;
    const cities = unitCities[t + 1]! - city;
    const start = best >= PROVIDER_RANK ? unitExits[t]! : UNASKED;
    if (ties === 0 || !survey(scene, shares, city, cities, start, ties)) {
      if (!placeSpecial(scene, shares, t, anyQuiet)) return false;
      continue;
    }
    for (let m = 0; m < cities; m++) {
      const theirs = pick(scene, shares, m, ties, cities);
      if (theirs === NO_ROOM) return false;
      cityShare[city + m] = theirs;
      if (m === 0) all = theirs;
      else if (theirs !== all) all = MIXED;
    }
    wholes[t] = all;
  }
  return true;
}

/**
 * Collects what each of `ties` tied transits has where it is nearest to each of a unit's cities, which begin at `own`, and how far
 * that is. `start`: where the exits to its providers begin, UNASKED for other neighbours. False where places are not known, or too many.
 */
function survey(
  scene: Scene,
  shares: Shares,
  own: number,
  cities: number,
  start: number,
  ties: number,
): boolean {
  const { geography } = scene;
  const { nearest, nearestRow, places, unitCities, cityPlace, exits } = geography;
  const { transits } = scene.network;
  const { wholes, cityShare, tied, tiedAt, candidate, candidateKm } = shares;
  if (ties * cities > candidate.length || cityPlace[own] === NOWHERE) return false;
  let to = 0;
  for (let k = 0; k < ties; k++) {
    const u = tied[k]!;
    const all = wholes[u]!;
    const city = unitCities[u]!;
    if (start !== UNASKED) {
      let exit = start + tiedAt[k]! * cities;
      if (exits[exit] === UNASKED) return false;
      for (let m = 0; m < cities; m++, to++) {
        const way = exits[exit++]!;
        candidate[to] = all === MIXED ? cityShare[city + (way & 0xffff)]! : all;
        candidateKm[to] = way >>> 16;
      }
      continue;
    }
    if (cityPlace[city] === NOWHERE) return false;
    const other = transits[u]!;
    const row = nearestRow[other]! * places;
    for (let m = 0; m < cities; m++, to++) {
      const here = cityPlace[own + m]!;
      let way = row >= 0 ? nearest[row + here]! : UNASKED;
      if (way === UNASKED) way = approach(geography, other, here);
      candidate[to] = all === MIXED ? cityShare[city + (way & 0xffff)]! : all;
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

/** Lets {@link place} work out a transit: it reads and writes by node, so the nodes of those it looks at are written first. */
function placeSpecial(scene: Scene, shares: Shares, t: number, anyQuiet: boolean): boolean {
  const { transits, transitNumber } = scene.network;
  const { nodeOffsets, unitCities } = scene.geography;
  const { share, whole, wholes, cityShare, tied } = shares;
  const v = transits[t]!;
  for (let ties = tie(scene, shares, v, anyQuiet); ties > 0; ties--) {
    const u = transitNumber[tied[ties - 1]!]!;
    if (u === NO_NUMBER) continue;
    whole[tied[ties - 1]!] = wholes[u]!;
    let node = nodeOffsets[tied[ties - 1]!]!;
    for (let city = unitCities[u]!; city < unitCities[u + 1]!; city++)
      share[node++] = wholes[u]! === MIXED ? cityShare[city]! : wholes[u]!;
  }
  if (!place(scene, shares, v, anyQuiet, false)) return false;
  let node = nodeOffsets[v]!;
  for (let city = unitCities[t]!; city < unitCities[t + 1]!; city++) cityShare[city] = share[node++]!;
  wholes[t] = whole[v]!;
  return true;
}

/** What each unit of stubs is offered, and what comes of it in its cities. False without memory. */
function divideUnits(scene: Scene, shares: Shares): boolean {
  const { unitFamily, unitCities, unitExits, exits } = scene.geography;
  const { transits, familyOffsets, above } = scene.network;
  const { reach, wholes, unitRank, cityShare, candidate, candidateKm } = shares;
  const units = unitFamily.length;
  for (let g = transits.length; g < units; g++) {
    const from = familyOffsets[unitFamily[g]!]!;
    const end = familyOffsets[unitFamily[g]! + 1]!;
    let least = BEYOND;
    let all = NO_SHARE;
    let at = from;
    let ties = 0;
    for (let e = from; e < end; e++) {
      const t = above[e]!;
      const length = reach[t]!;
      if (length > least) continue;
      const theirs = wholes[t]!;
      if (length < least) {
        least = length;
        at = e;
        ties = 1;
        all = theirs;
      } else {
        ties++;
        if (theirs !== all) all = MIXED;
      }
    }
    unitRank[g] = NOTHING;
    if (least === BEYOND) continue;
    const city = unitCities[g]!;
    const cities = unitCities[g + 1]! - city;
    if (all < MIXED) {
      for (let m = 0; m < cities; m++) cityShare[city + m] = all;
      unitRank[g] = PROVIDER_RANK + least + 1;
      continue;
    }
    // What is not known here is left to those who ask one by one.
    const start = unitExits[g]!;
    if (start === UNASKED || ties * cities > candidate.length) continue;
    let known = true;
    let found = 0;
    for (let e = at; e < end && known; e++) {
      const t = above[e]!;
      if (reach[t] !== least) continue;
      let exit = start + (e - from) * cities;
      known = exits[exit] !== UNASKED;
      if (!known) break;
      const theirs = wholes[t]!;
      for (let m = 0; m < cities; m++, exit++, found++) {
        const way = exits[exit]!;
        candidate[found] = theirs < MIXED ? theirs : cityShare[unitCities[t]! + (way & 0xffff)]!;
        candidateKm[found] = way >>> 16;
      }
    }
    if (!known) continue;
    for (let m = 0; m < cities; m++) {
      const theirs = pick(scene, shares, m, ties, cities);
      if (theirs === NO_ROOM) return false;
      cityShare[city + m] = theirs;
    }
    unitRank[g] = PROVIDER_RANK + least + 1;
  }
  return true;
}

/** Gives each AS what its unit has, or its peer. Those that differ somehow are listed in `todo`; returns how many. */
function assemble(scene: Scene, shares: Shares): number {
  const { rank, contested } = scene.routes;
  const { seeds, geography, network } = scene;
  const { seeded, todo } = shares;
  assembleTransits(scene, shares);
  let left = assembleStubs(scene, shares);
  for (const v of network.aloof) if (rank[v]! >= PEER_RANK && rank[v]! < NONE) todo[left++] = v;
  // Who hears a seed, or insists on its parent, is never like the others.
  for (let s = 0; s < seeds.count; s++) {
    const v = seeds.at[s]!;
    if (seeded[v] !== s + 1 || geography.unit[v]! < network.transits.length) continue;
    if (rank[v]! >= PROVIDER_RANK && rank[v]! < NONE) todo[left++] = v;
  }
  for (let v = contested.indexOf(PINNED); v >= 0; v = contested.indexOf(PINNED, v + 1))
    if (rank[v]! >= PROVIDER_RANK && rank[v]! < NONE && geography.unit[v]! >= network.transits.length)
      todo[left++] = v;
  return left;
}

function assembleTransits(scene: Scene, shares: Shares): void {
  const { transits } = scene.network;
  const { nodeOffsets, unitCities } = scene.geography;
  const { share, whole, wholes, reach, cityShare } = shares;
  for (let t = 0; t < transits.length; t++) {
    if (reach[t] === BEYOND) continue;
    const v = transits[t]!;
    const all = wholes[t]!;
    whole[v] = all;
    const end = nodeOffsets[v + 1]!;
    if (all === MIXED)
      for (let node = nodeOffsets[v]!, city = unitCities[t]!; node < end; node++, city++)
        share[node] = cityShare[city]!;
    else for (let node = nodeOffsets[v]!; node < end; node++) share[node] = all;
  }
}

function assembleStubs(scene: Scene, shares: Shares): number {
  const { rank, parent, contested } = scene.routes;
  const { nodeOffsets, unit, unitCities } = scene.geography;
  const { stubs, transitNumber } = scene.network;
  const { share, wholes, todo, unitRank, cityShare } = shares;
  const n = rank.length;
  let left = 0;
  for (let i = 0; i < stubs.length; i++) {
    const v = stubs[i]!;
    const held = rank[v]!;
    const u = unit[v]!;
    if (held === unitRank[u]) {
      let node = nodeOffsets[v]!;
      let city = unitCities[u]!;
      share[node] = cityShare[city]!;
      for (const end = nodeOffsets[v + 1]!; ++node < end; ) share[node] = cityShare[++city]!;
      continue;
    }
    if (held < PEER_RANK || held >= NONE) continue;
    const only =
      contested[v] === 0 && parent[v]! < n && held < PROVIDER_RANK ? transitNumber[parent[v]!]! : NO_NUMBER;
    const theirs = only === NO_NUMBER ? MIXED : wholes[only]!;
    if (theirs < MIXED)
      for (let node = nodeOffsets[v]!; node < nodeOffsets[v + 1]!; node++) share[node] = theirs;
    else todo[left++] = v;
  }
  return left;
}
