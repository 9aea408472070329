import { expect, test } from 'vitest';
import type { Prefix } from '../base/index.ts';
import { formatComplaint, formatFinding, type LintOptions, lint, parsePlan } from './index.ts';

/** Two sites with an upstream each, changed by replacing texts. */
const CLEAN = `network: x
asn: 64500
prefixes: [203.0.113.0/24, 2001:db8:53::/48]
sites:
  fra:
    upstreams:
      - { asn: 64601, address: 198.51.100.1, role: provider, password: \${A} }
      - { name: fra6, asn: 64601, address: "2001:db8:1::1", role: provider, password: \${A} }
  nyc:
    upstreams:
      - { asn: 64602, address: 198.51.100.5, role: provider, families: [ipv4, ipv6], next-hop: "2001:db8:2::2" }
services:
  dns:
    address: [203.0.113.53, 2001:db8:53::53]
    probes: [ { dns: { name: example.com } }, { address: } ]
guard: { keep: 1 }
controller: http://127.0.0.1:4786
`;

function findings(
  change: readonly [from: string | RegExp, to: string][],
  options: LintOptions = {},
): readonly string[] {
  const text = change.reduce((t, [from, to]) => t.replace(from, to), CLEAN);
  const parsed = parsePlan(text, { file: 'n.yaml' });
  if ('complaints' in parsed) throw new Error(parsed.complaints.map(formatComplaint).join('\n'));
  return lint(parsed.plan, { ...options, where: parsed.where }).map(formatFinding);
}

test('a good plan has nothing to say', () => {
  expect(findings([])).toEqual([]);
});

test.each<[code: string, from: string | RegExp, to: string, message: RegExp]>([
  [
    'restart-with-bfd',
    'role: provider, families',
    'role: provider, bfd: true, graceful-restart: 30s, families',
    /n\.yaml:11:\d+: warning .*forgets the routes after 3 intervals \(RFC 5882 §4\.3\.2\)/,
  ],
  [
    'prepend-inside',
    'asn: 64602, address: 198.51.100.5, role: provider',
    'asn: 64500, address: 198.51.100.5, role: internal, prepend: 2',
    /warning .*nothing is prepended inside our own AS/,
  ],
  ['own-as-neighbour', 'asn: 64602', 'asn: 64500', /n\.yaml:11:16: error .*our own AS number/],
  ['unusable-as', 'asn: 64602', 'asn: 65535', /error .*65535 is reserved/],
  ['too-specific', '203.0.113.0/24', '203.0.113.0/25', /n\.yaml:3:12: warning .*longer than \/24/],
  ['too-specific', ':53::/48', ':53::/49', /longer than \/48/],
  ['special-space', '203.0.113.0/24', '240.0.0.0/8', /nobody will route it/],
  ['special-space', '2001:db8:53::/48', 'fe80::/48', /outside the global unicast/],
  [
    'wanted-password',
    /role: provider, password: \S+ }\n {2}nyc/,
    'role: provider }\n  nyc',
    /n\.yaml:8:9: warning .*AS64601 has a password elsewhere/,
  ],
  ['address-outside', '203.0.113.53', '203.0.114.53', /n\.yaml:14:15: error .*in none of/],
  ['one-family', 'address: [203.0.113.53, 2001:db8:53::53]', 'address: 203.0.113.53', /served on IPv4 only/],
  ['family-not-carried', 'families: [ipv4, ipv6], ', '', /2001:db8:53::\/48 is announced to nobody here/],
  ['next-hop-missing', ', next-hop: "2001:db8:2::2"', '', /needs an IPv6 next-hop/],
  [
    'no-upstream',
    'role: provider, families',
    'role: provider, enabled: false, families',
    /no upstream that is enabled/,
  ],
  [
    'duplicate-upstream',
    '2001:db8:1::1',
    '198.51.100.1',
    /error .*also the address of sites\.fra\.upstreams\.as64601/,
  ],
  ['duplicate-upstream', '198.51.100.5', '198.51.100.1', /note .*also the address of/],
  ['one-site', /\n {2}nyc:[\s\S]*?\n(?=services)/, '\n', /one site only/],
  ['one-site', 'probes:', 'sites: [fra]\n    probes:', /served at fra only/],
  ['keep-too-many', 'keep: 1', 'keep: 2', /keeps 2 of 2 sites/],
  ['keep-without-controller', 'controller: http://127.0.0.1:4786\n', '', /every site judges alone/],
  ['capacity-missing', 'keep: 1', 'remaining-capacity: true', /no capacity/],
  ['no-probe', '{ dns: { name: example.com } }, { address: }', '', /it is announced whatever happens/],
  ['slow-probe', 'name: example.com', 'name: example.com, timeout: 2s', /longer than every/],
  ['probe-elsewhere', ', { address: }', '', /another site answers/],
  ['unicast-inside', 'fra:\n', 'fra:\n    unicast: 203.0.113.1\n', /does not lead to this site alone/],
  ['router-id-shared', 'nyc:\n', 'nyc:\n    router-id: 10.0.0.1\n', /is fra's \(RFC 6286\)/],
  [
    'long-restart',
    'role: provider, families',
    'role: provider, graceful-restart: 120s, families',
    /longer than the hold time/,
  ],
  ['open-controller', 'http://127.0.0.1:4786', 'http://192.0.2.1:4786', /anyone on the way/],
])('%s: %s → %s', (code, from, to, message) => {
  const said = findings([[from, to]]);
  expect(
    said.some((f) => f.includes(`[${code}]`) && message.test(f)),
    said.join('\n'),
  ).toBe(true);
});

test('documentation space and numbers are for exercises: errors in production only', () => {
  expect(
    findings([], { production: true })
      .filter((f) => /error/.test(f))
      .join('\n'),
  ).toMatchInlineSnapshot(`
    "n.yaml:2:6: error [unusable-as] asn: 64500 is for documentation (RFC 5398)
    n.yaml:3:12: error [special-space] prefixes[0]: 203.0.113.0/24 is documentation (RFC 5737); nobody will route it
    n.yaml:3:28: error [special-space] prefixes[1]: 2001:db8:53::/48 is documentation (RFC 3849); nobody will route it
    n.yaml:7:32: error [special-space] sites.fra.upstreams.as64601.address: 198.51.100.1 is documentation (RFC 5737)
    n.yaml:8:44: error [special-space] sites.fra.upstreams.fra6.address: 2001:db8:1::1 is documentation (RFC 3849)
    n.yaml:11:32: error [special-space] sites.nyc.upstreams.as64602.address: 198.51.100.5 is documentation (RFC 5737)"
  `);
});

test('the last part of a session without protection is noted in production', () => {
  const far = findings([['role: provider, families', 'role: provider, multihop: 3, families']], {
    production: true,
  });
  expect(far).toEqual(expect.arrayContaining([expect.stringMatching(/warning \[no-password\].*hops away/)]));
});

test('ROAs: none, one of another network, one too loose, one that fits (RFC 6811, RFC 9319)', () => {
  const roa = (prefix: string, maxLength: number, asn = 64500) => ({
    prefix: prefix as Prefix,
    maxLength,
    asn,
  });
  const v6 = roa('2001:db8:53::/48', 48);
  const codes = (...roas: ReturnType<typeof roa>[]) =>
    findings([], { roas }).map((f) => /(\w+) \[(.+?)\]/.exec(f)?.slice(1).join(' '));
  expect(codes(v6)).toEqual(['warning no-roa']);
  expect(codes(v6, roa('203.0.113.0/24', 24, 64999))).toEqual(['error no-roa']);
  expect(codes(v6, roa('203.0.112.0/23', 23))).toEqual(['error no-roa']);
  expect(codes(v6, roa('203.0.112.0/23', 28))).toEqual(['warning loose-roa']);
  expect(codes(v6, roa('203.0.113.0/24', 24))).toEqual([]);
});

test('places are looked up in whatever atlas is handed in', () => {
  const atlas = {
    find: (place: string) => (place === 'Paris, FR' ? { latitude: 48.86, longitude: 2.35 } : undefined),
    names: ['Paris, FR', 'Berlin, DE'],
  };
  const said = (fra: string) =>
    findings([['fra:\n', `fra:\n    ${fra}\n`]], { atlas }).filter((f) => f.includes('.fra'));
  expect(said('place: Paris, FR')).toEqual([]);
  expect(said('coordinates: 48.9, 2.3')).toEqual([]);
  expect(said('place: Pairs, FR')).toEqual([
    expect.stringMatching(/n\.yaml:6:12: warning .*did you mean Paris, FR\?/),
  ]);
  expect(findings([], { atlas })).toHaveLength(2);
});
