import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { audit, audited } from './audit.ts';
import { readState, replaceFile, type Saved, StateFile } from './state-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-state-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const saved = (boot: number, filler = '') => ({
  schema: 'nearcast.state/1',
  network: 'test',
  site: 'fra',
  boot,
  machine: 'here',
  running: true,
  announcing: true,
  at: 1,
  utc: 2,
  state: { services: {}, drain: {}, decided: {}, filler },
  added: [],
});

/** Writes ever larger states one after the other, and says each number once it is on the disk. */
const WRITER = `
import { replaceFile } from ${JSON.stringify(fileURLToPath(new URL('./state-file.ts', import.meta.url)))};
const [path, first] = process.argv.slice(1);
for (let boot = Number(first); ; boot++) {
  const state = { ...JSON.parse(process.env.STATE), boot };
  state.state.filler = 'x'.repeat(boot * 7919 % 200000);
  await replaceFile(path, JSON.stringify(state));
  process.stdout.write(boot + '\\n');
}`;

test('killed with -9 at any moment of a write, the file is the old state or the new one, and never none', async () => {
  const path = join(folder, 'agent-fra.json');
  await replaceFile(path, JSON.stringify(saved(0)));
  let first = 1;
  for (let round = 0; round < 12; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, path, String(first)], {
      env: { ...process.env, STATE: JSON.stringify(saved(0)) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const last = await killedInTheMiddle(child, 3 + round, (round * 1.37) % 4);
    const found = readState(path);
    if (!('saved' in found)) throw new Error(JSON.stringify(found));
    expect([last, last + 1]).toContain(found.saved.boot);
    first = found.saved.boot + 1;
  }
});

/** Lets a writer write so often and a little longer, kills it, and gives the last number that it said. */
function killedInTheMiddle(child: ChildProcess, writes: number, laterMs: number): Promise<number> {
  return new Promise((resolve) => {
    let said = '';
    let planned = false;
    child.stdout?.on('data', (text: Buffer) => {
      said += text.toString();
      if (planned || said.split('\n').length <= writes) return;
      planned = true;
      setTimeout(() => child.kill('SIGKILL'), laterMs);
    });
    child.on('close', () => resolve(Number(said.trimEnd().split('\n').at(-1))));
  });
}

test.runIf(existsSync('/dev/full'))(
  'a full disk is said once, the old state stays whole, and the latest is written as soon as there is room',
  async () => {
    const path = join(folder, 'agent-fra.json');
    await replaceFile(path, JSON.stringify(saved(1)));
    const troubles: string[] = [];
    const file = new StateFile(path, (why) => troubles.push(why));
    symlinkSync('/dev/full', `${path}.new`);
    for (const boot of [2, 3]) {
      file.save(saved(boot) as unknown as Saved);
      await file.settled();
    }
    await file.touch();
    await file.settled();
    expect(troubles).toEqual([
      expect.stringMatching(/the state cannot be kept in .*agent-fra\.json \(ENOSPC\)/),
    ]);
    expect(readState(path)).toMatchObject({ saved: { boot: 1 } });
    unlinkSync(`${path}.new`);
    await file.touch();
    await file.settled();
    expect(readState(path)).toMatchObject({ saved: { boot: 3 } });
    expect(troubles[1]).toMatch(/can be written again/);
  },
);

test('a folder that cannot be written to is said, and nothing is thrown', async () => {
  const blocked = join(folder, 'file');
  writeFileSync(blocked, 'in the way');
  const troubles: string[] = [];
  const file = new StateFile(join(blocked, 'agent-fra.json'), (why) => troubles.push(why));
  file.save(saved(1) as unknown as Saved);
  await file.settled();
  await file.touch();
  await file.settled();
  expect(troubles).toEqual([expect.stringMatching(/cannot be kept in .* \((ENOTDIR|EEXIST)\)/)]);
});

test('a file that is no state is said to be none, in a sentence, and does not stop the agent', () => {
  const path = join(folder, 'agent-fra.json');
  expect(readState(path)).toEqual({ nothing: true });
  for (const text of ['', '{', 'null', '[]', '{"schema":"nearcast.state/1"}', '{"schema":"other/1"}'])
    expect(unreadable(path, text)).toMatch(/agent-fra\.json/);
});

function unreadable(path: string, text: string): string {
  writeFileSync(path, text);
  const found = readState(path);
  return 'unreadable' in found ? found.unreadable : JSON.stringify(found);
}

test('the audit log has one line for each order, and reads back the latest', () => {
  const path = join(folder, 'deep', 'audit.jsonl');
  for (let i = 0; i < 5; i++)
    audit(path, {
      at: new Date(i).toISOString(),
      site: 'fra',
      order: 'drain',
      owner: 'anna',
      reason: `reason ${i}\nwith a line`,
      outcome: 'done',
    });
  expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(5);
  expect(audited(path, 2).map((e) => e.reason)).toEqual(['reason 3\nwith a line', 'reason 4\nwith a line']);
});

test.skipIf(process.platform !== 'linux')(
  'where there can be no folder it is said once, and nobody waits for it',
  async () => {
    const trouble: string[] = [];
    const file = new StateFile('/proc/none/below/state.json', (why) => trouble.push(why));
    for (let i = 0; i < 3; i++) {
      file.save(saved(i) as unknown as Saved);
      await file.settled();
    }
    expect(trouble).toEqual([expect.stringContaining('(ENOENT)')]);
  },
);
