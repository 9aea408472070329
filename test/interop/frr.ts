/** FRR's bgpd, with zebra for interfaces and bfdd for BFD, asked through vtysh. Never through the system's service. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { Adapter } from './adapter.ts';
import { type Daemon, must, ready, run } from './process.ts';
import {
  type Abilities,
  ALL_ABLE,
  type Announcement,
  type Family,
  isV6,
  type Kind,
  type Neighbor,
  ONWARDS,
  type Route,
  type Session,
  type Spec,
  sorted,
} from './router.ts';

const CAN: Abilities = {
  ...ALL_ABLE,
  agent: 'is no agent of a site',
  as4Path: 'with its capabilities off it drops AS4_PATH',
  longUpdate: 'its route maps take no list that long',
  unknown: 'cannot make an attribute it does not know',
};

const DAEMONS = '/usr/lib/frr';

export const frr: Kind = {
  name: 'FRR',
  packages: ['frr'],
  version: async () => /version (\S+)/.exec((await run([`${DAEMONS}/bgpd`, '-v'])).stdout)?.[1],
  can: CAN,
  showsUnknown: false,
  saysText: true,
  make: (spec, where, folder) => new Frr(spec, where, folder),
};

/** The main process is bgpd: only that one is frozen or killed; zebra and bfdd are the forwarding plane that goes on. */
class Frr extends Adapter {
  override readonly name = 'FRR';
  #zebra: Daemon | undefined;
  #bfdd: Daemon | undefined;

  #program(name: string, ...more: string[]): Daemon {
    const vty = ['--vty_socket', this.file('vty'), '-A', '127.0.0.1', '-P', '0'];
    const files = [
      '-f',
      this.file(`${name}.conf`),
      '-i',
      this.file(`${name}.pid`),
      '-z',
      this.file('zserv.api'),
    ];
    const command = [`${DAEMONS}/${name}`, ...files, ...vty, '--log', 'stdout', ...more];
    return this.launch(command, `${name}.log`);
  }

  async start(_afterCrash = false): Promise<void> {
    mkdirSync(this.file('vty'), { recursive: true });
    chmodSync(this.folder, 0o777);
    chmodSync(this.file('vty'), 0o777);
    writeFileSync(this.file('zebra.conf'), 'hostname zebra\n');
    writeFileSync(this.file('bfdd.conf'), 'hostname bfdd\n');
    writeFileSync(this.file('bgpd.conf'), configuration(this.spec));
    writeFileSync(this.file('vtysh.conf'), '');
    const bfd = this.spec.neighbors.some((n) => n.bfd);
    if (!this.#zebra?.running) this.#zebra = this.#program('zebra');
    if (bfd && !this.#bfdd?.running) this.#bfdd = this.#program('bfdd', '--bfdctl', this.file('bfdd.sock'));
    await ready('zebra', this.#zebra, async () => (await this.#try('show version', 'zebra')).code === 0);
    this.daemon = this.#program('bgpd', '-n');
    await ready('bgpd', this.daemon, async () => (await this.#try('show bgp summary', 'bgpd')).code === 0);
  }

  #try(command: string, daemon = 'bgpd') {
    return run(this.where.inside(['vtysh', '--vty_socket', this.file('vty'), '-d', daemon, '-c', command]));
  }

  async #ask(...commands: string[]): Promise<string> {
    const vtysh = ['vtysh', '--vty_socket', this.file('vty'), '-d', 'bgpd'];
    return must(this.where.inside([...vtysh, ...commands.flatMap((c) => ['-c', c])]));
  }

  override async stop(): Promise<void> {
    await this.daemon?.end('SIGTERM');
    await this.#bfdd?.end('SIGTERM', 1000);
    await this.#zebra?.end('SIGTERM', 1000);
  }

  async #neighbor(neighbor: Neighbor): Promise<Record<string, unknown>> {
    const all = JSON.parse(await this.#ask(`show bgp neighbors ${neighbor.address} json`)) as Record<
      string,
      Record<string, unknown>
    >;
    return all[neighbor.address] ?? {};
  }

  async session(neighbor: Neighbor): Promise<Session> {
    const state = String((await this.#neighbor(neighbor))['bgpState']);
    return { up: state === 'Established', state };
  }

  async routes(neighbor: Neighbor, family: Family): Promise<Route[]> {
    const text = await this.#ask(`show bgp ${family} unicast json`);
    const table = JSON.parse(text) as { routes?: Record<string, unknown> };
    const routes: Route[] = [];
    for (const prefix of Object.keys(table.routes ?? {})) {
      const detail = JSON.parse(await this.#ask(`show bgp ${family} unicast ${prefix} json`)) as {
        paths?: FrrPath[];
      };
      for (const path of detail.paths ?? [])
        if (path.peer?.peerId === neighbor.address) routes.push(toRoute(prefix, path));
    }
    return routes;
  }

  async shutdown(neighbor: Neighbor, text: string): Promise<void> {
    const line = `neighbor ${neighbor.address} shutdown message ${text}`;
    await this.#ask('configure terminal', `router bgp ${this.spec.asn}`, line);
  }

  async refresh(neighbor: Neighbor): Promise<void> {
    // "soft in" would answer from what was kept, "in" asks the neighbour.
    for (const family of neighbor.families)
      await this.#ask(`clear bgp ${family} unicast ${neighbor.address} in`);
  }

  override async lastError(neighbor: Neighbor): Promise<string> {
    return JSON.stringify(await this.#neighbor(neighbor)) + this.log();
  }

  override log(): string {
    const zebra = this.#zebra?.running ? '' : this.#zebra?.output();
    return `${this.daemon?.output() ?? ''}${this.#bfdd?.output() ?? ''}${zebra ?? ''}`;
  }
}

interface FrrPath {
  readonly peer?: { readonly peerId?: string };
  readonly aspath?: { readonly string?: string };
  readonly origin?: string;
  readonly metric?: number;
  readonly locPrf?: number;
  readonly stale?: boolean;
  readonly otc?: number;
  readonly addpathRxId?: number;
  readonly community?: { readonly list?: readonly string[] };
  readonly largeCommunity?: { readonly list?: readonly string[] };
  readonly extendedCommunity?: { readonly string?: string };
  readonly nexthops?: readonly { readonly ip?: string; readonly scope?: string }[];
}

const WELL_KNOWN: Readonly<Record<string, string>> = {
  noExport: '65535:65281',
  noAdvertise: '65535:65282',
  localAs: '65535:65283',
  noPeer: '65535:65284',
  blackhole: '65535:666',
  gracefulShutdown: '65535:0',
};

function toRoute(prefix: string, p: FrrPath): Route {
  const hop = p.nexthops?.find((h) => h.scope !== 'link-local') ?? p.nexthops?.[0];
  const extended = (p.extendedCommunity?.string ?? '').split(' ').filter((c) => c !== '');
  return {
    prefix,
    origin: (p.origin ?? '').toLowerCase(),
    path: (p.aspath?.string ?? '').replace('Local', ''),
    nextHop: hop?.ip ?? '',
    communities: sorted((p.community?.list ?? []).map((c) => WELL_KNOWN[c] ?? c)),
    large: sorted(p.largeCommunity?.list ?? []),
    extended: sorted(extended.map((c) => c.toLowerCase())),
    unknown: [],
    ...(p.metric === undefined ? {} : { med: p.metric }),
    ...(p.locPrf === undefined ? {} : { localPref: p.locPrf }),
    ...(p.otc === undefined ? {} : { otc: p.otc }),
    ...(p.stale === true ? { stale: true } : {}),
    ...(p.addpathRxId ? { pathId: p.addpathRxId } : {}),
  };
}

function configuration(spec: Spec): string {
  const lines: string[] = [
    'hostname bgpd',
    'debug bgp neighbor-events',
    ...spec.announce.flatMap(routeMap),
    ...(spec.neighbors.some((n) => n.beside) ? onwards(spec.asn) : []),
    `router bgp ${spec.asn}`,
    ` bgp router-id ${spec.id}`,
    ' bgp log-neighbor-changes',
    ' no bgp default ipv4-unicast',
    ' no bgp network import-check',
    // With it on, FRR asks every neighbour for a policy, which is what one of the cells is about.
    spec.neighbors.some((n) => n.noPolicy) ? ' bgp ebgp-requires-policy' : ' no bgp ebgp-requires-policy',
  ];
  if (spec.gracefulRestart !== undefined)
    lines.push(
      ' bgp graceful-restart',
      ' bgp graceful-restart preserve-fw-state',
      ` bgp graceful-restart restart-time ${spec.gracefulRestart}`,
      ' bgp graceful-restart select-defer-time 5',
    );
  else lines.push(' bgp graceful-restart-disable');
  for (const n of spec.neighbors) lines.push(...neighborLines(n));
  for (const family of ['ipv4', 'ipv6'] as const) {
    const own = spec.announce
      .map((a, i) => [a, i] as const)
      .filter(([a]) => isV6(a.prefix) === (family === 'ipv6'));
    lines.push(` address-family ${family} unicast`);
    for (const [a, i] of own) lines.push(`  network ${a.prefix} route-map A${i}`);
    for (const n of spec.neighbors.filter((n) => n.families.includes(family))) {
      lines.push(`  neighbor ${n.address} activate`, `  neighbor ${n.address} send-community all`);
      if (!n.beside && spec.neighbors.some((other) => other.beside))
        lines.push(`  neighbor ${n.address} next-hop-self`, `  neighbor ${n.address} route-map ONWARDS out`);
      if (n.addPath === 'send') lines.push(`  neighbor ${n.address} addpath-tx-all-paths`);
      if (n.maxPrefix !== undefined) lines.push(`  neighbor ${n.address} maximum-prefix ${n.maxPrefix}`);
    }
    lines.push(' exit-address-family');
  }
  lines.push('exit');
  return `${lines.join('\n')}\n`;
}

function neighborLines(n: Neighbor): string[] {
  const hold = n.holdTime ?? 90;
  const line = (text: string) => ` neighbor ${n.address} ${text}`;
  return [
    line(`remote-as ${n.asn}`),
    line(`update-source ${n.local}`),
    line('advertisement-interval 0'),
    line(`timers ${Math.max(1, Math.floor(hold / 3))} ${hold}`),
    line('timers connect 1'),
    ...(n.passive ? [line('passive')] : []),
    ...(n.password === undefined ? [] : [line(`password ${n.password}`)]),
    ...(n.gtsm ? [line('ttl-security hops 1')] : []),
    ...(n.role === undefined ? [] : [line(`local-role ${n.role}`)]),
    ...(n.as2 ? [line('dont-capability-negotiate')] : []),
    ...(n.extendedNextHop ? [line('capability extended-nexthop')] : []),
    ...(n.bfd ? [line('bfd 3 100 100')] : []),
  ];
}

/** What is about to leave goes on with more of our numbers in front. */
function onwards(asn: number): string[] {
  return [
    'bgp community-list standard LEAVING permit graceful-shutdown',
    'route-map ONWARDS permit 10',
    ' match community LEAVING',
    ` set as-path prepend ${Array(ONWARDS).fill(asn).join(' ')}`,
    'exit',
    'route-map ONWARDS permit 20',
    'exit',
  ];
}

function routeMap(a: Announcement, i: number): string[] {
  return [
    `route-map A${i} permit 10`,
    ` set origin ${a.origin ?? 'igp'}`,
    ...(a.path?.length ? [` set as-path prepend ${a.path.join(' ')}`] : []),
    ...(a.med === undefined ? [] : [` set metric ${a.med}`]),
    ...(a.communities?.length ? [` set community ${a.communities.join(' ')}`] : []),
    ...(a.large?.length ? [` set large-community ${a.large.join(' ')}`] : []),
    ...(a.extended ?? []).map((c) => ` set extcommunity rt ${c.replace(/^rt:/, '')}`),
    'exit',
  ];
}
