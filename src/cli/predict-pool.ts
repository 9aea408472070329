/** Predictions on several threads: they share the internet's memory, and each does one task after the other. */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  type Deployment,
  type Expected,
  expectedFailures,
  type Failure as Failing,
  type Found,
  failuresOf,
  type Ground,
  type Prediction,
  type SearchOptions,
  scoreFor,
  searching,
} from '../predict/index.ts';
import { packWorld } from '../topology/index.ts';
import type { Basis } from './expectation.ts';
import { Failure } from './failure.ts';

/** What a score needs of the options. */
export type Goals = Pick<SearchOptions, 'goal' | 'capacities'>;

/** What all tasks of one pool are about: deployments to score, or sets of sites that fail. */
export type Job =
  | { readonly kind: 'scores'; readonly goals: Goals }
  | { readonly kind: 'failures'; readonly deployment: Deployment }
  | { readonly kind: 'expected failures'; readonly basis: Basis };

export interface Task {
  readonly at: number;
  readonly what: unknown;
}

/** More threads than this wait for each other. */
export const MOST_THREADS = 64;

/** Fewer ASes or predictions than this are worked out before threads would have begun. */
const WORTH_THREADS = { ases: 10_000, predictions: 20 } as const;

/** How many threads are worth their beginning. */
export function threadsFor(ground: Ground, predictions: number): number {
  const { ases, predictions: enough } = WORTH_THREADS;
  return ground.world.graph.asns.length < ases || predictions < enough
    ? 1
    : Math.min(8, availableParallelism());
}

/**
 * What `search` finds, found on as many threads; `progress` is told how many were scored. Once `stopped` says so nothing more is
 * begun, and what was found by then is the answer; the event loop runs between predictions, on one thread as well.
 */
export async function searchOn(
  threads: number,
  ground: Ground,
  whole: Deployment,
  options: SearchOptions,
  progress: (scored: number) => void,
  stopped: () => boolean,
): Promise<Found> {
  const { goal, capacities } = options;
  const goals = { goal, ...(capacities && { capacities }) };
  let scored = 0;
  const did = () => progress(++scored);
  const found = async (scoresOf: (tasks: readonly Deployment[]) => Promise<readonly number[]>) => {
    const looking = searching(whole, options);
    let step = looking.next();
    while (!step.done) step = looking.next(await scoresOf(step.value));
    return step.value;
  };
  if (threads > 1)
    return pooled<number, Found>(threads, ground, { kind: 'scores', goals }, (pool) =>
      found((tasks) => pool.all(tasks, did, stopped)),
    );
  return found(async (tasks) => {
    const scores: number[] = [];
    for (const task of tasks) {
      if (stopped()) break;
      scores.push(scoreFor(ground, task, goals));
      did();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return scores;
  });
}

/** Pairs that a thread is handed at once: enough that handing over costs nothing, few enough that threads end together. */
const PAIRS = 8;

/** Each of the sets of sites failing, by what was seen where something was, found on as many threads. `tell` hears how many are done. */
export async function failuresOn(
  threads: number,
  prediction: Prediction,
  seen: { readonly basis: Basis; readonly expected: Expected } | undefined,
  sets: readonly (readonly string[])[],
  tell: (done: number) => void,
): Promise<readonly Failing[]> {
  if (threads <= 1) return seen ? expectedFailures(seen.expected, sets, tell) : failuresOf(prediction, sets);
  const { ground, deployment } = prediction;
  const tasks = Array.from({ length: Math.ceil(sets.length / PAIRS) }, (_, i) =>
    sets.slice(i * PAIRS, (i + 1) * PAIRS),
  );
  let done = 0;
  return pooled<readonly Failing[], readonly Failing[]>(
    threads,
    ground,
    seen ? { kind: 'expected failures', basis: seen.basis } : { kind: 'failures', deployment },
    async (pool) => (await pool.all(tasks, () => tell(Math.min(sets.length, (done += PAIRS))))).flat(),
  );
}

async function pooled<F, R>(
  threads: number,
  ground: Ground,
  job: Job,
  run: (pool: Pool<F>) => Promise<R>,
): Promise<R> {
  const pool = new Pool<F>(threads, sharedWorld(ground), job);
  try {
    return await run(pool);
  } finally {
    await pool.close();
  }
}

function sharedWorld(ground: Ground): SharedArrayBuffer {
  const packed = packWorld(ground.world);
  const shared = new SharedArrayBuffer(packed.length);
  new Uint8Array(shared).set(packed);
  return shared;
}

/** Tasks that are being done. */
interface Batch<F> {
  readonly tasks: readonly unknown[];
  readonly found: F[];
  next: number;
  /** Handed out and not answered yet. */
  open: number;
  did(): void;
  stopped(): boolean;
  done(error?: Error): void;
}

class Pool<F> {
  readonly #workers: readonly Worker[];
  #batch: Batch<F> | undefined;
  #failed: Error | undefined;
  #closing = false;

  constructor(threads: number, world: SharedArrayBuffer, job: Job) {
    const file = new URL(`./predict-worker${extname(import.meta.url)}`, import.meta.url);
    this.#workers = Array.from({ length: threads }, () => {
      const worker = new Worker(file, { workerData: { world, job } });
      worker.on('message', (answer: { readonly at: number; readonly found: F }) =>
        this.#take(worker, answer),
      );
      worker.on('error', (error) => this.#fail(error.message));
      worker.on('exit', (code) => this.#fail(`it ended with ${code}`));
      return worker;
    });
  }

  /** What came of the tasks, in their order; of the first of them once `stopped` says so. A thread that fails fails them all. */
  all(
    tasks: readonly unknown[],
    did: () => void = () => undefined,
    stopped: () => boolean = () => false,
  ): Promise<readonly F[]> {
    return new Promise((resolve, reject) => {
      const found: F[] = [];
      const done = (error?: Error) => (error ? reject(error) : resolve(found));
      if (this.#failed) return done(this.#failed);
      const batch: Batch<F> = { tasks, found, next: 0, open: 0, did, stopped, done };
      this.#batch = batch;
      for (const worker of this.#workers) this.#hand(worker, batch);
      if (batch.open === 0) done();
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #hand(worker: Worker, batch: Batch<F>): void {
    if (batch.next === batch.tasks.length || batch.stopped()) return;
    const at = batch.next++;
    batch.open++;
    worker.postMessage({ at, what: batch.tasks[at] } satisfies Task);
  }

  #take(worker: Worker, { at, found }: { readonly at: number; readonly found: F }): void {
    const batch = this.#batch;
    if (!batch) return;
    batch.found[at] = found;
    batch.did();
    batch.open--;
    this.#hand(worker, batch);
    if (batch.open === 0) batch.done();
  }

  #fail(why: string): void {
    if (this.#closing || this.#failed) return;
    this.#failed = new Failure(`a thread that predicts failed: ${why}; --threads 1 does without threads`);
    this.#batch?.done(this.#failed);
  }
}
