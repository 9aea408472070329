/**
 * The page of `nearcast up` in Debian's Chromium: how soon it is there, how smooth, and how soon it shows what happened.
 *
 *     npm run bench:web
 *     npm run bench:web -- --only start,moves,networks,day --runs 5
 *
 * There is no graphics card here: WebGL is drawn on the processor (SwiftShader), which takes most of the time of a frame. So beside the
 * longest frame by the clock stands the longest task of the page itself in processor time, which is what a card would leave.
 * `networks` draws the real internet where an AS graph is found in NEARCAST_DATA or ../shared/data, else the planet's own.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { chromiumHere, openBrowser, settled, visit } from '../test/web/browser.ts';
import { placeOfClient, siteColour, siteRow, visibleClient } from '../test/web/eyes.ts';
import { until, World } from '../test/web/world.ts';
import { serveDay } from './web-day.ts';
import { FRAMES, traced, type Work } from './web-trace.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const PARTS = ['start', 'moves', 'networks', 'day'] as const;
const { values } = parseArgs({
  options: { only: { type: 'string' }, runs: { type: 'string', default: '5' } },
});
const only = values.only?.split(',') ?? PARTS;
const RUNS = Number(values.runs);
const EVENTS = 100_000;
/** After which the processor has drawn what was to be drawn. */
const REST_MS = 600;

function row(what: string, value: number, unit: string, aim?: number, remark = ''): void {
  const met = aim === undefined ? '' : `aim ≤ ${aim} ${value <= aim ? 'met' : 'MISSED'}`;
  const text = value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
  console.log(
    `${what.padEnd(58)} ${text.padStart(8)} ${unit.padEnd(3)} ${met.padEnd(18)} ${remark}`.trimEnd(),
  );
}

function frames(what: string, work: Work, aim?: number): void {
  row(`${what}: longest task of the page`, work.longestTaskMs, 'ms', aim, 'processor time');
  row(
    `${what}: longest frame by the clock`,
    work.longestFrameMs,
    'ms',
    undefined,
    `${work.frames} frames; drawn on the processor: page ${work.mainMs.toFixed(0)} ms, rasteriser ${work.rasterMs.toFixed(0)} ms in all`,
  );
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] as number;
}

function spread(all: readonly number[]): string {
  return `${all.length} runs, ${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)}`;
}

/** How soon the page is there, each time as a visitor who was never here. */
async function start(browser: Browser, world: World): Promise<void> {
  const [paint, map, bytes, all]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let n = 0; n < RUNS; n++) {
    const { page, close } = await visit(browser, world.url);
    await settled(page);
    paint.push(
      await page.evaluate<number>(`performance.getEntriesByName('first-contentful-paint')[0].startTime`),
    );
    map.push(await page.evaluate<number>(`performance.getEntriesByName('nearcast-map')[0].startTime`));
    const scripts = await page.evaluate<readonly { readonly name: string; readonly size: number }[]>(
      `performance.getEntriesByType('resource').filter((r) => r.name.endsWith('.js')).map((r) => ({ name: r.name, size: r.encodedBodySize }))`,
    );
    const isMap = ({ name }: { readonly name: string }) => /\/(mount|maplibre)[^/]*$/.test(name);
    const kilobytes = (some: typeof scripts) => some.reduce((sum, s) => sum + s.size, 0) / 1000;
    bytes.push(kilobytes(scripts.filter((s) => !isMap(s))));
    all.push(kilobytes(scripts));
    await close();
  }
  row('first paint', median(paint), 'ms', 1500, spread(paint));
  row('JavaScript before the map, packed', median(bytes), 'kB', 400);
  row('JavaScript with the map, packed', median(all), 'kB');
  row('map can be used', median(map), 'ms', 3000, spread(map));
}

/** Looks at one place of the map in the very frame that is drawn. */
const WATCH = `
  window.watchMap = ({ x, y, colour }) => {
    const one = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    window.mapTurned = undefined;
    window.lookAtMap = () => {
      const map = document.querySelector('.canvas canvas');
      const box = map.getBoundingClientRect();
      const scale = map.width / box.width;
      one.drawImage(map, (x - box.left) * scale, (y - box.top) * scale, 1, 1, 0, 0, 1, 1);
      const now = one.getImageData(0, 0, 1, 1).data;
      const same = colour.every((c, i) => Math.abs(c - now[i]) <= 12);
      if (!same && now[3] > 0) {
        window.mapTurned = performance.timeOrigin + performance.now();
        window.lookAtMap = undefined;
      }
    };
  };
  window.watchWord = (site) => {
    window.wordTurned = undefined;
    const look = () => {
      const row = [...document.querySelectorAll('.site-row')].find((r) => r.querySelector('strong').textContent === site);
      if (row && /dead/.test(row.textContent)) window.wordTurned = performance.timeOrigin + performance.now();
      else requestAnimationFrame(look);
    };
    look();
  };
  const frame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (call) => frame((now) => { call(now); window.lookAtMap?.(); });
`;

/** From when the first request set out that the front sent elsewhere to the frame that shows the client in its new colour. */
async function moves(browser: Browser, world: World): Promise<void> {
  const { page, close } = await visit(browser, world.url, { before: WATCH });
  await settled(page);
  const [shown, said]: [number[], number[]] = [[], []];
  for (const site of ['tyo', 'nyc', 'fra', 'sin', 'gru'].slice(0, RUNS)) {
    const snapshot = await world.snapshot();
    const client = await visibleClient(page, snapshot, site);
    const colour = (await siteColour(page, site)).split(',').map(Number);
    const place = await placeOfClient(page, snapshot, client);
    await page.evaluate(`watchMap(${JSON.stringify({ ...place, colour })}); watchWord('${site}')`);
    let moved: number | undefined;
    const asking = (async () => {
      while (moved === undefined) {
        const asked = Date.now();
        const by = await world.served(client);
        if (by !== undefined && by !== site) moved = asked;
      }
    })();
    await world.order({ do: 'kill', site });
    await asking;
    const map = await until('the dot to turn', () => page.evaluate<number | undefined>('window.mapTurned'));
    const word = await until('the word to turn', () =>
      page.evaluate<number | undefined>('window.wordTurned'),
    );
    shown.push(map - (moved as unknown as number));
    said.push(word - (moved as unknown as number));
    await world.heal();
    await siteRow(page, site).getByText('announced', { exact: true }).waitFor();
    // Arcs that fly lie over the dots.
    await page.waitForTimeout(4000);
  }
  row(
    'kill: a client is served elsewhere → its dot has turned',
    Math.max(0, median(shown)),
    'ms',
    1000,
    spread(shown),
  );
  row(
    'kill: a client is served elsewhere → the site says dead',
    Math.max(0, median(said)),
    'ms',
    1000,
    spread(said),
  );
  await close();
}

/** The planet at upstreams that exist, so that the real internet knows them. */
function realPlan(): string {
  const real: { readonly [asn: string]: string } = {
    64601: '1299',
    64602: '3356',
    64603: '6461',
    64604: '2914',
    64605: '12956',
    64606: '37100',
    64607: '4637',
  };
  return readFileSync(join(root, 'examples/planet/network.yaml'), 'utf8').replace(
    /asn: (646\d\d)/g,
    (_, asn) => `asn: ${real[asn]}`,
  );
}

/** Packs the real internet into a folder; undefined where there is no graph. */
function realWorld(folder: string): string | undefined {
  const data = process.env['NEARCAST_DATA'] ?? join(root, '../shared/data');
  const [graph, info, file] = [
    join(data, 'as-rel/20240801.as-rel2.txt.bz2'),
    join(data, 'as-info.csv.gz'),
    join(folder, 'world.bin'),
  ];
  if (!existsSync(graph)) return undefined;
  const args = ['bin/nearcast', 'data', 'pack', '--graph', graph, '--as-info', info, '--output', file];
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  return done.status === 0 ? file : undefined;
}

async function drag(page: Page, steps: number): Promise<void> {
  const box = (await page.getByRole('main', { name: 'Map' }).boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let n = 1; n <= steps; n++) {
    await page.mouse.move(x + 80 * Math.sin(n / 5), y + 30 * Math.cos(n / 7));
    await page.waitForTimeout(20);
  }
  await page.mouse.up();
}

/** All client networks of the internet on the map. */
async function networks(browser: Browser, folder: string): Promise<void> {
  const file = realWorld(folder);
  if (file === undefined) console.log('no AS graph here: the planet’s own networks are drawn');
  const world = await World.start(file === undefined ? {} : { plan: realPlan(), args: ['--world', file] });
  try {
    const { page, close } = await visit(browser, `${world.url}&panel=what-if`, { before: FRAMES });
    await settled(page);
    const moving = page.getByRole('region', { name: 'All sites together' }).locator('dd').first();
    await until('the prediction', async () => (await moving.innerText()) === 'nobody');
    console.log((await page.getByText('client networks, predicted').innerText()).trim());
    await page.waitForTimeout(1000);
    frames('pan', await traced(browser, page, () => drag(page, 60)), 100);
    const slider = page.getByRole('slider', { name: /^Prepends of fra at/ }).first();
    await slider.focus();
    const [redraws, predictor]: [number[], number[]] = [[], []];
    const last = () =>
      page.evaluate<
        { readonly startTime: number; readonly duration: number; readonly predictorMs: number } | undefined
      >(
        `performance.getEntriesByName('nearcast-what-if').map((m) => ({ startTime: m.startTime, duration: m.duration, predictorMs: m.detail.predictorMs })).at(-1)`,
      );
    const step = async (n: number) => {
      const before = (await last())?.startTime;
      await page.keyboard.press(n % 4 < 2 ? 'ArrowRight' : 'ArrowLeft');
      return until('the redraw', async () => {
        const m = await last();
        return m !== undefined && m.startTime !== before && m;
      });
    };
    const alone: number[] = [];
    for (let n = 0; n < 4 * RUNS; n++) {
      alone.push((await step(n)).duration);
      await page.waitForTimeout(REST_MS);
    }
    row('what-if: a prepend moves by one → the frame that shows it', median(alone), 'ms', 50, spread(alone));
    const slide = async () => {
      for (let n = 0; n < 4 * RUNS; n++) {
        const done = await step(n);
        redraws.push(done.duration);
        predictor.push(done.predictorMs);
      }
    };
    const recoloured = await traced(browser, page, slide);
    row(
      'what-if: the same while it is dragged',
      median(redraws),
      'ms',
      50,
      `${spread(redraws)}; waits for the processor to draw the frame before`,
    );
    row('what-if: the predictor’s part of it', median(predictor), 'ms', undefined, spread(predictor));
    frames('recolour', recoloured, 100);
    const site = page.getByRole('checkbox', { name: 'tyo announces' });
    const off: number[] = [];
    for (let n = 0; n < RUNS; n++) {
      const before = (await last())?.startTime;
      await site.focus();
      await page.keyboard.press('Space');
      const done = await until('the redraw', async () => {
        const m = await last();
        return m !== undefined && m.startTime !== before && m;
      });
      off.push(done.duration);
    }
    row('what-if: a site is switched → the frame that shows it', median(off), 'ms', 50, spread(off));
    await close();
  } finally {
    await world.end();
  }
}

/** A day of events: from opening the timeline to sliding and scrolling in it. */
async function day(browser: Browser, world: World, folder: string): Promise<void> {
  const server = await serveDay(await world.snapshot(), EVENTS, join(folder, 'day'));
  try {
    const { page, close } = await visit(browser, `${server.url}&panel=timeline&span=24h`, { before: FRAMES });
    await settled(page);
    const count = page
      .locator('#panel p', { hasText: / since / })
      .locator('span')
      .first();
    const began = performance.now();
    const loading = await traced(browser, page, async () => {
      await until('a day of events', async () => {
        const thousands = /([\d.]+)\sk events? since/.exec(await count.innerText())?.[1];
        return 1000 * Number(thousands) > 0.9 * EVENTS;
      });
    });
    row(
      `${EVENTS} events: all are there`,
      performance.now() - began,
      'ms',
      undefined,
      (await count.innerText()).trim(),
    );
    frames('loading them', loading);
    const list = page.getByRole('tabpanel');
    await list.hover();
    const scroll = async () => {
      for (let n = 0; n < 60; n++) {
        await page.mouse.wheel(0, n % 20 === 0 ? 40_000 : 600);
        await page.waitForTimeout(20);
      }
    };
    frames('scrolling through them', await traced(browser, page, scroll), 100);
    const track = (await page.getByRole('slider', { name: 'Instant that is shown' }).boundingBox())!;
    const slide = async () => {
      const y = track.y + track.height / 2;
      await page.mouse.move(track.x + track.width * 0.9, y);
      await page.mouse.down();
      for (let n = 0; n < 60; n++) {
        await page.mouse.move(track.x + track.width * (0.9 - (0.8 * n) / 60), y);
        await page.waitForTimeout(20);
      }
      await page.mouse.up();
    };
    frames('sliding through the day', await traced(browser, page, slide), 100);
    await close();
  } finally {
    await server.close();
  }
}

if (chromiumHere() === undefined) {
  console.log('there is no Chromium here: apt-get install chromium');
  process.exit(1);
}
spawnSync(process.execPath, ['scripts/build-dashboard.mjs'], { cwd: root, stdio: 'inherit' });
const folder = mkdtempSync(join(tmpdir(), 'nearcast-bench-web-'));
const browser = await openBrowser();
try {
  console.log(
    `${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}; Chromium ${browser.version()}, WebGL by SwiftShader`,
  );
  const world = only.some((p) => p !== 'networks') ? await World.start() : undefined;
  try {
    if (world && only.includes('start')) await start(browser, world);
    if (world && only.includes('moves')) await moves(browser, world);
    if (world && only.includes('day')) await day(browser, world, folder);
  } finally {
    await world?.end();
  }
  if (only.includes('networks')) await networks(browser, folder);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
