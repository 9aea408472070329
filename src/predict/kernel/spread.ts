/**
 * Mode `all`: every tied best route counts. After {@link propagate} has settled class and length of every AS, this kernel
 * goes over the ASes once more in the order they were settled and works out, for each city of each AS, how its traffic is
 * divided over the seeds.
 *
 * Where several neighbours offer equally good routes, a router takes the nearest exit (hot potato), so an AS that is in many
 * cities answers for each of them. Exits about equally near, and those whose place is not known, are all possible: they get
 * equal parts. So a part below one is doubt, not a split of traffic that anybody promises.
 */
import type { Adjacency } from '../../topology/index.ts';
import { place } from './exits.ts';
import { CUSTOMER, LENGTH_BITS, LENGTH_MASK, NONE, OFF, PEER, PROVIDER } from './memory.ts';
import { chain, NO_SHARE, type Scene, type Shares, unchain } from './shares.ts';
import { line, sweep } from './sweep.ts';

/** Fills `shares`. Returns false when the memory for divisions did not suffice: then make more and call again. */
export function spread(scene: Scene, shares: Shares): boolean {
  const { seeds } = scene;
  const { share, starts } = shares;
  if (shares.part.length < seeds.count) return false;
  share.fill(NO_SHARE);
  shares.whole.fill(NO_SHARE);
  for (let s = 0; s < seeds.count; s++) {
    starts[s] = s;
    shares.seed[s] = s;
    shares.part[s] = 1;
  }
  shares.count = seeds.count;
  starts[seeds.count] = seeds.count;
  return around(scene, shares, undefined);
}

/**
 * The same for a scenario that differs little from one already spread, with the same seeds in the same order (some may be
 * OFF now): what nothing changed for is copied. `shares` must share the memory of divisions with `base`, from which it
 * continues; divisions of an earlier respread are overwritten. `baseRank` are the ranks `base` was made with.
 */
export function respread(scene: Scene, baseRank: Uint32Array, base: Shares, shares: Shares): boolean {
  const { rank } = scene.routes;
  const { seeds } = scene;
  shares.share.set(base.share);
  shares.whole.set(base.whole);
  shares.count = base.count;
  const { dirty } = shares;
  dirty.fill(0);
  for (let v = 0; v < rank.length; v++) {
    if (rank[v] === baseRank[v]) continue;
    dirty[v] = 1;
    // Whoever had an equally good route from `v`, or has one now.
    tell(scene, dirty, v, baseRank[v]!);
    tell(scene, dirty, v, rank[v]!);
    if (rank[v] === NONE) {
      const { nodeOffsets } = scene.geography;
      shares.share.fill(NO_SHARE, nodeOffsets[v]!, nodeOffsets[v + 1]!);
      shares.whole[v] = NO_SHARE;
    }
  }
  for (let s = 0; s < seeds.count; s++) {
    if (seeds.routeClass[s] === OFF || seeds.quiet[s] === 1) dirty[seeds.at[s]!] = 1;
    // What an AS passes on may change while its rank does not, if it kept or now keeps a quiet route.
    if (seeds.quiet[s] === 1) tell(scene, dirty, seeds.at[s]!, rank[seeds.at[s]!]!);
  }
  return around(scene, shares, base);
}

function around(scene: Scene, shares: Shares, base: Shares | undefined): boolean {
  const { seeds } = scene;
  const anyQuiet = chain(seeds, shares);
  const { filter, captured } = scene;
  const plain = base === undefined && filter === undefined && captured === undefined;
  const turns = plain ? line(scene, shares, anyQuiet) : -1;
  const done =
    (turns >= 0 ? sweep(scene, shares, turns, anyQuiet) : divide(scene, shares, anyQuiet, base)) &&
    (!anyQuiet || keepQuiet(scene, shares));
  unchain(seeds, shares);
  return done;
}

function divide(scene: Scene, shares: Shares, anyQuiet: boolean, base: Shares | undefined): boolean {
  const { captured } = scene;
  const { dirty, todo } = shares;
  const { rank, order, ends } = scene.routes;
  if (captured !== undefined)
    for (let v = 0; v < captured.length; v++) if (captured[v] === 1) capture(scene, shares, v);
  const settled = ends[2]!;
  for (let i = 0; i < settled; i++) {
    const v = order[i]!;
    if (base !== undefined && dirty[v] === 0) continue;
    if (captured !== undefined && captured[v] === 1) continue;
    if (!place(scene, shares, v, anyQuiet, false)) return false;
    if (base !== undefined && !same(scene, base, shares, v)) tell(scene, dirty, v, rank[v]!);
  }
  const left = listStubs(scene, shares, base !== undefined);
  for (let i = 0; i < left; i++) {
    const v = todo[i]!;
    if (!place(scene, shares, v, anyQuiet, false)) return false;
    if (base !== undefined) same(scene, base, shares, v);
  }
  return true;
}

/** ASes that keep a quiet route to themselves use it too; by now nobody asks them any more. */
function keepQuiet(scene: Scene, shares: Shares): boolean {
  const { seeds } = scene;
  const { rank } = scene.routes;
  for (let s = 0; s < seeds.count; s++) {
    const v = seeds.at[s]!;
    if (seeds.quiet[s] === 0 || rank[v] !== (seeds.routeClass[s]! << LENGTH_BITS) + seeds.length[s]!)
      continue;
    if (!place(scene, shares, v, true, true)) return false;
  }
  return true;
}

/** Lists in `todo` the stubs with routes of providers, or those of them that are dirty. Returns how many. */
function listStubs(scene: Scene, shares: Shares, dirtyOnly: boolean): number {
  const { rank } = scene.routes;
  const { stubs } = scene.network;
  const { captured } = scene;
  const { dirty, todo } = shares;
  let left = 0;
  for (let i = 0; i < stubs.length; i++) {
    const v = stubs[i]!;
    if (rank[v]! >= NONE || rank[v]! < PROVIDER << LENGTH_BITS) continue;
    if ((dirtyOnly && dirty[v] === 0) || (captured !== undefined && captured[v] === 1)) continue;
    todo[left++] = v;
  }
  return left;
}

/** Did the nodes of `v` come out as in `base`? Divisions of equal content get the number they had there. */
export function same(scene: Scene, base: Shares, shares: Shares, v: number): boolean {
  const { nodeOffsets } = scene.geography;
  const { share, whole, starts, seed, part } = shares;
  let equal = true;
  for (let node = nodeOffsets[v]!; node < nodeOffsets[v + 1]!; node++) {
    const before = base.share[node]!;
    const now = share[node]!;
    if (now === before) continue;
    if (now === NO_SHARE || before === NO_SHARE || !sameDivision(starts, seed, part, before, now))
      equal = false;
    else share[node] = before;
  }
  if (equal) whole[v] = base.whole[v]!;
  return equal;
}

function sameDivision(
  starts: Uint32Array,
  seed: Uint16Array,
  part: Float32Array,
  a: number,
  b: number,
): boolean {
  const length = starts[a + 1]! - starts[a]!;
  if (starts[b + 1]! - starts[b]! !== length) return false;
  for (let i = 0; i < length; i++) {
    const x = starts[a]! + i;
    const y = starts[b]! + i;
    if (seed[x] !== seed[y] || Math.abs(part[x]! - part[y]!) > 1e-6) return false;
  }
  return true;
}

/** Marks those neighbours for whom a route of `v` is, by its rank there, among the best. */
function tell(scene: Scene, dirty: Uint8Array, v: number, held: number): void {
  if (held === NONE) return;
  const { customers, peers, providers } = scene.network.graph;
  const length = (held & LENGTH_MASK) + 1;
  mark(customers, scene.routes.rank, dirty, v, (PROVIDER << LENGTH_BITS) + length);
  if (held >= PEER << LENGTH_BITS) return;
  mark(peers, scene.routes.rank, dirty, v, (PEER << LENGTH_BITS) + length);
  mark(providers, scene.routes.rank, dirty, v, (CUSTOMER << LENGTH_BITS) + length);
}

function mark(list: Adjacency, rank: Uint32Array, dirty: Uint8Array, v: number, offer: number): void {
  const { offsets, neighbours } = list;
  for (let e = offsets[v]!, end = offsets[v + 1]!; e < end; e++)
    if (rank[neighbours[e]!] === offer) dirty[neighbours[e]!] = 1;
}

function capture(scene: Scene, shares: Shares, v: number): void {
  const { nodeOffsets } = scene.geography;
  shares.share.fill(scene.captor ?? 0, nodeOffsets[v]!, nodeOffsets[v + 1]!);
  shares.whole[v] = scene.captor ?? 0;
}
