/** A packet of a client: the way it goes from router to router, and how that ended. */
import type { Asn } from '../base/index.ts';
import type { MapDoor } from './map.ts';

/** The way of a packet. */
export interface Journey {
  /** Names of routers, the first one included. */
  readonly routers: readonly string[];
  /** The ASes on the way, the client's own first; the last is ours when it arrived. */
  readonly path: readonly Asn[];
  /** One way, in milliseconds. */
  readonly latencyMs: number;
  /** Where it ended, and through which of the site's upstreams; absent when it was lost. */
  readonly site?: string;
  readonly upstream?: string;
  /** Why it was lost. */
  readonly lost?: string;
}

/** What a packet takes from one router to the next, or to a site. */
export interface Step {
  readonly latencyMs: number;
  readonly to: string;
  readonly door?: Pick<MapDoor, 'site' | 'upstream'>;
}

/** A packet lives for so many hops. */
const HOPS = 64;

/** A packet on its way. */
export class Way {
  readonly routers: string[];
  readonly path: Asn[];
  latencyMs = 0;
  site: string | undefined;
  #upstream: string | undefined;
  #lost: string | undefined;

  constructor(from: string, asn: Asn) {
    this.routers = [from];
    this.path = [asn];
  }

  get at(): string {
    return this.routers.at(-1) as string;
  }

  /** It has gone as far as it can. */
  get spent(): boolean {
    return this.routers.length > HOPS;
  }

  /** Goes on; `asn` is the AS in which the step ends. */
  take(hop: Step, asn: Asn): void {
    this.latencyMs += hop.latencyMs;
    if (asn !== this.path.at(-1)) this.path.push(asn);
    if (hop.door) {
      this.site = hop.door.site;
      this.#upstream = hop.door.upstream;
      return;
    }
    this.routers.push(hop.to);
  }

  /** Ends the way here, with a sentence why. */
  lose(why: string): undefined {
    this.#lost = why;
    return undefined;
  }

  end(): Journey {
    return {
      routers: this.routers,
      path: this.path,
      latencyMs: this.latencyMs,
      ...(this.site === undefined ? {} : { site: this.site, upstream: this.#upstream as string }),
      ...(this.#lost === undefined ? {} : { lost: this.#lost }),
    };
  }
}
