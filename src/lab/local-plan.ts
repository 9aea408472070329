/**
 * The plan as the agents on this machine read it: the same file with addresses changed. Sessions go to the doors of the embedded
 * internet, probes to the site's own service on loopback, tickets come from the world's own issuer. What is announced, when,
 * and why is left as it is.
 */
import type { Address } from '../base/index.ts';
import { freeze, type Named, type Plan, type Probe, type Service, type Upstream } from '../plan/index.ts';
import type { Ground, Place } from './ground.ts';

/** One service of a site as it runs here. */
export interface LocalService extends Place {
  readonly service: string;
  readonly kind: 'http' | 'dns';
}

/** The services of a plan, in its order: those that are asked in DNS are DNS servers here, all others HTTP servers. */
export function kindsOf(plan: Plan): Named<'http' | 'dns'> {
  return Object.fromEntries(
    Object.entries(plan.services).map(([name, { probes }]) => [
      name,
      Object.values(probes).some((p) => p.kind === 'dns') ? 'dns' : 'http',
    ]),
  );
}

/** The services that a site runs here, and where. A plan without services gets both kinds, so that there is something to reach. */
export function localServices(plan: Plan, site: string, ground: Ground): readonly LocalService[] {
  const s = Object.keys(plan.sites).indexOf(site);
  const kinds = kindsOf(plan);
  const named = Object.entries(kinds).flatMap(([service, kind], n) => {
    const { sites } = plan.services[service] as Service;
    return sites === 'all' || sites.includes(site) ? [{ service, kind, ...ground.service(s, n, kind) }] : [];
  });
  const more = (['http', 'dns'] as const)
    .filter((kind) => !Object.values(kinds).includes(kind))
    .map((kind, n) => ({
      service: `(${kind})`,
      kind,
      ...ground.service(s, Object.keys(kinds).length + n, kind),
    }));
  return [...named, ...more];
}

/** The plan for one site's agent. `door` says where each upstream of each site listens. */
export function localPlan(
  plan: Plan,
  site: string,
  ground: Ground,
  door: (site: string, upstream: string) => Place & { readonly from: Address },
): Plan {
  const services = localServices(plan, site, ground);
  const { controller, ...rest } = plan;
  const { address, port } = ground.controller;
  return freeze({
    ...rest,
    sites: mapValues(plan.sites, (s, name) => ({
      ...s,
      upstreams: mapValues(s.upstreams, (u, up) => localUpstream(u, s.id, door(name, up))),
    })),
    services: mapValues(plan.services, (service, name) => {
      const here = services.find((s) => s.service === name);
      return here ? localService(service, here) : service;
    }),
    ...(controller === undefined ? {} : { controller: { endpoints: [`http://${address}:${port}`] } }),
  });
}

/** Protections that belong to a real cable fall away: on loopback nobody else is near, and nobody is far. */
function localUpstream(upstream: Upstream, id: number, at: Place & { readonly from: Address }): Upstream {
  const { password: _p, ttlSecurity: _t, bfd: _b, interface: _i, ...rest } = upstream;
  const has = (v6: boolean) => upstream.nextHop.some((hop) => hop.includes(':') === v6);
  return {
    ...rest,
    address: at.address,
    port: at.port,
    localAddress: at.from,
    passive: false,
    // A loopback address is no next hop for anybody: 198.18.0.0/15 is for test beds (RFC 2544).
    nextHop: [
      ...upstream.nextHop,
      ...(has(false) || !upstream.families.includes(4)
        ? []
        : [`198.18.${(id >> 8) & 255}.${id & 255}` as Address]),
      ...(has(true) || !upstream.families.includes(6)
        ? []
        : [`2001:db8:ffff::${(id & 0xffff).toString(16)}` as Address]),
    ],
  };
}

/** The service is asked the same question as often, but at its own place on this machine. */
function localService(service: Service, here: LocalService): Service {
  const { addTo: _, ...rest } = service;
  return { ...rest, probes: mapValues(service.probes, (probe) => localProbe(probe, here)) };
}

function localProbe(probe: Probe, { address: target, port, kind }: LocalService): Probe {
  const { every, timeout, fast, slow, onFailure } = probe;
  const common = { every, timeout, fast, onFailure, ...(slow === undefined ? {} : { slow }), target, port };
  return kind === 'dns'
    ? {
        ...common,
        kind,
        over: 'udp',
        name: 'id.server',
        type: 'TXT',
        class: 'CH',
        rcode: 'NOERROR',
        answer: [],
        identity: true,
      }
    : { ...common, kind, path: '/.well-known/nearcast', method: 'GET', status: [[200, 299]] };
}

function mapValues<T, U>(named: Named<T>, of: (value: T, name: string) => U): Named<U> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, of(value, name)]));
}
