/** Bytes: a bounds-checked reader, a growing writer, hexadecimal text and UTF-8. All numbers are big-endian (network order). */

/** A reader asked for more bytes than there are. The layer that knows what the bytes meant turns it into an error with a code. */
export class OutOfBytes extends Error {
  override readonly name = 'OutOfBytes';
}

/** Reads a view of bytes from front to back. It never clamps: reading past the end throws {@link OutOfBytes}. */
export class Reader {
  readonly bytes: Uint8Array;
  /** Index into `bytes` of the next byte to read. */
  at: number;
  /** Index into `bytes` just past the last byte that may be read. */
  readonly end: number;

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
  }

  get left(): number {
    return this.end - this.at;
  }

  #take(n: number): number {
    const at = this.at;
    if (n > this.end - at) throw new OutOfBytes(`wanted ${n} more bytes, ${this.end - at} are left`);
    this.at = at + n;
    return at;
  }

  u8(): number {
    return this.bytes[this.#take(1)] as number;
  }

  u16(): number {
    const at = this.#take(2);
    const b = this.bytes;
    return ((b[at] as number) << 8) | (b[at + 1] as number);
  }

  u32(): number {
    const at = this.#take(4);
    const b = this.bytes;
    return (
      (((b[at] as number) << 24) |
        ((b[at + 1] as number) << 16) |
        ((b[at + 2] as number) << 8) |
        (b[at + 3] as number)) >>>
      0
    );
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  /** The next `n` bytes as a view, not a copy. */
  take(n: number): Uint8Array {
    const at = this.#take(n);
    return this.bytes.subarray(at, at + n);
  }

  /** All bytes that are left, as a view. */
  rest(): Uint8Array {
    return this.take(this.left);
  }

  /** A reader of the next `n` bytes, which this one steps over. */
  sub(n: number): Reader {
    const at = this.#take(n);
    return new Reader(this.bytes, at, at + n);
  }

  skip(n: number): void {
    this.#take(n);
  }
}

/** Appends to a buffer that grows. Lengths not known beforehand are reserved and patched. */
export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  #grow(n: number): number {
    const at = this.#length;
    const need = at + n;
    if (need > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(need, this.#bytes.length * 2));
      wider.set(this.#bytes);
      this.#bytes = wider;
    }
    this.#length = need;
    return at;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    const b = this.#bytes;
    b[at] = value >>> 24;
    b[at + 1] = value >>> 16;
    b[at + 2] = value >>> 8;
    b[at + 3] = value;
    return this;
  }

  u64(value: bigint): this {
    return this.u32(Number(value >> 32n)).u32(Number(value & 0xffff_ffffn));
  }

  put(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Overwrites the byte at `at`, written before. */
  patchU8(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** Overwrites the two bytes at `at`, written before. */
  patchU16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  /** The bytes written so far, as a copy of their own. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** Lower-case hexadecimal, two digits a byte, nothing between. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Bytes from hexadecimal text; spaces, line ends and colons between digits are passed over. Undefined when it is not hexadecimal. */
export function fromHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/[\s:]/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) return undefined;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** True when both hold the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** All parts in one piece; a single part is given back itself. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    whole.set(p, at);
    at += p.length;
  }
  return whole;
}

/** The UTF-8 form of a text (RFC 3629). A lone surrogate becomes U+FFFD. */
export function toUtf8(text: string): Uint8Array {
  const w = new Writer(text.length);
  for (const char of text) {
    let c = char.codePointAt(0) as number;
    if (c >= 0xd800 && c <= 0xdfff) c = 0xfffd;
    if (c < 0x80) w.u8(c);
    else if (c < 0x800) w.u8(0xc0 | (c >> 6)).u8(0x80 | (c & 63));
    else if (c < 0x1_0000)
      w.u8(0xe0 | (c >> 12))
        .u8(0x80 | ((c >> 6) & 63))
        .u8(0x80 | (c & 63));
    else
      w.u8(0xf0 | (c >> 18))
        .u8(0x80 | ((c >> 12) & 63))
        .u8(0x80 | ((c >> 6) & 63))
        .u8(0x80 | (c & 63));
  }
  return w.done();
}

/** The text of UTF-8 bytes; undefined when they are not well-formed UTF-8 (overlong forms, surrogates, cut sequences). */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i++] as number;
    if (lead < 0x80) {
      text += String.fromCharCode(lead);
      continue;
    }
    const more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || i + more > bytes.length) return undefined;
    let c = lead & (0x3f >> more);
    for (let k = 0; k < more; k++) {
      const next = bytes[i++] as number;
      if ((next & 0xc0) !== 0x80) return undefined;
      c = (c << 6) | (next & 63);
    }
    const least = more === 1 ? 0x80 : more === 2 ? 0x800 : 0x1_0000;
    if (c < least || c > 0x10_ffff || (c >= 0xd800 && c <= 0xdfff)) return undefined;
    text += String.fromCodePoint(c);
  }
  return text;
}
