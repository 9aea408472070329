/** How long the clients of a failed site stay without service, counted from when the failure is noticed. */
import type { Rival } from './versus.ts';

export interface Failover {
  /** Seconds until the first clients, and until nearly all, are served elsewhere; infinite: not before the site is back. */
  readonly first: number;
  readonly last: number;
  readonly words: string;
}

/**
 * What is known of routing: withdrawals are through within seconds at some networks and after some two minutes at nine of ten
 * (RIPE Labs 2011, "The Shape of a BGP Update"; García-Martínez and Bagnulo measured 121 s in 2018).
 */
export const ROUTING: Failover = { first: 5, last: 120, words: '5 s to 2 min (routing)' };

/**
 * Under anycast routing decides; under GeoDNS the name's time to live, of which a client has on average half before it, and
 * which some resolvers do not keep to; under unicast nothing but the site's return.
 */
export function failoverOf(way: 'anycast' | Rival, ttlSeconds: number): Failover {
  if (way === 'anycast') return ROUTING;
  if (way.kind === 'unicast')
    return {
      first: Number.POSITIVE_INFINITY,
      last: Number.POSITIVE_INFINITY,
      words: `until ${way.site} is back`,
    };
  const words = `half in ${span(ttlSeconds / 2)}, all in ${span(ttlSeconds)} (TTL)`;
  return { first: 0, last: ttlSeconds, words };
}

function span(s: number): string {
  if (s < 120) return `${Number(s.toFixed(s < 10 ? 1 : 0))} s`;
  return s < 7200 ? `${Number((s / 60).toFixed(1))} min` : `${Number((s / 3600).toFixed(1))} h`;
}
