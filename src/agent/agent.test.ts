/** The life of an agent: what it announces, its start, its stop, what it finds again after a crash. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Address, millis, type Prefix } from '../base/index.ts';
import type { Plan } from '../plan/index.ts';
import { type Answer, type Report, ticketView } from '../site/index.ts';
import {
  agentOf,
  announcing,
  clock,
  connected,
  fileOf,
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
import type { Saved } from './state-file.ts';

test('nothing is announced before `rise` good probes; then with an explicit MED and the community that names the site', async () => {
  const { up, answer } = await connected();
  answer('good');
  await pause(30);
  expect(heard(up)).toBeUndefined();
  answer('good');
  await until(() => heard(up));
  expect(heard(up)).toEqual({ stale: false, med: 50, communities: [], large: ['64500:4786:7'], hops: 1 });
});

test('a refused connection withdraws at once; two bad answers of a row do, and one does not', async () => {
  const { up, answer } = await announcing();
  answer('dead');
  await until(() => !heard(up));
  answer('good', 2);
  await until(() => heard(up));
  answer('bad');
  await pause(30);
  expect(heard(up)).toBeDefined();
  answer('bad');
  await until(() => !heard(up));
});

test('less preferred takes the place of what was announced, without a withdrawal in between (implicit replace)', async () => {
  const { up, agent } = await announcing();
  const withdrawals = agent.router.speaker.peers.get('up')!.counters.withdrawalsOut;
  agent.step({ kind: 'drain', order: { owner: 'test', reason: 'maintenance' } });
  await until(() => heard(up)?.med === 150);
  expect(heard(up)).toMatchObject({ communities: ['65535:0'], hops: 4 });
  agent.step({ kind: 'undrain', order: { owner: 'test', reason: 'over' } });
  await until(() => heard(up)?.med === 50);
  expect(agent.router.speaker.peers.get('up')!.counters.withdrawalsOut).toBe(withdrawals);
});

test('how long it took from a decision to the bytes in the socket is told once for each', async () => {
  const { up, agent, answer } = await connected();
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
  const { up, agent } = await announcing();
  await agent.stop('maintenance');
  await until(() => !isUp(up));
  expect(heard(up)).toBeUndefined();
  const peer = peerOf(up);
  expect(peer.counters.withdrawalsIn).toBe(1);
  expect(peer.machine.lastDown).toMatchObject({ received: { code: 6, subcode: 9 } });
  const saved = JSON.parse(readFileSync(fileOf(), 'utf8'));
  expect(saved).toMatchObject({ running: false, announcing: false });
});

/** Two prefixes that come and go by themselves, each with a service of its own. */
function twoScopes(port: number): Plan {
  const plan = planOf(port);
  const web = plan.services['web']!;
  const mail = { ...web, address: ['198.51.100.25' as Address] };
  return { ...plan, prefixes: [V4, '198.51.100.0/24' as Prefix], services: { web, mail } };
}

/** The text of the state file once it says what is waited for: the disk takes its time. */
function kept(file: string, says: (saved: Saved) => boolean): string | undefined {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  return text !== undefined && says(JSON.parse(text)) ? text : undefined;
}

test('after a crash, a service that was out before and still is does not end the wait for one that stands (RFC 4724)', async () => {
  const up = await upstream();
  const plan = twoScopes(port(up));
  const first = await started(port(up), {}, plan);
  await until(() => isUp(up));
  first.answer('good', 2);
  first.tell('mail', 'dead');
  const file = fileOf();
  const saved = await until(() =>
    kept(file, ({ state }) => Object.values(state.decided).some(({ level }) => level === 'withdrawn')),
  );
  await first.agent.stop();
  // As it lies there after kill -9.
  writeFileSync(file, saved);
  const second = await started(port(up), {}, plan);
  expect(second.agent.held).toBeDefined();
  second.tell('mail', 'dead');
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
  const file = fileOf();
  const first = await started(port(up), {}, plan);
  await until(() => isUp(up));
  first.answer('good', 2);
  first.tell('mail', 'good', 2);
  await until(() => heard(up) && heard(up, mail));
  const saved = await until(() =>
    kept(file, ({ state }) => [V4, mail].every((p) => state.decided[p]?.level === 'full')),
  );
  await first.agent.stop();
  await until(() => !isUp(up));
  // As it lies there after kill -9; and again while the second life still waits.
  writeFileSync(file, saved);
  const second = await started(port(up), {}, plan);
  expect(second.agent.held).toBeDefined();
  const again = await until(() => kept(file, ({ boot }) => boot === second.agent.boot));
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
  third.tell('mail', 'dead');
  await until(() => !heard(up, mail));
});

test('where no state can be kept the agent says so, and announces and withdraws all the same', async () => {
  writeFileSync(fileOf('file'), 'in the way');
  const { up, answer, lines } = await announcing({ stateFile: fileOf('file', 'agent-fra.json') });
  await until(() => lines.some((l) => /the state cannot be kept/.test(l)));
  answer('dead');
  await until(() => !heard(up));
});

test('a start that fails leaves no session behind', async () => {
  const up = await upstream();
  const plan = planOf(port(up));
  const { agent } = agentOf(
    withUpstreams(plan, (first) => ({ off: { ...first, address: '127.0.0.9' as Address, enabled: false } })),
  );
  const add = agent.router.addPeer.bind(agent.router);
  agent.router.addPeer = (peer) => {
    if (peer.options.name === 'off') throw new Error('the kernel does not take the TCP MD5 password');
    add(peer);
  };
  await expect(agent.start()).rejects.toThrow(/MD5/);
  await pause(50);
  expect(isUp(up)).toBe(false);
});

test('a state file that does not make sense is said and set aside: the agent begins anew, and announces', async () => {
  const { up, agent: first } = await announcing();
  await first.stop();
  await until(() => !isUp(up));
  const file = fileOf();
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
