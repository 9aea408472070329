/** Shows metrics on loopback, to whoever scrapes. */

import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { type Address, familyOf } from '../base/index.ts';
import { HostError } from '../host/index.ts';

/** `import` would also load what Node's own `fetch` needs, 6 MB; an agent has no use for it. */
const http = process.getBuiltinModule('node:http');

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
  const server = http.createServer((request, response) => {
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
  server.maxConnections = 16;
  server.requestTimeout = 5000;
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
