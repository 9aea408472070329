/** What has happened lately, for whoever asks and whoever watches: a bounded list, and any number of readers. */

/** One thing that happened. Plain data. */
export interface Happening {
  /** ISO 8601. */
  readonly at: string;
  readonly site: string;
  readonly kind: 'decision' | 'health' | 'drain' | 'guard' | 'session' | 'order' | 'agent';
  /** One sentence. */
  readonly say: string;
  /** What it is about: a service, a scope, an upstream. */
  readonly about?: string;
  readonly from?: string;
  readonly to?: string;
  /** From the nearest cause back to the first. */
  readonly why?: readonly string[];
}

/** Happenings that are remembered. */
const REMEMBERED = 500;
/** Happenings that may wait for a reader; one that is slower loses the oldest. */
const WAITING = 1000;

export class History {
  readonly #all: Happening[] = [];
  readonly #readers = new Set<Reader>();

  /** The latest, oldest first. */
  latest(count: number): readonly Happening[] {
    return count <= 0 ? [] : this.#all.slice(-count);
  }

  add(happening: Happening): void {
    this.#all.push(happening);
    if (this.#all.length > REMEMBERED) this.#all.shift();
    for (const reader of this.#readers) reader.take(happening);
  }

  /** What happens from now on, after the `before` latest; ends when `signal` aborts. */
  async *watch(before: number, signal: AbortSignal): AsyncGenerator<Happening, void, void> {
    const reader = new Reader(this.latest(before));
    this.#readers.add(reader);
    const wake = () => reader.wake();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        const next = reader.next();
        if (next) yield next;
        else await reader.wait();
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#readers.delete(reader);
    }
  }
}

class Reader {
  readonly #waiting: Happening[];
  #wake: (() => void) | undefined;

  constructor(before: readonly Happening[]) {
    this.#waiting = [...before];
  }

  take(happening: Happening): void {
    this.#waiting.push(happening);
    if (this.#waiting.length > WAITING) this.#waiting.shift();
    this.wake();
  }

  next(): Happening | undefined {
    return this.#waiting.shift();
  }

  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
