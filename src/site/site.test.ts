import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Address, type Instant, instant, millis, type Prefix } from '../base/index.ts';
import { formatComplaint, type Plan, parsePlan } from '../plan/index.ts';
import {
  announcement,
  type Duties,
  dutiesOf,
  reconfigureSite,
  restoreSite,
  type SiteEffect,
  type SiteEvent,
  type SiteState,
  siteDue,
  startSite,
  stepSite,
  ticketView,
} from './index.ts';

function dutiesIn(more = '', service = ''): Duties {
  const parsed = parsePlan(`network: x
asn: 64500
prefixes: [203.0.113.0/24, 2001:db8:53::/48]
sites:
  fra: { upstreams: [ { asn: 64601, address: 198.51.100.1, role: provider, families: [ipv4, ipv6], next-hop: "2001:db8::9" } ] }
  nyc: { upstreams: [ { asn: 64602, address: 198.51.100.5, role: provider } ] }
services:
  dns: { address: [203.0.113.53, 2001:db8:53::53], rise: 3, fall: 2, min-stable: 2s, probes: [ tcp: { port: 53 } ]${service} }
drain: { settle: 5s, empty: { for: 5s }, deadline: 60s, gone: 10s, return: 5s }
${more}`);
  if ('complaints' in parsed) throw new Error(parsed.complaints.map(formatComplaint).join('\n'));
  return dutiesOf(parsed.plan, 'fra') as Duties;
}

const SCOPE = '203.0.113.0/24';
const ADA = { owner: 'ada', reason: 'new kernel' };

/** A site and its story; each word happens a second after the one before. */
class Story {
  state: SiteState;
  now = 0;
  readonly effects: SiteEffect[] = [];
  duties: Duties;

  constructor(duties: Duties) {
    this.duties = duties;
    this.state = startSite(duties, 1, instant(0));
  }

  /** `+` a good probe, `-` a bad one, `x` a dead one, `.` nothing. */
  tell(signs: string): this {
    for (const sign of signs) {
      const outcome = sign === '+' ? 'good' : sign === 'x' ? 'dead' : 'bad';
      this.happen(
        sign === '.'
          ? { kind: 'due' }
          : { kind: 'probe', service: 'dns', probe: 'tcp', result: { outcome, detail: 'refused' } },
      );
    }
    return this;
  }

  /** Deadlines on the way are kept. */
  happen(event: SiteEvent, ms = 1000): this {
    const end = this.now + ms;
    for (;;) {
      const due = siteDue(this.duties, this.state, instant(this.now));
      if (due === undefined || due >= end) break;
      this.#step({ kind: 'due' }, due);
    }
    return this.#step(event, instant(end));
  }

  /** The process gets no turn for so long; then the deadline is late. */
  stall(ms: number): this {
    return this.#step({ kind: 'due' }, instant(this.now + ms));
  }

  #step(event: SiteEvent, now: Instant): this {
    this.now = now;
    const [state, effects] = stepSite(this.duties, this.state, event, now);
    this.state = state;
    this.effects.push(...effects);
    return this;
  }

  get level(): string | undefined {
    return this.state.decided[SCOPE]?.level;
  }
  get why(): readonly string[] {
    return this.state.decided[SCOPE]?.why ?? [];
  }
  /** Levels in the order in which they were announced. */
  get path(): readonly string[] {
    return this.effects.flatMap((e) => (e.do === 'announce' ? [e.level] : []));
  }
}

test('nothing is announced before rise good probes; then all of it, on both families', () => {
  const story = new Story(dutiesIn()).tell('++');
  expect(story.level).toBe('pending');
  story.tell('+');
  expect(story.path).toEqual(['full']);
  const { upstreams } = announcement(story.duties, story.state);
  expect(Object.keys(upstreams['as64601']!)).toEqual(['203.0.113.0/24', '2001:db8:53::/48']);
  expect(upstreams['as64601']?.['2001:db8:53::/48']?.route).toBeDefined();
});

test('down without a controller: withdrawn at once; back after rise and min-stable', () => {
  const story = new Story(dutiesIn()).tell('+++--');
  expect(story.path).toEqual(['full', 'withdrawn']);
  expect(story.why).toEqual([
    'down; the plan names no controller',
    'dns is down',
    'probe tcp fails: refused',
  ]);
  story.tell('+++');
  expect(story.path).toEqual(['full', 'withdrawn', 'full']);
});

test('a dead probe withdraws with its own event, not a moment later', () => {
  expect(new Story(dutiesIn()).tell('+++x').path).toEqual(['full', 'withdrawn']);
});

test('a service that is down from the start is not announced, whoever is or is not there to ask', () => {
  expect(new Story(dutiesIn('controller: http://127.0.0.1:1\n')).tell('----').path).toEqual(['withdrawn']);
  expect(new Story(dutiesIn()).tell('----').path).toEqual(['withdrawn']);
});

test('a restart is no way round the guard: who was in still needs a ticket to leave', () => {
  const story = new Story(dutiesIn('controller: http://127.0.0.1:1\n')).tell('+++');
  const again = new Story(story.duties);
  const times = { savedAt: instant(story.now), elapsed: millis(1000), boot: 2 };
  again.state = restoreSite(story.duties, story.state, times, instant(0));
  expect(again.tell('--').level).toBe('less-preferred');
});

test('an agent that is killed while a service is held back does not bring it back sooner, and keeps nothing else waiting', () => {
  const story = new Story(dutiesIn('', ', flaps: "1 per 1m, then wait 30s up to 60s"')).tell('+++x+++x+++');
  expect([story.level, story.state.services['dns']?.held?.why]).toEqual(['withdrawn', 'flap budget']);
  const again = new Story(story.duties);
  const times = { savedAt: instant(story.now), elapsed: millis(1000), boot: 2, resumed: true };
  again.state = restoreSite(story.duties, story.state, times, instant(0));
  again.tell('+++');
  // Known, and not pending: upstreams are told what holds.
  expect(again.path).toEqual(['withdrawn']);
  again.tell('+'.repeat(60));
  expect(again.path).toEqual(['withdrawn', 'full']);
});

test('what the site does about a service that is down is the plan’s to say', () => {
  expect(new Story(dutiesIn('', ', when-down: less-preferred')).tell('+++--').level).toBe('less-preferred');
  expect(new Story(dutiesIn('', ', when-down: ignore')).tell('+++--').level).toBe('full');
});

test('a clean stop withdraws first, whatever the guard says', () => {
  const story = new Story(dutiesIn('controller: http://127.0.0.1:1\n')).tell('+++').happen({ kind: 'stop' });
  expect(story.path).toEqual(['full', 'withdrawn']);
  expect(story.tell('+++').level).toBe('withdrawn');
});

describe('drain', () => {
  const quiet: SiteEvent = { kind: 'evidence', evidence: { sessions: 0, traffic: 0 } };

  test('less preferred, until observed empty, then withdrawn, until observed gone; and back in steps', () => {
    const story = new Story(dutiesIn()).tell('+++').happen({ kind: 'drain', order: ADA });
    expect(story.level).toBe('less-preferred');
    story.happen(quiet).tell('+++').happen(quiet, 2000);
    expect(story.state.drain.phase).toBe('withdrawn');
    expect(story.level).toBe('withdrawn');
    story.happen({ kind: 'evidence', evidence: { views: 0 } }).tell('+');
    expect(story.state.drain).toMatchObject({ phase: 'out', order: ADA });
    story.happen({ kind: 'undrain', order: ADA });
    expect(story.level).toBe('less-preferred');
    expect(story.why[0]).toBe('coming back');
    expect(story.why.join()).not.toMatch(/ticket|out already/);
    expect(story.tell('+++++').path).toEqual([
      'full',
      'less-preferred',
      'withdrawn',
      'less-preferred',
      'full',
    ]);
  });

  test('turned round before the withdrawal it is in again at once', () => {
    const story = new Story(dutiesIn())
      .tell('+++')
      .happen({ kind: 'drain', order: ADA })
      .happen({ kind: 'undrain', order: ADA });
    expect(story.path).toEqual(['full', 'less-preferred', 'full']);
    expect(story.state.drain.remarks).toEqual([]);
  });

  test('a service that goes down while draining withdraws at once', () => {
    const story = new Story(dutiesIn()).tell('+++').happen({ kind: 'drain', order: ADA }).tell('--');
    expect(story.path).toEqual(['full', 'less-preferred', 'withdrawn']);
    expect(story.state.drain.phase).toBe('withdrawn');
  });

  test('without a ticket it stays at the step before, and says why', () => {
    const story = new Story(dutiesIn('controller: http://127.0.0.1:1\n'))
      .tell('+++')
      .happen({ kind: 'drain', order: ADA });
    story.happen(quiet).tell('+++').happen(quiet, 2000);
    expect(story.state.drain.phase).toBe('empty');
    expect(story.level).toBe('less-preferred');
    expect(story.why.slice(0, 2)).toEqual([
      'draining; no ticket to go further',
      'the controller is lost, and there is no ticket',
    ]);
  });
});

describe('freeze', () => {
  test('nothing that is announced changes, and orders are refused with the reason', () => {
    const story = new Story(dutiesIn()).tell('+++').happen({ kind: 'freeze', order: ADA }).tell('---');
    expect(story.level).toBe('full');
    expect(story.why[0]).toBe('frozen by ada: new kernel');
    story.happen({ kind: 'drain', order: ADA });
    expect(story.effects.at(-1)).toEqual({ do: 'refuse', why: 'frozen by ada: new kernel' });
    expect(story.happen({ kind: 'thaw', order: ADA }).level).toBe('withdrawn');
  });

  test('it ends by itself when it was given an end', () => {
    const story = new Story(dutiesIn())
      .tell('+++')
      .happen({ kind: 'freeze', order: ADA, until: instant(8000) })
      .tell('--.');
    expect(story.level).toBe('full');
    expect(siteDue(story.duties, story.state, instant(story.now))).toBeLessThanOrEqual(8000);
    expect(story.tell('-').level).toBe('withdrawn');
  });
});

describe('tickets', () => {
  const CONTROLLED = 'controller: http://127.0.0.1:1\nguard: { lease: 30s, drift: 1s }\n';
  const lastReport = (story: Story) => {
    const reports = story.effects.flatMap((e) => (e.do === 'report' ? [e.report] : []));
    return reports.at(-1)!;
  };
  const about = (story: Story) => {
    const { site, scope, boot, seq } = lastReport(story);
    return { site, scope, boot, seq, shared: [] };
  };

  test('a spare one is asked for as soon as the site is in, sooner when a fall is near, now when it is down', () => {
    const story = new Story(dutiesIn(CONTROLLED)).tell('++');
    expect(lastReport(story)).toMatchObject({ in: false });
    expect(lastReport(story).want).toBeUndefined();
    expect(lastReport(story.tell('+'))).toMatchObject({ in: true, want: 'spare', verdict: 'up' });
    expect(lastReport(story.tell('-'))).toMatchObject({ want: 'soon', verdict: 'up' });
    expect(lastReport(story.tell('-'))).toMatchObject({
      want: 'now',
      verdict: 'down',
      failing: { 'dns/tcp': 1000 },
    });
    expect(story.level).toBe('less-preferred');
  });

  test('with a ticket at hand it leaves with the very probe that fails, and needs none to stay out', () => {
    const story = new Story(dutiesIn(CONTROLLED)).tell('+++');
    story
      .happen({ kind: 'answer', answer: { kind: 'granted', ...about(story), lease: millis(30_000) } })
      .tell('--');
    expect(story.path).toEqual(['full', 'withdrawn']);
    expect(lastReport(story)).toMatchObject({ in: false, leaves: 1 });
    story.tell('-'.repeat(60));
    expect(story.level).toBe('withdrawn');
  });

  test('a ticket ends before the issuer thinks so', () => {
    const story = new Story(dutiesIn(CONTROLLED)).tell('+++');
    // Asked at 3 s, granted for 30 s, a second of drift: good until 32 s.
    story.happen({ kind: 'answer', answer: { kind: 'granted', ...about(story), lease: millis(30_000) } });
    for (; story.now < 31_000; ) story.tell('+');
    expect(story.tell('x').level).toBe('less-preferred');
  });

  test('an answer to a report that is long past, to another site or from before a restart gives no ticket', () => {
    const story = new Story(dutiesIn(CONTROLLED)).tell('+++');
    const granted = { kind: 'granted', ...about(story), lease: millis(30_000) } as const;
    story.tell('+'.repeat(40));
    for (const answer of [
      granted,
      { ...granted, ...about(story), boot: 0 },
      { ...granted, ...about(story), site: 'nyc' },
    ])
      expect(story.happen({ kind: 'answer', answer }).state.holders[SCOPE]?.until).toBeUndefined();
  });

  test.each([
    ['less-preferred', 'less-preferred'],
    ['full', 'full'],
    ['withdrawn', 'withdrawn'],
  ])('refused as the last, guard.last: %s', (last, level) => {
    const story = new Story(dutiesIn(CONTROLLED.replace('lease', `last: ${last}, lease`))).tell('+++--');
    story.happen(
      {
        kind: 'answer',
        answer: { kind: 'refused', ...about(story), reason: 'would be the last', detail: '1 of 2 is out' },
      },
      10,
    );
    expect(story.level).toBe(level);
    expect(story.why[1]).toBe('refused: would be the last: 1 of 2 is out');
  });

  test('a refusal ends with the drain that it was told: afterwards no ticket is needed', () => {
    const refused = (story: Story): SiteEvent => ({
      kind: 'answer',
      answer: { kind: 'refused', ...about(story), reason: 'would be the last', detail: '1 of 2 is out' },
    });
    const view = (story: Story) => ticketView(story.state.holders[SCOPE]!, instant(story.now));
    const story = new Story(dutiesIn(CONTROLLED)).tell('+++').happen({ kind: 'drain', order: ADA });
    story.happen(refused(story));
    expect([story.state.drain.phase, view(story)]).toEqual(['lessPreferred', 'refused']);
    story.happen({ kind: 'undrain', order: ADA }).tell('++++++');
    story.happen(refused(story));
    expect([story.state.drain.phase, view(story), story.level]).toEqual(['in', 'idle', 'full']);
    expect(story.state.holders[SCOPE]?.refused?.detail).toBe('1 of 2 is out');
    // As soon as something fails it is asked anew.
    story.tell('-');
    expect(view(story)).toBe('asked');
  });

  test('what was refused ahead of need is asked anew before it counts: nobody is withdrawn by it for a moment', () => {
    const refused = (story: Story): SiteEvent => ({
      kind: 'answer',
      answer: { kind: 'refused', ...about(story), reason: 'too fast', detail: 'somebody needs it more' },
    });
    for (const last of ['withdrawn', 'full']) {
      const story = new Story(dutiesIn(CONTROLLED.replace('drift', `last: ${last}, drift`))).tell('+++');
      story.happen(refused(story)).tell('xx');
      expect(story.path).toEqual(['full', 'less-preferred']);
      expect(story.happen(refused(story)).path).toEqual(['full', 'less-preferred', last]);
      // Also when the refusal of what was asked ahead of need comes after the need was told.
      const late = new Story(dutiesIn(CONTROLLED.replace('drift', `last: ${last}, drift`))).tell('+++');
      const early = refused(late);
      expect(late.tell('x').happen(early, 1).path).toEqual(['full', 'less-preferred']);
      expect(late.happen(refused(late), 1).path).toEqual(['full', 'less-preferred', last]);
    }
  });

  test('a fault that all sites share is no reason to leave, even with a ticket, and brings back who has left for it', () => {
    const story = new Story(dutiesIn(CONTROLLED)).tell('+++');
    story
      .happen({ kind: 'answer', answer: { kind: 'granted', ...about(story), lease: millis(30_000) } })
      .tell('--');
    expect(story.level).toBe('withdrawn');
    story.happen({ kind: 'answer', answer: { kind: 'noted', ...about(story), shared: ['dns/tcp'] } });
    expect(story.level).toBe('less-preferred');
    expect(story.why[1]).toBe('shared fault: dns/tcp fails at every site');
  });

  const granted = (story: Story): SiteEvent => ({
    kind: 'answer',
    answer: { kind: 'granted', ...about(story), lease: millis(30_000) },
  });

  test('when a fault that all sites share is over, nobody leaves by its ticket while the service is well and not yet believed', () => {
    const story = new Story(dutiesIn(CONTROLLED)).tell('+++');
    story.happen(granted(story)).tell('--');
    story.happen({ kind: 'answer', answer: { kind: 'noted', ...about(story), shared: ['dns/tcp'] } });
    story.tell('--+');
    expect([story.level, story.why[0]]).toEqual([
      'less-preferred',
      'well again, but not for long enough: what stands stays',
    ]);
    story.tell('++');
    expect(story.path).toEqual(['full', 'withdrawn', 'less-preferred', 'full']);
  });

  test('a ticket that comes when the service is well again is too late, and free for others; a fall that follows uses it', () => {
    const story = new Story(dutiesIn(CONTROLLED, ', flaps: "1 per 1m, then wait 30s up to 60s"')).tell('+++');
    story.tell('--+++').happen(granted(story)).tell('--+++');
    // Withdrawn by right, and damped: that it is out is no news.
    expect(story.path).toEqual(['full', 'less-preferred', 'full', 'withdrawn']);
    const other = new Story(dutiesIn(CONTROLLED, ', flaps: "1 per 1m, then wait 30s up to 60s"')).tell('+++');
    other.tell('--+++--+++').happen(granted(other)).tell('++++');
    expect([other.level, other.state.services['dns']?.held?.why]).toEqual(['less-preferred', 'flap budget']);
    const asked = other.effects.flatMap((e) => (e.do === 'report' ? [e.report.want] : []));
    expect(asked.at(-1)).toBe('spare');
    other.tell('--');
    expect(other.level).toBe('withdrawn');
  });

  test('what a freeze kept in full is less preferred, not withdrawn, when it ends a moment before the service is believed', () => {
    const story = new Story(dutiesIn()).tell('+++');
    story
      .happen({ kind: 'freeze', order: ADA })
      .tell('x+')
      .happen({ kind: 'thaw', order: ADA }, 10)
      .tell('++');
    expect(story.path).toEqual(['full', 'less-preferred', 'full']);
  });

  const reports = (story: Story) => story.effects.flatMap((e) => (e.do === 'report' ? [e.report] : []));
  const noted = (seq: number): SiteEvent => ({
    kind: 'answer',
    answer: { kind: 'noted', site: 'fra', scope: SCOPE, boot: 1, seq, shared: [] },
  });

  test('a report that gets no answer is sent again, and the controller is not given up for one', () => {
    const story = new Story(dutiesIn(CONTROLLED)).tell('+++');
    story.happen(noted(reports(story).at(-1)!.seq)).tell('+++++');
    // The next one meets a controller that is busy for four seconds.
    while (story.state.holders[SCOPE]?.unanswered === undefined) story.tell('+');
    story.tell('++++');
    expect(reports(story).length).toBeGreaterThan(3);
    expect(story.state.holders[SCOPE]?.lost).toBe(false);
    story.happen(noted(reports(story).at(-1)!.seq), 10).tell('+++++');
    expect(story.state.holders[SCOPE]?.lost).toBe(false);
    const calm = reports(story).length;
    story.tell('+');
    expect(reports(story).length).toBe(calm);
  });

  test('time in which the site itself stood still is no silence of the controller', () => {
    const story = new Story(dutiesIn(CONTROLLED)).tell('+++');
    while (story.state.holders[SCOPE]?.unanswered === undefined) story.tell('+');
    story.stall(20_000);
    expect(story.state.holders[SCOPE]?.lost).toBe(false);
    story.tell('+++++++');
    expect(story.state.holders[SCOPE]?.lost).toBe(true);
  });

  test('nobody answers: lost, and said so', () => {
    const story = new Story(dutiesIn(CONTROLLED)).tell('+++++++++--');
    expect(story.why).toContain('the controller is lost, and there is no ticket');
    expect(story.level).toBe('less-preferred');
  });
});

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

test('whatever happens, in whatever order: never full while down, deadlines ahead, state plain', () => {
  const events: fc.Arbitrary<SiteEvent> = fc.oneof(
    fc.constantFrom('good', 'good', 'bad', 'dead').map((outcome) => ({
      kind: 'probe' as const,
      service: 'dns',
      probe: 'tcp',
      result: { outcome: outcome as 'good' },
    })),
    fc.constantFrom('drain', 'undrain', 'thaw').map((kind) => ({ kind: kind as 'drain', order: ADA })),
    fc.record({
      kind: fc.constant('evidence' as const),
      evidence: fc.record({ sessions: fc.nat(2), traffic: fc.nat(200_000), views: fc.nat(1) }),
    }),
    fc.constantFrom<SiteEvent>(
      { kind: 'due' },
      { kind: 'load', scope: SCOPE, load: 5 },
      { kind: 'load', scope: '?', load: -1 },
    ),
    fc.constant<SiteEvent>({ kind: 'probe', service: 'nothing', probe: '?', result: { outcome: 'bad' } }),
    fc.record({
      kind: fc.constant('answer' as const),
      answer: fc
        .record({
          kind: fc.constantFrom('noted', 'granted', 'refused', 'recall'),
          seq: fc.nat(40),
          boot: fc.constantFrom(1, 1, 1, 2),
        })
        .map(
          ({ kind, seq, boot }) =>
            ({
              kind,
              site: 'fra',
              scope: SCOPE,
              boot,
              seq,
              shared: [],
              lease: millis(10_000),
              reason: 'too fast',
              detail: '',
            }) as never,
        ),
    }),
  );
  const plans = [
    dutiesIn(),
    dutiesIn('controller: http://127.0.0.1:1\nguard: { lease: 10s, drift: 100ms }\n'),
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...plans),
      fc.array(fc.tuple(fc.nat(3000), events), { maxLength: 80 }),
      (duties, list) => {
        const story = new Story(duties);
        for (const [wait, event] of list) {
          const before = story.level;
          story.happen(event, wait);
          const verdict = story.state.services['dns']?.verdict;
          if (verdict === 'down') expect(story.level).not.toBe('full');
          if (verdict === 'unknown') expect(['pending', 'withdrawn']).toContain(story.level);
          if (before !== story.level)
            expect(story.effects.some((e) => e.do === 'announce' && e.level === story.level)).toBe(true);
          const due = siteDue(duties, story.state, instant(story.now)) as Instant;
          expect(due).toBeGreaterThan(story.now);
        }
        expect(JSON.parse(JSON.stringify(story.state))).toEqual(story.state);
      },
    ),
    { numRuns: 150 },
  );
});
