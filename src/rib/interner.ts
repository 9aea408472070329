/** Fewer strings than this are not worth a sweep. */
const FEWEST = 65536;

/**
 * Byte strings kept once: equal bytes get equal ids. A million routes share a few hundred thousand attribute sections, so
 * a route needs only an id, and "has it changed?" is a comparison of two numbers.
 *
 * Ids are dense from 1 (0 is "none"). The bytes of all strings lie in one arena; nothing here is an object per string. No
 * string is empty: an id whose length is 0 is free.
 * Unused strings are found by mark and sweep (`sweep`), which the owner of the ids calls when `wantsSweep` says so: no
 * counting of references on the hot path, and nothing that can leak or be freed twice.
 */
export class Interner {
  /** The bytes of string `id` are bytes[offset[id], offset[id] + length[id]). */
  bytes: Uint8Array = new Uint8Array(256);
  offset: Uint32Array = new Uint32Array(16);
  length: Uint32Array = new Uint32Array(16);
  #hash: Uint32Array = new Uint32Array(16);
  /** Open addressing; 0 is an empty slot. Its size is a power of two and at least twice the number of strings. */
  #slots: Uint32Array = new Uint32Array(32);
  #used = 0;
  /** One past the highest id given out. */
  #next = 1;
  #free: number[] = [];
  #live = 0;
  #sweepAt = FEWEST;
  readonly #seed: number;

  /**
   * `seed` moves strings to other slots and changes nothing else: a peer that does not know it cannot choose strings that
   * all fall into one.
   */
  constructor(seed = 0) {
    this.#seed = seed;
  }

  /** How many strings are held. */
  get size(): number {
    return this.#live;
  }

  /** One past the highest id: the length that arrays indexed by id need. */
  get limit(): number {
    return this.#next;
  }

  /** True when the number of strings has doubled since the last sweep. */
  get wantsSweep(): boolean {
    return this.#live >= this.#sweepAt;
  }

  /** The id of the bytes in from[at, to), or 0 when they are not held. */
  find(from: Uint8Array, at: number, to: number): number {
    return this.#find(from, at, to, hash(from, at, to, this.#seed));
  }

  /** The id of the bytes in from[at, to), which are copied when they are new. `fresh` tells whether they were. */
  intern(from: Uint8Array, at: number, to: number): number {
    const h = hash(from, at, to, this.#seed);
    const known = this.#find(from, at, to, h);
    this.fresh = known === 0;
    return known || this.#add(from, at, to, h);
  }

  /** Whether the last `intern` met bytes that were not held before. */
  fresh = false;

  /** The bytes of a string, as a view that is valid until the next `intern` or `sweep`. */
  view(id: number): Uint8Array {
    const at = this.offset[id]!;
    return this.bytes.subarray(at, at + this.length[id]!);
  }

  /** Forgets every string whose id is not marked; `marks` is indexed by id and non-zero means "in use". Calls `dead` for each one forgotten. */
  sweep(marks: Uint8Array, dead: (id: number) => void): void {
    let total = 0;
    for (let id = 1; id < this.#next; id++) {
      const length = this.length[id]!;
      if (length === 0) continue;
      if (marks[id]) {
        total += length;
        continue;
      }
      this.length[id] = 0;
      this.#free.push(id);
      this.#live--;
      dead(id);
    }
    const arena = new Uint8Array(Math.max(256, Math.ceil(total * 1.25)));
    let at = 0;
    for (let id = 1; id < this.#next; id++) {
      const length = this.length[id]!;
      if (length === 0) continue;
      const from = this.offset[id]!;
      arena.set(this.bytes.subarray(from, from + length), at);
      this.offset[id] = at;
      at += length;
    }
    this.bytes = arena;
    this.#used = at;
    this.#rebuild(Math.max(32, 1 << (32 - Math.clz32(this.#live * 2))));
    this.#sweepAt = Math.max(FEWEST, this.#live * 2);
  }

  #find(from: Uint8Array, at: number, to: number, h: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const n = to - at;
    const { bytes } = this;
    for (let s = h & mask; ; s = (s + 1) & mask) {
      const id = slots[s]!;
      if (id === 0) return 0;
      if (this.#hash[id] !== h || this.length[id] !== n) continue;
      const o = this.offset[id]!;
      let i = 0;
      while (i < n && bytes[o + i] === from[at + i]) i++;
      if (i === n) return id;
    }
  }

  #add(from: Uint8Array, at: number, to: number, h: number): number {
    const id = this.#free.pop() ?? this.#next++;
    if (id >= this.offset.length) {
      this.offset = widen(this.offset, id + 1);
      this.length = widen(this.length, id + 1);
      this.#hash = widen(this.#hash, id + 1);
    }
    const n = to - at;
    if (this.#used + n > this.bytes.length) {
      const wider = new Uint8Array(Math.max(this.#used + n, Math.ceil(this.bytes.length * 1.6)));
      wider.set(this.bytes.subarray(0, this.#used));
      this.bytes = wider;
    }
    const { bytes } = this;
    for (let i = 0, o = this.#used; i < n; i++) bytes[o + i] = from[at + i]!;
    this.offset[id] = this.#used;
    this.length[id] = n;
    this.#hash[id] = h;
    this.#used += n;
    this.#live++;
    if (this.#live * 2 > this.#slots.length) this.#rebuild(this.#slots.length * 2);
    else this.#place(id);
    return id;
  }

  #place(id: number): void {
    const mask = this.#slots.length - 1;
    let s = this.#hash[id]! & mask;
    while (this.#slots[s] !== 0) s = (s + 1) & mask;
    this.#slots[s] = id;
  }

  #rebuild(size: number): void {
    this.#slots = new Uint32Array(size);
    for (let id = 1; id < this.#next; id++) if (this.length[id] !== 0) this.#place(id);
  }
}

/** A copy with room for at least `need` items, grown by half so that growth is amortised. */
export function widen<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(
  array: T,
  need: number,
): T {
  if (need <= array.length) return array;
  const size = Math.max(need, Math.ceil(array.length * 1.5), 16);
  const wider = new (array.constructor as new (size: number) => T)(size);
  wider.set(array as never);
  return wider;
}

/** FNV-1a over bytes, with a last mixing step because the table uses the low bits. */
function hash(bytes: Uint8Array, at: number, to: number, seed: number): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = at; i < to; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
