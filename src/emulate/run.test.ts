/** Whole networks in virtual time: what the operator is promised, and what a planted mistake does to it. */
import { describe, expect, test } from 'vitest';
import { millis, toHex } from '../base/index.ts';
import { type Entry, play as playAgain } from '../speaker/index.ts';
import {
  type Action,
  BUILT_IN,
  builtIn,
  formatTimeline,
  networkOf,
  type RunOptions,
  randomScenario,
  run,
  type Step,
  type TimelineEvent,
} from './index.ts';
import { planOf, threeSites } from './plans.test-support.ts';

const PLAN = threeSites();
const NETWORK = networkOf(PLAN);
const LINKS = NETWORK.links.map((l) => l.name);
const V4 = '203.0.113.0/24';

type Written = Action & { readonly at: number };

function play(steps: readonly Written[], options: RunOptions = { network: NETWORK }) {
  const plan = options.network?.plan ?? PLAN;
  return run(plan, { name: 'test', steps: steps as readonly Step[] }, 1, options);
}

function of<K extends TimelineEvent['kind']>(events: readonly TimelineEvent[], kind: K) {
  return events.filter((e): e is Extract<TimelineEvent, { kind: K }> => e.kind === kind);
}

/** The last instant at which packets left a site, in milliseconds. */
function lastMoveFrom(events: readonly TimelineEvent[], site: string, since: number): number {
  return Math.max(
    -1,
    ...of(events, 'path')
      .filter((e) => e.from === site && e.at >= since)
      .map((e) => e.at),
  );
}

describe('a scenario', () => {
  test('gives the same timeline from the same seed, and another from another', () => {
    const once = (seed: number) =>
      JSON.stringify(run(PLAN, randomScenario(PLAN, seed, { links: LINKS }), seed, { network: NETWORK }));
    expect(once(3)).toBe(once(3));
    expect(once(4)).not.toBe(once(3));
  });

  test.each(BUILT_IN.map((s) => s.name))('%s breaks nothing, and settles', (name) => {
    const timeline = run(PLAN, builtIn(name, PLAN)!, 1, { network: NETWORK });
    expect(timeline.breaks).toEqual([]);
    expect(timeline.settledAfter).toBeDefined();
  });

  test('begins when every session is up and every vantage is served', () => {
    const { events } = play([]);
    const first = of(events, 'path').filter((e) => e.at === 0);
    expect(first.length).toBe(2 * NETWORK.ases.length);
    expect(new Set(first.map((e) => e.to)).has('nowhere')).toBe(false);
  });
});

describe('what sites do', () => {
  test('a refused connection withdraws within a probe, and packets go elsewhere', () => {
    const { events, breaks } = play([{ at: 1000, do: 'fail', service: 'web', site: 'fra' }]);
    const level = of(events, 'level').find((e) => e.site === 'fra' && e.to === 'withdrawn');
    expect(level?.at).toBeLessThan(2500);
    const moved = lastMoveFrom(events, 'fra', 1000);
    expect(moved).toBeGreaterThan(1000);
    expect(moved).toBeLessThan(3000);
    expect(breaks).toEqual([]);
  });

  test('sites fail one after the other: the last stays, less preferred, and says why', () => {
    const { events } = run(PLAN, builtIn('everyone', PLAN)!, 1, { network: NETWORK });
    const last = of(events, 'level').find((e) => e.site === 'tyo' && e.at < 70_000);
    expect(last).toMatchObject({ from: 'full', to: 'less-preferred' });
    expect(last?.why.join('; ')).toContain('would be the last');
    expect(of(events, 'level').some((e) => e.site === 'tyo' && e.to === 'withdrawn')).toBe(false);
  });

  test('a killed process is forgotten with its connections, a vanished host after the hold time (RFC 4271 §6.5)', () => {
    const killed = play([
      { at: 1000, do: 'kill', site: 'fra' },
      { at: 30_000, do: 'start', site: 'fra' },
    ]);
    expect(lastMoveFrom(killed.events, 'fra', 1000)).toBeLessThan(2500);
    const gone = play([
      { at: 1000, do: 'power-off', site: 'fra' },
      { at: 30_000, do: 'start', site: 'fra' },
    ]);
    const moved = lastMoveFrom(gone.events, 'fra', 1000);
    expect(moved).toBeGreaterThan(4000);
    expect(moved).toBeLessThan(1000 + 9000 + 2000);
    expect([...killed.breaks, ...gone.breaks]).toEqual([]);
  });

  test('where BFD watches the path, a vanished host is noticed within its detection time (RFC 5882 §4.2)', () => {
    const plan = threeSites(', bfd: { interval: 100ms, multiplier: 3 }');
    const network = networkOf(plan);
    const { events, breaks } = play(
      [
        { at: 1000, do: 'power-off', site: 'fra' },
        { at: 20_000, do: 'start', site: 'fra' },
      ],
      { network },
    );
    expect(lastMoveFrom(events, 'fra', 1000)).toBeLessThan(2500);
    expect(breaks).toEqual([]);
  });

  test('with graceful restart, a killed agent that is back in time loses no vantage (RFC 4724 §4.2)', () => {
    const network = networkOf(threeSites(', graceful-restart: 30s'));
    const { events, breaks } = play(
      [
        { at: 1000, do: 'kill', site: 'fra' },
        { at: 5000, do: 'start', site: 'fra' },
        { at: 20_000, do: 'calm' },
      ],
      { network },
    );
    expect(of(events, 'path').filter((e) => e.at > 0)).toEqual([]);
    expect(breaks).toEqual([]);
  });

  test('a drain moves every vantage before it withdraws', () => {
    const { events, breaks } = play([
      { at: 1000, do: 'drain', site: 'fra' },
      { at: 20_000, do: 'calm' },
    ]);
    const withdrawn = of(events, 'level').find((e) => e.site === 'fra' && e.to === 'withdrawn')?.at ?? 0;
    expect(withdrawn).toBeGreaterThan(2000);
    expect(lastMoveFrom(events, 'fra', 1000)).toBeGreaterThan(1000);
    expect(lastMoveFrom(events, 'fra', 1000)).toBeLessThan(withdrawn);
    expect(of(events, 'path').filter((e) => e.at > 0 && e.to === 'nowhere')).toEqual([]);
    expect(breaks).toEqual([]);
  });

  test('a cut of the controller changes nothing that is announced', () => {
    const { events } = play([
      { at: 1000, do: 'cut-controller' },
      { at: 60_000, do: 'calm' },
    ]);
    expect(of(events, 'level')).toEqual([]);
    expect(of(events, 'ticket').some((e) => e.to === 'lease')).toBe(true);
  });

  test('without a controller every site judges alone', () => {
    const network = networkOf(threeSites('', ''));
    const { events, breaks } = play(
      [
        { at: 1000, do: 'fail', service: 'web', how: 'wrong' },
        { at: 20_000, do: 'repair', service: 'web' },
      ],
      { network },
    );
    expect(
      of(events, 'level')
        .filter((e) => e.to === 'withdrawn')
        .map((e) => e.site)
        .sort(),
    ).toEqual(['fra', 'nyc', 'tyo']);
    expect(breaks).toEqual([]);
  });
});

// More with NEARCAST_SEEDS=1000.
const SEEDS = Number(process.env['NEARCAST_SEEDS'] ?? 12);

test('a sweep of random faults breaks no invariant', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const scenario = randomScenario(PLAN, seed, { links: LINKS, lasts: millis(40_000), intensity: 4 });
    const { breaks } = run(PLAN, scenario, seed, { network: NETWORK, quiet: true });
    expect(breaks, `seed ${seed}`).toEqual([]);
  }
}, 600_000);

test("a router's life can be played again by itself, to the last byte that its peers heard", () => {
  const lives = new Map<string, Entry[]>();
  const record = (router: string) => {
    const life: Entry[] = [];
    lives.set(router, life);
    return (entry: Entry) => life.push(entry);
  };
  play(
    [
      { at: 1000, do: 'fail', service: 'web', site: 'fra' },
      { at: 5000, do: 'repair', service: 'web', site: 'fra' },
      { at: 9000, do: 'drain', site: 'fra' },
      { at: 20_000, do: 'calm' },
    ],
    { network: NETWORK, record },
  );
  const hex = (all: readonly Uint8Array[]) => all.map(toHex).join('');
  const said = hex([...playAgain(lives.get('fra') ?? [])].flatMap(({ bytes }) => (bytes ? [bytes] : [])));
  const heard = hex(
    (lives.get('AS64601') ?? []).flatMap((e) =>
      e.kind === 'bytes' && e.peer === 'fra/as64601' ? [e.bytes] : [],
    ),
  );
  // The first words may have gone over two connections at once (RFC 4271 §6.8), and what was under way at the end nobody heard.
  const later = heard.slice(600);
  expect(later.length).toBeGreaterThan(1000);
  expect(said).toContain(later);
});

test('a plan with an upstream that nobody knows, one of our own AS and one that is off still has a network', () => {
  const plan = planOf(`network: odd
asn: 64500
prefixes: 203.0.113.0/24
sites:
  a:
    upstreams:
      - { asn: 64601, address: 198.51.100.1, role: provider }
      - { asn: 3320, address: 198.51.100.5, role: provider }
      - { asn: 64500, address: 198.51.100.13, role: internal }
  b: { upstreams: [ { asn: 64602, address: 198.51.100.9, role: provider, enabled: false } ] }
`);
  const network = networkOf(plan);
  expect(network.omitted).toEqual({
    'a/as64500': "a router of the plan's own AS",
    'b/as64602': 'not enabled',
  });
  expect(network.ases.length).toBe(21);
  expect(run(plan, builtIn('calm', plan)!, 1, { network }).breaks).toEqual([]);
});

test.each([
  [
    'IPv4 over IPv6 sessions (RFC 8950)',
    `
  a: { place: "Paris, FR", upstreams: [ { asn: 64601, address: "2001:db8:a::1", role: provider, families: [ipv4, ipv6], next-hop: ["2001:db8:a::2"] } ] }
  b: { place: "Nowhere, XX", upstreams: [ { asn: 64602, address: "2001:db8:b::1", role: peer, families: [ipv6] } ] }`,
  ],
  [
    'route servers, peers and customers beside one provider',
    `
  a: { upstreams: [ { asn: 64601, address: 198.51.100.1, role: route-server }, { asn: 3320, address: 198.51.100.5, role: provider } ] }
  b: { upstreams: [ { asn: 64602, address: 198.51.100.9, role: customer }, { asn: 64605, address: 198.51.100.13, role: peer } ] }`,
  ],
])('a plan with %s works, with faults too', (_, sites) => {
  const plan = planOf(`network: odd
asn: 64500
prefixes: [203.0.113.0/24, 2001:db8:53::/48]
sites:${sites}
services: { web: { address: 203.0.113.80, probes: [ tcp: { port: 80 } ] } }
`);
  const network = networkOf(plan);
  const { breaks, events } = run(plan, builtIn('fail', plan)!, 1, { network });
  expect(breaks).toEqual([]);
  expect(of(events, 'path').filter((e) => e.at === 0 && e.prefix === V4).length).toBe(network.ases.length);
  for (let seed = 1; seed <= 3; seed++)
    expect(run(plan, randomScenario(plan, seed), seed, { network, quiet: true }).breaks).toEqual([]);
});

test('the timeline reads well', () => {
  const { events } = play([
    { at: 1000, do: 'fail', service: 'web', site: 'nyc' },
    { at: 4000, do: 'repair', service: 'web', site: 'nyc' },
  ]);
  expect(formatTimeline(events).join('\n')).toMatchInlineSnapshot(`
    "    0.000 s  paths    1 vantage (AS64601): nowhere → fra  (203.0.113.0/24, 2001:db8:53::/48)
        0.000 s  paths    17 vantages: nowhere → nyc  (203.0.113.0/24, 2001:db8:53::/48)
        0.000 s  paths    2 vantages: nowhere → tyo  (203.0.113.0/24, 2001:db8:53::/48)
        1.000 s  ──────── fail web at nyc (refused)
        1.871 s  verdict  nyc web: up → down  (probe tcp fails: connection refused)
        1.871 s  announce nyc 203.0.113.0/24: full → withdrawn  (down; holds a ticket; web is down; probe tcp fails: connection refused)
        1.891 s  paths    14 vantages: nyc → fra  (203.0.113.0/24, 2001:db8:53::/48)
        1.891 s  paths    3 vantages: nyc → tyo  (203.0.113.0/24, 2001:db8:53::/48)
        4.000 s  ──────── repair web at nyc
        4.873 s  verdict  nyc web: down → rising  (probe tcp fails)
        5.876 s  verdict  nyc web: rising → up
        5.876 s  announce nyc 203.0.113.0/24: withdrawn → full  (up)
        5.896 s  paths    14 vantages: fra → nyc  (203.0.113.0/24, 2001:db8:53::/48)
        5.896 s  paths    3 vantages: tyo → nyc  (203.0.113.0/24, 2001:db8:53::/48)
        8.000 s  settled  everything is as it should be, 2 s after the last step"
  `);
});
