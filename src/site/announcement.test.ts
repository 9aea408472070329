import { describe, expect, test } from 'vitest';
import type { Address, Prefix } from '../base/index.ts';
import { formatComplaint, type Plan, parsePlan } from '../plan/index.ts';
import { check, compile, formatPolicy, type Subject } from '../policy/index.ts';
import { announcementOf, exportPolicy, importPolicy, type Level, scopes } from './index.ts';

function planOf(text: string): Plan {
  const parsed = parsePlan(text);
  if ('complaints' in parsed) throw new Error(parsed.complaints.map(formatComplaint).join('\n'));
  return parsed.plan;
}

const PLAN = planOf(`network: x
asn: 64500
prefixes: [203.0.113.0/24, 2001:db8:53::/48, 198.18.7.0/24]
sites:
  fra:
    id: 7
    upstreams:
      - { asn: 64601, address: 198.51.100.1, role: provider, prepend: 1, med: 10, communities: "64601:100", families: [ipv4, ipv6], next-hop: "2001:db8::9" }
      - { asn: 64602, address: 198.51.100.5, role: provider, announce: [203.0.113.0/24], actions: [ { community: "64602:7", do: prepend 2, to: 3356 }, { community: "64602:1:2", do: withhold } ], less-preferred: { graceful-shutdown: false, prepend: 0, med: 500 } }
      - { asn: 64603, address: 198.51.100.9, role: peer, enabled: false }
      - { asn: 64500, address: 127.0.0.1, role: internal, prepend: 2, med: 10, announce: [203.0.113.0/24] }
      - { asn: 64604, address: 198.51.100.13, role: peer, import: everything, export: [ { when: { prefix: 203.0.113.0/24 }, end: reject }, { then: { med: 77 } } ] }
services:
  dns: { address: [203.0.113.53, 2001:db8:53::53], probes: [ icmp: ] }
`);

const levels = (level: Level) =>
  Object.fromEntries(scopes(PLAN).map((s) => [s.name, { level, why: ['because'] }]));

test('full: the upstream’s own settings, MED always there, one large community that names the site', () => {
  const a = announcementOf(PLAN, 'fra', levels('full'));
  expect(Object.keys(a.upstreams)).toEqual(['as64601', 'as64602', 'as64500', 'as64604']);
  expect(Object.keys(a.upstreams['as64601']!)).toEqual([
    '203.0.113.0/24',
    '2001:db8:53::/48',
    '198.18.7.0/24',
  ]);
  expect(a.upstreams['as64601']?.['2001:db8:53::/48']).toEqual({
    level: 'full',
    why: ['because'],
    route: {
      prepend: 1,
      med: 10,
      communities: ['64601:100'],
      largeCommunities: ['64500:4786:7'],
      nextHop: '2001:db8::9',
    },
  });
  expect(a.upstreams['as64602']).toEqual({
    '203.0.113.0/24': {
      level: 'full',
      why: ['because'],
      route: {
        prepend: 0,
        med: 0,
        communities: ['64602:7'],
        largeCommunities: ['64500:4786:7', '64602:1:2'],
      },
    },
  });
});

test('less preferred: GRACEFUL_SHUTDOWN, more prepends and a higher MED, as each upstream wants it (RFC 8326)', () => {
  const a = announcementOf(PLAN, 'fra', levels('less-preferred'));
  expect(a.upstreams['as64601']?.['203.0.113.0/24']?.route).toMatchObject({
    prepend: 4,
    med: 110,
    communities: ['64601:100', '65535:0'],
  });
  expect(a.upstreams['as64602']?.['203.0.113.0/24']?.route).toMatchObject({
    prepend: 0,
    med: 500,
    communities: ['64602:7'],
  });
});

test('inside our AS less preferred is LOCAL_PREF 0 and never a prepend, which would be a loop (RFC 8326 §4.2, RFC 4271 §9.1.2)', () => {
  const route = (level: Level) =>
    announcementOf(PLAN, 'fra', levels(level)).upstreams['as64500']?.['203.0.113.0/24']?.route;
  const large = ['64500:4786:7'];
  expect(route('full')).toEqual({ prepend: 0, med: 10, communities: [], largeCommunities: large });
  expect(route('less-preferred')).toEqual({
    prepend: 0,
    localPref: 0,
    med: 110,
    communities: ['65535:0'],
    largeCommunities: large,
  });
  const rules = exportPolicy(PLAN, announcementOf(PLAN, 'fra', levels('less-preferred')), 'as64500').rules;
  expect(rules[1]?.then).toMatchObject({ localPref: 0, med: 110 });
  expect(rules[1]?.then).not.toHaveProperty('prepend');
});

test.each(['withdrawn', 'pending'] as const)(
  '%s: no route, and a policy that lets nothing out (RFC 8212)',
  (level) => {
    const a = announcementOf(PLAN, 'fra', levels(level));
    expect(a.upstreams['as64601']?.['203.0.113.0/24']).toEqual({ level, why: ['because'] });
    expect(exportPolicy(PLAN, a, 'as64601').rules).toEqual([{ end: 'reject' }]);
  },
);

describe('the export policy', () => {
  const of = (level: Level, upstream: string, prefix: string, local = true) => {
    const policy = exportPolicy(PLAN, announcementOf(PLAN, 'fra', levels(level)), upstream);
    expect(check(policy)).toEqual([]);
    const subject: Subject = {
      prefix: prefix as Prefix,
      family: (prefix.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast') as Subject['family'],
      attributes: [
        { kind: 'origin', origin: 'igp' },
        { kind: 'asPath', path: [] },
      ] as Subject['attributes'],
      neighbor: { asn: 64601, address: '198.51.100.1' as Address, kind: 'ebgp' },
      source: local
        ? { asn: 64500, address: '10.0.0.7' as Address, kind: 'local' }
        : { asn: 64602, address: '198.51.100.5' as Address, kind: 'ebgp' },
      validation: 'unverified',
    };
    return compile(policy, { localAsn: 64500 }).evaluate(subject);
  };

  test('lets our prefix out with its attributes, and nothing else', () => {
    expect(of('full', 'as64601', '203.0.113.0/24')).toMatchObject({ accept: true });
    expect(of('full', 'as64601', '203.0.112.0/24')).toMatchObject({ accept: false });
    expect(of('full', 'as64601', '203.0.113.0/25')).toMatchObject({ accept: false });
  });

  test('never passes on what was heard from somebody else', () => {
    expect(of('full', 'as64601', '203.0.113.0/24', false)).toMatchObject({ accept: false });
  });

  test('gives the plan’s own rules the last word', () => {
    expect(of('full', 'as64604', '203.0.113.0/24')).toMatchObject({ accept: false });
    const outcome = of('full', 'as64604', '198.18.7.0/24');
    expect(outcome.accept && outcome.attributes).toContainEqual({ kind: 'med', med: 77 });
  });

  test('can be read', () => {
    const a = announcementOf(PLAN, 'fra', levels('less-preferred'));
    expect(formatPolicy(exportPolicy(PLAN, a, 'as64601')).join('\n')).toMatchInlineSnapshot(`
      "rule 1 (only what the site announces): when not (source local, prefix 203.0.113.0/24 or 2001:db8:53::/48 or 198.18.7.0/24), reject
      rule 2 (203.0.113.0/24 less-preferred): when prefix 203.0.113.0/24, prepend 4, med 110, communities + 64601:100 65535:0, large-communities + 64500:4786:7, next-hop self, continue
      rule 3 (2001:db8:53::/48 less-preferred): when prefix 2001:db8:53::/48, prepend 4, med 110, communities + 64601:100 65535:0, large-communities + 64500:4786:7, next-hop 2001:db8::9, continue
      rule 4 (198.18.7.0/24 less-preferred): when prefix 198.18.7.0/24, prepend 4, med 110, communities + 64601:100 65535:0, large-communities + 64500:4786:7, next-hop self, continue
      rule 5 (announced): always, accept"
    `);
  });
});

test('import: nothing unless the plan says so (RFC 8212)', () => {
  expect(importPolicy(PLAN, 'fra', 'as64601').rules).toEqual([{ end: 'reject' }]);
  expect(importPolicy(PLAN, 'fra', 'as64604').rules).toEqual([{ end: 'accept' }]);
});

test('prefixes that a service joins leave together; the others each alone', () => {
  expect(scopes(PLAN)).toEqual([
    {
      name: '203.0.113.0/24',
      prefixes: ['203.0.113.0/24', '2001:db8:53::/48'],
      services: ['dns'],
      sites: ['fra'],
    },
    { name: '198.18.7.0/24', prefixes: ['198.18.7.0/24'], services: [], sites: ['fra'] },
  ]);
});
