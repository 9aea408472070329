/** Runs `nearcast up` until it is told to stop: the world, its control socket, and the board. */

import { rmSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type IssuerService, serveIssuer } from '../agent/index.ts';
import { type Args, ControlError, HostError, logger, realClock, serveControl } from '../host/index.ts';
import { kindsOf, Planet, usualDemand, vantages } from '../lab/index.ts';
import { EXIT, Failure } from './failure.ts';
import { readPlan } from './plan-file.ts';
import { stopSignal } from './signals.ts';
import { wantsColour } from './table.ts';
import type { UpSettings } from './up.ts';
import { board, moves } from './up-board.ts';
import { DEEDS } from './up-deeds.ts';
import { freshFolder } from './up-folder.ts';
import { landingsOf, MAIN, missingIn, viewOf, whoLands } from './up-landings.ts';
import { UpPage, upState } from './up-page.ts';
import { type Tried, tryWorld } from './up-trial.ts';
import { type Done, upAgentSocket, upSocket, type WhoRow } from './up-views.ts';
import { upWorldOf } from './up-world.ts';

/** How often the board is drawn at most, and how long movement has to rest before it is told of. */
const DRAW_MS = 250;
const REST_MS = 400;
const LOOK_MS = 100;
/** How long the start may take before it is said what is missing. */
const START_MS = 30_000;
/** How long routes may take to come to rest before it is said who was not served by them. */
const TRY_MS = 15_000;
/** News that the board remembers. */
const NEWS = 200;

export async function runUp(settings: UpSettings): Promise<void> {
  const up = new Up(settings);
  const told = stopSignal(['SIGINT', 'SIGTERM', 'SIGHUP']);
  const socket = upSocket(settings.name);
  const control = await serveControl(socket, (verb, args) => up.answer(verb, args)).catch((error) => {
    throw error instanceof HostError && error.kind === 'in-use' ? second(error, settings.name) : error;
  });
  try {
    await Promise.race([up.start(), told]);
    if (settings.attempt && up.planet) return await up.attempt();
    if (up.planet) up.show();
    const signal = await told;
    up.leave(signal);
  } finally {
    await up.stop();
    await control.close();
  }
}

function second(error: HostError, name: string): Failure {
  const pid = /pid (\d+)/.exec(error.message)?.[1];
  return new Failure(
    `nearcast up runs already${name === 'up' ? '' : ` under the name ${name}`}${pid ? ` (pid ${pid})` : ''}: end it with Ctrl-C in its terminal${pid ? ` or kill ${pid}` : ''}, ` +
      'or give this one --name, --http and --dns of its own',
    EXIT.error,
  );
}

class Up {
  readonly #settings: UpSettings;
  readonly #began = performance.now();
  readonly #news: string[] = [];
  readonly #live: boolean;
  readonly #colour = wantsColour(process.stdout);
  #folder = '';
  planet: Planet | undefined;
  #page: UpPage | undefined;
  #issuer: IssuerService | undefined;
  #starting: Promise<void> | undefined;
  #before: readonly WhoRow[] = [];
  #ready = false;
  #dirty = false;
  /** Where everybody landed at the last look, and since when. */
  #seen = '';
  #seenSince = 0;
  #outcomes = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: UpSettings) {
    this.#settings = settings;
    this.#live = process.stdout.isTTY === true && !settings.json;
  }

  /** Resolves when every vantage has a way and every site announces, or when it is clear that it will not be so. */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { file, hosts, http, dns, name, ases, seed } = this.#settings;
    const { plan } = readPlan(file);
    this.#say('start', `starting ${Object.keys(plan.sites).length} sites of ${plan.network}`);
    const kinds = Object.entries(kindsOf(plan)).map(
      ([service, kind]) => `${service} (${kind.toUpperCase()})`,
    );
    if (kinds.length > 0)
      this.#say(
        'note',
        `services are servers of ours at every site: ${kinds.join(', ')}; probes ask them, as often as the plan says, instead of what it names`,
      );
    if (this.#settings.page !== 'off' && !this.#settings.attempt) this.#page = await this.#openPage();
    const demand = this.#settings.demand ?? usualDemand(plan);
    let first = true;
    const log = logger({ level: 'warn' });
    this.#folder = freshFolder();
    const cache = getCompileCacheDir();
    this.planet = await Planet.start({
      plan,
      ases,
      seed,
      clock: realClock(),
      hosts,
      http,
      dns,
      demand,
      folder: this.#folder,
      command: [
        process.execPath,
        // An agent keeps little; without these V8 waits for a bigger heap before it looks what is garbage.
        '--max-semi-space-size=1',
        '--max-old-space-size=128',
        '--optimize-for-size',
        fileURLToPath(new URL(`./up-site${extname(import.meta.url)}`, import.meta.url)),
      ],
      env: {
        ...process.env,
        // Several pools of the C library would be for threads that have nothing to do here.
        MALLOC_ARENA_MAX: '1',
        ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }),
      },
      socket: (site) => upAgentSocket(name, site),
      controller: async (p, at) => {
        const issuer = await serveIssuer({ plan: p, ...at, log, first });
        first = false;
        this.#issuer = issuer;
        return issuer;
      },
      handlers: {
        changed: () => {
          this.#dirty = true;
          this.#page?.changed();
        },
        note: (sentence) => this.#say('note', sentence),
        asked: (trip, outcome) => this.#page?.asked(trip, outcome),
      },
    });
    this.#page?.begin(this.planet, () => this.#issuer);
    const until = performance.now() + START_MS;
    while (!this.planet.ready() && performance.now() < until) await pause(20);
    this.#ready = this.planet.ready();
    const took = (performance.now() - this.#began) / 1000;
    const { ports } = this.planet;
    const host = this.planet.hosts[0] as string;
    this.#say(
      'ready',
      this.#ready
        ? `ready after ${took.toFixed(1)} s: ${this.planet.internet.map.routers.length} routers, ${landingsOf(this.planet).length} countries; http://${host}:${ports.http}/ and dns ${host} port ${ports.dns}`
        : `not everything is as it should be after ${took.toFixed(0)} s: ${missingIn(this.planet).join('; ')}`,
      {
        seconds: took,
        ...(this.#ready ? {} : { missing: missingIn(this.planet) }),
        http: ports.http,
        dns: ports.dns,
        ...(this.#page ? { page: this.#page.port } : {}),
      },
    );
    if (this.#page && !this.#settings.json) this.#say('page', `see it: ${this.#page.url}`);
  }

  #openPage(): Promise<UpPage> {
    const { page, state, name } = this.#settings;
    return UpPage.open({
      name,
      port: page === 'auto' || page === 'off' ? undefined : page,
      ...(state === 'none' ? {} : { state: state ?? upState(name) }),
      world: this.#settings.world ?? upWorldOf(this.#settings),
      say: (sentence) => this.#say('note', sentence),
      order: async (verb, args) => ((await this.answer(verb, args)) as Done).done,
    });
  }

  /** Asks from everywhere. Rejects with exit 4 when somebody was not served as the routes say. */
  async attempt(): Promise<void> {
    const planet = this.planet as Planet;
    const until = performance.now() + TRY_MS;
    const from = vantages().filter((v) => MAIN.includes(v.place.code));
    const isWrong = (t: Tried) => t.site === undefined || t.answered !== t.site;
    let tried = await tryWorld(planet, from);
    // Routes of the start may still be on their way; who met them asks again.
    while (tried.some(isWrong) && performance.now() < until) {
      await pause(REST_MS);
      tried = await tryWorld(planet, from);
    }
    const wrong = tried.filter(isWrong);
    for (const t of tried)
      if (this.#settings.json) this.#line({ kind: 'tried', ...t });
      else if (wrong.includes(t))
        this.#say(
          'tried',
          `${t.place} (${t.from}) over ${t.over} and IPv${t.family}: ${t.answered}, and its routes lead to ${t.site ?? 'nowhere'}`,
        );
    const sites = new Set(tried.map((t) => t.site));
    const all = `${tried.length} requests and queries from ${new Set(tried.map((t) => t.from)).size} countries`;
    if (wrong.length > 0 || !this.#ready)
      throw new Failure(
        wrong.length > 0
          ? `${wrong.length} of ${all} were not served by the site that their routes lead to`
          : `not everything is as it should be: ${missingIn(planet).join('; ')}`,
        EXIT.notConverged,
      );
    this.#say('end', `${all}: each was served by the site its routes lead to, ${sites.size} sites in all`);
  }

  /** Begins to look at what changes. */
  show(): void {
    this.#dirty = true;
    this.#timer = setInterval(() => this.#look(), this.#live ? DRAW_MS : LOOK_MS);
    this.#look();
  }

  leave(signal: string): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#say('end', `ending (${signal})`);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    // Whatever is being started is waited for, so that nothing of it stays.
    await this.#starting?.catch(() => {});
    await this.#page?.close();
    await this.planet?.stop();
    if (this.#folder !== '') rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Tells of what moved once it has come to rest, and draws the board. */
  #look(): void {
    const { planet } = this;
    if (!planet) return;
    const outcomes = JSON.stringify(planet.outcomes);
    const draw = this.#dirty || outcomes !== this.#outcomes;
    this.#outcomes = outcomes;
    if (this.#dirty) {
      const rows = landingsOf(planet);
      const seen = rows.map((r) => r.site).join();
      const now = performance.now();
      if (seen !== this.#seen) [this.#seen, this.#seenSince] = [seen, now];
      else if (now - this.#seenSince > REST_MS) {
        this.#tellMoves(rows);
        this.#dirty = false;
      }
    }
    if (draw && this.#live) this.#draw();
  }

  #tellMoves(rows: readonly WhoRow[]): void {
    // What settles after the start is no move.
    if (this.#before.length > 0) {
      for (const move of moves(this.#before, rows)) this.#say('move', move);
      if (this.#settings.json)
        for (const row of rows.filter((r, i) => this.#before[i]?.site !== r.site))
          this.#line({ kind: 'landing', ...row });
    }
    this.#before = rows;
  }

  #draw(): void {
    const { rows = 40, columns = 80 } = process.stdout;
    const lines = board(viewOf(this.planet as Planet, this.#folder), this.#news, this.#colour, rows, columns);
    process.stdout.write(`\x1b[H\x1b[2J${lines.join('\n')}\n`);
  }

  #say(kind: string, sentence: string, facts: object = {}): void {
    const at = new Date();
    const time = at.toTimeString().slice(0, 8);
    this.#news.push(`${time} ${sentence}`);
    if (this.#news.length > NEWS) this.#news.shift();
    if (kind === 'note') this.#page?.note(sentence);
    if (this.#settings.json) this.#line({ kind, say: sentence, ...facts });
    else if (this.#live && this.#timer) this.#draw();
    else process.stdout.write(`${time} ${sentence}\n`);
  }

  #line(value: object): void {
    process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), ...value })}\n`);
  }

  /** To a question or an order; what an order did is told here as well. */
  async answer(verb: string, args: Args): Promise<unknown> {
    const { planet } = this;
    if (!planet) throw new ControlError('nearcast up is still starting', 5);
    if (verb === 'status') {
      const page = this.#page && `http://127.0.0.1:${this.#page.port}/`;
      return { ...viewOf(planet, this.#folder), ...(page === undefined ? {} : { page }) };
    }
    if (verb === 'who')
      return whoLands(planet, args['from'], args['all'] === true, args['family'] === 6 ? 6 : 4);
    const deed = Object.hasOwn(DEEDS, verb) ? DEEDS[verb] : undefined;
    if (!deed) throw new ControlError(`nearcast up does not know '${verb}'`, 2);
    const done = await deed(planet, args).catch((error: Error) => {
      throw error instanceof ControlError ? error : new ControlError(error.message, 2);
    });
    for (const sentence of done) this.#say('order', sentence);
    return { done } satisfies Done;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
