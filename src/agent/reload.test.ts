/** A plan that changes under a running agent. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import type { Address, Asn } from '../base/index.ts';
import type { Plan } from '../plan/index.ts';
import {
  announcing,
  connected,
  heard,
  isUp,
  peerOf,
  planOf,
  port,
  started,
  until,
  upstream,
  V4,
  withUpstreams,
} from './agent.test-support.ts';

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

afterEach(() => {
  ip.removed = () => {};
});

test('a reload is a difference: another MED is sent in place, the session stands; a mistake changes nothing', async () => {
  const { up, agent } = await announcing();
  const before = peerOf(up).counters.updatesIn;
  const changed = planOf(port(up), ', communities: ["64601:70"]');
  expect(agent.obstacle(changed, new Map())).toBeUndefined();
  await agent.follow(changed, new Map());
  await until(() => heard(up)?.communities?.length === 1);
  expect(peerOf(up).counters).toMatchObject({ updatesIn: before + 1, withdrawalsIn: 0 });
  expect(peerOf(up).machine.ups).toBe(1);
  const other = { ...changed, asn: 64999 as Asn };
  expect(agent.obstacle(other, new Map())).toMatch(/asn cannot change/);
});

test('a service that is new in the plan does not take back what stands while it is looked at', async () => {
  const { up, agent } = await announcing();
  await agent.follow(planOf(port(up), '', ', { http: { every: 1h } }'), new Map());
  await pause(30);
  expect(heard(up)).toBeDefined();
  expect(peerOf(up).counters.withdrawalsIn).toBe(0);
});

test('a service that is new in the plan holds nothing up: what stands stays, and what has to change changes at once', async () => {
  const { up, agent } = await announcing();
  const plan = planOf(port(up));
  const { web } = plan.services;
  await agent.follow({ ...plan, services: { web: web!, other: web! } }, new Map());
  agent.step({ kind: 'drain', order: { owner: 'test', reason: 'maintenance' } });
  await until(() => heard(up)?.med === 150);
  agent.step({ kind: 'undrain', order: { owner: 'test', reason: 'over' } });
  expect(agent.state.decided[V4]?.level).toBe('less-preferred');
  expect(peerOf(up).counters.withdrawalsIn).toBe(0);
});

test('what probes say while a reload puts addresses on interfaces takes nothing back', async () => {
  const { up, agent, answer } = await announcing();
  const plan = planOf(port(up));
  const { web } = plan.services;
  const more = withUpstreams(plan, (first) => ({
    other: { ...first, address: '127.0.0.9' as Address, enabled: false },
  }));
  const changed: Plan = { ...more, services: { web: web!, other: { ...web!, addTo: 'lo' } } };
  const followed = agent.follow(changed, new Map());
  answer('good');
  agent.step({ kind: 'drain', order: { owner: 'test', reason: 'maintenance' } });
  answer('good');
  await followed;
  await until(() => heard(up)?.med === 150);
  expect(peerOf(up).counters.withdrawalsIn).toBe(0);
});

test('a service that leaves the plan gives its address back only when nobody asks it any more', async () => {
  const up = await upstream();
  const plan = planOf(port(up));
  const web = plan.services['web']!;
  const other = { ...web, address: ['203.0.113.81' as Address], addTo: 'lo' };
  const { agent, answer, tell } = await started(port(up), {}, { ...plan, services: { web, other } });
  await until(() => isUp(up));
  answer('good', 2);
  tell('other', 'good', 2);
  await until(() => heard(up));
  expect([...ip.here]).toEqual(['203.0.113.81 lo']);
  // Its port is watched: that it is gone is known at once.
  ip.removed = () => tell('other', 'dead');
  await agent.follow(plan, new Map());
  expect([...ip.here]).toEqual([]);
  answer('good');
  await pause(30);
  expect(peerOf(up).counters.withdrawalsIn).toBe(0);
  // On another interface it is there before it is gone from the first.
  const moved = { ...other, addTo: 'lo0' };
  await agent.follow({ ...plan, services: { web, other } }, new Map());
  const seen: string[][] = [];
  ip.removed = () => seen.push([...ip.here]);
  await agent.follow({ ...plan, services: { web, other: moved } }, new Map());
  expect(seen).toEqual([['203.0.113.81 lo0']]);
});

test('a stop while a reload is under way is the last word: nothing begins after it', async () => {
  const { up, agent } = await announcing();
  const plan = planOf(port(up), ', hold-time: 30s');
  const { web } = plan.services;
  const followed = agent.follow(
    { ...plan, services: { web: web!, other: { ...web!, addTo: 'lo' } } },
    new Map(),
  );
  const stopped = agent.stop('maintenance');
  await Promise.all([followed, stopped]);
  await until(() => !isUp(up));
  await pause(30);
  expect(peerOf(up).machine.ups).toBe(1);
});

test('a plan without BFD, password or graceful restart gives a session without them; a field that changes begins it anew', async () => {
  const { up, agent } = await connected();
  const changed = planOf(port(up), ', hold-time: 30s');
  const { sessions } = agent.changes(changed, new Map());
  expect(sessions.restarted).toEqual([{ upstream: 'up', because: ['holdTime'] }]);
  await agent.follow(changed, new Map());
  await until(() => peerOf(up).machine.ups === 2 && isUp(up));
});

test('a plan that the kernel could not carry out is refused before anything is done: two interfaces, one link-local address, two passwords', async () => {
  const up = await upstream();
  const { agent } = await started(port(up));
  const two = (a: string, b: string) => {
    const plan = withUpstreams(planOf(port(up)), (first) => {
      const of = (name: string) => ({
        ...first,
        address: 'fe80::1' as Address,
        interface: name,
        passive: true,
        families: [6] as const,
        password: { env: 'X' } as never,
      });
      return { left: of('l0'), right: of('r0') };
    });
    const passwords = new Map([
      ['left', a],
      ['right', b],
    ]);
    return [plan, passwords] as const;
  };
  expect(agent.obstacle(...two('one', 'two'))).toMatch(
    /^left and right have the same address fe80::1 on different interfaces and different passwords/,
  );
  expect(agent.obstacle(...two('one', 'one'))).toBeUndefined();
});

test('a session that this machine will not have is said, and everything else of the plan is done', async () => {
  const { up, agent } = await announcing();
  const refused = agent.router.addPeer.bind(agent.router);
  agent.router.addPeer = (peer) => {
    if (peer.options.name === 'other') throw new Error('the kernel does not take the TCP MD5 password');
    refused(peer);
  };
  const changed = planOf(port(up), ', communities: ["64601:70"]');
  const plan = withUpstreams(changed, (first) => ({ other: { ...first, address: '127.0.0.9' as Address } }));
  expect(await agent.follow(plan, new Map())).toEqual([
    'there is no session with other: the kernel does not take the TCP MD5 password',
  ]);
  await until(() => heard(up)?.communities?.length === 1);
});
