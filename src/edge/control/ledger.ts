/**
 * Events on the disk, so that a reader who was away, or the server itself, can go on where it was. Each file begins with a
 * snapshot and goes on with the events after it, one JSON line each; so any file can be read without the others. A line that is
 * torn or no event ends a file. Old files go when all together are too big.
 */
import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Event, format, readEvent, readSnapshot, type Snapshot, Timeline } from '../../control/index.ts';
import { makeFolder } from '../../host/index.ts';

export interface LedgerOptions {
  /** Made with mode 0700 when it is not there. */
  readonly folder: string;
  /** A new file begins when one is this big, in bytes. */
  readonly fileLimit?: number;
  /** All files together, in bytes; the oldest go. */
  readonly limit?: number;
  /** How long a disk that refused a line is left alone, in milliseconds. */
  readonly rest?: number;
  /** Trouble with the disk, once each time it begins; one sentence. */
  readonly say: (sentence: string) => void;
  /** Writes to a file that is open; tests put a full disk here. */
  readonly write?: (file: number, text: string) => void;
}

const FILE_LIMIT = 4 * 1024 * 1024;
const LIMIT = 64 * 1024 * 1024;
const REST_MS = 10_000;

/** The number and the instant of the snapshot that a file begins with stand in its name. */
const NAME = /^events-(\d{12,})-(\d{13,})\.jsonl$/;

interface File {
  readonly path: string;
  readonly seq: number;
  readonly at: number;
  size: number;
}

interface Known {
  readonly path: string;
  readonly size: number;
  readonly timeline: Timeline;
}

/** Files that are remembered. */
const KNOWN = 4;
/** Lines that are read without a pause, some milliseconds. */
const BREATH = 200;

export class Ledger {
  readonly #options: LedgerOptions;
  #files: File[];
  #open: number | undefined;
  /** Not before this instant, by the monotonic clock; set while the disk is in trouble. */
  #restUntil: number | undefined;
  /** Files that were read last, the latest first: whoever goes through history comes by again. */
  #known: readonly Known[] = [];

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#files = [];
    try {
      makeFolder(options.folder);
      this.#files = readdirSync(options.folder)
        .flatMap((name): File[] => {
          const m = NAME.exec(name);
          const path = join(options.folder, name);
          return m ? [{ path, seq: Number(m[1]), at: Number(m[2]), size: statSync(path).size }] : [];
        })
        .sort((a, b) => a.seq - b.seq || a.at - b.at);
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** The oldest instant that can be asked for. */
  get oldest(): number | undefined {
    return this.#files[0]?.at;
  }

  /** What the youngest files hold, to go on from; undefined when there is nothing that can be read. */
  resume(): Timeline | undefined {
    for (let n = this.#files.length - 1; n >= 0; n--) {
      const last = atOnce(this.#timeline(this.#files[n] as File));
      if (!last) continue;
      // Who was a few events behind when a file turned over still finds them.
      const before = this.#files[n - 1] && atOnce(this.#timeline(this.#files[n - 1] as File));
      // What is pushed on is remembered no more as what the file holds.
      this.#known = [];
      if (!before) return last;
      before.pushAll(last.after(last.first.seq) ?? []);
      return before.latest.seq === last.latest.seq ? before : last;
    }
    return undefined;
  }

  /** Takes events that came after `before`; `after` is what is then. Never throws: what cannot be written stays in memory alone. */
  append(events: readonly Event[], before: Snapshot): void {
    if (this.#restUntil !== undefined && performance.now() < this.#restUntil) return;
    const fileLimit = this.#options.fileLimit ?? FILE_LIMIT;
    try {
      let file = this.#files.at(-1);
      if (this.#open === undefined || !file || file.size >= fileLimit) file = this.#turn(before);
      const text = events.map((e) => `${format(e)}\n`).join('');
      this.#write(this.#open as number, text);
      file.size += Buffer.byteLength(text);
      this.#restUntil = undefined;
    } catch (error) {
      this.#trouble(error);
    }
  }

  /**
   * A stretch of history that has the instant or, with `seq`, the event after that number; undefined when it is not kept. Others have
   * their turn while it is read.
   */
  async stretch(where: { readonly at: number } | { readonly seq: number }): Promise<Timeline | undefined> {
    const n = this.#files.findLastIndex((f) => ('at' in where ? f.at <= where.at : f.seq <= where.seq));
    // Files may go meanwhile, and their numbers with them.
    const [file, next] = [this.#files[n], this.#files[n + 1]];
    const timeline = file && (await inTurns(this.#timeline(file)));
    if (!timeline || 'at' in where || where.seq < timeline.latest.seq) return timeline;
    // The last event of its file: what comes after it begins the next one.
    return next ? inTurns(this.#timeline(next)) : timeline;
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open);
    this.#open = undefined;
  }

  #turn(before: Snapshot): File {
    this.close();
    const name = `events-${String(before.seq).padStart(12, '0')}-${String(before.at).padStart(13, '0')}.jsonl`;
    const path = join(this.#options.folder, name);
    // What stood there began alike and was torn right after: what is in memory is more.
    this.#open = openSync(path, 'w', 0o600);
    this.#files = this.#files.filter((f) => f.path !== path);
    const text = `${format(before)}\n`;
    const file = { path, seq: before.seq, at: before.at, size: Buffer.byteLength(text) };
    try {
      this.#write(this.#open, text);
    } catch (error) {
      // Without its snapshot it is no file that could be read.
      rmSync(path, { force: true });
      throw error;
    }
    this.#files.push(file);
    this.#forget();
    return file;
  }

  #write(file: number, text: string): void {
    if (this.#options.write) this.#options.write(file, text);
    else {
      const bytes = Buffer.from(text);
      for (let n = 0; n < bytes.length; ) n += writeSync(file, bytes, n);
    }
  }

  #forget(): void {
    const limit = this.#options.limit ?? LIMIT;
    while (this.#files.length > 1 && this.#files.reduce((n, f) => n + f.size, 0) > limit)
      rmSync((this.#files.shift() as File).path, { force: true });
  }

  /** After trouble a file of its own begins, with a snapshot: what was not written is a gap, and not a lie. */
  #trouble(error: unknown): void {
    try {
      this.close();
    } catch {
      this.#open = undefined;
    }
    if (this.#restUntil === undefined) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'ENOSPC' ? 'the disk is full' : (code ?? message);
      this.#options.say(
        `what happens cannot be kept in ${this.#options.folder} (${why}); the page goes on, but after a restart it will not know what happened meanwhile`,
      );
    }
    this.#restUntil = performance.now() + (this.#options.rest ?? REST_MS);
  }

  /** Yields between pieces of the work. */
  *#timeline(file: File): Generator<undefined, Timeline | undefined> {
    const { path, size } = file;
    const known = this.#known.find((k) => k.path === path && k.size === size);
    let timeline = known?.timeline;
    if (!known)
      try {
        const [first, ...lines] = readFileSync(path, 'utf8').split('\n');
        yield;
        const keyframe = readSnapshot(first ?? '');
        if (!keyframe.ok) return undefined;
        timeline = new Timeline(keyframe.value, { most: Number.POSITIVE_INFINITY });
        for (let n = 0; n < lines.length; n += BREATH) {
          const read = lines.slice(n, n + BREATH).map((line) => readEvent(line));
          const events = read.flatMap((event) => (event.ok ? [event.value] : []));
          const torn = read.findIndex((event) => !event.ok);
          // Torn, or not as we wrote it: what comes after it cannot be told either.
          const whole = torn < 0 ? events : events.slice(0, torn);
          if (timeline.pushAll(whole) < read.length) break;
          yield;
        }
      } catch {
        return timeline;
      }
    if (timeline) {
      const others = this.#known.filter((k) => k.path !== path);
      this.#known = [{ path, size, timeline }, ...others].slice(0, KNOWN);
    }
    return timeline;
  }
}

function atOnce<T>(work: Generator<undefined, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** Whatever else waits has its turn between two pieces. */
async function inTurns<T>(work: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await new Promise((resume) => setImmediate(resume));
  }
}
