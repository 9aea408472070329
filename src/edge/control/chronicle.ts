/** What happened and how things stand: the latest in memory, the rest on the disk. Events get their numbers here. */
import {
  type Body,
  type Cursor,
  changes,
  type Event,
  formatCursor,
  type Snapshot,
  Timeline,
  VERSION,
  type World,
} from '../../control/index.ts';
import type { Ledger } from './ledger.ts';

export interface ChronicleOptions {
  /** Absent: nothing outlives the process. */
  readonly ledger?: Ledger;
  /** Of this process. */
  readonly run: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Events in memory. */
  readonly most?: number;
}

/** A piece of history: how things stood, and what happened after, without a gap. */
export interface HistoryPage {
  readonly keyframe: Snapshot;
  readonly events: readonly Event[];
  readonly next?: string;
  readonly oldest: number;
}

const MOST = 10_000;

export class Chronicle {
  readonly #options: ChronicleOptions;
  #timeline: Timeline | undefined;
  #listeners = new Set<() => void>();

  constructor(options: ChronicleOptions) {
    this.#options = options;
  }

  /** How things stand; undefined before the run has begun. */
  get latest(): Snapshot | undefined {
    return this.#timeline?.latest;
  }

  /** The run begins: what was before it stays to be read, and the numbers go on. */
  begin(world: World): void {
    const { ledger, run, now, most = MOST } = this.#options;
    const before = ledger?.resume();
    const at = Math.max(before?.latest.at ?? 0, Math.floor(now()));
    const first: Snapshot = before?.first ?? { version: VERSION, run, seq: 0, at, ...world };
    const timeline = new Timeline(first, { most });
    for (const event of before?.after(first.seq) ?? []) timeline.push(event);
    this.#timeline = timeline;
    this.add([{ kind: 'start', is: world }]);
  }

  /** What is different from how things stood is what happened. */
  look(world: World): void {
    const { latest } = this;
    if (latest) this.add(changes(latest, world));
  }

  /** Takes what happened; all of it at this instant. Before the run has begun it is not taken. */
  add(bodies: readonly Body[]): void {
    const timeline = this.#timeline;
    if (!timeline || bodies.length === 0) return;
    const { run, now, ledger } = this.#options;
    const before = timeline.latest;
    // A wall clock that goes back does not turn history round.
    const at = Math.max(before.at, Math.floor(now()));
    const events = bodies.map((body, i): Event => ({ ...body, run, seq: before.seq + 1 + i, at }));
    for (const event of events) timeline.push(event);
    // First kept, then told: who has heard of it can ask for it again.
    ledger?.append(events, before);
    for (const tell of this.#listeners) tell();
  }

  /** Calls `tell` after every addition; the returned function ends that. */
  listen(tell: () => void): () => void {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  }

  /** What happened after a reader's last event, at most `limit`; undefined when that cannot be said any more. */
  after({ run, seq }: Cursor, limit: number): readonly Event[] | undefined {
    const timeline = this.#timeline;
    // A number of a run that we do not know it of may mean another event than ours.
    if (!timeline || timeline.upTo(seq)?.run !== run) return undefined;
    return timeline.after(seq, limit);
  }

  /** A page of history from an instant, or after an event, until an instant; undefined when it is not kept any more. */
  async history(from: number | Cursor, to: number, limit: number): Promise<HistoryPage | undefined> {
    const { ledger } = this.#options;
    const memory = this.#timeline;
    if (!memory) return undefined;
    const oldest = Math.min(memory.first.at, ledger?.oldest ?? Number.POSITIVE_INFINITY);
    const where = typeof from === 'number' ? { at: Math.max(from, oldest) } : { seq: from.seq };
    const recent = 'at' in where ? memory.first.at <= where.at : memory.first.seq <= where.seq;
    const timeline = recent ? memory : await ledger?.stretch(where);
    if (!timeline) return undefined;
    const keyframe =
      'at' in where
        ? timeline.at(where.at)
        : (timeline.upTo(where.seq) ?? (where.seq < timeline.first.seq ? timeline.first : undefined));
    if (!keyframe || (typeof from !== 'number' && keyframe.seq === from.seq && keyframe.run !== from.run))
      return undefined;
    const found = timeline.after(keyframe.seq, limit) ?? [];
    const events = found.filter((e) => e.at <= to);
    const last = events.at(-1) ?? keyframe;
    const more = events.length === found.length && last.seq < memory.latest.seq && last.at <= to;
    return { keyframe, events, oldest, ...(more ? { next: formatCursor(last) } : {}) };
  }
}
