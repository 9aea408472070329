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
      /** The site has a use for it: it drains, or a service is not up. Lines for people leave the others out. */
      readonly needed: boolean;
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

/** One line for each event; vantages that move together share one, and tickets that nobody needs have none. */
export function formatTimeline(events: readonly TimelineEvent[]): readonly string[] {
  const lines: string[] = [];
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as TimelineEvent;
    if (event.kind === 'ticket' && !event.needed) continue;
    if (event.kind !== 'path') {
      lines.push(`${stamp(event.at)}  ${describe(event)}`);
      continue;
    }
    const burst: Path[] = [];
    for (let e: TimelineEvent | undefined = event; e?.kind === 'path' && e.at === event.at; e = events[++i])
      burst.push(e);
    i--;
    for (const line of describePaths(burst)) lines.push(`${stamp(event.at)}  paths    ${line}`);
  }
  return lines;
}

type Path = Extract<TimelineEvent, { kind: 'path' }>;

/** Vantages that move alike share a line, and so do prefixes of which the same vantages move. */
function describePaths(burst: readonly Path[]): readonly string[] {
  const movers = new Map<string, number[]>();
  for (const { from, to, prefix, vantage } of burst) {
    const key = `${from} → ${to} ${prefix}`;
    movers.set(key, [...(movers.get(key) ?? []), vantage]);
  }
  const prefixes = new Map<string, string[]>();
  for (const [key, who] of movers) {
    const at = key.lastIndexOf(' ');
    const count = who.length === 1 ? `1 vantage (AS${who[0]})` : `${who.length} vantages`;
    const line = `${who.join()} ${count}: ${key.slice(0, at)}`;
    prefixes.set(line, [...(prefixes.get(line) ?? []), key.slice(at + 1)]);
  }
  return [...prefixes].map(([line, of]) => `${line.slice(line.indexOf(' ') + 1)}  (${of.join(', ')})`);
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
      return `drain    ${e.site}: ${words(e.from)} → ${words(e.to)}${because(e.why)}`;
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

/** `lessPreferred` as people write it. */
function words(phase: string): string {
  return phase.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
