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
import {
  CUSTOMER,
  type Filter,
  isCut,
  LENGTH_BITS,
  LENGTH_MASK,
  type Network,
  NONE,
  OFF,
  ORIGIN,
  PEER,
  PINNED,
  PROVIDER,
  type Routes,
  type Seeds,
} from './memory.ts';
import { distance, entry, FAR_AWAY, type Geography, NO_DOOR, NOWHERE } from './places.ts';

/** The share of a node that has no route. */
export const NO_SHARE = 0xffff_ffff;
/** In `whole`: the cities of the AS differ. */
export const MIXED = 0xffff_fffe;

/** What {@link spread} looks at. */
export interface Scene {
  readonly network: Network;
  readonly seeds: Seeds;
  /** From {@link propagate} with `keepTies`. */
  readonly routes: Routes;
  readonly geography: Geography;
  /** Kilometres from each place to each seed, `seedKm[seed × places + place]`; FAR_AWAY where the seed's place is not known. */
  readonly seedKm: Uint16Array;
  /** Exits at most this much farther than the nearest count as equally near. */
  readonly marginKm: number;
  /** The filter given to propagate. An AS that refuses tainted seeds takes from a divided neighbour the untainted part. */
  readonly filter?: Filter;
  /** Indexed by AS; 1: all its traffic goes to seed `captor`, whatever its own routes say (a more specific prefix elsewhere). */
  readonly captured?: Uint8Array;
  readonly captor?: number;
}

/** The outcome, indexed by node, and the memory it needs. */
export interface Shares {
  /** Which division of traffic a node has; NO_SHARE without a route. Several nodes may have the same. */
  readonly share: Uint32Array;
  /** Indexed by AS: the share that all its nodes have, or MIXED. */
  readonly whole: Uint32Array;
  /** A division `d` is `part[starts[d] … starts[d + 1])` of the traffic for the seeds of the same indexes in `seed`. */
  readonly starts: Uint32Array;
  readonly seed: Uint16Array;
  readonly part: Float32Array;
  /** How many divisions there are. The first are the seeds themselves. */
  count: number;
  /** Scratch, indexed by seed; all zero between calls. */
  readonly sum: Float64Array;
  /** Scratch, indexed by AS: the first seed heard there + 1, or 0; all zero between calls. */
  readonly seeded: Uint16Array;
  /** Scratch, indexed by seed: the next seed at the same AS + 1, or 0. */
  readonly nextSeed: Uint16Array;
  /** Scratch, indexed by AS: 1 where something upstream changed ({@link respread}). */
  readonly dirty: Uint8Array;
  /** Scratch: the neighbours of one AS that offer equally good routes, and where each stands in its list of neighbours. */
  readonly tied: Uint32Array;
  readonly tiedAt: Uint32Array;
  /**
   * Scratch: for each AS, the peers that offer it routes as good as the one it holds, as a linked list: `peerTie` is indexed by
   * AS and holds entry + 1, or 0. Told by those few who have customers' routes, which is less than asking all peers of all.
   */
  readonly peerTie: Uint32Array;
  readonly tieNext: Uint32Array;
  readonly tieItem: Uint32Array;
  /** Scratch for the candidates of one node: a node, or the number of nodes + a seed; and its kilometres, −1 when unknown. */
  readonly candidate: Uint32Array;
  readonly candidateKm: Int32Array;
}

/** Memory for scenarios of up to `seedCapacity` seeds with divisions of `parts` entries together. */
export function sharesFor(
  network: Network,
  geography: Geography,
  seedCapacity: number,
  parts: number,
): Shares {
  const nodes = geography.nodePlace.length;
  const n = network.graph.asns.length;
  const { customers, peers, providers } = network.graph;
  let most = 1;
  for (const { offsets } of [customers, peers, providers])
    for (let v = 0; v < n; v++) most = Math.max(most, offsets[v + 1]! - offsets[v]!);
  // A node that is nowhere may see all nodes of each neighbour.
  const candidates = most + seedCapacity + nodes;
  return {
    share: new Uint32Array(nodes),
    whole: new Uint32Array(n),
    // A node is worked out at most three times: in its turn, as a stub, and again for what it keeps to itself; and all that
    // once more when a scenario is worked out on top of another.
    starts: new Uint32Array(6 * nodes + seedCapacity + 2),
    seed: new Uint16Array(parts),
    part: new Float32Array(parts),
    count: 0,
    sum: new Float64Array(seedCapacity),
    seeded: new Uint16Array(n),
    nextSeed: new Uint16Array(seedCapacity),
    dirty: new Uint8Array(n),
    tied: new Uint32Array(most),
    tiedAt: new Uint32Array(most),
    peerTie: new Uint32Array(n),
    tieNext: new Uint32Array(peers.neighbours.length),
    tieItem: new Uint32Array(peers.neighbours.length),
    candidate: new Uint32Array(candidates),
    candidateKm: new Int32Array(candidates),
  };
}

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
  const done = divide(scene, shares, anyQuiet, base);
  unchain(seeds, shares);
  return done;
}

/** Notes at each AS which seeds it hears. Is one of them quiet? */
export function chain(seeds: Seeds, shares: Shares): boolean {
  let anyQuiet = false;
  for (let s = seeds.count - 1; s >= 0; s--) {
    shares.nextSeed[s] = shares.seeded[seeds.at[s]!]!;
    shares.seeded[seeds.at[s]!] = s + 1;
    if (seeds.quiet[s] === 1) anyQuiet = true;
  }
  return anyQuiet;
}

export function unchain(seeds: Seeds, shares: Shares): void {
  for (let s = 0; s < seeds.count; s++) shares.seeded[seeds.at[s]!] = 0;
}

function divide(scene: Scene, shares: Shares, anyQuiet: boolean, base: Shares | undefined): boolean {
  const { seeds, captured, filter } = scene;
  const { dirty, share, whole } = shares;
  const { rank, order, ends, parent, contested } = scene.routes;
  const { nodeOffsets } = scene.geography;
  const n = rank.length;
  const { stubs } = scene.network;
  if (captured !== undefined)
    for (let v = 0; v < captured.length; v++) if (captured[v] === 1) capture(scene, shares, v);
  if (base === undefined) tellPeers(scene, shares);
  const settled = ends[2]!;
  const turns = settled + stubs.length;
  for (let i = 0; i < turns; i++) {
    const v = i < settled ? order[i]! : stubs[i - settled]!;
    if (base !== undefined && dirty[v] === 0) continue;
    if (i >= settled && (rank[v]! >= NONE || rank[v]! < PROVIDER << LENGTH_BITS)) continue;
    if (captured !== undefined && captured[v] === 1) continue;
    if (base === undefined && contested[v] === 0 && shares.seeded[v] === 0 && filter === undefined) {
      // Most ASes have one way only, to neighbours whose cities are all of one mind.
      const all = parent[v]! < n ? whole[parent[v]!]! : NO_SHARE;
      if (all < MIXED) {
        whole[v] = all;
        for (let node = nodeOffsets[v]!, end = nodeOffsets[v + 1]!; node < end; node++) share[node] = all;
        continue;
      }
    }
    if (!place(scene, shares, v, anyQuiet, false, base === undefined)) return false;
    if (base !== undefined && !same(scene, base, shares, v)) tell(scene, dirty, v, rank[v]!);
  }
  // ASes that keep a quiet route to themselves use it too; by now nobody asks them any more.
  for (let s = 0; s < seeds.count && anyQuiet; s++) {
    const v = seeds.at[s]!;
    if (seeds.quiet[s] === 0 || rank[v] !== (seeds.routeClass[s]! << LENGTH_BITS) + seeds.length[s]!)
      continue;
    if (!place(scene, shares, v, true, true)) return false;
  }
  return true;
}

/** Fills the lists of tied peers. */
function tellPeers(scene: Scene, shares: Shares): void {
  const { rank, order, ends, contested } = scene.routes;
  const { offsets, neighbours } = scene.network.graph.peers;
  const { peerTie, tieNext, tieItem } = shares;
  peerTie.fill(0);
  let entries = 0;
  for (let i = 0; i < ends[0]!; i++) {
    const u = order[i]!;
    if (rank[u]! >= PEER << LENGTH_BITS) continue;
    const offer = (PEER << LENGTH_BITS) + (rank[u]! & LENGTH_MASK) + 1;
    for (let e = offsets[u]!, end = offsets[u + 1]!; e < end; e++) {
      const p = neighbours[e]!;
      if (rank[p] !== offer || contested[p] === 0) continue;
      tieItem[entries] = u;
      tieNext[entries] = peerTie[p]!;
      peerTie[p] = ++entries;
    }
  }
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

/** Works out all nodes of one AS. `told`: the lists of tied peers are those of this scenario. */
export function place(
  scene: Scene,
  shares: Shares,
  v: number,
  anyQuiet: boolean,
  quietToo: boolean,
  told = false,
): boolean {
  const { geography, filter } = scene;
  const { nodeOffsets } = geography;
  const { share, whole, tied } = shares;
  const from = nodeOffsets[v]!;
  const end = nodeOffsets[v + 1]!;
  const picky = filter !== undefined && filter.refuses[v] === 1;
  const plain = shares.seeded[v] === 0 && !picky;
  const ties = tie(scene, shares, v, anyQuiet, !plain, told);
  if (ties > 0 && plain) {
    // The usual case: wherever the traffic leaves, it goes to the same sites.
    const all = whole[tied[0]!]!;
    let alike = all < MIXED;
    for (let t = 1; t < ties && alike; t++) alike = whole[tied[t]!] === all;
    if (alike) {
      for (let node = from; node < end; node++) share[node] = all;
      whole[v] = all;
      return true;
    }
  }
  const width = widthOf(scene, v);
  if (width > 0 && ties === 1 && plain) {
    // One neighbour only: each city takes what the nearest city of that neighbour has.
    const { doors, doorOffsets } = geography;
    let door = doorOffsets[v]! + shares.tiedAt[0]!;
    if (doors[door] !== NO_DOOR) {
      whole[v] = share[doors[door]!]!;
      for (let node = from; node < end; node++, door += width) {
        share[node] = share[doors[door]!]!;
        if (share[node] !== whole[v]) whole[v] = MIXED;
      }
      return true;
    }
  }
  const quick = plain && width > 0;
  for (let node = from; node < end; node++) {
    if (quick && agreed(scene, shares, v, node, ties, width)) continue;
    const found = gather(scene, shares, v, node, ties, width, quietToo);
    if (!settle(scene, shares, node, found, picky)) return false;
  }
  whole[v] = share[from]!;
  for (let node = from + 1; node < end; node++) if (share[node] !== whole[v]) whole[v] = MIXED;
  return true;
}

/** Gives the node its share where all the nearest doors lead to the same one, as most do; false leaves it to {@link gather}. */
function agreed(scene: Scene, shares: Shares, v: number, node: number, ties: number, width: number): boolean {
  const { doors, doorKm, doorOffsets, nodeOffsets } = scene.geography;
  const { share, tiedAt } = shares;
  const door = doorOffsets[v]! + (node - nodeOffsets[v]!) * width;
  let least = 0x7fff_ffff;
  for (let t = 0; t < ties; t++) {
    const d = door + tiedAt[t]!;
    if (doors[d] === NO_DOOR) return false;
    if (doorKm[d]! < least) least = doorKm[d]!;
  }
  least += scene.marginKm;
  let only = NO_SHARE;
  for (let t = 0; t < ties; t++) {
    const d = door + tiedAt[t]!;
    if (doorKm[d]! > least) continue;
    const theirs = share[doors[d]!]!;
    if (theirs === only || theirs === NO_SHARE) continue;
    if (only !== NO_SHARE) return false;
    only = theirs;
  }
  share[node] = only;
  return true;
}

/** How many ways to providers each node of `v` has, if `v` uses routes of providers; else none. */
export function widthOf(scene: Scene, v: number): number {
  const { offsets } = scene.network.graph.providers;
  return scene.routes.rank[v]! >>> LENGTH_BITS === PROVIDER ? offsets[v + 1]! - offsets[v]! : 0;
}

/**
 * Collects the neighbours that offer `v` routes as good as the one it holds. Returns how many. Where each stands among the
 * providers is told if `exact`, or if it will matter.
 */
export function tie(
  scene: Scene,
  shares: Shares,
  v: number,
  anyQuiet: boolean,
  exact: boolean,
  told = false,
): number {
  const { rank, parent, contested } = scene.routes;
  const { tied, tiedAt, whole } = shares;
  const { graph } = scene.network;
  const { quiet } = scene.seeds;
  const cut = scene.filter?.cut;
  const n = rank.length;
  const routeClass = rank[v]! >>> LENGTH_BITS;
  if (routeClass === ORIGIN) return 0;
  const list =
    routeClass === CUSTOMER ? graph.customers : routeClass === PEER ? graph.peers : graph.providers;
  // Where no second offer came, the parent is all there is, and a seed is no neighbour.
  if (contested[v] === 0 || contested[v] === PINNED) {
    const only = parent[v]!;
    if (only >= n) return 0;
    tied[0] = only;
    if (routeClass === PROVIDER && (exact || whole[only] === MIXED)) {
      let e = list.offsets[v]!;
      while (list.neighbours[e] !== only) e++;
      tiedAt[0] = e - list.offsets[v]!;
    }
    return 1;
  }
  const length = (rank[v]! & LENGTH_MASK) - 1;
  // Customers and peers offer what they have of themselves or of customers, of that very length; providers offer anything.
  const customer = (CUSTOMER << LENGTH_BITS) + length;
  let found = 0;
  if (told && routeClass === PEER) {
    for (let e = shares.peerTie[v]!; e !== 0; e = shares.tieNext[e - 1]!) {
      const u = shares.tieItem[e - 1]!;
      if (anyQuiet && parent[u]! >= n && quiet[parent[u]! - n] === 1) continue;
      if (cut !== undefined && isCut(cut, u, v)) continue;
      tied[found++] = u;
    }
    return found;
  }
  for (let e = list.offsets[v]!, last = list.offsets[v + 1]!; e < last; e++) {
    const u = list.neighbours[e]!;
    const theirs = rank[u]!;
    if (routeClass === PROVIDER) {
      if ((theirs & LENGTH_MASK) !== length) continue;
    } else if (theirs !== customer && theirs !== length) continue;
    if (anyQuiet && parent[u]! >= n && quiet[parent[u]! - n] === 1) continue;
    if (cut !== undefined && isCut(cut, u, v)) continue;
    tied[found] = u;
    tiedAt[found++] = e - list.offsets[v]!;
  }
  return found;
}

/** Collects the candidates of one node: entry nodes into the tied neighbours, and seeds. Returns how many. */
export function gather(
  scene: Scene,
  shares: Shares,
  v: number,
  node: number,
  ties: number,
  width: number,
  quietToo: boolean,
): number {
  const { geography, seeds, seedKm } = scene;
  const { nodeOffsets, nodePlace, places, doors, doorKm } = geography;
  const { tied, tiedAt, candidate, candidateKm } = shares;
  const here = nodePlace[node]!;
  const door = geography.doorOffsets[v]! + (node - nodeOffsets[v]!) * width;
  let found = 0;
  for (let t = 0; t < ties; t++) {
    if (width > 0) {
      const d = door + tiedAt[t]!;
      if (doors[d] !== NO_DOOR) {
        candidate[found] = doors[d]!;
        candidateKm[found++] = doorKm[d]!;
        continue;
      }
    }
    const u = tied[t]!;
    const first = nodeOffsets[u]!;
    if (here === NOWHERE || nodePlace[first]! === NOWHERE) {
      for (let to = first, end = nodeOffsets[u + 1]!; to < end; to++) {
        candidate[found] = to;
        candidateKm[found++] = -1;
      }
      continue;
    }
    const at = entry(geography, u, here);
    candidate[found] = at;
    candidateKm[found++] = distance(geography, here, at);
  }
  if (shares.seeded[v] === 0) return found;
  const { rank, contested, parent } = scene.routes;
  for (let next = shares.seeded[v]!; next !== 0; next = shares.nextSeed[next - 1]!) {
    const s = next - 1;
    if (seeds.quiet[s] === 1 && !quietToo) continue;
    if ((seeds.routeClass[s]! << LENGTH_BITS) + seeds.length[s]! !== rank[v]) continue;
    if (contested[v] === PINNED && parent[v] !== rank.length + s) continue;
    const km = here === NOWHERE ? FAR_AWAY : seedKm[s * places + here]!;
    candidate[found] = nodePlace.length + s;
    candidateKm[found++] = km === FAR_AWAY ? -1 : km;
  }
  return found;
}

/**
 * Moves the candidates that are not wholly tainted to the front and returns how many: who refuses a route does not hold it, however
 * near its exit. When all are tainted all stay.
 */
function acceptable(scene: Scene, shares: Shares, all: number): number {
  const { share, starts, seed, candidate, candidateKm } = shares;
  const { tainted } = scene.seeds;
  const nodes = share.length;
  let good = 0;
  for (let c = 0; c < all; c++) {
    const to = candidate[c]!;
    const theirs = to < nodes ? share[to]! : to - nodes;
    let clean = theirs === NO_SHARE;
    if (!clean)
      for (let e = starts[theirs]!, end = starts[theirs + 1]!; e < end && !clean; e++)
        clean = tainted[seed[e]!] === 0;
    if (!clean) continue;
    const km = candidateKm[c]!;
    candidate[c] = candidate[good]!;
    candidateKm[c] = candidateKm[good]!;
    candidate[good] = to;
    candidateKm[good++] = km;
  }
  return good === 0 ? all : good;
}

/** Keeps the nearest of the candidates and those not known to be farther, and writes the node's division. */
function settle(scene: Scene, shares: Shares, node: number, all: number, picky: boolean): boolean {
  const { share, starts, seed, part, sum, candidate, candidateKm } = shares;
  const { seeds, marginKm } = scene;
  const nodes = share.length;
  const found = picky ? acceptable(scene, shares, all) : all;
  share[node] = NO_SHARE;
  let least = 0x7fff_ffff;
  for (let c = 0; c < found; c++)
    if (candidateKm[c]! >= 0 && candidateKm[c]! < least) least = candidateKm[c]!;
  const enough = least + marginKm;
  let kept = 0;
  let only = NO_SHARE;
  let alike = true;
  for (let c = 0; c < found; c++) {
    if (candidateKm[c]! > enough) continue;
    const to = candidate[c]!;
    const theirs = to < nodes ? share[to]! : to - nodes;
    if (theirs === NO_SHARE) continue;
    candidate[kept++] = theirs;
    if (only === NO_SHARE) only = theirs;
    else if (only !== theirs) alike = false;
  }
  if (kept === 0) return true;
  if (alike && !(picky && only >= seeds.count)) {
    share[node] = only;
    return true;
  }
  const d = shares.count;
  let at = starts[d]!;
  if (at + seeds.count > part.length || d + 2 > starts.length) return false;
  let whole = 0;
  for (let c = 0; c < kept; c++) {
    const theirs = candidate[c]!;
    for (let e = starts[theirs]!, end = starts[theirs + 1]!; e < end; e++) {
      const s = seed[e]!;
      if (picky && seeds.tainted[s] === 1) continue;
      if (sum[s] === 0) seed[at++] = s;
      sum[s]! += part[e]! / kept;
      whole += part[e]! / kept;
    }
  }
  // A filtering AS whose ways all were tainted keeps what it holds: the representative route was checked by propagate.
  if (whole === 0) {
    share[node] = only;
    return true;
  }
  for (let e = starts[d]!; e < at; e++) {
    part[e] = sum[seed[e]!]! / whole;
    sum[seed[e]!] = 0;
  }
  share[node] = d;
  shares.count = d + 1;
  starts[d + 1] = at;
  return true;
}
