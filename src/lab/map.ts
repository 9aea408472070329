/**
 * The embedded internet as data: some hundred autonomous systems made from a seed, those that the plan names as upstreams at
 * the sites' own cities, and the cables between their routers. An AS that spans continents has a router in each of its
 * regions, so that what enters it in Tokyo is not carried to Frankfurt.
 */
import { type Asn, Random } from '../base/index.ts';
import { type Coordinates, locateSites, type Plan, type Upstream } from '../plan/index.ts';
import {
  CITIES,
  degree,
  distanceKm,
  FEWEST_ASES,
  findPlace,
  generateWorld,
  indexOf,
  type LatLon,
  linkLatencyMs,
  linksOf,
  nameOf,
  nearestPlace,
  type Place,
  placesOf,
  type World,
} from '../topology/index.ts';

/** `backbone` buys from nobody; `upstream` is one that the plan names; `edge` sells to nobody: clients live there. */
export type Tier = 'backbone' | 'upstream' | 'carrier' | 'edge';

export interface MapRouter {
  /** Unique: `64711`, or `64701-fra` where the AS has several. */
  readonly name: string;
  readonly asn: Asn;
  readonly as: string;
  readonly tier: Tier;
  readonly place: Place;
  /** People behind it. */
  readonly users: number;
}

export interface MapCable {
  readonly from: string;
  readonly to: string;
  /** What `to` is to `from`; `internal` inside one AS. */
  readonly relation: 'customer' | 'peer' | 'internal';
  /** One way, in milliseconds. */
  readonly latencyMs: number;
}

/** A session of a site, with the router at its other end. */
export interface MapDoor {
  readonly site: string;
  readonly upstream: string;
  readonly router: string;
  readonly settings: Upstream;
  readonly latencyMs: number;
}

export interface InternetMap {
  readonly routers: readonly MapRouter[];
  readonly cables: readonly MapCable[];
  readonly doors: readonly MapDoor[];
  /** Where each site is. */
  readonly sites: { readonly [site: string]: Place };
}

export interface MapOptions {
  /** ASes beside the upstreams of the plan; 20 or more. */
  readonly ases: number;
  readonly seed: number;
}

/** Where the generated networks are: the largest meeting places, spread over all continents. */
const WHERE = (
  'fra ams lon par mad mil vie waw sto ist mow iev ath dub lis ' +
  'nyc was chi dfw mia lax sea yyz mex bog lim scl bue sao rio ' +
  'tyo osa sel hkg tpe sha bjs sin kul bkk jkt mnl sgn bom del maa khi dac ' +
  'dxb ruh tlv cai los acc nbo jnb cpt syd mel akl'
).split(' ');

/** Routers of one AS that are nearer than this are one. */
const REGION_KM = 3000;
/** An upstream sells to networks so near … */
const SELLS_KM = 3500;
/** … and peers with carriers so near. */
const PEERS_KM = 5000;

/** Undefined place: sites the atlas does not know; they are said in the error. */
export function layOut(plan: Plan, options: MapOptions): InternetMap {
  const sites = placeSites(plan);
  const own = [
    plan.asn,
    ...Object.values(plan.sites).flatMap((s) => Object.values(s.upstreams).map((u) => u.asn)),
  ];
  const ases = Math.max(FEWEST_ASES, options.ases);
  const cities = WHERE.flatMap((code) => CITIES.filter((c) => c.code === code));
  const firstAsn = [64701, 64801, 64901].find((first) =>
    own.every((asn) => asn < first || asn >= first + ases),
  );
  const world = generateWorld({ ases, seed: options.seed, firstAsn: firstAsn ?? 4_200_000_000, cities });
  const draft = new Draft(new Random(options.seed));
  draft.generated(world);
  const doors = draft.upstreams(plan, sites);
  return { routers: draft.routers, cables: draft.cables, doors, sites };
}

function placeSites(plan: Plan): { readonly [site: string]: Place } {
  const atlas = {
    find(text: string): Coordinates | undefined {
      const place = findPlace(text, CITIES);
      return place && { latitude: place.lat, longitude: place.lon };
    },
    names: CITIES.map((c) => `${c.name}, ${c.cc}`),
  };
  const { sites, missing } = locateSites(plan, atlas);
  const [lost] = Object.entries(missing);
  if (lost) {
    const [name, { place, nearest }] = lost;
    throw new Error(
      place === undefined
        ? `site ${name} has neither place nor coordinates, so nobody knows where to put it: give it a place such as Frankfurt, DE`
        : `site ${name}: no city '${place}' is known here${nearest === undefined ? '' : `; is it ${nearest}?`} Else give the site coordinates`,
    );
  }
  return Object.fromEntries(
    Object.entries(sites).map(([name, at]) => {
      const point = { lat: at.latitude, lon: at.longitude };
      const near = nearestPlace(CITIES, point);
      const city =
        near && near.km < 100 ? near.place : { ...NOWHERE, ...point, name: plan.sites[name]?.place ?? name };
      return [name, city];
    }),
  );
}

const NOWHERE: Place = { name: '', cc: '', code: '', lat: 0, lon: 0, population: 0 };

class Draft {
  readonly routers: MapRouter[] = [];
  readonly cables: MapCable[] = [];
  readonly #random: Random;
  readonly #byAsn = new Map<Asn, MapRouter[]>();
  /** Pairs of ASes that have dealings already. */
  readonly #related = new Set<string>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** The generated world: an AS without providers is a backbone, one without customers an edge. */
  generated(world: World): void {
    const { graph } = world;
    for (const [i, asn] of graph.asns.entries()) {
      const tier =
        degree(graph.providers, i) === 0 ? 'backbone' : degree(graph.customers, i) === 0 ? 'edge' : 'carrier';
      const places = Array.from(placesOf(world, i), (p) => world.places[p] as Place);
      this.#add(asn, nameOf(world, i), tier, regions(places), world.weights[indexOf(graph, asn)] as number);
    }
    for (const link of linksOf(world)) this.#join(link.from, link.to, link.relation);
  }

  /** The ASes that the plan names, each with a router at every site it serves, well connected around it. */
  upstreams(plan: Plan, sites: { readonly [site: string]: Place }): MapDoor[] {
    const doors: MapDoor[] = [];
    const wanted = new Map<Asn, Place[]>();
    for (const [site, { upstreams }] of Object.entries(plan.sites))
      for (const { asn } of Object.values(upstreams)) {
        const places = wanted.get(asn) ?? [];
        wanted.set(asn, places.includes(sites[site] as Place) ? places : [...places, sites[site] as Place]);
      }
    const backbones = [...this.#byAsn.values()]
      .map((r) => r[0] as MapRouter)
      .filter((r) => r.tier === 'backbone');
    for (const [asn, places] of wanted) {
      this.#add(asn, `${places.map((p) => p.name).join('-')} Transit`, 'upstream', places, 0);
      const first = this.#random.below(backbones.length);
      for (let k = 0; k < Math.min(3, backbones.length); k++)
        this.#join((backbones[(first + k) % backbones.length] as MapRouter).asn, asn, 'customer');
    }
    this.#settle([...wanted.keys()]);
    for (const [site, { upstreams }] of Object.entries(plan.sites))
      for (const [upstream, settings] of Object.entries(upstreams)) {
        const at = sites[site] as Place;
        const router = nearestOf(this.#byAsn.get(settings.asn) as MapRouter[], at);
        doors.push({
          site,
          upstream,
          router: router.name,
          settings,
          latencyMs: linkLatencyMs(distanceKm(router.place, at)),
        });
      }
    return doors;
  }

  /** Networks near an upstream buy from the nearest one or two, and carriers peer with those a little farther away. */
  #settle(upstreams: readonly Asn[]): void {
    for (const [asn, routers] of this.#byAsn) {
      const { tier, place } = routers[0] as MapRouter;
      if (tier === 'backbone' || upstreams.includes(asn)) continue;
      const near = upstreams
        .map((up) => ({
          up,
          km: distanceKm(nearestOf(this.#byAsn.get(up) as MapRouter[], place).place, place),
        }))
        .sort((a, b) => a.km - b.km || a.up - b.up);
      for (const [k, { up, km }] of near.entries()) {
        if (km < SELLS_KM && k < 2 && this.#random.chance(k === 0 ? 0.7 : 0.3))
          this.#join(up, asn, 'customer');
        else if (km < PEERS_KM && tier === 'carrier' && this.#random.chance(0.5)) this.#join(up, asn, 'peer');
      }
    }
  }

  #add(asn: Asn, as: string, tier: Tier, places: readonly Place[], users: number): void {
    const routers = places.map((place) => ({
      name: places.length === 1 ? `${asn}` : `${asn}-${place.code || place.name}`,
      asn,
      as,
      tier,
      place,
      users: Math.round(users / places.length),
    }));
    this.#byAsn.set(asn, routers);
    this.routers.push(...routers);
    for (const [i, a] of routers.entries())
      for (const b of routers.slice(i + 1)) this.#cable(a, b, 'internal');
  }

  /** Two ASes meet in every region where both are, and at least where they are nearest. */
  #join(from: Asn, to: Asn, relation: 'customer' | 'peer'): void {
    const pair = [from, to].sort((a, b) => a - b).join(' ');
    if (from === to || this.#related.has(pair)) return;
    this.#related.add(pair);
    const [a, b] = [this.#byAsn.get(from) as MapRouter[], this.#byAsn.get(to) as MapRouter[]];
    const pairs = a
      .map((r) => ({ r, s: nearestOf(b, r.place) }))
      .map((p) => ({ ...p, km: distanceKm(p.r.place, p.s.place) }))
      .sort((x, y) => x.km - y.km);
    for (const [k, { r, s, km }] of pairs.entries())
      if (k === 0 || (km < REGION_KM && nearestOf(a, s.place) === r)) this.#cable(r, s, relation);
  }

  #cable(from: MapRouter, to: MapRouter, relation: MapCable['relation']): void {
    const latencyMs = linkLatencyMs(distanceKm(from.place, to.place));
    this.cables.push({ from: from.name, to: to.name, relation, latencyMs });
  }
}

/** One place for each region that an AS spans, at most six. */
function regions(places: readonly Place[]): readonly Place[] {
  const chosen: Place[] = [];
  for (const place of [...places].sort((a, b) => b.population - a.population))
    if (chosen.length < 6 && chosen.every((c) => distanceKm(c, place) > REGION_KM)) chosen.push(place);
  return chosen;
}

export function nearestOf<T extends { readonly place: Place }>(all: readonly T[], to: LatLon): T {
  let best = all[0] as T;
  for (const one of all) if (distanceKm(one.place, to) < distanceKm(best.place, to)) best = one;
  return best;
}
