/** Worlds as anything may make them, and histories of them, for tests. */
import fc from 'fast-check';
import { apply, type Body, changes, type Event, type Snapshot, VERSION, type World } from './index.ts';

const PLACE = { name: 'Tokyo', country: 'JP', lat: 35.7, lon: 139.7 };
/** Names that have caught others out. */
const SITES = ['tyo', 'constructor', '<script>alert(1)</script>'];
const WHY = fc.constantFrom([], ['web/http fails'], ['decided', '<b>because</b>']);
const COUNT = fc.nat(5);

const piece = <T>(of: fc.Arbitrary<T>) => of.map((p) => ({ ...p, at: 0 }));
const byName = <T>(names: readonly string[], of: fc.Arbitrary<T>) =>
  fc.record(Object.fromEntries(names.map((n) => [n, of]))) as fc.Arbitrary<{ [name: string]: T }>;
const some = <T>(names: readonly string[], of: fc.Arbitrary<T>) =>
  fc.record(Object.fromEntries(names.map((n) => [n, of])), { requiredKeys: [] }) as fc.Arbitrary<{
    [name: string]: T;
  }>;

const LEVEL = fc.constantFrom('full' as const, 'less-preferred' as const, 'withdrawn' as const);
const SITE = fc.record(
  {
    place: fc.constant(PLACE),
    capacity: fc.constant(1e9),
    process: piece(
      fc.record(
        { standing: fc.constantFrom('running' as const, 'dead' as const), pid: COUNT },
        { requiredKeys: ['standing'] },
      ),
    ),
    verdicts: byName(
      ['web'],
      piece(
        fc.record({
          verdict: fc.constantFrom('up' as const, 'down' as const),
          phase: fc.constantFrom('up' as const, 'falling' as const),
          why: WHY,
        }),
      ),
    ),
    drain: piece(
      fc.record(
        { phase: fc.constantFrom('in' as const, 'empty' as const), until: COUNT, remarks: WHY },
        { requiredKeys: ['phase', 'remarks'] },
      ),
    ),
    frozen: piece(fc.record({ owner: fc.constant('ann'), reason: fc.constantFrom('a', 'b') })),
    decisions: byName(
      ['all'],
      piece(fc.record({ prefixes: fc.constant(['203.0.113.0/24']), level: LEVEL, why: WHY })),
    ),
    tickets: byName(
      ['all'],
      piece(
        fc.record(
          {
            ticket: fc.constantFrom('held' as const, 'refused' as const),
            refused: fc.constant('would be the last'),
          },
          { requiredKeys: ['ticket'] },
        ),
      ),
    ),
    upstreams: byName(
      ['as64601'],
      fc.record({
        asn: fc.constant(64601),
        address: fc.constant('198.51.100.1'),
        role: fc.constant('provider'),
        session: piece(fc.record({ state: fc.constantFrom('established', 'active'), since: COUNT })),
        announcements: some(
          ['203.0.113.0/24', '2001:db8:53::/48'],
          piece(fc.record({ expected: LEVEL, actual: LEVEL, why: WHY })),
        ),
      }),
    ),
    load: piece(fc.record({ asked: COUNT, perSecond: COUNT })),
  },
  { requiredKeys: ['place', 'process', 'verdicts', 'drain', 'decisions', 'tickets', 'upstreams', 'load'] },
);
const VANTAGE = fc.record({
  place: fc.constant(PLACE),
  asn: fc.constant(64711),
  router: fc.constant('64711'),
  users: fc.constant(10),
  landing: piece(
    fc.record(
      {
        site: fc.constantFrom(...SITES),
        rttMs: COUNT,
        path: fc.array(fc.constantFrom(64711, 64601), { maxLength: 3 }),
        hops: fc.constantFrom([], [{ router: '64711', asn: 64711, as: 'Edge', why: 'AS path length' }]),
        lost: fc.constant('no route'),
      },
      { requiredKeys: ['rttMs', 'path', 'hops'] },
    ),
  ),
  requests: piece(fc.record({ served: COUNT, failed: COUNT, lost: COUNT })),
});
const FAULT = piece(
  fc.constantFrom(
    { fault: 'service' as const, site: 'tyo', service: 'web', how: 'hang' },
    { fault: 'site' as const, site: 'tyo' },
    { fault: 'link' as const, ends: ['tyo', 'as64601'] as [string, string] },
  ),
);
export const WORLD = fc.record({
  network: fc.constant({
    name: 'three',
    asn: 64500,
    prefixes: ['203.0.113.0/24'],
    services: { web: { addresses: ['203.0.113.80'] } },
    guard: {
      keep: 1,
      leave: { count: 1, perMs: 30_000 },
      remainingCapacity: true,
      last: 'full' as const,
      controller: true,
    },
    at: 0,
  }),
  sites: fc.oneof(
    { weight: 9, arbitrary: byName(SITES, SITE) },
    { weight: 1, arbitrary: byName(['fra'], SITE) },
  ),
  guard: byName(
    ['all'],
    piece(
      fc.record({ keep: COUNT, sites: fc.constant(SITES), spokenFor: fc.subarray(SITES), sharedFaults: WHY }),
    ),
  ),
  internet: fc.constant({ ases: {}, links: [], doors: [], at: 0 }),
  vantages: byName(['127.81.0.1', '127.49.0.1'], VANTAGE),
  faults: some(['a', 'hasOwnProperty', 'b'], FAULT),
}) as unknown as fc.Arbitrary<World>;

export const RUN = 'r1';
export const begin = (world: World, seq = 0, at = 1000): Snapshot => ({
  version: VERSION,
  run: RUN,
  seq,
  at,
  ...world,
});
export const number = (bodies: readonly Body[], seq: number, at: number, run = RUN): Event[] =>
  bodies.map((body, i) => ({ ...body, run, seq: seq + 1 + i, at }));
export const fold = (from: Snapshot, events: readonly Event[]) => events.reduce(apply, from);

/** Without instants. */
export function timeless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(timeless);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([k, v]) => (k === 'at' || v === undefined ? [] : [[k, timeless(v)]])),
  );
}

/** A history of worlds, each some milliseconds after the one before, as snapshots and the events between. */
export const HISTORY = fc
  .tuple(WORLD, fc.array(fc.tuple(WORLD, fc.nat(50)), { minLength: 1, maxLength: 6 }))
  .map(([first, later]) => {
    const events: Event[] = [];
    let now = begin(first);
    for (const [world, ms] of later) {
      const next = number(changes(now, world), now.seq, now.at + ms);
      events.push(...next);
      now = fold(now, next);
    }
    return { first: begin(first), events };
  });
