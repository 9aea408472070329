/** What really went over a link: BGP messages read from a capture, so that a test need not believe either side. */
import { readFileSync } from 'node:fs';
import type { Namespace } from './namespace.ts';
import { Daemon, sleep, until } from './process.ts';

export interface Heard {
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
  /** 1 OPEN, 2 UPDATE, 3 NOTIFICATION, 4 KEEPALIVE, 5 ROUTE-REFRESH. */
  readonly type: number;
  /** What follows the header. */
  readonly body: Buffer;
}

const FILTER = 'tcp port 179 or udp port 3784';

/** A running capture of the BGP sessions on one interface. */
export class Wiretap {
  readonly #daemon: Daemon;
  readonly #file: string;

  private constructor(daemon: Daemon, file: string) {
    this.#daemon = daemon;
    this.#file = file;
  }

  static async start(where: Namespace, link: string, file: string): Promise<Wiretap> {
    const options = ['-i', link, '-U', '--immediate-mode', '-s', '0', '-Z', 'root', '-w', file, FILTER];
    const daemon = new Daemon(where.inside(['tcpdump', ...options]), `${file}.log`);
    await until('tcpdump listens', async () => daemon.output().includes('listening on'), 5000);
    return new Wiretap(daemon, file);
  }

  /** Every message so far. Segments are put in order per connection; what was sent twice is read once. */
  async heard(): Promise<Heard[]> {
    await sleep(150);
    return messages(readFileSync(this.#file));
  }

  /** The BFD state each end said last (RFC 5880 §4.1): 0 AdminDown, 1 Down, 2 Init, 3 Up. */
  async bfd(): Promise<ReadonlyMap<string, number>> {
    const states = new Map<string, number>();
    for (const frame of frames(readFileSync(this.#file))) {
      const p = packet(frame);
      if (p?.protocol === 17) states.set(p.from, (p.payload[9] as number) >> 6);
    }
    return states;
  }

  async stop(): Promise<void> {
    await this.#daemon.end('SIGINT');
  }
}

interface Segment {
  readonly flow: string;
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly seq: number;
  readonly syn: boolean;
  readonly payload: Buffer;
}

function messages(pcap: Buffer): Heard[] {
  const flows = new Map<string, { next: number; waiting: Segment[]; data: Buffer }>();
  const heard: Heard[] = [];
  for (const s of segments(pcap)) {
    if (s.syn) {
      flows.set(s.flow, { next: (s.seq + 1) >>> 0, waiting: [], data: Buffer.alloc(0) });
      continue;
    }
    const flow = flows.get(s.flow);
    if (flow === undefined || s.payload.length === 0) continue;
    flow.waiting.push(s);
    for (let found = true; found; ) {
      found = false;
      for (const w of flow.waiting) {
        const behind = (flow.next - w.seq) | 0;
        if (behind < 0 || behind >= w.payload.length) continue;
        flow.data = Buffer.concat([flow.data, w.payload.subarray(behind)]);
        flow.next = (w.seq + w.payload.length) >>> 0;
        found = true;
      }
    }
    flow.waiting = flow.waiting.filter((w) => ((flow.next - w.seq) | 0) < 0);
    while (flow.data.length >= 19) {
      const length = flow.data.readUInt16BE(16);
      if (length < 19 || flow.data.length < length) break;
      const { from, to, fromPort, toPort } = s;
      heard.push({
        from,
        to,
        fromPort,
        toPort,
        type: flow.data[18] as number,
        body: flow.data.subarray(19, length),
      });
      flow.data = flow.data.subarray(length);
    }
  }
  return heard;
}

function* segments(pcap: Buffer): Generator<Segment> {
  for (const frame of frames(pcap)) {
    const p = packet(frame);
    if (p?.protocol !== 6) continue;
    const tcp = p.payload;
    const [fromPort, toPort] = [tcp.readUInt16BE(0), tcp.readUInt16BE(2)];
    yield {
      flow: `${p.from} ${fromPort} ${p.to} ${toPort}`,
      from: p.from,
      to: p.to,
      fromPort,
      toPort,
      seq: tcp.readUInt32BE(4),
      syn: ((tcp[13] as number) & 2) !== 0,
      payload: tcp.subarray(((tcp[12] as number) >> 4) * 4),
    };
  }
}

function* frames(pcap: Buffer): Generator<Buffer> {
  for (let at = 24; at + 16 <= pcap.length; ) {
    const length = pcap.readUInt32LE(at + 8);
    const frame = pcap.subarray(at + 16, at + 16 + length);
    at += 16 + length;
    // The last one may still be in the writing.
    if (frame.length === length) yield frame;
  }
}

interface Packet {
  readonly from: string;
  readonly to: string;
  /** 6 is TCP, 17 is UDP. */
  readonly protocol: number;
  /** The header of that protocol and what follows. */
  readonly payload: Buffer;
}

function packet(frame: Buffer): Packet | undefined {
  const kind = frame.readUInt16BE(12);
  const ip = frame.subarray(14);
  const v4 = kind === 0x0800;
  if (!v4 && kind !== 0x86dd) return undefined;
  const header = v4 ? ((ip[0] as number) & 15) * 4 : 40;
  const total = v4 ? ip.readUInt16BE(2) : 40 + ip.readUInt16BE(4);
  const [from, to] = v4
    ? [ip.subarray(12, 16).join('.'), ip.subarray(16, 20).join('.')]
    : [text6(ip.subarray(8, 24)), text6(ip.subarray(24, 40))];
  return { from, to, protocol: (v4 ? ip[9] : ip[6]) as number, payload: ip.subarray(header, total) };
}

/** As `fd00:9:1::2`, the only shape the links here have. */
function text6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  return groups
    .join(':')
    .replace(/(?:^|:)0(?::0)+(?=:|$)/, ':')
    .replace(/^:(?!:)/, '::')
    .replace(/([^:]):$/, '$1::');
}

/** What an UPDATE does, as far as its outline tells (RFC 4271 §4.3, RFC 4760). */
export interface Outline {
  /** It announces, in either family. */
  readonly announces: boolean;
  /** It withdraws, in either family; End-of-RIB does not (RFC 4724 §2). */
  readonly withdraws: boolean;
  /** The values of its attributes by type code. */
  readonly attributes: ReadonlyMap<number, Buffer>;
}

export function outline(update: Buffer): Outline {
  const withdrawn = update.readUInt16BE(0);
  const from = 4 + withdrawn;
  const end = from + update.readUInt16BE(2 + withdrawn);
  const attributes = new Map<number, Buffer>();
  for (let at = from; at < end; ) {
    const long = ((update[at] as number) & 0x10) !== 0;
    const length = long ? update.readUInt16BE(at + 2) : (update[at + 2] as number);
    const value = at + (long ? 4 : 3);
    attributes.set(update[at + 1] as number, update.subarray(value, value + length));
    at = value + length;
  }
  return {
    announces: update.length > end || attributes.has(14),
    // MP_UNREACH_NLRI with nothing after the family is End-of-RIB.
    withdraws: withdrawn > 0 || (attributes.get(15)?.length ?? 0) > 3,
    attributes,
  };
}
