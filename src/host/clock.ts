/** Real time: the {@link Clock} of production, over the process's monotonic clock and its timers. */
import { type Clock, type Instant, instant } from '../base/index.ts';

/** The longest wait a timer of Node takes (2³¹ − 1 ms, about 24.8 days); a longer one would fire at once. */
const LONGEST_WAIT = 0x7fff_ffff;

/**
 * A clock whose origin is the start of the process. A wake is never early, not even by the part of a millisecond that
 * timers round away, and never before the call that asked for it has returned. Any wait is served, however long.
 */
export function realClock(): Clock {
  return { now, wake };
}

function now(): Instant {
  return instant(performance.now());
}

function wake(at: Instant, run: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    const wait = Math.max(0, Math.ceil(at - performance.now()));
    timer = setTimeout(look, Math.min(wait, LONGEST_WAIT));
  };
  // A timer may come a little early, because the event loop reads the time once a turn; and a long wait comes in pieces.
  const look = (): void => {
    if (performance.now() < at) arm();
    else run();
  };
  arm();
  return () => clearTimeout(timer);
}
