/** Policies of the file: names become values, and every policy carries just the sets it refers to. */
import { type Complaint, type Path, type Source, valueAt } from '../../plan/index.ts';
import {
  ACCEPT_ALL,
  check,
  type Policy,
  REJECT_ALL,
  type Rule,
  type SetRef,
  type Sets,
  type When,
} from '../../policy/index.ts';
import { complain } from './complain.ts';
import type { File } from './schema.ts';

/** The policies of the file by name, `accept` and `reject` among them. Names of sets that are not there become complaints. */
export function namedPolicies(
  file: File,
  source: Source,
  complaints: Complaint[],
): { readonly [name: string]: Policy } {
  const sets = setsOf(file);
  const named: { [name: string]: Policy } = { accept: ACCEPT_ALL, reject: REJECT_ALL };
  for (const [name, rules] of Object.entries(file.policies ?? {})) {
    if (name === 'accept' || name === 'reject')
      complaints.push(
        complain(source, ['policies', name], `another name: ${name} is there already`, { key: true }),
      );
    else named[name] = policyOf(name, rules, sets, ['policies', name], source, complaints);
  }
  // Peers may hold rules of their own; they are checked here so that each is checked once, defaults too.
  const holders: readonly (readonly [Path, { readonly import?: unknown; readonly export?: unknown }])[] = [
    [['peer-defaults'], file.peerDefaults ?? {}],
    ...Object.entries(file.peers ?? {}).map(([name, peer]) => [['peers', name], peer] as const),
  ];
  for (const [path, holder] of holders)
    for (const way of ['import', 'export'] as const) {
      const given = holder[way];
      if (Array.isArray(given))
        named[inlineName(path, way)] = policyOf(
          `${path.at(-1)} ${way}`,
          given as readonly Rule[],
          sets,
          [...path, way],
          source,
          complaints,
        );
      else if (
        typeof given === 'string' &&
        !(file.policies && Object.hasOwn(file.policies, given)) &&
        given !== 'accept' &&
        given !== 'reject'
      )
        complaints.push(
          complain(source, [...path, way], 'accept, reject, the name of a policy, or a list of rules', {
            candidates: ['accept', 'reject', ...Object.keys(file.policies ?? {})],
          }),
        );
    }
  return named;
}

/** Where `namedPolicies` keeps rules that stand in a peer. No name of the file has a space. */
export function inlineName(path: Path, way: 'import' | 'export'): string {
  return `${path.join(' ')} ${way}`;
}

function setsOf(file: File): Required<Sets> {
  return {
    prefixes: file.prefixSets ?? {},
    communities: file.communitySets ?? {},
    paths: file.pathSets ?? {},
  };
}

const KINDS = {
  prefixes: 'prefix-sets',
  communities: 'community-sets',
  paths: 'path-sets',
} as const;

function policyOf(
  name: string,
  rules: readonly Rule[],
  sets: Required<Sets>,
  path: Path,
  source: Source,
  complaints: Complaint[],
): Policy {
  const used: { [kind: string]: { [name: string]: unknown } } = {};
  for (const { kind, set, at } of rules.flatMap((rule, i) => setsIn(rule, [...path, i]))) {
    const all = sets[kind] as { readonly [name: string]: unknown };
    if (Object.hasOwn(all, set)) (used[kind] ??= {})[set] = all[set];
    else {
      const where = valueAt(source.value, at) === undefined ? at.slice(0, -1) : at;
      complaints.push(complain(source, where, `a name of ${KINDS[kind]}`, { candidates: Object.keys(all) }));
    }
  }
  const policy: Policy = {
    name,
    rules,
    ...(Object.keys(used).length > 0 ? { sets: used as Sets } : {}),
  };
  // What is left to find after schema and names are ranges that nothing fits and the like. A rule that is never reached is
  // allowed: people switch policies off that way.
  for (const { at, problem } of check(policy))
    if (!/there is no|never reached/.test(problem))
      complaints.push(complain(source, [...path, ...at.slice(1)], problem));
  return policy;
}

interface Reference {
  readonly kind: keyof Sets;
  readonly set: string;
  readonly at: Path;
}

function setsIn(rule: Rule, path: Path): readonly Reference[] {
  const changes = [
    ['communities', rule.then?.communities],
    ['large-communities', rule.then?.largeCommunities],
    ['extended-communities', rule.then?.extendedCommunities],
  ] as const;
  return [
    ...(rule.when ? setsInWhen(rule.when, [...path, 'when']) : []),
    ...changes.flatMap(([key, change]) =>
      references('communities', change?.remove, [...path, 'then', key, 'remove']),
    ),
  ];
}

function setsInWhen(when: When, path: Path): readonly Reference[] {
  return [
    ...references('prefixes', when.prefix, [...path, 'prefix']),
    ...references('paths', when.path, [...path, 'path']),
    ...references('communities', when.communities, [...path, 'communities']),
    ...references('communities', when.largeCommunities, [...path, 'large-communities']),
    ...references('communities', when.extendedCommunities, [...path, 'extended-communities']),
    ...(when.all ?? []).flatMap((part, i) => setsInWhen(part, [...path, 'all', i])),
    ...(when.any ?? []).flatMap((part, i) => setsInWhen(part, [...path, 'any', i])),
    ...(when.not ? setsInWhen(when.not, [...path, 'not']) : []),
  ];
}

function references(
  kind: keyof Sets,
  entries: readonly (object | string)[] | undefined,
  path: Path,
): readonly Reference[] {
  return (entries ?? []).flatMap((entry, i) =>
    typeof entry === 'object' && 'set' in entry
      ? [{ kind, set: (entry as SetRef).set, at: [...path, i] }]
      : [],
  );
}
