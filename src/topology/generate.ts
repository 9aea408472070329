/**
 * Internets made from a seed: a few backbones that all peer with each other and span continents, regional carriers that buy
 * from them, access and hosting networks that buy from those, and exchanges in the cities where networks meet. Every
 * AS has cities, a name and users. The same size and seed give the same internet on every machine; it is connected, and
 * nobody is a provider of their own provider.
 */
import { type Asn, assert, Random } from '../base/index.ts';
import { CITIES } from './city.ts';
import { degree, GraphBuilder } from './graph.ts';
import { distanceKm, type LatLon, linkLatencyMs, type Place } from './place.ts';
import { packCountry, packTexts, placesOf, type World } from './world.ts';

export interface Recipe {
  /** How many ASes, {@link FEWEST_ASES} to {@link MOST_ASES}. */
  readonly ases: number;
  readonly seed: number;
  /** The number of the first AS; the others follow on. By default 64601 for up to 900 ASes, else 4200000000 (RFC 6996). */
  readonly firstAsn?: Asn;
  /** The built-in cities unless given; at least one. */
  readonly cities?: readonly Place[];
}

export const FEWEST_ASES = 20;
export const MOST_ASES = 100_000;

/** One adjacency of a world, as an emulator wants it. */
export interface Link {
  /** The provider, or one of two peers. */
  readonly from: Asn;
  readonly to: Asn;
  /** What `to` is to `from`. */
  readonly relation: 'customer' | 'peer';
  /** Indexes of the places where the two ends of the link are: the nearest pair of their cities. */
  readonly at: readonly [number, number];
  /** One way, in milliseconds. */
  readonly latencyMs: number;
}

const BACKBONES = [
  'Aurora',
  'Boreas',
  'Corona',
  'Delphi',
  'Equinox',
  'Fathom',
  'Galena',
  'Horizon',
  'Ionos',
  'Juniper',
];
/** Where networks of the real internet meet; the biggest cities stand in for those that the list of cities lacks. */
const HUBS = (
  'fra ams lon was tyo sin nyc sao par hkg syd jnb lax chi dxb bom sto mia sjc mil ' +
  'mad vie waw sel dfw yyz sea osa tpe jkt kul maa bue scl bog mex los nbo cai ist ' +
  'prg zrh cph hel osl bru dub lis mrs buh sof ath mow iev atl den phx iah bos msp ' +
  'yul yvr akl mel per del blr ccu bkk mnl sgn han khi dac doh ruh jed tlv cpt acc ' +
  'rio for lim uio mvd asu pty gua sjo sdq'
).split(' ');
const ACCESS = ['Broadband', 'Mobile', 'Cable', 'Telecom', 'Fibre', 'Online', 'Net', 'Connect'];
const HOSTING = ['Hosting', 'Cloud', 'University', 'Bank', 'Media', 'Data'];

/** What an AS is, which decides where it is and who it links with. */
type Tier = 'backbone' | 'carrier' | 'edge';

interface Draft {
  readonly tier: Tier;
  /** Index of the city it calls its own. */
  readonly home: number;
  readonly name: string;
  readonly places: readonly number[];
  readonly users: number;
}

export function generateWorld(recipe: Recipe): World {
  const { ases } = recipe;
  assert(
    Number.isInteger(ases) && ases >= FEWEST_ASES && ases <= MOST_ASES,
    `from ${FEWEST_ASES} to ${MOST_ASES} ASes`,
  );
  const cities = recipe.cities ?? CITIES;
  assert(cities.length > 0, 'an internet needs a city');
  const first = recipe.firstAsn ?? (ases <= 900 ? 64601 : 4_200_000_000);
  const random = new Random(recipe.seed);
  const map = mapOf(cities);
  const drafts = draftAll(ases, random, cities, map);
  const builder = new GraphBuilder();
  const transits = linkUp(drafts, random, map, (provider, customer) =>
    builder.transit(first + provider, first + customer),
  );
  peerUp(drafts, random, map, transits, (a, b) => builder.peering(first + a, first + b));
  const { graph } = builder.build();
  assert(graph.asns.length === ases, 'every AS has a link');
  const offsets = new Uint32Array(ases + 1);
  for (const [i, draft] of drafts.entries()) offsets[i + 1] = (offsets[i] as number) + draft.places.length;
  return {
    graph,
    places: cities,
    presence: { offsets, places: Uint16Array.from(drafts.flatMap((d) => d.places)) },
    weights: Float32Array.from(drafts, (d) => d.users),
    weightUnit: 'users',
    countries: Uint16Array.from(drafts, (d) =>
      d.tier === 'backbone' ? 0 : packCountry((cities[d.home] as Place).cc),
    ),
    names: packTexts(drafts.map((d) => d.name)),
    source: `generated: ${ases} ASes, seed ${recipe.seed}`,
  };
}

/** All links of a world with their latencies, ascending by `from`, then `to`. */
export function linksOf(world: World): Link[] {
  const { graph } = world;
  const links: Link[] = [];
  for (let v = 0; v < graph.asns.length; v++) {
    const add = (u: number, relation: 'customer' | 'peer') => {
      const [a, b, km] = nearestPair(world, v, u);
      const [from, to] = [graph.asns[v] as number, graph.asns[u] as number];
      links.push({ from, to, relation, at: [a, b], latencyMs: linkLatencyMs(km) });
    };
    const { customers, peers } = graph;
    for (let e = customers.offsets[v] as number; e < (customers.offsets[v + 1] as number); e++)
      add(customers.neighbours[e] as number, 'customer');
    for (let e = peers.offsets[v] as number; e < (peers.offsets[v + 1] as number); e++)
      if ((peers.neighbours[e] as number) > v) add(peers.neighbours[e] as number, 'peer');
  }
  return links.sort((a, b) => a.from - b.from || a.to - b.to);
}

/** The ASes that sell transit, those with a city nearest to the point first; of equally near ones the one with more customers. */
export function transitNear(world: World, to: LatLon): Asn[] {
  const { graph } = world;
  const found: { asn: Asn; km: number; sells: number }[] = [];
  for (let v = 0; v < graph.asns.length; v++) {
    const sells = degree(graph.customers, v);
    if (sells === 0) continue;
    const far = Array.from(placesOf(world, v), (p) => distanceKm(world.places[p] as Place, to));
    found.push({ asn: graph.asns[v] as number, km: Math.min(40_000, ...far), sells });
  }
  return found.sort((a, b) => a.km - b.km || b.sells - a.sells || a.asn - b.asn).map((f) => f.asn);
}

function nearestPair(world: World, v: number, u: number): [number, number, number] {
  let best: [number, number, number] = [0, 0, Number.POSITIVE_INFINITY];
  for (const a of placesOf(world, v))
    for (const b of placesOf(world, u)) {
      const km = distanceKm(world.places[a] as Place, world.places[b] as Place);
      if (km < best[2]) best = [a, b, km];
    }
  // Places nobody knows: as if 500 km lay between.
  return best[2] === Number.POSITIVE_INFINITY ? [0, 0, 500] : best;
}

/** The cities as the generator looks at them. */
interface CityMap {
  /** For each city, all cities by distance, itself first. */
  readonly near: readonly (readonly number[])[];
  /** The meeting places first, then the other cities, the biggest first. */
  readonly hubs: readonly number[];
  /** Running sums of population (its square root, so that small cities have networks too). */
  readonly sums: readonly number[];
}

function mapOf(cities: readonly Place[]): CityMap {
  const all = cities.map((_, i) => i);
  const near = cities.map((city) => {
    const km = cities.map((other) => distanceKm(city, other));
    return [...all].sort((a, b) => (km[a] as number) - (km[b] as number) || a - b);
  });
  const size = (i: number) => (cities[i] as Place).population;
  const rank = new Map(HUBS.map((code, i) => [code, i]));
  const place = (i: number) => rank.get((cities[i] as Place).code) ?? HUBS.length;
  let sum = 0;
  return {
    near,
    hubs: [...all].sort((a, b) => place(a) - place(b) || size(b) - size(a) || a - b),
    sums: all.map((i) => (sum += Math.sqrt(1 + size(i)))),
  };
}

/** A city, the more populous the likelier. */
function drawCity(random: Random, map: CityMap): number {
  const at = random.unit() * (map.sums.at(-1) as number);
  let low = 0;
  let high = map.sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((map.sums[middle] as number) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

function draftAll(ases: number, random: Random, cities: readonly Place[], map: CityMap): Draft[] {
  const backbones = Math.min(18, Math.max(3, Math.round(Math.log2(ases)) - 1));
  const carriers = Math.round(ases < 2000 ? ases * 0.25 : ases * 0.15);
  const taken = new Map<string, number>();
  const unique = (name: string) => {
    const before = taken.get(name) ?? 0;
    taken.set(name, before + 1);
    return before === 0 ? name : `${name} ${before + 1}`;
  };
  const cityName = (city: number) => (cities[city] as Place).name;
  const drafts: Draft[] = [];
  for (let i = 0; i < ases; i++) {
    const home = drawCity(random, map);
    if (i < backbones) {
      // In the great meeting places, each in most of them, so that backbones meet.
      const hubs = map.hubs.slice(0, Math.min(60, 12 + 2 * backbones));
      const places = hubs.filter(() => random.chance(0.6));
      const spot = places.length > 0 ? places : [home];
      drafts.push({
        tier: 'backbone',
        home,
        name: unique(`${BACKBONES[i % BACKBONES.length]} Backbone`),
        places: ascending(spot),
        users: 0,
      });
    } else if (i < backbones + carriers) {
      const reach = random.between(1, ases < 2000 ? 6 : 12);
      const places = (map.near[home] as number[])
        .slice(0, 3 * reach)
        .filter((_, k) => k === 0 || random.chance(1 / 3));
      const users = Math.round((cities[home] as Place).population * (0.05 + 0.2 * random.unit()));
      drafts.push({
        tier: 'carrier',
        home,
        name: unique(`${cityName(home)} Carrier`),
        places: homeFirst(home, places),
        users,
      });
    } else {
      const access = random.chance(0.75);
      const name = unique(`${cityName(home)} ${random.pick(access ? ACCESS : HOSTING)}`);
      const share = access ? 0.02 + 0.3 * random.unit() ** 3 : 0.0005;
      const users = Math.round((cities[home] as Place).population * share);
      const second = random.chance(0.1) ? [(map.near[home] as number[])[1] ?? home] : [];
      drafts.push({ tier: 'edge', home, name, places: homeFirst(home, second), users });
    }
  }
  return drafts;
}

/** Ascending and without repeats, as {@link World} wants them; the generator's own use of "home" is the first that was drawn. */
function homeFirst(home: number, others: readonly number[]): number[] {
  return ascending([home, ...others]);
}

function ascending(list: readonly number[]): number[] {
  return [...new Set(list)].sort((a, b) => a - b);
}

/** Everyone below the top buys transit from one to three earlier ASes nearby, the well-connected first. Returns who sells where. */
function linkUp(
  drafts: readonly Draft[],
  random: Random,
  map: CityMap,
  transit: (provider: number, customer: number) => void,
): number[][] {
  /** For each city, the ASes that sell there. */
  const sellers: number[][] = map.near.map(() => []);
  const sold = new Uint32Array(drafts.length);
  for (const [i, draft] of drafts.entries()) {
    const wanted = draft.tier === 'backbone' ? 0 : random.chance(0.45) ? 1 : random.chance(0.7) ? 2 : 3;
    const chosen = new Set<number>();
    for (let k = 0; k < wanted; k++) {
      const seller = drawSeller(random, map, sellers, sold, random.pick(draft.places));
      if (seller !== undefined) chosen.add(seller);
    }
    for (const seller of chosen) {
      transit(seller, i);
      sold[seller]!++;
    }
    if (draft.tier !== 'edge') for (const city of draft.places) (sellers[city] as number[]).push(i);
  }
  return sellers;
}

/** Of two sellers drawn near a city the one that sold more. */
function drawSeller(
  random: Random,
  map: CityMap,
  sellers: readonly (readonly number[])[],
  sold: Uint32Array,
  city: number,
): number | undefined {
  for (const near of map.near[city] as number[]) {
    const here = sellers[near] as number[];
    if (here.length === 0) continue;
    const [a, b] = [random.pick(here), random.pick(here)];
    return (sold[a] as number) >= (sold[b] as number) ? a : b;
  }
  return undefined;
}

/** Backbones peer all with all. In the meeting places there are exchanges; those who are in the city join, and some peer there. */
function peerUp(
  drafts: readonly Draft[],
  random: Random,
  map: CityMap,
  sellers: readonly (readonly number[])[],
  peering: (a: number, b: number) => void,
): void {
  const backbones = drafts.filter((d) => d.tier === 'backbone').length;
  for (let a = 0; a < backbones; a++) for (let b = a + 1; b < backbones; b++) peering(a, b);
  const exchanges = map.hubs.slice(0, Math.max(3, Math.min(120, Math.round(Math.sqrt(drafts.length) * 0.6))));
  const members = new Map<number, number[]>(exchanges.map((city) => [city, []]));
  for (const city of exchanges)
    for (const seller of sellers[city] as number[])
      if (seller >= backbones && random.chance(0.8)) members.get(city)?.push(seller);
  for (const [i, draft] of drafts.entries()) {
    if (draft.tier !== 'edge' || !random.chance(0.35)) continue;
    const home = (map.near[draft.places[0] as number] as number[]).find((city) => members.has(city));
    if (home !== undefined) members.get(home)?.push(i);
  }
  // Each member finds ten others at most, however big the exchange is.
  for (const list of members.values())
    for (const [k, a] of list.entries()) {
      const wanted = Math.min(10, Math.ceil((list.length - 1 - k) * 0.3));
      for (let w = 0; w < wanted; w++) {
        const b = list[random.between(k + 1, list.length - 1)] as number;
        if (a !== b) peering(a, b);
      }
    }
}
