/**
 * A whole agent in this process, over real TCP on loopback, against a router that stands for the upstream. Probes answer what
 * the test says, at the moment it says it. Both end after each test, and so does the folder of the state file.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type Address, type Asn, millis, type Prefix } from '../base/index.ts';
import { logger, realClock } from '../host/index.ts';
import { type Plan, parsePlan, type Upstream } from '../plan/index.ts';
import type { ProbeResult } from '../site/index.ts';
import { routes } from '../speaker/index.ts';
import { IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import { Agent, type AgentOptions } from './agent.ts';
import { Router } from './router.ts';

export const clock = realClock();
export const V4 = '203.0.113.0/24' as Prefix;
const ends: (() => unknown)[] = [];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-agent-'));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

/** A file in the folder of this test; without a name, the state file of the agent. */
export const fileOf = (...name: string[]) => join(folder, ...(name.length ? name : ['agent-fra.json']));

/** Ends something after this test, what was begun last first. */
export const afterwards = (end: () => unknown) => void ends.push(end);

/** The upstream of a site at 127.0.0.`at`: AS 64601, which keeps the routes of a neighbour that restarts for 30 s. */
export async function upstream(at = 2): Promise<Router> {
  const router = new Router({
    speaker: { asn: 64601 as Asn, id: '198.51.100.1' as Address },
    listen: [{ address: '127.0.0.1' as Address, port: 0 }],
    clock,
    note: () => {},
  });
  router.addPeer({
    options: {
      name: 'site',
      address: `127.0.0.${at}` as Address,
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
  afterwards(() => router.stop());
  return router;
}

export function planOf(port: number, more = '', service = ''): Plan {
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

/** The same plan with more upstreams of the site, made from the one it has. */
export function withUpstreams(
  plan: Plan,
  more: (first: Upstream) => Readonly<Record<string, Upstream>>,
): Plan {
  const fra = plan.sites['fra']!;
  const up = fra.upstreams['up']!;
  return { ...plan, sites: { fra: { ...fra, upstreams: { up, ...more(up) } } } };
}

export interface Driven {
  readonly agent: Agent;
  readonly lines: string[];
  /** What the TCP probe of a service finds, some times in a row. */
  tell(service: string, outcome: ProbeResult['outcome'], times?: number): void;
  /** The same for the service `web`. */
  answer(outcome: ProbeResult['outcome'], times?: number): void;
}

export function agentOf(plan: Plan, options: Partial<AgentOptions> = {}): Driven {
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
    stateFile: fileOf(),
    ...options,
  });
  const tell: Driven['tell'] = (service, outcome, times = 1) => {
    for (let i = 0; i < times; i++)
      agent.step({ kind: 'probe', service, probe: 'tcp', result: { outcome, took: millis(1) } });
  };
  return { agent, lines, tell, answer: (outcome, times) => tell('web', outcome, times) };
}

export async function started(
  port: number,
  options: Partial<AgentOptions> = {},
  plan = planOf(port),
): Promise<Driven> {
  const driven = agentOf(plan, options);
  await driven.agent.start();
  afterwards(() => driven.agent.stop());
  return driven;
}

/** An agent whose session with its upstream is up. */
export async function connected(options: Partial<AgentOptions> = {}): Promise<Driven & { up: Router }> {
  const up = await upstream();
  const driven = await started(port(up), options);
  await until(() => isUp(up));
  return { ...driven, up };
}

/** The same, with `web` good: its upstream has heard the route. */
export async function announcing(options: Partial<AgentOptions> = {}): Promise<Driven & { up: Router }> {
  const driven = await connected(options);
  driven.answer('good', 2);
  await until(() => heard(driven.up));
  return driven;
}

/** Waits for what other processes of this machine do over TCP. */
export async function until<T>(look: () => T | undefined | false, limit = 5000): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const found = look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`not within ${limit} ms: ${look}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function heard(up: Router, prefix = V4) {
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

export const port = (up: Router) => up.listeners[0]!.port;
/** The agent, as its upstream sees it. */
export const peerOf = (up: Router) => up.speaker.peers.get('site')!;
export const isUp = (up: Router) => peerOf(up).established !== undefined;
