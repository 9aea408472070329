/**
 * The restarting speaker's patience (RFC 4724 §4.1): after a restart nothing is selected before every peer that kept our
 * forwarding alive has sent its table, or the time is up. A small machine beside the peers', one for a speaker.
 */
import { after, type Instant, type Millis } from '../base/index.ts';
import type { Family } from '../wire/index.ts';
import type { Negotiated } from './event.ts';

export interface Deferral {
  readonly until: Instant;
  /** By peer: the families whose End-of-RIB has not come. A peer without any is done and not listed. */
  readonly awaited: { readonly [peer: string]: readonly Family[] };
}

export type DeferralEvent =
  | { readonly kind: 'up'; readonly peer: string; readonly negotiated: Negotiated }
  | { readonly kind: 'endOfRib'; readonly peer: string; readonly family: Family }
  /** The peer will not come: it was stopped or removed. */
  | { readonly kind: 'gone'; readonly peer: string };

/** What peers are awaited with, and for how long (the Selection_Deferral_Timer). */
export function newDeferral(
  peers: readonly { readonly name: string; readonly families: readonly Family[] }[],
  longest: Millis,
  now: Instant,
): Deferral {
  const awaited = peers.filter((p) => p.families.length > 0).map((p) => [p.name, p.families] as const);
  return { until: after(now, longest), awaited: Object.fromEntries(awaited) };
}

/**
 * A peer that comes up without graceful restart, or that has itself restarted, is not waited for (RFC 4724 §4.1); of the others, the families
 * that were negotiated. One that goes away again is still awaited: it comes back, or the time runs out.
 */
export function stepDeferral(d: Deferral, event: DeferralEvent): Deferral {
  const families = Object.hasOwn(d.awaited, event.peer) ? d.awaited[event.peer] : undefined;
  if (!families) return d;
  switch (event.kind) {
    case 'gone':
      return awaiting(d, event.peer, []);
    case 'endOfRib':
      return awaiting(
        d,
        event.peer,
        families.filter((f) => f !== event.family),
      );
    case 'up': {
      const { gracefulRestart: gr, families: common } = event.negotiated;
      const waits = gr !== undefined && !gr.peerRestarted;
      return awaiting(d, event.peer, waits ? families.filter((f) => common.includes(f)) : []);
    }
  }
}

/** Families for which nothing may be selected yet. */
export function deferredFamilies(d: Deferral, now: Instant): readonly Family[] {
  if (now >= d.until) return [];
  return [...new Set(Object.values(d.awaited).flat())];
}

/** Selection may begin, of this family or of all. */
export function deferralOver(d: Deferral, now: Instant, family?: Family): boolean {
  const waits = deferredFamilies(d, now);
  return family === undefined ? waits.length === 0 : !waits.includes(family);
}

function awaiting(d: Deferral, peer: string, families: readonly Family[]): Deferral {
  const { [peer]: _, ...others } = d.awaited;
  return { ...d, awaited: families.length === 0 ? others : { ...others, [peer]: families } };
}
