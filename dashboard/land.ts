/**
 * Land, borders and a graticule for the map, made from `world-atlas` when the page is built: `import { land } from 'virtual:land'`.
 * Coordinates are rounded to a hundredth of a degree (about a kilometre), which no zoom level of the map can show.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { MultiPolygon, Polygon, Position } from 'geojson';
import { feature, mesh } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import type { Plugin } from 'vite';

type Atlas = Topology<{ readonly countries: GeometryCollection; readonly land: GeometryCollection }>;

const NAME = 'virtual:land';

export function landPlugin(): Plugin {
  return {
    name: 'nearcast-land',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: (id) => (id === `\0${NAME}` ? source() : undefined),
  };
}

function source(): string {
  const file = createRequire(import.meta.url).resolve('world-atlas/countries-110m.json');
  const atlas = JSON.parse(readFileSync(file, 'utf8')) as Atlas;
  const { countries, land } = atlas.objects;
  const parts = {
    land: {
      type: 'MultiPolygon',
      coordinates: polygonsOf(feature(atlas, land)).map((p) => p.map(unrolled)),
    },
    borders: mesh(atlas, countries as never, (a, b) => a !== b),
    graticule: graticule(),
  };
  return Object.entries(parts)
    .map(([name, value]) => `export const ${name} = JSON.parse(${JSON.stringify(short(value))});`)
    .join('\n');
}

type Found = ReturnType<typeof feature>;

function polygonsOf(found: Found): readonly Position[][][] {
  const features = found.type === 'FeatureCollection' ? found.features : [found];
  return features.flatMap(({ geometry }) => {
    const shape = geometry as Polygon | MultiPolygon;
    return shape.type === 'Polygon' ? [shape.coordinates] : shape.coordinates;
  });
}

/**
 * A ring that runs on beyond 180° where it crosses the date line, so that it is one piece on a flat map; MapLibre brings it
 * back. The one that goes round the pole is closed along the pole.
 */
function unrolled(ring: readonly Position[]): Position[] {
  const out: Position[] = [];
  for (const [lon, lat] of ring as [number, number][]) {
    const before = out.at(-1)?.[0] ?? lon;
    out.push([lon + 360 * Math.round((before - lon) / 360), lat]);
  }
  const [first, last] = [out[0] as Position, out.at(-1) as Position];
  if (Math.abs((first[0] as number) - (last[0] as number)) > 180)
    out.push([last[0] as number, -90], [first[0] as number, -90], first);
  return out;
}

function short(value: object): string {
  return JSON.stringify(value, (_, v) => (typeof v === 'number' ? Math.round(v * 100) / 100 : v));
}

/** Meridians and parallels every 30 degrees, as lines that bend on a globe. */
function graticule(): object {
  const lines: (readonly (readonly [number, number])[])[] = [];
  const steps = (from: number, to: number) =>
    Array.from({ length: (to - from) / 5 + 1 }, (_, i) => from + 5 * i);
  for (let lon = -180; lon < 180; lon += 30) lines.push(steps(-80, 80).map((lat) => [lon, lat] as const));
  for (let lat = -60; lat <= 60; lat += 30) lines.push(steps(-180, 180).map((lon) => [lon, lat] as const));
  return { type: 'MultiLineString', coordinates: lines };
}
