/** The page over the planet that comes with nearcast: it loads, shows what happens, and goes back in time. */
import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import type { Look } from './browser.ts';
import { alike, clientColour, pin, siteColour, siteRow, visibleClient } from './eyes.ts';
import { come, stage, world } from './stage.ts';
import { until } from './world.ts';

stage();

afterEach(() => world.heal());

const SITES = ['fra', 'lon', 'nyc', 'sjc', 'gru', 'jnb', 'tyo', 'sin'];

const LOOKS: readonly (Look & { readonly name: string })[] = [
  { name: 'dark', theme: 'dark' },
  { name: 'light', theme: 'light' },
  { name: 'on a phone', theme: 'dark', width: 390, height: 844 },
];
for (const { name, ...look } of LOOKS)
  test(`it loads without a complaint and asks nobody else, and shows every site and its state as words: ${name}`, async () => {
    const { page, troubles } = await come(look);
    for (const site of SITES) {
      await siteRow(page, site).getByText('announced', { exact: true }).waitFor();
      expect(await pin(page, site).getAttribute('aria-label')).toContain('announced');
    }
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe(look.theme);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(troubles).toEqual([]);
  });

test('the flat map shows all sites also beside a wide panel, and when its place changes', async () => {
  const { page } = await come({ still: true }, `${world.url}&map=flat&panel=diagram`);
  const inside = async () => {
    const map = (await page.getByRole('main', { name: 'Map' }).boundingBox())!;
    for (const site of SITES) {
      const { x, y, width, height } = (await pin(page, site).locator('svg').boundingBox())!;
      if (x < map.x || x + width > map.x + map.width || y < map.y || y + height > map.y + map.height)
        return false;
    }
    return true;
  };
  await until('all sites to be seen', inside);
  await page.getByRole('tab', { name: 'Now' }).click();
  await until('all sites to be seen', inside);
  await page.getByRole('tab', { name: 'Diagram' }).click();
  await until('all sites to be seen', inside);
});

test('on a phone the head leaves the screen to the map, and the colours are chosen at the end of the page', async () => {
  const { page } = await come({ theme: 'dark', width: 390, height: 844 });
  expect((await page.getByRole('banner').boundingBox())!.height).toBeLessThan(844 / 8);
  await page.getByRole('group', { name: 'Colours' }).getByText('Light').click();
  expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('light');
});

/** The dialog that is open, and its button that does what it asks about. */
async function confirm(page: Page, what: RegExp): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: what }).click();
  await dialog.waitFor({ state: 'detached' });
}

test('a newcomer kills Tokyo: it turns dead in list and map, and the dots of its clients take the colour of where they land now', async () => {
  const { page, troubles } = await come({ still: true });
  const before = await world.snapshot();
  const client = await visibleClient(page, before, 'tyo');
  const tokyo = await siteColour(page, 'tyo');
  await until('the dot of a client of Tokyo', async () =>
    alike(await clientColour(page, before, client), tokyo),
  );
  await page.getByRole('button', { name: 'Kill Tokyo and watch' }).click();
  await confirm(page, /^kill/i);
  await siteRow(page, 'tyo').getByText('dead', { exact: true }).waitFor();
  await until('the pin of Tokyo', async () =>
    (await pin(page, 'tyo').getAttribute('aria-label'))?.includes('dead'),
  );
  const now = await until('clients to move', async () => {
    const { site } = (await world.snapshot()).vantages[client]!.landing;
    return site !== undefined && site !== 'tyo' && site;
  });
  // The page may only show what a client really meets.
  expect(await until('an answer', () => world.served(client))).toBe(now);
  const colour = await siteColour(page, now);
  expect(alike(colour, tokyo)).toBe(false);
  await until('the dot in its new colour', async () =>
    alike(await clientColour(page, before, client), colour),
  );
  expect(troubles).toEqual([]);
});

test('what if Tokyo were off: the map is drawn in other colours, people are said to move, nothing is done, and a link shows the same', async () => {
  const { page, troubles } = await come({ still: true }, `${world.url}&panel=what-if`);
  const tokyo = page.getByRole('checkbox', { name: 'tyo announces' });
  const moving = page.getByRole('region', { name: 'All sites together' }).locator('dd').first();
  await until('the prediction', async () => (await moving.innerText()) === 'nobody');
  const map = page.getByRole('main', { name: 'Map' });
  const before = await map.screenshot();
  await tokyo.focus();
  await page.keyboard.press('Space');
  await until('people who move', async () => / %$/.test(await moving.innerText()));
  expect(await tokyo.isChecked()).toBe(false);
  await until('other colours', async () => !(await map.screenshot()).equals(before));
  const prepends = page.getByRole('slider', { name: /^Prepends of fra at/ }).first();
  const said = await moving.innerText();
  await prepends.focus();
  for (let n = 0; n < 5; n++) await page.keyboard.press('ArrowRight');
  await until('other people', async () => {
    const now = await moving.innerText();
    return / %$/.test(now) && now !== said;
  });
  // The sums of the five steps come in one after another: the figure is the last one when it stays.
  let shown = '';
  await until('the last figure', async () => {
    const was = shown;
    shown = await moving.innerText();
    await page.waitForTimeout(700);
    return shown === was;
  });
  // Nothing was done.
  const { sites } = await world.snapshot();
  expect(Object.values(sites).every((s) => s.drain.phase === 'in' && s.process.standing === 'running')).toBe(
    true,
  );

  const other = await come({ still: true }, await page.evaluate<string>('location.href'));
  const there = other.page.getByRole('region', { name: 'All sites together' }).locator('dd').first();
  await until('the same', async () => (await there.innerText()) === shown);
  expect(await other.page.getByRole('checkbox', { name: 'tyo announces' }).isChecked()).toBe(false);
  await other.page.getByRole('button', { name: 'As it is now' }).click();
  await until('nobody to move', async () => (await there.innerText()) === 'nobody');
  expect([...troubles, ...other.troubles]).toEqual([]);
});
