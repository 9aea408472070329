/** `nearcast score` and `nearcast predict --observed`. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { packWorld } from '../topology/index.ts';
import { predictCommand } from './predict.ts';
import { scoreCommand, scorePaths, scoreQuad9 } from './score.ts';
import { made, twoSites } from './two-sites.test-support.ts';

const DATA = process.env['NEARCAST_DATA'] ?? join('..', 'shared', 'data');
let folder: string;
let out: string[];
const write = (text: string) => void out.push(text);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-'));
  writeFileSync(join(folder, 'world.bin'), packWorld(made));
  writeFileSync(join(folder, 'plan.yaml'), twoSites());
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  out = [];
});

async function observed(csv: string, ...more: readonly string[]): Promise<string> {
  const file = join(folder, 'landed.csv');
  writeFileSync(file, csv);
  const args = [join(folder, 'plan.yaml'), '--world', join(folder, 'world.bin'), '--observed', file, ...more];
  await predictCommand(write).exitOverride().parseAsync(args, { from: 'user' });
  return out.join('');
}

describe('predict --observed', () => {
  test('says for every rule how often it was right, and learns what is so everywhere', async () => {
    const rows = Array.from(made.graph.asns.slice(50, 250), (asn, i) => `${i},${asn},DE,sin`);
    const text = await observed(`probe,asn,cc,site\n${rows.join('\n')}\n99999,nonsense,DE,sin\n`, '--json');
    const { scores } = JSON.parse(text) as {
      scores: { rule: string; count: number; exact: { rate: number } }[];
    };
    const right = Object.fromEntries(scores.map((s) => [s.rule, s.exact.rate]));
    expect(scores.every((s) => s.count === 200)).toBe(true);
    expect(right['nearest site']).toBe(0);
    expect(right['and learning']).toBe(1);
    out = [];
    expect(await observed(`asn,cc,site\n${made.graph.asns[60]},DE,fra\n`)).toMatch(
      /RULE +EXACT .*\nnearest site .*\n(.*\n)+.*SAYS/,
    );
  });

  test('refuses a file without sites, and one without a usable line, saying which', async () => {
    await expect(observed('asn,cc\n1,DE\n')).rejects.toThrow(/landed\.csv:1: .*site/s);
    await expect(observed('asn,site\nx,fra\n')).rejects.toThrow(
      /no observation.*landed\.csv:2: .*AS number/s,
    );
  });
});

describe('score', () => {
  test('is skipped with a sentence when the data is not there', async () => {
    await scoreCommand(write).exitOverride().parseAsync(['--data', folder], { from: 'user' });
    expect(out.join('')).toMatch(/^skipped: .* lacks as-rel.*NEARCAST_DATA/);
  });

  const absent = !existsSync(join(DATA, 'truth', 'quad9-2021-05-v4-sample.csv.gz'));
  test.skipIf(absent)(
    'on Quad9 learning beats the majority of the AS, and its probabilities are honest',
    () => {
      const scores = new Map(scoreQuad9(DATA).map((s) => [s.rule, s]));
      const majority = scores.get('majority of the AS, then country');
      const learnt = scores.get('and learning');
      const unlearnt = scores.get('routes and distance');
      expect(unlearnt?.exact.rate).toBeGreaterThan(0.45);
      expect(unlearnt?.near.rate).toBeGreaterThan(0.63);
      expect(learnt?.exact.rate).toBeGreaterThan((majority?.exact.rate ?? 1) + 0.05);
      expect(learnt?.near.rate).toBeGreaterThan((majority?.near.rate ?? 1) + 0.035);
      expect(learnt?.brier).toBeLessThan(0.44);
      // What it says of the many is within a few points of what is so.
      for (const bin of learnt?.reliability ?? [])
        if (bin.count >= 100) expect(Math.abs(bin.said - bin.right.rate)).toBeLessThan(0.12);
    },
  );

  test.skipIf(absent)('other probes are scored when a file of them is given, by the same graph', async () => {
    const file = join(folder, 'others.csv');
    const rows = Array.from({ length: 40 }, (_, i) => `${i},3320,DE,,,,,,,,FRA,FRA`);
    writeFileSync(
      file,
      `probe,asn,cc,prefix,probe_lat,probe_lon,rtt_0515,rtt_0522,pop_0515,pop_0522,metro_0515,metro_0522\n${rows.join('\n')}\n`,
    );
    const args = ['--data', DATA, '--truth', file, '--json'];
    await scoreCommand(write).exitOverride().parseAsync(args, { from: 'user' });
    const { truth, scores, together } = JSON.parse(out.join('')) as {
      truth: string;
      scores: { rule: string; count: number; exact: { rate: number } }[];
      together: { what: string; clients: number; rate: number }[];
    };
    expect(truth).toBe(file);
    expect(scores.every((s) => s.count === 40)).toBe(true);
    expect(scores.at(-1)?.exact.rate).toBe(1);
    expect(together).toMatchObject([
      { clients: 80, rate: 1 },
      { clients: 40, rate: 1 },
      { clients: 40, rate: 1 },
    ]);
  });

  test.skipIf(!existsSync(join(DATA, 'truth', 'as-paths-2016-02-sample.txt.gz')))(
    'on real AS paths what was learnt towards other destinations beats the rules alone',
    () => {
      const { scores } = scorePaths(DATA);
      const right = new Map(scores.map((s) => [s.rule, s.right.rate]));
      expect(right.get('rules and learning')).toBeGreaterThan(0.45);
      expect(right.get('rules, lowest number of equals')).toBeLessThan(0.4);
    },
  );
});
