/** Costly questions, one after another: after each there is a rest as long as it took, so that whoever asks takes half of the time at most. */
export class Turns {
  readonly #most: number;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  /** `most`: how many may wait. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Does the work in its turn; undefined when too many wait already. Rejects with what the work throws. */
  take<T>(work: () => T | Promise<T>): Promise<T> | undefined {
    if (this.#waiting >= this.#most) return undefined;
    this.#waiting++;
    const done = this.#last.then(async () => {
      this.#waiting--;
      const began = performance.now();
      try {
        return { is: await work(), took: performance.now() - began };
      } catch (error) {
        return { error, took: performance.now() - began };
      }
    });
    this.#last = done.then(({ took }) => (took < SHORT ? undefined : pause(took)));
    return done.then((outcome) => {
      if ('error' in outcome) throw outcome.error;
      return outcome.is;
    });
  }
}

/** What is over so soon, in milliseconds, needs no rest. */
const SHORT = 5;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
