/**
 * Notices that the machine stood still. The monotonic clock of Linux stops while a machine is suspended, and a lease would seem
 * to last longer than it does; the wall clock goes on, or is put right afterwards.
 */
import type { Instant, Millis } from '../base/index.ts';
import type { Guard } from '../plan/index.ts';

/** Clocks that are read one after the other differ by so much on a busy machine. */
const LEAST = 100;

export class Pauses {
  /** Wall clock less monotonic clock, and when that was taken as right. */
  #ahead: { readonly by: number; readonly at: Instant } | undefined;

  /**
   * By how many milliseconds the wall clock has run ahead; undefined while that is no more than half of what the plan lets clocks
   * differ over one lease, so that together with what was let pass before it stays within that.
   */
  noticed(now: Instant, wall: number, { lease, drift }: Pick<Guard, 'lease' | 'drift'>): Millis | undefined {
    const by = wall - now;
    const before = this.#ahead;
    const jump = before === undefined ? 0 : by - before.by;
    const noticed = jump > Math.max(LEAST, drift / 2);
    // A clock that is put back, or slowly put right, is no pause.
    if (before === undefined || noticed || jump < 0 || now - before.at >= lease)
      this.#ahead = { by, at: now };
    return noticed ? (jump as Millis) : undefined;
  }
}
