/**
 * The hot twin of the decoder: reads what the decision process needs straight from the bytes of an attribute section,
 * without building values.
 *
 * The rule that keeps the two honest: `summarise` returns true only where the full decoder would find no fault at all.
 * Whatever is rare, odd or wrong returns false, and the full decoder (`decodeMessage`) says what it is and what it costs.
 * A property test holds both against each other.
 */
import type { Asn } from '../base/index.ts';

/** Bits of `Summary.flags`. */
export const HAS_MED = 1;
export const HAS_LOCAL_PREF = 2;
/** ORIGINATOR_ID or CLUSTER_LIST (RFC 4456): meaningless on an external session (RFC 7606 §7.9, §7.10). */
export const REFLECTED = 4;
/** The local AS number stands in AS_PATH (RFC 4271 §9.1.2). */
export const LOOPED = 8;
/** RFC 1997: the well-known communities a speaker obeys by itself. */
export const NO_EXPORT = 16;
export const NO_ADVERTISE = 32;
export const HAS_OTC = 64;
/** A NEXT_HOP attribute; without it there is an MP_REACH_NLRI, which holds the next hop. */
export const HAS_NEXT_HOP = 128;
/** AS_PATH has an AS_SET as its last segment, so that the origin AS is "NONE" (RFC 6811 §2). */
export const ENDS_IN_SET = 256;
/** NEXT_HOP is 0/8, 127/8 or 224/3: the careful way decides each time whether this peer may say so. */
export const ODD_NEXT_HOP = 512;

/** A mutable record that `summarise` fills; one per caller, used again and again. */
export interface Summary {
  /** 0 IGP, 1 EGP, 2 INCOMPLETE. */
  origin: number;
  /** RFC 4271 §9.1.2.2 a: an AS_SET counts one. */
  pathLength: number;
  /** The leftmost AS of AS_PATH; 0 when it is empty or begins with a set. */
  neighborAs: Asn;
  /** The rightmost AS of AS_PATH; 0 when it is empty. */
  originAs: Asn;
  med: number;
  localPref: number;
  /** The AS in OTC (RFC 9234 §5); 0 without one. */
  otc: Asn;
  /** ORIGINATOR_ID as a number; 0 without one. */
  originatorId: number;
  /** How many entries CLUSTER_LIST has (RFC 4456 §9). */
  clusterLength: number;
  flags: number;
}

export function newSummary(): Summary {
  return {
    origin: 0,
    pathLength: 0,
    neighborAs: 0,
    originAs: 0,
    med: 0,
    localPref: 0,
    otc: 0,
    originatorId: 0,
    clusterLength: 0,
    flags: 0,
  };
}

/** Which attribute types a section has shown, as the number of the section: saves clearing between sections. */
const seen = new Uint32Array(256);
let section = 0;

/**
 * Reads the attribute section in bytes[from, to) into `out`. AS numbers take 4 octets. The section has the canonical form
 * of `rib`: an MP_REACH_NLRI, if there is one, stands first and has no prefixes in it; there is no MP_UNREACH_NLRI.
 *
 * @returns true when every attribute is well-formed, none is duplicated or out of place, and ORIGIN, AS_PATH and a next hop
 *   are there; false when the full decoder has to look. With `decoded` the full decoder has looked already, or the section
 *   is our own: then what is merely rare is let through as well.
 */
export function summarise(
  bytes: Uint8Array,
  from: number,
  to: number,
  localAsn: Asn,
  out: Summary,
  decoded = false,
): boolean {
  section = (section + 1) >>> 0;
  if (section === 0) {
    seen.fill(0);
    section = 1;
  }
  out.pathLength = out.neighborAs = out.originAs = out.med = out.localPref = 0;
  out.otc = out.originatorId = out.clusterLength = out.flags = 0;
  let at = from;
  while (at < to) {
    if (at + 3 > to) return false;
    const flags = bytes[at]!;
    const type = bytes[at + 1]!;
    let length = bytes[at + 2]!;
    let value = at + 3;
    if (flags & 0x10) {
      if (at + 4 > to) return false;
      length = (length << 8) | bytes[at + 3]!;
      value = at + 4;
    }
    const end = value + length;
    if (end > to || seen[type] === section) return false;
    seen[type] = section;
    const kind = flags & 0xef;
    switch (type) {
      case 1:
        if (kind !== 0x40 || length !== 1 || bytes[value]! > 2) return false;
        out.origin = bytes[value]!;
        break;
      case 2:
        if (kind !== 0x40 || !path(bytes, value, end, localAsn, out)) return false;
        break;
      case 3: {
        const first = bytes[value]!;
        if (kind !== 0x40 || length !== 4) return false;
        if (first === 0 || first === 127 || first >= 224) {
          if (!decoded) return false;
          out.flags |= ODD_NEXT_HOP;
        }
        out.flags |= HAS_NEXT_HOP;
        break;
      }
      case 4:
        if (kind !== 0x80 || length !== 4) return false;
        out.med = u32(bytes, value);
        out.flags |= HAS_MED;
        break;
      case 5:
        if (kind !== 0x40 || length !== 4) return false;
        out.localPref = u32(bytes, value);
        out.flags |= HAS_LOCAL_PREF;
        break;
      case 6:
        if (kind !== 0x40 || length !== 0) return false;
        break;
      case 7:
        if ((kind & 0xdf) !== 0xc0 || length !== 8 || u32(bytes, value) === 0) return false;
        break;
      case 8:
        if ((kind & 0xdf) !== 0xc0 || length === 0 || (length & 3) !== 0) return false;
        for (let c = value; c < end; c += 4) {
          if (bytes[c] !== 0xff || bytes[c + 1] !== 0xff || bytes[c + 2] !== 0xff) continue;
          if (bytes[c + 3] === 1 || bytes[c + 3] === 3) out.flags |= NO_EXPORT;
          else if (bytes[c + 3] === 2) out.flags |= NO_ADVERTISE;
        }
        break;
      case 9:
        if (kind !== 0x80 || length !== 4) return false;
        out.originatorId = u32(bytes, value);
        out.flags |= REFLECTED;
        break;
      case 10:
        if (kind !== 0x80 || length === 0 || (length & 3) !== 0) return false;
        out.clusterLength = length >> 2;
        out.flags |= REFLECTED;
        break;
      case 14:
        // Only in the canonical form, which the caller has made of a checked attribute: first, and without prefixes.
        if (at !== from || kind !== 0x80) return false;
        break;
      case 16:
        if ((kind & 0xdf) !== 0xc0 || length === 0 || (length & 7) !== 0) return false;
        break;
      case 25:
        if ((kind & 0xdf) !== 0xc0 || length === 0 || length % 20 !== 0) return false;
        break;
      case 32:
        if ((kind & 0xdf) !== 0xc0 || length === 0 || length % 12 !== 0) return false;
        // A community given twice is for the full decoder (RFC 8092 §5), and so are lists too long to compare each with each.
        if (!decoded && length > 12 && (length > 12 * FEW || repeats(bytes, value, end))) return false;
        break;
      case 35:
        if ((kind & 0xdf) !== 0xc0 || length !== 4) return false;
        out.otc = u32(bytes, value);
        if (!decoded && out.otc === 0) return false;
        out.flags |= HAS_OTC;
        break;
      // MP_UNREACH_NLRI has been taken out, the AS4 attributes are no business of a 4-octet session (RFC 6793 §4.1), and
      // AIGP (RFC 7311) is too rare to be worth a second reader.
      case 15:
      case 17:
      case 18:
      case 26:
        if (!decoded) return false;
        break;
      default:
        if ((kind & 0xdf) !== 0xc0 && kind !== 0x80) return false;
    }
    at = end;
  }
  return seen[1] === section && seen[2] === section && (seen[3] === section || seen[14] === section);
}

/** AS_PATH of 4-octet numbers: sequences and sets, none empty, no AS 0 (RFC 7607). */
function path(bytes: Uint8Array, from: number, to: number, localAsn: Asn, out: Summary): boolean {
  let at = from;
  while (at < to) {
    const type = bytes[at]!;
    const count = bytes[at + 1]!;
    const end = at + 2 + 4 * count;
    if ((type !== 1 && type !== 2) || count === 0 || end > to) return false;
    if (type === 2) {
      out.pathLength += count;
      out.flags &= ~ENDS_IN_SET;
      if (at === from) out.neighborAs = u32(bytes, at + 2);
    } else {
      out.pathLength += 1;
      out.flags |= ENDS_IN_SET;
    }
    for (let a = at + 2; a < end; a += 4) {
      const asn = u32(bytes, a);
      if (asn === 0) return false;
      if (asn === localAsn) out.flags |= LOOPED;
      out.originAs = asn;
    }
    at = end;
  }
  return true;
}

/** Large communities that are compared here. */
const FEW = 64;

function repeats(bytes: Uint8Array, from: number, to: number): boolean {
  for (let a = from + 12; a < to; a += 12) {
    for (let b = from; b < a; b += 12) {
      let i = 0;
      while (i < 12 && bytes[a + i] === bytes[b + i]) i++;
      if (i === 12) return true;
    }
  }
  return false;
}

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
