/** The control page over real HTTP: what it answers, whom it refuses, and what outlives a reader's break and the server's. */
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  type Body,
  type Event,
  type Request,
  ROUTES,
  type Route,
  readAnswer,
  readEvent,
  readSnapshot,
  type Snapshot,
  Timeline,
  type World,
} from '../../control/index.ts';
import { type ControlPage, type ControlPageOptions, type Given, serveControlPage } from '../index.ts';

const at = 0;
const WORLD: World = {
  network: {
    name: 'three',
    asn: 64500,
    prefixes: ['203.0.113.0/24'],
    services: { web: { addresses: ['203.0.113.80'] } },
    guard: {
      keep: 1,
      leave: { count: 1, perMs: 30_000 },
      remainingCapacity: true,
      last: 'full',
      controller: true,
    },
    at,
  },
  sites: {
    '<script>': {
      place: { name: 'Tokyo', country: 'JP', lat: 35.7, lon: 139.7 },
      process: { standing: 'running', at },
      verdicts: { web: { verdict: 'up', phase: 'up', why: [], at } },
      drain: { phase: 'in', remarks: [], at },
      decisions: {},
      tickets: {},
      upstreams: {},
      load: { asked: 0, perSecond: 0, at },
    },
  },
  guard: {},
  internet: { ases: {}, links: [], doors: [], at },
  vantages: {},
  faults: {},
};
const BY = { owner: 'ann', reason: 'upgrade' };
const note = (say: string): Body => ({ kind: 'note', level: 'info', say });

const open: (ControlPage | http.ClientRequest)[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if ('destroy' in one) one.destroy();
    else await one.close();
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'nearcast-page-test-'));
  folders.push(path);
  return path;
}

const asked: Request[] = [];

async function page(options: Partial<ControlPageOptions> = {}): Promise<ControlPage> {
  const served = await serveControlPage({
    host: '127.0.0.1',
    port: 0,
    build: 'npm run build:dashboard',
    say: () => {},
    request: async (request): Promise<Given> => {
      asked.push(request);
      return { outcome: request.do === 'consider' ? 'considered' : 'done', say: ['so it is'] };
    },
    ...options,
  });
  open.push(served);
  return served;
}

interface Got {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

function ask(
  { port }: ControlPage,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: http.OutgoingHttpHeaders; body?: string } = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, path, method, headers, agent: false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (piece) => {
          text += piece;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

const tokenOf = (p: ControlPage) => p.url.split('#token=')[1] as string;

function order(p: ControlPage, request: unknown, headers: http.OutgoingHttpHeaders = {}): Promise<Got> {
  return ask(p, '/api/v1/requests', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenOf(p)}`, ...headers },
    body: typeof request === 'string' ? request : JSON.stringify(request),
  });
}

interface Message {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Event & Snapshot;
}

/** Reads a stream; `until` resolves when so many messages have come. */
function read({ port }: ControlPage, path: string, headers: http.OutgoingHttpHeaders = {}) {
  const messages: Message[] = [];
  let text = '';
  let answer: http.IncomingMessage | undefined;
  const request = http.get({ host: '127.0.0.1', port, path, headers, agent: false }, (came) => {
    answer = came;
    came.setEncoding('utf8');
    came.on('error', () => {});
    came.on('data', (piece: string) => {
      text += piece;
      const parts = text.split('\n\n');
      text = parts.pop() as string;
      for (const part of parts) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1];
        if (field('data'))
          messages.push({
            id: field('id'),
            event: field('event'),
            data: JSON.parse(field('data') as string),
          });
      }
    });
  });
  request.on('error', () => {});
  open.push(request);
  return {
    messages,
    request,
    answer: () => answer,
    opened: async () => {
      for (let i = 0; !answer && i < 500; i++) await new Promise((r) => setTimeout(r, 10));
      expect(answer?.statusCode).toBe(200);
    },
    until: async (n: number) => {
      for (let i = 0; messages.length < n && i < 500; i++) await new Promise((r) => setTimeout(r, 10));
      expect(messages.length).toBeGreaterThanOrEqual(n);
      return messages;
    },
  };
}

const says = (messages: readonly Message[]) =>
  messages.map((m) => (m.data.kind === 'note' ? m.data.say : (m.event ?? m.data.kind)));

test('before the run begins whoever asks is told to wait, then the snapshot is there and says when it was true', async () => {
  const p = await page({ now: () => 5000 });
  const early = await ask(p, '/api/v1/snapshot');
  expect([early.status, early.headers['retry-after']]).toEqual([503, '1']);
  const stream = read(p, '/api/v1/events');
  await stream.opened();
  p.begin(WORLD);
  const got = readSnapshot((await ask(p, '/api/v1/snapshot')).body);
  expect(got).toMatchObject({
    ok: true,
    value: { version: 1, seq: 1, at: 5000, sites: { '<script>': { process: { standing: 'running' } } } },
  });
  expect((await stream.until(1))[0]).toMatchObject({ event: 'reset', data: { seq: 1 } });
});

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

test('a request with the token is carried out, and what cannot be read or done is said', async () => {
  const p = await page({
    request: async (r) =>
      r.do === 'kill'
        ? { outcome: 'unknown', say: [`there is no site ${r.site}`], nearest: ['tyo'] }
        : r.do === 'drain'
          ? { outcome: 'refused', say: ['frozen'] }
          : { outcome: 'done', say: ['done'] },
  });
  const starting = await order(p, { do: 'heal', ...BY });
  expect(starting.status).toBe(503);
  p.begin(WORLD);
  const done = await order(p, { do: 'heal', ...BY });
  expect([done.status, readAnswer(done.body)]).toMatchObject([
    200,
    { ok: true, value: { outcome: 'done', seq: 1, run: p.latest?.run } },
  ]);
  expect(await order(p, { do: 'kill', site: 'tky', ...BY })).toMatchObject({
    status: 404,
    body: expect.stringContaining('"nearest":["tyo"]'),
  });
  expect((await order(p, { do: 'drain', site: 'tyo', ...BY })).status).toBe(409);
  expect(await order(p, { do: 'drian' })).toMatchObject({
    status: 400,
    body: expect.stringContaining('nobody knows how to drian'),
  });
  expect(await order(p, '{')).toMatchObject({ status: 400, body: expect.stringContaining('no JSON') });
  expect(await order(p, { do: 'heal', owner: 'a', reason: 'x'.repeat(20_000) })).toMatchObject({
    status: 413,
  });
  expect((await order(p, 'do=heal', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(
    415,
  );
  expect(
    (await order(p, JSON.stringify({ do: 'heal', ...BY }), { 'content-type': 'text/plain' })).status,
  ).toBe(415);
});

test('a page from another origin can neither read the stream nor drain a site', async () => {
  const p = await page();
  p.begin(WORLD);
  asked.length = 0;
  const drain = { do: 'drain', site: '<script>', ...BY };
  const host = `127.0.0.1:${p.port}`;
  const foreign: http.OutgoingHttpHeaders[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `http://127.0.0.1:${p.port + 1}` },
    { origin: `https://${host}` },
    { host: 'evil.example' },
    { host: `evil.example:${p.port}` },
    { host: `127.0.0.1.evil.example:${p.port}`, origin: `http://127.0.0.1.evil.example:${p.port}` },
    { 'sec-fetch-site': 'cross-site' },
  ];
  for (const headers of foreign) {
    for (const path of [
      '/',
      '/api/v1/snapshot',
      '/api/v1/events',
      '/api/v1/history',
      '/api/v1/world',
      '/api/v1/openapi.json',
    ]) {
      const got = await ask(p, path, { headers });
      expect([path, headers, got.status]).toEqual([path, headers, 403]);
      expect(got.body).not.toContain('203.0.113');
      expect(got.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect((await order(p, drain, headers)).status).toBe(403);
    const preflight = await ask(p, '/api/v1/requests', {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'POST' },
    });
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([403, undefined]);
  }
  for (const authorization of [
    '',
    'Bearer',
    'Bearer wrong',
    `Basic ${tokenOf(p)}`,
    tokenOf(p),
    `Bearer ${tokenOf(p)}x`,
  ]) {
    const got = await order(p, drain, { authorization });
    expect([authorization, got.status, got.headers['www-authenticate']]).toEqual([
      authorization,
      401,
      'Bearer',
    ]);
  }
  expect(asked).toEqual([]);
  expect((await order(p, drain, { origin: `http://${host}`, host })).status).toBe(200);
  expect(
    (await order(p, drain, { origin: `http://localhost:${p.port}`, host: `localhost:${p.port}` })).status,
  ).toBe(200);
  expect(asked).toHaveLength(2);
});

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

test('the token is in the address after the #, in a file of this user alone, and in no answer', async () => {
  const state = folder();
  const p = await page({ state });
  p.begin(WORLD);
  expect(p.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{32}$/);
  expect(readFileSync(join(state, 'token'), 'utf8').trim()).toBe(tokenOf(p));
  expect(statSync(join(state, 'token')).mode & 0o777).toBe(0o600);
  await order(p, { do: 'heal', ...BY });
  for (const route of Object.values(ROUTES))
    if (route.path !== '/api/v1/events') expect((await ask(p, route.path)).body).not.toContain(tokenOf(p));
  expect(
    readdirSync(join(state, 'events'))
      .map((f) => readFileSync(join(state, 'events', f), 'utf8'))
      .join(''),
  ).not.toContain(tokenOf(p));
});

test('the token goes into no file that lies there already, whoever may read it or wherever it leads', async () => {
  const [state, elsewhere] = [folder(), join(folder(), 'elsewhere')];
  writeFileSync(elsewhere, 'mine', { mode: 0o644 });
  symlinkSync(elsewhere, join(state, 'token'));
  const one = await page({ state });
  expect(readFileSync(elsewhere, 'utf8')).toBe('mine');
  expect(readFileSync(join(state, 'token'), 'utf8')).toBe(`${tokenOf(one)}\n`);
  const { ino } = statSync(join(state, 'token'));
  linkSync(join(state, 'token'), join(state, 'kept'));
  const two = await page({ state });
  expect(readFileSync(join(state, 'token'), 'utf8')).toBe(`${tokenOf(two)}\n`);
  expect(statSync(join(state, 'kept')).ino).toBe(ino);
  expect(readFileSync(join(state, 'kept'), 'utf8')).toBe(`${tokenOf(one)}\n`);
  expect(statSync(join(state, 'token')).mode & 0o777).toBe(0o600);
});

test('the built dashboard is served from its folder and from nowhere else; without it a page says how to build it', async () => {
  const dashboard = folder();
  const bare = await page({ dashboard: join(dashboard, 'dist') });
  const missing = await ask(bare, '/');
  expect([missing.status, missing.headers['content-type']]).toEqual([503, 'text/html; charset=utf-8']);
  expect(missing.body).toContain('<code>npm run build:dashboard</code>');
  writeFileSync(join(dashboard, 'secret.txt'), 'secret');
  mkdirSync(join(dashboard, 'dist', 'assets'), { recursive: true });
  writeFileSync(join(dashboard, 'dist', 'index.html'), '<!doctype html>');
  writeFileSync(join(dashboard, 'dist', 'assets', 'main-abc.js'), 'let x');
  writeFileSync(join(dashboard, 'dist', 'assets', 'main-abc.js.gz'), 'packed');
  symlinkSync(join(dashboard, 'secret.txt'), join(dashboard, 'dist', 'link.txt'));
  const p = await page({ dashboard: join(dashboard, 'dist') });
  const index = await ask(p, '/?at=123');
  expect([index.status, index.body, index.headers['cache-control']]).toEqual([
    200,
    '<!doctype html>',
    'no-cache',
  ]);
  expect(index.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
  expect(index.headers['x-content-type-options']).toBe('nosniff');
  const script = await ask(p, '/assets/main-abc.js');
  expect([script.body, script.headers['content-type'], script.headers['cache-control']]).toEqual([
    'let x',
    'text/javascript; charset=utf-8',
    'public, max-age=31536000, immutable',
  ]);
  expect(
    (await ask(p, '/assets/main-abc.js', { headers: { 'accept-encoding': 'gzip, br' } })).headers[
      'content-encoding'
    ],
  ).toBe('gzip');
  for (const path of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/link.txt',
    '/assets',
    '/%00',
    '/%zz',
    '/nothing.js',
    '/api/v1/nothing',
  ])
    expect([path, (await ask(p, path)).status]).toEqual([path, path === '/%zz' ? expect.any(Number) : 404]);
  expect((await ask(p, '/%zz')).status).toBeGreaterThanOrEqual(400);
});

test('every route answers as the OpenAPI document says', async () => {
  const p = await page({ world: async () => new Uint8Array([1, 2, 3]) });
  p.begin(WORLD);
  const doc = JSON.parse((await ask(p, '/api/v1/openapi.json')).body);
  for (const route of Object.values(ROUTES) as Route[]) {
    const told = doc.paths[route.path][route.method.toLowerCase()];
    expect(Object.keys(told.responses)).toEqual(Object.keys(route.answers));
    if (route.path === ROUTES.events.path) {
      const stream = read(p, route.path);
      await stream.opened();
      expect(stream.answer()?.headers['content-type']).toContain(Object.keys(told.responses[200].content)[0]);
      continue;
    }
    const got =
      route.method === 'POST'
        ? await order(p, { do: 'consider', order: { do: 'heal', ...BY } })
        : await ask(p, route.path);
    expect([route.path, got.status]).toEqual([route.path, 200]);
    expect(got.headers['content-type']).toContain(route.answers[200]?.type ?? 'application/json');
    if (!route.answers[200]?.type)
      expect(route.answers[200]?.schema?.safeParse(JSON.parse(got.body)).error).toBeUndefined();
    const other = await ask(p, route.path, { method: route.method === 'POST' ? 'GET' : 'DELETE' });
    expect([route.path, other.status]).toEqual([route.path, 404]);
    const refused = await ask(p, route.path, {
      method: route.method,
      headers: { origin: 'https://evil.example' },
    });
    expect(route.answers[403]?.schema?.safeParse(JSON.parse(refused.body)).success).toBe(true);
  }
  const without = await page();
  expect(await ask(without, '/api/v1/world')).toMatchObject({
    status: 404,
    body: expect.stringContaining('AS graph'),
  });
});

test('a port that is taken is said in a sentence', async () => {
  const p = await page();
  await expect(page({ port: p.port })).rejects.toThrow(
    `another program uses port ${p.port} of 127.0.0.1: end it, or choose another with --page PORT, or --page off`,
  );
});
