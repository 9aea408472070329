/** A day in the life of a network, for a page that has to show it: a real server over a made history of so many events. */
import { fileURLToPath } from 'node:url';
import type { Body, Snapshot, World } from '../src/control/index.ts';
import { type ControlPage, serveControlPage } from '../src/edge/index.ts';

const DAY_MS = 86_400_000;
/** Told at once: what happens within a second. */
const BURST = 20;

/** Serves a network that was like this snapshot a day ago, and where `count` things happened since. */
export async function serveDay(from: Snapshot, count: number, state: string): Promise<ControlPage> {
  const { version: _, run: __, seq: ___, at: ____, ...world } = from;
  const end = Date.now();
  let now = end - DAY_MS;
  const page = await serveControlPage({
    host: '127.0.0.1',
    port: 0,
    state,
    dashboard: fileURLToPath(new URL('../dashboard/dist', import.meta.url)),
    build: 'npm run build:dashboard',
    request: async () => ({ outcome: 'failed', say: ['this network is a recording'] }),
    say: () => {},
    now: () => now,
  });
  page.begin(world);
  const happen = bodies(world);
  for (let n = 0; n < count; n += BURST) {
    now = end - DAY_MS + Math.floor((DAY_MS * n) / count);
    page.tell(Array.from({ length: Math.min(BURST, count - n) }, () => happen()));
  }
  now = end;
  return page;
}

/** Clients that go to and fro between two sites, services that fall and rise, and counts; the same in each run. */
function bodies(world: World): () => Body {
  const vantages = Object.entries(world.vantages);
  const sites = Object.keys(world.sites);
  const moved = new Map<string, boolean>();
  let seed = 46;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  return () => {
    const kind = random(10);
    const site = sites[random(sites.length)] as string;
    if (kind === 0) {
      const [service, verdict] = Object.entries(world.sites[site]!.verdicts)[0]!;
      const { at: _, ...is } = verdict;
      return { kind: 'verdict', site, service, was: 'up', is };
    }
    if (kind === 1) return { kind: 'note', level: 'info', say: `nothing in particular at ${site}` };
    const [vantage, { landing }] = vantages[random(vantages.length)]!;
    const away = !(moved.get(vantage) ?? false);
    moved.set(vantage, away);
    const { at: _, ...home } = landing;
    const abroad = { ...home, site: sites[(sites.indexOf(home.site ?? '') + 1) % sites.length] as string };
    const [was, is] = away ? [home, abroad] : [abroad, home];
    return {
      kind: 'landing',
      vantage,
      was: { site: was.site, upstream: was.upstream, rttMs: was.rttMs, path: was.path },
      is,
    };
  };
}
