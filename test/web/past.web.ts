/** Going back in time on the page: by a link, and by the slider. */
import { afterEach, expect, test } from 'vitest';
import { alike, clientColour, pin, siteColour, siteRow, visibleClient } from './eyes.ts';
import { come, stage, world } from './stage.ts';
import { until } from './world.ts';

stage();

afterEach(() => world.heal());

test('a link to an instant shows it to whoever opens it: before Tokyo died it is well, in the list, on the map, and in its own panel', async () => {
  const { page } = await come({ still: true });
  const before = await world.snapshot();
  const client = await visibleClient(page, before, 'tyo');
  const tokyo = await siteColour(page, 'tyo');
  await world.order({ do: 'kill', site: 'tyo' });
  await siteRow(page, 'tyo').getByText('dead', { exact: true }).waitFor();

  const link = `${world.address}#site=tyo&at=${new Date(before.at).toISOString()}`;
  const other = await come({ still: true }, link);
  const panel = other.page.getByRole('region', { name: 'site tyo' });
  await panel.getByText('announced', { exact: true }).first().waitFor();
  expect(await pin(other.page, 'tyo').getAttribute('aria-label')).toContain('announced');
  expect(await panel.getByText('dead').count()).toBe(0);
  await until('the dot as it was', async () => alike(await clientColour(other.page, before, client), tokyo));

  await other.page.getByRole('button', { name: 'Now', exact: true }).click();
  await panel.getByText('dead', { exact: true }).waitFor();
  expect(await other.page.evaluate('location.hash')).toBe('#site=tyo');
  expect(other.troubles).toEqual([]);
});

test('sliding back replays it: the instant before the kill is in list, map and panel as it was, event by event up to now again', async () => {
  const { page, troubles } = await come({ still: true });
  const before = await world.snapshot();
  const client = await visibleClient(page, before, 'tyo');
  const tokyo = await siteColour(page, 'tyo');
  await world.order({ do: 'kill', site: 'tyo' });
  await siteRow(page, 'tyo').getByText('dead', { exact: true }).waitFor();
  await until(
    'clients to move',
    async () => (await world.snapshot()).vantages[client]?.landing.site !== 'tyo',
  );
  await until(
    'the dot in another colour',
    async () => !alike(await clientColour(page, before, client), tokyo),
  );

  const slider = page.getByRole('slider', { name: 'Instant that is shown' });
  await slider.focus();
  await until('Tokyo before its death', async () => {
    await page.keyboard.press('ArrowLeft');
    return (await siteRow(page, 'tyo').getByText('announced', { exact: true }).count()) === 1;
  });
  await page.getByText('Replay', { exact: true }).waitFor();
  await until('the dot as it was', async () => alike(await clientColour(page, before, client), tokyo));
  expect(await pin(page, 'tyo').getAttribute('aria-label')).toContain('announced');
  // What happens meanwhile does not disturb who looks at the past.
  await world.order({ do: 'kill', site: 'nyc' });
  await until(
    'the death of New York',
    async () => (await world.snapshot()).sites['nyc']?.process.standing === 'dead',
  );
  await siteRow(page, 'nyc').getByText('announced', { exact: true }).waitFor();
  const link = await page.evaluate<string>('location.href');

  await until('its death, event by event', async () => {
    await page.keyboard.press('ArrowRight');
    return (await siteRow(page, 'tyo').getByText('dead', { exact: true }).count()) === 1;
  });
  await page.keyboard.press('End');
  await page.getByText('Live', { exact: true }).waitFor();
  await siteRow(page, 'nyc').getByText('dead', { exact: true }).waitFor();
  await siteRow(page, 'tyo').getByText('dead', { exact: true }).waitFor();

  // A pointer does the same: near the right end is a moment ago, and further left is before all this.
  const track = (await slider.boundingBox())!;
  await page.mouse.move(track.x + track.width - 2, track.y + track.height / 2);
  await page.mouse.down();
  await page.mouse.move(track.x + track.width * 0.9, track.y + track.height / 2, { steps: 5 });
  await page.mouse.up();
  await page.getByText('Replay', { exact: true }).waitFor();

  // The link that the address was meanwhile leads to the same view and instant.
  const other = await come({ still: true }, link);
  await siteRow(other.page, 'tyo').getByText('announced', { exact: true }).waitFor();
  await siteRow(other.page, 'nyc').getByText('announced', { exact: true }).waitFor();
  expect(await other.page.evaluate<string>('location.href')).toBe(link);
  expect([...troubles, ...other.troubles]).toEqual([]);
});
