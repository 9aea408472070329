/** What is kept beside a plan, in the answers about changes: carried over, or said not to be in them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { countryOf, packWorld } from '../topology/index.ts';
import { explainCommand } from './explain.ts';
import { predictCommand } from './predict.ts';
import { made, near } from './two-sites.test-support.ts';

let folder: string;
let out: string[];
const file = (name: string) => join(folder, name);

const planOf = (...sites: readonly (readonly [name: string, city: string])[]) => `network: test
asn: 64500
prefixes: [203.0.113.0/24]
sites:
${sites.map(([name, city], i) => `  ${name}: { place: "${city}", capacity: 10 Gbps, upstreams: [ { asn: ${near(city)}, address: 192.0.2.${i + 1}, role: provider } ] }`).join('\n')}
services:
  dns: { address: [203.0.113.53], probes: [ { tcp: { port: 53 } } ] }
`;
const [FRA, NYC, SIN] = [
  ['fra', 'Frankfurt, DE'],
  ['nyc', 'New York, US'],
  ['sin', 'Singapore, SG'],
] as const;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-'));
  writeFileSync(file('world.bin'), packWorld(made));
  writeFileSync(file('plan.yaml'), planOf(FRA, NYC, SIN));
  writeFileSync(file('two.yaml'), planOf(FRA, NYC));
  const rows = Array.from({ length: 150 }, (_, i) => {
    const v = 100 + 3 * i;
    return `${v},${made.graph.asns[v]},${countryOf(made, v)},${i % 4 === 0 ? 'nyc' : 'sin'}`;
  });
  writeFileSync(file('landed.csv'), `probe,asn,cc,site\n${rows.join('\n')}\n`);
  out = [];
  await predicted('--observed', file('landed.csv'), '--save');
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  out = [];
});

async function predicted(...more: readonly string[]): Promise<string> {
  out = [];
  await predictCommand((text) => void out.push(text))
    .exitOverride()
    .parseAsync([file('plan.yaml'), '--world', file('world.bin'), ...more], { from: 'user' });
  return out.join('');
}

interface Told {
  readonly corrected?: string;
  readonly carriedOver?: string;
  readonly strayed?: number;
  readonly observationsNotUsed?: number;
  readonly certain: number;
  readonly summary: { readonly sites: readonly Share[]; readonly all: { readonly certain: number } };
  readonly failures: readonly { readonly without: string; readonly moved: number }[];
  readonly shifts: readonly { readonly site: string; readonly before: number; readonly after: number }[];
  readonly attack: { readonly sites: readonly { readonly site: string; readonly load: number }[] };
  readonly versus: readonly { readonly load: readonly { readonly site: string; readonly part: number }[] }[];
}
interface Share {
  readonly site: string;
  readonly share: number;
}
const told = async (...more: readonly string[]) => JSON.parse(await predicted('--json', ...more)) as Told;
const sharesOf = ({ summary }: Told) => new Map(summary.sites.map((s) => [s.site, s.share]));

describe('with what was seen', () => {
  test('a failure moves those who are expected at the site, not those whom routes have there', async () => {
    const now = sharesOf(await told());
    const { failures, corrected, carriedOver, strayed, observationsNotUsed } = await told('--n-1');
    for (const { without, moved } of failures) expect(moved).toBeCloseTo(now.get(without) as number, 2);
    expect(corrected).toMatch(/^corrected by 150 clients that were seen: landed\.csv/);
    expect(carriedOver).toMatch(/^carried over: who is expected at a site stays unless routes say/);
    expect(strayed).toBeGreaterThan(0.2);
    expect(observationsNotUsed).toBeUndefined();
    const routes = await told('--n-1', '--no-corrections');
    expect(routes.corrected).toBeUndefined();
    expect(routes.failures).not.toEqual(failures);
    expect(await predicted('--n-1')).toMatch(
      /\ntoday \S+ % of the clients are expected at one site with 95 % or more.*\ncorrected by 150 .*\ncarried over: /,
    );
  });

  test('on several threads pairs of failures come out the same, to the last digit', async () => {
    const alone = await predicted('--n-2', '--json', '--threads', '1');
    expect(await predicted('--n-2', '--json', '--threads', '2')).toBe(alone);
    const less = await predicted('--n-2', '--json', '--without', 'fra', '--threads', '1');
    expect(await predicted('--n-2', '--json', '--without', 'fra', '--threads', '2')).toBe(less);
  });

  test('a site left out and a plan without it come to the same, and so does another plan that is the same', async () => {
    const without = await told('--without', 'sin');
    expect(without.carriedOver).toBeDefined();
    const { shifts } = await told('--diff', file('two.yaml'));
    const now = sharesOf(await told());
    for (const { site, before, after } of shifts) {
      expect(before).toBeCloseTo(now.get(site) as number, 6);
      expect(after).toBeCloseTo(sharesOf(without).get(site) ?? 0, 4);
    }
    expect(await predicted('--diff', file('plan.yaml'))).toMatch(/^nobody moves\n/);
  });

  test('an attack of users lands as users are expected to, and so does anycast beside its rivals', async () => {
    const now = sharesOf(await told());
    const { attack } = await told('--attack', 'users', '--size', '100Gbps');
    const sent = attack.sites.reduce((n, s) => n + s.load, 0);
    for (const { site, load } of attack.sites) expect(load / sent).toBeCloseTo(now.get(site) as number, 4);
    const { versus } = await told('--versus', 'geodns');
    const all = versus[0]?.load.reduce((n, s) => n + s.part, 0) as number;
    for (const { site, part } of versus[0]?.load ?? [])
      expect(part / all).toBeCloseTo(now.get(site) as number, 4);
  });

  test('the distribution of round trips is of where clients are expected', async () => {
    const [seen, routes] = [file('seen.svg'), file('routes.svg')];
    const text = await predicted('--rtt', '--chart', seen);
    expect(text).toMatch(/95 % SURE[\s\S]*\ncorrected by 150 clients/);
    await predicted('--rtt', '--chart', routes, '--no-corrections');
    expect(readFileSync(seen, 'utf8')).not.toBe(readFileSync(routes, 'utf8'));
  });

  test('every map says whether it is of routes or of what was seen', async () => {
    const map = file('map.svg');
    const title = async (...more: readonly string[]) => {
      await predicted('--map', map, ...more);
      return /aria-label="([^"]*)"/.exec(readFileSync(map, 'utf8'))?.[1];
    };
    const seen = 'Who lands where, corrected by what was seen';
    for (const question of [
      [],
      ['--n-1'],
      ['--attack', 'users', '--size', '1Gbps'],
      ['--versus', 'geodns'],
      ['--rtt'],
      ['--without', 'fra'],
    ]) {
      expect(await title(...question), question.join(' ')).toContain(seen);
      expect(await title(...question, '--no-corrections')).not.toContain(seen);
    }
    expect(await title('--diff', file('two.yaml'))).toContain('carried over from what was seen');
  });

  test('hijacks and searches are worked out from routes alone, and say so', async () => {
    const attacker = String(made.graph.asns[500]);
    for (const question of [
      ['--hijack', attacker],
      ['--search', 'sites', '--within', '3'],
    ]) {
      expect((await told(...question)).observationsNotUsed).toBe(150);
      expect(await predicted(...question)).toMatch(
        /\nworked out from routes alone: what was seen of 150 clients/,
      );
      expect((await told(...question, '--no-corrections')).observationsNotUsed).toBeUndefined();
    }
  });

  test('clients that were seen at a site which is no more are left out, and that is said', async () => {
    writeFileSync(file('two.corrections.json'), readFileSync(file('plan.corrections.json')));
    writeFileSync(file('one.yaml'), planOf(FRA));
    writeFileSync(file('one.corrections.json'), readFileSync(file('plan.corrections.json')));
    const said: string[] = [];
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    out = [];
    try {
      for (const name of ['two.yaml', 'one.yaml'])
        await predictCommand((text) => void out.push(text))
          .exitOverride()
          .parseAsync([file(name), '--world', file('world.bin')], { from: 'user' });
    } finally {
      spy.mockRestore();
      rmSync(file('two.corrections.json'));
    }
    expect(said.join('')).toMatch(/^112 of 150 clients that were seen .*\n150 of 150 clients/);
    expect(out[0]).toMatch(/corrected by 38 clients/);
    expect(out[1]).not.toMatch(/corrected/);
  });

  test('what was seen is not used on an internet that is made up', async () => {
    const said: string[] = [];
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    out = [];
    try {
      await predictCommand((text) => void out.push(text))
        .exitOverride()
        .parseAsync([file('plan.yaml'), '--generated', '200'], { from: 'user' });
    } finally {
      spy.mockRestore();
    }
    expect(said.join('')).toMatch(/150 clients is of the internet that exists: it is not used/);
    expect(out.join('')).not.toMatch(/corrected/);
  });

  test('explain says where a network is expected, of whom that was learnt, and that its changes are of routes', async () => {
    out = [];
    const args = [file('plan.yaml'), `AS${made.graph.asns[100]}`, '--world', file('world.bin')];
    await explainCommand((text) => void out.push(text))
      .exitOverride()
      .parseAsync(args, { from: 'user' });
    expect(out.join('')).toMatch(/\nwith what was seen: .*\ncorrected by 150 clients[\s\S]* by routes alone/);
    expect(out.join('')).not.toMatch(/carried over/);
    out = [];
    await explainCommand((text) => void out.push(text))
      .exitOverride()
      .parseAsync([...args, '--without', 'fra', '--no-changes', '--json'], { from: 'user' });
    const { corrected, carriedOver } = JSON.parse(out.join('')) as {
      corrected: { site: string }[];
      carriedOver: string;
    };
    expect(corrected.map((p) => p.site)).not.toContain('fra');
    expect(carriedOver).toMatch(/^carried over/);
  });
});
