/** What a command that runs until it is told to stop makes of the signals of the system. */

/** The first of the signals that mean "stop"; a second one ends the process at once. */
export function stopSignal(signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        resolve(signal);
      });
    }
  });
}

export interface Hangups {
  /** From now on each is heard; one that has come before is heard now. */
  begin(): void;
  /** None is heard any more. */
  end(): void;
}

/**
 * SIGHUP means "read your file again". From this call on it never has the system's own meaning, which is to end the process on
 * the spot: not while it starts, and not while it says goodbye.
 */
export function hangups(hear: () => void): Hangups {
  let phase: 'early' | 'waiting' | 'open' | 'over' = 'early';
  process.on('SIGHUP', () => {
    if (phase === 'early') phase = 'waiting';
    else if (phase === 'open') hear();
  });
  return {
    begin: () => {
      const waiting = phase === 'waiting';
      phase = 'open';
      if (waiting) hear();
    },
    end: () => {
      phase = 'over';
    },
  };
}
