import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Event, type Snapshot, Timeline } from '../../../src/control/index.ts';
import { move, network } from '../testing/snapshot.test-support.ts';
import { type Api, ApiError, type Hearing } from './api.ts';
import { live } from './live.ts';
import { store } from './store.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A server whose words the test puts into its mouth. */
function server(first: Snapshot) {
  const heard: { readonly from: { readonly seq: number }; readonly hearing: Hearing }[] = [];
  const state = { snapshot: first, error: undefined as ApiError | undefined, asked: 0 };
  const api: Api = {
    async snapshot() {
      state.asked++;
      if (state.error) throw state.error;
      return state.snapshot;
    },
    events(from, hearing) {
      heard.push({ from, hearing });
      return () => {};
    },
    request: () => Promise.reject(new Error('not asked in this test')),
    get: () => Promise.reject(new Error('not asked in this test')),
    mayAsk: store(false),
    admit: () => Promise.reject(new Error('not asked in this test')),
    hopeless: (error) => error instanceof ApiError && error.status >= 400 && error.status < 500,
    starting: (error) => error instanceof ApiError && error.status === 503,
  };
  return { api, state, heard, last: () => heard.at(-1)!.hearing };
}

const first = network('fra nyc', 'lon chi');
const settle = (ms = 50) => vi.advanceTimersByTimeAsync(ms);

test('events that come together are folded and told together, with the snapshot before them', async () => {
  const s = server(first);
  const network = live(s.api);
  const told: string[] = [];
  network.onEvents((events, before) => told.push(`${events.map((e) => e.seq).join()} after ${before.seq}`));
  await settle();
  s.last().opened();
  s.last().event(move(first, '127.1.0.1', 'nyc', 1));
  s.last().event(move(first, '127.2.0.1', 'fra', 2));
  await settle();
  expect(network.connection.get()).toEqual({ state: 'live' });
  expect(network.snapshot.get()?.vantages['127.1.0.1']?.landing.site).toBe('nyc');
  expect(network.snapshot.get()?.seq).toBe(2);
  expect(told).toEqual(['1,2 after 0']);
  expect(network.history.get()?.timeline.count).toBe(2);
  network.stop();
});

test('after a break it asks for what came after the last event, keeps what it had, and loses nothing', async () => {
  const s = server(first);
  const network = live(s.api);
  await settle();
  s.last().opened();
  s.last().event(move(first, '127.1.0.1', 'nyc', 1));
  s.last().broken('the connection broke');
  expect(network.connection.get()).toMatchObject({ state: 'lost', why: 'the connection broke' });
  await settle(300);
  expect(s.heard).toHaveLength(2);
  expect(s.heard[1]?.from.seq).toBe(1);
  expect(s.state.asked).toBe(1);
  s.last().opened();
  s.last().event(move(first, '127.2.0.1', 'fra', 2));
  await settle();
  expect(network.history.get()?.timeline.count).toBe(2);
  expect(network.connection.get().state).toBe('live');
  network.stop();
});

test('it waits longer after each attempt, up to a limit, and at once when asked', async () => {
  const s = server(first);
  s.state.error = new ApiError('the server does not answer', 0);
  const network = live(s.api);
  await settle(60_000);
  // 250 ms, 500 ms, 1 s, 2 s, and then every 4 s.
  expect(s.state.asked).toBeGreaterThan(15);
  expect(s.state.asked).toBeLessThan(22);
  const asked = s.state.asked;
  s.state.error = undefined;
  network.retry();
  await settle(1);
  expect(s.state.asked).toBe(asked + 1);
  expect(network.snapshot.get()).toBe(first);
  network.stop();
});

test('a network that is still starting is waited for, and is not lost', async () => {
  const s = server(first);
  s.state.error = new ApiError('still starting', 503);
  const network = live(s.api);
  await settle(5000);
  expect(network.connection.get()).toEqual({ state: 'connecting' });
  s.state.error = undefined;
  await settle(1000);
  expect(network.snapshot.get()).toBe(first);
  network.stop();
});

test('a server that speaks another version is not asked again', async () => {
  const s = server(first);
  s.state.error = new ApiError('version 2', 409);
  const network = live(s.api);
  await settle(60_000);
  expect(s.state.asked).toBe(1);
  expect(network.connection.get()).toEqual({ state: 'failed', why: 'version 2' });
  network.stop();
});

test('when events are missing it goes on from a snapshot, whoever notices it', async () => {
  const s = server(first);
  const network = live(s.api);
  await settle();
  s.last().opened();
  s.last().reset({ ...first, seq: 40 });
  expect(network.snapshot.get()?.seq).toBe(40);
  s.state.snapshot = { ...first, seq: 90 };
  s.last().event(move(first, '127.1.0.1', 'nyc', 60));
  await settle();
  expect(network.snapshot.get()?.seq).toBe(90);
  expect(s.heard.at(-1)?.from.seq).toBe(90);
  network.stop();
});

test('a longer past is put under the present only when it ends there', async () => {
  const s = server(first);
  const network = live(s.api);
  await settle();
  s.last().event(move(first, '127.1.0.1', 'nyc', 1));
  await settle();
  const event: Event = move(first, '127.1.0.1', 'nyc', 1);
  const longer = new Timeline({ ...first, at: first.at - 60_000 });
  expect(network.extend(longer)).toBe(false);
  longer.push(event);
  expect(network.extend(longer)).toBe(true);
  expect(network.history.get()?.timeline.first.at).toBe(first.at - 60_000);
  network.stop();
});
