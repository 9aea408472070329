/** The places of a world as the kernel reads them. */
import { distanceKm, type LatLon, type Place, type World } from '../topology/index.ts';
import { FAR_AWAY, type Geography, type Network, NOWHERE, prepared, UNASKED } from './kernel/index.ts';

/** Places beyond this many count as unknown: the table of distances grows with the square. */
export const MOST_MEASURED = 4096;

/** With fewer cities than this, comparing them is as quick as looking into a table. The kernel fills the table as it asks. */
const FEWEST_FOR_TABLE = 4;

/** A geography and the places behind its numbers. */
export interface Terrain extends Geography {
  readonly at: readonly Place[];
}

/** Prepares the places of a world; some hundred milliseconds. */
export function terrainOf(world: World, network: Network): Terrain {
  const n = world.graph.asns.length;
  const { offsets, places: present } = world.presence;
  const at: Place[] = [];
  // The place's number here + 1, or 0. Views and lists would be some ten megabytes of garbage.
  const number = new Uint16Array(world.places.length);
  const nodeOffsets = new Uint32Array(n + 1);
  const nodes = new Uint16Array(present.length + n);
  let count = 0;
  for (let v = 0; v < n; v++) {
    nodeOffsets[v] = count;
    for (let e = offsets[v] as number; e < (offsets[v + 1] as number); e++) {
      const place = present[e] as number;
      if (number[place] === 0 && at.length < MOST_MEASURED)
        number[place] = at.push(world.places[place] as Place);
      if (number[place] !== 0) nodes[count++] = (number[place] as number) - 1;
    }
    if (count === nodeOffsets[v]) nodes[count++] = NOWHERE;
  }
  nodeOffsets[n] = count;
  const places = at.length;
  const km = new Uint16Array(places * places);
  for (let a = 0; a < places; a++)
    for (let b = 0; b < a; b++) {
      const d = Math.round(distanceKm(at[a] as LatLon, at[b] as LatLon));
      km[a * places + b] = d;
      km[b * places + a] = d;
    }
  const nodePlace = nodes.slice(0, count);
  const nearestRow = new Int32Array(n).fill(-1);
  let rows = 0;
  for (let v = 0; v < n; v++) {
    const cities = (nodeOffsets[v + 1] as number) - (nodeOffsets[v] as number);
    if (cities >= FEWEST_FOR_TABLE) nearestRow[v] = rows++;
  }
  const nearest = new Uint32Array(rows * places).fill(UNASKED);
  const geography = prepared(network, { nodeOffsets, nodePlace, places, km, nearestRow, nearest });
  return { at, ...geography };
}

/** Kilometres from every place to each of the given points, as {@link Scene} wants them; a point that is undefined is FAR_AWAY. */
export function kilometresTo(terrain: Terrain, points: readonly (LatLon | undefined)[]): Uint16Array {
  const table = new Uint16Array(points.length * terrain.places).fill(FAR_AWAY);
  const rows = new Map<LatLon, number>();
  for (const [s, point] of points.entries()) {
    if (point === undefined) continue;
    const from = s * terrain.places;
    const same = rows.get(point);
    if (same !== undefined) table.copyWithin(from, same, same + terrain.places);
    else for (const [p, at] of terrain.at.entries()) table[from + p] = Math.round(distanceKm(at, point));
    rows.set(point, from);
  }
  return table;
}
