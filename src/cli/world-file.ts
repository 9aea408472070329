/** The internet that prediction works on: a packed file, made once from public data, or a generated one to begin with. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FEWEST_ASES, generateWorld, MOST_ASES, openWorld, type World } from '../topology/index.ts';
import { EXIT, Failure } from './failure.ts';
import { readWhole } from './whole-file.ts';

export interface WorldOptions {
  /** A file of `nearcast data pack`. */
  readonly world?: string;
  /** `ASES` or `ASES:SEED`: an internet that does not exist, of the usual shape. */
  readonly generated?: string;
}

/** Where `nearcast data pack` writes and `nearcast predict` looks unless told otherwise. */
export function defaultWorldFile(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'nearcast', 'world.bin');
}

/** Opens or makes the world; fails with what to do when there is none. */
export function loadWorld({ world, generated }: WorldOptions): World {
  if (generated !== undefined) return generate(generated);
  const file = world ?? defaultWorldFile();
  if (!existsSync(file))
    throw new Failure(
      `there is no ${file}: make it with 'nearcast data pull' and 'nearcast data pack --graph AS-REL-FILE', or try --generated 2000 for an internet that does not exist`,
    );
  const bytes = readWhole(file);
  const opened = openWorld(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
  );
  if ('refused' in opened) throw new Failure(`${file}: ${opened.refused}`);
  return opened;
}

function generate(text: string): World {
  const m = /^(\d+)(?::(\d+))?$/.exec(text);
  const ases = Number(m?.[1]);
  if (!m || ases < FEWEST_ASES || ases > MOST_ASES)
    throw new Failure(
      `--generated wants a number of ASes from ${FEWEST_ASES} to ${MOST_ASES}, such as 2000 or 2000:7`,
      EXIT.usage,
    );
  return generateWorld({ ases, seed: Number(m[2] ?? 1) });
}
