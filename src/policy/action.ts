/** Every change a rule may make: how it is made, how it reads, and what can be wrong with it. Made in the table's order. */
import { type Asn, parseAddress } from '../base/index.ts';
import { type Attribute, formatPath } from '../wire/index.ts';
import { find, put, without } from './attributes.ts';
import {
  badPattern,
  type CommunityKind,
  communityFits,
  compilePattern,
  isCommunity,
  isWellKnown,
} from './community-pattern.ts';
import { missing, resolve } from './condition.ts';
import { prepended } from './path.ts';
import type { Change, CommunityChange, NextHopChange, SetRef, Sets, Then } from './policy.ts';

/** Turns attributes into changed ones; gives back the very same list when nothing changes. */
export type Edit = (attributes: readonly Attribute[]) => readonly Attribute[];

/** What a policy is compiled for. */
export interface Options {
  /** Our AS number, which `prepend: n` repeats. Without it such a prepend changes nothing. */
  readonly localAsn?: Asn;
}

type Given<K extends keyof Then> = Exclude<Then[K], undefined>;

export interface Action<K extends keyof Then> {
  /** What it is called in files and in explanations. */
  readonly name: string;
  readonly help: string;
  compile(value: Given<K>, sets: Sets, options: Options): Edit;
  /** The whole change in words: `local-pref 200`. */
  text(value: Given<K>): string;
  /** The value of what it changes, for the explanation. */
  found(attributes: readonly Attribute[]): string;
  check(value: Given<K>, sets: Sets): readonly string[];
}

const U32 = 0xffff_ffff;

/** More copies of one's own AS than this are refused by most of the internet. */
export const PREPEND_LIMIT = 32;

/** What a route without LOCAL_PREF counts as when a number is added to it: the value that BGP speakers use by default. */
const DEFAULT_LOCAL_PREF = 100;

export const ACTIONS: { readonly [K in keyof Required<Then>]: Action<K> } = {
  origin: {
    name: 'origin',
    help: 'set the ORIGIN attribute: igp, egp or incomplete',
    compile: (origin) => (attributes) =>
      find(attributes, 'origin')?.origin === origin
        ? attributes
        : put(attributes, { kind: 'origin', origin }),
    text: (origin) => `origin ${origin}`,
    found: (attributes) => find(attributes, 'origin')?.origin ?? 'none',
    check: () => [],
  },
  prepend: {
    name: 'prepend',
    help: 'put our AS (or another) before the path this many times',
    compile(value, _sets, options) {
      const times = typeof value === 'number' ? value : value.times;
      const asn = typeof value === 'number' ? options.localAsn : value.asn;
      if (asn === undefined || times <= 0) return (attributes) => attributes;
      return (attributes) =>
        put(attributes, {
          kind: 'asPath',
          path: prepended(find(attributes, 'asPath')?.path ?? [], asn, Math.min(times, PREPEND_LIMIT)),
        });
    },
    text: (value) =>
      typeof value === 'number' ? `prepend ${value}` : `prepend ${value.times} of ${value.asn}`,
    found: (attributes) => formatPath(find(attributes, 'asPath')?.path ?? []) || 'empty',
    check(value) {
      const times = typeof value === 'number' ? value : value.times;
      return Number.isInteger(times) && times >= 1 && times <= PREPEND_LIMIT
        ? []
        : [`${times} is not a whole number from 1 to ${PREPEND_LIMIT}`];
    },
  },
  med: {
    name: 'med',
    help: 'set, add to, or remove MULTI_EXIT_DISC',
    compile: (change) => (attributes) => {
      if (change === 'remove') return without(attributes, 'med');
      const old = find(attributes, 'med')?.med;
      const med = changed(old ?? 0, change);
      return med === old ? attributes : put(attributes, { kind: 'med', med });
    },
    text: (change) => `med ${changeText(change)}`,
    found: (attributes) => String(find(attributes, 'med')?.med ?? 'none'),
    check: checkChange,
  },
  localPref: {
    name: 'local-pref',
    help: 'set, add to, or remove LOCAL_PREF',
    compile: (change) => (attributes) => {
      if (change === 'remove') return without(attributes, 'localPref');
      const old = find(attributes, 'localPref')?.localPref;
      const localPref = changed(old ?? DEFAULT_LOCAL_PREF, change);
      return localPref === old ? attributes : put(attributes, { kind: 'localPref', localPref });
    },
    text: (change) => `local-pref ${changeText(change)}`,
    found: (attributes) => String(find(attributes, 'localPref')?.localPref ?? 'none'),
    check: checkChange,
  },
  communities: communityAction('communities', 'communities'),
  largeCommunities: communityAction('largeCommunities', 'large-communities'),
  extendedCommunities: communityAction('extendedCommunities', 'extended-communities'),
  nextHop: {
    name: 'next-hop',
    help: 'self, unchanged, or an address',
    compile: () => (attributes) => attributes,
    text: (nextHop) => `next-hop ${nextHop}`,
    found: () => '',
    check: (nextHop: NextHopChange) =>
      nextHop === 'self' || nextHop === 'unchanged' || parseAddress(nextHop) === nextHop
        ? []
        : [`'${nextHop}' is not self, unchanged or an address`],
  },
};

export interface CompiledAction {
  readonly key: keyof Then;
  readonly edit: Edit;
  readonly text: string;
  found(attributes: readonly Attribute[]): string;
}

/** The changes that are given, in the order of the table. */
export function compileActions(then: Then, sets: Sets, options: Options): readonly CompiledAction[] {
  return givenActions(then).map((key) => {
    const action = row(key);
    const value = then[key] as never;
    return {
      key,
      edit: action.compile(value, sets, options),
      text: action.text(value),
      found: action.found,
    };
  });
}

/** All changes in one line: `prepend 2, local-pref 200`. */
export function thenText(then: Then): string {
  return givenActions(then)
    .map((key) => row(key).text(then[key] as never))
    .join(', ');
}

/** What is wrong with the changes, each as a sentence that begins with the change's name. */
export function checkThen(then: Then, sets: Sets): readonly string[] {
  return givenActions(then).flatMap((key) =>
    row(key)
      .check(then[key] as never, sets)
      .map((wrong) => `${row(key).name}: ${wrong}`),
  );
}

function givenActions(then: Then): readonly (keyof Then)[] {
  return (Object.keys(ACTIONS) as (keyof Then)[]).filter((key) => then[key] !== undefined);
}

/** The pairing of a key with its value's type is beyond the compiler; `never` makes every use say so. */
function row(key: keyof Then): Action<never> {
  return ACTIONS[key] as unknown as Action<never>;
}

function changed(old: number, change: Exclude<Change, 'remove'>): number {
  return typeof change === 'number' ? change : Math.min(U32, Math.max(0, old + change.add));
}

function changeText(change: Change): string {
  if (typeof change !== 'object') return String(change);
  return change.add < 0 ? `minus ${-change.add}` : `plus ${change.add}`;
}

function checkChange(change: Change): readonly string[] {
  if (change === 'remove') return [];
  const n = typeof change === 'number' ? change : Math.abs(change.add);
  return Number.isInteger(n) && n >= 0 && n <= U32 ? [] : [`${n} is not a whole number of 32 bits`];
}

function communityAction<K extends CommunityKind>(kind: K, name: string): Action<K> {
  const has = (attributes: readonly Attribute[]): readonly string[] =>
    find(attributes, kind as CommunityKind)?.communities ?? [];
  return {
    name,
    help: 'add, remove (with wildcards), or replace',
    compile(change: CommunityChange, sets) {
      // A text that is no community must not reach the wire.
      const replace = change.replace?.filter((c) => isCommunity(c, kind));
      const add = (change.add ?? []).filter((c) => isCommunity(c, kind));
      const remove = resolve(change.remove ?? [], sets.communities)
        .filter((p) => badPattern(p, kind) === undefined)
        .map(compilePattern);
      const goes = (c: string) =>
        remove.some(
          (p) => communityFits(p, c) && (p.namesWellKnown || kind !== 'communities' || !isWellKnown(c)),
        );
      return (attributes) => {
        const old = has(attributes);
        const kept = old.filter(
          (c) =>
            (replace === undefined || replace.includes(c) || (kind === 'communities' && isWellKnown(c))) &&
            !goes(c),
        );
        const fresh = [...new Set([...kept, ...(replace ?? []).filter((c) => !goes(c)), ...add])];
        if (fresh.length === old.length && fresh.every((c, i) => c === old[i])) return attributes;
        if (fresh.length === 0) return without(attributes, kind);
        const partial = ((find(attributes, kind as CommunityKind)?.flags ?? 0) & PARTIAL) !== 0;
        // Each is one of this kind: the compiler cannot follow the pairing.
        return put(attributes, {
          kind,
          communities: fresh,
          ...(partial ? { flags: OPTIONAL_TRANSITIVE | PARTIAL } : {}),
        } as unknown as Attribute);
      };
    },
    text: (change) =>
      `${name} ${[
        ...(change.replace ? [`= ${list(change.replace)}`] : []),
        ...(change.remove ? [`- ${list(change.remove)}`] : []),
        ...(change.add ? [`+ ${list(change.add)}`] : []),
      ].join(' ')}`,
    found: (attributes) => has(attributes).join(' ') || 'none',
    check: (change, sets) => [
      ...missing(change.remove ?? [], sets.communities, 'community set'),
      ...(change.remove ?? []).flatMap((p) => (typeof p === 'string' ? (badPattern(p, kind) ?? []) : [])),
      ...[...(change.replace ?? []), ...(change.add ?? [])]
        .filter((c) => !isCommunity(c, kind))
        .map((c) => badPattern(c, kind) ?? `'${c}' is a pattern, not a community`),
    ],
  };
}

/** RFC 4271 §4.3: a router on the way did not know the attribute. Once set it stays. */
const PARTIAL = 0x20;
const OPTIONAL_TRANSITIVE = 0xc0;

function list(entries: readonly (string | SetRef)[]): string {
  return entries.map((e) => (typeof e === 'string' ? e : e.set)).join(' ') || 'none';
}
