/**
 * Where clients did land, beside where they were said to: agreement with its intervals, Brier score, reliability, and
 * corrections learnt from some clients for others. Nobody is scored on what was learnt from him.
 */
import type { Asn } from '../base/index.ts';
import { CITIES, distanceKm, indexOf, type LatLon, neighboursOf } from '../topology/index.ts';
import { cityAnswer } from './catchment.ts';
import type { Prediction } from './predict.ts';

/** A client as far as it is known. The more is known, the better the guess. */
export interface Client {
  /** Names the client: a probe's number, a prefix. Observations of one client are never learnt from to score another of it. */
  readonly id: string;
  readonly asn?: Asn | undefined;
  /** Two letters; empty when unknown. */
  readonly cc: string;
  readonly at?: LatLon | undefined;
}

/** A client and the site where it landed. */
export interface Observation extends Client {
  readonly site: string;
}

/** More are not learnt from. */
export const MOST_OBSERVATIONS = 200_000;

/** Parts and distance count together: `(part + LEAST) × e^(−km / REACH_KM)`, so that no site is ever ruled out. */
const LEAST = 0.3;
const REACH_KM = 250;

/** How many observations the belief before them is worth: of a country, of networks with the same providers, of the network. */
const TRUST = { country: 1, alike: 1, network: 0.7 } as const;
/** An observation of the same network in another country, or of one at another known point, counts this much. */
const ABROAD = 0.1;
const ELSEWHERE = 0.3;
const NEARBY = { more: 2, km: 200 } as const;

/** The site's distances in kilometres from where a client is, or from the main city of its country; undefined when neither is known. */
export function kilometresFrom(prediction: Prediction, client: Client): Float64Array | undefined {
  const at = client.at ?? CITIES.find((city) => city.cc === client.cc);
  if (!at) return undefined;
  return Float64Array.from(prediction.places, (place) =>
    place ? distanceKm(place, at) : Number.POSITIVE_INFINITY,
  );
}

/**
 * What the routes say of one client: its network's parts at its nearest city, else in its country, else everywhere. By the
 * prediction's sites; all zero when the network is not known or has no route.
 */
export function routedParts(prediction: Prediction, client: Client): Float64Array {
  const parts = new Float64Array(prediction.sites.length);
  const { world, terrain } = prediction.ground;
  const v = client.asn === undefined ? -1 : indexOf(world.graph, client.asn);
  if (v < 0) return parts;
  const from = terrain.nodeOffsets[v] as number;
  const count = (terrain.nodeOffsets[v + 1] as number) - from;
  let cities = Array.from({ length: count }, (_, i) => cityAnswer(prediction, from + i));
  const own = cities.filter((c) => c.place?.cc === client.cc);
  if (own.length > 0) cities = own;
  const { at } = client;
  if (at) {
    const km = cities.map((c) => (c.place ? distanceKm(c.place, at) : Number.POSITIVE_INFINITY));
    const best = cities[km.indexOf(Math.min(...km))];
    if (best) cities = [best];
  }
  const whole = cities.reduce((sum, c) => sum + (c.weight || 1e-9), 0);
  for (const city of cities)
    for (const { site, part } of city.parts)
      parts[prediction.sites.indexOf(site)]! += (part * (city.weight || 1e-9)) / whole;
  return parts;
}

/** What is believed of a client when nothing was observed: routes, leaning to the nearer site. Sums to one. */
export function believed(prediction: Prediction, client: Client): Float64Array {
  const parts = routedParts(prediction, client);
  const km = kilometresFrom(prediction, client);
  // Seen from the nearest, so that no weight vanishes far from everything.
  const least = km ? Math.min(...km) : 0;
  const weights = parts.map((part, k) => {
    const far = km && Number.isFinite(least) ? (km[k] as number) - least : 0;
    return (part + LEAST) * Math.exp(-far / REACH_KM);
  });
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

/** Observations prepared to learn from. */
export interface Learned {
  readonly prediction: Prediction;
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
  for (const seen of observations.slice(0, MOST_OBSERVATIONS)) {
    const index = number.get(seen.site);
    if (index === undefined) continue;
    const country = countries.get(seen.cc) ?? new Map<Asn, Float64Array>();
    countries.set(seen.cc, country);
    const asn = seen.asn ?? UNKNOWN;
    const counts = country.get(asn) ?? new Float64Array(prediction.sites.length);
    country.set(asn, counts);
    counts[index]! += 1;
    if (asn === UNKNOWN) continue;
    const all = networks.get(asn);
    if (all) all.push({ ...seen, index });
    else networks.set(asn, [{ ...seen, index }]);
  }
  return { prediction, countries, networks };
}

/**
 * What is expected of a client: the belief, then corrected by its country, by networks of that country with the same
 * providers, and by its own network, each a Dirichlet estimate with the one before as prior. Sums to one.
 */
export function expected(learned: Learned, client: Client): Float64Array {
  const { prediction, countries, networks } = learned;
  let belief = believed(prediction, client);
  const country = client.cc === '' ? undefined : countries.get(client.cc);
  if (country) {
    const inCountry = new Float64Array(belief.length);
    const alike = new Float64Array(belief.length);
    const providers = providersOf(prediction, client.asn);
    for (const [asn, counts] of country) {
      const like =
        asn === client.asn || asn === UNKNOWN || providers.size === 0
          ? 0
          : likeness(providers, providersOf(prediction, asn)) ** 2;
      for (const [k, count] of counts.entries()) {
        inCountry[k]! += count;
        alike[k]! += like * count;
      }
    }
    belief = corrected(belief, inCountry, TRUST.country);
    belief = corrected(belief, alike, TRUST.alike);
  }
  const same = client.asn === undefined ? undefined : networks.get(client.asn);
  if (same) {
    const counts = new Float64Array(belief.length);
    for (const seen of same) {
      const near = client.at && seen.at ? Math.exp(-distanceKm(client.at, seen.at) / NEARBY.km) : undefined;
      const place = near === undefined ? 1 : ELSEWHERE + NEARBY.more * near;
      counts[seen.index]! += (seen.cc === client.cc ? 1 : ABROAD) * place;
    }
    belief = corrected(belief, counts, TRUST.network);
  }
  return belief;
}

function corrected(prior: Float64Array, counts: Float64Array, trust: number): Float64Array {
  const sum = counts.reduce((a, b) => a + b, 0);
  return prior.map((p, k) => ((counts[k] as number) + trust * p) / (sum + trust));
}

function providersOf(prediction: Prediction, asn: Asn | undefined): ReadonlySet<number> {
  const { graph } = prediction.ground.world;
  const v = asn === undefined ? -1 : indexOf(graph, asn);
  return new Set(v < 0 ? [] : neighboursOf(graph.providers, v));
}

/** What two sets have in common, of all that either has (Jaccard). */
function likeness(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  let common = 0;
  for (const x of a) if (b.has(x)) common++;
  return common === 0 ? 0 : common / (a.size + b.size - common);
}

/** Gives a distribution over the prediction's sites to each observation from what the others say. */
export type Rule = (others: readonly Observation[]) => (client: Client) => Float64Array;

/** One observation and what was said of it by a rule that had not seen its client. Undefined site: not among the prediction's. */
export interface Guess {
  readonly observation: Observation;
  readonly parts: Float64Array;
}

/** Divides the clients into `folds` by their names, and asks a rule about each fold that has seen the others only. */
export function crossValidated(
  observations: readonly Observation[],
  rule: Rule,
  folds = 10,
): readonly Guess[] {
  const fold = observations.map((o) => hashOf(o.id) % folds);
  const guesses: Guess[] = [];
  for (let f = 0; f < folds; f++) {
    const say = rule(observations.filter((_, i) => fold[i] !== f));
    for (const [i, observation] of observations.entries())
      if (fold[i] === f) guesses.push({ observation, parts: say(observation) });
  }
  return guesses;
}

/** FNV-1a over the UTF-16 units, then mixed, so that names that follow each other part. */
function hashOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}

/** The rules that predictions are measured against, and the predictor itself. */
export function rulesFor(prediction: Prediction): { readonly [name: string]: Rule } {
  const count = prediction.sites.length;
  const only = (k: number) => {
    const parts = new Float64Array(count);
    if (k >= 0) parts[k] = 1;
    return parts;
  };
  const nearest = (client: Client) => {
    const km = kilometresFrom(prediction, client);
    return km ? km.indexOf(Math.min(...km)) : -1;
  };
  const majorities =
    (keys: readonly ((client: Client) => string | undefined)[]): Rule =>
    (others) => {
      const counts = new Map<string, Float64Array>();
      for (const o of others)
        for (const key of keys) {
          const name = key(o);
          const index = prediction.sites.indexOf(o.site);
          if (name === undefined || index < 0) continue;
          const at = counts.get(name) ?? new Float64Array(count);
          counts.set(name, at);
          at[index]! += 1;
        }
      return (client) => {
        for (const key of keys) {
          const at = counts.get(key(client) ?? '');
          if (at) return only(at.indexOf(Math.max(...at)));
        }
        return only(nearest(client));
      };
    };
  const network = (c: Client) => (c.asn === undefined ? undefined : `AS${c.asn}`);
  const country = (c: Client) => (c.cc === '' ? undefined : c.cc);
  return {
    'nearest site': () => (client) => only(nearest(client)),
    'majority of the country': majorities([country]),
    'majority of the AS, then country': majorities([network, country]),
    'routes alone': () => (client) => routedParts(prediction, client),
    'routes and distance': () => (client) => believed(prediction, client),
    'and learning': (others) => {
      const learned = learn(prediction, others);
      return (client) => expected(learned, client);
    },
  };
}
