/**
 * A whole agent in this process, over real TCP on loopback, against a router that stands for the upstream. Probes answer what
 * the test says, at the moment it says it.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Address, type Asn, millis, type Prefix } from '../base/index.ts';
import { logger, realClock } from '../host/index.ts';
import { type Plan, parsePlan } from '../plan/index.ts';
import { type Answer, type ProbeResult, type Report, ticketView } from '../site/index.ts';
import { routes } from '../speaker/index.ts';
import { IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import { Agent, type AgentOptions } from './agent.ts';
import { Router } from './router.ts';

/** Addresses of this machine's interfaces, as far as the agent can see: what `ip` would do takes a moment. */
const ip = vi.hoisted(() => ({ here: new Set<string>(), removed: (_: string) => {} }));
vi.mock('./addresses.ts', async (original) => ({
  ...(await original<typeof import('./addresses.ts')>()),
  addAddress: async (a: { address: string; interface: string }) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    ip.here.add(`${a.address} ${a.interface}`);
    return true;
  },
  removeAddress: async (a: { address: string; interface: string }) => {
    ip.here.delete(`${a.address} ${a.interface}`);
    ip.removed(a.address);
    await new Promise((resolve) => setTimeout(resolve, 5));
  },
}));

const clock = realClock();
const V4 = '203.0.113.0/24' as Prefix;
const ends: (() => Promise<void>)[] = [];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-agent-'));
});
afterEach(async () => {
  ip.removed = () => {};
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

/** The upstream: AS 64601, which keeps the routes of a neighbour that restarts for 30 s. */
async function upstream(): Promise<Router & { log: string[] }> {
  const log: string[] = [];
  const router = new Router({
    speaker: { asn: 64601 as Asn, id: '198.51.100.1' as Address },
    listen: [{ address: '127.0.0.1' as Address, port: 0 }],
    clock,
    note: (note) => log.push(note.kind),
  });
  router.addPeer({
    options: {
      name: 'fra',
      address: '127.0.0.2' as Address,
      session: {
        localAsn: 64601 as Asn,
        localId: '198.51.100.1' as Address,
        remoteAsn: 64500 as Asn,
        passive: true,
        role: 'provider',
        families: [IPV4_UNICAST, IPV6_UNICAST],
        gracefulRestart: { restartTime: millis(30_000) },
      },
      import: { rules: [{ name: 'all', end: 'accept' }] },
      export: { rules: [{ name: 'none', end: 'reject' }] },
    },
    transport: { port: 179, localAddress: '127.0.0.1' as Address },
  });
  await router.start();
  ends.push(() => router.stop());
  return Object.assign(router, { log });
}

function planOf(port: number, more = '', service = ''): Plan {
  const read = parsePlan(`
network: test
asn: 64500
prefixes: [203.0.113.0/24]
sites:
  fra:
    id: 7
    upstreams:
      - { name: up, role: provider, asn: 64601, address: 127.0.0.1, port: ${port}, local-address: 127.0.0.2, med: 50, graceful-restart: 30s${more} }
services:
  web:
    address: 203.0.113.80
    rise: 2
    fall: 2
    min-stable: 0s
    probes: [{ tcp: { port: 80, every: 1h } }${service}]
`);
  if ('complaints' in read) throw new Error(JSON.stringify(read.complaints));
  return read.plan;
}

interface Driven {
  readonly agent: Agent;
  readonly lines: string[];
  answer(outcome: ProbeResult['outcome'], times?: number): void;
}

function agentOf(plan: Plan, options: Partial<AgentOptions> = {}): Driven {
  const lines: string[] = [];
  const agent = new Agent({
    plan,
    site: 'fra',
    clock,
    log: logger({ form: 'json', write: (line) => lines.push(line) }),
    passwords: new Map(),
    listen: [],
    makeTask: (_, service, probe) => ({
      name: `${service}/${probe}`,
      every: millis(3_600_000),
      run: () => new Promise(() => {}),
    }),
    stateFile: join(folder, 'agent-fra.json'),
    ...options,
  });
  return {
    agent,
    lines,
    answer: (outcome, times = 1) => {
      for (let i = 0; i < times; i++)
        agent.step({ kind: 'probe', service: 'web', probe: 'tcp', result: { outcome, took: millis(1) } });
    },
  };
}

async function started(
  port: number,
  options: Partial<AgentOptions> = {},
  plan = planOf(port),
): Promise<Driven> {
  const driven = agentOf(plan, options);
  await driven.agent.start();
  ends.push(() => driven.agent.stop());
  return driven;
}

/** Waits for what other processes of this machine do over TCP. */
async function until<T>(look: () => T | undefined | false, limit = 5000): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const found = look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`not within ${limit} ms: ${look}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function heard(up: Router, prefix = V4) {
  const [route] = [...routes(up.speaker, { prefix }, 0)];
  if (!route) return undefined;
  const find = (kind: string) =>
    route.attributes.find((a) => a.kind === kind) as Record<string, unknown> | undefined;
  return {
    stale: route.stale,
    med: find('med')?.['med'],
    communities: (find('communities')?.['communities'] ?? []) as string[],
    large: find('largeCommunities')?.['communities'] ?? [],
    hops: (find('asPath')?.['path'] as { asns: number[] }[] | undefined)?.[0]?.asns.length,
  };
}

const port = (up: Router) => up.listeners[0]!.port;
const isUp = (up: Router) => up.speaker.peers.get('fra')?.established !== undefined;

test('nothing is announced before `rise` good probes; then with an explicit MED and the community that names the site', async () => {
  const up = await upstream();
  const { answer } = await started(port(up));
  await until(() => isUp(up));
  answer('good');
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(heard(up)).toBeUndefined();
  answer('good');
  await until(() => heard(up));
  expect(heard(up)).toEqual({ stale: false, med: 50, communities: [], large: ['64500:4786:7'], hops: 1 });
});

test('a refused connection withdraws at once; two bad answers of a row do, and one does not', async () => {
  const up = await upstream();
  const { answer } = await started(port(up));
  await until(() => isUp(up));
  answer('good', 2);
  await until(() => heard(up));
  answer('dead');
  await until(() => !heard(up));
  answer('good', 2);
  await until(() => heard(up));
  answer('bad');
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(heard(up)).toBeDefined();
  answer('bad');
  await until(() => !heard(up));
});

test('less preferred takes the place of what was announced, without a withdrawal in between (implicit replace)', async () => {
  const up = await upstream();
  const { agent, answer } = await started(port(up));
  await until(() => isUp(up));
  answer('good', 2);
  await until(() => heard(up));
  const withdrawals = agent.router.speaker.peers.get('up')!.counters.withdrawalsOut;
  agent.step({ kind: 'drain', order: { owner: 'test', reason: 'maintenance' } });
  await until(() => heard(up)?.med === 150);
  expect(heard(up)).toMatchObject({ communities: ['65535:0'], hops: 4 });
  agent.step({ kind: 'undrain', order: { owner: 'test', reason: 'over' } });
  await until(() => heard(up)?.med === 50);
  expect(agent.router.speaker.peers.get('up')!.counters.withdrawalsOut).toBe(withdrawals);
});

test('how long it took from a decision to the bytes in the socket is told once for each', async () => {
  const up = await upstream();
  const { agent, answer } = await started(port(up));
  await until(() => isUp(up));
  const took: number[] = [];
  agent.onWritten = (ms) => took.push(ms);
  answer('good', 2);
  await until(() => heard(up));
  for (let i = 0; i < 20; i++) {
    agent.step({ kind: 'drain', order: { owner: 'test', reason: 'again' } });
    await until(() => heard(up)?.med === 150);
    agent.step({ kind: 'undrain', order: { owner: 'test', reason: 'again' } });
    await until(() => heard(up)?.med === 50);
  }
  answer('dead');
  await until(() => !heard(up));
  expect(took.length).toBe(42);
});

test('a clean stop withdraws, then ends the session for good: nobody keeps the route (RFC 8538)', async () => {
  const up = await upstream();
  const { agent, answer } = await started(port(up));
  await until(() => isUp(up));
  answer('good', 2);
  await until(() => heard(up));
  await agent.stop('maintenance');
  await until(() => !isUp(up));
  expect(heard(up)).toBeUndefined();
  const peer = up.speaker.peers.get('fra')!;
  expect(peer.counters.withdrawalsIn).toBe(1);
  expect(peer.machine.lastDown).toMatchObject({ received: { code: 6, subcode: 9 } });
  const saved = JSON.parse(readFileSync(join(folder, 'agent-fra.json'), 'utf8'));
  expect(saved).toMatchObject({ running: false, announcing: false });
});

test('a reload is a difference: another MED is sent in place, the session stands; a mistake changes nothing', async () => {
  const up = await upstream();
  const { agent, answer } = await started(port(up));
  await until(() => isUp(up));
  answer('good', 2);
  await until(() => heard(up));
  const [updates] = [up.speaker.peers.get('fra')!.counters.updatesIn];
  const changed = planOf(port(up), ', communities: ["64601:70"]');
  expect(agent.obstacle(changed, new Map())).toBeUndefined();
  await agent.follow(changed, new Map());
  await until(() => heard(up)?.communities?.length === 1);
  expect(up.speaker.peers.get('fra')!.counters).toMatchObject({ updatesIn: updates! + 1, withdrawalsIn: 0 });
  expect(up.speaker.peers.get('fra')!.machine.ups).toBe(1);
  const other = { ...changed, asn: 64999 as Asn };
  expect(agent.obstacle(other, new Map())).toMatch(/asn cannot change/);
});

test('a service that is new in the plan does not take back what stands while it is looked at', async () => {
  const up = await upstream();
  const { agent, answer } = await started(port(up));
  await until(() => isUp(up));
  answer('good', 2);
  await until(() => heard(up));
  await agent.follow(planOf(port(up), '', ', { http: { every: 1h } }'), new Map());
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(heard(up)).toBeDefined();
  expect(up.speaker.peers.get('fra')!.counters.withdrawalsIn).toBe(0);
});

/** Two prefixes that come and go by themselves, each with a service of its own. */
function twoScopes(port: number): Plan {
  const plan = planOf(port);
  const web = plan.services['web']!;
  const mail = { ...web, address: ['198.51.100.25' as Address] };
  return { ...plan, prefixes: [V4, '198.51.100.0/24' as Prefix], services: { web, mail } };
}

test('after a crash, a service that was out before and still is does not end the wait for one that stands (RFC 4724)', async () => {
  const up = await upstream();
  const plan = twoScopes(port(up));
  const tell = ({ agent }: Driven, service: string, outcome: 'good' | 'dead') =>
    agent.step({ kind: 'probe', service, probe: 'tcp', result: { outcome, took: millis(1) } });
  const first = await started(port(up), {}, plan);
  await until(() => isUp(up));
  first.answer('good', 2);
  tell(first, 'mail', 'dead');
  const file = join(folder, 'agent-fra.json');
  const saved = await until(() => {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return /"level":"withdrawn"/.test(text) && text;
  });
  await first.agent.stop();
  // As it lies there after kill -9.
  writeFileSync(file, saved);
  const second = await started(port(up), {}, plan);
  expect(second.agent.held).toBeDefined();
  tell(second, 'mail', 'dead');
  expect(second.agent.held).toBeDefined();
  second.answer('good', 2);
  expect(second.agent.held).toBeUndefined();
  await second.agent.stop();
  // What stood and has to leave does end it.
  writeFileSync(file, saved);
  const third = await started(port(up), {}, plan);
  expect(third.agent.held).toBeDefined();
  third.answer('dead');
  expect(third.agent.held).toBeUndefined();
});

test('after a crash, a service that falls takes nothing from one that stands and is not known yet, after a second crash neither', async () => {
  const up = await upstream();
  const plan = twoScopes(port(up));
  const mail = '198.51.100.0/24' as Prefix;
  const tell = ({ agent }: Driven, service: string, outcome: 'good' | 'dead') =>
    agent.step({ kind: 'probe', service, probe: 'tcp', result: { outcome, took: millis(1) } });
  const file = join(folder, 'agent-fra.json');
  const first = await started(port(up), {}, plan);
  await until(() => isUp(up));
  first.answer('good', 2);
  for (const _ of [1, 2]) tell(first, 'mail', 'good');
  await until(() => heard(up) && heard(up, mail));
  const kept = async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return readFileSync(file, 'utf8');
  };
  const saved = await kept();
  await first.agent.stop();
  await until(() => !isUp(up));
  // As it lies there after kill -9; and again while the second life still waits.
  writeFileSync(file, saved);
  const second = await started(port(up), {}, plan);
  expect(second.agent.held).toBeDefined();
  const again = await kept();
  await second.agent.stop();
  await until(() => !isUp(up));
  writeFileSync(file, again);
  const third = await started(port(up), {}, plan);
  expect(third.agent.held).toBeDefined();
  await until(() => isUp(up));
  third.answer('dead');
  expect(third.agent.held).toBeUndefined();
  expect(third.agent.state.decided[V4]?.level).toBe('withdrawn');
  expect(third.agent.state.decided[mail]?.level).toBe('full');
  await until(() => heard(up, mail));
  expect(heard(up)).toBeUndefined();
  third.agent.step({ kind: 'due' });
  expect(third.agent.state.decided[mail]?.level).toBe('full');
  // What is known then decides.
  tell(third, 'mail', 'dead');
  await until(() => !heard(up, mail));
});

test('a service that is new in the plan holds nothing up: what stands stays, and what has to change changes at once', async () => {
  const up = await upstream();
  const { agent, answer } = await started(port(up));
  await until(() => isUp(up));
  answer('good', 2);
  await until(() => heard(up));
  const plan = planOf(port(up));
  const { web } = plan.services;
  await agent.follow({ ...plan, services: { web: web!, other: web! } }, new Map());
  agent.step({ kind: 'drain', order: { owner: 'test', reason: 'maintenance' } });
  await until(() => heard(up)?.med === 150);
  agent.step({ kind: 'undrain', order: { owner: 'test', reason: 'over' } });
  expect(agent.state.decided[V4]?.level).toBe('less-preferred');
  expect(up.speaker.peers.get('fra')!.counters.withdrawalsIn).toBe(0);
});

test('what probes say while a reload puts addresses on interfaces takes nothing back', async () => {
  const up = await upstream();
  const { agent, answer } = await started(port(up));
  await until(() => isUp(up));
  answer('good', 2);
  await until(() => heard(up));
  const plan = planOf(port(up));
  const { web } = plan.services;
  const { up: first } = plan.sites['fra']!.upstreams;
  const changed: Plan = {
    ...plan,
    sites: {
      fra: {
        ...plan.sites['fra']!,
        upstreams: { up: first!, other: { ...first!, address: '127.0.0.9' as Address, enabled: false } },
      },
    },
    services: { web: web!, other: { ...web!, addTo: 'lo' } },
  };
  const followed = agent.follow(changed, new Map());
  answer('good');
  agent.step({ kind: 'drain', order: { owner: 'test', reason: 'maintenance' } });
  answer('good');
  await followed;
  await until(() => heard(up)?.med === 150);
  expect(up.speaker.peers.get('fra')!.counters.withdrawalsIn).toBe(0);
});

test('a service that leaves the plan gives its address back only when nobody asks it any more', async () => {
  const up = await upstream();
  const plan = planOf(port(up));
  const web = plan.services['web']!;
  const other = { ...web, address: ['203.0.113.81' as Address], addTo: 'lo' };
  const { agent, answer } = await started(port(up), {}, { ...plan, services: { web, other } });
  const say = (outcome: 'good' | 'dead') =>
    agent.step({ kind: 'probe', service: 'other', probe: 'tcp', result: { outcome, took: millis(1) } });
  await until(() => isUp(up));
  answer('good', 2);
  say('good');
  say('good');
  await until(() => heard(up));
  expect([...ip.here]).toEqual(['203.0.113.81 lo']);
  // Its port is watched: that it is gone is known at once.
  ip.removed = () => say('dead');
  await agent.follow(plan, new Map());
  expect([...ip.here]).toEqual([]);
  answer('good');
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(up.speaker.peers.get('fra')!.counters.withdrawalsIn).toBe(0);
  // On another interface it is there before it is gone from the first.
  const moved = { ...other, addTo: 'lo0' };
  await agent.follow({ ...plan, services: { web, other } }, new Map());
  const seen: string[][] = [];
  ip.removed = () => seen.push([...ip.here]);
  await agent.follow({ ...plan, services: { web, other: moved } }, new Map());
  expect(seen).toEqual([['203.0.113.81 lo0']]);
});

test('a stop while a reload is under way is the last word: nothing begins after it', async () => {
  const up = await upstream();
  const { agent, answer } = await started(port(up));
  await until(() => isUp(up));
  answer('good', 2);
  await until(() => heard(up));
  const plan = planOf(port(up), ', hold-time: 30s');
  const { web } = plan.services;
  const followed = agent.follow(
    { ...plan, services: { web: web!, other: { ...web!, addTo: 'lo' } } },
    new Map(),
  );
  const stopped = agent.stop('maintenance');
  await Promise.all([followed, stopped]);
  await until(() => !isUp(up));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(up.speaker.peers.get('fra')!.machine.ups).toBe(1);
});

test('a plan without BFD, password or graceful restart gives a session without them; a field that changes begins it anew', async () => {
  const up = await upstream();
  const { agent } = await started(port(up));
  await until(() => isUp(up));
  const changed = planOf(port(up), ', hold-time: 30s');
  const { sessions } = agent.changes(changed, new Map());
  expect(sessions.restarted).toEqual([{ upstream: 'up', because: ['holdTime'] }]);
  await agent.follow(changed, new Map());
  await until(() => up.speaker.peers.get('fra')!.machine.ups === 2 && isUp(up));
});

test('a plan that the kernel could not carry out is refused before anything is done: two interfaces, one link-local address, two passwords', async () => {
  const up = await upstream();
  const { agent } = await started(port(up));
  const two = (a: string, b: string) => {
    const plan = planOf(port(up));
    const { up: first } = plan.sites['fra']!.upstreams;
    const of = (name: string) => ({
      ...first!,
      address: 'fe80::1' as Address,
      interface: name,
      passive: true,
      families: [6] as const,
      password: { env: 'X' } as never,
    });
    return [
      {
        ...plan,
        sites: { fra: { ...plan.sites['fra']!, upstreams: { up: first!, left: of('l0'), right: of('r0') } } },
      },
      new Map([
        ['left', a],
        ['right', b],
      ]),
    ] as const;
  };
  expect(agent.obstacle(...two('one', 'two'))).toMatch(
    /^left and right have the same address fe80::1 on different interfaces and different passwords/,
  );
  expect(agent.obstacle(...two('one', 'one'))).toBeUndefined();
});

test('a session that this machine will not have is said, and everything else of the plan is done', async () => {
  const up = await upstream();
  const { agent, answer } = await started(port(up));
  await until(() => isUp(up));
  answer('good', 2);
  await until(() => heard(up));
  const refused = agent.router.addPeer.bind(agent.router);
  agent.router.addPeer = (peer) => {
    if (peer.options.name === 'other') throw new Error('the kernel does not take the TCP MD5 password');
    refused(peer);
  };
  const changed = planOf(port(up), ', communities: ["64601:70"]');
  const { up: first } = changed.sites['fra']!.upstreams;
  const plan = {
    ...changed,
    sites: {
      fra: {
        ...changed.sites['fra']!,
        upstreams: { up: first!, other: { ...first!, address: '127.0.0.9' as Address } },
      },
    },
  };
  expect(await agent.follow(plan, new Map())).toEqual([
    'there is no session with other: the kernel does not take the TCP MD5 password',
  ]);
  await until(() => heard(up)?.communities?.length === 1);
});

test('where no state can be kept the agent says so, and announces and withdraws all the same', async () => {
  const up = await upstream();
  writeFileSync(join(folder, 'file'), 'in the way');
  const { answer, lines } = await started(port(up), { stateFile: join(folder, 'file', 'agent-fra.json') });
  await until(() => isUp(up));
  answer('good', 2);
  await until(() => heard(up));
  await until(() => lines.some((l) => /the state cannot be kept/.test(l)));
  answer('dead');
  await until(() => !heard(up));
});

test('a start that fails leaves no session behind', async () => {
  const up = await upstream();
  const plan = planOf(port(up));
  const { up: first } = plan.sites['fra']!.upstreams;
  const off = { ...first!, address: '127.0.0.9' as Address, enabled: false };
  const { agent } = agentOf({
    ...plan,
    sites: { fra: { ...plan.sites['fra']!, upstreams: { up: first!, off } } },
  });
  const add = agent.router.addPeer.bind(agent.router);
  agent.router.addPeer = (peer) => {
    if (peer.options.name === 'off') throw new Error('the kernel does not take the TCP MD5 password');
    add(peer);
  };
  await expect(agent.start()).rejects.toThrow(/MD5/);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isUp(up)).toBe(false);
});

test('a state file that does not make sense is said and set aside: the agent begins anew, and announces', async () => {
  const up = await upstream();
  const first = await started(port(up));
  await until(() => isUp(up));
  first.answer('good', 2);
  await until(() => heard(up));
  await first.agent.stop();
  await until(() => !isUp(up));
  const file = join(folder, 'agent-fra.json');
  const saved = JSON.parse(readFileSync(file, 'utf8'));
  for (const state of [
    { ...saved.state, drain: { ...saved.state.drain, phase: 'sideways' } },
    { ...saved.state, drain: {} },
    { ...saved.state, services: { web: {} } },
    { ...saved.state, decided: { [V4]: { level: 'somewhat', why: 7 } }, frozen: { owner: 1 } },
  ]) {
    writeFileSync(file, JSON.stringify({ ...saved, state }));
    const { agent, answer, lines } = await started(port(up));
    answer('good', 2);
    expect(agent.state.decided[V4]?.level).toBe('full');
    expect(lines.join('')).toMatch(
      /(does not fit|no state file that this version can read).*; the agent begins anew/,
    );
    await agent.stop();
    await until(() => !isUp(up));
  }
});

test('a ticket from before the machine stood still is not believed any more: its time may be over, and the monotonic clock does not say', async () => {
  const up = await upstream();
  const one = planOf(port(up));
  const plan: Plan = {
    ...one,
    guard: { ...one.guard, keep: 1 },
    controller: { endpoints: ['http://127.0.0.1:1'] },
  };
  let ahead = 0;
  const reports: Report[] = [];
  let hear: (answer: Answer) => void = () => {};
  const { agent, answer, lines } = await started(
    port(up),
    {
      wall: () => Date.now() + ahead,
      tickets: (_, __, heard) => {
        hear = heard;
        return { send: (report) => reports.push(report), close: () => {} };
      },
    },
    plan,
  );
  const grant = () => {
    const { site, scope, boot, seq } = reports.at(-1)!;
    hear({ kind: 'granted', site, scope, boot, seq, shared: [], lease: millis(30_000) });
  };
  answer('good', 2);
  grant();
  // A step of the clock that is no longer than clocks may differ changes nothing.
  ahead = 300;
  answer('good');
  expect(ticketView(agent.state.holders[V4]!, clock.now())).toBe('held');
  ahead += 60_000;
  answer('dead');
  expect(agent.state.decided[V4]).toMatchObject({ level: 'less-preferred' });
  expect(reports.at(-1)).toMatchObject({ holds: false, want: 'now' });
  expect(lines.filter((line) => line.includes('stood still'))).toHaveLength(1);
  // The issuer's word from after it counts.
  grant();
  expect(agent.state.decided[V4]).toMatchObject({ level: 'withdrawn' });
});
