/**
 * What is gathered from everything that happened, brought up to date as the timeline grows: each event is looked at once.
 * Gathered anew when older events came under it or the oldest went.
 */
import type { Event, Snapshot, Timeline } from '../../../src/control/index.ts';

export interface Gather<T> {
  /** From the oldest instant that is known. */
  readonly begin: (first: Snapshot) => T;
  /** Takes the next event; may change what `begin` gave. */
  readonly take: (gathered: T, event: Event) => void;
  /** Events are missing here; this is how things stood after them. */
  readonly jump: (gathered: T, to: Snapshot) => void;
}

interface Known<T> {
  readonly first: Snapshot;
  readonly gathered: T;
  seq: number;
}

/** A function that gives what was gathered of a timeline until now. It is the same object, grown, until it is begun anew. */
export function follow<T>({ begin, take, jump }: Gather<T>): (timeline: Timeline) => T {
  const all = new WeakMap<Timeline, Known<T>>();
  return (timeline) => {
    const { first, latest } = timeline;
    let known = all.get(timeline);
    if (known?.first !== first || known.seq > latest.seq) {
      known = { first, gathered: begin(first), seq: first.seq };
      all.set(timeline, known);
    }
    const { gathered } = known;
    for (const event of timeline.after(known.seq) ?? []) {
      if (event.seq !== known.seq + 1 && event.kind !== 'start') {
        const before = timeline.upTo(event.seq - 1);
        if (before) jump(gathered, before);
      }
      take(gathered, event);
      known.seq = event.seq;
    }
    if (known.seq < latest.seq) {
      jump(gathered, latest);
      known.seq = latest.seq;
    }
    return gathered;
  };
}
