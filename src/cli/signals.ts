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

/** Calls `hear` at every SIGHUP, which means "read your file again"; the returned function ends that. */
export function onHangup(hear: () => void): () => void {
  process.on('SIGHUP', hear);
  return () => process.off('SIGHUP', hear);
}
