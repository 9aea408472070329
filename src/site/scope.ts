/**
 * Prefixes that leave and stay together: those that a service joins by having addresses in several of them. A scope is
 * named after its first prefix; tickets, decisions and guards are by scope.
 */
import { covers, hostPrefix, type Prefix } from '../base/index.ts';
import { announcedTo, type Plan, sitesOf } from '../plan/index.ts';

export interface Scope {
  readonly name: Prefix;
  readonly prefixes: readonly Prefix[];
  /** Services whose addresses lie in the scope. */
  readonly services: readonly string[];
  /** Sites that announce it to anyone. */
  readonly sites: readonly string[];
}

/** The scopes of a plan, in the order of its prefixes; every prefix is in exactly one. */
export function scopes(plan: Plan): readonly Scope[] {
  const group = new Map<Prefix, Prefix>(plan.prefixes.map((prefix) => [prefix, prefix]));
  const root = (prefix: Prefix): Prefix => {
    const up = group.get(prefix) as Prefix;
    return up === prefix ? up : root(up);
  };
  const prefixesOf = new Map<string, readonly Prefix[]>();
  for (const [name, service] of Object.entries(plan.services)) {
    const own = [
      ...new Set(
        service.address.map((a) => closest(plan.prefixes, hostPrefix(a))).filter((p) => p !== undefined),
      ),
    ];
    prefixesOf.set(name, own);
    for (const prefix of own.slice(1)) {
      const [a, b] = [root(own[0] as Prefix), root(prefix)];
      const [first, second] = plan.prefixes.indexOf(a) < plan.prefixes.indexOf(b) ? [a, b] : [b, a];
      group.set(second, first);
    }
  }
  return plan.prefixes
    .filter((prefix) => root(prefix) === prefix)
    .map((name) => {
      const prefixes = plan.prefixes.filter((prefix) => root(prefix) === name);
      const services = Object.keys(plan.services).filter((s) =>
        prefixesOf.get(s)?.some((p) => prefixes.includes(p)),
      );
      return { name, prefixes, services, sites: announcers(plan, prefixes, services) };
    });
}

/** The longest prefix that covers another. */
function closest(prefixes: readonly Prefix[], inner: Prefix): Prefix | undefined {
  return prefixes
    .filter((prefix) => covers(prefix, inner))
    .sort((a, b) => Number(b.split('/')[1]) - Number(a.split('/')[1]))[0];
}

/** Sites with an upstream that is told of one of the prefixes, and that run all or none of the services there. */
function announcers(plan: Plan, prefixes: readonly Prefix[], services: readonly string[]): readonly string[] {
  return Object.entries(plan.sites)
    .filter(([, site]) =>
      Object.values(site.upstreams).some(
        (u) => u.enabled && announcedTo(plan, u).some((p) => prefixes.includes(p)),
      ),
    )
    .map(([name]) => name)
    .filter(
      (name) =>
        services.length === 0 || services.some((s) => sitesOf(plan, plan.services[s]!).includes(name)),
    );
}
