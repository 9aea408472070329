/**
 * What clients ask for, so that a site has a load. There are too few real clients on one machine to fill a site, so this is made up, and
 * simply: every vantage asks for as many bits per second as its city has people, spread evenly over the plan's prefixes. Where it goes is not made up: it lands where the routes of the moment lead.
 */
import type { Prefix } from '../base/index.ts';
import type { Plan } from '../plan/index.ts';
import { type Scope, scopes } from '../site/index.ts';
import type { Directions } from './directions.ts';
import { type Vantage, vantages } from './vantage.ts';

/** Bits per second that land at a site, by scope. */
export type Load = { readonly [scope: string]: number };

/** How much of all that the sites can serve is asked for, unless somebody says. */
const USUAL = 0.25;

/** A quarter of what all sites can serve; undefined where that of one is unknown, for then no sum means anything. */
export function usualDemand(plan: Plan): number | undefined {
  let sum = 0;
  for (const { capacity } of Object.values(plan.sites)) {
    if (capacity === undefined) return undefined;
    sum += capacity;
  }
  return USUAL * sum;
}

export class Demand {
  readonly #directions: Pick<Directions, 'trace'>;
  readonly #vantages: readonly Vantage[];
  readonly #plan: Plan;
  readonly #scopes: readonly Scope[];
  /** Bits per second of all people together. */
  readonly total: number;

  constructor(
    directions: Pick<Directions, 'trace'>,
    plan: Plan,
    total: number,
    of: readonly Vantage[] = vantages(),
  ) {
    this.#directions = directions;
    this.#vantages = of;
    this.#plan = plan;
    this.#scopes = scopes(plan);
    this.total = total;
  }

  /** What every site carries by the routes of this moment. What finds no way is carried by nobody. */
  loads(): ReadonlyMap<string, Load> {
    const people = this.#vantages.reduce((n, v) => n + v.place.population, 0);
    const loads = new Map<string, { [scope: string]: number }>();
    for (const site of Object.keys(this.#plan.sites))
      loads.set(site, Object.fromEntries(this.#scopes.map((s) => [s.name, 0])));
    for (const vantage of this.#vantages)
      for (const prefix of this.#plan.prefixes) {
        const { site } = this.#directions.trace(vantage, prefix);
        const load = site === undefined ? undefined : loads.get(site);
        const scope = this.#scopeOf(prefix);
        const share = vantage.place.population / (people * this.#plan.prefixes.length);
        if (load && scope !== undefined) load[scope] = (load[scope] ?? 0) + this.total * share;
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
