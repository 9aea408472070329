/** The policies of a peer while they run, and what a change of them, or of what they look at, does to routes that are here already. */
import { type Compiled, compile, differs, type Policy } from '../policy/index.ts';
import type { Negotiated } from '../session/index.ts';
import { newExporter, newImporter, outboundOf, type Surroundings } from './exchange.ts';
import type { Peer } from './peer.ts';

/** A policy as it runs in this speaker. */
export function compiled({ options }: Surroundings, policy: Policy): Compiled {
  return compile(policy, { localAsn: options.asn });
}

/** Puts others in place of a peer's policies; undefined leaves one as it is. What the peer sent is not asked for again. */
export function setPolicies(
  around: Surroundings,
  peer: Peer,
  imports: Policy | undefined,
  exports: Policy | undefined,
): void {
  const newImport = imports !== undefined && differs(peer.import.policy, imports);
  const newExport = exports !== undefined && differs(peer.export.policy, exports);
  if (newImport) peer.import = compiled(around, imports);
  if (newExport) peer.export = compiled(around, exports);
  if (newImport) reimport(around, peer);
  if (newExport) reexport(around, peer);
}

/** Applies a peer's policies again, where they look at origin validation, which says something else now. */
export function revalidate(around: Surroundings, peer: Peer): void {
  if (peer.import.usesValidation) reimport(around, peer);
  if (peer.export.usesValidation) reexport(around, peer);
}

function reimport(around: Surroundings, peer: Peer): void {
  const { rib } = around;
  if (!peer.established) {
    // Of a peer that is away there may be routes that wait for its return (RFC 4724 §4.2).
    for (const family of peer.left ? peer.stale.keys() : []) {
      const importer = newImporter(around, peer, peer.left as Negotiated, family);
      rib.reimport({ peer, family, table: rib.table(family), importer });
    }
    return;
  }
  const { negotiated, exchanges } = peer.established;
  for (const exchange of exchanges.values()) {
    exchange.importer = newImporter(around, peer, negotiated, exchange.family);
    rib.reimport(exchange);
  }
}

function reexport(around: Surroundings, peer: Peer): void {
  if (!peer.established) return;
  const { negotiated, exchanges } = peer.established;
  for (const exchange of exchanges.values()) {
    exchange.exporter = newExporter(around, peer, negotiated, exchange.family);
    exchange.outbound = outboundOf(around, negotiated, exchange.family, exchange.exporter);
    around.rib.tellAll(exchange, false);
  }
}
