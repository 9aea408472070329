/** Who ordered what, when and why: one JSON object a line, on the disk before the order is carried out. */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../host/index.ts';

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

/** The file turns over before it grows beyond this, in bytes: tens of thousands of orders. */
const LIMIT = 10 * 1024 * 1024;

/** Where the entries before those of the file are; what was there is given up. */
const older = (path: string) => `${path}.1`;

/** Throws the system's error when the entry cannot be kept: what nobody will know of is not done. */
export function audit(path: string, entry: Entry, limit = LIMIT): void {
  makeFolder(dirname(path));
  const text = `${JSON.stringify(entry)}\n`;
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0 && size + Buffer.byteLength(text) > limit) renameSync(path, older(path));
  const fd = openSync(path, 'a+', 0o600);
  try {
    const bytes = Buffer.from(`${endsWhole(fd) ? '' : '\n'}${text}`);
    // A disk that is nearly full takes a part without a word; asked for the rest, it says so.
    for (let n = 0; n < bytes.length; ) n += writeSync(fd, bytes, n);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Whether the last line was written to its end: the next one would else be lost with it. */
function endsWhole(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size === 0 || readSync(fd, last, 0, 1, size - 1) === 0 || last[0] === 0x0a;
}

/** The latest entries, oldest first; lines that are none are passed over. */
export function audited(path: string, count: number): readonly Entry[] {
  const found = entriesOf(path, count);
  return found.length < count ? [...entriesOf(older(path), count), ...found].slice(-count) : found;
}

function entriesOf(path: string, count: number): readonly Entry[] {
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
