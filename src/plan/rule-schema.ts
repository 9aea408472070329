/** Import and export rules as written in the file: `policy`'s rules, with dashes in their names and prefixes as text. */
import * as z from 'zod';
import { type Asn, parseAddress } from '../base/index.ts';
import {
  ACCEPT_ALL,
  type Change,
  type Comparison,
  type PathMatch,
  PREPEND_LIMIT,
  parsePrefixMatch,
  type Rule,
  type Then,
  type When,
} from '../policy/index.ts';
import { asn, flag, listOf, mapping, oneOf, oneOrMore, prefix, scalar, text, whole } from './shape.ts';

const U32 = 0xffff_ffff;

const PREFIX_MATCH = scalar(
  'a prefix such as 203.0.113.0/24, 203.0.113.0/24+ or 2001:db8::/32 le 48',
  parsePrefixMatch,
  { type: 'string' },
);

const COMPARISON = scalar(
  'a number, a range such as 10-20, absent, or present',
  (t): Comparison | undefined => {
    if (t === 'absent' || t === 'present') return t;
    const m = /^(\d{1,10})(?:\s*-\s*(\d{1,10}))?$/.exec(t);
    const [ge, le] = [Number(m?.[1]), Number(m?.[2] ?? m?.[1])];
    if (!m || ge > le || le > U32) return undefined;
    return m[2] === undefined ? ge : { ge, le };
  },
  { type: ['integer', 'string'] },
);

const PATTERN = scalar(
  'a community or a pattern such as 64500:* or 64500:1:100-199',
  (t) => (/^[a-z0-9*:.x-]{1,80}$/i.test(t) && t.includes(':') ? t : undefined),
  { type: 'string' },
);

const ASNS = oneOrMore(asn).transform((all): Asn | readonly Asn[] =>
  all.length === 1 ? (all[0] as Asn) : all,
);

const PATH = mapping({
  contains: ASNS.optional(),
  'originated-by': ASNS.optional(),
  neighbor: ASNS.optional(),
  length: COMPARISON.optional(),
  empty: flag.optional(),
  matches: text('a regular expression such as _64500$', 500).optional(),
})
  .refine((p) => Object.keys(p).length === 1, {
    error: 'exactly one of: contains, originated-by, neighbor, length, empty, matches',
  })
  .transform((p) => p as PathMatch);

const NEIGHBOR = mapping({
  asn: ASNS.optional(),
  address: oneOrMore(prefix).optional(),
  name: text('a name').optional(),
  kind: oneOf('ebgp', 'ibgp', 'local').optional(),
});

const WHEN: z.ZodType<When> = z.lazy(() =>
  mapping({
    prefix: oneOrMore(PREFIX_MATCH).optional(),
    family: oneOrMore(
      oneOf('ipv4', 'ipv6').transform((f) => `${f}-unicast` as NonNullable<When['family']>[number]),
      2,
    ).optional(),
    path: oneOrMore(PATH, 100).optional(),
    communities: oneOrMore(PATTERN).optional(),
    'large-communities': oneOrMore(PATTERN).optional(),
    'extended-communities': oneOrMore(PATTERN).optional(),
    neighbor: oneOrMore(NEIGHBOR, 100).optional(),
    source: oneOrMore(NEIGHBOR, 100).optional(),
    validation: oneOrMore(oneOf('valid', 'invalid', 'not-found', 'unverified'), 4).optional(),
    origin: oneOrMore(oneOf('igp', 'egp', 'incomplete'), 3).optional(),
    med: COMPARISON.optional(),
    'local-pref': COMPARISON.optional(),
    'next-hop': oneOrMore(prefix).optional(),
    otc: z.union([flag, asn], { error: 'true, false, or an AS number' }).optional(),
    all: listOf(WHEN, 100).optional(),
    any: listOf(WHEN, 100).optional(),
    not: WHEN.optional(),
  }),
);

const CHANGE = scalar(
  'a number to set, +N or -N to add, or remove',
  (t): Change | undefined => {
    if (t === 'remove') return t;
    const m = /^([+-]?)(\d{1,10})$/.exec(t);
    const n = Number(m?.[2]);
    if (!m || n > U32) return undefined;
    return m[1] === '' ? n : { add: m[1] === '-' ? -n : n };
  },
  { type: ['integer', 'string'] },
);

const COMMUNITIES = mapping({
  replace: oneOrMore(PATTERN).optional(),
  remove: oneOrMore(PATTERN).optional(),
  add: oneOrMore(PATTERN).optional(),
});

const PREPEND = z.union([whole(1, PREPEND_LIMIT), mapping({ times: whole(1, PREPEND_LIMIT), asn })], {
  error: 'a number of times, or a mapping with: times, asn',
});

const THEN = mapping({
  origin: oneOf('igp', 'egp', 'incomplete').optional(),
  prepend: PREPEND.optional(),
  med: CHANGE.optional(),
  'local-pref': CHANGE.optional(),
  communities: COMMUNITIES.optional(),
  'large-communities': COMMUNITIES.optional(),
  'extended-communities': COMMUNITIES.optional(),
  'next-hop': scalar(
    'self, unchanged, or an address',
    (t): NonNullable<Then['nextHop']> | undefined =>
      t === 'self' || t === 'unchanged' ? t : parseAddress(t),
    { type: 'string' },
  ).optional(),
});

const RULE = mapping({
  name: text('a name').optional(),
  when: WHEN.optional(),
  // biome-ignore lint/suspicious/noThenProperty: a rule's word, and no function
  then: THEN.optional(),
  end: oneOf('accept', 'reject').optional(),
}).transform((rule): Rule => rule);

/** The routes that lead everywhere. */
const DEFAULT_ROUTE: Rule = {
  name: 'the default route',
  when: { prefix: ['0.0.0.0/0', '::/0'].map((text) => ({ prefix: text as never })) },
  end: 'accept',
};

/** What is accepted from a neighbour: a word, or rules. */
export const IMPORT_RULES = z
  .union(
    [
      oneOf('nothing', 'default-route', 'everything').transform((word): readonly Rule[] =>
        word === 'nothing' ? [] : word === 'everything' ? ACCEPT_ALL.rules : [DEFAULT_ROUTE],
      ),
      listOf(RULE, 1000),
    ],
    { error: 'nothing, default-route, everything, or a list of rules' },
  )
  .describe('What is accepted from the neighbour; nothing unless said (RFC 8212).');

/** What happens to our own announcements last; a rule may change or refuse them. */
export const EXPORT_RULES = listOf(RULE, 1000).describe(
  'Changes to our announcements, after all other settings.',
);
