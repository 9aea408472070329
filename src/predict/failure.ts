/** What if sites fail: every single failure, or any set of them, each worked out on top of the whole prediction. */
import { HOP_MS, rttMs } from '../topology/index.ts';
import { nearestSites, type SiteTable } from './catchment.ts';
import { without } from './deployment.ts';
import {
  lengthOf,
  NO_SHARE,
  NOWHERE,
  OFF,
  propagate,
  respread,
  routesFor,
  type Shares,
} from './kernel/index.ts';
import { type Prediction, predict } from './predict.ts';

export interface Failure {
  /** The sites that are gone. */
  readonly without: readonly string[];
  /** Weight at each site, in the order of the prediction's sites. */
  readonly weights: Float64Array;
  /** Weight of clients that have no route left. */
  readonly unreached: number;
  /** Weight that lands elsewhere than before, the failed sites' own included. */
  readonly moved: number;
  /**
   * Mean round-trip estimate of all that land somewhere, in milliseconds, by distance alone; NaN when places are not known.
   */
  readonly meanRttMs: number;
}

/** The state without failures, in the same terms. */
export function intact(prediction: Prediction): Failure {
  return failuresOf(prediction, [[]])[0] as Failure;
}

/** Every site alone failing, in the order of the sites. */
export function singleFailures(prediction: Prediction): Failure[] {
  return failuresOf(
    prediction,
    prediction.sites.map((site) => [site]),
  );
}

/** Every pair of sites failing. */
export function doubleFailures(prediction: Prediction): Failure[] {
  const { sites } = prediction;
  return failuresOf(
    prediction,
    sites.flatMap((a, i) => sites.slice(i + 1).map((b) => [a, b])),
  );
}

/** Each of the given sets of sites failing. Names that are no sites change nothing. */
export function failuresOf(prediction: Prediction, sets: readonly (readonly string[])[]): Failure[] {
  const { ground, deployment, seeds, scene } = prediction;
  const tally = new Tally(prediction);
  const special = deployment.preferences?.length || deployment.announcements.some((a) => a.effects?.length);
  const routes = routesFor(ground.world.graph, seeds.at.length);
  let shares = onTop(prediction.shares);
  const classes = seeds.routeClass.slice();
  return sets.map((gone) => {
    // Communities and local preferences depend on what else is announced: then all is worked out anew.
    if (special && gone.length > 0) {
      const anew = predict(ground, without(deployment, gone), { marginKm: scene.marginKm });
      return tally.of(gone, anew.shares, anew);
    }
    for (let s = 0; s < seeds.count; s++)
      if (gone.includes(prediction.sites[prediction.siteOf[s] as number] as string))
        seeds.routeClass[s] = OFF;
    propagate(scene.network, seeds, routes, scene.filter, true);
    const now = { ...scene, routes };
    while (!respread(now, prediction.routes.rank, prediction.shares, shares))
      shares = onTop(prediction.shares, 2 * shares.part.length);
    seeds.routeClass.set(classes);
    return tally.of(gone, shares, { ...prediction, routes });
  });
}

/** Memory to work on top of a base: its divisions, and room for more. */
function onTop(base: Shares, parts = 2 * base.part.length): Shares {
  const seed = new Uint16Array(parts);
  const part = new Float32Array(parts);
  seed.set(base.seed);
  part.set(base.part);
  return {
    ...base,
    seed,
    part,
    starts: base.starts.slice(),
    share: base.share.slice(),
    whole: base.whole.slice(),
  };
}

/** Sums of the base, from which each failure differs only where a node's division differs. */
class Tally {
  readonly #base: Prediction;
  readonly #table: SiteTable;
  readonly #weights: Float64Array;
  #time = 0;
  #timed = 0;
  #unreached = 0;

  constructor(base: Prediction) {
    this.#base = base;
    this.#table = nearestSites(base);
    this.#weights = new Float64Array(base.sites.length);
    for (let node = 0; node < base.shares.share.length; node++)
      this.#add(this.#weights, base, base.shares, node, 1);
  }

  of(gone: readonly string[], shares: Shares, now: Prediction): Failure {
    const base = this.#base;
    const weights = this.#weights.slice();
    const before = [this.#time, this.#timed, this.#unreached] as const;
    // Sites of a prediction worked out anew are counted differently: translate.
    const fresh = now.sites !== base.sites;
    let moved = 0;
    for (let node = 0; node < shares.share.length; node++) {
      const same = !fresh && shares.share[node] === base.shares.share[node];
      if (same) continue;
      this.#add(weights, base, base.shares, node, -1);
      this.#add(weights, now, shares, node, 1);
      moved += this.#moved(now, shares, node);
    }
    const failure = {
      without: gone,
      weights: weights.map((w) => Math.max(0, w)),
      unreached: Math.max(0, this.#unreached),
      moved,
      meanRttMs: this.#timed > 0 ? this.#time / this.#timed : Number.NaN,
    };
    [this.#time, this.#timed, this.#unreached] = before;
    return failure;
  }

  #add(weights: Float64Array, p: Prediction, shares: Shares, node: number, sign: number): void {
    const { nodeWeight, nodeAs, terrain } = p.ground;
    const w = sign * (nodeWeight[node] as number);
    const d = shares.share[node] as number;
    if (d === NO_SHARE) {
      this.#unreached += w;
      return;
    }
    const { rank, site } = p.routes;
    const v = nodeAs[node] as number;
    const at = terrain.nodePlace[node] as number;
    const prepends = Math.max(0, (p.seeds.length[site[v] as number] as number) - 1);
    const hops = Math.max(0, lengthOf(rank[v] as number) - prepends);
    for (let e = shares.starts[d] as number; e < (shares.starts[d + 1] as number); e++) {
      const k = this.#siteOf(p, shares.seed[e] as number);
      const mine = w * (shares.part[e] as number);
      weights[k]! += mine;
      const direct = at === NOWHERE ? Number.NaN : (this.#table.km[k * terrain.places + at] as number);
      if (Number.isNaN(direct)) continue;
      this.#time += mine * (rttMs(direct) + HOP_MS * hops);
      this.#timed += mine;
    }
  }

  #siteOf(p: Prediction, seed: number): number {
    const k = p.siteOf[seed] as number;
    return p.sites === this.#base.sites ? k : this.#base.sites.indexOf(p.sites[k] as string);
  }

  /** Half the sum of differences: what left one site and reached another, or nobody. */
  #moved(now: Prediction, shares: Shares, node: number): number {
    const base = this.#base;
    const difference = new Map<number, number>();
    const add = (p: Prediction, s: Shares, sign: number) => {
      const d = s.share[node] as number;
      if (d === NO_SHARE) {
        difference.set(-1, (difference.get(-1) ?? 0) + sign);
        return;
      }
      for (let e = s.starts[d] as number; e < (s.starts[d + 1] as number); e++) {
        const k = this.#siteOf(p, s.seed[e] as number);
        difference.set(k, (difference.get(k) ?? 0) + sign * (s.part[e] as number));
      }
    };
    add(base, base.shares, -1);
    add(now, shares, 1);
    let sum = 0;
    for (const part of difference.values()) sum += Math.abs(part);
    return (sum / 2) * (base.ground.nodeWeight[node] as number);
  }
}
