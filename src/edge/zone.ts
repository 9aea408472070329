/** What a plan without daemons of its own says in DNS. */
import { type Address, familyOf } from '../base/index.ts';
import type { Plan } from '../plan/index.ts';
import type { Zone } from './identity.ts';

/** A zone for a plan that has none: named after the network, under `example` (RFC 2606), with the plan's own addresses. */
export function planZone(plan: Plan): Zone {
  const addresses = [...new Set(Object.values(plan.services).flatMap((s) => s.address))];
  const name = `${plan.network.toLowerCase().replace(/[^a-z0-9-]+/g, '-')}.example`;
  return { name, addresses: firstOfEach(addresses), serial: 1 };
}

/** One address of each family is enough for a name. */
function firstOfEach(addresses: readonly Address[]): readonly Address[] {
  return ([4, 6] as const).flatMap((family) => addresses.filter((a) => familyOf(a) === family).slice(0, 1));
}
