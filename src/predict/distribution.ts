/** Round trips as a distribution, for pictures: what the quantiles of a summary are taken from. */
import { eachPart, hopsOf, LONGEST_RTT, nearestSites, tripBin, wayKm } from './catchment.ts';
import { NO_SHARE, NOWHERE } from './kernel/index.ts';
import type { Prediction } from './predict.ts';

/**
 * Weight by whole milliseconds of the round-trip estimate, for each site in the prediction's order and, last, for all
 * together. All zero where no places are known.
 */
export function tripBins(prediction: Prediction): Float64Array[] {
  const { sites, ground, shares } = prediction;
  const bins = Array.from({ length: sites.length + 1 }, () => new Float64Array(LONGEST_RTT + 1));
  const all = bins[sites.length] as Float64Array;
  const table = nearestSites(prediction);
  for (const [node, weight] of ground.nodeWeight.entries()) {
    if (weight === 0 || shares.share[node] === NO_SHARE || ground.terrain.nodePlace[node] === NOWHERE)
      continue;
    const hops = hopsOf(prediction, node);
    eachPart(prediction, node, (k, part) => {
      const km = wayKm(prediction, table, node, k);
      if (km === undefined || part === 0) return;
      const at = tripBin(km, hops);
      bins[k]![at]! += weight * part;
      all[at]! += weight * part;
    });
  }
  return bins;
}
