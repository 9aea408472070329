/** Cells about sites: agents that announce while healthy, and what the daemon beside them then holds. */
import { type Anycast, anycast, FAMILIES, PREFIX, SERVICE } from '../anycast.ts';
import { Daemon, sleep, until } from '../process.ts';
import type { Room } from '../room.ts';
import { type Heard, outline, type Wiretap } from '../wiretap.ts';
import { cut, NOTIFICATION } from './ground.ts';

const [FRA, NYC] = [0, 1];
const UPDATE = 2;

/** The UPDATEs that the first site has sent. */
async function updates(world: Anycast, tap: Wiretap): Promise<ReturnType<typeof outline>[]> {
  return (await said(world, tap)).filter((m) => m.type === UPDATE).map((m) => outline(m.body));
}

async function said(world: Anycast, tap: Wiretap): Promise<Heard[]> {
  const own = FAMILIES.map((f) => world.neighbor(FRA, f).address);
  return (await tap.heard()).filter((m) => own.includes(m.from));
}

/**
 * The router that is there stays: the agent speaks to it over loopback, inside the AS, and it announces onwards. Less preferred
 * is LOCAL_PREF 0 to it (RFC 8326 §4.2), so that it would take any other route and still has this one; MED stays inside.
 */
export async function beside(room: Room): Promise<void> {
  const world = await anycast(room, { sites: 1, beside: true });
  const [fra] = world.sites;
  await allFull(world);
  await inside(world, { localPref: 100, med: 0 });
  fra!.feel('warning');
  await world.hears(FRA, 'less-preferred');
  await inside(world, { localPref: 0, med: 100 });
  fra!.feel('good');
  await world.hears(FRA, 'full');
  await inside(world, { localPref: 100, med: 0 });
  await fra!.killService();
  await world.hears(FRA, 'nothing');
  await fra!.serve();
  await world.hears(FRA, 'full');
  await fra!.leave();
  await world.hears(FRA, 'nothing', {}, 5000);
}

/** What the daemon on the first site's machine holds of the agent: one route per family, with nothing prepended. */
async function inside(world: Anycast, wanted: { localPref: number; med: number }): Promise<void> {
  const { router, agent } = world.beside(FRA);
  for (const family of FAMILIES) {
    let seen: unknown;
    await until('the route inside', async () => {
      const routes = await router.routes(agent, family);
      seen = routes.map(({ prefix, path, localPref, med }) => ({ prefix, path, localPref, med: med ?? 0 }));
      return JSON.stringify(seen) === JSON.stringify([{ prefix: PREFIX[family], path: '', ...wanted }]);
    }).catch(() => {
      throw new Error(`${router.name} holds ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`);
    });
  }
}

/** Services serve, agents run, and the upstream holds everything in full. */
async function allFull(world: Anycast, only?: readonly number[]): Promise<void> {
  await Promise.all(world.sites.map((s) => s.serve()));
  await world.start(only);
  for (const i of only ?? world.sites.keys()) await world.hears(i, 'full', {}, 30_000);
}

export async function announces(room: Room): Promise<void> {
  const world = await anycast(room, { sites: 2 });
  const tap = await room.tap(world.star);
  const [fra, nyc] = world.sites;
  await nyc!.serve();
  await world.start();
  await world.hears(NYC, 'full', {}, 30_000);
  // Its probes have asked and failed: nothing was ever announced.
  await fra!.shows('its service is down', (s) => s.services[0]?.verdict === 'down');
  await world.hears(FRA, 'nothing', {}, 100);
  if ((await updates(world, tap)).some((u) => u.announces))
    throw new Error('something was announced before the service worked');
  await fra!.serve();
  await world.hears(FRA, 'full');
  fra!.feel('warning');
  await world.hears(FRA, 'less-preferred');
  fra!.feel('good');
  await world.hears(FRA, 'full');
  const so = await updates(world, tap);
  if (so.some((u) => u.withdraws)) throw new Error('a changed announcement was withdrawn in between');
  // RFC 4271 §5.1.4: a MED that is left out means what each neighbour takes it to mean.
  if (so.some((u) => u.announces && u.attributes.get(4)?.length !== 4))
    throw new Error('an announcement went out without MED');
  await fra!.killService();
  await world.hears(FRA, 'nothing');
  await fra!.serve();
  await world.hears(FRA, 'full');
  await world.hears(NYC, 'full', {}, 100);
}

export async function drains(room: Room): Promise<void> {
  const world = await anycast(room, { sites: 1 });
  const [fra] = world.sites;
  await allFull(world);
  const client = await connected(room, world);
  await fra!.order('drain');
  await world.hears(FRA, 'less-preferred');
  // With a client still there it stays, long after it would have left an empty site.
  const busy = (seconds: number) =>
    fra!.shows(`draining for ${seconds} s with a session seen`, ({ drain, at }) => {
      const waited = (Date.parse(at) - Date.parse(drain.since)) / 1000;
      return drain.phase === 'lessPreferred' && (drain.seen?.sessions ?? 0) > 0 && waited > seconds;
    });
  await busy(4);
  await world.hears(FRA, 'less-preferred', {}, 100);
  await client.end('SIGKILL');
  await world.hears(FRA, 'nothing');
  await fra!.shows('out', (s) => s.drain.phase === 'out');
  await fra!.order('undrain');
  await world.hears(FRA, 'less-preferred', {}, 3500);
  await world.hears(FRA, 'full');
  // Turned round on the way out: back at once.
  await connected(room, world);
  await fra!.order('drain');
  await world.hears(FRA, 'less-preferred');
  await fra!.order('undrain');
  await world.hears(FRA, 'full');
}

/** A client in the hub that holds a connection to the first site's service. */
async function connected(room: Room, world: Anycast): Promise<Daemon> {
  const { hub } = world.star;
  const via = world.star.spokeEnd(FRA).ip4;
  await hub.exec(['ip', 'route', 'replace', `${SERVICE.ipv4}/32`, 'via', via]);
  const script = `exec 3<>/dev/tcp/${SERVICE.ipv4}/80 && echo connected && exec sleep 600`;
  const log = `${world.star.folder}/client-${Date.now()}.log`;
  const client = new Daemon(hub.inside(['bash', '-c', script]), log);
  room.keep({ name: 'client', stop: () => client.end('SIGKILL'), log: () => client.output() });
  await until('a client is connected', async () => client.output().includes('connected'));
  return client;
}

export async function freezes(room: Room): Promise<void> {
  const world = await anycast(room, { sites: 1 });
  const [fra] = world.sites;
  await allFull(world);
  await fra!.order('freeze');
  await fra!.killService();
  await fra!.shows('its service is down', (s) => s.services[0]?.verdict === 'down');
  await world.hears(FRA, 'full', {}, 100);
  const refused = await fra!.order('drain').then(
    () => 'done',
    (error: Error) => error.message,
  );
  if (!refused.includes('frozen')) throw new Error(`a frozen site was told to drain: ${refused}`);
  await world.hears(FRA, 'full', {}, 100);
  await fra!.order('unfreeze');
  await world.hears(FRA, 'nothing');
}

export async function guards(room: Room): Promise<void> {
  const world = await anycast(room, { sites: 2, controller: true });
  const [fra, nyc] = world.sites;
  await allFull(world);
  await fra!.killService();
  await world.hears(FRA, 'nothing');
  await nyc!.killService();
  await nyc!.shows('the guard refuses', (s) => s.scopes[0]?.ticket === 'refused');
  await world.hears(NYC, 'less-preferred');
  const why = await nyc!.ask('explain', { prefix: PREFIX.ipv4, upstream: 'four' });
  const guard = why.steps.find((s) => s.step === 'guard');
  if (guard?.passes !== false) throw new Error(`the last site does not say why it stays: ${guard?.say}`);
  await fra!.serve();
  await world.hears(FRA, 'full');
  // Now that another serves, it may leave.
  await world.hears(NYC, 'nothing', {}, 30_000);
}

export async function reloads(room: Room): Promise<void> {
  const world = await anycast(room, { sites: 1 });
  const tap = await room.tap(world.star);
  const [fra] = world.sites;
  await allFull(world);
  const opens = async () => (await said(world, tap)).filter((m) => m.type === 1).length;
  const before = await opens();
  const changed = structuredClone(world.plan);
  for (const upstream of changed.sites.fra.upstreams) upstream.prepend = 2;
  world.write(changed);
  const dry = await fra!.ask('reload', { dryRun: true });
  if (!dry.plan.some((line) => /prepend/.test(line))) throw new Error(`--dry-run says: ${dry.plan}`);
  await world.hears(FRA, 'full', {}, 100);
  await fra!.order('reload');
  await world.hears(FRA, 'full', { prepend: 2 });
  world.write({ ...changed, asn: 'none' });
  const refused = await fra!.order('reload').then(
    () => 'done',
    (error: Error) => error.message,
  );
  if (!refused.includes('asn')) throw new Error(`a plan with a mistake was answered with: ${refused}`);
  await world.hears(FRA, 'full', { prepend: 2 }, 100);
  if ((await opens()) !== before) throw new Error('a session began anew because of a reload');
  if ((await updates(world, tap)).some((u) => u.withdraws))
    throw new Error('a reload withdrew what it changed');
}

/** Although both sides agreed on graceful restart. */
export async function stops(room: Room): Promise<void> {
  const world = await anycast(room, restarting(30));
  const tap = await room.tap(world.star);
  const [fra] = world.sites;
  await allFull(world);
  await fra!.leave();
  await world.hears(FRA, 'nothing', {}, 5000);
  const all = await said(world, tap);
  for (const family of FAMILIES) {
    // What was said on the last connection: an attempt before it may have ended in a NOTIFICATION (see the findings about OpenBGPD).
    const sent = all.filter((m) => m.from === world.neighbor(FRA, family).address);
    const own = sent.slice(sent.findLastIndex((m) => m.type === 1));
    const withdrawal = own.findIndex((m) => m.type === UPDATE && outline(m.body).withdraws);
    const goodbye = own.findIndex((m) => m.type === NOTIFICATION);
    if (withdrawal < 0 || goodbye < withdrawal)
      throw new Error(`${family}: the goodbye came before the withdrawal, or one of them never`);
  }
}

function restarting(seconds: number) {
  const upstream = () => ({ 'graceful-restart': `${seconds}s` });
  return { sites: 1, gracefulRestart: seconds, upstream } as const;
}

export async function crashes(room: Room): Promise<void> {
  const world = await anycast(room, restarting(60));
  const tap = await room.tap(world.star);
  const [fra] = world.sites;
  await allFull(world);
  await endOfRib(world, tap);
  await fra!.kill();
  await sessionsDown(world);
  await world.hears(FRA, 'full', {}, 100);
  let back = false;
  const again = (async () => {
    await fra!.start();
    await fra!.shows('all sessions up, and told', (s) => s.held === undefined && up(s), 60_000);
    await fra!.shows('its service is up', (s) => s.services[0]?.verdict === 'up');
    back = true;
  })();
  const watched = (async () => {
    while (!back) {
      await world.hears(FRA, 'full', {}, 100);
      await sleep(100);
    }
  })();
  await Promise.all([again, watched]);
  await world.hears(FRA, 'full', {}, 100);
  if ((await updates(world, tap)).some((u) => u.withdraws))
    throw new Error('a withdrawal was sent because of the restart');
}

function up(status: { readonly upstreams: readonly { readonly state: string }[] }): boolean {
  return status.upstreams.every((u) => u.state === 'Established');
}

/** Nobody keeps anything before both have said End-of-RIB. */
async function endOfRib(world: Anycast, tap: Wiretap): Promise<void> {
  await until('End-of-RIB in both families', async () => {
    const all = await said(world, tap);
    return FAMILIES.every((family) =>
      all.some((m) => {
        if (m.type !== UPDATE || m.from !== world.neighbor(FRA, family).address) return false;
        return family === 'ipv4' ? m.body.length === 4 : outline(m.body).attributes.get(15)?.length === 3;
      }),
    );
  });
}

async function sessionsDown(world: Anycast): Promise<void> {
  await until('the daemon says that both sessions are down', async () => {
    for (const f of FAMILIES) if ((await world.upstream.session(world.neighbor(FRA, f))).up) return false;
    return true;
  });
}

/** Killed, and nobody starts it again: kept for the restart time, and no longer. */
export async function staysAway(room: Room): Promise<void> {
  const world = await anycast(room, restarting(8));
  const tap = await room.tap(world.star);
  const [fra] = world.sites;
  await allFull(world);
  await endOfRib(world, tap);
  await fra!.kill();
  await sessionsDown(world);
  await world.hears(FRA, 'full', {}, 100);
  await world.hears(FRA, 'nothing', {}, 25_000);
}

/** The first site has the key, the second another. Where the daemon protects only what it dials, sites wait for it. */
export async function siteMd5(room: Room): Promise<void> {
  const world = await anycast(room, {
    sites: 2,
    password: 'correct-horse',
    upstream: () => ({ passive: room.theirs.can.md5Answer !== true }),
    neighbor: (i) => ({ password: i === FRA ? 'correct-horse' : 'battery-staple' }),
  });
  await only(world);
}

export async function siteGtsm(room: Room): Promise<void> {
  const world = await anycast(room, {
    sites: 2,
    upstream: () => ({ 'ttl-security': true, passive: room.theirs.can.gtsmAnswer !== true }),
    neighbor: (i) => (i === FRA ? { gtsm: true } : {}),
  });
  await only(world);
}

/** The first site is heard in full, and for some seconds the second gets no session. */
async function only(world: Anycast): Promise<void> {
  await allFull(world, [FRA]);
  for (const end = Date.now() + 4000; Date.now() < end; await sleep(200))
    if ((await world.sites[NYC]!.status()).upstreams.some((u) => u.state === 'Established'))
      throw new Error('a session came up without its protection');
  await world.hears(NYC, 'nothing', {}, 100);
}

export async function siteBfd(room: Room): Promise<void> {
  const world = await anycast(room, {
    sites: 1,
    upstream: () => ({ bfd: { interval: '100ms', multiplier: 3 }, 'hold-time': '90s' }),
    neighbor: () => ({ bfd: true, holdTime: 90 }),
  });
  const [fra] = world.sites;
  await allFull(world);
  await fra!.shows('BFD is up', (s) => s.upstreams.every((u) => u.bfd === 'up'));
  await cut(world.star);
  await Promise.all([
    world.hears(FRA, 'nothing', {}, 5000),
    fra!.shows('its sessions are down', (s) => s.upstreams.every((u) => u.state !== 'Established'), 5000),
  ]);
}
