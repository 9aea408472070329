/** One site, alive: its judgement joined to its speaker, its probes asked on time, its state kept for the next start. */
import {
  after,
  between,
  type Clock,
  type Instant,
  instant,
  type Millis,
  millis,
  type Random,
} from '../base/index.ts';
import type { Plan, Probe } from '../plan/index.ts';
import {
  type Announcement,
  type Answer,
  announcement,
  type Duties,
  dutiesOf,
  exportPolicy,
  type Level,
  type Order,
  pace,
  type Report,
  restoreSite,
  resumeTelling,
  type SiteEvent,
  type SiteState,
  type SiteStep,
  siteDue,
  startSite,
} from '../site/index.ts';
import { ask, type Health } from './health.ts';
import type { Router } from './router.ts';

/** The site's judgement; injected so that a test can plant a mistake in it. */
export type StepSite = (duties: Duties, state: SiteState, event: SiteEvent, now: Instant) => SiteStep;

export interface AgentWatch {
  /** After every step. `before` is undefined at a start. */
  stepped(agent: Agent, before: SiteState | undefined, step: SiteStep): void;
  report(agent: Agent, report: Report): void;
}

/** How the agent is: it runs, its process is gone (killed or stopped), or its host with it. */
export type Life = 'runs' | 'killed' | 'stopped' | 'off';

export class Agent {
  readonly duties: Duties;
  readonly router: Router;
  /** The site's own clock runs at this rate of the world's, from this offset. */
  readonly rate: number;
  readonly offset: number;
  life: Life = 'stopped';
  /** When `life` became what it is. */
  since: Instant = instant(0);
  /** Undefined while the agent does not run. */
  state: SiteState | undefined;
  /** What each service really is, and since when. */
  readonly health = new Map<string, { readonly is: Health; readonly since: Instant }>();
  /** How often it was started. */
  boot = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #step: StepSite;
  readonly #watch: AgentWatch;
  /** The state file: what is known, and whether peers hold something of ours. */
  #saved: { readonly state: SiteState; readonly at: Instant; readonly announcing: boolean } | undefined;
  #wake: { readonly at: Instant; readonly cancel: () => void } | undefined;
  #held = false;
  /** Scopes that were out when this life began: that they are does not end the wait for the others. */
  #out: readonly string[] = [];
  #wanted:
    | { readonly levels: readonly (Level | undefined)[]; readonly announcement: Announcement }
    | undefined;

  constructor(
    plan: Plan,
    site: string,
    router: Router,
    world: {
      readonly clock: Clock;
      readonly random: Random;
      readonly watch: AgentWatch;
      readonly step: StepSite;
    },
  ) {
    this.duties = dutiesOf(plan, site) as Duties;
    this.router = router;
    this.#clock = world.clock;
    this.#random = world.random;
    this.#watch = world.watch;
    this.#step = world.step;
    // Two clocks drift apart by less than the plan's bound over one lease.
    const { lease, drift } = plan.guard;
    const most = lease > 0 ? Math.max(0, Math.min(0.01, drift / lease / 2 - 0.0005)) : 0;
    this.rate = 1 + (this.#random.unit() * 2 - 1) * most;
    this.offset = this.#random.below(1_000_000);
    for (const service of this.duties.services) this.health.set(service, { is: 'good', since: instant(0) });
  }

  get site(): string {
    return this.duties.site;
  }

  /** Peers are told nothing yet: what they kept through a restart stays standing. */
  get held(): boolean {
    return this.#held;
  }

  local(): Instant {
    return instant(this.offset + this.#clock.now() * this.rate);
  }

  /**
   * What the upstreams are to hear now; undefined while the agent does not run. It follows from the levels alone, and is
   * made anew when one of them changes: the reasons in it are those of that moment.
   */
  wanted(): Announcement | undefined {
    const { state } = this;
    if (!state) return undefined;
    const levels = this.duties.scopes.map((scope) => state.decided[scope.name]?.level);
    if (!this.#wanted || levels.some((level, i) => level !== this.#wanted?.levels[i]))
      this.#wanted = { levels, announcement: announcement(this.duties, state) };
    return this.#wanted.announcement;
  }

  start(forget: boolean): void {
    if (this.life === 'runs') return;
    const saved = forget ? undefined : this.#saved;
    const patience = this.#patience();
    const away = between(this.since, this.#clock.now());
    // What a graceful restart left standing stays standing until something is known, or the peers' patience ends.
    const resumes = this.life === 'killed' && saved?.announcing === true && away <= patience;
    const local = this.local();
    this.boot++;
    const fresh = startSite(this.duties, this.boot, local);
    const times = saved && {
      savedAt: saved.at,
      elapsed: between(saved.at, local),
      boot: this.boot,
      resumed: resumes,
    };
    this.state = saved && times ? restoreSite(this.duties, saved.state, times, local) : fresh;
    this.#be('runs');
    this.router.power();
    this.#held = resumes;
    this.#out = Object.entries(this.state.decided).flatMap(([scope, { left }]) => (left ? [scope] : []));
    this.router.start({ restarting: resumes, held: resumes });
    const prefixes = new Set(this.duties.scopes.flatMap((scope) => scope.prefixes));
    for (const prefix of prefixes) this.router.feed({ kind: 'announce', prefix, attributes: [] });
    this.#watch.stepped(this, undefined, [this.state, []]);
    this.#apply();
    this.step({ kind: 'due' });
    const life = this.boot;
    if (resumes) this.#later(patience, life, () => this.#release(true));
    for (const service of this.duties.services)
      for (const [name, probe] of Object.entries(this.duties.plan.services[service]?.probes ?? {}))
        this.#later(millis(this.#random.unit() * probe.every), life, () =>
          this.#probe(service, name, probe, life),
        );
  }

  /** The process ends without a word; with `host`, all of the machine does. */
  kill(host: 'stays' | 'goes'): void {
    if (this.life === 'off' || (this.life !== 'runs' && host === 'stays')) return;
    this.#end(host === 'goes' ? 'off' : 'killed');
    this.router.kill(host);
  }

  /** Withdraws, gives the withdrawal a moment to leave, and ends. */
  stop(): void {
    if (this.life !== 'runs') return;
    this.step({ kind: 'stop' });
    const life = this.boot;
    this.#later(LAST_MOMENT, life, () => {
      this.#end('stopped');
      this.router.stop();
    });
  }

  order(kind: 'drain' | 'undrain' | 'thaw', order: Order): void {
    this.step({ kind, order });
  }

  freeze(order: Order, length: Millis | undefined): void {
    this.step({
      kind: 'freeze',
      order,
      ...(length === undefined ? {} : { until: after(this.local(), millis(length * this.rate)) }),
    });
  }

  answered(answer: Answer): void {
    this.step({ kind: 'answer', answer });
  }

  step(event: SiteEvent): void {
    const before = this.state;
    if (!before) return;
    const now = this.local();
    const step = this.#step(this.duties, before, event, now);
    const [state, effects] = step;
    this.state = state;
    this.#saved = { state, at: now, announcing: this.#held || announces(state) };
    this.#watch.stepped(this, before, step);
    let changed = false;
    for (const effect of effects) {
      if (effect.do === 'announce') changed = true;
      else if (effect.do === 'report') this.#watch.report(this, effect.report);
    }
    if (changed) this.#apply();
    this.#plan(now);
  }

  /** Brings the sessions in line: the policy of each is the announcement, and the speaker works out the difference. */
  #apply(): void {
    const wanted = this.wanted();
    if (!wanted) return;
    this.#tell(wanted);
    const all = Object.entries(this.state?.decided ?? {});
    const leaves = all.some(([scope, { level }]) => level === 'withdrawn' && !this.#out.includes(scope));
    if (leaves || !all.some(([, { level }]) => level === 'pending')) this.#release();
  }

  #tell(wanted: Announcement): void {
    for (const { name } of this.router.peers)
      this.router.feed({
        kind: 'policy',
        peer: name,
        export: exportPolicy(this.duties.plan, wanted, name),
      });
  }

  #release(late = false): void {
    if (!this.#held || !this.state) return;
    this.#held = false;
    this.state = resumeTelling(this.state, late);
    this.#tell(this.wanted() as Announcement);
    this.router.feed({ kind: 'hold', on: false });
  }

  #plan(now: Instant): void {
    const due = this.state && siteDue(this.duties, this.state, now);
    if (this.#wake?.at === due) return;
    this.#wake?.cancel();
    this.#wake = undefined;
    if (due === undefined) return;
    // Rounded up in the world's time, so that the site's clock has really come that far.
    const at = instant(Math.max(this.#clock.now(), (due - this.offset) / this.rate + 1e-6));
    const cancel = this.#clock.wake(at, () => {
      this.#wake = undefined;
      this.step({ kind: 'due' });
    });
    this.#wake = { at: due, cancel };
  }

  /** Asks once, and plans the next time: from when this one began, so that the schedule does not drift. */
  #probe(service: string, name: string, probe: Probe, life: number): void {
    const health = this.health.get(service)?.is ?? 'good';
    const began = this.#clock.now();
    const { result, took } = ask(probe, health, this.#random);
    this.#later(took, life, () => {
      this.step({ kind: 'probe', service, probe: name, result });
      const state = this.state?.services[service]?.probes[name];
      const next = state ? pace(probe, state) : probe.every;
      const rest = Math.max(0, began + next - this.#clock.now());
      this.#later(millis(rest), life, () => this.#probe(service, name, probe, life));
    });
  }

  /** Runs after a while, if this is then still the same life of the agent. */
  #later(length: Millis, life: number, run: () => void): void {
    this.#clock.wake(after(this.#clock.now(), length), () => {
      if (this.boot === life && this.life === 'runs') run();
    });
  }

  #end(life: Life): void {
    this.state = undefined;
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#be(life);
  }

  #be(life: Life): void {
    this.life = life;
    this.since = this.#clock.now();
  }

  /** The shortest time that an upstream was asked to wait for us; 0 when none was. */
  #patience(): Millis {
    const times = Object.values(this.duties.plan.sites[this.site]?.upstreams ?? {}).flatMap((u) =>
      u.enabled && u.gracefulRestart !== undefined ? [u.gracefulRestart] : [],
    );
    return millis(times.length === 0 ? 0 : Math.min(...times));
  }
}

function announces(state: SiteState): boolean {
  return Object.values(state.decided).some((d) => d.level === 'full' || d.level === 'less-preferred');
}

/** Between the withdrawal and the goodbye of a clean stop. */
const LAST_MOMENT = millis(50);
