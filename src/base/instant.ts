/**
 * Time as the pure rooms see it: numbers handed in from outside.
 *
 * An `Instant` counts milliseconds from an origin that the world chooses (a monotonic clock in production, zero in the
 * emulator); only differences mean anything. Both kinds are branded, so that a bare number of seconds does not fit.
 */
export type Instant = number & { readonly __unit: 'instant' };

/** A length of time in milliseconds. */
export type Millis = number & { readonly __unit: 'millis' };

/** The instant `ms` milliseconds after the world's origin. */
export function instant(ms: number): Instant {
  return ms as Instant;
}

/** A length of time from milliseconds. */
export function millis(ms: number): Millis {
  return ms as Millis;
}

/** A length of time from seconds. */
export function seconds(s: number): Millis {
  return (s * 1000) as Millis;
}

/** The instant a length of time after another. */
export function after(now: Instant, length: Millis): Instant {
  return (now + length) as Instant;
}

/** The time from `from` to `to`; negative when `to` is the earlier. */
export function between(from: Instant, to: Instant): Millis {
  return (to - from) as Millis;
}

/** The earliest of the given instants; undefined when none is set. */
export function earliest(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  let first: Instant | undefined;
  for (const at of instants) if (at !== undefined && (first === undefined || at < first)) first = at;
  return first;
}

/** The only door to time. `host` implements it with timers, `emulate` with a queue. */
export interface Clock {
  now(): Instant;
  /** Calls `run` once, at `at` or later, never before this call has returned; the returned function cancels it. */
  wake(at: Instant, run: () => void): () => void;
}
