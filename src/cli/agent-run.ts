/** An agent as the command runs it: files where they belong, signals, and questions for peers and routes. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Daemon, type ReadPlan, readPlan, startDaemon } from '../agent/index.ts';
import type { Instant } from '../base/index.ts';
import { controlPath, journal, logger, realClock, releaseCode } from '../host/index.ts';
import type { AgentSettings } from './agent.ts';
import { agentAnswers } from './agent-answers.ts';
import { noteSentence } from './phrases.ts';
import { hangups, stopSignal } from './signals.ts';
import { version } from './version.ts';

/** Resolves when the agent has been told to stop, has withdrawn everything, and has said goodbye. */
export async function runAgent(settings: AgentSettings): Promise<void> {
  const { file, site } = settings;
  let secrets: ReadPlan['secrets'] = [];
  let daemon: Daemon | undefined;
  const log = logger({
    level: settings.log,
    secrets: () => daemon?.secrets ?? secrets,
  }).with({ site });
  const read = readPlan(file, site, process.env);
  secrets = read.secrets;
  const clock = realClock();
  const book =
    settings.journal === undefined
      ? undefined
      : journal<{ at: Instant }>({ path: settings.journal, trouble: (why) => log.warn(why) });
  book?.write({ at: clock.now(), ...{ kind: 'clock', utc: new Date().toISOString() } });
  const socket = settings.socket ?? controlPath(`agent-${site}`);
  const folder = settings.state ?? stateFolder(process.env);
  const told = stopSignal();
  const hangup = hangups(() => {
    daemon
      ?.reload({ owner: 'SIGHUP', reason: 'told by signal' })
      .catch((error: Error) => log.error(`the plan was read again: ${error.message}`));
  });
  giveBack();
  daemon = await startDaemon({
    file,
    site,
    read,
    clock,
    log,
    env: process.env,
    version: version(),
    ...(socket === 'none' ? {} : { socket }),
    ...(folder === 'none' ? {} : { folder }),
    ...(settings.listen ? { listen: settings.listen } : {}),
    ...(settings.metrics ? { metrics: settings.metrics } : {}),
    ...(book ? { journal: book } : {}),
    note: (note) => {
      if (note.kind === 'host') log.warn(note.why, note.peer === undefined ? {} : { upstream: note.peer });
      else {
        const { level, text, facts } = noteSentence(note);
        log[level](text, facts);
      }
    },
    more: (agent) => agentAnswers(agent, clock),
  });
  const whole = setTimeout(releaseCode, STARTED).unref();
  hangup.begin();
  const signal = await told;
  log.info('stopping: withdrawing everything first', { signal });
  hangup.end();
  clearTimeout(whole);
  await daemon.stop('system', `the agent was stopped (${signal})`);
  log.info('stopped');
}

/** `nearcast agent --check`: everything that would keep it from starting, as far as that can be seen without starting it. */
export async function checkAgent(file: string, site: string): Promise<string> {
  readPlan(file, site, process.env);
  return `${file}: good for site ${site}`;
}

/** When starting is over, in milliseconds. */
const STARTED = 2000;

/**
 * What was needed for reading and checking is given back to the system before the first session begins: collecting takes a
 * twentieth of a second, on a busy machine several times that, and a neighbour that watches with BFD may wait for less. V8 would
 * keep it for a rush of work that an agent never has. What it forgets as well is compiled code that has not run for a while;
 * whatever runs from here on, the agent's rehearsal first, is kept.
 */
function giveBack(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (how: object) => void;
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  setFlagsFromString('--no-flush-bytecode');
}

/** Where systemd says, `/var/lib/nearcast` for root, else the user's own. */
function stateFolder(env: { readonly [name: string]: string | undefined }): string {
  const own = env['STATE_DIRECTORY']?.split(':')[0];
  if (own) return own;
  if (process.getuid?.() === 0) return '/var/lib/nearcast';
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'nearcast');
}
