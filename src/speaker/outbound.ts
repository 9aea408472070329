/**
 * Packs what a peer has to be told into UPDATE messages (RFC 4271 §4.3, RFC 4760 §3, §4): prefixes that follow one another
 * and go out with the same attributes share a message, so that a table leaves packed as it came in.
 */
import type { AdjOut, Interner, Table } from '../rib/index.ts';
import { type Family, familyCode, IPV4_UNICAST } from '../wire/index.ts';
import type { Exporter } from './exporter.ts';

/** How many octets of messages one call of `pack` makes before it stops, unless it runs out of prefixes first. */
export const BATCH = 64 * 1024;
/** The longest prefix in NLRI: a length and 16 octets. */
const LONGEST_NLRI = 17;
const HEADER = 19;

/** Announcements and withdrawals under construction. A message is at most 65535 octets past a batch. */
const announcements = new Uint8Array(BATCH + 65536);
const withdrawals = new Uint8Array(BATCH + 65536);

export interface OutboundContext {
  readonly family: Family;
  readonly table: Table;
  readonly exporter: Exporter;
  readonly outgoing: Interner;
  /** Turns a canonical section into what a peer with 2-octet AS numbers reads (RFC 6793 §4.2.2); undefined for others. */
  readonly narrow: ((section: Uint8Array) => Uint8Array) | undefined;
  /** The longest message the peer takes: 4096 or 65535 octets. */
  readonly limit: number;
}

export interface Packed {
  readonly bytes: Uint8Array;
  readonly announced: number;
  readonly withdrawn: number;
  readonly messages: number;
}

/**
 * Takes prefixes off the queue of `out`, oldest first, and writes what the peer is not told yet; withdrawals stand before
 * announcements. The bytes are the caller's to keep. Undefined when nothing of the queue made a difference to the peer.
 */
export function pack(
  out: AdjOut,
  { family, table, exporter, outgoing, narrow, limit }: OutboundContext,
): Packed | undefined {
  const classic = family === IPV4_UNICAST;
  const { afi, safi } = familyCode(family);
  const { prefixes } = table;
  let announced = 0;
  let withdrawn = 0;
  let messages = 0;

  // The announcement under construction: its section, where it begins, and what stands behind the prefixes of an MP_REACH_NLRI.
  let a = 0;
  let section = 0;
  let start = 0;
  let room = 0;
  let reachAt = 0;
  let rest: Uint8Array | undefined;
  const open = (id: number): boolean => {
    const bytes = sectionFor({ outgoing, narrow }, id);
    start = a;
    reachAt = 0;
    rest = undefined;
    if (!fitsMessage(bytes, limit)) return false;
    const inReach = bytes[1] === 14;
    a += HEADER + 4;
    announcements[start + HEADER] = announcements[start + HEADER + 1] = 0;
    if (inReach) {
      // The section's MP_REACH_NLRI has a one-octet length; on the way out it gets a two-octet one, known at the end.
      const reach = 3 + bytes[2]!;
      announcements[a++] = 0x90;
      announcements[a++] = 14;
      reachAt = a;
      a += 2;
      announcements.set(bytes.subarray(3, reach), a);
      a += reach - 3;
      rest = bytes.slice(reach);
    } else {
      announcements.set(bytes, a);
      a += bytes.length;
      u16(announcements, start + HEADER + 2, bytes.length);
    }
    room = start + limit - (rest?.length ?? 0) - LONGEST_NLRI;
    section = id;
    return true;
  };
  const close = () => {
    if (section === 0) return;
    if (rest) {
      u16(announcements, reachAt, a - reachAt - 2);
      announcements.set(rest, a);
      a += rest.length;
      u16(announcements, start + HEADER + 2, a - start - HEADER - 4);
    }
    header(announcements, start, a - start);
    messages++;
    section = 0;
  };

  // The withdrawal under construction.
  let w = 0;
  let wStart = -1;
  const openWithdrawal = () => {
    wStart = w;
    const fixed = classic ? [0, 0] : [0, 0, 0, 0, 0x90, 15, 0, 0, afi >> 8, afi, safi];
    withdrawals.set(fixed, wStart + HEADER);
    w = wStart + HEADER + fixed.length;
  };
  const closeWithdrawal = () => {
    if (wStart < 0) return;
    if (classic) {
      u16(withdrawals, wStart + HEADER, w - wStart - HEADER - 2);
      w = u16(withdrawals, w, 0);
    } else {
      u16(withdrawals, wStart + HEADER + 2, w - wStart - HEADER - 4);
      u16(withdrawals, wStart + HEADER + 6, w - wStart - HEADER - 8);
    }
    header(withdrawals, wStart, w - wStart);
    messages++;
    wStart = -1;
  };

  while (a + w < BATCH) {
    const prefix = out.shift();
    if (prefix === 0) break;
    let id = exporter.of(prefix);
    if (id !== 0 && id !== section) {
      if (out.told(prefix) === id && !out.forced) continue;
      close();
      // Attributes too long for the peer's messages: it must not keep what it was told before either (RFC 8654 §4).
      if (!open(id)) id = 0;
    }
    if (!out.tell(prefix, id)) continue;
    if (id === 0) {
      if (wStart >= 0 && w + LONGEST_NLRI + 2 > wStart + limit) closeWithdrawal();
      if (wStart < 0) openWithdrawal();
      w = prefixes.write(prefix, withdrawals, w);
      withdrawn++;
    } else {
      if (a > room) {
        close();
        open(id);
      }
      a = prefixes.write(prefix, announcements, a);
      announced++;
    }
  }
  close();
  closeWithdrawal();
  if (a + w === 0) return undefined;
  const bytes = new Uint8Array(w + a);
  bytes.set(withdrawals.subarray(0, w));
  bytes.set(announcements.subarray(0, a), w);
  return { bytes, announced, withdrawn, messages };
}

/** The attributes as the peer reads them; a view that may be valid until the next section is interned. */
export function sectionFor(
  { outgoing, narrow }: Pick<OutboundContext, 'outgoing' | 'narrow'>,
  id: number,
): Uint8Array {
  const bytes = outgoing.view(id);
  return narrow ? narrow(bytes) : bytes;
}

/** Whether a message of at most `limit` octets has room for these attributes and one prefix of any length. */
export function fitsMessage(section: Uint8Array, limit: number): boolean {
  // An MP_REACH_NLRI goes out with a length of two octets instead of one.
  return HEADER + 4 + section.length + (section[1] === 14 ? 1 : 0) + LONGEST_NLRI <= limit;
}

function header(bytes: Uint8Array, at: number, length: number): void {
  bytes.fill(0xff, at, at + 16);
  u16(bytes, at + 16, length);
  bytes[at + 18] = 2;
}

function u16(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
  return at + 2;
}
