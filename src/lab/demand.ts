/**
 * What clients ask for, so that a site has a load. There are too few real clients on one machine to fill a site, so this is made up, and
 * simply: all people of the embedded internet ask for the same number of bits per second, spread evenly over the plan's
 * prefixes. Where it goes is not made up: it lands where the routes of the moment lead.
 */
import type { Prefix } from '../base/index.ts';
import type { Plan } from '../plan/index.ts';
import { type Scope, scopes } from '../site/index.ts';
import type { Internet } from './internet.ts';

/** Bits per second that land at a site, by scope. */
export type Load = { readonly [scope: string]: number };

/** How much of all that the sites can serve is asked for, unless somebody says. */
const USUAL = 0.4;

/** 40 % of what all sites can serve; undefined where that of one is unknown, for then no sum means anything. */
export function usualDemand(plan: Plan): number | undefined {
  let sum = 0;
  for (const { capacity } of Object.values(plan.sites)) {
    if (capacity === undefined) return undefined;
    sum += capacity;
  }
  return USUAL * sum;
}

export class Demand {
  readonly #internet: Pick<Internet, 'map' | 'trace'>;
  readonly #plan: Plan;
  readonly #scopes: readonly Scope[];
  /** Bits per second of all people together. */
  readonly total: number;

  constructor(internet: Pick<Internet, 'map' | 'trace'>, plan: Plan, total: number) {
    this.#internet = internet;
    this.#plan = plan;
    this.#scopes = scopes(plan);
    this.total = total;
  }

  /** What every site carries by the routes of this moment. What finds no way is carried by nobody. */
  loads(): ReadonlyMap<string, Load> {
    const { routers } = this.#internet.map;
    const people = routers.reduce((n, r) => n + r.users, 0);
    const loads = new Map<string, { [scope: string]: number }>();
    for (const site of Object.keys(this.#plan.sites))
      loads.set(site, Object.fromEntries(this.#scopes.map((s) => [s.name, 0])));
    for (const { name, users } of routers) {
      if (users === 0) continue;
      for (const prefix of this.#plan.prefixes) {
        const { site } = this.#internet.trace(name, prefix);
        const load = site === undefined ? undefined : loads.get(site);
        const scope = this.#scopeOf(prefix);
        if (load && scope !== undefined)
          load[scope] = (load[scope] ?? 0) + (this.total * users) / (people * this.#plan.prefixes.length);
      }
    }
    return loads;
  }

  #scopeOf(prefix: Prefix): string | undefined {
    return this.#scopes.find((s) => s.prefixes.includes(prefix))?.name;
  }
}

export function sumOf(load: Load): number {
  return Object.values(load).reduce((sum, bits) => sum + bits, 0);
}
