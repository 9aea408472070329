/** Who announces a prefix or an address, by a prefix-to-AS file. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { covers, type Prefix, parseAsn, parsePrefix, prefixLength } from '../base/index.ts';
import { LONGEST_LINE } from '../topology/index.ts';
import { Failure } from './failure.ts';
import { bytesOf, MOST_BYTES } from './observations.ts';
import { defaultWorldFile } from './world-file.ts';

export interface Holders {
  readonly asn: number;
  /** What it announces. */
  readonly prefix: Prefix;
  /** ASes that announce parts of what was asked, at most some. */
  readonly others: readonly number[];
  readonly file: string;
}

const MOST_OTHERS = 20;

/** The AS of the most specific announcement that covers the prefix; else the one that announces the first part of it. */
export function holdersOf(wanted: Prefix, file: string | undefined): Holders {
  const source = file ?? pulledFile();
  const six = wanted.includes(':');
  let best: { readonly prefix: Prefix; readonly asn: number } | undefined;
  const inside = new Map<number, Prefix>();
  let read = 0;
  const { buffer, byteOffset, length: size } = bytesOf(source, MOST_BYTES);
  const text = Buffer.from(buffer, byteOffset, size).toString('latin1');
  // Some editors set a mark before UTF-8; in Latin-1 it is these three.
  for (const line of text.replace(/^\u00ef\u00bb\u00bf/, '').split('\n')) {
    if (line.length > LONGEST_LINE || line.includes(':') !== six) continue;
    const [address, length, origin] = line.split(/[\t ]+/);
    // A first look at the first byte spares reading a million prefixes.
    if (
      address === undefined ||
      length === undefined ||
      (!six && !sameStart(address, wanted, Number(length)))
    ) {
      if (length !== undefined) read++;
      continue;
    }
    const prefix = parsePrefix(`${address}/${length}`);
    const asn = parseAsn(/^\{?(\d+)/.exec(origin ?? '')?.[1] ?? '');
    if (prefix === undefined || asn === undefined) continue;
    read++;
    if (covers(prefix, wanted)) {
      if (!best || prefixLength(prefix) > prefixLength(best.prefix)) best = { prefix, asn };
    } else if (covers(wanted, prefix) && !inside.has(asn)) inside.set(asn, prefix);
  }
  const [part] = inside;
  if (!best && part) best = { asn: part[0], prefix: part[1] };
  if (!best)
    throw new Failure(
      read === 0
        ? `${source} has no ${six ? 'IPv6' : 'IPv4'} prefix in it: give a prefix-to-AS file that has, with --pfx2as`
        : `${source} knows nobody who announces ${wanted}`,
    );
  const { asn } = best;
  const others = [...inside.keys()].filter((a) => a !== asn).slice(0, MOST_OTHERS);
  return { ...best, others, file: source };
}

function sameStart(address: string, wanted: Prefix, length: number): boolean {
  if (length < 8 || prefixLength(wanted) < 8) return true;
  return address.slice(0, address.indexOf('.')) === wanted.slice(0, wanted.indexOf('.'));
}

/** The newest file that was pulled. */
function pulledFile(): string {
  const folder = join(defaultWorldFile(), '..', 'sources');
  let names: string[] = [];
  try {
    names = readdirSync(folder).filter(
      (name) => /pfx2as|routeviews-rv2/.test(name) && !name.endsWith('.json') && !name.endsWith('.part'),
    );
  } catch {}
  const newest = names.sort().at(-1);
  if (newest === undefined)
    throw new Failure(
      "nothing says who announces which prefix: fetch it with 'nearcast data pull pfx2as', or name a file with --pfx2as",
    );
  return join(folder, newest);
}
