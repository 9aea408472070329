/**
 * Policy as written in the file: `policy`'s rules, with dashes in their names and prefixes as text. Where an entry of a list
 * may be a set, its bare name stands there.
 */
import * as z from 'zod';
import { type Asn, parseAddress, parseCommunity, parseLargeCommunity } from '../../base/index.ts';
import { flag, listOf, mapping, NAME, oneOf, oneOrMore, text, whole } from '../../plan/index.ts';
import {
  badPattern,
  type Change,
  type CommunityKind,
  type Comparison,
  compilePathRegex,
  isCommunity,
  PATH_REGEX_LIMIT,
  type PathMatch,
  PREPEND_LIMIT,
  parsePrefixMatch,
  type Rule,
  type SetRef,
  type Then,
  type When,
} from '../../policy/index.ts';
import { type Family, IPV4_UNICAST, IPV6_UNICAST, parseExtendedCommunity } from '../../wire/index.ts';
import { asn, prefix, scalar } from './shape.ts';

const U32 = 0xffff_ffff;

/** How many entries a list of prefixes, communities or paths may have. */
const LONG = 200_000;

export const FAMILY = oneOf('ipv4', 'ipv6').transform(
  (f): Family => (f === 'ipv4' ? IPV4_UNICAST : IPV6_UNICAST),
);

const PREFIX_WORDS = 'a prefix such as 203.0.113.0/24, 203.0.113.0/24+ or 2001:db8::/32 le 48';
const PATH_WORDS = 'contains, originated-by, neighbor, length, empty, matches';
const COMMUNITY_WORDS: { readonly [K in CommunityKind]: string } = {
  communities: 'a community, a pattern such as 64500:* or 64500:100-199, or a well-known name',
  largeCommunities: 'a large community or a pattern such as 64500:1:*',
  extendedCommunities: 'an extended community such as rt:64500:1, or a pattern such as rt:64500:*',
};

/** An entry that contains `sign` is a value, any other name a set. */
function orSet<T>(words: string, isValue: RegExp, read: (t: string) => T | undefined) {
  return scalar(`${words}; or the name of a set`, (t): T | SetRef | undefined =>
    isValue.test(t) ? read(t) : (read(t) ?? (NAME.test(t) ? { set: t } : undefined)),
  );
}

/** Names and other forms of a community become the one that routes have. */
function readPattern(kind: CommunityKind) {
  return (t: string): string | undefined => {
    const exact =
      kind === 'communities'
        ? parseCommunity(t)
        : kind === 'extendedCommunities'
          ? parseExtendedCommunity(t)
          : parseLargeCommunity(t);
    return exact ?? (badPattern(t, kind) === undefined ? t : undefined);
  };
}

function readAnyPattern(t: string): string | undefined {
  for (const kind of ['communities', 'largeCommunities', 'extendedCommunities'] as const) {
    const read = readPattern(kind)(t);
    if (read !== undefined) return read;
  }
  return undefined;
}

function pattern(kind: CommunityKind) {
  return orSet(COMMUNITY_WORDS[kind], /:/, readPattern(kind));
}

/** A community itself: nothing left open. */
function exactly(kind: CommunityKind) {
  return scalar(COMMUNITY_WORDS[kind].replace(/,? (a|or a) pattern[^,]*/, ''), (t) => {
    const read = readPattern(kind)(t);
    return read !== undefined && isCommunity(read, kind) ? read : undefined;
  });
}

const COMPARISON = scalar(
  'a number, a range such as 10-20, absent, or present',
  (t): Comparison | undefined => {
    if (t === 'absent' || t === 'present') return t;
    const least = /^(\d{1,10})\+$/.exec(t);
    if (least) return Number(least[1]) <= U32 ? { ge: Number(least[1]) } : undefined;
    const m = /^(\d{1,10})(?:\s*-\s*(\d{1,10}))?$/.exec(t);
    const [ge, le] = [Number(m?.[1]), Number(m?.[2] ?? m?.[1])];
    if (!m || ge > le || le > U32) return undefined;
    return m[2] === undefined ? ge : { ge, le };
  },
);

const ASNS = oneOrMore(asn, LONG).transform((all): Asn | readonly Asn[] =>
  all.length === 1 ? (all[0] as Asn) : all,
);

const REGEX = scalar('a regular expression over the path such as _64500_ or ^64500_', (t) =>
  t.length <= PATH_REGEX_LIMIT && compilePathRegex(t).ok ? t : undefined,
);

const PATH_VALUE = mapping({
  contains: ASNS.optional(),
  'originated-by': ASNS.optional(),
  neighbor: ASNS.optional(),
  length: COMPARISON.optional(),
  empty: flag.optional(),
  matches: REGEX.optional(),
})
  .refine((p) => Object.keys(p).length === 1, { error: `exactly one of: ${PATH_WORDS}` })
  .transform((p) => p as PathMatch);

const PATH = z.union(
  [
    scalar('the name of a set', (t): SetRef | undefined => (NAME.test(t) ? { set: t } : undefined)),
    PATH_VALUE,
  ],
  { error: `a mapping with one of: ${PATH_WORDS}; or the name of a set` },
);

const NEIGHBOR = mapping({
  asn: ASNS.optional(),
  address: oneOrMore(prefix).optional(),
  name: text('the name of a peer').optional(),
  kind: oneOf('ebgp', 'ibgp', 'local').optional(),
});

/** How deep `all`, `any` and `not` may stand in each other. */
const DEPTH = 8;

function when(depth: number): z.ZodType<When> {
  const inner =
    depth > 0 ? z.lazy(() => when(depth - 1)) : z.never({ error: `at most ${DEPTH} levels of conditions` });
  return mapping({
    prefix: oneOrMore(orSet(PREFIX_WORDS, /\//, parsePrefixMatch), LONG).optional(),
    family: oneOrMore(FAMILY, 2).optional(),
    path: oneOrMore(PATH).optional(),
    communities: oneOrMore(pattern('communities')).optional(),
    'large-communities': oneOrMore(pattern('largeCommunities')).optional(),
    'extended-communities': oneOrMore(pattern('extendedCommunities')).optional(),
    neighbor: oneOrMore(NEIGHBOR).optional(),
    source: oneOrMore(NEIGHBOR).optional(),
    validation: oneOrMore(oneOf('valid', 'invalid', 'not-found', 'unverified'), 4).optional(),
    origin: oneOrMore(oneOf('igp', 'egp', 'incomplete'), 3).optional(),
    med: COMPARISON.optional(),
    'local-pref': COMPARISON.optional(),
    'next-hop': oneOrMore(prefix).optional(),
    otc: scalar('true, false, or an AS number', readOtc).optional(),
    all: listOf(inner, 100).optional(),
    any: listOf(inner, 100).optional(),
    not: inner.optional(),
  }) as z.ZodType<When>;
}

function readOtc(t: string): boolean | Asn | undefined {
  if (t === 'true' || t === 'false') return t === 'true';
  return /^\d{1,10}$/.test(t) && Number(t) <= U32 ? Number(t) : undefined;
}

const CHANGE = scalar('a number to set, +N or -N to add, or remove', (t): Change | undefined => {
  if (t === 'remove') return t;
  const m = /^([+-]?)(\d{1,10})$/.exec(t);
  const n = Number(m?.[2]);
  if (!m || n > U32) return undefined;
  return m[1] === '' ? n : { add: m[1] === '-' ? -n : n };
});

function communities(kind: CommunityKind) {
  return mapping({
    replace: oneOrMore(exactly(kind)).optional(),
    remove: oneOrMore(pattern(kind)).optional(),
    add: oneOrMore(exactly(kind)).optional(),
  });
}

const PREPEND = z.union([whole(1, PREPEND_LIMIT), mapping({ times: whole(1, PREPEND_LIMIT), asn })], {
  error: 'a number of times, or a mapping with: times, asn',
});

const THEN = mapping({
  origin: oneOf('igp', 'egp', 'incomplete').optional(),
  prepend: PREPEND.optional(),
  med: CHANGE.optional(),
  'local-pref': CHANGE.optional(),
  communities: communities('communities').optional(),
  'large-communities': communities('largeCommunities').optional(),
  'extended-communities': communities('extendedCommunities').optional(),
  'next-hop': scalar('self, unchanged, or an address', (t): NonNullable<Then['nextHop']> | undefined =>
    t === 'self' || t === 'unchanged' ? t : parseAddress(t),
  ).optional(),
});

export const RULES = listOf(
  mapping({
    name: text('a name').optional(),
    when: when(DEPTH).optional(),
    // biome-ignore lint/suspicious/noThenProperty: rules are `when`, `then`, `end`; a schema is not awaited.
    then: THEN.optional(),
    end: oneOf('accept', 'reject').optional(),
  }).transform((rule): Rule => rule as Rule),
  10_000,
);

/** What a peer's `import` and `export` may be: a word, the name of a policy, or rules. */
export const POLICY = z.union([text('accept, reject, or the name of a policy', 63), RULES], {
  error: 'accept, reject, the name of a policy, or a list of rules',
});

export const PREFIX_SET = oneOrMore(scalar(PREFIX_WORDS, parsePrefixMatch), LONG);
export const COMMUNITY_SET = oneOrMore(
  scalar('a community of any kind, or a pattern such as 64500:* or 64500:1:*', readAnyPattern),
  LONG,
);
export const PATH_SET = oneOrMore(PATH_VALUE, LONG);
