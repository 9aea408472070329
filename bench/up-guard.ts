/**
 * What the guard promises, with the eight sites of examples/planet as real processes: without a controller nothing that is announced
 * changes, and of sites that fail one after another the last one stays, less preferred, and says why. The plan is that of the
 * example with keep 1, no limit on how fast sites may leave, and leases of 15 seconds, so that it does not take minutes.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLANET } from '../src/cli/up.ts';
import { upAgentSocket, type WhoRow } from '../src/cli/up-views.ts';
import { connectControl } from '../src/host/index.ts';
import { pause, startWorld } from './up-world.ts';

export interface GuardResult {
  readonly absent: {
    readonly seconds: number;
    /** Sites whose ticket had ended for want of a controller. */
    readonly lost: number;
    readonly levelsChanged: number;
    readonly landingsChanged: number;
    readonly landings: number;
  };
  readonly failed: readonly {
    readonly site: string;
    readonly service: string;
    readonly level: string | undefined;
    readonly ms: number;
    readonly why: string;
  }[];
}

/** For so long after the leases have ended it is looked whether anything changes. */
const ABSENT_MS = 10_000;

export async function measureGuard(): Promise<GuardResult> {
  const folder = mkdtempSync(join(tmpdir(), 'nearcast-bench-'));
  const plan = join(folder, 'network.yaml');
  const guard = 'guard: { keep: 1, leave: 8 per 1s, remaining-capacity: false, lease: 15s }';
  writeFileSync(plan, readFileSync(PLANET, 'utf8').replace(/^guard:.*$/m, guard));
  const name = `bench-guard-${process.pid}`;
  const world = await startWorld(name, plan);
  try {
    await world.settled();
    const absent = await withoutController(world, name);
    await world.control.call('heal', { what: 'controller' });
    await world.settled();
    const sites = (await world.view()).sites.map((s) => s.site);
    const failed: GuardResult['failed'][number][] = [];
    for (const [i, site] of sites.entries()) {
      // Not one service everywhere: that would be a shared fault, which takes nobody out.
      const service = i % 2 === 0 ? 'web' : 'resolver';
      const at = performance.now();
      await world.control.call('fail', { service, site, how: 'refuse' });
      const state = async () => (await world.view()).sites.find((s) => s.site === site)?.state;
      for (let n = 0; n < 500 && (await state())?.level === 'full'; n++) await pause(20);
      const ms = performance.now() - at;
      // A ticket that somebody else holds to no purpose is called back first: a refusal may be for a moment.
      for (let n = 0; n < 300 && (await state())?.level !== 'withdrawn'; n++) await pause(20);
      const now = await state();
      failed.push({ site, service, level: now?.level, ms, why: now?.why.slice(0, 2).join('; ') ?? '' });
    }
    return { absent, failed };
  } finally {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withoutController(
  world: Awaited<ReturnType<typeof startWorld>>,
  name: string,
): Promise<GuardResult['absent']> {
  const levels = async () => (await world.view()).sites.map((s) => s.state?.level);
  const landings = async () =>
    ((await world.control.call('who', { all: true })) as readonly WhoRow[]).map((row) => row.site);
  const before = { levels: await levels(), landings: await landings() };
  const began = performance.now();
  await world.control.call('kill', { site: 'controller' });
  const lost = async () => {
    const tickets = await Promise.all(
      (await world.view()).sites.map(async ({ site }) => {
        const agent = await connectControl(upAgentSocket(name, site));
        const view = (await agent.call('status', {})) as {
          readonly scopes: readonly { readonly ticket: string }[];
        };
        agent.close();
        return view.scopes.every((s) => s.ticket === 'lost');
      }),
    );
    return tickets.filter(Boolean).length;
  };
  for (let i = 0; i < 100 && (await lost()) < before.levels.length; i++) await pause(200);
  const changed = { levels: new Set<number>(), landings: new Set<number>() };
  for (const until = performance.now() + ABSENT_MS; performance.now() < until; await pause(200)) {
    for (const [i, level] of (await levels()).entries())
      if (level !== before.levels[i]) changed.levels.add(i);
    for (const [i, site] of (await landings()).entries())
      if (site !== before.landings[i]) changed.landings.add(i);
  }
  return {
    seconds: (performance.now() - began) / 1000,
    lost: await lost(),
    levelsChanged: changed.levels.size,
    landingsChanged: changed.landings.size,
    landings: before.landings.length,
  };
}

export function printGuard({ absent, failed }: GuardResult): void {
  console.log(
    `no controller for ${absent.seconds.toFixed(0)} s, until ${absent.lost} of ${failed.length} sites had no ticket any more and on: ` +
      `${absent.levelsChanged} sites changed what they announce, ${absent.landingsChanged} of ${absent.landings} countries landed elsewhere\n`,
  );
  console.log(`${failed.length} sites fail one after another, with keep 1:`);
  for (const { site, service, level, ms, why } of failed)
    console.log(
      `  ${site}  ${service.padEnd(8)}  ${(level ?? '–').padEnd(14)}  ${ms.toFixed(0).padStart(5)} ms  ${why}`,
    );
  console.log('');
}
