/**
 * An agent as a process: its control socket, its orders and their audit log, reload, metrics, and what systemd hears. Whoever
 * starts it says where files are; signals are the command's affair.
 */
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { type Address, after, type Clock, type Instant, millis } from '../base/index.ts';
import {
  type Args,
  ControlError,
  type ControlHandler,
  type ControlServer,
  type Journal,
  type ListenAt,
  type Logger,
  type ProbeSurroundings,
  probeTask,
  serveControl,
  watchListeners,
} from '../host/index.ts';
import type { Evidence } from '../site/index.ts';
import { Agent, type AgentOptions } from './agent.ts';
import { audit, audited, type Entry } from './audit.ts';
import { Counts } from './counts.ts';
import { Desk } from './desk.ts';
import { serveMetrics } from './metrics-server.ts';
import { type Notify, sdNotify } from './notify.ts';
import { type ReadPlan, readPlan, reloadView } from './reload.ts';
import { type Environment, readSecret } from './secret.ts';
import { TicketClient } from './ticket-client.ts';
import { listenFor } from './upstream.ts';
import type { AgentReloadView, OrderView } from './views.ts';

export interface DaemonOptions {
  readonly file: string;
  readonly site: string;
  readonly read: ReadPlan;
  readonly clock: Clock;
  readonly log: Logger;
  readonly env: Environment;
  readonly version: string;
  /** Absent: nobody can ask. */
  readonly socket?: string;
  /** Folder of the state file and the audit log; absent: nothing is kept. */
  readonly folder?: string;
  /** Absent: where upstreams are waited for. */
  readonly listen?: readonly ListenAt[];
  readonly metrics?: { readonly address: Address; readonly port: number };
  /** Where services are really found, where they are not at their addresses. */
  readonly locate?: ProbeSurroundings['locate'];
  readonly journal?: Journal<{ at: Instant }>;
  readonly note?: AgentOptions['note'];
  /** Answers what the daemon does not know, such as questions for routes. */
  readonly more?: (agent: Agent) => ControlHandler;
}

export interface Daemon {
  readonly agent: Agent;
  readonly desk: Desk;
  readonly metricsUrl: string | undefined;
  /** What no log may ever show. */
  readonly secrets: readonly string[];
  /** Follows the file. Throws a {@link ControlError}, and changes nothing, when it cannot. */
  reload(by: {
    readonly owner: string;
    readonly reason: string;
    readonly dryRun?: boolean;
  }): Promise<AgentReloadView>;
  stop(owner: string, reason: string): Promise<void>;
}

/** Rejects with a sentence when an address or the socket cannot be had, or another agent of the site runs. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  let daemon: Running | undefined;
  // First of all, so that two agents of one site never share a state file.
  const control =
    options.socket === undefined
      ? undefined
      : await serveControl(options.socket, (verb, args, signal) => {
          if (!daemon) throw new ControlError('the agent is starting', 5);
          return daemon.answer(verb, args, signal);
        });
  try {
    daemon = new Running(options, control);
    await daemon.start();
  } catch (error) {
    await control?.close();
    throw error;
  }
  return daemon;
}

class Running implements Daemon {
  readonly agent: Agent;
  readonly desk: Desk;
  secrets: readonly string[];
  readonly #options: DaemonOptions;
  readonly #control: ControlServer | undefined;
  readonly #notify: Notify;
  readonly #counts = new Counts();
  #registry: Promise<Registry> | undefined;
  readonly #controllerAnswers = () => (this.agent.plan.controller ? this.#client?.reached : undefined);
  readonly #more: ControlHandler | undefined;
  readonly #auditFile: string | undefined;
  #metricsServer: Awaited<ReturnType<typeof serveMetrics>> | undefined;
  #client: TicketClient | undefined;
  #config: { readonly readAt: number; readonly good: boolean };
  #reloading = false;
  #stopping: Promise<void> | undefined;

  constructor(options: DaemonOptions, control: ControlServer | undefined) {
    const { read, site, clock, log, env, folder } = options;
    this.#options = options;
    this.secrets = read.secrets;
    this.#control = control;
    this.#config = { readAt: Date.now(), good: true };
    this.#auditFile = folder === undefined ? undefined : join(folder, `agent-${site}.audit.jsonl`);
    const listeners = watchListeners(clock);
    this.#notify = sdNotify(env, clock, (why) => log.warn(why));
    this.agent = new Agent({
      plan: read.plan,
      site,
      clock,
      log,
      passwords: read.passwords,
      listen: options.listen ?? listenFor(read.plan, site),
      makeTask: (duties, service, probe) => {
        const { address, probes } = duties.plan.services[service]!;
        return probeTask(`${service}/${probe}`, probes[probe]!, {
          addresses: address,
          site,
          clock,
          listeners,
          ...(options.locate ? { locate: options.locate } : {}),
        });
      },
      tickets: (plan, _, hear) => {
        const { token } = plan.controller!;
        const secret = token && readSecret(token, env);
        if (secret && 'why' in secret) log.error(`the controller will not know us: ${secret.why}`);
        this.#client = new TicketClient({
          site,
          controller: plan.controller!,
          log,
          hear,
          ...(secret && 'text' in secret ? { token: secret.text } : {}),
        });
        return this.#client;
      },
      ...(folder === undefined ? {} : { stateFile: join(folder, `agent-${site}.json`) }),
      ...(options.journal ? { journal: options.journal } : {}),
      ...(options.note ? { note: options.note } : {}),
    });
    const now = () => clock.now();
    this.desk = new Desk(this.agent, now, {
      file: options.file,
      readAt: () => this.#config.readAt,
      controllerAnswers: this.#controllerAnswers,
      took: (name) => this.#counts.took(name),
    });
    this.agent.onProbe = (...seen) => this.#counts.probe(...seen);
    this.agent.onWritten = (took) => this.#counts.written(took);
    this.#more = options.more?.(this.agent);
  }

  get metricsUrl(): string | undefined {
    return this.#metricsServer?.url;
  }

  /** Made when somebody asks first. */
  #metrics(): Promise<Registry> {
    this.#registry ??= import('./metrics.ts').then(({ metricsOf }) =>
      metricsOf({
        agent: this.agent,
        now: () => this.#options.clock.now(),
        version: this.#options.version,
        config: () => this.#config,
        controllerAnswers: this.#controllerAnswers,
        counts: this.#counts,
      }),
    );
    return this.#registry;
  }

  async #compat(names: readonly string[]): Promise<string | undefined> {
    if (names.length === 0) return '';
    const { COMPAT, compatText } = await import('./metrics-compat.ts');
    const kinds = COMPAT.filter((kind) => names.includes(kind));
    if (names.some((name) => !COMPAT.some((kind) => kind === name))) return undefined;
    return compatText(kinds, this.agent, this.#options.clock.now());
  }

  async start(): Promise<void> {
    const { log, metrics, site, file } = this.#options;
    await this.agent.start();
    // Who is not scraped announces all the same.
    if (metrics)
      this.#metricsServer = await serveMetrics(
        { registry: () => this.#metrics(), compat: (names) => this.#compat(names) },
        metrics,
      ).catch((error: Error) => {
        log.warn(error.message);
        return undefined;
      });
    this.#audit('start', {
      owner: 'system',
      reason: this.agent.restarted ? 'the last life ended without a goodbye' : 'started',
    });
    log.info(`site ${site} begins`, {
      plan: file,
      upstreams: this.agent.router.speaker.peers.size,
      services: this.agent.duties.services.join(' ') || 'none',
      ...(this.agent.restarted ? { restarted: true } : {}),
      ...(this.#control ? { control: this.#control.path } : {}),
      ...(this.metricsUrl ? { metrics: this.metricsUrl } : {}),
    });
    this.#notify.ready(`site ${site} of ${this.agent.plan.network}`);
  }

  async reload(by: { owner: string; reason: string; dryRun?: boolean }): Promise<AgentReloadView> {
    const { file, site, env, log } = this.#options;
    if (this.#reloading) throw new ControlError('a reload is under way');
    this.#reloading = true;
    try {
      const read = readPlan(file, site, env);
      const view = reloadView(this.agent, read, by.dryRun === true);
      if (by.dryRun) return view;
      this.#notify.reloading();
      this.#audit('reload', by);
      this.secrets = [...this.secrets, ...read.secrets];
      const failed = await this.agent.follow(read.plan, read.passwords);
      this.secrets = read.secrets;
      this.#config = { readAt: Date.now(), good: true };
      const all = [...view.plan, ...view.sessions];
      log.info(
        all.length === 0
          ? 'the plan was read again, nothing is different'
          : `the plan was read again: ${all.join('; ')}`,
      );
      this.agent.happen('agent', 'the plan was read again', { why: all });
      this.#notify.ready(`site ${site} of ${this.agent.plan.network}`);
      if (failed.length > 0)
        throw new ControlError(`the plan is followed, but for this: ${failed.join('; ')}`);
      return view;
    } catch (error) {
      if (!by.dryRun) this.#config = { ...this.#config, good: false };
      throw error;
    } finally {
      this.#reloading = false;
    }
  }

  stop(owner: string, reason: string): Promise<void> {
    this.#stopping ??= this.#stop(owner, reason);
    return this.#stopping;
  }

  async #stop(owner: string, reason: string): Promise<void> {
    this.#notify.stopping();
    try {
      this.#audit('stop', { owner, reason });
    } catch (error) {
      this.#options.log.error((error as Error).message);
    }
    await this.agent.stop(reason.slice(0, 120));
    await this.#metricsServer?.close();
    await this.#control?.close();
    this.#notify.close();
  }

  // ── the control socket ────────────────────────────────────────────────────────────────────────────────────────

  answer(verb: string, args: Args, signal: AbortSignal): unknown {
    const { agent, desk } = this;
    switch (verb) {
      case 'status':
        return desk.status();
      case 'explain':
        return desk.explain(args['prefix'], args['upstream']);
      case 'watch':
        return agent.history.watch(countOf(args['before'], 500), signal);
      case 'audit':
        return this.#auditFile === undefined
          ? []
          : audited(this.#auditFile, countOf(args['count'], 1000) || 50);
      case 'drain':
      case 'undrain':
      case 'freeze':
      case 'unfreeze':
        return this.#order(verb, args);
      case 'recheck':
        agent.recheck();
        return { asked: true };
      case 'evidence':
        agent.step({ kind: 'evidence', evidence: evidenceOf(args) });
        return desk.drain();
      case 'load':
        return this.#load(args['bits']);
      case 'reload':
        return this.reload({ ...this.#by(args, 'reload'), dryRun: args['dryRun'] === true });
      default:
        if (this.#more) return this.#more(verb, args, signal);
        throw new ControlError(`this agent does not know '${verb}'`, 2);
    }
  }

  /** What the site carries, as told by who knows: a front, an edge, a counter elsewhere. Good for half a minute. */
  #load(bits: unknown): { readonly bits: number } {
    if (!(typeof bits === 'number' && Number.isFinite(bits) && bits >= 0))
      throw new ControlError('bits: what the site carries, in bits per second, from 0 on', 2);
    this.agent.load.given(bits);
    return { bits };
  }

  /** Kept first, then carried out, then answered with how things stand. */
  #order(verb: 'drain' | 'undrain' | 'freeze' | 'unfreeze', args: Args): OrderView {
    const { agent, desk } = this;
    const order = this.#by(args, verb);
    const { clock } = this.#options;
    const { seconds } = args;
    if (seconds !== undefined && !(typeof seconds === 'number' && seconds > 0 && seconds <= 31_536_000))
      throw new ControlError('for how long: seconds, at most a year', 2);
    const frozen = agent.state.frozen;
    if (frozen && (verb === 'drain' || verb === 'undrain')) {
      const why = `frozen by ${frozen.owner}: ${frozen.reason}`;
      this.#audit(verb, order, 'refused', why);
      throw new ControlError(`${agent.site} is ${why}; 'nearcast unfreeze ${agent.site}' comes first`, 3);
    }
    this.#audit(verb, order);
    agent.happen('order', `${verb} by ${order.owner}: ${order.reason}`);
    this.#options.log.info(`${verb} by ${order.owner}: ${order.reason}`);
    if (verb === 'freeze')
      agent.step({
        kind: 'freeze',
        order,
        ...(seconds === undefined ? {} : { until: after(clock.now(), millis((seconds as number) * 1000)) }),
      });
    else agent.step({ kind: verb === 'unfreeze' ? 'thaw' : verb, order });
    return {
      schema: 'nearcast.order/1',
      order: verb,
      site: agent.site,
      ...order,
      drain: desk.drain(),
      ...desk.frozen(),
      scopes: desk.scopes(),
    };
  }

  #by(args: Args, verb: string): { readonly owner: string; readonly reason: string } {
    const text = (name: 'owner' | 'reason', otherwise?: string) => {
      const value = args[name] ?? otherwise;
      if (typeof value === 'string' && value.trim() !== '' && value.length <= 500) return value.trim();
      throw new ControlError(
        `${verb} needs ${name === 'owner' ? 'somebody who asks for it' : 'a reason'}, of at most 500 letters`,
        2,
      );
    };
    return verb === 'reload'
      ? { owner: text('owner', 'control socket'), reason: text('reason', 'asked to') }
      : { owner: text('owner'), reason: text('reason') };
  }

  /** Throws a {@link ControlError} when nobody could know of it afterwards. */
  #audit(
    order: Entry['order'],
    { owner, reason }: { readonly owner: string; readonly reason: string },
    outcome: Entry['outcome'] = 'done',
    detail?: string,
  ): void {
    if (this.#auditFile === undefined) return;
    const at = new Date().toISOString();
    try {
      audit(this.#auditFile, {
        at,
        site: this.agent.site,
        order,
        owner,
        reason,
        outcome,
        ...(detail === undefined ? {} : { detail }),
      });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why = `${this.#auditFile} cannot be written (${code})`;
      if (order === 'start') this.#options.log.error(`${why}: orders will be refused`);
      else throw new ControlError(`${why}: nothing was done, because nobody could know of it afterwards`);
    }
  }
}

function countOf(value: unknown, most: number): number {
  return typeof value === 'number' && value > 0 ? Math.min(Math.floor(value), most) : 0;
}

function evidenceOf(args: Args): Evidence {
  const found: { sessions?: number; traffic?: number; views?: number } = {};
  for (const name of ['sessions', 'traffic', 'views'] as const) {
    const value = args[name];
    if (value === undefined) continue;
    if (!(typeof value === 'number' && Number.isFinite(value) && value >= 0))
      throw new ControlError(`${name} is a number from 0 on`, 2);
    found[name] = value;
  }
  return found;
}
