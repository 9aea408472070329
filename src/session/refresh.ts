/** Route refresh, plain (RFC 2918) and with its beginning and end marked (RFC 7313). */
import type { Instant } from '../base/index.ts';
import type { Family, RouteRefresh } from '../wire/index.ts';
import type { Negotiated, PeerEffect } from './event.ts';

/** A family whose table the peer is sending anew. */
export interface Refreshing {
  readonly family: Family;
  /** When what it has not sent again goes, even without EoRR (RFC 7313 §4). */
  readonly until: Instant;
}

/**
 * What a ROUTE-REFRESH asks for, and what is being refreshed after it. One for a family that was not negotiated, a subtype nobody knows
 * (RFC 7313 §5), and a marker that was not agreed on are passed over; so is a marker before the End-of-RIB of a peer that does
 * graceful restart (RFC 7313 §4). A second BoRR begins anew.
 */
export function refreshed(
  refreshing: readonly Refreshing[],
  { family, subtype }: RouteRefresh,
  negotiated: Negotiated,
  ended: readonly Family[],
  until: Instant,
  fx: PeerEffect[],
): readonly Refreshing[] {
  if (!negotiated.families.includes(family)) return refreshing;
  if (subtype === 'request') {
    fx.push({ do: 'resend', family, markers: negotiated.enhancedRefresh });
    return refreshing;
  }
  const early = negotiated.gracefulRestart !== undefined && !ended.includes(family);
  if (!negotiated.enhancedRefresh || early) return refreshing;
  const others = refreshing.filter((r) => r.family !== family);
  if (subtype === 'begin') {
    fx.push({ do: 'stale', family });
    return [...others, { family, until }];
  }
  if (subtype !== 'end' || others.length === refreshing.length) return refreshing;
  const why = 'the peer has sent everything again (EoRR)';
  fx.push({ do: 'flush', families: [family], why, refresh: true });
  return others;
}

/** Flushes the families whose EoRR did not come in time. */
export function afterRefresh(
  refreshing: readonly Refreshing[],
  now: Instant,
  fx: PeerEffect[],
): readonly Refreshing[] {
  const late = refreshing.filter((r) => r.until <= now).map((r) => r.family);
  if (late.length === 0) return refreshing;
  fx.push({ do: 'flush', families: late, why: 'the peer sent no end of its refresh (EoRR) in time' });
  return refreshing.filter((r) => r.until > now);
}
