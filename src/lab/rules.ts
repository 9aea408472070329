// biome-ignore-all lint/suspicious/noThenProperty: rules are `when`, `then`, `end`; none of these is awaited.
/**
 * What each autonomous system of the embedded internet accepts, prefers and tells on, as policy: customers before peers before
 * providers, and what comes from peers or providers goes to customers only (Gao and Rexford). Where a route came from is
 * written on it as a large community of the AS itself, so that all its routers know; it stays inside.
 */
import type { Asn } from '../base/index.ts';
import type { Policy, Rule } from '../policy/index.ts';

/** What a neighbour is to the AS whose policy this is. */
export type Neighbour = 'customer' | 'peer' | 'provider' | 'internal';

const PREFERENCE = { customer: 300, peer: 200, provider: 100 } as const;
const MARK = { customer: 1, peer: 2, provider: 3 } as const;

/** RFC 8326: whoever can go another way does. */
const GRACEFUL_SHUTDOWN = '65535:0';

/** The middle part of the large communities that say where a route came from. */
const FROM = 1;

/**
 * What is taken from a neighbour. Of routes equally good by preference and path the nearest exit wins (hot potato), as an interior
 * protocol would have it: the distance to the neighbour, and within an AS that to the router at its border, is written into MED,
 * which all of them compare. What a customer says of MED is kept, and the distance added.
 */
export function importPolicy(asn: Asn, from: Neighbour, distance: number): Policy {
  if (from === 'internal')
    return { name: 'inside', rules: [{ then: { med: { add: distance } }, end: 'accept' }] };
  const then = {
    localPref: PREFERENCE[from],
    ...(from !== 'customer' ? { med: distance } : distance > 0 ? { med: { add: distance } } : {}),
    largeCommunities: { remove: [`${asn}:${FROM}:*`], add: [`${asn}:${FROM}:${MARK[from]}`] },
  };
  const rules: Rule[] = [
    {
      name: 'on its way out',
      when: { communities: [GRACEFUL_SHUTDOWN] },
      then: { ...then, localPref: 0 },
      end: 'accept',
    },
    { name: from, then, end: 'accept' },
  ];
  return { name: `from a ${from}`, rules };
}

/** What a neighbour is told. */
export function exportPolicy(asn: Asn, to: Neighbour): Policy {
  if (to === 'internal') return { name: 'inside', rules: [{ end: 'accept' }] };
  const then = { med: 'remove', largeCommunities: { remove: [`${asn}:${FROM}:*`] } } as const;
  const mine = { largeCommunities: [`${asn}:${FROM}:${MARK.customer}`] };
  return to === 'customer'
    ? { name: 'to a customer', rules: [{ name: 'everything', then, end: 'accept' }] }
    : { name: `to a ${to}`, rules: [{ name: "customers' routes", when: mine, then, end: 'accept' }] };
}
