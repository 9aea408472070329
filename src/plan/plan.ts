/**
 * The plan: what an operator's network is, as one immutable value with every default filled in. All of it is plain JSON, so
 * it can be compared, sent and kept. Durations are milliseconds, rates bits per second. Secrets are references, never text.
 */
import type { Address, Asn, Community, IpFamily, LargeCommunity, Millis, Prefix } from '../base/index.ts';
import type { Rule } from '../policy/index.ts';

/** Names of sites, services, upstreams and probes, each unique where it stands. */
export type Named<T> = { readonly [name: string]: T };

export interface Plan {
  readonly network: string;
  readonly asn: Asn;
  readonly prefixes: readonly Prefix[];
  readonly sites: Named<Site>;
  readonly services: Named<Service>;
  readonly guard: Guard;
  readonly drain: Drain;
  /** Absent: every site judges alone. */
  readonly controller?: Controller;
  readonly identity: Identity;
}

/** A place that announces. */
export interface Site {
  /** Unique number, 1 … 2²⁴−1: the last part of the site's large community and the source of its router id. */
  readonly id: number;
  /** As written (`Frankfurt, DE`); resolving it to coordinates needs a table of cities, which is handed in where needed. */
  readonly place?: string;
  /** Given instead of a place's name, or to correct it. Degrees. */
  readonly coordinates?: Coordinates;
  /** What the site can serve, bits per second. */
  readonly capacity?: number;
  /** The network interface whose byte counters say what the site carries. */
  readonly loadInterface?: string;
  /** BGP identifier (RFC 6286). */
  readonly routerId: Address;
  /** Addresses that belong to this site alone: where hand-off and second chance send clients. */
  readonly unicast: readonly Address[];
  /** The site's own DNS name, for hand-off from the anycast name. */
  readonly hostname?: string;
  readonly upstreams: Named<Upstream>;
}

export interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
}

/** What the neighbour is to us (RFC 9234 §4.1): `role: provider` means that they sell us transit. */
export type Role = 'provider' | 'peer' | 'customer' | 'route-server' | 'route-server-client' | 'internal';

/** A BGP neighbour of a site. */
export interface Upstream {
  readonly asn: Asn;
  readonly address: Address;
  readonly port: number;
  readonly role: Role;
  readonly description?: string;
  /** False keeps the session down. */
  readonly enabled: boolean;
  /** True never dials and waits for the neighbour. */
  readonly passive: boolean;
  readonly localAddress?: Address;
  /** Where a link-local neighbour lives. */
  readonly interface?: string;
  /** Families whose prefixes travel on this session. */
  readonly families: readonly IpFamily[];
  /** Next hops other than our own end of the session, at most one per family. */
  readonly nextHop: readonly Address[];
  /** TCP MD5 (RFC 2385). */
  readonly password?: Secret;
  /** Hops the neighbour may be away; 1 is directly connected. */
  readonly multihop: number;
  /** GTSM (RFC 5082): packets that came over more hops than this are dropped; absent: not checked. */
  readonly ttlSecurity?: number;
  readonly holdTime: Millis;
  readonly bfd?: Bfd;
  /** How long the neighbour may keep our routes over a restart (RFC 4724); absent: they fall with the session. */
  readonly gracefulRestart?: Millis;
  /** More routes than this from the neighbour end the session. */
  readonly maximumPrefixes: number;
  /** Prefixes announced here; `all` follows the plan's list. */
  readonly announce: 'all' | readonly Prefix[];
  /** How many times our number is put before the path in addition; inside our own AS never. */
  readonly prepend: number;
  /** Always sent: an absent MED attracts at many routers. */
  readonly med: number;
  readonly communities: readonly Community[];
  readonly largeCommunities: readonly LargeCommunity[];
  /** Communities with what this neighbour does on seeing them, so that it can be predicted. */
  readonly actions: readonly Action[];
  /** What makes us less attractive here while degraded or draining. */
  readonly lessPreferred: LessPreferred;
  /** Rules for what is heard; none: nothing is accepted (RFC 8212). */
  readonly import: readonly Rule[];
  /** Rules for our own announcements, before everything above is applied. */
  readonly export: readonly Rule[];
}

export interface Action {
  readonly community: Community | LargeCommunity;
  readonly effect:
    | { readonly kind: 'prepend'; readonly times: number }
    /** Not announced to them. */
    | { readonly kind: 'withhold' }
    /** Announced to them only. */
    | { readonly kind: 'only' }
    | { readonly kind: 'local-preference'; readonly value: number };
  /** Which neighbours of the upstream; empty: all of them (for a local preference: the upstream itself). */
  readonly to: readonly Asn[];
}

/** Where a secret is found. The plan never holds one. */
export type Secret =
  | { readonly from: 'env'; readonly name: string }
  | { readonly from: 'file'; readonly path: string };

/** RFC 5880: detection takes about interval × multiplier. */
export interface Bfd {
  readonly interval: Millis;
  readonly multiplier: number;
}

export interface LessPreferred {
  /** GRACEFUL_SHUTDOWN, 65535:0 (RFC 8326). */
  readonly gracefulShutdown: boolean;
  /** Prepends in addition to the upstream's own. */
  readonly prepend: number;
  /** Added to the upstream's own MED. */
  readonly med: number;
}

/** What is served on anycast addresses. */
export interface Service {
  readonly address: readonly Address[];
  /** Sites that run it; `all` follows the plan's list. */
  readonly sites: 'all' | readonly string[];
  readonly probes: Named<Probe>;
  readonly combine: Combine;
  /** Good rounds in a row until up. */
  readonly rise: number;
  /** Failed rounds in a row until down. */
  readonly fall: number;
  /** After a fall the service has to be good for this long before it is up again. */
  readonly minStable: Millis;
  readonly flaps: FlapBudget;
  /** What turns an up service degraded. */
  readonly degraded: readonly DegradedBy[];
  /** What the site does about this service being down. */
  readonly whenDown: 'withdraw' | 'less-preferred' | 'ignore';
  /** The agent puts the addresses on this interface; absent: they are the operator's affair. */
  readonly addTo?: string;
}

/** How many of a service's probes have to be good. */
export type Combine =
  | { readonly kind: 'all' }
  | { readonly kind: 'any' }
  | { readonly kind: 'quorum'; readonly count: number };

/** `partial`: enough probes are good, not all. `slow`: a probe took longer than its `slow`. `warning`: a command exited with 1. */
export type DegradedBy = 'partial' | 'slow' | 'warning';

/** At most `count` returns to up within `per`; past that, each further return waits longer, doubling up to `longest`. */
export interface FlapBudget {
  readonly count: number;
  readonly per: Millis;
  readonly backOff: Millis;
  readonly longest: Millis;
}

interface ProbeCommon {
  readonly every: Millis;
  readonly timeout: Millis;
  /** The interval while a fall is being confirmed. */
  readonly fast: Millis;
  /** A good answer slower than this counts as slow. */
  readonly slow?: Millis;
  /** What a failure of this probe means: it counts against the service, or it only degrades it. */
  readonly onFailure: 'down' | 'degraded';
  /** Of probes that ask a port: whether it is watched where it is open on this machine, so that its end is noticed at once; true when absent. */
  readonly watch?: boolean;
}

/** What is asked of the service. Targets default to the service's own addresses. */
export type Probe = ProbeCommon &
  (
    | {
        readonly kind: 'dns';
        readonly target?: Address;
        readonly port: number;
        readonly over: 'udp' | 'tcp';
        readonly name: string;
        readonly type: string;
        readonly class: 'IN' | 'CH';
        readonly rcode: string;
        /** Texts of which each has to be among the answers; empty: any answer will do. */
        readonly answer: readonly string[];
        /** The SOA serial may be at most this far behind the one at the other server. */
        readonly serial?: { readonly of: Address; readonly behind: number };
        /** The answer has to come from this very site (NSID or CHAOS id.server). */
        readonly identity: boolean;
      }
    | (HttpProbe & { readonly kind: 'http' })
    | (HttpProbe & TlsOptions & { readonly kind: 'https' })
    | (ExchangeProbe & { readonly kind: 'tcp' })
    | (ExchangeProbe & { readonly kind: 'udp' })
    | (TlsOptions & { readonly kind: 'tls'; readonly target?: Address; readonly port: number })
    | {
        readonly kind: 'ntp';
        readonly target?: Address;
        readonly port: number;
        readonly maxStratum: number;
        readonly maxOffset?: Millis;
      }
    | { readonly kind: 'icmp'; readonly target?: Address }
    | {
        readonly kind: 'command';
        /** Program and arguments; no shell reads them. */
        readonly run: readonly string[];
        /** Exit codes as monitoring plugins use them: 0 good, 1 warning, 2 and above bad. Otherwise all but 0 are bad. */
        readonly nagios: boolean;
      }
    | { readonly kind: 'systemd'; readonly unit: string }
    /** The service's addresses are on this host, on this interface when one is named. */
    | { readonly kind: 'address'; readonly interface?: string }
    /** The process in the pid file is alive; its end is noticed at once. */
    | { readonly kind: 'process'; readonly pidFile: string }
  );

/** Something may be sent, and an answer may have to contain something. */
interface ExchangeProbe {
  readonly target?: Address;
  readonly port: number;
  readonly send?: string;
  readonly expect?: string;
}

interface HttpProbe {
  readonly target?: Address;
  readonly port: number;
  readonly path: string;
  readonly host?: string;
  readonly method: 'GET' | 'HEAD';
  /** Inclusive ranges of good status codes. */
  readonly status: readonly (readonly [from: number, to: number])[];
  /** A text the body has to contain. */
  readonly body?: string;
}

interface TlsOptions {
  /** The name asked for (SNI) and checked against the certificate. */
  readonly name?: string;
  readonly verify: boolean;
  /** The certificate has to be valid for at least so many days more. */
  readonly certificateDays: number;
}

export type ProbeKind = Probe['kind'];

/** What may refuse a withdrawal. */
export interface Guard {
  /** Sites that have to stay in. */
  readonly keep: number;
  /** How many sites may leave within a time. */
  readonly leave: Rate;
  /** Refuse when the predicted load of the sites that stay exceeds their capacity. */
  readonly remainingCapacity: boolean;
  /** What a refused site announces. */
  readonly last: 'less-preferred' | 'full' | 'withdrawn';
  /** How long a ticket is good for after it was issued. */
  readonly lease: Millis;
  /** How far two clocks may drift apart over one lease. */
  readonly drift: Millis;
}

export interface Rate {
  readonly count: number;
  readonly per: Millis;
}

export interface Drain {
  /** Less preferred has to stand at least this long before emptiness is judged. */
  readonly settle: Millis;
  readonly empty: {
    /** At most so many sessions. */
    readonly sessions: number;
    /** At most so many bits per second towards the service. */
    readonly traffic: number;
    /** For this long. */
    readonly for: Millis;
  };
  /** How long to wait for emptiness. */
  readonly deadline: Millis;
  /** What happens when it did not become empty in time. */
  readonly atDeadline: 'withdraw' | 'stay' | 'abort';
  /** How long to wait for outside views to lose the route before calling it stuck. */
  readonly gone: Millis;
  /** How long the way back stands at less preferred. */
  readonly return: Millis;
}

export interface Controller {
  readonly endpoints: readonly string[];
  readonly token?: Secret;
  /** File with the certificates that endpoints are checked against. */
  readonly ca?: string;
}

export interface Identity {
  /** The middle part of each site's large community `asn:function:id` (RFC 8092). */
  readonly function: number;
}

/** The large community that names a site on the announcements it sends. */
export function siteCommunity(plan: Pick<Plan, 'asn' | 'identity'>, site: Pick<Site, 'id'>): LargeCommunity {
  return `${plan.asn}:${plan.identity.function}:${site.id}` as LargeCommunity;
}

/** The names of the sites that run a service, in the plan's order. */
export function sitesOf(plan: Pick<Plan, 'sites'>, service: Pick<Service, 'sites'>): readonly string[] {
  const { sites } = service;
  const names = Object.keys(plan.sites);
  return sites === 'all' ? names : names.filter((name) => sites.includes(name));
}

/** The prefixes that an upstream of this plan is told of, of the families its session carries. */
export function announcedTo(plan: Pick<Plan, 'prefixes'>, upstream: Upstream): readonly Prefix[] {
  const chosen = upstream.announce === 'all' ? plan.prefixes : upstream.announce;
  return chosen.filter((prefix) => upstream.families.includes(prefix.includes(':') ? 6 : 4));
}
