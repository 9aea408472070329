/** OpenBGPD, asked through bgpctl. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Adapter } from './adapter.ts';
import { must, ready, run } from './process.ts';
import {
  type Abilities,
  ALL_ABLE,
  type Announcement,
  type Family,
  type Kind,
  type Neighbor,
  type Route,
  type Session,
  type Spec,
  sorted,
} from './router.ts';

const CAN: Abilities = {
  ...ALL_ABLE,
  md5Answer: 'sets its key only on connections that it dials itself',
  agent: 'is no agent of a site',
  beside: 'is rarely what stands beside an agent: not tried',
  restart: 'offers End-of-RIB only, keeps no forwarding state',
  answerRefresh: '7.7 refuses every request ("AID IPv4 unicast not negotiated")',
  extendedMessages: 'not offered',
  bfd: 'not offered',
  extendedNextHop: 'not offered',
  longUpdate: 'no extended messages',
  path: 'prepends only its own AS',
  unknown: 'cannot make an attribute it does not know',
};

export const openbgpd: Kind = {
  name: 'OpenBGPD',
  packages: ['openbgpd'],
  version: async () => /OpenBGPD (\S+)/.exec((await run(['bgpd', '-V'])).stderr)?.[1],
  can: CAN,
  showsUnknown: false,
  saysText: true,
  ownFault: (log) =>
    /getpeername: Transport endpoint is not connected/.test(log) &&
    /unexpected message in OpenConfirm/.test(log)
      ? 'it sends the OPEN of an attempt that had failed a second time, on the next connection'
      : undefined,
  make: (spec, where, folder) => new OpenBgpd(spec, where, folder),
};

class OpenBgpd extends Adapter {
  override readonly name = 'OpenBGPD';

  async start(_afterCrash = false): Promise<void> {
    // The home of its user, which the system's service would make.
    mkdirSync('/run/openbgpd', { recursive: true });
    writeFileSync(this.file('bgpd.conf'), configuration(this.spec, this.file('ctl')));
    chmodSync(this.file('bgpd.conf'), 0o600);
    this.daemon = this.launch(['bgpd', '-d', '-v', '-f', this.file('bgpd.conf')]);
    await ready('OpenBGPD', this.daemon, async () => (await run(this.#ask('show', 'summary'))).code === 0);
  }

  #ask(...words: string[]): string[] {
    return this.where.inside(['bgpctl', '-j', '-s', this.file('ctl'), ...words]);
  }

  /** The parent's children would outlive it: all three processes die together. */
  override async kill(): Promise<void> {
    if (this.daemon === undefined) return;
    for (const child of childrenOf(this.daemon.pid)) send(child, 'SIGKILL');
    await this.daemon.end('SIGKILL');
  }

  override freeze(): void {
    this.#all('SIGSTOP');
  }

  override thaw(): void {
    this.#all('SIGCONT');
  }

  /** Session engine and decision engine are children; all of them have to stop for the router to fall silent. */
  #all(signal: NodeJS.Signals): void {
    const pid = this.daemon?.pid;
    if (pid === undefined) return;
    for (const child of childrenOf(pid)) send(child, signal);
    this.daemon?.signal(signal);
  }

  async session(neighbor: Neighbor): Promise<Session> {
    const text = await must(this.#ask('show', 'neighbor', neighbor.address));
    const answer = JSON.parse(text) as { neighbors?: { state?: string }[] };
    const state = answer.neighbors?.[0]?.state ?? '';
    return { up: state === 'Established', state };
  }

  async routes(neighbor: Neighbor, family: Family): Promise<Route[]> {
    const words = ['show', 'rib', 'detail', 'in', 'neighbor', neighbor.address];
    const text = await must(this.#ask(...words));
    const table = JSON.parse(text) as { rib?: OpenRoute[] };
    return (table.rib ?? []).filter((r) => r.prefix.includes(':') === (family === 'ipv6')).map(toRoute);
  }

  async shutdown(neighbor: Neighbor, text: string): Promise<void> {
    await must(this.#ask('neighbor', neighbor.address, 'down', text));
  }

  async refresh(neighbor: Neighbor): Promise<void> {
    await must(this.#ask('neighbor', neighbor.address, 'refresh'));
  }

  override async lastError(neighbor: Neighbor): Promise<string> {
    return (await run(this.#ask('show', 'neighbor', neighbor.address))).stdout + this.log();
  }

  override pids(): number[] {
    return this.daemon?.running ? [this.daemon.pid, ...childrenOf(this.daemon.pid)] : [];
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(/\s+/).flatMap((p) => (p === '' ? [] : [Number(p)]));
  } catch {
    // It has ended, and they with it.
    return [];
  }
}

interface OpenRoute {
  readonly prefix: string;
  readonly aspath?: string;
  readonly exit_nexthop?: string;
  readonly origin?: string;
  readonly metric?: number;
  readonly stale?: boolean;
  readonly communities?: readonly string[];
  readonly large_communities?: readonly string[];
  readonly extended_communities?: readonly string[];
  readonly attributes?: readonly { readonly type?: string; readonly data?: string }[];
  readonly otc?: unknown;
}

const WELL_KNOWN: Readonly<Record<string, string>> = {
  NO_EXPORT: '65535:65281',
  NO_ADVERTISE: '65535:65282',
  NO_EXPORT_SUBCONFED: '65535:65283',
  NO_PEER: '65535:65284',
  BLACKHOLE: '65535:666',
  GRACEFUL_SHUTDOWN: '65535:0',
};

function toRoute(r: OpenRoute): Route {
  return {
    prefix: r.prefix,
    origin: (r.origin ?? '').toLowerCase(),
    path: (r.aspath ?? '').trim(),
    nextHop: r.exit_nexthop ?? '',
    communities: sorted((r.communities ?? []).map((c) => WELL_KNOWN[c] ?? c)),
    large: sorted(r.large_communities ?? []),
    extended: sorted((r.extended_communities ?? []).map((c) => c.replace(/^rt /, 'rt:'))),
    unknown: [],
    ...(r.metric === undefined ? {} : { med: r.metric }),
    ...(r.stale === true ? { stale: true } : {}),
  };
}

function configuration(spec: Spec, socket: string): string {
  return `
AS ${spec.asn}
router-id ${spec.id}
socket "${socket}"
fib-update no
connect-retry 1
${[...new Set(spec.neighbors.map((n) => n.local))].map((a) => `listen on ${a}`).join('\n')}
${spec.announce.map(network).join('\n')}
${spec.neighbors.map((n) => neighborText(spec, n)).join('\n')}
${spec.neighbors.some((n) => n.noPolicy) ? '' : 'allow from any\nallow to any'}
`;
}

function network(a: Announcement): string {
  const set = [
    `origin ${a.origin ?? 'igp'}`,
    ...(a.path?.length ? [`prepend-self ${a.path.length}`] : []),
    ...(a.med === undefined ? [] : [`med ${a.med}`]),
    ...(a.communities ?? []).map((c) => `community ${c}`),
    ...(a.large ?? []).map((c) => `large-community ${c}`),
    ...(a.extended ?? []).map((c) => `ext-community rt ${c.replace(/^rt:/, '')}`),
  ];
  return `network ${a.prefix} set { ${set.join(' ')} }`;
}

function neighborText(spec: Spec, n: Neighbor): string {
  return `
neighbor ${n.address} {
  remote-as ${n.asn}
  local-address ${n.local}
  holdtime ${Math.max(3, n.holdTime ?? 90)}
  announce IPv4 ${n.families.includes('ipv4') ? 'unicast' : 'none'}
  announce IPv6 ${n.families.includes('ipv6') ? 'unicast' : 'none'}
  announce enhanced refresh ${n.enhancedRefresh ? 'yes' : 'no'}
  announce restart ${spec.gracefulRestart === undefined ? 'no' : 'yes'}
  ${n.as2 ? 'announce as-4byte no' : ''}
  ${n.role === undefined ? '' : `announce policy ${n.role === 'rs-server' ? 'rs' : n.role}`}
  ${n.passive ? 'passive' : ''}
  ${n.password === undefined ? '' : `tcp md5sig password ${n.password}`}
  ${n.gtsm ? 'ttl-security yes' : ''}
  ${n.addPath === 'send' ? 'announce add-path send all' : ''}
  ${n.addPath === 'receive' ? 'announce add-path recv yes' : ''}
  ${n.maxPrefix === undefined ? '' : `max-prefix ${n.maxPrefix}`}
}`;
}
