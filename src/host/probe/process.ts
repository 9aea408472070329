/**
 * A process that is watched: by looking at its pid file now and then, and, once it is known, by the kernel's word of its end
 * (a pidfd, Linux 5.3), which comes within a millisecond. Elsewhere it is looked at fifty times a second.
 */
import { readFileSync, writeSync } from 'node:fs';
import { codeOf } from '../error.ts';
import type { Attempt, Over } from './attempt.ts';
import type { ProcessProbe } from './spec.ts';
import { type ProbeCalls, probeCalls } from './system.ts';

/** Tells of the end of whichever process was last found good. */
export interface ProcessWatch {
  /** From now on this process; the same as before is no change. */
  follow(pid: number): void;
  readonly stop: () => void;
}

/** How often a process is looked at where the kernel does not tell. */
const LOOK_MS = 20;

export function askProcess(a: Attempt, probe: ProcessProbe, watch?: ProcessWatch): Over {
  let text: string;
  try {
    text = readFileSync(probe.pidFile, 'utf8').slice(0, 64);
  } catch (error) {
    const code = codeOf(error);
    return a.bad(
      code === 'ENOENT'
        ? `there is no pid file ${probe.pidFile}`
        : `${probe.pidFile} cannot be read: ${code}`,
    );
  }
  const pid = Number(/^\s*(\d{1,10})\s*(?:\n|$)/.exec(text)?.[1]);
  if (!Number.isSafeInteger(pid) || pid < 1) return a.bad(`${probe.pidFile} does not hold a process number`);
  if (!alive(pid)) return a.dead(`process ${pid} of ${probe.pidFile} is not there`);
  watch?.follow(pid);
  a.good(`process ${pid} is alive`);
}

/** A watch that follows nobody yet. `ended` gets a sentence, at most once for each process followed. */
export function watchProcess(ended: (detail: string) => void): ProcessWatch {
  let followed: number | undefined;
  let leave = (): void => {};
  return {
    follow: (pid) => {
      if (pid === followed) return;
      leave();
      followed = pid;
      leave = watchPid(pid, () => {
        if (followed !== pid) return;
        followed = undefined;
        ended(`process ${pid} ended`);
      });
    },
    stop: () => {
      followed = undefined;
      leave();
      leave = () => {};
    },
  };
}

/**
 * Calls `ended` once when the process ends, also when it has ended already, but never before this call has returned. The
 * returned function ends the watch. A watch keeps this process running, as a server does.
 */
export function watchPid(pid: number, ended: () => void): () => void {
  const calls = probeCalls();
  if (!('missing' in calls)) {
    try {
      return watchers(calls).add(calls.openProcess(pid), ended);
    } catch (error) {
      if (codeOf(error) === 'ESRCH') {
        const soon = setImmediate(ended);
        return () => clearImmediate(soon);
      }
      // An old kernel, or one that forbids it: look instead.
    }
  }
  const look = setInterval(() => {
    if (alive(pid)) return;
    clearInterval(look);
    ended();
  }, LOOK_MS);
  return () => clearInterval(look);
}

/** True when there is such a process and it has not ended; one that waits for its parent to notice its end has. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZXx]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    // Hidden from us, but there.
    return true;
  }
}

/** All watched processes of this program share one waiting thread. */
class Watchers {
  readonly #calls: ProbeCalls;
  readonly #ends = new Map<number, () => void>();
  readonly #bell: number;
  /** Descriptors that the waiting thread still looks at; closed when it is back. */
  readonly #leaving: number[] = [];
  #waiting = false;

  constructor(calls: ProbeCalls) {
    this.#calls = calls;
    this.#bell = calls.eventCounter();
    // A thread that waits would hold up the end of the program.
    process.once('exit', () => this.#ring());
  }

  add(fd: number, ended: () => void): () => void {
    this.#ends.set(fd, ended);
    if (this.#waiting) this.#ring();
    else this.#wait();
    return () => this.#drop(fd);
  }

  #drop(fd: number): void {
    if (!this.#ends.delete(fd)) return;
    if (this.#waiting) {
      this.#leaving.push(fd);
      this.#ring();
    } else this.#calls.close(fd);
  }

  #ring(): void {
    const one = Buffer.alloc(8);
    one[0] = 1;
    writeSync(this.#bell, one);
  }

  #wait(): void {
    if (this.#ends.size === 0) return;
    this.#waiting = true;
    this.#calls.awaitReadable([this.#bell, ...this.#ends.keys()], WAIT_MS, () => {
      this.#waiting = false;
      this.#calls.resetCounter(this.#bell);
      for (const fd of this.#leaving.splice(0)) this.#calls.close(fd);
      for (const [fd, ended] of [...this.#ends]) {
        if (!this.#calls.readable(fd)) continue;
        this.#drop(fd);
        ended();
      }
      if (!this.#waiting) this.#wait();
    });
  }
}

/** The thread comes back at least so often. */
const WAIT_MS = 60_000;

let shared: Watchers | undefined;

function watchers(calls: ProbeCalls): Watchers {
  shared ??= new Watchers(calls);
  return shared;
}
