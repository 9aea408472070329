/** Who serves: the one name of a site that DNS and HTTP, logs and metrics say alike. */
import type { Address } from '../base/index.ts';

export interface Identity {
  readonly network: string;
  /** The site's name in the plan. */
  readonly site: string;
  /** Where it is, for people: `Frankfurt, DE`. */
  readonly place?: string;
  /** Told to whoever asks for `version.bind`; absent: nobody is told. */
  readonly version?: string;
}

/** A small zone of our own, so that there is something to be asked for. */
export interface Zone {
  /** Without the last dot: `planet.example`. */
  readonly name: string;
  /** What the zone's name and its name server resolve to. */
  readonly addresses: readonly Address[];
  /** SOA serial (RFC 1982). */
  readonly serial: number;
}

/** How a service may be made to fail on purpose: it is not there, it is there and says nothing, or it answers with an error. */
export type Fault = 'refuse' | 'hang' | 'wrong';
export const FAULTS: readonly Fault[] = ['refuse', 'hang', 'wrong'];
