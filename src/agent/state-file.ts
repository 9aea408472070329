/**
 * What an agent has to know of its last life: one small file, replaced whole. Whenever the machine or the process stops, the
 * file is the old one or the new one. Its time of change says when the agent was last alive.
 */
import { readFileSync, statSync } from 'node:fs';
import { open, rename, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Address, Instant } from '../base/index.ts';
import { makeFolder } from '../host/index.ts';
import type { SiteState } from '../site/index.ts';

export interface Saved {
  readonly schema: 'nearcast.state/1';
  readonly network: string;
  readonly site: string;
  /** Larger than at any earlier start. */
  readonly boot: number;
  /** Names this run of the kernel: addresses and services do not outlive it. */
  readonly machine: string;
  /** False after a clean stop. */
  readonly running: boolean;
  /** Upstreams were being told of prefixes. */
  readonly announcing: boolean;
  /** When it was written: by the agent's clock, and in milliseconds since 1970. */
  readonly at: Instant;
  readonly utc: number;
  readonly state: SiteState;
  /** Addresses that the agent put on an interface and has to take away again. */
  readonly added: readonly Added[];
}

export interface Added {
  readonly address: Address;
  readonly interface: string;
}

/** What was found; `aliveAt` in milliseconds since 1970. */
export type Found =
  | { readonly saved: Saved; readonly aliveAt: number }
  | { readonly nothing: true }
  | { readonly unreadable: string };

/** A state larger than this is not ours. */
const SIZE_LIMIT = 16 * 1024 * 1024;

/** Never throws. */
export function readState(path: string): Found {
  try {
    const { size, mtimeMs } = statSync(path);
    if (size > SIZE_LIMIT) return { unreadable: `${path} is too large for a state file` };
    const saved = JSON.parse(readFileSync(path, 'utf8')) as Partial<Saved> | null;
    if (saved?.schema !== 'nearcast.state/1' || !isWhole(saved))
      return { unreadable: `${path} is no state file that this version can read` };
    return { saved, aliveAt: mtimeMs };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { nothing: true };
    return { unreadable: `${path} cannot be read (${code ?? (error as Error).message})` };
  }
}

function isWhole(saved: Partial<Saved>): saved is Saved {
  const { state } = saved;
  return (
    typeof saved.site === 'string' &&
    typeof saved.boot === 'number' &&
    typeof saved.running === 'boolean' &&
    typeof saved.announcing === 'boolean' &&
    typeof saved.at === 'number' &&
    typeof saved.utc === 'number' &&
    Array.isArray(saved.added) &&
    typeof state === 'object' &&
    state !== null &&
    [state.services, state.drain, state.decided].every((part) => typeof part === 'object' && part !== null)
  );
}

/** Replaces a file whole: written beside it, on the disk, then renamed over it. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  // The new name is safe once its folder is.
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Keeps a file at the latest state. Writes one at a time; of several that wait only the last is written. What the disk would not
 * take is tried again with every sign of life.
 */
export class StateFile {
  readonly path: string;
  readonly #trouble: (why: string) => void;
  #next: string | undefined;
  #writing: Promise<void> | undefined;
  /** What could not be written. */
  #unwritten: string | undefined;

  /** `trouble` hears once when the file can no longer be written, and once when it can again. */
  constructor(path: string, trouble: (why: string) => void) {
    this.path = path;
    this.#trouble = trouble;
  }

  save(state: Saved): void {
    this.#next = JSON.stringify(state);
    this.#writing ??= this.#write();
  }

  /** The agent is alive: a crash is later than this. A file that is behind is brought up to date first. */
  async touch(): Promise<void> {
    if (this.#unwritten !== undefined) {
      this.#next ??= this.#unwritten;
      this.#writing ??= this.#write();
      return;
    }
    const now = new Date();
    await utimes(this.path, now, now).catch(() => {});
  }

  /** Resolves when what was last saved is on the disk. */
  async settled(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    let text = '';
    // Whatever goes wrong goes wrong after `#writing` is set.
    await undefined;
    try {
      while (this.#next !== undefined) {
        text = this.#next;
        this.#next = undefined;
        makeFolder(dirname(this.path));
        await replaceFile(this.path, text);
        if (this.#unwritten !== undefined) this.#trouble(`${this.path} can be written again`);
        this.#unwritten = undefined;
      }
    } catch (error) {
      if (this.#unwritten === undefined)
        this.#trouble(
          `the state cannot be kept in ${this.path} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}): a restart would not know of what has happened since`,
        );
      this.#unwritten = this.#next ?? text;
      this.#next = undefined;
    } finally {
      this.#writing = undefined;
    }
  }
}

/** The kernel's name for its present run; empty where there is none. */
export function machineRun(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
