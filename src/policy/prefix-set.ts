/** Prefix lists: written as operators write them, and looked up by length and leading bits. */
import {
  covers,
  type Prefix,
  type PrefixBits,
  parsePrefix,
  prefixBits,
  prefixFamily,
  prefixLength,
} from '../base/index.ts';
import type { PrefixMatch } from './policy.ts';

/**
 * Reads `203.0.113.0/24` (exactly), `…/24+` or `…/24 or-longer`, `…/24{25,28}`, and `…/24 ge 25 le 28` with either half
 * alone. Undefined when it is none of them or the range is impossible.
 */
export function parsePrefixMatch(text: string): PrefixMatch | undefined {
  const m =
    /^([0-9a-fA-F.:]+\/\d+)\s*(?:(\+|or-longer)|\{\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\}|(?:ge\s+(\d{1,3}))?\s*(?:le\s+(\d{1,3}))?)$/.exec(
      text.trim(),
    );
  const prefix = m && parsePrefix(m[1] as string);
  if (!m || !prefix) return undefined;
  if (m[2]) return { prefix, orLonger: true };
  const [ge, le] = [m[3] ?? m[5], m[4] ?? m[6]];
  const match: PrefixMatch = {
    prefix,
    ...(ge === undefined ? {} : { ge: Number(ge) }),
    ...(le === undefined ? {} : { le: Number(le) }),
  };
  return possible(match) ? match : undefined;
}

/** The entry as `parsePrefixMatch` reads it. */
export function formatPrefixMatch(match: PrefixMatch): string {
  const range = [
    ...(match.ge === undefined ? [] : [`ge ${match.ge}`]),
    ...(match.le === undefined ? [] : [`le ${match.le}`]),
  ];
  return match.orLonger ? `${match.prefix}+` : [match.prefix, ...range].join(' ');
}

/** The shortest and longest prefix length that fits. */
export function lengthRange(match: PrefixMatch): readonly [from: number, to: number] {
  const own = prefixLength(match.prefix);
  const most = prefixFamily(match.prefix) === 4 ? 32 : 128;
  if (match.orLonger) return [own, most];
  if (match.ge === undefined && match.le === undefined) return [own, own];
  return [match.ge ?? own, match.le ?? most];
}

/** True when some prefix can fit the entry. */
export function possible(match: PrefixMatch): boolean {
  const [from, to] = lengthRange(match);
  return (
    prefixLength(match.prefix) <= from && from <= to && to <= (prefixFamily(match.prefix) === 4 ? 32 : 128)
  );
}

/** The slow and obvious form, for one entry. */
export function fits(match: PrefixMatch, prefix: Prefix): boolean {
  const [from, to] = lengthRange(match);
  const length = prefixLength(prefix);
  return from <= length && length <= to && covers(match.prefix, prefix);
}

/** A lookup in a list of any size: one map access for each different prefix length in it. */
export function compilePrefixes(matches: readonly PrefixMatch[]): (prefix: Prefix) => boolean {
  const tables = { 4: compileFamily(matches, 4), 6: compileFamily(matches, 6) };
  return (prefix) => {
    const { family, bytes, length } = bitsOf(prefix);
    for (const table of tables[family]) {
      if (table.length > length) return false;
      const ranges = table.ranges.get(key(bytes, table.length));
      if (!ranges) continue;
      for (let i = 0; i < ranges.length; i += 2)
        if ((ranges[i] as number) <= length && length <= (ranges[i + 1] as number)) return true;
    }
    return false;
  };
}

/** Entries whose prefix has this length: leading bits → pairs of shortest and longest length that fit. */
interface Table {
  readonly length: number;
  readonly ranges: Map<number | string, number[]>;
}

function compileFamily(matches: readonly PrefixMatch[], family: 4 | 6): readonly Table[] {
  const tables = new Map<number, Table>();
  for (const match of matches) {
    if (prefixFamily(match.prefix) !== family) continue;
    const { bytes, length } = prefixBits(match.prefix);
    let table = tables.get(length);
    if (!table) tables.set(length, (table = { length, ranges: new Map() }));
    const at = key(bytes, length);
    const ranges = table.ranges.get(at);
    if (ranges) ranges.push(...lengthRange(match));
    else table.ranges.set(at, [...lengthRange(match)]);
  }
  return [...tables.values()].sort((a, b) => a.length - b.length);
}

/** The rules of a policy ask about one prefix many times in a row, so its bits are kept. */
let lastPrefix: Prefix | undefined;
let lastBits: PrefixBits | undefined;

function bitsOf(prefix: Prefix): PrefixBits {
  if (prefix !== lastPrefix || !lastBits) {
    lastBits = prefixBits(prefix);
    lastPrefix = prefix;
  }
  return lastBits;
}

/** The first `length` bits: a number up to 48 bits, text beyond. */
function key(bytes: Uint8Array, length: number): number | string {
  if (length <= 32) return first(bytes, length);
  const middle = ((bytes[4]! << 8) | bytes[5]!) & (0xffff << (48 - Math.min(48, length)));
  const number = first(bytes, 32) * 0x1_0000 + (middle & 0xffff) + 0x1_0000_0000;
  if (length <= 48) return number;
  let text = String(number);
  for (let i = 6; i * 8 < length; i++) text += `:${bytes[i]! & (0xff00 >> Math.min(8, length - 8 * i))}`;
  return text;
}

/** The first `length` bits, at most 32, as a number with the rest clear. */
function first(bytes: Uint8Array, length: number): number {
  if (length === 0) return 0;
  const word = (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
  return (word & (0xffff_ffff << (32 - length))) >>> 0;
}
