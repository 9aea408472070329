import { expect, test } from 'vitest';
import { fromHex, toUtf8 } from '../base/index.ts';
import { BadBzip2, bunzip2, isBzip2 } from './bunzip2.ts';

/** Made with bzip2 1.0.8. */
const HELLO =
  '425a68393141592653597bcbc41d000005d180001040042a458c202000212a69a686d4f50806803d2235b764f2c42821' +
  'bf8bb9229c28483de5e20e80';
const RUNS =
  '425a6839314159265359e2132e43000002d101c00000203c00008000082000310c081b53203946db21d8c696f0898cf1' +
  '77245385090e2132e430';
const NOTHING = '425a683917724538509000000000';
const unpack = (packed: Uint8Array) => Buffer.concat([...bunzip2(packed)]).toString('latin1');
const bytes = (hex: string) => fromHex(hex) as Uint8Array;

test('what bzip2 packed comes out as it went in: text, runs, nothing at all', () => {
  expect(unpack(bytes(HELLO))).toBe('hello, hello, anycast\n');
  expect(unpack(bytes(RUNS))).toBe(
    `${'a'.repeat(4)}${'b'.repeat(300)}${'a'.repeat(255)}c${'d'.repeat(1000)}`,
  );
  expect(unpack(bytes(NOTHING))).toBe('');
  expect(isBzip2(bytes(HELLO))).toBe(true);
  expect(isBzip2(toUtf8('1|2|0'))).toBe(false);
});

test('streams one after the other are one file', () => {
  expect(unpack(Buffer.concat([bytes(HELLO), bytes(NOTHING), bytes(HELLO)]))).toBe(
    'hello, hello, anycast\n'.repeat(2),
  );
});

test('a file cut short anywhere is refused, and so is one flipped bit', () => {
  const whole = bytes(HELLO);
  for (let length = 0; length < whole.length; length++)
    expect(() => unpack(whole.subarray(0, length)), `${length} bytes`).toThrow(BadBzip2);
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const bent = whole.slice();
    bent[bit >> 3]! ^= 1 << (bit & 7);
    let out: string | undefined;
    try {
      out = unpack(bent);
    } catch (error) {
      expect(error).toBeInstanceOf(BadBzip2);
    }
    // Bits that carry nothing: the block size beyond need and the padding at the end.
    if (out !== undefined) expect(out).toBe('hello, hello, anycast\n');
  }
});
