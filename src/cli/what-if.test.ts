/** `nearcast predict` with --attack, --versus and --search. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Plan, parsePlan } from '../plan/index.ts';
import { groundOf } from '../predict/index.ts';
import { packWorld } from '../topology/index.ts';
import { predictCommand } from './predict.ts';
import { searchOn } from './predict-pool.ts';
import { stage } from './predict-stage.ts';
import { made, twoSites } from './two-sites.test-support.ts';

let folder: string;
let out: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-'));
  writeFileSync(join(folder, 'world.bin'), packWorld(made));
  writeFileSync(join(folder, 'plan.yaml'), twoSites({ fra: '1 Gbps', sin: '5 Tbps' }));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  out = [];
});

async function predicted(...more: readonly string[]): Promise<string> {
  const args = [join(folder, 'plan.yaml'), '--world', join(folder, 'world.bin'), ...more];
  await predictCommand((text) => void out.push(text))
    .exitOverride()
    .parseAsync(args, { from: 'user' });
  return out.join('');
}

test('a prefix that no upstream is told of is said, and not only that nothing can be predicted', async () => {
  const file = join(folder, 'two.yaml');
  const plan = readFileSync(join(folder, 'plan.yaml'), 'utf8');
  writeFileSync(file, plan.replace('203.0.113.0/24]', '203.0.113.0/24, 2001:db8:53::/48]'));
  const args = [file, '--world', join(folder, 'world.bin'), '--prefix', '2001:db8:53::/48'];
  await expect(predictCommand().exitOverride().parseAsync(args, { from: 'user' })).rejects.toThrow(
    /no upstream is told of 2001:db8:53::\/48/,
  );
});

test('of two plans on an internet that is made up, the same network stands for the same upstream at the same site', () => {
  const plan = (...asns: readonly number[]) => {
    const upstreams = asns.map((asn) => `{ asn: ${asn}, address: 192.0.2.${asn % 200}, role: provider }`);
    const parsed = parsePlan(
      `network: test\nasn: 64500\nprefixes: [203.0.113.0/24]\nsites:\n  fra: { place: "Frankfurt, DE", upstreams: [ ${upstreams.join(', ')} ] }\nservices:\n  dns: { address: [203.0.113.53], probes: [ { tcp: { port: 53 } } ] }\n`,
      { file: 'plan.yaml' },
    );
    if ('complaints' in parsed) throw new Error(JSON.stringify(parsed.complaints));
    return parsed.plan;
  };
  const ground = groundOf(made);
  const upstreams = (p: Plan) =>
    stage(p, ground, { generated: '600:3' }).deployment.announcements.map((a) => a.upstream);
  const [first, second] = upstreams(plan(3320, 1299));
  expect(upstreams(plan(1299))).toEqual([second]);
  const [third, again] = upstreams(plan(174, 3320));
  expect(again).toBe(first);
  expect(new Set([first, second, third]).size).toBe(3);
});

describe('predict --attack', () => {
  test('a site that is too small for its catchment is overwhelmed, and withdrawing it is among the answers', async () => {
    const text = await predicted('--attack', 'users', '--size', '2Tbps');
    expect(text).toMatch(/^fra +\S+ [GT]bps +1 Gbps +overwhelmed/m);
    expect(text).toMatch(/^sin .* absorbs +100\.0 %/m);
    expect(text).toMatch(/^withdraw fra +100\.0 % .* none$/m);
    expect(text).toMatch(/^prepend 3 at fra /m);
    expect(text).toMatch(/^nothing +\S+ % .* fra$/m);
    // The worst comes first.
    expect(text.split('\n')[1]).toMatch(/^fra /);
  });

  test('sources may be listed; lines that are none are said, and an attack from nowhere is refused', async () => {
    const file = join(folder, 'bots.csv');
    writeFileSync(file, `asn,weight\n${made.graph.asns[300]},7\n`);
    const { attack } = JSON.parse(await predicted('--attack', file, '--size', '1Gbps', '--json')) as {
      attack: { sites: { load: number }[] };
    };
    expect(attack.sites.reduce((n, s) => n + s.load, 0)).toBeCloseTo(1e9, 0);
    writeFileSync(file, 'asn,weight\n1,7\n');
    await expect(predicted('--attack', file, '--size', '1Gbps')).rejects.toThrow(/no source of this attack/);
    writeFileSync(file, 'asn,weight\nx,-1\n');
    await expect(predicted('--attack', file, '--size', '1Gbps')).rejects.toThrow(/bots\.csv:2: .*AS number/s);
    writeFileSync(file, `asn,weight\n${made.graph.asns[300]},3\n4200000001,1\n`);
    out = [];
    const part = JSON.parse(await predicted('--attack', file, '--size', '1Gbps', '--json')) as object;
    expect(part).toMatchObject({ unknownSources: 0.25 });
    await expect(predicted('--attack', 'users')).rejects.toThrow(/--size, such as 2Tbps/);
  });
});

describe('predict --versus', () => {
  test('each rival has its row, and a site that is none is refused with those that are', async () => {
    expect(await predicted('--versus', 'geodns,unicast:fra')).toMatch(
      /^anycast .*\ngeodns .*\nunicast:fra .* fra 100\.0 % +until fra is back$/m,
    );
    await expect(predicted('--versus', 'unicast:ams')).rejects.toThrow(
      /'unicast:ams'; the sites are fra, sin/,
    );
  });
});

describe('predict --search', () => {
  test('says what was tried and what it is worth', async () => {
    const text = await predicted('--search', 'sites', '--within', '10', '--json');
    const { search } = JSON.parse(text) as { search: { trace: unknown[]; exhausted: boolean } };
    expect(search.trace.length).toBe(3);
    expect(search.exhausted).toBe(true);
    out = [];
    expect(await predicted('--search', 'prepends', '--goal', 'balance', '--within', '8')).toMatch(
      /^the fullest site, over its fair part: ×\S+ → ×\S+\n {2}.*\n8 tried; .*\n *FULLEST +CHANGE\n *×\d/m,
    );
    await expect(predicted('--search', 'luck')).rejects.toThrow(/prepends or sites/);
    await expect(predicted('--search', 'sites', '--within', '0')).rejects.toThrow(/--within wants a number/);
  });

  test.each([1, 2])(
    'Ctrl-C ends it with what was found so far, on %i threads, and scripts are told by the exit code',
    async (threads) => {
      const before = process.exitCode;
      // As soon as somebody listens for it.
      const press = (event: string | symbol) => {
        if (event === 'SIGINT') queueMicrotask(() => process.emit('SIGINT'));
      };
      process.on('newListener', press);
      try {
        const text = await predicted('--search', 'prepends', '--json', '--threads', `${threads}`);
        const { search } = JSON.parse(text) as { search: { trace: unknown[] } };
        expect(search).toMatchObject({ stopped: true, exhausted: false, changes: [] });
        expect(search.trace.length).toBe(1);
        expect(process.exitCode).toBe(130);
      } finally {
        process.off('newListener', press);
        process.exitCode = before;
      }
    },
  );

  test.each([1, 2])(
    'progress counts every prediction, and nothing more is begun once stopped (%i threads)',
    async (threads) => {
      const ground = groundOf(made);
      const parsed = parsePlan(twoSites(), { file: 'plan.yaml' });
      if ('complaints' in parsed) throw new Error(JSON.stringify(parsed.complaints));
      const { deployment } = stage(parsed.plan, ground, {});
      const looks = { over: 'prepends', goal: 'p90-rtt', within: 12 } as const;
      const told: number[] = [];
      const all = await searchOn(
        threads,
        ground,
        deployment,
        looks,
        (n) => void told.push(n),
        () => false,
      );
      expect(told).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
      let scored = 0;
      const some = await searchOn(
        threads,
        ground,
        deployment,
        looks,
        (n) => void (scored = n),
        () => scored >= 3,
      );
      expect(some.exhausted).toBe(false);
      expect(some.trace.length).toBe(scored);
      // Each thread may have had one more under way.
      expect(scored).toBeLessThan(3 + threads);
      expect(all.trace.slice(0, scored)).toEqual(some.trace);
      expect(some.score).toBe(Math.min(...some.trace.map((t) => t.score)));
    },
  );

  test('on several threads it finds the same, with the same trace', async () => {
    const found = async (...more: readonly string[]) => {
      out = [];
      return JSON.parse(
        await predicted('--search', 'prepends', '--within', '12', '--json', ...more),
      ) as object;
    };
    expect(await found('--threads', '3')).toEqual(await found('--threads', '1'));
    await expect(predicted('--search', 'sites', '--threads', '1000')).rejects.toThrow(
      /--threads wants at most 64/,
    );
  });
});
