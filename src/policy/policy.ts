/**
 * Policy as data: what may come in from a neighbour or go out to one, and what changes on the way. A policy is a list of
 * rules tried in order; all of it is plain JSON, so it can be printed, compared, written to a file and sent.
 *
 * A rule whose conditions all hold makes its changes, and then ends the matter (`accept`, `reject`) or leaves it to the
 * rules after it, which see the changed route. A route that no rule accepted is rejected (RFC 8212).
 */
import type { Address, Asn, Prefix } from '../base/index.ts';
import type { Attribute, Family, Origin } from '../wire/index.ts';

export interface Policy {
  readonly name?: string;
  readonly rules: readonly Rule[];
  /** What `{ set: name }` in the rules refers to. A name that is not here matches nothing; `check` reports it. */
  readonly sets?: Sets;
}

export interface Rule {
  readonly name?: string;
  /** All of it must hold; absent means always. */
  readonly when?: When;
  readonly then?: Then;
  /** Absent: go on with the next rule. */
  readonly end?: End;
}

export type End = 'accept' | 'reject';

/** Named lists that several rules share. */
export interface Sets {
  readonly prefixes?: { readonly [name: string]: readonly PrefixMatch[] };
  readonly communities?: { readonly [name: string]: readonly CommunityPattern[] };
  readonly paths?: { readonly [name: string]: readonly PathMatch[] };
}

export interface SetRef {
  readonly set: string;
}

/** Every condition that is given must hold; a list holds when one of its entries does. */
export interface When {
  readonly prefix?: readonly (PrefixMatch | SetRef)[];
  readonly family?: readonly Family[];
  readonly path?: readonly (PathMatch | SetRef)[];
  /** RFC 1997. */
  readonly communities?: readonly (CommunityPattern | SetRef)[];
  /** RFC 8092. */
  readonly largeCommunities?: readonly (CommunityPattern | SetRef)[];
  /** RFC 4360. */
  readonly extendedCommunities?: readonly (CommunityPattern | SetRef)[];
  /** Whom the route came from (import) or goes to (export). */
  readonly neighbor?: readonly NeighborMatch[];
  /** On export, from whom we have the route. Never holds on import. */
  readonly source?: readonly NeighborMatch[];
  /** RFC 6811. */
  readonly validation?: readonly Validation[];
  readonly origin?: readonly Origin[];
  readonly med?: Comparison;
  readonly localPref?: Comparison;
  /** The address in NEXT_HOP or MP_REACH_NLRI lies in one of these. */
  readonly nextHop?: readonly Prefix[];
  /** RFC 9234 §5: whether the route carries ONLY_TO_CUSTOMER, or carries it with this AS number. */
  readonly otc?: boolean | Asn;
  /** Each of these must hold. */
  readonly all?: readonly When[];
  /** At least one of these must hold. */
  readonly any?: readonly When[];
  /** This must not hold. */
  readonly not?: When;
}

/**
 * Exactly `prefix`; with `orLonger` everything in it too; with `ge` or `le` what lies in it and has a length in that range
 * (`le` alone starts at the prefix's own length, `ge` alone ends at 32 or 128).
 */
export interface PrefixMatch {
  readonly prefix: Prefix;
  readonly orLonger?: true;
  readonly ge?: number;
  readonly le?: number;
}

/** One property of the AS path. Members of AS_SETs count as contained; confederation segments are passed over. */
export type PathMatch =
  | { readonly contains: Asn | readonly Asn[] }
  /** The last AS; a path that ends in an AS_SET has no origin (RFC 6811 §2). */
  | { readonly originatedBy: Asn | readonly Asn[] }
  /** The first AS: the neighbour the path was heard from. */
  | { readonly neighbor: Asn | readonly Asn[] }
  /** RFC 4271 §9.1.2.2 a: an AS_SET counts one. */
  | { readonly length: Comparison }
  /** True: the route starts in our own AS. */
  | { readonly empty: boolean }
  /** A regular expression over the path as text, in the operators' dialect: `_64500_`, `^64500 .* 65001$`, `^$`. */
  | { readonly matches: string };

/** Fields with colons between; each a value, `*`, or a range of numbers `100-199`. `64500:*`, `64500:1:*`, `rt:64500:*`. */
export type CommunityPattern = string;

/** All fields that are given must hold. */
export interface NeighborMatch {
  readonly asn?: Asn | readonly Asn[];
  /** The session's remote address lies in one of these. */
  readonly address?: readonly Prefix[];
  readonly name?: string;
  readonly kind?: NeighborKind;
}

export type NeighborKind = 'ebgp' | 'ibgp' | 'local';

/** RFC 6811 §2; `unverified` when no validation data is at hand. */
export type Validation = 'valid' | 'invalid' | 'not-found' | 'unverified';

/** A number, or a range with both ends included. An absent value only fits `absent`. */
export type Comparison = number | 'absent' | 'present' | { readonly ge?: number; readonly le?: number };

/** Changes, made in the order of this list. */
export interface Then {
  readonly origin?: Origin;
  /** The local AS this many times, or another AS. */
  readonly prepend?: number | { readonly times: number; readonly asn: Asn };
  readonly med?: Change;
  readonly localPref?: Change;
  readonly communities?: CommunityChange;
  readonly largeCommunities?: CommunityChange;
  readonly extendedCommunities?: CommunityChange;
  /** Carried out by the speaker, which knows its addresses. */
  readonly nextHop?: NextHopChange;
}

export type NextHopChange = 'self' | 'unchanged' | Address;

/** A value to set; a number to add (the result stays within 32 bits); or away with the attribute. */
export type Change = number | { readonly add: number } | 'remove';

/**
 * First `replace` (these instead of all others), then `remove` (patterns), then `add`. Communities of the well-known range
 * 65535:* survive `replace` and a `remove` with a wildcard, unless the pattern names 65535 itself (RFC 8642 §4).
 */
export interface CommunityChange {
  readonly replace?: readonly string[];
  readonly remove?: readonly (CommunityPattern | SetRef)[];
  readonly add?: readonly string[];
}

/** Who stands at the other end of a session, or `local` for what we announce ourselves. */
export interface Neighbor {
  readonly asn: Asn;
  readonly address: Address;
  readonly name?: string;
  readonly kind: NeighborKind;
}

/** What policy sees of a route. `attributes` may be a getter: it is read only when a rule needs it. */
export interface Subject {
  readonly prefix: Prefix;
  readonly family: Family;
  readonly attributes: readonly Attribute[];
  readonly neighbor: Neighbor;
  readonly source: Neighbor | undefined;
  readonly validation: Validation;
}

export const ACCEPT_ALL: Policy = { name: 'accept', rules: [{ end: 'accept' }] };

/** RFC 8212: what an eBGP session without policy gets. */
export const REJECT_ALL: Policy = { name: 'reject', rules: [{ end: 'reject' }] };
