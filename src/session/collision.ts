/** Which of two connections to the same peer is kept (RFC 4271 §6.8, RFC 6286 §2.3). */
import { ipv4Number } from '../base/index.ts';
import type { Settings } from './config.ts';
import type { Negotiated } from './event.ts';
import type { Phase } from './session.ts';

/**
 * True when the connection that we opened goes: the one that the speaker with the higher identifier opened is kept; with equal
 * identifiers, the one of the higher AS number.
 */
export function outgoingLoses(settings: Settings, theirs: Negotiated): boolean {
  const [our, their] = [ipv4Number(settings.localId) ?? 0, ipv4Number(theirs.remoteId) ?? 0];
  return our === their ? settings.localAsn < theirs.remoteAsn : our < their;
}

const ORDER: readonly Phase[] = ['idle', 'active', 'connect', 'openSent', 'openConfirm', 'established'];

/** The phase that has come further. */
export function further(a: Phase, b: Phase): Phase {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}
