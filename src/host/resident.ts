/**
 * The program's own code in memory. Node's is a hundred megabytes, of which starting touches a third and a quiet agent a tenth;
 * what is touched stays resident until somebody else needs the room. An agent that shares a small machine gives it back.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { libc } from './libc.ts';

const MADV_DONTNEED = 4;
/** `560c85000000-560c87000000 r-xp 02500000 08:01 1312 /usr/bin/node`: code, which nobody can write to. */
const CODE = /^([0-9a-f]+)-([0-9a-f]+) r-xp [0-9a-f]+ \S+ [1-9]\d* +\//;

/**
 * Lets go of the pages of code that are mapped from files. Whatever runs next finds them again in the system's page cache, for
 * less than a microsecond each, and only what runs comes back. Does nothing where the system cannot be asked for it.
 */
export function releaseCode(): void {
  if ('missing' in libc()) return;
  try {
    const maps = readFileSync('/proc/self/maps', 'latin1');
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const madvise = koffi.load(null).func('int madvise(uint64_t, uint64_t, int)');
    for (const line of maps.split('\n')) {
      const [, from, to] = CODE.exec(line) ?? [];
      if (from === undefined || to === undefined) continue;
      const begin = BigInt(`0x${from}`);
      madvise(begin, BigInt(`0x${to}`) - begin, MADV_DONTNEED);
    }
  } catch {
    // Then it stays resident.
  }
}
