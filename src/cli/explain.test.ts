/** `nearcast explain PLAN CLIENT` on an internet that does not exist. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { assembleWorld, countryOf, packWorld } from '../topology/index.ts';
import { explainCommand } from './explain.ts';
import { made, near, twoSites } from './two-sites.test-support.ts';

let folder: string;
let out: string[];
const asn = made.graph.asns[400] as number;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-'));
  writeFileSync(join(folder, 'world.bin'), packWorld(made));
  writeFileSync(join(folder, 'plan.yaml'), twoSites());
  writeFileSync(
    join(folder, 'pfx2as.txt'),
    `198.51.0.0\t16\t1\n198.51.100.0\t24\t${asn}_7\n2001:db8::\t32\t${asn}\nnonsense\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  out = [];
});

async function explained(client: string, ...more: readonly string[]): Promise<string> {
  const args = [join(folder, 'plan.yaml'), client, '--world', join(folder, 'world.bin'), ...more];
  await explainCommand((text) => void out.push(text))
    .exitOverride()
    .parseAsync(args, { from: 'user' });
  return out.join('');
}

interface Told {
  readonly client: { readonly parts: readonly { readonly site: string; readonly part: number }[] };
  readonly changes: readonly {
    readonly change: string;
    readonly parts: readonly { readonly site: string }[];
  }[];
}

test('a network is explained AS by AS to its site, with the single changes that would move it', async () => {
  expect(await explained(`AS${asn}`)).toMatch(
    new RegExp(`^AS${asn}.* lands at [\\s\\S]*site (fra|sin) \\(directly, as customer`),
  );
  out = [];
  const { client, changes } = JSON.parse(await explained(`AS${asn}`, '--json')) as Told;
  const here = client.parts[0]?.site;
  expect(changes.length).toBeGreaterThan(0);
  for (const change of changes) expect(change.parts[0]?.site).not.toBe(here);
  // Taking the only other announcement away leaves everybody at the site that stays.
  expect(changes.map((c) => c.change)).toContain(
    `announce nothing from ${here} at AS${near(here === 'fra' ? 'Frankfurt' : 'Singapore')}`,
  );
});

test('what a terminal would obey in the name of a network is not printed', async () => {
  const infos = new Map([[asn, { asn, name: 'red\u001b[31m', cc: 'DE' }]]);
  const file = join(folder, 'names.bin');
  writeFileSync(file, packWorld(assembleWorld({ graph: made.graph, infos: [infos] })));
  const text = await explained(`AS${asn}`, '--world', file, '--no-changes');
  expect(text).toMatch(new RegExp(`^AS${asn} \\(red�\\[31m\\) lands at `));
  expect(text).not.toContain('\u001b');
});

test('--to asks for one site only, and a site that is none is refused', async () => {
  const { client } = JSON.parse(await explained(`AS${asn}`, '--json')) as Told;
  const here = client.parts[0]?.site as string;
  out = [];
  expect(await explained(`AS${asn}`, '--to', here)).toMatch(
    new RegExp(`no single change brings it to ${here}`),
  );
  await expect(explained(`AS${asn}`, '--to', 'ams')).rejects.toThrow(
    /a site that announces: fra, sin; not 'ams'/,
  );
});

test('a prefix or an address is explained by who announces the most specific that covers it', async () => {
  const file = ['--pfx2as', join(folder, 'pfx2as.txt'), '--no-changes'];
  expect(await explained('198.51.100.7', ...file)).toMatch(
    new RegExp(`^198\\.51\\.100\\.7 is announced by AS${asn} as 198\\.51\\.100\\.0/24\nAS${asn}`),
  );
  out = [];
  expect(await explained('2001:db8:1::/48', ...file)).toMatch(
    new RegExp(`announced by AS${asn} as 2001:db8::/32`),
  );
  await expect(explained('192.0.2.0/24', ...file)).rejects.toThrow(
    /knows nobody who announces 192\.0\.2\.0\/24/,
  );
  writeFileSync(join(folder, 'empty.txt'), 'nonsense\n');
  await expect(explained('192.0.2.0/24', '--pfx2as', join(folder, 'empty.txt'))).rejects.toThrow(
    /no IPv4 prefix in it/,
  );
});

test('a country is explained by its largest networks', async () => {
  const cc = countryOf(made, 400);
  expect(await explained(cc, '--no-changes')).toMatch(
    new RegExp(`^${cc} lands at .*\n\nNETWORK +NAME +OF IT +LANDS AT +CHOSEN BY\nAS\\d+`),
  );
  await expect(explained('QQ')).rejects.toThrow(/no network in 'QQ'/);
  await expect(explained('country:as')).rejects.toThrow(/no network in 'AS'/);
  await expect(explained('AS')).rejects.toThrow(/'AS' is no client/);
});

test('the way is drawn on the map, and the parts as a chart', async () => {
  const [map, chart] = [join(folder, 'm.svg'), join(folder, 'c.svg')];
  await explained(`AS${asn}`, '--no-changes', '--map', map, '--chart', chart);
  expect(readFileSync(map, 'utf8')).toMatch(new RegExp(`<title>AS${asn} to (fra|sin)</title>`));
  expect(readFileSync(chart, 'utf8')).toMatch(new RegExp(`Where AS${asn} lands`));
});

test('an AS the data does not know is said with the nearest that it does, and what is no client is refused', async () => {
  await expect(explained('AS1')).rejects.toThrow(/knows no AS1; the nearest number that it knows is AS\d+/);
  await expect(explained('hello')).rejects.toThrow(/'hello' is no client: give AS3320/);
  await expect(explained('AS1', 'AS2')).rejects.toThrow(/wants a plan and a client/);
});
