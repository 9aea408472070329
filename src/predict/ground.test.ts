import { expect, test } from 'vitest';
import { type AsInfo, assembleWorld, CITIES, findPlace, GraphBuilder } from '../topology/index.ts';
import { routedParts } from './belief.ts';
import { groundOf, HOME } from './ground.ts';
import { predict } from './predict.ts';

const number = (name: string) => CITIES.indexOf(findPlace(name, CITIES) as (typeof CITIES)[number]);

/** AS1 in Frankfurt, Berlin and Tokyo, with customers and peers in these countries; the weight of each city. */
function weightsOf(cc: string, customers: readonly string[], peers: readonly string[] = []) {
  const graph = new GraphBuilder();
  const infos = new Map<number, AsInfo>([[1, { asn: 1, name: '', cc, slash24: 100 }]]);
  const add = (country: string) => {
    const asn = 10 + infos.size;
    infos.set(asn, { asn, name: '', cc: country, slash24: 1 });
    return asn;
  };
  for (const country of customers) graph.transit(1, add(country));
  for (const country of [...peers, 'US']) graph.peering(1, add(country));
  const cities = ['Frankfurt', 'Berlin', 'Tokyo'].map(number).sort((a, b) => a - b);
  const world = assembleWorld({
    graph: graph.build().graph,
    infos: [infos],
    presence: new Map([[1, cities]]),
  });
  const { terrain, nodeWeight } = groundOf(world);
  const at = (name: string) => {
    for (let node = 0; node < (terrain.nodeOffsets[1] as number); node++)
      if (terrain.at[terrain.nodePlace[node] as number]?.name === name) return nodeWeight[node] as number;
    return Number.NaN;
  };
  return { germany: at('Frankfurt') + at('Berlin'), berlin: at('Berlin'), tokyo: at('Tokyo') };
}
const population = (name: string) => 1 + (CITIES[number(name)]?.population as number);

test('a network that is in far cities only because it peers there has no clients there', () => {
  const { germany, tokyo, berlin } = weightsOf('DE', [], ['JP', 'JP', 'JP']);
  expect([germany, tokyo]).toEqual([100, 0]);
  expect(berlin).toBeCloseTo(
    (100 * population('Berlin')) / (population('Berlin') + population('Frankfurt')),
    4,
  );
});

test('what is not at home is divided as customers are, of the countries where the network is', () => {
  const { germany, tokyo } = weightsOf('DE', ['DE', 'DE', 'DE', 'JP', 'FR', '']);
  expect(tokyo).toBeCloseTo(100 * (1 - HOME) * 0.25, 4);
  expect(germany + tokyo).toBeCloseTo(100, 4);
});

test('a network that has no city in its country has its clients where its customers are, else wherever it is', () => {
  expect(weightsOf('AU', ['JP', 'JP']).tokyo).toBe(100);
  const { germany, tokyo } = weightsOf('', []);
  const people = population('Frankfurt') + population('Berlin') + population('Tokyo');
  expect(tokyo).toBeCloseTo((100 * population('Tokyo')) / people, 4);
  expect(germany + tokyo).toBeCloseTo(100, 4);
});

test('who is asked of a client where the network is thought to have none counts its cities there by their people', () => {
  const graph = new GraphBuilder();
  graph.peering(1, 2);
  const infos = new Map<number, AsInfo>([[1, { asn: 1, name: '', cc: 'DE', slash24: 100 }]]);
  const cities = ['Berlin', 'Tokyo', 'Osaka'].map(number).sort((a, b) => a - b);
  const ground = groundOf(
    assembleWorld({ graph: graph.build().graph, infos: [infos], presence: new Map([[1, cities]]) }),
  );
  const p = predict(ground, {
    operator: 64500,
    announcements: ['Tokyo', 'Osaka'].map((site) => ({
      site,
      upstream: 1,
      relation: 'provider',
      place: CITIES[number(site)] as (typeof CITIES)[number],
    })),
  });
  const [tokyo, osaka] = routedParts(p, { id: 'x', asn: 1, cc: 'JP' });
  expect((tokyo as number) / (osaka as number)).toBeCloseTo(population('Tokyo') / population('Osaka'), 4);
});
