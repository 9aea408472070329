/** One site of a cell: `nearcast agent` in a namespace, the service it watches, and a client that stays connected. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentVerbs, StatusView } from '../../src/agent/index.ts';
import { type Args, connectControl } from '../../src/host/index.ts';
import type { Namespace } from './namespace.ts';
import { NEARCAST } from './nearcast.ts';
import { Daemon, ready, until } from './process.ts';

const SERVICE = fileURLToPath(new URL('programs/service.mjs', import.meta.url));
const BY = { owner: 'interop', reason: 'a cell asks for it' };

type Verb = Exclude<keyof AgentVerbs, 'watch'>;

export class SiteAgent {
  readonly name: string;
  readonly site: string;
  readonly #where: Namespace;
  readonly #folder: string;
  readonly #plan: string;
  #agent: Daemon | undefined;
  #service: Daemon | undefined;

  /** `folder` is this site's own; the plan is shared. */
  constructor(site: string, plan: string, where: Namespace, folder: string) {
    this.name = `agent ${site}`;
    this.site = site;
    this.#plan = plan;
    this.#where = where;
    this.#folder = folder;
    this.feel('good');
  }

  get socket(): string {
    return join(this.#folder, 'control');
  }

  /** Resolves when it answers questions. State and socket are those of its last life. */
  async start(): Promise<void> {
    const files = ['--socket', this.socket, '--state', join(this.#folder, 'state'), '--metrics', 'none'];
    const command = [...NEARCAST, 'agent', this.#plan, '--site', this.site, ...files];
    this.#agent = new Daemon(this.#where.inside(command), join(this.#folder, 'agent.log'));
    await ready(this.name, this.#agent, async () => (await this.status()) !== undefined);
  }

  async ask<V extends Verb>(verb: V, args: Partial<AgentVerbs[V]['args']>): Promise<AgentVerbs[V]['result']> {
    const client = await connectControl(this.socket);
    try {
      return (await client.call(verb, args as Args)) as AgentVerbs[V]['result'];
    } finally {
      client.close();
    }
  }

  status(): Promise<StatusView> {
    return this.ask('status', {});
  }

  /** An order, by somebody and for a reason. */
  order(verb: 'drain' | 'undrain' | 'freeze' | 'unfreeze' | 'reload', more: object = {}) {
    return this.ask(verb, { ...BY, ...more });
  }

  /** Waits until its status is as wanted. */
  shows(what: string, wanted: (status: StatusView) => boolean, timeoutMs = 20_000): Promise<StatusView> {
    return until(
      `${this.name}: ${what}`,
      async () => {
        const status = await this.status();
        return wanted(status) && status;
      },
      timeoutMs,
    );
  }

  /** Starts the service; resolves when it serves. */
  async serve(): Promise<void> {
    if (this.#service?.running) return;
    const log = join(this.#folder, `service-${Date.now()}.log`);
    const service = new Daemon(this.#where.inside([process.execPath, SERVICE]), log);
    this.#service = service;
    await ready('the service', service, async () => service.output().includes('serving'));
  }

  async killService(): Promise<void> {
    await this.#service?.end('SIGKILL');
  }

  /** What the site's own check says from now on, as a monitoring plugin does: 0 good, 1 warning. */
  feel(how: 'good' | 'warning'): void {
    writeFileSync(join(this.#folder, 'check.sh'), `exit ${how === 'good' ? 0 : 1}\n`);
  }

  /** Ends it as an operator would. */
  async leave(): Promise<void> {
    await this.#agent?.end('SIGTERM', 10_000);
  }

  async kill(): Promise<void> {
    await this.#agent?.end('SIGKILL');
  }

  /** Takes away agent and service, whatever they do. */
  async stop(): Promise<void> {
    await this.#agent?.end('SIGTERM');
    await this.killService();
  }

  log(): string {
    return this.#agent === undefined ? '' : readFileSync(join(this.#folder, 'agent.log'), 'utf8');
  }
}
