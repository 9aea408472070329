/**
 * When each probe runs. Every one keeps to a grid of its own: it neither drifts nor runs beside itself, and the grids are
 * spread, so that probes with the same interval do not all run at the same moment.
 */
import { after, type Clock, type Instant, type Millis, millis, Random } from '../../base/index.ts';
import type { ProbeAnswer } from './spec.ts';

/** Something that is asked again and again. `run` settles by itself; a rejection counts as a bad answer. */
export interface ProbeTask {
  readonly name: string;
  readonly every: Millis;
  run(): Promise<ProbeAnswer>;
  /**
   * Tells between runs of what cannot wait for the next, or has the next run begin at once, because there may be something
   * to learn. The returned function ends the watch.
   */
  watch?(tell: (answer: ProbeAnswer) => void, ask: () => void): () => void;
}

export interface Schedule {
  /** A task of that name takes the place of the one before, which is heard of no more. */
  add(task: ProbeTask): void;
  remove(name: string): void;
  /** Runs it now, or once more right after the run that is under way. False when there is none of that name. */
  recheck(name: string): boolean;
  /** How soon after a run's beginning the next begins, at most; the grid stays as it was. Undefined: the grid alone. */
  pace(name: string, every: Millis | undefined): void;
  /** Ends all; nothing is told any more. */
  stop(): void;
}

export interface ScheduleOptions {
  readonly clock: Clock;
  /** Chooses where the grids begin. */
  readonly seed: number;
  onResult(name: string, answer: ProbeAnswer): void;
}

/** The first runs are spread over the interval, but over no more than this, so that a slow probe is judged soon after the start. */
const FIRST_SPREAD = 1000;
/** Steps of the golden ratio fall apart evenly, however many there are. */
const GOLDEN = 0.618_033_988_749_895;

interface Entry {
  readonly task: ProbeTask;
  /** Where the grid begins. */
  readonly origin: Instant;
  pace?: Millis | undefined;
  began?: Instant;
  running: boolean;
  again: boolean;
  cancel?: (() => void) | undefined;
  unwatch?: () => void;
}

/** Begins to ask. Answers come one at a time, never before this call has returned. */
export function schedule(tasks: readonly ProbeTask[], options: ScheduleOptions): Schedule {
  const { clock, onResult } = options;
  const entries = new Map<string, Entry>();
  const first = new Random(options.seed).unit();
  let added = 0;

  const current = (e: Entry): boolean => entries.get(e.task.name) === e;

  function add(task: ProbeTask): void {
    remove(task.name);
    const share = (first + added++ * GOLDEN) % 1;
    const origin = after(clock.now(), millis(share * Math.min(task.every, FIRST_SPREAD)));
    const e: Entry = { task, origin, running: false, again: false };
    entries.set(task.name, e);
    const unwatch = task.watch?.(
      (answer) => {
        if (current(e)) onResult(task.name, answer);
      },
      () => {
        if (current(e)) recheck(e);
      },
    );
    if (unwatch) e.unwatch = unwatch;
    e.cancel = clock.wake(origin, () => begin(e));
  }

  function remove(name: string): void {
    const e = entries.get(name);
    entries.delete(name);
    e?.cancel?.();
    e?.unwatch?.();
  }

  function begin(e: Entry): void {
    e.cancel = undefined;
    e.running = true;
    e.again = false;
    e.began = clock.now();
    let run: Promise<ProbeAnswer>;
    try {
      run = e.task.run();
    } catch (error) {
      run = Promise.reject(error);
    }
    run
      .catch((error: unknown): ProbeAnswer => {
        const why = error instanceof Error ? error.message : String(error);
        return { outcome: 'bad', took: millis(0), detail: `the probe itself failed: ${why}` };
      })
      .then((answer) => {
        e.running = false;
        if (!current(e)) return;
        onResult(e.task.name, answer);
        if (current(e)) arm(e);
      });
  }

  function recheck(e: Entry): void {
    e.again = true;
    arm(e);
  }

  /** Waits for the next run, unless one is under way: its end looks again. */
  function arm(e: Entry): void {
    e.cancel?.();
    e.cancel = undefined;
    if (e.running) return;
    const at = e.again ? clock.now() : next(e);
    e.cancel = clock.wake(at, () => begin(e));
  }

  /** The next point of the grid that is still to come; points that were missed are not made up for. */
  function next(e: Entry): Instant {
    const now = clock.now();
    if (e.began === undefined) return e.origin;
    const { every } = e.task;
    let points = Math.floor((now - e.origin) / every) + 1;
    // Rounding may name the point that has just been served.
    if (e.origin + points * every <= now) points++;
    const grid = after(e.origin, millis(points * every));
    if (e.pace === undefined) return grid;
    return Math.min(grid, Math.max(now, after(e.began, e.pace))) as Instant;
  }

  for (const task of tasks) add(task);
  return {
    add,
    remove,
    recheck: (name) => {
      const e = entries.get(name);
      if (!e) return false;
      recheck(e);
      return true;
    },
    pace: (name, every) => {
      const e = entries.get(name);
      if (!e || e.pace === every) return;
      e.pace = every;
      if (!e.again) arm(e);
    },
    stop: () => {
      for (const name of [...entries.keys()]) remove(name);
    },
  };
}
