/**
 * Local preferences that go against the rules: an AS that takes one neighbour's routes before all others, or only when there
 * is nothing else. The three sweeps of {@link propagate} cannot know that, so this kernel starts from their result and lets
 * ASes choose again, one after the other, until nobody changes. With such preferences there may be several stable states or
 * none (RFC 4264): the one reached from the ordinary state counts, and not settling is said.
 */
import {
  CUSTOMER,
  type Filter,
  LENGTH_BITS,
  LENGTH_MASK,
  LONGEST_SEED,
  NONE,
  ORIGIN,
  PEER,
  PINNED,
  PROVIDER,
  type Routes,
  refused,
  type Seeds,
} from './memory.ts';
import type { Network } from './network.ts';

/** Preferences by number; an AS may have several. */
export interface Preferences {
  /** Who prefers. */
  readonly at: Uint32Array;
  /** Which neighbour's routes. */
  readonly neighbour: Uint32Array;
  /** +1: before all others; −1: after all others. */
  readonly pull: Int8Array;
}

/** How often each AS may choose again, on average, before it is called unsettled. */
const PATIENCE = 20;

/** Memory for {@link adjust}: a queue of ASes and marks of who is in it. */
export interface Bench {
  readonly queue: Uint32Array;
  readonly queued: Uint8Array;
  /** Indexed by AS; 1: has preferences of its own. */
  readonly opinionated: Uint8Array;
}

export function benchFor(network: Network): Bench {
  const n = network.graph.asns.length;
  // Also counts routes by length, which is at most that of a seed and one for each AS.
  return {
    queue: new Uint32Array(n + LONGEST_SEED + 2),
    queued: new Uint8Array(n),
    opinionated: new Uint8Array(n),
  };
}

/** Changes `routes`, which {@link propagate} made, until they are stable. False when they do not become so. */
export function adjust(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  preferences: Preferences,
  bench: Bench,
  filter?: Filter,
): boolean {
  const { rank, parent, contested } = routes;
  const { queue, queued, opinionated } = bench;
  const n = rank.length;
  const { customers, peers, providers } = network.graph;
  routes.told = false;
  routes.asked = false;
  opinionated.fill(0);
  queued.fill(0);
  let head = 0;
  let tail = 0;
  const size = queue.length;
  for (let i = 0; i < preferences.at.length; i++) {
    const v = preferences.at[i]!;
    opinionated[v] = 1;
    if (queued[v] === 0) {
      queued[v] = 1;
      queue[tail++] = v;
    }
  }
  let turns = PATIENCE * n + 1000;
  while (head !== tail) {
    if (turns-- === 0) return false;
    const v = queue[head]!;
    head = head + 1 === size ? 0 : head + 1;
    queued[v] = 0;
    const oldRank = rank[v]!;
    const oldParent = parent[v]!;
    const oldSite = routes.site[v]!;
    choose(network, seeds, routes, preferences, opinionated, filter, v);
    contested[v] = opinionated[v] === 1 ? PINNED : 1;
    if (rank[v] === oldRank && (rank[v] === NONE || (parent[v] === oldParent && routes.site[v] === oldSite)))
      continue;
    // Who heard from v before, or hears now, chooses again: customers always, the others if it was or is theirs to hear.
    const wide = Math.min(oldRank, rank[v]!) < PEER << LENGTH_BITS;
    for (let kind = 0; kind < (wide ? 3 : 1); kind++) {
      const list = kind === 0 ? customers : kind === 1 ? peers : providers;
      for (let e = list.offsets[v]!; e < list.offsets[v + 1]!; e++) {
        const u = list.neighbours[e]!;
        if (queued[u] === 1) continue;
        queued[u] = 1;
        queue[tail] = u;
        tail = tail + 1 === size ? 0 : tail + 1;
      }
    }
  }
  reorder(seeds, routes, bench);
  return true;
}

/** The best of what `v` is offered now. */
function choose(
  network: Network,
  seeds: Seeds,
  routes: Routes,
  preferences: Preferences,
  opinionated: Uint8Array,
  filter: Filter | undefined,
  v: number,
): void {
  const { rank, parent, site } = routes;
  const { graph } = network;
  const { asns } = graph;
  const n = asns.length;
  if (rank[v]! >>> LENGTH_BITS === ORIGIN) return;
  let best = NONE;
  let bestPull = -2;
  let bestHop = 0;
  let bestParent = 0;
  let bestSite = 0;
  for (let s = 0; s < seeds.count; s++) {
    if (seeds.at[s] !== v || seeds.routeClass[s]! > PROVIDER) continue;
    const offer = (seeds.routeClass[s]! << LENGTH_BITS) + seeds.length[s]!;
    const hop = seeds.nextHop[s]!;
    if (filter !== undefined && refused(filter, seeds.tainted[s]!, n + s, v)) continue;
    if (bestPull > 0 || (bestPull === 0 && (offer > best || (offer === best && hop >= bestHop)))) continue;
    best = offer;
    bestPull = 0;
    bestHop = hop;
    bestParent = n + s;
    bestSite = s;
  }
  for (let kind = CUSTOMER; kind <= PROVIDER; kind++) {
    const list = kind === CUSTOMER ? graph.customers : kind === PEER ? graph.peers : graph.providers;
    for (let e = list.offsets[v]!; e < list.offsets[v + 1]!; e++) {
      const u = list.neighbours[e]!;
      const theirs = rank[u]!;
      if (theirs === NONE || (kind !== PROVIDER && theirs >= PEER << LENGTH_BITS)) continue;
      const offer = (kind << LENGTH_BITS) + (theirs & LENGTH_MASK) + 1;
      const pull = opinionated[v] === 1 ? pullOf(preferences, v, u) : 0;
      if (pull < bestPull || (pull === bestPull && offer > best)) continue;
      const hop = asns[u]!;
      if (pull === bestPull && offer === best && hop >= bestHop) continue;
      if (parent[u]! >= n && seeds.quiet[parent[u]! - n] === 1) continue;
      if (filter !== undefined && refused(filter, seeds.tainted[site[u]!]!, u, v)) continue;
      if (passes(routes, n, u, v)) continue;
      best = offer;
      bestPull = pull;
      bestHop = hop;
      bestParent = u;
      bestSite = site[u]!;
    }
  }
  rank[v] = best;
  parent[v] = bestParent;
  site[v] = bestSite;
}

function pullOf(preferences: Preferences, v: number, u: number): number {
  for (let i = 0; i < preferences.at.length; i++)
    if (preferences.at[i] === v && preferences.neighbour[i] === u) return preferences.pull[i]!;
  return 0;
}

/** Does the path that `u` holds pass through `v`? (A router sees its own number in the path; RFC 4271 §9.1.2.) */
function passes(routes: Routes, n: number, u: number, v: number): boolean {
  let at = u;
  for (let steps = 0; steps <= n; steps++) {
    if (at === v) return true;
    if (routes.rank[at] === NONE) return false;
    at = routes.parent[at]!;
    if (at >= n) return false;
  }
  return true;
}

/** All ASes with a route by length: an order in which parents come before who chose them. */
function reorder(seeds: Seeds, routes: Routes, bench: Bench): void {
  const { rank, parent, order, ends } = routes;
  const n = rank.length;
  const start = bench.queue;
  start.fill(0);
  for (let v = 0; v < n; v++) if (rank[v] !== NONE) start[rank[v]! & LENGTH_MASK]!++;
  let sum = 0;
  for (let l = 0; l < start.length; l++) {
    const count = start[l]!;
    start[l] = sum;
    sum += count;
  }
  for (let v = 0; v < n; v++) if (rank[v] !== NONE) order[start[rank[v]! & LENGTH_MASK]!++] = v;
  // Those who keep a quiet route to themselves leave the order.
  let kept = 0;
  for (let i = 0; i < sum; i++) {
    const v = order[i]!;
    if (parent[v]! >= n && seeds.quiet[parent[v]! - n] === 1) continue;
    order[kept++] = v;
  }
  ends.fill(kept);
}
