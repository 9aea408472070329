/**
 * What one `nearcast speak` does, complete and immutable: every default filled in, every name resolved, and no secret in it,
 * only where secrets are to be found.
 */
import type { Address, Asn, Millis, Prefix } from '../../base/index.ts';
import type { Policy } from '../../policy/index.ts';
import type { Attribute, Family, Role } from '../../wire/index.ts';

export interface SpeakConfig {
  /** Where it was read from. */
  readonly file: string;
  readonly asn: Asn;
  /** BGP Identifier (RFC 6286). */
  readonly id: Address;
  /** Empty: no connection is accepted. */
  readonly listen: readonly Endpoint[];
  readonly peers: readonly SpeakPeer[];
  readonly announce: readonly Announcement[];
  readonly decision: {
    readonly alwaysCompareMed: boolean;
    readonly compareRouterId: boolean;
    readonly medMissingWorst: boolean;
  };
  /** Path of the Unix socket that `nearcast show` asks; undefined when there is to be none. */
  readonly control: string | undefined;
  readonly log: LogLevel;
  /** File that every event is written to, as JSON lines. */
  readonly journal: string | undefined;
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

export interface SpeakPeer {
  readonly name: string;
  readonly description?: string;
  readonly address: Address;
  readonly port: number;
  /** Which AS may answer there. */
  readonly asn: readonly Asn[] | 'any';
  readonly enabled: boolean;
  /** Wait for the peer to connect. */
  readonly passive: boolean;
  readonly localAddress?: Address;
  /** Where a link-local address lives, or what the session is bound to. */
  readonly interface?: string;
  /** TCP MD5 (RFC 2385). */
  readonly password?: SecretSource;
  /** GTSM (RFC 5082): how many hops away the peer may be, 1 for directly connected. */
  readonly ttlSecurity?: number;
  /** External peers not directly connected: the TTL of what we send. */
  readonly multihop?: number;
  /** Zero: no hold timer and no KEEPALIVEs. */
  readonly holdTime: Millis;
  /** RFC 9687; zero is off. */
  readonly sendHoldTime: Millis;
  readonly connectRetry: Millis;
  readonly families: readonly Family[];
  /** What we are to the peer (RFC 9234). */
  readonly role?: Role;
  readonly roleStrict: boolean;
  readonly bfd?: { readonly interval: Millis; readonly multiplier: number };
  /** RFC 4724: how long the peer is asked to keep our routes; absent when we do not offer it. */
  readonly gracefulRestart?: { readonly restartTime: Millis };
  /** Families in which we take several paths for a prefix (RFC 7911). */
  readonly addPath: readonly Family[];
  /** RFC 8654. */
  readonly extendedMessages: boolean;
  /** RFC 8950: IPv4 prefixes with IPv6 next hops. */
  readonly extendedNextHop: boolean;
  readonly maxPrefix: { readonly [family: Family]: PrefixLimit };
  /** After how long a session that a limit ended is tried again; absent: when the operator says so. */
  readonly maxPrefixRestart?: Millis;
  readonly import: Policy;
  readonly export: Policy;
  readonly nextHopSelf: boolean;
  /** We are a route server to it (RFC 7947): own AS and next hop stay out of what it is told. */
  readonly transparent: boolean;
  readonly enforceFirstAs: boolean;
}

export interface PrefixLimit {
  readonly limit: number;
  /** Prefixes from which on a warning is due. */
  readonly warnAt?: number;
}

/** Prefixes announced with the same attributes. */
export interface Announcement {
  readonly prefixes: readonly Prefix[];
  /** Absent: our own end of each session. */
  readonly nextHop?: Address;
  /** Without a next hop. ORIGIN and AS_PATH are always there. */
  readonly attributes: readonly Attribute[];
}

export type SecretSource =
  | { readonly from: 'env'; readonly name: string }
  /** An absolute path, or one relative to where the command runs. */
  | { readonly from: 'file'; readonly path: string };
