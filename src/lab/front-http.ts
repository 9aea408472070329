/**
 * The front for HTTP: a client's source address is where it is in the world, and its request goes wherever the routers send it.
 * On IPv6 a machine has the one address ::1, so there the header X-Vantage (or ?vantage=) says it; that works on IPv4 as well. The request spends the time of the way there and the answer that of the way back; handshakes are free.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IpFamily } from '../base/index.ts';
import { HostError } from '../host/index.ts';
import type { Directions, Trip } from './directions.ts';
import type { Place } from './ground.ts';
import { findVantage, type Vantage, vantageOf } from './vantage.ts';

export interface FrontOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly directions: Directions;
  /** Where the service of a site is on this machine. */
  readonly service: (site: string) => Place | undefined;
  /** Of clients whose address says nothing. */
  readonly vantage: Vantage;
  /** Something asked, and what became of it. */
  readonly asked?: (trip: Trip, outcome: Outcome) => void;
}

/** `lost`: no route, or it died on the way; `failed`: the site was reached, and its service did not answer. */
export type Outcome = 'served' | 'lost' | 'failed';

export interface Front {
  readonly port: number;
  close(): Promise<void>;
}

/** Requests under way at once; beyond that the front is the bottleneck, and says so. */
const MOST = 2000;
/** How long a site may take to begin its answer. */
const PATIENCE_MS = 10_000;
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

export async function httpFront(options: FrontOptions): Promise<Front> {
  let underWay = 0;
  const server = http.createServer((request, response) => {
    response.on('error', () => {});
    if (underWay >= MOST)
      return refuse(response, 503, `${MOST} requests are under way in this world already`);
    underWay++;
    response.once('close', () => underWay--);
    forward(options, request, response).catch((error: Error) => refuse(response, 500, error.message));
  });
  const port = await listening(server, options, 'http');
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function forward(
  options: FrontOptions,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const { directions } = options;
  const url = new URL(request.url ?? '/', 'http://anycast.invalid');
  const wanted = request.headers['x-vantage'] ?? url.searchParams.get('vantage');
  const asked = typeof wanted === 'string' ? findVantage(wanted) : undefined;
  if (typeof wanted === 'string' && !asked)
    return refuse(
      response,
      400,
      `no vantage '${wanted.slice(0, 60)}': a city such as Tokyo, its code, or an address such as 127.81.0.1`,
    );
  const vantage = asked ?? vantageOf(request.socket.remoteAddress ?? '') ?? options.vantage;
  const prefix = directions.prefix('http', familyAt(options.host));
  const trip = await directions.carry(vantage, prefix);
  const said = headersOf(trip, prefix);
  if (trip.site === undefined) {
    options.asked?.(trip, 'lost');
    return refuse(response, 503, `no way from ${vantage.place.name}: ${trip.lost}`, said);
  }
  const place = options.service(trip.site);
  const failed = async (why: string) => {
    options.asked?.(trip, 'failed');
    await directions.back(trip);
    refuse(response, 502, `${trip.site} was reached, and ${why}`, said);
  };
  if (!place) return failed('it runs no HTTP service');
  const onward = http.request(
    {
      host: place.address,
      port: place.port,
      method: request.method,
      path: request.url,
      headers: kept(request.headers),
      agent: false,
      timeout: PATIENCE_MS,
    },
    async (answer) => {
      options.asked?.(trip, 'served');
      await directions.back(trip);
      const own = answer.headers['server-timing'];
      const timing = [...(own === undefined ? [] : [own].flat()), said['server-timing']].join(', ');
      if (response.destroyed) return void answer.destroy();
      response.writeHead(answer.statusCode ?? 502, {
        ...kept(answer.headers),
        ...said,
        'server-timing': timing,
      });
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    },
  );
  onward.on('timeout', () => onward.destroy(new Error('its service does not answer')));
  onward.on('error', (error: NodeJS.ErrnoException) => {
    if (response.headersSent) response.destroy();
    else void failed(error.code === 'ECONNREFUSED' ? 'its service refused the connection' : error.message);
  });
  response.once('close', () => onward.destroy());
  request.on('error', () => onward.destroy());
  request.pipe(onward);
}

/** What a client that comes in at this address speaks. */
export function familyAt(host: string): IpFamily {
  return host.includes(':') ? 6 : 4;
}

function headersOf(trip: Trip, prefix: string): { readonly [name: string]: string } {
  return {
    'x-prefix': prefix,
    'x-vantage': `${asciiOf(trip.vantage.place.name)}, ${trip.vantage.place.cc} (${trip.vantage.address})`,
    'x-as-path': trip.path.join(' '),
    'server-timing': `path;dur=${(2 * trip.latencyMs).toFixed(1)};desc="there and back"`,
  };
}

function kept(headers: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
}

function asciiOf(name: string): string {
  return name.normalize('NFD').replace(/[^\x20-\x7e]/g, '');
}

function refuse(
  response: http.ServerResponse,
  status: number,
  why: string,
  headers: http.OutgoingHttpHeaders = {},
): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${why}\n`);
}

/** Listens, or says in a sentence why not. */
export function listening(
  server: http.Server,
  { host, port }: { host: string; port: number },
  what: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(taken(error, host, port, what)));
    server.listen({ host, port, ipv6Only: true }, () => resolve((server.address() as AddressInfo).port));
  });
}

export function taken(error: NodeJS.ErrnoException, host: string, port: number, what: string): HostError {
  const why =
    error.code === 'EADDRINUSE'
      ? `another program uses port ${port} of ${host}: end it, or choose another with --${what} PORT`
      : error.code === 'EACCES'
        ? `this user may not listen on port ${port}: choose one above 1023 with --${what} PORT`
        : error.message;
  return new HostError(error.code === 'EADDRINUSE' ? 'in-use' : 'other', why, error);
}
