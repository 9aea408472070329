/** The stream of events over real HTTP: what outlives a reader's break, and what a slow reader costs. */
import { expect, test } from 'vitest';
import {
  type Event,
  readEvent,
  readSnapshot,
  type Snapshot,
  Timeline,
  type World,
} from '../../control/index.ts';
import { ask, note, page, read, says, WORLD } from './page.test-support.ts';

test('a reader who was away goes on after its last event and misses none', async () => {
  const p = await page();
  p.begin(WORLD);
  const first = read(p, '/api/v1/events');
  await first.opened();
  p.tell([note('a'), note('b')]);
  const [, b] = await first.until(2);
  first.request.destroy();
  p.tell([note('c'), note('d')]);
  const again = read(p, '/api/v1/events', { 'last-event-id': b?.id as string });
  p.tell([note('e')]);
  expect(says(await again.until(3))).toEqual(['c', 'd', 'e']);
  const byQuery = read(p, `/api/v1/events?after=${b?.id}`);
  expect(says(await byQuery.until(3))).toEqual(['c', 'd', 'e']);
  expect((await ask(p, '/api/v1/events?after=nonsense')).status).toBe(400);
});

test('what a look finds different is told as events that lead to the snapshot', async () => {
  const p = await page();
  p.begin(WORLD);
  const stream = read(p, '/api/v1/events');
  await stream.opened();
  const before = readSnapshot((await ask(p, '/api/v1/snapshot')).body);
  const site = WORLD.sites['<script>'] as World['sites'][string];
  p.look({ ...WORLD, sites: { '<script>': { ...site, process: { standing: 'dead', at: 1 } } } });
  p.look({ ...WORLD, sites: { '<script>': { ...site, process: { standing: 'dead', at: 2 } } } });
  const [message] = await stream.until(1);
  const timeline = new Timeline((before as { value: Snapshot }).value);
  timeline.push(message?.data as Event);
  expect(JSON.parse((await ask(p, '/api/v1/snapshot')).body)).toEqual(timeline.latest);
  expect(readEvent(message?.data)).toMatchObject({ ok: true });
});

test('a reader whose place is not kept, or is of a run that nobody knows, gets a reset with a whole snapshot', async () => {
  const p = await page({ most: 10 });
  p.begin(WORLD);
  const run = p.latest?.run as string;
  for (let i = 0; i < 1100; i++) p.tell([note(String(i))]);
  for (const after of [`${run}:3`, 'other:1090', `${run}:99999`]) {
    const stream = read(p, `/api/v1/events?after=${after}`);
    const [reset] = await stream.until(1);
    expect(reset).toMatchObject({ event: 'reset', id: `${run}:1101`, data: { seq: 1101, version: 1 } });
    stream.request.destroy();
  }
});

test('a reader who does not read costs a bounded buffer, and is reset when it reads again', async () => {
  const p = await page({ most: 500 });
  p.begin(WORLD);
  const stream = read(p, '/api/v1/events');
  await stream.opened();
  stream.answer()?.pause();
  const long = 'x'.repeat(1900);
  for (let i = 0; i < 200; i++) {
    p.tell(Array.from({ length: 50 }, () => note(long)));
    if (i % 20 === 0) await new Promise((r) => setTimeout(r, 1));
  }
  p.tell([note('last')]);
  stream.answer()?.resume();
  const deadline = performance.now() + 10_000;
  const { seq } = p.latest as Snapshot;
  while (stream.messages.at(-1)?.data.seq !== seq && performance.now() < deadline)
    await new Promise((r) => setTimeout(r, 10));
  expect(stream.messages.at(-1)?.data.seq).toBe(seq);
  expect(stream.messages.some((m) => m.event === 'reset')).toBe(true);
  const seqs = stream.messages.map((m) => m.data.seq);
  expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  expect(seqs.length).toBeLessThan(10_000);
  p.tell([note('after')]);
  const n = stream.messages.length;
  await stream.until(n + 1);
  expect(says(stream.messages).at(-1)).toBe('after');
});

test('there is a limit on readers, and an idle stream beats', async () => {
  const p = await page({ streams: { streams: 2, heartbeatMs: 20 } });
  p.begin(WORLD);
  const beats: string[] = [];
  const one = read(p, '/api/v1/events');
  await one.opened();
  one.answer()?.on('data', (piece: string) => beats.push(piece));
  read(p, '/api/v1/events');
  await new Promise((r) => setTimeout(r, 100));
  const third = await ask(p, '/api/v1/events');
  expect([third.status, third.body]).toEqual([503, expect.stringContaining('2 read this stream already')]);
  expect(beats.join('')).toContain(': still here');
  one.request.destroy();
  for (let i = 0; i < 100; i++) {
    const stream = read(p, '/api/v1/events');
    await new Promise((r) => setTimeout(r, 20));
    if (stream.answer()?.statusCode === 200) return;
  }
  throw new Error('the place of a reader who left is not given to another');
});
