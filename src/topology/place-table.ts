/** Lists of cities and airports that a user brings: CSV with a name, latitude and longitude, and what else is known. */
import type { ChunkReader } from './as-info.ts';
import { numberIn } from './csv.ts';
import { CsvTable } from './csv-table.ts';
import type { Reading } from './lines.ts';
import type { Place } from './place.ts';

export interface PlaceList {
  readonly places: readonly Place[];
  readonly reading: Reading;
}

/** Columns: `city` or `name`, `lat`, `lon`; and, where known, `cc`, `iata` or `code`, `population`. */
export function placeReader(): ChunkReader<PlaceList> {
  const places: Place[] = [];
  const table = new CsvTable(
    {
      name: { names: ['city', 'name', 'town', 'asciiname'], needed: true },
      lat: { names: ['lat', 'latitude'], needed: true },
      lon: { names: ['lon', 'lng', 'longitude'], needed: true },
      cc: { names: ['cc', 'country', 'countrycode', 'iso2'] },
      code: { names: ['iata', 'code', 'metro'] },
      population: { names: ['population', 'pop'] },
    },
    (row) => {
      const [lat, lon] = [numberIn(row.lat), numberIn(row.lon)];
      if (lat === undefined || lon === undefined || Math.abs(lat) > 90 || Math.abs(lon) > 180)
        return 'a latitude of at most 90 and a longitude of at most 180 degrees';
      if (row.name === '' && row.code === '') return 'a name';
      places.push({
        name: row.name || row.code,
        cc: row.cc.toUpperCase(),
        code: row.code.toLowerCase(),
        lat,
        lon,
        population: Math.max(0, numberIn(row.population) ?? 0),
      });
      return undefined;
    },
  );
  return { push: (chunk) => table.push(chunk), end: () => ({ reading: table.end(), places }) };
}
