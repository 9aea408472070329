import { describe, expect, test } from 'vitest';
import { Random } from '../base/index.ts';
import { generateWorld, indexOf, neighboursOf, type Place } from '../topology/index.ts';
import { cityAnswer, summarise } from './catchment.ts';
import { type Announcement, type Deployment, sitesIn } from './deployment.ts';
import { type Ground, groundOf } from './ground.ts';
import { type Prediction, predict } from './predict.ts';
import { asItIs, trialsOn, type Variation } from './trial.ts';

/** Sites at random networks, several at one network among them. */
function scatter(random: Random, ases: number, count: number): { ground: Ground; deployment: Deployment } {
  const world = generateWorld({ ases, seed: random.below(1e6) });
  const spots = Array.from({ length: 4 }, () => world.places[random.below(world.places.length)] as Place);
  const announcements = Array.from({ length: count }, (_, i): Announcement => {
    const upstream = world.graph.asns[random.below(random.chance(0.5) ? 20 : ases)] as number;
    const place = spots[i % 4] as Place;
    const relation = random.chance(0.7) ? 'provider' : random.chance(0.5) ? 'peer' : 'itself';
    return {
      site: `s${i % 4}`,
      upstream,
      relation,
      prepend: random.below(3),
      noExport: random.chance(0.1),
      place,
    };
  });
  return { ground: groundOf(world), deployment: { operator: 64500, announcements } };
}

function anyVariation(random: Random, deployment: Deployment): Variation {
  return deployment.announcements.map((a) => {
    if (random.chance(0.6)) return a.prepend;
    return random.chance(0.4) ? undefined : random.below(4);
  });
}

/** The deployment of a variation: what announces nothing is left out. */
function varied(deployment: Deployment, variation: Variation): Deployment {
  const announcements = deployment.announcements.flatMap((a, i) => {
    const prepend = variation[i];
    return prepend === undefined ? [] : [{ ...a, prepend }];
  });
  return { ...deployment, announcements };
}

/** Where every node lands, by the names of sites. */
function landings(p: Prediction): string[] {
  return Array.from(p.shares.share, (_, node) =>
    cityAnswer(p, node)
      .parts.map(({ site, part }) => `${site} ${part.toFixed(4)}`)
      .sort()
      .join(' '),
  );
}

describe('trials', () => {
  test('a variation worked out on top of a prediction is the same as one worked out anew, whatever was tried before', () => {
    for (let seed = 1; seed <= 16; seed++) {
      const random = new Random(seed);
      const { ground, deployment } = scatter(random, 60 + random.below(120), 2 + random.below(6));
      const p = predict(ground, deployment);
      const attempt = trialsOn(p);
      for (let round = 0; round < 6; round++) {
        const variation = round === 3 ? asItIs(deployment) : anyVariation(random, deployment);
        const now = attempt(variation) as Prediction;
        const anew = predict(ground, varied(deployment, variation));
        expect(now.sites).toBe(p.sites);
        expect(landings(now), `seed ${seed}, round ${round}`).toEqual(landings(anew));
        const [a, b] = [summarise(now), summarise(anew)];
        expect(a.unreached).toBeCloseTo(b.unreached, 2);
        expect(a.all.rtt).toEqual(b.all.rtt);
        // What is silent is not flown past.
        expect(a.all.flyPast).toBeCloseTo(b.all.flyPast, 1);
      }
    }
  });

  test('who is watched is told when nothing changes for him, and only then', () => {
    let [told, changed] = [0, 0];
    for (let seed = 1; seed <= 16; seed++) {
      const random = new Random(seed);
      const made = scatter(random, 60 + random.below(120), 2 + random.below(6));
      const { ground } = made;
      const announcements = made.deployment.announcements.map((a) => ({ ...a, noExport: false }));
      const deployment = { ...made.deployment, announcements };
      const p = predict(ground, deployment);
      const before = landings(p);
      for (let round = 0; round < 12; round++) {
        const node = random.below(before.length);
        const variation = asItIs(deployment).map((n, i) =>
          i === round % announcements.length ? undefined : n,
        );
        const now = trialsOn(p, [node])(variation);
        const after = landings(predict(ground, varied(deployment, variation)))[node];
        if (now === undefined) {
          expect(after, `seed ${seed}, node ${node}`).toBe(before[node]);
          told++;
        } else {
          expect(landings(now)[node]).toBe(after);
          changed++;
        }
      }
    }
    expect(Math.min(told, changed)).toBeGreaterThan(40);
  });

  test('with communities or local preferences all is worked out anew, and sites that are silent keep their names', () => {
    const { ground, deployment } = scatter(new Random(7), 200, 5);
    const [first, ...rest] = deployment.announcements as [Announcement, ...Announcement[]];
    const special: Deployment = {
      ...deployment,
      announcements: [{ ...first, effects: [{ towards: 1, do: 'withhold' }] }, ...rest],
    };
    const p = predict(ground, special);
    const gone = asItIs(special).map((n, i) => (special.announcements[i]?.site === 's0' ? undefined : n));
    const now = trialsOn(p)(gone) as Prediction;
    expect(now.sites).toEqual(sitesIn(special));
    expect(landings(now)).toEqual(landings(predict(ground, varied(special, gone))));
  });

  test('a community of an announcement that is silent does nothing to the others', () => {
    for (let seed = 1; seed <= 24; seed++) {
      const random = new Random(seed);
      const { ground, deployment } = scatter(random, 60 + random.below(120), 2 + random.below(6));
      const { graph } = ground.world;
      const announcements = deployment.announcements.map((a): Announcement => {
        const towards = random.pick([...neighboursOf(graph.peers, indexOf(graph, a.upstream)), 0]);
        const effect = {
          towards: graph.asns[towards] as number,
          do: random.pick(['withhold', 'only'] as const),
        };
        return random.chance(0.5) ? { ...a, effects: [effect] } : a;
      });
      const special: Deployment = { ...deployment, announcements };
      const attempt = trialsOn(predict(ground, special));
      for (let round = 0; round < 4; round++) {
        const variation = anyVariation(random, special);
        const anew = predict(ground, varied(special, variation));
        expect(landings(attempt(variation) as Prediction), `seed ${seed}`).toEqual(landings(anew));
      }
    }
  });

  test('more prepends than are counted can be taken back', () => {
    const { ground, deployment } = scatter(new Random(5), 100, 3);
    const long = {
      ...deployment,
      announcements: deployment.announcements.map((a) => ({ ...a, prepend: 5000 })),
    };
    const attempt = trialsOn(predict(ground, long));
    for (const variation of [
      [0, 0, 0],
      [1, undefined, 4999],
      [2, 6000, undefined],
    ] as const) {
      const anew = predict(ground, varied(long, variation));
      expect(landings(attempt(variation) as Prediction)).toEqual(landings(anew));
      expect(summarise(attempt(variation) as Prediction).all.rtt).toEqual(summarise(anew).all.rtt);
    }
  });

  test('a network with two sites, one of which prepends, chooses the other though its route is as long as before', () => {
    const { ground } = scatter(new Random(3), 100, 2);
    const upstream = ground.world.graph.asns[0] as number;
    const place = ground.world.places[0] as Place;
    const at = (site: string): Announcement => ({ site, upstream, relation: 'provider', place });
    const p = predict(ground, { operator: 64500, announcements: [at('a'), at('b')] });
    const shares = (q: Prediction | undefined) =>
      summarise(q as Prediction).sites.map((s) => Number(s.share.toFixed(3)));
    expect(shares(p)).toEqual([0.5, 0.5]);
    const attempt = trialsOn(p);
    expect(shares(attempt([1, 0]))).toEqual([0, 1]);
    expect(shares(attempt([0, undefined]))).toEqual([1, 0]);
    expect(shares(attempt([2, 2]))).toEqual([0.5, 0.5]);
  });
});
