import { describe, expect, test } from 'vitest';
import { countryOf } from '../topology/index.ts';
import { carried, type Expected, expectedOf, strayed } from './carried.ts';
import { expectedFailures } from './carried-failure.ts';
import { cityAnswer, clientAnswer, redivided, summarise } from './catchment.ts';
import { expectedAt, SURE } from './corrected.ts';
import { type Announcement, type Deployment, without } from './deployment.ts';
import { Divisions } from './divisions.ts';
import { groundOf } from './ground.ts';
import { worldIn } from './notation.ts';
import { learn, type Observation } from './observed.ts';
import { predict } from './predict.ts';
import { deployment, ground, prediction, world } from './three-sites.test-support.ts';

/** Some networks that landed at sin, some at nyc. */
const observations = Array.from({ length: 120 }, (_, i): Observation => {
  const v = 100 + 3 * i;
  return {
    id: `${v}`,
    asn: world.graph.asns[v] as number,
    cc: countryOf(world, v),
    site: i % 3 === 0 ? 'nyc' : 'sin',
  };
});
const learned = learn(prediction, observations);
const expected = expectedOf(learned);

const landings = ({ seen }: Expected) =>
  Array.from(seen.shares.share, (_, node) =>
    cityAnswer(seen, node).parts.map(({ site, part }) => `${site} ${part.toFixed(4)}`),
  );

describe('what was seen as a prediction of its own', () => {
  test('has everybody where he is expected', () => {
    const weights = new Map<string, number>();
    let sure = 0;
    for (const [node, weight] of ground.nodeWeight.entries())
      for (const [k, part] of (expectedAt(learned, node) ?? []).entries()) {
        const site = prediction.sites[k] as string;
        weights.set(site, (weights.get(site) ?? 0) + weight * part);
        if (part >= SURE) sure += weight * part;
      }
    const { sites, all, unreached } = summarise(expected.seen, SURE);
    expect(unreached).toBe(summarise(prediction).unreached);
    for (const { site, weight } of sites)
      expect(weight / ground.weight).toBeCloseTo((weights.get(site) as number) / ground.weight, 5);
    expect(all.certain).toBeCloseTo(sure / all.weight, 5);
    expect(all.networks).toBe(summarise(prediction).all.networks);
  });

  test('can be asked of some cities alone, and then knows of no others', () => {
    const some = [5, 17, 400];
    const { seen } = expectedOf(learned, some);
    for (let node = 0; node < ground.nodeWeight.length; node++)
      expect(cityAnswer(seen, node).parts).toEqual(
        some.includes(node) ? cityAnswer(expected.seen, node).parts : [],
      );
  });

  test('says which part stands where routes would not have it', () => {
    expect(strayed({ routes: prediction, seen: prediction })).toBe(0);
    expect(strayed(expected)).toBeGreaterThan(0.2);
  });
});

describe('carried over', () => {
  test('to the same announcements it stays as it is', () => {
    expect(landings(carried(expected, predict(ground, deployment)))).toEqual(landings(expected));
  });

  test('where nothing was learnt it is what routes say', () => {
    const plain = { routes: prediction, seen: redivided(prediction, divisionsOf()) };
    const after = predict(ground, without(deployment, ['fra']));
    for (const asn of world.graph.asns)
      expect(clientAnswer(carried(plain, after).seen, asn)?.parts.map(round)).toEqual(
        clientAnswer(after, asn)?.parts.map(round),
      );
  });

  test('nobody is left at a site that is gone, nobody is lost, and others stay but for what routes move', () => {
    const after = predict(ground, without(deployment, ['sin']));
    const { seen } = carried(expected, after);
    expect(seen.sites).toEqual(['fra', 'nyc']);
    for (let node = 0; node < seen.shares.share.length; node++) {
      const [now, before] = [cityAnswer(seen, node).parts, cityAnswer(expected.seen, node).parts];
      const sum = now.reduce((n, p) => n + p.part, 0);
      if (cityAnswer(after, node).parts.length > 0) expect(sum).toBeCloseTo(1, 4);
      // Losing a site takes nobody away from another as long as routes move nobody else.
      for (const { site, part } of before) {
        if (site === 'sin') continue;
        const routed = (p: typeof after) => cityAnswer(p, node).parts.find((x) => x.site === site)?.part ?? 0;
        if (routed(after) >= routed(prediction))
          expect(now.find((p) => p.site === site)?.part ?? 0).toBeGreaterThanOrEqual(part - 1e-4);
      }
    }
  });

  // One carrier for each site; 10 buys from the first, 20 from both.
  const small = groundOf(
    worldIn(`
      1 = 2
      1 = 3
      2 = 3
      1 > 10 20
      2 > 20 30
      3 > 30`),
  );
  const at = (site: string, upstream: number, prepend = 0): Announcement => ({
    site,
    upstream,
    relation: 'provider',
    prepend,
  });
  const plan = (...announcements: Announcement[]): Deployment => ({ operator: 64500, announcements });
  const now = predict(small, plan(at('a', 1), at('b', 2, 1), at('c', 3)));
  /** Where AS10 goes that was seen to stand like this. */
  const then = (stood: Readonly<Record<string, number>>, after: Deployment) => {
    const divisions = new Divisions(now.shares.share.length);
    for (let node = 0; node < divisions.share.length; node++)
      divisions.share[node] = divisions.add(Float64Array.from(now.sites, (s) => stood[s] ?? 0));
    const seen = redivided(now, divisions.all());
    return clientAnswer(carried({ routes: now, seen }, predict(small, after)).seen, 10)?.parts.map(round);
  };
  const part = (site: string, of: number) => ({ site, part: of });

  test('a part that stands as routes say moves as they say, by prepends and by withdrawal', () => {
    // Routes: AS10 goes to a through AS1, and without a half to b and half to c, or what is shorter.
    expect(then({ a: 1 }, plan(at('b', 2), at('c', 3, 1)))).toEqual([part('b', 1)]);
    expect(then({ a: 0.6, c: 0.4 }, plan(at('b', 2), at('c', 3, 1)))).toEqual([
      part('b', 0.6),
      part('c', 0.4),
    ]);
    // A prepend moves nobody whose route is a customer's.
    expect(then({ a: 1 }, plan(at('a', 1, 3), at('b', 2), at('c', 3)))).toEqual([part('a', 1)]);
  });

  test('a part that stands against the routes stays while the site announces, and without it goes where the rest stands, else by routes', () => {
    expect(then({ c: 1 }, plan(at('b', 2), at('c', 3, 1)))).toEqual([part('c', 1)]);
    expect(then({ c: 0.8, a: 0.2 }, plan(at('a', 1), at('b', 2)))).toEqual([part('a', 1)]);
    expect(then({ c: 0.8, b: 0.2 }, plan(at('a', 1), at('b', 2)))).toEqual([part('b', 1)]);
    expect(then({ c: 1 }, plan(at('a', 1), at('b', 2)))).toEqual([part('a', 1)]);
  });

  test('a site that is new gets what routes give it', () => {
    const after = plan(at('d', 10), at('a', 1), at('b', 2, 1), at('c', 3));
    expect(then({ a: 0.5, c: 0.5 }, after)).toEqual([part('d', 0.5), part('c', 0.5)]);
  });
});

describe('failures by what was seen', () => {
  test('are what a plan without the sites comes to, and nothing changes without a failure', () => {
    const all = prediction.sites;
    const sets = [[], ...all.map((s) => [s]), ['fra', 'sin'], all];
    const told: number[] = [];
    const found = expectedFailures(expected, sets, (n) => void told.push(n));
    expect(told.at(-1)).toBe(sets.length);
    const base = summarise(expected.seen, SURE);
    for (const [i, gone] of sets.entries()) {
      const left = all.filter((s) => !gone.includes(s));
      const failure = found[i] as (typeof found)[number];
      if (left.length === 0) {
        expect(failure.unreached / ground.weight).toBeCloseTo(1, 5);
        continue;
      }
      const anew = summarise(carried(expected, predict(ground, without(deployment, gone))).seen, SURE);
      for (const [k, site] of all.entries())
        expect((failure.weights[k] as number) / ground.weight, `${gone} ${site}`).toBeCloseTo(
          (anew.sites.find((s) => s.site === site)?.weight ?? 0) / ground.weight,
          4,
        );
      expect(failure.unreached / ground.weight).toBeCloseTo(anew.unreached / ground.weight, 5);
      const lost = gone.reduce((n, s) => n + (base.sites.find((x) => x.site === s)?.weight ?? 0), 0);
      expect(failure.moved / ground.weight).toBeGreaterThanOrEqual(lost / ground.weight - 1e-5);
      if (gone.length === 0) expect(failure.moved).toBe(0);
    }
  });
});

const round = (p: { readonly site: string; readonly part: number }) => ({
  site: p.site,
  part: Number(p.part.toFixed(3)),
});

/** The routes' own parts, by site. */
function divisionsOf() {
  const divisions = new Divisions(prediction.shares.share.length);
  for (let node = 0; node < divisions.share.length; node++) {
    const { parts } = cityAnswer(prediction, node);
    if (parts.length === 0) continue;
    const by = new Map(parts.map((p) => [p.site, p.part]));
    divisions.share[node] = divisions.add(Float64Array.from(prediction.sites, (s) => by.get(s) ?? 0));
  }
  return divisions.all();
}
