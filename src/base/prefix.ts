/**
 * IP prefixes. A `Prefix` is its own canonical text (`203.0.113.0/24`, no host bits), so that it is plain JSON, a key of a
 * Map, and equal exactly when its text is. Tables that hold a million of them use bits instead: see `prefixBits`.
 */
import { type Address, addressBytes, formatAddress, type IpFamily } from './address.ts';

export type Prefix = string & { readonly __kind: 'prefix' };

/** A prefix taken apart: `bytes` is 4 or 16 bytes with all bits after `length` clear. */
export interface PrefixBits {
  readonly family: IpFamily;
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** The prefix in `text` (`address/length`, host bits clear); undefined when it is none. */
export function parsePrefix(text: string): Prefix | undefined {
  const m = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const bytes = m && addressBytes(m[1] as string);
  if (!m || !bytes) return undefined;
  const length = Number(m[2]);
  if (length > bytes.length * 8 || (m[2] as string).length !== String(length).length) return undefined;
  const masked = mask(bytes, length);
  if (masked.some((b, i) => b !== bytes[i])) return undefined;
  return formatPrefix(bytes, length);
}

/** The prefix of the first `length` bits of a 4- or 16-byte address; bits after those are dropped. */
export function formatPrefix(bytes: Uint8Array, length: number): Prefix {
  return `${formatAddress(mask(bytes, length))}/${length}` as Prefix;
}

/** The parts of a prefix. */
export function prefixBits(prefix: Prefix): PrefixBits {
  const slash = prefix.indexOf('/');
  const bytes = addressBytes(prefix.slice(0, slash)) as Uint8Array;
  return { family: bytes.length === 4 ? 4 : 6, bytes, length: Number(prefix.slice(slash + 1)) };
}

export function prefixFamily(prefix: Prefix): IpFamily {
  return prefix.includes(':') ? 6 : 4;
}

export function prefixLength(prefix: Prefix): number {
  return Number(prefix.slice(prefix.indexOf('/') + 1));
}

/** The prefix that holds one address only. */
export function hostPrefix(address: Address): Prefix {
  return `${address}/${address.includes(':') ? 128 : 32}` as Prefix;
}

/** True when every address of `inner` is in `outer`; prefixes of different families never are. */
export function covers(outer: Prefix, inner: Prefix): boolean {
  const a = prefixBits(outer);
  const b = prefixBits(inner);
  return a.family === b.family && a.length <= b.length && sameBits(a.bytes, b.bytes, a.length);
}

/** True when the first `length` bits of both are equal. */
export function sameBits(a: Uint8Array, b: Uint8Array, length: number): boolean {
  const whole = length >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const rest = length & 7;
  return rest === 0 || ((a[whole]! ^ b[whole]!) & (0xff00 >> rest) & 0xff) === 0;
}

function mask(bytes: Uint8Array, length: number): Uint8Array {
  const masked = bytes.slice();
  const whole = length >> 3;
  if (whole < masked.length) {
    masked[whole]! &= 0xff00 >> (length & 7);
    masked.fill(0, whole + 1);
  }
  return masked;
}
