/** Files of who landed where: CSV whose first line names the columns, with a site for each client. */
import { existsSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { hostPrefix, type Prefix, parseAddress, parseAsn, parsePrefix } from '../base/index.ts';
import {
  type Guess,
  MOST_OBSERVATIONS,
  type Observation,
  type Prediction,
  type Score,
  scoreOf,
} from '../predict/index.ts';
import { BadBzip2, bunzip2, CsvTable, formatTroubles, isBzip2, unmarked } from '../topology/index.ts';
import { Failure } from './failure.ts';
import { type Column, formatTable } from './table.ts';
import { readWhole } from './whole-file.ts';

export interface Observations {
  readonly observations: readonly Observation[];
  /** Lines that could not be used, as sentences. */
  readonly complaints: readonly string[];
  /** Clients without an answer, which say nothing of routes. */
  readonly unanswered: number;
  /** Clients left out because there were more than are kept. */
  readonly leftOut: number;
}

/**
 * Keeps at most so many observations of as many as come, by a hash of the client's name: the ones kept are spread evenly over the
 * file whatever its order, are all of a client's or none, and are the same each time.
 */
export class Sample {
  readonly #most: number;
  #kept: { readonly at: number; readonly seen: Observation }[] = [];
  #below = 2 ** 32;
  #count = 0;

  constructor(most = MOST_OBSERVATIONS) {
    this.#most = most;
  }

  /** `name`: what is taken wholly or not. */
  add(seen: Observation, name = seen.id): void {
    this.#count++;
    const at = hashOf(name);
    if (at >= this.#below) return;
    this.#kept.push({ at, seen });
    while (this.#kept.length > this.#most && this.#below > 1) {
      this.#below /= 2;
      this.#kept = this.#kept.filter((k) => k.at < this.#below);
    }
  }

  observations(): readonly Observation[] {
    return this.#kept.map((k) => k.seen);
  }

  get leftOut(): number {
    return this.#count - this.#kept.length;
  }
}

/** Mixes a name into 32 bits (murmur3's last step over FNV-1a, upside down: not the hash that divides clients for scoring). */
function hashOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = text.length - 1; i >= 0; i--) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Reads observations; `siteColumns` are the names under which the site may stand. Plain, gzip or bzip2. */
export function readObservations(
  file: string,
  siteColumns: readonly string[] = ['site', 'pop', 'metro'],
  bytes: Uint8Array = bytesOf(file, MOST_BYTES),
): Observations {
  const sample = new Sample();
  let nameless = 0;
  let unanswered = 0;
  const table = new CsvTable(
    {
      site: { names: siteColumns, needed: true },
      asn: { names: ['asn', 'as'] },
      cc: { names: ['cc', 'country'] },
      prefix: { names: ['prefix', 'client'] },
      probe: { names: ['probe', 'id'] },
      lat: { names: ['probelat', 'lat', 'latitude'] },
      lon: { names: ['probelon', 'lon', 'longitude'] },
    },
    (row) => {
      if (row.site === '') {
        unanswered++;
        return undefined;
      }
      const asn = row.asn === '' ? undefined : parseAsn(row.asn);
      if (row.asn !== '' && asn === undefined) return 'an AS number';
      if (row.cc !== '' && !/^[A-Za-z]{2}$/.test(row.cc)) return 'a country in two letters';
      const [lat, lon] = [Number(row.lat), Number(row.lon)];
      const placed = row.lat !== '' && row.lon !== '';
      if (placed && !(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return 'degrees north and east';
      if (asn === undefined && row.cc === '' && !placed) return 'an AS number, a country or coordinates';
      const name = row.probe || row.prefix;
      const id = name || `AS${row.asn} ${row.cc} ${row.lat} ${row.lon}`;
      const at = placed ? { lat, lon } : undefined;
      // Of those without a name many are in one network and country: were they one client, all would be taken or none.
      sample.add(
        { id, asn, cc: row.cc.toUpperCase(), at, prefix: prefixOf(row.prefix), site: row.site },
        name || `${id} ${nameless++}`,
      );
      return undefined;
    },
  );
  table.push(bytes);
  const reading = table.end();
  const complaints = formatTroubles(file, reading);
  const observations = sample.observations();
  if (observations.length === 0)
    throw new Failure([`${file} has no observation in it`, ...complaints].join('\n'));
  return { observations, complaints, unanswered, leftOut: sample.leftOut };
}

/** The prefix in a text, or of the address in it; undefined for whatever else somebody calls a client. */
export function prefixOf(text: string): Prefix | undefined {
  const address = parseAddress(text);
  return address ? hostPrefix(address) : parsePrefix(text);
}

/** Reads where an attack comes from: CSV with the columns asn and weight. Plain, gzip or bzip2. */
export function readSources(file: string): {
  readonly weights: ReadonlyMap<number, number>;
  readonly complaints: readonly string[];
} {
  const weights = new Map<number, number>();
  const table = new CsvTable(
    { asn: { names: ['asn', 'as'], needed: true }, weight: { names: ['weight', 'share'], needed: true } },
    (row) => {
      const asn = parseAsn(row.asn);
      const weight = row.weight === '' ? Number.NaN : Number(row.weight);
      if (asn === undefined || !Number.isFinite(weight) || weight < 0)
        return 'an AS number and a weight that is not negative';
      weights.set(asn, (weights.get(asn) ?? 0) + weight);
      return undefined;
    },
  );
  table.push(bytesOf(file, MOST_BYTES));
  const complaints = formatTroubles(file, table.end());
  if (weights.size === 0) throw new Failure([`${file} has no source in it`, ...complaints].join('\n'));
  return { weights, complaints };
}

/** A file may come to this much unless told otherwise: a few kilobytes can be made that unpack to more than any memory. */
const MOST_UNPACKED = 1024 * 1024 * 1024;
/** A file of observations, probes or sources: some four million lines. As JSON that is a gigabyte of memory. */
export const MOST_BYTES = 256 * 1024 * 1024;
/** The most objects in a JSON document: each takes memory, however few letters it has. */
const MOST_OBJECTS = 10_000_000;

/**
 * A file whole, unpacked where it is gzip or bzip2. Throws a {@link Failure} when it cannot be read, or has or unpacks to more than
 * `most` bytes.
 */
export function bytesOf(file: string, most = MOST_UNPACKED): Uint8Array {
  try {
    if (existsSync(file) && statSync(file).size > most)
      throw new Failure(`${file} has more than ${most} bytes; no more are read`);
    const bytes = readWhole(file);
    if (isBzip2(bytes)) return unpacked(file, bytes, most);
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: most }) : bytes;
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (error instanceof BadBzip2) throw new Failure(`${file} is cut or damaged: ${error.message}`);
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new Failure(`${file} unpacks to more than ${most} bytes`);
    throw new Failure(`cannot read ${file}: ${code}`);
  }
}

function unpacked(file: string, bytes: Uint8Array, most: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (const piece of bunzip2(bytes)) {
    size += piece.length;
    if (size > most) throw new Failure(`${file} unpacks to more than ${most} bytes`);
    pieces.push(piece.slice());
  }
  return Buffer.concat(pieces);
}

/** The text of a file of JSON. Throws a {@link Failure} when it would take more memory than such files are given. */
export function jsonText(file: string, bytes: Uint8Array = bytesOf(file, MOST_BYTES)): string {
  if (bytes.length > MOST_BYTES)
    throw new Failure(`${file} has more than ${MOST_BYTES} bytes; no more are read`);
  let objects = 0;
  for (const byte of bytes) if (byte === 0x7b || byte === 0x5b) objects++;
  if (objects > MOST_OBJECTS)
    throw new Failure(`${file} has more than ${MOST_OBJECTS} objects and lists in it; no more are read`);
  return unmarked(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
}

export interface Scored extends Score {
  readonly rule: string;
}

/** Scores every rule's guesses. */
export function scoresOf(
  prediction: Prediction,
  guesses: Iterable<readonly [string, readonly Guess[]]>,
): readonly Scored[] {
  return Array.from(guesses, ([rule, g]) => ({ rule, ...scoreOf(prediction, g) }));
}

const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
/** A rate with its bounds, for people. */
export const rate = (r: Score['exact']) =>
  `${percent(r.rate)} (${(100 * r.low).toFixed(0)}–${(100 * r.high).toFixed(0)})`;

const SCORES: readonly Column<Scored>[] = [
  { title: 'RULE', text: (s) => s.rule },
  { title: 'EXACT', align: 'right', text: (s) => rate(s.exact) },
  { title: 'WITHIN 500 KM', align: 'right', text: (s) => rate(s.near) },
  { title: 'BRIER', align: 'right', text: (s) => s.brier.toFixed(3) },
];

const RELIABILITY: readonly Column<Score['reliability'][number]>[] = [
  { title: 'SAYS', text: (b) => `${Math.round(100 * b.from)}–${Math.round(100 * b.to)} %` },
  { title: 'CLIENTS', align: 'right', text: (b) => String(b.count) },
  { title: 'MEAN', align: 'right', text: (b) => percent(b.said) },
  { title: 'IS RIGHT', align: 'right', text: (b) => rate(b.right) },
];

/** The score table, and the reliability of the last rule in it. */
export function scoreText(scores: readonly Scored[], colour: boolean): string {
  const last = scores.at(-1);
  const lines = [formatTable(SCORES, scores, colour)];
  if (last)
    lines.push(
      `${last.count} clients; in brackets the bounds of the rate, 95 of 100 times. Brier: 0 perfect, 2 sure and wrong.`,
      `How often is '${last.rule}' right when it says so?`,
      formatTable(RELIABILITY, last.reliability, colour),
    );
  return `${lines.join('\n')}\n`;
}
