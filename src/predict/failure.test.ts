/** Failures on generated internets against predictions of what is left, and what they come to when nothing is. */
import { expect, test } from 'vitest';
import { Random } from '../base/index.ts';
import { generateWorld, linksOf, type Place, type World } from '../topology/index.ts';
import { clientAnswer, summarise } from './catchment.ts';
import { type Announcement, type Deployment, sitesIn, without } from './deployment.ts';
import { failuresOf, intact } from './failure.ts';
import { groundOf } from './ground.ts';
import { movedWeight } from './movers.ts';
import { predict } from './predict.ts';
import { deployment, ground, prediction } from './three-sites.test-support.ts';

/** Sites at random networks of any kind; with local preferences of some of them where that is wanted. */
function scatter(random: Random, world: World, preferring: boolean): Deployment {
  const { asns } = world.graph;
  const anyAs = () => asns[random.below(asns.length)] as number;
  const spots = Array.from({ length: 4 }, () => world.places[random.below(world.places.length)] as Place);
  const announcements = Array.from({ length: 2 + random.below(6) }, (): Announcement => {
    const k = random.below(4);
    return {
      site: `s${k}`,
      upstream: random.chance(0.5) ? (asns[random.below(20)] as number) : anyAs(),
      relation: random.pick(['provider', 'provider', 'provider', 'peer', 'customer', 'itself']),
      prepend: random.below(3),
      noExport: random.chance(0.1),
      ...(k !== 3 && { place: spots[k] as Place }),
    };
  });
  const operator = random.chance(0.4) ? anyAs() : 64500;
  if (!preferring) return { operator, announcements };
  const preferences = Array.from({ length: 3 }, () => {
    const { from, to } = random.pick(linksOf(world));
    return { asn: from, neighbour: to, prefers: random.pick(['before', 'after'] as const) };
  });
  return { operator, announcements, preferences };
}

test('a failure, one after the other, comes to what a prediction without the sites does: load, moved and round trips', () => {
  for (let seed = 1; seed <= 24; seed++) {
    const random = new Random(seed);
    const world = generateWorld({ ases: 20 + random.below(200), seed });
    const here = groundOf(world);
    const whole = scatter(random, world, seed % 4 === 0);
    const p = predict(here, whole);
    const sites = sitesIn(whole);
    const sets = [[], ...sites.map((s) => [s]), sites.slice(1), ['nowhere'], sites, []];
    for (const [i, failure] of failuresOf(p, sets).entries()) {
      const where = `seed ${seed}, without ${sets[i]}`;
      const anew = predict(here, without(whole, sets[i] as string[]));
      const left = summarise(anew);
      const part = (weight: number) => weight / here.weight;
      for (const [k, site] of sites.entries()) {
        const weight = left.sites.find((s) => s.site === site)?.weight ?? 0;
        expect(part(failure.weights[k] as number), where).toBeCloseTo(part(weight), 5);
      }
      expect(part(failure.unreached), where).toBeCloseTo(part(left.unreached), 5);
      expect(part(failure.moved), where).toBeCloseTo(movedWeight(p, anew), 5);
      const { meanRttMs } = intact(anew);
      if (Number.isNaN(meanRttMs)) expect(failure.meanRttMs, where).toBeNaN();
      else expect(failure.meanRttMs, where).toBeCloseTo(meanRttMs, 3);
    }
  }
});

test('when every site fails nobody lands anywhere, and no round trip is made of what rounding leaves', () => {
  for (const seed of [34, 111, 127, 210]) {
    const random = new Random(seed);
    const world = generateWorld({ ases: 60, seed });
    const announcements = Array.from({ length: 3 + (seed % 4) }, (_, i): Announcement => {
      const upstream = world.graph.asns[random.below(60)] as number;
      const place = world.places[random.below(world.places.length)] as Place;
      return { site: `s${i}`, upstream, relation: 'provider', place };
    });
    const p = predict(groundOf(world), { operator: 64500, announcements });
    const [all] = failuresOf(p, [p.sites]);
    expect(all?.meanRttMs, `seed ${seed}`).toBeNaN();
    expect((all?.unreached as number) / p.ground.weight).toBeCloseTo(1, 6);
  }
});

test('a site is as near as its announcement with a place says, whatever another of it leaves out', () => {
  const [fra, ...others] = deployment.announcements as [Announcement, ...Announcement[]];
  const { place, ...nowhere } = fra;
  expect(place).toBeDefined();
  const p = predict(ground, { ...deployment, announcements: [fra, ...others, nowhere] });
  const asn = ground.world.graph.asns[0] as number;
  expect(clientAnswer(p, asn)?.cities.map((c) => c.nearest)).toEqual(
    clientAnswer(prediction, asn)?.cities.map((c) => c.nearest),
  );
});
