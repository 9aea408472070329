import { expect, test } from 'vitest';
import { formatComplaint, parsePlan, planSchema } from './index.ts';

const EXAMPLE = `network: example
asn: 64500
prefixes: [203.0.113.0/24, 2001:db8:53::/48]
sites:
  fra:
    place: Frankfurt, DE
    capacity: 40 Gbps
    upstreams:
      - { asn: 64601, address: 198.51.100.1, role: provider, password: \${FRA_MD5}, bfd: true }
  nyc:
    place: New York, US
    upstreams:
      - { asn: 64602, address: 198.51.100.5, role: provider, prepend: 1 }
services:
  resolver:
    address: [203.0.113.53, 2001:db8:53::53]
    probes:
      - dns: { name: example.com, type: SOA, every: 1s, timeout: 300ms }
    rise: 3
    fall: 2
guard: { keep: 1, leave: 1 per 30s, remaining-capacity: true }
`;

function planOf(text: string) {
  const parsed = parsePlan(text);
  if ('complaints' in parsed) throw new Error(parsed.complaints.map(formatComplaint).join('\n'));
  return parsed;
}

function complaintsOf(text: string): readonly string[] {
  const parsed = parsePlan(text, { file: 'n.yaml' });
  return 'complaints' in parsed ? parsed.complaints.map(formatComplaint) : [];
}

/** A plan of one site with this upstream, its other lines, and these sections. */
function small(upstream: string, more = ''): string {
  return `network: x\nasn: 64500\nprefixes: 203.0.113.0/24\nsites:\n  fra:\n    upstreams:\n      - { asn: 64601, role: provider, ${upstream} }\n${more}`;
}

test('the plan of the design parses, with every default filled in', () => {
  const { plan } = planOf(EXAMPLE);
  expect(plan.sites['fra']).toMatchObject({
    id: 1,
    routerId: '10.0.0.1',
    capacity: 40e9,
    place: 'Frankfurt, DE',
  });
  expect(plan.sites['fra']?.upstreams['as64601']).toEqual({
    asn: 64601,
    address: '198.51.100.1',
    role: 'provider',
    port: 179,
    enabled: true,
    passive: false,
    families: [4],
    nextHop: [],
    password: { from: 'env', name: 'FRA_MD5' },
    multihop: 1,
    holdTime: 90_000,
    bfd: { interval: 300, multiplier: 3 },
    maximumPrefixes: 1000,
    announce: 'all',
    prepend: 0,
    med: 0,
    communities: [],
    largeCommunities: [],
    actions: [],
    lessPreferred: { gracefulShutdown: true, prepend: 3, med: 100 },
    import: [],
    export: [],
  });
  expect(plan.services['resolver']?.probes['dns']).toMatchObject({
    kind: 'dns',
    every: 1000,
    timeout: 300,
    fast: 100,
  });
  expect(plan.guard).toMatchObject({ keep: 1, leave: { count: 1, per: 30_000 }, remainingCapacity: true });
});

test('a plan cannot be changed in place', () => {
  const { plan } = planOf(EXAMPLE);
  expect(() => Object.assign(plan.sites['fra'] as object, { id: 7 })).toThrow(TypeError);
});

test('paths of the plan lead back to lines of the file', () => {
  const { where } = planOf(EXAMPLE);
  expect(where(['sites', 'fra', 'upstreams', 'as64601', 'bfd'])).toEqual({
    file: 'network.yaml',
    line: 9,
    column: 89,
  });
  expect(where(['services', 'resolver', 'probes', 'dns', 'timeout'])).toMatchObject({ line: 18 });
  expect(where(['guard', 'remainingCapacity'])).toMatchObject({ line: 21, column: 57 });
  // What the file leaves out is placed where it would stand.
  expect(where(['sites', 'nyc', 'upstreams', 'as64602', 'holdTime'])).toMatchObject({ line: 13 });
});

test('several mistakes are said at once, with line, column, what was found, what is allowed and the nearest name', () => {
  const text = `network: example
asn: 6450000000000
prefixs: []
prefixes: [203.0.113.1/24]
sites:
  fra:
    capacity: 40 Gbp
    upstreams:
      - { asn: 64601, address: 198.51.100, role: povider, bfd: { interval: 1 } }
  "b!":
services:
  resolver:
    address: [203.0.113.53, 2001:db8:53::53x]
    probes:
      - dns: { type: SOAP, timeout: 300ms }
      - dsn: {}
      - icmp:
guard: { leave: 1 per }
`;
  expect(complaintsOf(text)).toMatchInlineSnapshot(`
    [
      "n.yaml:2:6: asn: found "6450000000000"; allowed: an AS number such as 64500 or AS64500",
      "n.yaml:3:1: prefixs: found the name "prefixs"; allowed: one of: network, asn, prefixes, sites, services, guard, drain, controller, identity, defaults; did you mean prefixes?",
      "n.yaml:4:12: prefixes[0]: found "203.0.113.1/24"; allowed: a prefix such as 203.0.113.0/24, no bits set behind its length",
      "n.yaml:7:15: sites.fra.capacity: found "40 Gbp"; allowed: a bit rate such as 800 Mbps or 40 Gbps",
      "n.yaml:9:32: sites.fra.upstreams[0].address: found "198.51.100"; allowed: an IPv4 or IPv6 address",
      "n.yaml:9:50: sites.fra.upstreams[0].role: found "povider"; allowed: one of: provider, peer, customer, route-server, route-server-client, internal; did you mean provider?",
      "n.yaml:9:76: sites.fra.upstreams[0].bfd.interval: found "1"; allowed: a time from 10ms to 60s",
      "n.yaml:10:3: sites.b!: found "b!"; allowed: a name: letters, digits, dots, dashes and underscores, at most 63, a letter or digit first",
      "n.yaml:13:29: services.resolver.address[1]: found "2001:db8:53::53x"; allowed: an IPv4 or IPv6 address",
      "n.yaml:15:14: services.resolver.probes[0].dns.name: found nothing; allowed: a domain name",
      "n.yaml:15:22: services.resolver.probes[0].dns.type: found "SOAP"; allowed: one of: A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT, CAA, DNSKEY, DS; did you mean SOA?",
      "n.yaml:16:9: services.resolver.probes[1].dsn: found the name "dsn"; allowed: one of: dns, http, https, tcp, udp, tls, ntp, icmp, command, systemd, address, process; did you mean dns?",
      "n.yaml:18:17: guard.leave: found "1 per"; allowed: a rate such as 1 per 30s",
    ]
  `);
});

test('names that lead nowhere are complaints with the nearest name that does', () => {
  const text = EXAMPLE.replace('rise: 3', 'sites: [frq]').replace('prepend: 1', 'announce: [203.0.112.0/24]');
  expect(complaintsOf(text)).toMatchInlineSnapshot(`
    [
      "n.yaml:13:73: sites.nyc.upstreams[0].announce[0]: found "203.0.112.0/24"; allowed: prefixes of this plan; did you mean 203.0.113.0/24?",
      "n.yaml:19:13: services.resolver.sites[0]: found "frq"; allowed: one of: fra, nyc; did you mean fra?",
    ]
  `);
});

test('a password is a reference; the text of a secret is in no plan and in no complaint', () => {
  expect(
    planOf(small('address: 198.51.100.1, password: file:/etc/nearcast/fra.md5')).plan.sites['fra']?.upstreams,
  ).toMatchObject({
    as64601: { password: { from: 'file', path: '/etc/nearcast/fra.md5' } },
  });
  for (const upstream of [
    'password: hunter2',
    'password: { text: hunter2 }',
    'password: { hunter2: 1 }',
    'password: [hunter2]',
    'password: "hunter2',
    'password: hunter2 }}',
  ])
    expect(complaintsOf(small(`address: 198.51.100.1, ${upstream}`)).join('\n')).toMatch(
      /^n\.yaml:\d+:\d+: (?!.*hunter2)/s,
    );
});

test('a mistake in the YAML itself is one complaint at the place where it shows', () => {
  expect(complaintsOf('network: x\nsites:\n\tfra: 1\n')).toMatchInlineSnapshot(`
    [
      "n.yaml:3:1: found a tab; allowed: spaces for indentation",
    ]
  `);
  expect(complaintsOf('a: [1, 2\nb: }\n')).toMatchInlineSnapshot(`
    [
      "n.yaml:2:1: found a line that is indented too little or too much; allowed: the indentation of its neighbours",
    ]
  `);
  expect(complaintsOf('sites: { a: {}, a: {} }')).toMatchInlineSnapshot(`
    [
      "n.yaml:1:17: found a name that is already used in this mapping; allowed: each name once",
    ]
  `);
  expect(complaintsOf('sites: *nowhere')).toMatchInlineSnapshot(`
    [
      "n.yaml:1:1: found references to anchors that are missing or too many; allowed: at most 1000 references",
    ]
  `);
  expect(complaintsOf('')).toMatchInlineSnapshot(`
    [
      "n.yaml:1:1: found nothing; allowed: a mapping with: network, asn, prefixes, sites, services",
    ]
  `);
});

test('anchors and merged mappings work, and mistakes in them are placed where they stand', () => {
  const text = `x-common: &transit { role: provider, hold-time: 9s }
network: x
asn: AS64500
prefixes: 203.0.113.0/24
sites:
  no: { upstreams: [ { <<: *transit, asn: 64086.59905, address: 2001:db8::1 } ] }
`;
  expect(planOf(text).plan.sites['no']?.upstreams).toMatchObject({
    as4200000001: { holdTime: 9000, role: 'provider', families: [6] },
  });
  expect(complaintsOf(text.replace('9s', '2s'))).toEqual([
    expect.stringMatching(/^n\.yaml:1:49: sites\.no\.upstreams\[0\]\.hold-time: found "2s"/),
  ]);
});

test('nesting without end, rings of references and names that mean something to the language do no harm', () => {
  for (const text of [
    '['.repeat(20_000),
    '- '.repeat(20_000),
    'sites: &x { a: *x, b: *x }',
    'a: &x { <<: *x }',
  ])
    expect(complaintsOf(text)).toHaveLength(1);
  expect(
    complaintsOf(small('address: 198.51.100.1', 'services: { __proto__: { address: 203.0.113.1 } }\n')),
  ).toHaveLength(1);
  const { plan } = planOf(EXAMPLE.replace('nyc:', 'constructor:'));
  expect(Object.keys(plan.sites)).toEqual(['fra', 'constructor']);
});

test('a bomb of references is refused', () => {
  const bomb = `x-a: &a [1,1,1,1,1,1,1,1,1,1]\n${'bcdefgh'
    .split('')
    .map((c, i) => `x-${c}: &${c} [${Array(10).fill(`*${'abcdefg'[i]}`).join(',')}]`)
    .join('\n')}\n`;
  expect(complaintsOf(bomb)).toEqual([expect.stringContaining('references to anchors')]);
});

test('defaults fill what upstreams, services and probes do not say themselves; a mistake in them is said once', () => {
  const text = `${EXAMPLE}defaults:
  upstream: { hold-time: 9s, prepend: 2, families: [ipv4, ipv6], next-hop: ["2001:db8::1"] }
  service: { rise: 7, min-stable: 1s }
  probe: { every: 2s }
`;
  const { plan } = planOf(text);
  expect(plan.sites['fra']?.upstreams['as64601']).toMatchObject({
    holdTime: 9000,
    prepend: 2,
    families: [4, 6],
  });
  expect(plan.sites['nyc']?.upstreams['as64602']).toMatchObject({ prepend: 1 });
  expect(plan.services['resolver']).toMatchObject({
    rise: 3,
    minStable: 1000,
    probes: { dns: { every: 1000 } },
  });
  expect(complaintsOf(text.replace('9s', '9'))).toHaveLength(1);
});

test('the role of a neighbour has to be said, by itself or for all', () => {
  expect(complaintsOf(small('address: 198.51.100.1').replace('role: provider, ', ''))).toEqual([
    expect.stringMatching(
      /^n\.yaml:7:9: sites\.fra\.upstreams\[0\]\.role: found nothing; allowed: one of: provider, /,
    ),
  ]);
});

test('sites without a number get the lowest that is free, and two sites never share one', () => {
  const sites = (fra: string, nyc: string) =>
    EXAMPLE.replace('place: F', `${fra}\n    place: F`).replace('place: N', `${nyc}\n    place: N`);
  const ids = (text: string) => Object.values(planOf(text).plan.sites).map((s) => s.id);
  expect(ids(sites('id: 2', ''))).toEqual([2, 1]);
  expect(ids(sites('', 'id: 1'))).toEqual([2, 1]);
  expect(complaintsOf(sites('id: 5', 'id: 5'))).toEqual([
    expect.stringMatching(/sites\.nyc\.id: .*5 is fra's/),
  ]);
});

test.each([
  ['address: fe80::1', /link-local address only together with interface/],
  ['address: 198.51.100.1, local-address: "2001:db8::2"', /local-address: .*IPv4/],
  ['address: 198.51.100.1, multihop: 5, ttl-security: true', /either multihop, or ttl-security/],
  ['address: 198.51.100.1, next-hop: [198.51.100.2, 198.51.100.3]', /at most one next hop/],
  ['address: 198.51.100.1, import: [ { when: { path: { matches: "(" } } } ]', /rules that can hold/],
  ['address: 198.51.100.1, hold-time: 1s', /3s to 65535s/],
  ['address: 198.51.100.1, graceful-restart: 2h', /up to 4095s/],
  ['address: 198.51.100.1, actions: [ { community: 64601:1, do: praepend 1 } ]', /prepend 1 … prepend 10/],
  ['address: 198.51.100.1, bfd: maybe', /true, false, or a mapping/],
])('refused: %s', (upstream, message) => {
  expect(complaintsOf(small(upstream))).toEqual([expect.stringMatching(message)]);
});

test('rules for import and export are those of policy', () => {
  const { plan } = planOf(
    small(
      `address: 198.51.100.1, import: default-route, export: [ { when: { prefix: 203.0.113.0/24, not: { communities: "64500:*" } }, then: { med: +5, communities: { add: "64601:7" } }, end: accept } ]`,
    ),
  );
  const upstream = plan.sites['fra']?.upstreams['as64601'];
  expect(upstream?.import).toHaveLength(1);
  expect(upstream?.export).toEqual([
    {
      when: { prefix: [{ prefix: '203.0.113.0/24' }], not: { communities: ['64500:*'] } },
      // biome-ignore lint/suspicious/noThenProperty: a rule's word
      then: { med: { add: 5 }, communities: { add: ['64601:7'] } },
      end: 'accept',
    },
  ]);
});

test('every kind of probe can be written, and says what it lacks', () => {
  const service = (probe: string) =>
    small('address: 198.51.100.1', `services: { s: { address: 203.0.113.1, probes: [ ${probe} ] } }\n`);
  for (const probe of [
    'dns: { name: ., answer: [a, b], serial: { of: 192.0.2.1 }, identity: true }',
    'http: { path: /healthz, status: [200, 300-399], body: ok }',
    'https: { certificate-days: 14, name: example.com }',
    'tcp: { port: 25, expect: "220 " }',
    'tls: { port: 853, verify: false }',
    'udp: { port: 514, send: x }',
    'ntp: { max-stratum: 3, max-offset: 50ms }',
    'icmp:',
    'command: { run: curl -sf "http://x/ y", nagios: false, on-failure: degraded }',
    'systemd: { unit: named.service }',
    'address: { interface: lo }',
    'process: { pid-file: /run/named.pid }',
  ])
    expect(complaintsOf(service(`{ ${probe} }`)), probe).toEqual([]);
  expect(
    planOf(service('{ command: { run: "a \'b c\' d\\\\ e" } }')).plan.services['s']?.probes['command'],
  ).toMatchObject({
    run: ['a', 'b c', 'd e'],
  });
  expect(complaintsOf(service('{ tcp: {} }'))).toEqual([
    expect.stringMatching(/probes\[0\]\.tcp\.port: found nothing; allowed: a port/),
  ]);
  expect(complaintsOf(service('{ tcp: { port: 1 }, icmp: {} }'))).toEqual([
    expect.stringMatching(/exactly one of/),
  ]);
  expect(complaintsOf(service('{ command: { run: "it\'s" } }'))).toEqual([
    expect.stringMatching(/quotes are closed/),
  ]);
});

test('the JSON Schema for editors comes from the same source and knows the words', () => {
  const schema = planSchema() as {
    readonly properties: { readonly [key: string]: { readonly [key: string]: unknown } };
    readonly required: string[];
  };
  expect(schema.required).toEqual(['network', 'asn', 'prefixes', 'sites']);
  const text = JSON.stringify(schema);
  expect(text).toContain('route-server-client');
  expect(text).not.toContain('["string","number","boolean"]');
  expect(schema.properties['guard']).toMatchObject({
    type: 'object',
    additionalProperties: false,
    properties: { keep: { type: 'integer', maximum: 1000 } },
  });
});
