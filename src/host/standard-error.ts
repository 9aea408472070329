/**
 * Lines for standard error, whoever reads there. What is said is with the system when the call returns, so that a crash loses
 * nothing; a reader that reads no more, goes away, or has no room left costs lines, and never the process: one that had to wait
 * for its reader would miss its neighbours' keepalives.
 */
import { fstatSync, writeSync } from 'node:fs';
import { libc } from './libc.ts';

const STANDARD_ERROR = 2;
/** Lines that wait for a reader, in bytes; more are lost. */
const WAITING_LIMIT = 1024 * 1024;
/** How long a reader that has kept up so far is waited for, before it is let be and looked at again now and then. */
const PATIENCE_MS = 50;
const AGAIN_MS = 25;
/** What can be written without waiting whenever something can: a pipe that has room has it for a page. */
const PIECE = 4096;

/** Where lines go; each ends with a line feed. Never throws. */
export function standardError(): { write(line: string): void } {
  const c = libc();
  const ready = 'missing' in c ? () => true : (ms: number) => c.writable(STANDARD_ERROR, ms);
  return isFile() ? { write: (line) => void writeAll(Buffer.from(line)) } : new Reader(ready);
}

class Reader {
  readonly #ready: (ms: number) => boolean;
  readonly #waiting: Uint8Array[] = [];
  #size = 0;

  constructor(ready: (ms: number) => boolean) {
    this.#ready = ready;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#size + bytes.length > WAITING_LIMIT) return;
    const keepsUp = this.#size === 0;
    const last = this.#waiting.at(-1);
    // Few large pieces are taken sooner than many small ones.
    if (last && last.length + bytes.length <= PIECE)
      this.#waiting[this.#waiting.length - 1] = Buffer.concat([last, bytes]);
    else this.#waiting.push(bytes);
    this.#size += bytes.length;
    if (keepsUp) this.#go(PATIENCE_MS);
  }

  #go(patience: number): void {
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      const written = this.#ready(patience) ? writeSome(first.subarray(0, PIECE)) : 0;
      if (written === 0) {
        setTimeout(() => this.#go(0), AGAIN_MS).unref();
        return;
      }
      // What nobody takes any more is lost.
      const taken = written ?? first.length;
      this.#size -= taken;
      if (taken === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(taken);
    }
  }
}

/** How much was taken: 0 when there is no room now, undefined when there never will be. */
function writeSome(bytes: Uint8Array): number | undefined {
  try {
    return writeSync(STANDARD_ERROR, bytes);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : undefined;
  }
}

function writeAll(bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(writeSome(rest) || rest.length);
}

/** A file takes all there is, or none of it when the disk is full. */
function isFile(): boolean {
  try {
    return fstatSync(STANDARD_ERROR).isFile();
  } catch {
    return false;
  }
}
