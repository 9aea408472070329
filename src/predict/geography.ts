/** The places of a world as the kernel reads them. */
import { distanceKm, type LatLon, type Place, placesOf, type World } from '../topology/index.ts';
import { type Geography, NOWHERE } from './kernel/index.ts';

/** Places beyond this many count as unknown: the table of distances grows with the square. */
export const MOST_MEASURED = 4096;

/** A geography and the places behind its numbers. */
export interface Terrain extends Geography {
  readonly at: readonly LatLon[];
}

/**
 * Prepares the places of a world. Places that no AS is at are left out of the distance table unless `extra` names them; give
 * the places of sites as `extra`, their numbers are those after the world's own used places, in order.
 */
export function terrainOf(
  world: World,
  extra: readonly LatLon[] = [],
): { terrain: Terrain; extraAt: Uint16Array } {
  const n = world.graph.asns.length;
  const number = new Map<number, number>();
  const at: LatLon[] = [];
  const nodeOffsets = new Uint32Array(n + 1);
  const nodes: number[] = [];
  for (let v = 0; v < n; v++) {
    nodeOffsets[v] = nodes.length;
    for (const place of placesOf(world, v)) {
      let k = number.get(place);
      if (k === undefined && at.length + extra.length < MOST_MEASURED) {
        k = at.length;
        number.set(place, k);
        at.push(world.places[place] as Place);
      }
      if (k !== undefined) nodes.push(k);
    }
    if (nodes.length === nodeOffsets[v]) nodes.push(NOWHERE);
  }
  nodeOffsets[n] = nodes.length;
  const extraAt = Uint16Array.from(extra, (place) => {
    if (at.length >= MOST_MEASURED) return NOWHERE;
    at.push(place);
    return at.length - 1;
  });
  const places = at.length;
  const km = new Uint16Array(places * places);
  for (let a = 0; a < places; a++)
    for (let b = 0; b < a; b++) {
      const d = Math.round(distanceKm(at[a] as LatLon, at[b] as LatLon));
      km[a * places + b] = d;
      km[b * places + a] = d;
    }
  const nodePlace = Uint16Array.from(nodes);
  return {
    terrain: { at, nodeOffsets, nodePlace, places, km, ...nearestTable(nodeOffsets, nodePlace, km, places) },
    extraAt,
  };
}

function nearestTable(
  nodeOffsets: Uint32Array,
  nodePlace: Uint16Array,
  km: Uint16Array,
  places: number,
): { nearestRow: Int32Array; nearest: Uint16Array } {
  const n = nodeOffsets.length - 1;
  const nearestRow = new Int32Array(n).fill(-1);
  let rows = 0;
  for (let v = 0; v < n; v++)
    if ((nodeOffsets[v + 1] as number) - (nodeOffsets[v] as number) >= 3) nearestRow[v] = rows++;
  const nearest = new Uint16Array(rows * places);
  for (let v = 0; v < n; v++) {
    const row = nearestRow[v] as number;
    if (row < 0) continue;
    const first = nodeOffsets[v] as number;
    const cities = (nodeOffsets[v + 1] as number) - first;
    for (let p = 0; p < places; p++) {
      let best = 0;
      let least = 0x1_0000;
      for (let k = 0; k < cities; k++) {
        const d = km[p * places + (nodePlace[first + k] as number)] as number;
        if (d < least) [best, least] = [k, d];
      }
      nearest[row * places + p] = best;
    }
  }
  return { nearestRow, nearest };
}
