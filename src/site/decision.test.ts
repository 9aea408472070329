import { describe, expect, test } from 'vitest';
import { DECISION, DRAIN_LEVEL, decide, formatDecisions } from './decision.ts';
import type { DrainPhase } from './drain.ts';
import type { TicketView } from './holder.ts';
import type { Verdict } from './verdict.ts';

const VERDICTS: readonly Verdict[] = ['unknown', 'down', 'degraded', 'up'];
const TICKETS: readonly TicketView[] = ['held', 'lease', 'refused', 'asked', 'idle', 'lost', 'alone'];
const LASTS = ['less-preferred', 'full', 'withdrawn'] as const;
const DRAINS = Object.keys(DRAIN_LEVEL) as readonly DrainPhase[];

test('the table, for people', () => {
  expect(formatDecisions().join('\n')).toMatchInlineSnapshot(`
    "| verdict | operator wants | ticket | announced | why |
    |---|---|---|---|---|
    | unknown | in | any | pending | not enough good probes yet |
    | up | in | any | full | up |
    | degraded | in | any | less-preferred | degraded |
    | down | in | held | withdrawn | down |
    | down | in | refused | guard.last | down, and the guard refuses |
    | down | in | lease | withdrawn | down; the controller is lost, the lease is still valid |
    | down | in | lost | less-preferred | down; the controller is lost, and there is no lease |
    | down | in | asked, idle | less-preferred | down; a ticket is asked for |
    | down | in | alone | withdrawn | down; the plan names no controller |
    | down | drained | held, lease, alone | withdrawn | down while draining |
    | any | drained | held, lease, alone | the drain's step | draining |
    | any | drained | any | the drain's step | draining; no ticket to go further |"
  `);
});

/** The design's table, written a second time and in another manner: every cell of verdict × ticket for a site that shall be in. */
const IN: { readonly [V in Verdict]: { readonly [T in TicketView]: string } } = {
  unknown: {
    held: 'pending',
    lease: 'pending',
    refused: 'pending',
    asked: 'pending',
    idle: 'pending',
    lost: 'pending',
    alone: 'pending',
  },
  up: {
    held: 'full',
    lease: 'full',
    refused: 'full',
    asked: 'full',
    idle: 'full',
    lost: 'full',
    alone: 'full',
  },
  degraded: {
    held: 'less-preferred',
    lease: 'less-preferred',
    refused: 'less-preferred',
    asked: 'less-preferred',
    idle: 'less-preferred',
    lost: 'less-preferred',
    alone: 'less-preferred',
  },
  down: {
    held: 'withdrawn',
    lease: 'withdrawn',
    refused: 'last',
    asked: 'less-preferred',
    idle: 'less-preferred',
    lost: 'less-preferred',
    alone: 'withdrawn',
  },
};

describe.each(LASTS)('guard.last is %s', (last) => {
  for (const verdict of VERDICTS)
    for (const ticket of TICKETS)
      test(`${verdict}, in, ${ticket}`, () => {
        const cell = IN[verdict][ticket];
        expect(decide({ verdict, drain: 'in', ticket, last }).level).toBe(cell === 'last' ? last : cell);
      });
});

/** Where a drain stands, for services that are up or degraded, and for one that is not judged yet. */
const STEP: { readonly [P in Exclude<DrainPhase, 'in'>]: readonly [known: string, unknown: string] } = {
  lessPreferred: ['less-preferred', 'pending'],
  empty: ['less-preferred', 'pending'],
  withdrawn: ['withdrawn', 'withdrawn'],
  out: ['withdrawn', 'withdrawn'],
  returning: ['less-preferred', 'pending'],
};

describe('drained', () => {
  for (const [drain, [known, unknown]] of Object.entries(STEP) as [
    Exclude<DrainPhase, 'in'>,
    readonly [string, string],
  ][])
    for (const ticket of TICKETS)
      test(`${drain}, ${ticket}`, () => {
        const level = (verdict: Verdict) => decide({ verdict, drain, ticket, last: 'full' }).level;
        expect([level('up'), level('degraded')]).toEqual([known, known]);
        expect(level('unknown')).toBe(unknown);
        const may = ticket === 'held' || ticket === 'lease' || ticket === 'alone';
        expect(level('down')).toBe(may ? 'withdrawn' : known);
      });
});

test('every situation has a row, and every row has a situation', () => {
  const used = new Set<string>();
  for (const verdict of VERDICTS)
    for (const ticket of TICKETS)
      for (const drain of DRAINS) used.add(decide({ verdict, drain, ticket, last: 'less-preferred' }).why);
  expect([...used].sort()).toEqual([...new Set([...DECISION.map((r) => r.why), 'coming back'])].sort());
});

test('nothing is announced full while the verdict is down, unless guard.last says so', () => {
  for (const ticket of TICKETS)
    for (const drain of DRAINS)
      for (const last of ['less-preferred', 'withdrawn'] as const)
        expect(decide({ verdict: 'down', drain, ticket, last }).level).not.toBe('full');
});
