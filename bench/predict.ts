/**
 * The predictor's figures: load, one scenario, a hundred, mode `all`, an N−1 table, memory. Each is printed with its aim.
 *
 *     node bench/predict.ts [--graph FILE.bz2] [--reference propagate_ref.cpp] [--quick]
 *
 * Without --graph it looks for as-rel/20240101.as-rel.txt.bz2 in NEARCAST_DATA or ../shared/data, and else makes an internet of
 * 76,000 ASes (then aims are not comparable and no reference runs). With --reference (or NEARCAST_REFERENCE) and g++ it compiles
 * that program, runs it on the same graph in the same minute, and prints ratios; equal hashes prove equal work.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import {
  addSeed,
  CUSTOMER,
  groundOf,
  kilometresTo,
  lengthOf,
  NONE,
  networkOf,
  nextHopOf,
  ORIGIN,
  predict,
  propagate,
  routesFor,
  seedsFor,
  sharesFor,
  singleFailures,
  spread,
  summarise,
  terrainOf,
} from '../src/predict/index.ts';
import {
  AsRelReader,
  asInfoReader,
  assembleWorld,
  bunzip2,
  CITIES,
  degree,
  type Graph,
  generateWorld,
  type LatLon,
  openWorld,
  packWorld,
  readAll,
  type World,
} from '../src/topology/index.ts';

const { values: flags } = parseArgs({
  options: { graph: { type: 'string' }, reference: { type: 'string' }, quick: { type: 'boolean' } },
});
const data = process.env['NEARCAST_DATA'] ?? fileURLToPath(new URL('../../shared/data', import.meta.url));
const graphFile = flags.graph ?? join(data, 'as-rel', '20240101.as-rel.txt.bz2');
const referenceFile = flags.reference ?? process.env['NEARCAST_REFERENCE'];
const runs = flags.quick ? 20 : 100;

interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly aim?: number;
  /** The quickest of the runs: what the machine can do when nobody disturbs it. */
  readonly best?: number;
  /** What the reference took, in the same unit. */
  readonly reference?: number | undefined;
}

function row(f: Figure): void {
  const aim = f.aim === undefined ? '' : `aim ≤ ${f.aim} ${f.value <= f.aim ? 'met' : 'MISSED'}`;
  const best = f.best === undefined ? '' : `best ${f.best.toFixed(2)}`;
  const ratio =
    f.reference === undefined
      ? ''
      : `reference ${f.reference.toFixed(2)} (${(f.value / f.reference).toFixed(2)}×)`;
  console.log(
    `${f.what.padEnd(46)} ${f.value.toFixed(2).padStart(9)} ${f.unit.padEnd(3)}  ${aim.padEnd(18)} ${best.padEnd(12)} ${ratio}`,
  );
}

function timed<T>(run: () => T): [T, number] {
  const from = performance.now();
  const result = run();
  return [result, performance.now() - from];
}

/** Milliseconds of processor time: what it costs however busy the machine is with other things. */
function processor(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const median = (times: readonly number[]) =>
  [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] as number;
const total = (times: readonly number[]) => times.reduce((a, b) => a + b, 0);

/** splitmix64 with state 42, as the reference draws its origins. */
function drawer(): () => bigint {
  let state = 42n;
  const mask = (1n << 64n) - 1n;
  return () => {
    let z = (state = (state + 0x9e3779b97f4a7c15n) & mask);
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    return z ^ (z >> 31n);
  };
}

function fnv(hash: bigint, bytes: Uint8Array): bigint {
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 1099511628211n) & 0xffff_ffff_ffff_ffffn;
  return hash;
}
const FNV = 14695981039346656037n;

interface Reference {
  readonly load: number;
  readonly median: { readonly [sites: number]: number };
  readonly total: { readonly [sites: number]: number };
  readonly hash: { readonly [sites: number]: string };
}

function runReference(text: Uint8Array): Reference | undefined {
  if (!referenceFile || !existsSync(referenceFile)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'nearcast-bench-'));
  try {
    const program = join(folder, 'reference');
    execFileSync('g++', ['-O3', '-march=native', '-std=c++17', '-o', program, referenceFile]);
    writeFileSync(join(folder, 'graph.txt'), text);
    const out = execFileSync(program, [join(folder, 'graph.txt'), '--bench'], { encoding: 'utf8' });
    const rows = [
      ...out.matchAll(
        /bench sites (\d+) .*?median_ms ([\d.]+) .*?total_ms ([\d.]+) .*?hash_of_hashes (\w+)/g,
      ),
    ];
    const table = (k: number) => Object.fromEntries(rows.map((m) => [m[1], Number(m[k])]));
    return {
      load: Number(/load_ms ([\d.]+)/.exec(out)?.[1]),
      median: table(2),
      total: table(3),
      hash: Object.fromEntries(rows.map((m) => [m[1], m[4] as string])),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function loadText(): { graph: Graph; text: Uint8Array } | undefined {
  if (!existsSync(graphFile)) return undefined;
  const load = () => {
    const reader = new AsRelReader();
    const chunks: Uint8Array[] = [];
    for (const chunk of bunzip2(readFileSync(graphFile))) {
      reader.push(chunk);
      chunks.push(chunk);
    }
    return { graph: reader.end().graph, chunks };
  };
  const [loaded, ms] = timed(load);
  row({ what: 'graph from bzip2 text, first time', value: ms, unit: 'ms', aim: 1000 });
  const again = Array.from({ length: flags.quick ? 3 : 7 }, () => {
    const before = processor();
    const [, wall] = timed(load);
    return { wall, cpu: processor() - before };
  });
  const [walls, cpus] = [again.map((a) => a.wall), again.map((a) => a.cpu)];
  row({
    what: `  median of ${again.length}`,
    value: median(walls),
    best: Math.min(...walls),
    unit: 'ms',
    aim: 1000,
  });
  row({ what: '  processor time', value: median(cpus), best: Math.min(...cpus), unit: 'ms' });
  return { graph: loaded.graph, text: Buffer.concat(loaded.chunks) };
}

/** Where the data has no cities for ASes: one to twelve around the world by size, so that mode `all` has places to weigh. */
function invent(graph: Graph): World {
  const infoFile = join(data, 'as-info.csv.gz');
  const infos = existsSync(infoFile)
    ? [readAll(asInfoReader(), gunzipSync(readFileSync(infoFile))).ases]
    : [];
  const presence = new Map<number, number[]>();
  for (let v = 0; v < graph.asns.length; v++) {
    const sells = degree(graph.customers, v);
    if (sells < 3) continue;
    const cities = new Set<number>();
    for (let k = 0; k < Math.min(40, 2 + Math.log2(sells) ** 2); k++)
      cities.add((v * 31 + k * 17) % CITIES.length);
    presence.set(
      graph.asns[v] as number,
      [...cities].sort((a, b) => a - b),
    );
  }
  return assembleWorld({ graph, infos, presence });
}

console.log(
  `node ${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores\n`,
);
const loaded = loadText();
if (!loaded) console.log(`no graph at ${graphFile}: using a generated one of 76,000 ASes\n`);
const graph = loaded?.graph ?? generateWorld({ ases: 76_000, seed: 1 }).graph;
const reference = loaded ? runReference(loaded.text) : undefined;
const n = graph.asns.length;

const [network, networkMs] = timed(() => networkOf(graph));
row({ what: 'lists prepared for the kernel', value: networkMs, unit: 'ms' });
const seeds = seedsFor(64);
const routes = routesFor(graph, 64);

const draw = drawer();
for (const sites of [1, 5, 50]) {
  const times: number[] = [];
  let hashes = FNV;
  for (let i = 0; i < 100; i++) {
    seeds.count = 0;
    const used = new Set<number>();
    for (let j = 0; j < sites; j++) {
      const v = Number(draw() % BigInt(n));
      if (used.has(v)) continue;
      used.add(v);
      addSeed(seeds, v, ORIGIN, 0, graph.asns[v] as number);
    }
    times.push(timed(() => propagate(network, seeds, routes))[1]);
    if (reference && !flags.quick) hashes = fnv(hashes, hashBytes(dumpHash()));
  }
  const aim = sites === 5 ? { median: 2.7, total: 250 } : undefined;
  row({
    what: `one scenario, ${sites} origins, median of 100`,
    value: median(times),
    best: Math.min(...times),
    unit: 'ms',
    ...(aim && { aim: aim.median }),
    reference: reference?.median[sites],
  });
  row({
    what: `100 scenarios, ${sites} origins`,
    value: total(times),
    unit: 'ms',
    ...(aim && { aim: aim.total }),
    reference: reference?.total[sites],
  });
  if (reference && !flags.quick) {
    const mine = hashes.toString(16).padStart(16, '0');
    console.log(`  hash of all results ${mine} ${mine === reference.hash[sites] ? 'equal' : 'DIFFERENT'}`);
  }
}

/** FNV-1a 64 over the text of the result, with 32-bit halves so that it takes milliseconds. */
function dumpHash(): bigint {
  let [a, b, c, d] = [0x2325, 0x8422, 0x9ce4, 0xcbf2];
  for (let v = 0; v < n; v++) {
    if (routes.rank[v] === NONE) continue;
    const hop = nextHopOf(network, seeds, routes, v);
    const line = `${graph.asns[v]} ${routes.site[v]} ${hop} ${lengthOf(routes.rank[v] as number)}\n`;
    for (let i = 0; i < line.length; i++) {
      a ^= line.charCodeAt(i);
      const a0 = a * 0x1b3;
      const b1 = b * 0x1b3 + (a0 >>> 16);
      const c1 = c * 0x1b3 + a * 0x100 + Math.floor(b1 / 0x1_0000);
      const d1 = d * 0x1b3 + b * 0x100 + Math.floor(c1 / 0x1_0000);
      [a, b, c, d] = [a0 & 0xffff, b1 & 0xffff, c1 & 0xffff, d1 & 0xffff];
    }
  }
  return (BigInt(d) << 48n) | (BigInt(c) << 32n) | (BigInt(b) << 16n) | BigInt(a);
}

function hashBytes(hash: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, hash, true);
  return bytes;
}

const world = invent(graph);
const [terrain, terrainMs] = timed(() => terrainOf(world, network));
row({
  what: `places prepared (${terrain.places} places, ${terrain.nodePlace.length} nodes)`,
  value: terrainMs,
  unit: 'ms',
});
const shares = sharesFor(network, terrain, 64, 2_000_000);
const again = drawer();
for (const sites of [5, 50]) {
  const plain: number[] = [];
  const times: number[] = [];
  let [cpuPlain, cpuAll] = [0, 0];
  for (let i = 0; i < runs; i++) {
    seeds.count = 0;
    const points: (LatLon | undefined)[] = [];
    for (let j = 0; j < sites; j++) {
      const v = Number(again() % BigInt(n));
      addSeed(seeds, v, CUSTOMER, 1, 64500);
      points.push(terrain.at[terrain.nodePlace[terrain.nodeOffsets[v] as number] as number]);
    }
    const seedKm = kilometresTo(terrain, points);
    const start = processor();
    plain.push(timed(() => propagate(network, seeds, routes))[1]);
    const middle = processor();
    const [done, ms] = timed(() => {
      propagate(network, seeds, routes, undefined, true);
      return spread({ network, seeds, routes, geography: terrain, seedKm, marginKm: 100 }, shares);
    });
    if (!done) throw new Error('the memory for divisions did not suffice');
    cpuPlain += middle - start;
    cpuAll += processor() - middle;
    times.push(ms);
  }
  row({
    what: `mode all with places, ${sites} sites, median`,
    value: median(times),
    best: Math.min(...times),
    unit: 'ms',
  });
  row({
    what: '  times the plain mode',
    value: median(times) / median(plain),
    unit: '×',
    ...(sites === 5 && { aim: 3 }),
  });
  row({ what: '  times the plain mode, processor time', value: cpuAll / cpuPlain, unit: '×' });
}

const packed = packWorld(world);
await onThreads(2);

/** Plays a hundred scenarios on several threads that share one world, five times, and the same here to compare. */
async function onThreads(count: number): Promise<void> {
  const shared = new SharedArrayBuffer(packed.length);
  new Uint8Array(shared).set(packed);
  const draws = drawer();
  const scenarios = Array.from({ length: 100 }, () => [
    ...new Set(Array.from({ length: 5 }, () => Number(draws() % BigInt(n)))),
  ]);
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL('./scenarios.ts', import.meta.url), { workerData: shared }),
  );
  // A thread that fails ends the program with its error.
  for (const worker of workers)
    worker.once('error', (error) => {
      throw error;
    });
  const answer = <T>(worker: Worker) => new Promise<T>((resolve) => worker.once('message', resolve));
  await Promise.all(workers.map((worker) => answer(worker)));
  const walls: number[] = [];
  for (let i = 0; i < 6; i++) {
    let next = 0;
    const sums: number[] = [];
    const from = performance.now();
    await Promise.all(
      workers.map(async (worker) => {
        while (next < scenarios.length) {
          const first = next;
          next += 5;
          worker.postMessage(scenarios.slice(first, next));
          for (const [k, sum] of (await answer<number[]>(worker)).entries()) sums[first + k] = sum;
        }
      }),
    );
    // The first time warms up.
    if (i > 0) walls.push(performance.now() - from);
    else if (sums.some((sum, k) => sum !== sumOf(scenarios[k] as number[])))
      throw new Error('threads found something else');
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  row({
    what: `100 scenarios, 5 origins, ${count} threads, median of 5`,
    value: median(walls),
    best: Math.min(...walls),
    unit: 'ms',
    aim: 150,
  });
}

function sumOf(origins: readonly number[]): number {
  seeds.count = 0;
  for (const v of origins) addSeed(seeds, v, ORIGIN, 0, graph.asns[v] as number);
  propagate(network, seeds, routes);
  return routes.rank.reduce(
    (sum, rank, v) => (rank === NONE ? sum : (sum + rank * (1 + (routes.site[v] as number))) | 0),
    0,
  );
}

const ground = groundOf(world);
const upstreams = [...graph.asns].filter((_, v) => degree(graph.customers, v) > 200);
const deployment = {
  operator: 64500,
  announcements: Array.from({ length: 50 }, (_, i) => ({
    site: `site ${i}`,
    upstream: upstreams[(i * 7) % upstreams.length] as number,
    relation: 'provider' as const,
    place: CITIES[(i * 13) % CITIES.length] as LatLon,
  })),
};
const prediction = predict(ground, deployment);
for (let i = 0; i < 3; i++) singleFailures(prediction);
const cpuBefore = processor();
const tables = Array.from({ length: 5 }, () => timed(() => singleFailures(prediction))[1]);
const cpuTables = (processor() - cpuBefore) / tables.length;
row({
  what: 'N−1 of 50 sites, median of 5',
  value: median(tables),
  best: Math.min(...tables),
  unit: 'ms',
  aim: 200,
});
row({ what: '  processor time', value: cpuTables, unit: 'ms' });
const whole = Array.from({ length: 5 }, () => timed(() => summarise(predict(ground, deployment)))[1]);
row({ what: 'predict and summarise 50 sites, median of 5', value: median(whole), unit: 'ms' });

const [, openMs] = timed(() => openWorld(packed.buffer));
row({
  what: `packed world opened (${(packed.length / 1e6).toFixed(1)} MB)`,
  value: openMs,
  unit: 'ms',
  aim: 50,
});
row({
  what: 'memory of a process that predicts from a file',
  value: memoryAlone(packed),
  unit: 'MB',
  aim: 200,
});
row({
  what: 'memory of this process at its highest',
  value: process.resourceUsage().maxRSS / 1000,
  unit: 'MB',
});

/**
 * The highest memory of a fresh process that opens the packed world and predicts 50 sites and all their failures. Where the system
 * says it, from when the program began: what getrusage says of a child includes the pages of its parent, from which it was forked.
 */
function memoryAlone(file: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'nearcast-bench-'));
  try {
    writeFileSync(join(folder, 'world'), file);
    const room = (name: string) => new URL(`../src/${name}/index.ts`, import.meta.url).href;
    const program = `
      import { existsSync, readFileSync } from 'node:fs';
      import { openWorld } from '${room('topology')}';
      import { groundOf, predict, singleFailures, summarise } from '${room('predict')}';
      const bytes = readFileSync(process.argv[1]);
      const world = openWorld(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      const p = predict(groundOf(world), ${JSON.stringify(deployment)});
      summarise(p);
      singleFailures(p);
      const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
      const own = /^VmHWM:\\s*(\\d+) kB/m.exec(status);
      console.log((own ? Number(own[1]) : process.resourceUsage().maxRSS) * 1.024e-3);`;
    const out = execFileSync(
      process.execPath,
      ['--input-type=module', '-e', program, join(folder, 'world')],
      {
        encoding: 'utf8',
      },
    );
    return Number(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
