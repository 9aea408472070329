/**
 * What a running speaker says of itself over its control socket, and what `nearcast show --json` prints: plain JSON. Times are
 * ISO 8601 in UTC, lengths of time are seconds, a family is `ipv4-unicast`. Fields may be added; none changes its meaning
 * without a new number in `schema`.
 */
import type { Address, Asn, Community, LargeCommunity, Prefix } from '../base/index.ts';
import type { Validation } from '../policy/index.ts';
import type { Family, Role } from '../wire/index.ts';

/** Every question, with its arguments and its answer: a result in one piece, or items one by one. */
export interface Questions {
  readonly peers: { readonly args: object; readonly result: PeersView };
  readonly peer: { readonly args: { readonly name: string }; readonly result: PeerDetailView };
  readonly routes: { readonly args: RoutesArgs; readonly item: RouteView };
}

/** Every order, likewise. A peer is named by its name or its address. */
export interface Orders {
  readonly disable: { readonly args: PeerArgs; readonly result: PeerDetailView };
  readonly enable: { readonly args: PeerArgs; readonly result: PeerDetailView };
  readonly restart: { readonly args: PeerArgs; readonly result: PeerDetailView };
  readonly refresh: {
    readonly args: PeerArgs & { readonly way?: 'in' | 'out' };
    readonly result: PeerDetailView;
  };
  /** The words of an entry of `announce` in the file. */
  readonly announce: { readonly args: { readonly [key: string]: unknown }; readonly result: AnnounceView };
  readonly withdraw: { readonly args: { readonly prefix: readonly string[] }; readonly result: AnnounceView };
  readonly reload: { readonly args: object; readonly result: ReloadView };
}

export interface PeerArgs {
  readonly peer: string;
  /** For the peer's operator to read (RFC 9003); with `disable` and `restart`. */
  readonly text?: string;
}

export interface AnnounceView {
  readonly schema: 'nearcast.announce/1';
  readonly done: 'announced' | 'withdrawn';
  readonly prefixes: readonly {
    readonly prefix: Prefix;
    readonly peers: readonly {
      readonly peer: string;
      /** The peer knows of it, or is about to. */
      readonly told: boolean;
      /** `told`, or why not, in words. */
      readonly why: string;
    }[];
  }[];
}

/** What was different in the file, and done. */
export interface ReloadView {
  readonly schema: 'nearcast.reload/1';
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Sessions that had to begin anew, and the fields that made it so. */
  readonly restarted: readonly { readonly peer: string; readonly because: readonly string[] }[];
  /** Peers whose policy changed; their sessions stand. */
  readonly policy: readonly string[];
  readonly enabled: readonly string[];
  readonly disabled: readonly string[];
  /** How many prefixes are new or said differently. */
  readonly announced: number;
  readonly withdrawn: number;
  readonly bestPath: boolean;
}

export interface PeersView {
  readonly schema: 'nearcast.peers/1';
  readonly at: string;
  readonly router: RouterView;
  readonly peers: readonly PeerView[];
}

export interface RouterView {
  readonly asn: Asn;
  readonly id: Address;
  /** Since when it runs. */
  readonly since: string;
  /** Prefixes with a best route, by family. */
  readonly routes: { readonly [family: Family]: number };
}

export interface PeerView {
  readonly name: string;
  readonly description?: string;
  readonly address: Address;
  readonly interface?: string;
  readonly port: number;
  /** The AS that answered; before that the configured one, or undefined while any may answer. */
  readonly asn?: Asn;
  readonly state: PeerState;
  /** Since when it is in this state. */
  readonly since: string;
  /** Seconds established; 0 otherwise. */
  readonly uptime: number;
  /** Agreed with the peer; before that, configured. */
  readonly families: readonly Family[];
  readonly prefixes: { readonly [family: Family]: PrefixCounts };
  /** Why there is no session now, as a sentence. */
  readonly why?: string;
  /** Why the session ended last, as a sentence, and when. */
  readonly lastDown?: { readonly text: string; readonly at: string };
  /** What we are to the peer (RFC 9234). */
  readonly role?: Role;
  /** Seconds, as agreed; 0 is none. */
  readonly holdTime?: number;
  readonly bfd?: 'up' | 'down' | 'init' | 'adminDown';
}

/** RFC 4271 §8.2.2, and `disabled` for a peer that the operator has stopped. */
export type PeerState =
  | 'disabled'
  | 'idle'
  | 'connect'
  | 'active'
  | 'openSent'
  | 'openConfirm'
  | 'established';

export interface PrefixCounts {
  readonly received: number;
  readonly accepted: number;
  readonly advertised: number;
  /** Kept from before a restart of the peer (RFC 4724). */
  readonly stale?: number;
  readonly limit?: number;
}

export interface PeerDetailView extends PeerView {
  readonly schema: 'nearcast.peer/1';
  readonly at: string;
  readonly kind: 'ebgp' | 'ibgp';
  readonly localAddress?: Address;
  /** The peer's BGP Identifier. */
  readonly remoteId?: Address;
  readonly remoteRole?: Role;
  /** What the peer offered, each as a phrase: `route refresh`, `4-octet AS 64601`. */
  readonly capabilities?: readonly string[];
  /** Features both sides agreed on, each as a phrase. */
  readonly agreed?: readonly string[];
  /** Protections that are set: `TCP MD5`, `TTL security, 1 hop`. */
  readonly protection?: readonly string[];
  readonly import: PolicyView;
  readonly export: PolicyView;
  readonly messages?: { readonly received: MessageCounts; readonly sent: MessageCounts };
  /** How often it has been established. */
  readonly established?: number;
}

export interface PolicyView {
  readonly name?: string;
  /** One line for each rule. */
  readonly rules: readonly string[];
}

export interface MessageCounts {
  readonly total: number;
  readonly updates: number;
}

export interface RoutesArgs {
  /** Routes to exactly this prefix. */
  readonly prefix?: Prefix;
  /** Routes of the longest prefix that holds this address. */
  readonly address?: Address;
  /** With `prefix`: the prefix and everything in it. */
  readonly longer?: true;
  /** Routes from this peer; with `table` the peer whose table is meant. */
  readonly peer?: string;
  /** What the peer sent, before policy; or what it is sent. Absent: the routes we choose from. */
  readonly table?: 'received' | 'advertised';
  /** Chosen routes only. */
  readonly best?: true;
}

export interface RouteView {
  readonly prefix: Prefix;
  readonly family: Family;
  /** The chosen one. */
  readonly best: boolean;
  /** Name of the peer it came from, or `local`. */
  readonly from: string;
  /** RFC 7911. */
  readonly pathId?: number;
  readonly nextHop?: Address;
  /** `64500 64501 {64502,64503}`; empty when it starts here. */
  readonly path: string;
  readonly origin?: 'igp' | 'egp' | 'incomplete';
  readonly localPref?: number;
  readonly med?: number;
  readonly communities?: readonly Community[];
  readonly largeCommunities?: readonly LargeCommunity[];
  readonly extendedCommunities?: readonly string[];
  /** RFC 9234. */
  readonly otc?: Asn;
  readonly validation: Validation;
  /** Cannot become the best: policy, a loop, a next hop that is not ours to use. */
  readonly refused: boolean;
  /** Why it is not the best one (`path length`), or why it was refused (`rule 2 (rpki)`). */
  readonly why?: string;
  readonly stale: boolean;
  /** Seconds since it came or last changed. */
  readonly age: number;
}
