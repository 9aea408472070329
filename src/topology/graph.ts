/**
 * The AS graph: who sells transit to whom and who peers with whom, in typed arrays.
 *
 * An AS is known inside by its *index*: its place in the ascending list of AS numbers. So comparing two indexes compares
 * the AS numbers, and neighbours sorted by index are sorted by AS number, which is what the tie-break looks at.
 */
import type { Asn } from '../base/index.ts';

/** For AS `i`, its neighbours of one kind: `neighbours[offsets[i] … offsets[i + 1])`, ascending indexes. */
export interface Adjacency {
  /** One longer than the number of ASes. */
  readonly offsets: Uint32Array;
  readonly neighbours: Uint32Array;
}

export interface Graph {
  /** The AS number of each index, ascending. */
  readonly asns: Uint32Array;
  readonly customers: Adjacency;
  readonly peers: Adjacency;
  readonly providers: Adjacency;
}

/** What one AS is to another. */
export type Relation = 'customer' | 'peer' | 'provider';

/** The most links a graph may have: four times what is known of the internet, and far below what would exhaust memory. */
export const MOST_LINKS = 1 << 24;

/** The index of an AS number; −1 when the graph does not know it. */
export function indexOf(graph: Graph, asn: Asn): number {
  const { asns } = graph;
  let low = 0;
  let high = asns.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((asns[middle] as number) < asn) low = middle + 1;
    else high = middle;
  }
  return low < asns.length && asns[low] === asn ? low : -1;
}

/** The AS number the graph knows that is nearest to `asn` as a number; undefined in an empty graph. */
export function nearestAsn(graph: Graph, asn: Asn): Asn | undefined {
  let best: Asn | undefined;
  for (const known of graph.asns)
    if (best === undefined || Math.abs(known - asn) < Math.abs(best - asn)) best = known;
  return best;
}

/** What `to` is to `from`: `customer` means that `to` buys from `from`. Undefined when they are no neighbours. */
export function relation(graph: Graph, from: number, to: number): Relation | undefined {
  if (has(graph.customers, from, to)) return 'customer';
  if (has(graph.peers, from, to)) return 'peer';
  return has(graph.providers, from, to) ? 'provider' : undefined;
}

/** How many neighbours of one kind an AS has. */
export function degree(adjacency: Adjacency, index: number): number {
  return (adjacency.offsets[index + 1] as number) - (adjacency.offsets[index] as number);
}

/** The neighbours of one kind, as a view. */
export function neighboursOf(adjacency: Adjacency, index: number): Uint32Array {
  return adjacency.neighbours.subarray(
    adjacency.offsets[index] as number,
    adjacency.offsets[index + 1] as number,
  );
}

function has(adjacency: Adjacency, from: number, to: number): boolean {
  let low = adjacency.offsets[from] as number;
  let high = adjacency.offsets[from + 1] as number;
  const end = high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((adjacency.neighbours[middle] as number) < to) low = middle + 1;
    else high = middle;
  }
  return low < end && adjacency.neighbours[low] === to;
}

/** What came of building a graph. */
export interface Built {
  readonly graph: Graph;
  /** Links whose pair of ASes was there before; the first one counts. */
  readonly repeated: number;
  /** Those of them that contradicted the first. */
  readonly contradicted: number;
}

/** Collects links in any order and builds the graph. Between one pair of ASes the first link counts. */
export class GraphBuilder {
  #from = new Uint32Array(1 << 12);
  #to = new Uint32Array(1 << 12);
  /** 0: `from` is the provider of `to`; 1: they are peers. */
  #kind = new Uint8Array(1 << 12);
  #links = 0;

  get links(): number {
    return this.#links;
  }

  /** `provider` sells transit to `customer`. A link of an AS with itself says nothing and is dropped. */
  transit(provider: Asn, customer: Asn): void {
    this.#add(provider, customer, 0);
  }

  peering(a: Asn, b: Asn): void {
    this.#add(a, b, 1);
  }

  #add(from: Asn, to: Asn, kind: number): void {
    if (from === to) return;
    const at = this.#links++;
    if (at === this.#from.length) {
      this.#from = wider(this.#from, new Uint32Array(2 * at));
      this.#to = wider(this.#to, new Uint32Array(2 * at));
      this.#kind = wider(this.#kind, new Uint8Array(2 * at));
    }
    this.#from[at] = from;
    this.#to[at] = to;
    this.#kind[at] = kind;
  }

  build(): Built {
    const m = this.#links;
    const [asns, index] = numberAll(this.#from.subarray(0, m), this.#to.subarray(0, m));
    const n = asns.length;
    // Each link twice, once from either end: `is` says what `other` is to `self` (0 customer, 1 peer, 2 provider).
    const self = new Uint32Array(2 * m);
    const other = new Uint32Array(2 * m);
    const is = new Uint8Array(2 * m);
    for (let l = 0; l < m; l++) {
      const a = index(this.#from[l] as number);
      const b = index(this.#to[l] as number);
      const kind = this.#kind[l] as number;
      self[2 * l] = a;
      other[2 * l] = b;
      is[2 * l] = kind;
      self[2 * l + 1] = b;
      other[2 * l + 1] = a;
      is[2 * l + 1] = kind === 0 ? 2 : 1;
    }
    // Two stable counting sorts: by self, within it by other, within it as the links came.
    const order = countingSort(self, countingSort(other, undefined, n), n);
    const lists = [0, 1, 2].map(() => ({
      offsets: new Uint32Array(n + 1),
      neighbours: new Uint32Array(2 * m),
    }));
    const sizes = new Uint32Array(3);
    let repeated = 0;
    let contradicted = 0;
    let [lastSelf, lastOther, lastIs] = [-1, -1, 0];
    for (let e = 0; e < order.length; e++) {
      const at = order[e] as number;
      const v = self[at] as number;
      const u = other[at] as number;
      const kind = is[at] as number;
      if (v === lastSelf && u === lastOther) {
        repeated++;
        if (kind !== lastIs) contradicted++;
        continue;
      }
      for (let x = lastSelf + 1; x <= v; x++)
        for (let k = 0; k < 3; k++) (lists[k] as Adjacency).offsets[x] = sizes[k] as number;
      [lastSelf, lastOther, lastIs] = [v, u, kind];
      (lists[kind] as Adjacency).neighbours[sizes[kind]!++] = u;
    }
    for (let x = lastSelf + 1; x <= n; x++)
      for (let k = 0; k < 3; k++) (lists[k] as Adjacency).offsets[x] = sizes[k] as number;
    const [customers, peers, providers] = lists.map((l, k) => ({
      offsets: l.offsets,
      neighbours: l.neighbours.slice(0, sizes[k] as number),
    })) as [Adjacency, Adjacency, Adjacency];
    return {
      graph: { asns, customers, peers, providers },
      repeated: repeated / 2,
      contradicted: contradicted / 2,
    };
  }
}

function wider<T extends Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** The distinct numbers of both lists, ascending, and the function that finds the place of one of them. */
function numberAll(a: Uint32Array, b: Uint32Array): [Uint32Array, (asn: number) => number] {
  let bits = 4;
  let seen = new Set<number>();
  for (const list of [a, b]) for (let i = 0; i < list.length; i++) seen.add(list[i] as number);
  const asns = Uint32Array.from(seen).sort();
  seen = new Set();
  while (1 << bits < 2 * asns.length) bits++;
  // Open addressing; a slot holds index + 1, 0 means free.
  const slots = new Uint32Array(1 << bits);
  const mask = slots.length - 1;
  const hash = (asn: number) => Math.imul(asn, 0x9e3779b1) >>> (32 - bits);
  for (let i = 0; i < asns.length; i++) {
    let s = hash(asns[i] as number);
    while (slots[s] !== 0) s = (s + 1) & mask;
    slots[s] = i + 1;
  }
  return [
    asns,
    (asn) => {
      let s = hash(asn);
      while (asns[(slots[s] as number) - 1] !== asn) s = (s + 1) & mask;
      return (slots[s] as number) - 1;
    },
  ];
}

/** The order of `before` (by default 0, 1, 2 …) sorted by `key[item]`, equal keys staying as they were. Keys are below `n`. */
function countingSort(key: Uint32Array, before: Uint32Array | undefined, n: number): Uint32Array {
  const start = new Uint32Array(n + 1);
  for (let i = 0; i < key.length; i++) start[(key[i] as number) + 1]!++;
  for (let k = 0; k < n; k++) start[k + 1]! += start[k] as number;
  const sorted = new Uint32Array(key.length);
  for (let i = 0; i < key.length; i++) {
    const item = before ? (before[i] as number) : i;
    sorted[start[key[item] as number]!++] = item;
  }
  return sorted;
}

/**
 * One circle of ASes in which each is a customer of the next and the last of the first; undefined when there is none, as it
 * should be. Propagation has a defined answer even then (each AS settles at its smallest length), but no such market exists,
 * so whoever loads a graph says so.
 */
export function providerCycle(graph: Graph): readonly Asn[] | undefined {
  const { customers, providers, asns } = graph;
  const n = asns.length;
  // Takes away ASes that have no customers left, again and again; what remains has a circle in it.
  const left = new Uint32Array(n);
  const free: number[] = [];
  for (let v = 0; v < n; v++) {
    left[v] = degree(customers, v);
    if (left[v] === 0) free.push(v);
  }
  let gone = 0;
  while (gone < free.length)
    for (const p of neighboursOf(providers, free[gone++] as number)) if (--left[p]! === 0) free.push(p);
  if (gone === n) return undefined;
  // Every AS that remains has a customer that remains: walk down customers until one comes again.
  let at = left.findIndex((count) => count > 0);
  const seenAt = new Map<number, number>();
  const walk: number[] = [];
  while (!seenAt.has(at)) {
    seenAt.set(at, walk.length);
    walk.push(at);
    at = neighboursOf(customers, at).find((c) => (left[c] as number) > 0) as number;
  }
  return walk
    .slice(seenAt.get(at) as number)
    .reverse()
    .map((v) => asns[v] as number);
}
