/**
 * The front for DNS, over UDP and TCP: queries go where the routers send them, answers come back in the time of the way. Where a
 * client is, its source address says; or an EDNS client subnet (RFC 7871) such as 127.81.0.1/32, as on IPv6, where a machine has the one
 * address ::1.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import packet from 'dns-packet';
import type { Trip } from './directions.ts';
import { type Front, type FrontOptions, familyAt, type Outcome, taken } from './front-http.ts';
import { type Vantage, vantageOf } from './vantage.ts';

/** Queries under way at once; more are dropped, as a full line drops them. */
const MOST = 2000;
/** How long a site may take to answer. Then nothing comes, as when a packet is lost. */
const PATIENCE_MS = 5000;
/** An idle TCP client is let go (RFC 7766 §6.2.3). */
const IDLE_MS = 10_000;
/** Answers that a TCP client may leave unread, in bytes; one with more is let go. */
const UNREAD_LIMIT = 64 * 1024;
const SERVFAIL = 2;

export async function dnsFront(options: FrontOptions): Promise<Front> {
  let underWay = 0;
  const busy = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    if (underWay >= MOST) return undefined;
    underWay++;
    try {
      return await work();
    } finally {
      underWay--;
    }
  };
  const clients = new Set<net.Socket>();
  const tcp = net.createServer((socket) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    socket.on('error', () => {});
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    const vantage = socket.remoteAddress ?? '';
    framed(
      socket,
      (query) =>
        void busy(() => relay(options, vantage, query, 'tcp')).then((answer) => {
          if (!answer || !socket.writable) return;
          if (socket.writableLength > UNREAD_LIMIT) socket.destroy();
          else socket.write(withLength(answer));
        }),
    );
  });
  const port = await new Promise<number>((resolve, reject) => {
    tcp.once('error', (error: NodeJS.ErrnoException) =>
      reject(taken(error, options.host, options.port, 'dns')),
    );
    tcp.listen({ host: options.host, port: options.port, ipv6Only: true }, () =>
      resolve((tcp.address() as net.AddressInfo).port),
    );
  });
  const udp =
    familyAt(options.host) === 6
      ? dgram.createSocket({ type: 'udp6', ipv6Only: true })
      : dgram.createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      udp.once('error', (error: NodeJS.ErrnoException) => reject(taken(error, options.host, port, 'dns')));
      udp.bind({ address: options.host, port, exclusive: true }, resolve);
    });
  } catch (error) {
    udp.close();
    tcp.close();
    throw error;
  }
  udp.on('error', () => {});
  udp.on('message', (query, from) => {
    // From port 0 nobody waits, and nothing can be sent there.
    if (from.port === 0) return;
    void busy(() => relay(options, from.address, query, 'udp')).then((answer) => {
      if (answer && !closed) udp.send(answer, from.port, from.address, () => {});
    });
  });
  let closed = false;
  return {
    port,
    close: async () => {
      closed = true;
      for (const client of clients) client.destroy();
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ]);
    },
  };
}

/** The answer to a query, after the time it takes; undefined when none comes. */
async function relay(
  options: FrontOptions,
  from: string,
  query: Buffer,
  over: 'udp' | 'tcp',
): Promise<Buffer | undefined> {
  if (query.length < 12 || ((query[2] as number) & 0x80) !== 0) return undefined;
  const { directions } = options;
  const vantage = subnetOf(query) ?? vantageOf(from) ?? options.vantage;
  const trip: Trip = await directions.carry(vantage, directions.prefix('dns', familyAt(options.host)));
  const done = (outcome: Outcome) => options.asked?.(trip, outcome);
  const place = trip.site === undefined ? undefined : options.service(trip.site);
  if (!place) {
    done('lost');
    return failure(query);
  }
  const answer = await (over === 'udp'
    ? askUdp(place.address, place.port, query)
    : askTcp(place.address, place.port, query));
  done(answer instanceof Buffer ? 'served' : 'failed');
  if (answer === 'silence') return undefined;
  await directions.back(trip);
  return answer === 'refused' ? failure(query) : answer;
}

/** The vantage that the client subnet of a query means (RFC 7871 §6); undefined when it has none, or one that means nothing here. */
export function subnetOf(query: Buffer): Vantage | undefined {
  // Most queries have nothing behind the question, and nothing to read.
  if (query.readUInt16BE(10) === 0) return undefined;
  try {
    for (const record of packet.decode(query).additionals ?? [])
      if (record.type === 'OPT')
        for (const option of record.options as readonly { readonly code: number; readonly ip?: string }[])
          if (option.code === CLIENT_SUBNET && option.ip !== undefined) return vantageOf(option.ip);
  } catch {
    // What cannot be read is the site's to answer.
  }
  return undefined;
}

const CLIENT_SUBNET = 8;

type Answer = Buffer | 'refused' | 'silence';

function askUdp(address: string, port: number, query: Buffer): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    const end = (answer: Answer) => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => end('silence'), PATIENCE_MS);
    socket.once('error', () => end('refused'));
    socket.once('message', (answer) => end(answer));
    // Connected, so that a port nobody listens at is told to us.
    socket.connect(port, address, ((error?: Error) => {
      if (error) end('refused');
      else socket.send(query);
    }) as () => void);
  });
}

function askTcp(address: string, port: number, query: Buffer): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: address, port });
    const end = (answer: Answer) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end('silence'), PATIENCE_MS);
    socket.on('error', () => end('refused'));
    socket.on('end', () => end('refused'));
    socket.on('connect', () => socket.write(withLength(query)));
    framed(socket, end);
  });
}

/** Calls `message` for every message of a stream: two octets of length before each (RFC 1035 §4.2.2). */
function framed(socket: net.Socket, message: (bytes: Buffer) => void): void {
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= 2) {
      const end = 2 + held.readUInt16BE(0);
      if (held.length < end) break;
      message(Buffer.from(held.subarray(2, end)));
      held = held.subarray(end);
    }
  });
}

function withLength(bytes: Buffer): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(bytes.length);
  return Buffer.concat([head, bytes]);
}

/** SERVFAIL to a query: its header and question, nothing else. */
export function failure(query: Buffer): Buffer {
  let end = 12;
  if (query.readUInt16BE(4) > 0) {
    while (end < query.length && query[end] !== 0) end += 1 + (query[end] as number);
    end += 5;
  }
  const whole = end > 12 && end <= query.length;
  const answer = Buffer.from(query.subarray(0, whole ? end : 12));
  answer[2] = ((answer[2] as number) & 0x79) | 0x80;
  answer[3] = SERVFAIL;
  answer.writeUInt16BE(whole ? 1 : 0, 4);
  answer.fill(0, 6, 12);
  return answer;
}
