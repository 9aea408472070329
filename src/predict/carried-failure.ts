/** What if sites fail, where clients are expected by what was seen: the same account as `failure.ts` gives by routes alone. */
import { rttMs } from '../topology/index.ts';
import { carrier, type Expected } from './carried.ts';
import { type Divided, hopsOf, nearestSites } from './catchment.ts';
import { Divisions } from './divisions.ts';
import { type Failure, LEAST_TIMED } from './failure.ts';
import { NO_SHARE, NOWHERE } from './kernel/index.ts';
import type { Prediction } from './predict.ts';
import { asItIs, trialsOn } from './trial.ts';

/** Each of the given sets of sites failing. `tell` hears how many are done. */
export function expectedFailures(
  expected: Expected,
  sets: readonly (readonly string[])[],
  tell?: (done: number) => void,
): Failure[] {
  const { routes, seen } = expected;
  const { announcements } = routes.deployment;
  const { nodeWeight } = routes.ground;
  const attempt = trialsOn(routes);
  const now = asItIs(routes.deployment);
  const base = new Tally(routes);
  const changed = new Uint32Array(nodeWeight.length);
  for (let node = 0; node < nodeWeight.length; node++) base.add(seen.shares, routes, node, 1);
  return sets.map((gone, i) => {
    const tally = base.copy();
    let moved = 0;
    if (gone.length > 0) {
      const after = attempt(
        now.map((n, k) => (gone.includes(announcements[k]?.site ?? '') ? undefined : n)),
      ) as Prediction;
      const count = changedBy(expected, after, gone, changed);
      const divisions = new Divisions(nodeWeight.length);
      const carry = carrier(expected, after, divisions);
      for (let c = 0; c < count; c++) {
        const node = changed[c] as number;
        divisions.share[node] = carry(node);
      }
      const then = divisions.all();
      const scratch = new Float64Array(routes.sites.length);
      for (let c = 0; c < count; c++) {
        const node = changed[c] as number;
        tally.add(seen.shares, routes, node, -1);
        tally.add(then, after, node, 1);
        moved += (nodeWeight[node] as number) * difference(seen.shares, then, node, scratch);
      }
    }
    tell?.(i + 1);
    return tally.failure(gone, moved);
  });
}

/** Lists the nodes that weigh something and may land elsewhere, or by another way, once sites are gone. Returns how many. */
function changedBy(
  { routes, seen }: Expected,
  after: Prediction,
  gone: readonly string[],
  list: Uint32Array,
): number {
  const touched = divisionsAt(seen, gone);
  const onTop = after.sites === routes.sites;
  const { nodeWeight } = routes.ground;
  let count = 0;
  for (let node = 0; node < nodeWeight.length; node++) {
    if (nodeWeight[node] === 0) continue;
    const stood = seen.shares.share[node] as number;
    const same =
      onTop &&
      after.shares.share[node] === routes.shares.share[node] &&
      hopsOf(after, node) === hopsOf(routes, node);
    if (!same || (stood !== NO_SHARE && touched[stood] === 1)) list[count++] = node;
  }
  return count;
}

/** By division: 1 where a part stands at one of the sites. */
function divisionsAt({ shares, sites }: Prediction, gone: readonly string[]): Uint8Array {
  const found = new Uint8Array(shares.count);
  const wanted = sites.map((site) => gone.includes(site));
  for (let d = 0; d < shares.count; d++)
    for (let e = shares.starts[d] as number; e < (shares.starts[d + 1] as number); e++)
      if (wanted[shares.seed[e] as number]) found[d] = 1;
  return found;
}

/** Half the sum of differences of a node's parts: what left one site for another, or for nobody. `scratch` is all zero between calls. */
function difference(a: Divided, b: Divided, node: number, scratch: Float64Array): number {
  const [was, is] = [a.share[node] as number, b.share[node] as number];
  if (was === NO_SHARE || is === NO_SHARE) return was === is ? 0 : 1;
  for (let e = a.starts[was] as number; e < (a.starts[was + 1] as number); e++)
    scratch[a.seed[e] as number]! += a.part[e] as number;
  for (let e = b.starts[is] as number; e < (b.starts[is + 1] as number); e++)
    scratch[b.seed[e] as number]! -= b.part[e] as number;
  let sum = 0;
  for (let k = 0; k < scratch.length; k++) {
    sum += Math.abs(scratch[k] as number);
    scratch[k] = 0;
  }
  return sum / 2;
}

/** Sums over clients, by site; ways are taken straight. */
class Tally {
  readonly #routes: Prediction;
  readonly #km: Float32Array;
  #weights: Float64Array;
  #unreached = 0;
  #time = 0;
  #timed = 0;

  constructor(routes: Prediction) {
    this.#routes = routes;
    this.#km = nearestSites(routes).km;
    this.#weights = new Float64Array(routes.sites.length);
  }

  copy(): Tally {
    const made = new Tally(this.#routes);
    made.#weights = this.#weights.slice();
    [made.#unreached, made.#time, made.#timed] = [this.#unreached, this.#time, this.#timed];
    return made;
  }

  /** Adds what stands at a node, or takes it away; `by` are the routes that say how many hops it is. */
  add({ share, starts, seed, part }: Divided, by: Prediction, node: number, sign: number): void {
    const { nodeWeight, terrain } = this.#routes.ground;
    const weight = sign * (nodeWeight[node] as number);
    if (weight === 0) return;
    const d = share[node] as number;
    if (d === NO_SHARE) {
      this.#unreached += weight;
      return;
    }
    const at = terrain.nodePlace[node] as number;
    const hops = hopsOf(by, node);
    for (let e = starts[d] as number; e < (starts[d + 1] as number); e++) {
      const k = seed[e] as number;
      const mine = weight * (part[e] as number);
      this.#weights[k]! += mine;
      const direct = at === NOWHERE ? Number.NaN : (this.#km[k * terrain.places + at] as number);
      if (Number.isNaN(direct)) continue;
      this.#time += mine * rttMs(direct, hops);
      this.#timed += mine;
    }
  }

  failure(without: readonly string[], moved: number): Failure {
    return {
      without,
      weights: this.#weights.map((w) => Math.max(0, w)),
      unreached: Math.max(0, this.#unreached),
      moved,
      meanRttMs:
        this.#timed > LEAST_TIMED * this.#routes.ground.weight ? this.#time / this.#timed : Number.NaN,
    };
  }
}
