import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from './folder.ts';

test('folders are made with those above them, and are ours alone', () => {
  const root = mkdtempSync(join(tmpdir(), 'nearcast-folder-'));
  try {
    const path = join(root, 'a/b/c');
    makeFolder(path);
    makeFolder(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    writeFileSync(join(root, 'file'), '');
    expect(() => makeFolder(join(root, 'file/below'))).toThrow(/ENOTDIR/);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test.skipIf(process.platform !== 'linux')(
  'where there can be none is the system’s error, and at once',
  () => {
    expect(() => makeFolder('/proc/none/below')).toThrow(/ENOENT/);
  },
);
