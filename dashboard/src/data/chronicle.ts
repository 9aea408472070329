/** Everything that happened but counts, oldest first, as rows that can be filtered, searched, stepped through and counted. Pure. */
import { about, type Event, type Snapshot, type Timeline } from '../../../src/control/index.ts';
import { follow } from './follow.ts';
import { sentence } from './sentence.ts';

/** What is missing: events that were not kept anywhere. */
export interface Gap {
  readonly kind: 'gap';
  /** Of the last one that is missing. */
  readonly seq: number;
  readonly at: number;
}

type Happened = Exclude<Event, { kind: 'traffic' }>;
export type Row = Happened | Gap;

interface Chronicle {
  readonly rows: Row[];
  readonly usual: Row[];
  /** Of each site: what it would leave for, its services that are not up and its drain. */
  needs: Map<string, Set<string>>;
}

const followed = follow<Chronicle>({
  begin: ({ sites }) => ({ rows: [], usual: [], needs: needsOf(sites) }),
  take: (chronicle, event) => {
    if (event.kind === 'traffic') return;
    note(chronicle, event);
    chronicle.rows.push(event);
    if (isIdle(event, chronicle.needs)) idle.add(event);
    if (USUAL.includes(groupOf(event))) chronicle.usual.push(event);
  },
  jump: (chronicle, { seq, at, sites }) => {
    const gap: Gap = { kind: 'gap', seq, at };
    chronicle.needs = needsOf(sites);
    chronicle.rows.push(gap);
    chronicle.usual.push(gap);
  },
});

/** Every row, oldest first. */
export const chronicleOf = (timeline: Timeline): readonly Row[] => followed(timeline).rows;

/** Rows that are shown unless somebody chooses, oldest first: what is news, and what the bar of time steps through. */
export const usualOf = (timeline: Timeline): readonly Row[] => followed(timeline).usual;

/** Tickets and guards that were of no use to anybody when they came. */
const idle = new WeakSet<Row>();

/** A ticket matters to a site that has a reason to leave, and the guard when a site has one or a probe fails everywhere. */
function isIdle(event: Happened, needs: Chronicle['needs']): boolean {
  if (event.kind === 'ticket') return !needs.get(event.site)?.size;
  if (event.kind !== 'guard' || event.is.sharedFaults.length > 0) return false;
  return !event.is.sites.some((site) => needs.get(site)?.size);
}

function note(chronicle: Chronicle, event: Happened): void {
  if (event.kind === 'start') chronicle.needs = needsOf(event.is.sites);
  if (event.kind !== 'verdict' && event.kind !== 'drain') return;
  const needs = chronicle.needs.get(event.site) ?? new Set();
  chronicle.needs.set(event.site, needs);
  const [reason, stands] =
    event.kind === 'drain'
      ? ['drain', event.is.phase !== 'in']
      : [`service ${event.service}`, !CONTENT.includes(event.is.phase)];
  if (stands) needs.add(reason);
  else needs.delete(reason);
}

/** Phases of a service that make nobody leave. */
const CONTENT: readonly string[] = ['up', 'unknown', 'rising'];

function needsOf(sites: Snapshot['sites']): Map<string, Set<string>> {
  return new Map(
    Object.entries(sites).map(([name, { drain, verdicts }]) => [
      name,
      new Set([
        ...(drain.phase === 'in' ? [] : ['drain']),
        ...Object.entries(verdicts).flatMap(([service, { phase }]) =>
          CONTENT.includes(phase) ? [] : [`service ${service}`],
        ),
      ]),
    ]),
  );
}

/** Kinds as people think of them, in the order in which they are offered. */
export const GROUPS = {
  orders: 'Orders and faults',
  health: 'Health',
  announcements: 'Announcements',
  guard: 'Guard',
  sessions: 'Sessions',
  moves: 'Clients that moved',
  paths: 'Other ways',
  idle: 'Guard at rest',
} as const;
export type Group = keyof typeof GROUPS;
export const GROUP_NAMES = Object.keys(GROUPS) as readonly Group[];
/**
 * What is shown unless somebody chooses: a client that goes to the same site another way is of interest to few, and so is
 * whether a site may leave that has no reason to.
 */
export const USUAL: readonly Group[] = GROUP_NAMES.filter((g) => g !== 'paths' && g !== 'idle');

export function groupOf(row: Row): Group {
  switch (row.kind) {
    case 'verdict':
    case 'process':
      return 'health';
    case 'decision':
    case 'drain':
    case 'freeze':
    case 'announcement':
      return 'announcements';
    case 'ticket':
    case 'guard':
      return idle.has(row) ? 'idle' : 'guard';
    case 'session':
      return 'sessions';
    case 'landing':
      return row.was.site === row.is.site ? 'paths' : 'moves';
    default:
      return 'orders';
  }
}

/** How a row is to be taken, for its mark: good news, bad news, a warning, or neither. */
export function moodOf(row: Row): 'ok' | 'warn' | 'bad' | 'off' {
  switch (row.kind) {
    case 'fault':
      return 'bad';
    case 'healed':
      return 'ok';
    case 'process':
      return row.is.standing === 'dead' ? 'bad' : row.is.standing === 'running' ? 'ok' : 'off';
    case 'verdict':
      return row.is.phase === 'up' ? 'ok' : row.is.phase === 'down' ? 'bad' : 'warn';
    case 'decision':
      return row.is.level === 'full' ? 'ok' : row.is.level === 'pending' ? 'off' : 'warn';
    case 'announcement':
      return row.is && row.is.actual !== row.is.expected ? 'bad' : row.is?.actual === 'full' ? 'ok' : 'off';
    case 'session':
      return row.is.state === 'established' ? 'ok' : row.is.state === 'disabled' ? 'off' : 'bad';
    case 'ticket':
      return row.is.ticket === 'refused' || row.is.ticket === 'lost' ? 'warn' : 'off';
    case 'landing':
      return row.is.site === undefined ? 'bad' : 'off';
    case 'order':
      return row.outcome === 'done' ? 'off' : 'warn';
    case 'gap':
      return 'warn';
    case 'note':
      return row.level === 'warning' ? 'warn' : 'off';
    default:
      return 'off';
  }
}

/** One sentence. Names stand in it as they are. */
export function rowText(row: Row, snapshot: Snapshot): string {
  if (row.kind === 'gap') return 'What happened before this was not kept anywhere.';
  return sentence(row, snapshot) ?? '';
}

export interface Filter {
  readonly groups: ReadonlySet<Group>;
  /** A site, or undefined for all. */
  readonly site?: string | undefined;
  /** Words that all have to be in the sentence. */
  readonly text: string;
}

const searched = new WeakMap<Row, string>();

/** Whether a row passes. Sentences are made once for each row. */
export function passes(row: Row, { groups, site, text }: Filter, snapshot: Snapshot): boolean {
  if (!groups.has(groupOf(row))) return false;
  if (site !== undefined && row.kind !== 'gap' && row.kind !== 'start' && !aboutSite(row, site)) return false;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  let whole = searched.get(row);
  if (whole === undefined) {
    const client = row.kind === 'landing' ? ` ${row.vantage}` : '';
    whole = `${rowText(row, snapshot)}${client} ${row.kind}`.toLowerCase();
    searched.set(row, whole);
  }
  return words.every((word) => whole.includes(word));
}

function aboutSite(row: Happened, site: string): boolean {
  return about(row).sites.includes(site) || (row.kind === 'guard' && row.is.sites.includes(site));
}

/** Rows from `from` on that pass; the rows before it were filtered already. */
export function filtered(rows: readonly Row[], filter: Filter, snapshot: Snapshot, from = 0): Row[] {
  const found: Row[] = [];
  for (let i = from; i < rows.length; i++)
    if (passes(rows[i] as Row, filter, snapshot)) found.push(rows[i] as Row);
  return found;
}

/** Number of rows that happened until an instant, that instant included; rows are in order. */
export function countUntil(rows: readonly { readonly at: number }[], at: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle] as { at: number }).at <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The instant of the nearest row after (1) or before (−1) an instant; undefined when there is none. */
export function stepFrom(
  rows: readonly { readonly at: number }[],
  at: number,
  direction: 1 | -1,
): number | undefined {
  return direction === 1 ? rows[countUntil(rows, at)]?.at : rows[countUntil(rows, at - 1) - 1]?.at;
}

/** What a slider shows above its track. */
export interface Density {
  /** Rows in each equal part of the time; `moves` are clients that moved, `bad` what broke. */
  readonly all: Uint32Array;
  readonly moves: Uint32Array;
  readonly bad: Uint32Array;
  readonly most: number;
}

/** Rows from `from` (included) to `to`, counted in `parts` equal parts. */
export function density(rows: readonly Row[], from: number, to: number, parts: number): Density {
  const [all, moves, bad] = [new Uint32Array(parts), new Uint32Array(parts), new Uint32Array(parts)];
  const width = (to - from) / parts;
  let most = 0;
  if (!(width > 0)) return { all, moves, bad, most };
  for (let i = countUntil(rows, from - 1); i < rows.length; i++) {
    const row = rows[i] as Row;
    if (row.at > to) break;
    const part = Math.min(parts - 1, Math.floor((row.at - from) / width));
    const n = (all[part] as number) + 1;
    all[part] = n;
    if (n > most) most = n;
    if (moodOf(row) === 'bad') bad[part] = (bad[part] as number) + 1;
    else if (groupOf(row) === 'moves') moves[part] = (moves[part] as number) + 1;
  }
  return { all, moves, bad, most };
}
