/**
 * Who hands out tickets, as a small HTTP service over the issuer machine of `site`. What was granted is on the disk before the
 * answer leaves; one that starts without its file waits until everything that may still be believed has ended.
 *
 *     POST /tickets/v1/report            a report (JSON) → { answers: [...] }
 *     GET  /tickets/v1/answers?site=S    what is said to S unasked, one JSON object a line, for as long as S listens
 *     GET  /tickets/v1/state             who holds what
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Instant, instant } from '../base/index.ts';
import { HostError, type Logger } from '../host/index.ts';
import type { Plan } from '../plan/index.ts';
import {
  type Answer,
  type IssuerConfig,
  type IssuerState,
  issuerConfigs,
  type Report,
  sharedFaults,
  spokenFor,
  startIssuer,
  stepIssuer,
} from '../site/index.ts';
import { replaceFile } from './state-file.ts';

/** `import` would also load what Node's own `fetch` needs, 6 MB; an agent has no use for it. */
const http = process.getBuiltinModule('node:http');

export interface IssuerOptions {
  readonly plan: Plan;
  /** Loopback when absent; port 0 lets the system choose. */
  readonly host?: string;
  readonly port: number;
  readonly token?: string;
  readonly log: Logger;
  /** Absent: nothing outlives the process. */
  readonly store?: string;
  /** Without a store, or with one that is not there yet: there has never been an issuer before. */
  readonly first?: boolean;
  /** Whether the rest could carry the load when these sites are out; a sentence when not. */
  readonly fits?: (scope: string, out: readonly string[]) => string | undefined;
}

export interface IssuerService {
  readonly url: string;
  /** Who holds what, by scope. */
  view(): IssuerView;
  /** What a site would be answered if it had to leave now, by scope; nothing is granted by it. */
  consider(site: string): { readonly [scope: string]: Considered };
  /** Another plan: sites may come and go, what was granted stays granted. */
  follow(plan: Plan): void;
  close(): Promise<void>;
}

/** What a site would hear. */
export interface Considered {
  readonly may: boolean;
  /** In words, with numbers. */
  readonly why: string;
}

export interface IssuerView {
  readonly schema: 'nearcast.tickets/1';
  readonly scopes: {
    readonly [scope: string]: {
      readonly keep: number;
      readonly sites: readonly string[];
      /** Sites that are out, may leave, or are not heard of. */
      readonly spokenFor: readonly string[];
      readonly sharedFaults: readonly string[];
    };
  };
}

interface Stored {
  readonly schema: 'nearcast.issuer/1';
  readonly network: string;
  readonly scopes: { readonly [scope: string]: IssuerState };
}

/** A report is at most so many characters. */
const REPORT_LIMIT = 64 * 1024;
/** Unasked answers that wait for a site that does not listen. */
const UNHEARD = 32;

/** Rejects with a {@link HostError} when the port cannot be had. */
export async function serveIssuer(options: IssuerOptions): Promise<IssuerService> {
  const issuers = new Issuers(options);
  const server = http.createServer((request, response) => {
    void answer(issuers, options.token, request, response).catch(() => response.destroy());
  });
  server.requestTimeout = 10_000;
  server.maxConnections = 2048;
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new HostError(
          error.code === 'EADDRINUSE' ? 'in-use' : 'other',
          `tickets cannot be handed out at ${host} port ${options.port}: ${error.code === 'EADDRINUSE' ? 'another program listens there' : error.code}`,
          error,
        ),
      ),
    );
    server.listen(options.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    view: () => issuers.view(),
    consider: (site) => issuers.consider(site),
    follow: (plan) => issuers.follow(plan),
    close: async () => {
      issuers.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await issuers.kept();
    },
  };
}

/** The machines of all scopes, their store, and who listens. */
class Issuers {
  readonly #options: IssuerOptions;
  #configs: readonly IssuerConfig[];
  readonly #states = new Map<string, IssuerState>();
  readonly #listeners = new Map<string, Set<ServerResponse>>();
  readonly #unheard = new Map<string, Answer[]>();
  #keeping: Promise<void> = Promise.resolve();
  /** Instants are milliseconds since 1970 at the start, and do not jump with the wall clock afterwards. */
  readonly #origin = Date.now() - performance.now();

  constructor(options: IssuerOptions) {
    this.#options = options;
    this.#configs = issuerConfigs(options.plan, options.fits);
    const stored = this.#read();
    const now = this.now();
    for (const { scope, guard } of this.#configs) {
      const which = stored === 'first' ? 'first' : 'successor';
      const before = stored === 'first' ? undefined : stored?.scopes[scope];
      this.#states.set(scope, before ?? startIssuer(guard, now, which));
    }
  }

  now(): Instant {
    return instant(this.#origin + performance.now());
  }

  /** Takes a report in; resolves with the answers to its site once what they promise is kept. */
  async take(report: Report): Promise<readonly Answer[]> {
    const config = this.#configs.find((c) => c.scope === report.scope);
    const state = config && this.#states.get(config.scope);
    if (!config || !state) return [];
    const [next, answers] = stepIssuer(config, state, report, this.now());
    this.#states.set(config.scope, next);
    if (promises(state) !== promises(next)) await this.#keep();
    for (const a of answers) if (a.site !== report.site) this.#say(a);
    const late = this.#unheard.get(report.site) ?? [];
    this.#unheard.delete(report.site);
    return [...late, ...answers.filter((a) => a.site === report.site)];
  }

  listen(site: string, response: ServerResponse): void {
    const all = this.#listeners.get(site) ?? new Set();
    this.#listeners.set(site, all.add(response));
    response.on('close', () => all.delete(response));
    for (const a of this.#unheard.get(site) ?? []) response.write(`${JSON.stringify(a)}\n`);
    this.#unheard.delete(site);
  }

  knows(site: string): boolean {
    return this.#configs.some((c) => c.sites.includes(site));
  }

  view(): IssuerView {
    const now = this.now();
    return {
      schema: 'nearcast.tickets/1',
      scopes: Object.fromEntries(
        this.#configs.map((config) => {
          const state = this.#states.get(config.scope) as IssuerState;
          return [
            config.scope,
            {
              keep: config.guard.keep,
              sites: config.sites,
              spokenFor: spokenFor(config, state, now),
              sharedFaults: sharedFaults(config, state, now),
            },
          ];
        }),
      ),
    };
  }

  consider(site: string): { readonly [scope: string]: Considered } {
    return Object.fromEntries(
      this.#configs.flatMap((config): [string, Considered][] =>
        config.sites.includes(site) ? [[config.scope, this.#consider(config, site)]] : [],
      ),
    );
  }

  /** Asks the machine in the site's place and forgets what it says. Tickets that others would give back count as given back. */
  #consider(config: IssuerConfig, site: string): Considered {
    const state = this.#states.get(config.scope) as IssuerState;
    const last = state.sites[site]?.last;
    if (!last) return { may: false, why: `nothing is heard of ${site}` };
    if (!last.in) return { may: true, why: `${site} is out already` };
    const ask = (from: IssuerState, n: number) =>
      stepIssuer(config, from, { ...last, seq: last.seq + n, want: 'now' }, this.now());
    const [, first] = ask(state, 1);
    const recalled = first.flatMap((a) => (a.kind === 'recall' ? [a.site] : []));
    const eased: IssuerState = {
      ...state,
      sites: Object.fromEntries(
        Object.entries(state.sites).map(([name, { granted, ...known }]) => [
          name,
          recalled.includes(name) || granted === undefined ? known : { ...known, granted },
        ]),
      ),
    };
    const answers = recalled.length > 0 ? ask(eased, 1)[1] : first;
    const answer = answers.find((a) => a.site === site);
    return answer?.kind === 'refused'
      ? { may: false, why: `${answer.reason}: ${answer.detail}` }
      : { may: true, why: `${site} may leave ${config.scope}` };
  }

  follow(plan: Plan): void {
    this.#configs = issuerConfigs(plan, this.#options.fits);
    for (const { scope, guard } of this.#configs)
      if (!this.#states.has(scope)) this.#states.set(scope, startIssuer(guard, this.now(), 'successor'));
  }

  close(): void {
    for (const all of this.#listeners.values()) for (const response of all) response.end();
  }

  kept(): Promise<void> {
    return this.#keeping;
  }

  #say(a: Answer): void {
    const listeners = this.#listeners.get(a.site);
    if (listeners && listeners.size > 0) {
      for (const response of listeners) response.write(`${JSON.stringify(a)}\n`);
      return;
    }
    if (!this.knows(a.site)) return;
    this.#unheard.set(a.site, [...(this.#unheard.get(a.site) ?? []), a].slice(-UNHEARD));
  }

  /** What is stored; `first` when there is nothing and nothing can have been before. */
  #read(): Stored | 'first' | undefined {
    const { store, first, log, plan } = this.#options;
    if (store === undefined) return first ? 'first' : undefined;
    try {
      const stored = JSON.parse(readFileSync(store, 'utf8')) as Partial<Stored> | null;
      if (
        stored?.schema === 'nearcast.issuer/1' &&
        stored.network === plan.network &&
        isStored(stored, this.now())
      )
        return stored as Stored;
      log.warn(`${store} does not say what was granted; tickets wait until all older ones have ended`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return first ? 'first' : undefined;
      log.warn(`${store} cannot be read; tickets wait until all older ones have ended`);
    }
    return undefined;
  }

  /** One write after another; each has all that was said until it began. */
  #keep(): Promise<void> {
    const { store, log, plan } = this.#options;
    if (store === undefined) return Promise.resolve();
    this.#keeping = this.#keeping.then(async () => {
      const stored: Stored = {
        schema: 'nearcast.issuer/1',
        network: plan.network,
        scopes: Object.fromEntries(this.#states),
      };
      try {
        await replaceFile(store, JSON.stringify(stored));
      } catch (error) {
        log.error(`what was granted cannot be kept in ${store} (${(error as NodeJS.ErrnoException).code})`);
        throw error;
      }
    });
    const done = this.#keeping;
    this.#keeping = done.catch(() => {});
    return done;
  }
}

/** What must not be forgotten: who was granted what, and who has left. */
function promises(state: IssuerState): string {
  return JSON.stringify([
    Object.entries(state.sites).map(([site, k]) => [site, k.last.boot, k.last.in, k.granted]),
    state.leaves,
  ]);
}

/** A store from the future means that the clock went back: its instants mean nothing. */
function isStored(stored: Partial<Stored>, now: Instant): boolean {
  if (typeof stored.scopes !== 'object' || stored.scopes === null) return false;
  return Object.values(stored.scopes).every(
    (s) =>
      typeof s?.sites === 'object' &&
      s.sites !== null &&
      Array.isArray(s.leaves) &&
      Object.values(s.sites).every((k) => typeof k?.at === 'number' && k.at <= now + 1000),
  );
}

async function answer(
  issuers: Issuers,
  token: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const end = (status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(body)}\n`);
  };
  if (token !== undefined && !isAuthorized(request.headers.authorization, token))
    return end(401, { error: 'a token is needed' });
  const route = `${request.method} ${url.pathname.replace(/^.*(?=\/tickets\/v1\/)/, '')}`;
  if (route === 'GET /tickets/v1/state') return end(200, issuers.view());
  if (route === 'GET /tickets/v1/answers') {
    const site = url.searchParams.get('site') ?? '';
    if (!issuers.knows(site)) return end(404, { error: 'no such site' });
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    request.setTimeout(0);
    issuers.listen(site, response);
    return undefined;
  }
  if (route !== 'POST /tickets/v1/report') return end(404, { error: 'no such thing here' });
  let text = '';
  request.setEncoding('utf8');
  for await (const piece of request) {
    text += piece;
    if (text.length > REPORT_LIMIT) return end(413, { error: 'too long' });
  }
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch {
    return end(400, { error: 'no JSON' });
  }
  if (!isReport(report)) return end(400, { error: 'no report' });
  try {
    return end(200, { answers: await issuers.take(report) });
  } catch {
    return end(503, { error: 'nothing can be granted: it could not be kept' });
  }
}

function isAuthorized(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

const VERDICTS = ['unknown', 'down', 'degraded', 'up'];

/** What came over the network is looked at before it is believed. */
function isReport(value: unknown): value is Report {
  const r = value as Partial<Report> | null;
  const count = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  return (
    typeof r === 'object' &&
    r !== null &&
    typeof r.site === 'string' &&
    typeof r.scope === 'string' &&
    [r.boot, r.seq, r.deaf, r.leaves].every(count) &&
    VERDICTS.includes(r.verdict as string) &&
    typeof r.in === 'boolean' &&
    typeof r.holds === 'boolean' &&
    (r.want === undefined || ['spare', 'soon', 'now'].includes(r.want)) &&
    typeof r.failing === 'object' &&
    r.failing !== null &&
    Object.keys(r.failing).length <= 1000 &&
    Object.values(r.failing).every((n) => Number.isFinite(n) && n >= 0) &&
    (r.load === undefined || (Number.isFinite(r.load) && r.load >= 0))
  );
}
