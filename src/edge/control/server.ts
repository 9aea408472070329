/** The HTTP server over a chronicle: the routes of `control`, the built dashboard, and nobody from elsewhere. */
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  type Answer,
  type Body,
  type Cursor,
  openApi,
  PAGE,
  PAGE_LIMIT,
  ROUTES,
  type Route,
  type RouteName,
  readCursor,
  readRequest,
  type Snapshot,
  type World,
} from '../../control/index.ts';
import { HostError, makeFolder } from '../../host/index.ts';
import type { ControlPage, ControlPageOptions } from '../control-page.ts';
import { Chronicle, type HistoryPage } from './chronicle.ts';
import { Ledger } from './ledger.ts';
import { findPage, unbuilt } from './pages.ts';
import { Streams } from './streams.ts';
import { Turns } from './turns.ts';
import { HEADERS, intruder, isAuthorized } from './visitor.ts';

/** Of a request's body, in bytes. */
const BODY_LIMIT = 16 * 1024;
/** Connections at once; streams are among them. */
const CONNECTIONS = 256;
/** Questions for history that may wait for their turn: what is not in memory is read from the disk anew. */
const QUESTIONS = 32;

const STATUS: { readonly [outcome in Answer['outcome']]: number } = {
  done: 200,
  considered: 200,
  unknown: 404,
  refused: 409,
  failed: 500,
};

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** Listens. Rejects with a {@link HostError} when the port cannot be had. */
export async function serveControlPage(options: ControlPageOptions): Promise<ControlPage> {
  const { host, port, state, say } = options;
  const token = randomBytes(24).toString('base64url');
  const run = randomBytes(6).toString('hex');
  const ledger =
    state === undefined ? undefined : new Ledger({ folder: join(state, 'events'), say, ...options.ledger });
  const chronicle = new Chronicle({
    run,
    now: options.now ?? Date.now,
    ...(ledger ? { ledger } : {}),
    ...(options.most === undefined ? {} : { most: options.most }),
  });
  const streams = new Streams(chronicle, options.streams);
  const app = build(options, token, chronicle, streams);
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw taken(error as NodeJS.ErrnoException, host, port);
  }
  const address = app.server.address() as { readonly port: number };
  if (state !== undefined) keepToken(state, token, say);
  const at = `http://${host.includes(':') ? `[${host}]` : host}:${address.port}/`;
  return {
    port: address.port,
    url: `${at}#token=${token}`,
    get latest(): Snapshot | undefined {
      return chronicle.latest;
    },
    begin: (world: World) => chronicle.begin(world),
    look: (world: World) => chronicle.look(world),
    tell: (bodies: readonly Body[]) => chronicle.add(bodies),
    close: async () => {
      streams.close();
      await app.close();
      ledger?.close();
    },
  };
}

function build(
  { request: take, world, dashboard, build: command }: ControlPageOptions,
  token: string,
  chronicle: Chronicle,
  streams: Streams,
): FastifyInstance {
  const app = fastify({
    exposeHeadRoutes: false,
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    requestTimeout: 30_000,
    routerOptions: { ignoreTrailingSlash: false },
  });
  app.server.maxConnections = CONNECTIONS;
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    const why = intruder(request.headers);
    if (why !== undefined) return reply.code(403).send({ error: why });
    return undefined;
  });
  app.setErrorHandler((error: Error & { readonly statusCode?: number }, _, reply) => {
    const status = error.statusCode ?? 500;
    void reply
      .code(status)
      .send({ error: status === 500 ? 'something here went wrong' : plain(error, status) });
  });

  const starting = (reply: FastifyReply) =>
    reply
      .code(503)
      .header('retry-after', '1')
      .send({ error: 'the network is still starting: ask again in a second' });
  const turns = new Turns(QUESTIONS);
  const bad = (reply: FastifyReply, error: string) => reply.code(400).send({ error });

  const handlers: { readonly [name in RouteName]: Handler } = {
    snapshot: (_, reply) => {
      void reply.header('cache-control', 'no-store');
      return chronicle.latest ?? starting(reply);
    },
    events: (request, reply) => {
      const asked = textOf(request.headers['last-event-id']) ?? queryOf(request, 'after');
      const from = asked === undefined ? undefined : readCursor(asked);
      if (asked !== undefined && !from)
        return bad(reply, 'after: this has to be RUN:SEQ, as in the id of an event');
      if (streams.full) return reply.code(503).send({ error: `${streams.most} read this stream already` });
      reply.hijack();
      streams.open(reply.raw, HEADERS, from);
      return reply;
    },
    history: async (request, reply) => {
      if (!chronicle.latest) return starting(reply);
      const asked = question(request);
      if (typeof asked === 'string') return bad(reply, asked);
      void reply.header('cache-control', 'no-store');
      const turn = turns.take(async () => {
        const page = await chronicle.history(asked.from, asked.to, asked.limit);
        return page && formatHistory(page);
      });
      if (!turn)
        return reply
          .code(503)
          .header('retry-after', '1')
          .send({ error: 'too many ask for history at once: ask again in a second' });
      const page = await turn;
      return page === undefined
        ? reply.code(410).send({ error: 'this is not kept any more: ask without after, from an instant' })
        : reply.type('application/json; charset=utf-8').send(page);
    },
    requests: async (request, reply) => {
      const read = readRequest(request.body);
      if (!read.ok) return bad(reply, read.complaints.join('; '));
      const { latest } = chronicle;
      if (!latest) return starting(reply);
      const given = await take(read.value);
      const { run, seq, at } = chronicle.latest ?? latest;
      return reply.code(STATUS[given.outcome]).send({ ...given, run, seq, at });
    },
    world: async (_, reply) => {
      const bytes = await world?.();
      if (!bytes)
        return reply.code(404).send({ error: 'nobody has given this network an AS graph to predict with' });
      return reply
        .header('cache-control', 'no-cache')
        .type('application/octet-stream')
        .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
    openapi: () => openApi(),
  };
  for (const [name, route] of Object.entries(ROUTES) as [RouteName, Route][])
    app.route({
      method: route.method,
      url: route.path,
      handler: handlers[name],
      ...(route.token
        ? {
            // Before the body is read: who may not ask is not listened to.
            onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
              if (isAuthorized(request.headers.authorization, token)) return undefined;
              return reply.code(401).header('www-authenticate', 'Bearer').send({
                error: 'a token is needed: it is in the address that nearcast up printed, after #token=',
              });
            },
          }
        : {}),
    });
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?')[0] as string;
    if (path.startsWith('/api/') || (request.method !== 'GET' && request.method !== 'HEAD'))
      return reply.code(404).send({ error: `there is no ${request.method} ${path.slice(0, 100)} here` });
    const accepts = textOf(request.headers['accept-encoding']) ?? '';
    const found = dashboard === undefined ? undefined : await findPage(dashboard, path, accepts);
    if (found) return reply.headers(found.headers).send(found.body);
    if (path === '/') return reply.code(503).type('text/html; charset=utf-8').send(unbuilt(command));
    return reply.code(404).send({ error: `there is no ${path.slice(0, 100)} here` });
  });
  return app;
}

/** Events that are written without a pause. */
const BREATH = 500;

/** As JSON; others have their turn between pieces. */
async function formatHistory({ events, ...rest }: HistoryPage): Promise<string> {
  const pieces: string[] = [];
  for (let n = 0; n < events.length; n += BREATH) {
    pieces.push(JSON.stringify(events.slice(n, n + BREATH)).slice(1, -1));
    await new Promise((resume) => setImmediate(resume));
  }
  return `${JSON.stringify(rest).slice(0, -1)},"events":[${pieces.join(',')}]}`;
}

function question(
  request: FastifyRequest,
): { readonly from: number | Cursor; readonly to: number; readonly limit: number } | string {
  const number = (name: string, otherwise: number): number | undefined => {
    const text = queryOf(request, name);
    if (text === undefined) return otherwise;
    return /^\d{1,16}$/.test(text) ? Number(text) : undefined;
  };
  const [from, to] = [number('from', 0), number('to', Number.MAX_SAFE_INTEGER)];
  const limit = number('limit', PAGE);
  const after = queryOf(request, 'after');
  const cursor = after === undefined ? undefined : readCursor(after);
  if (from === undefined || to === undefined)
    return 'from and to: milliseconds since 1970, such as 1767225600000';
  if (limit === undefined || limit < 1 || limit > PAGE_LIMIT)
    return `limit: a number from 1 to ${PAGE_LIMIT}`;
  if (after !== undefined && !cursor) return 'after: this has to be RUN:SEQ, as in the id of an event';
  return { from: cursor ?? from, to, limit };
}

function queryOf(request: FastifyRequest, name: string): string | undefined {
  return textOf((request.query as { readonly [name: string]: unknown })[name]);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function plain(error: Error, status: number): string {
  if (status === 413) return `a request is at most ${BODY_LIMIT} bytes`;
  if (status === 415) return 'a request is JSON: content-type application/json';
  if (status === 400) return 'this is no JSON';
  return error.message;
}

/** For scripts on this machine; only this user may read it. */
function keepToken(state: string, token: string, say: (sentence: string) => void): void {
  const path = join(state, 'token');
  try {
    makeFolder(state);
    // One that was there before would keep its mode and its readers, and might lead elsewhere.
    rmSync(path, { force: true });
    writeFileSync(path, `${token}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    say(`the page's token cannot be kept in ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
}

function taken(error: NodeJS.ErrnoException, host: string, port: number): HostError {
  const why =
    error.code === 'EADDRINUSE'
      ? `another program uses port ${port} of ${host}: end it, or choose another with --page PORT, or --page off`
      : error.code === 'EACCES'
        ? `this user may not listen on port ${port}: choose one above 1023 with --page PORT`
        : error.message;
  return new HostError(error.code === 'EADDRINUSE' ? 'in-use' : 'other', why, error);
}
