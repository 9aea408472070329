/** Asking for things on the page: by the keyboard alone, with the guard's word before and after. */
import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { siteRow } from './eyes.ts';
import { come, stage, world } from './stage.ts';
import { THREE, until } from './world.ts';

stage(THREE);

afterEach(() => world.heal());

/** Goes from one thing to the next, as who has no pointer does, until the focus is on the one with these words. */
async function tabTo(page: Page, words: RegExp): Promise<void> {
  const passed: string[] = [];
  for (let n = 0; n < 120; n++) {
    await page.keyboard.press('Tab');
    const text = await page.evaluate<string>(
      `{ const a = document.activeElement; (a?.getAttribute('aria-label') ?? a?.textContent ?? '').trim(); }`,
    );
    if (words.test(text)) return;
    passed.push(text);
  }
  throw new Error(`the keyboard does not reach ${words}; it passed: ${passed.join(' | ')}`);
}

async function openSite(page: Page, site: string): Promise<void> {
  await siteRow(page, site).waitFor();
  await tabTo(page, new RegExp(`^${site}`));
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: `site ${site}` }).waitFor();
}

test('a site is drained and brought back by the keyboard alone, and what the guard thinks is said before', async () => {
  const { page, troubles } = await come();
  await openSite(page, 'fra');
  await tabTo(page, /^drain/i);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/the guard allows/i).waitFor();
  expect((await world.snapshot()).sites['fra']?.drain.phase).toBe('in');
  await tabTo(page, /^drain/i);
  await page.keyboard.press('Enter');
  await until('fra to be drained', async () => (await world.snapshot()).sites['fra']?.drain.phase === 'out');
  const panel = page.getByRole('region', { name: 'site fra' });
  await panel.getByText('drained', { exact: true }).first().waitFor({ state: 'attached' });
  for (let n = 0; n < 3 && (await dialog.count()) > 0; n++) await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  // Escape in the panel itself leads back to the list, which is fine as well.
  if ((await panel.count()) === 0) await openSite(page, 'fra');
  await tabTo(page, /^undrain/i);
  await page.keyboard.press('Enter');
  await dialog.waitFor();
  await tabTo(page, /^undrain/i);
  await page.keyboard.press('Enter');
  await until('fra to be in again', async () => (await world.snapshot()).sites['fra']?.drain.phase === 'in');
  expect(troubles).toEqual([]);
});

test('what the guard refuses, and why, stands in the dialog before anybody asks: the last site', async () => {
  for (const site of ['fra', 'nyc']) await world.order({ do: 'drain', site });
  await until('two to be out', async () => {
    const { sites } = await world.snapshot();
    return ['fra', 'nyc'].every((s) => sites[s]?.drain.phase === 'out');
  });
  const { page, troubles } = await come({}, `${world.url}&site=tyo`);
  await page.getByRole('region', { name: 'site tyo' }).getByRole('button', { name: 'Drain' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/the guard refuses/i).waitFor();
  await dialog
    .getByText(/would be the last/)
    .first()
    .waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  expect((await world.snapshot()).sites['tyo']?.drain.phase).toBe('in');
  expect(troubles).toEqual([]);
});

test('an order that is refused is shown as refused, with the reason: the site is frozen', async () => {
  await world.order({ do: 'freeze', site: 'nyc', reason: 'the exhibition' });
  const { page } = await come({}, `${world.url}&site=nyc`);
  await page.getByText('Frozen by ann: the exhibition').first().waitFor();
  await page.getByRole('region', { name: 'site nyc' }).getByRole('button', { name: 'Drain' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/the guard refuses/i).waitFor();
  await dialog.getByRole('button', { name: /^drain/i }).click();
  await dialog
    .getByText(/refused/)
    .last()
    .waitFor();
  await dialog
    .getByText(/frozen by ann/)
    .last()
    .waitFor();
  expect((await world.snapshot()).sites['nyc']?.drain.phase).toBe('in');
});

test('who came by an address without the token may look at everything and is told why nothing can be asked', async () => {
  const { page, troubles } = await come({}, `${world.address}#site=nyc`);
  await page.getByRole('region', { name: 'site nyc' }).getByRole('button', { name: 'Kill' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('This page may only look').waitFor();
  expect(await dialog.getByRole('button', { name: /^kill/i }).isDisabled()).toBe(true);
  expect(troubles).toEqual([]);
});
