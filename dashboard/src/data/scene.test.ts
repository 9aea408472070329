import { describe, expect, test } from 'vitest';
import { apply, type Body, type Event, type Site } from '../../../src/control/index.ts';
import { BEGAN, move, network, site } from '../testing/snapshot.test-support.ts';
import { histogram } from './histogram.ts';
import { news } from './news.ts';
import { lookOf, quantile, roundTrips, sceneOf } from './scene.ts';
import { sentence } from './sentence.ts';

const look = (change: Partial<Site>) => {
  const { mood, word } = lookOf({ ...site('fra'), ...change });
  return `${mood}: ${word}`;
};
const at = 5;
const session = (state: string) => ({
  ...site('fra').upstreams['as64601']!,
  session: { state, why: 'hold timer expired', at },
});

describe('the state of a site is one word, the worst first', () => {
  test.each<readonly [string, Partial<Site>]>([
    ['ok: announced', {}],
    ['bad: dead', { process: { standing: 'dead', at } }],
    ['off: starting', { process: { standing: 'starting', at } }],
    ['off: drained', { drain: { phase: 'out', remarks: [], at } }],
    ['bad: withdrawn', { decisions: { a: { prefixes: [], level: 'withdrawn', why: [], at } } }],
    ['off: waits for its health', { decisions: { a: { prefixes: [], level: 'pending', why: [], at } } }],
    ['warn: less preferred', { decisions: { a: { prefixes: [], level: 'less-preferred', why: [], at } } }],
    ['bad: cut off', { upstreams: { a: session('idle') } }],
    ['warn: 1 of 2 sessions down', { upstreams: { a: session('idle'), b: session('established') } }],
    ['ok: announced', { upstreams: { a: session('disabled'), b: session('established') } }],
    ['warn: announced, dns falling', { verdicts: { dns: { verdict: 'up', phase: 'falling', why: [], at } } }],
  ])('%s', (expected, change) => {
    expect(look(change)).toBe(expected);
  });

  test('the worst of several scopes counts, and a drain that somebody wanted is no fault', () => {
    const decisions: Site['decisions'] = {
      a: { prefixes: [], level: 'full', why: [], at },
      b: { prefixes: [], level: 'withdrawn', why: ['resolver is down'], at },
    };
    expect(look({ decisions })).toBe('bad: withdrawn');
    expect(look({ decisions, drain: { phase: 'withdrawn', remarks: [], at } })).toBe(
      'off: draining: withdrawn',
    );
  });
});

test('a scene is made once for a snapshot, counts its clients, and names those that land nowhere', () => {
  const before = network('fra nyc', 'lon chi tyo');
  const scene = sceneOf(before);
  expect(sceneOf(before)).toBe(scene);
  expect([...scene.index]).toEqual([
    ['fra', 0],
    ['nyc', 1],
  ]);
  expect(scene.catchments.get('nyc')?.vantages).toEqual(['127.2.0.1']);
  const after = sceneOf(apply(before, move(before, '127.2.0.1', undefined, 1)));
  expect(after.catchments.get('nyc')?.share).toBe(0);
  expect(after.lost).toEqual(['127.2.0.1']);
});

test('clients that move together are one piece of news, and what is between bursts keeps its place', () => {
  let snapshot = network('fra nyc sin', 'lon chi tyo par');
  const events: Event[] = [
    move(snapshot, '127.3.0.1', 'nyc', 1),
    { kind: 'note', level: 'info', say: 'a cable was cut', run: 'r1', seq: 2, at: snapshot.at + 2000 },
    { kind: 'traffic', vantages: {}, sites: {}, run: 'r1', seq: 3, at: snapshot.at + 3000 },
    move(snapshot, '127.1.0.1', 'sin', 60),
    move(snapshot, '127.4.0.1', 'sin', 61),
  ];
  for (const event of events) snapshot = apply(snapshot, event);
  expect(news(events, snapshot, 10).map((n) => [n.seq, n.text])).toEqual([
    [61, '2 clients moved from fra to sin: Paris, FR 12 ms; London, GB 14 ms.'],
    [2, 'A cable was cut.'],
    [1, 'Tokyo, JP moves from sin to nyc, 84 ms.'],
  ]);
  expect(news(events, snapshot, 1)).toHaveLength(1);
  expect(news([], snapshot, 10)).toEqual([]);
});

test('a sentence begins with a capital, but a name stays as it is', () => {
  const snapshot = network('fra nyc', 'lon');
  const said = (body: Body) => sentence({ ...body, run: 'r1', seq: 1, at: BEGAN }, snapshot);
  const lost = { kind: 'announcement', site: 'fra', upstream: 'as64601', prefix: '203.0.113.0/24' } as const;
  expect([
    said({ kind: 'process', site: 'fra', was: 'running', is: { standing: 'dead' } }),
    said({ kind: 'ticket', site: 'fra', scope: 'anycast', is: { ticket: 'refused', refused: 'too fast' } }),
    said({
      ...lost,
      was: { expected: 'full', actual: 'full' },
      is: { expected: 'withdrawn', actual: 'withdrawn', why: [] },
    }),
    said({ ...lost, is: { expected: 'full', actual: 'withdrawn', why: ['no session'] } }),
    said({ kind: 'fault', id: 'x', is: { fault: 'service', site: 'fra', service: 'web', how: 'hang' } }),
  ]).toEqual([
    'The agent of fra is dead.',
    'fra may not leave: too fast.',
    'as64601 no longer has 203.0.113.0/24 from fra.',
    'as64601 does not have 203.0.113.0/24 from fra, but should have it in full: no session.',
    'web at fra fails on purpose (hang).',
  ]);
});

test('round trips come in order with their people, and a quantile is one of them', () => {
  const snapshot = network('fra', 'lon tyo');
  const trips = roundTrips(snapshot, Object.keys(snapshot.vantages));
  expect(trips.map(([ms]) => ms)).toEqual([...trips.map(([ms]) => ms)].sort((a, b) => a - b));
  expect(
    quantile(
      [
        [10, 1],
        [20, 3],
      ],
      0.5,
    ),
  ).toBe(20);
  expect(
    quantile(
      [
        [10, 1],
        [20, 1],
      ],
      0.5,
    ),
  ).toBe(10);
  expect(quantile([], 0.5)).toBeUndefined();
});

test('a histogram loses nobody and has steps of a round width', () => {
  const { bins, width } = histogram(
    [
      [0, 1],
      [4.9, 2],
      [5, 4],
      [118, 8],
    ],
    24,
  );
  expect(width).toBe(5);
  expect(bins).toHaveLength(24);
  expect([bins[0], bins[1], bins.at(-1)]).toEqual([3, 4, 8]);
  expect(histogram([], 24)).toEqual({ bins: [0], width: 1 });
});
