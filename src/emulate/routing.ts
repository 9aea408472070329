/** How the ASes of the emulated internet treat each other: preferences and exports after Gao and Rexford, as policy data. */
import type { Asn } from '../base/index.ts';
import type { Role as PlanRole } from '../plan/index.ts';
import type { Policy } from '../policy/index.ts';
import type { Role } from '../wire/index.ts';

/** What a neighbour is to an AS. */
export type Relation = 'customer' | 'peer' | 'provider';

const PREFERENCE: { readonly [R in Relation]: number } = { customer: 200, peer: 150, provider: 100 };

/** Money first; and who says GRACEFUL_SHUTDOWN is the last resort (RFC 8326 §4.2). */
export function importOf(relation: Relation): Policy {
  return {
    name: `from a ${relation}`,
    rules: [
      // biome-ignore lint/suspicious/noThenProperty: a rule's word
      { name: 'leaving', when: { communities: ['65535:0'] }, then: { localPref: 0 }, end: 'accept' },
      // biome-ignore lint/suspicious/noThenProperty: a rule's word
      { name: relation, then: { localPref: PREFERENCE[relation] }, end: 'accept' },
    ],
  };
}

/** Customers hear everything, the others what customers said. */
export function exportOf(relation: Relation, customers: readonly Asn[]): Policy {
  if (relation === 'customer') return { name: 'to a customer', rules: [{ end: 'accept' }] };
  return {
    name: `to a ${relation}`,
    rules: [{ when: { source: [{ asn: [...customers] }, { kind: 'local' }] }, end: 'accept' }],
  };
}

/** What an AS is to a neighbour of this relation (RFC 9234 §4.1). */
export function roleTowards(relation: Relation): Role {
  return relation === 'customer' ? 'provider' : relation === 'provider' ? 'customer' : 'peer';
}

/** The plan's word for an upstream, seen from both ends: our role, theirs, and what we are to them. */
export const ATTACHED: {
  readonly [R in PlanRole]: { readonly ours?: Role; readonly theirs?: Role; readonly relation: Relation };
} = {
  provider: { ours: 'customer', theirs: 'provider', relation: 'customer' },
  peer: { ours: 'peer', theirs: 'peer', relation: 'peer' },
  customer: { ours: 'provider', theirs: 'customer', relation: 'provider' },
  'route-server': { ours: 'rs-client', theirs: 'rs', relation: 'peer' },
  'route-server-client': { ours: 'rs', theirs: 'rs-client', relation: 'peer' },
  internal: { relation: 'customer' },
};
