/** Attacks, rivals and searches on a generated internet. */
import { describe, expect, test } from 'vitest';
import {
  type Announcement,
  type Attack,
  imbalance,
  predict,
  responses,
  search,
  searching,
  sourceParts,
  statesOf,
  summarise,
  underAttack,
  versus,
} from './index.ts';
import { deployment, ground, prediction, world } from './three-sites.test-support.ts';

const shares = new Map(summarise(prediction).sites.map((s) => [s.site, s.share]));
const roomy = new Map([
  ['fra', 1e15],
  ['nyc', 1e15],
  ['sin', 1e15],
]);

describe('an attack', () => {
  test('of machines of users lands as clients do, and all of it is accounted for', () => {
    const { sites, absorbed, unreached, served } = underAttack(prediction, {
      sources: { kind: 'users' },
      size: 2e12,
      capacities: roomy,
    });
    expect(sites.reduce((n, s) => n + s.load, 0) + unreached).toBeCloseTo(2e12, -3);
    for (const s of sites) expect(s.load / (2e12 - unreached)).toBeCloseTo(shares.get(s.site) as number, 6);
    expect(absorbed).toBeCloseTo(2e12 - unreached, -3);
    expect(served).toBeCloseTo(1 - unreached / 2e12, 6);
  });

  test('overwhelms a site whose catchment sends more than it takes, though the average would fit', () => {
    const [first] = [...shares].sort((a, b) => b[1] - a[1]) as [[string, number]];
    const capacities = new Map([...shares.keys()].map((s) => [s, 0.9 * first[1] * 1e12]));
    const { sites, served, absorbed } = underAttack(prediction, {
      sources: { kind: 'users' },
      size: 1e12,
      capacities,
    });
    const full = sites.filter((s) => s.overwhelmed);
    expect(full.map((s) => s.site)).toContain(first[0]);
    expect(full.find((s) => s.site === first[0])?.passes).toBeCloseTo(0.9, 2);
    expect(served).toBeLessThan(1);
    expect(absorbed).toBeLessThan(1e12);
  });

  test('from listed networks comes from nobody else, and numbers that the graph lacks send nothing', () => {
    const asn = world.graph.asns[300] as number;
    const parts = sourceParts(ground, {
      kind: 'listed',
      weights: new Map([
        [asn, 5],
        [1, 100],
      ]),
    });
    expect(parts.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
    for (const [node, part] of parts.entries()) if (part > 0) expect(ground.nodeAs[node]).toBe(300);
    const none = sourceParts(ground, { kind: 'listed', weights: new Map([[1, 1]]) });
    expect(none.every((p) => p === 0)).toBe(true);
    expect(sourceParts(ground, { kind: 'country', cc: 'ZZ' }).every((p) => p === 0)).toBe(true);
  });

  test('responses are what a prediction of the changed announcements says, the kindest first', () => {
    const attack: Attack = {
      sources: { kind: 'networks' },
      size: 1e12,
      capacities: new Map([
        ['fra', 1e9],
        ['nyc', 9e11],
        ['sin', 9e11],
      ]),
    };
    const found = responses(prediction, attack);
    expect(found.length).toBe(6);
    expect(found.map((r) => r.outcome.served)).toEqual(
      found.map((r) => r.outcome.served).sort((a, b) => b - a),
    );
    const gone = found.find((r) => r.site === 'fra' && r.do === 'withdraw');
    expect(gone?.outcome.sites.map((s) => s.site)).toEqual(['nyc', 'sin']);
    const fraOf = (o: (typeof found)[number] | undefined) =>
      o?.outcome.sites.find((s) => s.site === 'fra')?.load ?? 0;
    const now = underAttack(prediction, attack).sites.find((s) => s.site === 'fra')?.load ?? 0;
    expect(fraOf(found.find((r) => r.site === 'fra' && r.do === 'prepend'))).toBeLessThanOrEqual(now);
  });
});

describe('rivals of anycast', () => {
  const [anycast, geodns, unicast] = versus(prediction, [
    { kind: 'geodns' },
    { kind: 'unicast', site: 'fra' },
    { kind: 'unicast', site: 'moon' },
  ]);

  test('anycast is what the summary says', () => {
    expect(anycast?.rtt).toEqual(summarise(prediction).all.rtt);
    for (const { site, part } of anycast?.load ?? []) expect(part).toBeCloseTo(shares.get(site) as number, 5);
  });

  test('one site for all carries all, and is slower than the nearest of three', () => {
    expect(unicast?.load.map((l) => Math.round(l.part * 1e6) / 1e6)).toEqual([1, 0, 0]);
    expect(unicast?.rtt?.p90).toBeGreaterThan(geodns?.rtt?.p90 as number);
    expect(geodns?.rtt?.median).toBeLessThanOrEqual(anycast?.rtt?.median as number);
  });
});

describe('search', () => {
  test('comes to as many states as there are, where it may see them all', () => {
    const [fra, nyc] = deployment.announcements as [Announcement, Announcement];
    const two = { ...deployment, announcements: [{ ...fra, prepend: 5 }, nyc] };
    for (const [whole, looks] of [
      [deployment, { over: 'sites' }],
      [deployment, { over: 'sites', mostSites: 1 }],
      [deployment, { over: 'sites', mostSites: 2 }],
      [deployment, { over: 'sites', mostSites: 9 }],
      [deployment, { over: 'prepends' }],
      [two, { over: 'prepends' }],
    ] as const) {
      const options = { ...looks, goal: 'balance', within: 1000 } as const;
      const looking = searching(whole, options);
      let step = looking.next();
      while (!step.done) step = looking.next(step.value.map(() => 1));
      expect(step.value.exhausted).toBe(true);
      expect(step.value.trace.length).toBe(statesOf(whole, options));
    }
  });

  test('does not take what is rounding for an improvement', () => {
    const looking = searching(deployment, { over: 'prepends', goal: 'balance', within: 4 });
    looking.next();
    looking.next([2]);
    const { value } = looking.next([2 - 1e-9, 2 - 1e-10, 2 + 1]);
    expect(value).toMatchObject({ changes: [], score: 2 });
  });

  test('never ends worse than it began, keeps to its budget, and its changes give the score that it claims', () => {
    const seen: number[] = [];
    const found = search(ground, deployment, {
      over: 'prepends',
      goal: 'balance',
      within: 15,
      tell: (_, count) => seen.push(count),
    });
    expect(found.trace.length).toBe(15);
    expect(seen).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    expect(found.score).toBeLessThanOrEqual(found.first);
    expect(found.score).toBe(Math.min(...found.trace.map((t) => t.score)));
    expect(imbalance(summarise(predict(ground, found.deployment)))).toBeCloseTo(found.score, 9);
    expect(found.changes.length > 0).toBe(found.score < found.first);
  });

  test('over few sites tries every set, so that the best set is the best there is', () => {
    const found = search(ground, deployment, { over: 'sites', goal: 'p90-rtt', within: 100, mostSites: 2 });
    expect(found.exhausted).toBe(true);
    const sets = [[0], [1], [2], [0, 1], [0, 2], [1, 2]].map((set) =>
      summarise(
        predict(ground, {
          ...deployment,
          announcements: deployment.announcements.filter((_, i) => set.includes(i)),
        }),
      ),
    );
    const best = Math.min(...sets.map((s) => (s.all.rtt?.p90 ?? 0) + 0.001 * (s.all.rtt?.median ?? 0)));
    expect(found.score).toBeCloseTo(best, 9);
    expect(new Set(found.deployment.announcements.map((a) => a.site)).size).toBeLessThanOrEqual(2);
    expect(found.first).toBe(Number.POSITIVE_INFINITY);
  });
});
