import { expect, test } from 'vitest';
import { CITIES } from './city.ts';
import { FEWEST_ASES, generateWorld, linksOf, transitNear } from './generate.ts';
import { degree, GraphBuilder, indexOf, providerCycle } from './graph.ts';
import { openWorld, packWorld } from './pack.ts';
import { distanceKm, findPlace, type Place, rttMs } from './place.ts';
import { inferPresence } from './presence.ts';
import { assembleWorld, countryOf, handover, nameOf, placesOf, type World, walkKm } from './world.ts';

const city = (code: string) => findPlace(code, CITIES) as Place;

test('distances are those of the globe, and round trips grow with them', () => {
  expect(distanceKm(city('fra'), city('nyc'))).toBeGreaterThan(6150);
  expect(distanceKm(city('fra'), city('nyc'))).toBeLessThan(6250);
  expect(distanceKm({ lat: 0, lon: 179 }, { lat: 0, lon: -179 })).toBeCloseTo(222.4, 0);
  expect(distanceKm({ lat: 90, lon: 0 }, { lat: -90, lon: 77 })).toBeCloseTo(Math.PI * 6371, 0);
  expect(rttMs(6200, 4)).toBeGreaterThan(80);
  expect(rttMs(6200, 4)).toBeLessThan(110);
});

test('the built-in cities have codes of their own and lie on the globe', () => {
  expect(CITIES.length).toBeGreaterThanOrEqual(300);
  expect(new Set(CITIES.map((c) => c.code)).size).toBe(CITIES.length);
  for (const c of CITIES) {
    expect(Math.abs(c.lat), c.name).toBeLessThan(70);
    expect(Math.abs(c.lon), c.name).toBeLessThanOrEqual(180);
    expect(c.population, c.name).toBeGreaterThan(10_000);
    expect(c.cc).toMatch(/^[A-Z]{2}$/);
    expect(c.code).toMatch(/^[a-z]{3}$/);
  }
});

/** Everybody reaches a top AS by climbing, and all tops peer with each other: so everybody reaches everybody. */
function connected(world: World): boolean {
  const { providers, peers } = world.graph;
  const tops = [...world.graph.asns.keys()].filter((v) => degree(providers, v) === 0);
  return tops.every((v) => degree(peers, v) >= tops.length - 1);
}

test('generated internets of all sizes are connected, have no provider circles, and are the same for the same seed', () => {
  for (const [ases, seed] of [
    [FEWEST_ASES, 1],
    [100, 2],
    [100, 3],
    [900, 4],
    [3000, 5],
  ] as const) {
    const world = generateWorld({ ases, seed });
    expect(world.graph.asns.length).toBe(ases);
    expect(providerCycle(world.graph)).toBeUndefined();
    expect(connected(world)).toBe(true);
    expect(generateWorld({ ases, seed })).toEqual(world);
    expect(generateWorld({ ases, seed: seed + 1 }).graph).not.toEqual(world.graph);
    for (let v = 0; v < ases; v++) {
      expect(placesOf(world, v).length).toBeGreaterThan(0);
      expect(nameOf(world, v)).not.toBe('');
    }
  }
  expect(() => generateWorld({ ases: 5, seed: 1 })).toThrow(/from 20/);
});

test('a hundred ASes make a small internet one can look at', () => {
  const world = generateWorld({ ases: 100, seed: 1 });
  const links = linksOf(world);
  expect(links.length).toBeGreaterThan(110);
  for (const link of links) {
    expect(link.latencyMs).toBeGreaterThanOrEqual(0.1);
    expect(link.latencyMs).toBeLessThan(160);
    expect(link.from).not.toBe(link.to);
  }
  expect(world.graph.asns[0]).toBe(64601);
  const near = transitNear(world, city('fra'));
  const first = indexOf(world.graph, near[0] as number);
  expect([...placesOf(world, first)].map((p) => world.places[p]?.code)).toContain('fra');
  const who = [0, 5, 30, 60].map((v) => `${world.graph.asns[v]} ${nameOf(world, v)} ${countryOf(world, v)}`);
  expect(who).toMatchInlineSnapshot(`
    [
      "64601 Aurora Backbone ",
      "64606 Fathom Backbone ",
      "64631 New York Carrier US",
      "64661 Fortaleza Cable BR",
    ]
  `);
});

test('a packed world opens to the same value without being parsed', () => {
  const world = generateWorld({ ases: 60, seed: 9 });
  const file = packWorld(world);
  const opened = openWorld(file.buffer);
  if ('refused' in opened) throw new Error(opened.refused);
  expect(opened).toEqual(world);
  expect(opened.graph.asns.buffer).toBe(file.buffer);
});

test('a packed file of another version, cut short, damaged or foreign is refused with the command that rebuilds it', () => {
  const file = packWorld(generateWorld({ ases: 20, seed: 1 }));
  const refusal = (bytes: Uint8Array) => {
    const opened = openWorld(bytes.slice().buffer);
    return 'refused' in opened ? opened.refused : 'opened';
  };
  const other = file.slice();
  other[8] = 9;
  const bent = file.slice();
  bent[bent.length >> 1]! ^= 4;
  expect([
    refusal(other),
    refusal(file.subarray(0, 64)),
    refusal(bent),
    refusal(new Uint8Array(100)),
    refusal(new Uint8Array(0)),
  ]).toMatchInlineSnapshot(`
    [
      "the file has version 9 of the format, and this is version 1; rebuild it with \`nearcast data pack\`",
      "the file is 64 bytes long and should be 21120: it was cut short; rebuild it with \`nearcast data pack\`",
      "the checksum of the file is wrong: it was damaged; rebuild it with \`nearcast data pack\`",
      "this is no packed world; rebuild it with \`nearcast data pack\`",
      "this is no packed world; rebuild it with \`nearcast data pack\`",
    ]
  `);
  for (let length = 0; length < file.length; length += 97)
    expect(refusal(file.subarray(0, length))).toMatch(/data pack/);
});

test('weights are users where known, else /24s, else every network counts one', () => {
  const builder = new GraphBuilder();
  builder.transit(1, 2);
  const { graph } = builder.build();
  const infos = (users?: number, slash24?: number) =>
    new Map([
      [
        2,
        {
          asn: 2,
          name: 'Two',
          cc: 'DE',
          at: { lat: 51, lon: 9 },
          ...(users !== undefined && { users }),
          ...(slash24 !== undefined && { slash24 }),
        },
      ],
    ]);
  const weigh = (...tables: ReturnType<typeof infos>[]) => {
    const world = assembleWorld({ graph, infos: tables });
    return [world.weightUnit, ...world.weights];
  };
  expect(weigh(infos(50, 4))).toEqual(['users', 0, 50]);
  expect(weigh(infos(undefined, 4))).toEqual(['slash24s', 0, 4]);
  expect(weigh(infos(), infos(undefined, 6))).toEqual(['slash24s', 0, 6]);
  expect(weigh(infos())).toEqual(['networks', 1, 1]);
  const world = assembleWorld({ graph, infos: [infos()], presence: new Map([[1, [0, 3]]]) });
  expect([...placesOf(world, 0)]).toEqual([0, 3]);
  expect(world.places[placesOf(world, 1)[0] as number]?.name).toBe('the middle of DE');
  expect([countryOf(world, 0), countryOf(world, 1)]).toEqual(['', 'DE']);
});

test('where nobody says, an AS is in the countries of its customers and peers, the busier in the more cities', () => {
  const builder = new GraphBuilder();
  for (const customer of [11, 12, 13, 14]) builder.transit(1, customer);
  builder.peering(1, 2);
  builder.transit(2, 15);
  const { graph } = builder.build();
  const cc: { [asn: number]: string } = { 1: 'US', 2: 'JP', 11: 'DE', 12: 'DE', 13: 'DE', 14: 'BR' };
  const infos = new Map(
    Object.entries(cc).map(([asn, country]) => [Number(asn), { asn: Number(asn), name: '', cc: country }]),
  );
  const known = new Map([[14, [7, 9]]]);
  const presence = inferPresence(graph, infos, known);
  const codes = (asn: number) =>
    presence
      .get(asn)
      ?.map((i) => CITIES[i]?.code)
      .sort();
  expect(codes(1)).toEqual(['ber', 'fra', 'nyc', 'sao', 'tyo']);
  expect(codes(11)).toEqual(['fra']);
  expect(codes(2)).toEqual(['nyc', 'tyo']);
  expect(presence.get(14)).toEqual([7, 9]);
  expect(presence.get(15)).toBeUndefined();
});

test('traffic leaves an AS at the nearest city both share, and the way is counted from handover to handover', () => {
  const builder = new GraphBuilder();
  builder.peering(1, 2);
  builder.transit(2, 3);
  const at = (...codes: string[]) => codes.map((c) => CITIES.indexOf(city(c))).sort((a, b) => a - b);
  const world = assembleWorld({
    graph: builder.build().graph,
    presence: new Map([
      [1, at('fra', 'nyc', 'sin')],
      [2, at('nyc', 'sin', 'syd')],
    ]),
  });
  const code = (place: number | undefined) => (place === undefined ? undefined : world.places[place]?.code);
  expect(code(handover(world, 0, 1, city('lon')))).toBe('nyc');
  expect(code(handover(world, 0, 1, city('bkk')))).toBe('sin');
  expect(code(handover(world, 0, 1, city('syd')))).toBe('sin');
  expect(handover(world, 1, 2, city('syd'))).toBeUndefined();
  const km = walkKm(world, [0, 1, 2], city('lon'), city('syd'));
  expect(km).toBeCloseTo(distanceKm(city('lon'), city('nyc')) + distanceKm(city('nyc'), city('syd')), 3);
});
