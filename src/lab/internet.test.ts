/** The embedded internet without its doors: in virtual time, with a site's announcement originated at its upstreams. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Address, familyOf, instant, type Prefix } from '../base/index.ts';
import { VirtualClock } from '../emulate/index.ts';
import { parsePlan } from '../plan/index.ts';
import { distanceKm } from '../topology/index.ts';
import { Directions } from './directions.ts';
import { failure } from './front-dns.ts';
import type { Ground } from './ground.ts';
import { Internet } from './internet.ts';
import type { Journey } from './journey.ts';
import { localPlan, localServices } from './local-plan.ts';
import { layOut } from './map.ts';

const parsed = parsePlan(
  readFileSync(new URL('../../examples/planet/network.yaml', import.meta.url), 'utf8'),
);
if (!('plan' in parsed)) throw new Error('the example is wrong');
const { plan } = parsed;
const PREFIX = plan.prefixes[0] as Prefix;

/** Time goes on by so many milliseconds. */
function pass(clock: VirtualClock, ms: number): void {
  clock.run(instant(clock.now() + ms));
}

const NOWHERE = { address: '127.0.0.1' as Address, port: 0, from: '127.0.0.1' as Address };

function world(seed: number, ases = 40) {
  const clock = new VirtualClock();
  const map = layOut(plan, { ases, seed });
  const internet = new Internet(map, plan.asn, () => NOWHERE, clock, { changed() {}, note() {} });
  internet.begin();
  pass(clock, 5000);
  return { clock, map, internet };
}

/** The upstreams' routers originate what the site would tell them. */
function announce({ internet, map }: ReturnType<typeof world>, site: string, on = true): void {
  for (const door of map.doors.filter((d) => d.site === site))
    internet.nodes
      .get(door.router)
      ?.feed(
        on
          ? { kind: 'announce', prefix: PREFIX, attributes: OF_A_CUSTOMER(door.settings.asn) }
          : { kind: 'withdraw', prefix: PREFIX },
      );
}

const OF_A_CUSTOMER = (asn: number) => [{ kind: 'largeCommunities', communities: [`${asn}:1:1`] }] as never;

/** Where a journey ended when the site is beyond the router: there the route is its own. */
const endOf = (j: Journey) => j.routers.at(-1) as string;

test('the same plan and seed give the same internet; every upstream has a router in the city of each of its sites', () => {
  const [a, b] = [layOut(plan, { ases: 92, seed: 15 }), layOut(plan, { ases: 92, seed: 15 })];
  expect(a).toEqual(b);
  expect(layOut(plan, { ases: 92, seed: 16 }).cables).not.toEqual(a.cables);
  for (const door of a.doors) {
    const router = a.routers.find((r) => r.name === door.router);
    expect(router?.asn).toBe(door.settings.asn);
    expect(distanceKm(router!.place, a.sites[door.site]!)).toBeLessThan(1);
  }
});

test('every session comes up, and what one site announces reaches every router within seconds', () => {
  const w = world(3);
  expect(w.internet.down()).toEqual([]);
  announce(w, 'fra');
  pass(w.clock, 3000);
  const ends = w.map.routers
    .map((r) => w.internet.trace(r.name, PREFIX))
    .map((j) => (endOf(j).startsWith('64601') || endOf(j).startsWith('64602') ? 'there' : j.lost));
  expect(new Set(ends)).toEqual(new Set(['there']));
});

test('no path goes down to a customer or across to a peer and then up or across again (Gao and Rexford)', () => {
  for (const seed of [1, 2, 3]) {
    const w = world(seed);
    for (const site of Object.keys(plan.sites)) announce(w, site);
    pass(w.clock, 3000);
    const relation = new Map<string, string>();
    for (const c of w.map.cables) {
      relation.set(`${c.from} ${c.to}`, c.relation);
      relation.set(`${c.to} ${c.from}`, c.relation === 'customer' ? 'provider' : c.relation);
    }
    for (const router of w.map.routers) {
      const { routers } = w.internet.trace(router.name, PREFIX);
      const steps = routers
        .slice(1)
        .map((to, i) => relation.get(`${routers[i]} ${to}`))
        .filter((s) => s !== 'internal');
      // Up any number of times, across once at most, then only down.
      expect(steps.join(' ')).toMatch(/^(provider ?)*(peer ?)?(customer ?)*$/);
    }
  }
});

test('a site that is withdrawn costs no packet: at no moment is anybody on the way without one', () => {
  const w = world(15, 92);
  for (const site of Object.keys(plan.sites)) announce(w, site);
  pass(w.clock, 3000);
  const lost: string[] = [];
  let arrived = 0;
  const edges = w.map.routers.filter((r) => r.tier === 'edge');
  const send = () => {
    for (const edge of edges)
      w.internet.carry(edge.name, PREFIX, (j) => {
        const at = w.internet.nodes.get(endOf(j));
        // It has arrived where the next hop would be the site: a router that originates the route here.
        if (at && j.lost !== undefined && w.map.doors.some((d) => d.router === endOf(j))) arrived++;
        else lost.push(j.lost ?? 'somewhere');
      });
  };
  for (let i = 0; i < 20; i++) {
    if (i === 5) announce(w, 'tyo', false);
    send();
    pass(w.clock, 20);
  }
  pass(w.clock, 3000);
  expect(arrived + lost.length).toBe(20 * edges.length);
  expect(lost).toEqual([]);
});

test('a cable that is cut carries nothing, both ends know at once, and healed it comes back', () => {
  const w = world(2);
  const cable = w.map.cables.find((c) => c.relation === 'customer')!;
  const [a, b] = [cable.from, cable.to].map((n) => String(w.internet.router(n).asn)) as [string, string];
  const done = w.internet.cut(a, b);
  expect(done.length).toBeGreaterThan(0);
  expect(w.internet.nodes.get(cable.from)?.speaker.peers.get(cable.to)?.established).toBeUndefined();
  expect(w.internet.nodes.get(cable.to)?.speaker.peers.get(cable.from)?.established).toBeUndefined();
  pass(w.clock, 5000);
  expect(w.internet.cuts()).toEqual(done);
  expect(w.internet.heal(b, a)).toEqual(done);
  pass(w.clock, 5000);
  expect(w.internet.down()).toEqual([]);
  expect(w.internet.cut('nowhere')).toEqual([]);
});

test("the plan of an agent here differs from the operator's in addresses and in nothing that is announced", () => {
  const ground: Ground = {
    door: () => NOWHERE,
    service: (s, n, kind) => ({
      address: `127.100.${s}.${n}` as Address,
      port: kind === 'dns' ? 8053 : 8080,
    }),
    controller: { address: '127.100.0.1' as Address, port: 4786 },
    release: async () => {},
  };
  const local = localPlan(plan, 'tyo', ground, (site, up) => ({
    ...NOWHERE,
    port: 1000 + site.length + up.length,
  }));
  expect(local.controller?.endpoints).toEqual(['http://127.100.0.1:4786']);
  expect([local.prefixes, local.guard, local.drain, local.asn]).toEqual([
    plan.prefixes,
    plan.guard,
    plan.drain,
    plan.asn,
  ]);
  for (const [name, site] of Object.entries(local.sites))
    for (const [up, u] of Object.entries(site.upstreams)) {
      const before = plan.sites[name]?.upstreams[up];
      expect(u.address).toBe('127.0.0.1');
      expect({ ...u, address: 0, port: 0, localAddress: 0, nextHop: 0 }).toEqual({
        ...before,
        address: 0,
        port: 0,
        localAddress: 0,
        nextHop: 0,
      });
      expect(u.nextHop.map(familyOf).sort()).toEqual([4, 6]);
    }
  expect(localServices(plan, 'tyo', ground).map((s) => `${s.service} ${s.kind} ${s.port}`)).toEqual([
    'web http 8080',
    'resolver dns 8053',
  ]);
  const { http } = local.services['web']!.probes;
  expect(http).toMatchObject({
    kind: 'http',
    target: '127.100.6.0',
    port: 8080,
    every: 1000,
    timeout: 300,
    fast: 100,
  });
});

test('clients of a service are sent to the prefix that holds its address', () => {
  const w = world(1);
  const directions = new Directions(w.internet, plan);
  expect([directions.prefix('http'), directions.prefix('dns', 6)]).toEqual([
    '203.0.113.0/24',
    '2001:db8:53::/48',
  ]);
});

test('SERVFAIL keeps the question and nothing else, and survives a query that is cut short (RFC 1035 §4.1.1)', () => {
  const query = Buffer.from(
    'abcd010000010000000000010269640673657276657200001000030000290000000000000000',
    'hex',
  );
  expect(failure(query).toString('hex')).toBe(
    'abcd8102000100000000000002696406736572766572000010 0003'.replaceAll(' ', ''),
  );
  expect(failure(query.subarray(0, 20)).toString('hex')).toBe('abcd81020000000000000000');
});
