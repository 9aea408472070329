/** The ground of the cells about sites: two agents, each on a link of its own, and the daemon between them as their upstream. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SiteAgent } from './agent.ts';
import type { Star } from './namespace.ts';
import { Daemon, until } from './process.ts';
import { holds, OUR_ASN, type Room, THEIR_ASN } from './room.ts';
import type { Family, Neighbor, Route, Router } from './router.ts';

export const PREFIX = { ipv4: '203.0.113.0/24', ipv6: '2001:db8:53::/48' } as const;
export const SERVICE = { ipv4: '203.0.113.53', ipv6: '2001:db8:53::53' } as const;
export const FAMILIES = ['ipv4', 'ipv6'] as const;
const SECRET = 'secret';
const ISSUER = fileURLToPath(new URL('programs/issuer.ts', import.meta.url));

/** What stands in the plan for a site, and what its upstream is to hear because of it. */
const SITES = [
  { name: 'fra', id: 1, prepend: 0, med: 0, communities: [] },
  { name: 'nyc', id: 77, prepend: 1, med: 20, communities: ['64500:20'] },
] as const;

export type SiteLevel = 'full' | 'less-preferred' | 'nothing';

export interface Wishes {
  readonly sites: 1 | 2;
  /** Somebody hands out tickets; otherwise each site judges alone. */
  readonly controller?: boolean;
  /** Keys of the plan for both upstreams of each site; and what the daemon says about the session with that site. */
  readonly upstream?: (site: number) => object;
  readonly neighbor?: (site: number) => Partial<Neighbor>;
  readonly gracefulRestart?: number;
  /** Each agent speaks to a daemon on its own machine, and that one to the upstream. */
  readonly beside?: boolean;
  /** The key of every site. */
  readonly password?: string;
}

export interface Anycast {
  readonly star: Star;
  readonly upstream: Router;
  /** The daemon on a site's own machine, and the agent as it sees it. */
  beside(site: number): { readonly router: Router; readonly agent: Neighbor };
  readonly sites: readonly SiteAgent[];
  /** The plan, for cells that change it. */
  readonly plan: Plan;
  write(plan: Plan): void;
  /** Starts daemon, tickets and agents; resolves when all sessions that are to come up are. */
  start(only?: readonly number[]): Promise<void>;
  /** The upstream's table is what the decision table says of a site, in both families. */
  hears(site: number, level: SiteLevel, more?: Partial<Told>, timeoutMs?: number): Promise<void>;
  neighbor(site: number, family: Family): Neighbor;
}

/** What the plan's numbers come to. */
interface Told {
  readonly prepend: number;
  readonly med: number;
}

// biome-ignore lint/suspicious/noExplicitAny: the file as it is written; the schema is the agent's affair
export type Plan = any;

export async function anycast(room: Room, wishes: Wishes): Promise<Anycast> {
  const star = await room.star(wishes.sites);
  const indices = [0, 1].slice(0, wishes.sites);
  const file = join(star.folder, 'network.yaml');
  const folders = indices.map((i) => join(star.folder, SITES[i]!.name));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  const neighbor = (site: number, family: Family): Neighbor => {
    const [own, theirs] = [star.hubEnd(site), star.spokeEnd(site)];
    return {
      asn: OUR_ASN,
      local: family === 'ipv4' ? own.ip4 : own.ip6,
      address: family === 'ipv4' ? theirs.ip4 : theirs.ip6,
      families: [family],
      link: `link${site + 1}`,
      holdTime: 9,
      ...wishes.neighbor?.(site),
    };
  };
  const neighbors = new Map(
    indices.flatMap((i) => FAMILIES.map((f) => [`${i} ${f}`, neighbor(i, f)] as const)),
  );
  const restart = wishes.gracefulRestart === undefined ? {} : { gracefulRestart: wishes.gracefulRestart };
  const upstream = room.router(
    room.theirs,
    { asn: THEIR_ASN, id: '10.9.0.9', neighbors: [...neighbors.values()], announce: [], ...restart },
    star,
    'hub',
  );
  const write = (plan: Plan) => writeFileSync(file, JSON.stringify(plan, null, 2));
  const plan = planOf(star, indices, folders, wishes);
  write(plan);
  if (wishes.password !== undefined)
    writeFileSync(join(star.folder, SECRET), `${wishes.password}\n`, { mode: 0o600 });
  const sites = indices.map((i) => {
    const agent = new SiteAgent(SITES[i]!.name, file, star.spokes[i]!, folders[i]!);
    room.keep(agent);
    return agent;
  });
  const machines = wishes.beside ? indices.map((i) => besides(room, star, i)) : [];
  const known = (site: number, family: Family) => neighbors.get(`${site} ${family}`) as Neighbor;
  return {
    star,
    upstream,
    beside: (i) => machines[i]!,
    sites,
    plan,
    write,
    neighbor: known,
    start: async (only = indices) => {
      if (wishes.controller) await controller(room, star, file);
      await Promise.all([upstream, ...machines.map((m) => m.router), ...sites].map((r) => r.start()));
      await until(
        'all sessions up',
        async () => {
          for (const i of only)
            for (const f of FAMILIES) if (!(await upstream.session(known(i, f))).up) return false;
          return true;
        },
        45_000,
      );
    },
    hears: async (site, level, more, timeoutMs = 20_000) => {
      for (const family of FAMILIES) {
        const via = known(site, family);
        const route = told(site, family, level === 'nothing' ? 'full' : level, via.address, more);
        // A router in between keeps the MED inside (RFC 4271 §5.1.4), and prepends as often as the agent does outside.
        const { med: _, ...between } = route;
        const wanted = level === 'nothing' ? [] : [wishes.beside ? between : route];
        await holds(upstream, via, family, wanted, timeoutMs);
      }
    },
  };
}

/** What an upstream is to hold of a site, said without the agent's own code. */
export function told(
  site: number,
  family: Family,
  level: 'full' | 'less-preferred',
  nextHop: string,
  more: Partial<Told> = {},
): Route {
  const { id, prepend, med, communities } = { ...SITES[site]!, ...more };
  const less = level === 'less-preferred';
  return {
    prefix: PREFIX[family],
    origin: 'igp',
    path: Array.from({ length: 1 + prepend + (less ? 3 : 0) }, () => OUR_ASN).join(' '),
    nextHop,
    med: med + (less ? 100 : 0),
    // 65535:0 is GRACEFUL_SHUTDOWN (RFC 8326).
    communities: [...communities, ...(less ? ['65535:0'] : [])].sort(),
    large: [`${OUR_ASN}:4786:${id}`],
    extended: [],
    unknown: [],
  };
}

/** Where the agent speaks from. It dials the router at its own address: FRR knows no session that ends at 127.0.0.1. */
const LOOPBACK = '127.0.0.2';

/** The daemon on a site's machine: in our AS, between agent and upstream. */
function besides(room: Room, star: Star, site: number): { router: Router; agent: Neighbor } {
  const [own, theirs] = [star.spokeEnd(site), star.hubEnd(site)];
  const link = `link${site + 1}`;
  const agent: Neighbor = {
    asn: OUR_ASN,
    local: own.ip4,
    address: LOOPBACK,
    families: FAMILIES,
    link: 'lo',
    beside: true,
    passive: true,
    holdTime: 9,
  };
  const out = (local: string, address: string, family: Family): Neighbor => ({
    asn: THEIR_ASN,
    local,
    address,
    families: [family],
    link,
    holdTime: 9,
  });
  const neighbors = [agent, out(own.ip4, theirs.ip4, 'ipv4'), out(own.ip6, theirs.ip6, 'ipv6')];
  const spec = { asn: OUR_ASN, id: own.ip4, neighbors, announce: [] };
  return { router: room.router(room.theirs, spec, star, site), agent };
}

function planOf(star: Star, indices: readonly number[], folders: readonly string[], wishes: Wishes): Plan {
  const site = (i: number) => {
    const { id, prepend, med, communities } = SITES[i]!;
    const [own, theirs] = [star.spokeEnd(i), star.hubEnd(i)];
    const key = wishes.password === undefined ? {} : { password: `file:${join(star.folder, SECRET)}` };
    const common = { asn: THEIR_ASN, prepend, med, communities, ...key, ...wishes.upstream?.(i) };
    // Over loopback, with a next hop that the router can resolve: service addresses are local, so nothing is sent there.
    const loopback = {
      name: 'router',
      role: 'internal',
      ...common,
      asn: OUR_ASN,
      address: own.ip4,
      'local-address': LOOPBACK,
      families: FAMILIES,
      'next-hop': [theirs.ip4, theirs.ip6],
    };
    if (wishes.beside) return { id, upstreams: [loopback] };
    return {
      id,
      upstreams: [
        { name: 'four', address: theirs.ip4, 'local-address': own.ip4, ...common },
        { name: 'six', address: theirs.ip6, 'local-address': own.ip6, ...common },
      ],
    };
  };
  return {
    network: 'interop',
    asn: OUR_ASN,
    prefixes: FAMILIES.map((f) => PREFIX[f]),
    defaults: { upstream: { role: 'provider', 'hold-time': '9s' } },
    sites: Object.fromEntries(indices.map((i) => [SITES[i]!.name, site(i)])),
    services: Object.fromEntries(
      indices.map((i) => [`web-${SITES[i]!.name}`, serviceOf(SITES[i]!.name, folders[i]!)]),
    ),
    guard: { keep: 1, leave: '100 per 1s' },
    drain: {
      settle: '1s',
      empty: { sessions: 0, for: '1s' },
      deadline: '5m',
      gone: '1s',
      return: '4s',
    },
    ...(wishes.controller ? { controller: `http://${star.hubEnd(0).ip4}:4786` } : {}),
  };
}

/** The same addresses everywhere; each site asks its own process and its own check. */
export function serviceOf(site: string, folder: string): object {
  return {
    address: FAMILIES.map((f) => SERVICE[f]),
    sites: [site],
    'add-to': 'lo',
    rise: 3,
    fall: 2,
    'min-stable': '300ms',
    // A busy machine may be slow to answer; a killed service refuses, and that counts at once.
    probes: [
      { http: { every: '200ms', timeout: '5s', slow: '5s' } },
      { command: { run: ['/bin/sh', join(folder, 'check.sh')], every: '200ms', timeout: '5s', slow: '5s' } },
      { address: { interface: 'lo', every: '500ms', timeout: '5s' } },
    ],
  };
}

/** Hands out tickets in the hub. Sites on other links reach it over the hub. */
async function controller(room: Room, star: Star, file: string): Promise<void> {
  for (const [i, spoke] of star.spokes.entries())
    await spoke.exec(['ip', 'route', 'add', 'default', 'via', star.hubEnd(i).ip4]);
  const command = star.hub.inside([process.execPath, ISSUER, file, SITES[0]!.name]);
  const issuer = new Daemon(command, join(star.folder, 'issuer.log'));
  room.keep({ name: 'tickets', stop: () => issuer.end('SIGKILL'), log: () => issuer.output() });
  await until('tickets are handed out', async () => issuer.output().includes('tickets at'), 20_000);
}
