/** Runs `nearcast up` until it is told to stop: the world, its control socket, and the board. */

import { rmSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type IssuerService, serveIssuer } from '../agent/index.ts';
import { type Args, ControlError, HostError, logger, realClock, serveControl } from '../host/index.ts';
import { findVantage, kindsOf, type Landing, Planet, usualDemand, vantages } from '../lab/index.ts';
import { EXIT, Failure } from './failure.ts';
import { readPlan } from './plan-file.ts';
import { wantsColour } from './table.ts';
import type { UpSettings } from './up.ts';
import { board, moves } from './up-board.ts';
import { freshFolder } from './up-folder.ts';
import { UpPage, upState } from './up-page.ts';
import { type Tried, tryWorld } from './up-try.ts';
import { type Done, type UpView, upAgentSocket, upSocket, type WhoRow } from './up-views.ts';
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
  const told = stopSignal();
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
        ? `ready after ${took.toFixed(1)} s: ${this.planet.internet.map.routers.length} routers, ${this.#rows().length} countries; http://${host}:${ports.http}/ and dns ${host} port ${ports.dns}`
        : `not everything is as it should be after ${took.toFixed(0)} s: ${this.#missing().join('; ')}`,
      {
        seconds: took,
        ...(this.#ready ? {} : { missing: this.#missing() }),
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

  #missing(): readonly string[] {
    const view = this.#view();
    const sites = view.sites
      .filter((s) => s.state?.level !== 'full')
      .map(
        (s) => `${s.site} is ${s.state?.level ?? s.standing}${s.state?.why[0] ? ` (${s.state.why[0]})` : ''}`,
      );
    const lost = this.#rows().filter((r) => r.site === undefined).length;
    const down = (this.planet as Planet).internet.down();
    return [...sites, ...down.slice(0, 5), ...(lost > 0 ? [`${lost} countries have no way`] : [])];
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
          : `not everything is as it should be: ${this.#missing().join('; ')}`,
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
      const rows = this.#rows();
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
    const lines = board(this.#view(), this.#news, this.#colour, rows, columns);
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

  // ── answers ───────────────────────────────────────────────────────────────────────────────────────────────────

  answer(verb: string, args: Args): unknown {
    const { planet } = this;
    if (!planet) throw new ControlError('nearcast up is still starting', 5);
    switch (verb) {
      case 'status':
        return this.#view();
      case 'who':
        return this.#who(args['from'], args['all'] === true, args['family'] === 6 ? 6 : 4);
      case 'kill':
        return this.#do(async () => {
          if (args['site'] === CONTROLLER && !planet.sites.has(CONTROLLER)) return this.#killController();
          const site = this.#site(args['site']);
          if (planet.sites.get(site)?.standing === 'dead') return [`${site} is dead already`];
          await planet.kill(site);
          return [`the agent of ${site} was killed (kill -9), and its services with it`];
        });
      case 'fail':
        return this.#do(async () => {
          const site = this.#site(args['site']);
          const [service, how] = [String(args['service']), String(args['how'])];
          await planet.tell(site, { do: 'fail', service, how });
          return [`${service} at ${site} fails from now on (${how})`];
        });
      case 'cut':
        return this.#do(async () => {
          const [one, other] = [
            String(args['one']),
            args['other'] === undefined ? undefined : String(args['other']),
          ];
          const cut = planet.internet.cut(one, other);
          if (cut.length === 0) throw new ControlError(`nothing to cut: ${this.#links(one)}`, 2);
          return cut.map((c) => `cut: ${c}`);
        });
      case 'heal':
        return this.#do(() => this.#heal(args['what'], args['other']));
      default:
        throw new ControlError(`nearcast up does not know '${verb}'`, 2);
    }
  }

  async #do(what: () => Promise<readonly string[]>): Promise<Done> {
    try {
      const done = await what();
      for (const sentence of done) this.#say('order', sentence);
      return { done };
    } catch (error) {
      if (error instanceof ControlError) throw error;
      throw new ControlError((error as Error).message, 2);
    }
  }

  async #killController(): Promise<readonly string[]> {
    const planet = this.planet as Planet;
    if (planet.controlled === undefined) throw new ControlError(NO_CONTROLLER, 2);
    return [
      (await planet.killController())
        ? 'the controller is dead: nobody hands out tickets until nearcast heal controller'
        : 'the controller is dead already',
    ];
  }

  async #heal(what: unknown, other: unknown): Promise<readonly string[]> {
    const planet = this.planet as Planet;
    if (what === undefined) {
      const cuts = planet.internet.heal().map((c) => `healed: ${c}`);
      if (await planet.healController()) cuts.push('the controller hands out tickets again');
      const rest = await Promise.all([...planet.sites.keys()].map((site) => planet.healSite(site)));
      for (const site of planet.sites.values())
        if (cuts.length > 0 && site.standing === 'running') await site.tell({ do: 'dial' });
      return [...cuts, ...rest.flat(), 'all services are well'];
    }
    const name = String(what);
    if (name === CONTROLLER && !planet.sites.has(name)) {
      if (planet.controlled === undefined) throw new ControlError(NO_CONTROLLER, 2);
      return [
        (await planet.healController())
          ? 'the controller hands out tickets again'
          : 'the controller hands out tickets already',
      ];
    }
    if (planet.sites.has(name) && other === undefined) {
      const done = await planet.healSite(name);
      return done.length > 0 ? done : [`the services of ${name} are well`];
    }
    const services = Object.keys(planet.plan.services);
    if (services.includes(name)) {
      const sites = other === undefined ? [...planet.sites.keys()] : [this.#site(other)];
      for (const site of sites)
        if (planet.sites.get(site)?.standing === 'running')
          await planet.tell(site, { do: 'heal', service: name });
      return [`${name} is well at ${sites.join(', ')}`];
    }
    const healed = planet.internet.heal(name, other === undefined ? undefined : String(other));
    if (healed.length === 0)
      throw new ControlError(
        `nothing to heal at '${name}'; cut now: ${planet.internet.cuts().join(', ') || 'nothing'}`,
        2,
      );
    for (const site of planet.sites.values())
      if (site.standing === 'running') await site.tell({ do: 'dial' });
    return healed.map((c) => `healed: ${c}`);
  }

  #site(name: unknown): string {
    const { sites } = this.planet as Planet;
    if (sites.has(String(name))) return String(name);
    throw new ControlError(`there is no site ${String(name)}; there are: ${[...sites.keys()].join(', ')}`, 2);
  }

  #links(one: string): string {
    const { plan } = this.planet as Planet;
    const site = plan.sites[one];
    if (site) return `the upstreams of ${one} are ${Object.keys(site.upstreams).join(', ')}`;
    return `'${one}' is no site (${Object.keys(plan.sites).join(', ')}), no upstream, and no AS with a link here`;
  }

  #who(from: unknown, all: boolean, family: 4 | 6): readonly WhoRow[] {
    const planet = this.planet as Planet;
    if (!planet.directions.families().includes(family))
      throw new ControlError(`the plan announces no IPv${family} prefix`, 2);
    if (from === undefined) return all ? this.#rows(undefined, family) : this.#rows(MAIN, family);
    const vantage = findVantage(String(from));
    if (!vantage)
      throw new ControlError(
        `no vantage '${String(from)}': a city such as Tokyo, its code, or an address such as 127.81.0.1`,
        2,
      );
    return planet.landings([vantage], family).map(row);
  }

  #rows(only?: readonly string[], family?: 4 | 6): readonly WhoRow[] {
    const chosen = vantages().filter((v) => only === undefined || only.includes(v.place.code));
    return (this.planet as Planet).landings(chosen, family).map(row);
  }

  #view(): UpView {
    const planet = this.planet as Planet;
    const host = planet.hosts[0] as string;
    const landings = planet.landings();
    const people = landings.reduce((n, l) => n + l.users, 0);
    return {
      schema: 'nearcast.up/1',
      network: planet.plan.network,
      pid: process.pid,
      http: `${host}:${planet.ports.http}`,
      dns: `${host} port ${planet.ports.dns}`,
      hosts: planet.hosts,
      ready: planet.ready(),
      ...(planet.controlled === undefined ? {} : { controlled: planet.controlled }),
      cuts: planet.internet.cuts(),
      outcomes: { ...planet.outcomes },
      folder: this.#folder,
      sites: planet.views().map((s) => {
        const here = landings.filter((l) => l.trip.site === s.site);
        const users = here.reduce((n, l) => n + l.users, 0);
        const sum = here.reduce((n, l) => n + l.users * 2 * l.trip.latencyMs, 0);
        return {
          ...s,
          vantages: here.length,
          share: users / people,
          ...(users > 0 ? { rttMs: sum / users } : {}),
        };
      }),
    };
  }
}

/** What `kill` and `heal` call whoever hands out tickets. */
const CONTROLLER = 'controller';
const NO_CONTROLLER = 'this plan names no controller: each site judges alone';

/** Vantages that `who` shows unless all are asked for. */
const MAIN =
  'nyc mex bog lim scl bue sao lon par mad fra mil waw sto mow ist cai los nbo jnb dxb khi bom sin jkt mnl hkg sha sel tyo syd akl'.split(
    ' ',
  );

function row({ vantage, trip }: Landing): WhoRow {
  return {
    from: vantage.address,
    place: vantage.place.name,
    country: vantage.place.cc,
    ...(trip.site === undefined ? {} : { site: trip.site, upstream: trip.upstream as string }),
    rttMs: Math.round(20 * trip.latencyMs) / 10,
    asPath: trip.path,
    ...(trip.lost === undefined ? {} : { lost: trip.lost }),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The first of the signals that mean "stop"; a second one ends the process at once, and its children see that. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        resolve(signal);
      });
  });
}
