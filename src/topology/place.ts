/** Places on the globe, distances between them, and what a distance costs in time. */

export interface Place {
  readonly name: string;
  /** Two letters, ISO 3166-1; empty when unknown. */
  readonly cc: string;
  /** A short lower-case name, the IATA code where there is one; empty when there is none. */
  readonly code: string;
  /** Degrees; south and west are negative. */
  readonly lat: number;
  readonly lon: number;
  /** People nearby; 0 when unknown. */
  readonly population: number;
}

/** The mean radius of the earth. */
const EARTH_KM = 6371;
const RADIANS = Math.PI / 180;

/** The great-circle distance in kilometres (haversine). */
export function distanceKm(a: LatLon, b: LatLon): number {
  const dLat = Math.sin(((b.lat - a.lat) * RADIANS) / 2);
  const dLon = Math.sin(((b.lon - a.lon) * RADIANS) / 2);
  const h = dLat * dLat + Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * dLon * dLon;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}

export interface LatLon {
  readonly lat: number;
  readonly lon: number;
}

/** Light in fibre covers about 200 km in a millisecond, one way; so 100 km of distance cost a round trip one millisecond. */
export const KM_PER_RTT_MS = 100;
/** Cables do not follow great circles; on long routes the way is some 1.5 times the distance. */
export const DETOUR = 1.5;
/** What the last mile and the servers add. */
export const ACCESS_MS = 3;
/** What each AS on the way adds: it hands over where it has a port, not on the straight line. */
const HOP_MS = 0.7;

/**
 * The estimated round-trip time in milliseconds over `km` kilometres through `hops` ASes:
 * `3 + km × 1.5 / 100 + 0.7 × hops`.
 */
export function rttMs(km: number, hops = 0): number {
  return ACCESS_MS + (km * DETOUR) / KM_PER_RTT_MS + HOP_MS * hops;
}

/** The one-way latency of a link between two places in milliseconds, never below a tenth: what emulated links take. */
export function linkLatencyMs(km: number): number {
  return Math.max(0.1, (km * DETOUR) / KM_PER_RTT_MS / 2);
}

/** The place of the list that is nearest to a point, and how far it is; undefined when the list is empty. */
export function nearestPlace<P extends LatLon>(
  places: readonly P[],
  to: LatLon,
): { place: P; km: number } | undefined {
  let best: { place: P; km: number } | undefined;
  for (const place of places) {
    const km = distanceKm(place, to);
    if (best === undefined || km < best.km) best = { place, km };
  }
  return best;
}

/**
 * Finds a place by what people write: a code (`fra`), a name (`Frankfurt`), a name and a country (`Frankfurt, DE`), or
 * coordinates (`50.1, 8.7`). Among places of one name the most populous wins. Undefined when nothing fits.
 */
export function findPlace(text: string, places: readonly Place[]): Place | undefined {
  const point = /^\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text);
  if (point) {
    const lat = Number(point[1]);
    const lon = Number(point[2]);
    if (Math.abs(lat) > 90 || Math.abs(lon) > 180) return undefined;
    return { name: text.trim(), cc: '', code: '', lat, lon, population: 0 };
  }
  const m = /^(.*?)(?:,\s*([A-Za-z]{2}))?\s*$/.exec(text);
  const wanted = plain(m?.[1] ?? text);
  const cc = m?.[2]?.toUpperCase();
  let best: Place | undefined;
  for (const place of places) {
    if (cc !== undefined && place.cc !== cc) continue;
    if (plain(place.name) !== wanted && (place.code === '' || plain(place.code) !== wanted)) continue;
    if (best === undefined || place.population > best.population) best = place;
  }
  return best;
}

/** Letters without accents, case, blanks and signs, so that `São Paulo` and `Sao-Paulo` are one. */
export function plain(name: string): string {
  return name
    .normalize('NFD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();
}
