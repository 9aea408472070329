import { expect, test } from 'vitest';
import { type Event, type Snapshot, Timeline } from '../../../src/control/index.ts';
import { BEGAN, move, network } from '../testing/snapshot.test-support.ts';
import { type Api, ApiError } from './api.ts';
import type { History, Live } from './live.ts';
import { past } from './past.ts';
import { store } from './store.ts';

const HOUR = 3_600_000;

/** A network whose clients move to and fro, one a minute, and a server that has all of it. */
function world(events: number, { pageSize = 10 } = {}) {
  const first = network('fra nyc', 'lon chi tyo');
  const whole = new Timeline(first);
  for (let seq = 1; seq <= events; seq++) {
    const to = seq % 2 === 0 ? 'fra' : 'nyc';
    const event: Event = { ...move(whole.latest, '127.1.0.1', to, seq), at: BEGAN + seq * 60_000 };
    whole.push(event);
  }
  const asked: string[] = [];
  const state = { fail: false, between: () => {} };
  const api = {
    async get(path: string) {
      asked.push(path);
      if (state.fail) throw new ApiError('the disk is full', 500);
      const query = new URLSearchParams(path.split('?')[1]);
      const [from, to] = [Number(query.get('from')), Number(query.get('to'))];
      const after = query.get('after');
      const keyframe =
        after === null
          ? (whole.at(from) ?? whole.first)
          : (whole.upTo(Number(after.split(':')[1])) as Snapshot);
      const found = (whole.after(keyframe.seq) ?? []).filter((e) => e.at <= to);
      const page = found.slice(0, pageSize);
      const next = found.length > page.length ? { next: `r1:${page.at(-1)?.seq}` } : {};
      state.between();
      return Response.json({ keyframe, events: page, oldest: first.at, ...next });
    },
  } as Pick<Api, 'get'> as Api;
  return { whole, api, asked, state };
}

/** A page that was opened after a number of events. */
function opened(whole: Timeline, seq: number): Live {
  const timeline = new Timeline(whole.upTo(seq) as Snapshot);
  for (const event of whole.after(seq) ?? []) timeline.push(event);
  const history = store<History | undefined>({ timeline });
  return {
    history,
    extend(longer: Timeline) {
      if (longer.latest.seq !== history.get()?.timeline.latest.seq) return false;
      history.set({ timeline: longer });
      return true;
    },
  } as Pick<Live, 'history' | 'extend'> as Live;
}

const atOnce = () => Promise.resolve();
const here = (live: Live) => live.history.get()!.timeline;

test('what happened before the page was opened is put under it, page by page, and any instant can be shown', async () => {
  const { whole, api } = world(200);
  const live = opened(whole, 150);
  const before = past(api, live, atOnce);
  await before.reach(BEGAN);
  expect(before.state.get()).toEqual({ state: 'idle' });
  expect(here(live).first.at).toBe(BEGAN);
  expect(here(live).count).toBe(200);
  for (const minute of [0, 1, 63, 149, 150, 200])
    expect(here(live).at(BEGAN + minute * 60_000)?.vantages).toEqual(
      whole.at(BEGAN + minute * 60_000)?.vantages,
    );
});

test('only as much is fetched as was asked for, and nothing twice', async () => {
  const { whole, api, asked } = world(400, { pageSize: 1000 });
  const live = opened(whole, 390);
  const before = past(api, live, atOnce);
  const hourAgo = here(live).first.at - HOUR;
  await before.reach(hourAgo);
  expect(asked).toHaveLength(1);
  expect(here(live).first.at).toBe(hourAgo);
  await before.reach(hourAgo + 1000);
  expect(asked).toHaveLength(1);
  await before.reach(BEGAN - HOUR);
  expect(here(live).first.at).toBe(BEGAN);
  const questions = asked.length;
  await before.reach(0);
  expect(asked).toHaveLength(questions);
  expect(before.oldest.get()).toBe(BEGAN);
});

test('events that come while the past is fetched are kept', async () => {
  const { whole, api, state } = world(100);
  const live = opened(whole, 100);
  let n = 0;
  state.between = () => {
    if (n++ > 2) return;
    const { latest } = here(live);
    here(live).push(move(latest, '127.2.0.1', n % 2 === 0 ? 'nyc' : 'fra', latest.seq + 1));
  };
  await past(api, live, atOnce).reach(BEGAN);
  expect(here(live).latest.seq).toBe(103);
  expect(here(live).count).toBe(103);
});

test('a server that fails is said, what is here stays, and one may ask again', async () => {
  const { whole, api, state } = world(100);
  const live = opened(whole, 90);
  const before = past(api, live, atOnce);
  state.fail = true;
  await before.reach(BEGAN);
  expect(before.state.get()).toEqual({ state: 'failed', why: 'the disk is full' });
  expect(here(live).first.seq).toBe(90);
  state.fail = false;
  await before.reach(BEGAN);
  expect(before.state.get()).toEqual({ state: 'idle' });
  expect(here(live).first.seq).toBe(0);
});

test('a history that makes no sense is refused', async () => {
  const { whole } = world(10);
  const live = opened(whole, 5);
  const api = { get: async () => Response.json({ keyframe: 7, events: 'none' }) } as Pick<Api, 'get'> as Api;
  const before = past(api, live, atOnce);
  await before.reach(BEGAN);
  expect(before.state.get()).toMatchObject({ state: 'failed' });
  expect(here(live).count).toBe(5);
});
