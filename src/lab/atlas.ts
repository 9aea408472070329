/**
 * The embedded internet as predictions want it: a world of `topology` in which its networks have the relationships and the places
 * they have on the map, and below them as many client networks as the real internet has. Those are made up: from the seed, in
 * cities by population, buying from the access network that serves clients of their city here, some of them from another one nearby too.
 */
import { type Asn, Random } from '../base/index.ts';
import {
  type AsInfo,
  assembleWorld,
  CITIES,
  distanceKm,
  GraphBuilder,
  MOST_ASES,
  type Place,
  type World,
} from '../topology/index.ts';
import { type InternetMap, type MapRouter, nearestOf } from './map.ts';

export interface AtlasOptions {
  /** Client networks to make up; {@link CLIENT_NETWORKS} unless given, at most {@link MOST_ASES}. */
  readonly clients?: number;
  readonly seed: number;
}

/** About as many as announce themselves in the real internet. */
export const CLIENT_NETWORKS = 77_000;

/** The first number of a made-up network; another where the map has it already. All are for private use (RFC 6996). */
const FIRST: readonly Asn[] = [4_210_000_000, 4_220_000_000, 4_230_000_000];
/** A network has a second provider, and a third, with these probabilities … */
const SECOND = 0.3;
const THIRD = 0.15;
/** … among so many of the nearest that are at most so far. */
const NEARBY = 5;
const NEARBY_KM = 2500;

/**
 * Weights are people: those of a city are divided over the networks made up for it, so the networks of the map itself weigh
 * nothing, except where no client network is made.
 */
export function atlasOf(map: InternetMap, options: AtlasOptions): World {
  const clients = Math.max(0, Math.min(MOST_ASES, Math.floor(options.clients ?? CLIENT_NETWORKS)));
  const routers = new Map(map.routers.map((r) => [r.name, r]));
  const builder = new GraphBuilder();
  for (const { from, to, relation } of map.cables) {
    if (relation === 'internal') continue;
    const [a, b] = [(routers.get(from) as MapRouter).asn, (routers.get(to) as MapRouter).asn];
    if (relation === 'customer') builder.transit(a, b);
    else builder.peering(a, b);
  }
  const places = new Places();
  const present = new Map<Asn, { readonly at: number[]; users: number; readonly name: string }>();
  for (const { asn, as, place, users } of map.routers) {
    const known = present.get(asn) ?? { at: [], users: 0, name: as };
    known.at.push(places.of(place));
    known.users += users;
    present.set(asn, known);
  }
  const first = FIRST.find((n) => ![...present.keys()].some((asn) => asn >= n && asn < n + clients)) as Asn;
  const made = makeUp(map, places, clients, new Random(options.seed));
  for (const [i, { providers }] of made.entries())
    for (const provider of providers) builder.transit(provider, first + i);
  const infos = new Map<Asn, AsInfo>();
  const presence = new Map<Asn, readonly number[]>();
  for (const [asn, { at, users, name }] of present) {
    const cities = [...new Set(at)].sort((a, b) => a - b);
    const cc = cities.length === 1 ? (places.all[cities[0] as number] as Place).cc : '';
    infos.set(asn, { asn, name, cc, users: made.length > 0 ? 0 : users });
    presence.set(asn, cities);
  }
  for (const [i, { place, users }] of made.entries()) {
    infos.set(first + i, { asn: first + i, name: '', cc: (places.all[place] as Place).cc, users });
    presence.set(first + i, [place]);
  }
  return assembleWorld({
    graph: builder.build().graph,
    infos: [infos],
    presence,
    cities: places.all,
    source: `the ${present.size} networks of this internet, and ${made.length} client networks made up from seed ${options.seed}`,
  });
}

/** The world's places: the cities, and where routers are beside them. */
class Places {
  readonly all: Place[] = [...CITIES];
  readonly #number = new Map(CITIES.map((c, i) => [`${c.lat},${c.lon}`, i]));

  of(place: Place): number {
    const key = `${place.lat},${place.lon}`;
    const known = this.#number.get(key);
    if (known !== undefined) return known;
    this.all.push(place);
    this.#number.set(key, this.all.length - 1);
    return this.all.length - 1;
  }
}

interface Client {
  readonly place: number;
  readonly users: number;
  readonly providers: readonly Asn[];
}

function makeUp(map: InternetMap, places: Places, count: number, random: Random): readonly Client[] {
  const edges = map.routers.filter((r) => r.tier === 'edge');
  const homes = edges.length > 0 ? edges : map.routers;
  const sellers = map.routers.filter((r) => r.tier === 'edge' || r.tier === 'carrier');
  const people = CITIES.reduce((sum, city) => sum + city.population, 0);
  const made: Client[] = [];
  let due = 0;
  for (const city of CITIES) {
    due += (count * city.population) / people;
    const here = Math.round(due) - made.length;
    const home = nearestOf(homes, city);
    const near = sellers
      .map((r) => ({ r, km: distanceKm(r.place, city) }))
      .filter(({ r, km }) => r.asn !== home.asn && km < NEARBY_KM)
      .sort((a, b) => a.km - b.km)
      .slice(0, NEARBY)
      .map(({ r }) => r.asn);
    // A few networks have most of the people, as everywhere.
    const sizes = Array.from({ length: here }, () => 0.002 + random.unit() ** 6);
    const all = sizes.reduce((a, b) => a + b, 0);
    for (const size of sizes) {
      const providers = new Set([home.asn]);
      for (const chance of [SECOND, THIRD])
        if (near.length > 0 && random.chance(chance)) providers.add(random.pick(near));
      made.push({
        place: places.of(city),
        users: (city.population * size) / all,
        providers: [...providers],
      });
    }
  }
  return made;
}
