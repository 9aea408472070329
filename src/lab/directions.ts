/** How a client gets to a site: from its vantage into the nearest access network, and on by the routes of that moment. */
import { covers, familyOf, hostPrefix, type IpFamily, type Prefix } from '../base/index.ts';
import type { Plan } from '../plan/index.ts';
import { distanceKm, linkLatencyMs } from '../topology/index.ts';
import type { Internet } from './internet.ts';
import type { Journey } from './journey.ts';
import { kindsOf } from './local-plan.ts';
import { type MapRouter, nearestOf } from './map.ts';
import type { Vantage } from './vantage.ts';

/** A journey from the client itself. `latencyMs` is one way, the client's access line included. */
export interface Trip extends Journey {
  readonly vantage: Vantage;
}

export class Directions {
  readonly #internet: Internet;
  readonly #plan: Plan;
  readonly #edges: readonly MapRouter[];
  readonly #homes = new Map<string, { readonly router: string; readonly accessMs: number }>();

  constructor(internet: Internet, plan: Plan) {
    this.#internet = internet;
    this.#plan = plan;
    const { routers } = internet.map;
    const edges = routers.filter((r) => r.tier === 'edge');
    this.#edges = edges.length > 0 ? edges : routers;
  }

  /**
   * The prefix that clients of a kind of service send to: that of the first such service, in the family they speak when it has an
   * address in it, else in the other one; of a plan without such a service, its first prefix.
   */
  prefix(kind: 'http' | 'dns', family: IpFamily = 4): Prefix {
    const { prefixes, services } = this.#plan;
    const name = Object.entries(kindsOf(this.#plan)).find(([, k]) => k === kind)?.[0];
    const found = (of: IpFamily) =>
      services[name ?? '']?.address
        .filter((a) => familyOf(a) === of)
        .flatMap((a) => prefixes.filter((p) => covers(p, hostPrefix(a))))[0];
    return (
      found(family) ??
      found(family === 4 ? 6 : 4) ??
      prefixes.find((p) => p.includes(':') === (family === 6)) ??
      (prefixes[0] as Prefix)
    );
  }

  /** The families of addresses that the plan announces. */
  families(): readonly IpFamily[] {
    const has = new Set(this.#plan.prefixes.map((p) => (p.includes(':') ? 6 : 4) as IpFamily));
    return ([4, 6] as const).filter((family) => has.has(family));
  }

  /** The router of the access network that serves a vantage: the nearest one. */
  home(vantage: Vantage): MapRouter {
    return this.#internet.router(this.#home(vantage).router);
  }

  /** Where the vantage would land now. */
  trace(vantage: Vantage, prefix: Prefix): Trip {
    const { router, accessMs } = this.#home(vantage);
    const journey = this.#internet.trace(router, prefix);
    return { ...journey, vantage, latencyMs: journey.latencyMs + accessMs };
  }

  /** Travels there, in the time it takes. */
  carry(vantage: Vantage, prefix: Prefix): Promise<Trip> {
    const { router, accessMs } = this.#home(vantage);
    return new Promise((resolve) =>
      this.#internet.wires.send(accessMs, () =>
        this.#internet.carry(router, prefix, (journey) =>
          resolve({ ...journey, vantage, latencyMs: journey.latencyMs + accessMs }),
        ),
      ),
    );
  }

  /** The time of the way back. */
  back(trip: Trip): Promise<void> {
    return new Promise((resolve) => this.#internet.wires.send(trip.latencyMs, resolve));
  }

  #home(vantage: Vantage): { readonly router: string; readonly accessMs: number } {
    const known = this.#homes.get(vantage.address);
    if (known) return known;
    const router = nearestOf(this.#edges, vantage.place);
    const home = { router: router.name, accessMs: linkLatencyMs(distanceKm(router.place, vantage.place)) };
    this.#homes.set(vantage.address, home);
    return home;
  }
}
