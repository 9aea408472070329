/**
 * Server-sent events. A reader is a place in the chronicle, not a queue: it is given what comes after its place as fast as it
 * reads. Who is so slow that what comes next is not in memory any more gets a `reset` with a whole snapshot.
 */
import type { ServerResponse } from 'node:http';
import { type Cursor, format, formatCursor } from '../../control/index.ts';
import type { Chronicle } from './chronicle.ts';

export interface StreamLimits {
  /** Readers at once. */
  readonly streams?: number;
  readonly heartbeatMs?: number;
  /** A reader who takes nothing for so long is gone. */
  readonly patienceMs?: number;
}

const STREAMS = 64;
const HEARTBEAT_MS = 15_000;
const PATIENCE_MS = 60_000;
/** Events that are written at a time. */
const BATCH = 200;
/** After how long a browser tries again. */
const RETRY_MS = 1000;

export class Streams {
  readonly #chronicle: Chronicle;
  readonly #limits: Required<StreamLimits>;
  readonly #readers = new Set<Reader>();

  constructor(chronicle: Chronicle, limits: StreamLimits = {}) {
    this.#chronicle = chronicle;
    this.#limits = { streams: STREAMS, heartbeatMs: HEARTBEAT_MS, patienceMs: PATIENCE_MS, ...limits };
  }

  get full(): boolean {
    return this.#readers.size >= this.#limits.streams;
  }

  get most(): number {
    return this.#limits.streams;
  }

  /** Serves a reader until it leaves. Without a cursor it begins with what happens next. */
  open(
    response: ServerResponse,
    headers: { readonly [name: string]: string },
    from: Cursor | undefined,
  ): void {
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const reader = new Reader(this.#chronicle, response, from, this.#limits);
    this.#readers.add(reader);
    response.on('error', () => {});
    response.once('close', () => {
      reader.end();
      this.#readers.delete(reader);
    });
  }

  close(): void {
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }
}

class Reader {
  readonly #chronicle: Chronicle;
  readonly #response: ServerResponse;
  readonly #leave: () => void;
  readonly #beat: NodeJS.Timeout;
  #at: Cursor | undefined;
  #full = false;
  #fullSince = 0;

  constructor(
    chronicle: Chronicle,
    response: ServerResponse,
    from: Cursor | undefined,
    { heartbeatMs, patienceMs }: Required<StreamLimits>,
  ) {
    this.#chronicle = chronicle;
    this.#response = response;
    this.#at = from ?? chronicle.latest;
    this.#write(`retry: ${RETRY_MS}\n\n`);
    this.#leave = chronicle.listen(() => this.#go());
    response.on('drain', () => {
      this.#full = false;
      this.#go();
    });
    this.#beat = setInterval(() => {
      if (!this.#full) this.#write(': still here\n\n');
      else if (performance.now() - this.#fullSince > patienceMs) response.destroy();
    }, heartbeatMs);
    this.#go();
  }

  end(): void {
    clearInterval(this.#beat);
    this.#leave();
    if (!this.#response.writableEnded) this.#response.end();
  }

  #go(): void {
    const { latest } = this.#chronicle;
    if (!latest) return;
    // Who came before the run began wants to know how it begins.
    this.#at ??= { run: '', seq: -1 };
    while (!this.#full && !(this.#at.seq === latest.seq && this.#at.run === latest.run)) {
      const events = this.#chronicle.after(this.#at, BATCH);
      if (events === undefined || events.length === 0) {
        this.#write(`event: reset\nid: ${formatCursor(latest)}\ndata: ${format(latest)}\n\n`);
        this.#at = latest;
        return;
      }
      this.#write(events.map((e) => `id: ${formatCursor(e)}\ndata: ${format(e)}\n\n`).join(''));
      this.#at = events.at(-1) as Cursor;
    }
  }

  #write(text: string): void {
    if (this.#response.write(text) || this.#full) return;
    this.#full = true;
    this.#fullSince = performance.now();
  }
}
