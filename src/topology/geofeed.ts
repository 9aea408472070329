/** Geofeeds (RFC 8805): `prefix,country,region,city,postal`, where a network says itself where its addresses are used. */
import { hostPrefix, type Prefix, parseAddress, parsePrefix } from '../base/index.ts';
import type { ChunkReader } from './as-info.ts';
import { csvFields } from './csv.ts';
import { Ledger, Lines, type Reading, textOf } from './lines.ts';

export interface GeofeedEntry {
  readonly prefix: Prefix;
  /** Two letters; empty when the network does not want to be located (RFC 8805 §2.1.1.2). */
  readonly cc: string;
  /** ISO 3166-2, such as DE-HE; empty when not given. */
  readonly region: string;
  readonly city: string;
}

export interface Geofeed {
  readonly entries: readonly GeofeedEntry[];
  readonly reading: Reading;
}

const EXPECTED = 'prefix,country,region,city,postal (RFC 8805 §2.1.1)';

export function geofeedReader(): ChunkReader<Geofeed> {
  const ledger = new Ledger();
  const entries: GeofeedEntry[] = [];
  const lines = new Lines(ledger, (bytes, from, to, line) => {
    const text = textOf(bytes, from, to);
    if (text.trim() === '' || text.startsWith('#')) return;
    const fields = csvFields(text)?.map((field) => field.trim());
    const written = fields?.[0] ?? '';
    // RFC 8805 §2.1.1.1: an address alone stands for the prefix that holds only it.
    const address = parseAddress(written);
    const prefix = address ? hostPrefix(address) : parsePrefix(written);
    const cc = (fields?.[1] ?? '').toUpperCase();
    if (prefix === undefined || !/^([A-Z]{2})?$/.test(cc)) return ledger.skip(line, text, EXPECTED);
    entries.push({ prefix, cc, region: fields?.[2] ?? '', city: fields?.[3] ?? '' });
  });
  return {
    push: (chunk) => lines.push(chunk),
    end: () => {
      lines.end();
      return { entries, reading: ledger.reading() };
    },
  };
}
