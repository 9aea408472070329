/** Several client networks as one: a country, or any list of them; where they land together, and what would move them. */

import type { Asn } from '../base/index.ts';
import { countryOf, indexOf } from '../topology/index.ts';
import { eachPart, type Part } from './catchment.ts';
import type { Ground } from './ground.ts';
import { NO_SHARE } from './kernel/index.ts';
import { type Move, type Moved, movedWeight, movesOf, variationOf } from './movers.ts';
import type { Prediction } from './predict.ts';
import { trialsOn } from './trial.ts';

/** Cities of networks, as the ground counts them. */
export type Nodes = readonly number[];

/** The cities of all networks registered in a country; two letters. Those with more weight first. */
export function nodesOfCountry(ground: Ground, cc: string): Nodes {
  const found: number[] = [];
  for (const [node, v] of ground.nodeAs.entries()) if (countryOf(ground.world, v) === cc) found.push(node);
  return found.sort((a, b) => (ground.nodeWeight[b] as number) - (ground.nodeWeight[a] as number) || a - b);
}

/** The cities of one network; none when the graph does not know it. */
export function nodesOfAs(ground: Ground, asn: Asn): Nodes {
  const v = indexOf(ground.world.graph, asn);
  if (v < 0) return [];
  const from = ground.terrain.nodeOffsets[v] as number;
  return Array.from({ length: (ground.terrain.nodeOffsets[v + 1] as number) - from }, (_, i) => from + i);
}

/** Where they land, by weight (alike when nobody weighs anything); the likeliest first. `unreached` is the part without a route. */
export function partsOf(
  prediction: Prediction,
  nodes: Nodes,
): { readonly parts: readonly Part[]; readonly unreached: number } {
  const { nodeWeight } = prediction.ground;
  const whole = new Float64Array(prediction.sites.length);
  const heavy = nodes.some((node) => (nodeWeight[node] as number) > 0);
  let [sum, unreached] = [0, 0];
  for (const node of nodes) {
    const weight = heavy ? (nodeWeight[node] as number) : 1;
    sum += weight;
    if (prediction.shares.share[node] === NO_SHARE) unreached += weight;
    eachPart(prediction, node, (k, part) => {
      whole[k]! += weight * part;
    });
  }
  const parts = [...whole.entries()]
    .filter(([, w]) => w > 1e-6 * sum)
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .map(([k, w]) => ({ site: prediction.sites[k] as string, part: w / sum }));
  return { parts, unreached: sum > 0 ? unreached / sum : 0 };
}

/**
 * Single changes that give the group another likeliest site, or `wanted`; those that disturb others least come first. More
 * prepends are only tried where taking the announcement out moves the group, and of several that come to the same the fewest
 * are told: each try costs a prediction, and `tell` hears of each, with how many there are at most.
 */
export function groupMovers(
  prediction: Prediction,
  nodes: Nodes,
  wanted?: string,
  tell?: (tried: number, most: number) => void,
): Moved[] {
  const { deployment } = prediction;
  const before = partsOf(prediction, nodes).parts[0]?.site;
  const found: Moved[] = [];
  const all = movesOf(deployment);
  const attemptAt = trialsOn(prediction, nodes);
  let tried = 0;
  const attempt = (move: Move): boolean => {
    tell?.(++tried, all.length);
    const then = attemptAt(variationOf(deployment, move));
    if (!then) return false;
    const { parts } = partsOf(then, nodes);
    const after = parts[0]?.site;
    if (after === undefined || after === before) return false;
    const others = movedWeight(prediction, then);
    const same = found.some(
      (f) =>
        f.move.kind === 'prepend' &&
        move.kind === 'prepend' &&
        f.move.announcement === move.announcement &&
        alike(f.parts, parts),
    );
    if (!same && (wanted === undefined || after === wanted)) found.push({ move, parts, others });
    return true;
  };
  const loose = new Set<number>();
  for (const move of all)
    if (move.kind !== 'prepend') {
      const moves = attempt(move);
      if (moves && move.kind === 'take out') loose.add(move.announcement);
    }
  for (const move of all)
    if (move.kind === 'prepend') {
      const now = deployment.announcements[move.announcement]?.prepend ?? 0;
      if (move.to < now || loose.has(move.announcement)) attempt(move);
    }
  return found.sort((a, b) => a.others - b.others);
}

/** Equal as far as anybody would tell. */
function alike(a: readonly Part[], b: readonly Part[]): boolean {
  return (
    a.length === b.length &&
    a.every((p, i) => p.site === b[i]?.site && Math.abs(p.part - (b[i] as Part).part) < 1e-3)
  );
}
