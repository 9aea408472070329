/** A thread of `predict.ts`: plays scenarios on a world that all threads share, each given by its origins. */
import { parentPort, workerData } from 'node:worker_threads';
import { addSeed, NONE, networkOf, ORIGIN, propagate, routesFor, seedsFor } from '../src/predict/index.ts';
import { openWorld } from '../src/topology/index.ts';

const opened = openWorld(workerData as SharedArrayBuffer);
if ('refused' in opened) throw new Error(opened.refused);
const { graph } = opened;
const network = networkOf(graph);
const seeds = seedsFor(64);
const routes = routesFor(graph, 64);

parentPort?.on('message', (scenarios: readonly (readonly number[])[]) => {
  const sums = scenarios.map((origins) => {
    seeds.count = 0;
    for (const v of origins) addSeed(seeds, v, ORIGIN, 0, graph.asns[v] as number);
    propagate(network, seeds, routes);
    return routes.rank.reduce(
      (sum, rank, v) => (rank === NONE ? sum : (sum + rank * (1 + (routes.site[v] as number))) | 0),
      0,
    );
  });
  parentPort?.postMessage(sums);
});
parentPort?.postMessage('ready');
