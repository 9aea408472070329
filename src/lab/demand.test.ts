import { expect, test } from 'vitest';
import type { Prefix } from '../base/index.ts';
import { parsePlan } from '../plan/index.ts';
import { Demand, sumOf, usualDemand } from './demand.ts';
import type { InternetMap } from './map.ts';

function planOf(capacities: readonly string[]) {
  const sites = capacities.map(
    (c, i) =>
      `  s${i}: { id: ${i + 1}, ${c}upstreams: [{ asn: 64601, role: provider, address: 198.51.100.${i + 1} }] }`,
  );
  const parsed = parsePlan(
    `network: n\nasn: 64500\nprefixes: [203.0.113.0/24, 198.51.100.0/24]\nsites:\n${sites.join('\n')}\n`,
  );
  if (!('plan' in parsed)) throw new Error(JSON.stringify(parsed));
  return parsed.plan;
}

/** Routers `name users`, and where each lands by prefix. */
function internet(routers: string, lands: (name: string, prefix: Prefix) => string | undefined) {
  const all = routers.split(', ').map((text) => {
    const [name, users] = text.split(' ') as [string, string];
    return { name, users: Number(users) };
  });
  return {
    map: { routers: all } as unknown as InternetMap,
    trace: (from: string, prefix: Prefix) => {
      const site = lands(from, prefix);
      return { routers: [from], path: [], latencyMs: 1, ...(site === undefined ? {} : { site }) };
    },
  };
}

test('people ask for the same amount each, and it lands where the routes lead, prefix by prefix', () => {
  const plan = planOf(['', '']);
  const world = internet('a 30, b 10, c 60, core 0', (name, prefix) =>
    name === 'a' ? 's0' : name === 'b' ? (prefix.startsWith('203') ? 's0' : 's1') : 's1',
  );
  const loads = new Demand(world, plan, 1000).loads();
  expect(Object.fromEntries(loads)).toEqual({
    s0: { '203.0.113.0/24': 200, '198.51.100.0/24': 150 },
    s1: { '203.0.113.0/24': 300, '198.51.100.0/24': 350 },
  });
  expect([...loads.values()].map(sumOf)).toEqual([350, 650]);
});

test('what finds no way is carried by nobody, and a site where nobody lands carries nothing', () => {
  const loads = new Demand(
    internet('a 30, b 70', (n) => (n === 'a' ? 's0' : undefined)),
    planOf(['', '']),
    1000,
  ).loads();
  expect([...loads.values()].map(sumOf)).toEqual([300, 0]);
});

test('40 % of what all can serve is asked for, unless it is unknown what one of them can', () => {
  expect(usualDemand(planOf(['capacity: 40 Gbps, ', 'capacity: 10 Gbps, ']))).toBe(20e9);
  expect(usualDemand(planOf(['capacity: 40 Gbps, ', '']))).toBeUndefined();
});
