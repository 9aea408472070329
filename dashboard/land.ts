/**
 * Land, borders and a graticule for the map, made from `world-atlas` when the page is built: `import { land } from 'virtual:land'`.
 * Coordinates are rounded to a hundredth of a degree (about a kilometre), which no zoom level of the map can show.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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
    land: feature(atlas, land),
    borders: mesh(atlas, countries as never, (a, b) => a !== b),
    graticule: graticule(),
  };
  return Object.entries(parts)
    .map(([name, value]) => `export const ${name} = JSON.parse(${JSON.stringify(short(value))});`)
    .join('\n');
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
