import { describe, expect, test } from 'vitest';
import { Random } from '../base/index.ts';
import { generateWorld, indexOf, transitNear } from '../topology/index.ts';
import { clientAnswer, summarise } from './catchment.ts';
import type { Announcement, Deployment } from './deployment.ts';
import { sitesIn, without } from './deployment.ts';
import { failuresOf, intact, pairsOf, singleFailures } from './failure.ts';
import { groundOf } from './ground.ts';
import { city, worldIn } from './notation.ts';
import { type Prediction, type PredictOptions, predict } from './predict.ts';

/** `fra:1 nyc:2+1 syd:3p` is fra at provider 1, nyc at provider 2 with one prepend, syd at peer 3 (c: customer, !: NO_EXPORT). */
function announce(text: string, more: Partial<Announcement> = {}): Announcement[] {
  return text
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => {
      const m = /^(\w+):(\d+)(?:\+(\d+))?([pc]?)(!?)$/.exec(word);
      if (!m) throw new Error(word);
      const relation = m[4] === 'p' ? 'peer' : m[4] === 'c' ? 'customer' : 'provider';
      return {
        site: m[1] as string,
        upstream: Number(m[2]),
        relation,
        prepend: Number(m[3] ?? 0),
        noExport: m[5] === '!',
        place: city(m[1] as string),
        ...more,
      };
    });
}

const run = (world: string, sites: string, more: Partial<Deployment> = {}, options: PredictOptions = {}) =>
  predict(groundOf(worldIn(world)), { operator: 64500, announcements: announce(sites), ...more }, options);

/** `fra 0.50, nyc 0.50` */
const say = (prediction: Prediction, asn: number) =>
  clientAnswer(prediction, asn)
    ?.parts.map((p) => `${p.site} ${p.part.toFixed(2)}`)
    .join(', ');

// Two carriers that peer; 11 is below the first, 13 below the second, 12 below both.
const TWO = `
  1 = 2
  1 > 11 12
  2 > 12 13`;

test('a client below both carriers is undecided where nothing is known of places; the others are certain', () => {
  const p = run(TWO, 'fra:1 nyc:2');
  expect([11, 12, 13].map((asn) => say(p, asn))).toEqual(['fra 1.00', 'fra 0.50, nyc 0.50', 'nyc 1.00']);
  expect(clientAnswer(p, 12)).toMatchObject({ certain: false, length: 2, path: [12, 1] });
  expect(clientAnswer(p, 11)).toMatchObject({ certain: true });
  expect(clientAnswer(p, 99)).toBeUndefined();
});

test('a prepend moves the undecided, and only them', () => {
  const p = run(TWO, 'fra:1+1 nyc:2');
  expect([11, 12, 13].map((asn) => say(p, asn))).toEqual(['fra 1.00', 'nyc 1.00', 'nyc 1.00']);
});

test('the nearer exit decides, for each city of the client (hot potato)', () => {
  const p = run(
    `${TWO}
    1 @ ams
    2 @ was
    12 @ ber chi tyo`,
    'fra:1 nyc:2',
  );
  const answer = clientAnswer(p, 12)!;
  expect(answer.cities.map((c) => [c.place?.code, c.parts[0]?.site, c.parts.length])).toEqual([
    ['ber', 'fra', 1],
    ['tyo', 'fra', 1],
    ['chi', 'nyc', 1],
  ]);
  expect(answer.certain).toBe(false);
  const berlin = answer.cities[0]!;
  expect(berlin.km).toBeGreaterThan(900);
  expect(berlin.nearest).toMatchObject({ site: 'fra' });
  expect(berlin.rttMs).toBeGreaterThan(10);
});

test('several sites at one upstream: each of its cities goes to the nearest', () => {
  const p = run(
    `1 > 11 12 13
    1 @ fra nyc sin
    11 @ par
    12 @ bos
    13 @ kul`,
    'fra:1 nyc:1 sin:1',
  );
  expect([11, 12, 13].map((asn) => say(p, asn))).toEqual(['fra 1.00', 'nyc 1.00', 'sin 1.00']);
  expect(
    clientAnswer(p, 1)
      ?.cities.map((c) => c.parts[0]?.site)
      .sort(),
  ).toEqual(['fra', 'nyc', 'sin']);
});

test('NO_EXPORT keeps a route inside the upstream (RFC 1997)', () => {
  const p = run(TWO, 'fra:1! nyc:2');
  expect([1, 11, 12, 13].map((asn) => say(p, asn))).toEqual(['fra 1.00', '', 'nyc 1.00', 'nyc 1.00']);
  expect(summarise(p).unreached).toBe(1);
});

test('peers tell their customers only, and a neighbour that is our customer sees us as its provider', () => {
  const peer = run(TWO, 'fra:1p');
  expect([2, 11, 12, 13].map((asn) => say(peer, asn))).toEqual(['', 'fra 1.00', 'fra 1.00', '']);
  const customer = run(TWO, 'fra:13c nyc:1');
  expect([13, 2].map((asn) => say(customer, asn))).toEqual(['fra 1.00', 'nyc 1.00']);
});

test('an operator that is in the graph itself announces as that AS', () => {
  const p = run(
    `${TWO}
    11 @ fra nyc
    12 @ fra`,
    'fra:11 nyc:11',
    { operator: 11 },
  );
  expect(say(p, 13)).toBe('fra 0.50, nyc 0.50');
  expect(clientAnswer(p, 11)?.cities.map((c) => c.parts[0]?.site)).toEqual(['fra', 'nyc']);
});

describe('action communities', () => {
  // 1 sells to 11 and 12; 12 also buys from 2, which peers with 1.
  test('a route withheld from one neighbour takes the other way round', () => {
    const withheld = announce('fra:1', { effects: [{ towards: 12, do: 'withhold' }] });
    const p = run(TWO, 'fra:1', { announcements: withheld });
    expect(clientAnswer(p, 12)?.path).toEqual([12, 2, 1]);
    expect(clientAnswer(p, 11)?.path).toEqual([11, 1]);
  });

  test('prepending towards one neighbour moves that one only', () => {
    const announcements = [
      ...announce('fra:1', { effects: [{ towards: 12, do: 'prepend', times: 2 }] }),
      ...announce('nyc:2'),
    ];
    const p = run(TWO, 'fra:1', { announcements });
    expect([11, 12, 13].map((asn) => say(p, asn))).toEqual(['fra 1.00', 'nyc 1.00', 'nyc 1.00']);
    const alone = run(TWO, 'fra:1', { announcements: announcements.slice(0, 1) });
    expect(clientAnswer(alone, 12)).toMatchObject({ length: 3, path: [12, 2, 1] });
    const forced = run('1 > 12', 'fra:1', { announcements: announcements.slice(0, 1) });
    expect(clientAnswer(forced, 12)).toMatchObject({ length: 4, path: [12, 1] });
  });

  test('a route meant for one neighbour only stays with the upstream and that one', () => {
    const p = run(TWO, '', { announcements: announce('fra:1', { effects: [{ towards: 11, do: 'only' }] }) });
    expect([1, 2, 11, 12, 13].map((asn) => say(p, asn))).toEqual(['fra 1.00', '', 'fra 1.00', '', '']);
  });

  test('one site may be withheld where another at the same upstream is not', () => {
    const announcements = [
      ...announce('fra:1', { effects: [{ towards: 12, do: 'withhold' }] }),
      ...announce('nyc:1'),
    ];
    const p = run('1 > 11 12', '', { announcements });
    expect([11, 12].map((asn) => say(p, asn))).toEqual(['fra 0.50, nyc 0.50', 'nyc 1.00']);
  });

  test('towards somebody who is no neighbour they change nothing, and that is said', () => {
    const p = run(TWO, 'fra:1', {
      announcements: announce('fra:1', { effects: [{ towards: 13, do: 'withhold' }] }),
    });
    expect(p.remarks).toEqual([
      {
        announcement: 0,
        asn: 13,
        what: 'AS13 is no neighbour of AS1 in the graph; the community changes nothing',
      },
    ]);
    expect(say(p, 13)).toBe('fra 1.00');
  });
});

describe('local preferences', () => {
  test('an AS takes a neighbour before all others, or only when there is no other', () => {
    const before = run(TWO, 'fra:1 nyc:2', { preferences: [{ asn: 12, neighbour: 2, prefers: 'before' }] });
    expect(say(before, 12)).toBe('nyc 1.00');
    const after = run(TWO, 'fra:1+3 nyc:2', { preferences: [{ asn: 12, neighbour: 2, prefers: 'after' }] });
    expect(say(after, 12)).toBe('fra 1.00');
    const peerFirst = run(TWO, 'fra:1 nyc:2', { preferences: [{ asn: 1, neighbour: 2, prefers: 'before' }] });
    expect([1, 11, 12].map((asn) => say(peerFirst, asn))).toEqual(['nyc 1.00', 'nyc 1.00', 'nyc 1.00']);
    expect(peerFirst.settled).toBe(true);
  });

  test('between those who are no neighbours they change nothing, and that is said', () => {
    const p = run(TWO, 'fra:1', { preferences: [{ asn: 11, neighbour: 2, prefers: 'before' }] });
    expect(p.remarks).toMatchObject([{ preference: 0, asn: 11 }]);
  });
});

test('an upstream the graph does not know is left out, with the nearest number it does know', () => {
  const p = run(TWO, 'fra:14 nyc:2');
  expect(p.remarks).toEqual([
    { announcement: 0, asn: 14, nearest: 13, what: 'the graph does not know AS14, the upstream of fra' },
  ]);
  expect(say(p, 11)).toBe('nyc 1.00');
});

test('the summary adds up: weights, doubt, round trips, and who flies past a nearer site', () => {
  const p = run(
    `${TWO}
    1 @ fra
    2 @ nyc
    11 @ nyc
    12 @ fra
    13 @ nyc
    11 # 100
    12 # 30
    13 # 70`,
    'fra:1 nyc:2',
  );
  const { sites, all, unreached } = summarise(p);
  expect(sites.map((s) => [s.site, s.weight, s.networks, s.flyPast])).toEqual([
    ['fra', 130, 3, 100],
    ['nyc', 70, 2, 0],
  ]);
  expect(all).toMatchObject({ weight: 200, share: 1, certain: 1, networks: 5 });
  expect(unreached).toBe(0);
  expect(sites[1]?.rtt).toEqual({ median: 4, p90: 4, p99: 4 });
  // 11 sits in New York and is carried to Frankfurt: some 6,200 km.
  expect(sites[0]?.rtt?.p90).toBeGreaterThan(90);
});

/** A deployment of `count` sites at carriers near random cities of a generated world. */
function scatter(
  random: Random,
  ases: number,
  count: number,
): { ground: ReturnType<typeof groundOf>; deployment: Deployment } {
  const world = generateWorld({ ases, seed: random.u32() });
  const announcements: Announcement[] = [];
  for (let s = 0; s < count; s++) {
    const place = random.pick(world.places);
    const upstream = transitNear(world, place)[random.below(2)] as number;
    announcements.push({
      site: `s${s}`,
      upstream,
      relation: random.chance(0.8) ? 'provider' : 'peer',
      prepend: random.below(2),
      noExport: random.chance(0.05),
      place,
    });
  }
  return { ground: groundOf(world), deployment: { operator: 64500, announcements } };
}

test('in generated internets every client that has a route has parts that add up to one, and a path that leads to a site', () => {
  const random = new Random(17);
  for (let round = 0; round < 10; round++) {
    const { ground, deployment } = scatter(random, 200, 6);
    const p = predict(ground, deployment);
    const { all, unreached, sites } = summarise(p);
    expect(all.weight + unreached).toBeCloseTo(ground.weight, -1);
    expect(sites.reduce((sum, s) => sum + s.share, 0)).toBeCloseTo(1, 6);
    for (const asn of ground.world.graph.asns) {
      const answer = clientAnswer(p, asn)!;
      if (answer.length === undefined) continue;
      expect(answer.parts.reduce((sum, part) => sum + part.part, 0)).toBeCloseTo(1, 4);
      for (const { part } of answer.parts) expect(part).toBeLessThanOrEqual(1);
      expect(answer.path.length).toBeGreaterThan(0);
      const last = answer.path.at(-1) as number;
      expect(deployment.announcements.map((a) => a.upstream)).toContain(last);
      expect(indexOf(ground.world.graph, answer.path[0] as number)).toBeGreaterThanOrEqual(0);
    }
  }
});

test('failures worked out on top of the whole are those worked out anew, one by one and in pairs', () => {
  const random = new Random(23);
  for (let round = 0; round < 5; round++) {
    const { ground, deployment } = scatter(random, 300, 5);
    const p = predict(ground, deployment);
    const whole = intact(p);
    expect(whole.moved).toBe(0);
    for (const failure of [...singleFailures(p), ...failuresOf(p, pairsOf(p))]) {
      const anew = summarise(predict(ground, without(deployment, failure.without)));
      const kept = sitesIn(without(deployment, failure.without));
      for (const [k, site] of p.sites.entries()) {
        const weight = kept.includes(site) ? anew.sites.find((s) => s.site === site)?.weight : 0;
        expect(failure.weights[k]! / ground.weight, failure.without.join()).toBeCloseTo(
          (weight as number) / ground.weight,
          5,
        );
      }
      expect(failure.unreached / ground.weight).toBeCloseTo(anew.unreached / ground.weight, 5);
      const lost = failure.without.reduce(
        (sum, site) => sum + (whole.weights[p.sites.indexOf(site)] as number),
        0,
      );
      expect(failure.moved).toBeGreaterThanOrEqual(lost * 0.999 - 1);
    }
    expect(failuresOf(p, [['nowhere']])[0]?.moved).toBe(0);
  }
});

test('failures that cannot be worked out on top of the whole take no more memory the more of them there are', () => {
  // Sixty times sixty links of equal length: more that wants to be told than the queues of a patch hold.
  const mids = Array.from({ length: 60 }, (_, i) => 1001 + i);
  const world = worldIn(
    [
      ...Array.from({ length: 60 }, (_, i) => `${i + 1} > ${mids.join(' ')}`),
      ...mids.map((m) => `${m} > 5000`),
    ].join('\n'),
  );
  const p = predict(groundOf(world), {
    operator: 64500,
    announcements: announce(`nyc:5000+3 ${mids.map((m) => `fra:${m}`).join(' ')}`),
  });
  const failures = failuresOf(
    p,
    Array.from({ length: 60 }, () => ['fra']),
  );
  const anew = summarise(predict(p.ground, without(p.deployment, ['fra'])));
  for (const { weights, unreached } of failures) {
    expect(weights[p.sites.indexOf('nyc')]).toBeCloseTo(anew.all.weight, 5);
    expect(unreached).toBeCloseTo(anew.unreached, 5);
  }
});

test('with communities or local preferences failures are worked out anew', () => {
  const p = run(TWO, '', {
    announcements: [
      ...announce('fra:1', { effects: [{ towards: 12, do: 'withhold' }] }),
      ...announce('nyc:2'),
    ],
  });
  const [fra, nyc] = singleFailures(p);
  expect([...fra!.weights]).toEqual([0, 5]);
  expect([...nyc!.weights]).toEqual([5, 0]);
  expect([fra?.unreached, nyc?.unreached]).toEqual([0, 0]);
});
