/** Tickets: when a site asks for one, leaves with it, and stays without. */
import { describe, expect, test } from 'vitest';
import { instant, millis } from '../base/index.ts';
import { type SiteEvent, ticketView } from './index.ts';
import { ADA, dutiesIn, SCOPE, Story } from './story.test-support.ts';

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
