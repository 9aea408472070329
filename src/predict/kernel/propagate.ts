/**
 * One prefix spreads over the AS graph (Gao and Rexford's rules): an AS prefers customer over peer over provider routes, then
 * the shorter, then the neighbour with the lowest AS number, then the lowest seed; what came from a customer goes to all
 * neighbours, all else to customers only. The stable state comes in three sweeps: up from customer to provider in order of
 * length, across one peering each, down in order of length.
 *
 * What makes it quick: one number holds class and length; queues fill in ascending length by themselves, so nothing is
 * sorted; and the many ASes without customers are not pushed to but look at their providers once, at the end.
 */
import type { Adjacency } from '../../topology/index.ts';
import {
  CUSTOMER,
  type Filter,
  LENGTH_BITS,
  LENGTH_MASK,
  NONE,
  ORIGIN,
  PEER,
  PROVIDER,
  type Routes,
  refused,
  type Seeds,
} from './memory.ts';
import type { Network } from './network.ts';

const FAR = 0x7fff_ffff;
const CUSTOMER_RANK = CUSTOMER << LENGTH_BITS;
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
  const { rank, ends, waiting, contested } = routes;
  const n = network.graph.asns.length;
  rank.fill(NONE);
  contested.fill(0);
  waiting.fill(0, 0, seeds.count);

  routes.told = keepTies && filter === undefined;
  routes.asked = false;
  if (routes.told) routes.rivals.fill(0);
  routes.rivalCount = 0;
  ends.fill(0);

  // Up.
  sow(network, seeds, routes, ORIGIN, filter, keepTies);
  sow(network, seeds, routes, CUSTOMER, filter, keepTies);
  for (let head = 0; ; ) {
    const level = Math.min(lengthAt(routes, head, ends[2]!), nextWaiting(seeds, routes));
    if (level === FAR) break;
    release(n, seeds, routes, level);
    head = pass(network, seeds, routes, CUSTOMER, level, head, ends[2]!, filter, keepTies);
  }
  const upEnd = ends[2]!;
  ends[0] = upEnd;

  // Across. The up queue ascends in length, so the first offer is the shortest and the peer queue ascends as well.
  sow(network, seeds, routes, PEER, filter, keepTies);
  for (let head = 0; head < upEnd; )
    head = pass(network, seeds, routes, PEER, lengthAt(routes, head, upEnd), head, upEnd, filter, keepTies);
  const peerEnd = ends[2]!;
  ends[1] = peerEnd;

  // Down, through those who have customers to tell. Three queues ascend side by side: up, peer, and what this sweep finds.
  sow(network, seeds, routes, PROVIDER, filter, keepTies);
  for (let up = 0, peer = upEnd, head = peerEnd; ; ) {
    const level = Math.min(
      lengthAt(routes, up, upEnd),
      lengthAt(routes, peer, peerEnd),
      lengthAt(routes, head, ends[2]!),
      nextWaiting(seeds, routes),
    );
    if (level === FAR) break;
    release(n, seeds, routes, level);
    up = pass(network, seeds, routes, PROVIDER, level, up, upEnd, filter, keepTies);
    peer = pass(network, seeds, routes, PROVIDER, level, peer, peerEnd, filter, keepTies);
    head = pass(network, seeds, routes, PROVIDER, level, head, ends[2]!, filter, keepTies);
  }

  if (filter !== undefined || anyQuiet(n, seeds, routes))
    lookUpWithCare(network, seeds, routes, filter, keepTies);
  else lookUp(network, seeds, routes, keepTies);
}

/** The length of the route of the AS that stands at `at` in the order; FAR at the end. */
function lengthAt({ rank, order }: Routes, at: number, end: number): number {
  return at < end ? rank[order[at]!]! & LENGTH_MASK : FAR;
}

/**
 * From `at` on, the ASes in the order tell their providers (`as` CUSTOMER), peers or customers, as long as their routes have this
 * length. Returns where it stopped.
 */
function pass(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  as: number,
  level: number,
  at: number,
  end: number,
  filter: Filter | undefined,
  keepTies: boolean,
): number {
  const { rank, order } = routes;
  const { graph } = network;
  const list = as === CUSTOMER ? graph.providers : as === PEER ? graph.peers : network.transitCustomers;
  const offer = (as << LENGTH_BITS) + level + 1;
  for (; at < end; at++) {
    const v = order[at]!;
    if ((rank[v]! & LENGTH_MASK) !== level) break;
    tell(network, seeds, routes, list, v, offer, filter, keepTies);
  }
  return at;
}

/** `v` offers its route to all in its list, where it has rank `offer`. Who takes it and had a worse one is queued. */
function tell(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  list: Adjacency,
  v: number,
  offer: number,
  filter: Filter | undefined,
  keepTies: boolean,
): void {
  const { offsets, neighbours } = list;
  const { rank, parent, site, order, ends, contested } = routes;
  // With a filter and ties kept, an untainted route stands for its equals, so that who filters may hear it.
  const careful = keepTies && filter !== undefined;
  const s = site[v]!;
  const taint = seeds.tainted[s]!;
  const bad = filter !== undefined && (taint === 1 || filter.cut?.some[v] === 1);
  for (let e = offsets[v]!, last = offsets[v + 1]!; e < last; e++) {
    const p = neighbours[e]!;
    const held = rank[p]!;
    if (offer > held) continue;
    if (offer === held) {
      contested[p] = 1;
      const loses =
        (v >= parent[p]! && !careful) || !beats(network, seeds, routes, v, s, p, keepTies, careful);
      if (offer < PROVIDER_RANK && routes.told) note(routes, p, loses ? v : parent[p]!);
      if (loses) continue;
    }
    if (bad && refused(filter!, taint, v, p)) continue;
    if (offer < held) order[ends[2]!++] = p;
    rank[p] = offer;
    parent[p] = v;
    site[p] = s;
  }
}

/** Notes that `u` offered `p` a route as good as its parent's. */
function note(routes: Routes, p: number, u: number): void {
  const { rivals, rivalNext, rivalAs } = routes;
  if (u >= rivals.length) return;
  const at = routes.rivalCount++;
  rivalAs[at] = u;
  rivalNext[at] = rivals[p]!;
  rivals[p] = at + 1;
}

/**
 * Each stub takes the shortest that its providers hold, which is the same for all of a family. They stand in ascending order, so the
 * first of the shortest has the lowest number, and one comparison per provider is enough.
 */
function lookUp(network: Network, seeds: Seeds, routes: Routes, keepTies: boolean): void {
  gather(network, routes);
  askFamilies(network, routes);
  giveStubs(network, seeds, routes, keepTies);
  routes.asked = true;
}

/** How long a route each transit offers, in an array so small that it stays at hand. */
function gather({ transits }: Network, { rank, reach }: Routes): void {
  for (let t = 0; t < transits.length; t++) reach[t] = rank[transits[t]!]! & LENGTH_MASK;
}

/** For each family of stubs: the length of its best, and the transit number of the parent, × 2 + 1 when it is contested. */
function askFamilies({ transits, familyOffsets, above }: Network, { reach, best }: Routes): void {
  const families = familyOffsets.length - 1;
  for (let f = transits.length; f < families; f++) {
    let e = familyOffsets[f]!;
    const last = familyOffsets[f + 1]!;
    let from = above[e]!;
    let least = reach[from]!;
    let rivals = 0;
    for (e++; e < last; e++) {
      const t = above[e]!;
      const length = reach[t]!;
      if (length > least) continue;
      rivals = 1;
      if (length === least) continue;
      least = length;
      from = t;
      rivals = 0;
    }
    best[2 * f] = least;
    best[2 * f + 1] = 2 * from + rivals;
  }
}

function giveStubs(network: Network, seeds: Seeds, routes: Routes, keepTies: boolean): void {
  const { rank, parent, site, contested, best } = routes;
  const { stubs, family, transits } = network;
  for (let i = 0; i < stubs.length; i++) {
    const v = stubs[i]!;
    const held = rank[v]!;
    if (held < PROVIDER_RANK) continue;
    if (held !== NONE) {
      choose(network, seeds, routes, v, undefined, keepTies);
      continue;
    }
    const f = 2 * family[v]!;
    const least = best[f]!;
    contested[v] = best[f + 1]! & 1;
    if (least === LENGTH_MASK) continue;
    const from = transits[best[f + 1]! >>> 1]!;
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

/** Queues the ASes whose seed of this length still is their best and may be passed on. */
function release(n: number, seeds: Seeds, routes: Routes, level: number): void {
  const { waiting, rank, parent, order, ends } = routes;
  for (let s = 0; s < seeds.count; s++) {
    if (waiting[s] === 0 || seeds.length[s] !== level) continue;
    waiting[s] = 0;
    const v = seeds.at[s]!;
    if (rank[v] !== (seeds.routeClass[s]! << LENGTH_BITS) + level) continue;
    const holder = parent[v]! - n;
    if (holder >= 0 && seeds.quiet[holder] === 1) continue;
    order[ends[2]!++] = v;
  }
}
