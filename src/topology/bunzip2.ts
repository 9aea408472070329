/**
 * bzip2 (Julian Seward's format), unpacked in plain code: CAIDA's files come packed this way, and neither Node nor browsers
 * can unpack them. Several streams one after the other are read as one, as parallel packers write them.
 */

/** The bytes are not bzip2, are cut short, or do not have the checksum they claim. */
export class BadBzip2 extends Error {
  override readonly name = 'BadBzip2';
}

/** True when bytes start as a bzip2 file does. */
export function isBzip2(bytes: Uint8Array): boolean {
  return (
    bytes[0] === 0x42 && bytes[1] === 0x5a && bytes[2] === 0x68 && bytes[3]! >= 0x31 && bytes[3]! <= 0x39
  );
}

/** Hands out the unpacked bytes block by block (up to some 45 MB each, usually 900 kB). Throws {@link BadBzip2}. */
export function* bunzip2(packed: Uint8Array): Generator<Uint8Array> {
  const bits = new Bits(packed);
  do {
    if (bits.take(24) !== 0x425a68) throw new BadBzip2('no bzip2 stream starts here');
    const level = bits.take(8) - 48;
    if (level < 1 || level > 9) throw new BadBzip2(`block size ${level} is not in 1 to 9`);
    const words = new Uint32Array(level * 100_000);
    let streamCrc = 0;
    for (;;) {
      const high = bits.take(24);
      const low = bits.take(24);
      const crc = bits.take(32);
      if (high === 0x177245 && low === 0x385090) {
        if (crc !== streamCrc >>> 0) throw new BadBzip2('the checksum of the whole is wrong');
        break;
      }
      if (high !== 0x314159 || low !== 0x265359) throw new BadBzip2('no block starts where one should');
      const block = unpackBlock(bits, words);
      if (crcOf(block) !== crc) throw new BadBzip2('the checksum of a block is wrong');
      streamCrc = ((streamCrc << 1) | (streamCrc >>> 31)) ^ crc;
      yield block;
    }
    bits.align();
  } while (bits.more());
}

/** Bits from the most significant down. */
class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next `n` bits (at most 32) as a whole number. */
  take(n: number): number {
    if (n > 16) return this.take(n - 16) * 0x1_0000 + this.take(16);
    while (this.#count < n) {
      if (this.#at >= this.#bytes.length) throw new BadBzip2('the file is cut short');
      this.#held = ((this.#held << 8) | (this.#bytes[this.#at++] as number)) & 0x7f_ffff_ff;
      this.#count += 8;
    }
    this.#count -= n;
    return (this.#held >>> this.#count) & ((1 << n) - 1);
  }

  /** The next 20 bits without taking them; beyond the end there are zeros. */
  peek20(): number {
    while (this.#count < 20) {
      this.#held = ((this.#held << 8) | (this.#bytes[this.#at++] ?? 0)) & 0x7f_ffff_ff;
      this.#count += 8;
    }
    return (this.#held >>> (this.#count - 20)) & 0xf_ffff;
  }

  /** Steps over bits seen by `peek20`. */
  drop(n: number): void {
    this.#count -= n;
    if (this.#at - (this.#count >> 3) > this.#bytes.length) throw new BadBzip2('the file is cut short');
  }

  align(): void {
    this.#count -= this.#count & 7;
  }

  more(): boolean {
    return this.#at - (this.#count >> 3) < this.#bytes.length;
  }
}

/** One Huffman table: codes of one length are consecutive. */
interface Huffman {
  /** For each length, the first 20-bit pattern above its codes. */
  readonly limit: Int32Array;
  /** For each length, what to subtract from a code to get its place in `symbols`. */
  readonly base: Int32Array;
  readonly symbols: Uint16Array;
  readonly least: number;
}

const GROUP = 50;

function unpackBlock(bits: Bits, words: Uint32Array): Uint8Array {
  if (bits.take(1) === 1) throw new BadBzip2('randomised blocks of bzip2 before 0.9.5 are not supported');
  const origin = bits.take(24);
  const used = readUsed(bits);
  const [tables, selectors] = readTables(bits, used.length + 2);
  // Huffman, then move-to-front and runs of the front byte. `words` gets bytes, `counts` how often each occurs.
  const front = used;
  const end = used.length + 1;
  const counts = new Uint32Array(257);
  let size = 0;
  let run = 0;
  let runBit = 1;
  let group = 0;
  let inGroup = 0;
  let table = tables[0] as Huffman;
  for (;;) {
    if (inGroup === 0) {
      const selector = selectors[group++];
      if (selector === undefined) throw new BadBzip2('a block has more symbols than it says');
      table = tables[selector] as Huffman;
      inGroup = GROUP;
    }
    inGroup--;
    const window = bits.peek20();
    let length = table.least;
    while (window >= (table.limit[length] as number)) length++;
    if (length > 20) throw new BadBzip2('a code that no table has');
    bits.drop(length);
    const symbol = table.symbols[(window >>> (20 - length)) - (table.base[length] as number)] as number;
    if (symbol <= 1) {
      // A number in bijective base two: digits 1 and 2, least significant first.
      run += runBit << symbol;
      runBit <<= 1;
      if (run > words.length) throw new BadBzip2('a run is longer than the block');
      continue;
    }
    if (run > 0) {
      const byte = front[0] as number;
      if (size + run > words.length) throw new BadBzip2('a block is longer than it may be');
      words.fill(byte, size, size + run);
      counts[byte + 1]! += run;
      size += run;
      run = 0;
      runBit = 1;
    }
    if (symbol === end) break;
    const place = symbol - 1;
    const byte = front[place] as number;
    front.copyWithin(1, 0, place);
    front[0] = byte;
    if (size === words.length) throw new BadBzip2('a block is longer than it may be');
    words[size++] = byte;
    counts[byte + 1]!++;
  }
  if (origin >= size) throw new BadBzip2('a block starts outside itself');
  return undoRuns(words, undoTransform(words, counts, size, origin), size);
}

/** The bytes that occur in the block, ascending. */
function readUsed(bits: Bits): Uint8Array {
  const rows = bits.take(16);
  const used: number[] = [];
  for (let row = 0; row < 16; row++) {
    if (((rows >> (15 - row)) & 1) === 0) continue;
    const columns = bits.take(16);
    for (let column = 0; column < 16; column++)
      if (((columns >> (15 - column)) & 1) === 1) used.push(row * 16 + column);
  }
  if (used.length === 0) throw new BadBzip2('a block without bytes');
  return Uint8Array.from(used);
}

function readTables(bits: Bits, alphabet: number): [Huffman[], Uint8Array] {
  const howMany = bits.take(3);
  if (howMany < 2 || howMany > 6) throw new BadBzip2(`${howMany} tables; allowed are 2 to 6`);
  const selectors = new Uint8Array(bits.take(15));
  if (selectors.length === 0) throw new BadBzip2('a block without selectors');
  const front = [0, 1, 2, 3, 4, 5].slice(0, howMany);
  for (let i = 0; i < selectors.length; i++) {
    let place = 0;
    while (bits.take(1) === 1) if (++place >= howMany) throw new BadBzip2('a selector of no table');
    const [table] = front.splice(place, 1) as [number];
    front.unshift(table);
    selectors[i] = table;
  }
  const tables = Array.from({ length: howMany }, () => {
    const lengths = new Uint8Array(alphabet);
    let length = bits.take(5);
    for (let s = 0; s < alphabet; s++) {
      for (;;) {
        if (length < 1 || length > 20) throw new BadBzip2(`a code of ${length} bits; allowed are 1 to 20`);
        if (bits.take(1) === 0) break;
        length += bits.take(1) === 0 ? 1 : -1;
      }
      lengths[s] = length;
    }
    return huffman(lengths);
  });
  return [tables, selectors];
}

function huffman(lengths: Uint8Array): Huffman {
  const symbols = new Uint16Array(lengths.length);
  // One more than the longest code: a pattern above all codes stops there.
  const limit = new Int32Array(22).fill(0x7fff_ffff, 21);
  const base = new Int32Array(22);
  let code = 0;
  let placed = 0;
  let least = 0;
  for (let length = 1; length <= 20; length++) {
    base[length] = code - placed;
    for (let s = 0; s < lengths.length; s++) {
      if (lengths[s] !== length) continue;
      symbols[placed++] = s;
      code++;
      if (least === 0) least = length;
    }
    limit[length] = code << (20 - length);
    code <<= 1;
  }
  return { limit, base, symbols, least };
}

/** Undoes the Burrows-Wheeler transform: afterwards the upper 24 bits of each word link to the next one. Returns the first link. */
function undoTransform(words: Uint32Array, counts: Uint32Array, size: number, origin: number): number {
  const start = counts;
  for (let b = 0; b < 256; b++) start[b + 1]! += start[b] as number;
  for (let i = 0; i < size; i++) {
    const to = start[(words[i] as number) & 255]!++;
    words[to] = (words[to] as number) | (i << 8);
  }
  return (words[origin] as number) >>> 8;
}

/** Undoes the first run-length coding: four equal bytes are followed by how many more there are. */
function undoRuns(words: Uint32Array, first: number, size: number): Uint8Array {
  let out = new Uint8Array(size + (size >> 2) + 1024);
  let length = 0;
  let at = first;
  let same = 0;
  let last = -1;
  for (let i = 0; i < size; i++) {
    const word = words[at] as number;
    const byte = word & 255;
    at = word >>> 8;
    if (same === 4) {
      if (length + byte + 1024 > out.length) out = grow(out, 2 * out.length + byte);
      out.fill(last, length, length + byte);
      length += byte;
      same = 0;
      last = -1;
      continue;
    }
    same = byte === last ? same + 1 : 1;
    last = byte;
    if (length === out.length) out = grow(out, 2 * out.length);
    out[length++] = byte;
  }
  return out.subarray(0, length);
}

function grow(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const wider = new Uint8Array(size);
  wider.set(bytes);
  return wider;
}

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  return crc;
});

function crcOf(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++)
    crc = (crc << 8) ^ (CRC[((crc >>> 24) ^ (bytes[i] as number)) & 255] as number);
  return ~crc >>> 0;
}
