/** The places of a world as the kernel reads them. */
import { distanceKm, type LatLon, type Place, placesOf, type World } from '../topology/index.ts';
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
  const number = new Map<number, number>();
  const at: Place[] = [];
  const nodeOffsets = new Uint32Array(n + 1);
  const nodes: number[] = [];
  for (let v = 0; v < n; v++) {
    nodeOffsets[v] = nodes.length;
    for (const place of placesOf(world, v)) {
      let k = number.get(place);
      if (k === undefined && at.length < MOST_MEASURED) {
        k = at.length;
        number.set(place, k);
        at.push(world.places[place] as Place);
      }
      if (k !== undefined) nodes.push(k);
    }
    if (nodes.length === nodeOffsets[v]) nodes.push(NOWHERE);
  }
  nodeOffsets[n] = nodes.length;
  const places = at.length;
  const km = new Uint16Array(places * places);
  for (let a = 0; a < places; a++)
    for (let b = 0; b < a; b++) {
      const d = Math.round(distanceKm(at[a] as LatLon, at[b] as LatLon));
      km[a * places + b] = d;
      km[b * places + a] = d;
    }
  const nodePlace = Uint16Array.from(nodes);
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
