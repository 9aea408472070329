/**
 * What may never be, watched at every step. The monitor believes nothing that the site concludes by itself where it can look
 * at the world instead: it knows what is really broken, which agents really run, and where packets really go.
 */
import { after, between, type Instant, instant, type Millis, millis, type Prefix } from '../base/index.ts';
import type { Service, Upstream } from '../plan/index.ts';
import { holds, type Level, type SiteState, verdictOf } from '../site/index.ts';
import type { Agent } from './agent.ts';
import { isBroken } from './health.ts';
import { RETRANSMIT } from './link.ts';
import type { Invariant } from './timeline.ts';
import { INTERNET_HOLD, type Landing, type World } from './world.ts';

type Place = Extract<Landing, object>;

/** Told of each break; the same one is told once, until it is over. */
export type OnBreak = (invariant: Invariant, site: string | undefined, text: string) => void;

export class Monitor {
  readonly #world: World;
  readonly #broken: OnBreak;
  /** Breaks that last, so that each is told once. */
  readonly #standing = new Set<string>();
  /** Sites that are out by a ticket, by scope. */
  readonly #out = new Map<string, Set<string>>();
  /** When services got better, by site and service, in the site's own time. */
  readonly #returns = new Map<string, Instant[]>();
  /** Since when each site and scope is what it is. */
  readonly #levels = new Map<string, { readonly level: Level; readonly since: Instant }>();
  /** An AS that is many hops away hears of a withdrawal after at most so long, by however many detours. */
  readonly #propagation: Millis;
  /** The most that any link was ever slowed by. */
  #slowest = 0;

  constructor(world: World, broken: OnBreak) {
    this.#world = world;
    this.#broken = broken;
    const latencies = [...world.links.values()].map((l) => l.latency);
    this.#propagation = millis(1000 + 2 * world.network.ases.length * Math.max(...latencies));
  }

  /** After every step of every site. */
  stepped(agent: Agent, before: SiteState | undefined, state: SiteState): void {
    for (const scope of agent.duties.scopes) {
      const is = state.decided[scope.name];
      const was = before?.decided[scope.name];
      if (!is) continue;
      this.#level(agent, scope.name, is.level);
      const { verdict, why } = verdictOf(agent.duties, state, scope);
      const wrong =
        verdict === 'down' && is.level === 'full' && !state.frozen && agent.duties.plan.guard.last !== 'full';
      this.#check(
        'full while down',
        agent.site,
        scope.name,
        wrong,
        () => `${scope.name} is announced in full while ${why.join(', ')}`,
      );
      const out = this.#out.get(scope.name) ?? new Set();
      this.#out.set(scope.name, out);
      if (!is.left) out.delete(agent.site);
      else if (was && !was.left && !state.stopping) out.add(agent.site);
    }
    for (const service of agent.duties.services) this.#flaps(agent, service, before, state);
    this.#keep();
  }

  /** An agent that starts without its state file has no memory of having left. */
  forgot(site: string): void {
    for (const out of this.#out.values()) out.delete(site);
    for (const key of this.#returns.keys()) if (key.startsWith(`${site} `)) this.#returns.delete(key);
  }

  slowed(by: number): void {
    this.#slowest = Math.max(this.#slowest, by);
  }

  /** From time to time: what only the passing of time can break. */
  tick(): void {
    for (const agent of this.#world.agents.values()) {
      this.#detects(agent);
      this.#tells(agent);
    }
    this.#deadRoutes();
  }

  // ── the checks ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Tickets are good for this: never more sites out by them, or free to go, than the guard lets leave. */
  #keep(): void {
    const world = this.#world;
    if (!world.controller) return;
    for (const { scope, sites, guard } of world.controller.configs) {
      const out = this.#out.get(scope);
      const free = sites.filter((site) => {
        if (out?.has(site)) return true;
        const agent = world.agents.get(site);
        const holder = agent?.state?.holders[scope];
        return holder !== undefined && agent !== undefined && holds(holder, agent.local());
      });
      const most = Math.max(0, sites.length - guard.keep);
      this.#check(
        'guard.keep',
        undefined,
        scope,
        free.length > most,
        () =>
          `${free.join(', ')} of ${sites.length} sites left ${scope} or may leave it; ${guard.keep} have to stay`,
      );
    }
  }

  #flaps(agent: Agent, name: string, before: SiteState | undefined, state: SiteState): void {
    const [was, is] = [before?.services[name], state.services[name]];
    if (!was || !is || was.verdict === is.verdict) return;
    const rank = ['down', 'degraded', 'up'];
    if (was.verdict === 'unknown' || rank.indexOf(is.verdict) < rank.indexOf(was.verdict)) return;
    const { flaps } = agent.duties.plan.services[name] as Service;
    const now = agent.local();
    const key = `${agent.site} ${name}`;
    const recent = [...(this.#returns.get(key) ?? []), now].filter((at) => between(at, now) < flaps.per - 1);
    this.#returns.set(key, recent);
    this.#check(
      'flap budget',
      agent.site,
      name,
      recent.length > flaps.count,
      () =>
        `${name} came back ${recent.length} times within ${flaps.per / 1000} s; the budget is ${flaps.count}`,
    );
  }

  /** A service that is really broken, for longer than any probe may take to see it, is not announced in full. */
  #detects(agent: Agent): void {
    const { state, duties } = agent;
    const now = this.#world.clock.now();
    for (const [name, health] of agent.health) {
      const service = duties.plan.services[name] as Service;
      const patience = detection(service);
      const known =
        state !== undefined &&
        isBroken(health.is) &&
        patience !== undefined &&
        now > after(health.since, patience) &&
        now > after(agent.since, patience);
      for (const scope of duties.scopes) {
        const wrong =
          known &&
          scope.services.includes(name) &&
          !state.frozen &&
          duties.plan.guard.last !== 'full' &&
          state.decided[scope.name]?.level === 'full';
        this.#check(
          'full while down',
          agent.site,
          `${scope.name} ${name}`,
          wrong,
          () =>
            `${scope.name} is announced in full, and ${name} has been broken (${health.is}) for ${between(health.since, now) / 1000} s`,
        );
      }
    }
  }

  /** What the speaker has told an upstream is what the site decided, no more and no less. */
  #tells(agent: Agent): void {
    const { plan } = this.#world;
    const wanted = agent.wanted();
    if (!wanted || agent.held) return;
    for (const [name, prefixes] of Object.entries(wanted.upstreams)) {
      // The plan's own rules may hold back what the site would announce, never the other way round.
      const rules = plan.sites[agent.site]?.upstreams[name]?.export.length ?? 0;
      for (const [number, prefix] of plan.prefixes.entries()) {
        const announced = prefixes[prefix];
        const told = announced && agent.router.told(name, number);
        if (told === undefined) continue;
        const wrong = told ? announced?.route === undefined : announced?.route !== undefined && rules === 0;
        this.#check(
          'not what the table says',
          agent.site,
          `${name} ${prefix}`,
          wrong,
          () =>
            `${prefix} is ${announced?.level}, and ${name} ${told ? 'is still told of it' : 'is not told of it'}`,
        );
      }
    }
  }

  /** Nobody's packets go to a site that is gone, or that withdrew, for longer than it can take to notice. */
  #deadRoutes(): void {
    const { network, plan, clock } = this.#world;
    const now = clock.now();
    for (const [i, prefix] of plan.prefixes.entries())
      for (const { asn } of network.ases) {
        const landing = this.#world.landing(asn, i);
        const place = typeof landing === 'object' ? landing : undefined;
        const gone = place && this.#gone(place, prefix);
        const wrong = place !== undefined && gone !== undefined && now > this.#patience(place, gone.since);
        this.#check('dead route', place?.site, `${asn} ${prefix}`, wrong, () => {
          const age = (now - (gone?.since ?? now)) / 1000;
          return `AS${asn} still sends ${prefix} to ${place?.site} by ${place?.upstream}, ${age} s after it was ${gone?.how}`;
        });
      }
  }

  /** Since when, and how, nothing that goes there is served; undefined when the site is there and announces. */
  #gone(place: Place, prefix: Prefix): { readonly since: Instant; readonly how: string } | undefined {
    const agent = this.#world.agents.get(place.site) as Agent;
    if (agent.life !== 'runs') return { since: agent.since, how: agent.life };
    const link = this.#world.link(place);
    if (link.cut) return { since: link.changedAt, how: 'cut off' };
    const scope = agent.duties.scopes.find((s) => s.prefixes.includes(prefix));
    const level = scope && this.#levels.get(`${place.site} ${scope.name}`);
    return level?.level === 'withdrawn' ? { since: level.since, how: 'withdrawn' } : undefined;
  }

  /**
   * Until when packets may still go there. News of a withdrawal over a session that stands takes no longer than to travel; of
   * anything else the upstream learns by its hold time and, with graceful restart, waits as long as it was asked to. A
   * link of the internet that failed meanwhile may hold the news back for its own hold time.
   */
  #patience(place: Place, since: Instant): Instant {
    const agent = this.#world.agents.get(place.site) as Agent;
    const link = this.#world.link(place);
    const upstream = this.#world.plan.sites[place.site]?.upstreams[place.upstream] as Upstream;
    const notice = upstream.holdTime + (upstream.gracefulRestart ?? 0) + 3 * RETRANSMIT;
    const shaken = Math.max(link.changedAt, link.resetAt, agent.since);
    const quick = since > shaken + notice;
    const noticed = quick ? since : Math.max(since, shaken) + notice;
    const held = this.#world.internetChangedAt + INTERNET_HOLD + 3 * RETRANSMIT;
    const late = this.#propagation + 6 * this.#slowest;
    return instant((held > since ? Math.max(noticed, held) : noticed) + late);
  }

  #level(agent: Agent, scope: string, level: Level): void {
    const key = `${agent.site} ${scope}`;
    if (this.#levels.get(key)?.level !== level)
      this.#levels.set(key, { level, since: this.#world.clock.now() });
  }

  #check(
    invariant: Invariant,
    site: string | undefined,
    about: string,
    wrong: boolean,
    text: () => string,
  ): void {
    const key = `${invariant} ${site ?? ''} ${about}`;
    if (!wrong) {
      if (this.#standing.size > 0) this.#standing.delete(key);
      return;
    }
    if (this.#standing.has(key)) return;
    this.#standing.add(key);
    this.#broken(invariant, site, text());
  }
}

/** The longest it may take until a service that no longer answers is down; undefined when it never counts as down. */
export function detection(service: Service): Millis | undefined {
  if (service.whenDown === 'ignore') return undefined;
  const counted = Object.values(service.probes).filter((p) => p.onFailure === 'down');
  if (counted.length === 0) return undefined;
  const slowest = Math.max(...counted.map((p) => Math.max(p.every, p.fast) + p.timeout));
  return millis((service.fall + 1) * slowest * 1.02 + 1000);
}
