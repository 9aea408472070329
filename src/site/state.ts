/** What a site is, what happens to it and what it brings about: the values that `site.ts` steps from one to the next. */
import type { Instant } from '../base/index.ts';
import { type Plan, sitesOf } from '../plan/index.ts';
import type { Level } from './decision.ts';
import { type DrainState, type Evidence, type Order, startDrain } from './drain.ts';
import { type HolderState, startHolder } from './holder.ts';
import type { ProbeResult } from './probe.ts';
import { type Scope, scopes } from './scope.ts';
import type { Answer, Report } from './ticket.ts';
import { startVerdict, type VerdictState } from './verdict.ts';

/** What a site has to look after: its part of a plan, worked out once. */
export interface Duties {
  readonly plan: Plan;
  readonly site: string;
  /** Scopes that the site announces. */
  readonly scopes: readonly Scope[];
  /** Services that it runs. */
  readonly services: readonly string[];
}

export interface SiteState {
  readonly services: { readonly [service: string]: VerdictState };
  /** By scope; none when the plan names no controller. */
  readonly holders: { readonly [scope: string]: HolderState };
  readonly drain: DrainState;
  /** Nothing that is announced changes until then. */
  readonly frozen?: Order & {
    readonly until?: Instant;
    /** After a restart: what a scope of which nothing stands any more comes back to once its services are good. */
    readonly levels?: { readonly [scope: string]: Level };
  };
  readonly stopping: boolean;
  /** While nobody is told anything after a restart: what upstreams still hold of each scope. */
  readonly stood?: { readonly [scope: string]: Level };
  readonly decided: { readonly [scope: string]: Decided };
  /** Measured towards the scopes' addresses, bits per second. */
  readonly load: { readonly [scope: string]: number };
}

export interface Decided {
  readonly level: Level;
  /** From the decision back to what it rests on. */
  readonly why: readonly string[];
  readonly since: Instant;
  /** It is out by right and may stay so: by a ticket that was used, or because it was not in when the agent started. */
  readonly left: boolean;
  /** How often it has left since the agent started. */
  readonly leaves: number;
}

export type SiteEvent =
  | { readonly kind: 'probe'; readonly service: string; readonly probe: string; readonly result: ProbeResult }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'drain' | 'undrain' | 'thaw'; readonly order: Order }
  | { readonly kind: 'freeze'; readonly order: Order; readonly until?: Instant }
  | { readonly kind: 'evidence'; readonly evidence: Evidence }
  /** Measured just now; absent: not known any more. */
  | { readonly kind: 'load'; readonly scope: string; readonly load?: number }
  /** The machine stood still, and its clock with it: no ticket is believed until the issuer has been asked anew. */
  | { readonly kind: 'stoodStill' }
  /** A clean stop: withdraw first. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'due' };

export type SiteEffect =
  /** The level of a scope has changed: bring the sessions in line with `announcement`. */
  | {
      readonly do: 'announce';
      readonly scope: string;
      readonly level: Level;
      readonly was: Level;
      readonly why: readonly string[];
    }
  | { readonly do: 'report'; readonly report: Report }
  /** For log and audit: something of the judgement changed. */
  | {
      readonly do: 'note';
      readonly about: string;
      readonly from: string;
      readonly to: string;
      readonly why: readonly string[];
    }
  /** An order that cannot be followed now. */
  | { readonly do: 'refuse'; readonly why: string };

export type SiteStep = readonly [SiteState, readonly SiteEffect[]];

/** The duties of a site; undefined when the plan has no such site. */
export function dutiesOf(plan: Plan, site: string): Duties | undefined {
  if (!Object.hasOwn(plan.sites, site)) return undefined;
  return {
    plan,
    site,
    scopes: scopes(plan).filter((scope) => scope.sites.includes(site)),
    services: Object.entries(plan.services).flatMap(([name, s]) =>
      sitesOf(plan, s).includes(site) ? [name] : [],
    ),
  };
}

/** A site that has just started: nothing is known, nothing is announced. `boot` is larger than at any earlier start. */
export function startSite(duties: Duties, boot: number, now: Instant): SiteState {
  const { plan } = duties;
  const of = <T>(names: readonly string[], make: (name: string) => T) =>
    Object.fromEntries(names.map((n) => [n, make(n)]));
  const names = duties.scopes.map((s) => s.name);
  return {
    services: of(duties.services, (name) => startVerdict(plan.services[name]!, now)),
    holders: plan.controller === undefined ? {} : of(names, () => startHolder(boot, now)),
    drain: startDrain(now),
    stopping: false,
    decided: of(names, () => ({
      level: 'pending' as const,
      why: ['just started'],
      since: now,
      left: true,
      leaves: 0,
    })),
    load: {},
  };
}
