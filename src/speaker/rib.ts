/**
 * The tables that all peers of a speaker share, who is told when a best route changes, and the long work on them, done in
 * pieces so that no session waits for another's million routes.
 */
import type { Address } from '../base/index.ts';
import { AttributeStore, type DecisionOptions, Interner, LOCAL, Sources, Table } from '../rib/index.ts';
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import type { Exchange, Peer } from './peer.ts';

/** The families whose routes a speaker exchanges. */
export const FAMILIES: readonly Family[] = [IPV4_UNICAST, IPV6_UNICAST];

/** Prefixes that one piece of long work looks at. */
const PIECE = 4096;

/** Numbers of prefixes without any route that are kept before it is worth giving them out again. */
const SPARE = 65536;

/** Long work over all prefixes of a table. */
interface Job {
  readonly family: Family;
  cursor: number;
  /** What is done with one prefix. */
  readonly each: (prefix: number) => void;
  /** True when nothing is left to do before the last prefix is reached. */
  readonly done?: () => boolean;
  /** Sections were forgotten: what is remembered about their numbers is worth nothing. */
  readonly forget?: () => void;
  readonly end: () => void;
}

export class Rib {
  readonly store: AttributeStore;
  readonly outgoing: Interner;
  readonly sources = new Sources();
  readonly tables: ReadonlyMap<Family, Table>;
  /** The sources of what is originated here. */
  readonly local: ReadonlyMap<Family, number>;
  /** Who hears of changes, by family. */
  readonly #listeners: ReadonlyMap<Family, Exchange[]>;
  readonly #ready: (peer: Peer) => void;
  readonly #jobs: Job[] = [];
  /** How many unused prefixes a table may have before it is worth looking for them. */
  readonly #sweepAt = new Map<Family, number>();

  constructor(
    asn: number,
    id: Address,
    decision: DecisionOptions,
    ready: (peer: Peer) => void,
    hashSeed: number,
  ) {
    this.store = new AttributeStore(asn, hashSeed);
    this.outgoing = new Interner(hashSeed);
    this.#ready = ready;
    this.tables = new Map(
      FAMILIES.map((f) => [
        f,
        new Table(f === IPV4_UNICAST ? 4 : 6, this.store, this.sources, decision, hashSeed),
      ]),
    );
    this.local = new Map(FAMILIES.map((f) => [f, this.sources.add(-1, LOCAL, 0, id)]));
    this.#listeners = new Map(FAMILIES.map((f) => [f, []]));
  }

  table(family: Family): Table {
    return this.tables.get(family) as Table;
  }

  listen(exchange: Exchange): void {
    this.#listeners.get(exchange.family)?.push(exchange);
  }

  forget(exchange: Exchange): void {
    const list = this.#listeners.get(exchange.family) ?? [];
    const at = list.indexOf(exchange);
    if (at >= 0) list.splice(at, 1);
  }

  /**
   * Chooses the best route of a prefix again, and tells those whom it concerns when it is another. Who has been told nothing
   * of the prefix has nothing to hear when it goes, nor when the best route is its own.
   */
  decide(family: Family, table: Table, prefix: number): void {
    if (!table.decide(prefix)) return;
    const listeners = this.#listeners.get(family) as Exchange[];
    const gone = table.bestAttributes[prefix] === 0;
    const from = this.sources.peer[table.bestSource[prefix]!];
    for (let i = 0; i < listeners.length; i++) {
      const { out, peer } = listeners[i] as Exchange;
      if (out.told(prefix) === 0 && (gone || from === peer.number)) continue;
      if (out.waiting === 0) this.#ready(peer);
      out.push(prefix);
    }
  }

  /** Puts every prefix that has a route, or of which the peer has been told, in the queue of one exchange. */
  tellAll(exchange: Exchange, again: boolean): void {
    const { table, out } = exchange;
    const { limit } = table.prefixes;
    for (let p = 1; p < limit; p++)
      if ((table.bestAttributes[p] ?? 0) !== 0 || out.told(p) !== 0) out.push(p, again);
    this.#ready(exchange.peer);
  }

  /** True while long work waits. */
  get busy(): boolean {
    return this.#jobs.length > 0;
  }

  /** Does one piece of the long work that has waited longest. */
  work(): void {
    const job = this.#jobs[0];
    if (!job) return;
    const { limit } = this.table(job.family).prefixes;
    const until = Math.min(limit, job.cursor + PIECE);
    while (job.cursor < until && !job.done?.()) job.each(job.cursor++);
    if (job.cursor < limit && !job.done?.()) return;
    this.#jobs.shift();
    job.end();
  }

  /** Removes what is left of a source, and then the source. */
  removeSource(family: Family, source: number): void {
    const table = this.table(family);
    const { sources } = this;
    sources.stale[source] = 1;
    this.#jobs.push({
      family,
      cursor: 1,
      each: (prefix) => {
        if (table.removeSource(prefix, source)) this.decide(family, table, prefix);
      },
      done: () => sources.routes[source] === 0,
      end: () => sources.remove(source),
    });
  }

  /**
   * Runs import policy again over everything a peer has sent of a family. What its session agrees on may change before this is
   * done: the importer of the moment decides, and the given one while there is no session.
   */
  reimport(exchange: Pick<Exchange, 'peer' | 'family' | 'table' | 'importer'>): void {
    const { family, table, peer } = exchange;
    this.#jobs.push({
      family,
      cursor: 1,
      each: (prefix) => {
        const { importer } = peer.established?.exchanges.get(family) ?? exchange;
        let changed = false;
        for (const r of table.routesOf(prefix)) {
          if (this.sources.peer[table.source[r]!] !== peer.number) continue;
          const section = importer.of(table.raw[r]!, prefix);
          if (section === table.attributes[r]) continue;
          table.reimport(r, section);
          changed = true;
        }
        if (changed) this.decide(family, table, prefix);
      },
      // Its number, and with it what is left of its routes, may be another peer's by now.
      done: () => peer.removed,
      // Of a session that is gone nobody else knows it.
      forget: () => exchange.importer.forget(),
      end: () => {},
    });
  }

  /** Chooses every best route again: the options of the decision have changed. */
  decideAll(family: Family): void {
    const table = this.table(family);
    this.#jobs.push({ family, cursor: 1, each: (p) => this.decide(family, table, p), end: () => {} });
  }

  /**
   * Forgets attribute sections and prefixes that nothing uses any more, when enough may have gathered. Numbers that are in
   * use stay; what was remembered about sections has to be forgotten by its owners, whom `forget` reaches.
   */
  collect(forget: () => void): void {
    const { store, outgoing } = this;
    if (store.wantsSweep) {
      const marks = new Uint8Array(store.limit);
      for (const table of this.tables.values()) table.mark(marks);
      store.sweep(marks, () => {});
      for (const job of this.#jobs) job.forget?.();
      forget();
    }
    if (outgoing.wantsSweep) {
      const marks = new Uint8Array(outgoing.limit);
      for (const list of this.#listeners.values())
        for (const { out } of list) for (let p = 0; p < out.sent.length; p++) marks[out.sent[p]!] = 1;
      outgoing.sweep(marks, () => {});
      forget();
    }
    for (const [family, table] of this.tables) {
      const { prefixes, head } = table;
      if (table.unused < (this.#sweepAt.get(family) ?? SPARE) || table.unused < prefixes.size / 2) continue;
      const listeners = this.#listeners.get(family) as Exchange[];
      prefixes.sweep(
        (p) => (head[p] ?? 0) === 0 && listeners.every(({ out }) => out.told(p) === 0 && !out.waits(p)),
      );
      // Those that a peer has yet to hear of stay; looking for them at every step would cost more than they do.
      this.#sweepAt.set(family, Math.max(SPARE, table.unused * 2));
    }
  }
}
