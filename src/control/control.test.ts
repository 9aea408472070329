/** The fold and its inverse, replay, and what travels. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  about,
  apply,
  type Body,
  catchments,
  changes,
  describe,
  type Event,
  format,
  formatCursor,
  KINDS,
  ORDERS,
  openApi,
  type Read,
  ROUTES,
  readCursor,
  readEvent,
  readRequest,
  readSnapshot,
  type Snapshot,
  snapshotSchema,
  Timeline,
  VERSION,
  type World,
} from './index.ts';

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
const WORLD = fc.record({
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

const RUN = 'r1';
const begin = (world: World, seq = 0, at = 1000): Snapshot => ({
  version: VERSION,
  run: RUN,
  seq,
  at,
  ...world,
});
const number = (bodies: readonly Body[], seq: number, at: number, run = RUN): Event[] =>
  bodies.map((body, i) => ({ ...body, run, seq: seq + 1 + i, at }));
const fold = (from: Snapshot, events: readonly Event[]) => events.reduce(apply, from);

/** Without instants. */
function timeless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(timeless);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([k, v]) => (k === 'at' || v === undefined ? [] : [[k, timeless(v)]])),
  );
}

/** A history of worlds, each some milliseconds after the one before, as snapshots and the events between. */
const HISTORY = fc
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

test('the changes between two worlds lead from one to the other', () => {
  fc.assert(
    fc.property(WORLD, WORLD, (a, b) => {
      const events = number(changes(a, b), 0, 2000);
      const { version: _v, run: _r, seq: _s, at: _a, ...end } = fold(begin(a), events);
      expect(timeless(end)).toEqual(timeless(b));
      expect(changes(b, b)).toEqual([]);
      expect(changes(end as World, b)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('every piece that an event changed says the instant of that event, and no other piece does', () => {
  const [a] = fc.sample(WORLD, { numRuns: 1, seed: 7 }) as [World];
  const body: Body = {
    kind: 'verdict',
    site: 'tyo',
    service: 'web',
    is: { verdict: 'down', phase: 'down', why: [] },
  };
  const [e] = number([body], 0, 4242) as [Event];
  const after = apply(begin(a), e);
  expect(after.sites['tyo']?.verdicts['web']?.at).toBe(4242);
  expect(after.at).toBe(4242);
  expect(after.sites['tyo']?.drain.at).toBe(0);
  expect(after.sites['constructor']).toBe(a.sites['constructor']);
});

test('a snapshot plus the events after it is the later snapshot, wherever the history is cut', () => {
  fc.assert(
    fc.property(HISTORY, fc.nat(100), ({ first, events }, n) => {
      const cut = n % (events.length + 1);
      const middle = fold(first, events.slice(0, cut));
      const whole = fold(first, events);
      expect(fold(middle, events.slice(cut))).toEqual(whole);
      // Who hears something twice is not confused by it.
      expect(fold(middle, events)).toEqual(whole);
    }),
  );
});

test('any instant of a timeline is what folding everything until then gives, also after the oldest has gone', () => {
  fc.assert(
    fc.property(
      HISTORY,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 30 }),
      fc.array(fc.integer({ min: 900, max: 1400 }), { maxLength: 8 }),
      (h, every, most, looks) => {
        const timeline = new Timeline(h.first, { every, most });
        for (const e of h.events) expect(timeline.push(e)).toBe('taken');
        expect(timeline.latest).toEqual(fold(h.first, h.events));
        expect(timeline.count).toBeLessThanOrEqual(most + every);
        const oldest = timeline.first;
        for (const look of looks) {
          const expected =
            look < oldest.at
              ? undefined
              : fold(
                  h.first,
                  h.events.filter((e) => e.at <= look || e.seq <= oldest.seq),
                );
          expect(timeline.at(look)).toEqual(expected);
          const from = h.events.filter((e) => e.seq > oldest.seq && e.at >= look);
          expect(timeline.between(look, look + 20)).toEqual(from.filter((e) => e.at <= look + 20));
        }
        for (const seq of [0, oldest.seq, oldest.seq + 1, h.events.length]) {
          const expected = seq < oldest.seq ? undefined : h.events.filter((e) => e.seq > seq);
          expect(timeline.after(seq)).toEqual(expected);
          expect(timeline.after(seq, 2)).toEqual(expected?.slice(0, 2));
        }
      },
    ),
  );
});

test('events that are pushed together give what each alone gives, and change nothing that was there', () => {
  fc.assert(
    fc.property(
      HISTORY,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 9 }),
      fc.option(fc.nat({ max: 30 }), { nil: undefined }),
      (h, every, size, missing) => {
        const [alone, together] = [0, 1].map(() => new Timeline(h.first, { every, most: 1000 })) as [
          Timeline,
          Timeline,
        ];
        const events = h.events.filter((_, i) => i !== missing);
        let whole = true;
        for (let i = 0; i < events.length && whole; i += size) {
          const before = together.latest;
          const was = JSON.stringify(before);
          // Some of them once more: they are known.
          const batch = events.slice(Math.max(0, i - 2), i + size);
          const taken = together.pushAll(batch);
          // Whoever meets a gap asks for a snapshot: what comes behind it is not pushed, be it the start of another run.
          const gap = batch.findIndex((e) => alone.push(e) === 'gap');
          whole = gap < 0;
          expect(taken).toBe(whole ? batch.length : gap);
          expect(together.latest).toEqual(alone.latest);
          expect(JSON.stringify(before)).toBe(was);
        }
        expect(together.count).toBe(alone.count);
        for (const { seq } of events) expect(together.upTo(seq)).toEqual(alone.upTo(seq));
      },
    ),
  );
});

test('a timeline that misses events says so, and goes on from a snapshot or from the start of another run', () => {
  const [a, b] = fc.sample(WORLD, { numRuns: 2, seed: 3 }) as [World, World];
  const timeline = new Timeline(begin(a, 10));
  const note = (seq: number, run = RUN): Event => ({
    kind: 'note',
    level: 'info',
    say: 'x',
    run,
    seq,
    at: 1000 + seq,
  });
  expect([timeline.push(note(11)), timeline.push(note(11)), timeline.push(note(13))]).toEqual([
    'taken',
    'known',
    'gap',
  ]);
  timeline.jump(begin(b, 20, 2000));
  expect([timeline.push(note(21)), timeline.latest.seq]).toEqual(['taken', 21]);
  expect(timeline.at(1500)?.seq).toBe(11);
  expect(timeline.after(11)?.map((e) => e.seq)).toEqual([21]);
  expect(timeline.push({ kind: 'start', is: a, run: 'r2', seq: 3, at: 5000 })).toBe('taken');
  expect(timeline.latest).toMatchObject({ run: 'r2', seq: 3, version: VERSION });
});

test('a day of a hundred thousand events is kept, and what is older is gone', () => {
  const [a] = fc.sample(WORLD, { numRuns: 1, seed: 5 }) as [World];
  const timeline = new Timeline(begin(a), { every: 500, most: 100_000 });
  for (let seq = 1; seq <= 130_000; seq++) {
    const served = seq;
    timeline.push({
      kind: 'traffic',
      vantages: { '127.81.0.1': { served, failed: 0, lost: 0 } },
      sites: {},
      run: RUN,
      seq,
      at: 1000 + seq,
    });
  }
  expect(timeline.count).toBeGreaterThanOrEqual(100_000);
  expect(timeline.count).toBeLessThanOrEqual(100_500);
  expect(timeline.at(20_000)).toBeUndefined();
  for (const at of [40_000, 131_000, 77_777])
    expect(timeline.at(at)?.vantages['127.81.0.1']?.requests.served).toBe(at - 1000);
});

test('what an event says of a site, a vantage or an upstream that nobody knows changes nothing', () => {
  const [a] = fc.sample(WORLD, { numRuns: 1, seed: 11 }) as [World];
  const unknown: Body[] = ['toString', '__proto__', 'gone'].flatMap((site): Body[] => [
    { kind: 'process', site, was: 'running', is: { standing: 'dead' } },
    { kind: 'session', site: 'tyo', upstream: site, was: 'idle', is: { state: 'idle' } },
    { kind: 'freeze', site },
    {
      kind: 'traffic',
      vantages: { [site]: { served: 1, failed: 0, lost: 0 } },
      sites: { [site]: { asked: 1, perSecond: 1 } },
    },
    { kind: 'landing', vantage: site, was: { rttMs: 1, path: [] }, is: { rttMs: 2, path: [], hops: [] } },
  ]);
  expect(timeless(fold(begin(a), number(unknown, 0, 2000)))).toEqual(
    timeless({ ...begin(a), seq: unknown.length }),
  );
});

const value = <T>(read: Read<T>): T => {
  if (!read.ok) throw new Error(read.complaints.join('; '));
  return read.value;
};

test('snapshots and events of every kind survive the way over the wire', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(HISTORY, ({ first, events }) => {
      expect(value(readSnapshot(format(first)))).toEqual(JSON.parse(format(first)));
      for (const e of events) {
        seen.add(e.kind);
        expect(value(readEvent(format(e)))).toEqual(JSON.parse(format(e)));
      }
    }),
    { numRuns: 60 },
  );
  const order = { do: 'kill' as const, site: 'tyo', owner: 'ann', reason: 'to see it' };
  for (const e of number(
    [
      { kind: 'order', order, outcome: 'done', say: ['done'] },
      { kind: 'note', level: 'info', say: 'hello' },
    ],
    0,
    1,
  )) {
    seen.add(e.kind);
    expect(value(readEvent(format(e)))).toEqual(e);
  }
  expect([...seen].sort()).toEqual([...KINDS].sort());
});

test('what cannot be read is complained of in plain words', () => {
  const complaints = (read: Read<unknown>) => (read.ok ? 'fine' : read.complaints);
  expect([
    complaints(readRequest('{')),
    complaints(readRequest({ do: 'drian', site: 'tyo' })),
    complaints(readRequest({ do: 'drain', site: 'tyo', owner: 'ann' })),
    complaints(readRequest({ do: 'drain', site: '', owner: 'ann', reason: ' ', sit: 1 })),
    complaints(
      readRequest({ do: 'fail', site: 'tyo', service: 'web', how: 'melt', owner: 'a', reason: 'b' }),
    ),
    complaints(readRequest({ do: 'consider', order: { do: 'heal', owner: 'a', reason: 'x'.repeat(501) } })),
    complaints(readSnapshot({ version: 2 })),
    complaints(readEvent({ kind: 'verdict', run: 'r', seq: -1, at: 0, site: 'tyo', service: 'web', is: {} })),
  ]).toMatchInlineSnapshot(`
    [
      [
        "this is no JSON",
      ],
      [
        "do: nobody knows how to drian here; there are: drain, undrain, freeze, unfreeze, fail, kill, restart, cut, heal, consider",
      ],
      [
        "reason: this has to be text",
      ],
      [
        "site: this may not be empty",
        "reason: this may not be empty",
        "nobody knows sit here",
      ],
      [
        "how: this has to be refuse, hang or wrong",
      ],
      [
        "order.reason: at most 500 letters",
      ],
      [
        "version: this reads version 1, and found 2: load the page anew, or bring both to one release",
      ],
      [
        "is.verdict: this has to be unknown, down, degraded or up",
        "is.phase: this has to be unknown, rising, up, falling, down or degraded",
        "is.why: this has to be a list",
        "seq: at least 0",
      ],
    ]
  `);
});

test('a request is taken with its defaults, and a cursor says run and number', () => {
  const by = { owner: 'ann', reason: 'upgrade' };
  expect(value(readRequest({ do: 'fail', site: 'tyo', service: 'web', ...by }))).toMatchObject({
    how: 'refuse',
  });
  expect(value(readRequest({ do: 'consider', order: { do: 'heal', ...by } }))).toEqual({
    do: 'consider',
    order: { do: 'heal', ...by },
  });
  expect(readCursor(formatCursor({ run: 'abc', seq: 12 }))).toEqual({ run: 'abc', seq: 12 });
  expect(
    ['', 'abc', 'abc:', ':1', 'a b:1', 'abc:1:2', 'abc:-1', `${'a'.repeat(65)}:1`].map(readCursor),
  ).toEqual(Array(8).fill(undefined));
});

test('every kind of event has a sentence, in which names stand as they are', () => {
  const [a] = fc.sample(WORLD, { numRuns: 1, seed: 2 }) as [World];
  const site = '<script>';
  const by = { owner: 'ann', reason: 'upgrade' };
  const bodies: Body[] = [
    { kind: 'start', is: a },
    { kind: 'process', site, was: 'running', is: { standing: 'dead' } },
    {
      kind: 'verdict',
      site,
      service: 'web',
      was: 'up',
      is: { verdict: 'down', phase: 'down', why: ['web/http: refused'] },
    },
    { kind: 'drain', site, was: 'in', is: { phase: 'lessPreferred', order: by, remarks: [] } },
    { kind: 'freeze', site, is: by },
    { kind: 'freeze', site },
    {
      kind: 'decision',
      site,
      scope: 'all',
      was: 'full',
      is: { prefixes: ['203.0.113.0/24'], level: 'withdrawn', why: ['web is down'] },
    },
    {
      kind: 'ticket',
      site,
      scope: 'all',
      was: 'asked',
      is: { ticket: 'refused', refused: 'would be the last: 2 of 3' },
    },
    {
      kind: 'guard',
      scope: 'all',
      is: { keep: 1, sites: ['a', 'b', 'c'], spokenFor: ['a'], sharedFaults: [] },
    },
    {
      kind: 'session',
      site,
      upstream: 'as64601',
      was: 'established',
      is: { state: 'idle', why: 'hold timer' },
    },
    {
      kind: 'announcement',
      site,
      upstream: 'as64601',
      prefix: '203.0.113.0/24',
      is: { expected: 'full', actual: 'withdrawn', why: ['no session'] },
    },
    { kind: 'announcement', site, upstream: 'as64601', prefix: '203.0.113.0/24' },
    {
      kind: 'landing',
      vantage: '127.81.0.1',
      was: { site: 'tyo', rttMs: 1, path: [] },
      is: { site, rttMs: 68.4, path: [], hops: [] },
    },
    {
      kind: 'landing',
      vantage: '127.81.0.1',
      was: { site: 'tyo', rttMs: 1, path: [] },
      is: { rttMs: 68.4, path: [], hops: [], lost: 'no route' },
    },
    {
      kind: 'landing',
      vantage: '127.81.0.1',
      was: { site, rttMs: 1, path: [64711] },
      is: { site, rttMs: 68.4, path: [], hops: [] },
    },
    { kind: 'traffic', vantages: {}, sites: { tyo: { asked: 9, perSecond: 4.5 } } },
    { kind: 'fault', id: 'x', is: { fault: 'service', site, service: 'web', how: 'hang' } },
    { kind: 'healed', id: 'x', was: { fault: 'link', ends: ['tyo', 'as64601'] } },
    {
      kind: 'order',
      order: { do: 'cut', one: 'tyo', other: 'as64601', ...by },
      outcome: 'done',
      say: ['cut: tyo – as64601'],
    },
    { kind: 'note', level: 'info', say: 'hello' },
  ];
  expect(new Set(bodies.map((b) => b.kind))).toEqual(new Set(KINDS));
  expect(bodies.map(describe)).toMatchInlineSnapshot(`
    [
      "a run of three begins with 3 sites",
      "the agent of <script> is dead",
      "web at <script> is down: web/http: refused",
      "<script> drains: less preferred (ann: upgrade)",
      "<script> is frozen by ann: upgrade",
      "<script> is not frozen any more",
      "<script> withdraws for 203.0.113.0/24: web is down",
      "<script> may not leave: would be the last: 2 of 3",
      "guard: 1 of 3 sites are out or may leave, 1 must stay",
      "the session of <script> with as64601 is idle: hold timer",
      "as64601 does not have 203.0.113.0/24 from <script>, but should have it in full: no session",
      "<script> no longer speaks of 203.0.113.0/24 to as64601",
      "127.81.0.1 moves from tyo to <script>, 68 ms",
      "127.81.0.1 lands nowhere: no route",
      "127.81.0.1 goes to <script> another way, 68 ms",
      "4.5 requests a second",
      "web at <script> fails on purpose (hang)",
      "healed: the cable tyo – as64601 is cut",
      "ann asks: cut tyo as64601 (upgrade): done: cut: tyo – as64601",
      "hello",
    ]
  `);
  expect(bodies.map((b) => about(b).sites.join())).toMatchInlineSnapshot(`
    [
      "",
      "<script>",
      "<script>",
      "<script>",
      "<script>",
      "<script>",
      "<script>",
      "<script>",
      "",
      "<script>",
      "<script>",
      "<script>",
      "tyo,<script>",
      "tyo",
      "<script>",
      "tyo",
      "<script>",
      "tyo,as64601",
      "tyo,as64601",
      "",
    ]
  `);
});

test('catchments add up to everybody', () => {
  fc.assert(
    fc.property(WORLD, (world) => {
      const { sites, nowhere } = catchments(world);
      const all = [...Object.values(sites), nowhere];
      const strangers = Object.values(world.vantages).filter(
        (v) => v.landing.site !== undefined && !Object.hasOwn(world.sites, v.landing.site),
      ).length;
      expect(all.reduce((n, c) => n + c.vantages.length, strangers)).toBe(2);
      expect(all.reduce((n, c) => n + c.share, strangers / 2)).toBeCloseTo(1);
    }),
  );
});

test('the OpenAPI document has every route, every reference leads somewhere, and every order is in it', () => {
  const doc = openApi() as {
    paths: { [path: string]: object };
    components: { schemas: { [name: string]: object } };
  };
  expect(Object.keys(doc.paths)).toEqual(Object.values(ROUTES).map((r) => r.path));
  const text = JSON.stringify(doc);
  const references = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map((m) => m[1] as string);
  expect(references.length).toBeGreaterThan(10);
  for (const reference of references)
    expect(doc.components.schemas).toHaveProperty([reference.replace('#/components/schemas/', '')]);
  for (const order of [...ORDERS, 'consider']) expect(text).toContain(`"const":"${order}"`);
  expect(text).not.toContain('$defs');
});

test('the schema refuses what is not of this version', () => {
  const [a] = fc.sample(WORLD, { numRuns: 1, seed: 1 }) as [World];
  expect(snapshotSchema.safeParse(begin(a)).success).toBe(true);
  expect(snapshotSchema.safeParse({ ...begin(a), version: 2 }).success).toBe(false);
});
