/** Pages from elsewhere that a browser here happens to show: they can neither look nor act, with the token or without. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browser, stage, world } from './stage.ts';
import { ask, THREE } from './world.ts';

let elsewhere: http.Server;
let port = 0;

stage(THREE, ['--host-resolver-rules=MAP *.example 127.0.0.1']);

beforeAll(async () => {
  elsewhere = http.createServer((_, answer) => {
    answer.writeHead(200, { 'content-type': 'text/html' });
    answer.end('<!doctype html><title>elsewhere</title><body><p>elsewhere</p></body>');
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  port = (elsewhere.address() as AddressInfo).port;
});

afterAll(() => void elsewhere?.close());

/** Another port is another origin of the same site, another name is another site, and no origin at all is what files and sandboxes have. */
const ORIGINS: readonly (readonly [string, () => string])[] = [
  ['another port of this machine', () => `http://127.0.0.1:${port}/`],
  ['another name of this machine', () => `http://localhost:${port}/`],
  ['another host', () => `http://elsewhere.example:${port}/`],
  ['a page without an origin', () => 'data:text/html,<title>elsewhere</title>'],
];

async function on<T>(address: string, work: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(address);
    return await work(page);
  } finally {
    await context.close();
  }
}

/** What a page can read of an answer, by any way there is. */
const READ = (url: string) => `(async () => {
  const tries = {
    cors: () => fetch(${JSON.stringify(url)}).then((r) => r.text()),
    opaque: () => fetch(${JSON.stringify(url)}, { mode: 'no-cors' }).then((r) => r.text()),
    script: () => new Promise((yes, no) => { const s = document.createElement('script'); s.src = ${JSON.stringify(url)}; s.onload = () => yes('loaded'); s.onerror = () => no(); document.head.append(s); }),
    stream: () => new Promise((yes, no) => {
      const s = new EventSource(${JSON.stringify(url.replace('snapshot', 'events'))});
      s.onopen = () => yes('open');
      s.onmessage = (e) => yes(e.data);
      s.addEventListener('reset', (e) => yes(e.data));
      s.onerror = () => { s.close(); no(new Error('closed')); };
    }),
  };
  const got = {};
  for (const [name, look] of Object.entries(tries)) got[name] = await look().catch(() => null) || null;
  return got;
})()`;

for (const [what, origin] of ORIGINS)
  test(`${what} can read neither how things stand nor the stream, and cannot show the page in a frame`, async () => {
    await on(origin(), async (page) => {
      expect(await page.title()).toBe('elsewhere');
      expect(await page.evaluate(READ(`${world.address}api/v1/snapshot`))).toEqual({
        cors: null,
        opaque: null,
        script: null,
        stream: null,
      });
      const framed = page.waitForEvent('requestfailed', (r) => r.url() === world.address);
      await page.evaluate(
        `{ const f = document.createElement('iframe'); f.src = ${JSON.stringify(world.address)}; document.body.append(f); }`,
      );
      await framed;
    });
  });

/** Everything that a browser lets a page send, in the hope that it is taken for an order. */
const SEND = (url: string, token: string | undefined) => `(async () => {
  const url = ${JSON.stringify(url)};
  const body = JSON.stringify({ do: 'drain', site: 'tyo', owner: 'mallory', reason: 'because' });
  const headers = ${JSON.stringify(token === undefined ? {} : { authorization: `Bearer ${token}` })};
  const answers = [];
  for (const mode of ['cors', 'no-cors'])
    for (const type of ['application/json', 'text/plain'])
      for (const credentials of ['include', 'omit'])
        answers.push(await fetch(url, { method: 'POST', mode, credentials, headers: { ...headers, 'content-type': type }, body }).then((r) => r.status, () => 'blocked'));
  navigator.sendBeacon(url, new Blob([body], { type: 'text/plain' }));
  await new Promise((done) => {
    const frame = document.createElement('iframe');
    frame.name = 'target';
    const form = document.createElement('form');
    form.method = 'post';
    form.enctype = 'text/plain';
    form.action = url;
    form.target = 'target';
    const field = document.createElement('input');
    field.name = body.slice(0, -1) + ',"x":"';
    field.value = '"}';
    form.append(field);
    document.body.append(frame, form);
    form.submit();
    setTimeout(done, 500);
  });
  return answers;
})()`;

for (const [what, origin] of ORIGINS)
  for (const knows of ['without the token', 'with it'])
    test(`${what} cannot drain a site, ${knows}`, async () => {
      const before = await world.snapshot();
      const answers = await on(origin(), (page) =>
        page.evaluate<readonly unknown[]>(
          SEND(`${world.address}api/v1/requests`, knows === 'with it' ? world.token : undefined),
        ),
      );
      // What is opaque has no status that a page could see: 0.
      expect(answers.filter((a) => a !== 'blocked' && a !== 0)).toEqual([]);
      const after = await world.snapshot();
      expect(after.sites['tyo']?.drain).toEqual(before.sites['tyo']?.drain);
      const history = await ask(world.host, `/api/v1/history?from=${before.at}`);
      expect(history.status).toBe(200);
      expect(history.body).not.toContain('mallory');
    });

test('a name of somebody else that leads here is refused whatever it asks, even from its own page (DNS rebinding)', async () => {
  const there = `http://rebound.example:${world.host.split(':')[1]}/`;
  await on(there, async (page) => {
    expect(await page.content()).toContain('this answers to localhost and 127.0.0.1 only');
    const got = await page.evaluate<{ readonly cors: string | null }>(READ(`${there}api/v1/snapshot`));
    expect(got.cors).not.toContain('sites');
    const status = await page.evaluate(
      `fetch('/api/v1/requests', { method: 'POST', headers: { authorization: 'Bearer ${world.token}', 'content-type': 'application/json' }, body: '{"do":"kill","site":"tyo","owner":"m","reason":"m"}' }).then((r) => r.status)`,
    );
    expect(status).toBe(403);
  });
  expect((await world.snapshot()).sites['tyo']?.process.standing).toBe('running');
});

test('the page itself may: the same drain from its own origin is taken', async () => {
  await on(world.address, async (page) => {
    const status = await page.evaluate(
      `fetch('/api/v1/requests', { method: 'POST', headers: { authorization: 'Bearer ${world.token}', 'content-type': 'application/json' }, body: '{"do":"drain","site":"tyo","owner":"ann","reason":"to see that the others were really refused"}' }).then((r) => r.status)`,
    );
    expect(status).toBe(200);
  });
});
