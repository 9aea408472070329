/**
 * Predict against emulate on small random internets, every AS of each: `node bench/agreement.ts [--graphs 2000] [--from 1]`.
 * Each disagreement prints its seed and its graph, and the exit code is 2; `--from SEED --graphs 1` repeats one.
 */
import { parseArgs } from 'node:util';
import { caseOf, disagreement } from '../test/agreement.ts';

const { values } = parseArgs({
  options: { graphs: { type: 'string', default: '2000' }, from: { type: 'string', default: '1' } },
});
const [graphs, from] = [Number(values.graphs), Number(values.from)];
const began = performance.now();
let [ases, differ] = [0, 0];
for (let seed = from; seed < from + graphs; seed++) {
  const given = caseOf(seed);
  ases += given.graph.asns.length;
  const text = disagreement(given);
  if (text === '') continue;
  differ++;
  console.log(`${text}\n`);
}
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(`${graphs} graphs, ${ases} ASes: ${differ} graphs differ (${seconds} s)`);
process.exitCode = differ === 0 ? 0 : 2;
