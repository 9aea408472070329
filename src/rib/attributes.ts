/**
 * The attribute sections of all routes, each kept once, with what the decision process needs of them in columns.
 *
 * A section is canonical bytes: AS numbers of 4 octets, no MP_UNREACH_NLRI, and where the next hop stands in
 * MP_REACH_NLRI, that attribute first and without prefixes. So it can be decoded by the ordinary decoder at any time, and
 * sent again by putting prefixes behind it.
 */
import type { Asn } from '../base/index.ts';
import { HAS_LOCAL_PREF, newSummary, type Summary, summarise } from '../wire/index.ts';
import { Interner, widen } from './interner.ts';

/** RFC 4271 leaves it to the operator; every implementation takes 100. */
export const DEFAULT_LOCAL_PREF = 100;

/** What `rank` gives way by when a route is originated here: more than any rank, so that nothing received goes before it. */
export const LOCAL_BONUS = 2 ** 46;

export class AttributeStore extends Interner {
  readonly localAsn: Asn;
  /**
   * Local preference, path length and origin in one number, the lower the better: (2³²−1 − local preference) · 2¹⁴ +
   * path length · 2² + origin. Path lengths past 4095 count as 4095.
   */
  rank: Float64Array = new Float64Array(16);
  med: Uint32Array = new Uint32Array(16);
  neighborAs: Uint32Array = new Uint32Array(16);
  originAs: Uint32Array = new Uint32Array(16);
  otc: Uint32Array = new Uint32Array(16);
  originatorId: Uint32Array = new Uint32Array(16);
  clusterLength: Uint16Array = new Uint16Array(16);
  /** Bits of `wire`'s scan: HAS_MED, LOOPED, NO_EXPORT … */
  flags: Uint16Array = new Uint16Array(16);
  readonly #summary: Summary = newSummary();

  constructor(localAsn: Asn, seed = 0) {
    super(seed);
    this.localAsn = localAsn;
  }

  /**
   * The id of a canonical section, which is checked and copied when it is new; 0 when it is not plain, so that the full
   * decoder has to look at it. `decoded` says that it has looked, or that the section is our own.
   */
  accept(from: Uint8Array, at: number, to: number, decoded = false): number {
    const known = this.find(from, at, to);
    if (known !== 0) return known;
    const s = this.#summary;
    if (!summarise(from, at, to, this.localAsn, s, decoded)) return 0;
    const id = this.intern(from, at, to);
    if (id >= this.rank.length) this.#widen(id + 1);
    const localPref = s.flags & HAS_LOCAL_PREF ? s.localPref : DEFAULT_LOCAL_PREF;
    this.rank[id] = (0xffff_ffff - localPref) * 16384 + Math.min(s.pathLength, 4095) * 4 + s.origin;
    this.med[id] = s.med;
    this.neighborAs[id] = s.neighborAs;
    this.originAs[id] = s.originAs;
    this.otc[id] = s.otc;
    this.originatorId[id] = s.originatorId;
    this.clusterLength[id] = s.clusterLength;
    this.flags[id] = s.flags;
    return id;
  }

  #widen(need: number): void {
    this.rank = widen(this.rank, need);
    this.med = widen(this.med, need);
    this.neighborAs = widen(this.neighborAs, need);
    this.originAs = widen(this.originAs, need);
    this.otc = widen(this.otc, need);
    this.originatorId = widen(this.originatorId, need);
    this.clusterLength = widen(this.clusterLength, need);
    this.flags = widen(this.flags, need);
  }
}

/** The local preference in a rank. */
export function localPrefOf(rank: number): number {
  return 0xffff_ffff - Math.floor(rank / 16384);
}

/** The path length in a rank. */
export function pathLengthOf(rank: number): number {
  return Math.floor(rank / 4) % 4096;
}

/** The origin in a rank: 0 IGP, 1 EGP, 2 INCOMPLETE. */
export function originOf(rank: number): number {
  return rank % 4;
}
