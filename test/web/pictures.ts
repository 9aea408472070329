/** Screenshots of the page for the docs: the planet an instant after Tokyo died, screen by screen. `npm run web -- --pictures` */
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { type Look, openBrowser, settled, visit } from './browser.ts';
import { pin } from './eyes.ts';
import { tabsOf } from './screens.ts';
import { until, World } from './world.ts';

const FOLDER = fileURLToPath(new URL('../../docs/pictures/dashboard/', import.meta.url));
/** A repository is no place for big files. */
const LIMIT = 150_000;

interface Picture extends Look {
  readonly name: string;
  /** After the `#`. */
  readonly view: string;
  readonly after?: (page: Page) => Promise<void>;
}

const PHONE = { width: 390, height: 844 };

async function main(): Promise<void> {
  const [world, browser] = await Promise.all([World.start(), openBrowser()]);
  try {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    await world.order({ do: 'drain', site: 'lon', reason: 'kernel update' });
    await until('London to be out', async () => (await world.snapshot()).sites['lon']?.drain.phase === 'out');
    await world.order({ do: 'undrain', site: 'lon' });
    await until('London to be in', async () => (await world.snapshot()).sites['lon']?.drain.phase === 'in');
    await world.order({ do: 'cut', one: 'fra', other: 'as64602' });
    await world.order({ do: 'fail', service: 'resolver', site: 'jnb', how: 'hang' });
    await world.order({ do: 'kill', site: 'tyo' });
    await until('Tokyo’s clients to move', async () =>
      Object.values((await world.snapshot()).vantages).every(
        (v) => v.landing.site !== undefined && v.landing.site !== 'tyo',
      ),
    );
    const predicted = async (page: Page) => {
      await page
        .getByRole('region', { name: 'All sites together' })
        .locator('dd', { hasText: '%' })
        .first()
        .waitFor();
    };
    const drain = async (page: Page) => {
      await page.getByRole('region', { name: 'site sin' }).getByRole('button', { name: 'Drain' }).click();
      await page
        .getByRole('dialog')
        .getByText(/the guard/i)
        .first()
        .waitFor();
    };
    const pictures: readonly Picture[] = [
      { name: 'now-dark', theme: 'dark', view: '' },
      { name: 'now-light-globe', theme: 'light', view: 'map=globe&camera=118,22,1.6' },
      { name: 'now-phone', theme: 'dark', ...PHONE, view: '' },
      { name: 'site-light', theme: 'light', view: 'site=fra' },
      { name: 'client-dark', theme: 'dark', view: 'client=127.82.0.1' },
      { name: 'what-if-dark', theme: 'dark', view: 'panel=what-if&off=sin', after: predicted },
      { name: 'order-phone', theme: 'light', ...PHONE, view: 'site=sin', after: drain },
      { name: 'timeline-dark', theme: 'dark', view: 'panel=timeline' },
      { name: 'matrix-light', theme: 'light', view: 'panel=matrix' },
      { name: 'heat-dark', theme: 'dark', view: 'panel=heat' },
      { name: 'who-light', theme: 'light', view: 'panel=who' },
      { name: 'diagram-dark', theme: 'dark', view: 'panel=diagram' },
    ];
    for (const { name, view, after, ...look } of pictures) {
      const { page, close } = await visit(browser, `${world.url}&${view}`, {
        height: 760,
        ...look,
        still: true,
      });
      const panel = /panel=([\w-]+)/.exec(view)?.[1];
      const tabs = await tabsOf(page);
      if (panel !== undefined && !tabs.includes(panel))
        throw new Error(`${name}: there is no tab ${panel}; ${tabs}`);
      await settled(page);
      if (!view.includes('panel=')) await pin(page, 'tyo').waitFor({ state: 'attached' });
      await page.locator('#panel .wait').waitFor({ state: 'detached' });
      await after?.(page);
      // Land is drawn piece by piece.
      await page.waitForTimeout(1500);
      await save(page, `${FOLDER}${name}.webp`);
      const { size } = statSync(`${FOLDER}${name}.webp`);
      console.log(
        `${name}.webp ${(size / 1000).toFixed(0)} kB${size > LIMIT ? `: more than ${LIMIT / 1000}` : ''}`,
      );
      if (size > LIMIT) process.exitCode = 1;
      await close();
    }
  } finally {
    await browser.close();
    await world.end();
  }
}

/** As WebP, which is a third of a PNG. */
async function save(page: Page, file: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 85 });
  writeFileSync(file, Buffer.from(data, 'base64'));
}

await main();
