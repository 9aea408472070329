/**
 * The whole network on one machine: the embedded internet in this process, one process for each site's agent and services, and
 * the fronts where clients come in. Who lands where is decided by the routes that the speakers hold, by nothing else.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/index.ts';
import { formatPlan, type Plan } from '../plan/index.ts';
import { Directions, type Trip } from './directions.ts';
import { dnsFront } from './front-dns.ts';
import { type Front, httpFront, type Outcome } from './front-http.ts';
import { claimGround, type Ground, MOST_SERVICES, MOST_SITES, MOST_UPSTREAMS } from './ground.ts';
import { Internet } from './internet.ts';
import { localPlan, localServices } from './local-plan.ts';
import { layOut, type MapOptions } from './map.ts';
import { type SiteOrder, SiteProcess, type SiteState, type Standing } from './site-process.ts';
import { findVantage, type Vantage, vantages } from './vantage.ts';

export interface PlanetOptions extends MapOptions {
  readonly plan: Plan;
  readonly clock: Clock;
  /** Where the fronts listen. */
  readonly host: string;
  readonly http: number;
  readonly dns: number;
  /** Plans, states and logs of the sites; made, and removed at the end. */
  readonly folder: string;
  /** The program of a site's process. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The control socket of a site's agent. */
  readonly socket: (site: string) => string;
  /** Hands out tickets at this address; asked for when the plan names a controller. */
  readonly controller: (
    plan: Plan,
    at: { readonly host: string; readonly port: number },
  ) => Promise<{ close(): Promise<void> }>;
  readonly handlers: PlanetHandlers;
}

export interface PlanetHandlers {
  /** Where clients land may have changed; called often. */
  changed(): void;
  /** Something that an operator wants to read. */
  note(sentence: string): void;
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
}

export class Planet {
  readonly internet: Internet;
  readonly directions: Directions;
  readonly plan: Plan;
  readonly sites = new Map<string, SiteProcess>();
  readonly vantage: Vantage;
  /** Requests and queries since the start, by outcome. */
  readonly outcomes: { [outcome in Outcome]: number } = { served: 0, lost: 0, failed: 0 };
  readonly #asked = new Map<string, number>();
  readonly #options: PlanetOptions;
  readonly #ground: Ground;
  #fronts: { readonly http: Front; readonly dns: Front } | undefined;
  #controller: { close(): Promise<void> } | undefined;

  private constructor(options: PlanetOptions, ground: Ground) {
    const { plan, clock, handlers } = options;
    this.#options = options;
    this.#ground = ground;
    this.plan = plan;
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
    const { plan, host, http, dns, folder, controller } = this.#options;
    const ground = this.#ground;
    const at = (kind: 'http' | 'dns') => (site: string) =>
      this.sites.get(site)?.duty.services.find((s) => s.kind === kind);
    const asked = (trip: Trip, outcome: Outcome) => {
      this.outcomes[outcome]++;
      if (trip.site !== undefined) this.#asked.set(trip.site, (this.#asked.get(trip.site) ?? 0) + 1);
    };
    const front = { host, directions: this.directions, vantage: this.vantage, asked };
    // First what may be taken by others.
    const httpAt = await httpFront({ ...front, port: http, service: at('http') });
    const dnsAt = await dnsFront({ ...front, port: dns, service: at('dns') }).catch(async (error) => {
      await httpAt.close();
      throw error;
    });
    this.#fronts = { http: httpAt, dns: dnsAt };
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    await this.internet.openDoors();
    if (plan.controller !== undefined)
      this.#controller = await controller(plan, {
        host: ground.controller.address,
        port: ground.controller.port,
      });
    const starts = Object.keys(plan.sites).map((site) => {
      const child = this.#process(site);
      this.sites.set(site, child);
      return child.start();
    });
    this.internet.begin();
    await Promise.all(starts);
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

  /** Says goodbye to everybody and leaves nothing behind. */
  async stop(): Promise<void> {
    await Promise.all([...this.sites.values()].map((site) => site.stop()));
    await Promise.all([this.#fronts?.http.close(), this.#fronts?.dns.close()]);
    await this.#controller?.close();
    await this.internet.stop();
    await this.#ground.release();
    rmSync(this.#options.folder, { recursive: true, force: true });
  }

  // ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Where every vantage lands now. */
  landings(of: readonly Vantage[] = vantages()): readonly Landing[] {
    const prefix = this.directions.prefix('http');
    return of.map((vantage) => ({
      vantage,
      trip: this.directions.trace(vantage, prefix),
      users: vantage.place.population,
    }));
  }

  /** Every site announces in full and every vantage has a way. */
  ready(): boolean {
    return (
      [...this.sites.values()].every((s) => s.state?.level === 'full') &&
      this.internet.settled() &&
      this.landings().every(({ trip }) => trip.site !== undefined)
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
    }));
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

  #site(site: string): SiteProcess {
    const child = this.sites.get(site);
    if (!child) throw new Error(`there is no site ${site}; there are: ${[...this.sites.keys()].join(', ')}`);
    return child;
  }
}

function tooBig({ sites, services }: Plan): string | undefined {
  const many = Object.keys(sites).length;
  if (many > MOST_SITES)
    return `a plan of ${many} sites is too big for one machine: ${MOST_SITES} is the most here`;
  if (Object.keys(services).length > MOST_SERVICES)
    return `more than ${MOST_SERVICES} services are too many for one machine`;
  const full = Object.entries(sites).find(([, s]) => Object.keys(s.upstreams).length > MOST_UPSTREAMS);
  return full && `site ${full[0]} has more upstreams than there is room for here: ${MOST_UPSTREAMS}`;
}
