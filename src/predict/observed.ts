/**
 * Where clients did land, and what that says of others: corrections learnt from some clients for those nobody saw. Each step
 * takes the one before as its prior: the belief, what each site draws, the country, networks alike, the network itself.
 */
import { type Asn, ipv4Number, prefixFamily, prefixLength } from '../base/index.ts';
import { distanceKm, type LatLon } from '../topology/index.ts';
import { believed, type Client } from './belief.ts';
import { countedAlike, type Kin, kinOf } from './kinship.ts';
import type { Prediction } from './predict.ts';

/** A client and the site where it landed. */
export interface Observation extends Client {
  readonly site: string;
}

/** More are not learnt from. */
export const MOST_OBSERVATIONS = 200_000;

/**
 * How many observations the belief before them is worth: of a site, of a country, of networks alike, of the network. These and
 * what follows were chosen by cross-validation on the Quad9 sample; half or twice as much of any changes the rate of right
 * answers by less than a point.
 */
const TRUST = { site: 3, country: 2.5, alike: 1, network: 0.7 } as const;
/** How often the sites' draw is brought closer to what was seen. */
const ROUNDS = 8;
/** The most observations that say what sites draw: thousands say it as well as all. */
const MOST_WEIGHED = 5_000;
/** Of a client whose place is known: an observation counts by how far from it is the site where it landed. */
const FAR = 0.1;
const NEAR = 2;
const NEAR_KM = 400;
/** An observation of the same network in another country counts this much. */
const ABROAD = 0.1;
/** One in the same /12 counts twice; what it counts more doubles with each further bit of the IPv4 address, up to a /16. */
const SAME_BITS = { from: 12, to: 16 } as const;

/** Observations prepared to learn from. */
export interface Learned {
  readonly prediction: Prediction;
  /** By site: how much more it draws than was believed, one for as much. */
  readonly draw: Float64Array;
  /** Sites landed at, by country, then by network in it. */
  readonly countries: ReadonlyMap<string, ReadonlyMap<Asn, Float64Array>>;
  readonly networks: ReadonlyMap<Asn, readonly Seen[]>;
}

interface Seen extends Client {
  readonly index: number;
  /** Of its IPv4 prefix; undefined when that is not known. */
  readonly address: number | undefined;
}

/** A network that is not known, among those of a country. */
const UNKNOWN: Asn = 0;

/** Prepares corrections. Observations of sites that the prediction does not have, and those beyond the limit, are left out. */
export function learn(prediction: Prediction, observations: readonly Observation[]): Learned {
  const countries = new Map<string, Map<Asn, Float64Array>>();
  const networks = new Map<Asn, Seen[]>();
  const number = new Map(prediction.sites.map((site, k) => [site, k]));
  const all: Seen[] = [];
  for (const seen of observations.slice(0, MOST_OBSERVATIONS)) {
    const index = number.get(seen.site);
    if (index === undefined) continue;
    const noted = { ...seen, index, address: ipv4Of(seen) };
    all.push(noted);
    const country = countries.get(seen.cc) ?? new Map<Asn, Float64Array>();
    countries.set(seen.cc, country);
    const asn = seen.asn ?? UNKNOWN;
    const counts = country.get(asn) ?? new Float64Array(prediction.sites.length);
    country.set(asn, counts);
    counts[index]! += 1;
    if (asn === UNKNOWN) continue;
    const own = networks.get(asn);
    if (own) own.push(noted);
    else networks.set(asn, [noted]);
  }
  return { prediction, draw: drawOf(prediction, all), countries, networks };
}

/**
 * A factor for each site with which the beliefs of all that were seen, summed, come out as what was seen: a site that nobody
 * reaches is perhaps announced to few, whatever the map says.
 */
function drawOf(prediction: Prediction, seen: readonly Seen[]): Float64Array {
  const count = prediction.sites.length;
  const every = Math.max(1, Math.ceil(seen.length / MOST_WEIGHED));
  const some = seen.filter((_, i) => i % every === 0);
  const beliefs = some.map((client) => believed(prediction, client));
  const landed = new Float64Array(count);
  for (const { index } of some) landed[index]! += 1;
  const draw = new Float64Array(count).fill(1);
  for (let round = 0; round < ROUNDS; round++) {
    const sums = new Float64Array(count);
    for (const belief of beliefs) {
      const whole = belief.reduce((sum, p, k) => sum + p * (draw[k] as number), 0);
      for (let k = 0; k < count; k++) sums[k]! += ((belief[k] as number) * (draw[k] as number)) / whole;
    }
    for (let k = 0; k < count; k++)
      draw[k]! *= ((landed[k] as number) + TRUST.site) / ((sums[k] as number) + TRUST.site);
  }
  return draw;
}

/**
 * What is expected of a client: the belief with the sites' draw, then corrected by its country, by networks of that country
 * alike, and by its own network, each a Dirichlet estimate with the one before as prior. Sums to one.
 */
export function expected(learned: Learned, client: Client): Float64Array {
  return refined(
    learned,
    client,
    inCountry(learned, client.cc, client.at, believed(learned.prediction, client)),
  );
}

/** The first half of {@link expected}: what holds for all clients of a country and a place that are believed to land alike. */
export function inCountry(
  learned: Learned,
  cc: string,
  at: LatLon | undefined,
  belief: Float64Array,
): Float64Array {
  const drawn = belief.map((p, k) => p * (learned.draw[k] as number));
  const sum = drawn.reduce((a, b) => a + b, 0);
  const prior = drawn.map((p) => p / sum);
  if (cc === '' || !learned.countries.has(cc)) return prior;
  const near = nearness(learned, at);
  const counts = countedIn(learned, cc).map((count, k) => count * (near[k] as number));
  return corrected(prior, counts, TRUST.country);
}

/** The second half: what was seen of networks alike and of the client's own. The prior itself where nothing was. */
export function refined(learned: Learned, client: Client, prior: Float64Array): Float64Array {
  let belief = prior;
  if (client.asn === undefined) return belief;
  const alike = client.cc === '' ? undefined : alikeIn(learned, client.cc, client.asn);
  if (alike) belief = corrected(belief, alike, TRUST.alike);
  const same = learned.networks.get(client.asn);
  if (!same) return belief;
  const near = nearness(learned, client.at);
  const address = ipv4Of(client);
  const counts = new Float64Array(belief.length);
  for (const seen of same)
    counts[seen.index]! +=
      (seen.cc === client.cc ? 1 : ABROAD) * (near[seen.index] as number) * bitsAlike(address, seen.address);
  return corrected(belief, counts, TRUST.network);
}

function corrected(prior: Float64Array, counts: Float64Array, trust: number): Float64Array {
  const sum = counts.reduce((a, b) => a + b, 0);
  return prior.map((p, k) => ((counts[k] as number) + trust * p) / (sum + trust));
}

/** The address of a client's IPv4 prefix, 32 bits; undefined also where the prefix is too short to compare. */
function ipv4Of({ prefix }: Client): number | undefined {
  if (!prefix || prefixFamily(prefix) !== 4 || prefixLength(prefix) < SAME_BITS.to) return undefined;
  return ipv4Number(prefix.slice(0, prefix.indexOf('/')));
}

/** How much more an observation counts because the addresses of the two begin alike; one where that is not known. */
function bitsAlike(a: number | undefined, b: number | undefined): number {
  if (a === undefined || b === undefined) return 1;
  const bits = Math.min(SAME_BITS.to, Math.clz32(a ^ b));
  return bits < SAME_BITS.from ? 1 : 1 + 2 ** (bits - SAME_BITS.from);
}

/** What is worked out once and asked for often: whole predictions are corrected network by network, city by city. */
interface Counted {
  readonly inCountry: Map<string, Float64Array>;
  readonly kin: Map<string, Kin>;
  readonly near: WeakMap<LatLon, Float64Array>;
  /** Of the network asked about last, by country. */
  alike: { readonly asn: Asn | undefined; readonly by: Map<string, Float64Array | undefined> };
}

const counted = new WeakMap<Learned, Counted>();

function countedOf(learned: Learned): Counted {
  let known = counted.get(learned);
  if (!known) {
    known = {
      inCountry: new Map(),
      kin: new Map(),
      near: new WeakMap(),
      alike: { asn: undefined, by: new Map() },
    };
    counted.set(learned, known);
  }
  return known;
}

/** By site, how much an observation that landed there says of a client at a place; one of a client that may be anywhere. */
function nearness(learned: Learned, at: LatLon | undefined): Float64Array {
  const { places } = learned.prediction;
  if (!at) return new Float64Array(places.length).fill(1);
  const known = countedOf(learned).near;
  let near = known.get(at);
  if (!near) {
    near = Float64Array.from(places, (place) =>
      place ? FAR + NEAR * Math.exp(-distanceKm(place, at) / NEAR_KM) : FAR,
    );
    known.set(at, near);
  }
  return near;
}

/** All that was seen in a country, by site. */
function countedIn(learned: Learned, cc: string): Float64Array {
  const known = countedOf(learned);
  let sum = known.inCountry.get(cc);
  if (sum) return sum;
  sum = new Float64Array(learned.prediction.sites.length);
  for (const counts of learned.countries.get(cc)?.values() ?? [])
    for (const [k, count] of counts.entries()) sum[k]! += count;
  known.inCountry.set(cc, sum);
  return sum;
}

/** What was seen in a country of networks like one, by site. Undefined when nothing was. */
function alikeIn(learned: Learned, cc: string, asn: Asn): Float64Array | undefined {
  const known = countedOf(learned);
  if (known.alike.asn !== asn) known.alike = { asn, by: new Map() };
  const { by } = known.alike;
  if (by.has(cc)) return by.get(cc);
  let kin = known.kin.get(cc);
  if (!kin) {
    kin = kinOf(learned.prediction.ground.world, learned.countries.get(cc) ?? []);
    known.kin.set(cc, kin);
  }
  const sum = countedAlike(kin, asn);
  by.set(cc, sum);
  return sum;
}
