/** BIRD 2, asked through birdc. */
import { readFileSync, writeFileSync } from 'node:fs';
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
  ONWARDS,
  type Role,
  type Route,
  type Session,
  type Spec,
  sorted,
} from './router.ts';

const CAN: Abilities = {
  ...ALL_ABLE,
  agent: 'is no agent of a site',
  unknown: 'cannot make an attribute it does not know',
};

const ROLE: Readonly<Record<Role, string>> = {
  provider: 'provider',
  'rs-server': 'rs_server',
  'rs-client': 'rs_client',
  customer: 'customer',
  peer: 'peer',
};

export const bird: Kind = {
  name: 'BIRD',
  packages: ['bird2'],
  version: async () => /version (\S+)/.exec((await run(['bird', '--version'])).stderr)?.[1],
  can: CAN,
  showsUnknown: true,
  saysText: true,
  make: (spec, where, folder) => new Bird(spec, where, folder),
};

class Bird extends Adapter {
  override readonly name = 'BIRD';

  async start(afterCrash = false): Promise<void> {
    writeFileSync(this.file('bird.conf'), configuration(this.spec, this.file('bird.log')));
    const recover = afterCrash ? ['-R'] : [];
    const files = ['-c', this.file('bird.conf'), '-s', this.file('ctl'), '-P', this.file('pid')];
    this.daemon = this.launch(['bird', '-f', ...files, ...recover]);
    await ready('BIRD', this.daemon, async () => (await run(this.#ask('show status'))).code === 0);
  }

  #ask(question: string): string[] {
    return this.where.inside(['birdc', '-s', this.file('ctl'), ...question.split(' ')]);
  }

  override async stop(): Promise<void> {
    if (!this.daemon?.running) return;
    await run(this.#ask('down'));
    await this.daemon.end('SIGTERM');
  }

  async session(neighbor: Neighbor): Promise<Session> {
    const text = await must(this.#ask(`show protocols ${this.nameOf(neighbor)}`));
    const row = text.split('\n').find((line) => /\sBGP\s/.test(line)) ?? '';
    const info = row.trim().split(/\s+/).slice(5).join(' ');
    return { up: info === 'Established', state: info };
  }

  async routes(neighbor: Neighbor, family: Family): Promise<Route[]> {
    const table = family === 'ipv4' ? 'master4' : 'master6';
    return parseRoutes(
      await must(this.#ask(`show route table ${table} protocol ${this.nameOf(neighbor)} all`)),
    );
  }

  async shutdown(neighbor: Neighbor, text: string): Promise<void> {
    await must([...this.#ask(`disable ${this.nameOf(neighbor)}`), `"${text}"`]);
  }

  async refresh(neighbor: Neighbor): Promise<void> {
    await must(this.#ask(`reload in ${this.nameOf(neighbor)}`));
  }

  override async lastError(neighbor: Neighbor): Promise<string> {
    const said = await run(this.#ask(`show protocols all ${this.nameOf(neighbor)}`));
    return said.stdout + this.log();
  }

  override log(): string {
    try {
      return readFileSync(this.file('bird.log'), 'utf8') + (this.daemon?.output() ?? '');
    } catch {
      return this.daemon?.output() ?? '';
    }
  }
}

function configuration(spec: Spec, log: string): string {
  const bfd = spec.neighbors.some((n) => n.bfd)
    ? 'protocol bfd { interface "link*" { min rx interval 100 ms; min tx interval 100 ms; multiplier 3; }; }'
    : '';
  return `
log "${log}" all;
debug protocols { states, events };
router id ${spec.id};
graceful restart wait 20;
protocol device {}
${spec.neighbors.some((n) => n.beside) ? 'protocol direct { ipv4; ipv6; }' : ''}
${bfd}
protocol static s4 { ipv4 { import all; }; ${statics(spec, false)} }
protocol static s6 { ipv6 { import all; }; ${statics(spec, true)} }
${spec.neighbors.map((n, i) => protocol(spec, n, `n${i + 1}`)).join('\n')}
`;
}

function statics(spec: Spec, v6: boolean): string {
  const own = spec.announce.filter((a) => isV6(a.prefix) === v6);
  return own.map((a) => `route ${a.prefix} blackhole { ${attributes(a)} };`).join('\n');
}

function attributes(a: Announcement): string {
  const tuple = (text: string) => `(${text.split(':').join(', ')})`;
  return [
    ...[...(a.path ?? [])].reverse().map((asn) => `bgp_path.prepend(${asn});`),
    `bgp_origin = ORIGIN_${(a.origin ?? 'igp').toUpperCase()};`,
    ...(a.med === undefined ? [] : [`bgp_med = ${a.med};`]),
    ...(a.communities ?? []).map((c) => `bgp_community.add(${tuple(c)});`),
    ...(a.large ?? []).map((c) => `bgp_large_community.add(${tuple(c)});`),
    ...(a.extended ?? []).map((c) => `bgp_ext_community.add(${tuple(c)});`),
  ].join(' ');
}

function protocol(spec: Spec, n: Neighbor, name: string): string {
  const hold = n.holdTime ?? 90;
  // BIRD sends a MED to another AS only when the export filter has set it.
  const med = spec.announce.some((a) => a.med !== undefined);
  const filter = med
    ? 'filter { if source = RTS_STATIC && defined(bgp_med) then bgp_med = bgp_med; accept; }'
    : spec.neighbors.some((n) => n.beside)
      ? `filter { if source != RTS_BGP then reject; if (65535, 0) ~ bgp_community then { ${`bgp_path.prepend(${spec.asn}); `.repeat(ONWARDS)}} accept; }`
      : 'all';
  const policy = n.noPolicy ? 'import none; export none;' : `import all; export ${filter};`;
  const limit = n.maxPrefix === undefined ? '' : `import limit ${n.maxPrefix} action disable;`;
  const paths = n.addPath === undefined ? '' : `add paths ${n.addPath === 'send' ? 'tx' : 'rx'};`;
  const hop = n.extendedNextHop ? 'extended next hop on;' : '';
  const channel = (f: Family) =>
    `${f} { ${policy} ${limit} ${paths} ${f === 'ipv4' ? hop : ''} next hop self; };`;
  return `
protocol bgp ${name} {
  local ${n.local} as ${spec.asn};
  neighbor ${n.address} as ${n.asn};
  ${n.beside ? 'multihop;' : `interface "${n.link}"; direct;`}
  hold time ${hold};
  keepalive time ${Math.max(1, Math.floor(hold / 3))};
  connect delay time 1; connect retry time 1; error wait time 1, 2; error forget time 1;
  ${spec.gracefulRestart === undefined ? 'graceful restart off;' : `graceful restart on; graceful restart time ${spec.gracefulRestart};`}
  ${n.passive ? 'passive on;' : ''}
  ${n.password === undefined ? '' : `password "${n.password}";`}
  ${n.gtsm ? 'ttl security on;' : ''}
  ${n.role === undefined ? '' : `local role ${ROLE[n.role]};`}
  ${n.extendedMessages ? 'enable extended messages on;' : ''}
  ${n.as2 ? 'enable as4 off;' : ''}
  ${n.bfd ? 'bfd on;' : ''}
  ${n.families.map(channel).join('\n  ')}
}`;
}

/** The output of `show route all`: a line per prefix, further paths of it without the prefix, attributes indented by a tab, long lists going on after two. */
export function parseRoutes(text: string): Route[] {
  const routes: Route[] = [];
  let prefix = '';
  let fields: Map<string, string> | undefined;
  let name = '';
  const finish = () => {
    if (fields !== undefined) routes.push(toRoute(prefix, fields));
    fields = undefined;
  };
  for (const line of text.split('\n')) {
    const head = /^(\S+\/\d+)?\s+(?:unicast|blackhole|unreachable|prohibit) \[/.exec(line);
    if (head) {
      finish();
      prefix = head[1] ?? prefix;
      fields = new Map();
      continue;
    }
    const field = /^\tBGP\.(\w+)(?: \[[^\]]*\])?: ?(.*)$/.exec(line);
    if (field) {
      name = field[1] as string;
      fields?.set(name, field[2] as string);
    } else if (line.startsWith('\t\t')) fields?.set(name, `${fields.get(name) ?? ''} ${line.trim()}`);
  }
  finish();
  return routes;
}

function toRoute(prefix: string, fields: ReadonlyMap<string, string>): Route {
  const tuples = (name: string) =>
    sorted(
      [...(fields.get(name) ?? '').matchAll(/\(([^)]*)\)/g)].map((m) =>
        (m[1] as string).replace(/,\s*/g, ':'),
      ),
    );
  const number = (name: string) => (fields.has(name) ? Number(fields.get(name)) : undefined);
  const [med, localPref] = [number('med'), number('local_pref')];
  const otc = number('otc');
  const unknown = [...fields].filter(([name]) => /^[0-9a-f]{2}$/.test(name));
  return {
    prefix,
    origin: (fields.get('origin') ?? '').toLowerCase(),
    path: fields.get('as_path') ?? '',
    nextHop: (fields.get('next_hop') ?? '').split(' ')[0] as string,
    communities: tuples('community'),
    large: tuples('large_community'),
    extended: tuples('ext_community'),
    unknown: sorted(
      unknown.map(([name, bytes]) => `${Number.parseInt(name, 16)}:${bytes.replace(/\s/g, '')}`),
    ),
    ...(med === undefined ? {} : { med }),
    ...(localPref === undefined ? {} : { localPref }),
    ...(otc === undefined ? {} : { otc }),
  };
}
