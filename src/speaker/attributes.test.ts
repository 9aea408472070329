// biome-ignore-all lint/suspicious/noThenProperty: rules are `when`, `then`, `end`; none of these is awaited.
import { describe, expect, test } from 'vitest';
import { IPV4_UNICAST, IPV6_UNICAST, type Role } from '../wire/index.ts';
import { Desk, type Manners, type PeerShape } from './probe.test-support.ts';

const P = '203.0.113.0/24';

/** What a peer at `to` is told of a route that a peer at `from` has sent; undefined when nothing. AS 64500 is our own. */
function through(
  from: number,
  to: number,
  line: string,
  { prefix = P, inward = {}, outward = {}, sender = {}, hearer = {} }: Through = {},
): string | undefined {
  const desk = new Desk();
  const left = desk.up('left', from, sender, inward);
  const right = desk.up('right', to, hearer, outward);
  left.announce(prefix, line);
  expect(desk.notes.filter((n) => n.kind === 'fault')).toEqual([]);
  return right.of(prefix);
}

interface Through {
  readonly prefix?: string;
  readonly inward?: PeerShape;
  readonly outward?: PeerShape;
  readonly sender?: Manners;
  readonly hearer?: Manners;
}

describe('attributes through an external border', () => {
  test.each<[string, string, string | undefined]>([
    [
      'our AS goes in front, we become the next hop (RFC 4271 §5.1.2, §5.1.3)',
      '64501 64502',
      '64500 64501 64502; nh 192.0.2.1',
    ],
    ['MED of another AS stays here (RFC 4271 §5.1.4)', '64501; med 7', '64500 64501; nh 192.0.2.1'],
    [
      'LOCAL_PREF from outside counts for nothing and goes nowhere (RFC 4271 §5.1.5)',
      '64501; lp 700',
      '64500 64501; nh 192.0.2.1',
    ],
    [
      'ORIGIN, ATOMIC_AGGREGATE and AGGREGATOR pass unchanged (RFC 4271 §5.1.1, §5.1.6, §5.1.7)',
      '64501; origin incomplete; atomic; aggregator 64501 10.0.0.1',
      '64500 64501; origin incomplete; nh 192.0.2.1; atomic; aggregator 64501 10.0.0.1',
    ],
    [
      'communities of all kinds pass (RFC 1997, 4360, 8092)',
      '64501; comm 64501:1; ext rt:64501:5; large 64501:1:2',
      '64500 64501; nh 192.0.2.1; comm 64501:1; ext rt:64501:5; large 64501:1:2',
    ],
    [
      'unknown transitive attributes pass with Partial set (RFC 4271 §5)',
      '64501; x99/c0 0102',
      '64500 64501; nh 192.0.2.1; x99/e0 0102',
    ],
    [
      'unknown non-transitive attributes are dropped (RFC 4271 §5)',
      '64501; x99/80 0102',
      '64500 64501; nh 192.0.2.1',
    ],
    [
      'ORIGINATOR_ID and CLUSTER_LIST from outside are dropped (RFC 7606 §7.9, §7.10)',
      '64501; originator 10.0.0.9; clusters 10.0.0.8',
      '64500 64501; nh 192.0.2.1',
    ],
    ['AIGP from outside is dropped (RFC 7311 §3.4)', '64501; aigp 100', '64500 64501; nh 192.0.2.1'],
    ['no-export stays inside (RFC 1997)', '64501; comm 65535:65281', undefined],
    ['no-export-subconfed stays inside (RFC 1997)', '64501; comm 65535:65283', undefined],
    ['no-advertise goes nowhere (RFC 1997)', '64501; comm 65535:65282', undefined],
    ['our own AS in the path is a loop (RFC 4271 §9.1.2)', '64501 64500', undefined],
    ["a path that does not begin with the peer's AS is refused (RFC 4271 §6.3)", '64502 64501', undefined],
  ])('%s', (_, sent, heard) => {
    expect(through(64501, 64502, sent)).toBe(heard);
  });

  test('a path of 255 numbers in one segment gets a second one in front of it (RFC 4271 §5.1.2 b 1)', () => {
    const long = Array.from({ length: 255 }, (_, i) => 64501 - (i % 2) * 64000).join(' ');
    expect(through(64501, 64502, long)).toBe(`64500 ${long}; nh 192.0.2.1`);
  });
});

describe('where a route came from', () => {
  test('is a matter of its session: the same attributes from two peers go from each to the other (RFC 4271 §9.2)', () => {
    const desk = new Desk();
    const [one, two] = [desk.up('one', 64501), desk.up('two', 64501)];
    one.announce('198.51.100.0/24', '64501; nh 192.0.2.99');
    two.announce(P, '64501; nh 192.0.2.99');
    expect(one.lines()).toEqual([`${P} 64500 64501; nh 192.0.2.1`]);
    expect(two.lines()).toEqual(['198.51.100.0/24 64500 64501; nh 192.0.2.1']);
  });
});

describe('paths', () => {
  test('one that begins with a set gets a sequence in front of it (RFC 4271 §5.1.2 b 1)', () => {
    const inward = { enforceFirstAs: false };
    expect(through(64501, 64502, '{64503 64504} 64501', { inward })).toBe(
      '64500 {64503,64504} 64501; nh 192.0.2.1',
    );
  });

  test('policy prepends on the way out, and the border adds its one number to that', () => {
    const outward = { export: { rules: [{ then: { prepend: 2 }, end: 'accept' as const }] } };
    expect(through(64501, 64502, '64501', { outward })).toBe('64500 64500 64500 64501; nh 192.0.2.1');
  });
});

describe('attributes on internal sessions', () => {
  test.each<[string, number, number, string, string | undefined, Through?]>([
    [
      'from outside to inside: path and next hop stay, LOCAL_PREF is added (RFC 4271 §5.1.2, §5.1.3, §5.1.5)',
      64501,
      64500,
      '64501 64502; nh 192.0.2.77; med 5',
      '64501 64502; nh 192.0.2.77; med 5; lp 100',
    ],
    [
      'next-hop-self is for sessions that ask for it',
      64501,
      64500,
      '64501',
      '64501; nh 192.0.2.1; lp 100',
      { outward: { nextHopSelf: true } },
    ],
    [
      'LOCAL_PREF that import policy sets goes along',
      64501,
      64500,
      '64501',
      '64501; nh 192.0.2.10; lp 300',
      { inward: { import: { rules: [{ then: { localPref: 300 }, end: 'accept' }] } } },
    ],
    [
      'LOCAL_PREF is there even if export policy takes it away (RFC 4271 §5.1.5)',
      64501,
      64500,
      '64501',
      '64501; nh 192.0.2.10; lp 100',
      {
        inward: { import: { rules: [{ then: { localPref: 300 }, end: 'accept' }] } },
        outward: { export: { rules: [{ then: { localPref: 'remove' }, end: 'accept' }] } },
      },
    ],
    [
      'LOCAL_PREF that export policy sets is the only one',
      64501,
      64500,
      '64501; comm 64501:1',
      '64501; nh 192.0.2.10; lp 50; comm 64501:1',
      { outward: { export: { rules: [{ then: { localPref: 50 }, end: 'accept' }] } } },
    ],
    [
      'no-export does not stop it (RFC 1997)',
      64501,
      64500,
      '64501; comm 65535:65281',
      '64501; nh 192.0.2.10; lp 100; comm 65535:65281',
    ],
    ['from inside to inside: not at all (RFC 4271 §9.2)', 64500, 64500, '64501; lp 100', undefined],
    [
      'from inside to outside: LOCAL_PREF, MED, AIGP, ORIGINATOR_ID and CLUSTER_LIST stay (RFC 4271 §5.1.4, §5.1.5, RFC 4456, RFC 7311)',
      64500,
      64502,
      '64501; lp 200; med 5; originator 10.0.0.9; clusters 10.0.0.8; aigp 10',
      '64500 64501; nh 192.0.2.1',
    ],
    [
      'AIGP from outside does not come in either (RFC 7311 §3.4)',
      64501,
      64500,
      '64501; aigp 100',
      '64501; nh 192.0.2.10; lp 100',
    ],
  ])('%s', (_, from, to, sent, heard, how) => {
    expect(through(from, to, sent, how)).toBe(heard);
  });

  test('a route that we reflected ourselves, by its ORIGINATOR_ID, is a loop (RFC 4456 §8)', () => {
    const desk = new Desk();
    desk.up('inside', 64500).announce(P, '64501; lp 100; originator 192.0.2.1; clusters 10.0.0.8');
    expect(desk.routes()[0]).toContain('we are its ORIGINATOR_ID');
  });
});

describe('next hops', () => {
  const unchanged = {
    export: { rules: [{ then: { nextHop: 'unchanged' as const }, end: 'accept' as const }] },
  };

  test.each<[string, string, string | undefined, Through]>([
    [
      'policy may leave it as it is',
      '64501; nh 192.0.2.77',
      '64500 64501; nh 192.0.2.77',
      { outward: unchanged },
    ],
    [
      'policy may name a third party',
      '64501',
      '64500 64501; nh 192.0.2.200',
      { outward: { export: { rules: [{ then: { nextHop: '192.0.2.200' as never }, end: 'accept' }] } } },
    ],
    [
      'import policy may set it, and it stays where it is unchanged',
      '64501',
      '64500 64501; nh 192.0.2.200',
      {
        inward: { import: { rules: [{ then: { nextHop: '192.0.2.200' as never }, end: 'accept' }] } },
        outward: unchanged,
      },
    ],
    [
      'an address may be configured for a family',
      '64501',
      '64500 64501; nh 192.0.2.222',
      { outward: { nextHop: { [IPV4_UNICAST]: '192.0.2.222' as never } } },
    ],
    ['our own address as theirs is refused (RFC 4271 §6.3)', '64501; nh 192.0.2.1', undefined, {}],
  ])('%s', (_, sent, heard, how) => {
    expect(through(64501, 64502, sent, how)).toBe(heard);
  });

  const six = { local: '2001:db8::1' };
  const V6 = '2001:db8:53::/48';

  test.each<[string, string, string, string | undefined, Through]>([
    [
      'IPv6 over IPv6: ourselves (RFC 2545 §3)',
      V6,
      '64501; nh 2001:db8::99',
      '64500 64501; nh 2001:db8::1',
      { inward: six, outward: six },
    ],
    [
      'IPv6 over a link-local session: its address stands behind the global one (RFC 2545 §3)',
      V6,
      '64501; nh 2001:db8::99',
      '64500 64501; nh 2001:db8::5 fe80::1',
      {
        inward: six,
        outward: { local: 'fe80::1', nextHop: { [IPV6_UNICAST]: '2001:db8::5' as never } },
      },
    ],
    [
      'IPv6 over a link-local session without a global address: twice the same',
      V6,
      '64501; nh 2001:db8::99',
      '64500 64501; nh fe80::1 fe80::1',
      { inward: six, outward: { local: 'fe80::1' } },
    ],
    [
      'the link-local half of what was received stays on its own link (RFC 2545 §3)',
      V6,
      '64501; nh 2001:db8::99 fe80::99',
      '64500 64501; nh 2001:db8::99',
      { inward: six, outward: { ...six, ...unchanged } },
    ],
    [
      'IPv6 prefixes over an IPv4 session without an address for them: nothing',
      V6,
      '64501; nh 2001:db8::99',
      undefined,
      { inward: six },
    ],
    [
      'IPv6 prefixes over an IPv4 session with one',
      V6,
      '64501; nh 2001:db8::99',
      '64500 64501; nh 2001:db8::1',
      { inward: six, outward: { nextHop: { [IPV6_UNICAST]: '2001:db8::1' as never } } },
    ],
    [
      'IPv4 prefixes over an IPv6 session: our IPv6 address where that was agreed (RFC 8950 §4)',
      P,
      '64501',
      '64500 64501; nh 2001:db8::1',
      {
        outward: { ...six, session: { extendedNextHop: [IPV4_UNICAST] } },
        hearer: { extendedNextHop: true },
      },
    ],
    [
      'IPv4 prefixes over an IPv6 session where it was not agreed: nothing',
      P,
      '64501',
      undefined,
      { outward: { ...six, session: { extendedNextHop: [IPV4_UNICAST] } } },
    ],
    [
      'IPv4 prefixes over a link-local session with an IPv4 address of ours: that alone',
      P,
      '64501',
      '64500 64501; nh 192.0.2.50',
      {
        outward: {
          local: 'fe80::1',
          session: { extendedNextHop: [IPV4_UNICAST] },
          nextHop: { [IPV4_UNICAST]: '192.0.2.50' as never },
        },
        hearer: { extendedNextHop: true },
      },
    ],
    [
      'an IPv4 prefix received with an IPv6 next hop goes on with ours (RFC 8950)',
      P,
      '64501; nh 2001:db8::99',
      '64500 64501; nh 192.0.2.1',
      {
        inward: { ...six, session: { extendedNextHop: [IPV4_UNICAST] } },
        sender: { extendedNextHop: true },
      },
    ],
    [
      'and with the one it has, where that is to stay and was agreed (RFC 8950)',
      P,
      '64501; nh 2001:db8::99',
      '64500 64501; nh 2001:db8::99',
      {
        inward: { ...six, session: { extendedNextHop: [IPV4_UNICAST] } },
        sender: { extendedNextHop: true },
        outward: { ...unchanged, session: { extendedNextHop: [IPV4_UNICAST] } },
        hearer: { extendedNextHop: true },
      },
    ],
    [
      'but not to a peer that cannot read it (RFC 8950 §4)',
      P,
      '64501; nh 2001:db8::99',
      undefined,
      {
        inward: { ...six, session: { extendedNextHop: [IPV4_UNICAST] } },
        sender: { extendedNextHop: true },
        outward: unchanged,
      },
    ],
  ])('%s', (_, prefix, sent, heard, how) => {
    expect(through(64501, 64502, sent, { ...how, prefix })).toBe(heard);
  });
});

describe('routes of our own', () => {
  test('have an empty path inside, and a MED and no-export of their own are sent (RFC 4271 §5.1.2, RFC 1997)', () => {
    const desk = new Desk();
    const inside = desk.up('inside', 64500);
    const outside = desk.up('outside', 64501);
    desk.announce(P, '; med 5; comm 65535:65281 65535:65282; x99/c0 01');
    expect(inside.of(P)).toBe('; nh 192.0.2.1; med 5; lp 100; comm 65535:65281 65535:65282; x99/c0 01');
    expect(outside.of(P)).toBe('64500; nh 192.0.2.1; med 5; comm 65535:65281 65535:65282; x99/c0 01');
    desk.withdraw(P);
    expect([inside.lines(), outside.lines()]).toEqual([[], []]);
  });

  test('may have a next hop of their own', () => {
    const desk = new Desk();
    const outside = desk.up('outside', 64501);
    desk.announce(P, '; nh 192.0.2.250');
    expect(outside.of(P)).toBe('64500; nh 192.0.2.250');
  });
});

describe('a MED of ours', () => {
  test('is set by export policy in place of the one that stays here (RFC 4271 §5.1.4)', () => {
    const outward = { export: { rules: [{ then: { med: 42 }, end: 'accept' as const }] } };
    expect(through(64501, 64502, '64501; med 7', { outward })).toBe('64500 64501; nh 192.0.2.1; med 42');
  });

  test('another change of export policy does not let theirs out', () => {
    const outward = { export: { rules: [{ then: { origin: 'egp' as const }, end: 'accept' as const }] } };
    expect(through(64501, 64502, '64501; med 7', { outward })).toBe('64500 64501; origin egp; nh 192.0.2.1');
  });
});

describe('a route server (RFC 7947 §2.2)', () => {
  test('shows neither its AS nor its address, and passes MED', () => {
    const transparent = { outward: { transparent: true } };
    expect(through(64501, 64502, '64501; nh 192.0.2.77; med 7', transparent)).toBe(
      '64501; nh 192.0.2.77; med 7',
    );
  });

  test('is listened to although its paths do not begin with its own AS', () => {
    expect(through(64501, 64502, '64503 64504', { inward: { enforceFirstAs: false } })).toBe(
      '64500 64503 64504; nh 192.0.2.1',
    );
  });
});

describe('peers with AS numbers of 2 octets (RFC 6793 §4.2)', () => {
  const old: Manners = { asn4: false };

  test('are told AS_TRANS and AS4_PATH where a number does not fit, and both make the path again', () => {
    const told = through(64501, 64502, '64501 4200000001 64503; aggregator 4200000001 10.0.0.1', {
      hearer: old,
    });
    expect(told).toBe('64500 64501 4200000001 64503; nh 192.0.2.1; aggregator 4200000001 10.0.0.1');
  });

  test('are not sent AS4_PATH where all numbers fit', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const right = desk.up('right', 64502, old);
    left.announce(P, '64501 64503');
    const update = right.got.find((m) => m.kind === 'update' && m.announced.length > 0);
    expect(update?.kind === 'update' && update.attributes.map((a) => a.kind)).toEqual([
      'origin',
      'asPath',
      'nextHop',
    ]);
  });

  test('our own number of 4 octets stands as AS_TRANS in front of the path', () => {
    const desk = new Desk({ asn: 4200000000 });
    const right = desk.up('right', 64502, old);
    desk.announce(P);
    const update = right.got.find((m) => m.kind === 'update' && m.announced.length > 0);
    expect(update).toMatchObject({
      attributes: [
        { kind: 'origin' },
        { kind: 'asPath', path: [{ asns: [23456] }] },
        { kind: 'nextHop' },
        { kind: 'as4Path', path: [{ asns: [4200000000] }] },
      ],
    });
  });

  test('what they send is merged with its AS4_PATH', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501, old);
    const right = desk.up('right', 64502);
    left.send({
      ...left.update(P, '64501 23456 64503'),
      attributes: [
        ...left.update(P, '64501 23456 64503').attributes,
        { kind: 'as4Path', path: [{ kind: 'sequence', asns: [4200000001, 64503] }] },
      ],
    });
    expect(right.of(P)).toBe('64500 64501 4200000001 64503; nh 192.0.2.1');
  });

  test('a 4-octet speaker that sends AS4_PATH all the same is not listened to in that (RFC 6793 §4.1)', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const right = desk.up('right', 64502);
    left.send({
      ...left.update(P, '64501 64503'),
      attributes: [
        ...left.update(P, '64501 64503').attributes,
        { kind: 'as4Path', path: [{ kind: 'sequence', asns: [64501, 1] }] },
      ],
    });
    expect(right.of(P)).toBe('64500 64501 64503; nh 192.0.2.1');
  });

  test('their End-of-RIB is understood', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501, old);
    left.send({ kind: 'update', withdrawn: [], attributes: [], announced: [] });
    left.send({
      kind: 'update',
      withdrawn: [],
      attributes: [{ kind: 'mpUnreach', family: IPV6_UNICAST, withdrawn: [] }],
      announced: [],
    });
    expect(desk.notes.flatMap((n) => (n.kind === 'endOfRib' ? [n.family] : []))).toEqual([
      IPV4_UNICAST,
      IPV6_UNICAST,
    ]);
  });
});

describe('bits that mean nothing', () => {
  test.each<[string, number, number]>([
    ['unused flag bits of ORIGIN', 1, 0x41],
    ['Partial on MED', 4, 0xa0],
    ['Partial on LOCAL_PREF', 5, 0x60],
    ['unused bits of an attribute that nobody knows', 99, 0xc3],
    ['Extended Length on a short AS_PATH', 2, 0x50],
  ])('%s are ignored on the way in and clear on the way out (RFC 4271 §4.3)', (_, code, flags) => {
    const desk = new Desk();
    const left = desk.up('left', 64500);
    const right = desk.up('right', 64502);
    const update = left.update(P, '64501; med 5; lp 100; x99/c0 01');
    left.send({
      ...update,
      attributes: update.attributes.map((a) => {
        const [kind] =
          { 1: ['origin'], 2: ['asPath'], 4: ['med'], 5: ['localPref'], 99: ['unknown'] }[code] ?? [];
        return a.kind === kind ? { ...a, flags } : a;
      }),
    });
    expect(right.of(P)).toBe('64500 64501; nh 192.0.2.1; x99/e0 01');
  });
});

describe('roles and ONLY_TO_CUSTOMER (RFC 9234 §5)', () => {
  /** What we are to a peer of the given role. */
  const ours: { readonly [theirs: string]: Role } = {
    provider: 'customer',
    customer: 'provider',
    peer: 'peer',
    rs: 'rs-client',
    'rs-client': 'rs',
  };

  test.each<[theirs: Role, sent: string, kept: string]>([
    ['provider', '64501', '64501; nh 192.0.2.10; otc 64501'],
    ['provider', '64501; otc 64555', '64501; nh 192.0.2.10; otc 64555'],
    ['rs', '64501', '64501; nh 192.0.2.10; otc 64501'],
    ['rs', '64501; otc 64555', '64501; nh 192.0.2.10; otc 64555'],
    ['peer', '64501', '64501; nh 192.0.2.10; otc 64501'],
    ['peer', '64501; otc 64501', '64501; nh 192.0.2.10; otc 64501'],
    ['peer', '64501; otc 64555', 'leak'],
    ['customer', '64501', '64501; nh 192.0.2.10'],
    ['customer', '64501; otc 64501', 'leak'],
    ['rs-client', '64501', '64501; nh 192.0.2.10'],
    ['rs-client', '64501; otc 64501', 'leak'],
  ])('from a %s: %s', (theirs, sent, kept) => {
    const role = ours[theirs] as Role;
    // Whether the peer names its role or not: the one that is configured here rules (RFC 9234 §4.2).
    for (const manners of [{ role: theirs }, {}]) {
      const desk = new Desk();
      desk.up('left', 64501, manners, { session: { role } }).announce(P, sent);
      expect(desk.routes()[0]).toContain(kept === 'leak' ? 'route leak' : `${kept} (best)`);
    }
  });

  test.each<[theirs: Role, has: string, told: string | undefined]>([
    ['customer', '', '64500 64501; nh 192.0.2.1; otc 64500'],
    ['customer', '; otc 64501', '64500 64501; nh 192.0.2.1; otc 64501'],
    ['rs-client', '', '64500 64501; nh 192.0.2.1; otc 64500'],
    ['rs-client', '; otc 64501', '64500 64501; nh 192.0.2.1; otc 64501'],
    ['peer', '', '64500 64501; nh 192.0.2.1; otc 64500'],
    ['peer', '; otc 64501', undefined],
    ['provider', '', '64500 64501; nh 192.0.2.1'],
    ['provider', '; otc 64501', undefined],
    ['rs', '', '64500 64501; nh 192.0.2.1'],
    ['rs', '; otc 64501', undefined],
  ])('to a %s, a route that has %j', (theirs, has, told) => {
    const outward = { session: { role: ours[theirs] as Role } };
    for (const hearer of [{ role: theirs }, {}])
      expect(through(64501, 64502, `64501${has}`, { outward, hearer })).toBe(told);
  });

  test('without roles nothing is added and nothing refused', () => {
    for (const asn of [64555, 0])
      expect(through(64501, 64502, `64501; otc ${asn}`)).toBe(`64500 64501; nh 192.0.2.1; otc ${asn}`);
  });

  test('inside our AS the attribute passes untouched', () => {
    const inside = { session: { role: 'peer' as const } };
    expect(through(64501, 64500, '64501; otc 64555', { outward: inside })).toBe(
      '64501; nh 192.0.2.10; lp 100; otc 64555',
    );
  });
});
