/** What a running agent says of itself over its control socket. Plain data, with versioned schemas. */
import type { Address, Asn, Prefix } from '../base/index.ts';
import type { DrainPhase, Evidence, Level, Order, TicketView, Verdict } from '../site/index.ts';
import type { Entry } from './audit.ts';
import type { Happening } from './history.ts';

export interface StatusView {
  readonly schema: 'nearcast.status/1';
  readonly at: string;
  readonly network: string;
  readonly site: string;
  readonly place?: string;
  readonly asn: Asn;
  readonly routerId: Address;
  readonly pid: number;
  readonly since: string;
  /** The plan in force: where it was read from, and when. */
  readonly plan: { readonly file: string; readonly readAt: string };
  /** Nobody is told anything for now. */
  readonly held?: { readonly why: string; readonly until: string };
  readonly drain: DrainView;
  readonly frozen?: Order & { readonly until?: string };
  /** Absent: the site judges alone. */
  readonly controller?: { readonly endpoints: readonly string[]; readonly answers?: boolean };
  readonly scopes: readonly ScopeView[];
  readonly services: readonly ServiceView[];
  readonly upstreams: readonly UpstreamView[];
}

export interface DrainView {
  readonly phase: DrainPhase;
  readonly since: string;
  /** When the phase ends by itself. */
  readonly until?: string;
  readonly order?: Order;
  readonly seen?: Evidence;
  readonly remarks: readonly string[];
}

export interface ScopeView {
  readonly scope: string;
  readonly prefixes: readonly Prefix[];
  readonly level: Level;
  readonly since: string;
  readonly why: readonly string[];
  readonly ticket: TicketView;
  /** How long the ticket is good. */
  readonly ticketUntil?: string;
  readonly refused?: string;
}

export interface ServiceView {
  readonly service: string;
  readonly addresses: readonly Address[];
  /** `rising` and `falling` are on the way to another verdict. */
  readonly phase: string;
  readonly verdict: Verdict;
  readonly since: string;
  readonly why: readonly string[];
  /** An improvement is held back. */
  readonly held?: { readonly until: string; readonly why: string };
  readonly probes: readonly ProbeView[];
}

export interface ProbeView {
  readonly probe: string;
  readonly kind: string;
  readonly phase: string;
  readonly since: string;
  readonly detail?: string;
  /** Seconds of the last answer. */
  readonly took?: number;
}

export interface UpstreamView {
  readonly upstream: string;
  readonly asn: Asn;
  readonly address: Address;
  readonly state: string;
  readonly since: string;
  /** Why there is no session, or why it ended last. */
  readonly why?: string;
  readonly bfd?: string;
  readonly prefixes: readonly {
    readonly prefix: string;
    /** The site wants it told. */
    readonly expected: boolean;
    /** It has been told. */
    readonly advertised: boolean;
    readonly why: string;
  }[];
}

/** From health to what was sent: why one upstream does or does not hear of one prefix. */
export interface ExplainView {
  readonly schema: 'nearcast.explain/1';
  readonly at: string;
  readonly site: string;
  readonly prefix: string;
  readonly upstream: string;
  /** It has been told. */
  readonly advertised: boolean;
  /** In one sentence. */
  readonly answer: string;
  readonly steps: readonly {
    readonly step: 'verdict' | 'operator' | 'guard' | 'decision' | 'policy' | 'session' | 'sent';
    /** The step lets it through. */
    readonly passes: boolean;
    readonly say: string;
    readonly detail: readonly string[];
  }[];
}

/** What came of an order. */
export interface OrderView {
  readonly schema: 'nearcast.order/1';
  readonly order: string;
  readonly site: string;
  readonly owner: string;
  readonly reason: string;
  readonly drain: DrainView;
  readonly frozen?: Order & { readonly until?: string };
  readonly scopes: readonly ScopeView[];
}

export interface AgentReloadView {
  readonly schema: 'nearcast.agent-reload/1';
  readonly site: string;
  /** Nothing was done: this is what would be. */
  readonly dryRun: boolean;
  /** What is different in the plan, as sentences. */
  readonly plan: readonly string[];
  /** What it does to the sessions of this site, as sentences. */
  readonly sessions: readonly string[];
}

/** Every question and order of an agent, with its arguments and its answer. */
export interface AgentVerbs {
  readonly status: { readonly args: object; readonly result: StatusView };
  readonly explain: {
    readonly args: { readonly prefix: string; readonly upstream: string };
    readonly result: ExplainView;
  };
  readonly drain: { readonly args: OrderArgs; readonly result: OrderView };
  readonly undrain: { readonly args: OrderArgs; readonly result: OrderView };
  readonly freeze: {
    readonly args: OrderArgs & { readonly seconds?: number };
    readonly result: OrderView;
  };
  readonly unfreeze: { readonly args: OrderArgs; readonly result: OrderView };
  readonly reload: {
    readonly args: { readonly dryRun?: boolean; readonly owner?: string; readonly reason?: string };
    readonly result: AgentReloadView;
  };
  readonly recheck: { readonly args: object; readonly result: { readonly asked: true } };
  /** What was measured outside of the agent: sessions, bits per second, outside views that still show the route. */
  readonly evidence: { readonly args: Evidence; readonly result: DrainView };
  /** What the site carries, bits per second, as told by who knows; believed for half a minute. */
  readonly load: { readonly args: { readonly bits: number }; readonly result: { readonly bits: number } };
  readonly audit: { readonly args: { readonly count?: number }; readonly result: readonly Entry[] };
  /** What happens from now on, one by one, after the latest `before`. */
  readonly watch: { readonly args: { readonly before?: number }; readonly item: Happening };
}

export interface OrderArgs {
  readonly owner: string;
  readonly reason: string;
}
