/**
 * PeeringDB's dumps: where facilities and exchanges are, and which AS has a port or a cage there. Takes one document of the API
 * (`{ "data": [ … ] }`), or the nightly dump with all tables (`{ "fac": { "data": […] }, … }`).
 */
import type { Asn } from '../base/index.ts';
import { jsonRows } from './as-info.ts';
import { Ledger, type Reading } from './lines.ts';
import { distanceKm, findPlace, type Place } from './place.ts';

/** The tables that are read. */
export type PeeringDbTable = 'fac' | 'ix' | 'netfac' | 'netixlan' | 'ixfac';

export interface Site {
  readonly id: number;
  readonly name: string;
  readonly city: string;
  readonly cc: string;
  readonly at?: { readonly lat: number; readonly lon: number };
}

export interface PeeringDb {
  readonly facilities: ReadonlyMap<number, Site>;
  readonly exchanges: ReadonlyMap<number, Site>;
  /** Facilities an AS is in. */
  readonly inFacility: ReadonlyMap<Asn, ReadonlySet<number>>;
  /** Exchanges an AS has a port at. */
  readonly atExchange: ReadonlyMap<Asn, ReadonlySet<number>>;
  /** Facilities an exchange has switches in. */
  readonly facilitiesOf: ReadonlyMap<number, ReadonlySet<number>>;
  readonly readings: { readonly [table in PeeringDbTable]?: Reading };
}

/** Reads the tables that are given; each is the text of a JSON document. A nightly dump may be given as every table. */
export function readPeeringDb(tables: { readonly [table in PeeringDbTable]?: string }): PeeringDb {
  const readings: { [table in PeeringDbTable]?: Reading } = {};
  const rows = (
    table: PeeringDbTable,
    take: (row: { readonly [key: string]: unknown }) => string | undefined,
  ) => {
    const text = tables[table];
    if (text === undefined) return;
    const ledger = new Ledger();
    for (const [number, row] of jsonRows(text, [table, 'data'], ledger)) {
      if (row['status'] !== undefined && row['status'] !== 'ok') continue;
      const complaint = take(row);
      if (complaint !== undefined) ledger.skip(number, JSON.stringify(row), complaint);
    }
    readings[table] = ledger.reading();
  };
  const facilities = new Map<number, Site>();
  const exchanges = new Map<number, Site>();
  const inFacility = new Map<Asn, Set<number>>();
  const atExchange = new Map<Asn, Set<number>>();
  const facilitiesOf = new Map<number, Set<number>>();
  rows('fac', (row) => addSite(facilities, row));
  rows('ix', (row) => addSite(exchanges, row));
  rows('netfac', (row) => addPair(inFacility, row['local_asn'] ?? row['asn'], row['fac_id']));
  rows('netixlan', (row) => addPair(atExchange, row['asn'], row['ix_id']));
  rows('ixfac', (row) => addPair(facilitiesOf, row['ix_id'], row['fac_id']));
  return { facilities, exchanges, inFacility, atExchange, facilitiesOf, readings };
}

function addSite(sites: Map<number, Site>, row: { readonly [key: string]: unknown }): string | undefined {
  const { id, name, city, country, latitude, longitude } = row;
  if (!isId(id)) return 'a whole number as id';
  const located = typeof latitude === 'number' && typeof longitude === 'number';
  const word = (value: unknown) => (typeof value === 'string' ? value : '');
  sites.set(id, {
    id,
    name: word(name),
    city: word(city),
    cc: word(country).toUpperCase(),
    ...(located ? { at: { lat: latitude, lon: longitude } } : {}),
  });
  return undefined;
}

function addPair(pairs: Map<number, Set<number>>, from: unknown, to: unknown): string | undefined {
  if (!isId(from) || !isId(to)) return 'whole numbers for the AS or exchange and for the place';
  let set = pairs.get(from);
  if (set === undefined) pairs.set(from, (set = new Set()));
  set.add(to);
  return undefined;
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Facilities within this distance of a known city belong to it. */
const METRO_KM = 80;

/**
 * The cities each AS is present in, as indexes of `cities`: those of its facilities (by coordinates, else by name) and of its
 * exchanges (by name, else by the exchange's facilities). What fits no city is left out and counted.
 */
export function presenceFrom(
  db: PeeringDb,
  cities: readonly Place[],
): { at: Map<Asn, number[]>; unplaced: number } {
  const numbers = new Map(cities.map((city, i) => [city, i]));
  const cityOf = (site: Site): number | undefined => {
    if (site.at) {
      let best: number | undefined;
      let least = METRO_KM;
      for (const [i, city] of cities.entries()) {
        if (Math.abs(city.lat - site.at.lat) > 1) continue;
        const km = distanceKm(city, site.at);
        if (km <= least) [best, least] = [i, km];
      }
      if (best !== undefined) return best;
    }
    if (site.city === '') return undefined;
    const found = findPlace(site.cc === '' ? site.city : `${site.city}, ${site.cc}`, cities);
    return found && numbers.get(found);
  };
  let unplaced = 0;
  const facility = new Map<number, number>();
  for (const [id, site] of db.facilities) {
    const city = cityOf(site);
    if (city === undefined) unplaced++;
    else facility.set(id, city);
  }
  const exchange = new Map<number, number>();
  for (const [id, site] of db.exchanges) {
    const viaFacility = [...(db.facilitiesOf.get(id) ?? [])]
      .map((f) => facility.get(f))
      .find((c) => c !== undefined);
    const city = cityOf(site) ?? viaFacility;
    if (city === undefined) unplaced++;
    else exchange.set(id, city);
  }
  const at = new Map<Asn, Set<number>>();
  const add = (asn: Asn, city: number | undefined) => {
    if (city === undefined) return;
    const set = at.get(asn) ?? new Set<number>();
    at.set(asn, set.add(city));
  };
  for (const [asn, ids] of db.inFacility) for (const id of ids) add(asn, facility.get(id));
  for (const [asn, ids] of db.atExchange) for (const id of ids) add(asn, exchange.get(id));
  return { at: new Map([...at].map(([asn, set]) => [asn, [...set].sort((a, b) => a - b)])), unplaced };
}
