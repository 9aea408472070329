/** What is announced where: one operator's sites at their upstreams, as plain data that does not know of plans. */
import type { Asn } from '../base/index.ts';
import type { LatLon } from '../topology/index.ts';

/** What a neighbour is to the operator: `provider` means that the operator buys transit from it. */
export type Neighbour = 'provider' | 'peer' | 'customer';

/** One site at one upstream. */
export interface Announcement {
  readonly site: string;
  /** The neighbour; or, for `itself`, the AS of the graph that announces the prefix as its own at this site. */
  readonly upstream: Asn;
  readonly relation: Neighbour | 'itself';
  /** Extra copies of the operator's number in the path. */
  readonly prepend?: number;
  /** NO_EXPORT (RFC 1997): the upstream uses the route and tells nobody. */
  readonly noExport?: boolean;
  /** What the upstream's action communities do. */
  readonly effects?: readonly Effect[];
  /** Where the site is. */
  readonly place?: LatLon;
}

/** What an action community makes the upstream do towards one of its neighbours. */
export type Effect =
  | { readonly towards: Asn; readonly do: 'withhold' }
  | { readonly towards: Asn; readonly do: 'prepend'; readonly times: number }
  /** Told to this neighbour and to others of which the same is said, and to nobody else. */
  | { readonly towards: Asn; readonly do: 'only' };

/** An AS that prefers a neighbour against the rules: takes its routes before all others, or only when there is no other. */
export interface LocalPreference {
  readonly asn: Asn;
  readonly neighbour: Asn;
  readonly prefers: 'before' | 'after';
}

export interface Deployment {
  readonly operator: Asn;
  readonly announcements: readonly Announcement[];
  readonly preferences?: readonly LocalPreference[];
}

/** The names of the sites in the order in which they first occur. */
export function sitesIn(deployment: Deployment): string[] {
  return [...new Set(deployment.announcements.map((a) => a.site))];
}

/** The deployment without some sites. */
export function without(deployment: Deployment, sites: readonly string[]): Deployment {
  return { ...deployment, announcements: deployment.announcements.filter((a) => !sites.includes(a.site)) };
}

/** The most announcements in one deployment, attackers included. */
export const MOST_ANNOUNCEMENTS = 4000;
