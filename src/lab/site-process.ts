/**
 * The agent of one site as a process of its own. It hears from us over a channel that the kernel closes when we end, however we
 * end, and then it ends too: nothing is ever left behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import type { LocalService } from './local-plan.ts';
import type { SiteSeen } from './sight.ts';

/** What the process is told first. Plain JSON. */
export interface SiteDuty {
  /** The site's copy of the plan. */
  readonly file: string;
  readonly site: string;
  readonly place: string;
  readonly services: readonly LocalService[];
  /** Its control socket. */
  readonly socket: string;
  /** Where its state is kept over its restarts. */
  readonly folder: string;
}

/** What it is told afterwards. */
export type SiteOrder =
  | { readonly do: 'begin'; readonly duty: SiteDuty }
  | { readonly do: 'fail'; readonly service: string; readonly how: string }
  | { readonly do: 'heal'; readonly service: string }
  /** What its clients ask for now, in bits per second, by scope. */
  | { readonly do: 'load'; readonly load: { readonly [scope: string]: number } }
  /** Sessions that are down are tried again now. */
  | { readonly do: 'dial' }
  | { readonly do: 'stop' };

/** What it says. */
export type SiteWord =
  | { readonly say: 'listening' }
  | { readonly say: 'state'; readonly state: SiteState }
  | { readonly say: 'refused'; readonly why: string }
  | { readonly say: 'done'; readonly order: string };

/** How a site sees itself. */
export interface SiteState {
  /** The least that any of its scopes announces. */
  readonly level: 'full' | 'less-preferred' | 'withdrawn' | 'pending';
  /** From the nearest cause back to the first. */
  readonly why: readonly string[];
  readonly drain: string;
  readonly services: { readonly [service: string]: string };
  /** The same and more, as whoever shows it wants it. */
  readonly seen?: SiteSeen;
}

export type Standing = 'starting' | 'running' | 'stopping' | 'dead';

export interface SiteHandlers {
  state(site: string, state: SiteState | undefined): void;
  /** The process ended, and nobody here asked it to; `how` in words. */
  died(site: string, how: string): void;
  refused(site: string, why: string): void;
}

/** How long a stopping agent may take to say goodbye. */
const GOODBYE_MS = 4000;
/** How long it may take to begin. */
const BEGIN_MS = 30_000;
/** How long an order may take. */
const ORDER_MS = 5000;

export class SiteProcess {
  readonly duty: SiteDuty;
  readonly log: string;
  standing: Standing = 'dead';
  state: SiteState | undefined;
  readonly #command: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #handlers: SiteHandlers;
  #child: ChildProcess | undefined;
  #asked = false;
  #waiting: { readonly order: string; readonly done: (why?: string) => void }[] = [];

  /** `command` is the program and its arguments. */
  constructor(
    duty: SiteDuty,
    command: readonly string[],
    env: NodeJS.ProcessEnv,
    log: string,
    handlers: SiteHandlers,
  ) {
    this.duty = duty;
    this.log = log;
    this.#command = command;
    this.#env = env;
    this.#handlers = handlers;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when its services listen and its agent runs; rejects with a sentence when it ends before. */
  start(): Promise<void> {
    if (this.#child) return Promise.resolve();
    this.standing = 'starting';
    this.#asked = false;
    const out = openSync(this.log, 'a', 0o600);
    const [program, ...args] = this.#command as [string, ...string[]];
    const child = spawn(program, args, {
      stdio: ['ignore', out, out, 'ipc'],
      env: this.#env,
      detached: false,
    });
    closeSync(out);
    this.#child = child;
    return new Promise((resolve, reject) => {
      let words = '';
      const late = setTimeout(() => {
        words = `it did not begin within ${BEGIN_MS / 1000} s`;
        child.kill('SIGKILL');
      }, BEGIN_MS);
      child.on('message', (word: SiteWord) => {
        if (this.#child !== child) return;
        if (word.say === 'listening') {
          clearTimeout(late);
          this.standing = 'running';
          resolve();
        } else if (word.say === 'refused') {
          words = word.why;
          const [first] = this.#waiting.splice(0, 1);
          if (first) first.done(word.why);
          else this.#handlers.refused(this.duty.site, word.why);
        } else if (word.say === 'done') this.#waiting.splice(0, 1)[0]?.done();
        else {
          this.state = word.state;
          this.#handlers.state(this.duty.site, word.state);
        }
      });
      const gone = (how: string) => {
        clearTimeout(late);
        if (this.#child !== child) return;
        this.#child = undefined;
        const before = this.standing;
        this.standing = 'dead';
        this.state = undefined;
        // A process that was killed leaves its socket lying there. Where it never came to have one, it is somebody else's.
        if (before !== 'starting') rmSync(this.duty.socket, { force: true });
        for (const { done } of this.#waiting.splice(0)) done('its process ended');
        this.#handlers.state(this.duty.site, undefined);
        reject(new Error(`the agent of ${this.duty.site} did not start: ${words || how}`));
        if (!this.#asked && before === 'running') this.#handlers.died(this.duty.site, how);
      };
      child.on('error', (error) => gone(error.message));
      child.on('exit', (code, signal) => gone(signal ? `killed by ${signal}` : `it ended with ${code}`));
      child.send({ do: 'begin', duty: this.duty } satisfies SiteOrder, () => {});
    });
  }

  /** kill -9: no goodbye, no last words. Resolves when the kernel has buried it. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#asked = true;
    const gone = ended(child);
    child.kill('SIGKILL');
    await gone;
  }

  /** Gives an order; resolves when it is done, rejects with the refusal. */
  tell(order: SiteOrder): Promise<void> {
    const child = this.#child;
    if (!child?.connected || this.standing !== 'running')
      return Promise.reject(
        new Error(`the agent of ${this.duty.site} does not run; nearcast heal ${this.duty.site} starts it`),
      );
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((w) => w !== waiting);
        reject(new Error(`the agent of ${this.duty.site} does not answer within ${ORDER_MS / 1000} s`));
      }, ORDER_MS);
      const done = (why?: string) => {
        clearTimeout(timer);
        if (why === undefined) resolve();
        else reject(new Error(why));
      };
      const waiting = { order: order.do, done };
      this.#waiting.push(waiting);
      child.send(order, () => {});
    });
  }

  /** Withdraws, says goodbye and ends; killed when that takes too long. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#asked = true;
    this.standing = 'stopping';
    const gone = ended(child);
    if (child.connected) child.send({ do: 'stop' } satisfies SiteOrder, () => {});
    const timer = setTimeout(() => child.kill('SIGKILL'), GOODBYE_MS);
    await gone;
    clearTimeout(timer);
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}
