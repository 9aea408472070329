/** What predictions on one world have in common: prepared once, shared by all. */
import { assert } from '../base/index.ts';
import type { Place, World } from '../topology/index.ts';
import { type Terrain, terrainOf } from './geography.ts';
import { type Network, NOWHERE, networkOf } from './kernel/index.ts';

export interface Ground {
  readonly world: World;
  readonly network: Network;
  readonly terrain: Terrain;
  /** The AS of each node. */
  readonly nodeAs: Uint32Array;
  /** The weight of each node: the AS's weight, divided over its cities by population. */
  readonly nodeWeight: Float32Array;
  /** The sum of all weights. */
  readonly weight: number;
  /** True when some AS has a place. */
  readonly placed: boolean;
}

/** Prepares a world: some hundred milliseconds and some ten megabytes for the whole internet. */
export function groundOf(world: World): Ground {
  const network = networkOf(world.graph);
  const terrain = terrainOf(world, network);
  const { nodeOffsets, nodePlace } = terrain;
  const n = world.graph.asns.length;
  assert(world.weights.length === n, 'a weight for every AS');
  const nodeAs = new Uint32Array(nodePlace.length);
  const nodeWeight = new Float32Array(nodePlace.length);
  let weight = 0;
  for (let v = 0; v < n; v++) {
    const from = nodeOffsets[v] as number;
    const end = nodeOffsets[v + 1] as number;
    const own = world.weights[v] as number;
    weight += own;
    let people = 0;
    for (let node = from; node < end; node++) people += populationOf(terrain, nodePlace[node] as number);
    for (let node = from; node < end; node++) {
      nodeAs[node] = v;
      nodeWeight[node] = (own * populationOf(terrain, nodePlace[node] as number)) / people;
    }
  }
  return { world, network, terrain, nodeAs, nodeWeight, weight, placed: terrain.places > 0 };
}

function populationOf(terrain: Terrain, place: number): number {
  return place === NOWHERE ? 1 : 1 + (terrain.at[place] as Place).population;
}
