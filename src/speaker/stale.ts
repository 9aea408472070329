/**
 * Routes that are kept though nobody vouches for them any more: those of a peer that restarts (RFC 4724 §4.2), and those a
 * peer has yet to send again in a refresh (RFC 7313 §4).
 */
import type { Family } from '../wire/index.ts';
import type { Peer } from './peer.ts';
import type { Rib } from './rib.ts';

/** Keeps the routes of a source, as stale. */
export function keepStale(rib: Rib, peer: Peer, family: Family, source: number): void {
  rib.sources.stale[source] = 1;
  peer.stale.set(family, [...(peer.stale.get(family) ?? []), source]);
}

/** Lets what is stale go. True when there was a route among it. */
export function removeStale(rib: Rib, peer: Peer, family: Family): boolean {
  const sources = peer.stale.get(family) ?? [];
  peer.stale.delete(family);
  const held = sources.some((s) => rib.sources.routes[s] !== 0);
  for (const source of sources) rib.removeSource(family, source);
  return held;
}
