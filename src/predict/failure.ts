/** What if sites fail: every single failure, or any set of them, each worked out on top of the whole prediction. */
import { rttMs } from '../topology/index.ts';
import { hopsFrom, nearestSites, type SiteTable } from './catchment.ts';
import { without } from './deployment.ts';
import {
  canPatch,
  NO_SHARE,
  NOWHERE,
  OFF,
  patchFor,
  propagate,
  type Routes,
  respread,
  routesFor,
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

/** Every pair of sites failing. */
export function doubleFailures(prediction: Prediction): Failure[] {
  return failuresOf(prediction, pairsOf(prediction));
}

/** Every pair of sites, in their order. */
export function pairsOf({ sites }: Prediction): (readonly [string, string])[] {
  return sites.flatMap((a, i) => sites.slice(i + 1).map((b) => [a, b] as const));
}

/** A patch gets room for so many times the divisions of its base at most. */
const MOST_ROOM = 8;

/** Each of the given sets of sites failing. Names that are no sites change nothing. */
export function failuresOf(prediction: Prediction, sets: readonly (readonly string[])[]): Failure[] {
  const { ground, deployment, seeds, scene } = prediction;
  const tally = new Tally(prediction);
  const special = deployment.preferences?.length || deployment.announcements.some((a) => a.effects?.length);
  const base = prediction.shares;
  // Only needed where a patch does not do.
  let routes: Routes | undefined;
  let shares: Shares | undefined;
  let patch = !special && canPatch(scene) ? patchFor(scene, onTop(base)) : undefined;
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
    dirty: new Uint8Array(base.dirty.length),
    whole: base.whole.slice(),
  };
}

const NOBODY = -1;
const DIVIDED = -2;

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
    const { nodeOffsets } = base.ground.terrain;
    for (let v = 0; v + 1 < nodeOffsets.length; v++) {
      const hops = hopsFrom(base, v);
      for (let node = nodeOffsets[v] as number; node < (nodeOffsets[v + 1] as number); node++)
        this.#add(this.#weights, base, base.shares, node, hops, 1);
    }
  }

  /** `changed`: the only ASes whose divisions may differ from the base's; all unless given. */
  of(gone: readonly string[], shares: Shares, now: Prediction, changed?: Uint32Array): Failure {
    const base = this.#base;
    const weights = this.#weights.slice();
    const before = [this.#time, this.#timed, this.#unreached] as const;
    // Sites and seeds of a prediction worked out anew are counted differently, so its divisions say nothing about sameness.
    const fresh = now.sites !== base.sites;
    const was = base.shares.share;
    const is = shares.share;
    const { nodeWeight } = base.ground;
    const difference = new Float64Array(base.sites.length + 1);
    let moved = 0;
    const { nodeOffsets } = base.ground.terrain;
    const turns = changed ? changed.length : nodeOffsets.length - 1;
    for (let i = 0; i < turns; i++) {
      const v = changed ? (changed[i] as number) : i;
      const end = nodeOffsets[v + 1] as number;
      let node = nodeOffsets[v] as number;
      while (node < end && is[node] === was[node] && !fresh) node++;
      if (node === end) continue;
      const [hopsWere, hopsAre] = [hopsFrom(base, v), hopsFrom(now, v)];
      for (; node < end; node++) {
        if (is[node] === was[node] && !fresh) continue;
        this.#add(weights, base, base.shares, node, hopsWere, -1);
        this.#add(weights, now, shares, node, hopsAre, 1);
        moved += (nodeWeight[node] as number) * this.#moved(now, shares, node, difference);
      }
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

  #add(weights: Float64Array, p: Prediction, shares: Shares, node: number, hops: number, sign: number): void {
    const { nodeWeight, terrain } = p.ground;
    const w = sign * (nodeWeight[node] as number);
    const d = shares.share[node] as number;
    if (d === NO_SHARE) {
      this.#unreached += w;
      return;
    }
    const at = terrain.nodePlace[node] as number;
    const { starts, seed, part } = shares;
    const km = this.#table.km;
    for (let e = starts[d] as number; e < (starts[d + 1] as number); e++) {
      const k = this.#siteOf(p, seed[e] as number);
      const mine = w * (part[e] as number);
      weights[k]! += mine;
      if (at === NOWHERE) continue;
      const direct = km[k * terrain.places + at] as number;
      if (Number.isNaN(direct)) continue;
      this.#time += mine * rttMs(direct, hops);
      this.#timed += mine;
    }
  }

  #siteOf(p: Prediction, seed: number): number {
    const k = p.siteOf[seed] as number;
    return p.sites === this.#base.sites ? k : this.#base.sites.indexOf(p.sites[k] as string);
  }

  /** The only site that a node's traffic goes to, NOBODY, or DIVIDED. */
  #sole(p: Prediction, { share, starts, seed }: Shares, node: number): number {
    const d = share[node] as number;
    if (d === NO_SHARE) return NOBODY;
    const from = starts[d] as number;
    return starts[d + 1] === from + 1 ? this.#siteOf(p, seed[from] as number) : DIVIDED;
  }

  /** Half the sum of differences of a node's parts: what left one site and reached another, or nobody. */
  #moved(now: Prediction, shares: Shares, node: number, difference: Float64Array): number {
    const nobody = difference.length - 1;
    const [before, after] = [this.#sole(this.#base, this.#base.shares, node), this.#sole(now, shares, node)];
    if (before !== DIVIDED && after !== DIVIDED) return before === after ? 0 : 1;
    let sum = 0;
    for (let turn = 0; turn < 3; turn++) {
      const [p, s] = turn === 1 ? [now, shares] : [this.#base, this.#base.shares];
      const d = s.share[node] as number;
      const from = d === NO_SHARE ? 0 : (s.starts[d] as number);
      const end = d === NO_SHARE ? 1 : (s.starts[d + 1] as number);
      for (let e = from; e < end; e++) {
        const k = d === NO_SHARE ? nobody : this.#siteOf(p, s.seed[e] as number);
        const part = d === NO_SHARE ? 1 : (s.part[e] as number);
        // First what was, then what is; then both are summed and put back to zero.
        if (turn === 0) difference[k]! += part;
        else if (turn === 1) difference[k]! -= part;
        else {
          sum += Math.abs(difference[k] as number);
          difference[k] = 0;
        }
      }
    }
    const d = shares.share[node] as number;
    if (d === NO_SHARE) {
      sum += Math.abs(difference[nobody] as number);
      difference[nobody] = 0;
      return sum / 2;
    }
    for (let e = shares.starts[d] as number; e < (shares.starts[d + 1] as number); e++) {
      const k = this.#siteOf(now, shares.seed[e] as number);
      sum += Math.abs(difference[k] as number);
      difference[k] = 0;
    }
    return sum / 2;
  }
}
