import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Instant, instant, millis } from '../base/index.ts';
import type { Drain } from '../plan/index.ts';
import {
  DRAIN_TABLE,
  type DrainEvent,
  type DrainPhase,
  type DrainState,
  startDrain,
  stepDrain,
} from './drain.ts';

const PLAN: Drain = {
  settle: millis(10_000),
  empty: { sessions: 5, traffic: 1000, for: millis(20_000) },
  deadline: millis(600_000),
  atDeadline: 'withdraw',
  gone: millis(60_000),
  return: millis(30_000),
};
const ORDER = { owner: 'ada', reason: 'new kernel' };
const WORDS: { readonly [word: string]: DrainEvent } = {
  drain: { kind: 'drain', order: ORDER },
  undrain: { kind: 'undrain', order: ORDER },
  ticket: { kind: 'ticket' },
  down: { kind: 'down' },
  due: { kind: 'due' },
  busy: { kind: 'evidence', evidence: { sessions: 9, traffic: 50 } },
  loud: { kind: 'evidence', evidence: { traffic: 5000 } },
  quiet: { kind: 'evidence', evidence: { sessions: 5, traffic: 1000 } },
  blind: { kind: 'evidence', evidence: {} },
  seen: { kind: 'evidence', evidence: { views: 3 } },
  gone: { kind: 'evidence', evidence: { views: 0 } },
};

/** `0 drain, 11 quiet`: words at seconds. */
function run(story: string, plan = PLAN, from = startDrain(instant(0))): DrainState {
  return story.split(', ').reduce((state, part) => {
    const [at, word] = part.split(' ') as [string, string];
    return stepDrain(state, WORDS[word] as DrainEvent, plan, instant(Number(at) * 1000));
  }, from);
}

test.each<[story: string, phase: DrainPhase]>([
  ['0 drain', 'lessPreferred'],
  ['0 drain, 1 quiet, 15 quiet', 'lessPreferred'],
  ['0 drain, 1 quiet, 21 quiet', 'empty'],
  ['0 drain, 1 quiet, 10 busy, 12 quiet, 30 quiet', 'lessPreferred'],
  ['0 drain, 1 quiet, 10 busy, 12 quiet, 32 quiet', 'empty'],
  ['0 drain, 1 loud, 40 loud', 'lessPreferred'],
  ['0 drain, 1 blind, 40 blind', 'lessPreferred'],
  ['0 drain, 1 ticket', 'lessPreferred'],
  ['0 drain, 1 down', 'empty'],
  ['0 drain, 1 quiet, 21 quiet, 22 busy', 'empty'],
  ['0 drain, 1 down, 2 ticket', 'withdrawn'],
  ['0 drain, 1 down, 2 ticket, 3 seen', 'withdrawn'],
  ['0 drain, 1 down, 2 ticket, 3 gone', 'out'],
  ['0 drain, 1 down, 2 ticket, 62 due', 'out'],
  ['0 drain, 599 due', 'lessPreferred'],
  ['0 drain, 600 due', 'empty'],
  ['0 drain, 5 undrain', 'in'],
  ['0 drain, 1 down, 2 undrain', 'in'],
  ['0 drain, 1 down, 2 ticket, 3 undrain', 'returning'],
  ['0 drain, 1 down, 2 ticket, 3 undrain, 33 due', 'in'],
  ['0 drain, 1 down, 2 ticket, 3 gone, 4 undrain', 'returning'],
  ['0 drain, 1 down, 2 ticket, 3 undrain, 4 drain', 'lessPreferred'],
  ['0 ticket, 1 down, 2 gone, 3 quiet, 4 undrain, 5 due', 'in'],
])('%s → %s', (story, phase) => {
  expect(run(story).phase).toBe(phase);
});

test('what happens at the deadline was declared beforehand, and is remarked', () => {
  expect(run('0 drain, 1 busy, 600 due', { ...PLAN, atDeadline: 'abort' })).toMatchObject({
    phase: 'in',
    remarks: ['not empty in time: 9 sessions, 50 bit/s left'],
  });
  const stayed = run('0 drain, 600 due, 601 due', { ...PLAN, atDeadline: 'stay' });
  expect(stayed).toMatchObject({ phase: 'lessPreferred', remarks: ['nothing was measured in time'] });
  expect(stayed.due).toBeUndefined();
});

test('a route that outside views still show is called stuck, not waited for', () => {
  expect(run('0 drain, 1 down, 2 ticket, 3 seen, 62 due').remarks.at(-1)).toBe(
    '3 outside views still show the route',
  );
  expect(run('0 drain, 1 down, 2 ticket, 62 due').remarks.at(-1)).toBe('nobody outside looked');
});

test('whoever asked, and why, is kept', () => {
  expect(run('0 drain, 1 down, 2 ticket, 3 gone').order).toEqual(ORDER);
});

test('whatever happens, withdrawn is only entered with a ticket, and an undrain always ends in', () => {
  const events = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 700 }), fc.constantFrom(...Object.keys(WORDS))),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(events, (list) => {
      let state = startDrain(instant(0));
      let now = 0;
      for (const [wait, word] of list) {
        now += wait * 100;
        const next = stepDrain(state, WORDS[word] as DrainEvent, PLAN, instant(now));
        if (next.phase === 'withdrawn' && state.phase !== 'withdrawn')
          expect([state.phase, word]).toEqual(['empty', 'ticket']);
        state = next;
      }
      state = stepDrain(state, WORDS['undrain'] as DrainEvent, PLAN, instant(now));
      for (let i = 0; i < 5 && state.due !== undefined; i++)
        state = stepDrain(state, { kind: 'due' }, PLAN, state.due as Instant);
      expect(state.phase).toBe('in');
      expect(state.remarks.length).toBeLessThanOrEqual(10);
    }),
    { numRuns: 200 },
  );
});

test('every phase answers every event', () => {
  const kinds = ['drain', 'undrain', 'evidence', 'ticket', 'down', 'due'];
  for (const row of Object.values(DRAIN_TABLE)) expect(Object.keys(row)).toEqual(kinds);
});
