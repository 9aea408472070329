/** From the file's parts to the plan: defaults that depend on other parts, names, and what has to agree across the file. */
import { type Address, familyOf, formatAddress, type IpFamily, isLinkLocal, millis } from '../base/index.ts';
import { check } from '../policy/index.ts';
import { formatPath, type Path } from './complaint.ts';
import type { Drain, Guard, LessPreferred, Plan, Probe, Service, Site, Upstream } from './plan.ts';
import { type File, type FileService, type FileSite, type FileUpstream, ROLES } from './schema.ts';

/** What does not agree; `found` where it is not simply what stands at the path. */
export interface Disagreement {
  readonly path: Path;
  readonly allowed: string;
  readonly found?: string;
  /** Names one of which was probably meant. */
  readonly candidates?: readonly string[];
}

export const GUARD: Guard = {
  keep: 1,
  leave: { count: 1, per: millis(30_000) },
  remainingCapacity: false,
  last: 'less-preferred',
  lease: millis(60_000),
  drift: millis(1000),
};

export const LESS_PREFERRED: LessPreferred = { gracefulShutdown: true, prepend: 3, med: 100 };

export const DRAIN: Drain = {
  settle: millis(10_000),
  empty: { sessions: 0, traffic: 100_000, for: millis(10_000) },
  deadline: millis(600_000),
  atDeadline: 'withdraw',
  gone: millis(300_000),
  return: millis(10_000),
};

/** The middle of the site's large community: the number of the RFC on operating anycast services. */
export const IDENTITY = { function: 4786 };

export const UPSTREAM = {
  port: 179,
  enabled: true,
  passive: false,
  nextHop: [],
  multihop: 1,
  holdTime: millis(90_000),
  maximumPrefixes: 1000,
  announce: 'all',
  prepend: 0,
  med: 0,
  communities: [],
  largeCommunities: [],
  actions: [],
  import: [],
  export: [],
} as const;

export const SERVICE: Omit<Service, 'address' | 'probes'> = {
  sites: 'all',
  combine: { kind: 'all' },
  rise: 3,
  fall: 2,
  minStable: millis(5000),
  flaps: { count: 5, per: millis(600_000), backOff: millis(30_000), longest: millis(600_000) },
  degraded: ['slow', 'warning'],
  whenDown: 'withdraw',
};

type Disagree = (disagreement: Disagreement) => void;

/** Where the file keeps what the plan keeps by name: upstreams and probes are lists there. */
export type Places = Map<string, Path>;

/** The plan that a file means. What does not agree goes to `disagree`; the plan is then not to be used. */
export function complete(file: File, disagree: Disagree): { readonly plan: Plan; readonly places: Places } {
  const places: Places = new Map();
  const lessPreferred = { ...LESS_PREFERRED, ...file.drain?.lessPreferred };
  const ids = siteIds(file, disagree);
  const sites: { [name: string]: Site } = {};
  for (const [name, given] of Object.entries(file.sites)) {
    const path = ['sites', name];
    places.set(formatPath(path), path);
    sites[name] = completeSite(given, ids.get(name) as number, path, lessPreferred, file, places, disagree);
  }
  if (Object.keys(sites).length === 0) disagree({ path: ['sites'], allowed: 'at least one site' });
  const services: { [name: string]: Service } = {};
  for (const [name, given] of Object.entries(file.services ?? {})) {
    const path = ['services', name];
    places.set(formatPath(path), path);
    services[name] = completeService(given, path, Object.keys(sites), places, disagree);
  }
  for (const [i, prefix] of file.prefixes.entries())
    if (file.prefixes.indexOf(prefix) !== i) disagree({ path: ['prefixes', i], allowed: 'each prefix once' });
  if (file.prefixes.length === 0) disagree({ path: ['prefixes'], allowed: 'at least one prefix' });
  const { lessPreferred: _, ...drain } = file.drain ?? {};
  const plan: Plan = {
    network: file.network,
    asn: file.asn,
    prefixes: file.prefixes,
    sites,
    services,
    guard: { ...GUARD, ...file.guard },
    drain: {
      ...DRAIN,
      ...drain,
      empty: { ...DRAIN.empty, ...drain.empty },
    },
    ...(file.controller === undefined ? {} : { controller: file.controller }),
    identity: { ...IDENTITY, ...file.identity },
  };
  const { lease, drift } = plan.guard;
  if (drift * 2 >= lease) disagree({ path: ['guard', 'drift'], allowed: 'less than half of guard.lease' });
  return { plan, places };
}

/** Ids as given; the rest gets the lowest numbers that are free, in the file's order. */
function siteIds(file: File, disagree: Disagree): ReadonlyMap<string, number> {
  const owner = new Map<number, string>();
  const ids = new Map<string, number>();
  for (const [name, { id }] of Object.entries(file.sites)) {
    if (id === undefined) continue;
    const other = owner.get(id);
    if (other !== undefined)
      disagree({ path: ['sites', name, 'id'], allowed: `a number of its own; ${id} is ${other}'s` });
    owner.set(id, name);
    ids.set(name, id);
  }
  let free = 1;
  for (const name of Object.keys(file.sites)) {
    if (ids.has(name)) continue;
    while (owner.has(free)) free++;
    owner.set(free, name);
    ids.set(name, free);
  }
  return ids;
}

/** A router id that is unique within the network because the site's id is; 10.0.0.0/8 is nobody else's. */
export function routerIdOf(id: number): Address {
  return formatAddress(Uint8Array.of(10, (id >> 16) & 255, (id >> 8) & 255, id & 255));
}

function completeSite(
  given: FileSite,
  id: number,
  path: Path,
  lessPreferred: LessPreferred,
  file: File,
  places: Places,
  disagree: Disagree,
): Site {
  const upstreams: { [name: string]: Upstream } = {};
  const list = given.upstreams ?? [];
  const taken = new Set(list.flatMap((u) => (u.name === undefined ? [] : [u.name])));
  for (const [i, u] of list.entries()) {
    const at = [...path, 'upstreams', i];
    const name = u.name ?? freeName(`as${u.asn}`, taken);
    taken.add(name);
    if (Object.hasOwn(upstreams, name)) {
      disagree({ path: [...at, 'name'], allowed: 'a name that no other upstream of the site has' });
      continue;
    }
    places.set(formatPath([...path, 'upstreams', name]), at);
    upstreams[name] = completeUpstream(u, at, lessPreferred, file, disagree);
  }
  const { upstreams: _, ...rest } = given;
  return { routerId: routerIdOf(id), unicast: [], ...rest, id, upstreams };
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  for (let n = 2; taken.has(name); n++) name = `${wanted}-${n}`;
  return name;
}

function completeUpstream(
  given: FileUpstream,
  path: Path,
  lessPreferred: LessPreferred,
  file: File,
  disagree: Disagree,
): Upstream {
  const { name: _, role, bfd, ttlSecurity, gracefulRestart, ...rest } = given;
  const own = familyOf(rest.address);
  const say = (key: string, allowed: string, more: Partial<Disagreement> = {}) =>
    disagree({ path: [...path, key], allowed, ...more });
  if (role === undefined) say('role', `one of: ${ROLES.join(', ')}`);
  if (isLinkLocal(rest.address) && rest.interface === undefined)
    say('address', 'a link-local address only together with interface');
  if (rest.localAddress !== undefined && familyOf(rest.localAddress) !== own)
    say('local-address', `an address of the neighbour's family, IPv${own}`);
  if (ttlSecurity && rest.multihop !== undefined && rest.multihop > 1)
    say('ttl-security', 'either multihop, or ttl-security with the number of hops');
  if (rest.nextHop?.length === 2 && familyOf(rest.nextHop[0]!) === familyOf(rest.nextHop[1]!))
    say('next-hop', 'at most one next hop for each family');
  for (const [i, prefix] of Object.entries(Array.isArray(rest.announce) ? rest.announce : []))
    if (!file.prefixes.includes(prefix))
      say('announce', 'prefixes of this plan', {
        path: [...path, 'announce', Number(i)],
        candidates: file.prefixes,
      });
  for (const [side, rules] of Object.entries({ import: rest.import, export: rest.export }))
    for (const problem of check({ rules: rules ?? [] }))
      say(side, 'rules that can hold', {
        path: [...path, side, ...problem.at.slice(1)],
        found: problem.problem,
      });
  return {
    ...UPSTREAM,
    families: [own] as readonly IpFamily[],
    ...rest,
    role: role ?? 'provider',
    ...(ttlSecurity ? { ttlSecurity } : {}),
    ...(bfd ? { bfd } : {}),
    ...(gracefulRestart ? { gracefulRestart } : {}),
    lessPreferred: { ...lessPreferred, ...rest.lessPreferred },
  };
}

function completeService(
  given: FileService,
  path: Path,
  sites: readonly string[],
  places: Places,
  disagree: Disagree,
): Service {
  const probes: { [name: string]: Probe } = {};
  const list = given.probes ?? [];
  const taken = new Set(list.flatMap((p) => (p.name === undefined ? [] : [p.name])));
  for (const [i, { name: wanted, probe }] of list.entries()) {
    const name = wanted ?? freeName(probe.kind, taken);
    taken.add(name);
    const at = [...path, 'probes', i, probe.kind];
    if (Object.hasOwn(probes, name))
      disagree({ path: [...at, 'probe-name'], allowed: 'a name that no other probe of the service has' });
    places.set(formatPath([...path, 'probes', name]), at);
    probes[name] = probe;
  }
  for (const [i, site] of Object.entries(Array.isArray(given.sites) ? given.sites : []))
    if (!sites.includes(site))
      disagree({
        path: [...path, 'sites', Number(i)],
        allowed: `one of: ${sites.slice(0, 20).join(', ')}`,
        candidates: sites,
      });
  const counted = Object.values(probes).filter((p) => p.onFailure === 'down').length;
  if (given.combine?.kind === 'quorum' && given.combine.count > counted)
    disagree({
      path: [...path, 'combine'],
      allowed: `a quorum of at most ${counted}, as many as there are probes that count`,
    });
  return { ...SERVICE, ...given, probes };
}
