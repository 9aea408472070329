/** ExaBGP, which keeps no table: what it received is read from the JSON lines it hands to a helper process. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { Adapter } from './adapter.ts';
import { ready, run } from './process.ts';
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
  gtsmAnswer: 'sends with TTL 255 only where it dialled itself',
  agent: 'is no agent of a site',
  beside: 'does not pass routes on',
  gtsmGuard: 'sends with TTL 255, but accepts any',
  helper: 'keeps no table',
  answerRefresh: 'drops the session instead of answering',
  sendText: 'sends no text',
  addPathSend: 'keeps no table to send several paths from',
  roles: 'not offered',
  bfd: 'not offered',
  table: 'keeps no table',
  transit: 'does not pass routes on',
  noPolicy: 'has no policy',
};

export const exabgp: Kind = {
  name: 'ExaBGP',
  packages: ['exabgp'],
  version: async () => /ExaBGP : (\S+)/.exec((await run(['exabgp', '--version'])).stdout)?.[1],
  can: CAN,
  showsUnknown: true,
  saysText: false,
  make: (spec, where, folder) => new ExaBgp(spec, where, folder),
};

class ExaBgp extends Adapter {
  override readonly name = 'ExaBGP';

  async start(_afterCrash = false): Promise<void> {
    chmodSync(this.folder, 0o777);
    writeFileSync(this.file('events'), '');
    writeFileSync(this.file('commands'), '');
    // One process carries both directions: lines appended to `commands` go to ExaBGP, its events to `events`.
    writeFileSync(
      this.file('api.sh'),
      `#!/bin/sh\ntail -n +1 -f ${this.file('commands')} &\nTAIL=$!\ncat >> ${this.file('events')}\nkill $TAIL\n`,
    );
    chmodSync(this.file('api.sh'), 0o755);
    writeFileSync(this.file('exabgp.conf'), configuration(this.spec, this.file('api.sh')));
    const env = {
      ...process.env,
      'exabgp.daemon.user': 'root',
      'exabgp.daemon.drop': 'false',
      'exabgp.api.ack': 'false',
      'exabgp.api.cli': 'false',
      'exabgp.log.all': 'true',
      'exabgp.log.level': 'INFO',
      'exabgp.log.destination': 'stdout',
      'exabgp.tcp.delay': '0',
      'exabgp.tcp.bind': this.spec.neighbors.map((n) => n.local).join(' '),
      'exabgp.tcp.port': '179',
    };
    const command = ['exabgp', this.file('exabgp.conf')];
    this.daemon = this.launch(command, 'out', env);
    await ready('ExaBGP', this.daemon, async () => this.log().includes('loaded new configuration'));
  }

  #events(): ExaEvent[] {
    if (!existsSync(this.file('events'))) return [];
    const lines = readFileSync(this.file('events'), 'utf8').split('\n');
    // The last line may still be in the writing.
    return lines.slice(0, -1).flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as ExaEvent] : []));
  }

  async session(neighbor: Neighbor): Promise<Session> {
    const states = this.#events().filter(
      (e) => e.type === 'state' && e.neighbor.address.peer === neighbor.address,
    );
    const state = this.daemon?.running ? (states.at(-1)?.neighbor.state ?? 'idle') : 'dead';
    return { up: state === 'up', state };
  }

  async routes(neighbor: Neighbor, family: Family): Promise<Route[]> {
    const table = new Map<string, Route>();
    for (const event of this.#events()) {
      if (event.neighbor.address.peer !== neighbor.address) continue;
      if (event.type === 'state' && event.neighbor.state === 'down') table.clear();
      const update = event.neighbor.message?.update;
      if (event.type !== 'update' || update === undefined) continue;
      const key = `${family} unicast`;
      for (const n of update.withdraw?.[key] ?? []) table.delete(keyOf(n));
      for (const [hop, list] of Object.entries(update.announce?.[key] ?? {}))
        for (const n of list) table.set(keyOf(n), toRoute(n, hop, update.attribute ?? {}));
    }
    return [...table.values()];
  }

  async #command(line: string): Promise<void> {
    await appendFile(this.file('commands'), `${line}\n`);
  }

  async shutdown(neighbor: Neighbor, _text: string): Promise<void> {
    await this.#command(`neighbor ${neighbor.address} teardown 2`);
  }

  async refresh(neighbor: Neighbor): Promise<void> {
    for (const family of neighbor.families) await this.#command(`announce route-refresh ${family} unicast`);
  }

  override async lastError(neighbor: Neighbor): Promise<string> {
    const about = this.#events().filter((e) => e.neighbor.address.peer === neighbor.address);
    return about.map((e) => JSON.stringify(e)).join('\n') + this.log();
  }
}

interface ExaNlri {
  readonly nlri: string;
  readonly 'path-information'?: string;
}

interface ExaAttributes {
  readonly origin?: string;
  readonly 'as-path'?: readonly (number | readonly number[])[] | Record<string, { value: readonly number[] }>;
  readonly med?: number;
  readonly community?: readonly (readonly number[])[];
  readonly 'large-community'?: readonly (readonly number[])[];
  readonly 'extended-community'?: readonly { readonly string?: string }[];
  readonly [other: string]: unknown;
}

interface ExaEvent {
  readonly type: string;
  readonly neighbor: {
    readonly address: { readonly peer: string };
    readonly state?: string;
    readonly message?: {
      readonly update?: {
        readonly attribute?: ExaAttributes;
        readonly announce?: Record<string, Record<string, readonly ExaNlri[]>>;
        readonly withdraw?: Record<string, readonly ExaNlri[]>;
      };
    };
  };
}

function keyOf(n: ExaNlri): string {
  return `${n.nlri} ${n['path-information'] ?? ''}`;
}

function toRoute(n: ExaNlri, hop: string, a: ExaAttributes): Route {
  const path = a['as-path'] ?? [];
  const asns = Array.isArray(path) ? path.flat() : Object.values(path).flatMap((s) => s.value);
  const joined = (list: readonly (readonly number[])[] | undefined) =>
    sorted((list ?? []).map((c) => c.join(':')));
  const unknown = Object.entries(a).flatMap(([name, value]) => {
    const m = /^attribute-0x([0-9a-f]+)-0x[0-9a-f]+$/i.exec(name);
    return m
      ? [`${Number.parseInt(m[1] as string, 16)}:${String(value).replace(/^0x/i, '').toLowerCase()}`]
      : [];
  });
  const id = n['path-information'];
  return {
    prefix: n.nlri,
    origin: a.origin ?? '',
    path: asns.join(' '),
    nextHop: hop,
    communities: joined(a.community),
    large: joined(a['large-community']),
    extended: sorted((a['extended-community'] ?? []).map((c) => (c.string ?? '').replace(/^target:/, 'rt:'))),
    unknown: sorted(unknown),
    ...(a.med === undefined ? {} : { med: a.med }),
    ...(id === undefined ? {} : { pathId: id.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0) }),
  };
}

function configuration(spec: Spec, script: string): string {
  return `
process helper {
  run /bin/sh ${script};
  encoder json;
}
${spec.neighbors.map((n) => neighborText(spec, n)).join('\n')}
`;
}

function neighborText(spec: Spec, n: Neighbor): string {
  const on = (flag: boolean | undefined) => (flag ? 'enable' : 'disable');
  const own = spec.announce.filter((a) => n.families.includes(isV6(a.prefix) ? 'ipv6' : 'ipv4'));
  // It offers IPv6 next hops only beside the IPv6 family.
  const families = n.extendedNextHop ? (['ipv4', 'ipv6'] as const) : n.families;
  return `
neighbor ${n.address} {
  router-id ${spec.id};
  local-address ${n.local};
  local-as ${spec.asn};
  peer-as ${n.asn};
  hold-time ${n.holdTime ?? 90};
  ${n.passive ? 'passive;' : ''}
  ${n.password === undefined ? '' : `md5-password "${n.password}"; md5-base64 false;`}
  ${n.gtsm ? 'incoming-ttl 255; outgoing-ttl 255;' : ''}
  capability {
    asn4 ${on(!n.as2)};
    route-refresh enable;
    graceful-restart ${spec.gracefulRestart ?? 'disable'};
    add-path ${n.addPath === 'send' ? 'send' : n.addPath === 'receive' ? 'receive' : 'disable'};
    extended-message ${on(n.extendedMessages)};
    nexthop ${on(n.extendedNextHop)};
    multi-session disable;
    operational disable;
  }
  family {
    ${families.map((f) => `${f} unicast;`).join(' ')}
  }
  ${n.extendedNextHop ? 'nexthop { ipv4 unicast ipv6; }' : ''}
  api {
    processes [ helper ];
    neighbor-changes;
    receive { parsed; update; }
  }
  static {
    ${own.map((a) => route(spec, n, a)).join('\n    ')}
  }
}`;
}

/** ExaBGP sends the path exactly as written, so our own AS is written first, unless the neighbour is in it. */
function route(spec: Spec, n: Neighbor, a: Announcement): string {
  const list = (words: readonly string[]) => `[ ${words.join(' ')} ]`;
  return [
    `route ${a.prefix} next-hop ${n.extendedNextHop ? n.local : 'self'} origin ${a.origin ?? 'igp'}`,
    `as-path ${list([...(n.asn === spec.asn ? [] : [spec.asn]), ...(a.path ?? [])].map(String))}`,
    ...(a.med === undefined ? [] : [`med ${a.med}`]),
    ...(a.communities?.length ? [`community ${list(a.communities)}`] : []),
    ...(a.large?.length ? [`large-community ${list(a.large)}`] : []),
    ...(a.extended?.length
      ? [`extended-community ${list(a.extended.map((c) => c.replace(/^rt:/, 'target:')))}`]
      : []),
    ...(a.unknown === undefined
      ? []
      : [`attribute [ 0x${a.unknown.code.toString(16)} 0xC0 0x${a.unknown.hex} ]`]),
  ]
    .join(' ')
    .concat(';');
}
