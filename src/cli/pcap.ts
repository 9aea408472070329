/**
 * Captures: pcap and pcapng files as a stream of packets. Only what finds BGP in them is read. Memory is bounded by the largest
 * packet, whatever the file's size.
 */

import { formatAddress } from '../base/index.ts';

export interface Packet {
  /** Counted from 1, as Wireshark does. */
  readonly number: number;
  /** Microseconds since 1970. */
  readonly micros: number;
  /** LINKTYPE_ of the interface (the tcpdump group's list). */
  readonly link: number;
  /** As captured; may be cut by the snap length. Only valid until the next packet is asked for. */
  readonly bytes: Uint8Array;
}

/** The file is no capture, or is damaged from here on. */
export class BadCapture extends Error {
  override readonly name = 'BadCapture';
}

/** Larger records than this are damage: no capture tool writes them. */
const RECORD_MAX = 1 << 20;
const BLOCK_MAX = 1 << 24;

const PCAP_MICROS = 0xa1b2c3d4;
const PCAP_NANOS = 0xa1b23c4d;
const PCAPNG_SECTION = 0x0a0d0d0a;

/** Whether a file that begins with these (at least 4) bytes is a capture. */
export function isCapture(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 4);
  return [view.getUint32(0), view.getUint32(0, true)].some(
    (m) => m === PCAP_MICROS || m === PCAP_NANOS || m === PCAPNG_SECTION,
  );
}

/** The packets of a capture, in the order of the file. Throws {@link BadCapture}; a file cut within its last packet just ends. */
export async function* packets(input: AsyncIterable<Uint8Array>): AsyncGenerator<Packet> {
  const bytes = new Bytes(input[Symbol.asyncIterator]());
  const head = await bytes.take(4);
  if (!head || !isCapture(head)) throw new BadCapture('neither a pcap nor a pcapng file');
  const magic = new DataView(head.buffer, head.byteOffset, 4).getUint32(0);
  if (magic === PCAPNG_SECTION) yield* pcapng(bytes);
  else yield* pcap(bytes, magic !== PCAP_MICROS && magic !== PCAP_NANOS, head);
}

async function* pcap(bytes: Bytes, little: boolean, head: Uint8Array): AsyncGenerator<Packet> {
  const nanos = new DataView(head.buffer, head.byteOffset, 4).getUint32(0, little) === PCAP_NANOS;
  const rest = await bytes.view(20);
  if (!rest) throw new BadCapture('the file header is cut');
  const link = rest.getUint32(16, little) & 0xffff;
  for (let number = 1; ; number++) {
    const record = await bytes.view(16);
    if (!record) return;
    const length = record.getUint32(8, little);
    if (length > RECORD_MAX) throw new BadCapture(`packet ${number} claims ${length} octets`);
    const micros =
      record.getUint32(0, little) * 1e6 + Math.floor(record.getUint32(4, little) / (nanos ? 1000 : 1));
    const data = await bytes.take(length);
    if (!data) return;
    yield { number, micros, link, bytes: data };
  }
}

interface Interface {
  readonly link: number;
  /** Timestamp units in a second (if_tsresol). */
  readonly unitsPerSecond: number;
}

/** draft-ietf-opsawg-pcapng: section, interface, enhanced and simple packet blocks; all others are passed over. */
async function* pcapng(bytes: Bytes): AsyncGenerator<Packet> {
  let little = false;
  let interfaces: Interface[] = [];
  let number = 0;
  let type: number | undefined = PCAPNG_SECTION;
  while (type !== undefined) {
    if (type === PCAPNG_SECTION) {
      const head = await bytes.view(8);
      if (!head) return;
      little = head.getUint32(4, true) === 0x1a2b3c4d;
      if (!little && head.getUint32(4) !== 0x1a2b3c4d)
        throw new BadCapture('a section without byte-order magic');
      interfaces = [];
      if (!(await bytes.skip(blockLength(head.getUint32(0, little)) - 12))) return;
    } else {
      const length = await bytes.view(4);
      if (!length) return;
      const block = await bytes.view(blockLength(length.getUint32(0, little)) - 8);
      if (!block) return;
      if (type === 1 && block.byteLength >= 12) {
        interfaces.push({ link: block.getUint16(0, little), unitsPerSecond: resolution(block, little) });
      } else if (type === 6 && block.byteLength >= 24) {
        const i = interfaces[block.getUint32(0, little)];
        const captured = Math.min(block.getUint32(12, little), block.byteLength - 24);
        const units = block.getUint32(4, little) * 0x1_0000_0000 + block.getUint32(8, little);
        number++;
        if (i) {
          const micros = Math.floor((units / i.unitsPerSecond) * 1e6);
          yield { number, micros, link: i.link, bytes: part(block, 20, captured) };
        }
      } else if (type === 3 && block.byteLength >= 8) {
        number++;
        const captured = Math.min(block.getUint32(0, little), block.byteLength - 8);
        if (interfaces[0])
          yield { number, micros: 0, link: interfaces[0].link, bytes: part(block, 4, captured) };
      }
    }
    type = (await bytes.view(4))?.getUint32(0, little);
  }
}

function blockLength(length: number): number {
  if (length < 12 || length > BLOCK_MAX || length % 4 !== 0)
    throw new BadCapture(`a block of ${length} octets`);
  return length;
}

/** Option if_tsresol of an interface block: a power of ten, or of two when the high bit is set; microseconds without it. */
function resolution(block: DataView, little: boolean): number {
  for (let at = 8; at + 4 <= block.byteLength - 4; ) {
    const [code, length] = [block.getUint16(at, little), block.getUint16(at + 2, little)];
    if (code === 0) break;
    if (code === 9 && length === 1 && at + 4 < block.byteLength) {
      const n = block.getUint8(at + 4);
      return n & 0x80 ? 2 ** (n & 0x7f) : 10 ** n;
    }
    at += 4 + ((length + 3) & ~3);
  }
  return 1e6;
}

function part(block: DataView, from: number, length: number): Uint8Array {
  return new Uint8Array(block.buffer, block.byteOffset + from, length);
}

/** Takes runs of bytes from chunks of any size. */
class Bytes {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(chunks: AsyncIterator<Uint8Array>) {
    this.#chunks = chunks;
  }

  /** The next `n` bytes; undefined when the input ends before. A view where they lie in one chunk. */
  async take(n: number): Promise<Uint8Array | undefined> {
    if (this.#chunk.length - this.#at >= n) return this.#chunk.subarray(this.#at, (this.#at += n));
    const whole = new Uint8Array(n);
    let have = 0;
    for (;;) {
      const more = this.#chunk.subarray(this.#at, this.#at + n - have);
      whole.set(more, have);
      have += more.length;
      this.#at += more.length;
      if (have === n) return whole;
      const next = await this.#chunks.next();
      if (next.done) return undefined;
      [this.#chunk, this.#at] = [next.value, 0];
    }
  }

  async view(n: number): Promise<DataView | undefined> {
    const bytes = await this.take(n);
    return bytes && new DataView(bytes.buffer, bytes.byteOffset, n);
  }

  async skip(n: number): Promise<boolean> {
    return (await this.take(n)) !== undefined;
  }
}

/** One TCP segment found in a packet. */
export interface TcpSegment {
  /** `192.0.2.1:179`, `[2001:db8::1]:179`. */
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly seq: number;
  readonly syn: boolean;
  /** FIN or RST. */
  readonly last: boolean;
  /** What was captured of the payload, as a view. */
  readonly payload: Uint8Array;
}

const VLAN = new Set([0x8100, 0x88a8, 0x9100]);
const IPV4 = 0x0800;
const IPV6 = 0x86dd;

/** The TCP segment in a packet; undefined for anything else, IP fragments included. */
export function tcpSegment({ link, bytes }: Packet): TcpSegment | undefined {
  const at = networkLayer(link, bytes);
  if (at === undefined || at >= bytes.length) return undefined;
  const version = (bytes[at] as number) >> 4;
  if (version === 4) return inIpv4(bytes, at);
  return version === 6 ? inIpv6(bytes, at) : undefined;
}

/** Where the IP header begins: Ethernet (1) with VLAN tags, Linux cooked (113, 276), raw IP (12, 14, 101, 228, 229), BSD loopback (0, 108). */
function networkLayer(link: number, b: Uint8Array): number | undefined {
  const u16 = (at: number) => ((b[at] ?? 0) << 8) | (b[at + 1] ?? 0);
  const ip = (type: number, at: number) => (type === IPV4 || type === IPV6 ? at : undefined);
  if (link === 1) {
    let at = 12;
    while (VLAN.has(u16(at))) at += 4;
    return ip(u16(at), at + 2);
  }
  if (link === 113) return ip(u16(14), 16);
  if (link === 276) return ip(u16(0), 20);
  if (link === 0 || link === 108) return 4;
  return [12, 14, 101, 228, 229].includes(link) ? 0 : undefined;
}

function inIpv4(b: Uint8Array, at: number): TcpSegment | undefined {
  if (b.length - at < 20 || b[at + 9] !== 6) return undefined;
  const fragment = ((b[at + 6] as number) << 8) | (b[at + 7] as number);
  if ((fragment & 0x3fff) !== 0) return undefined;
  const header = ((b[at] as number) & 15) * 4;
  const total = ((b[at + 2] as number) << 8) | (b[at + 3] as number);
  // A total length of 0 is what captures with segmentation offload show.
  const end = total === 0 ? b.length : Math.min(b.length, at + total);
  const quad = (i: number) => `${b[i]}.${b[i + 1]}.${b[i + 2]}.${b[i + 3]}`;
  return tcp(b, at + header, end, quad(at + 12), quad(at + 16));
}

function inIpv6(b: Uint8Array, at: number): TcpSegment | undefined {
  if (b.length - at < 40) return undefined;
  const length = ((b[at + 4] as number) << 8) | (b[at + 5] as number);
  const end = length === 0 ? b.length : Math.min(b.length, at + 40 + length);
  let next = b[at + 6] as number;
  let payload = at + 40;
  // Hop-by-hop, routing and destination options; fragments (44) are not put together.
  while (next === 0 || next === 43 || next === 60) {
    if (payload + 8 > end) return undefined;
    next = b[payload] as number;
    payload += ((b[payload + 1] as number) + 1) * 8;
  }
  if (next !== 6) return undefined;
  const groups = (i: number) => `[${formatAddress(b.subarray(i, i + 16))}]`;
  return tcp(b, payload, end, groups(at + 8), groups(at + 24));
}

function tcp(b: Uint8Array, at: number, end: number, from: string, to: string): TcpSegment | undefined {
  if (end - at < 20) return undefined;
  const u16 = (i: number) => ((b[i] as number) << 8) | (b[i + 1] as number);
  const [fromPort, toPort] = [u16(at), u16(at + 2)];
  const payload = at + ((b[at + 12] as number) >> 4) * 4;
  const flags = b[at + 13] as number;
  return {
    from: `${from}:${fromPort}`,
    to: `${to}:${toPort}`,
    fromPort,
    toPort,
    seq: u16(at + 4) * 0x1_0000 + u16(at + 6),
    syn: (flags & 2) !== 0,
    last: (flags & 5) !== 0,
    payload: payload < end ? b.subarray(payload, end) : b.subarray(0, 0),
  };
}
