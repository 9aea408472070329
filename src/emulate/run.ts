/** A scenario played on a plan's network, from a seed: what happened, and whether anything happened that may not. */
import { after, type Instant, instant, type Millis, millis } from '../base/index.ts';
import type { Plan } from '../plan/index.ts';
import { phaseOf, type SiteState, ticketView } from '../site/index.ts';
import type { Agent, StepSite } from './agent.ts';
import { Monitor } from './monitor.ts';
import { type Network, type NetworkOptions, networkOf } from './network.ts';
import { describeAction, type Scenario } from './scenario.ts';
import { problems } from './settled.ts';
import type { Break, Invariant, TimelineEvent } from './timeline.ts';
import { type ConfigurePeer, type Landing, type Recorder, World } from './world.ts';

export interface RunOptions {
  /** Built once and used for many seeds; otherwise made from the plan. */
  readonly network?: Network;
  readonly internet?: NetworkOptions;
  /** Only breaks are kept of the timeline. */
  readonly quiet?: boolean;
  /** The site's judgement; for tests that plant a mistake in it. */
  readonly step?: StepSite;
  /** What routers know of their peers; likewise. */
  readonly peer?: ConfigurePeer;
  /** Takes down what happens to routers, so that they can be played again one by one. */
  readonly record?: Recorder;
  /** Bits per second that all clients together ask for; default: 40 % of what all sites can serve, where that is known. */
  readonly demand?: number;
  /** How to have the same again; shown with each break. */
  readonly command?: string;
}

export interface Timeline {
  readonly scenario: string;
  readonly seed: number;
  readonly events: readonly TimelineEvent[];
  readonly breaks: readonly Break[];
  /** How long after the last fault everything was as it should be; undefined when it never was. */
  readonly settledAfter?: Millis;
  /** Virtual time from the first step to the end. */
  readonly lasted: Millis;
  /** Events of the virtual world. */
  readonly steps: number;
}

/** A start that takes longer than this is no start. */
const WARM_UP = millis(120_000);
/** The longest that back-offs, hold times and patience may take after the last fault. */
const MOST_SETTLE = millis(240_000);
const TICK = millis(500);
/** Breaks beyond this many add nothing. */
const MOST_BREAKS = 20;
/** A timeline longer than this is cut. */
const MOST_EVENTS = 200_000;

/** Plays a scenario. The same plan, scenario, seed and options give the same timeline, to the last event. */
export function run(plan: Plan, scenario: Scenario, seed: number, options: RunOptions = {}): Timeline {
  return new Run(plan, scenario, seed, options).play();
}

class Run {
  readonly #scenario: Scenario;
  readonly #seed: number;
  readonly #options: RunOptions;
  readonly #world: World;
  readonly #monitor: Monitor;
  readonly #events: TimelineEvent[] = [];
  readonly #breaks: Break[] = [];
  readonly #landings = new Map<string, string>();
  readonly #views = new Map<string, string>();
  #looking = false;
  /** The instant that the scenario calls zero. */
  #zero: Instant | undefined;
  #steps = 0;

  constructor(plan: Plan, scenario: Scenario, seed: number, options: RunOptions) {
    this.#scenario = scenario;
    this.#seed = seed;
    this.#options = options;
    const network = options.network ?? networkOf(plan, options.internet);
    let monitor: Monitor | undefined;
    this.#world = new World(
      network,
      seed,
      {
        stepped: (agent, before, [state, effects]) => {
          monitor?.stepped(agent, before, state);
          const { site } = agent;
          for (const e of effects)
            if (e.do === 'announce')
              this.#tell({ kind: 'level', site, scope: e.scope, from: e.was, to: e.level, why: e.why });
            else if (e.do === 'note' && e.about === 'drain')
              this.#tell({ kind: 'drain', site, from: e.from, to: e.to, why: e.why });
            else if (e.do === 'note')
              this.#tell({ kind: 'verdict', site, service: e.about, from: e.from, to: e.to, why: e.why });
            else if (e.do === 'refuse') this.#tell({ kind: 'agent', site, text: `refused: ${e.why}` });
          if (!options.quiet) this.#tickets(agent, state);
        },
        session: (site, upstream, up, why) => this.#tell({ kind: 'session', site, upstream, up, why }),
        moved: () => this.#lookSoon(),
      },
      {
        ...(options.step ? { step: options.step } : {}),
        ...(options.peer ? { peer: options.peer } : {}),
        ...(options.record ? { record: options.record } : {}),
        ...(options.demand === undefined ? {} : { demand: options.demand }),
      },
    );
    monitor = new Monitor(this.#world, (...found) => this.#broken(...found));
    this.#monitor = monitor;
  }

  play(): Timeline {
    const { steps } = this.#scenario;
    this.#every(TICK, () => this.#monitor.tick());
    this.#every(millis(1000), () => this.#world.census());
    const ready = this.#settle(WARM_UP);
    this.#zero = this.#world.clock.now();
    if (ready === undefined) this.#unsettled();
    this.#look();
    for (const step of steps)
      this.#world.clock.wake(after(this.#zero, step.at), () => {
        this.#tell({ kind: 'action', text: describeAction(step) });
        if (step.do === 'start' && step.forget && this.#world.agents.get(step.site)?.life !== 'runs')
          this.#monitor.forgot(step.site);
        if (step.do === 'slow') this.#monitor.slowed(step.by);
        this.#world.act(step);
      });
    const last = Math.max(0, ...steps.map((s) => s.at), this.#scenario.lasts ?? 0);
    if (ready !== undefined) this.#runTo(after(this.#zero, millis(last)));
    const settledAfter = ready === undefined ? undefined : this.#settle(MOST_SETTLE);
    if (ready !== undefined && settledAfter === undefined) this.#unsettled();
    if (settledAfter !== undefined)
      this.#tell({
        kind: 'settled',
        text: `everything is as it should be, ${settledAfter / 1000} s after the last step`,
      });
    return {
      scenario: this.#scenario.name,
      seed: this.#seed,
      events: this.#events,
      breaks: this.#breaks,
      ...(settledAfter === undefined ? {} : { settledAfter }),
      lasted: millis(this.#world.clock.now() - this.#zero),
      steps: this.#steps,
    };
  }

  /** Runs until nothing is wrong, twice in a row a moment apart; undefined when that does not come. */
  #settle(most: Millis): Millis | undefined {
    const began = this.#world.clock.now();
    let good = 0;
    for (let passed = 0; passed < most; passed += SETTLE_STEP) {
      this.#runTo(after(this.#world.clock.now(), millis(SETTLE_STEP)));
      if (this.#breaks.length >= MOST_BREAKS) return undefined;
      good = problems(this.#world).length === 0 ? good + 1 : 0;
      if (good === 2) return millis(this.#world.clock.now() - began - SETTLE_STEP);
    }
    return undefined;
  }

  #unsettled(): void {
    for (const { invariant, site, text } of problems(this.#world)) this.#broken(invariant, site, text);
  }

  #runTo(until: Instant): void {
    const { clock } = this.#world;
    while (this.#breaks.length < MOST_BREAKS && clock.step(until)) this.#steps++;
    clock.run(this.#breaks.length < MOST_BREAKS ? until : clock.now());
  }

  #every(length: Millis, run: () => void): void {
    const { clock } = this.#world;
    clock.wake(after(clock.now(), length), () => {
      run();
      this.#every(length, run);
    });
  }

  // ── what is told ──────────────────────────────────────────────────────────────────────────────────────────────

  #tell(event: Untimed): void {
    if (this.#options.quiet || this.#zero === undefined || this.#events.length >= MOST_EVENTS) return;
    this.#events.push({ at: this.#at(), ...event } as TimelineEvent);
  }

  #tickets(agent: Agent, state: SiteState): void {
    const { site } = agent;
    for (const [scope, holder] of Object.entries(state.holders)) {
      const key = `${site} ${scope}`;
      const to = ticketView(holder, agent.local());
      const from = this.#views.get(key);
      this.#views.set(key, to);
      if (from === undefined || from === to) continue;
      const { refused } = holder;
      const why = to === 'refused' && refused ? { why: `${refused.reason}: ${refused.detail}` } : {};
      this.#tell({ kind: 'ticket', site, scope, needed: inNeed(agent, state, scope), from, to, ...why });
    }
  }

  #at(): Instant {
    // To the microsecond: the rest is what sites' clocks leave when they are turned into the world's.
    return instant(Math.round((this.#world.clock.now() - (this.#zero ?? 0)) * 1000) / 1000);
  }

  #broken(invariant: Invariant, site: string | undefined, text: string): void {
    if (this.#breaks.length >= MOST_BREAKS) return;
    const command =
      this.#options.command ?? `nearcast emulate PLAN --scenario ${this.#scenario.name} --seed ${this.#seed}`;
    const found: Break = {
      at: this.#at(),
      kind: 'break',
      invariant,
      ...(site === undefined ? {} : { site }),
      text,
      command,
    };
    this.#breaks.push(found);
    this.#events.push(found);
  }

  /** Routes move in bursts; where packets land is looked at once a burst has passed. */
  #lookSoon(): void {
    if (this.#options.quiet || this.#looking || this.#zero === undefined) return;
    this.#looking = true;
    this.#world.clock.wake(after(this.#world.clock.now(), LOOK_AFTER), () => {
      this.#looking = false;
      this.#look();
    });
  }

  #look(): void {
    if (this.#options.quiet) return;
    const { network, plan } = this.#world;
    for (const [i, prefix] of plan.prefixes.entries())
      for (const { asn } of network.ases) {
        const key = `${asn} ${prefix}`;
        const to = landingWord(this.#world.landing(asn, i));
        const from = this.#landings.get(key) ?? 'nowhere';
        if (from === to) continue;
        this.#landings.set(key, to);
        this.#tell({ kind: 'path', vantage: asn, prefix, from, to });
      }
  }
}

type Untimed = TimelineEvent extends infer E ? (E extends TimelineEvent ? Omit<E, 'at'> : never) : never;

const LOOK_AFTER = millis(20);
const SETTLE_STEP = 2000;

function landingWord(landing: Landing): string {
  return typeof landing === 'object' ? landing.site : landing;
}

/** The site drains, or a service of the scope is not simply up. */
function inNeed({ duties }: Agent, state: SiteState, name: string): boolean {
  const services = duties.scopes.find((scope) => scope.name === name)?.services ?? [];
  return (
    state.drain.phase !== 'in' ||
    services.some((s) => {
      const [service, verdict] = [duties.plan.services[s], state.services[s]];
      return service && verdict && phaseOf(service, verdict) !== 'up';
    })
  );
}
