/**
 * Differences between two plans as values: they can be shown, applied, undone, put one after the other, kept and sent.
 *
 * A change sets one place of the plan from what it was to what it shall be, so it knows whether it still fits, and its
 * inverse is itself read backwards. The changes of one difference never lie within one another; their order means nothing.
 */
import type { Plan } from './plan.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface Change {
  /** Keys from the plan's top; never empty. Lists are changed as a whole. */
  readonly path: readonly string[];
  /** Absent: nothing was there. */
  readonly from?: Json;
  /** Absent: nothing shall be there. */
  readonly to?: Json;
}

export type Difference = readonly Change[];

/** What has to change in `a` to make it `b`: as few and as small changes as say it. Empty when they are the same plan. */
export function difference(a: Plan, b: Plan): Difference {
  const changes: Change[] = [];
  compare(a as unknown as Json, b as unknown as Json, [], changes);
  return changes;
}

/**
 * The plan after the changes. Refused, with a sentence for each change that does not fit, when the plan is no longer what
 * the difference was made from; changes that are already there are no obstacle.
 */
export function apply(
  changes: Difference,
  plan: Plan,
): { readonly plan: Plan } | { readonly refused: readonly string[] } {
  const refused: string[] = [];
  let value = plan as unknown as Json;
  for (const change of changes) {
    const now = look(value, change.path);
    if (same(now, change.to) && hasParent(value, change.path)) continue;
    if (!same(now, change.from))
      refused.push(`${change.path.join('.')} is ${brief(now)} and not ${brief(change.from)}`);
    else if (!hasParent(value, change.path))
      refused.push(`${change.path.slice(0, -1).join('.')} is not there`);
    else value = put(value, change.path, change.to);
  }
  return refused.length > 0 ? { refused } : { plan: value as unknown as Plan };
}

/** The way back: `apply(invert(d), apply(d, plan))` is `plan`. */
export function invert(changes: Difference): Difference {
  return changes.map(({ path, from, to }) => change(path, to, from));
}

/** One difference for two that follow each other; what the second takes back is gone. */
export function compose(first: Difference, second: Difference): Difference {
  let changes: readonly Change[] = first;
  for (const next of second) {
    const outer = changes.find((c) => within(next.path, c.path));
    if (outer) {
      const inner = next.path.slice(outer.path.length);
      const to =
        inner.length === 0 ? next.to : outer.to === undefined ? undefined : put(outer.to, inner, next.to);
      changes = changes.flatMap((c) =>
        c === outer ? (same(c.from, to) ? [] : [change(c.path, c.from, to)]) : [c],
      );
      continue;
    }
    // What was changed inside before belongs to the larger change now: its beginning is what stood there at first.
    let from = next.from;
    for (const c of changes)
      if (within(c.path, next.path) && from !== undefined)
        from = put(from, c.path.slice(next.path.length), c.from);
    changes = changes.filter((c) => !within(c.path, next.path));
    if (!same(from, next.to)) changes = [...changes, change(next.path, from, next.to)];
  }
  return changes;
}

/** Pairs of changes that two people made at the same or overlapping places without meaning the same. */
export function conflicts(mine: Difference, theirs: Difference): readonly (readonly [Change, Change])[] {
  return mine.flatMap((m) =>
    theirs
      .filter(
        (t) =>
          (within(m.path, t.path) || within(t.path, m.path)) &&
          !(m.path.length === t.path.length && same(m.to, t.to)),
      )
      .map((t) => [m, t] as const),
  );
}

/** True when both are the same value, whatever the order of their keys. */
export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]))
    );
  const [x, y] = [a as Mapping, b as Mapping];
  const keys = Object.keys(x);
  return (
    keys.length === Object.keys(y).length &&
    keys.every((key) => Object.hasOwn(y, key) && same(x[key], y[key]))
  );
}

type Mapping = { readonly [key: string]: Json };

function isMapping(value: Json | undefined): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function compare(a: Json | undefined, b: Json | undefined, path: readonly string[], changes: Change[]): void {
  if (isMapping(a) && isMapping(b) && divisible(path, a, b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)]))
      compare(a[key], b[key], [...path, key], changes);
  } else if (!same(a, b)) changes.push(change(path, a, b));
}

/** Quantities of several parts, which are said and changed as one. */
const WHOLE = new Set(['leave', 'flaps', 'combine', 'coordinates', 'bfd', 'password', 'token', 'serial']);
/** Behind these come names, which may be any word. */
const NAMES_IN = new Set(['sites', 'services', 'upstreams', 'probes']);

/** True when the parts are changed one by one. Alternatives of a union are exchanged as a whole: half of each is neither. */
function divisible(path: readonly string[], a: Mapping, b: Mapping): boolean {
  if (NAMES_IN.has(path.at(-2) ?? '') && path.at(-1) !== undefined) return a['kind'] === b['kind'];
  return !WHOLE.has(path.at(-1) ?? '');
}

function change(path: readonly string[], from: Json | undefined, to: Json | undefined): Change {
  return { path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function within(inner: readonly string[], outer: readonly string[]): boolean {
  return outer.every((step, i) => inner[i] === step);
}

function look(value: Json, path: readonly string[]): Json | undefined {
  let at: Json | undefined = value;
  for (const step of path) at = isMapping(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  return at;
}

function hasParent(value: Json, path: readonly string[]): boolean {
  return isMapping(look(value, path.slice(0, -1)));
}

/** A copy with one place set or removed; everything beside the way there is shared. */
function put(value: Json, path: readonly string[], to: Json | undefined): Json {
  const [step, ...rest] = path;
  if (step === undefined) return to as Json;
  const { [step]: old, ...others } = value as Mapping;
  const inner = rest.length === 0 ? to : put(old as Json, rest, to);
  if (inner === undefined) return others;
  return Object.hasOwn(value as Mapping, step)
    ? { ...(value as Mapping), [step]: inner }
    : { ...others, [step]: inner };
}

function brief(value: Json | undefined): string {
  if (value === undefined) return 'absent';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
