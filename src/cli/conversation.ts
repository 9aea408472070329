/**
 * BGP out of captured TCP segments: each direction of each connection is put in order, cut into messages, and read with what the two
 * OPENs agreed. Memory is bounded per direction and in the number of connections.
 */
import { type Agreed, decodeMessage, type Family, frameLength, type Open } from '../wire/index.ts';
import { type Head, type Report, report } from './decode-line.ts';
import type { Packet, TcpSegment } from './pcap.ts';

/** Octets that may wait for a missing segment, per direction. */
const WAITING_MAX = 1 << 20;
/** Segments that may wait, per direction. */
const SEGMENTS_MAX = 1024;
/** Directions remembered; the one that was silent longest is forgotten. */
const DIRECTIONS_MAX = 4096;

interface Direction {
  readonly from: string;
  readonly to: string;
  /** Sequence number of the next octet wanted; undefined before the first segment. */
  next: number | undefined;
  /** In order and not yet cut into messages. */
  pending: Uint8Array;
  /** Whether `pending` begins where a message begins. */
  inStep: boolean;
  /** Came too early, in the order of their sequence numbers. */
  early: { seq: number; payload: Uint8Array }[];
  waiting: number;
  open?: Open;
}

const NOTHING = new Uint8Array(0);

export class Conversations {
  readonly #directions = new Map<string, Direction>();
  readonly #context: Agreed;

  readonly #echo: boolean;

  /** `context` holds for connections whose OPENs were not captured; `echo` as in {@link report}. */
  constructor(context: Agreed, echo = false) {
    this.#context = context;
    this.#echo = echo;
  }

  /** The messages that this segment completes, in order. */
  push(segment: TcpSegment, packet: Packet): Report[] {
    const d = this.#direction(segment);
    const out: Report[] = [];
    if (segment.syn) this.#restart(d, segment);
    const seq = segment.syn ? (segment.seq + 1) >>> 0 : segment.seq;
    if (segment.payload.length > 0) this.#take(d, seq, segment.payload, headOf(d, packet), out);
    return out;
  }

  /** What can still be read at the end of the capture: segments that waited for one that never came. */
  end(packet: Packet | undefined): Report[] {
    const out: Report[] = [];
    if (!packet) return out;
    for (const d of this.#directions.values())
      while (d.early.length > 0) this.#leap(d, headOf(d, packet), out);
    return out;
  }

  #direction({ from, to }: TcpSegment): Direction {
    const key = `${from} ${to}`;
    const known = this.#directions.get(key);
    if (known) {
      // Last in the map is heard of last.
      this.#directions.delete(key);
      this.#directions.set(key, known);
      return known;
    }
    const oldest = this.#directions.keys().next();
    if (this.#directions.size >= DIRECTIONS_MAX && !oldest.done) this.#directions.delete(oldest.value);
    const d: Direction = {
      from,
      to,
      next: undefined,
      pending: NOTHING,
      inStep: false,
      early: [],
      waiting: 0,
    };
    this.#directions.set(key, d);
    return d;
  }

  /** A new connection between the same ports, or the same SYN again. */
  #restart(d: Direction, segment: TcpSegment): void {
    const next = (segment.seq + 1) >>> 0;
    if (d.next === next) return;
    Object.assign(d, { next, pending: NOTHING, inStep: true, early: [], waiting: 0 });
    delete d.open;
  }

  #take(d: Direction, seq: number, payload: Uint8Array, head: Head, out: Report[]): void {
    d.next ??= seq;
    const ahead = (seq - d.next) | 0;
    if (ahead > 0) {
      this.#wait(d, seq, payload);
      if (d.waiting > WAITING_MAX || d.early.length > SEGMENTS_MAX) this.#leap(d, head, out);
      return;
    }
    if (-ahead < payload.length) this.#append(d, payload.subarray(-ahead), head, out);
    this.#catchUp(d, head, out);
  }

  /** Keeps a copy: the packet's bytes are only lent. The same segment again is dropped. */
  #wait(d: Direction, seq: number, payload: Uint8Array): void {
    const same = d.early.findIndex((e) => e.seq === seq);
    if (same >= 0 && (d.early[same] as { payload: Uint8Array }).payload.length >= payload.length) return;
    if (same >= 0) d.waiting -= (d.early.splice(same, 1)[0] as { payload: Uint8Array }).payload.length;
    const at = d.early.findIndex((e) => ((e.seq - seq) | 0) > 0);
    d.early.splice(at < 0 ? d.early.length : at, 0, { seq, payload: payload.slice() });
    d.waiting += payload.length;
  }

  #catchUp(d: Direction, head: Head, out: Report[]): void {
    for (let first = d.early[0]; first; first = d.early[0]) {
      const ahead = (first.seq - (d.next as number)) | 0;
      if (ahead > 0) return;
      d.early.shift();
      d.waiting -= first.payload.length;
      if (-ahead < first.payload.length) this.#append(d, first.payload.subarray(-ahead), head, out);
    }
  }

  /** Gives up on what is missing and goes on behind it, at the next marker. */
  #leap(d: Direction, head: Head, out: Report[]): void {
    const first = d.early[0];
    if (!first) return;
    const missing = (first.seq - (d.next as number)) | 0;
    out.push({ ...head, ok: false, error: { input: `${missing} octets are missing from the capture` } });
    d.next = first.seq;
    d.pending = NOTHING;
    d.inStep = false;
    this.#catchUp(d, head, out);
  }

  #append(d: Direction, payload: Uint8Array, head: Head, out: Report[]): void {
    d.next = ((d.next as number) + payload.length) >>> 0;
    let bytes = payload;
    if (d.pending.length > 0) {
      bytes = new Uint8Array(d.pending.length + payload.length);
      bytes.set(d.pending);
      bytes.set(payload, d.pending.length);
    }
    const used = this.#cut(d, bytes, head, out);
    d.pending = used === bytes.length ? NOTHING : bytes.slice(used);
  }

  /** Reports whole messages from the front of `bytes`; returns how many octets are done with. */
  #cut(d: Direction, bytes: Uint8Array, head: Head, out: Report[]): number {
    let at = 0;
    for (;;) {
      if (!d.inStep) {
        at = markerAt(bytes, at);
        if (bytes.length - at < 16) return at;
        d.inStep = true;
      }
      const agreed = this.#agreed(d);
      const length = frameLength(bytes, at, bytes.length, agreed.extendedMessage);
      if (length === 0 || length > bytes.length - at) return at;
      if (length < 0) {
        out.push(report(bytes.subarray(at, at + 19), agreed, head, this.#echo));
        d.inStep = false;
        at++;
        continue;
      }
      const message = bytes.subarray(at, at + length);
      if (message[18] === 1) this.#learn(d, message);
      out.push(report(message, agreed, head, this.#echo));
      at += length;
    }
  }

  #learn(d: Direction, message: Uint8Array): void {
    const decoded = decodeMessage(message, this.#context);
    if (decoded.ok && decoded.message.kind === 'open') d.open = decoded.message;
  }

  /** RFC 6793 §4, RFC 8654 §3, RFC 7911 §4: what both OPENs together say of this direction. */
  #agreed(d: Direction): Agreed {
    const sender = d.open;
    const receiver = this.#directions.get(`${d.to} ${d.from}`)?.open;
    if (!sender || !receiver) return this.#context;
    const both = (kind: 'asn4' | 'extendedMessage') =>
      [sender, receiver].every((o) => o.capabilities.some((c) => c.kind === kind));
    const receives = addPathOf(receiver, 'receive');
    return {
      asn4: both('asn4'),
      extendedMessage: both('extendedMessage'),
      addPath: addPathOf(sender, 'send').filter((f) => receives.includes(f)),
    };
  }
}

function addPathOf(open: Open, mode: 'send' | 'receive'): readonly Family[] {
  return open.capabilities.flatMap((c) =>
    c.kind === 'addPath'
      ? c.families.filter((f) => f.mode === mode || f.mode === 'both').map((f) => f.family)
      : [],
  );
}

/** Where 16 octets of ones begin, or where they may begin when more bytes come. */
function markerAt(bytes: Uint8Array, from: number): number {
  let ones = 0;
  for (let i = from; i < bytes.length; i++) {
    ones = bytes[i] === 0xff ? ones + 1 : 0;
    if (ones === 16) return i - 15;
  }
  return bytes.length - ones;
}

/** A packet of a time that no calendar has gets none. */
function headOf({ from, to }: Direction, packet: Packet): Head {
  const date = new Date(Math.floor(packet.micros / 1000));
  if (Number.isNaN(date.getTime())) return { packet: packet.number, from, to };
  const time = `${date.toISOString().slice(0, -1)}${String(packet.micros % 1000).padStart(3, '0')}Z`;
  return { packet: packet.number, time, from, to };
}
