/** Shows metrics on loopback, to whoever scrapes. */

import type { AddressInfo, Socket } from 'node:net';
import type { Registry } from 'prom-client';
import { type Address, familyOf } from '../base/index.ts';
import { HostError } from '../host/index.ts';

/** `import` would also load what Node's own `fetch` needs, 6 MB; an agent has no use for it. */
const http = process.getBuiltinModule('node:http');

/** Connections at a time; a new one takes the place of the oldest, so that none can shut others out by staying. */
const MOST = 16;
/** How long a question may take to come, and then an answer to be read, in milliseconds. */
const LIMIT = 5000;

/** What is shown: under our own names, and under those of others that a query asks for (`?compat=frr,bird`). */
export interface Shown {
  readonly registry: () => Promise<Registry>;
  /** Undefined when there are no such names. */
  readonly compat: (names: readonly string[]) => Promise<string | undefined>;
}

/** Answers `GET /metrics`. Rejects with a {@link HostError} when the port cannot be had. */
export async function serveMetrics(
  { registry, compat }: Shown,
  at: { readonly address: Address; readonly port: number },
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const limits = { headersTimeout: LIMIT, requestTimeout: LIMIT, connectionsCheckingInterval: 1000 };
  const server = http.createServer(limits, (request, response) => {
    // Who asks every few seconds at most needs no connection in between.
    response.setHeader('connection', 'close');
    const refuse = (status: number, why: string) => {
      response.writeHead(status, { 'content-type': 'text/plain' });
      response.end(`${why}\n`);
    };
    const [path, query] = (request.url ?? '').split('?');
    if (request.method !== 'GET' || path !== '/metrics') return refuse(404, 'look at /metrics');
    const names = new URLSearchParams(query).getAll('compat').flatMap((n) => n.split(','));
    Promise.all([registry(), compat(names)])
      .then(async ([all, others]) => {
        if (others === undefined) return refuse(400, 'compat takes frr, bird and gobgp');
        const text = await all.metrics();
        response.writeHead(200, { 'content-type': all.contentType });
        response.end(text + others);
      })
      .catch(() => response.destroy());
  });
  server.setTimeout(LIMIT, (socket) => socket.destroy());
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size > MOST) oldest?.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new HostError(
          error.code === 'EADDRINUSE' ? 'in-use' : 'other',
          `metrics cannot be shown at ${at.address} port ${at.port}: ${error.code === 'EADDRINUSE' ? 'another program listens there' : error.code}`,
          error,
        ),
      ),
    );
    server.listen(at.port, at.address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = familyOf(at.address) === 6 ? `[${at.address}]` : at.address;
  return {
    url: `http://${host}:${port}/metrics`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
