/** The services of a plan that we can serve ourselves, so that a plan without daemons of its own has real ones. */
import { type Address, familyOf } from '../base/index.ts';
import type { Endpoint } from '../host/index.ts';
import { type Plan, type Service, sitesOf } from '../plan/index.ts';
import type { EdgeService } from './edge.ts';
import type { Zone } from './identity.ts';

/**
 * What a site of the plan would have to serve, by what its probes ask: DNS where they ask DNS, HTTP where they ask HTTP, on the
 * service's own addresses and the probe's port. `place` says where a service really listens, where that is another endpoint.
 */
export function edgeServices(
  plan: Plan,
  site: string,
  place: (target: Endpoint, service: string) => Endpoint | undefined = (target) => target,
): readonly EdgeService[] {
  return Object.entries(plan.services)
    .filter(([, service]) => sitesOf(plan, service).includes(site))
    .flatMap(([name, service]) =>
      ports(service).map(({ kind, port }): EdgeService => {
        const listen = service.address
          .map((address) => place({ address, port }, name))
          .filter((e) => e !== undefined);
        return { name, kind, listen: unique(listen) };
      }),
    )
    .filter((service) => service.listen.length > 0);
}

/** A zone for a plan that has none: named after the network, under `example` (RFC 2606), with the plan's own addresses. */
export function planZone(plan: Plan): Zone {
  const addresses = [...new Set(Object.values(plan.services).flatMap((s) => s.address))];
  const name = `${plan.network.toLowerCase().replace(/[^a-z0-9-]+/g, '-')}.example`;
  return { name, addresses: firstOfEach(addresses), serial: 1 };
}

function ports(service: Service): readonly { readonly kind: 'dns' | 'http'; readonly port: number }[] {
  const found = Object.values(service.probes).flatMap((p) =>
    (p.kind === 'dns' || p.kind === 'http') && (p.target === undefined || service.address.includes(p.target))
      ? [{ kind: p.kind, port: p.port }]
      : [],
  );
  return found.filter((a, i) => found.findIndex((b) => a.kind === b.kind && a.port === b.port) === i);
}

function unique(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const seen = new Set<string>();
  return endpoints.filter(({ address, port }) => {
    const key = `${address} ${port}`;
    return port === 0 || (!seen.has(key) && seen.add(key));
  });
}

/** One address of each family is enough for a name. */
function firstOfEach(addresses: readonly Address[]): readonly Address[] {
  return ([4, 6] as const).flatMap((family) => addresses.filter((a) => familyOf(a) === family).slice(0, 1));
}
