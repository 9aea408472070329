/**
 * Eight agents in this process, each with a session over real TCP to one router, and the issuer of tickets behind real HTTP. They
 * go down one after another.
 */
import { afterEach, expect, test } from 'vitest';
import { type Address, type Asn, millis, type Prefix } from '../base/index.ts';
import { logger, realClock } from '../host/index.ts';
import { formatComplaint, type Plan, parsePlan } from '../plan/index.ts';
import { routes } from '../speaker/index.ts';
import { IPV4_UNICAST } from '../wire/index.ts';
import { Agent } from './agent.ts';
import { serveIssuer } from './issuer-service.ts';
import { Router } from './router.ts';
import { TicketClient } from './ticket-client.ts';

const clock = realClock();
const log = logger({ write: () => {} });
const V4 = '203.0.113.0/24' as Prefix;
const NAMES = ['fra', 'ams', 'nyc', 'sjc', 'gru', 'jnb', 'sin', 'tyo'];
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const addressOf = (i: number) => `127.0.0.${i + 11}` as Address;

async function upstream(): Promise<Router> {
  const router = new Router({
    speaker: { asn: 64601 as Asn, id: '198.51.100.1' as Address },
    listen: [{ address: '127.0.0.1' as Address, port: 0 }],
    clock,
    note: () => {},
  });
  NAMES.forEach((name, i) => {
    router.addPeer({
      options: {
        name,
        address: addressOf(i),
        session: {
          localAsn: 64601 as Asn,
          localId: '198.51.100.1' as Address,
          remoteAsn: 64500 as Asn,
          passive: true,
          families: [IPV4_UNICAST],
        },
        import: { rules: [{ name: 'all', end: 'accept' }] },
        export: { rules: [{ name: 'none', end: 'reject' }] },
      },
      transport: { port: 179 },
    });
  });
  await router.start();
  ends.push(() => router.stop());
  return router;
}

function planOf(port: number, controller: string): Plan {
  const sites = NAMES.map(
    (name, i) =>
      `  ${name}: { id: ${i + 1}, upstreams: [ { name: up, role: provider, asn: 64601, address: 127.0.0.1, port: ${port}, local-address: ${addressOf(i)} } ] }`,
  );
  const read = parsePlan(`network: eight
asn: 64500
prefixes: [203.0.113.0/24]
sites:
${sites.join('\n')}
services: { web: { address: 203.0.113.80, rise: 1, min-stable: 0s, probes: [ tcp: { port: 80, every: 1h }, http: { every: 1h } ] } }
guard: { keep: 1, leave: 8 per 1s, lease: 6s }
controller: ${controller}
`);
  if ('complaints' in read) throw new Error(read.complaints.map(formatComplaint).join('\n'));
  return read.plan;
}

async function agentsOf(plan: Plan): Promise<readonly Agent[]> {
  return Promise.all(
    NAMES.map(async (site) => {
      const agent = new Agent({
        plan,
        site,
        clock,
        log,
        passwords: new Map(),
        listen: [],
        makeTask: (_, service, probe) => ({
          name: `${service}/${probe}`,
          every: millis(3_600_000),
          run: () => new Promise(() => {}),
        }),
        tickets: (p, name, hear) => new TicketClient({ site: name, controller: p.controller!, log, hear }),
      });
      await agent.start();
      ends.push(() => agent.stop());
      return agent;
    }),
  );
}

async function until<T>(look: () => T | undefined | false, limit = 15_000): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const found = look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`not within ${limit} ms: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** What the upstream holds: the MED of each site that it has the prefix from. */
function held(up: Router): { readonly [site: string]: number } {
  const names = new Map(NAMES.map((name, i) => [addressOf(i) as string, name]));
  return Object.fromEntries(
    [...routes(up.speaker, { prefix: V4 }, 0)].map((r) => {
      const med = r.attributes.find((a) => a.kind === 'med');
      const hop = r.attributes.find((a) => a.kind === 'nextHop');
      return [
        names.get(String(hop?.kind === 'nextHop' ? hop.nextHop : '')) ?? '?',
        med?.kind === 'med' ? med.med : -1,
      ];
    }),
  );
}

const tell = (agent: Agent, probe: 'tcp' | 'http', outcome: 'good' | 'dead') =>
  agent.step({ kind: 'probe', service: 'web', probe, result: { outcome, detail: 'refused' } });
const allGood = (agent: Agent) => {
  tell(agent, 'tcp', 'good');
  tell(agent, 'http', 'good');
};
/** Not the same fault everywhere at once, which would be no reason to leave. */
const causeOf = (i: number) => (i % 2 === 0 ? 'tcp' : 'http');
const decided = (agent: Agent) => agent.state.decided[V4]!;

test('eight sites down one after another: each leaves, the last one stays, less preferred, and says why; without its controller nothing changes', async () => {
  const up = await upstream();
  const seed = planOf(up.listeners[0]!.port, 'http://127.0.0.1:1');
  const issuer = await serveIssuer({ plan: seed, port: 0, log, first: true });
  ends.push(() => issuer.close());
  const agents = await agentsOf(planOf(up.listeners[0]!.port, issuer.url));
  for (const agent of agents) allGood(agent);
  await until(() => Object.keys(held(up)).length === 8);
  await until(() => issuer.view().scopes[V4]!.spokenFor.length === 7);
  for (const [i, agent] of agents.entries()) {
    tell(agent, causeOf(i), 'dead');
    if (i < 7) await until(() => held(up)[NAMES[i]!] === undefined);
  }
  await until(() => decided(agents[7]!).why.some((w) => w.startsWith('refused: would be the last')));
  expect(held(up)).toEqual({ tyo: 100 });
  expect(decided(agents[7]!)).toMatchObject({
    level: 'less-preferred',
    why: [
      'down, and the guard refuses',
      'refused: would be the last: 7 of 8 sites are out, may leave, or are not heard of; 1 has to stay',
      'web is down',
      'probe http fails: refused',
    ],
  });
  await issuer.close();
  tell(agents[7]!, 'tcp', 'dead');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(held(up)).toEqual({ tyo: 100 });
});

test('the controller absent throughout: healthy sites announce as ever, and of those that fall none is lost, each is less preferred', async () => {
  const up = await upstream();
  const agents = await agentsOf(planOf(up.listeners[0]!.port, 'http://127.0.0.1:1'));
  for (const agent of agents) allGood(agent);
  await until(() => Object.keys(held(up)).length === 8);
  // Longer than the sites wait for an answer.
  await until(() => agents.every((a) => a.state.holders[V4]!.lost));
  expect(Object.values(held(up))).toEqual(Array(8).fill(0));
  agents.forEach((agent, i) => void tell(agent, causeOf(i), 'dead'));
  await until(() => Object.values(held(up)).every((m) => m === 100));
  expect(Object.keys(held(up))).toHaveLength(8);
  expect(agents.map((a) => decided(a).why[0])).toEqual(
    Array(8).fill('down; the controller is lost, and there is no lease'),
  );
});
