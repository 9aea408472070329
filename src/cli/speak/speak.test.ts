import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Address, Community, Prefix } from '../../base/index.ts';
import { formatComplaint } from '../../plan/index.ts';
import { compile, formatPolicy } from '../../policy/index.ts';
import { IPV4_UNICAST } from '../../wire/index.ts';
import { checkSpeakFile, loadSpeakFile, readSecrets, readSpeak, type SpeakConfig } from './index.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples/speak/', import.meta.url));
const SOCKET = '/run/nearcast.sock';

const FILES: { readonly [path: string]: string } = {
  'etc/many.txt': '# ours\n10.1.0.0/16\n\n10.2.0.0/16   # second\n',
  'etc/bad.txt': '10.1.0.0/16\n10.2.0.1/16\n   nonsense\n',
};

function read(text: string) {
  return readSpeak(
    text,
    'etc/speak.yaml',
    (path) => (path in FILES ? { text: FILES[path] as string } : { error: 'no such file' }),
    SOCKET,
  );
}

function config(text: string): SpeakConfig {
  const result = read(text);
  if ('complaints' in result) throw new Error(result.complaints.map(formatComplaint).join('\n'));
  return result.config;
}

function complaints(text: string): string {
  const result = read(text);
  return 'complaints' in result ? result.complaints.map(formatComplaint).join('\n') : 'none';
}

/** A file with one peer that says `lines` beside address and AS. */
function peer(...lines: string[]): string {
  return `asn: 64500\nid: 192.0.2.1\npeers:\n  up:\n    address: 198.51.100.1\n    asn: 64601\n${lines.map((l) => `    ${l}\n`).join('')}`;
}

test('every example is accepted', () => {
  const names = readdirSync(EXAMPLES).filter((n) => n.endsWith('.yaml'));
  expect(names).toEqual(['announce.yaml', 'collector.yaml', 'route-server.yaml', 'two-peers-v6.yaml']);
  for (const name of names) {
    const result = loadSpeakFile(join(EXAMPLES, name));
    expect('complaints' in result ? result.complaints.map(formatComplaint) : [], name).toEqual([]);
  }
});

test.each<[string, 'import' | 'export', string, string, string]>([
  ['10.1.0.0/16', 'import', '64701', '', 'rule 1 (bogon)'],
  ['198.51.100.128/25', 'import', '64701', '', 'rule 2 (too-long)'],
  ['198.51.100.0/24', 'import', '64701 23456 7', '', 'rule 4 (special-as)'],
  ['198.51.100.0/24', 'import', '64701 1', '64500:7 7:7', 'accepted, communities 7:7'],
  ['198.51.100.0/24', 'export', '64702 1', '0:64500', 'rule 1'],
  ['198.51.100.0/24', 'export', '64702 1', '7:7', 'accepted, communities 7:7'],
])(
  'the example route server, %s on %s with path %s and communities "%s": %s',
  (prefix, way, path, communities, expected) => {
    const file = join(EXAMPLES, 'route-server.yaml');
    const [alpha] = config(readFileSync(file, 'utf8')).peers;
    const outcome = compile(alpha![way]).evaluate({
      prefix: prefix as Prefix,
      family: IPV4_UNICAST,
      attributes: [
        { kind: 'asPath', path: [{ kind: 'sequence', asns: path.split(' ').map(Number) }] },
        ...(communities === ''
          ? []
          : [{ kind: 'communities' as const, communities: communities.split(' ') as Community[] }]),
      ],
      neighbor: { asn: 64701, address: '203.0.113.11' as Address, kind: 'ebgp' },
      source: undefined,
      validation: 'unverified',
    });
    if (outcome.accept) {
      const left = outcome.attributes.flatMap((a) => (a.kind === 'communities' ? a.communities : []));
      expect(`accepted, communities ${left.join(' ')}`).toBe(expected);
    } else
      expect(`rule ${outcome.rule!.index + 1}${outcome.rule!.name ? ` (${outcome.rule!.name})` : ''}`).toBe(
        expected,
      );
  },
);

test('the example that announces says what it says', () => {
  const text = readFileSync(join(EXAMPLES, 'announce.yaml'), 'utf8');
  const { peers, announce, listen, control } = config(text);
  expect({ listen, control }).toEqual({ listen: [], control: SOCKET });
  const [upstream] = peers;
  const { import: takes, export: tells, ...rest } = upstream!;
  expect(rest).toMatchInlineSnapshot(`
    {
      "addPath": [],
      "address": "198.51.100.1",
      "asn": [
        64601,
      ],
      "bfd": {
        "interval": 300,
        "multiplier": 3,
      },
      "connectRetry": 30000,
      "description": "transit, port 7 in rack 12",
      "enabled": true,
      "enforceFirstAs": true,
      "extendedMessages": true,
      "extendedNextHop": false,
      "families": [
        "ipv4-unicast",
      ],
      "gracefulRestart": {
        "restartTime": 120000,
      },
      "holdTime": 30000,
      "localAddress": "198.51.100.2",
      "maxPrefix": {},
      "name": "upstream",
      "nextHopSelf": false,
      "passive": false,
      "password": {
        "from": "env",
        "name": "UPSTREAM_MD5",
      },
      "port": 179,
      "role": "customer",
      "roleStrict": false,
      "sendHoldTime": 480000,
      "transparent": false,
      "ttlSecurity": 1,
    }
  `);
  expect([...formatPolicy(takes), ...formatPolicy(tells)].join('\n')).toMatchInlineSnapshot(`
    "rule 1: when prefix 0.0.0.0/0, accept
    rule 1 (ours): when prefix 203.0.113.0/24, path empty, large-communities + 64500:1:1, accept"
  `);
  expect(announce).toMatchInlineSnapshot(`
    [
      {
        "attributes": [
          {
            "kind": "origin",
            "origin": "igp",
          },
          {
            "kind": "asPath",
            "path": [],
          },
          {
            "communities": [
              "64601:100",
            ],
            "kind": "communities",
          },
        ],
        "prefixes": [
          "203.0.113.0/24",
        ],
      },
    ]
  `);
});

test('a peer that says nothing more gets the defaults, and nothing in or out (RFC 8212)', () => {
  const [up] = config(peer()).peers;
  expect(up).toMatchInlineSnapshot(`
    {
      "addPath": [],
      "address": "198.51.100.1",
      "asn": [
        64601,
      ],
      "connectRetry": 30000,
      "enabled": true,
      "enforceFirstAs": true,
      "export": {
        "name": "reject",
        "rules": [
          {
            "end": "reject",
          },
        ],
      },
      "extendedMessages": true,
      "extendedNextHop": false,
      "families": [
        "ipv4-unicast",
      ],
      "holdTime": 90000,
      "import": {
        "name": "reject",
        "rules": [
          {
            "end": "reject",
          },
        ],
      },
      "maxPrefix": {},
      "name": "up",
      "nextHopSelf": false,
      "passive": false,
      "port": 179,
      "roleStrict": false,
      "sendHoldTime": 480000,
      "transparent": false,
    }
  `);
});

test('a peer in our own AS accepts all unless it says otherwise', () => {
  const [up] = config(peer().replace('asn: 64601', 'asn: 64500')).peers;
  expect([up?.import.name, up?.export.name, up?.enforceFirstAs]).toEqual(['accept', 'accept', false]);
  const [strict] = config(peer('export: reject').replace('asn: 64601', 'asn: AS64500')).peers;
  expect([strict?.import.name, strict?.export.name]).toEqual(['accept', 'reject']);
});

test('peer-defaults fill in what a peer does not say, and a peer overrides them', () => {
  const { peers } = config(`
asn: 64500
id: 192.0.2.1
peer-defaults: { asn: 64601, hold-time: 9s, bfd: true, passive: yes, password: "\${KEY}", import: accept, ttl-security: true }
peers:
  a: { address: 198.51.100.1 }
  b: { address: 198.51.100.2, asn: any, hold-time: off, bfd: off, passive: no, password-file: keys/b, import: reject, ttl-security: 3 }
`);
  expect(
    peers.map((p) => [p.asn, p.holdTime, p.bfd, p.passive, p.password, p.import.name, p.ttlSecurity]),
  ).toEqual([
    [[64601], 9000, { interval: 300, multiplier: 3 }, true, { from: 'env', name: 'KEY' }, 'accept', 1],
    ['any', 0, undefined, false, { from: 'file', path: 'etc/keys/b' }, 'reject', 3],
  ]);
});

test.each<[string, string[], object]>([
  [
    'families',
    ['families: [ipv4, ipv6]', 'add-path: ipv6'],
    { families: ['ipv4-unicast', 'ipv6-unicast'], addPath: ['ipv6-unicast'] },
  ],
  ['add-path', ['add-path: receive'], { addPath: ['ipv4-unicast'] }],
  ['graceful restart', ['graceful-restart: yes'], { gracefulRestart: { restartTime: 120_000 } }],
  ['graceful restart', ['graceful-restart: 4095s'], { gracefulRestart: { restartTime: 4_095_000 } }],
  ['max-prefix', ['max-prefix: 10'], { maxPrefix: { 'ipv4-unicast': { limit: 10 } } }],
  [
    'max-prefix',
    ['max-prefix: { limit: 10, warn: 85%, restart: 5m }'],
    { maxPrefix: { 'ipv4-unicast': { limit: 10, warnAt: 8 } }, maxPrefixRestart: 300_000 },
  ],
  [
    'max-prefix by family',
    ['families: [ipv4, ipv6]', 'max-prefix: { ipv4: 10, ipv6: { limit: 5, warn: 3 } }'],
    { maxPrefix: { 'ipv4-unicast': { limit: 10 }, 'ipv6-unicast': { limit: 5, warnAt: 3 } } },
  ],
  ['route server client', ['route-server-client: true'], { transparent: true }],
  ['client of a route server', ['local-role: rs-client'], { role: 'rs-client', enforceFirstAs: false }],
  ['bfd', ['bfd: { interval: 50ms }'], { bfd: { interval: 50, multiplier: 3 } }],
  ['send hold time', ['hold-time: 10m'], { holdTime: 600_000, sendHoldTime: 1_200_000 }],
  ['multihop', ['multihop: 3'], { multihop: 3 }],
])('%s: %j', (_name, lines, expected) => {
  expect(config(peer(...lines)).peers[0]).toMatchObject(expected);
});

test('a link-local peer lives on an interface', () => {
  const [up] = config(peer().replace('198.51.100.1', 'fe80::1%eth0')).peers;
  expect(up).toMatchObject({ address: 'fe80::1', interface: 'eth0', families: ['ipv6-unicast'] });
});

test.each([
  ['listen: none', []],
  ['listen: ":1179"', ['::|1179', '0.0.0.0|1179']],
  ['listen: 192.0.2.1', ['192.0.2.1|179']],
  ['listen: ["[2001:db8::1]:1179", 192.0.2.1:17, "::1"]', ['2001:db8::1|1179', '192.0.2.1|17', '::1|179']],
  ['', ['::|179', '0.0.0.0|179']],
])('%s', (line, expected) => {
  const { listen } = config(`asn: 64500\nid: 192.0.2.1\n${line}\n`);
  expect(listen.map((e) => `${e.address}|${e.port}`)).toEqual(expected);
});

test('announcements: attributes as given, many prefixes from a file share them', () => {
  const { announce } = config(`
asn: 64500
id: 192.0.2.1
announce:
  - 203.0.113.0/24
  - { prefix: [10.3.0.0/16], from-file: many.txt, next-hop: 192.0.2.7, origin: incomplete, as-path: "64501 {64502, 64503} 7", prepend: 2, med: 0, local-pref: 50, communities: [no-export, 1:2], large-communities: "1:2:3" }
`);
  expect(announce).toMatchInlineSnapshot(`
    [
      {
        "attributes": [
          {
            "kind": "origin",
            "origin": "igp",
          },
          {
            "kind": "asPath",
            "path": [],
          },
        ],
        "prefixes": [
          "203.0.113.0/24",
        ],
      },
      {
        "attributes": [
          {
            "kind": "origin",
            "origin": "incomplete",
          },
          {
            "kind": "asPath",
            "path": [
              {
                "asns": [
                  64500,
                  64500,
                  64501,
                ],
                "kind": "sequence",
              },
              {
                "asns": [
                  64502,
                  64503,
                ],
                "kind": "set",
              },
              {
                "asns": [
                  7,
                ],
                "kind": "sequence",
              },
            ],
          },
          {
            "kind": "med",
            "med": 0,
          },
          {
            "kind": "localPref",
            "localPref": 50,
          },
          {
            "communities": [
              "65535:65281",
              "1:2",
            ],
            "kind": "communities",
          },
          {
            "communities": [
              "1:2:3",
            ],
            "kind": "largeCommunities",
          },
        ],
        "nextHop": "192.0.2.7",
        "prefixes": [
          "10.3.0.0/16",
          "10.1.0.0/16",
          "10.2.0.0/16",
        ],
      },
    ]
  `);
});

test('named sets go where they are used, and only there', () => {
  const { peers } = config(`
asn: 64500
id: 192.0.2.1
prefix-sets: { ours: [203.0.113.0/24+], other: 10.0.0.0/8 }
community-sets: { tags: [64500:1, "64500:2:*"] }
path-sets: { far: [{ length: 10+ }] }
policies:
  p:
    - { when: { any: [{ prefix: ours }, { path: [far, { contains: 7 }] }] }, then: { communities: { remove: [tags, graceful-shutdown] } } }
    - { when: { not: { large-communities: [tags] }, med: 10-20, validation: [valid, not-found] }, end: accept }
peers:
  a: { address: 198.51.100.1, asn: 64601, import: p }
  b: { address: 198.51.100.2, asn: 64601, import: [{ when: { prefix: other }, then: { med: +5 }, end: accept }] }
`);
  expect(peers.map((p) => p.import.sets)).toEqual([
    {
      prefixes: { ours: [{ prefix: '203.0.113.0/24', orLonger: true }] },
      communities: { tags: ['64500:1', '64500:2:*'] },
      paths: { far: [{ length: { ge: 10 } }] },
    },
    { prefixes: { other: [{ prefix: '10.0.0.0/8' }] } },
  ]);
  expect(peers.flatMap((p) => formatPolicy(p.import)).join('\n')).toMatchInlineSnapshot(`
    "rule 1: when any (prefix in ours) or (path in far or contains 7), communities - tags 65535:0, continue
    rule 2: when validation valid or not-found, med 10 to 20, not (large-community in tags), accept
    rule 1: when prefix in other, med plus 5, accept"
  `);
});

test('several mistakes are said at once, each with its place, what stands there, what may, and the nearest name', () => {
  expect(
    complaints(`
asn: 64500.70000
id: 0.0.0.0
listen: 192.0.2.1:0
log: loud
anounce: []
peers:
  up:
    addres: 198.51.100.1
    asn: all
    hold-time: 2s
    holdtime: 90s
    password: hunter2
    import: [{ when: { prefx: 10.0.0.0/8, med: 9-1 }, then: { localpref: 3 }, end: acept }]
    bfd: { interval: 300 }
  down under:
    address: fe80::1%
    families: [ipv5]
    multihop: far
    max-prefix: { limt: 3 }
announce:
  - { prefix: 203.0.113.1/24, communities: [64500] }
  - { med: 1 }
best-path: { multipath: 4 }
`),
  ).toMatchInlineSnapshot(`
    "etc/speak.yaml:2:6: asn: found "64500.70000"; allowed: an AS number such as 64500 or AS64500
    etc/speak.yaml:3:5: id: found "0.0.0.0"; allowed: a router id: four numbers with dots, not 0.0.0.0 (RFC 6286)
    etc/speak.yaml:4:9: listen: found "192.0.2.1:0"; allowed: an address, :port, address:port, [IPv6 address]:port, a list of them, or none
    etc/speak.yaml:5:6: log: found "loud"; allowed: one of: error, warn, info, debug
    etc/speak.yaml:6:1: anounce: found the name "anounce"; allowed: one of: asn, id, listen, peer-defaults, peers, policies, prefix-sets, community-sets, path-sets, announce, best-path, control, log, journal; did you mean announce?
    etc/speak.yaml:9:5: peers.up.address: found nothing; allowed: an IPv4 or IPv6 address, or a link-local one with its interface: fe80::1%eth0
    etc/speak.yaml:9:5: peers.up.addres: found the name "addres"; allowed: one of: address, asn, description, port, enabled, passive, local-address, interface, password, password-file, ttl-security, multihop, hold-time, send-hold-time, connect-retry, families, local-role, role-strict, bfd, graceful-restart, add-path, extended-messages, extended-next-hop, max-prefix, import, export, next-hop-self, route-server-client, enforce-first-as; did you mean address?
    etc/speak.yaml:10:10: peers.up.asn: found "all"; allowed: an AS number, a list of them, or any
    etc/speak.yaml:11:16: peers.up.hold-time: found "2s"; allowed: a time of whole seconds from 3s to 65535s (RFC 4271 §4.2), or off
    etc/speak.yaml:12:5: peers.up.holdtime: found the name "holdtime"; allowed: one of: address, asn, description, port, enabled, passive, local-address, interface, password, password-file, ttl-security, multihop, hold-time, send-hold-time, connect-retry, families, local-role, role-strict, bfd, graceful-restart, add-path, extended-messages, extended-next-hop, max-prefix, import, export, next-hop-self, route-server-client, enforce-first-as; did you mean hold-time?
    etc/speak.yaml:13:15: peers.up.password: found something that is not shown here; allowed: a reference to a secret: \${NAME} for the environment, or file:PATH; never the secret itself
    etc/speak.yaml:14:24: peers.up.import[0].when.prefx: found the name "prefx"; allowed: one of: prefix, family, path, communities, large-communities, extended-communities, neighbor, source, validation, origin, med, local-pref, next-hop, otc, all, any, not; did you mean prefix?
    etc/speak.yaml:14:48: peers.up.import[0].when.med: found "9-1"; allowed: a number, a range such as 10-20, absent, or present
    etc/speak.yaml:14:63: peers.up.import[0].then.localpref: found the name "localpref"; allowed: one of: origin, prepend, med, local-pref, communities, large-communities, extended-communities, next-hop; did you mean local-pref?
    etc/speak.yaml:14:84: peers.up.import[0].end: found "acept"; allowed: one of: accept, reject; did you mean accept?
    etc/speak.yaml:15:22: peers.up.bfd.interval: found "300"; allowed: a time such as 30s or 5m, 10ms to 60s
    etc/speak.yaml:16:3: peers.down under: found the name "down under"; allowed: a name: letters, digits, dots, dashes and underscores, at most 63, a letter or digit first
    etc/speak.yaml:22:15: announce[0].prefix: found "203.0.113.1/24"; allowed: a prefix such as 203.0.113.0/24, no bits set behind its length
    etc/speak.yaml:22:45: announce[0].communities[0]: found "64500"; allowed: a community such as 64500:100, or a well-known name such as no-export
    etc/speak.yaml:23:5: announce[1]: found a mapping with: med; allowed: at least one of: prefix, from-file
    etc/speak.yaml:24:14: best-path.multipath: found the name "multipath"; allowed: one of: always-compare-med, compare-router-id, med-missing-worst"
  `);
});

test('mistakes between the parts are found once every part can be read', () => {
  expect(
    complaints(`
asn: 64500
id: 192.0.2.1
listen: none
prefix-sets: { bogons: [10.0.0.0/8+] }
policies:
  accept: []
  from-up:
    - { when: { prefix: [bogon], communities: [tags] }, end: accept }
    - { when: { prefix: 10.0.0.0/8, path: { length: 5 } }, then: { communities: { remove: nothing-here } } }
peer-defaults: { export: to-all }
peers:
  a: { address: 198.51.100.1, asn: [64500, 64601], import: from-upp, passive: true }
  b: { address: fe80::1, asn: 64500, local-role: customer, send-hold-time: 60s }
  c: { address: 198.51.100.1, asn: 64602, multihop: 4, ttl-security: true, local-address: "::1", role-strict: yes }
  d: { address: 198.51.100.4, password: "\${X}", password-file: y, add-path: ipv6, asn: 1 }
  e: { address: 198.51.100.5 }
  f: { address: fe80::1%eth0, interface: eth1, asn: 7 }
announce:
  - 203.0.113.0/24
  - { prefix: ["2001:db8::/32", 203.0.113.0/24], next-hop: 192.0.2.1 }
  - { from-file: bad.txt }
  - { from-file: gone.txt }
`),
  ).toMatchInlineSnapshot(`
    "etc/bad.txt:2:1: found "10.2.0.1/16"; allowed: a prefix such as 203.0.113.0/24, no bits set behind its length
    etc/bad.txt:3:4: found "nonsense"; allowed: a prefix such as 203.0.113.0/24, no bits set behind its length
    etc/speak.yaml:7:3: policies.accept: found the name "accept"; allowed: another name: accept is there already
    etc/speak.yaml:9:26: policies.from-up[0].when.prefix[0]: found "bogon"; allowed: a name of prefix-sets; did you mean bogons?
    etc/speak.yaml:9:48: policies.from-up[0].when.communities[0]: found "tags"; allowed: a name of community-sets
    etc/speak.yaml:10:91: policies.from-up[1].then.communities.remove[0]: found "nothing-here"; allowed: a name of community-sets
    etc/speak.yaml:11:26: peer-defaults.export: found "to-all"; allowed: accept, reject, the name of a policy, or a list of rules
    etc/speak.yaml:13:36: peers.a.asn: found a list of 2; allowed: our own AS alone (iBGP), or only others (eBGP)
    etc/speak.yaml:13:60: peers.a.import: found "from-upp"; allowed: accept, reject, the name of a policy, or a list of rules; did you mean from-up?
    etc/speak.yaml:13:79: peers.a.passive: found a peer that is waited for; allowed: false, because listen is none
    etc/speak.yaml:14:17: peers.b.address: found "fe80::1"; allowed: an interface with a link-local address: fe80::1%eth0
    etc/speak.yaml:14:50: peers.b.local-role: found "customer"; allowed: nothing: this peer is in our own AS
    etc/speak.yaml:14:76: peers.b.send-hold-time: found "60s"; allowed: a time longer than the hold time, 90s (RFC 9687)
    etc/speak.yaml:15:17: peers.c.address: found "198.51.100.1"; allowed: an address of its own; a has this one
    etc/speak.yaml:15:53: peers.c.multihop: found "4"; allowed: either multihop or ttl-security: it takes the number of hops
    etc/speak.yaml:15:91: peers.c.local-address: found "::1"; allowed: an IPv4 address, like the peer's
    etc/speak.yaml:15:111: peers.c.role-strict: found "yes"; allowed: a local-role with it (RFC 9234)
    etc/speak.yaml:16:64: peers.d.password-file: found something that is not shown here; allowed: either password or password-file
    etc/speak.yaml:16:77: peers.d.add-path: found "ipv6"; allowed: families of this session: ipv4
    etc/speak.yaml:17:6: peers.e.asn: found nothing; allowed: an AS number, a list of them, or any; here or in peer-defaults
    etc/speak.yaml:18:42: peers.f.interface: found "eth1"; allowed: eth0, which the address names
    etc/speak.yaml:21:5: announce[1]: found 203.0.113.0/24 a second time; allowed: each prefix once
    etc/speak.yaml:21:60: announce[1].next-hop: found "192.0.2.1"; allowed: an IPv6 address, because 2001:db8::/32 is IPv6
    etc/speak.yaml:23:18: announce[3].from-file: found "gone.txt"; allowed: a file that can be read; etc/gone.txt: no such file"
  `);
});

test.each([
  ['not YAML', 'asn: [64500\n', '2:1: found a line that is indented too little or too much'],
  ['a tab', 'peers:\n\ta: 1\n', '2:1: found a tab; allowed: spaces for indentation'],
  [
    'a name twice',
    'asn: 1\nasn: 2\n',
    '2:1: found a name that is already used in this mapping; allowed: each name once',
  ],
  ['nothing', '', '1:1: found nothing; allowed: a mapping with: asn, id, listen'],
  ['a list', '- 1\n', '1:1: found a list of 1; allowed: a mapping with'],
  ['an alias to nowhere', 'asn: *x\n', '1:1: found references to anchors that are missing or too many'],
])('%s is a complaint', (_name, text, expected) => {
  expect(complaints(text)).toContain(`etc/speak.yaml:${expected}`);
});

test('a word where the role of the neighbour would stand in a plan is refused, not misread', () => {
  expect(complaints(peer('role: provider'))).toContain('the name "role"');
});

test('secrets are read when they are needed, are never in the configuration, and their lack is a complaint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nearcast-speak-'));
  const file = join(folder, 'speak.yaml');
  const lines = (a: string, b: string) =>
    `asn: 64500\nid: 192.0.2.1\npeers:\n  a: { address: 198.51.100.1, asn: 1, password: ${a} }\n  b: { address: 198.51.100.2, asn: 1, password-file: ${b} }\n`;
  writeFileSync(join(folder, 'key'), 'from the file\n');
  writeFileSync(file, lines(`\${NEARCAST_TEST_KEY}`, 'key'));
  const loaded = loadSpeakFile(file);
  expect(loaded).toHaveProperty('config');
  if (!('config' in loaded)) return;
  const env = { NEARCAST_TEST_KEY: 'from the environment' };
  expect(readSecrets(loaded, env)).toEqual({
    passwords: new Map([
      ['a', 'from the environment'],
      ['b', 'from the file'],
    ]),
  });
  expect(JSON.stringify(loaded)).not.toContain('from the ');
  expect(checkSpeakFile(file, env)).toEqual([]);
  expect(checkSpeakFile(file, { NEARCAST_TEST_KEY: 'x'.repeat(81) }).map((c) => c.found)).toEqual([
    'an unfit NEARCAST_TEST_KEY in the environment',
  ]);
  writeFileSync(file, lines(`\${NEARCAST_TEST_KEY}`, 'missing'));
  expect(checkSpeakFile(file, {}).map((c) => `${c.line}:${c.column} ${c.found}`)).toEqual([
    '4:49 no NEARCAST_TEST_KEY in the environment',
    `5:54 ${join(folder, 'missing')}: no such file`,
  ]);
  expect(checkSpeakFile(join(folder, 'none.yaml'), {})[0]?.found).toBe('no such file');
});

test('the value is frozen all the way down', () => {
  const value = config(peer());
  expect(() => {
    (value.peers[0] as { port: number }).port = 1;
  }).toThrow(TypeError);
});
