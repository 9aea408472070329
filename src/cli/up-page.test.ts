/** The page of a small world: what it shows is what clients meet, what it asks for is done, and a restart loses nothing. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  type Answer,
  apply,
  type Event,
  type Order,
  type Request,
  readAnswer,
  readEvent,
  readSnapshot,
  type Snapshot,
} from '../control/index.ts';
import type { Diagram } from '../picture/index.ts';
import { diagramCommand } from './diagram.ts';
import { type Line, startUp, THREE } from './up.test-support.ts';
import { upSocket } from './up-views.ts';

const NAME = `page-${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), 'nearcast-up-page-test-'));
const file = join(folder, 'network.yaml');

let up: ChildProcess | undefined;
let ready: { readonly http: number; readonly page: number };
/** What the page was told, from its first snapshot on. */
let first: Snapshot;
let events: Event[] = [];
let stream: http.ClientRequest | undefined;

async function start(): Promise<void> {
  ready = await new Promise((resolve, reject) => {
    const args = [
      '--name',
      NAME,
      '--http',
      '0',
      '--dns',
      '0',
      '--page',
      '0',
      '--state',
      join(folder, 'state'),
    ];
    const said: Line[] = [];
    up = startUp(file, args, (line) => {
      said.push(line);
      if (line['kind'] === 'ready') resolve(line as unknown as typeof ready);
    });
    up.once('exit', (code) => reject(new Error(`up ended with ${code}: ${JSON.stringify(said)}`)));
  });
}

function get(
  port: number,
  path: string,
  options: http.RequestOptions = {},
  body?: string,
): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, agent: false, ...options }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function snapshot(): Promise<Snapshot> {
  const read = readSnapshot((await get(ready.page, '/api/v1/snapshot')).body);
  if (!read.ok) throw new Error(read.complaints.join('; '));
  return read.value;
}

async function ask(request: Request): Promise<Answer> {
  const token = readFileSync(join(folder, 'state', 'token'), 'utf8').trim();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const got = await get(ready.page, '/api/v1/requests', { method: 'POST', headers }, JSON.stringify(request));
  const read = readAnswer(got.body);
  if (!read.ok) throw new Error(`${got.body}: ${read.complaints.join('; ')}`);
  return read.value;
}

/** Follows the stream from `after` on; what comes is appended to `events`. */
function follow(after: string): void {
  stream = http.get(
    {
      host: '127.0.0.1',
      port: ready.page,
      path: '/api/v1/events',
      agent: false,
      headers: { 'last-event-id': after },
    },
    (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('error', () => {});
      answer.on('data', (piece: string) => {
        text += piece;
        const parts = text.split('\n\n');
        text = parts.pop() as string;
        for (const part of parts) {
          expect(part).not.toContain('event: reset');
          const data = /^data: (.*)$/m.exec(part)?.[1];
          const read = data === undefined ? undefined : readEvent(data);
          if (read && !read.ok) throw new Error(read.complaints.join('; '));
          if (read?.ok) events.push(read.value);
        }
      });
    },
  );
  stream.on('error', () => {});
}

async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error(`not in time: ${what}`);
}

const TOKYO = '127.81.0.1';
const BY = { owner: 'ann', reason: 'to see it' };
const siteOf = (order: Order) => ('site' in order ? order.site : undefined);

beforeAll(async () => {
  writeFileSync(file, THREE);
  await start();
  first = await snapshot();
  follow(`${first.run}:${first.seq}`);
});

afterAll(() => {
  stream?.destroy();
  up?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  rmSync(upSocket(NAME), { force: true });
});

test('the snapshot of a world at rest: every site up and announced, every cell of the matrix as expected, every vantage with a way and its reasons', async () => {
  const rest = async () => {
    const s = await snapshot();
    expect(Object.keys(s.sites)).toEqual(['fra', 'nyc', 'tyo']);
    for (const site of Object.values(s.sites)) {
      expect([site.process.standing, site.verdicts['web']?.phase, site.drain.phase]).toEqual([
        'running',
        'up',
        'in',
      ]);
      for (const upstream of Object.values(site.upstreams)) {
        expect(upstream.session.state).toBe('established');
        expect(upstream.announcements['203.0.113.0/24']).toMatchObject({ expected: 'full', actual: 'full' });
      }
    }
    expect(s.sites['tyo']?.place).toMatchObject({ name: 'Tokyo', country: 'JP' });
    const vantages = Object.values(s.vantages);
    expect(vantages.length).toBeGreaterThan(100);
    for (const { landing, asn } of vantages) {
      expect(landing.path[0]).toBe(asn);
      expect(landing.hops.every((h) => h.why !== undefined)).toBe(true);
      expect(s.sites[landing.site as string]).toBeDefined();
    }
  };
  // It comes to rest by and by: the last routes arrive after the sites have decided.
  await vi.waitFor(rest, { timeout: 60_000, interval: 100 });
});

test('nearcast diagram --live draws it as it is, with states', async () => {
  const out: (string | Uint8Array)[] = [];
  await diagramCommand((text) => void out.push(text))
    .exitOverride()
    .parseAsync(['--live', '--name', NAME, '--json'], { from: 'user' });
  const diagram = JSON.parse(out.join('')) as Diagram;
  expect(diagram.sites.map((s) => [s.name, s.state?.word, s.sessions[0]?.prefixes])).toEqual(
    ['fra', 'nyc', 'tyo'].map((site) => [site, 'announced', ['203.0.113.0/24']]),
  );
  expect(diagram.at).toBeGreaterThan(0);
});

test('requests of clients are counted where they came from and where they went', async () => {
  const site = (await snapshot()).vantages[TOKYO]?.landing.site as string;
  const before = (await snapshot()).sites[site]?.load.asked as number;
  for (let i = 0; i < 5; i++)
    expect((await get(ready.http, '/', { localAddress: TOKYO })).headers['x-served-by']).toBe(site);
  await until('the count', async () => (await snapshot()).vantages[TOKYO]?.requests.served === 5);
  expect((await snapshot()).sites[site]?.load.asked).toBe(before + 5);
});

test('a site that is killed from the page is dead there, its clients move, and heal brings all back', async () => {
  const site = (await snapshot()).vantages[TOKYO]?.landing.site as string;
  const answer = await ask({ do: 'kill', site, ...BY });
  expect(answer).toMatchObject({ outcome: 'done', opinion: { guard: 'not asked' } });
  await until('the move', () =>
    events.find((e) => e.kind === 'landing' && e.vantage === TOKYO && e.is.site !== site),
  );
  const s = await until('death', async () => {
    const now = await snapshot();
    return now.sites[site]?.process.standing === 'dead' && now;
  });
  expect(s.faults[`site ${site}`]).toMatchObject({ fault: 'site', site });
  const moved = s.vantages[TOKYO]?.landing.site;
  expect((await get(ready.http, '/', { localAddress: TOKYO })).headers['x-served-by']).toBe(moved);
  expect((await ask({ do: 'heal', ...BY })).outcome).toBe('done');
  await until('the way back', async () => (await snapshot()).vantages[TOKYO]?.landing.site === site);
  expect((await snapshot()).faults).toEqual({});
});

test('what the guard thinks is said before anything is done, a drain goes its steps, and a freeze refuses', async () => {
  const considered = await ask({ do: 'consider', order: { do: 'drain', site: 'tyo', ...BY } });
  expect(considered).toMatchObject({ outcome: 'considered', opinion: { guard: 'allows' } });
  expect((await snapshot()).sites['tyo']?.drain.phase).toBe('in');
  expect((await ask({ do: 'drain', site: 'tyo', ...BY })).outcome).toBe('done');
  const phases = () => events.flatMap((e) => (e.kind === 'drain' && e.site === 'tyo' ? [e.is.phase] : []));
  await until('out', () => phases().includes('out'));
  expect(phases()[0]).toBe('lessPreferred');
  expect(
    (await snapshot()).sites['tyo']?.upstreams['as64603']?.announcements['203.0.113.0/24'],
  ).toMatchObject({ expected: 'withdrawn', actual: 'withdrawn' });
  expect((await ask({ do: 'undrain', site: 'tyo', ...BY })).outcome).toBe('done');
  await until('in again', () => phases().at(-1) === 'in');
  expect((await ask({ do: 'freeze', site: 'tyo', ...BY })).outcome).toBe('done');
  await until('frozen', async () => (await snapshot()).sites['tyo']?.frozen?.owner === 'ann');
  const refused = await ask({ do: 'drain', site: 'tyo', ...BY });
  expect(refused).toMatchObject({ outcome: 'refused', say: [expect.stringContaining('frozen by ann')] });
  expect((await ask({ do: 'unfreeze', site: 'tyo', ...BY })).outcome).toBe('done');
  await until('thawed', async () => (await snapshot()).sites['tyo']?.frozen === undefined);
});

test('the last sites may not leave, and that is said beforehand', async () => {
  for (const site of ['fra', 'nyc']) expect((await ask({ do: 'drain', site, ...BY })).outcome).toBe('done');
  await until('two out', async () => {
    const { sites } = await snapshot();
    return ['fra', 'nyc'].every((s) => sites[s]?.drain.phase === 'out');
  });
  const considered = await ask({ do: 'consider', order: { do: 'drain', site: 'tyo', ...BY } });
  expect(considered.opinion).toMatchObject({
    guard: 'refuses',
    why: [expect.stringContaining('would be the last')],
  });
  for (const site of ['fra', 'nyc']) await ask({ do: 'undrain', site, ...BY });
  await until('all in', async () =>
    Object.values((await snapshot()).sites).every((s) => s.drain.phase === 'in'),
  );
});

test('a service that fails and a cable that is cut are faults with names, and what is not there is answered with the nearest names', async () => {
  await ask({ do: 'fail', service: 'web', site: 'nyc', how: 'hang', ...BY });
  await ask({ do: 'cut', one: 'fra', ...BY });
  const s = await until('both', async () => {
    const now = await snapshot();
    return (
      Object.keys(now.faults).length === 2 && now.sites['nyc']?.verdicts['web']?.verdict === 'down' && now
    );
  });
  expect(s.faults).toMatchObject({
    'service web at nyc': { fault: 'service', site: 'nyc', service: 'web', how: 'hang' },
    'link fra – as64601': { fault: 'link', ends: ['fra', 'as64601'] },
  });
  const cell = await until('the empty cell', async () => {
    const now = (await snapshot()).sites['fra']?.upstreams['as64601']?.announcements['203.0.113.0/24'];
    return now?.actual === 'withdrawn' && now;
  });
  expect(cell).toMatchObject({ expected: 'full', why: [expect.stringContaining('session')] });
  expect(await ask({ do: 'kill', site: 'tyoo', ...BY })).toMatchObject({
    outcome: 'unknown',
    nearest: ['tyo', 'fra', 'nyc'],
  });
  expect((await ask({ do: 'fail', service: 'wbe', site: 'nyc', how: 'hang', ...BY })).nearest?.[0]).toBe(
    'web',
  );
  expect((await ask({ do: 'cut', one: 'atlantis', ...BY })).outcome).toBe('unknown');
  expect((await ask({ do: 'cut', one: 'nyc', other: 'AS 64602', ...BY })).outcome).toBe('done');
  expect((await ask({ do: 'heal', ...BY })).outcome).toBe('done');
  await until('healed', async () => Object.keys((await snapshot()).faults).length === 0);
  expect((await ask({ do: 'restart', site: 'nyc', ...BY })).outcome).toBe('done');
});

test('folding the events of all that gives the snapshot, and orders are among them', async () => {
  const now = await until('quiet', async () => {
    const s = await snapshot();
    return events.at(-1)?.seq === s.seq && s;
  });
  expect(JSON.parse(JSON.stringify(events.reduce(apply, first)))).toEqual(now);
  expect(events.map((e) => e.seq)).toEqual(events.map((_, i) => first.seq + 1 + i));
  const orders = events.flatMap((e) =>
    e.kind === 'order' ? [`${e.order.do} ${siteOf(e.order) ?? ''} ${e.outcome}`.trim()] : [],
  );
  expect(orders.some((o) => o.startsWith('kill '))).toBe(true);
  expect(orders).toContain('drain tyo refused');
});

test('a world that was killed and started anew goes on where its page was', async () => {
  stream?.destroy();
  const last = events.at(-1) as Event;
  const ended = new Promise((resolve) => up?.once('exit', resolve));
  up?.kill('SIGKILL');
  await ended;
  events = [];
  await start();
  follow(`${last.run}:${last.seq}`);
  await until('its start', () => events.some((e) => e.kind === 'start'));
  expect(events[0]?.seq).toBe(last.seq + 1);
  expect(events.map((e) => e.seq)).toEqual(events.map((_, i) => last.seq + 1 + i));
  expect((await snapshot()).run).not.toBe(last.run);
  const history = JSON.parse((await get(ready.page, `/api/v1/history?from=${first.at}&limit=5000`)).body);
  expect(history.events.some((e: Event) => e.kind === 'order')).toBe(true);
});
