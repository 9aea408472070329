/**
 * Prefixes as small numbers: each prefix of one family gets a dense id, found by hashing its bits. A million IPv4
 * prefixes take 5 MB and 8 MB of slots, and no object each.
 *
 * Reads and writes the form that NLRI has on the wire (RFC 4271 §4.3): a length in bits and as many bytes as needed.
 */
import { formatPrefix, type IpFamily, type Prefix, prefixBits } from '../base/index.ts';
import { widen } from './interner.ts';

export class PrefixTable {
  readonly family: IpFamily;
  /** 32-bit words an address has: 1 or 4. */
  readonly #words: number;
  /** The words of prefix `id` are #key[id * words …]; bits after the prefix length are clear. */
  #key: Uint32Array;
  #length: Uint8Array = new Uint8Array(16);
  /** Open addressing; 0 is an empty slot. */
  #slots: Uint32Array = new Uint32Array(32);
  /** 1 for ids that name a prefix; freed ids wait in #free. */
  #named: Uint8Array = new Uint8Array(16);
  #free: number[] = [];
  #next = 1;
  #live = 0;
  /** The prefix looked for, as words. */
  readonly #want = new Uint32Array(4);

  readonly #seed: number;

  /** `seed` moves prefixes to other slots and changes nothing else: it keeps a peer from choosing prefixes that all fall into one. */
  constructor(family: IpFamily, seed = 0) {
    this.family = family;
    this.#seed = seed;
    this.#words = family === 4 ? 1 : 4;
    this.#key = new Uint32Array(16 * this.#words);
  }

  /** How many prefixes have ids. */
  get size(): number {
    return this.#live;
  }

  /** One past the highest id: the length that arrays indexed by id need. */
  get limit(): number {
    return this.#next;
  }

  /** True while `id` names a prefix. */
  has(id: number): boolean {
    return this.#named[id] === 1;
  }

  /** The id of the prefix whose `length` bits stand at bytes[at]; 0 when it has none. */
  find(bytes: Uint8Array, at: number, length: number): number {
    this.#read(bytes, at, length);
    return this.#find(length, this.#hash(length));
  }

  /** The id of the prefix whose `length` bits stand at bytes[at], given to it now when it has none. */
  intern(bytes: Uint8Array, at: number, length: number): number {
    this.#read(bytes, at, length);
    const h = this.#hash(length);
    return this.#find(length, h) || this.#add(length, h);
  }

  /** The id of a prefix given as text; 0 when it has none. It has to be of this table's family. */
  findText(prefix: Prefix): number {
    const { bytes, length } = prefixBits(prefix);
    return this.find(bytes, 0, length);
  }

  internText(prefix: Prefix): number {
    const { bytes, length } = prefixBits(prefix);
    return this.intern(bytes, 0, length);
  }

  /** The prefix of an id. */
  text(id: number): Prefix {
    const bytes = new Uint8Array(this.#words * 4);
    for (let w = 0; w < this.#words; w++) {
      const word = this.#key[id * this.#words + w]!;
      bytes[4 * w] = word >>> 24;
      bytes[4 * w + 1] = word >>> 16;
      bytes[4 * w + 2] = word >>> 8;
      bytes[4 * w + 3] = word;
    }
    return formatPrefix(bytes, this.#length[id]!);
  }

  lengthOf(id: number): number {
    return this.#length[id]!;
  }

  /** Writes the prefix as NLRI at target[at]; returns the index after it. At most 17 bytes. */
  write(id: number, target: Uint8Array, at: number): number {
    const length = this.#length[id]!;
    target[at++] = length;
    const end = at + ((length + 7) >> 3);
    for (let w = id * this.#words; at < end; w++) {
      const word = this.#key[w]!;
      target[at++] = word >>> 24;
      if (at < end) target[at++] = word >>> 16;
      if (at < end) target[at++] = word >>> 8;
      if (at < end) target[at++] = word;
    }
    return at;
  }

  /** Gives back the ids for which `unused` holds. The others keep theirs. */
  sweep(unused: (id: number) => boolean): void {
    for (let id = 1; id < this.#next; id++) {
      if (this.#named[id] !== 1 || !unused(id)) continue;
      this.#named[id] = 0;
      this.#free.push(id);
      this.#live--;
    }
    this.#rebuild(Math.max(32, 1 << (32 - Math.clz32(this.#live * 2))));
  }

  /** Takes `length` bits at bytes[at] into #want; bits after them are dropped, as RFC 4271 §4.3 says they do not matter. */
  #read(bytes: Uint8Array, at: number, length: number): void {
    const want = this.#want;
    if (this.#words === 1) {
      const n = (length + 7) >> 3;
      let word = 0;
      if (n > 0) word = bytes[at]! << 24;
      if (n > 1) word |= bytes[at + 1]! << 16;
      if (n > 2) word |= bytes[at + 2]! << 8;
      if (n > 3) word |= bytes[at + 3]!;
      want[0] = length === 0 ? 0 : word & (-1 << (32 - length));
      return;
    }
    const end = at + ((length + 7) >> 3);
    for (let w = 0; w < 4; w++) {
      let word = 0;
      for (let shift = 24; shift >= 0; shift -= 8) {
        if (at < end) word |= bytes[at]! << shift;
        at++;
      }
      const bits = length - 32 * w;
      want[w] = bits <= 0 ? 0 : bits >= 32 ? word : word & (-1 << (32 - bits));
    }
  }

  #hash(length: number): number {
    const want = this.#want;
    let h = Math.imul(want[0]! ^ length ^ this.#seed, 0x9e3779b1);
    if (this.#words === 4) {
      h = Math.imul((h ^ (h >>> 15)) + want[1]!, 0x85ebca6b);
      h = Math.imul((h ^ (h >>> 13)) + want[2]!, 0xc2b2ae35);
      h = Math.imul((h ^ (h >>> 16)) + want[3]!, 0x27d4eb2f);
    }
    h ^= h >>> 15;
    return Math.imul(h, 0x2c1b3c6d) >>> 7;
  }

  #find(length: number, h: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const key = this.#key;
    const want = this.#want;
    if (this.#words === 1) {
      const word = want[0]!;
      for (let s = h & mask; ; s = (s + 1) & mask) {
        const id = slots[s]!;
        if (id === 0 || (key[id] === word && this.#length[id] === length)) return id;
      }
    }
    for (let s = h & mask; ; s = (s + 1) & mask) {
      const id = slots[s]!;
      if (id === 0) return 0;
      const k = 4 * id;
      if (
        key[k] === want[0] &&
        key[k + 1] === want[1] &&
        key[k + 2] === want[2] &&
        key[k + 3] === want[3] &&
        this.#length[id] === length
      )
        return id;
    }
  }

  #add(length: number, h: number): number {
    const id = this.#free.pop() ?? this.#next++;
    if (id >= this.#length.length) {
      this.#length = widen(this.#length, id + 1);
      this.#named = widen(this.#named, id + 1);
      // By the room for lengths: what grows by half and is rounded up is not four times as long when its quarter is.
      this.#key = widen(this.#key, this.#length.length * this.#words);
    }
    for (let w = 0; w < this.#words; w++) this.#key[id * this.#words + w] = this.#want[w]!;
    this.#length[id] = length;
    this.#named[id] = 1;
    this.#live++;
    if (this.#live * 2 > this.#slots.length) this.#rebuild(this.#slots.length * 2);
    else this.#place(id, h);
    return id;
  }

  #place(id: number, h: number): void {
    const mask = this.#slots.length - 1;
    let s = h & mask;
    while (this.#slots[s] !== 0) s = (s + 1) & mask;
    this.#slots[s] = id;
  }

  #rebuild(size: number): void {
    this.#slots = new Uint32Array(size);
    for (let id = 1; id < this.#next; id++) {
      if (this.#named[id] !== 1) continue;
      for (let w = 0; w < this.#words; w++) this.#want[w] = this.#key[id * this.#words + w]!;
      this.#place(id, this.#hash(this.#length[id]!));
    }
  }
}
