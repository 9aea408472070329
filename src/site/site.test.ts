import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Instant, instant, millis } from '../base/index.ts';
import { announcement, restoreSite, type SiteEvent, siteDue } from './index.ts';
import { ADA, dutiesIn, SCOPE, Story } from './story.test-support.ts';

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
