/**
 * Takes an UPDATE apart on the hot path: finds its parts and brings its attributes into canonical form, without building
 * values. Whatever is not plain is left to the full decoder.
 */
import { type Family, family } from '../wire/index.ts';

/** Where canonical sections are put together; what lies here is used up before the next message is looked at. */
const SCRATCH = new Uint8Array(65536 + 64);

/** The parts of one UPDATE, as indexes into the bytes it stands in; used again for each message. */
export class UpdateParts {
  withdrawnAt = 0;
  withdrawnEnd = 0;
  attributesAt = 0;
  attributesEnd = 0;
  nlriAt = 0;
  nlriEnd = 0;
  /** MP_REACH_NLRI's prefixes; `reachFamily` is undefined when there is no such attribute. */
  reachFamily: Family | undefined;
  reachAt = 0;
  reachEnd = 0;
  /** MP_UNREACH_NLRI's prefixes. */
  unreachFamily: Family | undefined;
  unreachAt = 0;
  unreachEnd = 0;
  /** The attributes in canonical form: for the prefixes in NLRI, and for those in MP_REACH_NLRI (`section` has the bytes). */
  sectionOf: Uint8Array = new Uint8Array(0);
  sectionAt = 0;
  sectionEnd = 0;

  /** Finds the parts of the message in bytes[at, end), header included. False when the lengths do not fit each other. */
  split(bytes: Uint8Array, at: number, end: number): boolean {
    let i = at + 19;
    if (i + 4 > end) return false;
    this.withdrawnAt = i + 2;
    i = this.withdrawnEnd = i + 2 + u16(bytes, i);
    if (i + 2 > end) return false;
    this.attributesAt = i + 2;
    this.attributesEnd = this.nlriAt = i + 2 + u16(bytes, i);
    this.nlriEnd = end;
    if (this.nlriAt > end) return false;
    this.reachFamily = this.unreachFamily = undefined;
    this.reachAt = this.reachEnd = this.unreachAt = this.unreachEnd = 0;
    this.sectionOf = bytes;
    this.sectionAt = this.attributesAt;
    this.sectionEnd = this.attributesEnd;
    return true;
  }

  /**
   * Looks for the multiprotocol attributes. Where they are, the others are copied out into canonical form. False when
   * something does not fit, or stands there twice.
   */
  splitMultiprotocol(bytes: Uint8Array): boolean {
    const end = this.attributesEnd;
    let reach = 0;
    let unreach = 0;
    for (let at = this.attributesAt; at < end; ) {
      if (at + 4 > end) return false;
      const value = at + (bytes[at]! & 0x10 ? 4 : 3);
      const length = bytes[at]! & 0x10 ? u16(bytes, at + 2) : bytes[at + 2]!;
      if (value + length > end) return false;
      if (bytes[at + 1] === 14) {
        if (reach !== 0 || (bytes[at]! & 0xef) !== 0x80 || length < 5) return false;
        reach = at;
        const hop = bytes[value + 3]!;
        if (length < 5 + hop) return false;
        this.reachFamily = family(u16(bytes, value), bytes[value + 2]!);
        this.reachAt = value + 5 + hop;
        this.reachEnd = value + length;
      } else if (bytes[at + 1] === 15) {
        if (unreach !== 0 || (bytes[at]! & 0xef) !== 0x80 || length < 3) return false;
        unreach = at;
        this.unreachFamily = family(u16(bytes, value), bytes[value + 2]!);
        this.unreachAt = value + 3;
        this.unreachEnd = value + length;
      }
      at = value + length;
    }
    if (reach !== 0 || unreach !== 0) this.#canonical(bytes, reach);
    return true;
  }

  /** Copies the attributes: MP_REACH_NLRI without prefixes first, then the rest without MP_UNREACH_NLRI and NEXT_HOP. */
  #canonical(bytes: Uint8Array, reach: number): void {
    const to = SCRATCH;
    let o = 0;
    if (reach !== 0) {
      const value = reach + (bytes[reach]! & 0x10 ? 4 : 3);
      const length = 5 + bytes[value + 3]!;
      to[o++] = 0x80;
      to[o++] = 14;
      to[o++] = length;
      for (let i = 0; i < length; i++) to[o++] = bytes[value + i]!;
      to[o - 1] = 0;
    }
    for (let at = this.attributesAt; at < this.attributesEnd; ) {
      const length = bytes[at]! & 0x10 ? 4 + u16(bytes, at + 2) : 3 + bytes[at + 2]!;
      const type = bytes[at + 1]!;
      if (type !== 14 && type !== 15 && !(type === 3 && reach !== 0))
        for (let i = 0; i < length; i++) to[o++] = bytes[at + i]!;
      at += length;
    }
    this.sectionOf = to;
    this.sectionAt = 0;
    this.sectionEnd = o;
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
