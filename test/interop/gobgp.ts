/** GoBGP, asked through its own command line. */
import { writeFileSync } from 'node:fs';
import { Adapter } from './adapter.ts';
import { must, ready, run } from './process.ts';
import {
  type Abilities,
  ALL_ABLE,
  type Announcement,
  type Family,
  isV6,
  type Kind,
  type Neighbor,
  type Route,
  type Session,
  type Spec,
  sorted,
} from './router.ts';

const CAN: Abilities = {
  ...ALL_ABLE,
  agent: 'is no agent of a site',
  beside: 'is rarely what stands beside an agent: not tried',
  as2: 'always sends the 4-byte AS capability',
  askRefresh: 'answers from what it keeps, never asks',
  enhancedRefresh: 'not offered',
  extendedMessages: 'not offered',
  roles: 'not offered',
  bfd: 'not offered',
  longUpdate: 'no extended messages',
  unknown: 'cannot make an attribute it does not know',
};

export const gobgp: Kind = {
  name: 'GoBGP',
  packages: ['gobgpd'],
  version: async () => /version (\S+)/.exec((await run(['gobgpd', '--version'])).stdout)?.[1],
  can: CAN,
  showsUnknown: true,
  saysText: true,
  make: (spec, where, folder) => new GoBgp(spec, where, folder),
};

class GoBgp extends Adapter {
  override readonly name = 'GoBGP';

  async start(afterCrash = false): Promise<void> {
    const file = this.file('gobgpd.toml');
    writeFileSync(file, configuration(this.spec));
    const command = [
      'gobgpd',
      '-f',
      file,
      '--api-hosts',
      '127.0.0.1:50051',
      '--log-plain',
      ...(afterCrash ? ['-r'] : []),
    ];
    this.daemon = this.launch(command);
    // The global table answers only when the configuration has been applied.
    await ready('GoBGP', this.daemon, async () => (await this.#try('global', 'rib', 'summary')).code === 0);
    // Sessions only start when the routes are there: End-of-RIB must not come before them.
    for (const a of this.spec.announce) await this.#must('global', 'rib', 'add', ...announcement(a));
    for (const n of this.spec.neighbors) await this.#must('neighbor', n.address, 'enable');
  }

  #try(...words: string[]) {
    return run(this.where.inside(['gobgp', ...words]));
  }

  async #must(...words: string[]): Promise<void> {
    const done = await this.#try(...words);
    if (done.code !== 0) throw new Error(`gobgp ${words.join(' ')}: ${done.stdout}${done.stderr}`);
  }

  async session(neighbor: Neighbor): Promise<Session> {
    const text = await must(this.where.inside(['gobgp', '-j', 'neighbor', neighbor.address]));
    const answer = JSON.parse(text) as { state?: { session_state?: number | string } };
    const state = String(answer.state?.session_state ?? 0);
    return { up: state === '6' || state === 'ESTABLISHED', state };
  }

  async routes(neighbor: Neighbor, family: Family): Promise<Route[]> {
    const words = ['gobgp', '-j', 'neighbor', neighbor.address, 'adj-in', '-a', family];
    const done = await run(this.where.inside(words));
    // Once nothing is kept of a lost session, it has no table to show.
    if (done.code !== 0 && /not established/.test(done.stdout + done.stderr)) return [];
    if (done.code !== 0) throw new Error(`${words.join(' ')}: ${done.stdout}${done.stderr}`);
    const text = done.stdout;
    if (!text.trim().startsWith('{')) return [];
    const table = JSON.parse(text) as Record<string, GoPath[]>;
    return Object.entries(table).flatMap(([prefix, paths]) => paths.map((p) => toRoute(prefix, p)));
  }

  async shutdown(neighbor: Neighbor, text: string): Promise<void> {
    await must(this.where.inside(['gobgp', 'neighbor', neighbor.address, 'shutdown', '--reason', text]));
  }

  async refresh(neighbor: Neighbor): Promise<void> {
    await must(this.where.inside(['gobgp', 'neighbor', neighbor.address, 'softresetin']));
  }
}

function announcement(a: Announcement): string[] {
  return [
    a.prefix,
    ...(a.path?.length ? ['aspath', a.path.join(' ')] : []),
    'origin',
    a.origin ?? 'igp',
    ...(a.med === undefined ? [] : ['med', String(a.med)]),
    ...(a.communities?.length ? ['community', a.communities.join(',')] : []),
    ...(a.large?.length ? ['large-community', a.large.join(',')] : []),
    ...(a.extended ?? []).flatMap((c) => ['rt', c.replace(/^rt:/, '')]),
    '-a',
    isV6(a.prefix) ? 'ipv6' : 'ipv4',
  ];
}

interface GoAttribute {
  readonly type: number;
  readonly value?: unknown;
  readonly as_paths?: readonly { readonly segment_type: number; readonly asns: readonly number[] }[];
  readonly nexthop?: string;
  readonly metric?: number;
  readonly communities?: readonly number[];
  readonly flags?: number;
}

interface GoPath {
  readonly attrs: readonly GoAttribute[];
  readonly stale?: boolean;
  readonly 'source-id'?: string;
  readonly id?: number;
}

function toRoute(prefix: string, p: GoPath): Route {
  const of = (type: number) => p.attrs.find((a) => a.type === type);
  const med = of(4)?.metric;
  const communities = of(8)?.communities ?? [];
  const large = (of(32)?.value ?? []) as { ASN: number; LocalData1: number; LocalData2: number }[];
  const extended = (of(16)?.value ?? []) as { subtype?: number; value?: string }[];
  const known = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 32]);
  const unknown = p.attrs.filter((a) => !known.has(a.type));
  return {
    prefix,
    origin: ['igp', 'egp', 'incomplete'][Number(of(1)?.value)] ?? '',
    path: (of(2)?.as_paths ?? []).flatMap((s) => s.asns).join(' '),
    nextHop: of(3)?.nexthop ?? of(14)?.nexthop ?? '',
    communities: sorted(communities.map((c) => `${c >>> 16}:${c & 0xffff}`)),
    large: sorted(large.map((c) => `${c.ASN}:${c.LocalData1}:${c.LocalData2}`)),
    extended: sorted(extended.map((c) => `rt:${c.value}`)),
    unknown: sorted(
      unknown.map((a) => `${a.type}:${Buffer.from(String(a.value ?? ''), 'base64').toString('hex')}`),
    ),
    ...(med === undefined ? {} : { med }),
    ...(p.stale === true ? { stale: true } : {}),
    ...(p.id ? { pathId: p.id } : {}),
  };
}

function configuration(spec: Spec): string {
  const lists = [...new Set(spec.neighbors.map((n) => n.local))].map((a) => `"${a}"`).join(', ');
  return `
[global.config]
  as = ${spec.asn}
  router-id = "${spec.id}"
  local-address-list = [${lists}]
${spec.neighbors.map((n) => neighborText(spec, n)).join('\n')}
`;
}

function neighborText(spec: Spec, n: Neighbor): string {
  const hold = n.holdTime ?? 90;
  const restart = spec.gracefulRestart;
  const family = (f: Family) => `
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "${f}-unicast"
    ${restart === undefined ? '' : '[neighbors.afi-safis.mp-graceful-restart.config]\n      enabled = true'}
    ${n.addPath === 'send' ? '[neighbors.afi-safis.add-paths.config]\n      send-max = 8' : ''}
    ${n.addPath === 'receive' ? '[neighbors.afi-safis.add-paths.config]\n      receive = true' : ''}
    ${n.maxPrefix === undefined ? '' : `[neighbors.afi-safis.prefix-limit.config]\n      max-prefixes = ${n.maxPrefix}`}`;
  return `
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${n.address}"
    peer-as = ${n.asn}
    admin-down = true
    ${n.password === undefined ? '' : `auth-password = "${n.password}"`}
  [neighbors.timers.config]
    hold-time = ${hold}
    keepalive-interval = ${Math.max(1, Math.floor(hold / 3))}
    connect-retry = 1
    idle-hold-time-after-reset = 1
  [neighbors.transport.config]
    local-address = "${n.local}"
    passive-mode = ${n.passive === true}
  ${n.gtsm ? '[neighbors.ttl-security.config]\n    enabled = true\n    ttl-min = 255' : ''}
  ${restart === undefined ? '' : `[neighbors.graceful-restart.config]\n    enabled = true\n    restart-time = ${restart}`}
${n.families.map(family).join('')}`;
}
