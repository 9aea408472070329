/** What if sites fail: every single failure, or any set of them, each worked out on top of the whole prediction. */
import { assert } from '../base/index.ts';
import { rttMs } from '../topology/index.ts';
import { hopsFrom, nearestSites, type SiteTable } from './catchment.ts';
import { without } from './deployment.ts';
import {
  canPatch,
  NO_SHARE,
  NOWHERE,
  OFF,
  onTop,
  patchFor,
  propagate,
  type Routes,
  respread,
  routesFor,
  type Seeds,
  type Shares,
  unpatch,
  withdraw,
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

/** Every pair of sites, in their order. */
export function pairsOf({ sites }: Prediction): (readonly [string, string])[] {
  return sites.flatMap((a, i) => sites.slice(i + 1).map((b) => [a, b] as const));
}

/** A patch gets room for so many times the divisions of its base at most. */
const MOST_ROOM = 8;

/** Each of the given sets of sites failing. Names that are no sites change nothing. Not for predictions whose filter asks the routes. */
export function failuresOf(prediction: Prediction, sets: readonly (readonly string[])[]): Failure[] {
  const { ground, deployment, seeds, scene } = prediction;
  assert(scene.filter?.accepts === undefined, 'failures without a filter that asks the routes');
  const tally = new Tally(prediction);
  const special = deployment.preferences?.length || deployment.announcements.some((a) => a.effects?.length);
  const base = prediction.shares;
  // Only needed where a patch does not do.
  let routes: Routes | undefined;
  let shares: Shares | undefined;
  let patch = !special && canPatch(scene) ? patchFor(scene, onTop(base)) : undefined;
  const classes = seeds.routeClass.slice();
  return sets.map((gone) => {
    if (!gone.some((name) => prediction.sites.includes(name))) return tally.of(gone, base, prediction);
    // Communities and local preferences depend on what else is announced: then all is worked out anew.
    if (special) {
      const anew = predict(ground, without(deployment, gone), { marginKm: scene.marginKm });
      return tally.of(gone, anew.shares, anew);
    }
    for (let s = 0; s < seeds.count; s++)
      if (gone.includes(prediction.sites[prediction.siteOf[s] as number] as string))
        seeds.routeClass[s] = OFF;
    let failure: Failure;
    if (patch && withdraw(scene, base, patch)) {
      const changed = patch.changed.subarray(0, patch.count);
      failure = tally.of(gone, patch.shares, { ...prediction, routes: patch.routes }, changed);
      unpatch(scene, base, patch);
    } else {
      // More divisions than there is room for: all anew this time, and more room the next. Who finds no room in much of it lacks
      // something else, and does without.
      if (patch) {
        const parts = 2 * patch.shares.part.length;
        patch = parts <= MOST_ROOM * base.part.length ? patchFor(scene, onTop(base, parts)) : undefined;
      }
      routes ??= routesFor(ground.world.graph, seeds.at.length);
      shares ??= onTop(base);
      propagate(scene.network, seeds, routes, scene.filter, true);
      const now = { ...scene, routes };
      while (!respread(now, prediction.routes.rank, base, shares))
        shares = onTop(base, 2 * shares.part.length);
      failure = tally.of(gone, shares, { ...prediction, routes });
    }
    seeds.routeClass.set(classes);
    return failure;
  });
}

const NOBODY = -1;
const DIVIDED = -2;

/** After the weights of the sites: the sum of round trips, the weight it is for, and the weight without a route. */
const TIME = 0;
const TIMED = 1;
const UNREACHED = 2;
/** Of all weight; less is what rounding leaves when nobody lands anywhere. */
export const LEAST_TIMED = 1e-9;

/** A state of the network as the sums read it. */
interface State {
  readonly seeds: Seeds;
  readonly routes: Routes;
  readonly shares: Shares;
  /** For each seed, its site as the base counts them. */
  readonly siteOf: Uint16Array;
}

/** Sums of the base, from which each failure differs only where a node's division differs, or how many hops it takes. */
class Tally {
  readonly #prediction: Prediction;
  readonly #table: SiteTable;
  readonly #base: State;
  readonly #sums: Float64Array;
  /** Scratch, indexed by site, and one more for nobody; all zero between calls. */
  readonly #difference: Float64Array;

  constructor(base: Prediction) {
    this.#prediction = base;
    this.#table = nearestSites(base);
    this.#base = this.#stateOf(base, base.shares);
    this.#sums = new Float64Array(base.sites.length + 3);
    this.#difference = new Float64Array(base.sites.length + 1);
    const n = base.ground.terrain.nodeOffsets.length - 1;
    for (let v = 0; v < n; v++) this.#addAll(v);
  }

  /** `changed`: the only ASes whose divisions may differ from the base's; all unless given. */
  of(gone: readonly string[], shares: Shares, now: Prediction, changed?: Uint32Array): Failure {
    const sums = this.#sums.slice();
    const state = this.#stateOf(now, shares);
    // Sites and seeds of a prediction worked out anew are counted differently, so its divisions say nothing about sameness.
    const fresh = now.sites !== this.#prediction.sites;
    const turns = changed ? changed.length : state.routes.rank.length;
    let moved = 0;
    for (let i = 0; i < turns; i++)
      moved += this.#shift(sums, state, changed ? (changed[i] as number) : i, fresh);
    const sites = this.#prediction.sites.length;
    const timed = sums[sites + TIMED] as number;
    return {
      without: gone,
      weights: sums.slice(0, sites).map((w) => Math.max(0, w)),
      unreached: Math.max(0, sums[sites + UNREACHED] as number),
      moved,
      meanRttMs:
        timed > LEAST_TIMED * this.#prediction.ground.weight
          ? (sums[sites + TIME] as number) / timed
          : Number.NaN,
    };
  }

  #stateOf(p: Prediction, shares: Shares): State {
    const { sites } = this.#prediction;
    const known = p.sites === sites;
    const siteOf = known ? p.siteOf : p.siteOf.map((k) => sites.indexOf(p.sites[k] as string));
    return { seeds: p.seeds, routes: p.routes, shares, siteOf };
  }

  #addAll(v: number): void {
    const { nodeOffsets } = this.#prediction.ground.terrain;
    const hops = hopsFrom(this.#base, v);
    for (let node = nodeOffsets[v] as number; node < (nodeOffsets[v + 1] as number); node++)
      this.#add(this.#sums, this.#base, node, hops, 1);
  }

  /** Takes an AS out of the sums as it was and puts it in as it is, where its sites or its way differ. Returns the weight that moved. */
  #shift(sums: Float64Array, now: State, v: number, fresh: boolean): number {
    const { nodeWeight, terrain } = this.#prediction.ground;
    const was = this.#base.shares.share;
    const is = now.shares.share;
    const end = terrain.nodeOffsets[v + 1] as number;
    const hopsWere = hopsFrom(this.#base, v);
    const hopsAre = hopsFrom(now, v);
    let moved = 0;
    for (let node = terrain.nodeOffsets[v] as number; node < end; node++) {
      const same = is[node] === was[node] && !fresh;
      if (same && hopsAre === hopsWere) continue;
      this.#add(sums, this.#base, node, hopsWere, -1);
      this.#add(sums, now, node, hopsAre, 1);
      if (!same) moved += (nodeWeight[node] as number) * this.#moved(now, node);
    }
    return moved;
  }

  #add(sums: Float64Array, { shares, siteOf }: State, node: number, hops: number, sign: number): void {
    const { nodeWeight, terrain } = this.#prediction.ground;
    const { share, starts, seed, part } = shares;
    const { km } = this.#table;
    const sites = sums.length - 3;
    const w = sign * (nodeWeight[node] as number);
    const d = share[node] as number;
    if (d === NO_SHARE) {
      sums[sites + UNREACHED]! += w;
      return;
    }
    const at = terrain.nodePlace[node] as number;
    for (let e = starts[d] as number; e < (starts[d + 1] as number); e++) {
      const k = siteOf[seed[e] as number] as number;
      const mine = w * (part[e] as number);
      sums[k]! += mine;
      if (at === NOWHERE) continue;
      const direct = km[k * terrain.places + at] as number;
      if (Number.isNaN(direct)) continue;
      sums[sites + TIME]! += mine * rttMs(direct, hops);
      sums[sites + TIMED]! += mine;
    }
  }

  /** Half the sum of differences of a node's parts: what left one site and reached another, or nobody. */
  #moved(now: State, node: number): number {
    const before = soleOf(this.#base, node);
    const after = soleOf(now, node);
    if (before !== DIVIDED && after !== DIVIDED) return before === after ? 0 : 1;
    this.#differ(this.#base, node, 1);
    this.#differ(now, node, -1);
    return (this.#settle(this.#base, node) + this.#settle(now, node)) / 2;
  }

  #differ({ shares, siteOf }: State, node: number, sign: number): void {
    const d = shares.share[node] as number;
    if (d === NO_SHARE) this.#difference[this.#difference.length - 1]! += sign;
    else
      for (let e = shares.starts[d] as number; e < (shares.starts[d + 1] as number); e++)
        this.#difference[siteOf[shares.seed[e] as number] as number]! += sign * (shares.part[e] as number);
  }

  /** The sum of the differences at the sites that a node has a part at; puts them back to zero. */
  #settle({ shares, siteOf }: State, node: number): number {
    const difference = this.#difference;
    const d = shares.share[node] as number;
    const from = d === NO_SHARE ? 0 : (shares.starts[d] as number);
    const end = d === NO_SHARE ? 1 : (shares.starts[d + 1] as number);
    let sum = 0;
    for (let e = from; e < end; e++) {
      const k = d === NO_SHARE ? difference.length - 1 : (siteOf[shares.seed[e] as number] as number);
      sum += Math.abs(difference[k] as number);
      difference[k] = 0;
    }
    return sum;
  }
}

/** The only site that a node's traffic goes to, NOBODY, or DIVIDED. */
function soleOf({ shares, siteOf }: State, node: number): number {
  const { share, starts, seed } = shares;
  const d = share[node] as number;
  if (d === NO_SHARE) return NOBODY;
  const from = starts[d] as number;
  return starts[d + 1] === from + 1 ? (siteOf[seed[from] as number] as number) : DIVIDED;
}
