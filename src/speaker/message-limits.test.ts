/** What does not fit in a message: attributes that are too long for a peer, and prefixes that need more messages than one. */
import { expect, test } from 'vitest';
import { Desk, type Manners } from './probe.test-support.ts';

const P = '203.0.113.0/24';
const short: Manners = { extendedMessage: false };
const communities = (n: number) => `comm ${Array.from({ length: n }, (_, i) => `64501:${i}`).join(' ')}`;

test('attributes over 4096 octets go to those who take long messages only (RFC 8654 §4)', () => {
  const desk = new Desk();
  const left = desk.up('left', 64501);
  const [long, narrow] = [desk.up('long', 64502), desk.up('short', 64503, short)];
  left.announce(P, `64501; ${communities(1100)}`);
  expect(long.of(P)).toBe(`64500 64501; nh 192.0.2.1; ${communities(1100)}`);
  expect(narrow.of(P)).toBeUndefined();
});

test('a route that grows too long is withdrawn from a peer that cannot be told (RFC 8654 §4)', () => {
  const desk = new Desk();
  const left = desk.up('left', 64501);
  const right = desk.up('right', 64502, short);
  left.announce(P, '64501');
  right.news();
  left.announce(P, `64501; ${communities(1100)}`);
  expect(right.news()).toEqual([`-${P}`]);
  expect(right.lines()).toEqual([]);
  left.announce(P, '64501; med 3');
  expect(right.lines()).toEqual([`${P} 64500 64501; nh 192.0.2.1`]);
});

const PREFIXES = {
  IPv4: (i: number) => `10.${i >> 8}.${i & 255}.0/24`,
  IPv6: (i: number) => `2001:db8:${i.toString(16)}::/48`,
} as const;

test.each([
  ['IPv4', 4096],
  ['IPv4', 65535],
  ['IPv6', 4096],
  ['IPv6', 65535],
] as const)(
  'as many %s prefixes share a message as fit into it, and never more octets than the agreed %i',
  (family, limit) => {
    const desk = new Desk();
    const local = family === 'IPv4' ? '192.0.2.1' : '2001:db8::1';
    const left = desk.up('left', 64501, {}, { local });
    const right = desk.up('right', 64502, { extendedMessage: limit > 4096 }, { local });
    const list = Array.from({ length: 1500 }, (_, i) => PREFIXES[family](i));
    left.announce(list.join(' '), `64501; ${communities(800)}`);
    expect(right.table.size).toBe(list.length);
    expect(Math.max(...right.lengths)).toBeLessThanOrEqual(limit);
    const full = right.lengths.filter((n) => n > limit - 40).length;
    if (limit === 4096) expect(full).toBeGreaterThan(5);
  },
);
