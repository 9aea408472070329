/** A feeder or a sink as the driver sees it: commands go in, events come out. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Namespace } from '../test/interop/namespace.ts';
import type { FeederCommand } from './feeder.ts';
import type { SinkCommand } from './sink.ts';

export interface Said {
  readonly event: string;
  readonly [field: string]: unknown;
}

export class Peer<Command> {
  readonly #child: ChildProcess;
  readonly #said: Said[] = [];
  #wake: (() => void) | undefined;

  private constructor(where: Namespace, program: 'feeder' | 'sink') {
    const file = fileURLToPath(new URL(`./${program}.ts`, import.meta.url));
    const [command, ...args] = where.inside([process.execPath, file]) as [string, ...string[]];
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#child.stdout === null) throw new Error('no pipe');
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#said.push(JSON.parse(line) as Said);
      this.#wake?.();
    });
  }

  static feeder(where: Namespace): Peer<FeederCommand> {
    return new Peer(where, 'feeder');
  }

  static sink(where: Namespace): Peer<SinkCommand> {
    return new Peer(where, 'sink');
  }

  tell(command: Command): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** The next event of this name; others that came before it stay for later. */
  async next(event: string, timeoutMs: number): Promise<Said> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const i = this.#said.findIndex((s) => s.event === event);
      if (i >= 0) return this.#said.splice(i, 1)[0] as Said;
      const left = end - Date.now();
      if (left <= 0) throw new Error(`no "${event}" within ${timeoutMs / 1000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async ask(command: Command, event: string, timeoutMs: number): Promise<Said> {
    this.tell(command);
    return this.next(event, timeoutMs);
  }

  /** Fails when an event of this name has come. */
  never(event: string): void {
    const said = this.#said.find((s) => s.event === event);
    if (said !== undefined) throw new Error(`${event}: ${String(said['text'])}`);
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}
