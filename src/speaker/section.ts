/**
 * Between the bytes that the RIB keeps and the values that policy and people read: canonical attribute sections
 * (`rib/attributes.ts`) decoded and made.
 */
import { type Address, type Prefix, prefixFamily } from '../base/index.ts';
import {
  type Agreed,
  ATTRIBUTES,
  type Attribute,
  decodeAttributes,
  encodeAttributes,
  type Family,
  FLAG,
  IPV4_UNICAST,
  IPV6_UNICAST,
} from '../wire/index.ts';

/** Sections hold 4-octet AS numbers and no path identifiers, whatever the sessions agreed. */
export const CANONICAL: Agreed = { asn4: true, extendedMessage: true, addPath: [] };

/** The values in a section. */
export function attributesOf(section: Uint8Array): readonly Attribute[] {
  return decodeAttributes(section, CANONICAL).attributes;
}

/**
 * The canonical section of values: MP_REACH_NLRI first and without prefixes, no MP_UNREACH_NLRI. Of the flags only what means
 * something is kept: Partial on what is optional and transitive (RFC 4271 §4.3).
 */
export function sectionOf(attributes: readonly Attribute[]): Uint8Array {
  const reach: Attribute[] = [];
  const rest: Attribute[] = [];
  for (const a of attributes) {
    if (a.kind === 'mpReach') reach.push({ ...plain(a), announced: [] });
    else if (a.kind !== 'mpUnreach' && a.kind !== 'mpUnreachOpaque' && a.kind !== 'mpReachOpaque')
      rest.push(plain(a));
  }
  return encodeAttributes(
    [...reach, ...rest.filter((a) => reach.length === 0 || a.kind !== 'nextHop')],
    CANONICAL,
  );
}

/** The attribute with its usual flags, and Partial where that may be. */
function plain<A extends Attribute>(a: A): A {
  if (a.flags === undefined) return a;
  const usual = a.kind === 'unknown' ? a.flags & WHAT : ATTRIBUTES[a.kind].flags;
  return { ...a, flags: usual === WHAT ? usual | (a.flags & FLAG.partial) : usual };
}

const WHAT = FLAG.optional | FLAG.transitive;

/** The same values with another next hop, in the attribute that fits the family and the address. */
export function withNextHop(
  attributes: readonly Attribute[],
  family: Family,
  nextHop: Address,
): readonly Attribute[] {
  const rest = attributes.filter((a) => a.kind !== 'nextHop' && a.kind !== 'mpReach');
  return family === IPV4_UNICAST && !nextHop.includes(':')
    ? [...rest, { kind: 'nextHop', nextHop }]
    : [{ kind: 'mpReach', family, nextHop, announced: [] }, ...rest];
}

/** The unicast family of a prefix. */
export function familyOfPrefix(prefix: Prefix): Family {
  return prefixFamily(prefix) === 4 ? IPV4_UNICAST : IPV6_UNICAST;
}
