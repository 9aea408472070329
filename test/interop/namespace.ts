/** Network namespaces joined by veth pairs, the ground a test stands on. Needs root and iproute2. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, run } from './process.ts';

const PREFIX = 'nci';
const FOLDER = 'nearcast-interop';
let counter = 0;
/** No more are made: the run is being swept away. */
let ending = false;

/** One namespace. Its name carries our pid, so that what a dead run left behind can be told from what is in use. */
export class Namespace {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static async make(): Promise<Namespace> {
    if (ending) throw new Error('the run is ending');
    const ns = new Namespace(`${PREFIX}${process.pid}-${++counter}`);
    await must(['ip', 'netns', 'add', ns.name]);
    await must(['ip', '-n', ns.name, 'link', 'set', 'lo', 'up']);
    return ns;
  }

  /** The command that runs another inside; `ip netns exec` becomes that program, so the pid is the program's own. */
  inside(command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.name, ...command];
  }

  exec(command: readonly string[]): Promise<string> {
    return must(this.inside(command));
  }

  async destroy(): Promise<void> {
    await destroy(this.name);
  }
}

async function destroy(name: string): Promise<void> {
  const pids = (await run(['ip', 'netns', 'pids', name])).stdout.split(/\s+/).filter((p) => p !== '');
  for (const pid of pids)
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself in the meantime.
    }
  await run(['ip', 'netns', 'del', name]);
}

/** Removes everything that this run has made, while its cells are still at work. */
export async function sweepOwn(): Promise<void> {
  ending = true;
  // What was begun before is seen at the second look at the latest.
  for (let look = 0; look < 2; look++) await sweep(process.pid);
}

/** Removes namespaces and folders whose run is no longer alive, and those of the process named. */
export async function sweep(also?: number): Promise<void> {
  const list = (await run(['ip', 'netns', 'list'])).stdout.split('\n');
  for (const line of list) {
    const m = new RegExp(`^(${PREFIX}(\\d+)-\\d+)`).exec(line);
    if (m && (Number(m[2]) === also || !alive(Number(m[2])))) await destroy(m[1] as string);
  }
  if (process.env['NEARCAST_INTEROP_KEEP'] !== undefined) return;
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(new RegExp(`^${FOLDER}-(\\d+)-`).exec(name)?.[1] ?? Number.NaN);
    if (pid === also || (pid > 0 && !alive(pid)))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The two addresses of one end of a link. */
export interface End {
  readonly ip4: string;
  readonly ip6: string;
}

/**
 * A star: one namespace in the middle and one per spoke, each on a link of its own. The hub is 10.9.N.1 and fd00:9:N::1
 * on the link to spoke N (counted from 1), the spoke has the same with .2 and ::2. Interfaces are called `linkN` on both sides.
 */
export class Star {
  readonly hub: Namespace;
  readonly spokes: readonly Namespace[];
  /** A folder for configuration, sockets and logs, readable for daemons that give up root. */
  readonly folder: string;

  private constructor(hub: Namespace, spokes: readonly Namespace[], folder: string) {
    this.hub = hub;
    this.spokes = spokes;
    this.folder = folder;
  }

  static async make(spokes: number): Promise<Star> {
    const folder = mkdtempSync(join(tmpdir(), `${FOLDER}-${process.pid}-`));
    await must(['chmod', '755', folder]);
    const hub = await Namespace.make();
    const others: Namespace[] = [];
    for (let i = 1; i <= spokes; i++) {
      const spoke = await Namespace.make();
      others.push(spoke);
      const link = `link${i}`;
      const peer = ['peer', 'name', link, 'netns', spoke.name];
      await must(['ip', 'link', 'add', link, 'netns', hub.name, 'type', 'veth', ...peer]);
      for (const [ns, host] of [
        [hub, 1],
        [spoke, 2],
      ] as const) {
        await must(['ip', '-n', ns.name, 'addr', 'add', `10.9.${i}.${host}/24`, 'dev', link]);
        await must(['ip', '-n', ns.name, 'addr', 'add', `fd00:9:${i}::${host}/64`, 'dev', link, 'nodad']);
        await must(['ip', '-n', ns.name, 'link', 'set', link, 'up']);
      }
    }
    return new Star(hub, others, folder);
  }

  /** The hub's end of the link to a spoke, counted from 0. */
  hubEnd(spoke: number): End {
    return { ip4: `10.9.${spoke + 1}.1`, ip6: `fd00:9:${spoke + 1}::1` };
  }

  spokeEnd(spoke: number): End {
    return { ip4: `10.9.${spoke + 1}.2`, ip6: `fd00:9:${spoke + 1}::2` };
  }

  async destroy(keepFolder = false): Promise<void> {
    for (const ns of [this.hub, ...this.spokes]) await ns.destroy();
    if (!keepFolder) rmSync(this.folder, { recursive: true, force: true });
  }
}
