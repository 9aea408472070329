/** Requests of clients, counted as they are done, and told no oftener than somebody asks. */
import type { Load, Requests } from '../control/index.ts';
import type { Trip } from './directions.ts';
import type { Outcome } from './front-http.ts';
import type { Counts } from './sight.ts';

export class Counting {
  readonly #vantages = new Map<string, { [outcome in Outcome]: number }>();
  readonly #sites = new Map<string, { asked: number; before: number }>();
  #at: number | undefined;
  #taken = 0;

  /** Grows with every request. */
  get mark(): number {
    return this.#taken;
  }

  take({ vantage, site }: Trip, outcome: Outcome): void {
    const known = this.#vantages.get(vantage.address) ?? { served: 0, failed: 0, lost: 0 };
    known[outcome]++;
    this.#taken++;
    this.#vantages.set(vantage.address, known);
    if (site === undefined) return;
    const asked = this.#sites.get(site) ?? { asked: 0, before: 0 };
    asked.asked++;
    this.#sites.set(site, asked);
  }

  /** The counts so far, and a rate since the last time they were asked for. `bits` is what else is known of a site's load. */
  counts(now: number, sites: Iterable<string>, bits: (site: string) => number | undefined): Counts {
    const seconds = this.#at === undefined ? 0 : (now - this.#at) / 1000;
    this.#at = now;
    const loads = new Map<string, Load>();
    for (const site of sites) {
      const known = this.#sites.get(site) ?? { asked: 0, before: 0 };
      const perSecond = seconds > 0 ? Math.round((10 * (known.asked - known.before)) / seconds) / 10 : 0;
      known.before = known.asked;
      const load = bits(site);
      loads.set(site, {
        asked: known.asked,
        perSecond,
        ...(load === undefined ? {} : { bitsPerSecond: Math.round(load) }),
      });
    }
    return {
      vantages: new Map([...this.#vantages].map(([address, n]): [string, Requests] => [address, { ...n }])),
      loads,
    };
  }
}
