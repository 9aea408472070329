/**
 * The whole network on one machine: the embedded internet in this process, one process for each site's agent and services, and
 * the fronts where clients come in. Who lands where is decided by the routes that the speakers hold, by nothing else.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, IpFamily } from '../base/index.ts';
import { makeFolder } from '../host/index.ts';
import { formatPlan, type Plan } from '../plan/index.ts';
import { type Scope, scopes } from '../site/index.ts';
import { Demand, type Load, sumOf } from './demand.ts';
import { Directions, type Trip } from './directions.ts';
import { dnsFront } from './front-dns.ts';
import { httpFront, type Outcome } from './front-http.ts';
import { type Fronts, openFronts } from './fronts.ts';
import { claimGround, type Ground, MOST_SERVICES, MOST_SITES, MOST_UPSTREAMS } from './ground.ts';
import { Internet } from './internet.ts';
import { localPlan, localServices } from './local-plan.ts';
import { layOut, type MapOptions } from './map.ts';
import { type SiteOrder, SiteProcess, type SiteState, type Standing } from './site-process.ts';
import { findVantage, type Vantage, vantages } from './vantage.ts';

export interface PlanetOptions extends MapOptions {
  readonly plan: Plan;
  readonly clock: Clock;
  /** Where the fronts listen: the first of these has to be had, the others where the machine has them. */
  readonly hosts: readonly string[];
  readonly http: number;
  readonly dns: number;
  /** Plans, states and logs of the sites; made, and removed at the end. */
  readonly folder: string;
  /** The program of a site's process. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The control socket of a site's agent. */
  readonly socket: (site: string) => string;
  /** Bits per second that all people together ask for; undefined: sites do not know their load. */
  readonly demand?: number | undefined;
  /** Hands out tickets; asked for when the plan names a controller. */
  readonly controller: (plan: Plan, at: ControllerPlace) => Promise<{ close(): Promise<void> }>;
  readonly handlers: PlanetHandlers;
}

export interface ControllerPlace {
  readonly host: string;
  readonly port: number;
  /** A file that outlives it, so that what it granted is not forgotten. */
  readonly store: string;
}

export interface PlanetHandlers {
  /** Where clients land may have changed; called often. */
  changed(): void;
  /** Something that an operator wants to read. */
  note(sentence: string): void;
  /** A client asked, and this became of it. */
  asked?(trip: Trip, outcome: Outcome): void;
}

/** One row of "who goes where". */
export interface Landing {
  readonly vantage: Vantage;
  readonly trip: Trip;
  /** People in the countries' largest city; a weight, no census. */
  readonly users: number;
}

export interface SiteView {
  readonly site: string;
  readonly place: string;
  readonly standing: Standing;
  readonly pid?: number;
  readonly state?: SiteState;
  readonly asked: number;
  /** Bits per second that land there, where the demand is known; and that it can serve, where the plan says. */
  readonly load?: number;
  readonly capacity?: number;
}

export class Planet {
  readonly internet: Internet;
  readonly directions: Directions;
  readonly plan: Plan;
  /** Prefixes that come and go together. */
  readonly scopes: readonly Scope[];
  readonly sites = new Map<string, SiteProcess>();
  readonly vantage: Vantage;
  /** Requests and queries since the start, by outcome. */
  readonly outcomes: { [outcome in Outcome]: number } = { served: 0, lost: 0, failed: 0 };
  readonly #asked = new Map<string, number>();
  readonly #options: PlanetOptions;
  readonly #ground: Ground;
  #fronts: { readonly http: Fronts; readonly dns: Fronts } | undefined;
  #controller: { close(): Promise<void> } | undefined;
  readonly #demand: Demand | undefined;
  #loads: ReadonlyMap<string, Load> = new Map();
  /** What each site was last told of its load. */
  readonly #told = new Map<string, string>();
  #census: NodeJS.Timeout | undefined;

  private constructor(options: PlanetOptions, ground: Ground) {
    const { plan, clock, handlers } = options;
    this.#options = options;
    this.#ground = ground;
    this.plan = plan;
    this.scopes = scopes(plan);
    const names = Object.keys(plan.sites);
    const map = layOut(plan, options);
    this.internet = new Internet(
      map,
      plan.asn,
      ({ site, upstream }) => {
        const s = names.indexOf(site);
        return ground.door(s, Object.keys(plan.sites[site]?.upstreams ?? {}).indexOf(upstream));
      },
      clock,
      handlers,
    );
    this.directions = new Directions(this.internet, plan);
    this.#demand =
      options.demand === undefined ? undefined : new Demand(this.directions, plan, options.demand);
    const first = map.sites[names[0] as string];
    this.vantage = findVantage(first?.name ?? '') ?? (vantages()[0] as Vantage);
  }

  /** Starts everything. Rejects with a sentence when something cannot be had, and then nothing of it is left. */
  static async start(options: PlanetOptions): Promise<Planet> {
    const complaint = tooBig(options.plan);
    if (complaint !== undefined) throw new Error(complaint);
    const ground = await claimGround();
    let planet: Planet | undefined;
    try {
      planet = new Planet(options, ground);
      await planet.#start();
      return planet;
    } catch (error) {
      if (planet) await planet.stop();
      else await ground.release();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { plan, hosts, http, dns, folder } = this.#options;
    const at = (kind: 'http' | 'dns') => (site: string) =>
      this.sites.get(site)?.duty.services.find((s) => s.kind === kind);
    const asked = (trip: Trip, outcome: Outcome) => {
      this.outcomes[outcome]++;
      this.#options.handlers.asked?.(trip, outcome);
      if (trip.site !== undefined) this.#asked.set(trip.site, (this.#asked.get(trip.site) ?? 0) + 1);
    };
    const front = { directions: this.directions, vantage: this.vantage, asked };
    // First what may be taken by others.
    const httpAt = await openFronts(hosts, http, (host, port) =>
      httpFront({ ...front, host, port, service: at('http') }),
    );
    const dnsAt = await openFronts(hosts, dns, (host, port) =>
      dnsFront({ ...front, host, port, service: at('dns') }),
    ).catch(async (error) => {
      await httpAt.close();
      throw error;
    });
    this.#fronts = { http: httpAt, dns: dnsAt };
    makeFolder(folder);
    await this.internet.openDoors();
    if (plan.controller !== undefined) await this.healController();
    const starts = Object.keys(plan.sites).map((site) => {
      const child = this.#process(site);
      this.sites.set(site, child);
      return child.start();
    });
    this.internet.begin();
    await Promise.all(starts);
    if (this.#demand) this.#census = setInterval(() => this.#countLoad(), CENSUS_MS);
  }

  /** Every site hears what it carries, when that is not what it heard before. */
  #countLoad(): void {
    this.#loads = this.#demand?.loads() ?? new Map();
    for (const [site, load] of this.#loads) {
      const child = this.sites.get(site);
      const said = `${child?.pid} ${JSON.stringify(load)}`;
      if (child?.standing !== 'running' || this.#told.get(site) === said) continue;
      this.#told.set(site, said);
      // One that dies meanwhile is told anew when it is back.
      child.tell({ do: 'load', load }).catch(() => {});
    }
  }

  #process(site: string): SiteProcess {
    const { plan, folder, command, env, socket, handlers } = this.#options;
    const file = join(folder, `${site}.yaml`);
    writeFileSync(file, formatPlan(localPlan(plan, site, this.#ground, (s, u) => this.internet.door(s, u))), {
      mode: 0o600,
    });
    const { place } = plan.sites[site] ?? {};
    const services = localServices(plan, site, this.#ground);
    const duty = { file, site, place: place ?? site, services, socket: socket(site), folder };
    return new SiteProcess(duty, command, env, join(folder, `${site}.log`), {
      state: () => handlers.changed(),
      died: (name, how) =>
        handlers.note(`the agent of ${name} died (${how}); nearcast heal ${name} starts it again`),
      refused: (name, why) => handlers.note(`${name}: ${why}`),
    });
  }

  get ports(): { readonly http: number; readonly dns: number } {
    return { http: this.#fronts?.http.port ?? 0, dns: this.#fronts?.dns.port ?? 0 };
  }

  /** The addresses at which clients come in, over HTTP and over DNS. */
  get hosts(): readonly string[] {
    return this.#fronts?.http.hosts.filter((host) => this.#fronts?.dns.hosts.includes(host)) ?? [];
  }

  /** Says goodbye to everybody and leaves nothing behind. */
  async stop(): Promise<void> {
    clearInterval(this.#census);
    await Promise.all([...this.sites.values()].map((site) => site.stop()));
    await Promise.all([this.#fronts?.http.close(), this.#fronts?.dns.close()]);
    await this.#controller?.close();
    await this.internet.stop();
    await this.#ground.release();
    rmSync(this.#options.folder, { recursive: true, force: true });
  }

  // ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Where every vantage lands now. */
  landings(of: readonly Vantage[] = vantages(), family: IpFamily = 4): readonly Landing[] {
    const prefix = this.directions.prefix('http', family);
    return of.map((vantage) => ({
      vantage,
      trip: this.directions.trace(vantage, prefix),
      users: vantage.place.population,
    }));
  }

  /** Every site announces in full and every vantage has a way, in every family that the plan announces. */
  ready(): boolean {
    return (
      [...this.sites.values()].every((s) => s.state?.level === 'full') &&
      this.internet.settled() &&
      this.directions
        .families()
        .every((family) => this.landings(undefined, family).every(({ trip }) => trip.site !== undefined))
    );
  }

  views(): readonly SiteView[] {
    return [...this.sites.values()].map((s) => ({
      site: s.duty.site,
      place: s.duty.place,
      standing: s.standing,
      asked: this.#asked.get(s.duty.site) ?? 0,
      ...(s.pid === undefined ? {} : { pid: s.pid }),
      ...(s.state === undefined ? {} : { state: s.state }),
      ...this.#weightOf(s.duty.site),
    }));
  }

  #weightOf(site: string): Pick<SiteView, 'load' | 'capacity'> {
    const load = this.#loads.get(site);
    const { capacity } = this.plan.sites[site] ?? {};
    return {
      ...(load === undefined ? {} : { load: sumOf(load) }),
      ...(capacity === undefined ? {} : { capacity }),
    };
  }

  // ── steering ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** kill -9 of a site's process, its services included. It stays dead until it is healed. */
  kill(site: string): Promise<void> {
    return this.#site(site).kill();
  }

  tell(site: string, order: SiteOrder): Promise<void> {
    return this.#site(site).tell(order);
  }

  /** Mends a site: starts it when it is dead, heals its services and mends its cables. Gives what was done. */
  async healSite(site: string): Promise<readonly string[]> {
    const child = this.#site(site);
    const done = [...this.internet.heal(site)];
    if (child.standing === 'dead') {
      await child.start();
      return [...done, `${site} runs again`];
    }
    for (const { service } of child.duty.services) await child.tell({ do: 'heal', service });
    if (done.length > 0) await child.tell({ do: 'dial' });
    return done;
  }

  /** Ends the agent of a site cleanly, when it runs, and starts it anew. */
  async restart(site: string): Promise<void> {
    const child = this.#site(site);
    await child.stop();
    await child.start();
  }

  /** Whether somebody hands out tickets; undefined where the plan names nobody. */
  get controlled(): boolean | undefined {
    return this.plan.controller === undefined ? undefined : this.#controller !== undefined;
  }

  /** Nobody hands out tickets any more. False when nobody did. */
  async killController(): Promise<boolean> {
    const was = this.#controller;
    await was?.close();
    this.#controller = undefined;
    return was !== undefined;
  }

  /** Somebody does again, and knows what was granted before. False when somebody does already. */
  async healController(): Promise<boolean> {
    if (this.#controller || this.plan.controller === undefined) return false;
    const { folder, controller } = this.#options;
    const { address: host, port } = this.#ground.controller;
    this.#controller = await controller(this.plan, { host, port, store: join(folder, 'tickets.json') });
    return true;
  }

  #site(site: string): SiteProcess {
    const child = this.sites.get(site);
    if (!child) throw new Error(`there is no site ${site}; there are: ${[...this.sites.keys()].join(', ')}`);
    return child;
  }
}

/** How often it is counted who lands where. */
const CENSUS_MS = 500;

function tooBig({ sites, services }: Plan): string | undefined {
  const many = Object.keys(sites).length;
  if (many > MOST_SITES)
    return `a plan of ${many} sites is too big for one machine: ${MOST_SITES} is the most here`;
  if (Object.keys(services).length > MOST_SERVICES)
    return `more than ${MOST_SERVICES} services are too many for one machine`;
  const full = Object.entries(sites).find(([, s]) => Object.keys(s.upstreams).length > MOST_UPSTREAMS);
  return full && `site ${full[0]} has more upstreams than there is room for here: ${MOST_UPSTREAMS}`;
}
