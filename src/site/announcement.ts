/** What a site wants its upstreams to hear: per upstream and prefix, as a value, and as the policy that makes it so. */
import {
  type Address,
  type Community,
  familyOf,
  type IpFamily,
  type LargeCommunity,
  type Prefix,
  prefixFamily,
  WELL_KNOWN,
} from '../base/index.ts';
import { announcedTo, type Plan, siteCommunity, type Upstream } from '../plan/index.ts';
import { type Policy, PREPEND_LIMIT, REJECT_ALL, type Rule } from '../policy/index.ts';
import type { Level } from './decision.ts';
import { type Scope, scopes } from './scope.ts';

/** One prefix towards one upstream. */
export interface Announced {
  readonly level: Level;
  /** From the decision back to what it rests on. */
  readonly why: readonly string[];
  /** Present where something is announced. */
  readonly route?: Route;
}

export interface Route {
  /** Our number this many times more than once. */
  readonly prepend: number;
  /** Inside our AS, where it says what prepends say outside; absent: the usual one. */
  readonly localPref?: number;
  /** Always sent. */
  readonly med: number;
  readonly communities: readonly Community[];
  readonly largeCommunities: readonly LargeCommunity[];
  /** Absent: our own end of the session. */
  readonly nextHop?: Address;
}

export interface Announcement {
  readonly site: string;
  readonly upstreams: { readonly [upstream: string]: { readonly [prefix: string]: Announced } };
}

/** A level for each scope, and why. */
export interface Levels {
  readonly [scope: string]: { readonly level: Level; readonly why: readonly string[] };
}

/** What each upstream of a site is to hear. Upstreams that are not enabled hear nothing and are left out. */
export function announcementOf(
  plan: Plan,
  site: string,
  levels: Levels,
  all: readonly Scope[] = scopes(plan),
): Announcement {
  const upstreams: { [name: string]: { [prefix: string]: Announced } } = {};
  for (const [name, upstream] of Object.entries(plan.sites[site]?.upstreams ?? {})) {
    if (!upstream.enabled) continue;
    const prefixes: { [prefix: string]: Announced } = {};
    for (const prefix of announcedTo(plan, upstream)) {
      const scope = all.find((s) => s.prefixes.includes(prefix));
      const decided = scope && levels[scope.name];
      if (!decided) continue;
      const announced = decided.level === 'full' || decided.level === 'less-preferred';
      prefixes[prefix] = {
        level: decided.level,
        why: decided.why,
        ...(announced ? { route: routeOf(plan, site, upstream, prefix, decided.level) } : {}),
      };
    }
    upstreams[name] = prefixes;
  }
  return { site, upstreams };
}

/** The least there is: what RFC 8326 §4.2 gives to a route that is about to go. */
const LAST_CHOICE = 0;

/**
 * The attributes of a prefix towards an upstream. Inside our AS nothing is prepended: our number would be a loop to the router
 * there, which drops the route (RFC 4271 §9.1.2). LOCAL_PREF says it instead.
 */
export function routeOf(plan: Plan, site: string, upstream: Upstream, prefix: Prefix, level: Level): Route {
  const less = level === 'less-preferred' ? upstream.lessPreferred : undefined;
  const inside = upstream.role === 'internal';
  const actions = upstream.actions.map((a) => a.community);
  const large = (c: string) => c.split(':').length === 3;
  const own = (family: IpFamily) => upstream.nextHop.find((a) => familyOf(a) === family);
  // IPv4 over an IPv6 session may have an IPv6 next hop (RFC 8950).
  const nextHop = own(prefixFamily(prefix)) ?? (familyOf(upstream.address) === 6 ? own(6) : undefined);
  return {
    prepend: inside ? 0 : Math.min(PREPEND_LIMIT, upstream.prepend + (less?.prepend ?? 0)),
    ...(inside && less ? { localPref: LAST_CHOICE } : {}),
    med: Math.min(0xffff_ffff, upstream.med + (less?.med ?? 0)),
    communities: unique([
      ...upstream.communities,
      ...actions.filter((c): c is Community => !large(c)),
      ...(less?.gracefulShutdown ? [WELL_KNOWN['graceful-shutdown'] as Community] : []),
    ]),
    largeCommunities: unique([
      siteCommunity(plan, plan.sites[site]!),
      ...upstream.largeCommunities,
      ...actions.filter((c): c is LargeCommunity => large(c)),
    ]),
    ...(nextHop === undefined ? {} : { nextHop }),
  };
}

function unique<T>(all: readonly T[]): readonly T[] {
  return [...new Set(all)];
}

/**
 * The export policy of one upstream: our own routes of the prefixes that are announced, with their attributes, then the
 * plan's own rules, and nothing else. An upstream that is to hear nothing gets a policy that rejects (RFC 8212).
 */
export function exportPolicy(plan: Plan, announcement: Announcement, upstream: string): Policy {
  const of = announcement.upstreams[upstream];
  const rules = plan.sites[announcement.site]?.upstreams[upstream]?.export ?? [];
  const announced = Object.entries(of ?? {}).flatMap(([prefix, { route, level }]) =>
    route === undefined ? [] : [{ prefix: prefix as Prefix, route, level }],
  );
  if (announced.length === 0) return { name: `nothing to ${upstream}`, rules: REJECT_ALL.rules };
  const ours = { prefix: announced.map(({ prefix }) => ({ prefix })), source: [{ kind: 'local' as const }] };
  return {
    name: `${announcement.site} to ${upstream}`,
    rules: [
      { name: 'only what the site announces', when: { not: ours }, end: 'reject' },
      ...announced.map(
        ({ prefix, route, level }): Rule => ({
          name: `${prefix} ${level}`,
          when: { prefix: [{ prefix }] },
          // biome-ignore lint/suspicious/noThenProperty: a rule's word
          then: {
            ...(route.prepend > 0 ? { prepend: route.prepend } : {}),
            ...(route.localPref === undefined ? {} : { localPref: route.localPref }),
            med: route.med,
            ...(route.communities.length > 0 ? { communities: { add: route.communities } } : {}),
            largeCommunities: { add: route.largeCommunities },
            ...(route.nextHop === undefined ? { nextHop: 'self' as const } : { nextHop: route.nextHop }),
          },
        }),
      ),
      ...rules,
      { name: 'announced', end: 'accept' },
    ],
  };
}

/** The import policy of one upstream: the plan's rules, and nothing where there are none (RFC 8212). */
export function importPolicy(plan: Plan, site: string, upstream: string): Policy {
  const rules = plan.sites[site]?.upstreams[upstream]?.import ?? [];
  return rules.length === 0
    ? { name: `nothing from ${upstream}`, rules: REJECT_ALL.rules }
    : { name: `from ${upstream}`, rules };
}
