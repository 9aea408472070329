/**
 * What lies between two hosts, and connections over it. TCP is reliable: bytes within a connection are late, never lost and
 * never out of order; a cut holds them back until it heals or somebody gives up. Two links carry at their own pace, so that
 * news over one may overtake news over another.
 */
import { after, type Clock, type Instant, type Millis, millis, type Random } from '../base/index.ts';

/** A cable with two ends and one latency, one way. */
export class Link {
  readonly name: string;
  readonly latency: Millis;
  /** Added to the latency by a fault. */
  slow: Millis = millis(0);
  /** Nothing gets through, and nobody is told. */
  cut = false;
  /** When it was last cut, healed, slowed or quickened. */
  changedAt: Instant;
  /** When a connection over it was last broken. */
  resetAt: Instant;
  readonly #streams = new Set<Stream>();

  constructor(name: string, latency: Millis, now: Instant) {
    this.name = name;
    this.latency = latency;
    this.changedAt = now;
    this.resetAt = now;
  }

  join(stream: Stream): void {
    this.#streams.add(stream);
  }

  leave(stream: Stream): void {
    this.#streams.delete(stream);
  }

  set(state: { readonly cut?: boolean; readonly slow?: Millis }, now: Instant): void {
    this.changedAt = now;
    if (state.slow !== undefined) this.slow = state.slow;
    if (state.cut === undefined || state.cut === this.cut) return;
    this.cut = state.cut;
    if (!this.cut) this.retry();
  }

  /** Something that was in the way is so no longer: kernels send again what was not acknowledged. */
  retry(): void {
    for (const stream of this.#streams) stream.retry();
  }
}

export type Item =
  /** The connection that was asked for stands. */
  | { readonly kind: 'up' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset' };

/** One direction of a connection: items arrive in the order in which they were sent, or not yet. */
export class Stream {
  readonly #clock: Clock;
  readonly #link: Link;
  readonly #random: Random;
  readonly #deliver: (item: Item) => void;
  /** Whether the host at the far end is on. */
  readonly #reachable: () => boolean;
  #items: { at: Instant; readonly item: Item }[] = [];
  #planned = false;
  #closed = false;

  constructor(
    clock: Clock,
    link: Link,
    random: Random,
    reachable: () => boolean,
    deliver: (item: Item) => void,
  ) {
    this.#clock = clock;
    this.#link = link;
    this.#random = random;
    this.#reachable = reachable;
    this.#deliver = deliver;
    link.join(this);
  }

  send(item: Item): void {
    const { latency, slow } = this.#link;
    const jitter = this.#random.unit() * (0.02 * latency + 0.2 * slow);
    const at = after(this.#clock.now(), millis(latency + slow + jitter));
    const last = this.#items.at(-1)?.at;
    this.#items.push({ at: last !== undefined && last > at ? last : at, item });
    this.#plan();
  }

  /** Nothing of what is under way arrives. */
  vanish(): void {
    this.#items = [];
  }

  /** No more will be sent. */
  close(): void {
    this.#closed = true;
    this.#leave();
  }

  retry(): void {
    if (this.#items.length === 0) return;
    const at = after(this.#clock.now(), millis(this.#link.latency + this.#random.below(RETRANSMIT)));
    for (const entry of this.#items) if (entry.at < at) entry.at = at;
    this.#plan();
  }

  #plan(): void {
    const [first] = this.#items;
    if (this.#planned || !first || this.#blocked()) return;
    this.#planned = true;
    this.#clock.wake(first.at, () => {
      this.#planned = false;
      const now = this.#clock.now();
      while (!this.#blocked() && this.#items[0] && this.#items[0].at <= now)
        this.#deliver((this.#items.shift() as { item: Item }).item);
      this.#leave();
      this.#plan();
    });
  }

  #leave(): void {
    if (this.#closed && this.#items.length === 0) this.#link.leave(this);
  }

  #blocked(): boolean {
    return this.#link.cut || !this.#reachable();
  }
}

/** The longest a kernel waits before it tries again once the way is free, in milliseconds. */
export const RETRANSMIT = 2000;
