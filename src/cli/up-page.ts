/** The page of a running `up`: looks at the planet, tells the page what it sees, and carries out what the page asks for. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { IssuerService } from '../agent/index.ts';
import { parseAsn } from '../base/index.ts';
import type { Body, Guard, Opinion, Order, Request } from '../control/index.ts';
import { type ControlPage, type Given, serveControlPage } from '../edge/index.ts';
import { type Args, ControlError, HostError } from '../host/index.ts';
import { Counting, type Counts, fingerprint, type Planet, type SiteState, sightOf } from '../lab/index.ts';
import { isNamed, nearest } from '../plan/index.ts';
import { withControl } from './socket.ts';
import { namesOf } from './up-deeds.ts';
import { upAgentSocket } from './up-views.ts';

/** How often it is looked whether there is something to see, and how often requests are counted. */
const LOOK_MS = 100;
const COUNT_MS = 1000;
/** Where the page is unless somebody says; when that is taken, anywhere. */
const PAGE_PORT = 8070;

const DASHBOARD = fileURLToPath(new URL('../../dashboard/dist', import.meta.url));
const BUILD = 'npm run build:dashboard';

export interface UpPageOptions {
  /** Of the `up`. */
  readonly name: string;
  /** Undefined: the usual one, or another when it is taken. */
  readonly port: number | undefined;
  /** Where what happened is kept; absent: nowhere. */
  readonly state?: string;
  /** The bytes of the AS graph that the page predicts with. */
  readonly world: () => Promise<Uint8Array>;
  readonly say: (sentence: string) => void;
  /** What `nearcast kill` and the like would answer: sentences of what was done. Throws a {@link ControlError}. */
  readonly order: (verb: 'kill' | 'fail' | 'cut' | 'heal', args: Args) => Promise<readonly string[]>;
}

export class UpPage {
  readonly #options: UpPageOptions;
  readonly #counting = new Counting();
  #page: ControlPage | undefined;
  #planet: Planet | undefined;
  #issuer: (() => IssuerService | undefined) | undefined;
  #counts: Counts = { vantages: new Map(), loads: new Map() };
  #counted = 0;
  #dirty = true;
  /** Requests at the latest count. */
  #requests = 0;
  #seen = '';
  #states: readonly (SiteState | undefined)[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: UpPageOptions) {
    this.#options = options;
  }

  /** Listens; whoever asks before {@link begin} is told to wait. Rejects when the port was asked for and is taken. */
  static async open(options: UpPageOptions): Promise<UpPage> {
    const page = new UpPage(options);
    const serve = (port: number) =>
      serveControlPage({
        host: '127.0.0.1',
        port,
        dashboard: DASHBOARD,
        build: BUILD,
        say: options.say,
        request: (request) => page.#take(request),
        world: options.world,
        ...(options.state === undefined ? {} : { state: options.state }),
      });
    page.#page = await serve(options.port ?? PAGE_PORT).catch((error) => {
      if (options.port === undefined && error instanceof HostError) return serve(0);
      throw error;
    });
    return page;
  }

  get url(): string {
    return this.#page?.url ?? '';
  }

  get port(): number {
    return this.#page?.port ?? 0;
  }

  /** Requests of clients are counted here. */
  readonly asked: Counting['take'] = (trip, outcome) => this.#counting.take(trip, outcome);

  /** The world is there: from now on it is shown. */
  begin(planet: Planet, issuer: () => IssuerService | undefined): void {
    this.#planet = planet;
    this.#issuer = issuer;
    this.#count();
    this.#page?.begin(this.#sight());
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Something may be different. */
  changed(): void {
    this.#dirty = true;
  }

  note(say: string): void {
    this.#tell([{ kind: 'note', level: 'info', say: say.slice(0, 2000) }]);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#page?.close();
  }

  // ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────

  #look(): void {
    const planet = this.#planet;
    if (!planet) return;
    const due = performance.now() - this.#counted >= COUNT_MS;
    if (!this.#dirty && !due) return;
    this.#dirty = false;
    if (due) {
      this.#count();
      this.#requests = this.#counting.mark;
    }
    const marks = [
      this.#requests,
      fingerprint(planet),
      JSON.stringify([[...this.#counts.loads], this.#guard()]),
    ];
    const states = [...planet.sites.values()].map((s) => s.state);
    const seen = marks.join('\n');
    // A whole look costs some milliseconds: only when there is something to see.
    if (seen === this.#seen && states.every((s, n) => s === this.#states[n])) return;
    [this.#seen, this.#states] = [seen, states];
    this.#page?.look(this.#sight());
  }

  #count(): void {
    const planet = this.#planet as Planet;
    this.#counted = performance.now();
    const loads = new Map(planet.views().map((s) => [s.site, s.load]));
    this.#counts = this.#counting.counts(this.#counted, planet.sites.keys(), (site) => loads.get(site));
  }

  #sight() {
    const planet = this.#planet as Planet;
    return sightOf({ planet, counts: this.#counts, guard: this.#guard(), at: Date.now() });
  }

  /** How the guard sees its scopes. While nobody hands out tickets, every site is spoken for. */
  #guard(): { readonly [scope: string]: Guard } {
    const planet = this.#planet as Planet;
    if (planet.plan.controller === undefined) return {};
    const seen = planet.controlled === false ? undefined : this.#issuer?.()?.view();
    return Object.fromEntries(
      planet.scopes.map(({ name, sites }): [string, Guard] => {
        const scope = seen?.scopes[name];
        return [
          name,
          {
            keep: planet.plan.guard.keep,
            sites: [...sites],
            spokenFor: [...(scope?.spokenFor ?? sites)],
            sharedFaults: [...(scope?.sharedFaults ?? [])],
          },
        ];
      }),
    );
  }

  #tell(bodies: readonly Body[]): void {
    this.#page?.tell(bodies);
  }

  // ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────

  async #take(request: Request): Promise<Given> {
    const planet = this.#planet;
    if (!planet) return { outcome: 'failed', say: ['nearcast up is still starting'] };
    const order = request.do === 'consider' ? request.order : request;
    const unknown = this.#unknown(order, planet);
    if (unknown) return unknown;
    const opinion = this.#opinion(order, planet);
    if (request.do === 'consider') return { outcome: 'considered', say: [...opinion.why], opinion };
    const given = await this.#carryOut(order, planet).catch((error: Error) => refusal(error));
    this.#tell([{ kind: 'order', order, outcome: given.outcome as 'done', say: [...given.say] }]);
    return { ...given, opinion };
  }

  async #carryOut(order: Order, planet: Planet): Promise<Given> {
    const { order: give } = this.#options;
    switch (order.do) {
      case 'kill':
        return done(await give('kill', { site: order.site }));
      case 'fail':
        return done(await give('fail', { service: order.service, site: order.site, how: order.how }));
      case 'cut':
        return done(
          await give('cut', { one: order.one, ...(order.other === undefined ? {} : { other: order.other }) }),
        );
      case 'heal':
        return done(
          await give('heal', {
            ...(order.what === undefined ? {} : { what: order.what }),
            ...(order.other === undefined ? {} : { other: order.other }),
          }),
        );
      case 'restart':
        await planet.restart(order.site);
        return done([`${order.site} runs again`]);
      default: {
        const { do: verb, site, ...args } = order;
        await withControl(upAgentSocket(this.#options.name, site), (agent) => agent.call(verb, args as Args));
        return done([`${site}: ${verb} by ${order.owner}`]);
      }
    }
  }

  /** An answer for who named what is not there; undefined when all is. */
  #unknown(order: Order, planet: Planet): Given | undefined {
    const sites = [...planet.sites.keys()];
    const among = (what: string, word: string, all: readonly string[]): Given | undefined =>
      all.some((name) => isNamed(word, name, parseAsn(name) ?? -1))
        ? undefined
        : {
            outcome: 'unknown',
            say: [`there is no ${what} ${word}; there are: ${shortly(all)}`],
            nearest: ordered(word, all),
          };
    switch (order.do) {
      case 'cut':
      case 'heal': {
        const one = order.do === 'cut' ? order.one : order.what;
        const words = namesOf(planet);
        return (
          (one === undefined ? undefined : among('site, service, upstream or network', one, words)) ??
          (order.other === undefined ? undefined : among('site, upstream or network', order.other, words))
        );
      }
      case 'fail':
        return (
          among('site', order.site, sites) ??
          among(
            'service',
            order.service,
            (planet.sites.get(order.site)?.duty.services ?? []).map((s) => s.service),
          )
        );
      default:
        return among('site', order.site, sites);
    }
  }

  /** What the guard says to an order. It has a say only where a site would leave and could wait. */
  #opinion(order: Order, planet: Planet): Opinion {
    const not = (why: string): Opinion => ({ guard: 'not asked', why: [why] });
    switch (order.do) {
      case 'kill':
      case 'cut':
      case 'restart':
        return not('a fault asks nobody: sessions end, and neighbours forget the site');
      case 'undrain':
      case 'heal':
      case 'unfreeze':
        return not('nobody asks the guard to come back');
      case 'freeze':
        return not('what a frozen site announces stays, whatever its health');
      case 'drain':
      case 'fail': {
        const { site } = order;
        if (planet.sites.get(site)?.standing !== 'running') return not(`the agent of ${site} does not run`);
        const { frozen } = planet.sites.get(site)?.state?.seen ?? {};
        if (frozen)
          return { guard: 'refuses', why: [`${site} is frozen by ${frozen.owner}: ${frozen.reason}`] };
        if (planet.plan.controller === undefined)
          return not('the plan names no controller: the site judges alone');
        const issuer = planet.controlled === false ? undefined : this.#issuer?.();
        if (!issuer)
          return { guard: 'refuses', why: ['the controller is dead: a site without a ticket may not leave'] };
        const answers = Object.values(issuer.consider(site));
        const refused = answers.filter((a) => !a.may);
        return refused.length > 0
          ? { guard: 'refuses', why: [...new Set(refused.map((a) => a.why))] }
          : { guard: 'allows', why: [...new Set(answers.map((a) => a.why))] };
      }
    }
  }
}

/** Where an `up` of a name keeps what happened: where systemd says, `/var/lib/nearcast` for root, else the user's own. */
export function upState(
  name: string,
  env: { readonly [name: string]: string | undefined } = process.env,
): string {
  const own = env['STATE_DIRECTORY']?.split(':')[0] || env['NEARCAST_STATE'];
  const base =
    own ||
    (process.getuid?.() === 0 && !env['XDG_STATE_HOME']
      ? '/var/lib/nearcast'
      : join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'nearcast'));
  return join(base, name === 'up' ? 'up' : `up-${name}`);
}

function done(say: readonly string[]): Given {
  return { outcome: 'done', say: [...say] };
}

function refusal(error: Error): Given {
  const exit = error instanceof ControlError ? error.exit : 1;
  return { outcome: exit === 3 ? 'refused' : exit === 2 ? 'unknown' : 'failed', say: [error.message] };
}

function shortly(all: readonly string[]): string {
  return `${all.slice(0, 20).join(', ')}${all.length > 20 ? `, and ${all.length - 20} more` : ''}`;
}

/** At most a few, the nearest first. */
function ordered(word: string, all: readonly string[]): string[] {
  const best = nearest(word, all);
  return [...(best === undefined ? [] : [best]), ...all.filter((name) => name !== best)].slice(0, 10);
}
