/**
 * Which AS announces an address: Route Views' prefix-to-AS files (`address TAB length TAB origin`), kept as disjoint ranges of
 * IPv4 addresses in which the most specific prefix has won, so that one binary search answers. IPv6 lines are counted and left.
 */
import { type Asn, ipv4Number } from '../base/index.ts';
import type { ChunkReader } from './as-info.ts';
import { Ledger, Lines, type Reading, textOf } from './lines.ts';

export interface Origins {
  /** First addresses of the ranges, ascending; each range ends where the next begins. */
  readonly starts: Uint32Array;
  /** The AS that announces the range; 0 when nobody does. */
  readonly asns: Uint32Array;
}

export interface PrefixToAs {
  readonly origins: Origins;
  /** IPv4 prefixes read. */
  readonly prefixes: number;
  /** IPv6 lines left aside. */
  readonly ipv6: number;
  readonly reading: Reading;
}

/** The most prefixes one file may have: four times today's full table. */
export const MOST_PREFIXES = 1 << 22;

/** The AS that announces an IPv4 address (a 32-bit number); undefined when nobody does. */
export function originOf(origins: Origins, address: number): Asn | undefined {
  const { starts, asns } = origins;
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= address) low = middle + 1;
    else high = middle;
  }
  const asn = low === 0 ? 0 : (asns[low - 1] as number);
  return asn === 0 ? undefined : asn;
}

/** IPv4 /24s per AS: a range counts as its size in /24s, so that a lone /25 is half of one. */
export function slash24s(origins: Origins): Map<Asn, number> {
  const { starts, asns } = origins;
  const found = new Map<Asn, number>();
  for (let i = 0; i < starts.length; i++) {
    const asn = asns[i] as number;
    if (asn === 0) continue;
    const end = i + 1 < starts.length ? (starts[i + 1] as number) : 0x1_0000_0000;
    found.set(asn, (found.get(asn) ?? 0) + (end - (starts[i] as number)) / 256);
  }
  return found;
}

const EXPECTED = 'address, prefix length and origin AS with tabs between';

export function prefixToAsReader(): ChunkReader<PrefixToAs> {
  const ledger = new Ledger();
  // Address × 64 + length sorts covering prefixes before what they cover; it is exact in a double.
  let keys = new Float64Array(1 << 16);
  let asns = new Uint32Array(1 << 16);
  let count = 0;
  let ipv6 = 0;
  const lines = new Lines(ledger, (bytes, from, to, line) => {
    if (from === to || bytes[from] === 35) return;
    const fields = textOf(bytes, from, to).split(/[\t ]+/);
    const [address, length, origin] = fields as [string, string, string];
    if (fields.length >= 3 && address.includes(':')) {
      ipv6++;
      return;
    }
    const start = fields.length < 3 ? undefined : ipv4Number(address);
    const bits = Number(length);
    // `1_2` are several origins, `1,2` is an AS_SET: the first one stands for all.
    const asn = Number(/^\{?(\d{1,10})/.exec(origin ?? '')?.[1] ?? Number.NaN);
    const good =
      start !== undefined &&
      Number.isInteger(bits) &&
      bits >= 0 &&
      bits <= 32 &&
      asn >= 1 &&
      asn <= 0xffff_ffff;
    if (!good || start % 2 ** (32 - bits) !== 0) return ledger.skip(line, fields.join(' '), EXPECTED);
    if (count === MOST_PREFIXES)
      return ledger.stop(line, 'one prefix more', `at most ${MOST_PREFIXES} prefixes`);
    if (count === keys.length) {
      const [moreKeys, moreAsns] = [new Float64Array(2 * count), new Uint32Array(2 * count)];
      moreKeys.set(keys);
      moreAsns.set(asns);
      [keys, asns] = [moreKeys, moreAsns];
    }
    keys[count] = start * 64 + bits;
    asns[count++] = asn;
  });
  return {
    push: (chunk) => lines.push(chunk),
    end: () => {
      lines.end();
      const origins = rangesOf(keys.subarray(0, count), asns.subarray(0, count));
      return { origins, prefixes: count, ipv6, reading: ledger.reading() };
    },
  };
}

/** Sweeps over the sorted prefixes with a stack of those that cover the present address. */
function rangesOf(keys: Float64Array, asns: Uint32Array): Origins {
  const order = Uint32Array.from(keys.keys());
  let sorted = true;
  for (let i = 1; i < keys.length; i++) if ((keys[i] as number) < (keys[i - 1] as number)) sorted = false;
  if (!sorted) order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
  const starts = new Uint32Array(2 * keys.length);
  const owners = new Uint32Array(2 * keys.length);
  let size = 0;
  const open = (at: number, asn: number) => {
    if (size > 0 && starts[size - 1] === at) size--;
    if (size > 0 && owners[size - 1] === asn) return;
    if (size === 0 && asn === 0) return;
    starts[size] = at;
    owners[size++] = asn;
  };
  const stack: { start: number; end: number; asn: number }[] = [];
  const closeUntil = (at: number) => {
    while (stack.length > 0 && (stack.at(-1) as { end: number }).end <= at) {
      const { end } = stack.pop() as { end: number };
      if (end < 0x1_0000_0000) open(end, stack.at(-1)?.asn ?? 0);
    }
  };
  for (const i of order) {
    const key = keys[i] as number;
    const start = Math.floor(key / 64);
    closeUntil(start);
    const end = start + 2 ** (32 - (key % 64));
    // The same prefix a second time: the first line counts.
    if (stack.at(-1)?.start === start && stack.at(-1)?.end === end) continue;
    stack.push({ start, end, asn: asns[i] as number });
    open(start, asns[i] as number);
  }
  closeUntil(0x1_0000_0000);
  return { starts: starts.slice(0, size), asns: owners.slice(0, size) };
}
