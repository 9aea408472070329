/** What a test of the page plays on: a world, a browser, and visitors, who leave after each test. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Look, openBrowser, settled, type Visit, visit } from './browser.ts';
import { World, type WorldOptions } from './world.ts';

/** There from `beforeAll` on. */
export let world: World;
export let browser: Browser;
const visits: Visit[] = [];

/** Once in a file, before its own hooks: the world is the planet unless something else is given. */
export function stage(options: WorldOptions = {}, args: readonly string[] = []): void {
  beforeAll(async () => {
    browser = await openBrowser(args);
    world = await World.start(options);
  });
  afterEach(async () => {
    for (const { close } of visits.splice(0)) await close();
  });
  afterAll(async () => {
    await browser?.close();
    await world?.end();
  });
}

/** A visitor who sees the page as it has settled. */
export async function come(look: Look = {}, url = world.url): Promise<Visit> {
  const seen = await visit(browser, url, look);
  visits.push(seen);
  await settled(seen.page);
  return seen;
}
