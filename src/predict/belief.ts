/** What is believed of one client before anything was measured: what its routes say, and what any map would. */
import type { Asn, Prefix } from '../base/index.ts';
import { CITIES, distanceKm, type LatLon, nearestPlace, type Place } from '../topology/index.ts';
import { cityAnswer, eachPart } from './catchment.ts';
import { nodesOfAs } from './group.ts';
import { NOWHERE } from './kernel/index.ts';
import type { Prediction } from './predict.ts';

/** A client as far as it is known. The more is known, the better the guess. */
export interface Client {
  /** Names the client: a probe's number, a prefix. Observations of one client are never learnt from to score another of it. */
  readonly id: string;
  readonly asn?: Asn | undefined;
  /** Two letters; empty when unknown. */
  readonly cc: string;
  readonly at?: LatLon | undefined;
  /** Its addresses. Only what is learnt of other clients of its network is weighed by them. */
  readonly prefix?: Prefix | undefined;
}

/**
 * How much the map weighs beside the routes: a site's weight is
 * `(part + ROUTES) × (NEAR_KM + km)^−DISTANCE × (1 + networks in its city)^HUB`, and SAME_COUNTRY times that at home.
 */
const ROUTES = 1.5;
const NEAR_KM = 100;
const DISTANCE = 1.5;
const HUB = 0.7;
const SAME_COUNTRY = 5;

/** A site nobody can place is taken to be as far as anything is on earth. */
const FARTHEST_KM = 20_015;

/** The sites' distances in kilometres from where a client is, or from the main city of its country; undefined when neither is known. */
export function kilometresFrom(prediction: Prediction, client: Client): Float64Array | undefined {
  const at = client.at ?? CITIES.find((city) => city.cc === client.cc);
  return at && distances(prediction, at);
}

/** The same, but from a country the mean over its cities, each by the root of its population: clients are in all of them. */
function meanKilometresFrom(prediction: Prediction, client: Client): Float64Array | undefined {
  if (client.at) return distances(prediction, client.at);
  const { byCountry } = mapOf(prediction);
  const known = byCountry.get(client.cc);
  if (known) return known;
  const cities = CITIES.filter((city) => city.cc === client.cc);
  if (cities.length === 0) return undefined;
  const km = new Float64Array(prediction.sites.length);
  const people = cities.reduce((sum, city) => sum + Math.sqrt(city.population), 0);
  for (const city of cities)
    for (const [k, far] of distances(prediction, city).entries())
      km[k]! += (far * Math.sqrt(city.population)) / people;
  byCountry.set(client.cc, km);
  return km;
}

function distances(prediction: Prediction, from: LatLon): Float64Array {
  return Float64Array.from(prediction.places, (place) =>
    place ? distanceKm(place, from) : Number.POSITIVE_INFINITY,
  );
}

/**
 * What the routes say of one client: its network's parts at its nearest city, else in its country, else everywhere. By the
 * prediction's sites; all zero when the network is not known or has no route.
 */
export function routedParts(prediction: Prediction, client: Client): Float64Array {
  const parts = new Float64Array(prediction.sites.length);
  const { ground } = prediction;
  const { terrain } = ground;
  const nodes = client.asn === undefined ? [] : nodesOfAs(ground, client.asn);
  if (nodes.length === 0) return parts;
  const placeAt = (node: number): Place | undefined => terrain.at[terrain.nodePlace[node] as number];
  const own = nodes.filter((node) => placeAt(node)?.cc === client.cc);
  let near = own.length > 0 ? own : nodes;
  const { at } = client;
  if (at) {
    const km = near.map((node) => {
      const place = placeAt(node);
      return place ? distanceKm(place, at) : Number.POSITIVE_INFINITY;
    });
    const best = near[km.indexOf(Math.min(...km))];
    if (best !== undefined) near = [best];
  }
  const cities = near.map((node) => cityAnswer(prediction, node));
  // Where a network is thought to have no clients, and yet is asked of one, its cities count by their people.
  const weigh = (c: (typeof cities)[number]) => c.weight || 1e-9 * (1 + (c.place?.population ?? 0));
  const whole = cities.reduce((sum, c) => sum + weigh(c), 0);
  for (const city of cities)
    for (const { site, part } of city.parts)
      parts[prediction.sites.indexOf(site)]! += (part * weigh(city)) / whole;
  return parts;
}

/**
 * What is believed of a client when nothing was observed. Sums to one. Routes alone know nothing of where inside a big network
 * a client is, and the map knows nothing of routes, so neither may rule a site out.
 */
export function believed(prediction: Prediction, client: Client): Float64Array {
  const { beliefs, pull } = mapOf(prediction);
  const key = `${client.asn ?? ''} ${client.cc} ${client.at ? `${client.at.lat} ${client.at.lon}` : ''}`;
  const before = beliefs.get(key);
  if (before) return before;
  const km = meanKilometresFrom(prediction, client);
  const belief = weighed(prediction, routedParts(prediction, client), nearness(km, pull.length), client.cc);
  if (beliefs.size < MOST_KEPT) beliefs.set(key, belief);
  return belief;
}

/**
 * The same for a client in a city of its network, `node`, by the country `cc`. Equal for all nodes of one city, one country and
 * one division of routes.
 */
export function believedAt(prediction: Prediction, node: number, cc: string): Float64Array {
  const { byPlace, pull } = mapOf(prediction);
  const { nodePlace, at } = prediction.ground.terrain;
  const p = nodePlace[node] as number;
  const place = at[p];
  const count = pull.length;
  // Nobody knows where it is: then it is in all its country.
  let near = place && byPlace.get(p);
  if (!near) {
    near = nearness(
      place ? distances(prediction, place) : meanKilometresFrom(prediction, { id: '', cc }),
      count,
    );
    if (place) byPlace.set(p, near);
  }
  const parts = new Float64Array(count);
  eachPart(prediction, node, (k, part) => {
    parts[k]! += part;
  });
  return weighed(prediction, parts, near, cc);
}

/** By site, how much its distance leaves of it. */
function nearness(km: Float64Array | undefined, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, k) => {
    const far = Math.min(FARTHEST_KM, km ? (km[k] as number) : FARTHEST_KM);
    return (NEAR_KM + far) ** -DISTANCE;
  });
}

function weighed(prediction: Prediction, parts: Float64Array, near: Float64Array, cc: string): Float64Array {
  const { pull, countries } = mapOf(prediction);
  const weights = parts.map((part, k) => {
    const home = cc !== '' && countries[k] === cc ? SAME_COUNTRY : 1;
    return (part + ROUTES) * (near[k] as number) * (pull[k] as number) * home;
  });
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

/** The most beliefs kept for one prediction. */
const MOST_KEPT = 20_000;

/** What beliefs on one prediction have in common. */
interface SiteMap {
  /** By site: how much its city draws. */
  readonly pull: Float64Array;
  /** By site: the country of the city nearest to it; empty when the site has no place. */
  readonly countries: readonly string[];
  readonly byCountry: Map<string, Float64Array>;
  /** By place: how much its distance leaves of each site. */
  readonly byPlace: Map<number, Float64Array>;
  readonly beliefs: Map<string, Float64Array>;
}

const maps = new WeakMap<Prediction, SiteMap>();

function mapOf(prediction: Prediction): SiteMap {
  const known = maps.get(prediction);
  if (known) return known;
  const { terrain } = prediction.ground;
  const networks = new Map<Place, number>();
  for (const p of terrain.nodePlace) {
    if (p === NOWHERE) continue;
    const place = terrain.at[p] as Place;
    if (place.population > 0) networks.set(place, (networks.get(place) ?? 0) + 1);
  }
  const cities = [...networks.keys()];
  const nearest = prediction.places.map((place) => place && nearestPlace(cities, place)?.place);
  const map = {
    pull: Float64Array.from(nearest, (city) => (1 + (city ? (networks.get(city) as number) : 0)) ** HUB),
    countries: prediction.places.map((place) => (place && nearestPlace(CITIES, place)?.place.cc) ?? ''),
    byCountry: new Map<string, Float64Array>(),
    byPlace: new Map<number, Float64Array>(),
    beliefs: new Map<string, Float64Array>(),
  };
  maps.set(prediction, map);
  return map;
}
