/** The timeline: any instant of the past, and what happened since. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Event, Timeline, VERSION, type World } from './index.ts';
import { begin, fold, HISTORY, RUN, WORLD } from './world.test-support.ts';

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
