import { expect, test } from 'vitest';
import { type Plan, parsePlan } from '../plan/index.ts';
import { deploymentOf } from './from-plan.ts';

function plan(upstreams: string, extra = ''): Plan {
  const text = `
network: example
asn: 64500
prefixes: [203.0.113.0/24]
sites:
  fra:
    place: Frankfurt, DE
    upstreams:
${upstreams
  .trim()
  .split('\n')
  .map((line) => `      - ${line.trim()}`)
  .join('\n')}
${extra}
services:
  web:
    address: [203.0.113.1]
    probes:
      - tcp: { port: 80 }
`;
  const parsed = parsePlan(text, { file: 'network.yaml' });
  if (!('plan' in parsed)) throw new Error(JSON.stringify(parsed.complaints));
  return parsed.plan;
}

test('each session that is told of the prefix becomes an announcement, with role, prepend and place', () => {
  const { deployment, remarks } = deploymentOf(
    plan(
      `{ asn: 64601, address: 198.51.100.1, role: provider, prepend: 1 }
       { asn: 64602, address: 198.51.100.2, role: peer, communities: [no-export] }
       { asn: 64603, address: 198.51.100.3, role: customer }
       { asn: 64604, address: 198.51.100.4, role: provider, enabled: false }
       { asn: 64500, address: 198.51.100.5, role: internal }
       { asn: 64605, address: 198.51.100.6, role: route-server }`,
    ),
  );
  expect(deployment.operator).toBe(64500);
  expect(
    deployment.announcements.map((a) => [a.site, a.upstream, a.relation, a.prepend, a.noExport]),
  ).toEqual([
    ['fra', 64601, 'provider', 1, false],
    ['fra', 64602, 'peer', 0, true],
    ['fra', 64603, 'customer', 0, false],
    ['fra', 64605, 'peer', 0, false],
  ]);
  expect(deployment.announcements[0]?.place).toMatchObject({ lat: 50.11 });
  expect(remarks.map((r) => r.what)).toEqual([
    'AS64605 is a route server: its members are not in the plan, so it is predicted as one peer',
  ]);
});

test('sites may be left out or be less preferred', () => {
  const two = plan(
    '{ asn: 64601, address: 198.51.100.1, role: provider }',
    `  nyc:
    place: New York, US
    upstreams:
      - { asn: 64602, address: 198.51.100.9, role: provider }`,
  );
  expect(deploymentOf(two, { without: ['fra'] }).deployment.announcements.map((a) => a.site)).toEqual([
    'nyc',
  ]);
  const before = deploymentOf(two).deployment.announcements[0]?.prepend as number;
  const drained = deploymentOf(two, { lessPreferred: ['fra'] });
  const upstream = Object.values(two.sites['fra']!.upstreams)[0]!;
  expect(drained.deployment.announcements[0]?.prepend).toBe(before + upstream.lessPreferred.prepend);
});

test('communities that are sent do what the plan says the upstream does on seeing them', () => {
  const base = plan('{ asn: 64601, address: 198.51.100.1, role: provider }');
  const upstream = Object.values(base.sites['fra']!.upstreams)[0]!;
  const withActions = {
    ...base,
    sites: {
      fra: {
        ...base.sites['fra']!,
        upstreams: {
          a: {
            ...upstream,
            communities: ['64601:1', '64601:2', '64601:4', '64601:5', '64601:6'],
            actions: [
              { community: '64601:1', effect: { kind: 'prepend', times: 2 }, to: [64700] },
              { community: '64601:2', effect: { kind: 'withhold' }, to: [64701] },
              { community: '64601:3', effect: { kind: 'withhold' }, to: [64702] },
              { community: '64601:4', effect: { kind: 'only' }, to: [64703] },
              { community: '64601:5', effect: { kind: 'prepend', times: 1 }, to: [] },
              { community: '64601:6', effect: { kind: 'local-preference', value: 50 }, to: [] },
            ],
          },
        },
      },
    },
  } as unknown as Plan;
  const { deployment, remarks } = deploymentOf(withActions);
  expect(deployment.announcements[0]).toMatchObject({
    prepend: 1,
    effects: [
      { towards: 64700, do: 'prepend', times: 2 },
      { towards: 64701, do: 'withhold' },
      { towards: 64703, do: 'only' },
    ],
  });
  expect(remarks.map((r) => r.what)).toEqual([
    "64601:6 sets the upstream's local preference to 50; that is not predicted",
  ]);
});
