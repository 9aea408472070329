/**
 * Where ASes probably are, when nobody says: an AS is in the countries of its customers and peers. Without this, an AS that
 * spans continents would sit in the middle of the country where it is registered, and hot potato would mean nothing.
 */
import type { Asn } from '../base/index.ts';
import type { AsInfo } from './as-info.ts';
import { CITIES } from './city.ts';
import { type Graph, neighboursOf } from './graph.ts';
import type { Place } from './place.ts';

/** The most cities one AS is given. */
export const MOST_CITIES = 200;

/**
 * Cities for each AS whose country is known, or whose neighbours' countries are, as indexes of `cities`: the main city of its
 * own country; and in a country where it has `k` customers and peers, the first ⌈log₂(1 + k)⌉ of that country's cities in the
 * order of the list. ASes in `known` are left as they are there.
 *
 * Against a measured catchment of May 2021 (Quad9, 1,126 probes) this raised right answers of plain hot potato from 11 % with
 * registered countries alone to 35 %.
 */
export function inferPresence(
  graph: Graph,
  infos: ReadonlyMap<Asn, AsInfo>,
  known: ReadonlyMap<Asn, readonly number[]> = new Map(),
  cities: readonly Place[] = CITIES,
): Map<Asn, readonly number[]> {
  const inCountry = new Map<string, number[]>();
  for (const [i, city] of cities.entries()) {
    const list = inCountry.get(city.cc);
    if (list) list.push(i);
    else inCountry.set(city.cc, [i]);
  }
  const countries = Array.from(graph.asns, (asn) => infos.get(asn)?.cc ?? '');
  const presence = new Map<Asn, readonly number[]>();
  for (const [v, own] of countries.entries()) {
    const asn = graph.asns[v] as number;
    const given = known.get(asn);
    if (given && given.length > 0) {
      presence.set(asn, given);
      continue;
    }
    const count = new Map<string, number>();
    for (const list of [graph.customers, graph.peers])
      for (const u of neighboursOf(list, v)) {
        const cc = countries[u] as string;
        if (cc !== '') count.set(cc, (count.get(cc) ?? 0) + 1);
      }
    const found = new Set<number>((inCountry.get(own) ?? []).slice(0, 1));
    // The countries with most neighbours first, so that the limit cuts the doubtful ones.
    for (const [cc, k] of [...count].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)))
      for (const city of (inCountry.get(cc) ?? []).slice(0, Math.ceil(Math.log2(1 + k))))
        if (found.size < MOST_CITIES) found.add(city);
    if (found.size > 0)
      presence.set(
        asn,
        [...found].sort((a, b) => a - b),
      );
  }
  return presence;
}
