import { expect, test } from 'vitest';
import type { Prefix } from '../base/index.ts';
import { parsePlan } from '../plan/index.ts';
import { Demand, sumOf, usualDemand } from './demand.ts';
import type { Vantage } from './vantage.ts';

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

/** Vantages as `name people`. */
function from(text: string): readonly Vantage[] {
  return text.split(', ').map((one) => {
    const [name, population] = one.split(' ') as [string, string];
    return {
      address: name,
      place: { name, cc: '', code: '', lat: 0, lon: 0, population: Number(population) },
    };
  });
}

const ways = (lands: (name: string, prefix: Prefix) => string | undefined) => ({
  trace: (vantage: Vantage, prefix: Prefix) => {
    const site = lands(vantage.address, prefix);
    return { vantage, routers: [], path: [], latencyMs: 1, ...(site === undefined ? {} : { site }) };
  },
});

test('people ask for the same amount each, and it lands where the routes lead, prefix by prefix', () => {
  const all = ways((name, prefix) => {
    if (name === 'a') return 's0';
    return name === 'b' && prefix.startsWith('203') ? 's0' : 's1';
  });
  const loads = new Demand(all, planOf(['', '']), 1000, from('a 30, b 10, c 60')).loads();
  expect(Object.fromEntries(loads)).toEqual({
    s0: { '203.0.113.0/24': 200, '198.51.100.0/24': 150 },
    s1: { '203.0.113.0/24': 300, '198.51.100.0/24': 350 },
  });
  expect([...loads.values()].map(sumOf)).toEqual([350, 650]);
});

test('what finds no way is carried by nobody, and a site where nobody lands carries nothing', () => {
  const some = ways((name) => (name === 'a' ? 's0' : undefined));
  const loads = new Demand(some, planOf(['', '']), 1000, from('a 30, b 70')).loads();
  expect([...loads.values()].map(sumOf)).toEqual([300, 0]);
});

test('a quarter of what all can serve is asked for, unless it is unknown what one of them can', () => {
  expect(usualDemand(planOf(['capacity: 40 Gbps, ', 'capacity: 10 Gbps, ']))).toBe(12.5e9);
  expect(usualDemand(planOf(['capacity: 40 Gbps, ', '']))).toBeUndefined();
});
