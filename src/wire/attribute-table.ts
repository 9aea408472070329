/**
 * The path attributes: one row per kind holds all that is known of it. The mapped type makes a forgotten row a compile error.
 * Adding an attribute: a kind in `attribute.ts`, a row here, a vector in `test/vectors/`.
 */
import {
  type Address,
  addressBytes,
  assert,
  communityNumber,
  formatAddress,
  formatCommunity,
  fromHex,
  ipv4,
  ipv4Number,
  type LargeCommunity,
  largeCommunityNumbers,
  type Reader,
  toHex,
  type Writer,
} from '../base/index.ts';
import type { Attribute, AttributeKind, ExtendedCommunity, Origin } from './attribute.ts';
import { Malformed, type Reaction, UPDATE_ERROR } from './error.ts';
import { readExtendedCommunity, writeExtendedCommunity } from './extended-community.ts';
import { type Family, family, familyCode } from './family.ts';
import type { Agreed, Hex } from './message.ts';
import { decodeNlri, encodeNlri } from './nlri.ts';
import { decodeSegments, encodeSegments } from './path.ts';

/** The flag bits of RFC 4271 §4.3. */
export const FLAG = { optional: 0x80, transitive: 0x40, partial: 0x20, extendedLength: 0x10 } as const;

const WELL_KNOWN = FLAG.transitive;
const OPTIONAL = FLAG.optional;
const OPTIONAL_TRANSITIVE = FLAG.optional | FLAG.transitive;

type Of<K extends AttributeKind> = Extract<Attribute, { readonly kind: K }>;

/** MP attributes of a family that is not read come back as their opaque twin. */
type Decoded<K extends AttributeKind> = K extends 'mpReach'
  ? Of<'mpReach' | 'mpReachOpaque'>
  : K extends 'mpUnreach'
    ? Of<'mpUnreach' | 'mpUnreachOpaque'>
    : Of<K>;

/** Every kind but `unknown`, which has no row. */
export type KnownKind = Exclude<AttributeKind, 'unknown'>;

export interface Row<K extends KnownKind> {
  readonly code: number;
  /** As the RFC writes it. */
  readonly name: string;
  /** The Optional and Transitive bits it must have. */
  readonly flags: number;
  /** What a malformed value costs (RFC 7606 §7). */
  readonly malformed: Reaction;
  /** Reads the whole value. Throws Malformed, or OutOfBytes where the value is cut. */
  decode(r: Reader, agreed: Agreed): Decoded<K>;
  encode(a: Of<K>, w: Writer, agreed: Agreed): void;
}

export const ATTRIBUTES: { readonly [K in KnownKind]: Row<K> } = {
  // RFC 4271 §5.1.1, RFC 7606 §7.1
  origin: {
    code: 1,
    name: 'ORIGIN',
    flags: WELL_KNOWN,
    malformed: 'withdraw',
    decode(r) {
      exactly(r, 1);
      const n = r.u8();
      const origin = ORIGINS[n];
      if (!origin) throw new Malformed(UPDATE_ERROR.origin, `ORIGIN ${n} is none of 0, 1 and 2`);
      return { kind: 'origin', origin };
    },
    encode: (a, w) => w.u8(ORIGINS.indexOf(a.origin)),
  },
  // RFC 4271 §5.1.2, RFC 7606 §7.2
  asPath: {
    code: 2,
    name: 'AS_PATH',
    flags: WELL_KNOWN,
    malformed: 'withdraw',
    decode: (r, agreed) => ({ kind: 'asPath', path: decodeSegments(r, agreed.asn4) }),
    encode: (a, w, agreed) => encodeSegments(a.path, w, agreed.asn4),
  },
  // RFC 4271 §5.1.3, RFC 7606 §7.3
  nextHop: {
    code: 3,
    name: 'NEXT_HOP',
    flags: WELL_KNOWN,
    malformed: 'withdraw',
    decode: (r) => ({ kind: 'nextHop', nextHop: quad(r) }),
    encode: (a, w) => putQuad(a.nextHop, w),
  },
  // RFC 4271 §5.1.4, RFC 7606 §7.4
  med: {
    code: 4,
    name: 'MULTI_EXIT_DISC',
    flags: OPTIONAL,
    malformed: 'withdraw',
    decode: (r) => ({ kind: 'med', med: word(r) }),
    encode: (a, w) => w.u32(a.med),
  },
  // RFC 4271 §5.1.5, RFC 7606 §7.5 (from an external neighbour only a discard: see judge.ts)
  localPref: {
    code: 5,
    name: 'LOCAL_PREF',
    flags: WELL_KNOWN,
    malformed: 'withdraw',
    decode: (r) => ({ kind: 'localPref', localPref: word(r) }),
    encode: (a, w) => w.u32(a.localPref),
  },
  // RFC 4271 §5.1.6, RFC 7606 §7.6
  atomicAggregate: {
    code: 6,
    name: 'ATOMIC_AGGREGATE',
    flags: WELL_KNOWN,
    malformed: 'discard',
    decode(r) {
      exactly(r, 0);
      return { kind: 'atomicAggregate' };
    },
    encode: () => {},
  },
  // RFC 4271 §5.1.7, RFC 6793 §3, RFC 7606 §7.7, AS 0: RFC 7607 §2
  aggregator: {
    code: 7,
    name: 'AGGREGATOR',
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'discard',
    decode(r, agreed) {
      exactly(r, agreed.asn4 ? 8 : 6);
      return { kind: 'aggregator', asn: notZero(agreed.asn4 ? r.u32() : r.u16()), address: ipv4(r.u32()) };
    },
    encode(a, w, agreed) {
      if (agreed.asn4) w.u32(a.asn);
      else w.u16(a.asn > 0xffff ? 23456 : a.asn);
      putQuad(a.address, w);
    },
  },
  // RFC 1997, RFC 7606 §7.8
  communities: {
    code: 8,
    name: 'COMMUNITIES',
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'withdraw',
    decode: (r) => ({ kind: 'communities', communities: several(r, 4, () => formatCommunity(r.u32())) }),
    encode(a, w) {
      for (const c of a.communities) w.u32(communityNumber(c));
    },
  },
  // RFC 4456 §8, RFC 7606 §7.9 (from an external neighbour only a discard)
  originatorId: {
    code: 9,
    name: 'ORIGINATOR_ID',
    flags: OPTIONAL,
    malformed: 'withdraw',
    decode: (r) => ({ kind: 'originatorId', id: quad(r) }),
    encode: (a, w) => putQuad(a.id, w),
  },
  // RFC 4456 §8, RFC 7606 §7.10 (from an external neighbour only a discard)
  clusterList: {
    code: 10,
    name: 'CLUSTER_LIST',
    flags: OPTIONAL,
    malformed: 'withdraw',
    decode: (r) => ({ kind: 'clusterList', ids: several(r, 4, () => ipv4(r.u32())) }),
    encode(a, w) {
      for (const id of a.ids) putQuad(id, w);
    },
  },
  // RFC 4760 §3, RFC 2545 §3, RFC 8950 §3, RFC 7606 §7.11
  mpReach: {
    code: 14,
    name: 'MP_REACH_NLRI',
    flags: OPTIONAL,
    malformed: 'reset',
    decode(r, agreed) {
      const [start, afi, safi] = [r.at, r.u16(), r.u8()];
      if (!readable(afi, safi)) return ATTRIBUTES.mpReachOpaque.decode(rewound(r, start), agreed);
      const length = r.u8();
      if (!(length === 16 || length === 32 || (afi === 1 && length === 4)))
        throw new Malformed(UPDATE_ERROR.optional, `a next hop of ${length} octets`);
      const nextHop = formatAddress(r.take(Math.min(length, 16)));
      const second = length === 32 ? { linkLocal: formatAddress(r.take(16)) } : {};
      r.u8(); // Reserved, to be ignored (RFC 4760 §3).
      const f = family(afi, safi);
      const announced = nlri(r, afi, f, agreed);
      return { kind: 'mpReach', family: f, nextHop, ...second, announced };
    },
    encode(a, w, agreed) {
      const bytes = [a.nextHop, ...(a.linkLocal ? [a.linkLocal] : [])].map((x) => addressBytes(x));
      putFamily(a.family, w).u8(bytes.reduce((n, b) => n + (b as Uint8Array).length, 0));
      for (const b of bytes) w.put(b as Uint8Array);
      w.u8(0);
      encodeNlri(a.announced, w, agreed.addPath.includes(a.family));
    },
  },
  mpReachOpaque: {
    code: 14,
    name: 'MP_REACH_NLRI',
    flags: OPTIONAL,
    malformed: 'reset',
    decode(r) {
      const f = family(r.u16(), r.u8());
      const nextHop = toHex(r.take(r.u8()));
      r.u8();
      return { kind: 'mpReachOpaque', family: f, nextHop, nlri: toHex(r.rest()) };
    },
    encode(a, w) {
      const nextHop = unhex(a.nextHop);
      putFamily(a.family, w).u8(nextHop.length).put(nextHop).u8(0).put(unhex(a.nlri));
    },
  },
  // RFC 4760 §4, RFC 7606 §7.12
  mpUnreach: {
    code: 15,
    name: 'MP_UNREACH_NLRI',
    flags: OPTIONAL,
    malformed: 'reset',
    decode(r, agreed) {
      const [start, afi, safi] = [r.at, r.u16(), r.u8()];
      if (!readable(afi, safi)) return ATTRIBUTES.mpUnreachOpaque.decode(rewound(r, start), agreed);
      const f = family(afi, safi);
      return { kind: 'mpUnreach', family: f, withdrawn: nlri(r, afi, f, agreed) };
    },
    encode: (a, w, agreed) =>
      encodeNlri(a.withdrawn, putFamily(a.family, w), agreed.addPath.includes(a.family)),
  },
  mpUnreachOpaque: {
    code: 15,
    name: 'MP_UNREACH_NLRI',
    flags: OPTIONAL,
    malformed: 'reset',
    decode: (r) => ({ kind: 'mpUnreachOpaque', family: family(r.u16(), r.u8()), nlri: toHex(r.rest()) }),
    encode: (a, w) => putFamily(a.family, w).put(unhex(a.nlri)),
  },
  // RFC 4360, RFC 7606 §7.14
  extendedCommunities: {
    code: 16,
    name: 'EXTENDED COMMUNITIES',
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'withdraw',
    decode: (r) => ({
      kind: 'extendedCommunities',
      communities: several(r, 8, () => readExtendedCommunity(r)),
    }),
    encode(a, w) {
      for (const c of a.communities) putExtended(c, w);
    },
  },
  // RFC 6793 §4, §6
  as4Path: {
    code: 17,
    name: 'AS4_PATH',
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'discard',
    decode(r) {
      if (r.left < 6) throw new Malformed(UPDATE_ERROR.optional, `${r.left} octets, at least 6 are needed`);
      return { kind: 'as4Path', path: decodeSegments(r, true, UPDATE_ERROR.optional) };
    },
    encode: (a, w) => encodeSegments(a.path, w, true),
  },
  // RFC 6793 §4, §6, AS 0: RFC 7607 §2
  as4Aggregator: {
    code: 18,
    name: 'AS4_AGGREGATOR',
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'discard',
    decode(r) {
      exactly(r, 8);
      return { kind: 'as4Aggregator', asn: notZero(r.u32()), address: ipv4(r.u32()) };
    },
    encode: (a, w) => putQuad(a.address, w.u32(a.asn)),
  },
  // RFC 5701, RFC 7606 §7.15
  ipv6ExtendedCommunities: {
    code: 25,
    name: 'IPv6 EXTENDED COMMUNITIES',
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'withdraw',
    decode: (r) => ({
      kind: 'ipv6ExtendedCommunities',
      communities: several(r, 20, () => toHex(r.take(20))),
    }),
    encode(a, w) {
      for (const c of a.communities) w.put(unhex(c));
    },
  },
  // RFC 7311 §3; a malformed one is treated like an unknown non-transitive attribute (§3.2).
  aigp: {
    code: 26,
    name: 'AIGP',
    flags: OPTIONAL,
    malformed: 'discard',
    decode: decodeAigp,
    encode(a, w) {
      w.put(unhex(a.before ?? ''));
      if (a.metric !== undefined) w.u8(1).u16(11).u64(BigInt(a.metric));
      w.put(unhex(a.other ?? ''));
    },
  },
  // RFC 8092 §3, §6
  largeCommunities: {
    code: 32,
    name: 'LARGE_COMMUNITY',
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'withdraw',
    decode: (r) => ({
      kind: 'largeCommunities',
      communities: several(r, 12, () => `${r.u32()}:${r.u32()}:${r.u32()}` as LargeCommunity),
    }),
    encode(a, w) {
      for (const c of a.communities) for (const n of largeCommunityNumbers(c)) w.u32(n);
    },
  },
  // RFC 9234 §5
  otc: {
    code: 35,
    name: 'ONLY_TO_CUSTOMER',
    flags: OPTIONAL_TRANSITIVE,
    malformed: 'withdraw',
    decode: (r) => ({ kind: 'otc', asn: word(r) }),
    encode: (a, w) => w.u32(a.asn),
  },
};

/** The row that reads an attribute of this code; undefined when the code is not known. Indexed by code, 0 … 255. */
export const ROW_OF_CODE: readonly (Row<KnownKind> | undefined)[] = Array.from({ length: 256 }, (_, code) => {
  // The cast forgets which kind the row is of: the decoder only uses what all rows share.
  const rows = Object.values(ATTRIBUTES) as unknown as Row<KnownKind>[];
  return rows.find((row) => row.code === code);
});

/** Attributes that are kept as bytes but have a name (IANA's registry of BGP path attributes). */
const OTHER_NAMES: { readonly [code: number]: string } = {
  20: 'CONNECTOR',
  21: 'AS_PATHLIMIT',
  22: 'PMSI_TUNNEL',
  23: 'TUNNEL_ENCAPSULATION',
  24: 'TRAFFIC_ENGINEERING',
  27: 'PE_DISTINGUISHER_LABELS',
  29: 'BGP_LS',
  33: 'BGPSEC_PATH',
  40: 'BGP_PREFIX_SID',
  128: 'ATTR_SET',
};

/** The name of an attribute code as the RFCs write it, or `attribute 99`. */
export function attributeName(code: number): string {
  return ROW_OF_CODE[code]?.name ?? OTHER_NAMES[code] ?? `attribute ${code}`;
}

const ORIGINS: readonly Origin[] = ['igp', 'egp', 'incomplete'];

/** Families whose NLRI are plain prefixes: IPv4 and IPv6, unicast and multicast. The others are carried as bytes. */
function readable(afi: number, safi: number): boolean {
  return (afi === 1 || afi === 2) && (safi === 1 || safi === 2);
}

function nlri(r: Reader, afi: number, f: Family, agreed: Agreed) {
  const list = decodeNlri(r.bytes, r.at, r.end, afi, agreed.addPath.includes(f), UPDATE_ERROR.optional);
  r.at = r.end;
  return list;
}

function rewound(r: Reader, at: number): Reader {
  r.at = at;
  return r;
}

function decodeAigp(r: Reader): Of<'aigp'> {
  const start = r.at;
  let found: { metric: string; from: number; to: number } | undefined;
  if (r.left === 0) throw new Malformed(UPDATE_ERROR.optional, 'no TLV');
  while (r.left > 0) {
    const from = r.at;
    const [type, length] = [r.u8(), r.u16()];
    if (length < 3 || (type === 1 && length !== 11))
      throw new Malformed(UPDATE_ERROR.optional, `a TLV of type ${type} with length ${length}`);
    if (type === 1 && !found) found = { metric: r.u64().toString(), from, to: r.at };
    else r.skip(length - 3);
  }
  const hex = (from: number, to: number) => toHex(r.bytes.subarray(from, to));
  if (!found) return { kind: 'aigp', other: hex(start, r.end) };
  return {
    kind: 'aigp',
    metric: found.metric,
    ...(found.from > start ? { before: hex(start, found.from) } : {}),
    ...(found.to < r.end ? { other: hex(found.to, r.end) } : {}),
  };
}

/** RFC 4271 §6.3: a length that conflicts with the one expected is an Attribute Length Error. */
function exactly(r: Reader, length: number): void {
  if (r.left !== length)
    throw new Malformed(UPDATE_ERROR.length, `${r.left} octets, it takes exactly ${length}`);
}

function several<T>(r: Reader, size: number, read: () => T): T[] {
  if (r.left === 0 || r.left % size !== 0)
    throw new Malformed(
      UPDATE_ERROR.length,
      `${r.left} octets, it takes a multiple of ${size} and at least one`,
    );
  const items: T[] = [];
  while (r.left > 0) items.push(read());
  return items;
}

function quad(r: Reader): Address {
  exactly(r, 4);
  return ipv4(r.u32());
}

function word(r: Reader): number {
  exactly(r, 4);
  return r.u32();
}

function notZero(asn: number): number {
  if (asn === 0) throw new Malformed(UPDATE_ERROR.optional, 'AS 0 (RFC 7607)');
  return asn;
}

function putQuad(address: Address, w: Writer): void {
  const n = ipv4Number(address);
  assert(n !== undefined, `${address} is not an IPv4 address`);
  w.u32(n);
}

function putFamily(f: Family, w: Writer): Writer {
  const { afi, safi } = familyCode(f);
  return w.u16(afi).u8(safi);
}

function putExtended(community: ExtendedCommunity, w: Writer): void {
  assert(writeExtendedCommunity(community, w), `${community} is not an extended community`);
}

function unhex(hex: Hex): Uint8Array {
  const bytes = fromHex(hex);
  assert(bytes, `${hex} is not hexadecimal`);
  return bytes;
}
