/**
 * How many emulated networks with faults one core gets through, and that none breaks a promise:
 *
 *     node bench/emulate.ts                            one minute of the planet's eight sites
 *     node bench/emulate.ts --seeds 10000 --for 600    ten thousand seeds, or as many as fit in ten minutes
 *     node bench/emulate.ts --from 501 --plan FILE     other seeds, another plan
 *
 * Every seed is one network from its start: sessions, probes, tickets, faults of every kind for a virtual minute, and the time
 * to settle. The first that breaks an invariant ends the run, with the command that has it again.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { networkOf, randomScenario, run } from '../src/emulate/index.ts';
import { formatComplaint, parsePlan } from '../src/plan/index.ts';

const { values } = parseArgs({
  options: {
    plan: { type: 'string', default: 'examples/planet/network.yaml' },
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    for: { type: 'string', default: '60' },
  },
});
const [seeds, from, longest] = [Number(values.seeds), Number(values.from), Number(values.for)];
const parsed = parsePlan(readFileSync(values.plan, 'utf8'), { file: values.plan });
if ('complaints' in parsed) {
  console.error(parsed.complaints.map(formatComplaint).join('\n'));
  process.exit(2);
}
const { plan } = parsed;
const network = networkOf(plan);
const links = network.links.map((l) => l.name);
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}; ${values.plan}: ${Object.keys(plan.sites).length} sites, ${network.ases.length} ASes, ${network.attachments.length + links.length} sessions`,
);

const began = performance.now();
const cpu = process.cpuUsage();
const seconds = () => (performance.now() - began) / 1000;
let done = 0;
let faults = 0;
let events = 0;
let virtual = 0;
let told = 0;
for (let seed = from; seed < from + seeds && seconds() < longest; seed++) {
  const scenario = randomScenario(plan, seed, { links });
  const command = `nearcast emulate ${values.plan} --seed ${seed}`;
  const timeline = run(plan, scenario, seed, { network, quiet: true, command });
  done++;
  faults += scenario.steps.length;
  events += timeline.steps;
  virtual += timeline.lasted / 1000;
  for (const { invariant, site, text } of timeline.breaks)
    console.log(
      `BROKEN ${invariant}${site === undefined ? '' : ` at ${site}`}: ${text}\nagain with: ${command}`,
    );
  if (timeline.breaks.length > 0) process.exit(1);
  if (seconds() - told > 30) {
    told = seconds();
    console.log(`${done} seeds in ${told.toFixed(0)} s`);
  }
}
const used = process.cpuUsage(cpu);
const cpuSeconds = (used.user + used.system) / 1e6;
const count = (n: number) => Math.round(n).toLocaleString('en');
console.log(
  `${count(done)} seeds from ${from}, no invariant broken: ${count(faults)} faults and repairs, ${count(events)} events, ${(virtual / 3600).toFixed(1)} virtual hours`,
);
console.log(
  `${seconds().toFixed(1)} s, of which ${cpuSeconds.toFixed(1)} s of processor: ${(done / seconds()).toFixed(1)} seeds a second, ${(done / cpuSeconds).toFixed(1)} a processor second`,
);
