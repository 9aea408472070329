/** Probes that say something, or nothing, to a port, and listen for a text: plain TCP and UDP. */
import dgram from 'node:dgram';
import net from 'node:net';
import { familyOf } from '../../base/index.ts';
import type { Attempt } from './attempt.ts';
import type { Endpoint, TcpProbe, UdpProbe } from './spec.ts';

/** An answer in which the text does not come within so many bytes does not have it. */
const ANSWER_LIMIT = 65_536;

/** A TCP connection that is closed when the attempt is over. Its errors end the attempt. */
export function connect(a: Attempt, to: Endpoint, connected: (socket: net.Socket) => void): net.Socket {
  a.waiting = 'no connection';
  const socket = net.connect({ host: to.address, port: to.port, noDelay: true });
  a.atEnd(() => socket.destroy());
  socket.on('error', (error) => a.failed(error));
  socket.once('connect', () => connected(socket));
  return socket;
}

/** A UDP socket that hears one endpoint only, and of its refusals. Closed when the attempt is over. */
export function connectUdp(
  a: Attempt,
  to: Endpoint,
  connected: (socket: dgram.Socket) => void,
): dgram.Socket {
  const socket = dgram.createSocket(familyOf(to.address) === 4 ? 'udp4' : 'udp6');
  a.atEnd(() => socket.close());
  socket.on('error', (error) => a.failed(error));
  // Where there is no way to the address Node tells it here alone, by an argument that its types leave out.
  const heard = (error?: Error) => {
    if (error) a.failed(error);
    else if (!a.over) connected(socket);
  };
  socket.connect(to.port, to.address, heard as () => void);
  return socket;
}

export function askTcp(a: Attempt, probe: TcpProbe, to: Endpoint): void {
  connect(a, to, (socket) => {
    const { send, expect } = probe;
    if (send !== undefined) socket.write(send);
    if (expect === undefined) return a.good('accepts connections');
    const search = searchFor(expect);
    a.waiting = `connected, but no ${quote(expect)}`;
    socket.on('data', (chunk) => {
      if (search.feed(chunk)) a.good(`answers with ${quote(expect)}`);
      else if (search.seen > ANSWER_LIMIT) a.bad(`${ANSWER_LIMIT} bytes came without ${quote(expect)}`);
    });
    socket.on('end', () =>
      a.bad(`closed the connection after ${search.seen} bytes without ${quote(expect)}`),
    );
  });
}

export function askUdp(a: Attempt, probe: UdpProbe, to: Endpoint): void {
  connectUdp(a, to, (socket) => {
    const { expect } = probe;
    a.waiting = 'no answer';
    socket.on('message', (message) => {
      if (expect === undefined) return a.good(`answers with ${message.length} bytes`);
      if (message.includes(expect)) return a.good(`answers with ${quote(expect)}`);
      a.waiting = `an answer without ${quote(expect)}, and no other`;
    });
    socket.send(probe.send ?? '');
  });
}

/** Looks for a text in a stream, keeping no more of it than may still become the text. */
export function searchFor(text: string): { feed(chunk: Buffer): boolean; readonly seen: number } {
  const needle = Buffer.from(text);
  let tail: Buffer = Buffer.alloc(0);
  let seen = 0;
  return {
    feed: (chunk) => {
      seen += chunk.length;
      const both = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk;
      if (both.includes(needle)) return true;
      tail = Buffer.from(both.subarray(Math.max(0, both.length - needle.length + 1)));
      return false;
    },
    get seen() {
      return seen;
    },
  };
}

/** A text as it may stand in a sentence: in quotes, short, on one line. */
export function quote(text: string): string {
  const line = text.trim().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  return `"${line.length > 60 ? `${line.slice(0, 57)}...` : line}"`;
}
