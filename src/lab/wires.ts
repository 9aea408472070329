/**
 * Everything that is under way between the autonomous systems: messages of their sessions and packets of clients in one
 * queue. What was sent first over a link arrives first, be it the news that a route is gone or a packet that follows it.
 */
import { after, type Clock, Heap, type Instant, millis } from '../base/index.ts';

interface Arrival {
  readonly at: Instant;
  readonly order: number;
  readonly run: () => void;
}

/** One direction of a link: nothing overtakes on it. */
export interface Lane {
  /** When the last that was sent arrives. */
  last: Instant;
}

/** Arrivals that are late are taken for this long at a time, in milliseconds, so that sockets have their turn. */
const TURN = 20;

export class Wires {
  readonly clock: Clock;
  readonly #queue = new Heap<Arrival>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  #order = 0;
  #armed: { readonly at: Instant; readonly cancel: () => void } | undefined;
  #running = false;
  #closed = false;
  /** The instant of the arrival that is being taken: what it sends leaves then, even when we are a little late. */
  #present: Instant | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** What time it is out there: that of the arrival being taken, else the clock's. */
  now(): Instant {
    return this.#present ?? this.clock.now();
  }

  /** Calls `run` in `ms` milliseconds, never before this call has returned, nor before what was sent earlier on the lane. */
  send(ms: number, run: () => void, lane?: Lane): void {
    if (this.#closed) return;
    let at = after(this.now(), millis(ms));
    // What we are late with leaves in the past, and may be behind what left just now.
    if (lane && lane.last > at) at = lane.last;
    if (lane) lane.last = at;
    this.#queue.push({ at, order: this.#order++, run });
    if (!this.#running) this.#arm();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Nothing arrives any more. */
  close(): void {
    this.#closed = true;
    this.#armed?.cancel();
    this.#armed = undefined;
  }

  #arm(): void {
    const next = this.#queue.peek();
    if (this.#closed || next === undefined || (this.#armed !== undefined && this.#armed.at <= next.at))
      return;
    this.#armed?.cancel();
    const cancel = this.clock.wake(next.at, () => {
      this.#armed = undefined;
      this.#run();
    });
    this.#armed = { at: next.at, cancel };
  }

  #run(): void {
    this.#running = true;
    const until = this.clock.now();
    while (!this.#closed && this.clock.now() - until < TURN) {
      const next = this.#queue.peek();
      if (next === undefined || next.at > until) break;
      this.#queue.pop();
      this.#present = next.at;
      next.run();
    }
    this.#present = undefined;
    this.#running = false;
    this.#arm();
  }
}
