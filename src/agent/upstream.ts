/** From an upstream of the plan to what a router is given: a session with its protections, and nothing announced yet. */
import { familyOf } from '../base/index.ts';
import { ControlError, type ListenAt } from '../host/index.ts';
import { meant, nearest, type Plan, type Role as PlanRole, type Upstream } from '../plan/index.ts';
import { type Announcement, exportPolicy, importPolicy } from '../site/index.ts';
import type { Peer, Speaker } from '../speaker/index.ts';
import { type Family, IPV4_UNICAST, IPV6_UNICAST, type Role } from '../wire/index.ts';
import type { RouterPeer } from './router.ts';

/** What we are to a neighbour that is this to us (RFC 9234 §4.1). Internal sessions have no roles. */
const OUR_ROLE: { readonly [R in Exclude<PlanRole, 'internal'>]: Role } = {
  provider: 'customer',
  peer: 'peer',
  customer: 'provider',
  'route-server': 'rs-client',
  'route-server-client': 'rs',
};

/** What of an upstream is not in the plan: its password, and the dice for its jitter. */
export interface Own {
  readonly password?: string;
  /** A 32-bit number. */
  readonly seed: number;
  readonly hostname?: string;
}

/** The upstream as a peer of the router, with the policies that say what `announcement` says. */
export function upstreamPeer(
  plan: Plan,
  site: string,
  name: string,
  announcement: Announcement,
  own: Own,
): RouterPeer {
  const upstream = plan.sites[site]?.upstreams[name] as Upstream;
  const families = familiesOf(upstream);
  const { role, bfd, gracefulRestart } = upstream;
  const passwords = own.password === undefined ? {} : { password: own.password };
  // IPv4 over an IPv6 session needs either an IPv4 next hop of ours or the peer's consent (RFC 8950).
  const noHop4 = familyOf(upstream.address) === 6 && !upstream.nextHop.some((a) => familyOf(a) === 4);
  return {
    options: {
      name,
      address: upstream.address,
      session: {
        localAsn: plan.asn,
        localId: plan.sites[site]!.routerId,
        remoteAsn: upstream.asn,
        passive: upstream.passive,
        families,
        holdTime: upstream.holdTime,
        extendedNextHop: noHop4 && families.includes(IPV4_UNICAST) ? [IPV4_UNICAST] : [],
        seed: own.seed,
        ...(gracefulRestart === undefined ? {} : { gracefulRestart: { restartTime: gracefulRestart } }),
        ...(role === 'internal' ? {} : { role: OUR_ROLE[role] }),
        ...(bfd ? { bfd: 'on' as const } : {}),
        ...(own.hostname === undefined ? {} : { hostname: { host: own.hostname } }),
      },
      import: importPolicy(plan, site, name),
      export: exportPolicy(plan, announcement, name),
      enforceFirstAs: role !== 'route-server',
      nextHop: Object.fromEntries(
        upstream.nextHop.map((a) => [familyOf(a) === 4 ? IPV4_UNICAST : IPV6_UNICAST, a]),
      ),
      prefixLimit: Object.fromEntries(families.map((f) => [f, { limit: upstream.maximumPrefixes }])),
    },
    transport: {
      port: upstream.port,
      ...passwords,
      ...(upstream.localAddress === undefined ? {} : { localAddress: upstream.localAddress }),
      ...(upstream.interface === undefined ? {} : { interface: upstream.interface }),
      ...(upstream.ttlSecurity === undefined ? {} : { gtsmHops: upstream.ttlSecurity }),
      ...(upstream.ttlSecurity === undefined && upstream.multihop > 1 ? { ttl: upstream.multihop } : {}),
    },
    ...(bfd
      ? { bfd: { desiredMinTx: bfd.interval, requiredMinRx: bfd.interval, detectMult: bfd.multiplier } }
      : {}),
  };
}

export function familiesOf(upstream: Pick<Upstream, 'families'>): readonly Family[] {
  return upstream.families.map((f) => (f === 4 ? IPV4_UNICAST : IPV6_UNICAST));
}

/**
 * Where a site has to listen when nobody says otherwise: at its own ends of the sessions that it waits for. A site that dials
 * all its upstreams opens no port.
 */
export function listenFor(plan: Plan, site: string): readonly ListenAt[] {
  const all = Object.values(plan.sites[site]?.upstreams ?? {}).flatMap((u): ListenAt[] =>
    u.enabled && u.passive
      ? [
          {
            address: (u.localAddress ??
              (familyOf(u.address) === 4 ? '0.0.0.0' : '::')) as ListenAt['address'],
            port: u.port,
          },
        ]
      : [],
  );
  const seen = new Set<string>();
  return all.filter(({ address, port }) => {
    const key = `${address} ${port}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** The peer that an operator names: by name, address, or AS. Throws a {@link ControlError} of exit 2 that says what there is. */
export function peerNamed({ peers }: Speaker, name: unknown): Peer {
  const found = meant(name, peers.values(), ({ name, options: { address, session } }) => ({
    name,
    address,
    asns: [session.remoteAsn].flat().filter((asn) => asn !== 'any'),
  }));
  if (found) return found;
  const near = nearest(String(name), peers.keys());
  throw new ControlError(
    `there is no upstream named '${String(name)}'${near === undefined ? '' : `; did you mean ${near}?`}; there are: ${[...peers.keys()].join(', ')}`,
    2,
  );
}
