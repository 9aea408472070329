import { expect, test } from 'vitest';
import type { Address, Prefix } from '../base/index.ts';
import {
  type Agreed,
  type Attribute,
  decodeMessage,
  encodeMessage,
  formatPath,
  IPV4_UNICAST,
  IPV6_UNICAST,
  judge,
  type Neighbour,
  parsePath,
  passOn,
  type Update,
  type UpdateRead,
} from './index.ts';

const PLAIN: Agreed = { asn4: true, extendedMessage: false, addPath: [] };
const EXTERNAL: Neighbour = { external: true, firstAs: 64500, extendedNextHop: [] };
const INTERNAL: Neighbour = { external: false, extendedNextHop: [] };

const at = (nextHop: string): Attribute => ({ kind: 'nextHop', nextHop: nextHop as Address });
const along = (text: string): Attribute => ({ kind: 'asPath', path: parsePath(text) ?? [] });
const prefix = '203.0.113.0/24' as Prefix;
const update = (...attributes: Attribute[]): Update => ({
  kind: 'update',
  withdrawn: [],
  attributes: [{ kind: 'origin', origin: 'igp' }, ...attributes],
  announced: [{ prefix }],
});
const mp = (nextHop: string, family = IPV6_UNICAST, p = '2001:db8:53::/48'): Update => ({
  kind: 'update',
  withdrawn: [],
  attributes: [
    { kind: 'mpReach', family, nextHop: nextHop as Address, announced: [{ prefix: p as Prefix }] },
    { kind: 'origin', origin: 'igp' },
    along('64500'),
  ],
  announced: [],
});

const sent = (u: Update) => decodeMessage(encodeMessage(u, PLAIN), PLAIN) as UpdateRead;
const judged = (u: Update, from: Neighbour) => judge(sent(u), from) as UpdateRead;

test('an UPDATE with nothing wrong passes as the same value', () => {
  const d = sent(update(along('64500 64501'), at('192.0.2.1')));
  expect(judge(d, EXTERNAL)).toBe(d);
});

test('LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST from another AS are left out (RFC 7606 §7.5, §7.9, §7.10)', () => {
  const id = '192.0.2.9' as Address;
  const u = update(
    along('64500'),
    at('192.0.2.1'),
    { kind: 'localPref', localPref: 5 },
    { kind: 'originatorId', id },
    { kind: 'clusterList', ids: [id] },
  );
  expect(judged(u, EXTERNAL).message).toEqual(update(along('64500'), at('192.0.2.1')));
  expect(judged(u, EXTERNAL).reaction).toBeUndefined();
  expect(judged(u, INTERNAL).message).toEqual(u);
});

test('a malformed LOCAL_PREF costs the routes from within and only itself from without (RFC 7606 §7.5)', () => {
  const bytes = encodeMessage(
    update(along('64500'), at('192.0.2.1'), { kind: 'unknown', code: 5, flags: 0x40, data: '0001' }),
    PLAIN,
  );
  const d = decodeMessage(bytes, PLAIN) as UpdateRead;
  expect(d.reaction).toBe('withdraw');
  expect(judge(d, INTERNAL)).toMatchObject({ reaction: 'withdraw', message: { announced: [] } });
  expect(judge(d, EXTERNAL)).toMatchObject({ reaction: 'discard', message: { announced: [{ prefix }] } });
});

test.each(['0.0.0.0', '127.0.0.1', '224.0.0.5', '255.255.255.255', '192.0.2.200'])(
  'next hop %s is useless: its routes are withdrawn (RFC 4271 §6.3)',
  (nextHop) => {
    const from = { ...EXTERNAL, ours: ['192.0.2.200' as Address] };
    const j = judged(update(along('64500'), at(nextHop)), from);
    expect(j).toMatchObject({ reaction: 'withdraw', message: { withdrawn: [{ prefix }], announced: [] } });
    expect(j.faults[0]?.error).toMatchObject({ code: 3, subcode: 8 });
  },
);

test.each(['::', '::1', 'ff02::1'])('IPv6 next hop %s is useless (RFC 4271 §6.3, RFC 2545 §3)', (nextHop) => {
  expect(judged(mp(nextHop), EXTERNAL).reaction).toBe('withdraw');
  expect(judged(mp('2001:db8::1'), EXTERNAL).reaction).toBeUndefined();
});

test('an IPv6 next hop of IPv4 routes has to be agreed (RFC 8950 §4)', () => {
  const u = mp('2001:db8::1', IPV4_UNICAST, '203.0.113.0/24');
  expect(judged(u, EXTERNAL).reaction).toBe('withdraw');
  expect(judged(u, { ...EXTERNAL, extendedNextHop: [IPV4_UNICAST] }).reaction).toBeUndefined();
});

test.each(['64501 64500', '{64500}', ''])(
  'the path "%s" does not begin with the neighbour: withdrawn, unless nobody asked (RFC 4271 §6.3, RFC 7947)',
  (text) => {
    const u = update(along(text), at('192.0.2.1'));
    expect(judged(u, EXTERNAL).reaction).toBe('withdraw');
    const { firstAs: _, ...routeServer } = EXTERNAL;
    expect(judged(u, routeServer).reaction).toBeUndefined();
    expect(judged(u, INTERNAL).reaction).toBeUndefined();
  },
);

test('confederation segments come only from within a confederation (RFC 5065 §5)', () => {
  const u = update(along('(64512) 64500'), at('192.0.2.1'));
  expect(judged(u, INTERNAL).reaction).toBe('withdraw');
  expect(judged(u, { ...INTERNAL, confederation: true }).reaction).toBeUndefined();
});

test('repeated large communities are left out without a word (RFC 8092 §5)', () => {
  const communities = ['1:2:3', '4:5:6', '1:2:3'] as never[];
  const j = judged(
    update(along('64500'), at('192.0.2.1'), { kind: 'largeCommunities', communities }),
    EXTERNAL,
  );
  expect(j.reaction).toBeUndefined();
  expect(j.message.attributes.at(-1)).toEqual({ kind: 'largeCommunities', communities: ['1:2:3', '4:5:6'] });
});

test('unknown attributes are passed on when transitive, marked partial, and dropped otherwise (RFC 4271 §5)', () => {
  const unknown = (code: number, flags: number): Attribute => ({ kind: 'unknown', code, flags, data: '00' });
  const med: Attribute = { kind: 'med', med: 1, flags: 0x90 };
  const communities: Attribute = { kind: 'communities', communities: [], flags: 0xe0 };
  expect(passOn([unknown(99, 0xc0), unknown(98, 0x80), unknown(97, 0xef), med, communities])).toEqual([
    unknown(99, 0xe0),
    unknown(97, 0xe0),
    { kind: 'med', med: 1 },
    communities,
  ]);
});

test('the notation of these tests says what it means', () => {
  expect(formatPath(parsePath('(64512) 64500') ?? [])).toBe('(64512) 64500');
});
