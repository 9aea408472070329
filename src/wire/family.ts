/**
 * Address families (RFC 4760 §3). A `Family` is its name as operators write it, `ipv4-unicast`, or `afi/safi` in numbers for
 * the ones without a name here, so that it is plain JSON and a key of a Map.
 */
export type Family = string & { readonly __kind: 'family' };

export const IPV4_UNICAST = 'ipv4-unicast' as Family;
export const IPV6_UNICAST = 'ipv6-unicast' as Family;
export const IPV4_MULTICAST = 'ipv4-multicast' as Family;
export const IPV6_MULTICAST = 'ipv6-multicast' as Family;

const NAMES: readonly (readonly [afi: number, safi: number, family: Family])[] = [
  [1, 1, IPV4_UNICAST],
  [1, 2, IPV4_MULTICAST],
  [2, 1, IPV6_UNICAST],
  [2, 2, IPV6_MULTICAST],
];

/** The family of an AFI and a SAFI. */
export function family(afi: number, safi: number): Family {
  for (const [a, s, name] of NAMES) if (a === afi && s === safi) return name;
  return `${afi}/${safi}` as Family;
}

/** The AFI and SAFI of a family. */
export function familyCode(family: Family): { readonly afi: number; readonly safi: number } {
  for (const [afi, safi, name] of NAMES) if (name === family) return { afi, safi };
  const [afi, safi] = family.split('/').map(Number);
  return { afi: afi as number, safi: safi as number };
}
