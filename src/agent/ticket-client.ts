/**
 * The site's end of the ticket service: reports go out over HTTP, answers come back, and a stream brings what the issuer has
 * to say unasked. When nobody is there nothing happens: the site's own machine notices, and changes nothing that is announced
 * because of it.
 */
import { readFileSync } from 'node:fs';
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Logger } from '../host/index.ts';
import type { Controller } from '../plan/index.ts';
import type { Answer, Report } from '../site/index.ts';
import type { Tickets } from './agent.ts';

/** `import` would also load what Node's own `fetch` needs, 6 MB; an agent has no use for it. */
const http = process.getBuiltinModule('node:http');

export interface TicketClientOptions {
  readonly site: string;
  readonly controller: Controller;
  readonly token?: string;
  readonly log: Logger;
  readonly hear: (answer: Answer) => void;
}

/** How long one report may take. */
const ANSWER_LIMIT = 3000;
/** The longest answer, in characters. */
const SIZE_LIMIT = 256 * 1024;
/** Before the stream is opened anew, in milliseconds; doubled up to the second. */
const AGAIN = 500;
const AGAIN_MOST = 10_000;

export class TicketClient implements Tickets {
  readonly #options: TicketClientOptions;
  readonly #token: string | undefined;
  readonly #agents: { readonly [protocol: string]: Agent };
  /** By scope: the report that waits while one is under way. Only the latest says anything. */
  readonly #waiting = new Map<string, Report>();
  readonly #underWay = new Set<string>();
  /** The endpoint that answered last. */
  #at = 0;
  #reached: boolean | undefined;
  #stream: ClientRequest | undefined;
  #again: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TicketClientOptions) {
    this.#options = options;
    const { token } = options;
    // A token that is not sent is refused by the controller; one that breaks every request would end the agent.
    if (token !== undefined && !/^[\x20-\x7e]+$/.test(token))
      options.log.error('the controller will not know us: the token has characters that HTTP cannot carry');
    else this.#token = token;
    const keep = { keepAlive: true, maxSockets: 4 };
    const { ca } = options.controller;
    this.#agents = {
      'http:': new http.Agent(keep),
      'https:': new https.Agent({ ...keep, ...(ca === undefined ? {} : { ca: this.#certificates(ca) }) }),
    };
    this.#listen(AGAIN);
  }

  /** None where they cannot be read: then no controller is believed, which changes nothing that is announced. */
  #certificates(file: string): string | string[] {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.#options.log.error(`no controller will be believed: ${file} cannot be read (${code})`);
      return [];
    }
  }

  /** Whether the controller answered last; undefined before the first try. */
  get reached(): boolean | undefined {
    return this.#reached;
  }

  send(report: Report): void {
    if (this.#closed) return;
    this.#waiting.set(report.scope, report);
    if (!this.#underWay.has(report.scope)) void this.#post(report.scope);
  }

  /** Lets what is under way end, for a moment. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#again);
    this.#stream?.destroy();
    for (let i = 0; i < 20 && this.#underWay.size > 0; i++) await new Promise((r) => setTimeout(r, 10));
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  async #post(scope: string): Promise<void> {
    this.#underWay.add(scope);
    for (;;) {
      const report = this.#waiting.get(scope);
      if (!report) break;
      this.#waiting.delete(scope);
      const answers = await this.#ask(report);
      for (const answer of answers) if (!this.#closed) this.#options.hear(answer);
    }
    this.#underWay.delete(scope);
  }

  /** Every endpoint once, beginning with the one that answered last. */
  async #ask(report: Report): Promise<readonly Answer[]> {
    const { endpoints } = this.#options.controller;
    let why = '';
    for (let i = 0; i < endpoints.length; i++) {
      const at = (this.#at + i) % endpoints.length;
      try {
        const text = await this.#request(endpoints[at] as string, JSON.stringify(report));
        this.#at = at;
        this.#reach(true, endpoints[at] as string);
        const { answers } = JSON.parse(text) as { answers?: unknown };
        return Array.isArray(answers) ? answers.filter(isAnswer) : [];
      } catch (error) {
        why = `${endpoints[at]}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`;
      }
    }
    this.#reach(false, why);
    return [];
  }

  #request(endpoint: string, body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = this.#open(endpoint, 'report', 'POST', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
          if (text.length > SIZE_LIMIT) request.destroy(new Error('the answer is too long'));
        });
        response.on('end', () => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`answers ${response.statusCode}`));
        });
        response.on('error', reject);
      });
      const limit = setTimeout(() => request.destroy(new Error('does not answer')), ANSWER_LIMIT);
      request.on('error', reject);
      request.on('close', () => clearTimeout(limit));
      request.end(body);
    });
  }

  #open(
    endpoint: string,
    path: string,
    method: 'GET' | 'POST',
    answered: (response: IncomingMessage) => void,
  ): ClientRequest {
    const base = new URL(endpoint.endsWith('/') ? endpoint : `${endpoint}/`);
    const url = new URL(`tickets/v1/${path}`, base);
    const agent = this.#agents[url.protocol];
    const token = this.#token;
    const options = {
      method,
      ...(agent ? { agent } : {}),
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    };
    return (url.protocol === 'https:' ? https : http).request(url, options, answered);
  }

  /** Answers that nobody asked for just now: somebody needs a ticket more. */
  #listen(again: number): void {
    if (this.#closed) return;
    const { endpoints } = this.#options.controller;
    let next = Math.min(AGAIN_MOST, again * 2);
    const endpoint = endpoints[this.#at % endpoints.length] as string;
    const path = `answers?site=${encodeURIComponent(this.#options.site)}`;
    const stream = this.#open(endpoint, path, 'GET', (response) => {
      if (response.statusCode !== 200) return void response.destroy();
      next = AGAIN;
      let line = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        const lines = (line + piece).split('\n');
        line = lines.pop() as string;
        if (line.length > SIZE_LIMIT) return void response.destroy();
        for (const text of lines) this.#unasked(text);
      });
      response.on('error', () => {});
    });
    stream.on('error', () => {});
    stream.on('close', () => {
      if (this.#closed) return;
      this.#again = setTimeout(() => this.#listen(next), again);
      this.#again.unref();
    });
    stream.end();
    this.#stream = stream;
  }

  #unasked(text: string): void {
    if (this.#closed || text.trim() === '') return;
    try {
      const answer: unknown = JSON.parse(text);
      if (isAnswer(answer)) this.#options.hear(answer);
    } catch {
      // A line that is none is no answer.
    }
  }

  #reach(reached: boolean, where: string): void {
    if (this.#reached === reached) return;
    this.#reached = reached;
    if (reached) this.#options.log.info(`the controller answers at ${where}`);
    else
      this.#options.log.warn(`the controller does not answer (${where}); what is announced stays as it is`);
  }
}

const KINDS = ['noted', 'granted', 'refused', 'recall'];

/** What came over the network is looked at before it is believed. */
function isAnswer(value: unknown): value is Answer {
  const a = value as Partial<Answer & { lease: unknown; reason: unknown; detail: unknown }> | null;
  return (
    typeof a === 'object' &&
    a !== null &&
    KINDS.includes(a.kind as string) &&
    typeof a.site === 'string' &&
    typeof a.scope === 'string' &&
    Number.isSafeInteger(a.boot) &&
    Number.isSafeInteger(a.seq) &&
    Array.isArray(a.shared) &&
    a.shared.every((s) => typeof s === 'string') &&
    (a.kind !== 'granted' || (Number.isFinite(a.lease) && (a.lease as number) > 0)) &&
    (a.kind !== 'refused' || (typeof a.reason === 'string' && typeof a.detail === 'string'))
  );
}
