import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
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

test('the file turns over at its limit: one old file is kept, and the latest entries are found across both', () => {
  const file = join(folder, 'audit.jsonl');
  const line = Buffer.byteLength(`${JSON.stringify(entry('00'))}\n`);
  for (let i = 10; i < 35; i++) audit(file, entry(String(i)), 10 * line);
  expect(readdirSync(folder).sort()).toEqual(['audit.jsonl', 'audit.jsonl.1']);
  for (const name of readdirSync(folder))
    expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(10 * line);
  expect(audited(file, 7).map((e) => e.reason)).toEqual(['28', '29', '30', '31', '32', '33', '34']);
  expect(audited(file, 50)).toHaveLength(15);
});

test('where the file cannot turn over nothing is kept, and that is said', () => {
  const file = join(folder, 'audit.jsonl');
  audit(file, entry('a'), 10);
  mkdirSync(`${file}.1`);
  expect(() => audit(file, entry('b'), 10)).toThrow(/EISDIR/);
  expect(audited(file, 5).map((e) => e.reason)).toEqual(['a']);
});
