/** nearcast itself: `nearcast speak` in a namespace, asked through `nearcast show` over its control socket. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PeerDetailView, RouteView } from '../../src/cli/views.ts';
import { type Args, connectControl } from '../../src/host/index.ts';
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

/** The command that is `nearcast`. */
export const NEARCAST = [process.execPath, fileURLToPath(new URL('../../bin/nearcast', import.meta.url))];

const CAN: Abilities = {
  ...ALL_ABLE,
  as2: 'always sends the 4-byte AS capability',
  addPathSend: 'receives only',
  unknown: 'announces no attribute that it does not know',
};

export const nearcast: Kind = {
  name: 'nearcast',
  packages: [],
  version: async () => /(\d+\.\d+\.\d+\S*)/.exec((await run([...NEARCAST, '--version'])).stdout)?.[1],
  can: CAN,
  showsUnknown: false,
  saysText: true,
  make: (spec, where, folder) => new Nearcast(spec, where, folder),
};

class Nearcast extends Adapter {
  override readonly name = 'nearcast';

  /** The same for every life in this namespace: a socket that a killed one left is how the next knows of the crash. */
  get #control(): string {
    return join(dirname(this.folder), `${this.where.name}.control`);
  }

  async start(_afterCrash = false): Promise<void> {
    const [file, socket] = [this.file('speak.yaml'), this.#control];
    writeFileSync(file, configuration(this.spec, socket, this.file('secret')));
    const command = [...NEARCAST, 'speak', file];
    this.daemon = this.launch(command);
    await ready('nearcast', this.daemon, async () => (await this.#call('peers', {})) !== undefined);
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

  async session(neighbor: Neighbor): Promise<Session> {
    const { state } = (await this.#call('peer', { name: this.nameOf(neighbor) })) as PeerDetailView;
    return { up: state === 'established', state };
  }

  async routes(neighbor: Neighbor, family: Family): Promise<Route[]> {
    const command = [...NEARCAST, 'show', 'routes', '--peer', this.nameOf(neighbor), '--json'];
    const text = await must([...command, '--socket', this.#control]);
    const lines = text.split('\n').filter((line) => line !== '');
    const routes = lines.map((line) => JSON.parse(line) as RouteView);
    return routes.filter((r) => !r.refused && r.family === `${family}-unicast`).map(toRoute);
  }

  async shutdown(neighbor: Neighbor, text: string): Promise<void> {
    await this.#call('disable', { peer: this.nameOf(neighbor), text });
  }

  async refresh(neighbor: Neighbor): Promise<void> {
    await this.#call('refresh', { peer: this.nameOf(neighbor) });
  }

  override async lastError(neighbor: Neighbor): Promise<string> {
    return JSON.stringify(await this.#call('peer', { name: this.nameOf(neighbor) })) + this.log();
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
