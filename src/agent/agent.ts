/**
 * The daemon of a site: one process that holds health and BGP. What probes answer goes into the site's judgement (`site`),
 * what that decides goes to the upstreams (`router.ts`), and this file carries the one to the other. It decides nothing.
 */
import { randomInt } from 'node:crypto';
import { after, type Clock, type Instant, type Millis, millis, seconds } from '../base/index.ts';
import type { ListenAt, Logger } from '../host/index.ts';
import { type Difference, difference, type Plan } from '../plan/index.ts';
import {
  type Announcement,
  type Answer,
  announcement,
  type Duties,
  dutiesOf,
  type Report,
  reconfigureSite,
  resumeTelling,
  type SiteEffect,
  type SiteEvent,
  type SiteState,
  siteDue,
  stepSite,
} from '../site/index.ts';
import { countable, sessions } from './census.ts';
import { type Happening, History } from './history.ts';
import { Life, patience } from './life.ts';
import { LoadMeter } from './load.ts';
import { OwnAddresses } from './own-addresses.ts';
import { Pauses } from './pauses.ts';
import { type MakeTask, Probing } from './probing.ts';
import { rehearse } from './rehearsal.ts';
import { Router, type RouterOptions } from './router.ts';
import { type Passwords, type SessionChanges, Upstreams } from './upstreams.ts';
import { wordsOf } from './words.ts';

/** Where reports go, and from where answers come. Losing it changes nothing that is announced. */
export interface Tickets {
  send(report: Report): void;
  close(): void | Promise<void>;
}

export interface AgentOptions {
  readonly plan: Plan;
  readonly site: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly passwords: Passwords;
  readonly listen: readonly ListenAt[];
  readonly makeTask: MakeTask;
  /** Asked for when the plan names a controller. */
  readonly tickets?: (plan: Plan, site: string, hear: (answer: Answer) => void) => Tickets;
  /** Absent: nothing outlives the process, and a restart begins anew. */
  readonly stateFile?: string;
  readonly journal?: RouterOptions['journal'];
  /** What a speaker notes is said by this; a router's log line belongs to whoever prints it. */
  readonly note?: RouterOptions['note'];
  /** Milliseconds since 1970; for tests. */
  readonly wall?: () => number;
}

/** How often the sessions of a draining site are counted. */
const CENSUS = seconds(1);
/** How long a stop waits for withdrawals to be written. */
const STOP_WORK = 1000;

interface Held {
  readonly why: string;
  readonly until: Instant;
  readonly cancel: () => void;
}

export class Agent {
  readonly site: string;
  readonly router: Router;
  readonly history = new History();
  readonly upstreams: Upstreams;
  readonly began: Instant;
  readonly boot: number;
  readonly #options: AgentOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #life: Life;
  readonly #probing: Probing;
  readonly #own: OwnAddresses;
  readonly #pauses = new Pauses();
  readonly load: LoadMeter;
  /** Peers keep what our last life told them, and may be told so. */
  readonly restarted: boolean;
  #duties: Duties;
  #state: SiteState;
  #tickets: Tickets | undefined;
  #wake: { readonly at: Instant; readonly cancel: () => void } | undefined;
  #census: (() => void) | undefined;
  /** Nobody is told anything before then, at the latest. */
  #held: Held | undefined;
  #phase: 'new' | 'running' | 'stopping' = 'new';
  #savePlanned = false;
  /** How long the last decisions took to be written to the upstreams' sockets, in milliseconds. */
  onWritten: ((took: number) => void) | undefined;
  onProbe:
    | ((service: string, probe: string, outcome: 'good' | 'bad' | 'dead', took: number | undefined) => void)
    | undefined;

  /** Throws when the plan has no such site. */
  constructor(options: AgentOptions) {
    const { plan, site, clock } = options;
    const duties = dutiesOf(plan, site);
    if (!duties) throw new Error(`the plan has no site ${site}`);
    this.site = site;
    this.#options = options;
    this.#clock = clock;
    this.#log = options.log;
    this.#duties = duties;
    this.began = clock.now();
    this.#life = new Life({
      duties,
      clock,
      log: options.log,
      wall: () => this.#utc(),
      ...(options.stateFile === undefined ? {} : { stateFile: options.stateFile }),
    });
    this.boot = this.#life.boot;
    this.#state = this.#life.first;
    this.restarted = this.#life.restarted;
    this.#own = new OwnAddresses(this.#log, this.#life.added);
    this.router = new Router({
      speaker: {
        asn: plan.asn,
        id: plan.sites[site]!.routerId,
        deferral: millis(0),
        hashSeed: randomInt(2 ** 32),
      },
      listen: options.listen,
      clock,
      note: (note) => {
        options.note?.(note);
        if (note.kind === 'host')
          this.#happen('session', note.why, note.peer === undefined ? {} : { about: note.peer });
        else if (note.kind === 'up' || note.kind === 'down')
          this.#happen('session', `${note.peer} is ${note.kind}`, {
            about: note.peer,
            to: note.kind,
            ...(note.kind === 'down' ? { why: [note.why.reason] } : {}),
          });
      },
      ...(options.journal ? { journal: options.journal } : {}),
    });
    this.load = new LoadMeter({
      clock,
      tell: (load) => this.#carries(load),
      trouble: (why) => this.#log.warn(why),
    });
    this.upstreams = new Upstreams(this.router, site, options.passwords);
    const seed = [...site].reduce((n, c) => (Math.imul(n, 31) + c.charCodeAt(0)) >>> 0, 7);
    this.#probing = new Probing(options.makeTask, clock, seed, (service, probe, result) => {
      this.onProbe?.(service, probe, result.outcome, result.took);
      this.step({ kind: 'probe', service, probe, result });
      this.#probing.pace(this.#duties, this.#state, service);
    });
  }

  get plan(): Plan {
    return this.#duties.plan;
  }

  get duties(): Duties {
    return this.#duties;
  }

  get state(): SiteState {
    return this.#state;
  }

  /** Why nobody is told anything for now, and until when at the latest; undefined when all are told. */
  get held(): { readonly why: string; readonly until: Instant } | undefined {
    return this.#held;
  }

  announcement(): Announcement {
    return announcement(this.#duties, this.#state);
  }

  /** Begins. Rejects with a sentence when an address cannot be had; nothing is left behind then. */
  async start(): Promise<void> {
    const { plan } = this;
    rehearse(this.#duties);
    await this.#own.tidy(this.#duties);
    await this.#own.add(this.#duties);
    const now = this.announcement();
    this.upstreams.add(plan, now, true);
    if (this.restarted)
      this.#hold(
        'what we announced before the restart stays until our health is known',
        patience(plan, this.site),
      );
    try {
      await this.router.start(this.restarted);
      this.upstreams.add(plan, now, false);
    } catch (error) {
      this.#unhold(true);
      await this.router.stop();
      await this.#own.removeAll();
      throw error;
    }
    this.#phase = 'running';
    this.#joinController();
    this.step({ kind: 'due' });
    // A site that was frozen announces what it announced before the restart.
    this.upstreams.tell(plan, this.announcement());
    this.#release();
    this.#probing.follow(this.#duties);
    this.#save();
    this.#life.begin();
    this.load.follow(this.plan.sites[this.site]?.loadInterface);
  }

  /** Hands an event to the judgement and carries out what follows. Gives the refusals, as sentences. */
  step(event: SiteEvent): readonly string[] {
    if (this.#phase === 'new') return [];
    if (event.kind !== 'stoodStill') this.#lookAtClocks();
    const began = performance.now();
    const [state, effects] = stepSite(this.#duties, this.#state, event, this.#clock.now());
    this.#state = state;
    if (effects.some((e) => e.do === 'announce')) this.#tell(began);
    for (const effect of effects) if (effect.do === 'report') this.#tickets?.send(effect.report);
    const rest = effects.filter((e) => e.do !== 'report');
    // What was decided leaves first; the state file and words about it are written right afterwards.
    if (rest.length > 0) setImmediate(() => this.#speakOf(rest));
    if (rest.length > 0 || event.kind === 'freeze' || event.kind === 'thaw') this.#saveSoon();
    this.#arm();
    this.#count();
    return effects.flatMap((e) => (e.do === 'refuse' ? [e.why] : []));
  }

  /** What it would take to follow another plan. */
  changes(
    plan: Plan,
    passwords: Passwords,
  ): { readonly plan: Difference; readonly sessions: SessionChanges } {
    return {
      plan: difference(this.plan, plan),
      sessions: this.upstreams.changes(this.plan, plan, passwords),
    };
  }

  /** Why the process cannot take this plan while it runs; undefined when it can. */
  obstacle(plan: Plan, passwords: Passwords): string | undefined {
    const [was, is] = [this.plan.sites[this.site], plan.sites[this.site]];
    if (!is) return `the plan has no site ${this.site} any more; stop the agent instead`;
    const fixed = [
      ...(plan.asn === this.plan.asn ? [] : ['asn']),
      ...(is.routerId === was?.routerId ? [] : [`sites.${this.site}.router-id`]),
    ];
    if (fixed.length > 0)
      return `${fixed.join(' and ')} cannot change while the agent runs: stop it and start it again`;
    const { sessions } = this.changes(plan, passwords);
    return this.upstreams.complaint(sessions, plan, passwords);
  }

  /** Follows another plan, as a difference. Ask `obstacle` before. Gives what could not be done, as sentences; all else is. */
  async follow(plan: Plan, passwords: Passwords): Promise<readonly string[]> {
    const duties = dutiesOf(plan, this.site) as Duties;
    await this.#own.add(duties);
    // Told to stop meanwhile: nothing begins any more.
    if (this.#phase !== 'running') {
      await this.#own.removeAll();
      return [];
    }
    const { sessions } = this.changes(plan, passwords);
    const now = this.#clock.now();
    const sameController = JSON.stringify(plan.controller) === JSON.stringify(this.plan.controller);
    this.#state = reconfigureSite(this.#duties, duties, this.#state, this.boot, now);
    this.#duties = duties;
    this.step({ kind: 'due' });
    const failed = this.upstreams.follow(sessions, plan, this.announcement(), passwords);
    this.#probing.follow(duties);
    this.load.follow(plan.sites[this.site]?.loadInterface);
    if (!sameController) {
      void this.#tickets?.close();
      this.#tickets = undefined;
      this.#joinController();
    }
    this.#release();
    // Only now does nobody ask there any more, or send anybody there.
    await this.#own.tidy(this.#duties);
    if (this.#phase === 'running') this.#save();
    return failed;
  }

  /** Asks every probe now. */
  recheck(): void {
    this.#probing.recheck();
  }

  /**
   * Withdraws everything, then ends every session with a hard reset, so that nobody keeps what we announced (RFC 8538), then
   * takes away the addresses that were put on interfaces. Resolves when the last words have left.
   */
  async stop(text?: string): Promise<void> {
    if (this.#phase === 'stopping') return;
    this.#probing.stop();
    this.step({ kind: 'stop' });
    this.#phase = 'stopping';
    this.#unhold();
    this.#wake?.cancel();
    this.#life.end();
    this.load.stop();
    this.#census?.();
    const until = performance.now() + STOP_WORK;
    while (this.router.speaker.busy && performance.now() < until)
      await new Promise((resolve) => setImmediate(resolve));
    await this.router.stop(text);
    await this.#tickets?.close();
    await this.#own.removeAll();
    this.#save(false);
    await this.#life.settled();
  }

  happen(kind: Happening['kind'], say: string, rest: Partial<Happening> = {}): void {
    this.#happen(kind, say, rest);
  }

  /** What a restart has to know is on its way to the disk. */
  #save(running = true): void {
    if (this.#phase === 'new') return;
    this.#life.save({
      plan: this.plan,
      state: this.#state,
      added: this.#own.added,
      running,
      held: this.#held !== undefined,
    });
  }

  #saveSoon(): void {
    if (this.#savePlanned) return;
    this.#savePlanned = true;
    setImmediate(() => {
      this.#savePlanned = false;
      if (this.#phase === 'running') this.#save();
    });
  }

  /** Before anything is decided by a ticket whose time may be over. */
  #lookAtClocks(): void {
    if (this.plan.controller === undefined) return;
    const stood = this.#pauses.noticed(this.#clock.now(), this.#utc(), this.plan.guard);
    if (stood === undefined) return;
    const say = `the machine stood still, or its clock was put forward, by ${(stood / 1000).toFixed(1)} s: tickets are asked for anew`;
    this.#log.warn(say);
    this.happen('guard', say);
    this.step({ kind: 'stoodStill' });
  }

  #utc(): number {
    return (this.#options.wall ?? Date.now)();
  }

  // ── telling ───────────────────────────────────────────────────────────────────────────────────────────────────

  #tell(began: number): void {
    this.upstreams.tell(this.plan, this.announcement());
    this.#release();
    this.router.settle();
    // Where the kernel could not be handed the bytes at once, connections write at the end of this turn's callback.
    process.nextTick(() => process.nextTick(() => this.onWritten?.(performance.now() - began)));
  }

  /** Nobody is told anything until the health of everything is known, or the time is up. */
  #hold(why: string, longest: Millis): void {
    if (longest <= 0) return;
    this.#held?.cancel();
    const until = after(this.#clock.now(), longest);
    const cancel = this.#clock.wake(until, () => {
      this.#unhold(true);
      this.happen('agent', 'told what is known so far: the health of some services is not known in time');
    });
    this.#held = { why, until, cancel };
    this.router.feed({ kind: 'hold', on: true });
  }

  /** As soon as nothing is open any more, or something that stands has to leave. */
  #release(): void {
    if (!this.#held) return;
    const { out } = this.#life;
    const all = Object.entries(this.#state.decided);
    const leaves = all.some(([scope, { level }]) => level === 'withdrawn' && !out.includes(scope));
    if (leaves || !all.some(([, { level }]) => level === 'pending')) this.#unhold();
  }

  #unhold(late = false): void {
    if (!this.#held) return;
    this.#held.cancel();
    this.#held = undefined;
    this.#state = resumeTelling(this.#state, late);
    this.upstreams.tell(this.plan, this.announcement());
    this.router.feed({ kind: 'hold', on: false });
  }

  #joinController(): void {
    const { tickets } = this.#options;
    if (this.plan.controller === undefined || !tickets) return;
    this.#tickets = tickets(this.plan, this.site, (answer) => void this.step({ kind: 'answer', answer }));
  }

  #arm(): void {
    const at = siteDue(this.#duties, this.#state, this.#clock.now());
    if (this.#wake?.at === at) return;
    this.#wake?.cancel();
    this.#wake = undefined;
    if (at === undefined) return;
    const cancel = this.#clock.wake(at, () => {
      this.#wake = undefined;
      if (this.#phase === 'running') this.step({ kind: 'due' });
    });
    this.#wake = { at, cancel };
  }

  /** What the site carries belongs to each of its scopes whole, because nobody can say which: the guard errs towards staying. */
  #carries(load: number | undefined): void {
    if (this.#phase !== 'running') return;
    for (const { name } of this.#duties.scopes)
      this.step({ kind: 'load', scope: name, ...(load === undefined ? {} : { load }) });
    if (load === undefined || this.#state.drain.phase !== 'lessPreferred') return;
    const { sessions, views } = this.#state.drain.seen ?? {};
    const others = {
      ...(sessions === undefined ? {} : { sessions }),
      ...(views === undefined ? {} : { views }),
    };
    this.step({ kind: 'evidence', evidence: { traffic: load, ...others } });
  }

  /** While the site waits to be empty, what the kernel knows of its sessions is evidence. */
  #count(): void {
    const waits = this.#state.drain.phase === 'lessPreferred' && this.#phase === 'running';
    const addresses = waits && !this.#census ? countable(this.#duties) : [];
    if (addresses.length === 0) return;
    this.#census = this.#clock.wake(after(this.#clock.now(), CENSUS), () => {
      void sessions(addresses).then((count) => {
        this.#census = undefined;
        if (count === undefined || this.#phase !== 'running') return;
        const { traffic, views } = this.#state.drain.seen ?? {};
        const others = {
          ...(traffic === undefined ? {} : { traffic }),
          ...(views === undefined ? {} : { views }),
        };
        this.step({ kind: 'evidence', evidence: { sessions: count, ...others } });
      });
    });
  }

  // ── words ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #speakOf(effects: readonly SiteEffect[]): void {
    for (const effect of effects) {
      const words = wordsOf(effect);
      if (!words) continue;
      const { level, kind, say, ...rest } = words;
      const { about, from, to } = rest;
      this.#log[level](say, kind === 'decision' ? { scope: about, from, to } : {});
      this.#happen(kind, say, rest);
    }
  }

  #happen(kind: Happening['kind'], say: string, rest: Partial<Happening> = {}): void {
    this.history.add({ at: new Date(this.#utc()).toISOString(), site: this.site, kind, say, ...rest });
  }
}
