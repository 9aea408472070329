/** The same clients and sites under another way of sending them there: names that answer by place, or one site for all. */
import {
  eachPart,
  hopsOf,
  LONGEST_RTT,
  nearestSites,
  quantiles,
  type SiteTable,
  type Summary,
  tripBin,
  wayKm,
} from './catchment.ts';
import { NO_SHARE, NOWHERE } from './kernel/index.ts';
import { type Prediction, predict } from './predict.ts';

export type Rival = { readonly kind: 'geodns' } | { readonly kind: 'unicast'; readonly site: string };

export interface Under {
  readonly name: string;
  /** By weight, in milliseconds; undefined when no places are known. */
  readonly rtt: Summary['all']['rtt'];
  /** Part of all weight at each site. */
  readonly load: readonly { readonly site: string; readonly part: number }[];
  /** Part of all weight without a route to where it is sent. */
  readonly unreached: number;
}

/**
 * How the clients fare under anycast and under each rival. A unicast site is reached as its announcements alone would be.
 * GeoDNS sends each client to the site nearest by distance, as if its place were known for certain; clients whose place is
 * not known go to the first site. A rival that names no site of the deployment is left out. Under anycast the clients land as
 * `landing` says, the routes' own parts unless given.
 */
export function versus(prediction: Prediction, rivals: readonly Rival[], landing = prediction): Under[] {
  const { deployment, sites, ground, scene } = prediction;
  const only = (k: number) => {
    const announcements = deployment.announcements.filter((a) => a.site === sites[k]);
    return predict(ground, { ...deployment, announcements }, { marginKm: scene.marginKm });
  };
  const found = [under(landing, 'anycast', () => landing)];
  for (const rival of rivals) {
    if (rival.kind === 'geodns') {
      found.push(under(prediction, 'geodns', only, nearestSiteIn(prediction)));
    } else {
      const k = sites.indexOf(rival.site);
      if (k >= 0) found.push(under(prediction, `unicast:${rival.site}`, only, () => k));
    }
  }
  return found;
}

/** A function that gives the site nearest to a node by distance: the first where that is not known. */
function nearestSiteIn(prediction: Prediction): (node: number) => number {
  const { nodePlace } = prediction.ground.terrain;
  const table = nearestSites(prediction);
  return (node) => {
    const at = nodePlace[node] as number;
    return at === NOWHERE ? 0 : Math.max(0, table.site[at] as number);
  };
}

const NOBODY = -1;

/**
 * With `sent`, the site of each node, all who are sent to one site after the other: `way` says how it is reached, and one such
 * prediction is held at a time, however many sites there are. Without, by the prediction that `way` gives.
 */
function under(
  prediction: Prediction,
  name: string,
  way: (site: number) => Prediction,
  sent?: (node: number) => number,
): Under {
  const { sites, ground } = prediction;
  const { nodeWeight } = ground;
  const load = new Float64Array(sites.length);
  const bins = new Float64Array(LONGEST_RTT + 1);
  let unreached = 0;
  const add = (by: Prediction, table: SiteTable, node: number, target: number | undefined) => {
    const weight = nodeWeight[node] as number;
    if (weight === 0) return;
    if (by.shares.share[node] === NO_SHARE) {
      unreached += weight;
      return;
    }
    const hops = hopsOf(by, node);
    eachPart(by, node, (k, part) => {
      load[target ?? k]! += weight * part;
      const km = wayKm(by, table, node, k);
      if (km === undefined) return;
      const bin = tripBin(km, hops);
      bins[bin]! += weight * part;
    });
  };
  const targets = sent && Int32Array.from(nodeWeight, (weight, node) => (weight > 0 ? sent(node) : NOBODY));
  for (const k of targets ? new Set(targets) : [0]) {
    if (k === NOBODY) continue;
    const by = way(k);
    const table = nearestSites(by);
    for (let node = 0; node < nodeWeight.length; node++)
      if (!targets || targets[node] === k) add(by, table, node, targets?.[node]);
  }
  const total = ground.weight || 1;
  return {
    name,
    rtt: quantiles(bins),
    load: sites.map((site, k) => ({ site, part: (load[k] as number) / total })),
    unreached: unreached / total,
  };
}
