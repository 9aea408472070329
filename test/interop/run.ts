/**
 * Real peers: every daemon against every feature, printed as a matrix.
 *
 *     npm run interop
 *     npm run interop -- --only bird,frr --feature md5 --write docs/interop.md
 *     npm run interop -- --ours bird            BIRD stands in for nearcast: does the harness itself hold?
 *
 * Needs Linux, root, iproute2, nftables and tcpdump. Missing daemons are installed from Debian's packages when apt-get is there.
 * Ends with 1 when a cell failed or none could be tried, 2 on a wrong option or where there are no namespaces to be had.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bird } from './bird.ts';
import { CELLS, type Cell } from './cells.ts';
import { exabgp } from './exabgp.ts';
import { frr } from './frr.ts';
import { gobgp } from './gobgp.ts';
import { asMarkdown, asText, type Column, type Outcome, type Row } from './matrix.ts';
import { sweep, sweepOwn } from './namespace.ts';
import { nearcast } from './nearcast.ts';
import { openbgpd } from './openbgpd.ts';
import { hindrance, provide } from './packages.ts';
import { Room } from './room.ts';
import type { Kind } from './router.ts';

const DAEMONS: readonly Kind[] = [bird, frr, gobgp, openbgpd, exabgp];
const ALL: readonly Kind[] = [nearcast, ...DAEMONS];
/** Cells at work at the same time. Most of a cell is waiting for timers. */
const LANES = 6;
const CELL_TIMEOUT_MS = 150_000;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    feature: { type: 'string' },
    ours: { type: 'string', default: 'nearcast' },
    write: { type: 'string' },
    lanes: { type: 'string', default: String(LANES) },
    verbose: { type: 'boolean', default: false },
  },
});

function choose(list: string | undefined): readonly Kind[] {
  if (list === undefined) return DAEMONS;
  const words = list.split(',').map((w) => w.trim().toLowerCase());
  const strange = words.find((w) => !ALL.some((k) => k.name.toLowerCase() === w));
  if (strange !== undefined) {
    console.error(
      `interop: no daemon "${strange}"; there are ${ALL.map((k) => k.name.toLowerCase()).join(', ')}`,
    );
    process.exit(2);
  }
  return ALL.filter((k) => words.includes(k.name.toLowerCase()));
}

function chosenCells(words: string | undefined): readonly Cell[] {
  if (words === undefined) return CELLS;
  const wanted = words.split(',').map((w) => w.trim().toLowerCase());
  const cells = CELLS.filter((c) => wanted.some((w) => c.name.toLowerCase().includes(w)));
  if (cells.length > 0) return cells;
  console.error(`interop: no feature "${words}"; there are ${CELLS.map((c) => c.name).join(', ')}`);
  process.exit(2);
}

const daemons = choose(values.only);
const cells = chosenCells(values.feature);
const ours = choose(values.ours)[0] as Kind;

const missing = await provide([ours, ...daemons]);
const trouble = await hindrance();
if (trouble !== undefined) {
  console.error(`interop: ${trouble}; nothing was tried`);
  process.exit(2);
}
await sweep();
const began = Date.now();
const rows: Row[] = [];
for (const kind of daemons)
  rows.push({
    name: kind.name,
    version: (await kind.version()) ?? '',
    skipped: missing.get(kind),
    cells: new Map(),
  });

interface Task {
  readonly kind: Kind;
  readonly cell: Cell;
  readonly row: Row;
}

const tasks: Task[] = [];
for (const cell of cells)
  for (const [i, kind] of daemons.entries()) {
    const row = rows[i] as Row;
    const reason = inapplicable(kind, cell);
    if (reason !== undefined) row.cells.set(cell.name, { kind: 'n.a.', reason });
    else if (!missing.has(kind)) tasks.push({ kind, cell, row });
  }

function inapplicable(kind: Kind, cell: Cell): string | undefined {
  for (const need of cell.needs) {
    const can = kind.can[need];
    if (can !== true) return can;
  }
  for (const need of cell.ours ?? []) {
    const can = ours.can[need];
    if (can !== true) return `${ours.name}: ${can}`;
  }
  return undefined;
}

async function attempt(task: Task): Promise<Outcome> {
  const room = new Room(ours, task.kind);
  const start = Date.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not done within ${CELL_TIMEOUT_MS / 1000} s`)),
      CELL_TIMEOUT_MS,
    );
  });
  let failure: Error | undefined;
  try {
    await Promise.race([task.cell.run(room), late]);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  clearTimeout(timer);
  const log = await room.leave();
  const seconds = (Date.now() - start) / 1000;
  return failure === undefined
    ? { kind: 'pass', seconds }
    : { kind: 'fail', seconds, reason: failure.message, log };
}

/** How often a cell is tried again that a known fault of the daemon itself got in the way of. */
const AGAIN = 2;

async function patiently(task: Task): Promise<Outcome> {
  for (let again = 0; ; again++) {
    const outcome = await attempt(task);
    const fault = outcome.kind === 'fail' ? task.kind.ownFault?.(outcome.log) : undefined;
    if (fault === undefined || again === AGAIN) return outcome;
    console.log(`again ${task.kind.name} · ${task.cell.name}: ${fault}`);
  }
}

async function lane(): Promise<void> {
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
    const outcome = await patiently(task);
    task.row.cells.set(task.cell.name, outcome);
    const label = `${task.kind.name} · ${task.cell.name}`;
    if (outcome.kind === 'pass') console.log(`ok    ${label} (${outcome.seconds.toFixed(1)} s)`);
    else if (outcome.kind === 'fail') {
      console.log(
        `FAIL  ${label} (${outcome.seconds.toFixed(1)} s): ${task.cell.promise}\n      ${outcome.reason.replace(/\n/g, '\n      ')}`,
      );
      if (values.verbose) console.log(outcome.log);
    }
  }
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  process.once(signal, () => {
    tasks.length = 0;
    void sweepOwn().finally(() => process.exit(code));
  });

await Promise.all(Array.from({ length: Number(values.lanes) }, lane));
await sweepOwn();

const columns: Column[] = cells.map((c) => ({ name: c.name, promise: c.promise }));
const elapsed = (Date.now() - began) / 1000;
console.log(`\n${asText(ours.name, rows, columns, elapsed)}`);
if (values.write !== undefined) writeFileSync(values.write, asMarkdown(ours.name, rows, columns));
const outcomes = rows.flatMap((r) => [...r.cells.values()]);
// A run that tried nothing has proved nothing.
process.exit(outcomes.some((o) => o.kind === 'fail') || !outcomes.some((o) => o.kind === 'pass') ? 1 : 0);
