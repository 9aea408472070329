/** How good guesses were: agreement with its interval, Brier score, and whether 80 % means 80 %. */
import { distanceKm } from '../topology/index.ts';
import type { Client } from './belief.ts';
import type { Observation } from './observed.ts';
import type { Prediction } from './predict.ts';
import type { Guess } from './rules.ts';

/** A part of some trials, with the bounds between which the true rate lies 95 times of 100 (Wilson). */
export interface Rate {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 %. */
const Z = 1.959964;

/** Wilson's interval of `hits` in `trials`; everything is possible without trials. */
export function wilson(hits: number, trials: number): Rate {
  if (trials === 0) return { rate: Number.NaN, low: 0, high: 1 };
  const rate = hits / trials;
  const zz = (Z * Z) / trials;
  const middle = (rate + zz / 2) / (1 + zz);
  const half = (Z * Math.sqrt((rate * (1 - rate) + zz / 4) / trials)) / (1 + zz);
  // At the ends the bound is the end itself; rounding must not put the rate outside its interval.
  return {
    rate,
    low: hits === 0 ? 0 : Math.min(rate, middle - half),
    high: hits === trials ? 1 : Math.max(rate, middle + half),
  };
}

/** Among the guesses made with a probability in one tenth: how probable they were said to be, and how many were right. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly said: number;
  readonly right: Rate;
}

export interface Score {
  readonly count: number;
  /** The likeliest site was the site. */
  readonly exact: Rate;
  /** The likeliest site was the site, or at most {@link NEAR_KM} from it. */
  readonly near: Rate;
  /** Mean over the guesses of Σ (probability − outcome)² over the sites: 0 perfect, 2 sure and wrong. */
  readonly brier: number;
  readonly reliability: readonly Bin[];
}

/** How often two clients that have something in common land together: what no rule that knows no more of them can beat by much. */
export interface Together {
  /** How many clients have another one beside them. */
  readonly clients: number;
  /** The mean over those of the part of the others that landed where they did. */
  readonly rate: number;
}

/** Compares every client with the others of the same key; without a key with none. */
export function together(
  observations: readonly Observation[],
  keyOf: (client: Client) => string | undefined,
): Together {
  const groups = new Map<string, Map<string, number>>();
  for (const o of observations) {
    const key = keyOf(o);
    if (key === undefined) continue;
    const sites = groups.get(key) ?? new Map<string, number>();
    groups.set(key, sites);
    sites.set(o.site, (sites.get(o.site) ?? 0) + 1);
  }
  let [clients, sum] = [0, 0];
  for (const sites of groups.values()) {
    const all = [...sites.values()].reduce((a, b) => a + b, 0);
    if (all < 2) continue;
    clients += all;
    for (const here of sites.values()) sum += (here * (here - 1)) / (all - 1);
  }
  return { clients, rate: clients === 0 ? Number.NaN : sum / clients };
}

export const NEAR_KM = 500;
const BINS = 10;

/**
 * Scores guesses. A guess without any part counts as wrong. Landing at a site that the prediction does not have makes
 * every guess wrong.
 */
export function scoreOf(prediction: Prediction, guesses: readonly Guess[]): Score {
  const { sites, places } = prediction;
  const bins = Array.from({ length: BINS }, () => ({ count: 0, said: 0, right: 0 }));
  let exact = 0;
  let near = 0;
  let brier = 0;
  for (const { observation, parts } of guesses) {
    const truth = sites.indexOf(observation.site);
    let best = -1;
    let error = truth < 0 ? 1 : 0;
    for (const [k, part] of parts.entries()) {
      error += (part - (k === truth ? 1 : 0)) ** 2;
      if (part > (best < 0 ? 0 : (parts[best] as number))) best = k;
    }
    brier += error;
    if (best < 0) continue;
    const hit = best === truth;
    if (hit) exact++;
    const [guessed, was] = [places[best], places[truth]];
    if (hit || (guessed && was && distanceKm(guessed, was) <= NEAR_KM)) near++;
    const said = parts[best] as number;
    const bin = bins[Math.min(BINS - 1, Math.floor(said * BINS))] as (typeof bins)[number];
    bin.count++;
    bin.said += said;
    if (hit) bin.right++;
  }
  const count = guesses.length;
  return {
    count,
    exact: wilson(exact, count),
    near: wilson(near, count),
    brier: count === 0 ? Number.NaN : brier / count,
    reliability: bins.flatMap((bin, i) =>
      bin.count === 0
        ? []
        : [
            {
              from: i / BINS,
              to: (i + 1) / BINS,
              count: bin.count,
              said: bin.said / bin.count,
              right: wilson(bin.right, bin.count),
            },
          ],
    ),
  };
}
