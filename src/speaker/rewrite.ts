/**
 * What happens to an attribute section on its way out (RFC 4271 §5, §9.1.3): bytes to bytes, because it is done once for
 * every distinct section in a table of a million routes.
 *
 * In and out are canonical sections (see `rib/attributes.ts`): 4-octet AS numbers; the next hop either in NEXT_HOP, or in
 * an MP_REACH_NLRI without prefixes that stands first.
 */
import type { Asn } from '../base/index.ts';

export interface Rewrite {
  /** Put in front of AS_PATH; undefined leaves the path as it is. */
  readonly prepend: Asn | undefined;
  /** The address octets of the next hop to write (4, 16 or 32); undefined keeps the one that is there. */
  readonly nextHop: Uint8Array | undefined;
  /** AFI and SAFI of an MP_REACH_NLRI to hold the next hop; undefined writes NEXT_HOP. */
  readonly mp: { readonly afi: number; readonly safi: number } | undefined;
  /** The route leaves the AS: LOCAL_PREF, ORIGINATOR_ID, CLUSTER_LIST and AIGP stay behind. */
  readonly external: boolean;
  /** MULTI_EXIT_DISC that another AS gave us is not passed on (RFC 4271 §5.1.4). */
  readonly dropMed: boolean;
  /** LOCAL_PREF to write where there is none. */
  readonly localPref: number | undefined;
  /** Set Partial on what nobody here knows: the route came from elsewhere (RFC 4271 §5). */
  readonly partial: boolean;
  /** ONLY_TO_CUSTOMER to add where there is none (RFC 9234 §5). */
  readonly otc: Asn | undefined;
}

/** Attribute types whose meaning this speaker knows, so that Partial is not set on the way through (RFC 4271 §5). */
const KNOWN = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 25, 26, 32, 35]);

/** A section under construction, used again for each one: at most 65535 octets. */
const out = new Uint8Array(65536 + 64);

/**
 * Writes the section that goes out for bytes[from, to). Returns a view that is valid until the next call; undefined when
 * it would not fit in 65535 octets.
 */
export function rewrite(bytes: Uint8Array, from: number, to: number, how: Rewrite): Uint8Array | undefined {
  if (to - from > 65000) return undefined;
  let o = 0;
  let nextHop = how.nextHop;
  if (!nextHop) nextHop = nextHopOf(bytes, from, to);
  if (how.mp && nextHop) {
    out[o++] = 0x80;
    out[o++] = 14;
    out[o++] = 5 + nextHop.length;
    out[o++] = how.mp.afi >>> 8;
    out[o++] = how.mp.afi;
    out[o++] = how.mp.safi;
    out[o++] = nextHop.length;
    out.set(nextHop, o);
    o += nextHop.length;
    out[o++] = 0;
    nextHop = undefined;
  }
  let localPref = how.localPref;
  let otc = how.otc;
  // Attributes that are added go in by the order of their types, which RFC 4271 §5 recommends.
  const add = (before: number) => {
    if (nextHop && before > 3) {
      o = head(o, 0x40, 3, nextHop.length);
      out.set(nextHop, o);
      o += nextHop.length;
      nextHop = undefined;
    }
    if (localPref !== undefined && before > 5) {
      o = u32(head(o, 0x40, 5, 4), localPref);
      localPref = undefined;
    }
    if (otc !== undefined && before > 35) {
      o = u32(head(o, 0xc0, 35, 4), otc);
      otc = undefined;
    }
  };
  for (let at = from; at < to; ) {
    const flags = bytes[at]!;
    const type = bytes[at + 1]!;
    const wide = (flags & 0x10) !== 0;
    const value = at + (wide ? 4 : 3);
    const length = wide ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!;
    const end = value + length;
    add(type);
    if (type === 2 && how.prepend !== undefined) o = path(bytes, value, end, how.prepend, o);
    else if (!stays(type, flags, how)) {
      if (type === 5) localPref = undefined;
      if (type === 35) otc = undefined;
      out.set(bytes.subarray(at, end), o);
      if (how.partial && (flags & 0xc0) === 0xc0 && !KNOWN.has(type)) out[o]! |= 0x20;
      o += end - at;
    }
    at = end;
  }
  add(256);
  return o > 65535 ? undefined : out.subarray(0, o);
}

/** Whether an attribute stays behind. */
function stays(type: number, flags: number, how: Rewrite): boolean {
  if (type === 3 || type === 14) return true;
  if (type === 4) return how.dropMed;
  if (how.external && (type === 5 || type === 9 || type === 10 || type === 26)) return true;
  // RFC 4271 §5: an unrecognised non-transitive optional attribute is quietly left out.
  return (flags & 0xc0) === 0x80 && !KNOWN.has(type);
}

/** AS_PATH with one number more in front (RFC 4271 §5.1.2 b): in the first sequence, or in a new one where that is full. */
function path(bytes: Uint8Array, value: number, end: number, asn: Asn, o: number): number {
  const joins = end > value && bytes[value] === 2 && bytes[value + 1]! < 255;
  o = head(o, 0x40, 2, end - value + (joins ? 4 : 6));
  out[o++] = 2;
  out[o++] = joins ? bytes[value + 1]! + 1 : 1;
  o = u32(o, asn);
  const rest = bytes.subarray(joins ? value + 2 : value, end);
  out.set(rest, o);
  return o + rest.length;
}

/** The next hop that a canonical section has, as address octets. */
export function nextHopOf(bytes: Uint8Array, from: number, to: number): Uint8Array | undefined {
  for (let at = from; at < to; ) {
    const wide = (bytes[at]! & 0x10) !== 0;
    const value = at + (wide ? 4 : 3);
    const length = wide ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!;
    if (bytes[at + 1] === 3) return bytes.slice(value, value + length);
    if (bytes[at + 1] === 14) return bytes.slice(value + 4, value + 4 + bytes[value + 3]!);
    at = value + length;
  }
  return undefined;
}

function head(o: number, flags: number, type: number, length: number): number {
  out[o++] = length > 255 ? flags | 0x10 : flags;
  out[o++] = type;
  if (length > 255) out[o++] = length >>> 8;
  out[o++] = length;
  return o;
}

function u32(o: number, value: number): number {
  out[o++] = value >>> 24;
  out[o++] = value >>> 16;
  out[o++] = value >>> 8;
  out[o++] = value;
  return o;
}
