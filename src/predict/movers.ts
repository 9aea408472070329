/**
 * The single changes an operator can make to bring a client to another site: a few prepends at one announcement, one taken out,
 * a site taken out. `group.ts` tries them.
 */
import type { Part } from './catchment.ts';
import type { Announcement, Deployment } from './deployment.ts';
import { NO_SHARE } from './kernel/index.ts';
import type { Prediction } from './predict.ts';
import type { Variation } from './trial.ts';

/** One thing done differently. */
export type Move =
  | { readonly kind: 'prepend'; readonly announcement: number; readonly to: number }
  | { readonly kind: 'take out'; readonly announcement: number }
  | { readonly kind: 'take out site'; readonly site: string };

export interface Moved {
  readonly move: Move;
  /** Where the client lands then. */
  readonly parts: readonly Part[];
  /** Weight of all clients that land elsewhere than before, 0 … 1: what else the move costs. */
  readonly others: number;
}

/** Prepends tried at each announcement. */
const PREPENDS: readonly number[] = [0, 1, 2, 3];

/** Announcements beyond this many are not tried: each costs a few runs. */
export const MOST_TRIED = 60;

/** What is announced after a move. */
export function variationOf(deployment: Deployment, move: Move): Variation {
  return deployment.announcements.map((a, i) => {
    if (move.kind === 'take out site') return a.site === move.site ? undefined : (a.prepend ?? 0);
    if (i !== move.announcement) return a.prepend ?? 0;
    return move.kind === 'take out' ? undefined : move.to;
  });
}

/** Every single change that is tried. */
export function movesOf(deployment: Deployment): Move[] {
  const { announcements } = deployment;
  const moves: Move[] = [];
  for (const [i, a] of announcements.slice(0, MOST_TRIED).entries()) {
    for (const to of PREPENDS)
      if (to !== (a.prepend ?? 0)) moves.push({ kind: 'prepend', announcement: i, to });
    moves.push({ kind: 'take out', announcement: i });
    const first = announcements.findIndex((b) => b.site === a.site) === i;
    const several = announcements.filter((b) => b.site === a.site).length > 1;
    if (first && several) moves.push({ kind: 'take out site', site: a.site });
  }
  return moves;
}

/** Of all weight, the part that lands elsewhere; sites are compared by name. */
export function movedWeight(a: Prediction, b: Prediction): number {
  const { nodeWeight, weight } = a.ground;
  const names = [...new Set([...a.sites, ...b.sites])];
  const number = [a, b].map((p) => p.sites.map((site) => names.indexOf(site)));
  const difference = new Float64Array(names.length);
  // What was worked out on top of `a` has its divisions by the same numbers.
  const onTop = a.sites === b.sites;
  let moved = 0;
  for (let node = 0; node < nodeWeight.length; node++) {
    if (onTop && a.shares.share[node] === b.shares.share[node]) continue;
    difference.fill(0);
    for (const [turn, p] of [a, b].entries()) {
      const d = p.shares.share[node] as number;
      if (d === NO_SHARE) continue;
      const { starts, seed, part } = p.shares;
      for (let e = starts[d] as number; e < (starts[d + 1] as number); e++) {
        const k = (number[turn] as number[])[p.siteOf[seed[e] as number] as number] as number;
        difference[k]! += turn === 0 ? (part[e] as number) : -(part[e] as number);
      }
    }
    let [more, less] = [0, 0];
    for (const part of difference)
      if (part > 0) more += part;
      else less -= part;
    moved += Math.max(more, less) * (nodeWeight[node] as number);
  }
  return weight > 0 ? moved / weight : 0;
}

/** A move as a sentence. */
export function formatMove(deployment: Deployment, move: Move): string {
  if (move.kind === 'take out site') return `take ${move.site} out`;
  const a = deployment.announcements[move.announcement] as Announcement;
  const where = `${a.site} at AS${a.upstream}`;
  if (move.kind === 'take out') return `announce nothing from ${where}`;
  const before = a.prepend ?? 0;
  return move.to === 0
    ? `no prepend from ${where} (now ${before})`
    : `prepend ${move.to} from ${where} (now ${before})`;
}
