/**
 * RIPE Atlas results of DNS measurements that ask a site for its name (`id.server` or `hostname.bind` in class CHAOS, or NSID), as
 * the Atlas API gives them: one JSON array, or one object a line. Who the probes are comes from a second file or stands in the same.
 */
import { decode } from 'dns-packet';
import { type Asn, parseAsn } from '../base/index.ts';
import type { Observation } from '../predict/index.ts';
import { unmarked } from '../topology/index.ts';
import { Failure } from './failure.ts';
import { prefixOf } from './observations.ts';
import { printable } from './table.ts';

/** What is known of a probe. */
export interface Probe {
  readonly asn: Asn | undefined;
  readonly asn6: Asn | undefined;
  readonly cc: string;
  readonly at: { readonly lat: number; readonly lon: number } | undefined;
}

export interface AtlasReading {
  readonly observations: readonly Observation[];
  /** What could not be used, as sentences; at most some, and how many more. */
  readonly complaints: readonly string[];
  readonly unanswered: number;
}

/** Entries of which the first are complained of one by one. */
const MOST_COMPLAINTS = 20;
const MOST_ENTRIES = 5_000_000;

/** True for what looks like JSON, with the mark of an editor before it or without: Atlas' API gives nothing else. */
export function looksLikeJson(bytes: Uint8Array): boolean {
  const [a, b, c] = bytes;
  const marked = a === 0xef && b === 0xbb && c === 0xbf;
  const first = (marked ? bytes.subarray(3) : bytes).find((byte) => byte > 0x20);
  return first === 0x5b || first === 0x7b;
}

/** Reads results. `nameOf` turns a server's identity into the name of a site. The last answer of each probe counts. */
export function readAtlas(
  file: string,
  text: string,
  probes: ReadonlyMap<number, Probe> | undefined,
  nameOf: (identity: string) => string,
): AtlasReading {
  const { entries, complaints: torn, probes: inside } = entriesOf(file, text);
  const known = probes ?? inside;
  const complaints = new Complaints(torn);
  const last = new Map<string, { readonly when: number; readonly seen: Observation }>();
  let [unanswered, strangers] = [0, 0];
  for (const [where, entry] of entries) {
    const say = (what: string) => complaints.add(`${file}: ${where}: ${what}`);
    if (typeof entry !== 'object' || entry === null) {
      say('expected a result, an object');
      continue;
    }
    const r = entry as { readonly [key: string]: unknown };
    const id = r['prb_id'];
    if (typeof id !== 'number' || !Number.isInteger(id)) {
      say('expected the number of a probe in prb_id');
      continue;
    }
    if (r['type'] !== undefined && r['type'] !== 'dns') {
      const { type } = r;
      say(
        `expected a result of type dns, not ${typeof type === 'string' ? `'${printable(type)}'` : typeof type}`,
      );
      continue;
    }
    const probe = known?.get(id);
    if (!probe) {
      strangers++;
      continue;
    }
    const answers = answersIn(r);
    if (answers.length === 0) {
      unanswered++;
      continue;
    }
    for (const answer of answers) {
      let identity: string | undefined;
      try {
        identity = identityIn(answer);
      } catch (error) {
        say(`the answer cannot be read: ${(error as Error).message}`);
        continue;
      }
      if (identity === undefined) {
        unanswered++;
        continue;
      }
      const six = r['af'] === 6;
      const when = typeof r['timestamp'] === 'number' ? r['timestamp'] : 0;
      const before = last.get(String(id));
      if (before && before.when > when) continue;
      const asn = six ? (probe.asn6 ?? probe.asn) : (probe.asn ?? probe.asn6);
      last.set(String(id), {
        when,
        seen: {
          id: String(id),
          asn,
          cc: probe.cc,
          at: probe.at,
          prefix: typeof r['from'] === 'string' ? prefixOf(r['from']) : undefined,
          site: nameOf(identity),
        },
      });
    }
  }
  if (strangers > 0)
    complaints.add(
      `${file}: ${strangers} results are of probes of which nothing is known; --probes names a file that does`,
    );
  return { observations: [...last.values()].map((x) => x.seen), complaints: complaints.all(), unanswered };
}

/** Reads who the probes are: an answer of Atlas' API (`results`) or its daily archive (`objects`), or lines of either. */
export function readProbes(
  file: string,
  text: string,
): { readonly probes: ReadonlyMap<number, Probe>; readonly complaints: readonly string[] } {
  const { entries, complaints: torn } = entriesOf(file, text);
  const complaints = new Complaints(torn);
  const probes = new Map<number, Probe>();
  for (const [where, entry] of entries) {
    const found = probeFrom(entry);
    if (found) probes.set(found[0], found[1]);
    else complaints.add(`${file}: ${where}: expected a probe with id, and asn_v4, country_code or a place`);
  }
  if (probes.size === 0) throw new Failure([`${file} has no probe in it`, ...complaints.all()].join('\n'));
  return { probes, complaints: complaints.all() };
}

function probeFrom(entry: unknown): [number, Probe] | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const p = entry as { readonly [key: string]: unknown };
  const { id } = p;
  if (typeof id !== 'number' || !Number.isInteger(id)) return undefined;
  const number = (x: unknown) =>
    typeof x === 'number' || typeof x === 'string' ? parseAsn(String(x)) : undefined;
  const coordinates = (p['geometry'] as { coordinates?: unknown } | null | undefined)?.coordinates;
  const [lon, lat] = Array.isArray(coordinates) ? coordinates : [p['longitude'], p['latitude']];
  const placed =
    typeof lat === 'number' && typeof lon === 'number' && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
  const cc =
    typeof p['country_code'] === 'string' && /^[A-Za-z]{2}$/.test(p['country_code'])
      ? p['country_code'].toUpperCase()
      : '';
  const [asn, asn6] = [number(p['asn_v4']), number(p['asn_v6'])];
  if (asn === undefined && asn6 === undefined && cc === '' && !placed) return undefined;
  return [id, { asn, asn6, cc, at: placed ? { lat, lon } : undefined }];
}

/** The entries of a document or of lines, each with where it stands. */
function entriesOf(file: string, marked: string) {
  const text = unmarked(marked);
  const complaints: string[] = [];
  const entries: [string, unknown][] = [];
  let probes: ReadonlyMap<number, Probe> | undefined;
  const add = (where: (i: number) => string, list: readonly unknown[]) => {
    for (const [i, entry] of list.entries()) entries.push([where(i), entry]);
  };
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch (error) {
    if (!text.trimStart().startsWith('{'))
      throw new Failure(`${file} is cut or no JSON: ${printable((error as Error).message)}`);
    for (const [i, line] of text.split('\n').entries()) {
      if (line.trim() === '') continue;
      try {
        entries.push([`line ${i + 1}`, JSON.parse(line)]);
      } catch {
        complaints.push(`${file}:${i + 1}: expected a JSON object; skipped`);
      }
    }
  }
  if (Array.isArray(whole)) add((i) => `entry ${i + 1}`, whole);
  else if (typeof whole === 'object' && whole !== null) {
    const o = whole as { readonly [key: string]: unknown };
    const list = o['results'] ?? o['objects'];
    add((i) => `entry ${i + 1}`, Array.isArray(list) ? list : [whole]);
    if (Array.isArray(o['probes']))
      probes = new Map(o['probes'].map(probeFrom).filter((p) => p !== undefined));
  }
  if (entries.length > MOST_ENTRIES)
    throw new Failure(`${file} has ${entries.length} entries; at most ${MOST_ENTRIES} are read`);
  return { entries, complaints, probes };
}

/** The answers of a result: one, or those of a set that the probe's resolvers gave. */
function answersIn(r: { readonly [key: string]: unknown }): readonly { readonly [key: string]: unknown }[] {
  const sets = Array.isArray(r['resultset']) ? (r['resultset'] as unknown[]) : [r];
  return sets.flatMap((s) => {
    const result = (s as { result?: unknown } | null)?.result;
    return typeof result === 'object' && result !== null
      ? [result as { readonly [key: string]: unknown }]
      : [];
  });
}

/** The identity in an answer: the text that was decoded already, else the first text or the NSID in the packet. Throws on a torn packet. */
function identityIn(answer: { readonly [key: string]: unknown }): string | undefined {
  const { answers, abuf } = answer;
  if (Array.isArray(answers))
    for (const a of answers as readonly { readonly TYPE?: unknown; readonly RDATA?: unknown }[]) {
      const data = Array.isArray(a?.RDATA) ? a.RDATA[0] : a?.RDATA;
      if (a?.TYPE === 'TXT' && typeof data === 'string' && data !== '') return data;
    }
  if (typeof abuf !== 'string' || abuf === '') return undefined;
  const packet = decode(Buffer.from(abuf, 'base64'));
  for (const a of packet.answers ?? [])
    if (a.type === 'TXT') {
      const parts = (Array.isArray(a.data) ? a.data : [a.data]).map(String);
      if (parts.join('') !== '') return parts.join('');
    }
  for (const a of packet.additionals ?? [])
    if (a.type === 'OPT')
      // NSID (RFC 5001).
      for (const option of a.options as readonly { readonly code: number; readonly data?: Uint8Array }[])
        if (option.code === 3 && option.data && option.data.length > 0)
          return Buffer.from(option.data).toString('utf8');
  return undefined;
}

/**
 * Names a site from a server's identity: the identity itself when it is a site's name, else the one site whose name is a word
 * of it, digits at the end left out (`fra1.ns.example`, `res100.ams.rrdns`). With a pattern its first group is the word. What
 * names no site stays as it is.
 */
export function siteNamer(
  sites: readonly string[],
  pattern: RegExp | undefined,
): (identity: string) => string {
  const known = new Map(sites.map((s) => [s.toLowerCase(), s]));
  return (identity) => {
    const text = identity.toLowerCase();
    const own = pattern ? pattern.exec(identity)?.[1]?.toLowerCase() : undefined;
    if (pattern) return own === undefined ? identity : (known.get(own) ?? own);
    const whole = known.get(text);
    if (whole) return whole;
    const words = new Set(
      text.split(/[^\p{L}\p{N}]+/u).flatMap((w) => known.get(w) ?? known.get(w.replace(/\d+$/, '')) ?? []),
    );
    return words.size === 1 ? ([...words][0] as string) : identity;
  };
}

class Complaints {
  readonly #said: string[];
  #more = 0;

  constructor(said: readonly string[]) {
    this.#said = [];
    for (const s of said) this.add(s);
  }

  add(what: string): void {
    if (this.#said.length < MOST_COMPLAINTS) this.#said.push(what);
    else this.#more++;
  }

  all(): readonly string[] {
    return this.#more > 0 ? [...this.#said, `and ${this.#more} more that could not be used`] : this.#said;
  }
}
