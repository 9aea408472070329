/**
 * The memory of the kernel: plain typed arrays that the caller makes once and hands in again for every scenario. Nothing
 * here knows of Node or a browser; the arrays may be views of shared memory.
 */
import type { Graph } from '../../topology/index.ts';
import type { Network } from './network.ts';

/**
 * What a route is worth to an AS, as one number: class × 2²⁴ + length; less is better. The length counts AS hops to the
 * operator, prepends included.
 */
export type Rank = number;

/** Classes of routes, best first: one's own, from a customer, from a peer, from a provider. */
export const ORIGIN = 0;
export const CUSTOMER = 1;
export const PEER = 2;
export const PROVIDER = 3;
/** The class of a seed that announces nothing in this scenario. */
export const OFF = 4;

/** The rank of an AS without a route. It is worse than any route, and one hop more than it would be worse still. */
export const NONE: Rank = 0x3ff_ffff;
export const LENGTH_BITS = 24;
export const LENGTH_MASK = 0xff_ffff;

/** The longest length a seed may start with. */
export const LONGEST_SEED = 4096;

export function classOf(rank: Rank): number {
  return rank >>> LENGTH_BITS;
}

export function lengthOf(rank: Rank): number {
  return rank & LENGTH_MASK;
}

export function rankOf(routeClass: number, length: number): Rank {
  return routeClass * 0x100_0000 + length;
}

/** In `contested`: the AS insists on its parent, whatever else is equally good. */
export const PINNED = 2;

/**
 * Where the prefix enters the graph. All arrays are indexed by seed, and the number of a seed is its last tie-break.
 * A seed is a site at one upstream, an AS that announces the prefix as its own, or an attacker.
 */
export interface Seeds {
  count: number;
  /** The index of the AS that hears the announcement (for class ORIGIN: that makes it). */
  readonly at: Uint32Array;
  /** ORIGIN, CUSTOMER, PEER, PROVIDER or OFF: what the announcer is to that AS. */
  readonly routeClass: Uint8Array;
  /** Length as that AS sees it, at most {@link LONGEST_SEED}. */
  readonly length: Uint16Array;
  /** AS number of the announcer: the next hop of that AS. */
  readonly nextHop: Uint32Array;
  /** 1: that AS uses the route but passes it on to nobody (NO_EXPORT, RFC 1997). */
  readonly quiet: Uint8Array;
  /** 1: ASes that filter refuse it ({@link Filter}). */
  readonly tainted: Uint8Array;
}

export function seedsFor(capacity: number): Seeds {
  return {
    count: 0,
    at: new Uint32Array(capacity),
    routeClass: new Uint8Array(capacity),
    length: new Uint16Array(capacity),
    nextHop: new Uint32Array(capacity),
    quiet: new Uint8Array(capacity),
    tainted: new Uint8Array(capacity),
  };
}

/** Appends one seed. The caller has made room; a length beyond the limit is cut to it. */
export function addSeed(
  seeds: Seeds,
  at: number,
  routeClass: number,
  length: number,
  nextHop: number,
  quiet = false,
  tainted = false,
): number {
  const s = seeds.count++;
  seeds.at[s] = at;
  seeds.routeClass[s] = routeClass;
  seeds.length[s] = Math.min(length, LONGEST_SEED);
  seeds.nextHop[s] = nextHop;
  seeds.quiet[s] = quiet ? 1 : 0;
  seeds.tainted[s] = tainted ? 1 : 0;
  return s;
}

/** What some ASes refuse from some neighbours: filters against tainted seeds (ROV, ASPA), and links a route is kept off. */
export interface Filter {
  /** Indexed by AS; 1: refuses tainted routes, or asks `accepts` when there is one. */
  readonly refuses: Uint8Array;
  /**
   * Asked only for a tainted route at a filtering AS: does `to` accept what `from` offers? `from` is an AS, or the number of
   * ASes + the seed that `to` hears directly.
   */
  readonly accepts?: (from: number, to: number) => boolean;
  /** Links over which nothing is passed on, in one direction. */
  readonly cut?: Cut;
}

/** Directed links that are cut: `from[i]` tells `to[i]` nothing. Few: they are looked through one by one. */
export interface Cut {
  /** Indexed by AS; 1: stands in `from`. */
  readonly some: Uint8Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

export function isCut(cut: Cut | undefined, from: number, to: number): boolean {
  if (cut === undefined || cut.some[from] !== 1) return false;
  for (let i = 0; i < cut.from.length; i++) if (cut.from[i] === from && cut.to[i] === to) return true;
  return false;
}

/** Does `to` refuse the route of neighbour `from`, which ends at a seed that is `tainted` (1) or not (0)? */
export function refused(filter: Filter, tainted: number, from: number, to: number): boolean {
  if (isCut(filter.cut, from, to)) return true;
  if (tainted === 0 || filter.refuses[to] !== 1) return false;
  return filter.accepts === undefined || !filter.accepts(from, to);
}

/**
 * The outcome of one scenario, indexed by AS. `parent` and `site` mean something only where `rank` is not {@link NONE}.
 */
export interface Routes {
  readonly rank: Uint32Array;
  /** The neighbour whose route was chosen (its index), or, from the number of ASes on, that number + the seed heard directly. */
  readonly parent: Uint32Array;
  /** The seed that traffic ends at, if every AS forwards as it chose. */
  readonly site: Uint16Array;
  /**
   * ASes in the order they were settled: first those with ORIGIN and CUSTOMER routes, then PEER, then others, each group by
   * length. Stubs with PROVIDER routes and ASes that keep a quiet route to themselves are not in it.
   */
  readonly order: Uint32Array;
  /** Where in `order` the groups end: customer, peer, all. */
  readonly ends: Uint32Array;
  /**
   * Indexed by AS; 0: no second neighbour or seed offered an equally good route, so `parent` is the only one.
   */
  readonly contested: Uint8Array;
  /**
   * Customers or peers that offered as good a route as the one an AS holds, its parent aside, as linked lists: `rivals` is indexed by
   * AS and holds entry + 1, or 0. Only where `told` says so: after {@link propagate} with `keepTies` and without a filter.
   */
  readonly rivals: Uint32Array;
  readonly rivalNext: Uint32Array;
  readonly rivalAs: Uint32Array;
  rivalCount: number;
  told: boolean;
  /** The routes that `rivals` were told for: these themselves, or those that these are a patch of ({@link withdraw}). */
  basis: Routes;
  /** Scratch, indexed by transit number: the length of its route. */
  readonly reach: Uint32Array;
  /**
   * Two numbers for each family of stubs, where `asked` says so: the length of the best that its providers offer, and the transit
   * number of the first provider that does, × 2, + 1 when there are several.
   */
  readonly best: Uint32Array;
  asked: boolean;
  /** Scratch, indexed by seed: 1 while a seed waits to be passed on. */
  readonly waiting: Uint8Array;
}

export function routesFor(graph: Graph, seedCapacity: number): Routes {
  const n = graph.asns.length;
  // Each link offers something at most once upwards or across.
  const links = graph.providers.neighbours.length + graph.peers.neighbours.length;
  const routes: Omit<Routes, 'basis'> & { basis: Routes | undefined } = {
    rank: new Uint32Array(n),
    parent: new Uint32Array(n),
    site: new Uint16Array(n),
    order: new Uint32Array(n),
    ends: new Uint32Array(3),
    contested: new Uint8Array(n),
    rivals: new Uint32Array(n),
    rivalNext: new Uint32Array(links),
    rivalAs: new Uint32Array(links),
    rivalCount: 0,
    told: false,
    reach: new Uint32Array(n),
    best: new Uint32Array(2 * n),
    asked: false,
    waiting: new Uint8Array(seedCapacity),
    basis: undefined,
  };
  routes.basis = routes as Routes;
  return routes as Routes;
}

/** The AS number of the neighbour an AS chose; its own for an ORIGIN. */
export function nextHopOf(network: Network, seeds: Seeds, routes: Routes, v: number): number {
  const { asns } = network.graph;
  const parent = routes.parent[v]!;
  return parent < asns.length ? asns[parent]! : seeds.nextHop[parent - asns.length]!;
}
