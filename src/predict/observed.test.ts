import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Prefix } from '../base/index.ts';
import { countryOf, indexOf, nameOf, neighboursOf } from '../topology/index.ts';
import {
  type Announcement,
  believed,
  type Client,
  clientAnswer,
  crossValidated,
  expected,
  expectedAt,
  learn,
  type Observation,
  predict,
  rulesFor,
  scoreOf,
  together,
  wilson,
} from './index.ts';
import { refined } from './observed.ts';
import { deployment, ground, prediction, world } from './three-sites.test-support.ts';

const sum = (parts: Float64Array) => parts.reduce((a, b) => a + b, 0);
const asns = world.graph.asns;
const clients = Array.from({ length: 300 }, (_, i) => {
  const asn = asns[100 + i] as number;
  return { id: String(i), asn, cc: clientAnswer(prediction, asn)?.cc ?? '' };
});

/** Networks alike the obvious way: every pair compared, and each by all that is in the graph. */
function likeness(a: number, b: number): number {
  const { graph } = world;
  const carriers = (asn: number) => {
    const v = indexOf(graph, asn);
    const providers = [...neighboursOf(graph.providers, v)];
    return Array.from(graph.asns, (_, x) => {
      const part =
        (x === v ? (providers.length > 0 ? 0.3 : 1) : 0) +
        (providers.includes(x) ? 0.7 / providers.length : 0);
      return Math.sqrt(
        part * Math.log((1 + graph.asns.length) / (1 + neighboursOf(graph.customers, x).length)),
      );
    });
  };
  const [mine, theirs] = [carriers(a), carriers(b)];
  const dot = mine.reduce((sum, x, i) => sum + x * (theirs[i] as number), 0);
  const name = (asn: number) => nameOf(world, indexOf(graph, asn));
  const alike = name(a) !== '' && name(a) === name(b);
  return 2 * (dot / Math.hypot(...mine) / Math.hypot(...theirs)) ** 2 + (alike ? 1 : 0);
}

describe('what is believed and learnt of a client', () => {
  test('is a distribution, whatever is known of the client', () => {
    const learned = learn(
      prediction,
      clients.map((c) => ({ ...c, site: 'fra' })),
    );
    fc.assert(
      fc.property(
        fc.record({
          id: fc.string(),
          asn: fc.option(fc.constantFrom(...asns, 1), { nil: undefined }),
          cc: fc.constantFrom('', 'DE', 'US', 'ZZ'),
          at: fc.option(
            fc.record({
              lat: fc.double({ min: -90, max: 90, noNaN: true }),
              lon: fc.double({ min: -180, max: 180, noNaN: true }),
            }),
            { nil: undefined },
          ),
        }),
        (client) => {
          for (const parts of [believed(prediction, client), expected(learned, client)]) {
            expect(sum(parts)).toBeCloseTo(1, 9);
            expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('clients of a network that were seen at one site pull the others there, and the more the farther', () => {
    const client = clients[7] as (typeof clients)[number];
    const seen = (n: number): Observation[] =>
      Array.from({ length: n }, (_, i) => ({ ...client, id: `other ${i}`, site: 'sin' }));
    const part = [0, 1, 3, 20].map((n) => expected(learn(prediction, seen(n)), client)[2] as number);
    expect([...part].sort((a, b) => a - b)).toEqual(part);
    expect(part[3]).toBeGreaterThan(0.9);
  });

  test("of a network's clients those whose addresses begin alike say more, and those who landed near", () => {
    const client = clients[7] as (typeof clients)[number];
    const seen: Observation[] = ['fra', 'sin'].map((site, i) => ({
      ...client,
      id: site,
      prefix: `10.${16 * i}.0.0/24` as Prefix,
      site,
    }));
    const learned = learn(prediction, seen);
    const parts = (more: Partial<Client>) => expected(learned, { ...client, ...more });
    const [fra, , sin] = parts({}) as unknown as [number, number, number];
    const [, , sinAlike] = parts({ prefix: '10.17.0.0/24' as Prefix }) as unknown as [number, number, number];
    expect(sinAlike).toBeGreaterThan(sin);
    // Another /12, a prefix that is wider than what is compared, none of IPv4: as if nothing were known of it.
    for (const prefix of ['11.0.0.0/24', '10.0.0.0/8', '2001:db8::/48'] as Prefix[])
      expect(parts({ prefix })).toEqual(parts({}));
    const [atSin, atFra] = [prediction.places[2], prediction.places[0]];
    expect(parts({ at: atSin })[2]).toBeGreaterThan(sin);
    expect(parts({ at: atFra })[0]).toBeGreaterThan(fra);
  });

  test('observations of sites that the prediction does not have teach nothing', () => {
    const client = clients[7] as (typeof clients)[number];
    const learned = learn(prediction, [{ ...client, site: 'moon' }]);
    expect(expected(learned, client)).toEqual(believed(prediction, client));
  });
});

describe('cross-validation', () => {
  test('a rule never sees the client that it is asked about, though it be observed twice', () => {
    const twice = [...clients, ...clients].map((c) => ({ ...c, site: 'fra' }));
    const guesses = crossValidated(twice, (others) => {
      const known = new Set(others.map((o) => o.id));
      return (client) => {
        expect(known.has(client.id)).toBe(false);
        expect(known.size).toBeGreaterThan(200);
        return Float64Array.of(1, 0, 0);
      };
    });
    expect(guesses.length).toBe(600);
    expect(scoreOf(prediction, guesses).exact.rate).toBe(1);
  });

  test('where the truth follows countries and not routes, learning beats routes, and says so honestly', () => {
    const truth = clients.map((c) => ({
      ...c,
      site: prediction.sites[(c.cc.charCodeAt(0) + c.cc.charCodeAt(1)) % 3] as string,
    }));
    const rules = rulesFor(prediction);
    const score = (name: string) =>
      scoreOf(prediction, crossValidated(truth, rules[name] as (typeof rules)[string]));
    const learnt = score('and learning');
    expect(learnt.exact.rate).toBeGreaterThan(score('routes alone').exact.rate);
    expect(learnt.exact.rate).toBeGreaterThan(0.8);
    expect(learnt.brier).toBeLessThan(score('routes and distance').brier);
  });
});

describe('scores', () => {
  test("Wilson's interval holds the rate, narrows with trials and stays inside 0 … 1", () => {
    // Wilson 1927: 8 of 10 lies between 49.0 and 94.3 per cent.
    expect(wilson(8, 10).low).toBeCloseTo(0.4902, 3);
    expect(wilson(8, 10).high).toBeCloseTo(0.9433, 3);
    expect(wilson(0, 0)).toMatchObject({ low: 0, high: 1 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat(5000), (n, k) => {
        const { rate, low, high } = wilson(Math.min(k, n), n);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(rate);
        expect(high).toBeGreaterThanOrEqual(rate);
        expect(high).toBeLessThanOrEqual(1);
        expect(wilson(Math.min(k, n) * 4, n * 4).high - wilson(Math.min(k, n) * 4, n * 4).low).toBeLessThan(
          high - low,
        );
      }),
    );
  });

  test('sure and right costs nothing, sure and wrong two, undecided between two a half', () => {
    const brier = (site: string, ...parts: number[]) =>
      scoreOf(prediction, [{ observation: { id: '1', cc: '', site }, parts: Float64Array.from(parts) }])
        .brier;
    expect(brier('fra', 1, 0, 0)).toBe(0);
    expect(brier('fra', 0, 1, 0)).toBe(2);
    expect(brier('fra', 0.5, 0.5, 0)).toBe(0.5);
    expect(brier('moon', 1, 0, 0)).toBe(2);
  });

  test('the reliability table counts each guess in the tenth that it was said with', () => {
    const guess = (site: string, ...parts: number[]) => ({
      observation: { id: '1', cc: '', site },
      parts: Float64Array.from(parts),
    });
    const { reliability, exact } = scoreOf(prediction, [
      guess('fra', 0.82, 0.1, 0.08),
      guess('nyc', 0.88, 0.1, 0.02),
      guess('sin', 0, 0, 1),
      guess('sin', 0, 0, 0),
    ]);
    expect(reliability.map((b) => [b.from, b.count, b.right.rate])).toEqual([
      [0.8, 2, 0.5],
      [0.9, 1, 1],
    ]);
    expect(exact.rate).toBe(0.5);
  });
});

test('how often two of a kind land together is the mean over those who have a fellow', () => {
  const seen = (cc: string, site: string) => ({ id: `${cc} ${site}`, cc, site });
  const all = [seen('DE', 'fra'), seen('DE', 'fra'), seen('DE', 'sin'), seen('US', 'nyc'), seen('', 'sin')];
  // Each of the two at fra has one of two fellows beside it, the one at sin none; nyc is alone, and one has no country.
  expect(together(all, (c) => c.cc || undefined)).toEqual({ clients: 3, rate: 1 / 3 });
  expect(together(all, () => undefined)).toEqual({ clients: 0, rate: Number.NaN });
});

describe('a whole prediction corrected', () => {
  const seen = clients.slice(0, 120).map((c, i) => ({ ...c, site: ['fra', 'nyc', 'sin'][i % 3] as string }));
  const learned = learn(prediction, seen);

  test('says of every city what is said of a client in it, though it works out once what many share', () => {
    let compared = 0;
    for (const node of ground.nodeAs.keys()) {
      const v = ground.nodeAs[node] as number;
      const at = ground.terrain.at[ground.terrain.nodePlace[node] as number];
      const whole = expectedAt(learned, node);
      if (!whole) continue;
      const client = { id: '', asn: asns[v] as number, cc: at?.cc || countryOf(world, v), at };
      const parts = expected(learned, client).map((p) => (p < 0.01 ? 0 : p));
      const all = sum(parts);
      for (const [k, part] of parts.entries()) expect(whole[k]).toBeCloseTo(part / all, 9);
      compared++;
    }
    expect(compared).toBeGreaterThan(600);
  });

  test('weighs networks alike as comparing every pair would', () => {
    let alike = 0;
    for (const client of clients) {
      if (client.cc === '') continue;
      const counts = [0, 0, 0];
      for (const other of seen) {
        if (other.cc !== client.cc || other.asn === client.asn) continue;
        counts[prediction.sites.indexOf(other.site)]! += likeness(client.asn, other.asn);
      }
      const prior = Float64Array.of(0.2, 0.3, 0.5);
      const all = counts.reduce((a, b) => a + b, 0);
      const own = learned.networks.has(client.asn);
      if (all > 0) alike++;
      if (own) continue;
      const found = refined(learned, client, prior);
      for (const [k, p] of prior.entries())
        expect(found[k]).toBeCloseTo(((counts[k] as number) + p) / (all + 1), 9);
    }
    expect(alike).toBeGreaterThan(20);
  });

  test('with so many sites that each is a crumb nobody is left without one', () => {
    const sites = Array.from({ length: 130 }, (_, i) => `s${i}`);
    const first = deployment.announcements[0] as Announcement;
    const many = predict(ground, { ...deployment, announcements: sites.map((site) => ({ ...first, site })) });
    const parts = expectedAt(learn(many, []), 50);
    expect(sum(parts as Float64Array)).toBeCloseTo(1, 9);
  });
});
