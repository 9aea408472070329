/** What the adapters share: a folder, a namespace, one main process that is frozen, ended and listened to. */
import { join } from 'node:path';
import type { Namespace } from './namespace.ts';
import { Daemon } from './process.ts';
import type { Family, Neighbor, Route, Router, Session, Spec } from './router.ts';

export abstract class Adapter implements Router {
  abstract readonly name: string;
  readonly spec: Spec;
  protected readonly where: Namespace;
  protected readonly folder: string;
  protected daemon: Daemon | undefined;

  constructor(spec: Spec, where: Namespace, folder: string) {
    this.spec = spec;
    this.where = where;
    this.folder = folder;
  }

  /** A path in this router's own folder. */
  protected file(name: string): string {
    return join(this.folder, name);
  }

  /** Starts a program in this router's namespace; what it prints is kept in `log`. */
  protected launch(command: readonly string[], log = 'out', env?: NodeJS.ProcessEnv): Daemon {
    return new Daemon(this.where.inside(command), this.file(log), env);
  }

  /** How configuration and control name a neighbour where they need a word: `n1`, `n2`, … */
  protected nameOf(neighbor: Neighbor): string {
    return `n${this.spec.neighbors.indexOf(neighbor) + 1}`;
  }

  abstract start(afterCrash?: boolean): Promise<void>;
  abstract session(neighbor: Neighbor): Promise<Session>;
  abstract routes(neighbor: Neighbor, family: Family): Promise<Route[]>;
  abstract shutdown(neighbor: Neighbor, text: string): Promise<void>;
  abstract refresh(neighbor: Neighbor): Promise<void>;

  async stop(): Promise<void> {
    await this.daemon?.end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.daemon?.end('SIGKILL');
  }

  freeze(): void {
    this.daemon?.signal('SIGSTOP');
  }

  thaw(): void {
    this.daemon?.signal('SIGCONT');
  }

  async lastError(_neighbor: Neighbor): Promise<string> {
    return this.log();
  }

  pids(): number[] {
    return this.daemon?.running ? [this.daemon.pid] : [];
  }

  log(): string {
    return this.daemon?.output() ?? '';
  }
}
