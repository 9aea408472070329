import { describe, expect, test } from 'vitest';
import { type Vector, vectors } from '../../test/vectors/wire-vectors.ts';
import { IPV4_UNICAST, IPV6_UNICAST, type Update } from '../wire/index.ts';
import { Desk, type Probe } from './probe.test-support.ts';

/** The prefixes that an UPDATE names, of the families that a speaker exchanges. */
function named({ withdrawn, announced, attributes }: Update): string[] {
  const list = [...withdrawn, ...announced];
  for (const a of attributes) {
    if (a.kind === 'mpReach' && (a.family === IPV4_UNICAST || a.family === IPV6_UNICAST))
      list.push(...a.announced);
    if (a.kind === 'mpUnreach' && (a.family === IPV4_UNICAST || a.family === IPV6_UNICAST))
      list.push(...a.withdrawn);
  }
  return [...new Set(list.map((n) => n.prefix))];
}

/** What a vector costs from another AS where that is less: RFC 7606 §7.5, §7.9, §7.10. */
const MILDER: readonly string[] = [
  'LOCAL_PREF of 5 octets',
  'ORIGINATOR_ID of 3 octets',
  'CLUSTER_LIST of 6 octets',
];

const STAYS = ['198.18.0.0/15', '2001:db8:ffff::/48'];

/** A speaker with a peer that is about to misbehave, and one that does not. */
function scene(v: Vector, external: boolean): { desk: Desk; victim: Probe; other: Probe } {
  const desk = new Desk({ asn: 65000 });
  const { asn4, extendedMessage } = v.agreed;
  const session = { extendedMessage };
  // The vectors' next hop is 192.0.2.1.
  const shape = { session, local: '192.0.2.100', nextHop: { [IPV6_UNICAST]: '2001:db8::1' as never } };
  const victim = desk.up('victim', external ? 64500 : 65000, { asn4, extendedMessage }, shape);
  const other = desk.up('other', 64777, {}, shape);
  const lp = external ? '' : '; lp 100';
  for (const prefix of STAYS) victim.announce(prefix, `64500${lp}`);
  if (v.value?.kind === 'update')
    for (const prefix of named(v.value)) victim.announce(prefix, `64500 64999${lp}`);
  other.announce('198.51.100.0/24', '64777');
  other.news();
  return { desk, victim, other };
}

const whole = vectors('wire-errors').filter(
  ({ error, bytes }) =>
    [1, 3, 7].includes(error?.code ?? 0) && !(bytes[18] === 2 && bytes.length === 21 && bytes[17] === 0x17),
);

describe.each([
  ['another AS', true],
  ['our own AS', false],
] as const)('an established peer in %s sends', (_, external) => {
  test.each(whole)('$name ($source): exactly what RFC 7606 and RFC 4271 §6 say, and to nobody else', (v) => {
    const { desk, victim, other } = scene(v, external);
    const reaction = external && MILDER.includes(v.name) ? 'discard' : v.reaction;
    victim.bytes(v.bytes);
    expect(other.established).toBe(true);
    expect(other.got.some((m) => m.kind === 'notification')).toBe(false);
    if (reaction === undefined || reaction === 'reset') {
      expect(victim.established).toBe(false);
      expect(victim.last).toMatchObject(v.error as object);
      expect(other.lines()).toEqual([]);
      expect(desk.routes()).toEqual(['198.51.100.0/24 from other: 64777; nh 192.0.2.11 (best)']);
      return;
    }
    expect(victim.established).toBe(true);
    expect(desk.notes.filter((n) => n.kind === 'fault')).toHaveLength(1);
    const held = desk.routes().filter((r) => r.includes('from victim'));
    for (const prefix of STAYS) expect(held.some((r) => r.startsWith(`${prefix} `))).toBe(true);
    const mentioned = v.value?.kind === 'update' ? named(v.value) : [];
    const left = mentioned.filter((p) => held.some((r) => r.startsWith(`${p} `)));
    if (reaction === 'withdraw') {
      expect(left).toEqual([]);
      // And those who were told of the routes are told that they are gone.
      expect(other.lines().map((l) => l.split(' ')[0])).toEqual(STAYS);
    } else if (v.value?.kind === 'update') {
      // A vector that costs more inside our AS has its routes among the withdrawn ones.
      const stays = reaction === v.reaction ? { ...v.value, withdrawn: [] } : v.value;
      expect(left).toEqual(named(stays));
    }
  });
});

describe('bytes that no peer should send', () => {
  test('a marker of a refresh that is as long as a message may be is refused in a NOTIFICATION that fits (RFC 7313 §5)', () => {
    for (const extendedMessage of [true, false]) {
      const desk = new Desk();
      const victim = desk.up('victim', 64501, { extendedMessage });
      const bytes = new Uint8Array(extendedMessage ? 65535 : 4096).fill(0xff);
      bytes.set([bytes.length >> 8, bytes.length, 5, 0, 1, 1, 1], 16);
      victim.bytes(bytes);
      expect(victim.last).toMatchObject({ code: 7, subcode: 1 });
      expect(victim.last?.data.length).toBeLessThanOrEqual(2 * (4096 - 21));
    }
  });

  test('an UPDATE before the session stands is a state error (RFC 6608 §3)', () => {
    const desk = new Desk();
    const early = desk.peer('early', 64501).add();
    desk.feed({ kind: 'event', peer: 'early', event: { kind: 'start' } });
    early.dial();
    early.announce('203.0.113.0/24', '64501');
    expect(early.last).toMatchObject({ code: 5, subcode: 1, data: '02' });
    expect(desk.routes()).toEqual([]);
  });

  test('what follows in the same bytes as the end of a session is not read any more', () => {
    const desk = new Desk();
    const victim = desk.up('victim', 64501);
    const bad = new Uint8Array(19).fill(0xff);
    bad.set([0, 19, 9], 16);
    const notification = new Uint8Array(21).fill(0xff);
    notification.set([0, 21, 3, 6, 2], 16);
    victim.bytes(Uint8Array.of(...notification, ...bad));
    expect(victim.last).toBeUndefined();
    expect(desk.notes.at(-1)).toMatchObject({ kind: 'down', why: { by: 'peer' } });
  });

  test('faults without end are all counted, and noted ever less often, so that no peer fills a log', () => {
    const desk = new Desk();
    const victim = desk.up('victim', 64501);
    // ORIGIN 3: the route is withdrawn (RFC 7606 §7.1).
    const body = [
      0, 0, 0, 18, 0x40, 1, 1, 3, 0x40, 2, 4, 2, 1, 0xfb, 0xf5, 0x40, 3, 4, 192, 0, 2, 1, 24, 203, 0, 113,
    ];
    body[3] = body.length - 4 - 4;
    const update = new Uint8Array(19 + body.length).fill(0xff);
    update.set([0, update.length, 2, ...body], 16);
    for (let i = 0; i < 100; i++) victim.bytes(update);
    expect(victim.established).toBe(true);
    const counts = desk.notes.flatMap((n) => (n.kind === 'fault' ? [n.count] : []));
    expect(counts).toEqual([1, 2, 4, 8, 16, 32, 64]);
    expect(desk.speaker.peers.get('victim')?.counters.faultsIn).toBe(100);
  });

  test('families that were not agreed are passed over, sound or not worth a word', () => {
    const desk = new Desk();
    const four = desk.up('four', 64501, { families: [IPV4_UNICAST] });
    four.announce('2001:db8:1::/48', '64501');
    four.announce('203.0.113.0/24', '64501');
    expect(desk.routes().map((r) => r.split(' ')[0])).toEqual(['203.0.113.0/24']);
    expect(four.established).toBe(true);
  });
});
