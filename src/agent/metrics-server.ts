/** Shows metrics on loopback, to whoever scrapes. */

import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { type Address, familyOf } from '../base/index.ts';
import { HostError } from '../host/index.ts';

/** `import` would also load what Node's own `fetch` needs, 6 MB; an agent has no use for it. */
const http = process.getBuiltinModule('node:http');

/** Answers `GET /metrics`. Rejects with a {@link HostError} when the port cannot be had. */
export async function serveMetrics(
  registry: () => Promise<Registry>,
  at: { readonly address: Address; readonly port: number },
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = http.createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' });
      return void response.end('look at /metrics\n');
    }
    registry()
      .then(async (all) => [await all.metrics(), all.contentType] as const)
      .then(
        ([text, type]) => {
          response.writeHead(200, { 'content-type': type });
          response.end(text);
        },
        () => response.destroy(),
      );
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
