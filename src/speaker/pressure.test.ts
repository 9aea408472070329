import { describe, expect, test } from 'vitest';
import { IPV4_UNICAST, IPV6_UNICAST, type RouteRefresh } from '../wire/index.ts';
import { Desk, type Probe } from './probe.test-support.ts';

const request: RouteRefresh = { kind: 'routeRefresh', family: IPV4_UNICAST, subtype: 'request' };
const prefixes = (n: number) => Array.from({ length: n }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);

/** What waits for a peer that does not read: messages of the session, and prefixes. */
function waiting(probe: Probe): { messages: number; prefixes: number } {
  const peer = probe.desk.speaker.peers.get(probe.name);
  const exchanges = [...(peer?.established?.exchanges.values() ?? [])];
  return {
    messages: (peer?.links.incoming?.control.length ?? 0) + exchanges.reduce((n, e) => n + e.after.length, 0),
    prefixes: exchanges.reduce((n, e) => n + e.out.waiting, 0),
  };
}

describe('a peer that does not read', () => {
  test('costs one entry a prefix however often it changes, and gets the newest state only', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const right = desk.up('right', 64502);
    right.stalled = true;
    const list = prefixes(500);
    for (let round = 1; round <= 40; round++) {
      left.announce(list.join(' '), `64501 ${round}`);
      if (round % 3 === 0) left.withdraw(list.slice(0, 100).join(' '));
    }
    expect(waiting(right).prefixes).toBe(500);
    right.stalled = false;
    right.read();
    expect(right.news().filter((t) => t.startsWith('+'))).toHaveLength(500);
    expect(new Set(right.table.values())).toEqual(new Set(['64500 64501 40; nh 192.0.2.1']));
  });

  test('is told nothing of what came and went meanwhile', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const right = desk.up('right', 64502);
    right.stalled = true;
    right.news();
    left.announce(prefixes(50).join(' '), '64501');
    left.withdraw(prefixes(50).join(' '));
    right.stalled = false;
    right.read();
    expect(right.news()).toEqual([]);
  });

  test('gains nothing by asking for its table again and again (RFC 2918)', () => {
    for (const enhancedRefresh of [true, false]) {
      const desk = new Desk();
      desk.up('left', 64501).announce(prefixes(200).join(' '), '64501');
      const right = desk.up('right', 64502, { enhancedRefresh });
      right.stalled = true;
      for (let i = 0; i < 2000; i++) right.send(request);
      expect(waiting(right).messages).toBeLessThan(8);
      right.stalled = false;
      right.got.length = 0;
      right.read();
      const news = right.news();
      expect(news.filter((t) => t.startsWith('+'))).toHaveLength(200);
      expect(news.filter((t) => t.startsWith('refresh'))).toHaveLength(enhancedRefresh ? 2 : 0);
    }
  });

  test('is closed when nothing has left for the send hold time (RFC 9687 §4)', () => {
    const desk = new Desk();
    const right = desk.up('right', 64502, {}, { session: { sendHoldTime: 10_000 as never } });
    const blocked = { kind: 'blocked', link: 'incoming' } as const;
    desk.feed({ kind: 'event', peer: 'right', event: blocked });
    desk.pass(10_001);
    expect(right.last).toMatchObject({ code: 8 });
  });
});

describe('a peer that floods', () => {
  test('with beginnings of refreshes takes no more than its share (RFC 7313 §4)', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501, { enhancedRefresh: true });
    const other = desk.up('other', 64502);
    for (let i = 0; i < 70_000; i++)
      left.send({ kind: 'routeRefresh', family: IPV4_UNICAST, subtype: 'begin' });
    expect([left.established, other.established]).toEqual([true, true]);
  });

  test('with refreshes that each leave something behind is told that it is too much, and loses its routes', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501, { enhancedRefresh: true });
    const other = desk.up('other', 64502);
    desk.works = false;
    for (const prefix of prefixes(1000)) {
      if (!left.connected) break;
      left.announce(prefix, '64501');
      left.send({ kind: 'routeRefresh', family: IPV4_UNICAST, subtype: 'begin' });
    }
    expect(left.last).toMatchObject({ code: 6, subcode: 8 });
    desk.work();
    expect([desk.routes(), other.lines(), other.established]).toEqual([[], [], true]);
  });

  test('with prefixes beyond its limit is warned of, then ended, and the others lose its routes (RFC 4486 §4)', () => {
    const desk = new Desk();
    const limit = { [IPV4_UNICAST]: { limit: 10, warnAt: 8 }, [IPV6_UNICAST]: { limit: 1 } };
    const left = desk.up('left', 64501, {}, { prefixLimit: limit });
    const other = desk.up('other', 64502);
    left.announce(prefixes(7).join(' '), '64501');
    const limits = () => desk.notes.flatMap((n) => (n.kind === 'limit' ? [[n.prefixes, n.reached]] : []));
    expect(limits()).toEqual([]);
    for (const prefix of prefixes(10)) left.announce(prefix, '64501 64509');
    expect(limits()).toEqual([[8, false]]);
    expect(left.established).toBe(true);
    left.withdraw('10.0.0.0/24');
    left.announce('10.9.9.0/24', '64501');
    expect(left.established).toBe(true);
    left.announce('10.0.0.0/24', '64501');
    expect(left.established).toBe(false);
    expect(left.last).toMatchObject({ code: 6, subcode: 1, data: '0001010000000a' });
    expect(limits()).toEqual([
      [8, false],
      [11, true],
    ]);
    expect(other.lines()).toEqual([]);
    expect(desk.routes()).toEqual([]);
  });

  test('large communities cost no time that grows with their square (RFC 8092)', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const right = desk.up('right', 64502);
    const many = Array.from({ length: 5000 }, (_, i) => `64501:1:${i}`);
    const update = left.update('203.0.113.0/24', `64501; large ${[...many, ...many.slice(0, 3)].join(' ')}`);
    left.send(update);
    expect(right.of('203.0.113.0/24')).toBe(`64500 64501; nh 192.0.2.1; large ${many.join(' ')}`);
  });
});

describe('the limit of prefixes', () => {
  test('holds for what a refresh has made stale as well, and not twice for what is sent again (RFC 7313 §4)', () => {
    const desk = new Desk();
    const limit = { prefixLimit: { [IPV4_UNICAST]: { limit: 10 } } };
    const left = desk.up('left', 64501, { enhancedRefresh: true }, limit);
    const list = prefixes(10);
    left.announce(list.join(' '), '64501');
    left.send({ kind: 'routeRefresh', family: IPV4_UNICAST, subtype: 'begin' });
    left.announce(list.join(' '), '64501');
    expect(left.established).toBe(true);
    left.send({ kind: 'routeRefresh', family: IPV4_UNICAST, subtype: 'begin' });
    left.announce('10.200.0.0/24', '64501');
    expect(left.last).toMatchObject({ code: 6, subcode: 1 });
  });
});
