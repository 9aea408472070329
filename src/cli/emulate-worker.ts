/** A thread of a sweep: plays the seeds it is handed, and answers what they came to. */
import { parentPort, workerData } from 'node:worker_threads';
import { type EmulateOptions, playerOf, type Range } from './emulate-play.ts';
import type { Swept } from './emulate-sweep.ts';

const { file, options } = workerData as { readonly file: string; readonly options: EmulateOptions };
const { play } = playerOf(file, options);

parentPort?.on('message', ({ from, to }: Range) => {
  const swept: Swept[] = [];
  for (let seed = from; seed <= to; seed++) {
    const { lasted, breaks } = play(seed, true);
    swept.push({ seed, lasted, breaks });
    if (breaks.length > 0) break;
  }
  parentPort?.postMessage(swept);
});
