/** Running other programs: to their end, or as a daemon whose output is kept in a file. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface Done {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, at most `timeoutMs`. Never rejects: a program that cannot be started has code 127. */
export function run(command: readonly string[], timeoutMs = 10_000, env?: NodeJS.ProcessEnv): Promise<Done> {
  return new Promise((resolve) => {
    const [file, ...args] = command as [string, ...string[]];
    const options = {
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 256 << 20,
      env: env ?? process.env,
    } as const;
    execFile(file, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
      resolve({ code, stdout, stderr: stderr || (error?.message ?? '') });
    });
  });
}

/** Runs a program that has to succeed, and gives what it printed. */
export async function must(command: readonly string[], timeoutMs?: number): Promise<string> {
  const done = await run(command, timeoutMs);
  if (done.code !== 0)
    throw new Error(
      `${command.join(' ')}: code ${done.code}: ${(done.stderr || done.stdout).trim().slice(0, 600)}`,
    );
  return done.stdout;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks again every 100 ms until the answer is not undefined or false; after `timeoutMs` fails with `what` and the last error. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  timeoutMs = 15_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      const why = last instanceof Error ? ` (${last.message})` : '';
      throw new Error(`not within ${Math.round(timeoutMs / 100) / 10} s: ${what}${why}`);
    }
    await sleep(100);
  }
}

/** Waits until a daemon answers; fails at once, with its last words, when it has ended instead. */
export async function ready(what: string, daemon: Daemon, ask: () => Promise<boolean>): Promise<void> {
  const ended = 'ended';
  const state = await until(
    `${what} answers`,
    async () => {
      if (!daemon.running) return ended;
      return (await ask()) && 'ready';
    },
    20_000,
  );
  if (state === ended) throw new Error(`${what} has ended: ${daemon.output().trim().slice(-600)}`);
}

/** A program left running. Its output goes to a file, so that a stopped daemon never blocks on a full pipe. */
export class Daemon {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #gone: Promise<void>;
  #exited = false;

  constructor(command: readonly string[], log: string, env?: NodeJS.ProcessEnv) {
    const [file, ...args] = command as [string, ...string[]];
    const out = openSync(log, 'a');
    this.#log = log;
    this.#child = spawn(file, args, { stdio: ['ignore', out, out], env: env ?? process.env });
    closeSync(out);
    this.#gone = new Promise((resolve) => {
      const over = () => {
        this.#exited = true;
        resolve();
      };
      this.#child.once('exit', over);
      this.#child.once('error', over);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return !this.#exited;
  }

  /** What it has printed so far. */
  output(): string {
    try {
      return readFileSync(this.#log, 'utf8');
    } catch {
      return '';
    }
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#exited) this.#child.kill(signal);
  }

  /** Asks it to end; kills it when it has not within `timeoutMs`. */
  async end(signal: NodeJS.Signals = 'SIGTERM', timeoutMs = 4000): Promise<void> {
    if (this.#exited) return;
    this.#child.kill('SIGCONT');
    this.#child.kill(signal);
    const late = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs);
    await this.#gone;
    clearTimeout(late);
  }
}
