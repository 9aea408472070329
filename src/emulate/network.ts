/**
 * The network around a plan, as data: the ASes of a small internet, the links between them with their latencies, and where
 * each site is attached. An upstream that the generated internet has is that AS; any other becomes one of its own, a
 * customer of the nearest carriers.
 */
import { type Asn, type Millis, millis } from '../base/index.ts';
import type { Plan, Role, Upstream } from '../plan/index.ts';
import {
  CITIES,
  distanceKm,
  findPlace,
  generateWorld,
  type LatLon,
  linkLatencyMs,
  linksOf,
  nameOf,
  placesOf,
  transitNear,
  type World,
} from '../topology/index.ts';

export interface NetworkOptions {
  /** How many ASes the internet has, beside upstreams that it does not know. Default 20, the fewest. */
  readonly ases?: number;
  /** Of the internet; default 1. */
  readonly seed?: number;
}

export interface Network {
  readonly plan: Plan;
  readonly ases: readonly AsNode[];
  readonly links: readonly AsLink[];
  readonly attachments: readonly Attachment[];
  /** Upstreams that are not emulated, as `site/upstream`, and why. */
  readonly omitted: { readonly [upstream: string]: string };
}

export interface AsNode {
  readonly asn: Asn;
  readonly name: string;
}

/** `from` is the provider of `to`, or its peer. */
export interface AsLink {
  readonly name: string;
  readonly from: Asn;
  readonly to: Asn;
  readonly relation: 'customer' | 'peer';
  readonly latency: Millis;
}

export interface Attachment {
  /** `fra/as64601`. */
  readonly name: string;
  readonly site: string;
  readonly upstream: string;
  readonly asn: Asn;
  readonly role: Role;
  readonly latency: Millis;
}

/** Builds the network of a plan; the same plan and options give the same network. */
export function networkOf(plan: Plan, options: NetworkOptions = {}): Network {
  // The plan's own number must not be one of the internet's.
  const ases = options.ases ?? 20;
  const first = plan.asn >= 64601 && plan.asn < 64601 + 900 ? { firstAsn: 4_200_000_000 } : {};
  const world = generateWorld({ ases, seed: options.seed ?? 1, ...first });
  const nodes: AsNode[] = Array.from(world.graph.asns, (asn, i) => ({ asn, name: nameOf(world, i) }));
  const links: AsLink[] = linksOf(world).map((l) => ({
    name: `${l.from}-${l.to}`,
    from: l.from,
    to: l.to,
    relation: l.relation,
    latency: millis(l.latencyMs),
  }));
  const attachments: Attachment[] = [];
  const omitted: { [name: string]: string } = {};
  const indexOf = new Map(nodes.map((n, i) => [n.asn, i]));
  for (const [site, { upstreams }] of Object.entries(plan.sites)) {
    const at = whereIs(plan, site);
    for (const [upstream, u] of Object.entries(upstreams)) {
      const name = `${site}/${upstream}`;
      const why = unfit(plan, u);
      if (why !== undefined) {
        omitted[name] = why;
        continue;
      }
      if (!indexOf.has(u.asn)) {
        indexOf.set(u.asn, nodes.length);
        nodes.push({ asn: u.asn, name: u.description ?? `AS${u.asn}` });
        for (const carrier of transitNear(world, at ?? { lat: 0, lon: 0 }).slice(0, 2))
          links.push({
            name: `${carrier}-${u.asn}`,
            from: carrier,
            to: u.asn,
            relation: 'customer',
            latency: latencyTo(world, carrier, at),
          });
      }
      attachments.push({
        name,
        site,
        upstream,
        asn: u.asn,
        role: u.role,
        latency: latencyTo(world, u.asn, at),
      });
    }
  }
  return { plan, ases: nodes, links, attachments, omitted };
}

function unfit(plan: Plan, upstream: Upstream): string | undefined {
  if (!upstream.enabled) return 'not enabled';
  return upstream.asn === plan.asn ? "a router of the plan's own AS" : undefined;
}

function whereIs(plan: Plan, name: string): LatLon | undefined {
  const site = plan.sites[name];
  const { coordinates, place } = site ?? {};
  if (coordinates) return { lat: coordinates.latitude, lon: coordinates.longitude };
  return place === undefined ? undefined : findPlace(place, CITIES);
}

/** From the nearest city of an AS; a millisecond where places are not known. */
function latencyTo(world: World, asn: Asn, at: LatLon | undefined): Millis {
  const index = world.graph.asns.indexOf(asn);
  if (index < 0 || !at) return millis(1);
  const far = Array.from(placesOf(world, index), (p) => distanceKm(world.places[p] as LatLon, at));
  return millis(far.length === 0 ? 1 : linkLatencyMs(Math.min(...far)));
}
