/** nearcast itself: `nearcast speak` in a namespace, asked through `nearcast show` over its control socket. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PeerDetailView, RouteView } from '../../src/cli/views.ts';
import { type Args, connectControl } from '../../src/host/index.ts';
import type { Namespace } from './namespace.ts';
import { Daemon, must, ready, run } from './process.ts';
import {
  type Ability,
  type Announcement,
  type Family,
  type Kind,
  type Neighbor,
  type Route,
  type Router,
  type Session,
  type Spec,
  sorted,
} from './router.ts';

const BIN = fileURLToPath(new URL('../../bin/nearcast', import.meta.url));

const CAN: Readonly<Record<Ability, true | string>> = {
  ipv6: true,
  as4: true,
  as4Path: true,
  as2: 'always sends the 4-byte AS capability',
  md5: true,
  gtsm: true,
  gtsmGuard: true,
  restart: true,
  helper: true,
  askRefresh: true,
  answerRefresh: true,
  enhancedRefresh: true,
  sendText: true,
  addPathSend: 'receives only',
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
  unknown: 'announces no attribute that it does not know',
};

export const nearcast: Kind = {
  name: 'nearcast',
  packages: [],
  version: async () =>
    /(\d+\.\d+\.\d+\S*)/.exec((await run([process.execPath, BIN, '--version'])).stdout)?.[1],
  can: CAN,
  showsUnknown: false,
  saysText: true,
  make: (spec, where, folder) => new Nearcast(spec, where, folder),
};

class Nearcast implements Router {
  readonly name = 'nearcast';
  readonly spec: Spec;
  readonly #where: Namespace;
  readonly #folder: string;
  #daemon: Daemon | undefined;

  constructor(spec: Spec, where: Namespace, folder: string) {
    this.spec = spec;
    this.#where = where;
    this.#folder = folder;
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  /** The same for every life in this namespace: a socket that a killed one left is how the next knows of the crash. */
  get #control(): string {
    return join(dirname(this.#folder), `${this.#where.name}.control`);
  }

  async start(_afterCrash = false): Promise<void> {
    const [file, socket] = [this.#file('speak.yaml'), this.#control];
    writeFileSync(file, configuration(this.spec, socket, this.#file('secret')));
    const command = [process.execPath, BIN, 'speak', file];
    this.#daemon = new Daemon(this.#where.inside(command), this.#file('out'));
    await ready('nearcast', this.#daemon, async () => (await this.#call('peers', {})) !== undefined);
  }

  /** What `nearcast show --json` asks, without a process for every question. */
  async #call(verb: string, args: Args): Promise<unknown> {
    const client = await connectControl(this.#control);
    try {
      return await client.call(verb, args);
    } finally {
      client.close();
    }
  }

  #name(neighbor: Neighbor): string {
    return `n${this.spec.neighbors.indexOf(neighbor) + 1}`;
  }

  async stop(): Promise<void> {
    await this.#daemon?.end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#daemon?.end('SIGKILL');
  }

  freeze(): void {
    this.#daemon?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#daemon?.signal('SIGCONT');
  }

  async session(neighbor: Neighbor): Promise<Session> {
    const { state } = (await this.#call('peer', { name: this.#name(neighbor) })) as PeerDetailView;
    return { up: state === 'established', state };
  }

  async routes(neighbor: Neighbor, family: Family): Promise<Route[]> {
    const command = [process.execPath, BIN, 'show', 'routes', '--peer', this.#name(neighbor), '--json'];
    const text = await must([...command, '--socket', this.#control]);
    const lines = text.split('\n').filter((line) => line !== '');
    const routes = lines.map((line) => JSON.parse(line) as RouteView);
    return routes.filter((r) => !r.refused && r.family === `${family}-unicast`).map(toRoute);
  }

  async shutdown(neighbor: Neighbor, text: string): Promise<void> {
    await this.#call('disable', { peer: this.#name(neighbor), text });
  }

  async refresh(neighbor: Neighbor): Promise<void> {
    await this.#call('refresh', { peer: this.#name(neighbor) });
  }

  async lastError(neighbor: Neighbor): Promise<string> {
    return JSON.stringify(await this.#call('peer', { name: this.#name(neighbor) })) + this.log();
  }

  pids(): number[] {
    return this.#daemon?.running ? [this.#daemon.pid] : [];
  }

  log(): string {
    return this.#daemon?.output() ?? '';
  }
}

function toRoute(r: RouteView): Route {
  return {
    prefix: r.prefix,
    origin: r.origin ?? '',
    path: r.path,
    nextHop: r.nextHop ?? '',
    communities: sorted(r.communities ?? []),
    large: sorted(r.largeCommunities ?? []),
    extended: sorted(r.extendedCommunities ?? []),
    unknown: [],
    stale: r.stale,
    ...(r.med === undefined ? {} : { med: r.med }),
    ...(r.otc === undefined ? {} : { otc: r.otc }),
    ...(r.pathId === undefined ? {} : { pathId: r.pathId }),
  };
}

/** JSON is YAML, and needs no quoting rules of its own. */
function configuration(spec: Spec, control: string, secret: string): string {
  const peers = Object.fromEntries(
    spec.neighbors.map((n, i) => [`n${i + 1}`, peer(spec, n, `${secret}${i}`)]),
  );
  const announce = spec.announce.map(announcement);
  const file = {
    control,
    asn: spec.asn,
    id: spec.id,
    listen: [...new Set(spec.neighbors.map((n) => n.local))],
    peers,
    announce,
  };
  return JSON.stringify(file, null, 2);
}

function peer(spec: Spec, n: Neighbor, secret: string): Record<string, unknown> {
  if (n.password !== undefined) writeFileSync(secret, `${n.password}\n`, { mode: 0o600 });
  return {
    address: n.address,
    asn: n.asn,
    'local-address': n.local,
    families: n.families,
    'hold-time': `${n.holdTime ?? 90}s`,
    'connect-retry': '1s',
    ...(n.passive ? { passive: true } : {}),
    ...(n.password === undefined ? {} : { password: `file:${secret}` }),
    ...(n.gtsm ? { 'ttl-security': true } : {}),
    ...(n.role === undefined ? {} : { 'local-role': n.role === 'rs-server' ? 'rs' : n.role }),
    ...(n.bfd ? { bfd: { interval: '100ms', multiplier: 3 } } : {}),
    'graceful-restart': spec.gracefulRestart === undefined ? false : `${spec.gracefulRestart}s`,
    ...(n.addPath === 'receive' ? { 'add-path': 'receive' } : {}),
    'extended-messages': n.extendedMessages === true,
    'extended-next-hop': n.extendedNextHop === true,
    ...(n.maxPrefix === undefined ? {} : { 'max-prefix': n.maxPrefix }),
    ...(n.noPolicy ? {} : { import: 'accept', export: exportRules(spec) }),
  };
}

/** Extended communities are no part of an announcement in the file; a rule of the export policy adds them. */
function exportRules(spec: Spec): unknown {
  const rules = spec.announce.flatMap((a) => {
    // biome-ignore lint/suspicious/noThenProperty: it is the file's own word.
    const rule = { when: { prefix: a.prefix }, then: { 'extended-communities': { add: a.extended } } };
    return a.extended?.length ? [rule] : [];
  });
  return [...rules, { end: 'accept' }];
}

function announcement(a: Announcement): Record<string, unknown> {
  return {
    prefix: a.prefix,
    origin: a.origin ?? 'igp',
    ...(a.path?.length ? { 'as-path': a.path.join(' ') } : {}),
    ...(a.med === undefined ? {} : { med: a.med }),
    ...(a.communities?.length ? { communities: a.communities } : {}),
    ...(a.large?.length ? { 'large-communities': a.large } : {}),
  };
}
