/** What happened, in order, as values and as lines for people. */
import type { Instant, Prefix } from '../base/index.ts';

export type TimelineEvent = { readonly at: Instant } & (
  | { readonly kind: 'action'; readonly text: string }
  | {
      readonly kind: 'verdict';
      readonly site: string;
      readonly service: string;
      readonly from: string;
      readonly to: string;
      readonly why: readonly string[];
    }
  | {
      readonly kind: 'drain';
      readonly site: string;
      readonly from: string;
      readonly to: string;
      readonly why: readonly string[];
    }
  | {
      readonly kind: 'ticket';
      readonly site: string;
      readonly scope: string;
      readonly from: string;
      readonly to: string;
      readonly why?: string;
    }
  | {
      readonly kind: 'level';
      readonly site: string;
      readonly scope: string;
      readonly from: string;
      readonly to: string;
      readonly why: readonly string[];
    }
  | { readonly kind: 'agent'; readonly site: string; readonly text: string }
  | {
      readonly kind: 'session';
      readonly site: string;
      readonly upstream: string;
      readonly up: boolean;
      readonly why: string;
    }
  /** A vantage's packets to a prefix land elsewhere: a site, `nowhere`, or `a loop`. */
  | {
      readonly kind: 'path';
      readonly vantage: number;
      readonly prefix: Prefix;
      readonly from: string;
      readonly to: string;
    }
  | { readonly kind: 'settled'; readonly text: string }
  | {
      readonly kind: 'break';
      readonly invariant: Invariant;
      readonly site?: string;
      readonly text: string;
      readonly command: string;
    }
);

/** What may never be. */
export type Invariant =
  | 'full while down'
  | 'guard.keep'
  | 'flap budget'
  | 'dead route'
  | 'not what the table says'
  | 'not settled';

export type Break = Extract<TimelineEvent, { kind: 'break' }>;

/** One line for each event; vantages that move together share one. */
export function formatTimeline(events: readonly TimelineEvent[]): readonly string[] {
  const lines: string[] = [];
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as TimelineEvent;
    if (event.kind !== 'path') {
      lines.push(`${stamp(event.at)}  ${describe(event)}`);
      continue;
    }
    const moves = new Map<string, Set<number>>();
    const { at } = event;
    for (; ; i++) {
      const e = events[i];
      if (e?.kind !== 'path' || e.at !== at) break;
      const key = `${e.from} → ${e.to}`;
      moves.set(key, (moves.get(key) ?? new Set()).add(e.vantage));
    }
    i--;
    for (const [move, who] of moves)
      lines.push(
        `${stamp(at)}  paths    ${who.size} ${who.size === 1 ? `vantage (AS${[...who][0]})` : 'vantages'}: ${move}`,
      );
  }
  return lines;
}

function stamp(at: Instant): string {
  return `${(at / 1000).toFixed(3).padStart(9)} s`;
}

function describe(e: Exclude<TimelineEvent, { kind: 'path' }>): string {
  const because = (why: readonly string[]) => (why.length > 0 ? `  (${why.join('; ')})` : '');
  switch (e.kind) {
    case 'action':
      return `──────── ${e.text}`;
    case 'verdict':
      return `verdict  ${e.site} ${e.service}: ${e.from} → ${e.to}${because(e.why)}`;
    case 'drain':
      return `drain    ${e.site}: ${e.from} → ${e.to}${because(e.why)}`;
    case 'ticket':
      return `ticket   ${e.site} ${e.scope}: ${e.from} → ${e.to}${e.why === undefined ? '' : `  (${e.why})`}`;
    case 'level':
      return `announce ${e.site} ${e.scope}: ${e.from} → ${e.to}${because(e.why)}`;
    case 'agent':
      return `agent    ${e.site}: ${e.text}`;
    case 'session':
      return `session  ${e.site}/${e.upstream}: ${e.up ? 'up' : `down  (${e.why})`}`;
    case 'settled':
      return `settled  ${e.text}`;
    case 'break':
      return `BROKEN   ${e.invariant}${e.site === undefined ? '' : ` at ${e.site}`}: ${e.text}\n${' '.repeat(13)}again with: ${e.command}`;
  }
}
