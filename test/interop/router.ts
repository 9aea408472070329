/** One neutral description of a router, and what every router under test can be asked. */
import type { Namespace } from './namespace.ts';

export type Family = 'ipv4' | 'ipv6';
export type Role = 'provider' | 'rs-server' | 'rs-client' | 'customer' | 'peer';

/** A route as it is to be announced. */
export interface Announcement {
  readonly prefix: string;
  readonly origin?: 'igp' | 'egp' | 'incomplete';
  /** What follows our own AS in the path. */
  readonly path?: readonly number[];
  readonly med?: number;
  readonly communities?: readonly string[];
  readonly large?: readonly string[];
  /** `rt:64500:100` */
  readonly extended?: readonly string[];
  /** An optional transitive attribute nobody knows. */
  readonly unknown?: { readonly code: number; readonly hex: string };
}

/** A route as a router says that it holds it. Lists are sorted. What a router cannot show it leaves out: see `Router.shows`. */
export interface Route {
  readonly prefix: string;
  readonly pathId?: number;
  readonly origin: string;
  /** `64500 64501` */
  readonly path: string;
  readonly nextHop: string;
  readonly med?: number;
  readonly localPref?: number;
  readonly communities: readonly string[];
  readonly large: readonly string[];
  readonly extended: readonly string[];
  /** `code:hex` of attributes the router keeps without knowing them. */
  readonly unknown: readonly string[];
  readonly otc?: number;
  readonly stale?: boolean;
}

export interface Neighbor {
  readonly asn: number;
  /** Our address and theirs, both IPv4 or both IPv6. */
  readonly local: string;
  readonly address: string;
  readonly families: readonly Family[];
  /** The interface the neighbour is on. */
  readonly link: string;
  readonly holdTime?: number;
  readonly passive?: boolean;
  readonly password?: string;
  readonly gtsm?: boolean;
  readonly role?: Role;
  readonly addPath?: 'send' | 'receive';
  readonly extendedMessages?: boolean;
  readonly extendedNextHop?: boolean;
  readonly enhancedRefresh?: boolean;
  readonly bfd?: boolean;
  /** Two-octet AS numbers only: the capability of RFC 6793 is not sent. */
  readonly as2?: boolean;
  /** Nothing is allowed by policy, as a router that nobody has configured any (RFC 8212). Otherwise everything is. */
  readonly noPolicy?: boolean;
  /**
   * An agent on this very machine, spoken to over loopback and inside our AS. What it announces goes on to the others, with
   * {@link ONWARDS} prepends while it has GRACEFUL_SHUTDOWN.
   */
  readonly beside?: boolean;
  /** At most so many prefixes. */
  readonly maxPrefix?: number;
}

export interface Spec {
  readonly asn: number;
  readonly id: string;
  readonly neighbors: readonly Neighbor[];
  readonly announce: readonly Announcement[];
  /** Graceful restart in both roles, with this restart time in seconds. */
  readonly gracefulRestart?: number;
}

/** How often a router beside an agent prepends what is about to leave. */
export const ONWARDS = 3;

/** Everything a feature may need; a router says which it has, or why not. */
export type Ability =
  | 'ipv6'
  | 'as4'
  | 'as2'
  | 'as4Path'
  | 'md5'
  | 'gtsm'
  | 'gtsmGuard'
  | 'restart'
  | 'helper'
  | 'askRefresh'
  | 'answerRefresh'
  | 'enhancedRefresh'
  | 'sendText'
  | 'addPathSend'
  | 'addPathReceive'
  | 'extendedMessages'
  | 'roles'
  | 'bfd'
  | 'table'
  | 'transit'
  | 'listen'
  | 'extendedNextHop'
  | 'longUpdate'
  | 'noPolicy'
  | 'path'
  | 'med'
  | 'origin'
  | 'communities'
  | 'large'
  | 'extended'
  | 'unknown'
  | 'agent'
  | 'beside'
  | 'md5Answer'
  | 'gtsmAnswer';

export type Abilities = Readonly<Record<Ability, true | string>>;

/** A router that can do everything; the others say what they cannot. */
export const ALL_ABLE: Abilities = {
  ipv6: true,
  as4: true,
  as4Path: true,
  as2: true,
  md5: true,
  gtsm: true,
  gtsmGuard: true,
  restart: true,
  helper: true,
  askRefresh: true,
  answerRefresh: true,
  enhancedRefresh: true,
  sendText: true,
  addPathSend: true,
  addPathReceive: true,
  extendedMessages: true,
  roles: true,
  bfd: true,
  table: true,
  transit: true,
  listen: true,
  extendedNextHop: true,
  longUpdate: true,
  noPolicy: true,
  path: true,
  med: true,
  origin: true,
  communities: true,
  large: true,
  extended: true,
  unknown: true,
  agent: true,
  beside: true,
  md5Answer: true,
  gtsmAnswer: true,
};

export interface Session {
  readonly up: boolean;
  /** The router's own word for it. */
  readonly state: string;
}

export interface Router {
  readonly name: string;
  readonly spec: Spec;
  /** Starts the daemon; resolves when it answers questions. `afterCrash` tells it that its routes may still be held by others. */
  start(afterCrash?: boolean): Promise<void>;
  /** Asks it to end as an operator would. */
  stop(): Promise<void>;
  /** Ends it without a word to anyone. */
  kill(): Promise<void>;
  /** Freezes the process, and lets it go on. */
  freeze(): void;
  thaw(): void;
  session(neighbor: Neighbor): Promise<Session>;
  /** What it has received from a neighbour and accepted. */
  routes(neighbor: Neighbor, family: Family): Promise<Route[]>;
  /** Takes one session down, with a text for the neighbour where that is possible (RFC 9003). */
  shutdown(neighbor: Neighbor, text: string): Promise<void>;
  /** Asks the neighbour to send everything again (RFC 2918). */
  refresh(neighbor: Neighbor): Promise<void>;
  /** Everything it says about why the session with a neighbour ended last: its own account, with its log. */
  lastError(neighbor: Neighbor): Promise<string>;
  /** The processes that are the router, without helpers beside it. */
  pids(): number[];
  /** What it printed, for the report of a failed cell. */
  log(): string;
}

export interface Kind {
  readonly name: string;
  /** The Debian packages it comes from. */
  readonly packages: readonly string[];
  /** The version that is installed; undefined when it is not. */
  version(): Promise<string | undefined>;
  /** What it can do: true, or the reason why not. */
  readonly can: Abilities;
  /** It lists attributes that it does not know. */
  readonly showsUnknown: boolean;
  /** Its status or its log repeats the text of a shutdown. */
  readonly saysText: boolean;
  /** A fault of its own that a cell ran into, read from the logs, as a sentence: such a cell is tried again. */
  ownFault?(log: string): string | undefined;
  make(spec: Spec, where: Namespace, folder: string): Router;
}

export function isV6(address: string): boolean {
  return address.includes(':');
}

export function sorted(list: readonly string[]): string[] {
  return [...list].sort();
}
