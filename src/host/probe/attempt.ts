/**
 * One question to one target: it ends exactly once, by an answer or by its time running out, and whatever it opened is
 * closed then. No probe can leave a socket, a timer or a process behind, because none closes anything by itself.
 */
import { after, between, type Clock, type Instant, type Millis, millis } from '../../base/index.ts';
import { codeOf } from '../error.ts';
import type { ProbeAnswer } from './spec.ts';

/** What ends an attempt gives this back, so that `return a.bad(…)` ends the function as well. */
export type Over = undefined;

export class Attempt {
  /** What is being waited for; the sentence when time runs out. */
  waiting = 'no answer';
  /** How long it may take. */
  readonly timeout: Millis;
  readonly #clock: Clock;
  readonly #began: Instant;
  readonly #ends: (() => void)[] = [];
  #over = false;
  readonly #tell: (answer: ProbeAnswer) => void;

  constructor(clock: Clock, timeout: Millis, tell: (answer: ProbeAnswer) => void) {
    this.timeout = timeout;
    this.#clock = clock;
    this.#began = clock.now();
    this.#tell = tell;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Runs when the attempt is over; at once when it is already. */
  atEnd(close: () => void): void {
    if (this.#over) quietly(close);
    else this.#ends.push(close);
  }

  good(detail: string, options: { readonly warning?: boolean } = {}): Over {
    this.#end({ outcome: 'good', ...(options.warning ? { warning: true } : {}), detail });
  }

  bad(detail: string): Over {
    this.#end({ outcome: 'bad', detail });
  }

  dead(detail: string): Over {
    this.#end({ outcome: 'dead', detail });
  }

  /** Ends as one that failed by a system's error: a refusal is dead, all else is bad. */
  failed(error: unknown): Over {
    this.#end(failure(error));
  }

  /** Calls `run` after so long, unless the attempt is over by then. */
  later(wait: Millis, run: () => void): void {
    this.atEnd(this.#clock.wake(after(this.#clock.now(), wait), run));
  }

  /** An attempt with less time that ends with this one at the latest, and whose failure is not this one's. */
  within(timeout: Millis, tell: (answer: ProbeAnswer) => void): Attempt {
    const inner = new Attempt(this.#clock, timeout, tell);
    inner.later(timeout, () => inner.bad(`${inner.waiting} within ${timeout} ms`));
    this.atEnd(() => inner.bad('the time is over'));
    return inner;
  }

  #end(seen: Omit<ProbeAnswer, 'took'>): void {
    if (this.#over) return;
    this.#over = true;
    const took = millis(Math.max(0, between(this.#began, this.#clock.now())));
    for (const close of this.#ends.splice(0).reverse()) quietly(close);
    this.#tell({ ...seen, detail: seen.detail.slice(0, DETAIL_LIMIT), took });
  }
}

/** Longer sentences are cut. */
const DETAIL_LIMIT = 400;

/**
 * Begins an attempt and gives its answer, at the latest when `timeout` has passed. Never rejects: what `begin` throws is a bad
 * answer. An answer that lies unread because this process was busy still counts: time out means one more look first.
 */
export function attempt(
  clock: Clock,
  timeout: Millis,
  begin: (a: Attempt) => void | Promise<void>,
): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const a = new Attempt(clock, timeout, resolve);
    const late = (): void => {
      setImmediate(() => setImmediate(() => a.bad(`${a.waiting} within ${timeout} ms`)));
    };
    a.later(timeout, late);
    const broken = (error: unknown): void => a.failed(error);
    try {
      begin(a)?.catch(broken);
    } catch (error) {
      broken(error);
    }
  });
}

const SENTENCES: { readonly [code: string]: string } = {
  ECONNREFUSED: 'refuses: nothing listens there',
  ECONNRESET: 'reset the connection',
  EPIPE: 'closed the connection while it was being asked',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'cannot be reached: the host does not answer on its link',
  ENETUNREACH: 'cannot be reached: there is no route to it',
  EADDRNOTAVAIL: 'cannot be asked from here: no local address fits',
  EAFNOSUPPORT: 'cannot be asked: this machine does not have that IP version',
  EACCES: 'cannot be asked: the system does not permit it',
  EPERM: 'cannot be asked: the system does not permit it',
  EMFILE: 'cannot be asked: this process has too many files open',
};

/** A system's error as what it means for a probe. */
export function failure(error: unknown): { readonly outcome: 'bad' | 'dead'; readonly detail: string } {
  const code = codeOf(error);
  const detail =
    (code === undefined ? undefined : SENTENCES[code]) ??
    (error instanceof Error ? error.message : String(error));
  return { outcome: code === 'ECONNREFUSED' ? 'dead' : 'bad', detail };
}

function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // What is closed already need not be closed.
  }
}
