/** The predictor as the page asks it; pure, so that it runs in a worker and in a test alike. */
import {
  clientAnswer,
  type Deployment,
  explain,
  formatMove,
  type Ground,
  groundOf,
  groupMovers,
  NO_SHARE,
  NOWHERE,
  nodesOfAs,
  type Prediction,
  predict,
  summarise,
} from '../../../src/predict/index.ts';
import { findPlace, indexOf, openWorld } from '../../../src/topology/index.ts';
import {
  type Answers,
  type Colours,
  MOST_SHOWN_SITES,
  NO_SITE,
  type Opened,
  type Points,
  type Question,
  type Spots,
  type Sum,
  type Sums,
} from './protocol.ts';

/** More points than that are not drawn. */
export const MOST_POINTS = 400_000;
/** Predictions that are kept: what is, what was asked last, and what an order would do. */
const KEPT = 4;

export class Engine {
  readonly #ground: Ground;
  /** The node of each point. */
  readonly #nodes: Uint32Array;
  /** A number in [0, 1) for each point, by which an undecided one is drawn as one of its sites. */
  readonly #lots: Float32Array;
  readonly opened: Opened;
  readonly #kept = new Map<string, { readonly prediction: Prediction; sum?: Sum; sites?: string }>();

  /** Throws an error with a sentence when the bytes are no world. */
  constructor(world: ArrayBuffer) {
    const opened = openWorld(world);
    if ('refused' in opened) throw new Error(opened.refused);
    this.#ground = groundOf(opened);
    const { points, nodes, lots } = pointsOf(this.#ground);
    this.#nodes = nodes;
    this.#lots = lots;
    let networks = 0;
    for (const w of opened.weights) if (w > 0) networks++;
    this.opened = { points, networks, weightUnit: opened.weightUnit, source: opened.source };
  }

  /** The colours of all points after the change. */
  colours({ sites, after }: Question, clock: () => number): Colours {
    const began = clock();
    const prediction = this.#predict(after);
    const nodes = this.#nodes;
    const site = new Uint8Array(nodes.length).fill(NO_SITE);
    const sure = new Uint8Array(nodes.length);
    const number = numbersOf(prediction, sites);
    const { share, starts, seed, part } = prediction.shares;
    const { siteOf } = prediction;
    for (let i = 0; i < nodes.length; i++) {
      const d = share[nodes[i] as number] as number;
      if (d === NO_SHARE) {
        sure[i] = 255;
        continue;
      }
      let left = this.#lots[i] as number;
      let chosen = -1;
      let certainty = 0;
      const end = starts[d + 1] as number;
      for (let e = starts[d] as number; e < end; e++) {
        const p = part[e] as number;
        const k = siteOf[seed[e] as number] as number;
        if (chosen < 0 && (left < p || e === end - 1)) {
          chosen = k;
          certainty = 0;
          // Several upstreams of one site are no doubt about the site.
          for (let f = starts[d] as number; f < end; f++)
            if (siteOf[seed[f] as number] === k) certainty += part[f] as number;
        }
        left -= p;
      }
      site[i] = chosen < 0 ? NO_SITE : (number[chosen] as number);
      sure[i] = Math.round(255 * Math.min(1, certainty));
    }
    return { site, sure, tookMs: clock() - began, remarks: prediction.remarks.map((r) => r.what) };
  }

  sums({ sites, before, after }: Question): Sums {
    const [a, b] = [this.#predict(before), this.#predict(after)];
    return {
      before: this.#sum(before, sites),
      after: this.#sum(after, sites),
      ...flowsBetween(a, b, sites),
    };
  }

  /** Where somebody at these places would land after the change. */
  spots({ sites, after }: Question, { asn, lonLat }: Spots): Float32Array<ArrayBuffer> {
    const prediction = this.#predict(after);
    const number = numbersOf(prediction, sites);
    const { world, terrain } = this.#ground;
    const { share, starts, seed, part } = prediction.shares;
    const found = new Float32Array(asn.length * sites.length);
    for (let i = 0; i < asn.length; i++) {
      const v = indexOf(world.graph, asn[i] as number);
      if (v < 0) {
        found.fill(Number.NaN, i * sites.length, (i + 1) * sites.length);
        continue;
      }
      let best = terrain.nodeOffsets[v] as number;
      let least = Number.POSITIVE_INFINITY;
      for (let node = best; node < (terrain.nodeOffsets[v + 1] as number); node++) {
        const at = terrain.at[terrain.nodePlace[node] as number];
        const far = at
          ? Math.abs(at.lon - (lonLat[2 * i] as number)) + Math.abs(at.lat - (lonLat[2 * i + 1] as number))
          : Number.MAX_VALUE;
        if (far < least) [best, least] = [node, far];
      }
      const d = share[best] as number;
      if (d === NO_SHARE) continue;
      for (let e = starts[d] as number; e < (starts[d + 1] as number); e++) {
        const k = number[prediction.siteOf[seed[e] as number] as number] as number;
        if (k !== NO_SITE) found[i * sites.length + k]! += part[e] as number;
      }
    }
    return found;
  }

  /** What becomes of one network, and why; undefined when the graph does not know it. */
  why({ after }: Question, asn: number): Answers['why'] {
    const prediction = this.#predict(after);
    const answer = clientAnswer(prediction, asn);
    return answer && { answer, explanation: explain(prediction, asn) };
  }

  /** The network that a text means: an AS number, or a city, of which it is the one with most people. */
  find(text: string): number | undefined {
    const { world, terrain, nodeAs, nodeWeight } = this.#ground;
    const { asns } = world.graph;
    const number = /^\s*(?:AS)?\s*(\d{1,10})\s*$/i.exec(text)?.[1];
    if (number !== undefined) return indexOf(world.graph, Number(number)) < 0 ? undefined : Number(number);
    const place = findPlace(text, terrain.at);
    const k = place ? terrain.at.indexOf(place) : -1;
    let best: number | undefined;
    for (let node = 0; k >= 0 && node < nodeWeight.length; node++)
      if (terrain.nodePlace[node] === k && (nodeWeight[node] as number) > (nodeWeight[best ?? -1] ?? -1))
        best = node;
    return best === undefined ? undefined : asns[nodeAs[best] as number];
  }

  /** The single changes that would move a network. Some tens of predictions. */
  movers({ after }: Question, asn: number): Answers['movers'] {
    const now = this.#predict(after);
    const nodes = nodesOfAs(now.ground, asn);
    if (nodes.length === 0) return undefined;
    return groupMovers(now, nodes).map((m) => ({ ...m, text: formatMove(after, m.move) }));
  }

  #predict(deployment: Deployment): Prediction {
    return this.#keep(deployment).prediction;
  }

  #keep(deployment: Deployment) {
    const key = JSON.stringify(deployment);
    const known = this.#kept.get(key) ?? { prediction: predict(this.#ground, deployment) };
    // The one used last stands last; the first goes.
    this.#kept.delete(key);
    this.#kept.set(key, known);
    for (const old of this.#kept.keys()) if (this.#kept.size > KEPT) this.#kept.delete(old);
    return known as { readonly prediction: Prediction; sum?: Sum; sites?: string };
  }

  #sum(deployment: Deployment, sites: readonly string[]): Sum {
    const kept = this.#keep(deployment);
    const asked = JSON.stringify(sites);
    if (!kept.sum || kept.sites !== asked) {
      kept.sum = sumOf(kept.prediction, sites);
      kept.sites = asked;
    }
    return kept.sum;
  }
}

/** For each site of a prediction its number among those asked for. */
function numbersOf(prediction: Prediction, sites: readonly string[]): Uint8Array {
  return Uint8Array.from(prediction.sites, (name) => {
    const k = sites.indexOf(name);
    return k < 0 || k > MOST_SHOWN_SITES ? NO_SITE : k;
  });
}

function sumOf(prediction: Prediction, sites: readonly string[]): Sum {
  const { sites: found, all, unreached } = summarise(prediction);
  const { weight } = prediction.ground;
  const of = (s: (typeof found)[number] | typeof all | undefined) => ({
    share: s?.share ?? 0,
    certain: s?.certain ?? 0,
    networks: s?.networks ?? 0,
    rtt: s?.rtt && { p50: s.rtt.median, p90: s.rtt.p90 },
  });
  return {
    sites: sites.map((name) => of(found.find((s) => s.site === name))),
    all: of(all),
    unreached: weight > 0 ? unreached / weight : 0,
  };
}

/** What leaves a site is divided over those that gain, by what they gain: node by node. */
function flowsBetween(a: Prediction, b: Prediction, sites: readonly string[]): Pick<Sums, 'moved' | 'flows'> {
  const width = sites.length + 1;
  const flows = new Float64Array(width * width);
  const { nodeWeight, weight } = a.ground;
  if (a === b || weight <= 0) return { moved: 0, flows };
  const numbers = [numbersOf(a, sites), numbersOf(b, sites)] as const;
  const difference = new Float64Array(width);
  let moved = 0;
  for (let node = 0; node < nodeWeight.length; node++) {
    const w = nodeWeight[node] as number;
    if (w === 0) continue;
    add(a, numbers[0], node, -1, difference);
    add(b, numbers[1], node, 1, difference);
    let gained = 0;
    for (const d of difference) if (d > 0) gained += d;
    if (gained > 1e-6) {
      moved += w * gained;
      for (let from = 0; from < width; from++) {
        const lost = -(difference[from] as number);
        if (lost <= 0) continue;
        for (let to = 0; to < width; to++) {
          const gain = difference[to] as number;
          if (gain > 0) flows[from * width + to]! += (w * lost * gain) / gained;
        }
      }
    }
    difference.fill(0);
  }
  for (let i = 0; i < flows.length; i++) flows[i]! /= weight;
  return { moved: moved / weight, flows };
}

function add(p: Prediction, number: Uint8Array, node: number, sign: number, into: Float64Array): void {
  const nobody = into.length - 1;
  const { share, starts, seed, part } = p.shares;
  const d = share[node] as number;
  if (d === NO_SHARE) {
    into[nobody]! += sign;
    return;
  }
  for (let e = starts[d] as number; e < (starts[d + 1] as number); e++) {
    const k = number[p.siteOf[seed[e] as number] as number] as number;
    into[k === NO_SITE ? nobody : k]! += sign * (part[e] as number);
  }
}

/** How far around a city its networks are drawn: with the square root of its people, kilometres. */
const NEAR_KM = 40;
const KM_PER_ROOT = 0.045;

function pointsOf(ground: Ground): { points: Points; nodes: Uint32Array; lots: Float32Array } {
  const { nodeWeight, nodeAs, terrain, world } = ground;
  const nodes: number[] = [];
  for (let node = 0; node < nodeWeight.length && nodes.length < MOST_POINTS; node++)
    if (terrain.nodePlace[node] !== NOWHERE && (nodeWeight[node] as number) > 0) nodes.push(node);
  const count = nodes.length;
  const asn = new Uint32Array(count);
  const lonLat = new Float32Array(2 * count);
  const weight = new Float32Array(count);
  const lots = new Float32Array(count);
  for (const [i, node] of nodes.entries()) {
    const place = terrain.at[terrain.nodePlace[node] as number]!;
    asn[i] = world.graph.asns[nodeAs[node] as number] as number;
    weight[i] = nodeWeight[node] as number;
    const [turn, out] = [chance(node, 1), chance(node, 2)];
    lots[i] = chance(node, 3);
    // Denser in the middle, as cities are.
    const km = (NEAR_KM + KM_PER_ROOT * Math.sqrt(place.population)) * out;
    const lat = place.lat + (km / 111) * Math.sin(2 * Math.PI * turn);
    const round = Math.max(0.1, Math.cos((place.lat * Math.PI) / 180));
    lonLat[2 * i] = place.lon + (km / 111 / round) * Math.cos(2 * Math.PI * turn);
    lonLat[2 * i + 1] = Math.max(-85, Math.min(85, lat));
  }
  return { points: { count, asn, lonLat, weight }, nodes: Uint32Array.from(nodes), lots };
}

/** The same number in [0, 1) for the same node each time. */
function chance(node: number, salt: number): number {
  let z = (node + Math.imul(salt, 0x9e3779b9)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return ((z ^ (z >>> 15)) >>> 0) / 0x1_0000_0000;
}
