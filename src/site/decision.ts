/**
 * What a site announces, decided for one scope by one table: the verdict on its services, what the operator wants, and
 * whether the guard lets it leave. The table is data; the first row that fits decides, and says why.
 */
import { assert } from '../base/index.ts';
import type { Guard } from '../plan/index.ts';
import type { DrainPhase } from './drain.ts';
import type { TicketView } from './holder.ts';
import type { Verdict } from './verdict.ts';

/** `pending`: nothing is announced yet, and what a graceful restart left standing stays standing. */
export type Level = 'full' | 'less-preferred' | 'withdrawn' | 'pending';

export interface Situation {
  readonly verdict: Verdict;
  readonly drain: DrainPhase;
  readonly ticket: TicketView;
  readonly last: Guard['last'];
}

/** Where a drain's phase would lead by itself. */
export const DRAIN_LEVEL: { readonly [P in DrainPhase]: Level } = {
  in: 'full',
  lessPreferred: 'less-preferred',
  empty: 'less-preferred',
  withdrawn: 'withdrawn',
  out: 'withdrawn',
  returning: 'less-preferred',
};

/** What stands in the column: anything, one of these, or for the ticket one of these. */
type Match<T> = readonly T[] | 'any';

export interface Row {
  readonly verdict: Match<Verdict>;
  readonly wants: 'in' | 'drained' | 'any';
  readonly ticket: Match<TicketView>;
  readonly announced: Level | 'guard.last' | "the drain's step";
  readonly why: string;
}

/** Tickets that let a site leave. Being alone, there is nobody to ask. */
const MAY: readonly TicketView[] = ['held', 'lease', 'alone'];

/** The order of the rows is the decision. */
export const DECISION: readonly Row[] = [
  {
    verdict: ['unknown'],
    wants: 'in',
    ticket: 'any',
    announced: 'pending',
    why: 'not enough good probes yet',
  },
  { verdict: ['up'], wants: 'in', ticket: 'any', announced: 'full', why: 'up' },
  { verdict: ['degraded'], wants: 'in', ticket: 'any', announced: 'less-preferred', why: 'degraded' },
  { verdict: ['down'], wants: 'in', ticket: ['held'], announced: 'withdrawn', why: 'down' },
  {
    verdict: ['down'],
    wants: 'in',
    ticket: ['refused'],
    announced: 'guard.last',
    why: 'down, and the guard refuses',
  },
  {
    verdict: ['down'],
    wants: 'in',
    ticket: ['lease'],
    announced: 'withdrawn',
    why: 'down; the controller is lost, the lease is still valid',
  },
  {
    verdict: ['down'],
    wants: 'in',
    ticket: ['lost'],
    announced: 'less-preferred',
    why: 'down; the controller is lost, and there is no lease',
  },
  {
    verdict: ['down'],
    wants: 'in',
    // What was refused ahead of need is no answer to the need.
    ticket: ['asked', 'idle'],
    announced: 'less-preferred',
    why: 'down; a ticket is asked for',
  },
  {
    verdict: ['down'],
    wants: 'in',
    ticket: ['alone'],
    announced: 'withdrawn',
    why: 'down; the plan names no controller',
  },
  { verdict: ['down'], wants: 'drained', ticket: MAY, announced: 'withdrawn', why: 'down while draining' },
  { verdict: 'any', wants: 'drained', ticket: MAY, announced: "the drain's step", why: 'draining' },
  {
    verdict: 'any',
    wants: 'drained',
    ticket: 'any',
    announced: "the drain's step",
    why: 'draining; no ticket to go further',
  },
];

export interface Decision {
  readonly level: Level;
  readonly why: string;
  /** Withdrawn because a ticket allows it: it may stay out without asking again. */
  readonly byRight: boolean;
}

/** The first row that fits. Every situation has one. On the way back a drain's rows say so: nothing waits for a ticket any more. */
export function decide(s: Situation): Decision {
  const wants = s.drain === 'in' ? 'in' : 'drained';
  const row = DECISION.find(
    (r) =>
      (r.wants === 'any' || r.wants === wants) &&
      (r.verdict === 'any' || r.verdict.includes(s.verdict)) &&
      (r.ticket === 'any' || r.ticket.includes(s.ticket)),
  );
  assert(row, `no row decides ${s.verdict}, ${wants}, ${s.ticket}`);
  const level = levelOf(row, s);
  return {
    level,
    why: s.drain === 'returning' && row.announced === "the drain's step" ? 'coming back' : row.why,
    byRight: level === 'withdrawn' && (mayLeave(s.ticket) || wants === 'drained'),
  };
}

/** Whether this answer of the guard lets a site leave. */
export function mayLeave(ticket: TicketView): boolean {
  return MAY.includes(ticket);
}

/** A drain's step, or less where nothing is known of the service yet. */
function levelOf(row: Row, s: Situation): Level {
  if (row.announced === 'guard.last') return s.last;
  if (row.announced !== "the drain's step") return row.announced;
  const step = DRAIN_LEVEL[s.drain];
  return s.verdict === 'unknown' && step !== 'withdrawn' ? 'pending' : step;
}

/** The table for people. */
export function formatDecisions(): readonly string[] {
  const show = (match: readonly string[] | string) => (typeof match === 'string' ? match : match.join(', '));
  return [
    '| verdict | operator wants | ticket | announced | why |',
    '|---|---|---|---|---|',
    ...DECISION.map(
      (r) => `| ${[show(r.verdict), r.wants, show(r.ticket), r.announced, r.why].join(' | ')} |`,
    ),
  ];
}
