/**
 * All there is to see of a running planet, as the world of `control`. It is a look, taken whole each time; what happened between two
 * looks is for whoever compares them. What upstreams have of a site is read in their routers, not asked of the site.
 */
import type { Prefix } from '../base/index.ts';
import type {
  Decision,
  Drain,
  Fault,
  Freeze,
  Guard,
  Hop,
  Level,
  Load,
  Requests,
  Session,
  Place as Spot,
  Ticket,
  Verdict,
  World,
} from '../control/index.ts';
import { announcedTo, type Plan, type Upstream } from '../plan/index.ts';
import { DECISION } from '../rib/index.ts';
import { routeOf } from '../site/index.ts';
import { familyOfPrefix, type RouteView, routes } from '../speaker/index.ts';
import type { Place } from '../topology/index.ts';
import type { Trip } from './directions.ts';
import { doorName } from './internet.ts';
import type { Landing, Planet } from './planet.ts';

/** What a site's process says of itself, in the words of `control`. */
export interface SiteSeen {
  readonly drain: Drain;
  readonly frozen?: Freeze;
  readonly verdicts: { readonly [service: string]: Verdict };
  readonly decisions: { readonly [scope: string]: Decision };
  readonly tickets: { readonly [scope: string]: Ticket };
  readonly upstreams: {
    readonly [upstream: string]: {
      readonly session: Session;
      readonly told: {
        readonly [prefix: string]: { readonly expected: Level; readonly why: readonly string[] };
      };
    };
  };
  /** Services that were made to fail, and how. */
  readonly failing: { readonly [service: string]: string };
}

/** Counts since the run began, which a planet does not keep: by vantage, and by site. */
export interface Counts {
  readonly vantages: ReadonlyMap<string, Requests>;
  readonly loads: ReadonlyMap<string, Load>;
}

export interface SightOptions {
  readonly planet: Planet;
  readonly counts: Counts;
  /** How the guard sees its scopes; empty where there is none. */
  readonly guard: { readonly [scope: string]: Guard };
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The world as it is now. */
export function sightOf(options: SightOptions): World {
  const { planet, at } = options;
  const { plan } = planet;
  const reasons = new Reasons(planet);
  return {
    network: {
      name: plan.network,
      asn: plan.asn,
      prefixes: [...plan.prefixes],
      services: mapValues(plan.services, ({ address }) => ({ addresses: [...address] })),
      guard: {
        keep: plan.guard.keep,
        leave: { count: plan.guard.leave.count, perMs: plan.guard.leave.per },
        remainingCapacity: plan.guard.remainingCapacity,
        last: plan.guard.last,
        controller: plan.controller !== undefined,
      },
      at,
    },
    sites: Object.fromEntries(Object.keys(plan.sites).map((site) => [site, siteOf(site, options)])),
    guard: mapValues(options.guard, (g) => ({ ...g, at })),
    internet: { ...internetOf(planet), at },
    vantages: Object.fromEntries(
      planet.landings().map((landing) => [landing.vantage.address, vantageOf(landing, options, reasons)]),
    ),
    faults: faultsOf(planet, at),
  };
}

/**
 * Changes whenever a look would show something else, but for counts. Much cheaper than a look: sessions that only say that
 * they are alive change nothing here.
 */
export function fingerprint(planet: Planet): string {
  const words: (string | number)[] = [];
  for (const { speaker } of planet.internet.nodes.values()) {
    for (const prefix of planet.plan.prefixes) {
      const table = speaker.rib.table(familyOfPrefix(prefix));
      const id = table.prefixes.findText(prefix);
      if (id === 0) continue;
      words.push(table.bestSource[id] ?? 0);
      for (const route of table.routesOf(id))
        words.push(table.source[route] ?? 0, table.attributes[route] ?? 0);
    }
    words.push('.');
  }
  words.push(...planet.internet.cuts(), `${planet.controlled}`);
  for (const site of planet.sites.values()) words.push(site.standing, site.pid ?? 0);
  return words.join(' ');
}

function siteOf(name: string, { planet, counts, at }: SightOptions): World['sites'][string] {
  const { plan } = planet;
  const site = plan.sites[name]!;
  const child = planet.sites.get(name);
  const seen = child?.state?.seen;
  const where = planet.internet.map.sites[name];
  const standing = child?.standing ?? 'starting';
  const why = standing === 'running' ? 'it has said nothing yet' : `its process is ${standing}`;
  const services = Object.entries(plan.services).flatMap(([service, { sites }]) =>
    sites === 'all' || sites.includes(name) ? [service] : [],
  );
  const scopes = planet.scopes.filter((s) => s.sites.includes(name));
  return {
    place: spot(where, site.place ?? name),
    ...(site.capacity === undefined ? {} : { capacity: site.capacity }),
    process: { standing, ...(child?.pid === undefined ? {} : { pid: child.pid }), at },
    verdicts: Object.fromEntries(
      services.map((service) => [
        service,
        { ...(seen?.verdicts[service] ?? { verdict: 'unknown', phase: 'unknown', why: [why] }), at },
      ]),
    ),
    drain: { ...(seen?.drain ?? { phase: 'in', remarks: [] }), at },
    ...(seen?.frozen ? { frozen: { ...seen.frozen, at } } : {}),
    decisions: Object.fromEntries(
      scopes.map(({ name: scope, prefixes }) => [
        scope,
        { ...(seen?.decisions[scope] ?? { prefixes: [...prefixes], level: 'pending', why: [why] }), at },
      ]),
    ),
    tickets: Object.fromEntries(
      scopes.map(({ name: scope }) => [
        scope,
        { ...(seen?.tickets[scope] ?? { ticket: plan.controller ? 'unknown' : 'alone' }), at },
      ]),
    ),
    upstreams: mapValues(site.upstreams, (upstream, up) => {
      const session = seen?.upstreams[up]?.session ?? { state: 'unknown', why };
      const door = planet.internet.map.doors.find((d) => d.site === name && d.upstream === up);
      const router = door && planet.internet.router(door.router);
      return {
        asn: upstream.asn,
        address: upstream.address,
        role: upstream.role,
        ...(router ? { place: spot(router.place, router.as) } : {}),
        session: { ...session, at },
        announcements: Object.fromEntries(
          announcedTo(plan, upstream).map((prefix) => {
            const told = seen?.upstreams[up]?.told[prefix] ?? { expected: 'withdrawn' as const, why: [why] };
            const { level: actual, ...held } = heard(planet, name, up, upstream, prefix);
            const isDown = actual !== told.expected && session.state !== 'established';
            const off = isDown
              ? [`the session is ${session.state}${session.why ? `: ${session.why}` : ''}`]
              : [];
            const whys = [...off, ...told.why];
            return [prefix, { expected: told.expected, actual, ...held, why: whys, at }];
          }),
        ),
      };
    }),
    load: { ...(counts.loads.get(name) ?? { asked: 0, perSecond: 0 }), at },
  };
}

/** What the router of an upstream has of a prefix from a site: what was really said, whoever thinks to have said what. */
function heard(
  planet: Planet,
  site: string,
  up: string,
  upstream: Upstream,
  prefix: Prefix,
): { readonly level: Level; readonly prepend?: number; readonly leaving?: true } {
  const { plan, internet } = planet;
  const door = internet.map.doors.find((d) => d.site === site && d.upstream === up);
  const node = door && internet.nodes.get(door.router);
  if (!door || !node) return { level: 'withdrawn' };
  const peer = doorName(door);
  const [view] = [...routes(node.speaker, { prefix, peer, received: true }, 0)];
  if (!view) return { level: 'withdrawn' };
  const said = wordsOf(view, plan);
  const [full, less] = (['full', 'less-preferred'] as const).map((l) =>
    routeOf(plan, site, upstream, prefix, l),
  );
  const { prepend } = said;
  const isFull =
    prepend === full?.prepend && said.med === full.med && said.shutdown === isLeaving(full.communities);
  const isLess =
    said.shutdown || prepend > (full?.prepend ?? 0) || said.med > (full?.med ?? 0) || less === undefined;
  return {
    level: !isFull && isLess ? 'less-preferred' : 'full',
    prepend,
    ...(said.shutdown ? { leaving: true } : {}),
  };
}

const GRACEFUL_SHUTDOWN = '65535:0';
const isLeaving = (communities: readonly string[]) => communities.includes(GRACEFUL_SHUTDOWN);

function wordsOf(
  { attributes }: RouteView,
  { asn }: Plan,
): { prepend: number; med: number; shutdown: boolean } {
  const said = { prepend: 0, med: 0, shutdown: false };
  for (const a of attributes) {
    if (a.kind === 'asPath') said.prepend = a.path.flatMap((s) => s.asns).filter((n) => n === asn).length - 1;
    else if (a.kind === 'med') said.med = a.med;
    else if (a.kind === 'communities') said.shutdown = isLeaving(a.communities);
  }
  return said;
}

function vantageOf(
  { vantage, trip, users }: Landing,
  { planet, counts, at }: SightOptions,
  reasons: Reasons,
): World['vantages'][string] {
  const home = planet.directions.home(vantage);
  return {
    place: spot(vantage.place, vantage.place.name),
    asn: home.asn,
    router: home.name,
    users,
    landing: { ...landed(trip, planet, reasons), at },
    requests: { ...(counts.vantages.get(vantage.address) ?? { served: 0, failed: 0, lost: 0 }), at },
  };
}

function landed(
  trip: Trip,
  planet: Planet,
  reasons: Reasons,
): Omit<World['vantages'][string]['landing'], 'at'> {
  return {
    ...(trip.site === undefined ? {} : { site: trip.site }),
    ...(trip.upstream === undefined ? {} : { upstream: trip.upstream }),
    rttMs: Math.round(20 * trip.latencyMs) / 10,
    path: [...trip.path],
    hops: trip.routers.map((name): Hop => {
      const { asn, as } = planet.internet.router(name);
      const why = reasons.of(name);
      return { router: name, asn, as, ...(why === undefined ? {} : { why }) };
    }),
    ...(trip.lost === undefined ? {} : { lost: trip.lost }),
  };
}

/** Why each router sends packets of HTTP clients where it does; worked out once a look for those that are on somebody's way. */
class Reasons {
  readonly #planet: Planet;
  readonly #prefix: Prefix;
  readonly #known = new Map<string, string | undefined>();

  constructor(planet: Planet) {
    this.#planet = planet;
    this.#prefix = planet.directions.prefix('http');
  }

  of(router: string): string | undefined {
    if (!this.#known.has(router)) this.#known.set(router, this.#why(router));
    return this.#known.get(router);
  }

  #why(router: string): string | undefined {
    const node = this.#planet.internet.nodes.get(router);
    if (!node) return undefined;
    const [best, ...others] = routes(node.speaker, { prefix: this.#prefix }, 0);
    if (!best?.best || best.peer === undefined) return undefined;
    const rivals = others.filter((r) => !r.refused && r.why !== undefined);
    const from = this.#relation(router, best.peer);
    // The runner-up is the one that lost last.
    const step = (why: string) => DECISION.findLastIndex((d) => why.startsWith(d.name));
    const [second] = rivals.sort((a, b) => step(b.why as string) - step(a.why as string));
    return second === undefined
      ? `the only route it has, ${from}`
      : `${from}; preferred by ${second.why} to the one ${this.#relation(router, second.peer ?? '')}`;
  }

  #relation(router: string, peer: string): string {
    const { map } = this.#planet.internet;
    const door = map.doors.find((d) => doorName(d) === peer);
    if (door) return `from the site ${door.site} itself`;
    const { asn } = this.#planet.internet.router(peer);
    const cable = map.cables.find(
      (c) => (c.from === router && c.to === peer) || (c.from === peer && c.to === router),
    );
    if (cable?.relation === 'internal') return `from its own router ${peer}`;
    const is = cable?.relation === 'peer' ? 'peer' : cable?.from === router ? 'customer' : 'provider';
    return `from its ${is} AS${asn}`;
  }
}

const INTERNETS = new WeakMap<object, Omit<World['internet'], 'at'>>();

/** It does not change while it runs. */
function internetOf({ internet: { map } }: Planet): Omit<World['internet'], 'at'> {
  const known = INTERNETS.get(map);
  if (known) return known;
  const ases: { [asn: string]: World['internet']['ases'][string] } = {};
  for (const { name, asn, as, tier, place, users } of map.routers) {
    const before = ases[asn];
    ases[asn] = {
      name: as,
      tier,
      users: (before?.users ?? 0) + users,
      routers: { ...before?.routers, [name]: spot(place, place.name) },
    };
  }
  const made = {
    ases,
    links: map.cables.map(({ from, to, relation, latencyMs }) => ({ from, to, relation, latencyMs })),
    doors: map.doors.map(({ site, upstream, router, latencyMs }) => ({ site, upstream, router, latencyMs })),
  };
  INTERNETS.set(map, made);
  return made;
}

function faultsOf(planet: Planet, at: number): World['faults'] {
  const faults: [string, Fault][] = [];
  for (const [site, child] of planet.sites) {
    if (child.standing === 'dead') faults.push([`site ${site}`, { fault: 'site', site }]);
    for (const [service, how] of Object.entries(child.state?.seen?.failing ?? {}))
      faults.push([`service ${service} at ${site}`, { fault: 'service', site, service, how }]);
  }
  for (const cut of planet.internet.cuts()) {
    const [one = '', other = ''] = cut.split(' – ');
    faults.push([`link ${cut}`, { fault: 'link', ends: [one, other] }]);
  }
  if (planet.controlled === false) faults.push(['controller', { fault: 'controller' }]);
  return Object.fromEntries(faults.map(([id, fault]) => [id, { ...fault, at }]));
}

function spot(place: Place | undefined, otherwise: string): Spot {
  return {
    name: place?.name || otherwise,
    country: place?.cc ?? '',
    lat: place?.lat ?? 0,
    lon: place?.lon ?? 0,
  };
}

function mapValues<T, U>(
  named: { readonly [name: string]: T },
  of: (value: T, name: string) => U,
): { [name: string]: U } {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, of(value, name)]));
}
