/** What predictions on one world have in common: prepared once, shared by all. */
import { assert } from '../base/index.ts';
import { neighboursOf, packCountry, type World } from '../topology/index.ts';
import { type Terrain, terrainOf } from './geography.ts';
import { type Network, networkOf } from './kernel/index.ts';

export interface Ground {
  readonly world: World;
  readonly network: Network;
  readonly terrain: Terrain;
  /** The AS of each node. */
  readonly nodeAs: Uint32Array;
  /** The weight of each node: the AS's weight, divided over the countries it is in (see {@link HOME}), and there by population. */
  readonly nodeWeight: Float32Array;
  /** The sum of all weights. */
  readonly weight: number;
  /** True when some AS has a place. */
  readonly placed: boolean;
}

/**
 * This part of a network's clients is in the country where it is registered, if it is there at all; the rest is divided as its
 * customers are, and all is at home when it has none elsewhere. Routers are another matter: a network peers far from where it sells.
 * Chosen by where the RIPE Atlas probes of the Quad9 sample are; 0.7 to 0.9 serve nearly as well.
 */
export const HOME = 0.8;

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
  const divide = dividerOf(world, terrain);
  for (let v = 0; v < n; v++) {
    weight += world.weights[v] as number;
    nodeAs.fill(v, nodeOffsets[v], nodeOffsets[v + 1]);
    divide(v, nodeWeight);
  }
  return { world, network, terrain, nodeAs, nodeWeight, weight, placed: terrain.places > 0 };
}

/** A function that divides the weight of an AS over its nodes. */
function dividerOf(world: World, terrain: Terrain): (v: number, nodeWeight: Float32Array) => void {
  const { countries, weights, graph } = world;
  const { nodeOffsets, nodePlace } = terrain;
  const countryAt = Uint16Array.from(terrain.at, (place) => packCountry(place.cc));
  const peopleAt = Float64Array.from(terrain.at, (place) => 1 + place.population);
  // By country: people in the network's cities there, and its customers there. All zero between calls.
  const people = new Float64Array(0x1_0000);
  const customers = new Uint32Array(0x1_0000);
  return (v, nodeWeight) => {
    const from = nodeOffsets[v] as number;
    const end = nodeOffsets[v + 1] as number;
    const own = weights[v] as number;
    if (end === from + 1) {
      nodeWeight[from] = own;
      return;
    }
    const home = countries[v] as number;
    let [everybody, sold] = [0, 0];
    for (let node = from; node < end; node++) {
      const at = nodePlace[node] as number;
      people[countryAt[at] as number]! += peopleAt[at] as number;
      everybody += peopleAt[at] as number;
    }
    for (const c of neighboursOf(graph.customers, v)) {
      const cc = countries[c] as number;
      if (cc === 0 || people[cc] === 0) continue;
      customers[cc]!++;
      sold++;
    }
    const atHome = home === 0 || people[home] === 0 ? 0 : sold > 0 ? HOME : 1;
    for (let node = from; node < end; node++) {
      const at = nodePlace[node] as number;
      const cc = countryAt[at] as number;
      const here = peopleAt[at] as number;
      // Nothing says in which country its clients are: then in all its cities alike.
      const part =
        atHome === 0 && sold === 0
          ? here / everybody
          : (((cc === home ? atHome : 0) +
              (sold > 0 ? ((1 - atHome) * (customers[cc] as number)) / sold : 0)) *
              here) /
            (people[cc] as number);
      nodeWeight[node] = own * part;
    }
    for (let node = from; node < end; node++) people[countryAt[nodePlace[node] as number] as number] = 0;
    for (const c of neighboursOf(graph.customers, v)) customers[countries[c] as number] = 0;
  };
}
