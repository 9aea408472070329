/** Small networks to try things on: sites and clients by the codes of their cities. */
import type { Event, Landing, Site, Snapshot, Vantage } from '../../../src/control/index.ts';
import { CITIES, distanceKm, type Place, rttMs } from '../../../src/topology/index.ts';

/** The instant at which every such network begins. */
export const BEGAN = Date.UTC(2026, 10, 21, 12, 0, 0);

/** `network('fra nyc', 'lon chi tyo')`: every client lands at the nearest site, over one upstream that all sites share. */
export function network(sites: string, clients: string): Snapshot {
  const names = sites.split(' ').filter(Boolean);
  const at = BEGAN;
  return {
    version: 1,
    run: 'r1',
    seq: 0,
    at,
    network: {
      name: 'example',
      asn: 64500,
      prefixes: ['203.0.113.0/24'],
      services: { resolver: { addresses: ['203.0.113.53'] } },
      guard: {
        keep: 1,
        leave: { count: 1, perMs: 30_000 },
        remainingCapacity: true,
        last: 'less-preferred',
        controller: true,
      },
      at,
    },
    sites: Object.fromEntries(names.map((name) => [name, site(name)])),
    guard: { anycast: { keep: 1, sites: names, spokenFor: [], sharedFaults: [], at } },
    internet: {
      ases: {
        64601: { name: 'Upstream', tier: 'upstream', users: 0, routers: {} },
        64701: { name: 'Edge', tier: 'edge', users: 1, routers: {} },
      },
      links: [],
      doors: [],
      at,
    },
    vantages: Object.fromEntries(
      clients
        .split(' ')
        .filter(Boolean)
        .map((code, i) => [`127.${i + 1}.0.1`, vantage(code, names)]),
    ),
    faults: {},
  };
}

/** A landing event that takes a client to another site, or to none. */
export function move(before: Snapshot, address: string, to: string | undefined, seq: number): Event {
  const { landing } = before.vantages[address] as Vantage;
  const { site: _, upstream: __, lost: ___, at: ____, ...rest } = landing;
  const is: Landing = to === undefined ? { ...rest, lost: 'no route' } : { ...rest, site: to };
  const was = {
    rttMs: landing.rttMs,
    path: landing.path,
    ...(landing.site === undefined ? {} : { site: landing.site }),
  };
  return { kind: 'landing', vantage: address, was, is, run: before.run, seq, at: BEGAN + seq * 1000 };
}

export function site(code: string): Site {
  const at = BEGAN;
  const prefix = '203.0.113.0/24';
  return {
    place: placed(code),
    capacity: 10e9,
    process: { standing: 'running', at },
    verdicts: { resolver: { verdict: 'up', phase: 'up', why: [], at } },
    drain: { phase: 'in', remarks: [], at },
    decisions: { anycast: { prefixes: [prefix], level: 'full', why: [], at } },
    tickets: { anycast: { ticket: 'held', at } },
    upstreams: {
      as64601: {
        asn: 64601,
        address: '198.51.100.1',
        role: 'provider',
        session: { state: 'established', at },
        announcements: { [prefix]: { expected: 'full', actual: 'full', why: [], at } },
      },
    },
    load: { asked: 0, perSecond: 0, at },
  };
}

function vantage(code: string, sites: readonly string[]): Vantage {
  const here = city(code);
  const near = [...sites].sort((a, b) => distanceKm(city(a), here) - distanceKm(city(b), here))[0];
  const landing = near === undefined ? { lost: 'no site' } : { site: near, upstream: 'as64601' };
  return {
    place: placed(code),
    asn: 64701,
    router: '64701',
    users: here.population,
    landing: {
      ...landing,
      rttMs: near === undefined ? 0 : rttMs(distanceKm(here, city(near)), 2),
      path: [64701, 64601],
      hops: [],
      at: BEGAN,
    },
    requests: { served: 0, failed: 0, lost: 0, at: BEGAN },
  };
}

function placed(code: string) {
  const { name, cc, lat, lon } = city(code);
  return { name, country: cc, lat, lon };
}

function city(code: string): Place {
  const found = CITIES.find((c) => c.code === code);
  if (!found) throw new Error(`no city ${code}`);
  return found;
}
