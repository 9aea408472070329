// biome-ignore-all lint/suspicious/noThenProperty: rules are `when`, `then`, `end`; none of these is awaited.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Address,
  type Community,
  type LargeCommunity,
  type Prefix,
  parsePrefix,
} from '../base/index.ts';
import {
  type Attribute,
  type ExtendedCommunity,
  type Family,
  formatPath,
  IPV4_UNICAST,
  IPV6_UNICAST,
  parsePath,
  type Segment,
} from '../wire/index.ts';
import {
  ACCEPT_ALL,
  check,
  compile,
  differs,
  explain,
  formatPolicy,
  formatSteps,
  type Neighbor,
  type Policy,
  parsePrefixMatch,
  prepended,
  REJECT_ALL,
  type Rule,
  type Sets,
  type Subject,
  type Then,
  type Validation,
  type When,
} from './index.ts';

/** `origin igp, path 64500 64501, med 5, lp 200, c 64500:1 64500:2, l 1:2:3, x rt:1:2, otc 64500, nh 192.0.2.1`. */
function attributes(text: string): readonly Attribute[] {
  const made: Attribute[] = [];
  for (const part of text.split(/, /).filter((t) => t !== '')) {
    const [word, ...rest] = part.split(' ');
    const value = rest.join(' ');
    if (word === 'origin') made.push({ kind: 'origin', origin: value as 'igp' });
    if (word === 'path') made.push({ kind: 'asPath', path: parsePath(value) ?? [] });
    if (word === 'nh') made.push({ kind: 'nextHop', nextHop: value as Address });
    if (word === 'med') made.push({ kind: 'med', med: Number(value) });
    if (word === 'lp') made.push({ kind: 'localPref', localPref: Number(value) });
    if (word === 'c') made.push({ kind: 'communities', communities: rest as Community[] });
    if (word === 'x') made.push({ kind: 'extendedCommunities', communities: rest as ExtendedCommunity[] });
    if (word === 'l') made.push({ kind: 'largeCommunities', communities: rest as LargeCommunity[] });
    if (word === 'otc') made.push({ kind: 'otc', asn: Number(value) });
  }
  return made;
}

/** The same notation back again. */
function written(list: readonly Attribute[]): string {
  return list
    .map((a) => {
      if (a.kind === 'origin') return `origin ${a.origin}`;
      if (a.kind === 'asPath') return `path ${formatPath(a.path)}`;
      if (a.kind === 'nextHop') return `nh ${a.nextHop}`;
      if (a.kind === 'med') return `med ${a.med}`;
      if (a.kind === 'localPref') return `lp ${a.localPref}`;
      if (a.kind === 'communities') return `c ${a.communities.join(' ')}`;
      if (a.kind === 'extendedCommunities') return `x ${a.communities.join(' ')}`;
      if (a.kind === 'largeCommunities') return `l ${a.communities.join(' ')}`;
      return a.kind === 'otc' ? `otc ${a.asn}` : a.kind;
    })
    .join(', ');
}

const UPSTREAM: Neighbor = { asn: 64500, address: '192.0.2.1' as Address, name: 'up', kind: 'ebgp' };
const INSIDE: Neighbor = { asn: 65000, address: '2001:db8::7' as Address, kind: 'ibgp' };

function route(attrs = '', more: Partial<Subject> = {}): Subject {
  return {
    prefix: '203.0.113.0/24' as Prefix,
    family: IPV4_UNICAST,
    attributes: attributes(attrs),
    neighbor: UPSTREAM,
    source: undefined,
    validation: 'unverified',
    ...more,
  };
}

const p = (text: string) => {
  const prefix = parsePrefix(text);
  expect(prefix, text).toBeDefined();
  return prefix as Prefix;
};
const m = (text: string) => {
  const match = parsePrefixMatch(text);
  expect(match, text).toBeDefined();
  return match!;
};

const SETS: Sets = {
  prefixes: { ours: [m('203.0.113.0/24'), m('198.51.100.0/24+')], empty: [] },
  communities: { tags: ['64500:1', '64500:100-199', '64500:7:*'] },
  paths: { customers: [{ originatedBy: [64510, 64511] }, { matches: '_64512_' }] },
};

function matches(when: When, subject: Subject): boolean {
  const policy: Policy = { rules: [{ when, end: 'accept' }], sets: SETS };
  expect(check(policy)).toEqual([]);
  return compile(policy).evaluate(subject).accept;
}

const PATH = 'path 64500 64501 {64502,64503}';

test.each<[string, When, Subject, boolean]>([
  ['family', { family: [IPV4_UNICAST] }, route(), true],
  ['family', { family: [IPV6_UNICAST, '1/128' as Family] }, route(), false],
  ['prefix, exact', { prefix: [m('203.0.113.0/24')] }, route(), true],
  ['prefix, exact', { prefix: [m('203.0.112.0/23')] }, route(), false],
  ['prefix, or longer', { prefix: [m('203.0.112.0/23+')] }, route(), true],
  ['prefix, ge', { prefix: [m('203.0.0.0/16 ge 25')] }, route(), false],
  ['prefix, le', { prefix: [m('203.0.0.0/16 le 24')] }, route(), true],
  ['prefix, ge and le', { prefix: [m('0.0.0.0/0{24,24}')] }, route(), true],
  ['prefix, other family', { prefix: [m('::/0+')] }, route(), false],
  ['prefix set', { prefix: [{ set: 'ours' }] }, route(), true],
  ['prefix set, longer', { prefix: [{ set: 'ours' }] }, route('', { prefix: p('198.51.100.7/32') }), true],
  ['prefix set, empty', { prefix: [{ set: 'empty' }] }, route(), false],
  ['no prefix at all', { prefix: [] }, route(), false],
  ['path contains', { path: [{ contains: 64501 }] }, route(PATH), true],
  ['path contains, in a set', { path: [{ contains: 64503 }] }, route(PATH), true],
  ['path contains', { path: [{ contains: [1, 2] }] }, route(PATH), false],
  ['originated by', { path: [{ originatedBy: 64501 }] }, route('path 64500 64501'), true],
  ['originated by, a set has none', { path: [{ originatedBy: [64502, 64503] }] }, route(PATH), false],
  ['first AS', { path: [{ neighbor: 64500 }] }, route(PATH), true],
  ['first AS, a set has none', { path: [{ neighbor: 64502 }] }, route('path {64502}'), false],
  [
    'first AS, confederation passed over',
    { path: [{ neighbor: 64500 }] },
    route('path (65001) 64500 64501'),
    true,
  ],
  ['path length', { path: [{ length: { le: 3 } }] }, route(PATH), true],
  ['path length, a set counts one', { path: [{ length: { ge: 4 } }] }, route(PATH), false],
  ['path empty', { path: [{ empty: true }] }, route('path '), true],
  ['path empty, attribute absent', { path: [{ empty: true }] }, route(), true],
  ['path empty, confederation only', { path: [{ empty: true }] }, route('path (65001)'), true],
  ['path not empty', { path: [{ empty: false }] }, route(), false],
  ['path expression', { path: [{ matches: '_64501_' }] }, route(PATH), true],
  ['path expression', { path: [{ matches: '^64501' }] }, route(PATH), false],
  ['path set', { path: [{ set: 'customers' }] }, route('path 64500 64510'), true],
  ['path set', { path: [{ set: 'customers' }] }, route('path 64512 64500'), true],
  ['path set', { path: [{ set: 'customers' }] }, route('path 64510 64500'), false],
  ['community', { communities: ['64500:1'] }, route('c 64500:2 64500:1'), true],
  ['community, wildcard', { communities: ['64500:*'] }, route('c 64501:1'), false],
  ['community, range', { communities: ['64500:100-199'] }, route('c 64500:150'), true],
  ['community, range', { communities: ['64500:100-199'] }, route('c 64500:200'), false],
  ['community, none there', { communities: ['*:*'] }, route(), false],
  ['community set', { communities: [{ set: 'tags' }] }, route('c 64500:101'), true],
  ['the same set, large', { largeCommunities: [{ set: 'tags' }] }, route('l 64500:7:9'), true],
  ['large community', { largeCommunities: ['64500:*:2'] }, route('l 64500:1:2'), true],
  ['large community', { largeCommunities: ['64500:*:2'] }, route('l 64500:1:3'), false],
  ['extended community', { extendedCommunities: ['rt:64500:*'] }, route('x rt:64500:9'), true],
  ['extended community', { extendedCommunities: ['rt:64500:*'] }, route('x ro:64500:9'), false],
  ['neighbour by AS', { neighbor: [{ asn: [64499, 64500] }] }, route(), true],
  ['neighbour by name and AS', { neighbor: [{ name: 'up', asn: 64499 }] }, route(), false],
  ['neighbour by name or AS', { neighbor: [{ name: 'up' }, { asn: 64499 }] }, route(), true],
  ['neighbour by kind', { neighbor: [{ kind: 'ibgp' }] }, route(), false],
  ['neighbour by address', { neighbor: [{ address: [p('192.0.2.0/24')] }] }, route(), true],
  ['neighbour by address', { neighbor: [{ address: [p('2001:db8::/32')] }] }, route(), false],
  ['source on import', { source: [{}] }, route(), false],
  ['source on export', { source: [{ kind: 'ibgp' }] }, route('', { source: INSIDE }), true],
  ['validation', { validation: ['invalid'] }, route('', { validation: 'invalid' }), true],
  ['validation', { validation: ['valid', 'not-found'] }, route(), false],
  ['origin', { origin: ['igp'] }, route('origin igp'), true],
  ['origin, absent', { origin: ['igp', 'egp', 'incomplete'] }, route(), false],
  ['med', { med: 5 }, route('med 5'), true],
  ['med absent', { med: 'absent' }, route(), true],
  ['med present', { med: 'present' }, route(), false],
  ['med range', { med: { ge: 5, le: 6 } }, route('med 7'), false],
  ['med range, absent', { med: { le: 6 } }, route(), false],
  ['local-pref', { localPref: { ge: 200 } }, route('lp 200'), true],
  ['otc present', { otc: true }, route('otc 64500'), true],
  ['otc absent', { otc: false }, route('otc 64500'), false],
  ['otc of', { otc: 64500 }, route('otc 64501'), false],
  ['next hop', { nextHop: [p('192.0.2.0/24')] }, route('nh 192.0.2.9'), true],
  ['next hop', { nextHop: [p('192.0.2.0/24')] }, route(), false],
  ['all of one rule', { med: 5, origin: ['igp'] }, route('origin egp, med 5'), false],
  ['not', { not: { med: 5, origin: ['igp'] } }, route('origin egp, med 5'), true],
  ['any', { any: [{ med: 5 }, { origin: ['igp'] }] }, route('origin egp, med 5'), true],
  ['any of nothing', { any: [] }, route(), false],
  ['all', { all: [{ communities: ['1:1'] }, { communities: ['1:2'] }] }, route('c 1:1'), false],
  ['nothing asked', {}, route(), true],
])('condition %s: %j', (_name, when, subject, expected) => {
  expect(matches(when, subject)).toBe(expected);
  expect(matches({ not: when }, subject)).toBe(!expected);
});

test.each<[string, Then, string, string]>([
  ['origin', { origin: 'incomplete' }, 'origin igp', 'origin incomplete'],
  ['prepend', { prepend: 2 }, 'path 64500', 'path 65000 65000 64500'],
  ['prepend, no path yet', { prepend: 1 }, 'origin igp, med 1', 'origin igp, path 65000, med 1'],
  ['prepend, a leading set stays a set', { prepend: 1 }, 'path {1,2} 3', 'path 65000 {1,2} 3'],
  ['prepend, after a confederation', { prepend: 1 }, 'path (65100) 7', 'path (65100) 65000 7'],
  ['prepend another', { prepend: { times: 2, asn: 1 } }, 'path 64500', 'path 1 1 64500'],
  ['med set', { med: 10 }, 'lp 5', 'med 10, lp 5'],
  ['med add', { med: { add: 10 } }, 'med 5', 'med 15'],
  ['med add, from nothing', { med: { add: 10 } }, '', 'med 10'],
  ['med add, no wrap', { med: { add: 10 } }, 'med 4294967290', 'med 4294967295'],
  ['med subtract, not below 0', { med: { add: -10 } }, 'med 5', 'med 0'],
  ['med remove', { med: 'remove' }, 'med 5', ''],
  ['local-pref', { localPref: 200 }, 'c 1:1', 'lp 200, c 1:1'],
  ['local-pref add, from 100', { localPref: { add: 50 } }, '', 'lp 150'],
  ['add', { communities: { add: ['1:2', '1:1'] } }, 'c 1:1', 'c 1:1 1:2'],
  ['add to none', { communities: { add: ['1:1', '1:1'] } }, 'l 1:1:1', 'c 1:1, l 1:1:1'],
  ['remove', { communities: { remove: ['1:*'] } }, 'c 1:1 2:1 1:2', 'c 2:1'],
  ['remove the last', { communities: { remove: ['1:1'] } }, 'c 1:1', ''],
  [
    'remove by set',
    { communities: { remove: [{ set: 'tags' }] } },
    'c 64500:1 64500:2 64500:150',
    'c 64500:2',
  ],
  ['remove all but well-known', { communities: { remove: ['*:*'] } }, 'c 1:1 65535:0', 'c 65535:0'],
  ['a range is no name', { communities: { remove: ['1-65535:*'] } }, 'c 1:1 65535:0', 'c 65535:0'],
  ['remove a well-known by name', { communities: { remove: ['65535:0'] } }, 'c 1:1 65535:0', 'c 1:1'],
  ['remove the well-known by range', { communities: { remove: ['65535:*'] } }, 'c 1:1 65535:0', 'c 1:1'],
  ['replace', { communities: { replace: ['9:9'] } }, 'c 1:1 65535:666', 'c 65535:666 9:9'],
  ['replace by nothing', { communities: { replace: [] } }, 'c 1:1', ''],
  ['remove then add', { communities: { remove: ['1:*'], add: ['1:9'] } }, 'c 1:1', 'c 1:9'],
  [
    'large',
    { largeCommunities: { remove: ['1:*:*'], add: ['2:2:2'] } },
    'l 1:1:1 65535:1:1',
    'l 65535:1:1 2:2:2',
  ],
  ['large, replace all', { largeCommunities: { replace: [] } }, 'l 65535:1:1', ''],
  ['extended', { extendedCommunities: { add: ['rt:1:1'] } }, 'c 1:1, l 1:1:1', 'c 1:1, x rt:1:1, l 1:1:1'],
])('change, %s: %j', (_name, then, before, after) => {
  const policy: Policy = { rules: [{ then, end: 'accept' }], sets: SETS };
  expect(check(policy)).toEqual([]);
  const outcome = compile(policy, { localAsn: 65000 }).evaluate(route(before));
  expect(outcome.accept && written(outcome.attributes)).toBe(after);
});

test.each<[Then, string]>([
  [{ med: 5 }, 'med 5'],
  [{ med: 'remove' }, ''],
  [{ localPref: { add: 0 } }, 'lp 7'],
  [{ origin: 'igp' }, 'origin igp'],
  [{ communities: { add: ['1:1'], remove: ['2:*'] } }, 'c 1:1'],
  [{ communities: { replace: ['1:1'] } }, 'c 1:1 65535:0'],
  [{ prepend: 3 }, 'path 1'],
  [{ nextHop: 'self' }, 'nh 192.0.2.1'],
])('a change that changes nothing keeps the very same list: %j', (then, attrs) => {
  const subject = route(attrs);
  const outcome = compile({ rules: [{ then, end: 'accept' }] }).evaluate(subject);
  expect(outcome.accept && outcome.attributes).toBe(subject.attributes);
  expect(outcome).toMatchObject({ changed: false });
});

test('what is no community never gets into a route, whoever wrote the policy', () => {
  const then: Then = {
    communities: { add: ['70000:1', '1:1', 'no-export'] },
    largeCommunities: { replace: ['1:2'] },
    extendedCommunities: { add: ['rt:1', 'foo:1:2', 'rt:1:2'] },
  };
  const outcome = compile({ rules: [{ then, end: 'accept' }] }).evaluate(route('l 1:1:1'));
  expect(outcome.accept && written(outcome.attributes)).toBe('c 1:1, x rt:1:2');
  expect(check({ rules: [{ then, end: 'accept' }] }).length).toBe(5);
});

test('the next hop is an instruction to the speaker; the last rule that gives one counts', () => {
  const rules: Rule[] = [{ then: { nextHop: 'self' } }, { then: { nextHop: 'unchanged' }, end: 'accept' }];
  expect(compile({ rules }).evaluate(route())).toMatchObject({ nextHop: 'unchanged', rule: { index: 1 } });
});

test('the Partial bit of a community attribute outlives a change (RFC 4271 §4.3)', () => {
  const attrs: Attribute[] = [{ kind: 'communities', communities: ['1:1' as Community], flags: 0xe0 }];
  const outcome = compile({ rules: [{ then: { communities: { add: ['1:2'] } }, end: 'accept' }] }).evaluate(
    route('', { attributes: attrs }),
  );
  expect(outcome.accept && outcome.attributes).toEqual([
    { kind: 'communities', communities: ['1:1', '1:2'], flags: 0xe0 },
  ]);
});

test('a path segment never holds more than 255 AS numbers (RFC 4271 §4.3)', () => {
  const full: Segment = { kind: 'sequence', asns: new Array<number>(254).fill(1) };
  expect(prepended([full], 9, 3).map((s) => s.asns.length)).toEqual([2, 255]);
  expect(prepended([], 9, 300).map((s) => s.asns.length)).toEqual([45, 255]);
  expect(prepended([full], 9, 0)).toEqual([full]);
});

test('rules are tried in order and a later one sees what an earlier one changed', () => {
  const policy: Policy = {
    rules: [
      { when: { communities: ['64500:80'] }, then: { localPref: 80 } },
      { when: { localPref: 80 }, then: { communities: { add: ['65000:80'] } } },
      { when: { communities: ['65000:80'] }, end: 'accept' },
    ],
  };
  const outcome = compile(policy).evaluate(route('c 64500:80'));
  expect(outcome.accept && written(outcome.attributes)).toBe('lp 80, c 64500:80 65000:80');
});

test('no rule accepted means reject (RFC 8212)', () => {
  for (const policy of [
    { rules: [] },
    { rules: [{ then: { med: 1 } }] },
    { rules: [{ when: { med: 1 }, end: 'accept' as const }] },
  ])
    expect(compile(policy).evaluate(route())).toEqual({ accept: false, rule: undefined });
  expect(compile(REJECT_ALL).evaluate(route())).toEqual({ accept: false, rule: { index: 0 } });
});

test('a compiled policy says what its outcome depends on', () => {
  const of = (...rules: Rule[]) => {
    const { usesPrefix, usesSource, usesValidation, changesNothing, acceptsNothing } = compile({ rules });
    return Object.entries({ usesPrefix, usesSource, usesValidation, changesNothing, acceptsNothing })
      .filter(([, yes]) => yes)
      .map(([name]) => name)
      .join(' ');
  };
  expect(of({ end: 'accept' })).toBe('changesNothing');
  expect(of({ when: { med: 1 }, end: 'accept' }, { end: 'accept' })).toBe('changesNothing');
  expect(of({ when: { med: 1 }, end: 'reject' }, { end: 'accept' })).toBe('');
  expect(of({ then: { med: 1 }, end: 'accept' })).toBe('');
  expect(of({ when: { med: 1 }, end: 'accept' })).toBe('');
  expect(of()).toBe('acceptsNothing');
  expect(of({ end: 'reject' }, { end: 'accept' })).toBe('acceptsNothing');
  expect(of({ when: { prefix: [] }, end: 'accept' })).toBe('usesPrefix');
  expect(of({ when: { family: [] }, end: 'accept' })).toBe('usesPrefix');
  expect(of({ when: { any: [{ not: { source: [] } }] }, end: 'accept' })).toBe('usesSource');
  expect(of({ when: { all: [{ validation: [] }] }, end: 'accept' })).toBe('usesValidation');
});

test('attributes are read only when a rule needs them', () => {
  const policy: Policy = { rules: [{ when: { prefix: [m('203.0.113.0/24')] }, end: 'accept' }] };
  let reads = 0;
  const lazy: Subject = {
    ...route(),
    get attributes() {
      reads++;
      return [];
    },
  };
  const outcome = compile(policy).evaluate(lazy);
  expect(reads).toBe(0);
  expect(outcome.accept && outcome.attributes).toEqual([]);
  expect(reads).toBe(1);
});

const EXAMPLE: Policy = {
  name: 'from-upstream',
  sets: SETS,
  rules: [
    { name: 'ours', when: { prefix: [{ set: 'ours' }] }, end: 'reject' },
    { name: 'rpki', when: { validation: ['invalid'] }, end: 'reject' },
    { name: 'long', when: { path: [{ length: { ge: 50 } }] }, end: 'reject' },
    {
      name: 'backup',
      when: { communities: ['64500:80'], not: { path: [{ matches: '_64511_' }] } },
      then: { localPref: 80, prepend: 1, communities: { remove: ['64500:*'], add: ['65000:80'] } },
    },
    {
      when: { neighbor: [{ kind: 'ebgp', asn: 64500 }] },
      then: { nextHop: 'self', med: 'remove' },
      end: 'accept',
    },
  ],
};

test('a policy reads as one line for each rule', () => {
  expect(formatPolicy(EXAMPLE).join('\n')).toMatchInlineSnapshot(`
    "rule 1 (ours): when prefix in ours, reject
    rule 2 (rpki): when validation invalid, reject
    rule 3 (long): when path length 50 or more, reject
    rule 4 (backup): when community 64500:80, not (path matches _64511_), prepend 1, local-pref 80, communities - 64500:* + 65000:80, continue
    rule 5: when neighbor ebgp AS 64500, med remove, next-hop self, accept"
  `);
});

test('an explanation names the condition that failed first, what changed, and the end', () => {
  const subject = route('path 64500 64501, med 5, c 64500:80', { prefix: p('192.0.2.0/24') });
  expect(
    formatSteps(explain(compile(EXAMPLE, { localAsn: 65000 }), subject)).join('\n'),
  ).toMatchInlineSnapshot(`
    "rule 1 (ours): no match, wants prefix in ours; has 192.0.2.0/24
    rule 2 (rpki): no match, wants validation invalid; has unverified
    rule 3 (long): no match, wants path length 50 or more; has 64500 64501
    rule 4 (backup): match, prepend 1 (64500 64501 → 65000 64500 64501), local-pref 80 (none → 80), communities - 64500:* + 65000:80 (64500:80 → 65000:80)
    rule 5: match, med remove (5 → none), next-hop self (default → self), accept
    accepted"
  `);
  expect(formatSteps(explain(compile(EXAMPLE), route())).join('\n')).toMatchInlineSnapshot(`
    "rule 1 (ours): match, reject
    rejected"
  `);
  const other = route('path 64500', { prefix: p('192.0.2.0/24'), neighbor: INSIDE });
  expect(formatSteps(explain(compile(EXAMPLE), other)).join('\n')).toMatchInlineSnapshot(`
    "rule 1 (ours): no match, wants prefix in ours; has 192.0.2.0/24
    rule 2 (rpki): no match, wants validation invalid; has unverified
    rule 3 (long): no match, wants path length 50 or more; has 64500
    rule 4 (backup): no match, wants community 64500:80; has none
    rule 5: no match, wants neighbor ebgp AS 64500; has ibgp AS 65000 2001:db8::7
    rejected: no rule accepted it (RFC 8212)"
  `);
});

test('what a policy from outside says wrongly is found, all of it at once', () => {
  const wrong: Policy = {
    sets: {
      prefixes: { bad: [{ prefix: '10.0.0.0/8' as Prefix, ge: 4 }] },
      paths: { r: [{ matches: '(' }] },
    },
    rules: [
      {
        when: {
          prefix: [{ set: 'orus' }, { prefix: '10.0.0.1/8' as Prefix }],
          path: [{ matches: '^64500{2}$' }],
          communities: ['64500', '70000:1'],
          any: [{ largeCommunities: ['1:2'] }],
          med: { ge: 5, le: 4 },
          family: ['ipv5' as Family],
        },
        then: {
          prepend: 99,
          localPref: -1,
          communities: { add: ['64500:*'], remove: [{ set: 'none' }] },
          nextHop: 'me' as Address,
        },
        end: 'accept',
      },
      { end: 'accept' },
      { when: { med: 1 }, end: 'reject' },
    ],
  };
  expect(check(wrong).map(({ at, problem }) => `${at.join('.')}: ${problem}`)).toMatchInlineSnapshot(`
    [
      "rules.0.when: family: 'ipv5' is no family",
      "rules.0.when: prefix: there is no prefix set 'orus'",
      "rules.0.when: prefix: '10.0.0.1/8' is no prefix",
      "rules.0.when: med: no number is at least 5 and at most 4",
      "rules.0.when: path: '^64500{2}$', character 7: repetition by '{' is not known; an AS_SET's brace is written '\\{'",
      "rules.0.when: community: '64500' is not a community such as 64500:1 or 64500:*",
      "rules.0.when: community: '70000:1' is not a community such as 64500:1 or 64500:*",
      "rules.0.when: large-community: '1:2' is not a community such as 64500:1:2 or 64500:*:*",
      "rules.0.then: prepend: 99 is not a whole number from 1 to 32",
      "rules.0.then: local-pref: -1 is not a whole number of 32 bits",
      "rules.0.then: communities: there is no community set 'none'",
      "rules.0.then: communities: '64500:*' is a pattern, not a community",
      "rules.0.then: next-hop: 'me' is not self, unchanged or an address",
      "rules.2: never reached: the rule before it accepts every route",
      "sets.prefixes.bad.0: no prefix can fit '10.0.0.0/8 ge 4'",
      "sets.paths.r.0: '(', character 1: '(' without ')'",
    ]
  `);
  expect(compile(wrong).evaluate(route())).toMatchObject({ accept: true, rule: { index: 1 } });
});

test('two policies differ when rules or sets do, whatever the order of keys and the name', () => {
  const a: Policy = { name: 'a', rules: [{ when: { med: 1, localPref: 2 }, end: 'accept' }] };
  expect(differs(a, { name: 'b', rules: [{ end: 'accept', when: { localPref: 2, med: 1 } }] })).toBe(false);
  expect(differs(a, { ...a, sets: { prefixes: { x: [] } } })).toBe(true);
  expect(differs(a, { rules: [{ when: { med: 1, localPref: 3 }, end: 'accept' }] })).toBe(true);
  expect(differs(ACCEPT_ALL, REJECT_ALL)).toBe(true);
});

const anyAsn = fc.integer({ min: 1, max: 5 });
const anyPrefix = fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '2001:db8::/32').map(p);
const anyCommunity = fc.constantFrom('1:1', '1:2', '2:1', '65535:0');
const anyWhen: fc.Arbitrary<When> = fc.letrec<{ when: When }>((tie) => ({
  when: fc.record(
    {
      prefix: fc.array(
        fc.oneof(
          anyPrefix.map((prefix) => ({ prefix, orLonger: true as const })),
          fc.constant({ set: 'ours' }),
        ),
        { maxLength: 3 },
      ),
      path: fc.array(
        fc.oneof(
          anyAsn.map((contains) => ({ contains })),
          fc.constant({ matches: '^1.*2$' }),
        ),
        { maxLength: 2 },
      ),
      communities: fc.array(anyCommunity, { maxLength: 2 }),
      validation: fc.array(fc.constantFrom<Validation>('valid', 'invalid'), { maxLength: 2 }),
      med: fc.oneof(
        fc.constantFrom<'absent' | 'present'>('absent', 'present'),
        fc.integer({ min: 0, max: 3 }),
      ),
      otc: fc.boolean(),
      not: tie('when'),
      any: fc.array(tie('when'), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  ),
})).when as fc.Arbitrary<When>;
const anyThen: fc.Arbitrary<Then> = fc.record(
  {
    prepend: fc.integer({ min: 1, max: 3 }),
    med: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant('remove' as const), fc.constant({ add: 1 })),
    communities: fc.record(
      {
        replace: fc.array(anyCommunity, { maxLength: 2 }),
        remove: fc.array(anyCommunity),
        add: fc.array(anyCommunity),
      },
      { requiredKeys: [] },
    ),
    nextHop: fc.constantFrom<'self' | 'unchanged'>('self', 'unchanged'),
  },
  { requiredKeys: [] },
);
const anyRule = fc.record(
  { when: anyWhen, then: anyThen, end: fc.constantFrom<'accept' | 'reject'>('accept', 'reject') },
  { requiredKeys: [] },
) as fc.Arbitrary<Rule>;
const anyPolicy: fc.Arbitrary<Policy> = fc
  .array(anyRule, { maxLength: 5 })
  .map((rules) => ({ rules, sets: SETS }));
const anyRoute: fc.Arbitrary<Subject> = fc
  .record({
    prefix: anyPrefix,
    path: fc.array(anyAsn, { maxLength: 4 }),
    med: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    communities: fc.uniqueArray(anyCommunity),
    validation: fc.constantFrom<Validation>('valid', 'invalid', 'not-found'),
  })
  .map((r) =>
    route(
      [
        `path ${r.path.join(' ')}`,
        ...(r.med === undefined ? [] : [`med ${r.med}`]),
        ...(r.communities.length > 0 ? [`c ${r.communities.join(' ')}`] : []),
      ].join(', '),
      { prefix: r.prefix, validation: r.validation },
    ),
  );

test('property: evaluation and explanation agree, and both are deterministic', () => {
  fc.assert(
    fc.property(anyPolicy, anyRoute, (policy, subject) => {
      const before = JSON.stringify(subject);
      const [one, two] = [compile(policy, { localAsn: 65000 }), compile(policy, { localAsn: 65000 })];
      const outcome = one.evaluate(subject);
      const steps = explain(two, subject);
      const last = steps.at(-1);
      expect(outcome.accept).toBe(last?.end === 'accept');
      expect(outcome.rule?.index).toBe(last?.end ? last.rule.index : undefined);
      if (outcome.accept) {
        expect(outcome.changed).toBe(
          steps.some((s) => s.changes.some((c) => !c.what.startsWith('next-hop'))),
        );
        const again = two.evaluate(subject);
        expect(again.accept && again.attributes).toEqual(outcome.attributes);
      }
      expect(JSON.stringify(subject)).toBe(before);
    }),
    { numRuns: 300 },
  );
});

test('property: a policy says truly what its outcome depends on', () => {
  fc.assert(
    fc.property(anyPolicy, anyRoute, anyPrefix, (policy, subject, prefix) => {
      const compiled = compile(policy, { localAsn: 65000 });
      const of = (s: Subject) => {
        const o = compiled.evaluate(s);
        return o.accept ? { ...o, attributes: o.attributes } : o;
      };
      const outcome = of(subject);
      if (!compiled.usesPrefix) expect(of({ ...subject, prefix, family: IPV6_UNICAST })).toEqual(outcome);
      if (!compiled.usesValidation) expect(of({ ...subject, validation: 'unverified' })).toEqual(outcome);
      if (!compiled.usesSource) expect(of({ ...subject, source: INSIDE })).toEqual(outcome);
      if (compiled.changesNothing) expect(outcome).toMatchObject({ accept: true, changed: false });
      if (compiled.acceptsNothing) expect(outcome.accept).toBe(false);
    }),
    { numRuns: 300 },
  );
});

test('property: a policy is plain JSON and comes back as it was', () => {
  fc.assert(
    fc.property(anyPolicy, (policy) => {
      const back = JSON.parse(JSON.stringify(policy)) as Policy;
      expect(differs(policy, back)).toBe(false);
      expect(formatPolicy(back)).toEqual(formatPolicy(policy));
    }),
    { numRuns: 100 },
  );
});
