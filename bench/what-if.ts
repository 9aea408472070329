/** The page's predictor over the client networks of the planet: what its worker needs for a slider's step. `node bench/what-if.ts` */
import { readFileSync } from 'node:fs';
import { atlasOf, layOut } from '../src/lab/index.ts';
import { parsePlan } from '../src/plan/index.ts';
import { deploymentOf } from '../src/predict/index.ts';
import { packWorld } from '../src/topology/index.ts';

/** The page's sources are compiled apart from the rest, so this one is loaded by its address. */
interface Engine {
  readonly opened: { readonly networks: number };
  colours(question: object, clock: () => number): unknown;
  sums(question: object): unknown;
}
const page = new URL('../dashboard/src/whatif/engine.ts', import.meta.url).href;
const { Engine } = (await import(page)) as { readonly Engine: new (world: ArrayBuffer) => Engine };

const parsed = parsePlan(readFileSync(new URL('../examples/planet/network.yaml', import.meta.url), 'utf8'));
if (!('plan' in parsed)) throw new Error('the example is wrong');
const { plan } = parsed;
const { deployment } = deploymentOf(plan);
const sites = Object.keys(plan.sites);

const times = new Map<string, number[]>();
function timed<T>(what: string, run: () => T): T {
  const began = performance.now();
  const result = run();
  times.set(what, [...(times.get(what) ?? []), performance.now() - began]);
  return result;
}

const map = layOut(plan, { ases: 92, seed: 46 });
const bytes = timed('make and pack the world', () => packWorld(atlasOf(map, { seed: 46 })));
const engine = timed('open it', () => new Engine(bytes.buffer));
for (let step = 0; step < 40; step++) {
  const site = sites[step % sites.length];
  const announcements = deployment.announcements.map((a) =>
    a.site === site ? { ...a, prepend: 1 + (step % 8) } : a,
  );
  const question = { sites, before: deployment, after: { ...deployment, announcements } };
  timed('colours of all networks', () => engine.colours(question, () => 0));
  timed('sums and flows', () => engine.sums(question));
}
console.log(`${engine.opened.networks} client networks, ${(bytes.length / 1e6).toFixed(1)} MB`);
for (const [what, all] of times) {
  const sorted = all.sort((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] as number).toFixed(1);
  console.log(`${what.padEnd(26)} median ${at(0.5)} ms, 95th ${at(0.95)} ms`);
}
