/** What a change of announcements does, worked out on top of a prediction: only what differs is worked out anew. */
import { assert } from '../base/index.ts';
import { type Adjacency, neighboursOf } from '../topology/index.ts';
import type { Deployment } from './deployment.ts';
import {
  CUSTOMER,
  classOf,
  LONGEST_SEED,
  lengthOf,
  NONE,
  OFF,
  ORIGIN,
  onTop,
  PEER,
  PROVIDER,
  propagate,
  type Routes,
  respread,
  routesFor,
  type Scene,
  type Seeds,
  type Shares,
} from './kernel/index.ts';
import { type Prediction, predict } from './predict.ts';

/** For each announcement of a deployment the prepends it is tried with; undefined: nothing is announced there. */
export type Variation = readonly (number | undefined)[];

/** A deployment as it is. */
export function asItIs({ announcements }: Deployment): Variation {
  return announcements.map((a) => a.prepend ?? 0);
}

/**
 * Tries variations of the deployment of a prediction, one after the other. Each gives what {@link predict} would, with the same
 * sites in the same order, also those that announce nothing; it is good until the next try, and its sites are the very array of
 * the prediction when only what differs was worked out. With `watched`, cities of networks, undefined says that nothing changes for
 * any of them; then hardly anything was worked out. Not for predictions with attackers and filters.
 */
export function trialsOn(
  prediction: Prediction,
  watched?: readonly number[],
): (variation: Variation) => Prediction | undefined {
  const { ground, deployment, scene, seeds: before, announcementOf } = prediction;
  const { preferences, announcements } = deployment;
  const named = (variation: Variation): Deployment => ({
    ...deployment,
    announcements: announcements.map((a, i) => ({ ...a, prepend: variation[i] ?? 0 })),
  });
  const anew = (variation: Variation): Prediction => {
    const silent = new Set(announcements.flatMap((_, i) => (variation[i] === undefined ? [i] : [])));
    return predict(ground, named(variation), { marginKm: scene.marginKm, silent });
  };
  // Communities and local preferences depend on what else is announced: then all is worked out anew.
  if (preferences?.length || announcements.some((a) => a.effects?.length)) return anew;
  assert(scene.filter === undefined && scene.captured === undefined, 'trials without attackers');
  const seeds = { ...before, routeClass: before.routeClass.slice(), length: before.length.slice() };
  const was = prediction.routes.rank;
  const marked = was.slice();
  const asked = watched && decidersOf(prediction, watched);
  let routes: Routes | undefined;
  let shares: Shares | undefined;
  return (variation) => {
    for (let s = 0; s < seeds.count; s++) {
      const i = announcementOf[s] as number;
      const prepend = variation[i];
      seeds.routeClass[s] = prepend === undefined ? OFF : (before.routeClass[s] as number);
      const own = before.routeClass[s] === ORIGIN;
      seeds.length[s] = Math.min(LONGEST_SEED, (own ? 0 : 1) + Math.max(0, prepend ?? 0));
    }
    routes ??= routesFor(ground.world.graph, seeds.at.length);
    propagate(scene.network, seeds, routes, undefined, true);
    if (asked && !asked.some((v) => decidesAnew(prediction, seeds, routes as Routes, v))) return undefined;
    // Who hears a site itself may choose among its announcements anew though its rank stays: it must count as changed.
    marked.set(was);
    for (let s = 0; s < seeds.count; s++) {
      const v = seeds.at[s] as number;
      const rank = routes.rank[v] as number;
      if (seeds.length[s] !== before.length[s] && rank !== NONE && rank === was[v]) marked[v] = rank ^ 1;
    }
    const now: Scene = { ...scene, seeds, routes };
    shares ??= onTop(prediction.shares);
    while (!respread(now, marked, prediction.shares, shares))
      shares = onTop(prediction.shares, 2 * shares.part.length);
    return { ...prediction, deployment: named(variation), seeds, routes, shares, scene: now };
  };
}

/**
 * The ASes whose choices decide where some cities of networks land: their own, the neighbours that offer those equally good
 * routes, and so on. Undefined where quiet announcements make that hang on more than ranks.
 */
function decidersOf(prediction: Prediction, nodes: readonly number[]): readonly number[] | undefined {
  const { ground, seeds, routes } = prediction;
  if (seeds.quiet.subarray(0, seeds.count).includes(1)) return undefined;
  const found = new Set<number>(nodes.map((node) => ground.nodeAs[node] as number));
  // A set tells of what is added while it is gone through.
  for (const v of found) {
    const held = routes.rank[v] as number;
    if (held === NONE || classOf(held) === ORIGIN) continue;
    for (const u of neighboursOf(choosesAmong(prediction, held), v))
      if (offers(held, routes.rank[u] as number)) found.add(u);
  }
  return [...found];
}

/** Does an AS hold another route than in the prediction, or others that are as good, or hear a site otherwise? */
function decidesAnew(prediction: Prediction, seeds: Seeds, { rank }: Routes, v: number): boolean {
  const was = prediction.routes.rank;
  const held = was[v] as number;
  if (rank[v] !== held) return true;
  for (let s = 0; s < seeds.count; s++)
    if (
      seeds.at[s] === v &&
      (seeds.length[s] !== prediction.seeds.length[s] ||
        seeds.routeClass[s] !== prediction.seeds.routeClass[s])
    )
      return true;
  if (held === NONE || classOf(held) === ORIGIN) return false;
  for (const u of neighboursOf(choosesAmong(prediction, held), v))
    if (offers(held, was[u] as number) !== offers(held, rank[u] as number)) return true;
  return false;
}

/** The neighbours among which an AS has chosen whose route is of this class. */
function choosesAmong({ ground }: Prediction, held: number): Adjacency {
  const { customers, peers, providers } = ground.world.graph;
  const is = classOf(held);
  return is === CUSTOMER ? customers : is === PEER ? peers : providers;
}

/** Does a neighbour with a route of rank `theirs` offer one of the very rank `held`? Customers and peers tell of customers only. */
function offers(held: number, theirs: number): boolean {
  if (theirs === NONE || lengthOf(theirs) !== lengthOf(held) - 1) return false;
  return classOf(held) === PROVIDER || classOf(theirs) <= CUSTOMER;
}
