/**
 * What happened, with a snapshot every so many events, so that any instant in it is a few hundred steps away. Bounded: the
 * oldest goes when there is too much, and then it is said that it is gone.
 */
import { apply, applyAll } from './apply.ts';
import type { Event } from './event.ts';
import type { Snapshot } from './snapshot.ts';

export interface TimelineOptions {
  /** Events between two keyframes. */
  readonly every?: number;
  /** Events that are kept at least; fewer than `every` more are, until a whole stretch can go. */
  readonly most?: number;
}

const EVERY = 500;
const MOST = 100_000;

/** A keyframe and the events after it. */
interface Stretch {
  readonly keyframe: Snapshot;
  readonly events: Event[];
}

export class Timeline {
  readonly #every: number;
  readonly #most: number;
  #stretches: Stretch[];
  #latest: Snapshot;
  #count = 0;
  /** Where the last look ended, so that a slider which moves on need not begin anew. */
  #looked: { readonly stretch: Stretch; readonly taken: number; readonly snapshot: Snapshot } | undefined;

  constructor(first: Snapshot, { every = EVERY, most = MOST }: TimelineOptions = {}) {
    this.#every = every;
    this.#most = most;
    this.#stretches = [{ keyframe: first, events: [] }];
    this.#latest = first;
  }

  get latest(): Snapshot {
    return this.#latest;
  }

  /** The oldest that is kept. Nothing is known of what was before. */
  get first(): Snapshot {
    return (this.#stretches[0] as Stretch).keyframe;
  }

  /** Events that are kept. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes the next event. `known`: it is in here already, and nothing changes. `gap`: events before it are missing, nothing
   * changes, and a snapshot has to be asked for; only a `start` needs nothing before it.
   */
  push(event: Event): 'taken' | 'known' | 'gap' {
    const { seq } = this.#latest;
    if (event.seq <= seq && event.run === this.#latest.run) return 'known';
    if (event.seq !== seq + 1 && event.kind !== 'start') return 'gap';
    let last = this.#stretches.at(-1) as Stretch;
    if (last.events.length >= this.#every) {
      last = { keyframe: this.#latest, events: [] };
      this.#stretches.push(last);
    }
    last.events.push(event);
    this.#count++;
    this.#forget();
    this.#latest = apply(this.#latest, event);
    return 'taken';
  }

  /**
   * Takes events that follow one another, as `push` takes each, in a fraction of the time. Gives how many it took or knew; fewer than
   * all where events are missing before the next.
   */
  pushAll(events: readonly Event[]): number {
    let done = 0;
    while (done < events.length) {
      let last = this.#stretches.at(-1) as Stretch;
      if (last.events.length >= this.#every) {
        last = { keyframe: this.#latest, events: [] };
        this.#stretches.push(last);
      }
      const began = done;
      const batch: Event[] = [];
      let { run, seq } = this.#latest;
      for (; done < events.length && last.events.length + batch.length < this.#every; done++) {
        const event = events[done] as Event;
        if (event.seq <= seq && event.run === run) continue;
        if (event.seq !== seq + 1 && event.kind !== 'start') break;
        batch.push(event);
        [run, seq] = [event.run, event.seq];
      }
      for (const event of batch) last.events.push(event);
      this.#count += batch.length;
      this.#forget();
      this.#latest = applyAll(this.#latest, batch);
      if (done === began) break;
    }
    return done;
  }

  /** Goes on from a snapshot though events before it are missing: `at` gives what was last known for the time between. */
  jump(snapshot: Snapshot): void {
    const last = this.#stretches.at(-1) as Stretch;
    if (last.events.length === 0) this.#stretches.pop();
    this.#stretches.push({ keyframe: snapshot, events: [] });
    this.#latest = snapshot;
    this.#forget();
  }

  /** How things stood at an instant; after the latest event: as they stand. Undefined before the oldest that is kept. */
  at(instant: number): Snapshot | undefined {
    const n = last(this.#stretches, (s) => s.keyframe.at <= instant);
    const stretch = this.#stretches[n];
    if (!stretch) return undefined;
    const taken = last(stretch.events, (e) => e.at <= instant) + 1;
    return this.#fold(stretch, taken);
  }

  /** How things stood after the event of a number; undefined when that is not kept, or has not happened. */
  upTo(seq: number): Snapshot | undefined {
    const stretch = this.#stretches[last(this.#stretches, (s) => s.keyframe.seq <= seq)];
    if (!stretch || seq > this.#latest.seq) return undefined;
    return this.#fold(stretch, last(stretch.events, (e) => e.seq <= seq) + 1);
  }

  /** Events after a number, oldest first, at most `limit`; undefined when some of them are not kept any more. */
  after(seq: number, limit: number = Number.POSITIVE_INFINITY): readonly Event[] | undefined {
    if (seq >= this.#latest.seq) return [];
    const n = last(this.#stretches, (s) => s.keyframe.seq <= seq);
    if (n < 0) return undefined;
    return this.#gather(n, (e) => e.seq > seq, limit);
  }

  /** Events from an instant to another, both included, oldest first, at most `limit`. */
  between(from: number, to: number, limit: number = Number.POSITIVE_INFINITY): readonly Event[] {
    const n = Math.max(
      0,
      last(this.#stretches, (s) => s.keyframe.at < from),
    );
    const found = this.#gather(n, (e) => e.at >= from, limit);
    return found.slice(0, last(found, (e) => e.at <= to) + 1);
  }

  #gather(n: number, fits: (event: Event) => boolean, limit: number): readonly Event[] {
    const found: Event[] = [];
    for (const { events } of this.#stretches.slice(n)) {
      const start = last(events, (e) => !fits(e)) + 1;
      for (let i = start; i < events.length; i++) {
        if (found.length >= limit) return found;
        found.push(events[i] as Event);
      }
    }
    return found;
  }

  #fold(stretch: Stretch, taken: number): Snapshot {
    const looked =
      this.#looked?.stretch === stretch && this.#looked.taken <= taken ? this.#looked : undefined;
    const snapshot = applyAll(
      looked?.snapshot ?? stretch.keyframe,
      stretch.events.slice(looked?.taken ?? 0, taken),
    );
    this.#looked = { stretch, taken, snapshot };
    return snapshot;
  }

  #forget(): void {
    let [oldest, next] = this.#stretches;
    while (oldest && next && this.#count - oldest.events.length >= this.#most) {
      this.#stretches.shift();
      this.#count -= oldest.events.length;
      [oldest, next] = this.#stretches;
    }
  }
}

/** The index of the last element for which `holds`, where it holds for all before it; −1 when it holds for none. */
function last<T>(all: readonly T[], holds: (one: T) => boolean): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(all[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
