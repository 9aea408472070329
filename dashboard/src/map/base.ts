/** What lies under everything: sea, land, borders, a graticule. All of it is in the page; nothing is fetched. */

import { borders, graticule, land } from 'virtual:land';
import type { GeoJSONSource, Map as MapLibre, StyleSpecification } from 'maplibre-gl';
import type { MapColours } from './colours.ts';

/** The style one starts with; `projection` as MapLibre calls it. */
export function baseStyle(colours: MapColours, projection: 'globe' | 'mercator'): StyleSpecification {
  return {
    version: 8,
    projection: { type: projection },
    sources: {
      land: { type: 'geojson', data: land, tolerance: 0.2 },
      borders: { type: 'geojson', data: borders, tolerance: 0.2 },
      graticule: { type: 'geojson', data: graticule },
    },
    layers: [
      { id: 'sea', type: 'background', paint: { 'background-color': colours.sea } },
      {
        id: 'graticule',
        type: 'line',
        source: 'graticule',
        paint: { 'line-color': colours.graticule, 'line-width': 0.6 },
      },
      { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': colours.land } },
      {
        id: 'borders',
        type: 'line',
        source: 'borders',
        paint: { 'line-color': colours.border, 'line-width': 0.7 },
      },
    ],
  };
}

/** The other theme. */
export function repaintBase(map: MapLibre, colours: MapColours): void {
  map.setPaintProperty('sea', 'background-color', colours.sea);
  map.setPaintProperty('graticule', 'line-color', colours.graticule);
  map.setPaintProperty('land', 'fill-color', colours.land);
  map.setPaintProperty('borders', 'line-color', colours.border);
}

/** A source that a layer added itself. */
export function geojson(map: MapLibre, id: string): GeoJSONSource {
  return map.getSource(id) as GeoJSONSource;
}
