/**
 * BGP-4 messages as values: discriminated unions of readonly fields, all of them plain JSON. Bytes that nothing here reads
 * further are kept as hexadecimal text.
 */
import type { Address, Asn } from '../base/index.ts';
import type { Attribute, Nlri } from './attribute.ts';
import type { Capability } from './capability.ts';
import type { Family } from './family.ts';

/** Bytes as lower-case hexadecimal. */
export type Hex = string;

/** RFC 4271 §4.2. */
export interface Open {
  readonly kind: 'open';
  readonly version: number;
  /** The 2-octet "My Autonomous System" field; AS_TRANS when the real number (in the capability) does not fit. */
  readonly asn: Asn;
  /** Seconds; 0 means no KEEPALIVEs and no hold timer. */
  readonly holdTime: number;
  /** BGP Identifier, in dotted-quad form. */
  readonly id: Address;
  readonly capabilities: readonly Capability[];
  /**
   * How the capabilities were spread over optional parameters, where that is not the form the encoder chooses (all in one parameter,
   * RFC 9072 only when they do not fit otherwise). Only there so that decoded bytes go out as they came in.
   */
  readonly layout?: {
    /** How many capabilities each parameter holds. */
    readonly parameters: readonly number[];
    /** The Non-Ext OP Len octet of the RFC 9072 form; absent when the form is the plain one. */
    readonly extended?: number;
  };
}

/** RFC 4271 §4.3. MP_REACH_NLRI and MP_UNREACH_NLRI stand among the attributes. */
export interface Update {
  readonly kind: 'update';
  /** IPv4 unicast. */
  readonly withdrawn: readonly Nlri[];
  readonly attributes: readonly Attribute[];
  /** IPv4 unicast. */
  readonly announced: readonly Nlri[];
}

/** RFC 4271 §4.5. */
export interface Notification {
  readonly kind: 'notification';
  readonly code: number;
  readonly subcode: number;
  readonly data: Hex;
}

/** RFC 4271 §4.4. */
export interface Keepalive {
  readonly kind: 'keepalive';
}

/** RFC 2918, with the subtypes of RFC 7313. */
export interface RouteRefresh {
  readonly kind: 'routeRefresh';
  readonly family: Family;
  /** `request` 0, `begin` 1 (BoRR), `end` 2 (EoRR); other numbers as they came, to be ignored (RFC 7313 §5). */
  readonly subtype: 'request' | 'begin' | 'end' | number;
  /** ORF entries (RFC 5291), not read further; absent when there are none. */
  readonly orf?: Hex;
}

export type Message = Open | Update | Notification | Keepalive | RouteRefresh;

/** What the two peers agreed in their OPENs, as far as it changes how bytes are read or written. */
export interface Agreed {
  /** AS numbers in AS_PATH and AGGREGATOR take 4 octets (RFC 6793). */
  readonly asn4: boolean;
  /** Messages may be up to 65535 octets (RFC 8654). */
  readonly extendedMessage: boolean;
  /** Families whose NLRI carry a path identifier in the direction at hand (RFC 7911). */
  readonly addPath: readonly Family[];
}
