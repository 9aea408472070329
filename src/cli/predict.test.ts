/** `nearcast predict` and `nearcast data` on an internet that does not exist. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  assembleWorld,
  CITIES,
  findPlace,
  generateWorld,
  packWorld,
  transitNear,
} from '../topology/index.ts';
import { dataCommand } from './data.ts';
import { explainCommand } from './explain.ts';
import { predictCommand } from './predict.ts';

let folder: string;
let plan: string;
let world: string;
let out: string[];
const write = (text: string) => void out.push(text);

const made = generateWorld({ ases: 800, seed: 3 });
const near = (city: string) =>
  transitNear(made, findPlace(city, CITIES) as { lat: number; lon: number })[0] as number;

function planOf(prepend: number): string {
  return `network: test
asn: 64500
prefixes: [203.0.113.0/24]
sites:
  fra: { place: "Frankfurt, DE", capacity: 10 Gbps, upstreams: [ { asn: ${near('Frankfurt')}, address: 192.0.2.1, role: provider, prepend: ${prepend} } ] }
  sin: { place: "Singapore, SG", capacity: 10 Gbps, upstreams: [ { asn: ${near('Singapore')}, address: 192.0.2.2, role: provider } ] }
  nyc: { place: "New York, US", upstreams: [ { asn: ${near('New York')}, address: 192.0.2.3, role: provider } ] }
services:
  dns: { address: [203.0.113.53], probes: [ { tcp: { port: 53 } } ] }
`;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-'));
  plan = join(folder, 'network.yaml');
  world = join(folder, 'world.bin');
  writeFileSync(plan, planOf(0));
  writeFileSync(world, packWorld(made));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  out = [];
});

async function run(command: Command, ...args: readonly string[]): Promise<string> {
  await command.exitOverride().parseAsync([...args], { from: 'user' });
  return out.join('');
}
const predicted = (...args: readonly string[]) => run(predictCommand(write), plan, '--world', world, ...args);

describe('predict', () => {
  test('every site has its share, and shares are whole', async () => {
    const { summary } = JSON.parse(await predicted('--json')) as {
      summary: { sites: { site: string; share: number }[]; unreached: number };
    };
    expect(summary.sites.map((s) => s.site).sort()).toEqual(['fra', 'nyc', 'sin']);
    expect(summary.sites.reduce((n, s) => n + s.share, 0)).toBeCloseTo(1, 6);
    out = [];
    expect(await predicted()).toMatch(/^SITE +SHARE +CERTAIN .*\n(\w+ +\d+\.\d % .*\n){3}all +100\.0 %/);
  });

  test('a site that is gone has no clients, and its clients go somewhere', async () => {
    const text = await predicted('--without', 'fra');
    expect(text).not.toMatch(/^fra/m);
    await expect(predicted('--without', 'ams')).rejects.toThrow(/no site 'ams'; there are fra, sin, nyc/);
  });

  test('failures come worst first, each with what it moves', async () => {
    const one = JSON.parse(await predicted('--n-1', '--json')) as {
      failures: { without: string; moved: number }[];
    };
    expect(one.failures.map((f) => f.without).sort()).toEqual(['fra', 'nyc', 'sin']);
    expect([...one.failures].sort((a, b) => b.moved - a.moved)).toEqual(one.failures);
    out = [];
    expect(await predicted('--n-2')).toMatch(/WITHOUT.*\n.*(fra sin|fra nyc|sin nyc)/);
  });

  test('on several threads pairs of failures come out the same, to the last digit', async () => {
    const alone = await predicted('--n-2', '--json', '--threads', '1');
    out = [];
    expect(await predicted('--n-2', '--json', '--threads', '2')).toBe(alone);
  });

  test('prepends move clients away from where they are, and nobody else moves', async () => {
    const other = join(folder, 'other.yaml');
    writeFileSync(other, planOf(3));
    const { moves } = JSON.parse(await predicted('--diff', other, '--json')) as {
      moves: { from: string; part: number }[];
    };
    expect(moves.length).toBeGreaterThan(0);
    expect(new Set(moves.map((m) => m.from))).toEqual(new Set(['fra']));
    out = [];
    expect(await predicted('--diff', plan)).toMatch(
      /^nobody moves\ntoday \S+ % of the clients can land at one site only/,
    );
  });

  test('origin validation takes from a hijacker what it had', async () => {
    const attacker = String(made.graph.asns[500]);
    const lost = async (...more: readonly string[]) => {
      out = [];
      return (JSON.parse(await predicted('--hijack', attacker, '--json', ...more)) as { lost: number }).lost;
    };
    const free = await lost();
    expect(free).toBeGreaterThan(0);
    expect(await lost('--rov', '100%')).toBeLessThan(free);
    expect(await lost('--rov', '100%', '--no-roa')).toBeCloseTo(free, 9);
    await expect(lost('--rov', '40')).rejects.toThrow(/wants a part such as 40%/);
  });

  test('without data it says how to bring it, and a file cut short is refused', async () => {
    await expect(run(predictCommand(write), plan, '--world', join(folder, 'none.bin'))).rejects.toThrow(
      /nearcast data pack/,
    );
    const cut = join(folder, 'cut.bin');
    writeFileSync(cut, readFileSync(world).subarray(0, 5000));
    await expect(run(predictCommand(write), plan, '--world', cut)).rejects.toThrow(/rebuild it with/);
  });

  test('on an internet that is made up, networks near each site stand for upstreams that it cannot have', async () => {
    const text = await run(predictCommand(write), plan, '--generated', '200:4', '--json');
    const { summary } = JSON.parse(text) as { summary: { sites: { site: string }[]; unreached: number } };
    expect(summary.sites.map((s) => s.site).sort()).toEqual(['fra', 'nyc', 'sin']);
    expect(summary.unreached).toBe(0);
  });

  test.each([
    [['--n-1', '--hijack', '3320'], 'one question at a time: --n-1 or --hijack'],
    [['--rov', '40%'], '--rov means something with --hijack only'],
    [['--no-roa'], '--no-roa means something with --hijack only'],
    [['--size', '2Tbps', '--n-1'], '--size means nothing with --n-1'],
    [['--save'], '--save means something with --observed only'],
    [['--within', '5', '--attack', 'users'], '--within means nothing with --attack'],
  ])('%j: no option is dropped in silence', async (args, said) => {
    await expect(predicted(...args)).rejects.toThrow(said);
  });

  test('failures say which sites have too much even without them, and what is doubtful', async () => {
    const text = await predicted('--n-1', '--traffic', '60Gbps');
    expect(text).toMatch(/\ntoo much with every site in place: .*(fra|sin)/);
    expect(text).toMatch(/% of the clients can land at one site only/);
    out = [];
    expect(await predicted('--n-1')).toContain('say --traffic 40Gbps');
  });

  test('another plan is set beside this one in shares, round trips and loads', async () => {
    const other = join(folder, 'third.yaml');
    writeFileSync(other, planOf(2));
    expect(await predicted('--diff', other, '--traffic', '30Gbps')).toMatch(
      /^SITE +SHARE NOW +THEN +RTT P90 NOW +THEN +LOAD NOW +THEN +CAPACITY$/m,
    );
  });

  test('an upstream that the data does not know is said, with the nearest that it does', async () => {
    const strange = join(folder, 'strange.yaml');
    writeFileSync(strange, planOf(0).replaceAll(/asn: \d+, address/g, 'asn: 1, address'));
    await expect(run(predictCommand(write), strange, '--world', world)).rejects.toThrow(
      /AS1: .*nearest number that the data knows is AS\d+/,
    );
  });
});

describe('predict --map and --chart', () => {
  const questions: readonly (readonly string[])[] = [
    [],
    ['--rtt'],
    ['--without', 'sin'],
    ['--n-1', '--traffic', '30Gbps'],
    ['--n-2'],
    ['--hijack', String(made.graph.asns[500]), '--forged'],
    ['--attack', 'users', '--size', '90Gbps'],
    ['--versus', 'geodns,unicast:fra'],
    ['--search', 'sites', '--within', '6'],
  ];
  test.each(questions.map((q) => [q.join(' ') || 'the plain question', q] as const))(
    '%s has both',
    async (_, q) => {
      const [map, chart] = [join(folder, 'map.svg'), join(folder, 'chart.png')];
      expect(await predicted(...q, '--map', map, '--chart', chart, '--theme', 'dark')).toMatch(/\d/);
      expect(readFileSync(map, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
      expect(readFileSync(chart).subarray(1, 4).toString()).toBe('PNG');
      rmSync(map);
      rmSync(chart);
    },
  );

  test('- is the SVG alone on standard output', async () => {
    expect(await predicted('--chart', '-')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    await expect(predicted('--chart', '-', '--json')).rejects.toThrow(/only one thing/);
    await expect(predicted('--chart', '-', '--map', '-')).rejects.toThrow(/only one thing/);
  });

  test('other endings, sizes and themes are refused before anything is worked out', async () => {
    for (const file of ['map.jpg', 'map', '.svg'])
      await expect(predicted('--map', file)).rejects.toThrow(/ends in \.svg or \.png, or -, not/);
    await expect(predicted('--map', 'a.svg', '--width', '9')).rejects.toThrow(
      /--width wants pixels from 280/,
    );
    await expect(predicted('--map', 'a.svg', '--theme', 'pink')).rejects.toThrow(/light or dark/);
    await expect(predicted('--map', join(folder, 'none', 'a.svg'))).rejects.toThrow(
      /cannot write .*a\.svg: there is no folder .*none/,
    );
  });

  test('the map has the clients on it, in the colours of the sites', async () => {
    const svg = await predicted('--map', '-');
    expect(svg.match(/<circle /g)?.length).toBeGreaterThan(20);
  });
});

test('load is set against capacity when the traffic is said', async () => {
  const { summary } = JSON.parse(await predicted('--traffic', '30Gbps', '--json')) as {
    summary: { sites: { site: string; load: number; capacity?: number }[] };
  };
  expect(summary.sites.reduce((n, s) => n + s.load, 0)).toBeLessThanOrEqual(30e9 * 1.000001);
  expect(summary.sites.find((s) => s.site === 'fra')?.capacity).toBe(10e9);
  out = [];
  expect(await predicted('--traffic', '300Gbps')).toMatch(/OF CAPACITY[\s\S]*too much/);
  await expect(predicted('--traffic', 'much')).rejects.toThrow(/--traffic wants a rate such as 40Gbps/);
});

describe('plans at the edge', () => {
  const stderr = async (work: () => Promise<unknown>) => {
    const said: string[] = [];
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    try {
      await work();
    } finally {
      spy.mockRestore();
    }
    return said.join('');
  };
  const one = (place: string, more = '') => {
    const file = join(folder, 'one.yaml');
    writeFileSync(
      file,
      `network: one\nasn: 64500\nprefixes: [203.0.113.0/24, 2001:db8:53::/48]\nsites:\n  fra: { ${place}upstreams: [ { asn: ${near('Frankfurt')}, address: 192.0.2.1, role: provider }${more} ] }\nservices:\n  dns: { address: [203.0.113.53], probes: [ { tcp: { port: 53 } } ] }\n`,
    );
    return file;
  };
  const asked = (file: string, ...args: readonly string[]) =>
    run(predictCommand(write), file, '--world', world, ...args);

  test('one site that fails leaves nobody anywhere: none has moved, and there is no round trip to compare', async () => {
    const file = one('place: "Frankfurt, DE", ');
    const { failures } = JSON.parse(await asked(file, '--n-1', '--json')) as { failures: object[] };
    expect(failures).toEqual([{ without: 'fra', moved: 0, unreached: 1, tooMuch: [] }]);
    out = [];
    expect(await asked(file, '--n-2')).toMatch(/^only one site announces: there is no pair that could fail/);
  });

  test('a place that nobody knows is said, and so is one that the plan leaves out', async () => {
    expect(await stderr(() => asked(one('place: "Atlantis, XX", ')))).toMatch(
      /^fra: nobody knows a place 'Atlantis, XX': its distances and round trips are not known/,
    );
    expect(await stderr(() => asked(one('')))).toMatch(/^fra: the plan does not say where it is: /);
    expect(await stderr(() => asked(one('place: "Frankfurt, DE", ')))).toBe('');
  });

  test('of an IPv6 prefix it is said that the graph is of IPv4', async () => {
    const file = one(
      'place: "Frankfurt, DE", ',
      `, { asn: ${near('Frankfurt')}, address: "2001:db8:1::1", role: provider }`,
    );
    expect(await stderr(() => asked(file, '--prefix', '2001:db8:53::/48'))).toMatch(
      /public AS graphs are made of IPv4 routes/,
    );
  });

  test('without any capacity an attack is a table of loads, and nothing is said of who is served', async () => {
    const text = await asked(one('place: "Frankfurt, DE", '), '--attack', 'users', '--size', '1Gbps');
    expect(text).toMatch(/^fra .* unknown /m);
    expect(text).toMatch(/hangs on capacities, of which the plan gives none/);
    expect(text).not.toMatch(/still served;|RESPONSE/);
  });

  test('a world without places is said to be one, and what needs places is refused', async () => {
    const bare = join(folder, 'bare.bin');
    const { graph } = made;
    writeFileSync(bare, packWorld(assembleWorld({ graph })));
    const on = (...args: readonly string[]) => run(predictCommand(write), plan, '--world', bare, ...args);
    expect(await stderr(() => on())).toMatch(
      /the world does not say where networks are: .*--as-info or --as2org/,
    );
    expect(out.join('')).toMatch(/^all +100\.0 %.*\d$/m);
    await expect(on('--versus', 'geodns')).rejects.toThrow(/geodns sends clients by where they are/);
    await expect(on('--search', 'sites')).rejects.toThrow(/no round trips to make shorter: the world/);
    out = [];
    expect(await on('--search', 'sites', '--goal', 'balance', '--within', '3')).toMatch(/3 tried/);
    await expect(run(explainCommand(write), plan, 'DE', '--world', bare, '--no-changes')).rejects.toThrow(
      /does not say in which country any network is/,
    );
    const nowhere = one('');
    await expect(asked(nowhere, '--versus', 'geodns')).rejects.toThrow(/where any site is/);
    await expect(asked(nowhere, '--search', 'sites')).rejects.toThrow(
      /the plan does not say where any site is/,
    );
  });

  test('a world that is a folder is said to be one', async () => {
    await expect(run(predictCommand(write), plan, '--world', folder)).rejects.toThrow(
      /cannot read .*: that is a folder/,
    );
  });
});

describe('data pack', () => {
  test('a packed graph is read, complaints name their line, and the file can be predicted on', async () => {
    const graph = join(folder, 'rel.txt.gz');
    const lines = ['# input clique: 1 2', '1|2|0|bgp', '1|3|-1|bgp', 'nonsense', '2|4|-1|bgp'];
    writeFileSync(graph, gzipSync(lines.join('\n')));
    const target = join(folder, 'small.bin');
    const said: string[] = [];
    await run(
      dataCommand((t) => void said.push(t)),
      'pack',
      '--graph',
      graph,
      '--output',
      target,
    );
    expect(said.join('')).toMatch(/rel\.txt\.gz:4/);
    expect(said.join('')).toMatch(/4 ASes, 3 links/);
    const small = join(folder, 'small.yaml');
    writeFileSync(small, planOf(0).replaceAll(/asn: \d+, address/g, 'asn: 3, address'));
    out = [];
    expect(await run(predictCommand(write), small, '--world', target)).toMatch(/100\.0 %/);
  });

  test('pairs of ASes that lines contradict each other about are counted', async () => {
    const graph = join(folder, 'twice.txt');
    writeFileSync(graph, '1|2|-1\n2|1|0\n1|2|-1\n1|3|-1\n');
    const said: string[] = [];
    await run(
      dataCommand((t) => void said.push(t)),
      ...['pack', '--graph', graph, '--output', join(folder, 'twice.bin')],
    );
    expect(said[0]).toMatch(
      /twice\.txt: 1 pair of ASes is named again as something else; the first line counts/,
    );
  });

  test('a file that cannot be written is said, and nothing is left behind', async () => {
    const graph = join(folder, 'few.txt');
    writeFileSync(graph, '1|2|0\n1|3|-1\n');
    const pack = (output: string) =>
      run(
        dataCommand(() => undefined),
        ...['pack', '--graph', graph, '--output', output],
      );
    await expect(pack('/proc/none/world.bin')).rejects.toThrow('cannot make the folder /proc/none: ENOENT');
    mkdirSync(join(folder, 'taken'));
    await expect(pack(join(folder, 'taken'))).rejects.toThrow(/cannot write .*taken: that is a folder/);
    expect(existsSync(join(folder, 'taken.new'))).toBe(false);
  });

  test("networks are put where PeeringDB's dump has them, and a file that is no dump is refused", async () => {
    const graph = join(folder, 'rel.txt');
    writeFileSync(graph, '1|2|0|bgp\n1|3|-1|bgp\n2|4|-1|bgp\n');
    const dump = join(folder, 'dump.json');
    const target = join(folder, 'placed.bin');
    const said: string[] = [];
    const pack = () =>
      run(
        dataCommand((t) => void said.push(t)),
        ...['pack', '--graph', graph, '--peeringdb', dump, '--output', target],
      );
    const tables = {
      fac: {
        data: [{ id: 1, name: 'A', city: 'Frankfurt', country: 'DE', latitude: 50.12, longitude: 8.74 }],
      },
      netfac: { data: [{ local_asn: 3, fac_id: 1 }] },
      ix: { data: [] },
      ixfac: { data: [] },
      netixlan: { data: [] },
    };
    writeFileSync(dump, JSON.stringify(tables));
    await pack();
    expect(said.join('')).toMatch(/1 networks in known cities; 0 facilities/);
    expect(said.join('')).toMatch(/4 ASes, 3 links, 1 with a place/);
    writeFileSync(dump, '{}');
    await expect(pack()).rejects.toThrow(/no nightly dump/);
  });

  test("users per AS come from APNIC's JSON or from CSV, and weigh the networks", async () => {
    const graph = join(folder, 'users-rel.txt');
    writeFileSync(graph, '1|2|0|bgp\n1|3|-1|bgp\n2|4|-1|bgp\n');
    const json = JSON.stringify({
      copyright: 'x',
      Date: '2026-11-01',
      Data: [{ rank: 1, AS: 3, Users: 1000, CC: 'DE', Description: 'X' }, { AS: 'y' }],
    });
    for (const [name, text] of [
      ['users.json', json],
      ['users.csv', 'AS,Users\n3,1000\ny,1\n'],
      ['marked.json', `\ufeff${json}`],
    ] as const) {
      writeFileSync(join(folder, name), text);
      const said: string[] = [];
      const target = join(folder, 'users.bin');
      await run(
        dataCommand((t) => void said.push(t)),
        ...['pack', '--graph', graph, '--users', join(folder, name), '--output', target],
      );
      expect(said.join('')).toMatch(
        new RegExp(`${name.replace('.', '\\.')}:\\d.*AS number[\\s\\S]*weighed by users`),
      );
    }
  });

  test('a file of ASes or prefixes without one good line is refused: the world would be made without what was asked for', async () => {
    const graph = join(folder, 'plain-rel.txt');
    writeFileSync(graph, '1|2|0\n1|3|-1\n');
    const none = join(folder, 'none.csv');
    writeFileSync(none, 'number,country\n3,DE\n');
    for (const [option, why] of [
      ['--as-info', /none\.csv has no AS in it that can be used/],
      ['--users', /none\.csv has no AS in it that can be used/],
      ['--as2org', /none\.csv has no AS in it that can be used/],
      ['--pfx2as', /none\.csv has no IPv4 prefix in it that can be used/],
    ] as const)
      await expect(
        run(
          dataCommand(() => undefined),
          ...['pack', '--graph', graph, option, none, '--output', join(folder, 'refused.bin')],
        ),
      ).rejects.toThrow(why);
    expect(existsSync(join(folder, 'refused.bin'))).toBe(false);
  });

  test('a file that is not there, or is a folder, is said to be so by every option that names one', async () => {
    const graph = join(folder, 'there-rel.txt');
    writeFileSync(graph, '1|2|0\n1|3|-1\n');
    const pack = (...args: readonly string[]) =>
      run(
        dataCommand(() => undefined),
        ...['pack', ...args, '--output', join(folder, 'never.bin')],
      );
    await expect(pack('--graph', join(folder, 'no.txt'))).rejects.toThrow(/no\.txt: there is no such file$/);
    for (const option of ['--as-info', '--as2org', '--users', '--pfx2as', '--peeringdb'])
      await expect(pack('--graph', graph, option, folder)).rejects.toThrow(
        /cannot read .*: that is a folder$/,
      );
    await expect(predicted('--observed', folder)).rejects.toThrow(/: that is a folder$/);
    await expect(predicted('--attack', join(folder, 'no.csv'), '--size', '1Gbps')).rejects.toThrow(
      /no\.csv: there is no such file$/,
    );
  });

  test('damaged files are said to be damaged', async () => {
    const graph = join(folder, 'cut.gz');
    writeFileSync(graph, gzipSync('1|2|0\n'.repeat(1000)).subarray(0, 30));
    await expect(
      run(
        dataCommand(() => {}),
        'pack',
        '--graph',
        graph,
        '--output',
        join(folder, 'x'),
      ),
    ).rejects.toThrow(/cut or damaged/);
  });
});
