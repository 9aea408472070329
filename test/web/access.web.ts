/** Whether people who see, point or read otherwise can use every screen: axe looks for faults, in both themes and on a phone. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import type { Look } from './browser.ts';
import { leave, screensOf } from './screens.ts';
import { come, stage, world } from './stage.ts';
import { THREE, until } from './world.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

stage(THREE);

beforeAll(async () => {
  // Something of everything: a dead site, a frozen one, clients that moved, a cell that is not as it should be.
  await world.order({ do: 'freeze', site: 'nyc', reason: 'the exhibition' });
  await world.order({ do: 'fail', site: 'nyc', service: 'web', how: 'hang' });
  await world.order({ do: 'kill', site: 'tyo' });
  await until(
    'tyo to be dead',
    async () => (await world.snapshot()).sites['tyo']?.process.standing === 'dead',
  );
});

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Faults that are serious or critical, a line each. */
async function faults(page: Page, screen: string): Promise<readonly string[]> {
  const found = await page.evaluate<readonly Violation[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations)`,
  );
  return found
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .flatMap((v) =>
      v.nodes
        .slice(0, 5)
        .map((n) => `${screen}: ${v.id}: ${n.html.slice(0, 160)}: ${n.failureSummary.replace(/\s+/g, ' ')}`),
    );
}

const LOOKS: readonly (Look & { readonly name: string })[] = [
  { name: 'dark', theme: 'dark' },
  { name: 'light', theme: 'light' },
  { name: 'on a phone', theme: 'light', width: 390, height: 844 },
];
for (const { name, ...look } of LOOKS)
  test(`axe finds no serious fault on any screen, and none is wider than the window: ${name}`, async () => {
    const { page, troubles } = await come({ ...look, still: true });
    await page.evaluate(AXE);
    const found: string[] = [];
    for (const screen of await screensOf(page, world, { site: 'fra', client: '127.82.0.1' })) {
      await screen.open(page);
      found.push(...(await faults(page, screen.name)));
      if (!(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')))
        found.push(`${screen.name}: wider than the window`);
      await leave(page);
    }
    await page.route('**/api/v1/events*', (route) => route.abort());
    await page.reload({ waitUntil: 'domcontentloaded' });
    await page.getByRole('alert').waitFor();
    await page.evaluate(AXE);
    found.push(...(await faults(page, 'no connection')));
    expect(found).toEqual([]);
    expect(troubles.filter((t) => !t.includes('Failed to load resource'))).toEqual([]);
  });
