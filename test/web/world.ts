/** A real `nearcast up` as a process of its own, with its page, for tests that look at it through a browser. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BIN, SMALL, THREE as THREE_SITES } from '../../src/cli/up.test-support.ts';
import { upSocket } from '../../src/cli/up-views.ts';
import {
  type Answer,
  type Request,
  readAnswer,
  readSnapshot,
  type Snapshot,
} from '../../src/control/index.ts';

/** A machine that is busy with other things may take this long. */
const START_MS = 120_000;
const PATIENCE_MS = 60_000;
const BY = { owner: 'ann', reason: 'a test' };

export interface WorldOptions {
  /** A plan as text; the planet unless given. */
  readonly plan?: string;
  readonly args?: readonly string[];
}

/** Three sites that do everything quickly, in a small internet. */
export const THREE: WorldOptions = { args: SMALL, plan: THREE_SITES };

let worlds = 0;

export class World {
  readonly #options: WorldOptions;
  readonly #name = `web-${process.pid}-${++worlds}`;
  readonly #folder = mkdtempSync(join(tmpdir(), 'nearcast-web-'));
  #child: ChildProcess | undefined;
  #page = 0;
  /** Where its HTTP clients come in. */
  http = 0;

  private constructor(options: WorldOptions) {
    this.#options = options;
  }

  /** Resolves when all of the world reaches a site. */
  static async start(options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    try {
      await world.begin();
    } catch (error) {
      await world.end();
      throw error;
    }
    return world;
  }

  get host(): string {
    return `127.0.0.1:${this.#page}`;
  }

  /** Without the token: whoever comes this way may only look. */
  get address(): string {
    return `http://${this.host}/`;
  }

  /** Of the run that is on. */
  get token(): string {
    return readFileSync(join(this.#folder, 'state', 'token'), 'utf8').trim();
  }

  /** As `up` prints it. */
  get url(): string {
    return `${this.address}#token=${this.token}`;
  }

  /** Starts it, again at the port where its page was before, with what it remembers. */
  async begin(): Promise<void> {
    const { plan, args = [] } = this.#options;
    const file = join(this.#folder, 'network.yaml');
    if (plan !== undefined) writeFileSync(file, plan);
    const child = spawn(
      process.execPath,
      [
        ...[BIN, 'up', ...(plan === undefined ? [] : [file]), '--json', '--name', this.#name],
        ...['--http', '0', '--dns', '0', '--host', '127.0.0.1', '--page', String(this.#page)],
        ...['--state', join(this.#folder, 'state'), ...args],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      let text = '';
      const late = setTimeout(() => reject(new Error(`up was not ready in time: ${text}`)), START_MS);
      child.once('exit', (code) => reject(new Error(`up ended with ${code}: ${text}`)));
      child.stdout?.on('data', (piece: Buffer) => {
        text += piece.toString();
        const lines = text.split('\n');
        text = lines.pop() as string;
        for (const line of lines) {
          const said = JSON.parse(line);
          if (said.kind !== 'ready') continue;
          clearTimeout(late);
          this.http = said.http;
          this.#page = said.page;
          resolve();
        }
      });
    });
    await until('every site announces', async () =>
      Object.values((await this.snapshot()).sites).every(
        (s) =>
          s.process.standing === 'running' && Object.values(s.decisions).every((d) => d.level === 'full'),
      ),
    );
  }

  /** As a power cut would end it. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
    rmSync(upSocket(this.#name), { force: true });
  }

  async snapshot(): Promise<Snapshot> {
    const read = readSnapshot((await ask(this.host, '/api/v1/snapshot')).body);
    if (!read.ok) throw new Error(read.complaints.join('; '));
    return read.value;
  }

  /** Rejects unless it was done. */
  async order(order: Record<string, unknown>): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const request = { ...BY, ...order } as unknown as Request;
    const { body } = await ask(
      this.host,
      '/api/v1/requests',
      { method: 'POST', headers },
      JSON.stringify(request),
    );
    const read = readAnswer(body);
    if (!read.ok || (read.value.outcome !== 'done' && read.value.outcome !== 'considered'))
      throw new Error(`${JSON.stringify(order)}: ${body}`);
    return read.value;
  }

  /** Everything as it was at the start: nothing dead, cut, failing, drained or frozen, and every client where it belongs. */
  async heal(): Promise<void> {
    const { sites } = await this.snapshot();
    for (const [site, { drain, frozen }] of Object.entries(sites)) {
      if (frozen) await this.order({ do: 'unfreeze', site });
      if (drain.phase !== 'in') await this.order({ do: 'undrain', site });
    }
    await this.order({ do: 'heal' });
    await until('the world is well', async () => {
      const s = await this.snapshot();
      return (
        Object.keys(s.faults).length === 0 &&
        Object.values(s.vantages).every((v) => v.landing.site !== undefined) &&
        Object.values(s.sites).every(
          (site) =>
            site.process.standing === 'running' &&
            site.drain.phase === 'in' &&
            !site.frozen &&
            Object.values(site.decisions).every((d) => d.level === 'full') &&
            Object.values(site.upstreams).every((u) =>
              Object.values(u.announcements).every((a) => a.actual === a.expected),
            ),
        )
      );
    });
  }

  /** The site that answers a client, asked over HTTP as the client would. Undefined: nobody does. */
  async served(from: string): Promise<string | undefined> {
    const answer = await ask(`127.0.0.1:${this.http}`, '/', { localAddress: from, timeout: 2000 }).catch(
      () => undefined,
    );
    const by = answer?.headers['x-served-by'];
    return typeof by === 'string' ? by : undefined;
  }
}

export interface Got {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** One request over a connection of its own. */
export function ask(
  host: string,
  path: string,
  options: http.RequestOptions = {},
  body?: string,
): Promise<Got> {
  const [hostname, port] = host.split(':');
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path, agent: false, ...options }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece) => {
        text += piece;
      });
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
      );
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', reject);
    request.end(body);
  });
}

/** Looks again and again until there is something to be seen. An error while looking counts as nothing seen. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  let trouble: unknown;
  for (const end = performance.now() + patienceMs; performance.now() < end; ) {
    try {
      const found = await look();
      if (found) return found;
      trouble = undefined;
    } catch (error) {
      trouble = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not in time: ${what}`, { cause: trouble });
}
