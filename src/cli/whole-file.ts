/** Files that are there whole or not at all: whoever reads one meanwhile, or after the disk was full, gets the old one. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from './failure.ts';

/** Writes a file by way of a new one beside it. Throws a {@link Failure} that says why it cannot; nothing is left behind then. */
export function writeWhole(file: string, content: string | Uint8Array): void {
  const fresh = `${file}.new`;
  try {
    writeFileSync(fresh, content);
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new Failure(`cannot write ${file}: ${whyNot(file, (error as NodeJS.ErrnoException).code)}`);
  }
}

/** Reads a file. Throws a {@link Failure} that says why it cannot. */
export function readWhole(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : whyNot(file, code);
    throw new Failure(`cannot read ${file}: ${why}`);
  }
}

function whyNot(file: string, code: string | undefined): string {
  if (code === 'ENOENT' && !existsSync(dirname(file))) return `there is no folder ${dirname(file)}`;
  if (code === 'EISDIR') return 'that is a folder';
  if (code === 'ENOSPC' || code === 'EDQUOT') return `the disk is full (${code})`;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return `no permission (${code})`;
  return String(code);
}
