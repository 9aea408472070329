/** Making folders for files that a verb writes. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from './failure.ts';

/** Makes the folder of a file, and those above it. Node's own recursive way never ends under /proc. */
export function makeFolderFor(file: string): void {
  const folder = dirname(file);
  if (existsSync(folder)) return;
  makeFolderFor(folder);
  try {
    mkdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new Failure(`cannot make the folder ${folder}: ${code}`);
  }
}
