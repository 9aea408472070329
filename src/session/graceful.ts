/** The receiving speaker's part of graceful restart: what is kept of a peer that went away, and for how long (RFC 4724 §4.2, RFC 8538). */
import { after, type Instant, type Millis, millis } from '../base/index.ts';
import { CEASE, type Family } from '../wire/index.ts';
import type { Settings } from './config.ts';
import type { Down, Negotiated } from './event.ts';
import { stillForwarding } from './open.ts';

/** Routes of a peer that is away, or back and not yet done sending. */
export interface Stale {
  readonly families: readonly Family[];
  /** When they go at the latest. */
  readonly until: Instant;
  /** The peer is back; its End-of-RIB is awaited. */
  readonly back: boolean;
}

const NONE: readonly Family[] = [];
const CODE_CEASE = 6;

/**
 * Families whose routes stay when a session ends so: those the peer can restart without loss, when the connection broke; after a NOTIFICATION either
 * way only if both sides agreed on that and it is no Hard Reset. What BFD saw die forwards nothing (RFC 5882 §4.3).
 */
export function retained(negotiated: Negotiated, why: Down): readonly Family[] {
  const gr = negotiated.gracefulRestart;
  if (!gr || why.by === 'bfd') return NONE;
  const said = why.received ?? why.sent;
  if (!said) return gr.families;
  const hard = said.code === CODE_CEASE && said.subcode === CEASE.hardReset;
  return gr.notification && !hard ? gr.families : NONE;
}

/** The peer is gone: its restart time runs, within our own bound. */
export function goneAway(
  families: readonly Family[],
  negotiated: Negotiated,
  settings: Settings,
  now: Instant,
): Stale {
  const asked = (negotiated.gracefulRestart?.restartTime ?? 0) * 1000;
  const most = settings.gracefulRestart?.staleTime ?? 0;
  return { families, until: after(now, millis(Math.min(asked, most))), back: false };
}

/** The peer is back: what stays stale until its End-of-RIB, and the families whose routes go now because it did not keep forwarding. */
export function backAgain(
  stale: Stale,
  negotiated: Negotiated,
  staleTime: Millis,
  now: Instant,
): readonly [Stale | undefined, readonly Family[]] {
  const kept = stillForwarding(negotiated);
  const families = stale.families.filter((f) => kept.includes(f));
  const gone = stale.families.filter((f) => !kept.includes(f));
  if (families.length === 0) return [undefined, gone];
  return [{ families, until: after(now, staleTime), back: true }, gone];
}

export function staleFor(stale: Stale | undefined, family: Family): boolean {
  return stale?.families.includes(family) ?? false;
}

/** Without one family, whose stale routes are gone. */
export function forgotten(stale: Stale | undefined, family: Family): Stale | undefined {
  const families = stale?.families.filter((f) => f !== family) ?? [];
  return stale && families.length > 0 ? { ...stale, families } : undefined;
}
