import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  apply,
  compose,
  conflicts,
  type Difference,
  describeDifference,
  difference,
  formatComplaint,
  formatPlan,
  invert,
  type Plan,
  parsePlan,
} from './index.ts';

function planOf(text: string): Plan {
  const parsed = parsePlan(text);
  if ('complaints' in parsed)
    throw new Error(`${parsed.complaints.map(formatComplaint).join('\n')}\n${text}`);
  return parsed.plan;
}

function applied(changes: Difference, plan: Plan): Plan {
  const result = apply(changes, plan);
  if ('refused' in result) throw new Error(result.refused.join('\n'));
  return result.plan;
}

/** Settings of one thing, each there or not, as the inside of a flow mapping. */
function settings(all: { readonly [key: string]: readonly string[] }): fc.Arbitrary<string> {
  return fc
    .record(Object.fromEntries(Object.entries(all).map(([k, v]) => [k, fc.constantFrom(...v)])), {
      requiredKeys: [],
    })
    .map((chosen) =>
      Object.entries(chosen)
        .map(([k, v]) => `${k}: ${v}`)
        .join(', '),
    );
}

const upstream = fc
  .tuple(
    fc.constantFrom('198.51.100.1', '"2001:db8::1"', '192.0.2.7'),
    fc.integer({ min: 64601, max: 64604 }),
    settings({
      prepend: ['0', '1', '2'],
      med: ['0', '50'],
      'hold-time': ['9s', '90s', '2m', 'off'],
      password: [`\${A}`, 'file:/etc/b'],
      bfd: ['true', 'false', '{ interval: 50ms, multiplier: 5 }'],
      announce: ['all', '[203.0.113.0/24]', '[]'],
      communities: ['no-export', '["64601:1", "64601:2"]', '["64601:2", "64601:1"]'],
      'large-communities': ['"1:2:3"'],
      actions: [
        '[{ community: "64601:9", do: prepend 2, to: [3356, 1299] }, { community: "64601:1:2", do: withhold }]',
      ],
      families: ['[ipv4, ipv6]', 'ipv6'],
      'next-hop': ['"2001:db8::9"'],
      'ttl-security': ['true', 'false', '3'],
      'graceful-restart': ['30s', 'off'],
      'less-preferred': ['{ prepend: 1 }', '{ med: 7, graceful-shutdown: false }'],
      import: [
        'everything',
        'default-route',
        '[{ when: { path: [{ length: 3-5 }, { matches: "_1$" }], med: absent }, end: reject }]',
      ],
      export: [
        '[{ name: a, when: { prefix: [203.0.113.0/24+], family: ipv4, any: [{ otc: true }, { not: { local-pref: 7 } }] }, then: { med: -5, prepend: { times: 2, asn: 1 }, communities: { remove: "1:*" } } }]',
      ],
      enabled: ['false'],
    }),
  )
  .map(
    ([address, asn, rest]) => `{ asn: ${asn}, address: ${address}, role: provider${rest && `, ${rest}`} }`,
  );

const site = fc
  .tuple(
    fc.array(upstream, { maxLength: 3 }),
    settings({
      place: ['"Tokyo, JP"', '"Paris, FR"'],
      capacity: ['40 Gbps', '1.5 Gbps'],
      'load-interface': ['eth0', 'bond0'],
      coordinates: ['"-1.5, 100.25"'],
      unicast: ['192.0.2.1'],
      'router-id': ['192.0.2.1'],
      hostname: ['a.example'],
    }),
  )
  .map(([upstreams, rest]) => `{ upstreams: [${upstreams.join(', ')}]${rest && `, ${rest}`} }`);

const service = fc
  .tuple(
    fc.constantFrom('203.0.113.1', '[203.0.113.1, "2001:db8:53::1"]'),
    fc.array(
      fc.constantFrom(
        '{ icmp: }',
        '{ dns: { name: ., every: 5s, serial: { of: 192.0.2.1, behind: 3 } } }',
        '{ http: { status: [200, 301-302], slow: 80ms } }',
        '{ command: { run: "a b \'c d\'", on-failure: degraded } }',
      ),
      { maxLength: 3 },
    ),
    settings({
      rise: ['1', '5'],
      fall: ['1', '5'],
      combine: ['any', 'all'],
      flaps: ['2 per 1m', '"2 per 1m, then wait 10s up to 20s"'],
      degraded: ['never', 'partial', '[slow]'],
      'min-stable': ['1m'],
      'when-down': ['ignore'],
      'add-to': ['lo'],
      sites: ['all', '[a]'],
    }),
  )
  .map(
    ([address, probes, rest]) =>
      `{ address: ${address}, probes: [${probes.join(', ')}]${rest && `, ${rest}`} }`,
  );

const plans: fc.Arbitrary<Plan> = fc
  .tuple(
    fc.array(site, { minLength: 1, maxLength: 3 }),
    fc.array(service, { maxLength: 2 }),
    settings({
      keep: ['0', '2'],
      leave: ['2 per 1m'],
      'remaining-capacity': ['true'],
      last: ['full'],
      lease: ['10s'],
    }),
    settings({ settle: ['1s'], empty: ['{ sessions: 5, for: 1m }'], 'at-deadline': ['abort'] }),
    fc.constantFrom(
      '',
      'controller: https://c.example\n',
      'controller: { endpoints: [https://c.example], token: file:/t }\n',
    ),
  )
  .map(([sites, services, guard, drain, controller]) => {
    const named = (all: readonly string[], names: string) =>
      all.map((text, i) => `  ${names[i]}: ${text}\n`).join('');
    return planOf(
      `network: x\nasn: 64500\nprefixes: [203.0.113.0/24, 2001:db8:53::/48]\nsites:\n${named(sites, 'abc')}` +
        `${services.length > 0 ? `services:\n${named(services, 'st')}` : ''}guard: { ${guard} }\ndrain: { ${drain} }\n${controller}`,
    );
  });

describe('properties', () => {
  test('what differs, applied, makes the one plan the other', () => {
    fc.assert(
      fc.property(plans, plans, (a, b) => {
        expect(applied(difference(a, b), a)).toEqual(b);
      }),
      { numRuns: 40 },
    );
  });

  test('the inverse leads back, and a plan does not differ from itself', () => {
    fc.assert(
      fc.property(plans, plans, (a, b) => {
        const d = difference(a, b);
        expect(applied(invert(d), b)).toEqual(a);
        expect(invert(invert(d))).toEqual(d);
        expect(difference(a, a)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test('two differences one after the other are one, and there and back again is none', () => {
    fc.assert(
      fc.property(plans, plans, plans, (a, b, c) => {
        const there = difference(a, b);
        const both = compose(there, difference(b, c));
        expect(applied(both, a)).toEqual(c);
        expect(compose(there, invert(there))).toEqual([]);
        for (const x of both)
          for (const y of both)
            expect(x !== y && y.path.length > x.path.length && x.path.every((s, i) => y.path[i] === s)).toBe(
              false,
            );
      }),
      { numRuns: 40 },
    );
  });

  test('applying twice is applying once; a difference survives JSON', () => {
    fc.assert(
      fc.property(plans, plans, (a, b) => {
        const d = JSON.parse(JSON.stringify(difference(a, b))) as Difference;
        expect(applied(d, applied(d, a))).toEqual(b);
      }),
      { numRuns: 50 },
    );
  });

  test('every difference can be said, a line for each change', () => {
    fc.assert(
      fc.property(plans, plans, (a, b) => {
        const d = difference(a, b);
        const lines = describeDifference(d, a, b);
        expect(lines).toHaveLength(d.length);
        for (const line of lines) expect(line).not.toMatch(/undefined|\[object/);
      }),
      { numRuns: 40 },
    );
  });

  test('a plan written as a file reads back as the same plan', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        expect(planOf(formatPlan(plan))).toEqual(plan);
      }),
      { numRuns: 60 },
    );
  });
});

const BEFORE = `network: example
asn: 64500
prefixes: [203.0.113.0/24, 2001:db8:53::/48]
sites:
  fra:
    id: 1
    place: Frankfurt, DE
    capacity: 40 Gbps
    upstreams:
      - { asn: 64601, address: 198.51.100.1, role: provider, password: \${FRA_MD5}, bfd: true }
  nyc:
    id: 2
    upstreams:
      - { asn: 64602, address: 198.51.100.5, role: provider, prepend: 1 }
services:
  resolver:
    address: [203.0.113.53, 2001:db8:53::53]
    probes: [ dns: { name: example.com } ]
`;

function changed(...replace: readonly (readonly [string, string])[]): Plan {
  return planOf(replace.reduce((text, [from, to]) => text.replace(from, to), BEFORE));
}

test('changes are said as an operator would say them', () => {
  const after = changed(
    [
      `role: provider, password: \${FRA_MD5}, bfd: true`,
      'role: provider, password: file:/etc/fra, prepend: 2, hold-time: 9s, communities: no-export',
    ],
    ['40 Gbps', '100 Gbps'],
    ['  nyc:\n    id: 2', '  ams:\n    id: 3\n    place: Amsterdam, NL\n  nyc:\n    id: 2'],
    ['asn: 64602, address: 198.51.100.5', 'asn: 64603, address: 198.51.100.9'],
    ['2001:db8:53::53]', '203.0.113.54]'],
    ['name: example.com', 'name: example.org, every: 5s'],
    ['services:', 'guard: { keep: 2, leave: 2 per 1m }\nservices:'],
  );
  const before = planOf(BEFORE);
  expect(describeDifference(difference(before, after), before, after).join('\n')).toMatchInlineSnapshot(`
    "fra: capacity 40 Gbps → 100 Gbps
    fra: hold-time to 64601 90s → 9s
    fra: prepend to 64601 0 → 2
    fra: communities to 64601 +65535:65281
    fra: password to 64601 \${FRA_MD5} → file:/etc/fra
    fra: bfd to 64601 true → unset
    nyc: upstream as64602 removed
    nyc: upstream as64603 added (provider, 198.51.100.9)
    site ams added (Amsterdam, NL; 0 upstreams)
    resolver: address +203.0.113.54 −2001:db8:53::53
    resolver: every of probe dns 1s → 5s
    resolver: fast of probe dns 100ms → 500ms
    resolver: name of probe dns example.com → example.org
    guard: keep 1 → 2
    guard: leave 1 per 30s → 2 per 1m"
  `);
});

test('a difference that no longer fits is refused with what has changed meanwhile', () => {
  const [a, b] = [planOf(BEFORE), changed(['prepend: 1', 'prepend: 3'])];
  const d = difference(a, b);
  expect(apply(d, changed(['prepend: 1', 'prepend: 2']))).toEqual({
    refused: ['sites.nyc.upstreams.as64602.prepend is 2 and not 1'],
  });
  const { nyc: _, ...others } = a.sites;
  expect(apply(d, { ...a, sites: others })).toEqual({
    refused: [expect.stringContaining('is absent and not 1')],
  });
});

test('two people who change the same place otherwise are told so; elsewhere they do not disturb each other', () => {
  const a = planOf(BEFORE);
  const mine = difference(a, changed(['prepend: 1', 'prepend: 3']));
  expect(conflicts(mine, difference(a, changed(['prepend: 1', 'prepend: 2'])))).toHaveLength(1);
  expect(conflicts(mine, difference(a, changed(['prepend: 1', 'prepend: 3'])))).toEqual([]);
  expect(conflicts(mine, difference(a, changed(['40 Gbps', '1 Gbps'])))).toEqual([]);
  expect(conflicts(mine, difference(a, { ...a, sites: { fra: a.sites['fra']! } }))).toHaveLength(1);
});

test('a plan is written as short as it can be said', () => {
  expect(formatPlan(planOf(BEFORE))).toMatchInlineSnapshot(`
    "network: example
    asn: 64500
    prefixes: [ 203.0.113.0/24, 2001:db8:53::/48 ]
    sites:
      fra:
        id: 1
        place: Frankfurt, DE
        capacity: 40 Gbps
        upstreams:
          - { asn: 64601, address: 198.51.100.1, role: provider, password: "\${FRA_MD5}", bfd: true }
      nyc:
        id: 2
        upstreams:
          - { asn: 64602, address: 198.51.100.5, role: provider, prepend: 1 }
    services:
      resolver:
        address: [ 203.0.113.53, 2001:db8:53::53 ]
        probes:
          - { dns: { name: example.com } }
    "
  `);
});
