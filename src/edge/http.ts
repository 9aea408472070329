/** An HTTP service whose every answer says which site gave it (RFC 9110), and a page for people. */
import http from 'node:http';
import type net from 'node:net';
import { type Endpoint, listenError } from '../host/index.ts';
import type { Identity } from './identity.ts';
import type { Mood, Outlet } from './outlet.ts';

/** What `/.well-known/nearcast` tells; `schema` changes when the meaning of a field does. */
export interface ServedBy {
  readonly schema: 1;
  readonly network: string;
  readonly site: string;
  readonly service: string;
  readonly place?: string;
  /** The address that the request came from. */
  readonly client: string;
}

/** Clients at the same time; the next one is closed at once. */
const CONNECTIONS = 1024;

/** Listens at one endpoint. Rejects with a HostError. */
export async function serveHttp(
  at: Endpoint,
  identity: Identity,
  service: string,
  mood: () => Mood,
): Promise<Outlet> {
  let answered = 0;
  const clients = new Set<net.Socket>();
  const server = http.createServer(
    {
      headersTimeout: 5000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5000,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: 8192,
      noDelay: true,
    },
    (request, response) => {
      request.on('error', () => {});
      response.on('error', () => {});
      if (mood() === 'hang') return;
      answered++;
      // Whoever asks while we are closing is answered, and goes.
      if (!server.listening) response.setHeader('Connection', 'close');
      answer(request, response, identity, service, mood() === 'wrong');
    },
  );
  server.maxConnections = CONNECTIONS;
  server.maxRequestsPerSocket = 1000;
  server.on('connection', (socket: net.Socket) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
  });
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: at.address, port: at.port, ipv6Only: true }, resolve);
  }).catch((error) => {
    throw listenError(`${at.address} port ${at.port}`, at.port, error);
  });
  server.on('error', () => {});
  const { port } = server.address() as net.AddressInfo;
  return {
    bound: { ...at, port },
    get sessions() {
      return clients.size;
    },
    get answered() {
      return answered;
    },
    close: async (graceMs) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = () => server.closeAllConnections();
      const timer = graceMs > 0 ? setTimeout(cut, graceMs) : undefined;
      if (graceMs === 0) cut();
      await closed;
      clearTimeout(timer);
    },
  };
}

function answer(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  identity: Identity,
  service: string,
  sick: boolean,
): void {
  const { site } = identity;
  response.setHeader('X-Served-By', site);
  response.setHeader('Server-Timing', `site;desc="${site}"`);
  // Who served is different the next time, and any page may ask.
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Timing-Allow-Origin', '*');
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Expose-Headers', 'X-Served-By, Server-Timing');
  // A body would be waited for in vain; it is not read.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined)
    response.setHeader('Connection', 'close');
  const { status, type, text } = sick
    ? plain(503, `${site} fails on purpose\n`)
    : content(request, response, identity, service);
  const body = Buffer.from(text);
  response.writeHead(status, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': body.length,
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

interface Content {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function plain(status: number, text: string): Content {
  return { status, type: 'text/plain', text };
}

function content(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  identity: Identity,
  service: string,
): Content {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return plain(405, `${request.method} is not served here\n`);
  }
  const path = (request.url ?? '/').replace(/[?#].*$/s, '');
  const told: ServedBy = {
    schema: 1,
    network: identity.network,
    site: identity.site,
    service,
    ...(identity.place === undefined ? {} : { place: identity.place }),
    client: request.socket.remoteAddress ?? '',
  };
  if (path === '/.well-known/nearcast')
    return { status: 200, type: 'application/json', text: `${JSON.stringify(told)}\n` };
  if (path !== '/') return plain(404, `${told.site} has nothing at this path\n`);
  response.setHeader('Vary', 'Accept');
  if (/\btext\/html\b/.test(request.headers.accept ?? ''))
    return { status: 200, type: 'text/html', text: page(told) };
  return plain(200, `${told.place === undefined ? told.site : `${told.site} (${told.place})`}\n`);
}

function page(told: ServedBy): string {
  const [site, place, network, service, client] = [
    told.site,
    told.place ?? '',
    told.network,
    told.service,
    told.client,
  ].map(escaped);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${site} – ${network}</title>
<style>
  body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem; color-scheme: light dark }
  h1 { font-size: 4rem; margin: 0 }
</style>
<h1>${site}</h1>
<p>${place ? `${place}. ` : ''}Service ${service} of ${network}, asked from ${client}.</p>
<p><a href="/.well-known/nearcast">The same for programs</a></p>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
