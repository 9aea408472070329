import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshFolder } from './up-folder.ts';

test('what a killed world left is taken away by the next one, and that of a running one stays', () => {
  const within = mkdtempSync(join(tmpdir(), 'nearcast-folder-test-'));
  const ended = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
  const [dead, alive, other] = [
    `nearcast-up-${ended}-a`,
    `nearcast-up-${process.ppid}-b`,
    'something-else',
  ].map((name) => join(within, name)) as [string, string, string];
  for (const folder of [dead, alive, other]) mkdirSync(join(folder, 'inside'), { recursive: true });
  const own = freshFolder(within);
  expect([dead, alive, other, own].map((folder) => existsSync(folder))).toEqual([false, true, true, true]);
  rmSync(within, { recursive: true });
});

test('where no folder can be made it is said what to do', () => {
  expect(() => freshFolder('/nonexistent')).toThrow(
    'no folder can be made in /nonexistent (ENOENT): set TMPDIR to one that you may write to',
  );
});
