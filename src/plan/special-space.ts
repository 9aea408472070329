/** Address space that is not for the public internet: the special-purpose registries (RFC 6890), documentation and reserved space. */
import { covers, type Prefix, prefixFamily, prefixLength } from '../base/index.ts';

export type Special = 'documentation' | 'private' | 'reserved';

const TABLE: readonly (readonly [prefix: string, kind: Special, what: string])[] = [
  ['0.0.0.0/8', 'reserved', 'this network (RFC 791)'],
  ['10.0.0.0/8', 'private', 'private use (RFC 1918)'],
  ['100.64.0.0/10', 'private', 'shared address space (RFC 6598)'],
  ['127.0.0.0/8', 'reserved', 'loopback (RFC 1122)'],
  ['169.254.0.0/16', 'reserved', 'link local (RFC 3927)'],
  ['172.16.0.0/12', 'private', 'private use (RFC 1918)'],
  ['192.0.0.0/24', 'reserved', 'IETF protocol assignments (RFC 6890)'],
  ['192.0.2.0/24', 'documentation', 'documentation (RFC 5737)'],
  ['192.88.99.0/24', 'reserved', '6to4 relay anycast, deprecated (RFC 7526)'],
  ['192.168.0.0/16', 'private', 'private use (RFC 1918)'],
  ['198.18.0.0/15', 'reserved', 'benchmarking (RFC 2544)'],
  ['198.51.100.0/24', 'documentation', 'documentation (RFC 5737)'],
  ['203.0.113.0/24', 'documentation', 'documentation (RFC 5737)'],
  ['224.0.0.0/4', 'reserved', 'multicast (RFC 5771)'],
  ['240.0.0.0/4', 'reserved', 'reserved (RFC 1112)'],
  ['2001::/23', 'reserved', 'IETF protocol assignments (RFC 2928)'],
  ['2001:db8::/32', 'documentation', 'documentation (RFC 3849)'],
  ['2002::/16', 'reserved', '6to4 (RFC 3056)'],
  ['3fff::/20', 'documentation', 'documentation (RFC 9637)'],
];

/** The only IPv6 space that is given out (RFC 4291 §2.4, IANA's list of 2000::/3). */
const GLOBAL_V6 = '2000::/3' as Prefix;
const LOCAL_V6 = 'fc00::/7' as Prefix;

/** What is special about the space a prefix lies in or reaches into; undefined for space of the public internet. */
export function specialSpace(prefix: Prefix): { readonly kind: Special; readonly what: string } | undefined {
  for (const [space, kind, what] of TABLE)
    if (covers(space as Prefix, prefix) || (covers(prefix, space as Prefix) && prefixLength(prefix) < 8))
      return { kind, what };
  if (prefixFamily(prefix) === 6 && !covers(GLOBAL_V6, prefix))
    return covers(LOCAL_V6, prefix)
      ? { kind: 'private', what: 'unique local (RFC 4193)' }
      : { kind: 'reserved', what: 'outside the global unicast space 2000::/3 (RFC 4291)' };
  return undefined;
}
