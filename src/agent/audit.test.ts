import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { audit, audited, type Entry } from './audit.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcast-audit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const entry = (reason: string): Entry => ({
  at: '2026-01-01T00:00:00.000Z',
  site: 'fra',
  order: 'drain',
  owner: 'ann',
  reason,
  outcome: 'done',
});

test('the latest entries are found, oldest first, however much is before them and whatever is torn', () => {
  const file = join(folder, 'audit.jsonl');
  expect(audited(file, 5)).toEqual([]);
  writeFileSync(file, '');
  // Half a gigabyte, of which the disk holds nothing.
  truncateSync(file, 600 * 1024 * 1024);
  appendFileSync(file, '\n');
  for (const reason of ['ä', 'b', 'c']) audit(file, entry(reason));
  appendFileSync(file, '{"at":"20');
  expect(audited(file, 2).map((e) => e.reason)).toEqual(['b', 'c']);
  expect(audited(file, 50).map((e) => e.reason)).toEqual(['ä', 'b', 'c']);
});

test('an entry after one that was torn, by a full disk or a lost machine, is a line of its own', () => {
  const file = join(folder, 'audit.jsonl');
  audit(file, entry('a'));
  appendFileSync(file, '{"at":"2026-01-01T00:00:00.000Z","si');
  audit(file, entry('b'));
  audit(file, entry('c'));
  expect(audited(file, 50).map((e) => e.reason)).toEqual(['a', 'b', 'c']);
});
