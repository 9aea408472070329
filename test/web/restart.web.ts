/** A page whose server goes away and comes back: it says so meanwhile, and misses nothing. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { settled } from './browser.ts';
import { siteRow } from './eyes.ts';
import { come, stage, world } from './stage.ts';
import { THREE, until } from './world.ts';

stage(THREE);

/** Keeps what the page was told by its streams, without being in its way. */
const LISTEN = `
  window.heard = [];
  const Real = window.EventSource;
  window.EventSource = class extends Real {
    constructor(...args) {
      super(...args);
      window.heard.push({ kind: 'stream', to: String(args[0]) });
      this.addEventListener('message', (e) => {
        const { seq, run, kind } = JSON.parse(e.data);
        window.heard.push({ kind, seq, run });
      });
      this.addEventListener('reset', () => window.heard.push({ kind: 'reset' }));
    }
  };
`;

interface Heard {
  readonly kind: string;
  readonly seq?: number;
  readonly run?: string;
  readonly to?: string;
}

const heard = (page: Page) => page.evaluate<readonly Heard[]>('window.heard');

test('while the server is gone the page says so and keeps what it has; back again, it goes on from there, and not one event is missing', async () => {
  const { page, troubles } = await come({ before: LISTEN });
  const first = await world.snapshot();
  let snapshots = 0;
  page.on('request', (r) => {
    if (r.url().endsWith('/snapshot')) snapshots++;
  });

  await world.order({ do: 'kill', site: 'tyo' });
  await siteRow(page, 'tyo').getByText('dead', { exact: true }).waitFor();
  await world.kill();
  await page.getByRole('alert').getByText('No connection for').waitFor();
  await page.getByText('Lost', { exact: true }).waitFor();
  // What was heard last stays to be seen.
  expect(await siteRow(page, 'tyo').getByText('dead', { exact: true }).isVisible()).toBe(true);

  await world.begin();
  await page
    .getByRole('button', { name: 'Try now' })
    .click({ timeout: 1000 })
    .catch(() => {});
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('alert').waitFor({ state: 'detached' });
  await siteRow(page, 'tyo').getByText('announced', { exact: true }).waitFor();

  await world.order({ do: 'kill', site: 'fra' });
  await siteRow(page, 'fra').getByText('dead', { exact: true }).waitFor();
  await world.heal();
  const last = (await world.snapshot()).seq;
  const all = await until('the last event', async () => {
    const so = await heard(page);
    return so.some((h) => (h.seq ?? 0) >= last) && so;
  });
  const events = all.filter((h) => h.seq !== undefined);
  const from = events[0]!.seq as number;
  expect(from).toBeLessThanOrEqual(first.seq + 1);
  expect(events.map((h) => h.seq)).toEqual(events.map((_, i) => from + i));
  expect(new Set(events.map((h) => h.run)).size).toBe(2);
  expect(events.filter((h) => h.kind === 'start')).toHaveLength(1);
  // Neither the server nor the page had to begin anew.
  expect(all.filter((h) => h.kind === 'reset')).toEqual([]);
  expect(snapshots).toBe(0);
  // A browser itself complains of what it could not reach, and of nothing else.
  expect(
    troubles.filter((t) => !/Failed to load resource|ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(t)),
  ).toEqual([]);
});

test('a page that is opened while nobody answers says what to do, and shows the network as soon as there is one', async () => {
  const { page } = await come();
  await page.route('**/api/v1/snapshot', (route) => route.abort());
  await page.reload({ waitUntil: 'domcontentloaded' });
  await page.getByRole('heading', { name: 'Nobody answers' }).waitFor();
  await page.unroute('**/api/v1/snapshot');
  await settled(page);
  await siteRow(page, 'nyc').getByText('announced', { exact: true }).waitFor();
});
