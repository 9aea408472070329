/** Lists of attributes: finding one, and putting another in its place without touching the list that was given. */
import type { Attribute, AttributeKind } from '../wire/index.ts';

/** The type codes of all attributes with a name, so that a new one goes where RFC 4271 §5 wants it: in ascending order. */
const CODES: { readonly [K in Exclude<AttributeKind, 'unknown'>]: number } = {
  origin: 1,
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPref: 5,
  atomicAggregate: 6,
  aggregator: 7,
  communities: 8,
  originatorId: 9,
  clusterList: 10,
  mpReach: 14,
  mpReachOpaque: 14,
  mpUnreach: 15,
  mpUnreachOpaque: 15,
  extendedCommunities: 16,
  as4Path: 17,
  as4Aggregator: 18,
  ipv6ExtendedCommunities: 25,
  aigp: 26,
  largeCommunities: 32,
  otc: 35,
};

type Of<K extends AttributeKind> = Extract<Attribute, { readonly kind: K }>;

/** The attribute of this kind, or undefined. */
export function find<K extends AttributeKind>(attributes: readonly Attribute[], kind: K): Of<K> | undefined {
  for (const a of attributes) if (a.kind === kind) return a as Of<K>;
  return undefined;
}

/** The list with this attribute in the place of the one of its kind, or where its type code belongs. */
export function put(attributes: readonly Attribute[], fresh: Attribute): readonly Attribute[] {
  const old = attributes.findIndex((a) => a.kind === fresh.kind);
  if (old >= 0) return attributes.with(old, fresh);
  const before = attributes.findIndex((a) => code(a) > code(fresh));
  return attributes.toSpliced(before < 0 ? attributes.length : before, 0, fresh);
}

/** The list without the attribute of this kind; the same list when there is none. */
export function without(attributes: readonly Attribute[], kind: AttributeKind): readonly Attribute[] {
  return attributes.some((a) => a.kind === kind) ? attributes.filter((a) => a.kind !== kind) : attributes;
}

function code(a: Attribute): number {
  return a.kind === 'unknown' ? a.code : CODES[a.kind];
}
