/**
 * Speed beside other BGP daemons: same machine, same run, same bytes.
 *
 *     npm run bench
 *     npm run bench -- full-table --only bird,nearcast --runs 3
 *     npm run bench -- churn --prefixes 100000 --peers 10
 *     npm run bench -- --all                     GoBGP as well, which takes minutes
 *     npm run bench -- wire                      any other file of this folder, with its own arguments
 *
 * Needs Linux and root: two network namespaces and a veth. Each device runs alone, with a feeder and a sink beside it.
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bird } from '../test/interop/bird.ts';
import { frr } from '../test/interop/frr.ts';
import { gobgp } from '../test/interop/gobgp.ts';
import { sweep } from '../test/interop/namespace.ts';
import { nearcast } from '../test/interop/nearcast.ts';
import { openbgpd } from '../test/interop/openbgpd.ts';
import { hindrance, provide } from '../test/interop/packages.ts';
import type { Kind } from '../test/interop/router.ts';
import { baseline, type Churn, churn, type FullTable, fullTable } from './scenario.ts';

const DEVICES: readonly Kind[] = [nearcast, bird, frr, openbgpd, gobgp];
const SCENARIOS = ['full-table', 'churn'] as const;

/** The programs of this folder that measure one room by itself. */
const ALONE = ['wire', 'session', 'host-tcp', 'predict', 'idle', 'emulate', 'up', 'agent'];
const [first, ...rest] = process.argv.slice(2);
if (first !== undefined && ALONE.includes(first)) {
  const file = fileURLToPath(new URL(`./${first}.ts`, import.meta.url));
  const done = spawnSync(process.execPath, [file, ...rest], { stdio: 'inherit' });
  process.exit(done.status ?? 1);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    runs: { type: 'string', default: '3' },
    prefixes: { type: 'string' },
    peers: { type: 'string', default: '10' },
    withdrawals: { type: 'string', default: '200' },
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

function refuse(text: string): never {
  console.error(`bench: ${text}`);
  process.exit(2);
}

const wanted = positionals.length > 0 ? positionals : [...SCENARIOS];
for (const word of wanted)
  if (!(SCENARIOS as readonly string[]).includes(word))
    refuse(`no scenario "${word}"; there are ${SCENARIOS.join(', ')}`);
const names = values.only?.split(',').map((w) => w.trim().toLowerCase());
for (const name of names ?? [])
  if (!DEVICES.some((k) => k.name.toLowerCase() === name))
    refuse(`no device "${name}"; there are ${DEVICES.map((k) => k.name.toLowerCase()).join(', ')}`);
const devices = DEVICES.filter((k) =>
  names === undefined ? values.all || k !== gobgp : names.includes(k.name.toLowerCase()),
);
const runs = whole('runs');
const peers = whole('peers');
const withdrawals = whole('withdrawals');

function whole(name: 'runs' | 'peers' | 'withdrawals' | 'prefixes', fallback?: number): number {
  const n = values[name] === undefined ? (fallback ?? 0) : Number(values[name]);
  if (!Number.isInteger(n) || n < 1) refuse(`--${name} wants a whole number from 1 on`);
  return n;
}

const missing = await provide(devices);
const trouble = await hindrance();
if (trouble !== undefined) refuse(`${trouble}; nothing was measured`);
await sweep();
const results: Record<string, unknown> = {};
const ready: { kind: Kind; label: string }[] = [];
for (const kind of devices) {
  const reason = missing.get(kind);
  if (reason === undefined) ready.push({ kind, label: `${kind.name} ${await kind.version()}` });
  else console.log(`${kind.name} is skipped: ${reason}`);
}
if (!devices.includes(gobgp) && names === undefined)
  console.log('GoBGP takes minutes and is left out; --all or --only gobgp measures it');
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => void sweep(process.pid).then(() => process.exit(130)));

const model = cpus()[0]?.model ?? 'unknown processor';
console.log(
  `${cpus().length} cores, ${model}, Node ${process.version}; median of ${runs} ${runs === 1 ? 'run' : 'runs'}\n`,
);
if (wanted.includes('full-table')) await fullTables(whole('prefixes', 1_000_000));
if (wanted.includes('churn')) await churns(whole('prefixes', 100_000));
await sweep(process.pid);
if (values.json) console.log(JSON.stringify(results));
process.exit(0);

async function repeat<T>(label: string, one: () => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  for (let i = 0; i < runs; i++)
    try {
      done.push(await one());
    } catch (error) {
      console.log(`${label}: run ${i + 1} failed: ${(error as Error).message}`);
    }
  return done;
}

async function fullTables(count: number): Promise<void> {
  console.log(
    `Full table: ${count.toLocaleString('en')} IPv4 prefixes from one peer to another, then ${withdrawals} single withdrawals, then the peer is lost`,
  );
  const rows: string[][] = [];
  const measured: [string, FullTable[]][] = [
    ['(feeder to sink)', await repeat('feeder to sink', () => baseline('nothing', count, withdrawals))],
    ['(Node passing bytes)', await repeat('relay', () => baseline('relay', count, withdrawals))],
  ];
  for (const { kind, label } of ready) {
    measured.push([label, await repeat(label, () => fullTable(kind, count, withdrawals))]);
  }
  const reference = measured.find(([label]) => label.startsWith('BIRD'))?.[1];
  for (const [label, all] of measured) {
    if (all.length === 0) continue;
    const of = (pick: (r: FullTable) => number) => median(all.map(pick));
    const ratio = (pick: (r: FullTable) => number) =>
      reference === undefined || reference.length === 0 || label.startsWith('(')
        ? ''
        : times(of(pick) / median(reference.map(pick)));
    const p50 = (r: FullTable) => quantile(r.withdrawals, 0.5);
    rows.push([
      label,
      seconds(of((r) => r.through)),
      ratio((r) => r.through),
      label.startsWith('(') ? '' : `${of((r) => r.megabytes).toFixed(0)} MB`,
      label.startsWith('(') ? '' : `${of((r) => r.cpuSeconds).toFixed(2)} s`,
      ms(of(p50)),
      ratio(p50),
      ms(of((r) => quantile(r.withdrawals, 0.99))),
      label.startsWith('(') ? '' : ms(of((r) => r.lossFirst)),
      label.startsWith('(') ? '' : seconds(of((r) => r.lossAll)),
      ratio((r) => r.lossAll),
    ]);
  }
  const heads = [
    '',
    'in and out',
    '× BIRD',
    'peak memory',
    'CPU',
    'withdraw p50',
    '× BIRD',
    'p99',
    'peer lost: first',
    'all',
    '× BIRD',
  ];
  print(heads, rows);
  results['full-table'] = Object.fromEntries(measured);
}

async function churns(count: number): Promise<void> {
  console.log(
    `Churn: ${peers} peers send the same ${count.toLocaleString('en')} prefixes with different paths at once, until all is settled`,
  );
  const measured: [string, Churn[]][] = [];
  for (const { kind, label } of ready)
    measured.push([label, await repeat(label, () => churn(kind, peers, count))]);
  const reference = measured.find(([label]) => label.startsWith('BIRD'))?.[1];
  const rows = measured.flatMap(([label, all]) => {
    if (all.length === 0) return [];
    const of = (pick: (r: Churn) => number) => median(all.map(pick));
    const settled = of((r) => r.settled);
    return [
      [
        label,
        seconds(of((r) => r.complete)),
        seconds(settled),
        reference === undefined || reference.length === 0
          ? ''
          : times(settled / median(reference.map((r) => r.settled))),
        `${of((r) => r.megabytes).toFixed(0)} MB`,
        `${of((r) => r.cpuSeconds).toFixed(2)} s`,
        of((r) => r.announced).toLocaleString('en'),
      ],
    ];
  });
  print(['', 'all prefixes out', 'settled', '× BIRD', 'peak memory', 'CPU', 'announcements out'], rows);
  results['churn'] = Object.fromEntries(measured);
}

function quantile(list: readonly number[], q: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

function median(list: readonly number[]): number {
  return quantile(list, 0.5);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 1)} ms`;
}

function times(ratio: number): string {
  return ratio.toFixed(2);
}

function print(heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = heads.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells.map((c, i) => (i === 0 ? c.padEnd(widths[i] ?? 0) : c.padStart(widths[i] ?? 0))).join('  ');
  console.log(`${[line(heads), ...rows.map(line)].join('\n')}\n`);
}
