/** Network layer reachability information: lists of prefixes (RFC 4271 §4.3, RFC 4760 §5, RFC 7911 §3). */
import { formatPrefix, type Prefix, prefixBits, type Writer } from '../base/index.ts';
import type { Nlri } from './attribute.ts';
import { Malformed } from './error.ts';

/**
 * Reads the prefixes in `bytes[at … end)`. `afi` is 1 or 2; `ids` says that a 4-octet path identifier stands before each. Throws
 * {@link Malformed} with `subcode` for a length over 32 or 128 and for one that runs over the end (RFC 7606 §5.3). Bits
 * after the prefix in its last octet are irrelevant (RFC 4271 §4.3) and read as zero.
 */
export function decodeNlri(
  bytes: Uint8Array,
  at: number,
  end: number,
  afi: number,
  ids: boolean,
  subcode: number,
): Nlri[] {
  const list: Nlri[] = [];
  const longest = afi === 1 ? 32 : 128;
  while (at < end) {
    let pathId = 0;
    if (ids) {
      if (end - at < 5) throw new Malformed(subcode, 'a path identifier runs over the end');
      pathId = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
      at += 4;
    }
    const length = bytes[at++] as number;
    if (length > longest) throw new Malformed(subcode, `a prefix of length ${length}, at most ${longest}`);
    const octets = (length + 7) >> 3;
    if (octets > end - at) throw new Malformed(subcode, `a prefix of length ${length} runs over the end`);
    const prefix = afi === 1 ? prefix4(bytes, at, length) : prefix6(bytes, at, length);
    list.push(ids ? { prefix, pathId } : { prefix });
    at += octets;
  }
  return list;
}

/** Writes prefixes; with `ids` a missing path identifier goes out as 0. */
export function encodeNlri(list: readonly Nlri[], w: Writer, ids: boolean): void {
  for (const { prefix, pathId } of list) {
    if (ids) w.u32(pathId ?? 0);
    const { bytes, length } = prefixBits(prefix);
    w.u8(length).put(bytes.subarray(0, (length + 7) >> 3));
  }
}

/** The octets past `bytes`' end read as undefined, which the bit operations take for 0; the mask clears what is not the prefix's. */
function prefix4(bytes: Uint8Array, at: number, length: number): Prefix {
  if (length === 0) return '0.0.0.0/0' as Prefix;
  const raw =
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number);
  const v = raw & (-1 << (32 - length));
  return `${v >>> 24}.${(v >>> 16) & 255}.${(v >>> 8) & 255}.${v & 255}/${length}` as Prefix;
}

function prefix6(bytes: Uint8Array, at: number, length: number): Prefix {
  const address = new Uint8Array(16);
  const octets = (length + 7) >> 3;
  for (let i = 0; i < octets; i++) address[i] = bytes[at + i] as number;
  return formatPrefix(address, length);
}
