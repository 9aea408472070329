/**
 * The quick way of {@link spread}, for a whole scenario without filters: transits by the length of their routes, then what each
 * unit of stubs is offered, then the stubs one after the other as they lie in memory. Each loop has a function of its own: an engine
 * that compiles a function while its first loop runs knows nothing of the second yet, and would start anew there, each time.
 */
import { copyShares, fareAlike, place } from './exits.ts';
import { LENGTH_BITS, NONE, PEER, PINNED, PROVIDER } from './memory.ts';
import { NO_NUMBER } from './network.ts';
import { BEYOND, MIXED, type Scene, type Shares } from './shares.ts';
import { dividePeered, divideTransit, divideUnit, review, silent, takeOffer } from './units.ts';

const PEER_RANK = PEER << LENGTH_BITS;
const PROVIDER_RANK = PROVIDER << LENGTH_BITS;

/** Fills `shares` from the seeds on, after {@link line}. False when the memory for divisions did not suffice. */
export function sweep(scene: Scene, shares: Shares, turns: number, anyQuiet: boolean): boolean {
  shares.pairs.fill(0);
  return (
    divideSown(scene, shares, anyQuiet) &&
    divideTransits(scene, shares, turns, anyQuiet) &&
    divideUnits(scene, shares) &&
    divideRest(scene, shares, listRest(scene, shares, assemble(scene, shares)), anyQuiet)
  );
}

/**
 * Reviews all transits and lines them up by length: who takes a route comes after whom it takes it from. Returns how many stand in
 * line; −1 when a route is too long to be told apart here.
 */
export function line(scene: Scene, shares: Shares, anyQuiet: boolean): number {
  const longest = reviewAll(scene, shares, anyQuiet);
  if (longest < 0) return -1;
  const { lengths } = shares;
  lengths.fill(0, 0, longest + 2);
  countLengths(shares);
  for (let l = 0; l <= longest; l++) lengths[l + 1]! += lengths[l]!;
  takePlaces(shares);
  return lengths[longest]!;
}

/** Returns the longest length, or −1 when it is too long. */
function reviewAll(scene: Scene, shares: Shares, anyQuiet: boolean): number {
  const { reach } = shares;
  let longest = 0;
  for (let t = 0; t < reach.length; t++) {
    if (!review(scene, shares, t, anyQuiet)) return -1;
    if (reach[t] !== BEYOND && reach[t]! > longest) longest = reach[t]!;
  }
  return longest;
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
  for (let i = 0; i < turns; i++) if (!divideTransit(scene, shares, shares.turns[i]!, anyQuiet)) return false;
  return true;
}

function divideUnits(scene: Scene, shares: Shares): boolean {
  const units = scene.geography.unitFamily.length;
  for (let unit = scene.network.transits.length; unit < units; unit++)
    if (!divideUnit(scene, shares, unit)) return false;
  return true;
}

/** Gives each stub what its unit has, or its peer. Those that differ somehow are listed in `todo`; returns how many. */
function assemble(scene: Scene, shares: Shares): number {
  const { rank, parent, contested } = scene.routes;
  const { nodeOffsets, unit } = scene.geography;
  const { stubs, transitNumber } = scene.network;
  const { share, wholes, todo, unitOffer } = shares;
  const n = rank.length;
  let left = 0;
  for (let i = 0; i < stubs.length; i++) {
    const v = stubs[i]!;
    const held = rank[v]!;
    const u = unit[v]!;
    if (held === unitOffer[2 * u]) {
      takeOffer(scene, shares, v);
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

/** Adds to `todo` the ASes that are neither transits nor stubs, and the stubs that are never like others. Returns how many there are now. */
function listRest(scene: Scene, shares: Shares, listed: number): number {
  const { rank, contested } = scene.routes;
  const { seeds } = scene;
  const { transitNumber, aloof } = scene.network;
  const { seeded, todo } = shares;
  let left = listed;
  for (const v of aloof) if (rank[v]! >= PEER_RANK && rank[v]! < NONE) todo[left++] = v;
  for (let s = 0; s < seeds.count; s++) {
    const v = seeds.at[s]!;
    if (seeded[v] !== s + 1 || transitNumber[v] !== NO_NUMBER) continue;
    if (rank[v]! >= PROVIDER_RANK && rank[v]! < NONE) todo[left++] = v;
  }
  for (let v = contested.indexOf(PINNED); v >= 0; v = contested.indexOf(PINNED, v + 1))
    if (rank[v]! >= PROVIDER_RANK && rank[v]! < NONE && transitNumber[v] === NO_NUMBER) todo[left++] = v;
  return left;
}

function divideRest(scene: Scene, shares: Shares, left: number, anyQuiet: boolean): boolean {
  const { rank } = scene.routes;
  const { alike } = scene.geography;
  for (let i = 0; i < left; i++) {
    const v = shares.todo[i]!;
    const u = alike[v]!;
    if (u !== v && fareAlike(scene, shares, u, v)) copyShares(scene, shares, u, v);
    else if (rank[v]! < PROVIDER_RANK) {
      if (!dividePeered(scene, shares, v, anyQuiet)) return false;
    } else if (!place(scene, shares, v, anyQuiet, false)) return false;
  }
  return true;
}
