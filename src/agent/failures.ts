/** When to speak of a session that does not come up: at once of a new cause, ever more rarely of the same. */
import { after, type Instant, millis } from '../base/index.ts';

/** Different causes in turn are not spoken of more often than this, and the same one is first spoken of again after the second. */
const LEAST_MS = 10_000;
const FIRST_MS = 60_000;
const MOST_MS = 3_600_000;

interface Said {
  readonly cause: string;
  readonly at: Instant;
  /** The same cause is worth saying again from then on, and how long after that. */
  readonly again: Instant;
  readonly wait: number;
}

export class Failures {
  readonly #said = new Map<string, Said>();

  /** True when it should be said now that this session failed, and why. */
  worthSaying(name: string, cause: string, now: Instant): boolean {
    const last = this.#said.get(name);
    const same = last?.cause === cause;
    if (last && now < (same ? last.again : after(last.at, millis(LEAST_MS)))) return false;
    const wait = same ? Math.min(MOST_MS, last.wait * 2) : FIRST_MS;
    this.#said.set(name, { cause, at: now, again: after(now, millis(wait)), wait });
    return true;
  }

  /** It is up, or nobody wants it any more: the next failure is news. */
  forget(name: string): void {
    this.#said.delete(name);
  }
}
