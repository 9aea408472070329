/** Sets up what an established session exchanges of each family, and sets it up anew when policy changes. */
import { ipv4Number } from '../base/index.ts';
import type { Neighbor, NeighborKind } from '../policy/index.ts';
import { AdjOut, EBGP, IBGP, LOCAL, type SourceKind } from '../rib/index.ts';
import type { Negotiated } from '../session/index.ts';
import {
  type Agreed,
  EXTENDED_MESSAGE_MAX,
  encodeAttributes,
  type Family,
  IPV4_UNICAST,
  MESSAGE_MAX,
  type Role,
  splitAs4,
} from '../wire/index.ts';
import { Exporter, selfNextHop } from './exporter.ts';
import { Importer } from './importer.ts';
import type { SpeakerOptions } from './options.ts';
import type { OutboundContext } from './outbound.ts';
import type { Exchange, Peer } from './peer.ts';
import type { Rib } from './rib.ts';
import { attributesOf } from './section.ts';

/** What exchanges need of the speaker they belong to. */
export interface Surroundings {
  readonly options: SpeakerOptions;
  readonly rib: Rib;
  /** Whom the routes of a source came from. */
  readonly neighborOf: (source: number) => Neighbor;
}

export function isExternal(around: Surroundings, negotiated: Negotiated): boolean {
  return negotiated.remoteAsn !== around.options.asn;
}

/** A new exchange of one family, not yet told anything. */
export function newExchange(
  around: Surroundings,
  peer: Peer,
  negotiated: Negotiated,
  family: Family,
): Exchange {
  const { rib } = around;
  const source = newSource(around, peer, negotiated);
  const importer = newImporter(around, peer, negotiated, family);
  const exporter = newExporter(around, peer, negotiated, family);
  const table = rib.table(family);
  const out = new AdjOut();
  const outbound = outboundOf(around, negotiated, family, exporter);
  return {
    peer,
    family,
    table,
    source,
    importer,
    exporter,
    out,
    outbound,
    after: [],
    again: false,
    later: false,
    warned: false,
  };
}

/** A source for the routes that a peer sends from now on. */
export function newSource({ rib, options }: Surroundings, peer: Peer, negotiated: Negotiated): number {
  const kind = negotiated.remoteAsn === options.asn ? IBGP : EBGP;
  return rib.sources.add(peer.number, kind, ipv4Number(negotiated.remoteId) ?? 0, peer.options.address);
}

export function newImporter(
  around: Surroundings,
  peer: Peer,
  negotiated: Negotiated,
  family: Family,
): Importer {
  const { options, rib } = around;
  return new Importer({
    family,
    table: rib.table(family),
    store: rib.store,
    policy: peer.import,
    neighbor: neighbor(around, peer, negotiated),
    external: isExternal(around, negotiated),
    enforceFirstAs: peer.options.enforceFirstAs ?? true,
    localAsn: options.asn,
    localId: ipv4Number(options.id) ?? 0,
    localAddress: negotiated.local,
    role: roleOf(around, peer, negotiated),
    validate: options.validate ?? (() => 'unverified'),
  });
}

/** RFC 9234 §4.2: where the peer names no role, the one configured here rules all the same. A peer that names a wrong one has no session. */
function roleOf(around: Surroundings, peer: Peer, negotiated: Negotiated): Role | undefined {
  return isExternal(around, negotiated) ? (negotiated.role ?? peer.options.session.role) : undefined;
}

export function newExporter(
  around: Surroundings,
  peer: Peer,
  negotiated: Negotiated,
  family: Family,
): Exporter {
  const { options, rib } = around;
  const wanted = peer.options.nextHop?.[family];
  const mayBeV6 = family !== IPV4_UNICAST || negotiated.extendedNextHop.includes(family);
  const local = negotiated.local;
  const own = local.includes(':') ? mayBeV6 : family === IPV4_UNICAST;
  return new Exporter({
    family,
    table: rib.table(family),
    store: rib.store,
    outgoing: rib.outgoing,
    sources: rib.sources,
    peer: peer.number,
    policy: peer.export,
    neighbor: neighbor(around, peer, negotiated),
    neighborOf: around.neighborOf,
    external: isExternal(around, negotiated),
    transparent: peer.options.transparent ?? false,
    nextHopSelf: peer.options.nextHopSelf ?? false,
    self: selfNextHop(own ? local : undefined, wanted),
    extendedNextHop: negotiated.extendedNextHop.includes(family),
    localAsn: options.asn,
    role: roleOf(around, peer, negotiated),
    validate: options.validate ?? (() => 'unverified'),
  });
}

export function outboundOf(
  { rib }: Surroundings,
  negotiated: Negotiated,
  family: Family,
  exporter: Exporter,
): OutboundContext {
  return {
    family,
    table: rib.table(family),
    exporter,
    outgoing: rib.outgoing,
    narrow: negotiated.send.asn4 ? undefined : narrow,
    limit: negotiated.send.extendedMessage ? EXTENDED_MESSAGE_MAX : MESSAGE_MAX,
  };
}

/** How policy knows the peer. */
export function neighbor(around: Surroundings, peer: Peer, negotiated: Negotiated): Neighbor {
  return {
    asn: negotiated.remoteAsn,
    address: peer.options.address,
    name: peer.name,
    kind: isExternal(around, negotiated) ? 'ebgp' : 'ibgp',
  };
}

/** How policy knows whom a source stands for; `peers` is by number. */
export function neighborOf(
  around: Surroundings,
  peers: readonly (Peer | undefined)[],
  source: number,
): Neighbor {
  const { options, rib } = around;
  const peer = peers[rib.sources.peer[source] as number];
  if (!peer) {
    // Ours; or left of a peer that is gone, which must not be taken for ours before it is removed.
    const kind = KINDS[rib.sources.kind[source] as SourceKind];
    return { asn: kind === 'local' ? options.asn : 0, address: options.id, kind };
  }
  const negotiated = peer.established?.negotiated ?? peer.left;
  if (negotiated) return neighbor(around, peer, negotiated);
  const { address, name, session } = peer.options;
  const kind = session.remoteAsn === options.asn ? 'ibgp' : 'ebgp';
  return { asn: typeof session.remoteAsn === 'number' ? session.remoteAsn : 0, address, name, kind };
}

/** How policy names the kinds of sources. */
const KINDS: { readonly [K in SourceKind]: NeighborKind } = {
  [LOCAL]: 'local',
  [EBGP]: 'ebgp',
  [IBGP]: 'ibgp',
};

const TWO_OCTETS: Agreed = { asn4: false, extendedMessage: true, addPath: [] };

/** A canonical section as a peer of 2-octet AS numbers reads it (RFC 6793 §4.2.2). */
function narrow(section: Uint8Array): Uint8Array {
  return encodeAttributes(splitAs4(attributesOf(section)), TWO_OCTETS);
}
