/** Reading a prediction: the answer for one client network, and the sums over all of them. */
import { type Asn, assert } from '../base/index.ts';
import { countryOf, indexOf, nameOf, type Place, rttMs } from '../topology/index.ts';
import { FAR_AWAY, lengthOf, measure, NO_SHARE, NONE, NOWHERE, OFF, type Shares } from './kernel/index.ts';
import type { Prediction } from './predict.ts';

/** A part of some traffic, for one site. */
export interface Part {
  readonly site: string;
  /** 0 … 1. */
  readonly part: number;
}

/** The answer for one city of a client network. */
export interface CityAnswer {
  /** Undefined where the AS's places are not known. */
  readonly place: Place | undefined;
  /** Part of the AS's weight. */
  readonly weight: number;
  /** Sorted, the likeliest first; empty without a route. */
  readonly parts: readonly Part[];
  /** Kilometres to the likeliest site, over the handovers; undefined where places are not known. */
  readonly km: number | undefined;
  readonly rttMs: number | undefined;
  /** The site nearest by distance, whatever routes say. */
  readonly nearest: { readonly site: string; readonly km: number } | undefined;
}

/** The answer for one client network. */
export interface ClientAnswer {
  readonly asn: Asn;
  readonly name: string;
  readonly cc: string;
  readonly weight: number;
  /** Over all its cities by weight, the likeliest first; empty without a route. */
  readonly parts: readonly Part[];
  /** True when all of it lands at one site for certain. */
  readonly certain: boolean;
  /** AS hops to the operator, prepends included; undefined without a route. */
  readonly length: number | undefined;
  /** A path that stands for the others: the client first, the last AS before the operator last. */
  readonly path: readonly Asn[];
  readonly cities: readonly CityAnswer[];
}

/** Parts below this are rounding. */
const CERTAIN = 0.999;

/** What an AS gets; undefined when the graph does not know it. */
export function clientAnswer(prediction: Prediction, asn: Asn): ClientAnswer | undefined {
  const { world, terrain } = prediction.ground;
  const v = indexOf(world.graph, asn);
  if (v < 0) return undefined;
  const cities: CityAnswer[] = [];
  const whole = new Float64Array(prediction.sites.length);
  const weight = world.weights[v] as number;
  const from = terrain.nodeOffsets[v] as number;
  const end = terrain.nodeOffsets[v + 1] as number;
  for (let node = from; node < end; node++) {
    const city = cityAnswer(prediction, node);
    const share = weight > 0 ? city.weight : 1 / (end - from);
    for (const { site, part } of city.parts) whole[prediction.sites.indexOf(site)]! += part * share;
    cities.push(city);
  }
  const parts = sorted(prediction, whole);
  return {
    asn,
    name: nameOf(world, v),
    cc: countryOf(world, v),
    weight,
    parts,
    certain: (parts[0]?.part ?? 0) >= CERTAIN,
    length: prediction.routes.rank[v] === NONE ? undefined : lengthOf(prediction.routes.rank[v] as number),
    path: pathOf(prediction, v),
    cities,
  };
}

/** The answer at one node. */
export function cityAnswer(prediction: Prediction, node: number): CityAnswer {
  const { terrain, nodeWeight, nodeAs, world } = prediction.ground;
  const weight = (nodeWeight[node] as number) / (world.weights[nodeAs[node] as number] || 1);
  const at = terrain.nodePlace[node] as number;
  const whole = new Float64Array(prediction.sites.length);
  eachPart(prediction, node, (site, part) => {
    whole[site]! += part;
  });
  const parts = sorted(prediction, whole);
  const place = at === NOWHERE ? undefined : terrain.at[at];
  const table = nearestSites(prediction);
  const nearest = at === NOWHERE ? -1 : (table.site[at] as number);
  let km: number | undefined;
  let rtt: number | undefined;
  if (parts.length > 0 && place) {
    const site = prediction.sites.indexOf((parts[0] as Part).site);
    km = wayKm(prediction, table, node, site);
    rtt = km === undefined ? undefined : rttMs(km, hopsOf(prediction, node));
  }
  return {
    place,
    weight,
    parts,
    km,
    rttMs: rtt,
    nearest:
      nearest < 0
        ? undefined
        : {
            site: prediction.sites[nearest] as string,
            km: table.km[nearest * terrain.places + at] as number,
          },
  };
}

/** Calls `take` for each seed's part of a node, by site (a site may come several times). */
export function eachPart(
  prediction: Prediction,
  node: number,
  take: (site: number, part: number) => void,
): void {
  const { share, starts, seed, part } = prediction.shares;
  const d = share[node] as number;
  if (d === NO_SHARE) return;
  for (let e = starts[d] as number; e < (starts[d + 1] as number); e++)
    take(prediction.siteOf[seed[e] as number] as number, part[e] as number);
}

/** AS hops from a node's AS to the operator without prepends; 0 without a route. */
export function hopsOf(prediction: Prediction, node: number): number {
  return hopsFrom(prediction, prediction.ground.nodeAs[node] as number);
}

/** The same by the index of the AS. */
export function hopsFrom({ routes, seeds }: Pick<Prediction, 'routes' | 'seeds'>, v: number): number {
  const held = routes.rank[v] as number;
  if (held === NONE) return 0;
  return Math.max(0, lengthOf(held) - Math.max(0, (seeds.length[routes.site[v] as number] as number) - 1));
}

/** Distances from places to sites, and which site is nearest to each place. */
export interface SiteTable {
  /** `km[site × places + place]`; NaN where the site's place is not known. */
  readonly km: Float32Array;
  /** Indexed by place: of the sites that announce anything; −1 when none of them has a place. */
  readonly site: Int16Array;
}

const tables = new WeakMap<Prediction, SiteTable>();

/** The table of a prediction; made once. */
export function nearestSites(prediction: Prediction): SiteTable {
  const known = tables.get(prediction);
  if (known) return known;
  const { places } = prediction.ground.terrain;
  const { seedKm } = prediction.scene;
  const km = new Float32Array(prediction.sites.length * places).fill(Number.NaN);
  const announces = new Uint8Array(prediction.sites.length);
  for (let s = 0; s < prediction.seeds.count; s++) {
    const k = prediction.siteOf[s] as number;
    if (prediction.seeds.routeClass[s] !== OFF) announces[k] = 1;
    // Another announcement of the site may say nothing of its place.
    if (places === 0 || seedKm[s * places] === FAR_AWAY) continue;
    for (let p = 0; p < places; p++) km[k * places + p] = seedKm[s * places + p] as number;
  }
  const site = new Int16Array(places).fill(-1);
  for (let p = 0; p < places; p++)
    for (let k = 0; k < prediction.sites.length; k++) {
      if (announces[k] === 0) continue;
      const best = site[p] as number;
      const far = km[k * places + p] as number;
      if (!Number.isNaN(far) && (best < 0 || far < (km[best * places + p] as number))) site[p] = k;
    }
  const table = { km, site };
  tables.set(prediction, table);
  return table;
}

const ways = new WeakMap<Prediction, Float32Array>();

/** Kilometres over the handovers for every node of a prediction; worked out once, when first asked for. */
export function kilometresOf(prediction: Prediction): Float32Array {
  let km = ways.get(prediction);
  if (!km) {
    km = new Float32Array(prediction.shares.share.length);
    measure(prediction.scene, prediction.shares, km);
    ways.set(prediction, km);
  }
  return km;
}

/** Kilometres from a node to a site: over the handovers, and never less than the distance. */
export function wayKm(
  prediction: Prediction,
  table: SiteTable,
  node: number,
  site: number,
): number | undefined {
  const { nodePlace, places } = prediction.ground.terrain;
  const at = nodePlace[node] as number;
  if (at === NOWHERE) return undefined;
  const direct = table.km[site * places + at] as number;
  return Number.isNaN(direct) ? undefined : Math.max(direct, kilometresOf(prediction)[node] as number);
}

/**
 * A prediction with other divisions, whose seeds are its sites: where clients are expected, when that is not what routes say. Its
 * ways are taken straight; whatever else is known of it is known of the routes.
 */
export function redivided(prediction: Prediction, divisions: Divided): Prediction {
  const view: Prediction = {
    ...prediction,
    siteOf: Uint16Array.from(prediction.sites, (_, k) => k),
    shares: { ...prediction.shares, ...divisions },
  };
  tables.set(view, nearestSites(prediction));
  ways.set(view, new Float32Array(divisions.share.length));
  return view;
}

/** Which division each node has, and the divisions, by site; see {@link Shares}. */
export type Divided = Pick<Shares, 'share' | 'starts' | 'seed' | 'part' | 'count'>;

function sorted(prediction: Prediction, whole: Float64Array): Part[] {
  return (
    [...whole.keys()]
      .filter((k) => (whole[k] as number) > 1e-6)
      .sort((a, b) => (whole[b] as number) - (whole[a] as number) || a - b)
      // Weights are kept in 32 bits: their sum may be a hair more than the whole.
      .map((k) => ({ site: prediction.sites[k] as string, part: Math.min(1, whole[k] as number) }))
  );
}

/** The path an AS index holds as its representative, as AS numbers. */
export function pathOf(prediction: Prediction, v: number): Asn[] {
  const { rank, parent } = prediction.routes;
  const { asns } = prediction.ground.world.graph;
  const n = asns.length;
  const path: Asn[] = [];
  for (let at = v; at < n && rank[at] !== NONE; at = parent[at] as number) {
    assert(path.length <= n, 'a path without circles');
    path.push(asns[at] as number);
  }
  // An effect's seed starts at the neighbour the community names; its next hop is the upstream itself.
  const last = path.length > 0 ? (prediction.routes.site[v] as number) : -1;
  if (last >= 0) {
    const hop = prediction.seeds.nextHop[last] as number;
    if (hop !== prediction.deployment.operator && hop !== path.at(-1)) path.push(hop);
  }
  return path;
}

/** The sums for one site. */
export interface SiteSummary {
  readonly site: string;
  /** Weight of the clients that land here, each by its part. */
  readonly weight: number;
  /** Of all weight that has a route, 0 … 1. */
  readonly share: number;
  /** The part of `share` that lands here for certain. */
  readonly certain: number;
  /** Client networks with any part here. */
  readonly networks: number;
  /** Round-trip estimates in milliseconds, by weight; undefined when no places are known. */
  readonly rtt: { readonly median: number; readonly p90: number; readonly p99: number } | undefined;
  /** Weight that lands here although another site is nearer by more than {@link FLY_PAST_KM}. */
  readonly flyPast: number;
}

export const FLY_PAST_KM = 500;

export interface Summary {
  readonly sites: readonly SiteSummary[];
  /** All sites together. */
  readonly all: Omit<SiteSummary, 'site'>;
  /** Weight of clients without a route. */
  readonly unreached: number;
}

/** Longest round trip told apart, in milliseconds. */
export const LONGEST_RTT = 1000;

/** The sums over all clients. What lands at one site with the part `sure` or more counts as certain; unless given, all of it. */
export function summarise(prediction: Prediction, sure = 1): Summary {
  const { nodeWeight, nodeAs, terrain } = prediction.ground;
  const { share, starts, seed, part } = prediction.shares;
  const km = kilometresOf(prediction);
  const { siteOf, sites } = prediction;
  const count = sites.length;
  const table = nearestSites(prediction);
  const [weight, certain, flyPast] = [
    new Float64Array(count),
    new Float64Array(count),
    new Float64Array(count),
  ];
  const networks = new Uint32Array(count);
  const lastAs = new Int32Array(count).fill(-1);
  const trips = Array.from({ length: count + 1 }, () => new Float64Array(LONGEST_RTT + 1));
  let unreached = 0;
  let allNetworks = 0;
  let lastReached = -1;
  for (let node = 0; node < share.length; node++) {
    const d = share[node] as number;
    const w = nodeWeight[node] as number;
    const v = nodeAs[node] as number;
    if (d === NO_SHARE) {
      unreached += w;
      continue;
    }
    if (lastReached !== v) allNetworks++;
    lastReached = v;
    const at = terrain.nodePlace[node] as number;
    const hops = hopsFrom(prediction, v);
    const near = at === NOWHERE ? -1 : (table.site[at] as number);
    const nearKm = near < 0 ? 0 : (table.km[near * terrain.places + at] as number);
    const [from, end] = [starts[d] as number, starts[d + 1] as number];
    // Several seeds of one site are no doubt about the site.
    const first = siteOf[seed[from] as number];
    let sole = true;
    for (let e = from + 1; e < end; e++) if (siteOf[seed[e] as number] !== first) sole = false;
    for (let e = from; e < end; e++) {
      const k = siteOf[seed[e] as number] as number;
      const mine = w * (part[e] as number);
      weight[k]! += mine;
      if (sole || (part[e] as number) >= sure) certain[k]! += mine;
      if (lastAs[k] !== v) networks[k]!++;
      lastAs[k] = v;
      if (near < 0 || mine === 0) continue;
      const direct = table.km[k * terrain.places + at] as number;
      if (Number.isNaN(direct)) continue;
      if (direct - nearKm > FLY_PAST_KM) flyPast[k]! += mine;
      const way = Math.max(direct, km[node] as number);
      const bin = tripBin(way, hops);
      trips[k]![bin]! += mine;
      trips[count]![bin]! += mine;
    }
  }
  const total = weight.reduce((a, b) => a + b, 0);
  const of = (k: number): SiteSummary => ({
    site: sites[k] as string,
    weight: weight[k] as number,
    share: total > 0 ? (weight[k] as number) / total : 0,
    certain: total > 0 ? (certain[k] as number) / total : 0,
    networks: networks[k] as number,
    rtt: quantiles(trips[k] as Float64Array),
    flyPast: flyPast[k] as number,
  });
  return {
    sites: sites.map((_, k) => of(k)),
    all: {
      weight: total,
      share: total > 0 ? 1 : 0,
      certain: total > 0 ? certain.reduce((a, b) => a + b, 0) / total : 0,
      networks: allNetworks,
      rtt: quantiles(trips[count] as Float64Array),
      flyPast: flyPast.reduce((a, b) => a + b, 0),
    },
    unreached,
  };
}

/** The whole milliseconds of an estimated round trip. */
export function tripBin(km: number, hops: number): number {
  return Math.min(LONGEST_RTT, Math.round(rttMs(km, hops)));
}

/** Quantiles of a histogram of whole milliseconds; undefined when it is empty. */
export function quantiles(bins: Float64Array): SiteSummary['rtt'] {
  const total = bins.reduce((a, b) => a + b, 0);
  if (total === 0) return undefined;
  const at = (q: number) => {
    let sum = 0;
    for (let ms = 0; ms < bins.length; ms++) {
      sum += bins[ms] as number;
      if (sum >= q * total) return ms;
    }
    return bins.length - 1;
  };
  return { median: at(0.5), p90: at(0.9), p99: at(0.99) };
}
