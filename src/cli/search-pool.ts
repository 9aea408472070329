/** A search on several threads: they share the internet's memory, and each scores one deployment after the other. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  type Deployment,
  type Found,
  type Ground,
  type SearchOptions,
  search,
  searching,
} from '../predict/index.ts';
import { packWorld } from '../topology/index.ts';

/** What a score needs of the options. */
export type Goals = Pick<SearchOptions, 'goal' | 'capacities'>;

export interface Ask {
  readonly at: number;
  readonly deployment: Deployment;
}

/** More threads than this wait for each other. */
export const MOST_THREADS = 64;

/** What `search` finds, found on as many threads; `progress` is told how many were scored. */
export async function searchOn(
  threads: number,
  ground: Ground,
  whole: Deployment,
  options: SearchOptions,
  progress: (scored: number) => void,
): Promise<Found> {
  if (threads <= 1) return search(ground, whole, { ...options, tell: (_, count) => progress(count) });
  const { goal, capacities } = options;
  const pool = new Pool(threads, sharedWorld(ground), { goal, ...(capacities && { capacities }) });
  try {
    const looking = searching(whole, options);
    let scored = 0;
    let step = looking.next();
    while (!step.done) step = looking.next(await pool.scores(step.value, () => progress(++scored)));
    return step.value;
  } finally {
    await pool.close();
  }
}

function sharedWorld(ground: Ground): SharedArrayBuffer {
  const packed = new Uint8Array(packWorld(ground.world));
  const shared = new SharedArrayBuffer(packed.length);
  new Uint8Array(shared).set(packed);
  return shared;
}

/** Scores that are being worked out. */
interface Job {
  readonly deployments: readonly Deployment[];
  readonly found: number[];
  next: number;
  left: number;
  scored(): void;
  done(error?: Error): void;
}

class Pool {
  readonly #workers: readonly Worker[];
  #job: Job | undefined;
  #closing = false;

  constructor(threads: number, world: SharedArrayBuffer, goals: Goals) {
    const file = new URL(`./search-worker${extname(import.meta.url)}`, import.meta.url);
    this.#workers = Array.from({ length: threads }, () => {
      const worker = new Worker(file, { workerData: { world, goals } });
      worker.on('message', (answer: { readonly at: number; readonly score: number }) =>
        this.#take(worker, answer),
      );
      worker.on('error', (error) => this.#fail(error));
      worker.on('exit', (code) => this.#fail(new Error(`a thread of the search ended with ${code}`)));
      return worker;
    });
  }

  /** The scores in the order of the deployments. A thread that fails fails the search. */
  scores(deployments: readonly Deployment[], scored: () => void): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      const found = new Array<number>(deployments.length);
      const done = (error?: Error) => (error ? reject(error) : resolve(found));
      this.#job = { deployments, found, next: 0, left: deployments.length, scored, done };
      for (const worker of this.#workers) this.#hand(worker, this.#job);
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #hand(worker: Worker, job: Job): void {
    const deployment = job.deployments[job.next];
    if (deployment) worker.postMessage({ at: job.next++, deployment } satisfies Ask);
  }

  #take(worker: Worker, { at, score }: { readonly at: number; readonly score: number }): void {
    const job = this.#job;
    if (!job) return;
    job.found[at] = score;
    job.scored();
    if (--job.left === 0) job.done();
    else this.#hand(worker, job);
  }

  #fail(error: Error): void {
    if (!this.#closing) this.#job?.done(error);
  }
}
