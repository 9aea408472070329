/**
 * Every condition a rule may have. One row holds all that is known of it: how it is tried, how it reads, what a route has
 * in its place, and what can be wrong with it. The order of the table is the order in which conditions are tried: cheap
 * ones first.
 */
import { type Address, type Asn, type Prefix, parsePrefix } from '../base/index.ts';
import {
  type Attribute,
  formatPath,
  IPV4_MULTICAST,
  IPV4_UNICAST,
  IPV6_MULTICAST,
  IPV6_UNICAST,
  pathLength,
} from '../wire/index.ts';
import { find } from './attributes.ts';
import { badPattern, type CommunityKind, communityFits, compilePattern } from './community-pattern.ts';
import { firstAs, originAs } from './path.ts';
import { compilePathRegex } from './path-regex.ts';
import type {
  CommunityPattern,
  Comparison,
  Neighbor,
  NeighborMatch,
  PathMatch,
  PrefixMatch,
  SetRef,
  Sets,
  Subject,
  When,
} from './policy.ts';
import { compilePrefixes, formatPrefixMatch, possible } from './prefix-set.ts';

/** A route on its way through the rules: what is asked about, and its attributes as changed so far. */
export interface View {
  readonly subject: Subject;
  readonly attributes: readonly Attribute[];
}

export type Test = (view: View) => boolean;

export interface Condition<K extends keyof When> {
  /** What it is called in files and in explanations. */
  readonly name: string;
  readonly help: string;
  /** What the outcome depends on beside attributes and neighbour. */
  readonly uses?: 'prefix' | 'source' | 'validation';
  compile(value: Given<K>, sets: Sets): Test;
  /** The value in words that follow the name: `in bogons`. */
  text(value: Given<K>): string;
  /** What the route has, for the explanation of a refusal. */
  found(view: View): string;
  /** What is wrong with the value, each as the end of a sentence. */
  check(value: Given<K>, sets: Sets): readonly string[];
}

type Given<K extends keyof When> = Exclude<When[K], undefined>;

export const CONDITIONS: { readonly [K in keyof Required<When>]: Condition<K> } = {
  family: {
    name: 'family',
    help: 'the address family, such as ipv4-unicast',
    uses: 'prefix',
    compile: (families) => (v) => families.includes(v.subject.family),
    text: (families) => families.join(' or '),
    found: (v) => v.subject.family,
    check: (families) =>
      families
        .filter((f) => !FAMILIES.includes(f) && !/^\d+\/\d+$/.test(f))
        .map((f) => `'${f}' is no family`),
  },
  neighbor: {
    name: 'neighbor',
    help: 'whom the route came from (import) or goes to (export): asn, address, name, kind',
    compile: (matches) => compileNeighbors(matches, (v) => v.subject.neighbor),
    text: (matches) => matches.map(neighborMatchText).join(' or '),
    found: (v) => neighborText(v.subject.neighbor),
    check: checkNeighbors,
  },
  source: {
    name: 'source',
    help: 'whom the route came from (on export)',
    uses: 'source',
    compile: (matches) => compileNeighbors(matches, (v) => v.subject.source),
    text: (matches) => matches.map(neighborMatchText).join(' or '),
    found: (v) => (v.subject.source ? neighborText(v.subject.source) : 'none'),
    check: checkNeighbors,
  },
  validation: {
    name: 'validation',
    help: 'the origin-validation state (RFC 6811): valid, invalid, not-found, or unverified',
    uses: 'validation',
    compile: (states) => (v) => states.includes(v.subject.validation),
    text: (states) => states.join(' or '),
    found: (v) => v.subject.validation,
    check: () => [],
  },
  prefix: {
    name: 'prefix',
    help: 'exactly, with or-longer, or a range of lengths; or a prefix set',
    uses: 'prefix',
    compile(matches, sets) {
      const test = compilePrefixes(
        resolve(matches, sets.prefixes).filter((m) => parsePrefix(m.prefix) && possible(m)),
      );
      return (v) => test(v.subject.prefix);
    },
    text: (matches) => matches.map((m) => ('set' in m ? `in ${m.set}` : formatPrefixMatch(m))).join(' or '),
    found: (v) => v.subject.prefix,
    check: (matches, sets) => [
      ...missing(matches, sets.prefixes, 'prefix set'),
      ...matches.flatMap((m) => ('set' in m ? [] : prefixMatchProblems(m))),
    ],
  },
  origin: {
    name: 'origin',
    help: 'the ORIGIN attribute: igp, egp or incomplete',
    compile: (origins) => (v) => {
      const origin = find(v.attributes, 'origin')?.origin;
      return origin !== undefined && origins.includes(origin);
    },
    text: (origins) => origins.join(' or '),
    found: (v) => find(v.attributes, 'origin')?.origin ?? 'none',
    check: () => [],
  },
  med: {
    name: 'med',
    help: 'MULTI_EXIT_DISC: a number, a range, absent or present',
    compile: (c) => (v) => compare(find(v.attributes, 'med')?.med, c),
    text: comparisonText,
    found: (v) => numberText(find(v.attributes, 'med')?.med),
    check: checkComparison,
  },
  localPref: {
    name: 'local-pref',
    help: 'LOCAL_PREF: a number, a range, absent or present',
    compile: (c) => (v) => compare(find(v.attributes, 'localPref')?.localPref, c),
    text: comparisonText,
    found: (v) => numberText(find(v.attributes, 'localPref')?.localPref),
    check: checkComparison,
  },
  otc: {
    name: 'otc',
    help: 'whether ONLY_TO_CUSTOMER is there (RFC 9234), or with this AS number',
    compile: (wanted) => (v) => {
      const otc = find(v.attributes, 'otc')?.asn;
      return typeof wanted === 'number' ? otc === wanted : (otc !== undefined) === wanted;
    },
    text: (wanted) => (wanted === true ? 'present' : wanted === false ? 'absent' : String(wanted)),
    found: (v) => numberText(find(v.attributes, 'otc')?.asn),
    check: () => [],
  },
  nextHop: {
    name: 'next-hop',
    help: 'the next hop lies in one of these prefixes',
    compile(prefixes) {
      const inside = compileInside(prefixes);
      return (v) => {
        const nextHop = nextHopOf(v);
        return nextHop !== undefined && inside(nextHop);
      };
    },
    text: (prefixes) => `in ${prefixes.join(' or ')}`,
    found: (v) => nextHopOf(v) ?? 'none',
    check: (prefixes) => prefixes.filter((p) => !parsePrefix(p)).map((p) => `'${p}' is no prefix`),
  },
  path: {
    name: 'path',
    help: 'contains, originated-by, neighbor, length, empty, matches (regular expression); or a path set',
    compile(matches, sets) {
      const tests = resolve(matches, sets.paths).map(compilePath);
      return (v) => {
        const path = pathOf(v);
        return tests.some((test) => test(path));
      };
    },
    text: (matches) => matches.map((m) => ('set' in m ? `in ${m.set}` : pathMatchText(m))).join(' or '),
    found: (v) => formatPath(pathOf(v)) || 'empty',
    check: (matches, sets) => [
      ...missing(matches, sets.paths, 'path set'),
      ...matches.flatMap((m) => ('set' in m ? [] : pathMatchProblems(m))),
    ],
  },
  communities: communityCondition('communities', 'community', 'RFC 1997 communities, such as 64500:*'),
  largeCommunities: communityCondition(
    'largeCommunities',
    'large-community',
    'RFC 8092 communities, such as 64500:1:*',
  ),
  extendedCommunities: communityCondition(
    'extendedCommunities',
    'extended-community',
    'RFC 4360 communities, such as rt:64500:*',
  ),
  all: {
    name: 'all',
    help: 'each of these groups of conditions holds',
    compile(parts, sets) {
      const tests = parts.map((when) => compileWhen(when, sets));
      return (v) => tests.every((test) => test(v));
    },
    text: (parts) => parts.map((when) => `(${whenText(when)})`).join(' and '),
    found: () => 'not so',
    check: (parts, sets) => parts.flatMap((when) => checkWhen(when, sets)),
  },
  any: {
    name: 'any',
    help: 'at least one of these groups of conditions holds',
    compile(parts, sets) {
      const tests = parts.map((when) => compileWhen(when, sets));
      return (v) => tests.some((test) => test(v));
    },
    text: (parts) => parts.map((when) => `(${whenText(when)})`).join(' or '),
    found: () => 'none of them',
    check: (parts, sets) => parts.flatMap((when) => checkWhen(when, sets)),
  },
  not: {
    name: 'not',
    help: 'these conditions do not all hold',
    compile(when, sets) {
      const test = compileWhen(when, sets);
      return (v) => !test(v);
    },
    text: (when) => `(${whenText(when)})`,
    found: () => 'it is so',
    check: (when, sets) => checkWhen(when, sets),
  },
};

const FAMILIES: readonly string[] = [IPV4_UNICAST, IPV6_UNICAST, IPV4_MULTICAST, IPV6_MULTICAST];

/** One condition of one rule, ready to be tried and explained. */
export interface CompiledCondition {
  readonly key: keyof When;
  readonly test: Test;
  /** `prefix in bogons`. */
  readonly text: string;
  found(view: View): string;
}

/** The conditions that are given, in the order of the table. */
export function compileConditions(when: When, sets: Sets): readonly CompiledCondition[] {
  return given(when).map((key) => compileOne(key, when, sets));
}

/** The keys that are given, in the order of the table. */
export function given(when: When): readonly (keyof When)[] {
  return (Object.keys(CONDITIONS) as (keyof When)[]).filter((key) => when[key] !== undefined);
}

/** All conditions in one line: `prefix in bogons, med 10 or more`. */
export function whenText(when: When): string {
  return (
    given(when)
      .map((key) => `${CONDITIONS[key].name} ${row(key).text(when[key] as never)}`)
      .join(', ') || 'always'
  );
}

/** What is wrong with the conditions, each as a sentence that begins with the condition's name. */
export function checkWhen(when: When, sets: Sets): readonly string[] {
  return given(when).flatMap((key) =>
    row(key)
      .check(when[key] as never, sets)
      .map((wrong) =>
        key === 'all' || key === 'any' || key === 'not' ? wrong : `${row(key).name}: ${wrong}`,
      ),
  );
}

/** What the outcome depends on, groups of conditions included. */
export function usesOf(when: When): ReadonlySet<'prefix' | 'source' | 'validation'> {
  const uses = new Set<'prefix' | 'source' | 'validation'>();
  for (const key of given(when)) {
    const use = CONDITIONS[key].uses;
    if (use) uses.add(use);
  }
  for (const part of [...(when.all ?? []), ...(when.any ?? []), ...(when.not ? [when.not] : [])])
    for (const use of usesOf(part)) uses.add(use);
  return uses;
}

/** The pairing of a key with its value's type is beyond the compiler; `never` makes every use say so. */
function row(key: keyof When): Condition<never> {
  return CONDITIONS[key] as unknown as Condition<never>;
}

function compileOne(key: keyof When, when: When, sets: Sets): CompiledCondition {
  const condition = row(key);
  const value = when[key] as never;
  return {
    key,
    test: condition.compile(value, sets),
    text: `${condition.name} ${condition.text(value)}`,
    found: condition.found,
  };
}

function compileWhen(when: When, sets: Sets): Test {
  const tests = compileConditions(when, sets).map((c) => c.test);
  return (v) => tests.every((test) => test(v));
}

function communityCondition<K extends CommunityKind>(kind: K, name: string, help: string): Condition<K> {
  const has = (v: View): readonly string[] => find(v.attributes, kind as CommunityKind)?.communities ?? [];
  return {
    name,
    help,
    compile(patterns, sets) {
      const compiled = resolve(patterns as readonly (CommunityPattern | SetRef)[], sets.communities)
        .filter((p) => badPattern(p, kind) === undefined)
        .map(compilePattern);
      return (v) => {
        const communities = has(v);
        return communities.length > 0 && compiled.some((p) => communities.some((c) => communityFits(p, c)));
      };
    },
    text: (patterns) => patterns.map((p) => (typeof p === 'string' ? p : `in ${p.set}`)).join(' or '),
    found: (v) => has(v).join(' ') || 'none',
    check: (patterns, sets) => [
      ...missing(patterns, sets.communities, 'community set'),
      ...patterns.flatMap((p) => (typeof p === 'string' ? (badPattern(p, kind) ?? []) : [])),
    ],
  };
}

/** The entries with set names replaced by the sets' entries. A name without a set stands for nothing. */
export function resolve<T extends object | string>(
  entries: readonly (T | SetRef)[],
  named: { readonly [name: string]: readonly T[] } | undefined,
): readonly T[] {
  return entries.flatMap((e) => {
    if (typeof e === 'string' || !('set' in (e as object))) return [e as T];
    const { set } = e as SetRef;
    return named && Object.hasOwn(named, set) ? (named[set] as readonly T[]) : [];
  });
}

/** The set names among `entries` that nothing defines. */
export function missing(
  entries: readonly (object | string)[],
  named: { readonly [name: string]: unknown } | undefined,
  what: string,
): readonly string[] {
  return entries.flatMap((e) =>
    typeof e === 'object' && 'set' in e && !(named && Object.hasOwn(named, e.set as string))
      ? [`there is no ${what} '${e.set}'`]
      : [],
  );
}

export function prefixMatchProblems(m: PrefixMatch): readonly string[] {
  if (!parsePrefix(m.prefix)) return [`'${m.prefix}' is no prefix`];
  return possible(m) ? [] : [`no prefix can fit '${formatPrefixMatch(m)}'`];
}

export function pathMatchProblems(m: PathMatch): readonly string[] {
  if ('length' in m) return checkComparison(m.length);
  if (!('matches' in m)) return [];
  const regex = compilePathRegex(m.matches);
  return regex.ok ? [] : [`'${m.matches}', character ${regex.at + 1}: ${regex.error}`];
}

function pathOf(v: View) {
  return find(v.attributes, 'asPath')?.path ?? [];
}

function nextHopOf(v: View) {
  return find(v.attributes, 'mpReach')?.nextHop ?? find(v.attributes, 'nextHop')?.nextHop;
}

function compilePath(m: PathMatch): (path: ReturnType<typeof pathOf>) => boolean {
  if ('contains' in m) {
    const asns = asnSet(m.contains);
    return (path) => path.some((s) => s.asns.some((asn) => asns.has(asn)));
  }
  if ('originatedBy' in m) {
    const asns = asnSet(m.originatedBy);
    return (path) => asns.has(originAs(path));
  }
  if ('neighbor' in m) {
    const asns = asnSet(m.neighbor);
    return (path) => asns.has(firstAs(path));
  }
  if ('length' in m) return (path) => compare(pathLength(path), m.length);
  if ('empty' in m) return (path) => (pathLength(path) === 0) === m.empty;
  const regex = compilePathRegex(m.matches);
  return regex.ok ? (path) => regex.test(formatPath(path)) : () => false;
}

function pathMatchText(m: PathMatch): string {
  if ('contains' in m) return `contains ${asnsText(m.contains)}`;
  if ('originatedBy' in m) return `originated by ${asnsText(m.originatedBy)}`;
  if ('neighbor' in m) return `heard from ${asnsText(m.neighbor)}`;
  if ('length' in m) return `length ${comparisonText(m.length)}`;
  if ('empty' in m) return m.empty ? 'empty' : 'not empty';
  return `matches ${m.matches}`;
}

function asnSet(asns: Asn | readonly Asn[]): ReadonlySet<Asn | undefined> {
  return new Set(typeof asns === 'number' ? [asns] : asns);
}

function asnsText(asns: Asn | readonly Asn[]): string {
  return typeof asns === 'number' ? String(asns) : asns.join(' or ');
}

function compileNeighbors(
  matches: readonly NeighborMatch[],
  of: (v: View) => Neighbor | undefined,
): (v: View) => boolean {
  const tests = matches.map((m) => {
    const asns = m.asn === undefined ? undefined : asnSet(m.asn);
    const inside = m.address && compileInside(m.address);
    return (n: Neighbor) =>
      (!asns || asns.has(n.asn)) &&
      (m.name === undefined || m.name === n.name) &&
      (m.kind === undefined || m.kind === n.kind) &&
      (!inside || inside(n.address));
  });
  // A session asks about one neighbour a million times, so the last answer is kept.
  let last: Neighbor | undefined;
  let answer = false;
  return (v) => {
    const neighbor = of(v);
    if (neighbor === undefined) return false;
    if (neighbor !== last) {
      answer = tests.some((test) => test(neighbor));
      last = neighbor;
    }
    return answer;
  };
}

/** Tells whether an address lies in one of the prefixes; entries that are no prefix hold nothing. */
function compileInside(prefixes: readonly Prefix[]): (address: Address) => boolean {
  const test = compilePrefixes(
    prefixes.filter((p) => parsePrefix(p)).map((prefix) => ({ prefix, orLonger: true })),
  );
  return (address) => {
    const host = parsePrefix(`${address}/${address.includes(':') ? 128 : 32}`);
    return host !== undefined && test(host);
  };
}

function neighborMatchText(m: NeighborMatch): string {
  return (
    [
      ...(m.name === undefined ? [] : [m.name]),
      ...(m.kind === undefined ? [] : [m.kind]),
      ...(m.asn === undefined ? [] : [`AS ${asnsText(m.asn)}`]),
      ...(m.address ? [`in ${m.address.join(' or ')}`] : []),
    ].join(' ') || 'anyone'
  );
}

function neighborText(n: Neighbor): string {
  return [...(n.name === undefined ? [] : [n.name]), n.kind, `AS ${n.asn}`, n.address].join(' ');
}

function checkNeighbors(matches: readonly NeighborMatch[]): readonly string[] {
  return matches.flatMap((m) =>
    (m.address ?? []).filter((p) => !parsePrefix(p)).map((p) => `'${p}' is no prefix`),
  );
}

function compare(value: number | undefined, c: Comparison): boolean {
  if (c === 'absent') return value === undefined;
  if (value === undefined) return false;
  if (c === 'present') return true;
  if (typeof c === 'number') return value === c;
  return (c.ge === undefined || value >= c.ge) && (c.le === undefined || value <= c.le);
}

function comparisonText(c: Comparison): string {
  if (typeof c !== 'object') return String(c);
  if (c.ge !== undefined && c.le !== undefined) return `${c.ge} to ${c.le}`;
  if (c.ge !== undefined) return `${c.ge} or more`;
  return c.le === undefined ? 'present' : `${c.le} or less`;
}

function checkComparison(c: Comparison): readonly string[] {
  if (typeof c !== 'object' || c.ge === undefined || c.le === undefined || c.ge <= c.le) return [];
  return [`no number is at least ${c.ge} and at most ${c.le}`];
}

function numberText(n: number | undefined): string {
  return n === undefined ? 'none' : String(n);
}
