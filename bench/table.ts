/**
 * A seeded full table as bytes: UPDATE messages ready to be written to a socket. The same seed and size give the same bytes
 * on every machine; they are kept under .cache/bench.
 *
 * Prefixes are distinct, none longer than /24, with about the mix of lengths that the internet has; the prefixes of one
 * UPDATE lie beside each other, as when an origin splits its block. Paths have 2 to 8 hops.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../src/base/index.ts';

const CACHE = fileURLToPath(new URL('../.cache/bench', import.meta.url));

/** Share of each prefix length, in thousandths. */
const LENGTHS: readonly (readonly [length: number, share: number])[] = [
  [24, 610],
  [23, 100],
  [22, 120],
  [21, 50],
  [20, 45],
  [19, 30],
  [18, 15],
  [17, 10],
  [16, 20],
];

export interface TableOptions {
  readonly count: number;
  /** Which prefixes. */
  readonly seed: number;
  /** Which paths, and how the prefixes are grouped; tables of the same `seed` with other `paths` hold the same prefixes. */
  readonly paths: number;
  /** First AS of every path. */
  readonly asn: number;
  readonly nextHop: string;
}

/** Prefix number in a binary tree over all prefixes: 2^length plus the bits. Unique, and below 2^25 for lengths up to 24. */
export function prefixIndex(bits: number, length: number): number {
  return 2 ** length + (bits >>> (32 - length));
}

/** The NLRI encoding of a prefix number (RFC 4271 §4.3). */
export function prefixBytes(index: number): Buffer {
  const length = 31 - Math.clz32(index);
  const bits = (index - 2 ** length) * 2 ** (32 - length);
  const whole = Buffer.alloc(5);
  whole[0] = length;
  whole.writeUInt32BE(bits, 1);
  return whole.subarray(0, 1 + ((length + 7) >> 3));
}

/** The numbers of the table's prefixes, in the order they were drawn. */
export function prefixes(seed: number, count: number): Uint32Array {
  return cached(
    `prefixes-${seed}-${count}`,
    () => {
      const random = new Random(seed);
      const taken = new Uint8Array(2 ** 25 / 8);
      const list = new Uint32Array(count);
      for (let n = 0; n < count; ) {
        const length = drawLength(random);
        // Unicast space, without 10/8 and 127/8.
        let bits = (random.between(1, 222) * 2 ** 24 + random.below(2 ** 24)) >>> 0;
        for (
          let run = random.between(1, 11);
          run > 0 && n < count;
          run--, bits = (bits + 2 ** (32 - length)) >>> 0
        ) {
          const top = bits >>> 24;
          if (top === 10 || top === 127 || top > 223) break;
          const index = prefixIndex(bits, length);
          if (taken[index >> 3]! & (1 << (index & 7))) continue;
          taken[index >> 3]! |= 1 << (index & 7);
          list[n++] = index;
        }
      }
      return Buffer.from(list.buffer);
    },
    (bytes) => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4),
  );
}

function drawLength(random: Random): number {
  let at = random.below(1000);
  for (const [length, share] of LENGTHS) if ((at -= share) < 0) return length;
  return 24;
}

/** The table as one run of UPDATE messages, about six prefixes each. */
export function updates(o: TableOptions): Buffer {
  const name = `updates-${o.seed}-${o.count}-${o.paths}-${o.asn}-${o.nextHop}`;
  return cached(
    name,
    () => encode(o, prefixes(o.seed, o.count)),
    (bytes) => bytes,
  );
}

/** Where {@link updates} is kept, for a process that only writes it out. */
export function updatesFile(o: TableOptions): string {
  updates(o);
  return join(CACHE, `updates-${o.seed}-${o.count}-${o.paths}-${o.asn}-${o.nextHop}.bin`);
}

function encode(o: TableOptions, list: Uint32Array): Buffer {
  const random = new Random(o.paths);
  const parts: Buffer[] = [];
  for (let at = 0; at < list.length; ) {
    const group = list.subarray(at, at + random.between(1, 11));
    at += group.length;
    const hops = random.between(2, 8);
    const path = [o.asn];
    while (path.length < hops)
      path.push(random.chance(0.3) ? random.between(131072, 400000) : random.between(1, 64000));
    parts.push(update(path, o.nextHop, [...group].map(prefixBytes)));
  }
  return Buffer.concat(parts);
}

/** One UPDATE with ORIGIN, AS_PATH (4-octet) and NEXT_HOP. */
export function update(path: readonly number[], nextHop: string, nlri: readonly Buffer[]): Buffer {
  const attributes = Buffer.alloc(4 + 3 + 2 + 4 * path.length + 3 + 4);
  attributes.set([0x40, 1, 1, 0, 0x40, 2, 2 + 4 * path.length, 2, path.length]);
  path.forEach((asn, i) => {
    attributes.writeUInt32BE(asn, 9 + 4 * i);
  });
  attributes.set([0x40, 3, 4, ...nextHop.split('.').map(Number)], 9 + 4 * path.length);
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16BE(attributes.length, 2);
  return message(2, Buffer.concat([lengths, attributes, ...nlri]));
}

/** An UPDATE that withdraws. */
export function withdrawal(nlri: readonly Buffer[]): Buffer {
  const routes = Buffer.concat(nlri);
  const body = Buffer.alloc(4 + routes.length);
  body.writeUInt16BE(routes.length, 0);
  routes.copy(body, 2);
  return message(2, body);
}

export function message(type: number, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(19 + body.length, 0xff);
  bytes.writeUInt16BE(bytes.length, 16);
  bytes[18] = type;
  bytes.set(body, 19);
  return bytes;
}

/** OPEN with IPv4 unicast and 4-octet AS numbers; hold time 240 s. */
export function open(asn: number, id: string): Buffer {
  const capabilities = [
    1,
    4,
    0,
    1,
    0,
    1,
    65,
    4,
    asn >>> 24,
    (asn >>> 16) & 255,
    (asn >>> 8) & 255,
    asn & 255,
  ];
  const two = asn > 65535 ? 23456 : asn;
  const head = [4, two >> 8, two & 255, 0, 240, ...id.split('.').map(Number)];
  return message(
    1,
    Uint8Array.from([...head, 2 + capabilities.length, 2, capabilities.length, ...capabilities]),
  );
}

function cached<T>(name: string, make: () => Buffer, view: (bytes: Buffer) => T): T {
  const file = join(CACHE, `${name}.bin`);
  if (!existsSync(file)) {
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(`${file}.${process.pid}`, make());
    renameSync(`${file}.${process.pid}`, file);
  }
  return view(readFileSync(file));
}
