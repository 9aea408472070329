/** Names and words that are markup: whoever chose them, they show as text and nothing of them is carried out. */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Visit } from './browser.ts';
import { come, stage, world } from './stage.ts';
import { THREE, until } from './world.ts';

stage(THREE);

let liar: http.Server;

/** What things are called instead. A plan does not allow most of these; an agent that lies, or a later version, might send them. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/\btyo\b/g, '<script>hack(1)</script>'],
  [/\bTokyo\b/g, '"><img src=x onerror=hack(2)>'],
  [/\bweb\b/g, '<svg onload=hack(3)>'],
  [/\bas64603\b/g, '</textarea><script>hack(4)</script>'],
  [/\bSeoul\b/g, '<iframe srcdoc="<script>parent.hack(5)</script>">'],
  [/\bthree\b/g, '<style>*{display:none}</style>'],
  [/\bann\b/g, "'-hack(6)-'"],
  [/\bsession\b(?=[^":]* )/g, '<a href="javascript:hack(7)">session</a>'],
];
const REASON = '<img src=x onerror=hack(8)><script>hack(8)</script>{{hack(8)}}';

/** The server, with other names in all it says. */
beforeAll(async () => {
  liar = http.createServer((request, answer) => {
    const { origin, 'content-length': _, ...asked } = request.headers;
    const headers = {
      ...asked,
      host: world.host,
      'accept-encoding': 'identity',
      ...(origin === undefined ? {} : { origin: `http://${world.host}` }),
    };
    const onward = http.request(
      {
        host: '127.0.0.1',
        port: world.host.split(':')[1],
        path: request.url,
        method: request.method,
        headers,
      },
      (from) => {
        const { 'content-length': __, ...rest } = from.headers;
        answer.writeHead(from.statusCode ?? 502, rest);
        if (!request.url?.startsWith('/api/')) return void from.pipe(answer);
        let text = '';
        from.setEncoding('utf8');
        from.on('data', (piece: string) => {
          text += piece;
          const whole = text.lastIndexOf('\n') + 1;
          answer.write(renamed(text.slice(0, whole)));
          text = text.slice(whole);
        });
        from.on('end', () => answer.end(renamed(text)));
        from.on('error', () => answer.destroy());
      },
    );
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    // Who asks for what is called so means what it is.
    let asks = '';
    request.setEncoding('utf8');
    request.on('data', (piece: string) => {
      asks += piece;
    });
    request.on('end', () => onward.end(asks.replaceAll(quoted('<script>hack(1)</script>'), 'tyo')));
  });
  await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  liar?.closeAllConnections();
  liar?.close();
});

function renamed(json: string): string {
  return NAMES.reduce((text, [what, name]) => text.replace(what, () => quoted(name)), json);
}

/** As it stands within a string of JSON. */
function quoted(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

const HACK = 'window.hacked = []; window.hack = (n) => window.hacked.push(n);';

function open(view: string): Promise<Visit> {
  const { port } = liar.address() as AddressInfo;
  return come({ before: HACK }, `http://127.0.0.1:${port}/#token=${world.token}${view}`);
}

/** Nothing ran, and nothing became an element that only a name could have made. */
async function unharmed({ page, troubles }: Visit): Promise<void> {
  expect(await page.evaluate('window.hacked')).toEqual([]);
  expect(
    await page.evaluate(
      `document.querySelectorAll('body script, body img:not([src^="blob:"]), body iframe, body style, body [onerror], body [onload], a[href^="javascript:" i]').length`,
    ),
  ).toBe(0);
  expect(troubles).toEqual([]);
}

async function tabs(page: Page): Promise<readonly string[]> {
  return page
    .getByRole('tab')
    .evaluateAll((all) => all.map((tab) => (tab as { id: string }).id.replace(/^tab-/, '')));
}

test('sites, places, services, upstreams, vantages and people that are called like scripts are shown as they are called, on every panel', async () => {
  await world.order({ do: 'freeze', site: 'nyc', owner: 'ann', reason: REASON });
  await world.order({ do: 'drain', site: 'tyo', owner: '<script>hack(9)</script>', reason: REASON });
  await until('tyo to be drained', async () => (await world.snapshot()).sites['tyo']?.drain.phase === 'out');
  await world.order({ do: 'fail', site: 'fra', service: 'web', how: 'wrong', reason: REASON });
  const start = await open('');
  const { page } = start;
  await page.locator('.site-row').getByText('<script>hack(1)</script>').waitFor();
  await page.locator('.pin').getByText('<script>hack(1)</script>').waitFor();
  for (const id of await tabs(page)) {
    await page.locator(`#tab-${id}`).click();
    await page.getByRole('tabpanel').waitFor();
    await page.waitForTimeout(300);
    await unharmed(start);
  }
  // The diagram is a picture, which runs nothing; saved and opened by itself it would be a document.
  await page.getByRole('tab', { name: 'Diagram' }).click();
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save as SVG' }).click(),
  ]);
  const svg = readFileSync(await saved.path(), 'utf8');
  expect(svg).toContain('&lt;script&gt;hack(1)');
  expect(svg).not.toMatch(/<(script|iframe|img|a)\b|<\w+[^>]*\son\w+=/i);
  const subjects = [
    [`site=${encodeURIComponent('<script>hack(1)</script>')}`, '"><img src=x onerror=hack(2)>'],
    ['site=nyc', `'-hack(6)-': ${REASON}`],
    ['site=fra', '<svg onload=hack(3)>'],
    ['client=127.82.0.1', '<iframe srcdoc='],
    // A link is somebody else's words too.
    ['site=<img src=x onerror=hack(10)>', '<img src=x onerror=hack(10)>'],
    ['client="><svg onload=hack(10)>', '"><svg onload=hack(10)>'],
  ] as const;
  for (const [hash, text] of subjects) {
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await page.locator('.side').getByText(text).first().waitFor();
    await unharmed(start);
  }
  await unharmed(
    await open('&panel=<script>hack(10)</script>&who.q=<img src=x onerror=hack(10)>&network=<b>'),
  );
});

test('an event that names things like scripts, and the dialog that asks about one, show them as text', async () => {
  const seen = await open(`&site=${encodeURIComponent('<script>hack(1)</script>')}`);
  const { page } = seen;
  await world.order({ do: 'undrain', site: 'tyo', owner: 'ann', reason: REASON });
  const panel = page.locator('.side');
  await panel.getByRole('button', { name: 'Drain', exact: true }).click();
  await page.getByRole('dialog').getByText('<script>hack(1)</script>').first().waitFor();
  await unharmed(seen);
});
