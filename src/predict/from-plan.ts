/** The plan as the predictor sees it: which site announces a prefix where, and how. */
import type { Asn, Prefix } from '../base/index.ts';
import { announcedTo, type Plan, type Site, type Upstream } from '../plan/index.ts';
import { CITIES, findPlace, type LatLon, type Place } from '../topology/index.ts';
import type { Announcement, Deployment, Effect, Neighbour } from './deployment.ts';

/** Something in the plan that cannot be predicted, or only roughly. */
export interface PlanRemark {
  readonly site: string;
  /** Absent: it is of the whole site. */
  readonly upstream?: string;
  readonly what: string;
}

export interface FromPlan {
  readonly deployment: Deployment;
  readonly remarks: readonly PlanRemark[];
}

export interface FromPlanOptions {
  /** The plan's first prefix unless given. */
  readonly prefix?: Prefix;
  /** Sites that announce nothing. */
  readonly without?: readonly string[];
  /** Sites that are less preferred at the moment (degraded or draining). */
  readonly lessPreferred?: readonly string[];
  /** Where names of places are looked up; the built-in cities unless given. */
  readonly cities?: readonly Place[];
}

/** Our neighbour's role seen as the predictor has it; absent: routes that never leave our own network. */
const NEIGHBOUR: { readonly [role in Upstream['role']]: Neighbour | undefined } = {
  provider: 'provider',
  peer: 'peer',
  customer: 'customer',
  'route-server': 'peer',
  'route-server-client': 'customer',
  internal: undefined,
};

/** What is announced of one prefix by the whole plan. Disabled sessions and upstreams that are not told of it are left out. */
export function deploymentOf(plan: Plan, options: FromPlanOptions = {}): FromPlan {
  const remarks: PlanRemark[] = [];
  const announcements: Announcement[] = [];
  const prefix = options.prefix ?? plan.prefixes[0];
  for (const [name, site] of Object.entries(plan.sites)) {
    if (options.without?.includes(name)) continue;
    const place = placeOf(site, options.cities ?? CITIES);
    const before = announcements.length;
    for (const [key, upstream] of Object.entries(site.upstreams)) {
      const remark = (what: string) => remarks.push({ site: name, upstream: key, what });
      const relation = NEIGHBOUR[upstream.role];
      if (!upstream.enabled || relation === undefined) continue;
      if (prefix === undefined || !announcedTo(plan, upstream).includes(prefix)) continue;
      if (upstream.role === 'route-server')
        remark(
          `AS${upstream.asn} is a route server: its members are not in the plan, so it is predicted as one peer`,
        );
      if (upstream.export.length > 0)
        remark('export rules may change what is announced; they are not predicted');
      const less = options.lessPreferred?.includes(name) === true;
      if (less && upstream.lessPreferred.gracefulShutdown)
        remark(
          'GRACEFUL_SHUTDOWN lowers the preference at the upstream itself; only its prepends are predicted',
        );
      const { effects, prepend } = effectsOf(upstream, remark);
      announcements.push({
        site: name,
        upstream: upstream.asn,
        relation,
        prepend: upstream.prepend + prepend + (less ? upstream.lessPreferred.prepend : 0),
        noExport: upstream.communities.some((c) => NO_EXPORT.includes(c)),
        ...(effects.length > 0 && { effects }),
        ...(place && { place }),
      });
    }
    if (place === undefined && announcements.length > before)
      remarks.push({ site: name, what: unplaced(site) });
  }
  return { deployment: { operator: plan.asn, announcements }, remarks };
}

function unplaced({ place }: Pick<Site, 'place'>): string {
  const why = place === undefined ? 'the plan does not say where it is' : `nobody knows a place '${place}'`;
  return `${why}: its distances and round trips are not known, and the nearest exit decides nothing; coordinates would do`;
}

/** NO_EXPORT and NO_ADVERTISE (RFC 1997): to a neighbour of another AS they mean the same at this distance. */
const NO_EXPORT: readonly string[] = ['65535:65281', '65535:65282'];

/** What the communities that are sent make the upstream do. */
function effectsOf(
  upstream: Upstream,
  remark: (what: string) => void,
): { effects: readonly Effect[]; prepend: number } {
  const sent: readonly string[] = [...upstream.communities, ...upstream.largeCommunities];
  const effects: Effect[] = [];
  let prepend = 0;
  for (const { community, effect, to } of upstream.actions) {
    if (!sent.includes(community)) continue;
    const each = (make: (towards: Asn) => Effect) => effects.push(...to.map(make));
    if (effect.kind === 'local-preference')
      remark(`${community} sets the upstream's local preference to ${effect.value}; that is not predicted`);
    else if (effect.kind === 'only') each((towards) => ({ towards, do: 'only' }));
    else if (effect.kind === 'prepend' && to.length === 0) prepend += effect.times;
    else if (effect.kind === 'prepend') each((towards) => ({ towards, do: 'prepend', times: effect.times }));
    else if (to.length === 0)
      remark(`${community} withholds the route from everybody; use NO_EXPORT to say so`);
    else each((towards) => ({ towards, do: 'withhold' }));
  }
  return { effects, prepend };
}

/** Where a site is: its coordinates, else its place looked up by name; undefined when neither is known. */
export function placeOf(
  site: Pick<Site, 'place' | 'coordinates'>,
  cities: readonly Place[],
): LatLon | undefined {
  if (site.coordinates) return { lat: site.coordinates.latitude, lon: site.coordinates.longitude };
  return site.place === undefined ? undefined : findPlace(site.place, cities);
}
