/**
 * All that prediction knows of the internet as one value: the graph, the places, where each AS is, what it weighs, and what
 * it is called. Everything is indexed by the graph's AS index; everything long is a typed array.
 */
import { type Asn, fromUtf8, toUtf8 } from '../base/index.ts';
import type { AsInfo } from './as-info.ts';
import { CITIES } from './city.ts';
import type { Graph } from './graph.ts';
import { distanceKm, type LatLon, type Place } from './place.ts';

/** What the weights count. */
export type WeightUnit = 'users' | 'slash24s' | 'networks';

/** The places of AS `i` are `places[offsets[i] … offsets[i + 1])`, ascending indexes into the world's places. None: unknown. */
export interface Presence {
  readonly offsets: Uint32Array;
  readonly places: Uint16Array;
}

/** Many short texts in one array: text `i` is the UTF-8 in `bytes[offsets[i] … offsets[i + 1])`. */
export interface Texts {
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
}

export interface World {
  readonly graph: Graph;
  readonly places: readonly Place[];
  readonly presence: Presence;
  /** How much of the clients sits in each AS, in `weightUnit`. */
  readonly weights: Float32Array;
  readonly weightUnit: WeightUnit;
  /** Country of each AS as two letters in 16 bits; 0 when unknown. */
  readonly countries: Uint16Array;
  readonly names: Texts;
  /** What it was made of, for people: file names and dates. */
  readonly source: string;
}

/** The most places a world may have. */
export const MOST_PLACES = 0xffff;

export interface WorldParts {
  readonly graph: Graph;
  /** Tables of what is known of ASes; where several know a thing, the first counts. */
  readonly infos?: readonly ReadonlyMap<Asn, AsInfo>[];
  /** Cities an AS is present in, as indexes of `cities`. */
  readonly presence?: ReadonlyMap<Asn, readonly number[]>;
  /** /24s per AS, where no table has them. */
  readonly slash24s?: ReadonlyMap<Asn, number>;
  /** The built-in cities unless given. */
  readonly cities?: readonly Place[];
  readonly source?: string;
}

/**
 * Puts a world together from what there is. Weights are users when at least a tenth of the ASes have some (an AS without
 * counts as none), else /24s (an AS without counts as none), else every AS weighs one. An AS that no table places in
 * cities gets one place at its coordinates, shared by all ASes with the same ones; without coordinates it has no place.
 */
export function assembleWorld(parts: WorldParts): World {
  const { graph } = parts;
  const n = graph.asns.length;
  const places: Place[] = [...(parts.cities ?? CITIES)];
  const points = new Map<string, number>();
  const known = (asn: Asn) => (parts.infos ?? []).map((t) => t.get(asn)).filter((i) => i !== undefined);
  const offsets = new Uint32Array(n + 1);
  const present: number[] = [];
  const names: string[] = [];
  const countries = new Uint16Array(n);
  const users = new Float32Array(n);
  const slash24s = new Float32Array(n);
  let withUsers = 0;
  let withSlash24s = 0;
  for (let i = 0; i < n; i++) {
    const asn = graph.asns[i] as number;
    const infos = known(asn);
    names.push(infos.find((info) => info.name !== '')?.name ?? '');
    const cc = infos.find((info) => info.cc !== '')?.cc ?? '';
    countries[i] = packCountry(cc);
    users[i] = infos.find((info) => info.users !== undefined)?.users ?? 0;
    slash24s[i] = infos.find((info) => info.slash24 !== undefined)?.slash24 ?? parts.slash24s?.get(asn) ?? 0;
    if ((users[i] as number) > 0) withUsers++;
    if ((slash24s[i] as number) > 0) withSlash24s++;
    offsets[i] = present.length;
    const cities = parts.presence?.get(asn);
    const at = infos.find((info) => info.at !== undefined)?.at;
    if (cities !== undefined && cities.length > 0) present.push(...cities);
    else if (at !== undefined) {
      const key = `${at.lat},${at.lon}`;
      let place = points.get(key);
      if (place === undefined && places.length < MOST_PLACES) {
        place = places.length;
        places.push({ name: cc === '' ? key : `the middle of ${cc}`, cc, code: '', population: 0, ...at });
        points.set(key, place);
      }
      if (place !== undefined) present.push(place);
    }
  }
  offsets[n] = present.length;
  const weightUnit = withUsers * 10 > n ? 'users' : withSlash24s * 10 > n ? 'slash24s' : 'networks';
  return {
    graph,
    places,
    presence: { offsets, places: Uint16Array.from(present) },
    weights:
      weightUnit === 'users' ? users : weightUnit === 'slash24s' ? slash24s : new Float32Array(n).fill(1),
    weightUnit,
    countries,
    names: packTexts(names),
    source: parts.source ?? '',
  };
}

/** The indexes of the places of an AS, as a view. */
export function placesOf(world: World, index: number): Uint16Array {
  const { offsets, places } = world.presence;
  return places.subarray(offsets[index] as number, offsets[index + 1] as number);
}

/** The name of an AS; empty when unknown. */
export function nameOf(world: World, index: number): string {
  return textAt(world.names, index);
}

/** The country of an AS, two letters; empty when unknown. */
export function countryOf(world: World, index: number): string {
  return unpackCountry(world.countries[index] as number);
}

export function packCountry(cc: string): number {
  return /^[A-Z]{2}$/.test(cc) ? (cc.charCodeAt(0) << 8) | cc.charCodeAt(1) : 0;
}

export function unpackCountry(packed: number): string {
  return packed === 0 ? '' : String.fromCharCode(packed >> 8, packed & 255);
}

export function packTexts(texts: readonly string[]): Texts {
  const parts = texts.map(toUtf8);
  const offsets = new Uint32Array(texts.length + 1);
  for (const [i, part] of parts.entries()) offsets[i + 1] = (offsets[i] as number) + part.length;
  const bytes = new Uint8Array(offsets[texts.length] as number);
  for (const [i, part] of parts.entries()) bytes.set(part, offsets[i]);
  return { offsets, bytes };
}

export function textAt(texts: Texts, index: number): string {
  return fromUtf8(texts.bytes.subarray(texts.offsets[index], texts.offsets[index + 1])) ?? '';
}

/**
 * Where traffic that is at place `from` inside AS `a` is handed to its neighbour `b`: of the cities where both are, the one
 * nearest to `from`; when they share none, the city of `b` nearest to `from`. Undefined when nothing is known of `b`.
 */
export function handover(world: World, a: number, b: number, from: LatLon): number | undefined {
  const mine = placesOf(world, a);
  let best: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  let bestIsShared = false;
  for (const place of placesOf(world, b)) {
    const shared = mine.includes(place);
    if (bestIsShared && !shared) continue;
    const km = distanceKm(world.places[place] as Place, from);
    if (km < least || (shared && !bestIsShared)) [best, least, bestIsShared] = [place, km, shared];
  }
  return best;
}

/**
 * The kilometres traffic covers along a path of AS indexes, from a place in the first to a place beyond the last: from
 * handover to handover. Where an AS has no known place the way goes straight on to the next.
 */
export function walkKm(world: World, path: readonly number[], from: LatLon, to: LatLon): number {
  let at = from;
  let km = 0;
  for (let i = 0; i + 1 < path.length; i++) {
    const place = handover(world, path[i] as number, path[i + 1] as number, at);
    if (place === undefined) continue;
    const next = world.places[place] as Place;
    km += distanceKm(at, next);
    at = next;
  }
  return km + distanceKm(at, to);
}
