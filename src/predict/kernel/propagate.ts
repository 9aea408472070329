/**
 * One prefix spreads over the AS graph (Gao and Rexford's rules): an AS prefers customer over peer over provider routes, then
 * the shorter, then the neighbour with the lowest AS number, then the lowest seed; what came from a customer goes to all
 * neighbours, all else to customers only. The stable state comes in three sweeps: up from customer to provider in order of
 * length, across one peering each, down in order of length.
 *
 * What makes it quick: one number holds class and length; queues fill in ascending length by themselves, so nothing is
 * sorted; and the many ASes without customers are not pushed to but look at their providers once, at the end.
 */
import {
  CUSTOMER,
  type Filter,
  LENGTH_BITS,
  LENGTH_MASK,
  type Network,
  NONE,
  ORIGIN,
  PEER,
  PROVIDER,
  type Routes,
  refused,
  type Seeds,
} from './memory.ts';

const FAR = 0x7fff_ffff;
const CUSTOMER_RANK = CUSTOMER << LENGTH_BITS;
const PEER_RANK = PEER << LENGTH_BITS;
const PROVIDER_RANK = PROVIDER << LENGTH_BITS;

/**
 * Fills `routes` for one scenario. With `keepTies`, an AS that has a quiet route and an equally good one that it may pass on
 * is taken to pass that one on, as {@link spread} needs it; without, the tie-break alone decides, as a single router would.
 */
export function propagate(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  filter?: Filter,
  keepTies = false,
): void {
  const { rank, parent, site, order, ends, waiting, contested } = routes;
  const { graph, transitOffsets, transit } = network;
  const n = graph.asns.length;
  const { tainted } = seeds;
  // With a filter and ties kept, an untainted route stands for its equals, so that who filters may hear it.
  const careful = keepTies && filter !== undefined;
  rank.fill(NONE);
  contested.fill(0);
  waiting.fill(0, 0, seeds.count);

  // Up.
  sow(network, seeds, routes, ORIGIN, filter, keepTies);
  sow(network, seeds, routes, CUSTOMER, filter, keepTies);
  let head = 0;
  let tail = 0;
  {
    const { offsets, neighbours } = graph.providers;
    for (;;) {
      let level = head < tail ? rank[order[head]!]! & LENGTH_MASK : FAR;
      level = Math.min(level, nextWaiting(seeds, routes));
      if (level === FAR) break;
      tail = release(n, seeds, routes, level, tail);
      const end = tail;
      const offer = CUSTOMER_RANK + level + 1;
      for (; head < end; head++) {
        const v = order[head]!;
        const s = site[v]!;
        const bad = filter !== undefined && (tainted[s] === 1 || filter.cut?.some[v] === 1);
        for (let e = offsets[v]!, last = offsets[v + 1]!; e < last; e++) {
          const p = neighbours[e]!;
          const held = rank[p]!;
          if (offer > held) continue;
          if (offer === held) {
            contested[p] = 1;
            if ((v >= parent[p]! && !careful) || !beats(network, seeds, routes, v, s, p, keepTies, careful))
              continue;
          }
          if (bad && refused(filter!, tainted[s]!, v, p)) continue;
          if (offer < held) order[tail++] = p;
          rank[p] = offer;
          parent[p] = v;
          site[p] = s;
        }
      }
    }
  }
  const upEnd = tail;

  // Across. The up queue ascends in length, so the first offer is the shortest and the peer queue ascends as well.
  sow(network, seeds, routes, PEER, filter, keepTies);
  {
    const { offsets, neighbours } = graph.peers;
    for (let i = 0; i < upEnd; i++) {
      const v = order[i]!;
      const s = site[v]!;
      const offer = PEER_RANK + (rank[v]! & LENGTH_MASK) + 1;
      const bad = filter !== undefined && (tainted[s] === 1 || filter.cut?.some[v] === 1);
      for (let e = offsets[v]!, last = offsets[v + 1]!; e < last; e++) {
        const p = neighbours[e]!;
        const held = rank[p]!;
        if (offer > held) continue;
        if (offer === held) {
          contested[p] = 1;
          if ((v >= parent[p]! && !careful) || !beats(network, seeds, routes, v, s, p, keepTies, careful))
            continue;
        }
        if (bad && refused(filter!, tainted[s]!, v, p)) continue;
        if (offer < held) order[tail++] = p;
        rank[p] = offer;
        parent[p] = v;
        site[p] = s;
      }
    }
  }
  const peerEnd = tail;

  // Down, through those who have customers to tell. Three queues ascend side by side: up, peer, and what this sweep finds.
  sow(network, seeds, routes, PROVIDER, filter, keepTies);
  let up = 0;
  let peer = upEnd;
  head = peerEnd;
  for (;;) {
    let level = nextWaiting(seeds, routes);
    if (up < upEnd) level = Math.min(level, rank[order[up]!]! & LENGTH_MASK);
    if (peer < peerEnd) level = Math.min(level, rank[order[peer]!]! & LENGTH_MASK);
    if (head < tail) level = Math.min(level, rank[order[head]!]! & LENGTH_MASK);
    if (level === FAR) break;
    tail = release(n, seeds, routes, level, tail);
    const end = tail;
    const offer = PROVIDER_RANK + level + 1;
    for (;;) {
      let v: number;
      if (up < upEnd && (rank[order[up]!]! & LENGTH_MASK) === level) v = order[up++]!;
      else if (peer < peerEnd && (rank[order[peer]!]! & LENGTH_MASK) === level) v = order[peer++]!;
      else if (head < end) v = order[head++]!;
      else break;
      const s = site[v]!;
      const bad = filter !== undefined && (tainted[s] === 1 || filter.cut?.some[v] === 1);
      for (let e = transitOffsets[v]!, last = transitOffsets[v + 1]!; e < last; e++) {
        const c = transit[e]!;
        const held = rank[c]!;
        if (offer > held) continue;
        if (offer === held) {
          contested[c] = 1;
          if ((v >= parent[c]! && !careful) || !beats(network, seeds, routes, v, s, c, keepTies, careful))
            continue;
        }
        if (bad && refused(filter!, tainted[s]!, v, c)) continue;
        if (offer < held) order[tail++] = c;
        rank[c] = offer;
        parent[c] = v;
        site[c] = s;
      }
    }
  }
  ends[0] = upEnd;
  ends[1] = peerEnd;
  ends[2] = tail;

  if (filter !== undefined || anyQuiet(n, seeds, routes))
    lookUpWithCare(network, seeds, routes, filter, keepTies);
  else lookUp(network, seeds, routes, keepTies);
}

/**
 * Each stub takes the shortest that its providers hold. They stand in ascending order, so the first of the shortest has the
 * lowest number, and one comparison per provider is enough.
 */
function lookUp(network: Network, seeds: Seeds, routes: Routes, keepTies: boolean): void {
  const { rank, parent, site, contested } = routes;
  const { stubs } = network;
  const { offsets, neighbours } = network.graph.providers;
  for (let i = 0; i < stubs.length; i++) {
    const v = stubs[i]!;
    const held = rank[v]!;
    if (held < PROVIDER_RANK) continue;
    if (held !== NONE) {
      choose(network, seeds, routes, v, undefined, keepTies);
      continue;
    }
    let e = offsets[v]!;
    const last = offsets[v + 1]!;
    let from = neighbours[e]!;
    let least = rank[from]! & LENGTH_MASK;
    let rivals = 0;
    for (e++; e < last; e++) {
      const p = neighbours[e]!;
      const length = rank[p]! & LENGTH_MASK;
      if (length < least) {
        least = length;
        from = p;
        rivals = 0;
      } else if (length === least) rivals = 1;
    }
    contested[v] = rivals;
    if (least === LENGTH_MASK) continue;
    rank[v] = PROVIDER_RANK + least + 1;
    parent[v] = from;
    site[v] = site[from]!;
  }
}

function lookUpWithCare(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  filter: Filter | undefined,
  keepTies: boolean,
): void {
  const { stubs } = network;
  for (let i = 0; i < stubs.length; i++) {
    const v = stubs[i]!;
    if (routes.rank[v]! >= PROVIDER_RANK) choose(network, seeds, routes, v, filter, keepTies);
  }
}

/** One stub compares what its providers offer with the seed it may hold. */
function choose(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  v: number,
  filter: Filter | undefined,
  keepTies: boolean,
): void {
  const { rank, parent, site } = routes;
  const { offsets, neighbours } = network.graph.providers;
  const n = network.graph.asns.length;
  const careful = keepTies && filter !== undefined;
  for (let e = offsets[v]!, last = offsets[v + 1]!; e < last; e++) {
    const p = neighbours[e]!;
    const offer = PROVIDER_RANK + (rank[p]! & LENGTH_MASK) + 1;
    const held = rank[v]!;
    if (offer > held) continue;
    const s = site[p]!;
    if (offer === held) {
      routes.contested[v] = 1;
      if ((p >= parent[v]! && !careful) || !beats(network, seeds, routes, p, s, v, keepTies, careful))
        continue;
    }
    if (parent[p]! >= n && seeds.quiet[parent[p]! - n] === 1) continue;
    if (filter !== undefined && refused(filter, seeds.tainted[s]!, p, v)) continue;
    rank[v] = offer;
    parent[v] = p;
    site[v] = s;
  }
}

/** Does any AS hold a quiet route? */
function anyQuiet(n: number, seeds: Seeds, routes: Routes): boolean {
  for (let s = 0; s < seeds.count; s++) {
    const v = seeds.at[s]!;
    const holder = routes.parent[v]! - n;
    if (routes.rank[v] !== NONE && holder >= 0 && seeds.quiet[holder] === 1) return true;
  }
  return false;
}

/** Lets ASes hear the seeds of one class. A seed that makes its AS's rank better waits to be passed on. */
export function sow(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  routeClass: number,
  filter: Filter | undefined,
  keepTies: boolean,
): void {
  const { rank, parent, site, waiting } = routes;
  const n = network.graph.asns.length;
  for (let s = 0; s < seeds.count; s++) {
    if (seeds.routeClass[s] !== routeClass) continue;
    const v = seeds.at[s]!;
    const held = rank[v]!;
    // An AS that announces the prefix itself keeps its own route; of two own ones the first counts.
    const offer = (routeClass << LENGTH_BITS) + seeds.length[s]!;
    if (offer > held) continue;
    if (held < CUSTOMER_RANK && !(keepTies && offer === held)) continue;
    if (offer === held) {
      routes.contested[v] = 1;
      if (!seedBeats(network, seeds, routes, s, v, keepTies)) continue;
    }
    if (filter !== undefined && refused(filter, seeds.tainted[s]!, n + s, v)) continue;
    if (offer < held) waiting[s] = 1;
    rank[v] = offer;
    parent[v] = n + s;
    site[v] = s;
  }
}

/** At equal rank: does the route of neighbour `v`, which ends at seed `s`, beat what `p` holds? */
export function beats(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  v: number,
  s: number,
  p: number,
  keepTies: boolean,
  careful: boolean,
): boolean {
  const { asns } = network.graph;
  const holder = routes.parent[p]! - asns.length;
  if (keepTies && holder >= 0 && seeds.quiet[holder] === 1) return true;
  if (careful && seeds.tainted[s] !== seeds.tainted[routes.site[p]!]) return seeds.tainted[s] === 0;
  if (holder < 0) return v < routes.parent[p]!;
  const mine = asns[v]!;
  const theirs = seeds.nextHop[holder]!;
  return mine < theirs || (mine === theirs && s < routes.site[p]!);
}

/** At equal rank: does seed `s` beat what `v` holds? */
function seedBeats(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  s: number,
  v: number,
  keepTies: boolean,
): boolean {
  const { asns } = network.graph;
  const holder = routes.parent[v]! - asns.length;
  if (keepTies && holder >= 0 && seeds.quiet[s] !== seeds.quiet[holder]) return seeds.quiet[s] === 0;
  const mine = seeds.nextHop[s]!;
  const theirs = holder >= 0 ? seeds.nextHop[holder]! : asns[routes.parent[v]!]!;
  return mine < theirs || (mine === theirs && s < routes.site[v]!);
}

/** The least length of a seed that waits; FAR when none does. */
function nextWaiting(seeds: Seeds, routes: Routes): number {
  const { waiting } = routes;
  let least = FAR;
  for (let s = 0; s < seeds.count; s++)
    if (waiting[s] === 1 && seeds.length[s]! < least) least = seeds.length[s]!;
  return least;
}

/** Queues the ASes whose seed of this length still is their best and may be passed on. Returns the new tail. */
function release(n: number, seeds: Seeds, routes: Routes, level: number, tail: number): number {
  const { waiting, rank, parent, order } = routes;
  for (let s = 0; s < seeds.count; s++) {
    if (waiting[s] === 0 || seeds.length[s] !== level) continue;
    waiting[s] = 0;
    const v = seeds.at[s]!;
    if (rank[v] !== (seeds.routeClass[s]! << LENGTH_BITS) + level) continue;
    const holder = parent[v]! - n;
    if (holder >= 0 && seeds.quiet[holder] === 1) continue;
    order[tail++] = v;
  }
  return tail;
}
