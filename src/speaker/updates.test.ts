import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases } from '../../test/vectors/wire-arbitraries.ts';
import type { Prefix } from '../base/index.ts';
import { AttributeStore } from '../rib/index.ts';
import {
  type Attribute,
  decodeMessage,
  encodeMessage,
  IPV4_UNICAST,
  IPV6_UNICAST,
  judge,
  mergeAs4,
  type UpdateRead,
} from '../wire/index.ts';
import { Desk } from './probe.test-support.ts';
import { attributesOf, sectionOf } from './section.ts';

const A = '198.51.100.0/24';
const B = '203.0.113.0/24';
const SIX = '2001:db8:53::/48';
const SIX_TOO = '2001:db8:54::/48';

describe('an UPDATE', () => {
  test('may announce and withdraw in both families at once (RFC 4760 §3, RFC 7606 §5.1)', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    left.announce(A, '64501');
    left.announce(SIX, '64501');
    const four = left.update(B, '64501; med 1');
    left.send({
      kind: 'update',
      withdrawn: [{ prefix: A as Prefix }],
      attributes: [
        { kind: 'mpUnreach', family: IPV6_UNICAST, withdrawn: [{ prefix: SIX as Prefix }] },
        {
          kind: 'mpReach',
          family: IPV6_UNICAST,
          nextHop: '2001:db8::77' as never,
          announced: [{ prefix: SIX_TOO as Prefix }],
        },
        ...four.attributes,
      ],
      announced: four.announced,
    });
    expect(desk.routes()).toEqual([
      `${B} from left: 64501; nh 192.0.2.10; med 1 (best)`,
      `${SIX_TOO} from left: 64501; nh 2001:db8::77; med 1 (best)`,
    ]);
  });

  test('that withdraws and announces the same prefix announces it (RFC 4271 §4.3)', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const right = desk.up('right', 64502);
    left.announce(A, '64501');
    right.news();
    left.send({ ...left.update(A, '64501 64509'), withdrawn: [{ prefix: A as Prefix }] });
    expect(right.news()).toEqual([`+${A} 64500 64501 64509; nh 192.0.2.1`]);
  });

  test('that withdraws what was never announced is nothing', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const right = desk.up('right', 64502);
    right.news();
    left.withdraw(A);
    left.withdraw(SIX);
    expect([desk.routes(), right.news()]).toEqual([[], []]);
  });

  test('of prefixes with bits behind their length names the prefixes without them (RFC 4271 §4.3)', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501);
    const bytes = encodeMessage(left.update('10.1.0.0/17', '64501'), left.writes);
    bytes[bytes.length - 1] = 0x7f;
    left.bytes(bytes);
    expect(desk.routes().map((r) => r.split(' ')[0])).toEqual(['10.1.0.0/17']);
  });

  test('that the decoder has no objection to has a place in the store, and comes out with the same meaning', () => {
    fc.assert(
      fc.property(cases, ({ agreed, message }) => {
        if (message.kind !== 'update') return;
        const decoded = decodeMessage(encodeMessage(message, agreed), agreed);
        if (!decoded.ok) return;
        const judged = judge(decoded as UpdateRead, { external: false, extendedNextHop: [IPV4_UNICAST] });
        if (!judged.ok || judged.reaction === 'withdraw') return;
        const attributes = mergeAs4(judged.message.attributes, agreed.asn4);
        const has = (...kinds: readonly Attribute['kind'][]) =>
          attributes.some((a) => kinds.includes(a.kind));
        if (!has('origin') || !has('asPath') || !has('nextHop', 'mpReach')) return;
        if (has('mpReachOpaque')) return;
        const section = sectionOf(attributes);
        expect(new AttributeStore(64500).accept(section, 0, section.length, true)).not.toBe(0);
        expect(sectionOf(attributesOf(section))).toEqual(section);
      }),
      { numRuns: 500 },
    );
  });
});

describe('several paths to a prefix (RFC 7911)', () => {
  const receives = { session: { addPathReceive: [IPV4_UNICAST] } };

  test('are held apart by their identifiers, and the best of them is told', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501, { addPath: [IPV4_UNICAST] }, receives);
    const right = desk.up('right', 64502);
    left.announce(`${A}#1`, '64501 64509 64508');
    left.announce(`${A}#2`, '64501 64509');
    left.announce(`${A}#7`, '64501');
    expect(desk.routes().map((r) => [r.split(' ')[0], r.endsWith('(best)')])).toEqual([
      [`${A}#7`, true],
      [`${A}#2`, false],
      [`${A}#1`, false],
    ]);
    expect(right.of(A)).toBe('64500 64501; nh 192.0.2.1');
    left.send({
      kind: 'update',
      withdrawn: [{ prefix: A as Prefix, pathId: 7 }],
      attributes: [],
      announced: [],
    });
    expect(right.of(A)).toBe('64500 64501 64509; nh 192.0.2.1');
    left.break();
    expect([desk.routes(), right.lines()]).toEqual([[], []]);
  });

  test('count each against the limit of the peer', () => {
    const desk = new Desk();
    const limit = { prefixLimit: { [IPV4_UNICAST]: { limit: 2 } } };
    const left = desk.up('left', 64501, { addPath: [IPV4_UNICAST] }, { ...receives, ...limit });
    for (const id of [1, 2, 3]) left.announce(`${A}#${id}`, '64501');
    expect(left.last).toMatchObject({ code: 6, subcode: 1 });
  });

  test('are taken up to 256 for one prefix; what is more costs only itself', () => {
    const desk = new Desk();
    const left = desk.up('left', 64501, { addPath: [IPV4_UNICAST] }, receives);
    left.announce(Array.from({ length: 300 }, (_, i) => `${A}#${i + 1}`).join(' '), '64501');
    expect(desk.routes()).toHaveLength(256);
    expect(left.established).toBe(true);
    expect(desk.speaker.peers.get('left')?.lastFault).toMatch(/more than 256 paths .* 44 not taken/);
    left.announce(`${A}#9 192.0.2.0/24#300`, '64501 64502');
    expect(desk.routes()).toHaveLength(257);
    expect(desk.speaker.peers.get('left')?.counters.faultsIn).toBe(1);
  });

  test('are never offered, because one is all that is sent (RFC 7911 §4)', () => {
    const desk = new Desk();
    const session = { addPathSend: [IPV4_UNICAST], addPathReceive: [IPV6_UNICAST] };
    const left = desk.up('left', 64501, {}, { session });
    const open = left.got.find((m) => m.kind === 'open');
    expect(open?.kind === 'open' && open.capabilities.find((c) => c.kind === 'addPath')).toEqual({
      kind: 'addPath',
      families: [{ family: IPV6_UNICAST, mode: 'receive' }],
    });
  });
});

describe('the origin of a route (RFC 6811 §2)', () => {
  test.each([
    ['64501 64509', 64509],
    // A set has no origin: no AS fits, and 0 is none.
    ['64501 {64509}', 0],
    ['64501 {64509} 64508', 64508],
  ])('of path %j is %i', (path, origin) => {
    const asked: number[] = [];
    const desk = new Desk({
      validate: (_, asn) => {
        asked.push(asn);
        return 'valid';
      },
    });
    const rules = [{ when: { validation: ['valid' as const] }, end: 'accept' as const }];
    const left = desk.up('left', 64501, {}, { import: { rules } });
    left.announce(A, path);
    expect(desk.routes()[0]).toContain('(best)');
    expect(new Set(asked)).toEqual(new Set([origin]));
  });

  test('of an empty path is our own AS', () => {
    const asked: number[] = [];
    const desk = new Desk({
      validate: (_, asn) => {
        asked.push(asn);
        return 'valid';
      },
    });
    desk.announce(A);
    desk.routes();
    expect(asked).toEqual([64500]);
  });
});
