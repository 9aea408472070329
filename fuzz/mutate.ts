/** Changes to BGP messages that know where the lengths and the attributes are, so that what comes out is nearly right. */
import type { Random } from '../src/base/index.ts';

const HEADER = 19;
const TELLING = [0, 1, 2, 4, 0x0f, 0x10, 0x20, 0x21, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xfe, 0xff];
/** Mutated messages are never longer, so that a chain of splices ends. */
const LONGEST = 70_000;

/** One to four changes to `bytes`, pieces of `other` among them; the header's length is put right most of the time. */
export function mutated(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let out: Uint8Array = bytes.slice();
  for (let n = random.between(1, 4); n > 0; n--) {
    if (out.length === 0) return out;
    const change = out[18] === 2 && random.chance(0.6) ? inUpdate : random.pick(PLAIN);
    out = change(out, other, random).slice(0, LONGEST);
  }
  if (out.length >= HEADER && random.chance(0.9)) putU16(out, 16, out.length);
  return out;
}

type Change = (bytes: Uint8Array, other: Uint8Array, random: Random) => Uint8Array;

/** Where a change strikes: mostly behind the marker. */
function spot(bytes: Uint8Array, random: Random): number {
  return bytes.length > 16 && random.chance(0.97)
    ? random.between(16, bytes.length - 1)
    : random.below(bytes.length);
}

const PLAIN: readonly Change[] = [
  function flipBit(bytes, _, random) {
    const at = spot(bytes, random);
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
    return bytes;
  },
  function setByte(bytes, _, random) {
    bytes[spot(bytes, random)] = random.chance(0.7) ? random.pick(TELLING) : random.below(256);
    return bytes;
  },
  function nudge(bytes, _, random) {
    const at = spot(bytes, random);
    bytes[at] = (bytes[at] as number) + random.pick([-2, -1, 1, 2]);
    return bytes;
  },
  function putWord(bytes, _, random) {
    const at = spot(bytes, random);
    if (at + 1 < bytes.length)
      putU16(bytes, at, random.chance(0.5) ? random.below(0x1_0000) : bytes.length - at);
    return bytes;
  },
  function cut(bytes, _, random) {
    return bytes.slice(0, random.between(Math.min(HEADER, bytes.length), bytes.length));
  },
  function remove(bytes, _, random) {
    const at = spot(bytes, random);
    return joined(bytes.subarray(0, at), bytes.subarray(at + random.between(1, 8)));
  },
  function insert(bytes, _, random) {
    const at = spot(bytes, random);
    const more = new Uint8Array(random.between(1, 8)).map(() => random.below(256));
    return joined(bytes.subarray(0, at), more, bytes.subarray(at));
  },
  function double(bytes, _, random) {
    const at = spot(bytes, random);
    const piece = bytes.subarray(at, at + random.between(1, 60));
    return joined(
      bytes.subarray(0, at),
      ...new Array<Uint8Array>(random.between(2, 30)).fill(piece),
      bytes.subarray(at),
    );
  },
  function splice(bytes, other, random) {
    if (other.length <= HEADER) return bytes;
    return joined(bytes.subarray(0, spot(bytes, random)), other.subarray(spot(other, random)));
  },
];

interface Attribute {
  flags: number;
  code: number;
  value: Uint8Array;
  /** What the length field says, where that is not the truth. */
  claim?: number;
}

/** Takes an UPDATE apart, changes its attributes and puts it together again; one that cannot be taken apart gets a plain change. */
function inUpdate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const parts = apart(bytes);
  if (!parts) return (PLAIN[0] as Change)(bytes, other, random);
  const { attributes } = parts;
  const at = attributes.length > 0 ? random.below(attributes.length) : 0;
  const one = attributes[at];
  const theirs = apart(other)?.attributes ?? [];
  switch (random.below(9)) {
    case 0:
      if (one) attributes.splice(random.below(attributes.length + 1), 0, { ...one });
      break;
    case 1:
      attributes.sort(() => random.unit() - 0.5);
      break;
    case 2:
      attributes.splice(at, 1);
      break;
    case 3:
      if (one) one.value = one.value.slice(0, random.below(one.value.length + 1));
      break;
    case 4:
      if (theirs.length > 0) attributes.splice(at, 0, random.pick(theirs));
      break;
    case 5:
      if (one) one.flags = random.chance(0.5) ? one.flags ^ (1 << random.below(8)) : random.below(256);
      break;
    case 6:
      if (one) one.code = random.chance(0.7) ? random.below(40) : random.below(256);
      break;
    case 7:
      if (one)
        one.claim = random.chance(0.5) ? one.value.length + random.between(-3, 3) : random.below(0x1_0000);
      break;
    default:
      if (one) one.value = joined(one.value, one.value.subarray(0, random.below(one.value.length + 1)));
  }
  const section = joined(...attributes.map(attributeBytes));
  const total = random.chance(0.9) ? section.length : section.length + random.between(-4, 4);
  return joined(parts.before, Uint8Array.of(total >> 8, total), section, parts.after);
}

function apart(
  b: Uint8Array,
): { before: Uint8Array; attributes: Attribute[]; after: Uint8Array } | undefined {
  if (b.length < HEADER + 4 || b[18] !== 2) return undefined;
  const section = HEADER + 2 + u16(b, HEADER);
  if (section + 2 > b.length) return undefined;
  const end = section + 2 + u16(b, section);
  if (end > b.length) return undefined;
  const attributes: Attribute[] = [];
  let at = section + 2;
  while (at + 4 <= end) {
    const [flags, code] = [b[at] as number, b[at + 1] as number];
    const head = flags & 0x10 ? 4 : 3;
    const length = head === 4 ? u16(b, at + 2) : (b[at + 2] as number);
    if (at + head + length > end) return undefined;
    attributes.push({ flags, code, value: b.slice(at + head, at + head + length) });
    at += head + length;
  }
  return { before: b.slice(0, section), attributes, after: b.slice(end) };
}

function attributeBytes({ flags, code, value, claim }: Attribute): Uint8Array {
  const length = claim ?? value.length;
  const wide = (flags & 0x10) !== 0 || (claim === undefined && length > 255);
  const head = wide ? [flags | 0x10, code, length >> 8, length] : [flags, code, length];
  return joined(Uint8Array.of(...head), value);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

function u16(b: Uint8Array, at: number): number {
  return ((b[at] ?? 0) << 8) | (b[at + 1] ?? 0);
}

function putU16(b: Uint8Array, at: number, n: number): void {
  b[at] = n >> 8;
  b[at + 1] = n;
}
