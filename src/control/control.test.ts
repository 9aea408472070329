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
  snapshotSchema,
  type World,
} from './index.ts';
import { begin, fold, HISTORY, number, timeless, WORLD } from './world.test-support.ts';

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
