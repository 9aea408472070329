/** Every screen of the page, for those that look at all of them. Tabs are found on the page, so that none is forgotten. */
import type { Page } from 'playwright-core';
import { settled } from './browser.ts';
import type { World } from './world.ts';

export interface Screen {
  readonly name: string;
  open(page: Page): Promise<void>;
}

/** What the address says after `#` while it is shown. */
function at(name: string, hash: string, then: (page: Page) => Promise<void> = async () => {}): Screen {
  return {
    name,
    open: async (page) => {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await then(page);
    },
  };
}

/** Ids of the tabs, from left to right. */
export async function tabsOf(page: Page): Promise<readonly string[]> {
  await settled(page);
  return page
    .getByRole('tab')
    .evaluateAll((all) => all.map((tab) => (tab as { id: string }).id.replace(/^tab-/, '')));
}

/** The screens of a page that shows this world, `site` and `client` being two that are worth a look. */
export async function screensOf(
  page: Page,
  world: World,
  { site, client }: { readonly site: string; readonly client: string },
): Promise<readonly Screen[]> {
  const tabs = await tabsOf(page);
  const past = new Date((await world.snapshot()).at - 5000).toISOString();
  return [
    ...tabs.map((id) =>
      at(id, `panel=${id}`, async (p) => {
        await p.locator(`#tab-${id}[aria-selected=true]`).waitFor();
        // What is loaded when it is opened says so meanwhile.
        await p.locator('#panel .wait').waitFor({ state: 'detached' });
      }),
    ),
    at('site', `site=${site}`, (p) => p.getByRole('region', { name: `site ${site}` }).waitFor()),
    at('client', `client=${client}`, (p) => p.getByRole('region', { name: `client ${client}` }).waitFor()),
    at('past', `at=${past}`, (p) => p.getByText('Replay', { exact: true }).waitFor()),
    at('order', `site=${site}`, async (p) => {
      await p
        .getByRole('region', { name: `site ${site}` })
        .getByRole('button', { name: 'Drain' })
        .click();
      await p
        .getByRole('dialog')
        .getByText(/the guard/i)
        .first()
        .waitFor();
    }),
  ];
}

/** Takes away what the screen before put over everything. */
export async function leave(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog');
  if ((await dialog.count()) === 0) return;
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}
