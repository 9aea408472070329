/** What somebody sees who looks at the page: states of sites, colours of dots on the map. */
import { inflateSync } from 'node:zlib';
import type { Locator, Page } from 'playwright-core';
import type { Place, Snapshot } from '../../src/control/index.ts';

/** Of the browser: these run there. */
declare const getComputedStyle: (element: unknown) => { readonly backgroundColor: string };

/** The line of a site in the list beside the map. */
export function siteRow(page: Page, site: string): Locator {
  return page.locator('.site-row', { has: page.locator('strong', { hasText: new RegExp(`^${site}$`) }) });
}

/** The site as a button on the map; its name says its state. */
export function pin(page: Page, site: string): Locator {
  return page.locator('.pin', { has: page.locator('strong', { hasText: new RegExp(`^${site}$`) }) });
}

/** The colour that the list gives to a site, `r,g,b`. */
export async function siteColour(page: Page, site: string): Promise<string> {
  const colour = await siteRow(page, site)
    .locator('.dot')
    .evaluate((dot) => getComputedStyle(dot).backgroundColor);
  return channels(colour).join();
}

/** A client that is not hidden by pins of sites, or by others: it can be seen where it lands. */
export async function visibleClient(page: Page, snapshot: Snapshot, site: string): Promise<string> {
  const at = await plane(page, snapshot);
  const pins = Object.values(snapshot.sites).map((s) => at(s.place));
  const dots = Object.entries(snapshot.vantages).map(([address, v]) => ({ address, ...at(v.place), v }));
  const room = (dot: (typeof dots)[number]) =>
    Math.min(
      ...pins.map((p) => Math.hypot(p.x - dot.x, p.y - dot.y) / 3),
      ...dots.filter((d) => d !== dot).map((d) => Math.hypot(d.x - dot.x, d.y - dot.y)),
    );
  const own = dots.filter((d) => d.v.landing.site === site);
  const best = own.reduce((a, b) => (room(b) > room(a) ? b : a));
  return best.address;
}

/** The colour of the map where a client is, `r,g,b`. Only of the flat map. */
export async function clientColour(page: Page, snapshot: Snapshot, address: string): Promise<string> {
  const at = await placeOfClient(page, snapshot, address);
  return pixel(await page.screenshot({ clip: { ...at, width: 1, height: 1 } }));
}

/** Where on the page a client is, in whole pixels. Only on the flat map. */
export async function placeOfClient(
  page: Page,
  snapshot: Snapshot,
  address: string,
): Promise<{ readonly x: number; readonly y: number }> {
  const vantage = snapshot.vantages[address];
  if (!vantage) throw new Error(`no client ${address}`);
  const { x, y } = (await plane(page, snapshot))(vantage.place);
  return { x: Math.round(x), y: Math.round(y) };
}

/** True of colours that a person takes for the same. */
export function alike(a: string, b: string): boolean {
  const [one, other] = [channels(a), channels(b)];
  return one.every((c, i) => Math.abs(c - (other[i] as number)) <= 12);
}

/** Where places are on the page, worked out from where two sites are. */
async function plane(
  page: Page,
  snapshot: Snapshot,
): Promise<(place: Place) => { readonly x: number; readonly y: number }> {
  const sites = Object.entries(snapshot.sites);
  const [east, west] = [
    sites.reduce((a, b) => (b[1].place.lon > a[1].place.lon ? b : a)),
    sites.reduce((a, b) => (b[1].place.lon < a[1].place.lon ? b : a)),
  ];
  const [a, b] = [await middle(pin(page, east[0])), await middle(pin(page, west[0]))];
  // Pixels to a degree of longitude, the same in all directions on this map.
  const scale = (a.x - b.x) / (east[1].place.lon - west[1].place.lon);
  return (place) => ({
    x: a.x + scale * (place.lon - east[1].place.lon),
    y: a.y - scale * (mercator(place.lat) - mercator(east[1].place.lat)),
  });
}

async function middle(pin: Locator): Promise<{ readonly x: number; readonly y: number }> {
  const box = await pin.locator('svg').boundingBox();
  if (!box) throw new Error('a site is not on the map');
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Degrees. */
function mercator(lat: number): number {
  return (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));
}

/** Of a PNG of one pixel: no filter changes what stands alone. */
function pixel(png: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; ) {
    const size = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + size));
    at += size + 12;
  }
  return [...inflateSync(Buffer.concat(parts)).subarray(1, 4)].join();
}

function channels(colour: string): readonly number[] {
  return [...colour.matchAll(/[\d.]+/g)].slice(0, 3).map(Number);
}
