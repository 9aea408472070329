import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases } from '../../test/vectors/wire-arbitraries.ts';
import { fromHex } from '../base/index.ts';
import {
  BAD_HEADER,
  decodeMessage,
  encodeMessage,
  endOfRib,
  endOfRibMarker,
  type Family,
  frameLength,
  headerError,
  IPV4_UNICAST,
  IPV6_UNICAST,
  NEED_MORE,
  type Update,
} from './index.ts';

const PLAIN = { asn4: true, extendedMessage: false, addPath: [] };

test('messages laid end to end are found again, one by one', () => {
  fc.assert(
    fc.property(fc.array(cases, { minLength: 1, maxLength: 5 }), (list) => {
      const parts = list.map(({ agreed, message }) => encodeMessage(message, agreed));
      const stream = Uint8Array.of(...parts.flatMap((p) => [...p]));
      let at = 0;
      for (const part of parts) {
        const length = frameLength(stream, at, stream.length, false);
        expect(length).toBe(part.length);
        at += length;
      }
      expect(frameLength(stream, at, stream.length, false)).toBe(NEED_MORE);
    }),
    { numRuns: 100 },
  );
});

test('the framer refuses a header exactly where the decoder has a header error for it (RFC 4271 §6.1)', () => {
  const octet = fc.oneof(fc.constant(0xff), fc.nat({ max: 255 }));
  const length = fc.oneof(
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: 4090, max: 4100 }),
    fc.nat({ max: 0xffff }),
  );
  fc.assert(
    fc.property(octet, length, fc.nat({ max: 7 }), fc.boolean(), (first, n, type, extendedMessage) => {
      const bytes = new Uint8Array(19).fill(0xff);
      bytes.set([first], 3);
      bytes.set([n >> 8, n & 255, type], 16);
      const refused = headerError(bytes, 0, { ...PLAIN, extendedMessage }) !== undefined;
      const length = frameLength(bytes, 0, 19, extendedMessage);
      expect(length).toBe(refused ? BAD_HEADER : n);
    }),
    { numRuns: 3000 },
  );
});

test('a header in pieces is not judged before it is whole', () => {
  const bytes = fromHex(`${'ff'.repeat(16)}001304`) as Uint8Array;
  for (let end = 0; end < 19; end++) expect(frameLength(bytes, 0, end, false)).toBe(NEED_MORE);
  expect(frameLength(bytes, 0, 19, false)).toBe(19);
});

test.each([IPV4_UNICAST, IPV6_UNICAST, '25/70' as Family])(
  'the End-of-RIB marker of %s is known as one (RFC 4724 §2)',
  (family) => {
    const d = decodeMessage(encodeMessage(endOfRibMarker(family), PLAIN), PLAIN);
    expect(d).toMatchObject({ ok: true, faults: [] });
    expect(d.ok && endOfRib(d.message as Update)).toBe(family);
  },
);

test('an UPDATE that says something is no End-of-RIB', () => {
  const prefix = '192.0.2.0/24' as never;
  const empty = endOfRibMarker(IPV4_UNICAST);
  expect(endOfRib({ ...empty, withdrawn: [{ prefix }] })).toBeUndefined();
  expect(endOfRib({ ...empty, attributes: [{ kind: 'origin', origin: 'igp' }] })).toBeUndefined();
  const v6 = endOfRibMarker(IPV6_UNICAST);
  expect(endOfRib({ ...v6, attributes: [...v6.attributes, { kind: 'med', med: 1 }] })).toBeUndefined();
});
