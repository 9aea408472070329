/** Runs what a speak file says until the process is told to stop. */
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Router } from '../agent/index.ts';
import type { Instant } from '../base/index.ts';
import { type Journal, journal, type Logger, logger, realClock, serveControl } from '../host/index.ts';
import { answers } from './answers.ts';
import { noteSentence } from './phrases.ts';
import { reloadSentence } from './reload.ts';
import { decisionOf, Running } from './running.ts';
import { hangups, stopSignal } from './signals.ts';
import type { SpeakConfig } from './speak/index.ts';

/** What `nearcast speak` writes besides the entries of the router: what time it is where instants begin. */
export interface ClockEntry {
  readonly at: Instant;
  readonly kind: 'clock';
  readonly utc: string;
}

type JournalEntry = ClockEntry | { readonly at: Instant };

/** Resolves when the speaker has been told to stop and has said goodbye to everyone. */
export async function startSpeaker(
  config: SpeakConfig,
  passwords: ReadonlyMap<string, string>,
): Promise<void> {
  let current: Running | undefined;
  const log = logger({ level: config.log, secrets: () => (current?.passwords ?? passwords).values() });
  const clock = realClock();
  const book: Journal<JournalEntry> | undefined =
    config.journal === undefined
      ? undefined
      : journal({ path: config.journal, trouble: (why) => log.warn(why) });
  // Instants count from the start of the process; the player wants to know when that was.
  book?.write({ at: clock.now(), kind: 'clock', utc: new Date().toISOString() });
  const router = new Router({
    speaker: {
      asn: config.asn,
      id: config.id,
      decision: decisionOf(config),
      hashSeed: randomInt(2 ** 32),
    },
    listen: config.listen,
    clock,
    note: (note) => {
      if (note.kind === 'host') log.warn(note.why, note.peer === undefined ? {} : { peer: note.peer });
      else {
        const { level, text, facts } = noteSentence(note);
        log[level](text, facts);
      }
    },
    ...(book ? { journal: book } : {}),
  });
  const running = new Running(router, config, passwords);
  current = running;
  const told = stopSignal();
  const hangup = hangups(() => reload(running, log));
  // A speaker that ends as it should takes its socket away; one that lies there was left by a crash.
  const restarted = config.control !== undefined && existsSync(config.control);
  const control =
    config.control === undefined ? undefined : await serveControl(config.control, answers(running, clock));
  try {
    await running.start(restarted);
  } catch (error) {
    await control?.close();
    throw error;
  }
  hangup.begin();
  log.info(`AS${config.asn} speaks`, {
    id: config.id,
    peers: config.peers.length,
    listen: router.listeners.map((l) => `${l.address} port ${l.port}`).join(', ') || 'nowhere',
    ...(control ? { control: control.path } : {}),
  });
  const signal = await told;
  log.info('stopping', { signal });
  hangup.end();
  await router.stop();
  await control?.close();
}

/** Reads the file again, and says what came of it. */
function reload(running: Running, log: Logger): void {
  try {
    log.info(reloadSentence(running.reload()));
  } catch (error) {
    log.error((error as Error).message);
  }
}
