/** What an operator says of a speaker and of each of its peers. */
import type { Address, Asn, Millis } from '../base/index.ts';
import type { Policy } from '../policy/index.ts';
import type { DecisionOptions } from '../rib/index.ts';
import type { PeerConfig } from '../session/index.ts';
import type { Family } from '../wire/index.ts';
import type { Validate } from './subject.ts';

export interface SpeakerOptions {
  readonly asn: Asn;
  /** BGP Identifier (RFC 6286). */
  readonly id: Address;
  readonly decision?: Partial<DecisionOptions>;
  /**
   * After a restart (a `start` that says so), the longest that nothing is told to anyone before the peers' tables are in:
   * RFC 4724 §4.1's Selection_Deferral_Timer. Default 3 min.
   */
  readonly deferral?: Millis;
  /** RFC 6811; without it every route is `unverified`. */
  readonly validate?: Validate;
  /**
   * Where attributes and prefixes lie in the tables, a 32-bit number; nothing else depends on it. Give a speaker of untrusted peers a
   * random one, so that none can choose what it sends to fall into one place. Default 0.
   */
  readonly hashSeed?: number;
}

export interface PeerOptions {
  /** Names the peer in every view, log line and journal; unique in the speaker. */
  readonly name: string;
  /** Where it is. */
  readonly address: Address;
  readonly session: PeerConfig;
  /** External sessions without policy exchange nothing (RFC 8212); internal ones accept all. */
  readonly import?: Policy;
  readonly export?: Policy;
  /** We are a route server to it (RFC 7947): own AS and next hop stay out of what it is told. */
  readonly transparent?: boolean;
  readonly nextHopSelf?: boolean;
  /** Default true; false for peers that are route servers themselves. */
  readonly enforceFirstAs?: boolean;
  /** Our address as the next hop of a family, where that of the session does not fit or is not wanted. */
  readonly nextHop?: { readonly [family: Family]: Address };
  /** The most prefixes the peer may send of a family; one more ends the session (RFC 4486 §4). */
  readonly prefixLimit?: { readonly [family: Family]: { readonly limit: number; readonly warnAt?: number } };
}
