declare module 'virtual:land' {
  import type { MultiLineString, MultiPolygon } from 'geojson';

  export const land: MultiPolygon;
  export const borders: MultiLineString;
  export const graticule: MultiLineString;
}
