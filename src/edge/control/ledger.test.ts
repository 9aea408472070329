/** What outlives the server and what history is read from, through the page over real HTTP. */
import { appendFileSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Event, Snapshot } from '../../control/index.ts';
import { Chronicle } from './chronicle.ts';
import { Ledger } from './ledger.ts';
import { ask, folder, type Got, note, page, read, says, tokenOf, WORLD } from './page.test-support.ts';

test('a server that was restarted goes on counting, and a reader that comes back loses nothing', async () => {
  const state = folder();
  const one = await page({ state });
  one.begin(WORLD);
  const stream = read(one, '/api/v1/events');
  await stream.opened();
  one.tell([note('a'), note('b')]);
  const [a] = await stream.until(2);
  await one.close();
  // As when the machine lost power in the middle of a line.
  const file = join(state, 'events', readdirSync(join(state, 'events'))[0] as string);
  appendFileSync(file, '{"kind":"note","say":"to');
  const two = await page({ state });
  two.begin(WORLD);
  two.tell([note('c')]);
  const back = read(two, '/api/v1/events', { 'last-event-id': a?.id as string });
  const messages = await back.until(3);
  expect(says(messages)).toEqual(['b', 'start', 'c']);
  expect(messages.map((m) => m.data.seq)).toEqual([3, 4, 5]);
  expect(messages[1]?.data.run).not.toBe(messages[0]?.data.run);
  expect(tokenOf(one)).not.toBe(tokenOf(two));
});

test.each([
  ['a piece is missing', { kind: 'traffic' }],
  ['a world has no sites', { kind: 'start', is: { ...WORLD, sites: undefined } }],
  ['a name is no text', { kind: 'drain', site: {}, was: 'in', is: null }],
])('a line on the disk that is no event ends its file and nothing else: %s', async (_, body) => {
  const state = folder();
  const one = await page({ state });
  one.begin(WORLD);
  one.tell([note('a')]);
  const { run, seq, at: then } = one.latest as Snapshot;
  await one.close();
  const file = join(state, 'events', readdirSync(join(state, 'events'))[0] as string);
  appendFileSync(file, `${JSON.stringify({ ...body, run, seq: seq + 1, at: then })}\n`);
  const next = { kind: 'verdict', site: '<script>', service: 'web', is: {}, run, seq: seq + 2, at: then };
  appendFileSync(file, `${JSON.stringify(next)}\n`);
  const two = await page({ state });
  two.begin(WORLD);
  two.tell([note('b')]);
  const back = read(two, '/api/v1/events', { 'last-event-id': `${run}:${seq - 1}` });
  expect(says(await back.until(3))).toEqual(['a', 'start', 'b']);
  expect((await ask(two, '/api/v1/history?limit=1000')).status).toBe(200);
});

test('history is given in turn, and more than may wait are told to ask again', async () => {
  const p = await page({ state: folder() });
  p.begin(WORLD);
  p.tell(Array.from({ length: 20_000 }, (_, i) => note(`event ${i}`)));
  const from = p.latest!.at - 1;
  const got = await Promise.all(
    Array.from({ length: 120 }, () => ask(p, `/api/v1/history?from=${from}&limit=1`)),
  );
  const statuses = got.map((g) => g.status);
  expect(new Set(statuses)).toEqual(new Set([200, 503]));
  expect(got.find((g) => g.status === 503)?.headers['retry-after']).toBe('1');
  expect((await ask(p, '/api/v1/history?limit=1')).status).toBe(200);
});

test('files turn over, old ones go, and history is read from them page by page', async () => {
  const state = folder();
  let now = 1_000_000_000_000;
  const options = { state, now: () => now, most: 20, ledger: { fileLimit: 40_000, limit: 250_000 } };
  const p = await page(options);
  p.begin(WORLD);
  for (let i = 0; i < 3000; i++) {
    now += 1000;
    p.tell([note(`n${i}`)]);
  }
  const files = readdirSync(join(state, 'events'));
  expect(files.length).toBeGreaterThan(3);
  const size = files.reduce((n, f) => n + statSync(join(state, 'events', f)).size, 0);
  expect(size).toBeLessThan(300_000);
  expect(statSync(join(state, 'events', files[0] as string)).mode & 0o777).toBe(0o600);
  const first = JSON.parse((await ask(p, '/api/v1/history?limit=100')).body);
  expect(first.keyframe.at).toBe(first.oldest);
  const seqs: number[] = [];
  let next: string | undefined = '';
  for (let i = 0; next !== undefined && i < 100; i++) {
    const got: Got = await ask(p, `/api/v1/history?limit=100${next ? `&after=${next}` : ''}`);
    const paged = JSON.parse(got.body);
    expect(paged.events.length).toBeLessThanOrEqual(100);
    if (next) expect(paged.keyframe.seq).toBe(seqs.at(-1));
    seqs.push(...paged.events.map((e: Event) => e.seq));
    next = paged.next;
  }
  expect(seqs).toEqual(
    Array.from({ length: 3001 - first.keyframe.seq }, (_, i) => first.keyframe.seq + 1 + i),
  );
  const [from, to] = [now - 100_000, now - 90_000];
  const some = JSON.parse((await ask(p, `/api/v1/history?from=${from}&to=${to}`)).body);
  expect(some.keyframe.at).toBe(from);
  expect(some.events.map((e: Event) => e.at)).toEqual(
    Array.from({ length: 10 }, (_, i) => from + 1000 * (i + 1)),
  );
  expect(some.next).toBeUndefined();
  expect((await ask(p, '/api/v1/history?limit=0')).status).toBe(400);
  expect((await ask(p, '/api/v1/history?from=yesterday')).status).toBe(400);
  expect((await ask(p, '/api/v1/history?after=other:2990')).status).toBe(410);
});

test('while old history is read from the disk, others have their turn again and again', async () => {
  const ledger = new Ledger({ folder: folder(), say: () => {} });
  let now = 1_000_000_000_000;
  const chronicle = new Chronicle({ run: 'r1', now: () => now, most: 20, ledger });
  chronicle.begin(WORLD);
  now += 1000;
  chronicle.add(Array.from({ length: 4000 }, (_, i) => note(`event ${i}`)));
  let [turns, reading] = [0, true];
  const others = (async () => {
    for (; reading; turns++) await new Promise((resume) => setImmediate(resume));
  })();
  const page = await chronicle.history(0, Number.MAX_SAFE_INTEGER, 5000);
  reading = false;
  await others;
  ledger.close();
  expect(page?.events).toHaveLength(4000);
  expect(turns).toBeGreaterThan(10);
});

test('a full disk is said once, and serving goes on from memory', async () => {
  const said: string[] = [];
  let full = false;
  const p = await page({
    state: folder(),
    say: (s) => said.push(s),
    ledger: {
      write: () => {
        if (full) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      },
    },
  });
  p.begin(WORLD);
  const stream = read(p, '/api/v1/events');
  await stream.opened();
  full = true;
  for (const text of ['a', 'b', 'c']) p.tell([note(text)]);
  expect(says(await stream.until(3))).toEqual(['a', 'b', 'c']);
  expect(said).toEqual([
    expect.stringMatching(/cannot be kept in .*events \(the disk is full\); the page goes on/),
  ]);
});

test('however long the disk is full, no empty files pile up, and what is kept is not taken for more than it is', async () => {
  const state = folder();
  let full = false;
  const p = await page({
    state,
    ledger: {
      rest: 0,
      write: (file, text) => {
        if (full) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
        writeSync(file, text);
      },
    },
  });
  const files = () => readdirSync(join(state, 'events'));
  p.begin(WORLD);
  p.tell([note('before')]);
  full = true;
  for (let n = 0; n < 10; n++) p.tell([note(`lost ${n}`)]);
  expect(files()).toHaveLength(1);
  full = false;
  p.tell([note('after')]);
  expect(files()).toHaveLength(2);
  const { seq } = p.latest as Snapshot;
  await p.close();
  const again = await page({ state });
  again.begin(WORLD);
  expect(again.latest?.seq).toBe(seq + 1);
});

test('a folder that cannot be written is said, and the page serves all the same', async () => {
  const said: string[] = [];
  const file = join(folder(), 'file');
  writeFileSync(file, '');
  const p = await page({ state: join(file, 'state'), say: (s) => said.push(s) });
  p.begin(WORLD);
  expect((await ask(p, '/api/v1/snapshot')).status).toBe(200);
  expect(said).toHaveLength(2);
});

// Node's own recursive mkdir would look for a folder there for ever.
test.skipIf(process.platform !== 'linux')('a folder that can never be made is said at once', async () => {
  const said: string[] = [];
  const p = await page({ state: '/proc/none/below', say: (s) => said.push(s) });
  p.begin(WORLD);
  expect((await ask(p, '/api/v1/snapshot')).status).toBe(200);
  expect(said).toEqual([
    expect.stringContaining('cannot be kept in /proc/none/below/events (ENOENT)'),
    "the page's token cannot be kept in /proc/none/below/token (ENOENT)",
  ]);
});
