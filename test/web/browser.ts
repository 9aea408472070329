/** Debian's Chromium without a screen, and what a page in it complained of. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { until } from './world.ts';

/** Where a Chromium is; `NEARCAST_CHROMIUM` says another place. Undefined: nowhere. */
export function chromiumHere(): string | undefined {
  const own = process.env['NEARCAST_CHROMIUM'];
  return [
    ...(own ? [own] : []),
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ].find((path) => existsSync(path));
}

/** It asks nobody on the internet for anything, and draws WebGL on the processor. */
export function openBrowser(args: readonly string[] = []): Promise<Browser> {
  const executablePath = chromiumHere();
  if (executablePath === undefined) throw new Error('there is no Chromium here: apt-get install chromium');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
      ...args,
    ],
  });
}

export type Theme = 'dark' | 'light';

export interface Look {
  readonly theme?: Theme;
  readonly width?: number;
  readonly height?: number;
  readonly still?: boolean;
  /** Runs in the page before anything of it. */
  readonly before?: string;
}

export interface Visit {
  readonly page: Page;
  /** Errors in the console, uncaught ones, violations of the policy, and requests to anybody but the page's own server. */
  readonly troubles: readonly string[];
  close(): Promise<void>;
}

const WAIT_MS = 60_000;

/** A fresh visitor, who has never been here: nothing is kept from one visit to the next. */
export async function visit(browser: Browser, url: string, look: Look = {}): Promise<Visit> {
  const { theme = 'dark', width = 1280, height = 800, still = false, before } = look;
  const options: BrowserContextOptions = {
    colorScheme: theme,
    viewport: { width, height },
    reducedMotion: still ? 'reduce' : 'no-preference',
    locale: 'en-GB',
    timezoneId: 'Asia/Kolkata',
  };
  const context = await browser.newContext(options);
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const troubles: string[] = [];
  const own = new URL(url).host;
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => troubles.push(`uncaught: ${error.message}`));
  page.on('crash', () => troubles.push('the page crashed'));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (!['data:', 'blob:'].includes(protocol) && host !== own)
      troubles.push(`asked elsewhere: ${request.url()}`);
  });
  // Names of the page's own world, so that tests see what it was told; the document cannot tell the difference.
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', (e) => console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile + ':' + e.lineNumber + ':' + e.columnNumber));`,
  );
  if (before !== undefined) await page.addInitScript(before);
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  return { page, troubles, close: () => context.close() };
}

/** The page shows a network, and the map in it can be used. */
export async function settled(page: Page): Promise<void> {
  await page.locator('.shell .side').waitFor();
  await until('the map', () =>
    page.evaluate<boolean>(`performance.getEntriesByName('nearcast-map').length > 0`),
  );
}
