/** Who ordered what, when and why: one JSON object a line, on the disk before the order is carried out. */
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Entry {
  /** ISO 8601. */
  readonly at: string;
  readonly site: string;
  readonly order: 'drain' | 'undrain' | 'freeze' | 'unfreeze' | 'reload' | 'start' | 'stop';
  readonly owner: string;
  readonly reason: string;
  readonly outcome: 'done' | 'refused';
  /** Why it was refused, or what else there is to know. */
  readonly detail?: string;
}

/** How much of the file `latest` looks at, in bytes. */
const LOOK = 256 * 1024;

/** Throws the system's error when the entry cannot be kept: what nobody will know of is not done. */
export function audit(path: string, entry: Entry): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fd = openSync(path, 'a', 0o600);
  try {
    writeSync(fd, `${JSON.stringify(entry)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The latest entries, oldest first; lines that are none are passed over. */
export function audited(path: string, count: number): readonly Entry[] {
  let text: string;
  try {
    text = ending(path);
  } catch {
    return [];
  }
  return text
    .split('\n')
    .slice(-count - 1)
    .flatMap((line) => {
      try {
        const entry = JSON.parse(line) as Entry;
        return typeof entry?.order === 'string' ? [entry] : [];
      } catch {
        return [];
      }
    })
    .slice(-count);
}

/** However long the file has become, no more of it is read. */
function ending(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, LOOK));
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, size - bytes.length));
  } finally {
    closeSync(fd);
  }
}
