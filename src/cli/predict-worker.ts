/** A thread that predicts: does one task after the other on an internet that all threads share. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  type Deployment,
  expectedFailures,
  failuresOf,
  groundOf,
  predict,
  scoreFor,
} from '../predict/index.ts';
import { openWorld } from '../topology/index.ts';
import { expectedFrom } from './expectation.ts';
import type { Job, Task } from './predict-pool.ts';

const { world, job } = workerData as { readonly world: SharedArrayBuffer; readonly job: Job };
const opened = openWorld(world);
if ('refused' in opened) throw new Error(opened.refused);
const ground = groundOf(opened);
const work = workOf(job);

function workOf(asked: Job): (what: unknown) => unknown {
  if (asked.kind === 'scores') return (deployment) => scoreFor(ground, deployment as Deployment, asked.goals);
  type Sets = readonly (readonly string[])[];
  if (asked.kind === 'expected failures') {
    const expected = expectedFrom(ground, asked.basis);
    return (sets) => expectedFailures(expected, sets as Sets);
  }
  const prediction = predict(ground, asked.deployment);
  return (sets) => failuresOf(prediction, sets as Sets);
}

parentPort?.on('message', ({ at, what }: Task) => {
  parentPort?.postMessage({ at, found: work(what) });
});
