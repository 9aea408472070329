/** The folder of a running `up`: plans, states and logs of its sites. It goes when `up` ends; of one that was killed, when the next begins. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT, Failure } from './failure.ts';

/** A folder of our own; those of worlds that were killed are taken away. Throws a {@link Failure} where none can be made. */
export function freshFolder(within = tmpdir()): string {
  try {
    for (const name of readdirSync(within)) {
      const pid = Number(/^nearcast-up-(\d+)-/.exec(name)?.[1] ?? 0);
      if (pid > 0 && !lives(pid)) forget(join(within, name));
    }
    return mkdtempSync(join(within, `nearcast-up-${process.pid}-`));
  } catch (error) {
    throw new Failure(
      `no folder can be made in ${within} (${(error as NodeJS.ErrnoException).code}): set TMPDIR to one that you may write to`,
      EXIT.error,
    );
  }
}

/** That of another user stays; it is not ours to take away. */
function forget(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Nothing of ours depends on it.
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
