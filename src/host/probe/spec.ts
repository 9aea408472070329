/**
 * What can be asked of a service. The shapes are those of the plan's probes, so that a plan's probe is one of these as it
 * stands; this room may not import the plan, and a test holds the two together.
 */
import type { Address, Clock, Millis } from '../../base/index.ts';
import type { ListenerWatch } from './listening.ts';

interface Common {
  /** How often it is asked. */
  readonly every: Millis;
  /** How long an answer may take. */
  readonly timeout: Millis;
  /** Whether the port, where it is open on this machine, is watched for its end; true when absent. */
  readonly watch?: boolean;
}

export interface DnsProbe extends Common {
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
  /** The SOA serial may be at most this far behind the one at the other server (RFC 1982). */
  readonly serial?: { readonly of: Address; readonly behind: number };
  /** The answer has to come from this very site: NSID (RFC 5001), else `id.server` (RFC 4892). */
  readonly identity: boolean;
}

interface HttpOptions {
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

export interface TlsOptions {
  readonly name?: string;
  readonly verify: boolean;
  readonly certificateDays: number;
}

export interface HttpProbe extends Common, HttpOptions {
  readonly kind: 'http';
}
export interface HttpsProbe extends Common, HttpOptions, TlsOptions {
  readonly kind: 'https';
}

interface Exchange {
  readonly target?: Address;
  readonly port: number;
  readonly send?: string;
  readonly expect?: string;
}
export interface TcpProbe extends Common, Exchange {
  readonly kind: 'tcp';
}
export interface UdpProbe extends Common, Exchange {
  readonly kind: 'udp';
}
export interface TlsProbe extends Common, TlsOptions {
  readonly kind: 'tls';
  readonly target?: Address;
  readonly port: number;
}
export interface NtpProbe extends Common {
  readonly kind: 'ntp';
  readonly target?: Address;
  readonly port: number;
  readonly maxStratum: number;
  readonly maxOffset?: Millis;
}
export interface IcmpProbe extends Common {
  readonly kind: 'icmp';
  readonly target?: Address;
}
export interface CommandProbe extends Common {
  readonly kind: 'command';
  readonly run: readonly string[];
  readonly nagios: boolean;
}
export interface SystemdProbe extends Common {
  readonly kind: 'systemd';
  readonly unit: string;
}
export interface AddressProbe extends Common {
  readonly kind: 'address';
  readonly interface?: string;
}
export interface ProcessProbe extends Common {
  readonly kind: 'process';
  readonly pidFile: string;
}

/** What is asked, one kind each. */
export type ProbeSpec =
  | DnsProbe
  | HttpProbe
  | HttpsProbe
  | TcpProbe
  | UdpProbe
  | TlsProbe
  | NtpProbe
  | IcmpProbe
  | CommandProbe
  | SystemdProbe
  | AddressProbe
  | ProcessProbe;

/**
 * What came of asking once; a site's judgement takes it as it is. `dead` is a failure that leaves no doubt, such as a refused
 * connection or a process that ended.
 */
export interface ProbeAnswer {
  readonly outcome: 'good' | 'bad' | 'dead';
  readonly took: Millis;
  /** A good answer that came with a warning. */
  readonly warning?: true;
  /** What was seen, for people, without a full stop: `203.0.113.53 port 53 refuses the connection`. */
  readonly detail: string;
}

/** What one target answered. */
export interface TargetAnswer extends ProbeAnswer {
  /** Absent for probes that ask this host. */
  readonly target?: Endpoint;
}

/** The answer of a probe to all its targets: the worst of them, and each. */
export interface ProbeReport extends ProbeAnswer {
  readonly targets: readonly TargetAnswer[];
}

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

/** What a probe has to know beside its own options. */
export interface ProbeSurroundings {
  /** The service's addresses: whom a probe asks that names no target. */
  readonly addresses: readonly Address[];
  /** This site's name, for probes that ask for identity. */
  readonly site?: string;
  /** Where a target is really found, where services live on other ports and addresses than the plan says; otherwise as written. */
  readonly locate?: (target: Endpoint, over: 'udp' | 'tcp') => Endpoint;
  /** Absent: nothing is asked before its time because a port has been closed. */
  readonly listeners?: ListenerWatch;
  /** Certificates (PEM) that are trusted in place of the system's. */
  readonly ca?: string;
  /** Otherwise real time. */
  readonly clock?: Clock;
}
