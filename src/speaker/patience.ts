/** After our restart: what nobody is told yet, because the peers that kept our routes have not sent theirs (RFC 4724 §4.1). */
import type { Instant, Millis } from '../base/index.ts';
import {
  type Deferral,
  type DeferralEvent,
  deferredFamilies,
  newDeferral,
  stepDeferral,
} from '../session/index.ts';
import type { Family } from '../wire/index.ts';
import type { Peer } from './peer.ts';

export class Patience {
  #deferral: Deferral | undefined;
  #families: readonly Family[] = [];

  /** When `look` has to be called at the latest. */
  get due(): Instant | undefined {
    return this.#deferral?.until;
  }

  /** Families of which nobody is told anything yet. */
  get families(): readonly Family[] {
    return this.#families;
  }

  /** Begins to wait for the peers that may have kept our routes. True when that changes what is waited for. */
  begin(peers: Iterable<Peer>, longest: Millis, now: Instant): boolean {
    if (this.#deferral) return false;
    const awaited = [...peers].flatMap((p) => {
      const { gracefulRestart, families } = p.machine.settings;
      return gracefulRestart && !gracefulRestart.helperOnly ? [{ name: p.name, families }] : [];
    });
    return this.#become(newDeferral(awaited, longest, now), now);
  }

  /** Something happened to a peer. True when that changes what is waited for. */
  hear(event: DeferralEvent, now: Instant): boolean {
    return this.#deferral !== undefined && this.#become(stepDeferral(this.#deferral, event), now);
  }

  /** Time has passed. True when that changes what is waited for. */
  look(now: Instant): boolean {
    return this.#deferral !== undefined && this.#become(this.#deferral, now);
  }

  #become(deferral: Deferral, now: Instant): boolean {
    const before = this.#families.length;
    this.#families = deferredFamilies(deferral, now);
    this.#deferral = this.#families.length > 0 ? deferral : undefined;
    return this.#families.length !== before;
  }
}
