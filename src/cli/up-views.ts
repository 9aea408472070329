/** Questions and orders to a running `up`, and its answers: the JSON interface of `who`, `kill`, `fail`, `cut` and `heal`. */
import { controlPath } from '../host/index.ts';
import type { SiteState } from '../lab/index.ts';

/** Where one vantage lands. */
export interface WhoRow {
  /** The source address that means it. */
  readonly from: string;
  readonly place: string;
  readonly country: string;
  /** Undefined: no way leads to any site. */
  readonly site?: string;
  readonly upstream?: string;
  /** There and back, in milliseconds. */
  readonly rttMs: number;
  readonly asPath: readonly number[];
  /** Why it lands nowhere. */
  readonly lost?: string;
}

export interface UpSite {
  readonly site: string;
  readonly place: string;
  /** Of its process. */
  readonly standing: string;
  readonly pid?: number;
  readonly state?: SiteState;
  /** Vantages that land there now. */
  readonly vantages: number;
  /** Their share of the people, 0 to 1. */
  readonly share: number;
  /** Mean round trip of those people, in milliseconds. */
  readonly rttMs?: number;
  /** Requests and queries that were sent there. */
  readonly asked: number;
  /** Bits per second that land there and that it can serve, where known. */
  readonly load?: number;
  readonly capacity?: number;
}

export interface UpView {
  readonly schema: 'nearcast.up/1';
  readonly network: string;
  readonly pid: number;
  readonly http: string;
  readonly dns: string;
  /** Where its page and the control API are; absent with `--page off`. */
  readonly page?: string;
  /** Addresses at which clients come in. */
  readonly hosts: readonly string[];
  readonly ready: boolean;
  /** Whether the controller of the plan hands out tickets; absent where the plan names none. */
  readonly controlled?: boolean;
  readonly sites: readonly UpSite[];
  /** Cables that are cut. */
  readonly cuts: readonly string[];
  readonly outcomes: { readonly served: number; readonly lost: number; readonly failed: number };
  /** Plans, states and logs of the sites. */
  readonly folder: string;
}

export interface UpOrders {
  readonly who: {
    readonly args: { readonly from?: string; readonly all?: boolean; readonly family?: 4 | 6 };
    readonly result: readonly WhoRow[];
  };
  readonly status: { readonly args: object; readonly result: UpView };
  readonly kill: { readonly args: { readonly site: string }; readonly result: Done };
  readonly fail: {
    readonly args: { readonly service: string; readonly site: string; readonly how: string };
    readonly result: Done;
  };
  readonly cut: { readonly args: { readonly one: string; readonly other?: string }; readonly result: Done };
  readonly heal: {
    readonly args: { readonly what?: string; readonly other?: string };
    readonly result: Done;
  };
}

/** What was done, one sentence each. */
export interface Done {
  readonly done: readonly string[];
}

/** The control socket of a running `up`. */
export function upSocket(name: string): string {
  return controlPath(name === 'up' ? 'up' : `up-${name}`);
}

/** That of one of its agents: `nearcast drain tyo` finds it as it finds any agent's. */
export function upAgentSocket(name: string, site: string): string {
  return controlPath(name === 'up' ? `agent-${site}` : `agent-${name}-${site}`);
}
