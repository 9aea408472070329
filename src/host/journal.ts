/**
 * The journal: every event with its instant, one JSON line each, in files that turn over. Written so that a day can be
 * played again; so bytes and large numbers keep their kind.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fromHex, type Instant, toHex } from '../base/index.ts';
import { codeOf } from './error.ts';
import { makeFolder } from './folder.ts';

/** What the journal needs of an event; the rest belongs to whoever writes and reads it. */
export interface Dated {
  readonly at: Instant;
}

export interface JournalOptions {
  /** The file that is written; older ones are beside it as `PATH.1` (the youngest), `PATH.2` and so on. */
  readonly path: string;
  /** A file turns over at this size, in bytes; {@link FILE_LIMIT} when absent. */
  readonly fileLimit?: number;
  /** How many older files stay; {@link FILES_KEPT} when absent. */
  readonly keep?: number;
  /** Says once that writing fails, and once that it works again. One sentence. */
  readonly trouble?: (sentence: string) => void;
  /** Opens the file; tests put a disk of their own here. */
  readonly open?: (path: string) => Promise<JournalFile>;
}

/** As much of a file as the journal uses. */
export interface JournalFile {
  append(text: string): Promise<void>;
  size(): Promise<number>;
  /** True when the file is empty or its last byte ends a line. */
  endsWhole(): Promise<boolean>;
  close(): Promise<void>;
}

export interface Journal<E extends Dated> {
  /** Takes an event; never throws and never waits. What cannot be written is dropped and counted. */
  write(event: E): void;
  /** Events that were dropped, because the disk was full or slow, or because they are no JSON. */
  readonly dropped: number;
  /** Resolves when everything written so far is with the system, or was dropped. */
  flush(): Promise<void>;
  /** Flushes and closes; later events are dropped. */
  close(): Promise<void>;
}

export const FILE_LIMIT = 256 * 1024 * 1024;
export const FILES_KEPT = 4;
/** Events that wait for the disk, in characters of their lines; more than that is dropped. */
export const PENDING_LIMIT = 32 * 1024 * 1024;
/** Lines gather for this long, so that a quiet journal is not one system call an event. */
const GATHER_MS = 100;
/** … or until so many characters have gathered. */
const GATHER_SIZE = 256 * 1024;
/** How long to leave a disk alone that refused a line. */
const RETRY_MS = 5000;
/** The longest line the reader takes, in characters. */
const LONGEST_LINE = 16 * 1024 * 1024;

/** A journal over a file, which is created (with its folder, mode 0600) or continued. Nothing is opened before the first event. */
export function journal<E extends Dated>(options: JournalOptions): Journal<E> {
  return new FileJournal<E>(options);
}

class FileJournal<E extends Dated> implements Journal<E> {
  readonly #options: JournalOptions;
  readonly #limit: number;
  readonly #keep: number;
  #lines: string[] = [];
  #pending = 0;
  #dropped = 0;
  /** Dropped since the trouble began, for the sentence that ends it. */
  #droppedInTrouble = 0;
  #troubled = false;
  #closed = false;
  #file: JournalFile | undefined;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #restUntil = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#limit = options.fileLimit ?? FILE_LIMIT;
    this.#keep = options.keep ?? FILES_KEPT;
  }

  get dropped(): number {
    return this.#dropped;
  }

  write(event: E): void {
    const line = lineOf(event);
    if (this.#closed || line === undefined || this.#pending + line.length > PENDING_LIMIT) {
      this.#drop(1);
      return;
    }
    this.#lines.push(line);
    this.#pending += line.length;
    if (this.#pending >= GATHER_SIZE) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), GATHER_MS).unref();
  }

  async flush(): Promise<void> {
    while (this.#pending > 0 || this.#writing) {
      this.#start();
      await this.#writing;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    await this.#release();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing || this.#pending === 0) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** One batch after the other until none is left. Whatever fails is said, dropped and counted. */
  async #writeAll(): Promise<void> {
    while (this.#lines.length > 0) {
      const lines = this.#lines;
      this.#lines = [];
      this.#pending = 0;
      if (performance.now() < this.#restUntil && !this.#closed) {
        this.#drop(lines.length);
        continue;
      }
      try {
        await this.#append(lines);
        this.#well();
      } catch (error) {
        this.#drop(lines.length);
        this.#unwell(error, lines.length);
        await this.#release();
      }
    }
  }

  async #append(lines: readonly string[]): Promise<void> {
    let from = 0;
    while (from < lines.length) {
      this.#file ??= await this.#open();
      // As many lines as still fit into this file, but always at least one.
      let [to, size] = [from, 0];
      while (to < lines.length) {
        const bytes = Buffer.byteLength(lines[to] as string);
        if (this.#size + size + bytes > this.#limit && this.#size + size > 0) break;
        size += bytes;
        to++;
      }
      if (to > from) await this.#file.append(lines.slice(from, to).join(''));
      this.#size += size;
      from = to;
      if (from < lines.length) await this.#turnOver();
    }
  }

  async #open(): Promise<JournalFile> {
    const file = await (this.#options.open ?? openFile)(this.#options.path);
    this.#size = await file.size();
    // The writer before us was cut off in a line; end it, so that only that one is lost.
    if (!(await file.endsWhole())) {
      await file.append('\n');
      this.#size++;
    }
    return file;
  }

  async #turnOver(): Promise<void> {
    await this.#release();
    const { path } = this.#options;
    await rm(`${path}.${this.#keep}`, { force: true });
    for (let n = this.#keep - 1; n >= 0; n--) {
      const from = n === 0 ? path : `${path}.${n}`;
      if (this.#keep > 0)
        await rename(from, `${path}.${n + 1}`).catch((error) => {
          if (codeOf(error) !== 'ENOENT') throw error;
        });
    }
    if (this.#keep === 0) await rm(path, { force: true });
    this.#size = 0;
  }

  async #release(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => {});
  }

  #drop(events: number): void {
    this.#dropped += events;
    if (this.#troubled) this.#droppedInTrouble += events;
  }

  #unwell(error: unknown, events: number): void {
    this.#restUntil = performance.now() + RETRY_MS;
    if (this.#troubled) return;
    this.#troubled = true;
    this.#droppedInTrouble = events;
    const code = codeOf(error);
    const why = code === 'ENOSPC' ? 'the disk is full' : (code ?? String(error));
    this.#tell(
      `the journal ${this.#options.path} cannot be written (${why}); events are dropped until it can`,
    );
  }

  #well(): void {
    if (!this.#troubled) return;
    this.#troubled = false;
    this.#tell(
      `the journal ${this.#options.path} is written again; ${this.#droppedInTrouble} events are missing`,
    );
  }

  #tell(sentence: string): void {
    try {
      this.#options.trouble?.(sentence);
    } catch {
      // A listener's mistake is not the journal's.
    }
  }
}

/** A line of the journal: the event, or what is wrong with the line. */
export type JournalLine<E> =
  | { readonly line: number; readonly event: E }
  | { readonly line: number; readonly complaint: string };

/**
 * The lines of one journal file, in order. A line that is no event is a complaint and the reading goes on; a missing file
 * throws.
 */
export async function* readJournal<E extends Dated>(path: string): AsyncGenerator<JournalLine<E>> {
  let line = 0;
  let rest = '';
  let skipping = false;
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: GATHER_SIZE })) {
    const parts = (rest + (chunk as string)).split('\n');
    rest = parts.pop() as string;
    for (const text of parts) {
      line++;
      if (skipping) yield { line, complaint: `longer than ${LONGEST_LINE} characters` };
      else yield parseLine<E>(line, text);
      skipping = false;
    }
    if (rest.length > LONGEST_LINE) {
      skipping = true;
      rest = '';
    }
  }
  if (rest !== '' || skipping)
    yield {
      line: line + 1,
      complaint: `cut off after ${rest.length} characters: the writer was stopped in this line`,
    };
}

/** The journal's files in the order they were written: `PATH.4` … `PATH.1`, `PATH`. */
export function journalFiles(path: string, names: readonly string[]): string[] {
  const base = path.slice(path.lastIndexOf('/') + 1);
  const older = names
    .filter((name) => name.startsWith(`${base}.`) && /^\.[1-9]\d{0,5}$/.test(name.slice(base.length)))
    .map((name) => Number(name.slice(base.length + 1)))
    .sort((a, b) => b - a);
  return [...older.map((n) => `${path}.${n}`), ...(names.includes(base) ? [path] : [])];
}

function parseLine<E extends Dated>(line: number, text: string): JournalLine<E> {
  try {
    const event = JSON.parse(text, revive) as E;
    if (typeof event === 'object' && event !== null && typeof event.at === 'number') return { line, event };
    return { line, complaint: 'no event: an object with the instant `at` is expected' };
  } catch {
    return { line, complaint: 'no JSON' };
  }
}

/** The event as a line; undefined when it is no JSON. */
function lineOf(event: Dated): string | undefined {
  try {
    return `${JSON.stringify(event, keep)}\n`;
  } catch {
    return undefined;
  }
}

/** JSON has no bytes and no large whole numbers: they are written as `{"$hex": …}` and `{"$big": …}`. */
function keep(this: unknown, key: string, value: unknown): unknown {
  // A Buffer turns itself into something else before it gets here; the owner still has it.
  const own = (this as Record<string, unknown>)[key];
  if (own instanceof Uint8Array) return { $hex: toHex(own) };
  return typeof value === 'bigint' ? { $big: value.toString() } : value;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { $hex, $big } = value as { $hex?: unknown; $big?: unknown };
  if (typeof $hex === 'string') return fromHex($hex) ?? value;
  if (typeof $big === 'string' && /^-?\d{1,40}$/.test($big)) return BigInt($big);
  return value;
}

async function openFile(path: string): Promise<JournalFile> {
  makeFolder(dirname(path));
  const handle: FileHandle = await open(path, 'a+', 0o600);
  return {
    append: async (text) => {
      await handle.appendFile(text);
    },
    size: async () => (await handle.stat()).size,
    endsWhole: async () => {
      const { size } = await handle.stat();
      if (size === 0) return true;
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
      return buffer[0] === 10;
    },
    close: () => handle.close(),
  };
}
