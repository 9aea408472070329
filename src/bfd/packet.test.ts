import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../base/index.ts';
import { type ControlPacket, decode, diagnosticText, encode, isDiscard, STATES } from './packet.ts';

const DOWN: ControlPacket = {
  diagnostic: 0,
  state: 'down',
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  demand: false,
  detectMult: 5,
  myDiscriminator: 1,
  yourDiscriminator: 0,
  desiredMinTxUs: 1_000_000,
  requiredMinRxUs: 1_000_000,
  requiredMinEchoRxUs: 0,
};

/** By hand from the figure of RFC 5880 §4.1. */
const VECTORS: readonly (readonly [string, string, ControlPacket])[] = [
  ['a first Down packet', '20 40 05 18 00000001 00000000 000f4240 000f4240 00000000', DOWN],
  [
    'Up with Poll, after an expired detection time',
    '21 e0 03 18 0000002a deadbeef 000186a0 0000c350 00000000',
    {
      ...DOWN,
      diagnostic: 1,
      state: 'up',
      poll: true,
      detectMult: 3,
      myDiscriminator: 42,
      yourDiscriminator: 0xdeadbeef,
      desiredMinTxUs: 100_000,
      requiredMinRxUs: 50_000,
    },
  ],
  [
    'Init with Final, C and D, and an echo interval',
    '23 9a ff 18 ffffffff 00000001 ffffffff 00000000 000003e8',
    {
      ...DOWN,
      diagnostic: 3,
      state: 'init',
      final: true,
      controlPlaneIndependent: true,
      demand: true,
      detectMult: 255,
      myDiscriminator: 0xffffffff,
      yourDiscriminator: 1,
      desiredMinTxUs: 0xffffffff,
      requiredMinRxUs: 0,
      requiredMinEchoRxUs: 1000,
    },
  ],
  [
    'AdminDown with a simple password "pw" (RFC 5880 §4.2) and a diagnostic of the future',
    '3f 04 01 1d 00000007 00000000 000f4240 000f4240 00000000 01 05 01 7077',
    {
      ...DOWN,
      diagnostic: 31,
      state: 'adminDown',
      detectMult: 1,
      myDiscriminator: 7,
      authentication: Uint8Array.of(1, 5, 1, 0x70, 0x77),
    },
  ],
];

test.each(VECTORS)('%s reads and writes as RFC 5880 §4.1 draws it', (_, hex, packet) => {
  const bytes = fromHex(hex) as Uint8Array;
  expect(decode(bytes)).toEqual(packet);
  expect(toHex(encode(packet))).toBe(toHex(bytes));
});

const GOOD = '20 40 05 18 00000001 00000000 000f4240 000f4240 00000000';

/** RFC 5880 §6.8.6: each packet breaks the check named and, where it can, later ones too, so that the order shows. */
const REFUSED: readonly (readonly [string, string, string])[] = [
  ['short', '', '0 bytes; a control packet has at least 24'],
  ['short', GOOD.slice(0, -2), '23 bytes; a control packet has at least 24'],
  ['version', '00 41 00 00 00000000 00000000 000f4240 000f4240 00000000', 'version 0; only 1 is known'],
  [
    'length',
    '20 41 00 17 00000000 00000000 000f4240 000f4240 00000000',
    'length field 23; at least 24 is needed',
  ],
  [
    'length',
    '20 45 00 18 00000000 00000000 000f4240 000f4240 00000000 0000',
    'length field 24; at least 26 is needed',
  ],
  [
    'truncated',
    '20 41 00 19 00000000 00000000 000f4240 000f4240 00000000',
    'length field 25, but 24 bytes arrived',
  ],
  ['multiplier', '20 41 00 18 00000000 00000000 000f4240 000f4240 00000000', 'detect multiplier 0'],
  ['multipoint', '20 81 05 18 00000000 00000000 000f4240 000f4240 00000000', 'the multipoint bit is set'],
  ['myDiscriminator', '20 80 05 18 00000000 00000000 000f4240 000f4240 00000000', 'my discriminator is 0'],
  [
    'yourDiscriminator',
    '20 80 05 18 00000001 00000000 000f4240 000f4240 00000000',
    'your discriminator is 0 in state init',
  ],
  [
    'yourDiscriminator',
    '20 c0 05 18 00000001 00000000 000f4240 000f4240 00000000',
    'your discriminator is 0 in state up',
  ],
];

test.each(REFUSED)(
  'a packet that fails the check "%s" is discarded (RFC 5880 §6.8.6): %s',
  (check, hex, why) => {
    expect(decode(fromHex(hex) as Uint8Array)).toEqual({ kind: 'discard', check, reason: why });
  },
);

test('bytes after the length field are no part of the packet', () => {
  expect(decode(fromHex(`${GOOD} ffff`) as Uint8Array)).toEqual(DOWN);
});

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const packets: fc.Arbitrary<ControlPacket> = fc
  .record({
    diagnostic: fc.integer({ min: 0, max: 31 }),
    state: fc.constantFrom(...STATES),
    poll: fc.boolean(),
    final: fc.boolean(),
    controlPlaneIndependent: fc.boolean(),
    demand: fc.boolean(),
    detectMult: fc.integer({ min: 1, max: 255 }),
    myDiscriminator: fc.integer({ min: 1, max: 0xffff_ffff }),
    yourDiscriminator: u32,
    desiredMinTxUs: u32,
    requiredMinRxUs: u32,
    requiredMinEchoRxUs: u32,
    authentication: fc.option(fc.uint8Array({ minLength: 2, maxLength: 231 }), { nil: undefined }),
  })
  .filter((p) => p.yourDiscriminator !== 0 || p.state === 'down' || p.state === 'adminDown')
  .map(({ authentication, ...p }) => (authentication ? { ...p, authentication } : p));

describe('for any packet', () => {
  test('what was written reads the same', () => {
    fc.assert(
      fc.property(packets, (p) => {
        expect(decode(encode(p))).toEqual(p);
      }),
    );
  });

  test('any bytes have a defined answer, and what is accepted writes back to the same bytes', () => {
    const damaged = fc.tuple(packets, fc.nat(300), fc.nat(255), fc.nat(40)).map(([p, at, value, cut]) => {
      const bytes = encode(p);
      bytes[at % bytes.length] = value;
      return bytes.subarray(0, bytes.length - (cut > 30 ? cut - 30 : 0));
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        const read = decode(bytes);
        if (isDiscard(read)) expect(read.reason).not.toBe('');
        else {
          // Without the A bit nothing is defined beyond the header, however long the packet says it is.
          const known = bytes.slice(0, read.authentication ? bytes[3] : 24);
          known[3] = known.length;
          expect(toHex(encode(read))).toBe(toHex(known));
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test('diagnostics print in the words of the RFC, those of the future by number', () => {
  expect([0, 1, 3, 7, 9].map(diagnosticText)).toEqual([
    'no diagnostic',
    'control detection time expired',
    'neighbour signalled session down',
    'administratively down',
    'diagnostic 9',
  ]);
});
