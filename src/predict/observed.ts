/**
 * Where clients did land, and what that says of others: corrections learnt from some clients for those nobody saw. Each step
 * takes the one before as its prior: the belief, what each site draws, the country, networks alike, the network itself.
 */
import type { Asn } from '../base/index.ts';
import { distanceKm, indexOf, neighboursOf } from '../topology/index.ts';
import { believed, type Client } from './belief.ts';
import type { Prediction } from './predict.ts';

/** A client and the site where it landed. */
export interface Observation extends Client {
  readonly site: string;
}

/** More are not learnt from. */
export const MOST_OBSERVATIONS = 200_000;

/**
 * How many observations the belief before them is worth: of a site, of a country, of networks alike, of the network. Chosen by
 * cross-validation on the Quad9 sample; half or twice as much changes the rate of right answers by less than a point.
 */
const TRUST = { site: 3, country: 2, alike: 1, network: 0.7 } as const;
/** How often the sites' draw is brought closer to what was seen. */
const ROUNDS = 8;
/** The most observations that say what sites draw: thousands say it as well as all. */
const MOST_WEIGHED = 5_000;
/** Beside what two networks' providers have in common (squared): one buys from the other. */
const BUYS = 0.3;
/** An observation of the same network in another country, or of one at another known point, counts this much. */
const ABROAD = 0.1;
const ELSEWHERE = 0.3;
const NEARBY = { more: 2, km: 200 } as const;

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
    const noted = { ...seen, index };
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
 * alike (the same providers, or one buys from the other), and by its own network, each a Dirichlet estimate with the one
 * before as prior. Sums to one.
 */
export function expected(learned: Learned, client: Client): Float64Array {
  return refined(learned, client, inCountry(learned, client.cc, believed(learned.prediction, client)));
}

/** The first half of {@link expected}: what holds for all clients of a country that are believed to land alike. */
export function inCountry(learned: Learned, cc: string, belief: Float64Array): Float64Array {
  const drawn = belief.map((p, k) => p * (learned.draw[k] as number));
  const sum = drawn.reduce((a, b) => a + b, 0);
  const prior = drawn.map((p) => p / sum);
  return learned.countries.has(cc) && cc !== ''
    ? corrected(prior, countedIn(learned, cc), TRUST.country)
    : prior;
}

/** The second half: what was seen of networks alike and of the client's own. The prior itself where nothing was. */
export function refined(learned: Learned, client: Client, prior: Float64Array): Float64Array {
  let belief = prior;
  const alike = client.cc === '' ? undefined : countedAlike(learned, client);
  if (alike) belief = corrected(belief, alike, TRUST.alike);
  const same = client.asn === undefined ? undefined : learned.networks.get(client.asn);
  if (!same) return belief;
  const counts = new Float64Array(belief.length);
  for (const seen of same) {
    const near = client.at && seen.at ? Math.exp(-distanceKm(client.at, seen.at) / NEARBY.km) : undefined;
    const place = near === undefined ? 1 : ELSEWHERE + NEARBY.more * near;
    counts[seen.index]! += (seen.cc === client.cc ? 1 : ABROAD) * place;
  }
  return corrected(belief, counts, TRUST.network);
}

function corrected(prior: Float64Array, counts: Float64Array, trust: number): Float64Array {
  const sum = counts.reduce((a, b) => a + b, 0);
  return prior.map((p, k) => ((counts[k] as number) + trust * p) / (sum + trust));
}

/** What is worked out once and asked for often: whole predictions are corrected network by network, city by city. */
interface Counted {
  readonly inCountry: Map<string, Float64Array>;
  readonly kin: Map<string, Kin>;
  /** Of the network asked about last, by country. */
  alike: { readonly asn: Asn | undefined; readonly by: Map<string, Float64Array | undefined> };
}

/** The networks that were seen in a country, found by who is alike: an asker looks at those only. */
interface Kin {
  /** In the order in which they were seen. */
  readonly networks: readonly {
    readonly asn: Asn;
    readonly providers: number;
    readonly counts: Float64Array;
  }[];
  /** Places in `networks` of those that buy from an AS index, and of the network that is that index. */
  readonly buyers: ReadonlyMap<number, readonly number[]>;
  readonly itself: ReadonlyMap<number, number>;
  /** By place in `networks`, all zero between questions: providers in common, and whether one buys from the other. */
  readonly common: Uint32Array;
  readonly trade: Uint8Array;
}

const counted = new WeakMap<Learned, Counted>();

function countedOf(learned: Learned): Counted {
  let known = counted.get(learned);
  if (!known)
    counted.set(
      learned,
      (known = { inCountry: new Map(), kin: new Map(), alike: { asn: undefined, by: new Map() } }),
    );
  return known;
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

function kinOf(learned: Learned, cc: string): Kin {
  const known = countedOf(learned).kin;
  let kin = known.get(cc);
  if (kin) return kin;
  const { graph } = learned.prediction.ground.world;
  const networks: { asn: Asn; providers: number; counts: Float64Array }[] = [];
  const buyers = new Map<number, number[]>();
  const itself = new Map<number, number>();
  for (const [asn, counts] of learned.countries.get(cc) ?? []) {
    if (asn === UNKNOWN) continue;
    const v = indexOf(graph, asn);
    const providers = v < 0 ? [] : [...neighboursOf(graph.providers, v)];
    if (v >= 0) itself.set(v, networks.length);
    for (const p of providers) {
      const list = buyers.get(p);
      if (list) list.push(networks.length);
      else buyers.set(p, [networks.length]);
    }
    networks.push({ asn, providers: providers.length, counts });
  }
  const common = new Uint32Array(networks.length);
  kin = { networks, buyers, itself, common, trade: new Uint8Array(networks.length) };
  known.set(cc, kin);
  return kin;
}

/**
 * What was seen of networks in the client's country that are like its own, by site, each by how alike it is: what their
 * providers have in common of all (Jaccard, squared), and whether one buys from the other. Undefined when there are none.
 */
function countedAlike(learned: Learned, { asn, cc }: Client): Float64Array | undefined {
  const known = countedOf(learned);
  if (known.alike.asn !== asn) known.alike = { asn, by: new Map() };
  const { by } = known.alike;
  if (by.has(cc)) return by.get(cc);
  const { graph } = learned.prediction.ground.world;
  const v = asn === undefined ? -1 : indexOf(graph, asn);
  let sum: Float64Array | undefined;
  if (v >= 0) {
    const { networks, buyers, itself, common, trade } = kinOf(learned, cc);
    const own = neighboursOf(graph.providers, v);
    const found: number[] = [];
    const note = (i: number, marks: Uint32Array | Uint8Array) => {
      if (common[i] === 0 && trade[i] === 0) found.push(i);
      marks[i]! += 1;
    };
    for (const i of buyers.get(v) ?? []) note(i, trade);
    for (const p of own) {
      for (const i of buyers.get(p) ?? []) note(i, common);
      const seller = itself.get(p);
      if (seller !== undefined) note(seller, trade);
    }
    // In the order in which they were seen, so that the sum does not hang on who asks.
    for (const i of found.sort((a, b) => a - b)) {
      const other = networks[i] as Kin['networks'][number];
      const shared = common[i] as number;
      const buys = trade[i] !== 0;
      common[i] = trade[i] = 0;
      if (other.asn === asn) continue;
      const like =
        (shared === 0 ? 0 : shared / (own.length + other.providers - shared)) ** 2 + (buys ? BUYS : 0);
      sum ??= new Float64Array(learned.prediction.sites.length);
      for (let k = 0; k < sum.length; k++) sum[k]! += like * (other.counts[k] as number);
    }
  }
  by.set(cc, sum);
  return sum;
}
