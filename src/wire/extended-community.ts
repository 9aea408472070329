/**
 * Extended communities (RFC 4360, RFC 5668) as text. Every eight octets have exactly one text and every such text names
 * its eight octets: what no row below can say without loss is written in hexadecimal, `0x0602000000000001`.
 */
import { ipv4, ipv4Number, Reader, toHex, Writer } from '../base/index.ts';
import type { ExtendedCommunity } from './attribute.ts';

/** What the sub-types of the three forms with an administrator are called. RFC 4360 §4, §5; BIRD says `ro` where others say `soo`. */
const NAMES: { readonly [name: string]: number } = { rt: 0x02, soo: 0x03 };
const ALIASES: { readonly [name: string]: string } = { target: 'rt', ro: 'soo', origin: 'soo' };

/** RFC 8097 §2. */
const STATES: readonly string[] = ['valid', 'not-found', 'invalid'];

/** Types (RFC 7153 §5): 2-octet AS, IPv4 address, 4-octet AS. Only the transitive ones carry `rt` and `soo`. */
const AS2 = 0x00;
const IP4 = 0x01;
const AS4 = 0x02;

/**
 * The text of the next eight octets: `rt:64500:1`, `rt:192.0.2.1:1`, `rt:4200000000:1`; with an `L` after the AS number where a number that
 * would fit two octets is carried in four (`rt:64500L:1`); `ovs:invalid` (RFC 8097); `color:0:100` (RFC 9012 §4.3, flags and value); else `0x…`.
 */
export function readExtendedCommunity(r: Reader): ExtendedCommunity {
  const bytes = r.take(8);
  const u16 = (at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
  const u32 = (at: number) => u16(at) * 0x1_0000 + u16(at + 2);
  return (textOf(u16(0), u16, u32) ?? `0x${toHex(bytes)}`) as ExtendedCommunity;
}

function textOf(type: number, u16: (at: number) => number, u32: (at: number) => number): string | undefined {
  const name = Object.keys(NAMES).find((n) => NAMES[n] === (type & 0xff));
  if (name && type >> 8 === AS2) return `${name}:${u16(2)}:${u32(4)}`;
  if (name && type >> 8 === IP4) return `${name}:${ipv4(u32(2))}:${u16(6)}`;
  if (name && type >> 8 === AS4) return `${name}:${u32(2)}${u32(2) <= 0xffff ? 'L' : ''}:${u16(6)}`;
  if (type === 0x4300 && u32(2) === 0 && u16(6) < STATES.length) return `ovs:${STATES[u16(6)]}`;
  if (type === 0x030b) return `color:${u16(2)}:${u32(4)}`;
  return undefined;
}

/**
 * The community that a person wrote, in its canonical text; undefined when it is none. Beside the canonical forms it takes `target:` for
 * `rt:`, `ro:` and `origin:` for `soo:`, and `generic:0xHHHHHHHH:0xHHHHHHHH` as BIRD prints the two halves.
 */
export function parseExtendedCommunity(text: string): ExtendedCommunity | undefined {
  const w = new Writer(8);
  if (!write(text.trim(), w)) return undefined;
  return readExtendedCommunity(new Reader(w.done()));
}

/** Writes the eight octets that a text names; false, with nothing written, when it names none. */
export function writeExtendedCommunity(community: ExtendedCommunity, w: Writer): boolean {
  return write(community, w);
}

function write(text: string, w: Writer): boolean {
  const raw = /^0x([0-9a-f]{8})([0-9a-f]{8})$/i.exec(text);
  if (raw) return words(w, raw[1] as string, raw[2] as string);
  const generic = /^generic:(?:0x)?([0-9a-f]{1,8}):(?:0x)?([0-9a-f]{1,8})$/i.exec(text);
  if (generic) return words(w, generic[1] as string, generic[2] as string);
  const [head, admin, local, ...more] = text.split(':');
  if (head === undefined || admin === undefined || more.length > 0) return false;
  const name = Object.hasOwn(ALIASES, head) ? (ALIASES[head] as string) : head;
  if (name === 'ovs' && local === undefined) {
    const state = STATES.indexOf(admin);
    if (state >= 0) w.u16(0x4300).u32(0).u16(state);
    return state >= 0;
  }
  const low = number(local ?? '', 0xffff_ffff);
  if (low === undefined) return false;
  if (name === 'color') {
    const flags = number(admin, 0xffff);
    if (flags !== undefined) w.u16(0x030b).u16(flags).u32(low);
    return flags !== undefined;
  }
  const subtype = Object.hasOwn(NAMES, name) ? (NAMES[name] as number) : undefined;
  if (subtype === undefined) return false;
  return writeAdministered(w, subtype, admin, low);
}

function writeAdministered(w: Writer, subtype: number, admin: string, low: number): boolean {
  const address = ipv4Number(admin);
  if (address !== undefined) {
    if (low > 0xffff) return false;
    w.u8(IP4).u8(subtype).u32(address).u16(low);
    return true;
  }
  const wide = admin.endsWith('L');
  const asn = number(wide ? admin.slice(0, -1) : admin, 0xffff_ffff);
  if (asn === undefined) return false;
  if (!wide && asn <= 0xffff) {
    w.u8(AS2).u8(subtype).u16(asn).u32(low);
    return true;
  }
  if (low > 0xffff) return false;
  w.u8(AS4).u8(subtype).u32(asn).u16(low);
  return true;
}

function words(w: Writer, high: string, low: string): boolean {
  w.u32(Number.parseInt(high, 16)).u32(Number.parseInt(low, 16));
  return true;
}

function number(text: string, most: number): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const n = Number(text);
  return n <= most ? n : undefined;
}
