/** Sites × time: the state of each site, and the part of the people that it serves, in equal parts of a stretch of time. Pure. */
import { apply, catchments, type Event, type Snapshot } from '../../../src/control/index.ts';
import { countUntil } from './chronicle.ts';
import { follow } from './follow.ts';
import { lookOf, type Mood } from './scene.ts';
import type { Stretch } from './span.ts';

/** A site is so from an instant on, until its next span. */
export interface Span {
  readonly at: number;
  readonly mood: Mood;
  readonly word: string;
}

/** By site, in the order of the plan; the first instant that is known is that of the first span. */
export interface States {
  world: Snapshot;
  readonly spans: Map<string, Span[]>;
}

/** Events that change no state of a site. */
const OTHERS: ReadonlySet<Event['kind']> = new Set([
  'landing',
  'traffic',
  'order',
  'note',
  'guard',
  'ticket',
  'fault',
  'healed',
]);

export const statesOf = follow<States>({
  begin(first) {
    const states: States = { world: first, spans: new Map() };
    for (const name of Object.keys(first.sites)) mark(states, name, first.at);
    return states;
  },
  take(states, event) {
    if (OTHERS.has(event.kind)) return;
    states.world = apply(states.world, event);
    if (event.kind === 'start') all(states, event.at);
    else if ('site' in event) mark(states, event.site, event.at);
  },
  jump(states, to) {
    states.world = to;
    all(states, to.at);
  },
});

function all(states: States, at: number): void {
  for (const name of new Set([...states.spans.keys(), ...Object.keys(states.world.sites)]))
    mark(states, name, at);
}

function mark({ world, spans }: States, name: string, at: number): void {
  const site = Object.hasOwn(world.sites, name) ? world.sites[name] : undefined;
  const { mood, word } = site ? lookOf(site) : ({ mood: 'off', word: 'not in the plan' } as const);
  const known = spans.get(name) ?? [];
  const last = known.at(-1);
  if (last?.mood === mood && last.word === word) return;
  known.push({ at, mood, word });
  spans.set(name, known);
}

/** One cell, or several of the same that follow each other. */
export interface Run {
  readonly column: number;
  readonly count: number;
  /** Undefined: nothing is known of that time. */
  readonly mood: Mood | undefined;
  readonly word: string;
}

const WORSE: readonly Mood[] = ['ok', 'off', 'warn', 'bad'];

/** Each cell is the worst that the site was in its part of the time. `until`: nothing is known after it. */
export function runsOf(
  spans: readonly Span[],
  { from, to }: Stretch,
  columns: number,
  until: number,
): readonly Run[] {
  const width = (to - from) / columns;
  if (!(width > 0)) return [];
  const cells: (Span | undefined)[] = new Array<Span | undefined>(columns).fill(undefined);
  const begin = Math.max(0, countUntil(spans, from) - 1);
  for (let n = begin; n < spans.length; n++) {
    const span = spans[n] as Span;
    const end = Math.min(spans[n + 1]?.at ?? until, until);
    if (span.at > to) break;
    const [first, last] = [Math.floor((span.at - from) / width), Math.ceil((end - from) / width) - 1];
    for (let c = Math.max(0, first); c <= Math.min(columns - 1, Math.max(first, last)); c++) {
      const was = cells[c];
      if (!was || WORSE.indexOf(span.mood) >= WORSE.indexOf(was.mood)) cells[c] = span;
    }
  }
  const runs: { column: number; count: number; mood: Mood | undefined; word: string }[] = [];
  for (const [column, cell] of cells.entries()) {
    const last = runs.at(-1);
    const word = cell?.word ?? 'nothing known';
    if (last?.mood === cell?.mood && last?.word === word) last.count++;
    else runs.push({ column, count: 1, mood: cell?.mood, word });
  }
  return runs;
}

/** Who moved when, as weights: enough to know the part of each site at any instant. */
export interface Shares {
  readonly total: number;
  readonly moves: {
    readonly at: number;
    readonly from: string | undefined;
    readonly to: string | undefined;
    readonly users: number;
  }[];
  readonly first: ReadonlyMap<string, number>;
  readonly users: ReadonlyMap<string, number>;
  readonly since: number;
}

export const sharesOf = follow<{ now: Shares; lands: Map<string, string | undefined> }>({
  begin: (first) => ({ now: sharesFrom(first), lands: landsOf(first) }),
  take(state, event) {
    if (event.kind === 'start') restart(state, event.at, event.is);
    if (event.kind !== 'landing' || !state.lands.has(event.vantage)) return;
    const from = state.lands.get(event.vantage);
    const to = event.is.site;
    if (from === to) return;
    state.lands.set(event.vantage, to);
    state.now.moves.push({ at: event.at, from, to, users: state.now.users.get(event.vantage) ?? 0 });
  },
  jump: (state, to) => restart(state, to.at, to),
});

type People = Pick<Snapshot, 'vantages' | 'sites'>;

/** Others may be there now: everybody leaves, and those who are there come. */
function restart(
  state: { now: Shares; lands: Map<string, string | undefined> },
  at: number,
  is: People,
): void {
  const { now } = state;
  for (const [vantage, site] of state.lands)
    now.moves.push({ at, from: site, to: undefined, users: now.users.get(vantage) ?? 0 });
  const users = new Map([...now.users, ...usersOf(is)]);
  for (const [vantage, site] of landsOf(is))
    now.moves.push({ at, from: undefined, to: site, users: users.get(vantage) ?? 0 });
  const total = [...usersOf(is).values()].reduce((a, b) => a + b, 0);
  state.now = { ...now, users, total };
  state.lands = landsOf(is);
}

function sharesFrom(first: Snapshot): Shares {
  const users = usersOf(first);
  const { sites } = catchments(first);
  return {
    total: [...users.values()].reduce((a, b) => a + b, 0),
    moves: [],
    first: new Map(Object.entries(sites).map(([name, c]) => [name, c.users])),
    users,
    since: first.at,
  };
}

function usersOf({ vantages }: People): Map<string, number> {
  return new Map(Object.entries(vantages).map(([name, v]) => [name, v.users]));
}

function landsOf({ vantages }: People): Map<string, string | undefined> {
  return new Map(Object.entries(vantages).map(([name, v]) => [name, v.landing.site]));
}

/** By site, the part of all people at the end of each part of the time; undefined where nothing is known. */
export function sharesAt(
  { total, moves, first, since }: Shares,
  sites: readonly string[],
  { from, to }: Stretch,
  columns: number,
  until: number,
): ReadonlyMap<string, readonly (number | undefined)[]> {
  const width = (to - from) / columns;
  const now = new Map(first);
  const found = new Map(sites.map((s) => [s, [] as (number | undefined)[]]));
  let n = 0;
  for (let c = 0; c < columns; c++) {
    const end = from + (c + 1) * width;
    for (; n < moves.length && (moves[n] as { at: number }).at <= end; n++) {
      const { from: was, to: is, users } = moves[n] as Shares['moves'][number];
      if (was !== undefined) now.set(was, (now.get(was) ?? 0) - users);
      if (is !== undefined) now.set(is, (now.get(is) ?? 0) + users);
    }
    const known = end > since && end - width <= until && total > 0;
    for (const [site, values] of found)
      values.push(known ? Math.max(0, now.get(site) ?? 0) / total : undefined);
  }
  return found;
}
