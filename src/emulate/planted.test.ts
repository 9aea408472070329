/**
 * Every invariant catches the mistake that it is there for, and no other one has to: a mistake is planted in the judgement of the sites
 * or in a session, and what breaks is that one promise.
 */
import { describe, expect, test } from 'vitest';
import { type Instant, millis } from '../base/index.ts';
import { stepSite } from '../site/index.ts';
import {
  type Action,
  type ConfigurePeer,
  type Invariant,
  networkOf,
  type RunOptions,
  randomScenario,
  run,
  type Step,
  type StepSite,
} from './index.ts';
import { planOf, threeSites } from './plans.test-support.ts';

const PLAN = threeSites();
const NETWORK = networkOf(PLAN);
const LINKS = NETWORK.links.map((l) => l.name);
/** The same three sites over IPv6 sessions, with one IPv6 prefix. */
const SIX = planOf(`network: six
asn: 64500
prefixes: [2001:db8:53::/48]
defaults:
  upstream: { role: provider, families: [ipv6], hold-time: 9s }
  service: { rise: 2, fall: 2, min-stable: 1s, flaps: "4 per 1m, then wait 2s up to 10s" }
  probe: { every: 1s, timeout: 300ms, fast: 100ms }
sites:
  fra: { place: "Frankfurt, DE", upstreams: [ { asn: 64601, address: "2001:db8:1::1" } ] }
  nyc: { place: "New York, US", upstreams: [ { asn: 64602, address: "2001:db8:2::1" } ] }
  tyo: { place: "Tokyo, JP", upstreams: [ { asn: 64603, address: "2001:db8:3::1" } ] }
services:
  web: { address: "2001:db8:53::80", probes: [ tcp: { port: 80 } ] }
guard: { keep: 1, leave: 2 per 3s, lease: 10s, drift: 200ms }
controller: http://127.0.0.1:1
`);

const SIX_NETWORK = networkOf(SIX);

type Written = Action & { readonly at: number };
type Planted = Pick<RunOptions, 'step' | 'peer'>;

function play(steps: readonly Written[], planted: Planted, plan = PLAN) {
  const network = plan === PLAN ? NETWORK : SIX_NETWORK;
  return run(plan, { name: 'test', steps: steps as readonly Step[] }, 1, { network, ...planted });
}

/** Decides, and does not do it. */
const idle =
  (level: string): StepSite =>
  (duties, state, event, now) => {
    const [next, effects] = stepSite(duties, state, event, now);
    return [next, effects.filter((e) => e.do !== 'announce' || e.level !== level)];
  };

/** Stays at full when it should leave. */
const deaf: StepSite = (duties, before, event, now) => {
  const [next, effects] = stepSite(duties, before, event, now);
  const { name } = duties.scopes[0]!;
  const [was, is] = [before.decided[name]?.level, next.decided[name]];
  if (was !== 'full' || !is || is.level === 'full' || next.drain.phase !== 'in' || next.stopping)
    return [next, effects];
  const decided = { ...next.decided, [name]: { ...is, level: 'full' as const } };
  return [{ ...next, decided }, effects.filter((e) => e.do !== 'announce')];
};

/** Takes every answer of a probe for a good one: it cannot know better, but the world does. */
const blind: StepSite = (duties, state, event, now) =>
  stepSite(duties, state, event.kind === 'probe' ? { ...event, result: { outcome: 'good' } } : event, now);

/** Takes every answer for a bad one once the service has failed. */
const grudging = (): StepSite => {
  const failed = new Set<string>();
  return (duties, state, event, now) => {
    if (event.kind !== 'probe') return stepSite(duties, state, event, now);
    if (event.result.outcome !== 'good') failed.add(duties.site);
    const result = { outcome: 'bad', took: millis(1), detail: 'once bad, always bad' } as const;
    return stepSite(duties, state, failed.has(duties.site) ? { ...event, result } : event, now);
  };
};

/** Believes to hold a ticket at all times. */
const rude: StepSite = (duties, state, event, now) => {
  const held = Object.entries(state.holders).map(([n, h]) => [n, { ...h, until: (now + 5000) as Instant }]);
  return stepSite(duties, { ...state, holders: Object.fromEntries(held) }, event, now);
};

/** Knows no budget for flaps and no minimum time. */
const eager: StepSite = (duties, state, event, now) => {
  const service = duties.plan.services['web']!;
  const flaps = { ...service.flaps, count: 1000 };
  const plan = { ...duties.plan, services: { web: { ...service, flaps, minStable: millis(0) } } };
  return stepSite({ ...duties, plan }, state, event, now);
};

/** Sessions that wait far longer than the plan says until they notice that nobody is there. */
const patient: ConfigurePeer = (_, options) => ({
  ...options,
  session: { ...options.session, holdTime: millis(60_000) },
});

const fails: readonly Written[] = [
  { at: 1000, do: 'fail', service: 'web', site: 'fra' },
  { at: 8000, do: 'repair', service: 'web', site: 'fra' },
];
const flaps: readonly Written[] = Array.from({ length: 12 }, (_, i) => ({
  at: 1000 + 4000 * i,
  do: i % 2 === 0 ? 'fail' : 'repair',
  service: 'web',
  site: 'fra',
}));
const failsEverywhere: readonly Written[] = [{ at: 1000, do: 'fail', service: 'web' }];
const vanishes: readonly Written[] = [
  { at: 1000, do: 'power-off', site: 'fra' },
  { at: 40_000, do: 'start', site: 'fra' },
];

const PLANTED: readonly (readonly [Invariant, string, readonly Written[], () => Planted])[] = [
  ['full while down', 'a site that ignores its own verdict', fails, () => ({ step: deaf })],
  ['full while down', 'a site to which every answer is a good one', fails, () => ({ step: blind })],
  ['guard.keep', 'sites that leave without asking', failsEverywhere, () => ({ step: rude })],
  ['flap budget', 'a service that comes and goes as it likes', flaps, () => ({ step: eager })],
  ['dead route', 'sessions that wait longer than the plan says', vanishes, () => ({ peer: patient })],
  [
    'not what the table says',
    'a site that decides to withdraw and does not',
    fails,
    () => ({ step: idle('withdrawn') }),
  ],
  [
    'not what the table says',
    'a site that says in full what it prefers less',
    failsEverywhere,
    () => ({ step: idle('less-preferred') }),
  ],
  ['not settled', 'a site that does not believe in repairs', fails, () => ({ step: grudging() })],
];

describe('a planted mistake breaks the one invariant that is about it', () => {
  test.each(PLANTED)('%s: %s', (invariant, _, steps, planted) => {
    expect(play(steps, {}).breaks).toEqual([]);
    const { breaks } = play(steps, planted());
    expect([...new Set(breaks.map((b) => b.invariant))]).toEqual([invariant]);
  });

  test.each(PLANTED)('%s, of IPv6 alone: %s', (invariant, _, steps, planted) => {
    expect(play(steps, {}, SIX).breaks).toEqual([]);
    const { breaks } = play(steps, planted(), SIX);
    expect([...new Set(breaks.map((b) => b.invariant))]).toEqual([invariant]);
  });
});

test('random faults find a planted mistake too, and the seed finds it again', () => {
  const found = (seed: number, step?: StepSite) => {
    const scenario = randomScenario(PLAN, seed, { links: LINKS, lasts: millis(40_000), intensity: 4 });
    const command = `again ${seed}`;
    return run(PLAN, scenario, seed, { network: NETWORK, quiet: true, command, ...(step ? { step } : {}) });
  };
  for (const step of [deaf, blind, rude]) {
    let seed = 1;
    while (seed < 20 && found(seed, step).breaks.length === 0) seed++;
    const { breaks } = found(seed, step);
    expect(breaks[0]?.command).toBe(`again ${seed}`);
    expect(found(seed, step).breaks).toEqual(breaks);
    expect(found(seed).breaks).toEqual([]);
  }
});
