/** Real servers on loopback for probes to meet, closed after each test. */
import dgram from 'node:dgram';
import type { EventEmitter } from 'node:events';
import net from 'node:net';
import { afterEach } from 'vitest';
import { type Address, millis } from '../../base/index.ts';
import { runProbe } from './probe.ts';
import type { ProbeReport, ProbeSpec, ProbeSurroundings } from './spec.ts';

export const LOCAL = '127.0.0.1' as Address;
export const LOCAL6 = '::1' as Address;

export const noIpv6 = await new Promise<boolean>((resolve) => {
  const server = net.createServer().once('error', () => resolve(true));
  server.listen(0, '::1', () => server.close(() => resolve(false)));
});

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

export function atEnd(close: () => unknown): void {
  cleanup.push(close);
}

interface Server extends EventEmitter {
  listen(options: { readonly host: string; readonly port: number }, listening: () => void): unknown;
  address(): unknown;
  close(closed: () => void): unknown;
}

/** Lets any kind of TCP server listen, and gives its port. */
export async function serve(server: Server, host: Address = LOCAL, port = 0): Promise<number> {
  const sockets = new Set<net.Socket>();
  for (const event of ['connection', 'secureConnection'])
    server.on(event, (socket: net.Socket) => {
      sockets.add(socket.on('error', () => {}));
    });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(resolve));
  });
  return (server.address() as net.AddressInfo).port;
}

/** A TCP server, and its port. */
export function tcp(welcome: (socket: net.Socket) => void, host?: Address): Promise<number> {
  return serve(net.createServer(welcome), host);
}

/** A UDP server, and its port. */
export async function udp(
  hear: (message: Buffer, reply: (bytes: string | Uint8Array) => void) => void,
  host: Address = LOCAL,
  port = 0,
): Promise<number> {
  const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message, from) =>
    hear(message, (bytes) => socket.send(bytes, from.port, from.address, () => {})),
  );
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, resolve);
  });
  atEnd(() => socket.close());
  return socket.address().port;
}

type Given = ProbeSpec extends infer P ? (P extends ProbeSpec ? Omit<P, 'every' | 'timeout'> : never) : never;

/** Enough for what answers at all, on a busy machine too. */
export const PATIENT = 5000;
/** For what does not. */
export const HASTY = 200;

/** Runs a probe once. */
export function probe(
  given: Given,
  timeout = PATIENT,
  surroundings: Partial<ProbeSurroundings> = {},
): Promise<ProbeReport> {
  const spec = { every: millis(1000), timeout: millis(timeout), ...given } as ProbeSpec;
  return runProbe(spec, { addresses: [LOCAL], ...surroundings });
}

/** The same in one line, without the endpoint: `bad: answers 500`. */
export async function ask(...args: Parameters<typeof probe>): Promise<string> {
  const { outcome, warning, detail } = await probe(...args);
  const plain = detail.replace(/^(?:127\.0\.0\.1|::1)(?: port \d+)?: /, '');
  return `${outcome}${warning ? ' (warning)' : ''}: ${plain}`;
}
