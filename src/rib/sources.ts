/**
 * Where routes come from: one source for each time a peer began to send us its table of one family. A session that is
 * re-established, and a refresh (RFC 7313), start a new source, so that what is left of the old one is stale by
 * construction and can be removed piece by piece while new routes arrive.
 */
import { type Address, addressBytes } from '../base/index.ts';
import { widen } from './interner.ts';

/** The order is that of the decision process: routes originated here, then external, then internal. */
export const LOCAL = 0;
export const EBGP = 1;
export const IBGP = 2;
export type SourceKind = typeof LOCAL | typeof EBGP | typeof IBGP;

/** More sources at once than this are an assertion: a source takes a 16-bit column in every route. */
export const MOST_SOURCES = 0xffff;

export class Sources {
  /** The peer's number; −1 for routes originated here. Indexed by source, as all columns are. */
  peer: Int32Array = new Int32Array(16);
  kind: Uint8Array = new Uint8Array(16);
  /** BGP Identifier of the peer. */
  routerId: Uint32Array = new Uint32Array(16);
  /** Routes held from this source, and how many of them import policy let in. */
  routes: Uint32Array = new Uint32Array(16);
  accepted: Uint32Array = new Uint32Array(16);
  /** 1 while the routes are kept though the session that brought them is gone, or a refresh is under way. */
  stale: Uint8Array = new Uint8Array(16);
  readonly #address: (Uint8Array | undefined)[] = [];
  readonly #free: number[] = [];
  #next = 1;

  /** A new source; ids begin at 1. */
  add(peer: number, kind: SourceKind, routerId: number, address: Address): number {
    const id = this.#free.pop() ?? this.#next++;
    if (id > MOST_SOURCES) throw new RangeError(`more than ${MOST_SOURCES} sources of routes at once`);
    if (id >= this.kind.length) this.#widen(id + 1);
    this.peer[id] = peer;
    this.kind[id] = kind;
    this.routerId[id] = routerId;
    this.routes[id] = this.accepted[id] = this.stale[id] = 0;
    this.#address[id] = addressBytes(address);
    return id;
  }

  /** Forgets a source that has no routes any more. */
  remove(id: number): void {
    this.#address[id] = undefined;
    this.peer[id] = -2;
    this.#free.push(id);
  }

  /** How many sources stand for a peer. */
  of(peer: number): number {
    let n = 0;
    for (let id = 1; id < this.#next; id++) if (this.peer[id] === peer) n++;
    return n;
  }

  /** RFC 4271 §9.1.2.2 g: negative when the peer address of `a` is the lower one. IPv4 before IPv6. */
  compareAddress(a: number, b: number): number {
    const x = this.#address[a] as Uint8Array;
    const y = this.#address[b] as Uint8Array;
    if (x.length !== y.length) return x.length - y.length;
    for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
    return 0;
  }

  #widen(need: number): void {
    const peer = new Int32Array(Math.ceil(need * 1.5));
    peer.set(this.peer);
    this.peer = peer;
    this.kind = widen(this.kind, need);
    this.routerId = widen(this.routerId, need);
    this.routes = widen(this.routes, need);
    this.accepted = widen(this.accepted, need);
    this.stale = widen(this.stale, need);
  }
}
