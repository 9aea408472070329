/** The thread that makes the world for predictions: the same plan and seed give the same internet here as there. */
import { parentPort, workerData } from 'node:worker_threads';
import { atlasOf, layOut } from '../lab/index.ts';
import { packWorld } from '../topology/index.ts';
import { readPlan } from './plan-file.ts';
import type { UpWorldMade } from './up-world.ts';

const { file, ases, seed } = workerData as UpWorldMade;
const bytes = packWorld(atlasOf(layOut(readPlan(file).plan, { ases, seed }), { seed }));
parentPort?.postMessage(bytes, [bytes.buffer]);
