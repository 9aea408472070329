/** The same clients and sites under another way of sending them there: names that answer by place, or one site for all. */
import {
  eachPart,
  hopsOf,
  LONGEST_RTT,
  nearestSites,
  quantiles,
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
  const alone = new Map<number, Prediction>();
  const only = (k: number) => {
    const known = alone.get(k);
    if (known) return known;
    const { deployment, sites, ground, scene } = prediction;
    const announcements = deployment.announcements.filter((a) => a.site === sites[k]);
    const made = predict(ground, { ...deployment, announcements }, { marginKm: scene.marginKm });
    alone.set(k, made);
    return made;
  };
  const { nearestSite } = placesOf(prediction);
  const found = [under(landing, 'anycast')];
  for (const rival of rivals) {
    if (rival.kind === 'geodns') found.push(under(prediction, 'geodns', only, (node) => nearestSite(node)));
    else {
      const k = prediction.sites.indexOf(rival.site);
      if (k >= 0) found.push(under(prediction, `unicast:${rival.site}`, only, () => k));
    }
  }
  return found;
}

function placesOf(prediction: Prediction) {
  const { nodePlace } = prediction.ground.terrain;
  const table = nearestSites(prediction);
  const nearestSite = (node: number) => {
    const at = nodePlace[node] as number;
    return at === NOWHERE ? 0 : Math.max(0, table.site[at] as number);
  };
  return { nearestSite };
}

/** With `sent`, the site of each node; without, by routes. */
function under(
  prediction: Prediction,
  name: string,
  only?: (site: number) => Prediction,
  sent?: (node: number) => number,
): Under {
  const { sites, ground } = prediction;
  const { nodeWeight } = ground;
  const load = new Float64Array(sites.length);
  const bins = new Float64Array(LONGEST_RTT + 1);
  let unreached = 0;
  for (const [node, weight] of nodeWeight.entries()) {
    if (weight === 0) continue;
    const target = sent?.(node);
    const way = target === undefined || !only ? prediction : only(target);
    if (way.shares.share[node] === NO_SHARE) {
      unreached += weight;
      continue;
    }
    const table = nearestSites(way);
    const hops = hopsOf(way, node);
    eachPart(way, node, (k, part) => {
      load[target ?? k]! += weight * part;
      const km = wayKm(way, table, node, k);
      if (km === undefined) return;
      const bin = tripBin(km, hops);
      bins[bin]! += weight * part;
    });
  }
  const total = ground.weight || 1;
  return {
    name,
    rtt: quantiles(bins),
    load: sites.map((site, k) => ({ site, part: (load[k] as number) / total })),
    unreached: unreached / total,
  };
}
