/** `predict --observed`, with CSV and RIPE Atlas JSON, and what is kept of it beside the plan. */
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode } from 'dns-packet';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { countryOf, packWorld } from '../topology/index.ts';
import { readAtlas, readProbes, siteNamer } from './atlas.ts';
import { bytesOf, jsonText, MOST_BYTES, readObservations, Sample } from './observations.ts';
import { predictCommand } from './predict.ts';
import { made, twoSites } from './two-sites.test-support.ts';

let folder: string;
let plan: string;
let kept: string;
let out: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-'));
  plan = join(folder, 'plan.yaml');
  kept = join(folder, 'plan.corrections.json');
  writeFileSync(join(folder, 'world.bin'), packWorld(made));
  writeFileSync(plan, twoSites());
  writeFileSync(join(folder, 'landed.csv'), csv(100, 300, 'sin'));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  out = [];
  rmSync(kept, { force: true });
});

/** Some networks, all of which landed at one site. */
function csv(from: number, to: number, site: string): string {
  const lines = Array.from(
    { length: to - from },
    (_, i) => `${from + i},${made.graph.asns[from + i]},${countryOf(made, from + i)},${site}`,
  );
  return `probe,asn,cc,site\n${lines.join('\n')}\n`;
}

/** A file of corrections with one row, as somebody's hand may leave it. */
const edited = (row: string) =>
  `{"schema":"nearcast.corrections/2","network":"x","catchments":[{"prefix":"203.0.113.0/24","learnt":[],"observations":[${row}]}]}`;

async function predicted(...more: readonly string[]): Promise<string> {
  out = [];
  await predictCommand((text) => void out.push(text))
    .exitOverride()
    .parseAsync([plan, '--world', join(folder, 'world.bin'), ...more], { from: 'user' });
  return out.join('');
}

interface Told {
  readonly summary: { readonly sites: readonly { readonly site: string; readonly share: number }[] };
  readonly corrected?: string;
}
const shareOf = async (site: string, ...more: readonly string[]) => {
  const told = JSON.parse(await predicted('--json', ...more)) as Told;
  return told.summary.sites.find((s) => s.site === site)?.share as number;
};

describe('predict --observed --save', () => {
  test('what was seen is kept beside the plan, used by later predictions, and said', async () => {
    const before = await shareOf('sin');
    const landed = join(folder, 'landed.csv');
    expect(await predicted('--observed', landed)).not.toMatch(/saved/);
    expect(existsSync(kept)).toBe(false);
    expect(await predicted('--observed', landed, '--save')).toMatch(
      /saved: .*plan\.corrections\.json now knows 200 clients of 203\.0\.113\.0\/24/,
    );
    const after = await shareOf('sin');
    // Everybody who was seen landed at sin, so others are expected there too.
    expect(after).toBeGreaterThan(before + 0.1);
    expect(await predicted()).toMatch(
      /95 % SURE[\s\S]*\ncorrected by 200 clients that were seen: landed\.csv, \d{4}-\d\d-\d\d/,
    );
    expect(await shareOf('sin', '--no-corrections')).toBeCloseTo(before, 12);
  });

  test('a client seen again counts once, as it was seen last', async () => {
    await predicted('--observed', join(folder, 'landed.csv'), '--save');
    writeFileSync(join(folder, 'later.csv'), csv(290, 310, 'fra'));
    expect(await predicted('--observed', join(folder, 'later.csv'), '--save')).toMatch(
      /now knows 210 clients/,
    );
    const { catchments } = JSON.parse(readFileSync(kept, 'utf8')) as {
      catchments: { observations: unknown[][]; learnt: unknown[] }[];
    };
    expect(catchments[0]?.observations.filter((o) => o[6] === 'fra').length).toBe(20);
    expect(catchments[0]?.learnt.length).toBe(2);
  });

  test('clients are never scored on what was kept of themselves', async () => {
    const score = async () =>
      JSON.parse(await predicted('--observed', join(folder, 'landed.csv'), '--json')) as {
        scores: object;
        alsoLearntFrom: number;
      };
    const fresh = await score();
    await predicted('--observed', join(folder, 'landed.csv'), '--save');
    expect(await score()).toEqual(fresh);
    writeFileSync(join(folder, 'others.csv'), csv(400, 420, 'sin'));
    await predicted('--observed', join(folder, 'others.csv'), '--save');
    expect((await score()).alsoLearntFrom).toBe(20);
  });

  test('lines of clients that have no name of their own are kept once for each network and country, and that is said', async () => {
    const file = join(folder, 'nameless.csv');
    writeFileSync(file, `asn,cc,site\n${'64999,DE,sin\n'.repeat(5)}64998,DE,fra\n`);
    expect(await predicted('--observed', file, '--save')).toMatch(
      /now knows 2 clients .*; 4 more lines are of clients/,
    );
  });

  test('what could not be read again is left out and said: a server may call itself anything', async () => {
    const file = join(folder, 'odd.csv');
    writeFileSync(file, `${csv(100, 110, 'sin')}4711,64999,DE,${'x'.repeat(201)}\n`);
    expect(await predicted('--observed', file, '--save')).toMatch(/now knows 10 clients .*; 1 were left out/);
    expect(await predicted()).toMatch(/corrected by 10 clients/);
    const [results, probes] = [join(folder, 'r.json'), join(folder, 'p.json')];
    const row = (id: number, text: string) => ({ type: 'dns', prb_id: id, result: { abuf: abuf(text) } });
    writeFileSync(results, JSON.stringify([row(1, 'fra'), row(2, 'anything')]));
    writeFileSync(probes, PROBES);
    // The first group of the pattern is empty where the name does not begin with a site.
    const atlas = ['--observed', results, '--probes', probes, '--identity', '^((?:fra)?)'];
    expect(await predicted(...atlas, '--save')).toMatch(/now knows 11 clients .*; 1 were left out/);
    expect(await predicted()).toMatch(/corrected by 11 clients/);
  });

  test('a file of another version, cut short or of another shape is refused, and can be left aside', async () => {
    for (const [text, why] of [
      ['{"schema":"nearcast.corrections/1"}', /reads nearcast\.corrections\/2/],
      ['{"schema":"nearcast.corrections/2","netw', /cannot be used/],
      ['null', /schema is missing/],
      ['{"schema":"nearcast.corrections/2","network":"x","catchments":[{}]}', /catchments\.0/],
      [edited('["1",3320,"DE",139.7,35.7,null,"sin"]'), /observations\.0\.3: .*<=90/],
      [edited('["1",3320,"DE",35.7,1397,null,"sin"]'), /observations\.0\.4: .*<=180/],
      [edited('["1",-1,"DE",null,null,null,"sin"]'), /observations\.0\.1: .*>=0/],
      [edited('["1",3320,"DE",null,null,"1.2.3.4/24","sin"]'), /observations\.0\.5: a prefix/],
      [
        edited('["1",3320,"de",null,null,null,"sin"]'),
        /observations\.0\.2: a country in two capital letters/,
      ],
    ] as const) {
      writeFileSync(kept, text);
      await expect(predicted()).rejects.toThrow(why);
      expect(await predicted('--no-corrections')).toMatch(/^SITE/);
    }
  });
});

const abuf = (text: string) =>
  Buffer.from(
    encode({
      type: 'response',
      id: 7,
      flags: 0,
      questions: [{ type: 'TXT', class: 'CH', name: 'id.server' }],
      answers: [{ type: 'TXT', class: 'CH', name: 'id.server', ttl: 0, data: text }],
    }),
  ).toString('base64');

const nsid = (text: string) =>
  Buffer.from(
    encode({
      type: 'response',
      id: 7,
      flags: 0,
      questions: [{ type: 'SOA', name: '.' }],
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 4096,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [{ code: 3, data: Buffer.from(text) }],
        },
      ] as never,
    }),
  ).toString('base64');

const PROBES = JSON.stringify({
  objects: [
    { id: 1, asn_v4: 3320, asn_v6: null, country_code: 'DE', latitude: 50.1, longitude: 8.7 },
    { id: 2, asn_v4: null, asn_v6: 1299, country_code: 'se' },
    { id: 3, asn_v4: 7, geometry: { type: 'Point', coordinates: [103.8, 1.3] } },
    { id: 'x' },
  ],
});

describe('RIPE Atlas results', () => {
  const { probes, complaints } = readProbes('p.json', PROBES);
  const read = (text: string) => readAtlas('r.json', text, probes, siteNamer(['fra', 'sin'], undefined));

  test('who the probes are is read from the API or the archive, and what is no probe is said', () => {
    expect([...probes.keys()]).toEqual([1, 2, 3]);
    expect(probes.get(2)).toEqual({ asn: undefined, asn6: 1299, cc: 'SE', at: undefined });
    expect(probes.get(3)?.at).toEqual({ lat: 1.3, lon: 103.8 });
    expect(complaints).toEqual([expect.stringMatching(/p\.json: entry 4: expected a probe with id/)]);
  });

  test('the identity is read from the packet (RFC 4892), from NSID (RFC 5001), from decoded answers, and from sets of results', () => {
    const { observations, unanswered } = read(
      JSON.stringify([
        { type: 'dns', prb_id: 1, af: 4, timestamp: 10, result: { abuf: abuf('fra1.example.net') } },
        { type: 'dns', prb_id: 2, af: 6, timestamp: 10, resultset: [{ result: { abuf: nsid('sin') } }] },
        {
          type: 'dns',
          prb_id: 3,
          af: 4,
          timestamp: 10,
          result: { answers: [{ TYPE: 'TXT', RDATA: ['k2.sin'] }] },
        },
        { type: 'dns', prb_id: 3, timestamp: 5, result: { abuf: abuf('fra') } },
        { type: 'dns', prb_id: 1, timestamp: 11, error: { timeout: 5000 } },
      ]),
    );
    expect(observations.map((o) => [o.id, o.asn, o.cc, o.site])).toEqual([
      ['1', 3320, 'DE', 'fra'],
      ['2', 1299, 'SE', 'sin'],
      ['3', 7, '', 'sin'],
    ]);
    expect(unanswered).toBe(1);
  });

  test('one result a line is read too; torn lines and entries are counted with their place', () => {
    const { observations, complaints } = read(
      [
        JSON.stringify({ type: 'dns', prb_id: 1, result: { abuf: abuf('fra') } }),
        '{"type":"dns", "prb_',
        JSON.stringify({ type: 'traceroute', prb_id: 1 }),
        JSON.stringify({ type: 'dns', prb_id: 1, result: { abuf: 'AAAA' } }),
        JSON.stringify({ type: 'dns', prb_id: 77, result: { abuf: abuf('fra') } }),
        '{"prb_id":1,"type":{"toString":1}}',
        '',
      ].join('\n'),
    );
    expect(observations.length).toBe(1);
    expect(complaints).toEqual([
      'r.json:2: expected a JSON object; skipped',
      "r.json: line 3: expected a result of type dns, not 'traceroute'",
      expect.stringMatching(/^r\.json: line 4: the answer cannot be read: /),
      'r.json: line 6: expected a result of type dns, not object',
      'r.json: 1 results are of probes of which nothing is known; --probes names a file that does',
    ]);
  });

  test('of many complaints the first are said and the others counted', () => {
    const { complaints } = read(JSON.stringify(Array.from({ length: 1000 }, () => 7)));
    expect(complaints.length).toBe(21);
    expect(complaints.at(-1)).toBe('and 980 more that could not be used');
  });

  test('a server is the site whose name is a word of its own, and a pattern decides otherwise', () => {
    const name = siteNamer(['fra', 'sin', 'sin-2'], undefined);
    expect(
      ['fra', 'FRA3', 'ns1.fra.example', 'res100.sin.rrdns', 'sin-2', 'ams1', 'fra-sin'].map(name),
    ).toEqual(['fra', 'fra', 'fra', 'sin', 'sin-2', 'ams1', 'fra-sin']);
    expect(siteNamer(['fra'], /^x-(\w+?)\d*-/)('x-fra12-a')).toBe('fra');
  });

  test('predict takes them with the probes, and says what is wrong with a pattern or a file', async () => {
    const [results, file] = [join(folder, 'r.json'), join(folder, 'p.json')];
    writeFileSync(results, JSON.stringify([{ type: 'dns', prb_id: 1, result: { abuf: abuf('fra') } }]));
    writeFileSync(file, PROBES);
    expect(await predicted('--observed', results, '--probes', file)).toMatch(/\n1 clients; /);
    await expect(predicted('--observed', results)).rejects.toThrow(
      /no observation in it[\s\S]*--probes names a file/,
    );
    await expect(predicted('--observed', results, '--probes', file, '--identity', '(')).rejects.toThrow(
      /--identity wants a regular expression/,
    );
    writeFileSync(results, '[{"type"');
    await expect(predicted('--observed', results, '--probes', file)).rejects.toThrow(/is cut or no JSON/);
  });
});

test('JSON with a byte-order mark is JSON: results, probes, and what is kept', async () => {
  const [results, file] = [join(folder, 'r.json'), join(folder, 'p.json')];
  writeFileSync(
    results,
    `\ufeff${JSON.stringify([{ type: 'dns', prb_id: 1, result: { abuf: abuf('fra') } }])}`,
  );
  writeFileSync(file, `\ufeff${PROBES}`);
  expect(await predicted('--observed', results, '--probes', file, '--save')).toMatch(/\n1 clients; /);
  writeFileSync(kept, `\ufeff${readFileSync(kept, 'utf8')}`);
  expect(await predicted()).toMatch(/corrected by 1 clients/);
});

test('of more clients than are used a part is taken that is spread evenly, is the same each time, and takes a client wholly or not', () => {
  const taken = (count: number, most: number) => {
    const sample = new Sample(most);
    for (let i = 0; i < count; i++)
      for (const site of ['fra', 'sin']) sample.add({ id: `192.0.${i}.0/24`, cc: 'DE', site });
    return sample;
  };
  const few = taken(50, 100);
  expect([few.observations().length, few.leftOut]).toEqual([100, 0]);
  const many = taken(20_000, 1000);
  const seen = many.observations();
  expect(seen.length).toBeGreaterThan(400);
  expect(seen.length).toBeLessThanOrEqual(1000);
  expect(seen.length + many.leftOut).toBe(40_000);
  expect(taken(20_000, 1000).observations()).toEqual(seen);
  const times = new Map<string, number>();
  for (const o of seen) times.set(o.id, (times.get(o.id) ?? 0) + 1);
  expect(new Set(times.values())).toEqual(new Set([2]));
  const late = [...times.keys()].filter((id) => Number(id.split('.')[2]) >= 10_000).length;
  expect(late / times.size).toBeGreaterThan(0.4);
  expect(late / times.size).toBeLessThan(0.6);
});

test('of more clients without a name than are used, as many of each country are taken as of others', () => {
  const rows = 'DE,fra\nDE,fra\nJP,sin\n'.repeat(80_000);
  const { observations, leftOut } = readObservations('log.csv', undefined, Buffer.from(`cc,site\n${rows}`));
  expect(observations.length + leftOut).toBe(240_000);
  expect(observations.length).toBeGreaterThan(100_000);
  expect(observations.filter((o) => o.cc === 'DE').length / observations.length).toBeCloseTo(2 / 3, 1);
});

test('a file of observations or probes that is too large for memory is refused, packed or not', async () => {
  const file = join(folder, 'large.json');
  writeFileSync(file, '[');
  truncateSync(file, MOST_BYTES + 1);
  for (const given of [
    ['--observed', file],
    ['--observed', file, '--probes', file],
    ['--attack', file, '--size', '1Gbps'],
  ])
    await expect(predicted(...given)).rejects.toThrow(/large\.json has more than 268435456 bytes/);
  rmSync(file);
  // Few letters can be many objects.
  expect(() => jsonText('many.json', Buffer.from('{},'.repeat(10_000_001)))).toThrow(
    /many\.json has more than 10000000 objects/,
  );
});

test('observations packed with bzip2, as Atlas keeps its probes, are read', () => {
  const file = join(folder, 'landed.csv.bz2');
  // `(echo site,asn; yes fra,3320 | head -100) | bzip2`
  const packed =
    'QlpoOTFBWSZTWSbxlVYAAcVZgAAQAARYACMhHAAgAFCAaAApVAaaNM8EXZFjsiwIsEXpFtrJFp8Rb51+LuSKcKEgTeMqrA==';
  writeFileSync(file, Buffer.from(packed, 'base64'));
  const { observations } = readObservations(file);
  expect([observations.length, observations[0]?.site, observations[0]?.asn]).toEqual([100, 'fra', 3320]);
  expect(() => bytesOf(file, 300)).toThrow(/unpacks to more than 300 bytes/);
  writeFileSync(file, Buffer.from(packed, 'base64').subarray(0, 30));
  expect(() => bytesOf(file)).toThrow(/landed\.csv\.bz2 is cut or damaged/);
});

test('a packed file is unpacked up to a limit, and what is cut short is said', () => {
  const file = join(folder, 'bomb.csv.gz');
  const packed = gzipSync(Buffer.alloc(100_000));
  writeFileSync(file, packed);
  expect(bytesOf(file, 100_000).length).toBe(100_000);
  expect(() => bytesOf(file, 99_999)).toThrow(/bomb\.csv\.gz unpacks to more than 99999 bytes/);
  writeFileSync(file, packed.subarray(0, 50));
  expect(() => bytesOf(file)).toThrow(/cannot read .*bomb\.csv\.gz: Z_BUF_ERROR/);
});
