/**
 * The routes of one address family: everything every peer has sent (Adj-RIB-In), what import policy made of it, and the
 * best of them (Loc-RIB), in typed arrays. RFC 4271 §3.2 calls them three tables; they are three columns here.
 *
 * A prefix is a number of its `PrefixTable`, an attribute section a number of the `AttributeStore`, a route a number of the
 * arrays below. The routes of a prefix are a linked list.
 */
import type { IpFamily } from '../base/index.ts';
import { HAS_MED } from '../wire/index.ts';
import { type AttributeStore, LOCAL_BONUS } from './attributes.ts';
import type { DecisionOptions } from './decision.ts';
import { widen } from './interner.ts';
import { PrefixTable } from './prefix-table.ts';
import { EBGP, LOCAL, type Sources } from './sources.ts';

/** The most paths that one peer may have for one prefix (RFC 7911). */
export const MOST_PATHS = 256;

export class Table {
  readonly prefixes: PrefixTable;
  readonly #store: AttributeStore;
  readonly #sources: Sources;
  options: DecisionOptions;

  // Indexed by prefix.
  /** The first route of the prefix; 0 when it has none. */
  head: Uint32Array = new Uint32Array(16);
  /** The attributes of the best route, and its source; 0 when there is none. */
  bestAttributes: Uint32Array = new Uint32Array(16);
  bestSource: Uint16Array = new Uint16Array(16);

  // Indexed by route; route 0 is none.
  next: Uint32Array = new Uint32Array(16);
  source: Uint16Array = new Uint16Array(16);
  /** What the peer sent. */
  raw: Uint32Array = new Uint32Array(16);
  /** What import policy made of it; 0 when it is not eligible. */
  attributes: Uint32Array = new Uint32Array(16);
  /** Seconds since the speaker began: when this route last changed. */
  since: Uint32Array = new Uint32Array(16);
  /** RFC 7911 path identifiers; no array until the first one that is not 0. */
  pathId: Uint32Array | undefined;

  #nextRoute = 1;
  #freeRoute = 0;
  #routes = 0;
  #best = 0;
  #used = 0;
  /** Survivors of the step at hand in `#choose`. */
  #field: Uint32Array = new Uint32Array(16);

  constructor(family: IpFamily, store: AttributeStore, sources: Sources, options: DecisionOptions, seed = 0) {
    this.prefixes = new PrefixTable(family, seed);
    this.#store = store;
    this.#sources = sources;
    this.options = options;
  }

  /** How many routes are held, of all peers together. */
  get routes(): number {
    return this.#routes;
  }

  /** How many prefixes are known whose last route has gone: their numbers may be given out again. */
  get unused(): number {
    return this.prefixes.size - this.#used;
  }

  /** How many prefixes have a best route. */
  get size(): number {
    return this.#best;
  }

  /** The route of `prefix` that this peer sent under this path id, in whichever of its sources; 0 when there is none. */
  find(prefix: number, peer: number, pathId: number): number {
    for (let r = this.head[prefix]!; r !== 0; r = this.next[r]!) {
      if (this.#sources.peer[this.source[r]!] === peer && (this.pathId?.[r] ?? 0) === pathId) return r;
    }
    return 0;
  }

  /**
   * Takes a route in, in place of the one the same peer sent before under the same path id. False, and nothing is taken, when
   * the peer has {@link MOST_PATHS} others for the prefix already: each is looked at whenever one of them changes.
   */
  put(
    prefix: number,
    source: number,
    pathId: number,
    raw: number,
    attributes: number,
    second: number,
  ): boolean {
    if (prefix >= this.head.length) this.#widenPrefixes(prefix + 1);
    const sources = this.#sources;
    let r = this.find(prefix, sources.peer[source]!, pathId);
    if (r === 0) {
      if (pathId !== 0 && this.#paths(prefix, sources.peer[source]!) >= MOST_PATHS) return false;
      r = this.#newRoute();
      if (this.head[prefix] === 0) this.#used++;
      this.next[r] = this.head[prefix]!;
      this.head[prefix] = r;
      if (pathId !== 0 || this.pathId) this.#setPathId(r, pathId);
      this.#routes++;
    } else {
      const old = this.source[r]!;
      sources.routes[old]!--;
      if (this.attributes[r] !== 0) sources.accepted[old]!--;
    }
    if (this.raw[r] !== raw || this.attributes[r] !== attributes) this.since[r] = second;
    this.source[r] = source;
    this.raw[r] = raw;
    this.attributes[r] = attributes;
    sources.routes[source]!++;
    if (attributes !== 0) sources.accepted[source]!++;
    return true;
  }

  /** How many routes a peer has for a prefix. */
  #paths(prefix: number, peer: number): number {
    let n = 0;
    for (let r = this.head[prefix]!; r !== 0; r = this.next[r]!)
      if (this.#sources.peer[this.source[r]!] === peer) n++;
    return n;
  }

  /** Changes what import policy made of a route. */
  reimport(route: number, attributes: number): void {
    const source = this.source[route]!;
    if (this.attributes[route] !== 0) this.#sources.accepted[source]!--;
    if (attributes !== 0) this.#sources.accepted[source]!++;
    this.attributes[route] = attributes;
  }

  /** Removes what a peer sent for a prefix under a path id. True when there was something. */
  remove(prefix: number, peer: number, pathId: number): boolean {
    const route = prefix === 0 || prefix >= this.head.length ? 0 : this.find(prefix, peer, pathId);
    if (route === 0) return false;
    this.#unlink(prefix, route);
    return true;
  }

  /** Removes all routes of one source from a prefix. True when there was one. */
  removeSource(prefix: number, source: number): boolean {
    let removed = false;
    for (let r = this.head[prefix]!; r !== 0; ) {
      const following = this.next[r]!;
      if (this.source[r] === source) {
        this.#unlink(prefix, r);
        removed = true;
      }
      r = following;
    }
    return removed;
  }

  /** Chooses the best route of a prefix again. True when the choice, or what it says, is another than before. */
  decide(prefix: number): boolean {
    const first = this.head[prefix]!;
    const best =
      first === 0 ? 0 : this.next[first] === 0 ? this.#eligible(first) : this.#choose(prefix, first);
    const attributes = best === 0 ? 0 : this.attributes[best]!;
    const source = best === 0 ? 0 : this.source[best]!;
    const was = this.bestAttributes[prefix]!;
    if (was === attributes && this.bestSource[prefix] === source) return false;
    if (was === 0) this.#best++;
    else if (attributes === 0) this.#best--;
    this.bestAttributes[prefix] = attributes;
    this.bestSource[prefix] = source;
    return true;
  }

  /** The routes of a prefix, in no particular order. */
  *routesOf(prefix: number): Generator<number> {
    for (let r = this.head[prefix] ?? 0; r !== 0; r = this.next[r]!) yield r;
  }

  #eligible(route: number): number {
    return this.attributes[route] === 0 ? 0 : route;
  }

  /** The decision process over two or more routes; `DECISION` in decision.ts is the same order in words. */
  #choose(prefix: number, first: number): number {
    const store = this.#store;
    const { kind, peer } = this.#sources;
    let field = this.#field;
    let n = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let r = first; r !== 0; r = this.next[r]!) {
      const a = this.attributes[r]!;
      if (a === 0) continue;
      const rank = store.rank[a]! - (kind[this.source[r]!] === LOCAL ? LOCAL_BONUS : 0);
      if (rank > least) continue;
      if (rank < least) {
        least = rank;
        n = 0;
      }
      if (n === field.length) field = this.#field = widen(field, n + 1);
      field[n++] = r;
    }
    if (n > 1) n = this.#dropWorseMed(field, n);
    if (n > 1) n = this.#keepLeast(field, n, (r) => kind[this.source[r]!]!);
    if (n > 1 && !this.options.compareRouterId && kind[this.source[field[0]!]!] === EBGP) {
      // RFC 5004: the one that is best already stays, whoever else is as good.
      const current = peer[this.bestSource[prefix]!];
      for (let i = 0; i < n; i++) {
        const r = field[i]!;
        if (this.bestSource[prefix] !== 0 && peer[this.source[r]!] === current) return r;
      }
    }
    let best = n === 0 ? 0 : field[0]!;
    for (let i = 1; i < n; i++) if (this.#before(field[i]!, best)) best = field[i]!;
    return best;
  }

  /** RFC 4271 §9.1.2.2 c: drops each route to which another of the same neighbouring AS is preferred by MED. */
  #dropWorseMed(field: Uint32Array, n: number): number {
    const { neighborAs } = this.#store;
    const all = this.options.alwaysCompareMed;
    let worse = false;
    for (let i = 1; i < n && !worse; i++) {
      worse = this.#med(field[i]!) !== this.#med(field[0]!);
    }
    if (!worse) return n;
    const kept: number[] = [];
    for (let i = 0; i < n; i++) {
      const r = field[i]!;
      const as = neighborAs[this.attributes[r]!]!;
      const med = this.#med(r);
      let beaten = false;
      for (let j = 0; j < n && !beaten; j++) {
        const other = field[j]!;
        beaten = (all || neighborAs[this.attributes[other]!] === as) && this.#med(other) < med;
      }
      if (!beaten) kept.push(r);
    }
    for (let i = 0; i < kept.length; i++) field[i] = kept[i]!;
    return kept.length;
  }

  #med(route: number): number {
    const a = this.attributes[route]!;
    if (this.#store.flags[a]! & HAS_MED) return this.#store.med[a]!;
    return this.options.missingMedWorst ? 0x1_0000_0000 : 0;
  }

  #keepLeast(field: Uint32Array, n: number, by: (route: number) => number): number {
    let least = Number.POSITIVE_INFINITY;
    let kept = 0;
    for (let i = 0; i < n; i++) {
      const value = by(field[i]!);
      if (value > least) continue;
      if (value < least) {
        least = value;
        kept = 0;
      }
      field[kept++] = field[i]!;
    }
    return kept;
  }

  /** RFC 4271 §9.1.2.2 f and g, with RFC 4456 §9 between: true when `a` goes before `b`. */
  #before(a: number, b: number): boolean {
    const byId = this.#routerId(a) - this.#routerId(b);
    if (byId !== 0) return byId < 0;
    const { clusterLength } = this.#store;
    const byCluster = clusterLength[this.attributes[a]!]! - clusterLength[this.attributes[b]!]!;
    if (byCluster !== 0) return byCluster < 0;
    const byAddress = this.#sources.compareAddress(this.source[a]!, this.source[b]!);
    if (byAddress !== 0) return byAddress < 0;
    return (this.pathId?.[a] ?? 0) < (this.pathId?.[b] ?? 0);
  }

  #routerId(route: number): number {
    return this.#store.originatorId[this.attributes[route]!] || this.#sources.routerId[this.source[route]!]!;
  }

  #unlink(prefix: number, route: number): void {
    const sources = this.#sources;
    if (this.head[prefix] === route) this.head[prefix] = this.next[route]!;
    else {
      let r = this.head[prefix]!;
      while (this.next[r] !== route) r = this.next[r]!;
      this.next[r] = this.next[route]!;
    }
    if (this.head[prefix] === 0) this.#used--;
    const source = this.source[route]!;
    sources.routes[source]!--;
    if (this.attributes[route] !== 0) sources.accepted[source]!--;
    this.raw[route] = this.attributes[route] = this.source[route] = 0;
    this.next[route] = this.#freeRoute;
    this.#freeRoute = route;
    this.#routes--;
  }

  #newRoute(): number {
    const free = this.#freeRoute;
    if (free !== 0) {
      this.#freeRoute = this.next[free]!;
      return free;
    }
    const r = this.#nextRoute++;
    if (r >= this.next.length) {
      this.next = widen(this.next, r + 1);
      this.source = widen(this.source, r + 1);
      this.raw = widen(this.raw, r + 1);
      this.attributes = widen(this.attributes, r + 1);
      this.since = widen(this.since, r + 1);
    }
    return r;
  }

  #setPathId(route: number, pathId: number): void {
    if (!this.pathId || route >= this.pathId.length)
      this.pathId = widen(this.pathId ?? new Uint32Array(16), Math.max(route + 1, this.next.length));
    this.pathId[route] = pathId;
  }

  #widenPrefixes(need: number): void {
    this.head = widen(this.head, need);
    this.bestAttributes = widen(this.bestAttributes, need);
    this.bestSource = widen(this.bestSource, need);
  }

  /** Marks every attribute section that a route of this table holds. */
  mark(marks: Uint8Array): void {
    for (let r = 1; r < this.#nextRoute; r++) {
      marks[this.raw[r]!] = 1;
      marks[this.attributes[r]!] = 1;
    }
  }
}
