/** The site's end of a ticket: asks ahead of need, believes no longer than it may, and notices when nobody answers. */
import { after, between, earliest, type Instant, type Millis, millis } from '../base/index.ts';
import type { Guard } from '../plan/index.ts';
import { type Answer, NEEDS, type Need, type Refusal, type Report } from './ticket.ts';
import type { Verdict } from './verdict.ts';

export interface HolderState {
  readonly boot: number;
  /** Number of the next report. */
  readonly seq: number;
  /** Reports whose answers are still believed, oldest first. */
  readonly sent: readonly { readonly seq: number; readonly at: Instant; readonly want?: Need }[];
  /** The ticket is good before this instant. */
  readonly until?: Instant;
  /** The answer to the wish as it is now. */
  readonly refused?: { readonly reason: Refusal; readonly detail: string };
  /** When the first report was sent that nobody has answered since. */
  readonly unanswered?: Instant;
  /** Nobody answers. */
  readonly lost: boolean;
  /** Probes that fail everywhere, as told last. */
  readonly shared: readonly string[];
  /** What was reported last. */
  readonly told?: Situation;
  readonly toldAt?: Instant;
  /** When to report next even if nothing changes. */
  readonly due: Instant;
}

/** What the site reports of itself. */
export interface Situation {
  readonly verdict: Verdict;
  readonly in: boolean;
  readonly want?: Need;
  readonly leaves: number;
  readonly failing: { readonly [probe: string]: Millis };
  readonly load?: number;
}

/**
 * What the decision goes by. `held`: a ticket, and the controller answers. `lease`: a ticket, and nobody answers. `lost`:
 * none, and nobody answers. `asked`: not answered yet. `idle`: refused ahead of need, and nothing needs it. `alone`: the plan
 * names no controller.
 */
export type TicketView = 'held' | 'lease' | 'refused' | 'asked' | 'idle' | 'lost' | 'alone';

/** Reports whose answers are awaited. */
const SENT_LIMIT = 32;

/** `boot` has to be larger than at the agent's last start: answers from before it are void. */
export function startHolder(boot: number, now: Instant): HolderState {
  return { boot, seq: 0, sent: [], lost: false, shared: [], due: now };
}

export function ticketView(state: HolderState, now: Instant): TicketView {
  if (holds(state, now)) return state.lost ? 'lease' : 'held';
  if (state.lost) return 'lost';
  if (state.refused === undefined) return 'asked';
  return state.told?.want === 'spare' ? 'idle' : 'refused';
}

export function holds(state: HolderState, now: Instant): boolean {
  return state.until !== undefined && now < state.until;
}

/**
 * Takes an answer in. One to a report that is no longer awaited, or from before a restart, changes nothing; only a ticket
 * is given back whenever that is asked, for that can do no harm.
 */
export function hear(state: HolderState, answer: Answer, guard: Guard, now: Instant): HolderState {
  const report = state.sent.find((s) => s.seq === answer.seq);
  if (answer.boot !== state.boot) return state;
  if (report === undefined)
    return answer.kind === 'recall' && state.told?.want === 'spare' ? giveBack(state, now) : state;
  const { unanswered: _, ...rest } = state;
  const next: HolderState = {
    ...rest,
    lost: false,
    shared: answer.shared,
    sent: state.sent.filter((s) => s.seq > answer.seq),
  };
  switch (answer.kind) {
    case 'noted':
      return next;
    case 'granted': {
      // Counted from when the report was sent, and shortened by what the clocks may differ: never longer than the issuer's.
      const until = after(report.at, millis(Math.max(0, answer.lease - guard.drift)));
      const { refused: __, ...granted } = next;
      return { ...granted, until: Math.max(until, state.until ?? until) as Instant };
    }
    case 'refused':
      // What was wanted when it was sent may be another wish than that of now.
      return report.want === state.told?.want
        ? { ...next, refused: { reason: answer.reason, detail: answer.detail } }
        : next;
    case 'recall':
      return state.told?.want === 'spare' ? giveBack(next, now) : next;
  }
}

/** Without the ticket, deaf to grants on their way, and with a report due that says so. */
export function giveBack(state: HolderState, now: Instant): HolderState {
  const { until: _, ...rest } = state;
  return { ...rest, sent: [], due: now };
}

/**
 * Lets time pass: notices silence, forgets reports that no grant could answer in time. `away`: for so long the site itself stood
 * still, and could not have heard an answer.
 */
export function wait(before: HolderState, guard: Guard, now: Instant, away: Millis = millis(0)): HolderState {
  const state =
    before.unanswered === undefined || before.lost || away === 0
      ? before
      : { ...before, unanswered: after(before.unanswered, away) };
  const sent = state.sent.filter((s) => between(s.at, now) < guard.lease);
  const lost =
    state.lost || (state.unanswered !== undefined && now >= after(state.unanswered, patience(guard)));
  return lost === state.lost && sent.length === state.sent.length ? state : { ...state, lost, sent };
}

/** The report to send now, if one is due: something changed, an answer is late, or the ticket wants renewal. */
export function report(
  state: HolderState,
  situation: Situation,
  names: { readonly site: string; readonly scope: string },
  guard: Guard,
  now: Instant,
): { readonly state: HolderState; readonly report?: Report } {
  const { told } = state;
  const changed =
    told === undefined ||
    situation.verdict !== told.verdict ||
    situation.in !== told.in ||
    situation.want !== told.want ||
    Object.keys(situation.failing).join() !== Object.keys(told.failing).join() ||
    (loadMoved(told.load, situation.load) && now >= after(state.toldAt ?? now, LOAD_PAUSE));
  const late = lateAt(state, guard);
  if (!changed && now < state.due && (late === undefined || now < late)) return { state };
  // Who came back in has used its ticket, and who wants none has none to wait for.
  const used = situation.in && told?.in === false;
  const base = used || (situation.want === undefined && !holds(state, now)) ? giveBack(state, now) : state;
  const { seq } = base;
  const holding = holds(base, now);
  const { refused, ...unrefused } = base;
  const { want } = situation;
  const asked = { seq, at: now, ...(want === undefined ? {} : { want }) };
  const sent = [...base.sent, asked].slice(-SENT_LIMIT);
  return {
    state: {
      ...(refused === undefined || situation.want !== told?.want ? unrefused : base),
      seq: seq + 1,
      sent,
      unanswered: base.unanswered ?? now,
      told: situation,
      toldAt: now,
      due: after(now, interval(guard, situation.want, holding)),
    },
    report: { ...names, boot: base.boot, seq, ...situation, holds: holding, deaf: sent[0]?.seq ?? seq },
  };
}

/** Load that moves from one site to another would otherwise be counted at both until the next report. */
const LOAD_PAUSE = millis(1000);

/** By more than a fifth. */
function loadMoved(was: number | undefined, is: number | undefined): boolean {
  if (was === undefined || is === undefined) return was !== is;
  return Math.abs(was - is) > Math.max(was, is) / 5;
}

/** The next instant at which the holder has something to do. */
export function holderDue(state: HolderState, guard: Guard, now: Instant): Instant | undefined {
  const lost =
    state.unanswered === undefined || state.lost ? undefined : after(state.unanswered, patience(guard));
  return earliest(state.due, lateAt(state, guard), lost, holds(state, now) ? state.until : undefined);
}

/** When to ask again because no answer came; a controller that is given up is asked only as often as ever. */
function lateAt({ unanswered, lost, toldAt }: HolderState, guard: Guard): Instant | undefined {
  return unanswered === undefined || lost || toldAt === undefined
    ? undefined
    : after(toldAt, millis(Math.ceil(patience(guard) / ATTEMPTS)));
}

/** Reports without an answer before nobody is there: one may meet a controller that is busy for a moment. */
const ATTEMPTS = 3;

/** How long an answer may take before nobody is there. It is said before the ticket ends that was to be renewed. */
function patience(guard: Guard): Millis {
  return millis(Math.min(6000, guard.lease / 3));
}

/** A third of a lease, so that two reports may be lost before it ends; sooner for who needs a ticket and has none. */
function interval(guard: Guard, want: Need | undefined, holding: boolean): Millis {
  const calm = Math.min(10_000, guard.lease / 3);
  const pressing = want !== undefined && NEEDS.indexOf(want) > 0 && !holding;
  return millis(pressing ? Math.min(want === 'now' ? 250 : 500, calm) : calm);
}
