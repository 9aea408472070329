/** A thread of a search: scores the deployments it is handed, on an internet that all threads share. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Deployment, groundOf, scoreFor } from '../predict/index.ts';
import { openWorld } from '../topology/index.ts';
import type { Ask, Goals } from './search-pool.ts';

const { world, goals } = workerData as { readonly world: SharedArrayBuffer; readonly goals: Goals };
const opened = openWorld(world);
if ('refused' in opened) throw new Error(opened.refused);
const ground = groundOf(opened);

parentPort?.on('message', ({ at, deployment }: Ask) => {
  parentPort?.postMessage({ at, score: scoreFor(ground, deployment satisfies Deployment, goals) });
});
