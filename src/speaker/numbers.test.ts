// biome-ignore-all lint/suspicious/noThenProperty: rules are `when`, `then`, `end`; none of these is awaited.
import { describe, expect, test } from 'vitest';
import { type Community, formatPrefix, Random } from '../base/index.ts';
import { encodeMessage, IPV4_UNICAST, type Update } from '../wire/index.ts';
import { Desk, type Probe } from './probe.test-support.ts';

const prefixes = (n: number, first = 10) =>
  Array.from({ length: n }, (_, i) => `${first}.${(i >> 8) & 255}.${i & 255}.0/24`);

/** Sends messages in pieces of at most 60 kB, as a socket would give them, and of at most so many messages. */
function pour(probe: Probe, updates: Iterable<Uint8Array>, most = Number.POSITIVE_INFINITY): void {
  const buffer = new Uint8Array(65536);
  let at = 0;
  let messages = 0;
  for (const bytes of updates) {
    if (at + bytes.length > 60_000 || messages === most) {
      probe.bytes(buffer.slice(0, at));
      at = messages = 0;
    }
    messages++;
    buffer.set(bytes, at);
    at += bytes.length;
  }
  probe.bytes(buffer.slice(0, at));
}

/** One UPDATE for each of `count` values of a community, in turn for the given prefixes. */
function* churn(probe: Probe, list: readonly string[], count: number, from: number): Generator<Uint8Array> {
  const update = probe.update(list[0] as string, '64501; comm 1:1');
  const bytes = list.map((prefix) => {
    const one: Update = { ...update, announced: [{ prefix: prefix as never }] };
    return encodeMessage(one, probe.writes);
  });
  for (let i = from; i < from + count; i++) {
    const one = bytes[i % bytes.length] as Uint8Array;
    // The community stands before the one prefix of four octets.
    const at = one.length - 4 - 4;
    one[at] = 1;
    one[at + 1] = i >> 16;
    one[at + 2] = i >> 8;
    one[at + 3] = i;
    yield one;
  }
}

const community = (i: number) => `${256 + (i >> 16)}:${i & 0xffff}` as Community;

describe('attribute sections', () => {
  test('that nobody uses any more give way to new ones, and those in use stay what they are', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const right = desk.up('right', 64502);
    const keeper = desk.up('keeper', 64503, {}, {});
    const kept = prefixes(40, 20);
    for (const [i, prefix] of kept.entries()) keeper.announce(prefix, `64503 ${65000 + i}`);
    const list = prefixes(250);
    const total = 80_000;
    pour(left, churn(left, list, total, 0));
    const { store, outgoing } = desk.speaker.rib;
    expect(store.size).toBeLessThan(70_000);
    expect(outgoing.size).toBeLessThan(70_000);
    // Numbers were given out again.
    expect(store.limit).toBeLessThan(70_000);
    const last = new Map<string, string>();
    for (let i = total - list.length; i < total; i++) last.set(list[i % list.length] as string, community(i));
    const expected = [
      ...kept.map((p, i) => `${p} 64500 64503 ${65000 + i}; nh 192.0.2.1`),
      ...list.map((p) => `${p} 64500 64501; nh 192.0.2.1; comm ${last.get(p)}`),
    ].sort();
    expect(right.lines()).toEqual(expected);
    // What the speaker believes to have said, told once more.
    right.table.clear();
    right.send({ kind: 'routeRefresh', family: IPV4_UNICAST, subtype: 'request' });
    expect(right.lines()).toEqual(expected);
  });
});

describe('import policy under way', () => {
  test('knows no section any more that was forgotten meanwhile, although its peer is away', () => {
    const desk = new Desk();
    const restarts = { gracefulRestart: { families: [IPV4_UNICAST] } };
    const left = desk.up('left', 64501, restarts, { session: { gracefulRestart: {} } });
    const other = desk.up('other', 64502);
    const [kept = '', gone = ''] = prefixes(2, 20);
    left.announce(kept, '64501');
    desk.works = false;
    const louder = { rules: [{ then: { localPref: 200 }, end: 'accept' as const }] };
    desk.feed({ kind: 'policy', peer: 'left', import: louder });
    // What the new policy makes of the same attributes is worked out here, and nobody needs it when it is swept.
    left.announce(gone, '64501');
    left.withdraw(gone);
    left.break();
    pour(other, churn(other, prefixes(250), 70_000, 0));
    desk.work();
    const routes = desk.routes().filter((r) => r.startsWith(kept));
    expect(routes).toEqual([`${kept} from left: 64501; nh ${left.address}; lp 200 (best, stale)`]);
  });
});

describe('outgoing sections', () => {
  test('that are forgotten are made again when a route needs them, although what it was made of was never forgotten', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const peers = [0, 1, 2].map((n) => {
      const rules = [{ ...(n === 0 ? {} : { then: { prepend: n } }), end: 'accept' as const }];
      return desk.up(`right${n}`, 64502 + n, {}, { export: { rules } });
    });
    const list = prefixes(250);
    const total = 25_000;
    // Three are told differently, so that what goes out is three times what came in.
    pour(left, churn(left, list, total, 0), list.length);
    const { store, outgoing } = desk.speaker.rib;
    for (const peer of peers) expect(peer.news().filter((t) => t.startsWith('+'))).toHaveLength(total);
    expect([store.size, outgoing.size < 70_000]).toEqual([total, true]);
    pour(left, churn(left, list, 250, 0));
    for (const [n, peer] of peers.entries()) {
      const own = '64500 '.repeat(n + 1);
      const expected = list.map((p, i) => `${p} ${own}64501; nh 192.0.2.1; comm ${community(i)}`);
      expect(peer.lines()).toEqual(expected.sort());
    }
  });
});

describe('numbers of prefixes', () => {
  test.each([
    ['at once, where everybody reads', false, 80_000],
    // A look for free ones that found none is not repeated before twice as many may be free.
    ['later, where somebody has to be told first', true, 145_000],
  ])('are given out again when their routes have gone: %s', (_, slowly, most) => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const right = desk.up('right', 64502);
    const table = desk.speaker.rib.table(IPV4_UNICAST);
    const block = (first: number) => [...prefixes(65536, first), ...prefixes(4464, first + 1)];
    const inPieces = (list: readonly string[], run: (some: string) => void) => {
      for (let i = 0; i < list.length; i += 5000) run(list.slice(i, i + 5000).join(' '));
    };
    const [one, two] = [block(10), block(50)];
    inPieces(one, (some) => left.announce(some, '64501'));
    expect(right.table.size).toBe(70_000);
    right.stalled = slowly;
    inPieces(one, (some) => left.withdraw(some));
    left.announce('99.0.0.0/8', '64501');
    if (slowly) expect(table.prefixes.size).toBe(70_001);
    else expect(table.prefixes.size).toBeLessThan(6000);
    right.stalled = false;
    right.read();
    inPieces(two, (some) => left.announce(some, '64501 64777'));
    expect(table.prefixes.limit).toBeLessThan(most);
    expect(right.table.size).toBe(70_001);
    expect([right.of(one[5] as string), right.of(two[5] as string), right.of('99.0.0.0/8')]).toEqual([
      undefined,
      '64500 64501 64777; nh 192.0.2.1',
      '64500 64501; nh 192.0.2.1',
    ]);
  });
});

describe('numbers of peers', () => {
  const list = prefixes(6000);

  test('removed and added again while its old routes are still being taken away, a peer has its new ones only', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const right = desk.up('right', 64502);
    left.announce(list.join(' '), '64501');
    desk.works = false;
    desk.feed({ kind: 'removePeer', peer: 'left' });
    left.add().connect();
    left.announce(list.slice(0, 3000).join(' '), '64501 64509');
    expect(desk.speaker.busy).toBe(true);
    desk.work();
    expect(right.lines()).toEqual(
      list
        .slice(0, 3000)
        .map((p) => `${p} 64500 64501 64509; nh 192.0.2.1`)
        .sort(),
    );
    expect(desk.routes()).toHaveLength(3000);
  });

  test('another peer in the place of a removed one is told what that one had sent, until it is gone', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const right = desk.up('right', 64502);
    left.announce(list.join(' '), '64501');
    right.announce(list.slice(0, 10).join(' '), '64502 64509 64509');
    desk.works = false;
    desk.feed({ kind: 'removePeer', peer: 'left' });
    const next = desk.up('next', 64503);
    desk.work();
    expect(next.lines().map((l) => l.split(' ')[0])).toEqual(list.slice(0, 10));
    expect(next.lines()[0]).toContain('64500 64502 64509 64509');
    expect(right.lines()).toEqual([]);
  });

  test('a session that comes back before its old routes are taken away keeps what it has sent anew', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const right = desk.up('right', 64502);
    left.announce(list.join(' '), '64501');
    desk.works = false;
    for (let flap = 0; flap < 3; flap++) {
      left.break();
      desk.pass(60_000);
      right.send({ kind: 'keepalive' });
      left.reconnect();
      left.announce(list.slice(flap * 100, 2000).join(' '), `64501 ${64600 + flap}`);
    }
    desk.work();
    expect(right.table.size).toBe(1800);
    expect(new Set(right.table.values())).toEqual(new Set(['64500 64501 64602; nh 192.0.2.1']));
    const { sources } = desk.speaker.rib;
    expect(sources.of(desk.speaker.peers.get('left')?.number ?? -9)).toBe(2);
  });

  test('thousands of sessions come and go in the same few columns', () => {
    const desk = new Desk();
    for (let i = 0; i < 300; i++) {
      const peer = desk.up(`p${i}`, 64501);
      peer.announce('203.0.113.0/24', '64501');
      desk.feed({ kind: 'removePeer', peer: `p${i}` });
      desk.probes.clear();
    }
    expect(desk.routes()).toEqual([]);
    expect(desk.speaker.rib.sources.kind.length).toBeLessThan(32);
  });
});

test.each(['IPv4', 'IPv6'] as const)(
  'a large %s table is what was said, however it grows and shrinks',
  (family) => {
    const random = new Random(7);
    const [local, size, longest] = family === 'IPv4' ? ['192.0.2.1', 4, 32] : ['2001:db8::1', 16, 128];
    const desk = new Desk();
    const left = desk.up('left', 64501, {}, { local });
    const right = desk.up('right', 64502, {}, { local });
    const inPieces = (list: readonly string[], run: (some: string) => void) => {
      for (let i = 0; i < list.length; i += 100) run(list.slice(i, i + 100).join(' '));
    };
    const prefix = () => {
      const bytes = Uint8Array.from({ length: size }, () => random.below(256));
      bytes[0] = 32 + random.below(32);
      return formatPrefix(bytes, 12 + random.below(longest - 11)) as string;
    };
    const expected = new Map<string, number>();
    for (let round = 0; round < 8; round++) {
      const list = [...new Set(Array.from({ length: 1500 }, prefix))];
      inPieces(list, (some) => left.announce(some, `64501 ${65000 + round}`));
      for (const p of list) expected.set(p, round);
      const gone = [...expected.keys()].filter(() => random.chance(0.3));
      inPieces(gone, (some) => left.withdraw(some));
      for (const p of gone) expected.delete(p);
    }
    const hop = family === 'IPv4' ? '192.0.2.1' : '2001:db8::1';
    const lines = [...expected].map(([p, round]) => `${p} 64500 64501 ${65000 + round}; nh ${hop}`);
    expect(right.lines()).toEqual(lines.sort());
  },
);
