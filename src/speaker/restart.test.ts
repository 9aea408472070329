import { describe, expect, test } from 'vitest';
import { seconds } from '../base/index.ts';
import { type Family, IPV4_UNICAST, IPV6_UNICAST, type RouteRefresh, type Update } from '../wire/index.ts';
import { Desk, type Manners, type PeerShape, type Probe } from './probe.test-support.ts';

const A = '198.51.100.0/24';
const B = '203.0.113.0/24';
const SIX = '2001:db8:53::/48';
const BOTH = [IPV4_UNICAST, IPV6_UNICAST];

const end = (family: Family): Update => ({
  kind: 'update',
  withdrawn: [],
  attributes: family === IPV4_UNICAST ? [] : [{ kind: 'mpUnreach', family, withdrawn: [] }],
  announced: [],
});
const marker = (subtype: 'begin' | 'end' | 'request'): RouteRefresh => ({
  kind: 'routeRefresh',
  family: IPV4_UNICAST,
  subtype,
});

const manners: Manners = { gracefulRestart: { families: BOTH }, enhancedRefresh: true };
const shape: PeerShape = {
  session: { gracefulRestart: { restartTime: seconds(100) } },
  nextHop: { [IPV6_UNICAST]: '2001:db8::1' as never },
};

/** A peer that can restart and has sent a table, and one that watches. */
function scene(left: Manners = manners): { desk: Desk; left: Probe; right: Probe } {
  const desk = new Desk();
  const right = desk.up('right', 64502, { holdTime: 0 }, shape);
  const peer = desk.up('left', 64501, left, shape);
  peer.announce(`${A} ${B}`, '64501');
  peer.announce(SIX, '64501');
  for (const family of BOTH) peer.send(end(family));
  right.news();
  return { desk, left: peer, right };
}

const stale = (desk: Desk) => desk.routes().flatMap((r) => (r.endsWith('stale)') ? [r.split(' ')[0]] : []));

describe('a peer that restarts (RFC 4724 §4.2)', () => {
  test('keeps its routes while it is away; at its End-of-RIB the rest goes, family by family', () => {
    const { desk, left, right } = scene();
    left.break();
    expect(stale(desk)).toEqual([A, B, SIX]);
    desk.pass(50_000);
    left.reconnect();
    left.announce(A, '64501');
    expect([stale(desk), right.news()]).toEqual([[B, SIX], []]);
    left.send(end(IPV4_UNICAST));
    expect([stale(desk), right.news()]).toEqual([[SIX], [`-${B}`]]);
    left.send(end(IPV6_UNICAST));
    expect([stale(desk), right.news()]).toEqual([[], [`-${SIX}`]]);
    expect(desk.routes()).toHaveLength(1);
  });

  test('that does not come back in its restart time loses them', () => {
    const { desk, left, right } = scene();
    left.break();
    desk.pass(119_000);
    expect(right.news()).toEqual([]);
    desk.pass(1_001);
    expect(right.news().sort()).toEqual([`-${A}`, `-${SIX}`, `-${B}`].sort());
    expect(desk.routes()).toEqual([]);
  });

  test('that comes back and sends no End-of-RIB loses them when the stale time is over', () => {
    const { desk, left, right } = scene();
    left.manners = { ...manners, holdTime: 0 };
    left.break();
    left.reconnect();
    left.announce(`${A} ${B}`, '64501');
    desk.pass(359_000);
    expect(stale(desk)).toEqual([SIX]);
    desk.pass(1_001);
    expect([stale(desk), right.news()]).toEqual([[], [`-${SIX}`]]);
  });

  test.each<[string, Manners, readonly string[]]>([
    ['did not keep forwarding', { ...manners, gracefulRestart: { families: BOTH, kept: false } }, []],
    ['kept forwarding for IPv6 alone', { ...manners, gracefulRestart: { families: [IPV6_UNICAST] } }, [SIX]],
    ['does not speak IPv4 any more', { ...manners, families: [IPV6_UNICAST] }, [SIX]],
    ['has unlearnt graceful restart', {}, []],
  ])('and %s keeps only what it may', (_, again, kept) => {
    const { desk, left, right } = scene();
    left.break();
    left.manners = again;
    left.reconnect();
    expect(stale(desk)).toEqual(kept);
    expect(right.lines().map((l) => l.split(' ')[0])).toEqual(kept);
  });

  test('twice before its End-of-RIB keeps what it sent last, and no older routes', () => {
    const { desk, left, right } = scene();
    left.break();
    left.reconnect();
    left.announce(A, '64501 64509');
    left.break();
    expect(stale(desk)).toEqual([A]);
    expect(right.lines()).toEqual([`${A} 64500 64501 64509; nh 192.0.2.1`]);
  });

  test('is known by its new connection too, where the old one seems to stand', () => {
    const { desk, left, right } = scene();
    desk.pass(6_000);
    left.reconnect();
    expect(left.established).toBe(true);
    expect([stale(desk), right.news()]).toEqual([[A, B, SIX], []]);
  });

  test('and says so with a NOTIFICATION keeps its routes where both agreed on that (RFC 8538 §3)', () => {
    const { desk, left, right } = scene();
    left.send({ kind: 'notification', code: 6, subcode: 4, data: '' });
    expect([stale(desk), right.news()]).toEqual([[A, B, SIX], []]);
  });

  test('with a Hard Reset loses them at once (RFC 8538 §3.1)', () => {
    const { desk, left, right } = scene();
    left.send({ kind: 'notification', code: 6, subcode: 9, data: '0602' });
    expect([desk.routes(), right.lines()]).toEqual([[], []]);
  });

  test('is told a Hard Reset when the operator shuts its session down (RFC 8538 §3.1)', () => {
    const { desk, left, right } = scene();
    desk.feed({ kind: 'event', peer: 'left', event: { kind: 'stop', subcode: 2, text: 'maintenance' } });
    expect(left.last).toMatchObject({ code: 6, subcode: 9 });
    expect([desk.routes(), right.lines()]).toEqual([[], []]);
  });

  test('with 2-octet AS numbers is heard to have sent everything as well', () => {
    const { desk, left } = scene({ ...manners, asn4: false });
    left.break();
    left.reconnect();
    for (const family of BOTH) left.send(end(family));
    expect([stale(desk), desk.routes()]).toEqual([[], []]);
  });

  test('without the capability loses everything at once', () => {
    const { desk, left, right } = scene({});
    left.break();
    expect([desk.routes(), right.lines()]).toEqual([[], []]);
  });
});

describe('our own restart (RFC 4724 §4.1)', () => {
  function restarted(...peers: readonly [name: string, asn: number, manners: Manners][]): {
    desk: Desk;
    probes: Probe[];
  } {
    const desk = new Desk({ deferral: seconds(60) });
    const probes = peers.map(([name, asn, m]) => desk.peer(name, asn, m, shape).add());
    for (const { name } of probes)
      desk.feed({ kind: 'event', peer: name, event: { kind: 'start', restarting: true, forwarding: BOTH } });
    desk.announce(B);
    for (const probe of probes) probe.reconnect();
    return { desk, probes };
  }
  const updates = (probe: Probe | undefined) => probe?.news() ?? [];

  test('tells nobody anything, not even that it is done, before those that kept our routes have sent theirs', () => {
    const { probes } = restarted(['one', 64501, manners], ['two', 64502, manners], ['plain', 64503, {}]);
    const [one, two, plain] = probes;
    expect(one?.got.find((m) => m.kind === 'open')).toMatchObject({
      capabilities: expect.arrayContaining([
        expect.objectContaining({ kind: 'gracefulRestart', restarting: true }),
      ]),
    });
    one?.announce(A, '64501');
    for (const family of BOTH) one?.send(end(family));
    expect(probes.map(updates)).toEqual([[], [], []]);
    two?.send(end(IPV4_UNICAST));
    expect(updates(plain)).toEqual([
      `+${B} 64500; nh 192.0.2.1`,
      `+${A} 64500 64501; nh 192.0.2.1`,
      'end of ipv4-unicast',
    ]);
    two?.send(end(IPV6_UNICAST));
    expect(updates(plain)).toEqual(['end of ipv6-unicast']);
  });

  test('waits no longer than the deferral time', () => {
    const { desk, probes } = restarted(['one', 64501, manners], ['two', 64502, manners]);
    desk.pass(59_000);
    expect(probes.map(updates)).toEqual([[], []]);
    desk.pass(1_001);
    expect(updates(probes[0])).toEqual([
      `+${B} 64500; nh 192.0.2.1`,
      'end of ipv4-unicast',
      'end of ipv6-unicast',
    ]);
  });

  test('does not wait for a peer that has restarted itself, was stopped, or was removed', () => {
    const restarting: Manners = { gracefulRestart: { families: BOTH, restarting: true } };
    const { desk, probes } = restarted(
      ['one', 64501, restarting],
      ['two', 64502, manners],
      ['three', 64503, manners],
    );
    expect(updates(probes[0])).toEqual([]);
    desk.feed({ kind: 'event', peer: 'two', event: { kind: 'stop', subcode: 2 } });
    expect(updates(probes[0])).toEqual([]);
    desk.feed({ kind: 'removePeer', peer: 'three' });
    expect(updates(probes[0])).toEqual([
      `+${B} 64500; nh 192.0.2.1`,
      'end of ipv4-unicast',
      'end of ipv6-unicast',
    ]);
  });
});

describe('our table', () => {
  test('ends with End-of-RIB in each family, after its last route (RFC 4724 §2)', () => {
    const desk = new Desk();
    desk.announce(A);
    desk.announce(SIX, '; nh 2001:db8::5');
    const right = desk.up('right', 64502, {}, shape);
    expect(right.news()).toEqual([
      `+${A} 64500; nh 192.0.2.1`,
      'end of ipv4-unicast',
      `+${SIX} 64500; nh 2001:db8::5`,
      'end of ipv6-unicast',
    ]);
  });

  test('asked for again stands between its markers where both know them (RFC 7313 §4)', () => {
    const desk = new Desk();
    desk.announce(A);
    const right = desk.up('right', 64502, { enhancedRefresh: true });
    right.news();
    right.send(marker('request'));
    expect(right.news()).toEqual([
      'refresh ipv4-unicast begin',
      `+${A} 64500; nh 192.0.2.1`,
      'refresh ipv4-unicast end',
    ]);
  });
});

test('a refresh that is asked for before our End-of-RIB is told after it, once (RFC 7313 §4)', () => {
  const desk = new Desk();
  desk.announce(A);
  desk.feed({ kind: 'hold', on: true });
  const right = desk.up('right', 64502, { ...manners, families: [IPV4_UNICAST] });
  const plain = desk.up('plain', 64503, { families: [IPV4_UNICAST] });
  right.send(marker('request'));
  plain.send(marker('request'));
  desk.feed({ kind: 'refresh', peer: 'right', family: IPV4_UNICAST, out: true });
  expect([right.news(), plain.news()]).toEqual([[], []]);
  desk.feed({ kind: 'hold', on: false });
  const table = `+${A} 64500; nh 192.0.2.1`;
  const marked = ['refresh ipv4-unicast begin', table, 'refresh ipv4-unicast end'];
  expect(right.news()).toEqual([table, 'end of ipv4-unicast', ...marked]);
  expect(plain.news()).toEqual([table, 'end of ipv4-unicast']);
  right.send(marker('request'));
  expect(right.news()).toEqual(marked);
});

describe('a refresh from the peer (RFC 7313 §4)', () => {
  test('takes nothing away before its end, and then what was not sent again', () => {
    const { desk, left, right } = scene();
    left.send(marker('begin'));
    expect(stale(desk)).toEqual([A, B]);
    left.announce(A, '64501');
    expect([stale(desk), right.news()]).toEqual([[B], []]);
    left.send(marker('end'));
    expect([stale(desk), right.news()]).toEqual([[], [`-${B}`]]);
  });

  test('that never ends is over after the time for it', () => {
    const { desk, left, right } = scene({ ...manners, holdTime: 0 });
    left.send(marker('begin'));
    left.announce(B, '64501');
    desk.pass(359_000);
    expect(right.news()).toEqual([]);
    desk.pass(1_001);
    expect([stale(desk), right.news()]).toEqual([[], [`-${A}`]]);
  });

  test('repeated without end fills no log, and neither does an End-of-RIB', () => {
    const { desk, left } = scene();
    const before = desk.notes.length;
    for (let i = 0; i < 20; i++) {
      left.announce(i % 2 === 0 ? A : B, '64501');
      left.send(marker('begin'));
      left.send({ kind: 'update', withdrawn: [], attributes: [], announced: [] });
      left.send(marker('end'));
    }
    const counts = desk.notes.slice(before).map((n) => (n.kind === 'flushed' ? n.count : n.kind));
    expect(counts).toEqual([1, 2, 4, 8, 16]);
  });

  test('that begins twice counts from the second beginning', () => {
    const { desk, left, right } = scene();
    left.send(marker('begin'));
    left.announce(A, '64501');
    left.send(marker('begin'));
    left.announce(B, '64501');
    expect(right.news()).toEqual([]);
    left.send(marker('end'));
    expect([desk.routes().map((r) => r.split(' ')[0]), right.news()]).toEqual([[B, SIX], [`-${A}`]]);
  });

  test('withdrawals in the middle of it are withdrawals', () => {
    const { desk, left, right } = scene();
    left.send(marker('begin'));
    left.withdraw(A);
    expect(right.news()).toEqual([`-${A}`]);
    left.announce(B, '64501');
    left.send(marker('end'));
    expect([stale(desk), right.news()]).toEqual([[], []]);
  });

  test('is passed over before the End-of-RIB of a peer that can restart, and where it was not agreed on', () => {
    const desk = new Desk();
    const early = desk.up('early', 64501, manners, shape);
    early.announce(A, '64501');
    early.send(marker('begin'));
    early.send(marker('end'));
    const plain = desk.up('plain', 64502);
    plain.announce(B, '64502');
    plain.send(marker('begin'));
    plain.send(marker('end'));
    expect(desk.routes().map((r) => r.split(' ')[0])).toEqual([A, B]);
  });

  test('is forgotten with the session, and the routes with it', () => {
    const { desk, left, right } = scene({ enhancedRefresh: true });
    left.send(marker('begin'));
    left.announce(A, '64501');
    left.break();
    expect([desk.routes(), right.lines()]).toEqual([[], []]);
    left.reconnect();
    left.announce(A, '64501');
    left.send(marker('end'));
    expect(desk.routes()).toHaveLength(1);
  });
});
