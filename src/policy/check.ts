/** Policies as values: whether two say the same, and what is wrong with one that came from outside. */
import { checkThen } from './action.ts';
import { badPattern } from './community-pattern.ts';
import { checkWhen, pathMatchProblems, prefixMatchProblems } from './condition.ts';
import type { Policy, Rule } from './policy.ts';

/** True when the two may treat or explain some route differently: rules or sets are not equal. The policies' names do not count. */
export function differs(a: Policy, b: Policy): boolean {
  return canonical({ rules: a.rules, sets: a.sets }) !== canonical({ rules: b.rules, sets: b.sets });
}

/** Where in a policy something is wrong, as keys and indices from the top, and what. */
export interface Problem {
  readonly at: readonly (string | number)[];
  readonly problem: string;
}

/**
 * What the types do not say: set names without a set, expressions that cannot be read, ranges that nothing fits, numbers
 * out of bounds. All of them at once; none means that `compile` leaves nothing out.
 */
export function check(policy: Policy): readonly Problem[] {
  const sets = policy.sets ?? {};
  return [
    ...policy.rules.flatMap((rule, i) => [
      ...checkWhen(rule.when ?? {}, sets).map((problem) => ({ at: ['rules', i, 'when'], problem })),
      ...checkThen(rule.then ?? {}, sets).map((problem) => ({ at: ['rules', i, 'then'], problem })),
      ...unreachable(policy.rules, i),
    ]),
    ...entries('prefixes', sets.prefixes, prefixMatchProblems),
    ...entries('paths', sets.paths, pathMatchProblems),
    ...entries('communities', sets.communities, (p) =>
      (['communities', 'largeCommunities', 'extendedCommunities'] as const).some((k) => !badPattern(p, k))
        ? []
        : [`'${p}' is no community`],
    ),
  ];
}

function unreachable(rules: readonly Rule[], i: number): readonly Problem[] {
  const before = rules[i - 1];
  const all = before?.end && Object.values(before.when ?? {}).every((v) => v === undefined);
  return all
    ? [{ at: ['rules', i], problem: `never reached: the rule before it ${before.end}s every route` }]
    : [];
}

function entries<T>(
  kind: string,
  named: { readonly [name: string]: readonly T[] } | undefined,
  problems: (entry: T) => readonly string[],
): readonly Problem[] {
  return Object.entries(named ?? {}).flatMap(([name, list]) =>
    list.flatMap((entry, i) => problems(entry).map((problem) => ({ at: ['sets', kind, name, i], problem }))),
  );
}

/** JSON with keys in order and absent values left out, so that equal values have equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) =>
    v !== null && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : v,
  );
}
