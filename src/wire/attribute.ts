/** Path attributes as values (RFC 4271 §4.3, §5 and the RFCs named below). */
import type { Address, Asn, Community, LargeCommunity, Prefix } from '../base/index.ts';
import type { Family } from './family.ts';
import type { Hex } from './message.ts';

/** One prefix in an UPDATE; `pathId` where ADD-PATH was agreed (RFC 7911). */
export interface Nlri {
  readonly prefix: Prefix;
  readonly pathId?: number;
}

/** RFC 4271 §4.3 b, RFC 5065 §3. */
export interface Segment {
  readonly kind: 'sequence' | 'set' | 'confedSequence' | 'confedSet';
  readonly asns: readonly Asn[];
}

export type Origin = 'igp' | 'egp' | 'incomplete';

/**
 * The bits every attribute may carry beside its value. Absent when they are what the table prescribes and the length fits
 * one octet, so that a value written by hand needs none and decoded bytes still go out as they came in.
 */
interface Flags {
  /** The flags octet as received, where it differs from what the encoder would write by itself. */
  readonly flags?: number;
}

export type Attribute = Flags &
  (
    | { readonly kind: 'origin'; readonly origin: Origin }
    | { readonly kind: 'asPath'; readonly path: readonly Segment[] }
    | { readonly kind: 'nextHop'; readonly nextHop: Address }
    | { readonly kind: 'med'; readonly med: number }
    | { readonly kind: 'localPref'; readonly localPref: number }
    | { readonly kind: 'atomicAggregate' }
    | { readonly kind: 'aggregator'; readonly asn: Asn; readonly address: Address }
    /** RFC 1997. */
    | { readonly kind: 'communities'; readonly communities: readonly Community[] }
    /** RFC 4456. */
    | { readonly kind: 'originatorId'; readonly id: Address }
    /** RFC 4456. */
    | { readonly kind: 'clusterList'; readonly ids: readonly Address[] }
    /** RFC 4760 §3. IP unicast and multicast are read; other families keep the bytes of their next hop and NLRI. */
    | {
        readonly kind: 'mpReach';
        readonly family: Family;
        readonly nextHop: Address;
        /** The second, link-local address of RFC 2545 §3 and RFC 8950. */
        readonly linkLocal?: Address;
        readonly announced: readonly Nlri[];
      }
    | { readonly kind: 'mpReachOpaque'; readonly family: Family; readonly nextHop: Hex; readonly nlri: Hex }
    /** RFC 4760 §4. */
    | { readonly kind: 'mpUnreach'; readonly family: Family; readonly withdrawn: readonly Nlri[] }
    | { readonly kind: 'mpUnreachOpaque'; readonly family: Family; readonly nlri: Hex }
    /** RFC 4360; each community is 8 octets, in the text that operators' tools print (`rt:64500:1`), `0x…` where none is known. */
    | { readonly kind: 'extendedCommunities'; readonly communities: readonly ExtendedCommunity[] }
    /** RFC 6793. */
    | { readonly kind: 'as4Path'; readonly path: readonly Segment[] }
    /** RFC 6793. */
    | { readonly kind: 'as4Aggregator'; readonly asn: Asn; readonly address: Address }
    /** RFC 5701; each is 20 octets. */
    | { readonly kind: 'ipv6ExtendedCommunities'; readonly communities: readonly Hex[] }
    /**
     * RFC 7311; `metric` is the accumulated metric, the first AIGP TLV's, as a decimal number of up to 64 bits. The TLVs before and
     * after it are kept as bytes; both are absent when there are none.
     */
    | { readonly kind: 'aigp'; readonly metric?: string; readonly before?: Hex; readonly other?: Hex }
    /** RFC 8092. */
    | { readonly kind: 'largeCommunities'; readonly communities: readonly LargeCommunity[] }
    /** RFC 9234 §5. */
    | { readonly kind: 'otc'; readonly asn: Asn }
    /** Any other: kept as it came, `flags` always set. */
    | { readonly kind: 'unknown'; readonly code: number; readonly flags: number; readonly data: Hex }
  );

/** Text that names the eight octets exactly; see `extended-community.ts`. */
export type ExtendedCommunity = string & { readonly __kind: 'extended community' };

export type AttributeKind = Attribute['kind'];
