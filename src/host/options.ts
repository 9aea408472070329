/**
 * What the kernel's socket calls take, as numbers and bytes: the constants of Linux and pure builders of its structures.
 * Numbers stand in the machine's own byte order, except ports and addresses, which are in network order.
 */
import { type Address, addressBytes } from '../base/index.ts';

/** Numbers of the Linux socket interface that are equal on every architecture `libc.ts` lets in. */
export const LINUX = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  MSG_DONTWAIT: 0x40,
  MSG_NOSIGNAL: 0x4000,
  POLLOUT: 4,
  SOL_SOCKET: 1,
  SO_REUSEADDR: 2,
  SO_BINDTODEVICE: 25,
  SO_ATTACH_FILTER: 26,
  IPPROTO_IP: 0,
  IP_TOS: 1,
  IP_TTL: 2,
  IP_FREEBIND: 15,
  IP_MINTTL: 21,
  IP_BIND_ADDRESS_NO_PORT: 24,
  IPPROTO_TCP: 6,
  TCP_INFO: 11,
  TCP_MD5SIG: 14,
  TCP_MD5SIG_EXT: 32,
  IPPROTO_IPV6: 41,
  IPV6_UNICAST_HOPS: 16,
  IPV6_V6ONLY: 26,
  IPV6_TCLASS: 67,
  IPV6_MINHOPCOUNT: 73,
  IPV6_FREEBIND: 78,
} as const;

/** The longest TCP MD5 password the kernel takes, in bytes (TCP_MD5SIG_MAXKEYLEN). */
export const LONGEST_PASSWORD = 80;

const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** An `int`. */
export function intBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, LITTLE);
  return bytes;
}

/** The `int` in four bytes. */
export function intOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getInt32(0, LITTLE);
}

/**
 * A `struct sockaddr_in` (16 bytes) or `struct sockaddr_in6` (28 bytes). `scope` is the interface's index, which a
 * link-local IPv6 address needs; IPv4 has none.
 */
export function sockaddr(address: Address, port: number, scope = 0): Uint8Array {
  const ip = addressBytes(address) as Uint8Array;
  const bytes = new Uint8Array(ip.length === 4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ip.length === 4 ? LINUX.AF_INET : LINUX.AF_INET6, LITTLE);
  view.setUint16(2, port);
  if (ip.length === 4) {
    bytes.set(ip, 4);
  } else {
    bytes.set(ip, 8);
    view.setUint32(24, scope, LITTLE);
  }
  return bytes;
}

/**
 * A `struct tcp_md5sig` (216 bytes): the key for segments to and from `peer`. With `prefixLength` it covers a whole
 * network and has to go in as TCP_MD5SIG_EXT. An empty key removes the one that is set.
 */
export function md5Signature(peer: Address, key: Uint8Array, prefixLength?: number): Uint8Array {
  const bytes = new Uint8Array(216);
  bytes.set(sockaddr(peer, 0));
  if (prefixLength !== undefined) {
    bytes[128] = 1; // TCP_MD5SIG_FLAG_PREFIX
    bytes[129] = prefixLength;
  }
  new DataView(bytes.buffer).setUint16(130, key.length, LITTLE);
  bytes.set(key, 136);
  return bytes;
}

/** One instruction of the classic BSD packet filter (`struct sock_filter`). */
export interface FilterStep {
  readonly code: number;
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly value: number;
}

/** Where the filter's loads find the network header, whatever the socket's own data begins with (SKF_NET_OFF). */
const NETWORK_HEADER = -0x10_0000;

/** A filter that keeps a packet whose TTL (IPv4) or hop limit (IPv6) is at least `least`, and drops every other. */
export function leastTtlFilter(family: 4 | 6, least: number): readonly FilterStep[] {
  const step = (code: number, value: number, whenTrue = 0, whenFalse = 0) => ({
    code,
    whenTrue,
    whenFalse,
    value,
  });
  return [
    step(0x30, NETWORK_HEADER + (family === 4 ? 8 : 7)), // A ← that byte of the IP header
    step(0x35, least, 0, 1), // A ≥ least? else skip one
    step(0x06, 0xffff), // keep all
    step(0x06, 0), // keep nothing
  ];
}

/** How long the `struct sock_fprog` at the front of a filter is, on a 64-bit machine. */
export const FILTER_HEAD = 16;

/**
 * A filter as the kernel takes it, in one piece of memory that begins at `address`: a `struct sock_fprog` (how many
 * instructions, and where they are) and behind it the `struct sock_filter[]`, 8 bytes an instruction.
 */
export function writeFilter(bytes: Uint8Array, address: bigint, filter: readonly FilterStep[]): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint16(0, filter.length, LITTLE);
  view.setBigUint64(8, address + BigInt(FILTER_HEAD), LITTLE);
  filter.forEach((step, i) => {
    const at = FILTER_HEAD + i * 8;
    view.setUint16(at, step.code, LITTLE);
    view.setUint8(at + 2, step.whenTrue);
    view.setUint8(at + 3, step.whenFalse);
    view.setUint32(at + 4, step.value >>> 0, LITTLE);
  });
}
