/** Time that passes only when it is told to: events in the order of their instants, and of their making where those are equal. */
import { type Clock, Heap, type Instant, instant } from '../base/index.ts';

interface Planned {
  readonly at: Instant;
  readonly serial: number;
  run: (() => void) | undefined;
}

export class VirtualClock implements Clock {
  #now: Instant;
  #serial = 0;
  readonly #queue = new Heap<Planned>((a, b) => a.at < b.at || (a.at === b.at && a.serial < b.serial));

  constructor(start: Instant = instant(0)) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now;
  }

  /** Calls `run` once at `at`, or after everything that is due already when `at` has passed. */
  wake(at: Instant, run: () => void): () => void {
    const planned: Planned = { at: at > this.#now ? at : this.#now, serial: this.#serial++, run };
    this.#queue.push(planned);
    return () => {
      planned.run = undefined;
    };
  }

  /** Runs the next event that is not later than `until`; false when there is none. Time stands at the event afterwards. */
  step(until: Instant): boolean {
    for (let next = this.#queue.peek(); next && next.at <= until; next = this.#queue.peek()) {
      this.#queue.pop();
      if (!next.run) continue;
      this.#now = next.at;
      next.run();
      return true;
    }
    return false;
  }

  /** Runs everything up to `until`, and lets time stand there. */
  run(until: Instant): void {
    while (this.step(until));
    if (until > this.#now) this.#now = until;
  }
}
