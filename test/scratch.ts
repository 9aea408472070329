/** Gives a run of the tests one folder for all that they write, and takes it away at the end: none leaves anything behind. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function scratch(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'nc-test-'));
  // Workers, and the processes that tests start, take it from here.
  process.env['TMPDIR'] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
