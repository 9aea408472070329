/**
 * The side that sends: a process with any number of plain BGP sessions, each writing bytes made beforehand. It does no more
 * than `socket.write`, so that it is never the bottleneck. Commands are JSON lines on stdin, events JSON lines on stdout.
 */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { message, open } from './table.ts';

export type FeederCommand =
  | {
      readonly do: 'connect';
      readonly session: number;
      readonly asn: number;
      readonly local: string;
      readonly remote: string;
    }
  | { readonly do: 'load'; readonly session: number; readonly file: string; readonly more?: string }
  | { readonly do: 'blast' }
  | { readonly do: 'write'; readonly session: number; readonly hex: string }
  | { readonly do: 'drop'; readonly session: number };

interface Session {
  readonly socket: net.Socket;
  bytes: Buffer;
}

const KEEPALIVE = message(4, new Uint8Array(0));
const sessions = new Map<number, Session>();

/** Milliseconds on the machine's monotonic clock, the same in every process. */
export function clock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function say(event: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function connect(c: FeederCommand & { do: 'connect' }): void {
  const socket = net.connect({ host: c.remote, port: 179, localAddress: c.local });
  let carry = Buffer.alloc(0);
  let up = false;
  const retry = () => {
    socket.destroy();
    if (!up) setTimeout(() => connect(c), 200);
    else say({ event: 'down', session: c.session, at: clock() });
  };
  socket.setNoDelay(true);
  socket.once('connect', () => socket.write(open(c.asn, c.local)));
  socket.on('error', () => undefined);
  socket.once('close', retry);
  socket.on('data', (chunk) => {
    if (up) return;
    carry = Buffer.concat([carry, chunk]);
    while (carry.length >= 19 && carry.length >= carry.readUInt16BE(16)) {
      const type = carry[18];
      carry = carry.subarray(carry.readUInt16BE(16));
      if (type === 1) socket.write(KEEPALIVE);
      if (type !== 4) continue;
      up = true;
      sessions.set(c.session, { socket, bytes: Buffer.alloc(0) });
      const beat = setInterval(() => socket.write(KEEPALIVE), 30_000);
      socket.once('close', () => clearInterval(beat));
      say({ event: 'up', session: c.session });
      break;
    }
  });
}

function obey(c: FeederCommand): void {
  if (c.do === 'connect') connect(c);
  else if (c.do === 'blast') {
    const at = clock();
    let left = sessions.size;
    for (const s of sessions.values())
      s.socket.write(s.bytes, () => {
        if (--left === 0) say({ event: 'sent', at: clock() });
      });
    say({ event: 'blast', at });
  } else {
    const session = sessions.get(c.session);
    if (session === undefined) say({ event: 'error', text: `no session ${c.session}` });
    else if (c.do === 'load') {
      session.bytes = Buffer.concat([readFileSync(c.file), Buffer.from(c.more ?? '', 'hex')]);
      say({ event: 'loaded', session: c.session, bytes: session.bytes.length });
    } else if (c.do === 'write') {
      const at = clock();
      session.socket.write(Buffer.from(c.hex, 'hex'));
      say({ event: 'wrote', at });
    } else {
      const at = clock();
      session.socket.destroy();
      say({ event: 'dropped', at });
    }
  }
}

if (process.argv[1]?.endsWith('feeder.ts')) {
  createInterface({ input: process.stdin })
    .on('line', (line) => obey(JSON.parse(line) as FeederCommand))
    .on('close', () => process.exit(0));
}
