/** A plan that changes, and an agent that starts again: what is known is kept. */
import { expect, test } from 'vitest';
import { type Address, instant, millis, type Prefix } from '../base/index.ts';
import type { Plan } from '../plan/index.ts';
import {
  type Duties,
  dutiesOf,
  reconfigureSite,
  restoreSite,
  type SiteEvent,
  type SiteState,
  stepSite,
} from './index.ts';
import { ADA, dutiesIn, SCOPE, Story } from './story.test-support.ts';

test('a reload keeps what is known: no announcement changes because the plan did elsewhere', () => {
  const story = new Story(dutiesIn()).tell('+++');
  const duties = dutiesIn('', ', flaps: 2 per 1m');
  story.state = reconfigureSite(story.duties, duties, story.state, 2, instant(story.now));
  story.duties = duties;
  expect(story.tell('+').path).toEqual(['full']);
  // A probe that is new is not judged yet, and that is no reason to leave either.
  const more = dutiesIn('', '').plan;
  const dns = more.services['dns']!;
  const plan = {
    ...more,
    services: { dns: { ...dns, probes: { ...dns.probes, other: { ...dns.probes['tcp']! } } } },
  };
  story.duties = dutiesOf(plan, 'fra') as Duties;
  story.state = reconfigureSite(duties, story.duties, story.state, 2, instant(story.now));
  expect(story.tell('+++').path).toEqual(['full']);
});

/** The plan with more services, and what a reload makes of it. */
function reloaded(story: Story, ...names: readonly string[]): Story {
  const was = story.duties;
  const { plan } = dutiesIn('');
  const dns = plan.services['dns']!;
  const more = Object.fromEntries(names.map((name) => [name, dns]));
  story.duties = dutiesOf({ ...plan, services: { dns, ...more } }, 'fra') as Duties;
  story.state = reconfigureSite(was, story.duties, story.state, 2, instant(story.now));
  return story;
}

const slow = (outcome: 'good' | 'dead'): SiteEvent => ({
  kind: 'probe',
  service: 'slow',
  probe: 'tcp',
  result: { outcome },
});

test('a service that is new in the plan takes nothing back while it is not known, however long that takes', () => {
  for (const [outcome, level] of [
    ['good', 'full'],
    ['dead', 'withdrawn'],
  ] as const) {
    const story = reloaded(new Story(dutiesIn()).tell('+++'), 'slow');
    expect(story.tell('++').level).toBe('full');
    expect(story.why).toContain('slow is unknown');
    for (let n = 0; n < 3; n++) story.happen(slow(outcome), 3000).tell('+');
    expect(story.level).toBe(level);
    expect(story.path).toEqual(level === 'full' ? ['full'] : ['full', 'withdrawn']);
  }
});

test('what stands keeps standing when prefixes are grouped otherwise and their scope gets another name', () => {
  const story = new Story(dutiesIn()).tell('+++');
  const was = story.duties;
  const { plan } = was;
  const dns = plan.services['dns']!;
  const [v4, v6] = plan.prefixes as [Prefix, Prefix];
  const first = '198.51.100.0/24' as Prefix;
  const under = (prefixes: Prefix[], services: Plan['services']) => {
    story.duties = dutiesOf({ ...plan, prefixes, services }, 'fra') as Duties;
    const state = reconfigureSite(was, story.duties, story.state, 2, instant(story.now));
    const [{ decided }] = stepSite(story.duties, state, { kind: 'due' }, instant(story.now));
    return Object.entries(decided).map(([scope, { level }]) => [scope, level]);
  };
  const both = { ...dns, address: [...dns.address, '198.51.100.53' as Address] };
  expect(under([first, v4, v6], { dns, both })).toEqual([[first, 'full']]);
  const [left, right] = dns.address.map((address) => ({ ...dns, address: [address] }));
  expect(under([v4, v6], { dns: left!, right: right! })).toEqual([
    [v4, 'full'],
    [v6, 'full'],
  ]);
});

test('while a new service is not known the site can be drained, and what fails beside it still leaves', () => {
  const drained = reloaded(new Story(dutiesIn()).tell('+++').happen({ kind: 'drain', order: ADA }), 'slow');
  expect(drained.tell('+').path).toEqual(['full', 'less-preferred']);
  const later = reloaded(new Story(dutiesIn()).tell('+++'), 'slow').happen({ kind: 'drain', order: ADA });
  expect(later.path).toEqual(['full', 'less-preferred']);
  expect(later.tell('++').level).toBe('less-preferred');
  expect(reloaded(new Story(dutiesIn()).tell('+++'), 'slow').tell('x').path).toEqual(['full', 'withdrawn']);
});

test('a service that is restarted again and again: neighbours see the returns that the budget has, and no more until it keeps well', () => {
  const story = new Story(dutiesIn()).tell('+++');
  const came: number[] = [];
  // Every twenty seconds for four hours, each time noticed at once.
  for (let i = 0; i < 720; i++) {
    for (const sign of `x${'+'.repeat(19)}`) {
      const before = story.level;
      story.tell(sign);
      if (story.level === 'full' && before !== 'full') came.push(story.now);
    }
  }
  expect(came).toHaveLength(5);
  const withdrawals = story.path.filter((level) => level === 'withdrawn');
  expect(withdrawals.length).toBeLessThanOrEqual(came.length + 1);
  // Left alone, it comes back by itself, once it was well for the longest wait.
  story.tell('+'.repeat(570));
  expect(story.level).toBe('withdrawn');
  story.tell('+'.repeat(30));
  expect(story.level).toBe('full');
});

test('a restart announces nothing before new probes are good, and remembers orders, flaps and who was out', () => {
  const story = new Story(dutiesIn()).tell('+++--+++').happen({ kind: 'drain', order: ADA });
  const saved = JSON.parse(JSON.stringify(story.state)) as SiteState;
  const times = { savedAt: instant(story.now), elapsed: millis(4000), boot: 2 };
  const again = new Story(story.duties);
  again.state = restoreSite(story.duties, saved, times, instant(0));
  expect(again.state.services['dns']).toMatchObject({ verdict: 'unknown', returns: [8000 - 9000 - 4000] });
  expect(again.state.drain).toMatchObject({ phase: 'lessPreferred', due: 69_000 - 13_000, order: ADA });
  again.tell('++');
  expect(again.level).toBe('pending');
  expect(again.tell('+').level).toBe('less-preferred');
});

test('load that moves by more than a fifth is reported within a second, so that nobody counts it at two sites; less is not', () => {
  const story = new Story(dutiesIn('controller: http://127.0.0.1:1\n')).tell('+++');
  const loads = () =>
    story.effects.flatMap((e) => (e.do === 'report' && e.report.scope === SCOPE ? [e.report.load] : []));
  const answered = () => {
    const { seq } = story.effects.findLast((e) => e.do === 'report')!.report;
    const answer = { kind: 'noted', site: 'fra', scope: SCOPE, boot: 1, seq, shared: [] } as const;
    story.happen({ kind: 'answer', answer }, 0);
    story.happen({ kind: 'probe', service: 'dns', probe: 'tcp', result: { outcome: 'good' } }, 0);
  };
  const carry = (load: number | undefined, ms: number) => {
    story.happen({ kind: 'load', scope: SCOPE, ...(load === undefined ? {} : { load }) }, ms);
    answered();
  };
  answered();
  const before = loads().length;
  carry(10e9, 1000);
  carry(11e9, 1000);
  carry(2e9, 100);
  carry(1e9, 900);
  expect(loads().slice(before)).toEqual([10e9, 2e9]);
  carry(1e9, 100);
  carry(undefined, 1000);
  expect(loads().slice(before)).toEqual([10e9, 2e9, 1e9, undefined]);
});

test('frozen and killed: what upstreams still hold stands as it is, whatever the probes say', () => {
  const story = new Story(dutiesIn()).tell('+++').happen({ kind: 'freeze', order: ADA }).tell('----');
  expect(story.level).toBe('full');
  const again = restarted(story, true);
  expect(again.tell('.').level).toBe('full');
  expect(again.tell('---').path).toEqual([]);
  expect(again.happen({ kind: 'thaw', order: ADA }).level).toBe('withdrawn');
});

test('frozen, and nothing stands any more: it comes back to what was frozen once its services are good, also after a clean stop', () => {
  for (const stop of [false, true]) {
    const story = new Story(dutiesIn())
      .tell('+++')
      .happen({ kind: 'drain', order: ADA })
      .happen({ kind: 'freeze', order: ADA });
    expect(story.level).toBe('less-preferred');
    if (stop) expect(story.happen({ kind: 'stop' }).level).toBe('withdrawn');
    const again = restarted(story, false);
    expect(again.tell('---').level).toBe('pending');
    expect(again.tell('++').level).toBe('pending');
    expect(again.tell('+...').level).toBe('less-preferred');
    expect(again.tell('---').level).toBe('less-preferred');
  }
});

test('frozen while withdrawn, it stays withdrawn after a restart; frozen before it announced, it waits to be thawed', () => {
  const out = new Story(dutiesIn()).tell('+++--').happen({ kind: 'freeze', order: ADA });
  expect(restarted(out, false).tell('++++++').level).toBe('withdrawn');
  const early = new Story(dutiesIn()).happen({ kind: 'freeze', order: ADA });
  expect(restarted(early, false).tell('++++++').level).toBe('pending');
});

/** The same site after a restart, four seconds later. */
function restarted(story: Story, resumed: boolean): Story {
  const saved = JSON.parse(JSON.stringify(story.state)) as SiteState;
  const times = { savedAt: instant(story.now), elapsed: millis(4000), boot: 2, resumed };
  const again = new Story(story.duties);
  again.state = restoreSite(story.duties, saved, times, instant(0));
  return again;
}
