// biome-ignore-all lint/suspicious/noThenProperty: rules are `when`, `then`, `end`; none of these is awaited.
import { describe, expect, test } from 'vitest';
import type { Address, Prefix } from '../base/index.ts';
import { ACCEPT_ALL, type Policy, type Rule, type Validation } from '../policy/index.ts';
import { DEFAULT_DECISION } from '../rib/index.ts';
import { IPV4_UNICAST } from '../wire/index.ts';
import { whyAdvertised } from './index.ts';
import { Desk, type Probe } from './probe.test-support.ts';

const A = '198.51.100.0/24';
const B = '203.0.113.0/24';
const C = '192.0.2.128/25';

const policy = (...rules: readonly Rule[]): Policy => ({ rules });
const only = (...prefixes: readonly string[]): Rule => ({
  when: { prefix: prefixes.map((p) => ({ prefix: p as Prefix })) },
  end: 'accept',
});

/** Two peers; the left one has sent three routes, and the right one's news of that are read. */
function scene(): { desk: Desk; left: Probe; right: Probe } {
  const desk = new Desk();
  const left = desk.up('left', 64501);
  const right = desk.up('right', 64502);
  for (const prefix of [A, B, C]) left.announce(prefix, '64501');
  right.news();
  left.news();
  return { desk, left, right };
}

const told = (line = '64500 64501; nh 192.0.2.1') => [A, B, C].map((p) => `+${p} ${line}`);

describe('without policy (RFC 8212)', () => {
  /** A peer whose options name policy for some directions only, as a file might. */
  function bare(asn: number, policies: { readonly import?: Policy; readonly export?: Policy }): Probe {
    const desk = new Desk();
    const peer = desk.peer('peer', asn);
    const session = { localAsn: 64500, localId: '192.0.2.1' as Address, remoteAsn: asn, passive: true };
    desk.feed({ kind: 'addPeer', options: { name: 'peer', address: peer.address, session, ...policies } });
    desk.announce(B);
    peer.connect();
    peer.announce(A, asn === 64500 ? '64501; lp 100' : '64501');
    return peer;
  }

  test('on an external session nothing comes in and nothing goes out', () => {
    const { desk, table } = bare(64501, {});
    expect(table.size).toBe(0);
    expect(desk.routes()[1]).toContain('(import policy (no rule accepted it, RFC 8212))');
  });

  test('policy for one direction opens that one only', () => {
    const inward = bare(64501, { import: ACCEPT_ALL });
    expect([inward.table.size, inward.desk.routes()[1]?.endsWith('(best)')]).toEqual([0, true]);
    const outward = bare(64501, { export: ACCEPT_ALL });
    expect([outward.table.size, outward.desk.routes()[1]?.endsWith('(best)')]).toEqual([1, false]);
  });

  test('internal sessions accept and send all', () => {
    const inside = bare(64500, {});
    expect(inside.lines()).toEqual([`${B} ; nh 192.0.2.1; lp 100`]);
    expect(inside.desk.routes().every((r) => r.endsWith('(best)'))).toBe(true);
  });
});

describe('a new export policy', () => {
  test('that changes nothing sends nothing', () => {
    const { desk, right } = scene();
    desk.feed({ kind: 'policy', peer: 'right', export: policy({ then: { localPref: 300 }, end: 'accept' }) });
    expect(right.news()).toEqual([]);
  });

  test('sends the difference: changed routes without a withdrawal, refused ones as withdrawals, others not at all', () => {
    const { desk, right } = scene();
    const rules = policy({ ...only(A), then: { med: 5 } }, only(B));
    desk.feed({ kind: 'policy', peer: 'right', export: rules });
    expect(right.news()).toEqual([`-${C}`, `+${A} 64500 64501; nh 192.0.2.1; med 5`]);
    desk.feed({ kind: 'policy', peer: 'right', export: ACCEPT_ALL });
    expect(right.news().sort()).toEqual(
      [`+${C} 64500 64501; nh 192.0.2.1`, `+${A} 64500 64501; nh 192.0.2.1`].sort(),
    );
  });

  test('concerns nobody else', () => {
    const { desk, left, right } = scene();
    const third = desk.up('third', 64503);
    third.news();
    desk.feed({ kind: 'policy', peer: 'right', export: policy(only(A)) });
    expect([left.news(), third.news()]).toEqual([[], []]);
    expect(right.news().sort()).toEqual([`-${B}`, `-${C}`].sort());
  });

  test('may ask from whom a route came, and then knows it when that changes', () => {
    const { desk, left, right } = scene();
    const third = desk.up('third', 64503);
    desk.announce(B);
    right.news();
    const fromLeft = policy({ when: { source: [{ asn: 64501 }] }, end: 'accept' });
    desk.feed({ kind: 'policy', peer: 'right', export: fromLeft });
    // B is our own now.
    expect(right.news()).toEqual([`-${B}`]);
    left.announce(A, '64501 64509 64509');
    third.announce(A, '64503');
    expect(right.news()).toEqual([`+${A} 64500 64501 64509 64509; nh 192.0.2.1`, `-${A}`]);
    third.withdraw(A);
    expect(right.news()).toEqual([`+${A} 64500 64501 64509 64509; nh 192.0.2.1`]);
  });

  test('for what is originated here lets nothing else out, not even while a peer is being removed', () => {
    const { desk, right } = scene();
    const ours = policy({ when: { source: [{ kind: 'local' }] }, end: 'accept' });
    desk.feed({ kind: 'policy', peer: 'right', export: ours });
    right.news();
    desk.works = false;
    desk.feed({ kind: 'removePeer', peer: 'left' });
    right.send({ kind: 'routeRefresh', family: IPV4_UNICAST, subtype: 'request' });
    expect(right.news()).toEqual([]);
    desk.work();
    expect([right.news(), desk.routes()]).toEqual([[], []]);
  });
});

describe('a new import policy', () => {
  test('is applied to what was received, as a difference', () => {
    const { desk, right } = scene();
    const rules = policy({ ...only(A), then: { communities: { add: ['64500:1'] } } }, only(B));
    desk.feed({ kind: 'policy', peer: 'left', import: rules });
    expect(right.news()).toEqual([`-${C}`, `+${A} 64500 64501; nh 192.0.2.1; comm 64500:1`]);
    expect(desk.routes().find((r) => r.startsWith(C))).toContain('import policy (no rule accepted it');
    desk.feed({ kind: 'policy', peer: 'left', import: ACCEPT_ALL });
    expect(right.news().sort()).toEqual(
      [`+${C} 64500 64501; nh 192.0.2.1`, `+${A} 64500 64501; nh 192.0.2.1`].sort(),
    );
    expect(desk.routes().every((r) => r.endsWith('(best)'))).toBe(true);
  });

  test('changes which route is best, and nobody hears of a gap', () => {
    const { desk, right } = scene();
    const third = desk.up('third', 64503);
    third.announce(A, '64503 64509');
    expect(right.news()).toEqual([]);
    const rules = policy({ then: { localPref: 200 }, end: 'accept' });
    desk.feed({ kind: 'policy', peer: 'third', import: rules });
    expect(right.news()).toEqual([`+${A} 64500 64503 64509; nh 192.0.2.1`]);
    desk.feed({ kind: 'policy', peer: 'third', import: policy() });
    expect(right.news()).toEqual([`+${A} 64500 64501; nh 192.0.2.1`]);
  });

  test('given twice in a row counts as the second one alone', () => {
    const { desk, right } = scene();
    desk.works = false;
    desk.feed({ kind: 'policy', peer: 'left', import: policy() });
    desk.feed({ kind: 'policy', peer: 'left', import: ACCEPT_ALL });
    desk.work();
    expect(right.news()).toEqual([]);
  });

  test('holds for routes that arrive while it is being applied', () => {
    const { desk, left, right } = scene();
    desk.works = false;
    desk.feed({ kind: 'policy', peer: 'left', import: policy(only(A)) });
    left.announce(B, '64501 64509');
    left.announce('10.0.0.0/8', '64501');
    desk.work();
    expect(right.lines().map((l) => l.split(' ')[0])).toEqual([A]);
  });

  test('under way when the session comes back with another AS goes by what is agreed now', () => {
    const desk = new Desk();
    const session = { remoteAsn: [64501, 64511] };
    const left = desk.up('left', 64501, {}, { session });
    left.announce(A, '64501');
    desk.works = false;
    desk.feed({ kind: 'policy', peer: 'left', import: policy({ then: { localPref: 200 }, end: 'accept' }) });
    left.break();
    const again = desk.peer('left', 64511).reconnect();
    again.announce(B, '64511');
    desk.work();
    expect(desk.routes()).toEqual([`${B} from left: 64511; nh 192.0.2.11; lp 200 (best)`]);
  });

  test('under way when its peer is removed does not fall upon the peer that gets its number', () => {
    const desk = new Desk();
    const right = desk.up('right', 64502);
    const left = desk.up('left', 64501);
    left.announce(A, '64501');
    desk.works = false;
    desk.feed({ kind: 'policy', peer: 'left', import: policy({ then: { localPref: 200 }, end: 'accept' }) });
    desk.feed({ kind: 'removePeer', peer: 'left' });
    const next = desk.up('next', 64503);
    expect(desk.speaker.peers.get('next')?.number).toBe(1);
    next.announce(B, '64503');
    desk.work();
    expect(desk.routes()).toEqual([`${B} from next: 64503; nh ${next.address} (best)`]);
    expect(right.lines()).toEqual([`${B} 64500 64503; nh 192.0.2.1`]);
  });

  test('is applied to routes kept of a peer that is away as well (RFC 4724 §4.2)', () => {
    const desk = new Desk();
    const restarts = { gracefulRestart: { families: [IPV4_UNICAST] } };
    const left = desk.up('left', 64501, restarts, { session: { gracefulRestart: {} } });
    const right = desk.up('right', 64502);
    for (const prefix of [A, B]) left.announce(prefix, '64501');
    left.break();
    right.news();
    desk.feed({ kind: 'policy', peer: 'left', import: policy(only(A)) });
    expect(right.news()).toEqual([`-${B}`]);
    expect(desk.routes().map((r) => r.includes('stale'))).toEqual([true, true]);
  });
});

describe('validation (RFC 6811)', () => {
  test('that changes is applied to both directions when the speaker hears of it, as a difference', () => {
    const states = new Map<string, Validation>();
    const desk = new Desk({ validate: (prefix) => states.get(prefix) ?? 'not-found' });
    const noInvalid = policy({ when: { validation: ['invalid'] }, end: 'reject' }, { end: 'accept' });
    const onlyValid = policy({ when: { validation: ['valid'] }, end: 'accept' });
    const left = desk.up('left', 64501, {}, { import: noInvalid });
    const right = desk.up('right', 64502);
    const strict = desk.up('strict', 64503, {}, { export: onlyValid });
    for (const prefix of [A, B, C]) left.announce(prefix, '64501');
    expect([right.table.size, strict.table.size]).toEqual([3, 0]);
    right.news();
    strict.news();
    states.set(A, 'invalid').set(B, 'valid');
    desk.feed({ kind: 'revalidate' });
    expect(right.news()).toEqual([`-${A}`]);
    expect(strict.news()).toEqual([`+${B} 64500 64501; nh 192.0.2.1`]);
    states.set(A, 'valid').set(B, 'invalid');
    desk.feed({ kind: 'revalidate' });
    expect(right.news().sort()).toEqual([`+${A} 64500 64501; nh 192.0.2.1`, `-${B}`]);
    expect(strict.news().sort()).toEqual([`+${A} 64500 64501; nh 192.0.2.1`, `-${B}`]);
  });
});

describe('other changes', () => {
  test('options of the decision choose again, and only what differs is told', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const third = desk.up('third', 64503);
    const right = desk.up('right', 64502);
    left.announce(A, '64501; med 50');
    third.announce(A, '64503; med 10');
    left.announce(B, '64501');
    expect(right.of(A)).toContain('64501');
    right.news();
    desk.feed({ kind: 'decision', options: { ...DEFAULT_DECISION, alwaysCompareMed: true } });
    expect(right.news()).toEqual([`+${A} 64500 64503; nh 192.0.2.1`]);
  });

  test('a repeated announcement of the same is told to nobody', () => {
    const { desk, left, right } = scene();
    for (const prefix of [A, B, C]) left.announce(prefix, '64501');
    desk.announce('10.0.0.0/8');
    right.news();
    desk.announce('10.0.0.0/8');
    expect(right.news()).toEqual([]);
  });

  test('a refresh asked for is answered in full, and one of ours is asked for (RFC 2918)', () => {
    const { desk, left, right } = scene();
    right.send({ kind: 'routeRefresh', family: IPV4_UNICAST, subtype: 'request' });
    expect(right.news()).toEqual(told());
    desk.feed({ kind: 'refresh', peer: 'left', family: IPV4_UNICAST });
    expect(left.news()).toEqual(['refresh ipv4-unicast request']);
  });

  test('everything is told again when the operator asks for it, between marks where they were agreed on (RFC 7313 §4)', () => {
    const { desk, right } = scene();
    desk.feed({ kind: 'refresh', peer: 'right', family: IPV4_UNICAST, out: true });
    expect(right.news()).toEqual(told());
    const marked = desk.up('marked', 64503, { enhancedRefresh: true });
    const plain = told('64500 64501; nh 192.0.2.1');
    marked.news();
    desk.feed({ kind: 'refresh', peer: 'marked', family: IPV4_UNICAST, out: true });
    expect(marked.news()).toEqual(['refresh ipv4-unicast begin', ...plain, 'refresh ipv4-unicast end']);
    expect(right.news()).toEqual([]);
    marked.break();
    desk.feed({ kind: 'refresh', peer: 'marked', family: IPV4_UNICAST, out: true });
  });

  test('every answer to "why" is the truth', () => {
    const { desk, right } = scene();
    const peer = desk.speaker.peers.get('right');
    if (!peer) throw new Error('no peer');
    const why = (prefix: string) => whyAdvertised(desk.speaker, peer, prefix as Prefix);
    expect(why(A)).toBe('told');
    expect(why('10.0.0.0/8')).toBe('there is no route to 10.0.0.0/8');
    desk.feed({ kind: 'policy', peer: 'right', export: policy(only(A)) });
    expect(why(B)).toBe('not told: export policy (no rule accepted it, RFC 8212)');
    const left = desk.speaker.peers.get('left');
    expect(left && whyAdvertised(desk.speaker, left, A as Prefix)).toBe(
      'not told: we have it from this peer',
    );
    right.stalled = true;
    desk.feed({ kind: 'policy', peer: 'right', export: ACCEPT_ALL });
    expect(why(B)).toBe('about to be told');
    right.break();
    expect(why(A)).toBe('the session with right is not established');
  });

  test('a route that fits no message of a peer is not told, and that is what "why" says (RFC 8654 §4)', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    desk.up('right', 64502, { extendedMessage: false });
    left.announce(A, `64501; comm ${Array.from({ length: 1100 }, (_, i) => `64501:${i}`).join(' ')}`);
    const peer = desk.speaker.peers.get('right');
    expect(peer && whyAdvertised(desk.speaker, peer, A as Prefix)).toBe(
      'not told: its attributes do not fit in a message of 4096 octets',
    );
  });
});
