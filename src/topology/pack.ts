/**
 * A world as one file that opens without parsing: a header, a table of sections, and the typed arrays as they lie in memory.
 *
 *     bytes 0–7    "NCWORLD" and a line feed
 *     bytes 8–11   version of the format
 *     bytes 12–15  0x01020304, so that a machine of the other byte order notices
 *     bytes 16–19  length of the whole file
 *     bytes 20–23  checksum of all that follows (FNV-1a over 32-bit words)
 *     bytes 24–27  number of sections
 *     then for each section 20 bytes: name (8, padded with blanks), type, offset, number of elements
 *     then the sections, each at a multiple of eight
 */
import { fromUtf8, toUtf8 } from '../base/index.ts';
import type { Place } from './place.ts';
import { packTexts, type Texts, textAt, type WeightUnit, type World } from './world.ts';

/** A new layout or meaning of any section is a new version; there is no reading of older ones, only rebuilding. */
export const PACK_VERSION = 1;

/** Why a file was not opened, with what to do about it. */
export interface Refused {
  readonly refused: string;
}

const MAGIC = [0x4e, 0x43, 0x57, 0x4f, 0x52, 0x4c, 0x44, 0x0a];
const ORDER_MARK = 0x01020304;
const HEADER = 28;
const ENTRY = 20;
const REBUILD = 'rebuild it with `nearcast data pack`';

const TYPES = [Uint8Array, Uint16Array, Uint32Array, Float32Array, Float64Array] as const;
type Section = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;
type Sections = { readonly [name: string]: Section };

/** The file's bytes. */
export function packWorld(world: World): Uint8Array<ArrayBuffer> {
  const { graph, places, presence, names } = world;
  const placeNames = packTexts(places.flatMap((p) => [p.name, p.cc, p.code]));
  return packSections({
    asns: graph.asns,
    custOff: graph.customers.offsets,
    customer: graph.customers.neighbours,
    peerOff: graph.peers.offsets,
    peers: graph.peers.neighbours,
    provOff: graph.providers.offsets,
    provider: graph.providers.neighbours,
    presOff: presence.offsets,
    presence: presence.places,
    weights: world.weights,
    cc: world.countries,
    nameOff: names.offsets,
    names: names.bytes,
    placeXY: Float64Array.from(places.flatMap((p) => [p.lat, p.lon, p.population])),
    placeOff: placeNames.offsets,
    placeTxt: placeNames.bytes,
    about: toUtf8(JSON.stringify({ weightUnit: world.weightUnit, source: world.source })),
  });
}

/** The world in a file's bytes, its arrays being views of them; or why it was refused. The buffer must start at the file's start. */
export function openWorld(file: ArrayBuffer | SharedArrayBuffer): World | Refused {
  const sections = openSections(file);
  if (isRefused(sections)) return sections;
  const found = sections;
  const wrong: string[] = [];
  function get<T extends Section>(name: string, type: new (length: number) => T): T {
    const section = found[name];
    if (section instanceof type) return section;
    wrong.push(name);
    return new type(0);
  }
  const u32 = (name: string) => get(name, Uint32Array);
  const graph = {
    asns: u32('asns'),
    customers: { offsets: u32('custOff'), neighbours: u32('customer') },
    peers: { offsets: u32('peerOff'), neighbours: u32('peers') },
    providers: { offsets: u32('provOff'), neighbours: u32('provider') },
  };
  const presence = { offsets: u32('presOff'), places: get('presence', Uint16Array) };
  const weights = get('weights', Float32Array);
  const countries = get('cc', Uint16Array);
  const names = { offsets: u32('nameOff'), bytes: get('names', Uint8Array) };
  const about = aboutOf(get('about', Uint8Array));
  const texts = { offsets: u32('placeOff'), bytes: get('placeTxt', Uint8Array) };
  const places = placesIn(get('placeXY', Float64Array), texts);
  const n = graph.asns.length;
  const each = [graph.customers, graph.peers, graph.providers, presence, names];
  if (each.some((list) => list.offsets.length !== n + 1) || weights.length !== n || countries.length !== n)
    wrong.push('sections of one length');
  if (wrong.length > 0 || !about)
    return { refused: `the file lacks ${wrong.join(', ') || 'about'}; ${REBUILD}` };
  return { graph, places, presence, weights, countries, names, ...about };
}

function isRefused(opened: Sections | Refused): opened is Refused {
  return typeof (opened as Refused).refused === 'string';
}

function placesIn(xy: Float64Array, texts: Texts): Place[] {
  const count = Math.min(xy.length / 3, (texts.offsets.length - 1) / 3);
  return Array.from({ length: Math.max(0, count) }, (_, i) => ({
    name: textAt(texts, 3 * i),
    cc: textAt(texts, 3 * i + 1),
    code: textAt(texts, 3 * i + 2),
    lat: xy[3 * i] as number,
    lon: xy[3 * i + 1] as number,
    population: xy[3 * i + 2] as number,
  }));
}

function aboutOf(bytes: Uint8Array): { weightUnit: WeightUnit; source: string } | undefined {
  try {
    const about = JSON.parse(fromUtf8(bytes) ?? '') as { weightUnit: WeightUnit; source: string };
    return { weightUnit: about.weightUnit, source: about.source };
  } catch {
    return undefined;
  }
}

function packSections(sections: Sections): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(sections);
  let size = HEADER + ENTRY * entries.length;
  const offsets = entries.map(([, array]) => {
    const at = align(size);
    size = at + array.byteLength;
    return at;
  });
  size = align(size);
  const file = new Uint8Array(size);
  const head = new DataView(file.buffer);
  const words = new Uint32Array(file.buffer);
  file.set(MAGIC);
  words[2] = PACK_VERSION;
  words[3] = ORDER_MARK;
  words[4] = size;
  words[6] = entries.length;
  for (const [i, [name, array]] of entries.entries()) {
    const at = HEADER + ENTRY * i;
    file.set(toUtf8(name.padEnd(8).slice(0, 8)), at);
    const type = TYPES.findIndex((t) => array instanceof t);
    for (const [k, value] of [type, offsets[i] as number, array.length].entries())
      head.setUint32(at + 8 + 4 * k, value, LITTLE);
    file.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offsets[i]);
  }
  words[5] = checksum(words);
  return file;
}

/** This machine's byte order: the file is written as memory is. */
const LITTLE = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function openSections(file: ArrayBuffer | SharedArrayBuffer): Sections | Refused {
  const bytes = new Uint8Array(file);
  if (bytes.length < HEADER || MAGIC.some((b, i) => bytes[i] !== b))
    return { refused: `this is no packed world; ${REBUILD}` };
  const head = new DataView(file);
  const word = (at: number) => head.getUint32(at, LITTLE);
  if (word(12) !== ORDER_MARK)
    return { refused: `the file was written on a machine of another byte order; ${REBUILD}` };
  if (word(8) !== PACK_VERSION)
    return {
      refused: `the file has version ${word(8)} of the format, and this is version ${PACK_VERSION}; ${REBUILD}`,
    };
  if (word(16) !== bytes.length || bytes.length % 8 !== 0)
    return {
      refused: `the file is ${bytes.length} bytes long and should be ${word(16)}: it was cut short; ${REBUILD}`,
    };
  if (word(20) !== checksum(new Uint32Array(file)))
    return { refused: `the checksum of the file is wrong: it was damaged; ${REBUILD}` };
  const count = word(24);
  const sections: { [name: string]: Section } = {};
  for (let i = 0; i < count; i++) {
    const at = HEADER + ENTRY * i;
    if (at + ENTRY > bytes.length) return { refused: `the table of sections is cut short; ${REBUILD}` };
    const Type = TYPES[word(at + 8)];
    const [offset, length] = [word(at + 12), word(at + 16)];
    if (!Type || offset % 8 !== 0 || offset + length * Type.BYTES_PER_ELEMENT > bytes.length)
      return { refused: `section ${i} lies outside the file; ${REBUILD}` };
    const name = (fromUtf8(bytes.subarray(at, at + 8)) ?? '').trimEnd();
    sections[name] = new Type(file as ArrayBuffer, offset, length);
  }
  return sections;
}

function align(at: number): number {
  return (at + 7) & ~7;
}

/** FNV-1a over the words from the seventh on, four lanes at a time so that multiplications overlap. */
function checksum(words: Uint32Array): number {
  let [a, b, c, d] = [0x811c9dc5, 0x811c9dc6, 0x811c9dc7, 0x811c9dc8];
  let i = 6;
  for (; i + 4 <= words.length; i += 4) {
    a = Math.imul(a ^ words[i]!, 0x01000193);
    b = Math.imul(b ^ words[i + 1]!, 0x01000193);
    c = Math.imul(c ^ words[i + 2]!, 0x01000193);
    d = Math.imul(d ^ words[i + 3]!, 0x01000193);
  }
  for (; i < words.length; i++) a = Math.imul(a ^ words[i]!, 0x01000193);
  for (const lane of [b, c, d]) a = Math.imul(a ^ lane, 0x01000193);
  return a >>> 0;
}
