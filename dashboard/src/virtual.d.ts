declare module 'virtual:land' {
  import type { Feature, FeatureCollection, MultiLineString } from 'geojson';

  export const land: Feature | FeatureCollection;
  export const borders: MultiLineString;
  export const graticule: MultiLineString;
}
