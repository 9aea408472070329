/**
 * Mode `all`: every tied best route counts. After {@link propagate} has settled class and length of every AS, this kernel
 * goes over the ASes once more in the order they were settled and works out, for each city of each AS, how its traffic is
 * divided over the seeds.
 *
 * Where several neighbours offer equally good routes, a router takes the nearest exit (hot potato), so an AS that is in many
 * cities answers for each of them. Exits about equally near, and those whose place is not known, are all possible: they get
 * equal parts. So a part below one is doubt, not a split of traffic that anybody promises.
 */
import {
  CUSTOMER,
  LENGTH_BITS,
  LENGTH_MASK,
  type Network,
  NONE,
  ORIGIN,
  PEER,
  PROVIDER,
  type Routes,
  type Seeds,
} from './memory.ts';

/** A place that is not known. */
export const NOWHERE = 0xffff;

/** The share of a node that has no route. */
export const NO_SHARE = 0xffff_ffff;

/**
 * Where ASes are. A *node* is one city of one AS; an AS whose cities are not known is one node at {@link NOWHERE}.
 * Nodes of AS `v`: `nodeOffsets[v] … nodeOffsets[v + 1]`.
 */
export interface Geography {
  readonly nodeOffsets: Uint32Array;
  /** Indexed by node: a place, or NOWHERE. */
  readonly nodePlace: Uint16Array;
  /** How many places there are. */
  readonly places: number;
  /** Kilometres from place `a` to place `b`: `km[a × places + b]`. */
  readonly km: Uint16Array;
  /** Indexed by AS: its row in `nearest`, or −1 when it has fewer than three cities. */
  readonly nearestRow: Int32Array;
  /** For a row and a place, which of the AS's nodes is nearest (counted from its first): `nearest[row × places + place]`. */
  readonly nearest: Uint16Array;
}

/** The outcome, indexed by node, and the memory it needs. */
export interface Shares {
  /** Which division of traffic a node has; NO_SHARE without a route. Several nodes may have the same. */
  readonly share: Uint32Array;
  /** Kilometres from the node to the site, from handover to handover, the mean of what is possible. */
  readonly km: Float32Array;
  /** A division `d` is `part[starts[d] … starts[d + 1])` of the traffic for the seeds of the same indexes in `seed`. */
  readonly starts: Uint32Array;
  readonly seed: Uint16Array;
  readonly part: Float32Array;
  /** How many divisions there are. The first are the seeds themselves. */
  count: number;
  /** Scratch, indexed by seed; all zero between calls. */
  readonly sum: Float64Array;
  /** Scratch, indexed by AS: 1 where a seed is heard; all zero between calls. */
  readonly seeded: Uint8Array;
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
  const { customers, peers, providers } = network.graph;
  let most = 1;
  for (const { offsets } of [customers, peers, providers])
    for (let v = 0; v + 1 < offsets.length; v++) most = Math.max(most, offsets[v + 1]! - offsets[v]!);
  // A node that is nowhere may see all nodes of each neighbour.
  const candidates = most + seedCapacity + nodes;
  return {
    share: new Uint32Array(nodes),
    km: new Float32Array(nodes),
    // A node is worked out at most three times: in its turn, as a stub, and again for what it keeps to itself.
    starts: new Uint32Array(3 * nodes + seedCapacity + 2),
    seed: new Uint16Array(parts),
    part: new Float32Array(parts),
    count: 0,
    sum: new Float64Array(seedCapacity),
    seeded: new Uint8Array(network.graph.asns.length),
    candidate: new Uint32Array(candidates),
    candidateKm: new Int32Array(candidates),
  };
}

/**
 * Fills `shares`. `routes` must come from {@link propagate} with `keepTies`. `seedPlace` is indexed by seed (a place or
 * NOWHERE); exits within `marginKm` of the nearest count as equally near. Returns false when the memory for divisions did not
 * suffice: then make more and call again.
 */
export function spread(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  geography: Geography,
  seedPlace: Uint16Array,
  marginKm: number,
  shares: Shares,
): boolean {
  const { share, starts } = shares;
  if (shares.part.length < seeds.count) return false;
  share.fill(NO_SHARE);
  let anyQuiet = false;
  for (let s = 0; s < seeds.count; s++) {
    starts[s] = s;
    shares.seed[s] = s;
    shares.part[s] = 1;
    shares.seeded[seeds.at[s]!] = 1;
    if (seeds.quiet[s] === 1) anyQuiet = true;
  }
  shares.count = seeds.count;
  starts[seeds.count] = seeds.count;
  const done = divide(network, seeds, routes, geography, seedPlace, marginKm, shares, anyQuiet);
  for (let s = 0; s < seeds.count; s++) shares.seeded[seeds.at[s]!] = 0;
  return done;
}

function divide(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  geography: Geography,
  seedPlace: Uint16Array,
  marginKm: number,
  shares: Shares,
  anyQuiet: boolean,
): boolean {
  const { rank, order, ends } = routes;
  const { nodeOffsets, nodePlace } = geography;
  const { stubs } = network;
  const settled = ends[2]!;
  const turns = settled + stubs.length;
  for (let i = 0; i < turns; i++) {
    const v = i < settled ? order[i]! : stubs[i - settled]!;
    if (i >= settled && (rank[v]! >= NONE || rank[v]! < PROVIDER << LENGTH_BITS)) continue;
    for (let node = nodeOffsets[v]!, end = nodeOffsets[v + 1]!; node < end; node++) {
      const found = gather(network, seeds, routes, geography, seedPlace, shares, v, node, anyQuiet, false);
      if (!settle(seeds, nodePlace.length, marginKm, shares, node, found)) return false;
    }
  }
  // ASes that keep a quiet route to themselves use it too; by now nobody asks them any more.
  for (let s = 0; s < seeds.count && anyQuiet; s++) {
    const v = seeds.at[s]!;
    if (seeds.quiet[s] === 0 || rank[v] !== (seeds.routeClass[s]! << LENGTH_BITS) + seeds.length[s]!)
      continue;
    for (let node = nodeOffsets[v]!, end = nodeOffsets[v + 1]!; node < end; node++) {
      const found = gather(network, seeds, routes, geography, seedPlace, shares, v, node, true, true);
      if (!settle(seeds, nodePlace.length, marginKm, shares, node, found)) return false;
    }
  }
  return true;
}

/** Collects the candidates of one node: entry nodes into neighbours with an equally good route, and seeds. Returns how many. */
function gather(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  geography: Geography,
  seedPlace: Uint16Array,
  shares: Shares,
  v: number,
  node: number,
  anyQuiet: boolean,
  quietToo: boolean,
): number {
  const { rank, parent } = routes;
  const { nodeOffsets, nodePlace, places, km, nearestRow, nearest } = geography;
  const { candidate, candidateKm } = shares;
  const { graph } = network;
  const n = rank.length;
  const held = rank[v]!;
  const routeClass = held >>> LENGTH_BITS;
  const here = nodePlace[node]!;
  let found = 0;
  if (routeClass !== ORIGIN) {
    const list =
      routeClass === CUSTOMER ? graph.customers : routeClass === PEER ? graph.peers : graph.providers;
    const length = (held & LENGTH_MASK) - 1;
    for (let e = list.offsets[v]!, last = list.offsets[v + 1]!; e < last; e++) {
      const u = list.neighbours[e]!;
      const theirs = rank[u]!;
      if ((theirs & LENGTH_MASK) !== length) continue;
      if (routeClass !== PROVIDER && theirs >= PEER << LENGTH_BITS) continue;
      if (anyQuiet && parent[u]! >= n && seeds.quiet[parent[u]! - n] === 1) continue;
      const first = nodeOffsets[u]!;
      const cities = nodeOffsets[u + 1]! - first;
      if (cities === 1) {
        const there = nodePlace[first]!;
        candidate[found] = first;
        candidateKm[found++] = here === NOWHERE || there === NOWHERE ? -1 : km[here * places + there]!;
      } else if (here === NOWHERE) {
        for (let k = 0; k < cities; k++) {
          candidate[found] = first + k;
          candidateKm[found++] = -1;
        }
      } else {
        let at = first;
        const row = nearestRow[u]!;
        if (row >= 0) at = first + nearest[row * places + here]!;
        else if (km[here * places + nodePlace[first + 1]!]! < km[here * places + nodePlace[first]!]!)
          at = first + 1;
        candidate[found] = at;
        candidateKm[found++] = km[here * places + nodePlace[at]!]!;
      }
    }
  }
  if (shares.seeded[v] === 0) return found;
  for (let s = 0; s < seeds.count; s++) {
    if (seeds.at[s] !== v || (seeds.quiet[s] === 1 && !quietToo)) continue;
    if ((seeds.routeClass[s]! << LENGTH_BITS) + seeds.length[s]! !== held) continue;
    const there = seedPlace[s]!;
    candidate[found] = nodePlace.length + s;
    candidateKm[found++] = here === NOWHERE || there === NOWHERE ? -1 : km[here * places + there]!;
  }
  return found;
}

/** Keeps the nearest of the candidates and those not known to be farther, and writes the node's division. */
function settle(
  seeds: Seeds,
  nodes: number,
  marginKm: number,
  shares: Shares,
  node: number,
  found: number,
): boolean {
  const { share, km, starts, seed, part, sum, candidate, candidateKm } = shares;
  if (found === 0) return true;
  let least = 0x7fff_ffff;
  for (let c = 0; c < found; c++)
    if (candidateKm[c]! >= 0 && candidateKm[c]! < least) least = candidateKm[c]!;
  const enough = least + marginKm;
  let kept = 0;
  let only = NO_SHARE;
  let alike = true;
  let way = 0;
  for (let c = 0; c < found; c++) {
    if (candidateKm[c]! > enough) continue;
    const to = candidate[c]!;
    const theirs = to < nodes ? share[to]! : to - nodes;
    if (theirs === NO_SHARE) continue;
    way += Math.max(0, candidateKm[c]!) + (to < nodes ? km[to]! : 0);
    candidate[kept++] = theirs;
    if (only === NO_SHARE) only = theirs;
    else if (only !== theirs) alike = false;
  }
  if (kept === 0) return true;
  km[node] = way / kept;
  if (alike) {
    share[node] = only;
    return true;
  }
  const d = shares.count;
  let at = starts[d]!;
  if (at + seeds.count > part.length || d + 2 > starts.length) return false;
  for (let c = 0; c < kept; c++) {
    const theirs = candidate[c]!;
    for (let e = starts[theirs]!, end = starts[theirs + 1]!; e < end; e++) {
      const s = seed[e]!;
      if (sum[s] === 0) seed[at++] = s;
      sum[s]! += part[e]! / kept;
    }
  }
  for (let e = starts[d]!; e < at; e++) {
    part[e] = sum[seed[e]!]!;
    sum[seed[e]!] = 0;
  }
  share[node] = d;
  shares.count = d + 1;
  starts[d + 1] = at;
  return true;
}
