/** The control page over real HTTP: what it answers, and whom it refuses. */
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type http from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROUTES, type Route, readAnswer, readSnapshot } from '../../control/index.ts';
import { ask, asked, BY, folder, order, page, read, tokenOf, WORLD } from './page.test-support.ts';

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
