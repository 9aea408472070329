/** Brings the daemons: installs what is missing from the distribution's packages, and never lets them start by themselves. */
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { Namespace } from './namespace.ts';
import { run } from './process.ts';
import type { Kind } from './router.ts';

const POLICY = '/usr/sbin/policy-rc.d';
/** A question each tool answers when it is there, and the package it comes from. */
const TOOLS: readonly (readonly [question: readonly string[], pkg: string])[] = [
  [['ip', '-V'], 'iproute2'],
  [['nft', '--version'], 'nftables'],
  [['tcpdump', '--version'], 'tcpdump'],
];

/** Why network namespaces cannot be made here; undefined when they can. */
export async function hindrance(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    await (await Namespace.make()).destroy();
    return undefined;
  } catch (error) {
    return `no network namespace can be made here (${(error as Error).message})`;
  }
}

/** The kinds that cannot be tried, each with the reason. */
export async function provide(kinds: readonly Kind[]): Promise<ReadonlyMap<Kind, string>> {
  // Daemons live where a PATH that is not root's own may not look.
  process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  const absent: Kind[] = [];
  for (const kind of kinds) if ((await kind.version()) === undefined) absent.push(kind);
  const tools: string[] = [];
  for (const [question, pkg] of TOOLS) if ((await run(question)).code !== 0) tools.push(pkg);
  const wanted = [...tools, ...absent.flatMap((k) => k.packages)];
  if (wanted.length === 0) return new Map();
  console.log(`interop: installing ${wanted.join(', ')} …`);
  const why = await install(wanted);
  const missing = new Map<Kind, string>();
  for (const kind of absent)
    if ((await kind.version()) === undefined)
      missing.set(kind, why ?? `${kind.packages.join(', ')} is not installed`);
  return missing;
}

/** Undefined when it worked, else the reason. */
async function install(packages: readonly string[]): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'not installed, and only root may install it';
  if ((await run(['apt-get', '--version'])).code !== 0)
    return 'not installed, and there is no apt-get here to do it';
  // 101 means "not allowed": the packages' services stay down, we start the daemons ourselves.
  const mine = !existsSync(POLICY);
  if (mine) {
    writeFileSync(POLICY, '#!/bin/sh\nexit 101\n');
    chmodSync(POLICY, 0o755);
  }
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run(['apt-get', 'update', '-q'], 180_000, env);
    const together = ['apt-get', 'install', '-q', '-y', '--no-install-recommends'];
    const done = await run([...together, ...packages], 400_000, env);
    if (done.code === 0) return undefined;
    // One that is not to be had must not keep the others away.
    for (const pkg of packages) await run([...together, pkg], 200_000, env);
    return `apt-get could not install it (${done.stderr.trim().split('\n').at(-1) ?? ''})`;
  } finally {
    if (mine) rmSync(POLICY, { force: true });
  }
}
