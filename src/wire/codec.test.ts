import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases, updates } from '../../test/vectors/wire-arbitraries.ts';
import { fromHex, type Prefix, toHex } from '../base/index.ts';
import {
  type Agreed,
  type Attribute,
  decodeAttributes,
  decodeMessage,
  encodeAttributes,
  encodeMessage,
  IPV4_UNICAST,
  type Message,
  TooLong,
  type Update,
} from './index.ts';

const PLAIN: Agreed = { asn4: true, extendedMessage: false, addPath: [] };

test('what is encoded decodes to the same value, for every kind of message, attribute and capability', () => {
  fc.assert(
    fc.property(cases, ({ agreed, message }) => {
      const decoded = decodeMessage(encodeMessage(message, agreed), agreed);
      expect(decoded).toEqual({ ok: true, message, faults: [] });
    }),
    { numRuns: 1500 },
  );
});

test('values survive JSON, so that a journal can hold them', () => {
  fc.assert(
    fc.property(cases, ({ agreed, message }) => {
      const copy = JSON.parse(JSON.stringify(message)) as Message;
      expect(toHex(encodeMessage(copy, agreed))).toBe(toHex(encodeMessage(message, agreed)));
    }),
    { numRuns: 200 },
  );
});

/** Changes to bytes that leave most of the structure standing. */
const edits = fc.array(fc.record({ at: fc.nat(), to: fc.nat({ max: 255 }), bit: fc.boolean() }), {
  maxLength: 4,
});

function edited(bytes: Uint8Array, list: readonly { at: number; to: number; bit: boolean }[]): Uint8Array {
  const copy = bytes.slice();
  for (const { at, to, bit } of list) {
    const i = 18 + (at % (copy.length - 18));
    copy[i] = bit ? (copy[i] as number) ^ (1 << (to & 7)) : to;
  }
  return copy;
}

test('bytes that are accepted go out as they came, but for bits that carry no meaning', () => {
  let accepted = 0;
  fc.assert(
    fc.property(cases, edits, ({ agreed, message }, list) => {
      const bytes = edited(encodeMessage(message, agreed), list);
      const decoded = decodeMessage(bytes, agreed);
      if (!decoded.ok || decoded.faults.length > 0) return;
      accepted++;
      const again = encodeMessage(decoded.message, agreed, 'asListed');
      expect(again.length).toBe(bytes.length);
      for (let i = 0; i < bytes.length; i++) {
        if (again[i] === bytes[i]) continue;
        const one = bytes.slice();
        one[i] = again[i] as number;
        expect(decodeMessage(one, agreed)).toEqual(decoded);
      }
    }),
    { numRuns: 3000 },
  );
  expect(accepted).toBeGreaterThan(500);
});

test('no bytes make the decoder throw', () => {
  const header = fc.constantFrom(1, 2, 3, 4, 5, 6);
  fc.assert(
    fc.property(cases, header, fc.uint8Array({ maxLength: 120 }), ({ agreed }, type, body) => {
      decodeMessage(body, agreed);
      const length = 19 + body.length;
      const head = [...new Array<number>(16).fill(255), length >> 8, length & 255, type];
      decodeMessage(Uint8Array.of(...head, ...body), agreed);
    }),
    { numRuns: 3000 },
  );
});

test('an attribute section alone round-trips, and MP attributes move to the front (RFC 7606 §5.1)', () => {
  fc.assert(
    fc.property(updates(PLAIN), ({ attributes }) => {
      const turned = [...attributes].reverse();
      const asListed = encodeAttributes(turned, PLAIN, 'asListed');
      expect(decodeAttributes(asListed, PLAIN)).toEqual({ attributes: turned, faults: [] });
      const mpFirst = decodeAttributes(encodeAttributes(turned, PLAIN), PLAIN).attributes;
      const lastMp = mpFirst.findLastIndex((a) => a.kind.startsWith('mp'));
      expect(mpFirst.slice(0, lastMp + 1).every((a) => a.kind.startsWith('mp'))).toBe(true);
      expect(mpFirst.length).toBe(turned.length);
    }),
    { numRuns: 300 },
  );
});

test('bits behind a prefix and the reserved octet of MP_REACH_NLRI are read and go out as zero (RFC 4271 §4.3, RFC 4760 §3)', () => {
  const dirty = fromHex(`${'ff'.repeat(16)}001b02 0004 11cb00ff 0000`) as Uint8Array;
  const decoded = decodeMessage(dirty, PLAIN);
  expect(decoded).toMatchObject({ ok: true, message: { withdrawn: [{ prefix: '203.0.128.0/17' }] } });
  const clean = encodeMessage((decoded as { message: Message }).message, PLAIN);
  expect(toHex(clean.subarray(19))).toBe('000411cb00800000');

  const mp = fromHex('800e09 0001 01 04 c0000201 07') as Uint8Array;
  const { attributes, faults } = decodeAttributes(mp, PLAIN);
  expect(faults).toEqual([]);
  expect(toHex(encodeAttributes(attributes, PLAIN))).toBe('800e0900010104c000020100');
});

test('a message over the agreed length is refused with its length, so that the caller can split it (RFC 8654 §4)', () => {
  const announced = Array.from({ length: 1100 }, (_, i) => ({
    prefix: `10.${i >> 8}.${i & 255}.0/24` as Prefix,
  }));
  const attributes: Attribute[] = [
    { kind: 'origin', origin: 'igp' },
    { kind: 'asPath', path: [] },
    { kind: 'nextHop', nextHop: '192.0.2.1' as never },
  ];
  const update: Update = { kind: 'update', withdrawn: [], attributes, announced };
  expect(() => encodeMessage(update, PLAIN)).toThrow(TooLong);
  const wide = { ...PLAIN, extendedMessage: true };
  const bytes = encodeMessage(update, wide);
  expect(bytes.length).toBe(19 + 4 + 4 + 3 + 7 + 4400);
  expect(decodeMessage(bytes, wide)).toEqual({ ok: true, message: update, faults: [] });
  expect(decodeMessage(bytes, PLAIN)).toMatchObject({
    ok: false,
    error: { code: 1, subcode: 2, data: '1155' },
  });
});

test('a path identifier goes with every prefix of an agreed family and no other (RFC 7911 §3)', () => {
  const update: Update = {
    kind: 'update',
    withdrawn: [{ prefix: '192.0.2.0/24' as Prefix, pathId: 7 }],
    attributes: [],
    announced: [],
  };
  const agreed = { ...PLAIN, addPath: [IPV4_UNICAST] };
  expect(toHex(encodeMessage(update, agreed).subarray(19))).toBe(
    '00080000000718c000020000'.concat('00').slice(0, 24),
  );
  expect(toHex(encodeMessage(update, PLAIN).subarray(19))).toBe('000418c000020000');
});
