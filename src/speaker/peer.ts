/** One peer of a speaker while it runs: its session machine, its connections and what it exchanges of each family. */
import { type Instant, instant } from '../base/index.ts';
import type { Compiled } from '../policy/index.ts';
import type { AdjOut, Table } from '../rib/index.ts';
import type { LinkName, Negotiated, PeerState } from '../session/index.ts';
import type { Family } from '../wire/index.ts';
import type { Exporter } from './exporter.ts';
import type { Importer } from './importer.ts';
import type { LinkState } from './link.ts';
import type { PeerOptions } from './options.ts';
import type { OutboundContext } from './outbound.ts';

/** What an established session exchanges of one family. */
export interface Exchange {
  readonly peer: Peer;
  readonly family: Family;
  readonly table: Table;
  /** Where the routes that arrive now come from; changes when a refresh begins (RFC 7313). */
  source: number;
  importer: Importer;
  exporter: Exporter;
  readonly out: AdjOut;
  outbound: OutboundContext;
  /** Messages to send when nothing waits in `out` any more: End-of-RIB, or the end of a refresh. */
  readonly after: Uint8Array[];
  /** The peer wants everything again (RFC 2918); it gets it when it reads on, however often it asked. */
  again: boolean;
  /** Asked for before End-of-RIB, to be told after it. */
  later: boolean;
  /** The prefix limit's warning was given. */
  warned: boolean;
}

export interface Established {
  readonly link: LinkName;
  readonly negotiated: Negotiated;
  readonly external: boolean;
  readonly exchanges: ReadonlyMap<Family, Exchange>;
}

/** Counts since the speaker began. */
export interface Counters {
  messagesIn: number;
  messagesOut: number;
  updatesIn: number;
  updatesOut: number;
  prefixesIn: number;
  withdrawalsIn: number;
  prefixesOut: number;
  withdrawalsOut: number;
  /** UPDATEs with a fault of RFC 7606 that did not end the session. */
  faultsIn: number;
  /** Refreshes that the peer ended (RFC 7313) and that left something stale. */
  refreshesIn: number;
}

export class Peer {
  /** Names it in the RIB's columns. */
  readonly number: number;
  readonly options: PeerOptions;
  machine: PeerState;
  import: Compiled;
  export: Compiled;
  readonly links: { outgoing?: LinkState | undefined; incoming?: LinkState | undefined } = {};
  established: Established | undefined;
  /** What was agreed on the session that ended last. */
  left: Negotiated | undefined;
  /** Sources whose routes are kept though they are stale (RFC 4724 §4.2, RFC 7313 §4). */
  readonly stale = new Map<Family, number[]>();
  /** The last fault in an UPDATE that did not end the session, in the operator's words. */
  lastFault: string | undefined;
  removed = false;
  /** A link on which UPDATEs came that the machine has not been told of yet, and when the last of them came. */
  heardOn: LinkName | undefined;
  heardAt: Instant = instant(0);
  readonly counters: Counters = {
    messagesIn: 0,
    messagesOut: 0,
    updatesIn: 0,
    updatesOut: 0,
    prefixesIn: 0,
    withdrawalsIn: 0,
    prefixesOut: 0,
    withdrawalsOut: 0,
    faultsIn: 0,
    refreshesIn: 0,
  };

  constructor(
    number: number,
    options: PeerOptions,
    machine: PeerState,
    imports: Compiled,
    exports: Compiled,
  ) {
    this.number = number;
    this.options = options;
    this.machine = machine;
    this.import = imports;
    this.export = exports;
  }

  get name(): string {
    return this.options.name;
  }
}
