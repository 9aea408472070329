/** Ctrl-C during long work: the first ends it with what was found so far, a later one at once. */

/** The same key press can come twice: from the terminal, and from a parent that passes it on. */
const SAME_PRESS_MS = 1000;
/** The exit code of a command that Ctrl-C ended, as shells have it. */
export const INTERRUPTED = 130;

export interface Interrupt {
  /** True once somebody asked to stop. */
  readonly asked: boolean;
  /** From now on Ctrl-C means what it always means. */
  end(): void;
}

interface Signals {
  on(signal: 'SIGINT', heard: () => void): unknown;
  off(signal: 'SIGINT', heard: () => void): unknown;
  exit(code: number): void;
}

/** Listens for Ctrl-C until `end`. Only for work that lets the event loop run. */
export function interrupt(
  say: (text: string) => void = (text) => process.stderr.write(text),
  signals: Signals = process,
  now: () => number = Date.now,
): Interrupt {
  let first: number | undefined;
  const heard = () => {
    if (first !== undefined) {
      if (now() - first >= SAME_PRESS_MS) signals.exit(INTERRUPTED);
      return;
    }
    first = now();
    say('\nstops when what is under way is done; Ctrl-C again ends at once\n');
  };
  signals.on('SIGINT', heard);
  return {
    get asked() {
      return first !== undefined;
    },
    end: () => void signals.off('SIGINT', heard),
  };
}
