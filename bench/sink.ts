/**
 * The side that receives: one plain BGP session whose UPDATEs are counted byte by byte and stamped, nothing else is kept but
 * one bit per prefix. Commands are JSON lines on stdin, events JSON lines on stdout.
 */
import net from 'node:net';
import { createInterface } from 'node:readline';
import { clock } from './feeder.ts';
import { message, open, prefixIndex } from './table.ts';

export type SinkCommand =
  /** `device` is the AS of the device under test, which every path has to begin with. */
  | {
      readonly do: 'connect';
      readonly asn: number;
      readonly device: number;
      readonly local: string;
      readonly remote: string;
    }
  /** Waits for the other side to connect, to measure the feeder against this process. */
  | { readonly do: 'listen'; readonly asn: number; readonly local: string }
  /** Says `reached` when so many distinct prefixes are held. */
  | { readonly do: 'expect'; readonly count: number }
  /** Says `gone` when this prefix is withdrawn. */
  | { readonly do: 'watch'; readonly prefix: number }
  | { readonly do: 'stats' };

const KEEPALIVE = message(4, new Uint8Array(0));
const held = new Uint8Array(2 ** 25 / 8);
let present = 0;
let announced = 0;
let withdrawn = 0;
let target = -1;
let watched = -1;
let firstUpdate = 0;
let lastUpdate = 0;
let firstWithdrawal = 0;
let now = 0;
let updates = 0;
/** First AS of every path, when a device stands between. */
let expectedAsn = 0;

function say(event: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function routes(b: Buffer, from: number, to: number, add: boolean): void {
  for (let at = from; at < to; ) {
    const length = b[at++] as number;
    const bytes = (length + 7) >> 3;
    let bits = 0;
    for (let i = 0; i < bytes; i++) bits |= (b[at + i] as number) << (24 - 8 * i);
    at += bytes;
    if (length > 24) continue;
    const index = prefixIndex(bits >>> 0, length);
    const mask = 1 << (index & 7);
    const had = (held[index >> 3] as number) & mask;
    if (add) {
      announced++;
      if (had) continue;
      held[index >> 3]! |= mask;
      if (++present === target) reached();
    } else {
      withdrawn++;
      if (firstWithdrawal === 0) firstWithdrawal = now;
      if (index === watched) {
        watched = -1;
        say({ event: 'gone', at: now });
      }
      if (!had) continue;
      held[index >> 3]! &= ~mask;
      if (--present === target) reached();
    }
  }
}

/**
 * A look at one UPDATE in 64: an AS_PATH of one sequence, at least one AS before the feeder's. What a device saves by
 * sending nonsense must not count as speed.
 */
function check(b: Buffer, from: number, to: number): void {
  for (let at = from; at < to; ) {
    const wide = ((b[at] as number) & 0x10) !== 0;
    const length = wide ? b.readUInt16BE(at + 2) : (b[at + 2] as number);
    const value = at + (wide ? 4 : 3);
    if (b[at + 1] === 2) {
      const [kind, hops] = [b[value], b[value + 1] as number];
      const good =
        kind === 2 &&
        length === 2 + 4 * hops &&
        (expectedAsn === 0 || b.readUInt32BE(value + 2) === expectedAsn);
      if (!good) say({ event: 'wrong', text: `AS_PATH ${b.toString('hex', value, value + length)}` });
      return;
    }
    at = value + length;
  }
  say({ event: 'wrong', text: 'no AS_PATH' });
}

function reached(): void {
  target = -1;
  say({ event: 'reached', at: now, first: firstUpdate, firstWithdrawal });
}

function run(socket: net.Socket, asn: number, id: string, retry?: () => void): void {
  let carry = Buffer.alloc(0);
  let up = false;
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.once('close', () => {
    if (up) say({ event: 'down', at: clock() });
    else if (retry) setTimeout(retry, 200);
  });
  socket.on('data', (chunk) => {
    now = clock();
    const b = carry.length === 0 ? chunk : Buffer.concat([carry, chunk]);
    let at = 0;
    while (b.length - at >= 19) {
      const length = b.readUInt16BE(at + 16);
      if (b.length - at < length) break;
      const type = b[at + 18];
      if (type === 2) {
        const lost = b.readUInt16BE(at + 19);
        const attributes = b.readUInt16BE(at + 21 + lost);
        const nlri = at + 23 + lost + attributes;
        if (nlri < at + length && updates++ % 64 === 0) check(b, at + 23 + lost, nlri);
        if (lost > 0 || nlri < at + length) {
          if (firstUpdate === 0) firstUpdate = now;
          lastUpdate = now;
          routes(b, at + 21, at + 21 + lost, false);
          routes(b, nlri, at + length, true);
        }
      } else if (type === 1) socket.write(KEEPALIVE);
      else if (type === 4 && !up) {
        up = true;
        const beat = setInterval(() => socket.write(KEEPALIVE), 30_000);
        socket.once('close', () => clearInterval(beat));
        say({ event: 'up' });
      }
      at += length;
    }
    carry = b.subarray(at);
  });
  socket.write(open(asn, id));
}

function connect(c: SinkCommand & { do: 'connect' }): void {
  const socket = net.connect({ host: c.remote, port: 179, localAddress: c.local });
  const retry = () => connect(c);
  socket.once('connect', () => {
    socket.removeAllListeners('close');
    run(socket, c.asn, c.local, retry);
  });
  socket.on('error', () => undefined);
  socket.once('close', () => setTimeout(retry, 200));
}

function obey(c: SinkCommand): void {
  if (c.do === 'connect') {
    expectedAsn = c.device;
    connect(c);
  } else if (c.do === 'listen') net.createServer((s) => run(s, c.asn, c.local)).listen(179, c.local);
  else if (c.do === 'expect') {
    firstWithdrawal = 0;
    target = c.count;
    if (present === target) reached();
  } else if (c.do === 'watch') watched = c.prefix;
  else say({ event: 'stats', present, announced, withdrawn, lastUpdate, at: clock() });
}

createInterface({ input: process.stdin })
  .on('line', (line) => obey(JSON.parse(line) as SinkCommand))
  .on('close', () => process.exit(0));
