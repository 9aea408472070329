/** A section of path attributes: bytes to values and back, with the price of what is malformed (RFC 7606 §3, §4). */
import { assert, fromHex, OutOfBytes, Reader, toHex, Writer } from '../base/index.ts';
import type { Attribute } from './attribute.ts';
import { ATTRIBUTES, attributeName, FLAG, type KnownKind, ROW_OF_CODE, type Row } from './attribute-table.ts';
import { type Fault, Malformed, type Reaction, UPDATE_ERROR } from './error.ts';
import type { Agreed } from './message.ts';

/** A message asked for that is longer than its field or the peers' agreement allows: send it as several. */
export class TooLong extends Error {
  override readonly name = 'TooLong';
  readonly length: number;
  readonly limit: number;

  constructor(length: number, limit: number) {
    super(`${length} octets do not fit ${limit}`);
    this.length = length;
    this.limit = limit;
  }
}

export interface AttributesRead {
  /** What could be read, in the order of the bytes. Malformed and repeated ones are left out. */
  readonly attributes: readonly Attribute[];
  /** Empty when all is well. Reading stops at the first fault that costs the session. */
  readonly faults: readonly Fault[];
}

const NO_FAULTS: readonly Fault[] = [];
const MP_REACH = 14;
const MP_UNREACH = 15;

/**
 * Reads an attribute section alone, such as a RIB stores or an MRT file holds. Never throws. Whether mandatory attributes are there is
 * a question about a whole UPDATE: see {@link decodeUpdate}.
 */
export function decodeAttributes(bytes: Uint8Array, agreed: Agreed): AttributesRead {
  return readAttributes(bytes, 0, bytes.length, agreed);
}

/** The same for `bytes[at … end)`. */
export function readAttributes(bytes: Uint8Array, at: number, end: number, agreed: Agreed): AttributesRead {
  const attributes: Attribute[] = [];
  const seen = new Seen();
  let faults: Fault[] | undefined;
  const blame = (
    code: number,
    subcode: number,
    why: string,
    reaction: Reaction,
    from: number,
    to: number,
  ) => {
    const name = attributeName(code);
    const data = from < to ? toHex(bytes.subarray(from, to)) : '';
    const error = { code: 3, subcode, data, why: `${name}: ${why}` };
    (faults ??= []).push({ attribute: code, name, error, reaction });
    return reaction;
  };

  while (at < end) {
    const start = at;
    const flags = bytes[at] as number;
    const wide = (flags & FLAG.extendedLength) !== 0;
    const code = end - at > 1 ? (bytes[at + 1] as number) : 0;
    // RFC 7606 §4: both ways in which attributes and Total Attribute Length can disagree. The NLRI that an MP attribute
    // holds cannot be withdrawn when it is cut, hence the reset (§3 j).
    const cut: Reaction = code === MP_REACH || code === MP_UNREACH ? 'reset' : 'withdraw';
    const head = wide ? 4 : 3;
    if (end - at < head) {
      blame(code, UPDATE_ERROR.malformedList, `${end - at} octets are left for its header`, cut, 0, 0);
      break;
    }
    const length = wide ? (bytes[at + 2]! << 8) | bytes[at + 3]! : (bytes[at + 2] as number);
    at += head;
    if (length > end - at) {
      blame(code, UPDATE_ERROR.length, `${length} octets long, ${end - at} are left`, cut, start, end);
      break;
    }
    const value = at;
    at += length;

    const before = seen.times(code);
    if (before > 0) {
      // RFC 7606 §3 g. Said once per code, so that a hostile message cannot make a long list.
      if (code === MP_REACH || code === MP_UNREACH) {
        blame(code, UPDATE_ERROR.malformedList, 'appears more than once', 'reset', 0, 0);
        break;
      }
      if (before === 1) blame(code, UPDATE_ERROR.malformedList, 'appears more than once', 'discard', 0, 0);
      continue;
    }

    const row = ROW_OF_CODE[code];
    if (!row) {
      if ((flags & FLAG.optional) === 0) {
        // RFC 4271 §6.3. RFC 7606 revises nothing here: who cannot know what is mandatory cannot use the routes.
        blame(code, UPDATE_ERROR.unrecognizedWellKnown, 'well-known, and not known', 'reset', start, at);
        break;
      }
      attributes.push({ kind: 'unknown', code, flags, data: toHex(bytes.subarray(value, at)) });
      continue;
    }
    if (((flags ^ row.flags) & (FLAG.optional | FLAG.transitive)) !== 0) {
      // RFC 7606 §3 c; §3 f and the RFCs of the attributes that are only discarded say so for any error in them.
      const reaction = row.malformed === 'discard' ? 'discard' : 'withdraw';
      blame(code, UPDATE_ERROR.flags, `flags 0x${flags.toString(16)}`, reaction, start, at);
      // What has to be withdrawn still has to be read.
      if (code !== MP_REACH && code !== MP_UNREACH) continue;
    }
    try {
      const attribute = row.decode(new Reader(bytes, value, at), agreed) as Attribute;
      const plain = flags === (row.flags | (length > 255 ? FLAG.extendedLength : 0));
      attributes.push(plain ? attribute : { ...attribute, flags });
    } catch (e) {
      const [subcode, why] = complaint(e, row);
      if (blame(code, subcode, why, row.malformed, start, at) === 'reset') break;
    }
  }
  return { attributes, faults: faults ?? NO_FAULTS };
}

/** How often attribute codes came. Codes under 32, which are nearly all there are, cost no memory. */
class Seen {
  #once = 0;
  #twice = 0;
  #others: Uint8Array | undefined;

  /** How often the code was asked for before: 0, 1, or 2 for more. */
  times(code: number): number {
    if (code > 31) {
      this.#others ??= new Uint8Array(256);
      const n = this.#others[code] as number;
      if (n < 2) this.#others[code] = n + 1;
      return n;
    }
    const bit = 1 << code;
    if ((this.#once & bit) === 0) {
      this.#once |= bit;
      return 0;
    }
    const n = (this.#twice & bit) === 0 ? 1 : 2;
    this.#twice |= bit;
    return n;
  }
}

function complaint(e: unknown, row: Row<KnownKind>): [subcode: number, why: string] {
  if (e instanceof Malformed) return [e.subcode, e.message];
  if (!(e instanceof OutOfBytes)) throw e;
  const subcode = (row.flags & FLAG.optional) !== 0 ? UPDATE_ERROR.optional : UPDATE_ERROR.length;
  return [subcode, `it is cut: ${e.message}`];
}

/** Which attribute goes out first: RFC 7606 §5.1 wants MP_REACH_NLRI and MP_UNREACH_NLRI in front. */
export type Order = 'mpFirst' | 'asListed';

/**
 * The bytes of an attribute section. `asListed` keeps the order of the list, so that what was decoded comes out as it came in. Asserts on
 * values outside their type; throws {@link TooLong} for an attribute over 65535 octets.
 */
export function encodeAttributes(
  attributes: readonly Attribute[],
  agreed: Agreed,
  order: Order = 'mpFirst',
): Uint8Array {
  const w = new Writer(128);
  writeAttributes(attributes, w, agreed, order);
  return w.done();
}

/** The same, appended to a writer. */
export function writeAttributes(
  attributes: readonly Attribute[],
  w: Writer,
  agreed: Agreed,
  order: Order,
): void {
  if (order === 'asListed') {
    for (const a of attributes) writeAttribute(a, w, agreed);
    return;
  }
  for (const a of attributes) if (carriesRoutes(a)) writeAttribute(a, w, agreed);
  for (const a of attributes) if (!carriesRoutes(a)) writeAttribute(a, w, agreed);
}

function carriesRoutes({ kind }: Attribute): boolean {
  return kind === 'mpReach' || kind === 'mpUnreach' || kind === 'mpReachOpaque' || kind === 'mpUnreachOpaque';
}

function writeAttribute(a: Attribute, w: Writer, agreed: Agreed): void {
  const value = bytesOf(a, agreed);
  if (value.length > 0xffff) throw new TooLong(value.length, 0xffff);
  const [code, usual] =
    a.kind === 'unknown' ? [a.code, a.flags] : [ATTRIBUTES[a.kind].code, ATTRIBUTES[a.kind].flags];
  const flags = (a.flags ?? usual) | (value.length > 255 ? FLAG.extendedLength : 0);
  w.u8(flags).u8(code);
  if (flags & FLAG.extendedLength) w.u16(value.length);
  else w.u8(value.length);
  w.put(value);
}

function bytesOf(a: Attribute, agreed: Agreed): Uint8Array {
  if (a.kind === 'unknown') {
    const data = fromHex(a.data);
    assert(data, `${a.data} is not hexadecimal`);
    return data;
  }
  const w = new Writer(32);
  // The compiler cannot follow that the row and the attribute are of the same kind.
  (ATTRIBUTES[a.kind] as Row<KnownKind>).encode(a as never, w, agreed);
  return w.done();
}

/**
 * The attributes that may be passed on to another peer (RFC 4271 §5): of those unknown to us, the transitive ones with the Partial bit set;
 * the others are dropped. Odd flags that were received are not repeated, save the Partial bit. Known attributes are otherwise left alone: what
 * is dropped or changed of them is policy.
 */
export function passOn(attributes: readonly Attribute[]): readonly Attribute[] {
  const out: Attribute[] = [];
  for (const a of attributes) {
    if (a.kind === 'unknown') {
      if (a.flags & FLAG.transitive) out.push({ ...a, flags: (a.flags & 0xf0) | FLAG.partial });
    } else if (a.flags === undefined) out.push(a);
    else {
      const { flags, ...rest } = a;
      const usual = ATTRIBUTES[a.kind].flags;
      const partial = usual === (FLAG.optional | FLAG.transitive) && flags & FLAG.partial;
      out.push((partial ? { ...rest, flags: usual | FLAG.partial } : rest) as Attribute);
    }
  }
  return out;
}
