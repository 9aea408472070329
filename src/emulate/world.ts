/**
 * A whole network in virtual time: the internet's routers, the sites with their agents, the controller, and the links
 * between them. It says what happens to whoever watches, and does what a scenario asks.
 */
import {
  type Address,
  after,
  formatPrefix,
  type Instant,
  instant,
  ipv4,
  millis,
  type Prefix,
  Random,
} from '../base/index.ts';
import type { Plan, Upstream } from '../plan/index.ts';
import type { PeerConfig } from '../session/index.ts';
import { importPolicy, type Report, type SiteState, type SiteStep, stepSite } from '../site/index.ts';
import type { Note, PeerOptions } from '../speaker/index.ts';
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import { Agent, type StepSite } from './agent.ts';
import { VirtualClock } from './clock.ts';
import { Controller } from './controller.ts';
import { Link } from './link.ts';
import { Mail } from './mail.ts';
import type { Attachment, Network } from './network.ts';
import { type Record, Router } from './router.ts';
import { ATTACHED, exportOf, importOf, roleTowards } from './routing.ts';
import type { Action, Where } from './scenario.ts';

export interface WorldWatch {
  stepped(agent: Agent, before: SiteState | undefined, step: SiteStep): void;
  session(site: string, upstream: string, up: boolean, why: string): void;
  /** Where packets go may have changed somewhere. */
  moved(): void;
}

/** Takes down the lives of the routers it answers for: `fra`, `AS64601`. */
export type Recorder = (router: string) => Record | undefined;

/** What a router knows of a peer; injected so that a test can plant a mistake in a session. */
export type ConfigurePeer = (router: string, options: PeerOptions) => PeerOptions;

export interface WorldOptions {
  readonly step?: StepSite;
  readonly peer?: ConfigurePeer;
  readonly record?: Recorder;
  /** Bits per second that all clients together ask for; default: 40 % of what all sites can serve, where that is known. */
  readonly demand?: number;
}

/** Where packets of a vantage end. */
export type Landing = { readonly site: string; readonly upstream: string } | 'nowhere' | 'a loop';

export class World {
  readonly clock = new VirtualClock();
  readonly network: Network;
  readonly plan: Plan;
  readonly routers = new Map<number, Router>();
  readonly agents = new Map<string, Agent>();
  readonly links = new Map<string, Link>();
  readonly mail: Mail;
  readonly controller: Controller | undefined;
  /** When a link between two ASes last changed. */
  internetChangedAt: Instant = instant(-1e9);
  readonly #random: Random;
  readonly #watch: WorldWatch;
  readonly #record: Recorder | undefined;
  /** Which router is a site's. */
  readonly #sites = new Map<Router, string>();
  /** Bits per second that all clients together ask for. */
  readonly #demand: number;
  /** What load was last reported, by site and scope. */
  readonly #loads = new Map<string, string>();
  readonly #customers = new Map<number, number[]>();
  readonly #mailLatency = millis(40);

  constructor(network: Network, seed: number, watch: WorldWatch, options: WorldOptions = {}) {
    this.network = network;
    this.plan = network.plan;
    this.#watch = watch;
    this.#random = new Random(seed);
    this.mail = new Mail(this.clock, this.#random.fork());
    this.controller =
      this.plan.controller === undefined ? undefined : new Controller(this.plan, this.clock.now());
    this.#record = options.record;
    this.#demand = options.demand ?? usualDemand(this.plan);
    this.#internet();
    this.#attach(options.step ?? stepSite);
    const { peer } = options;
    const all = [...this.routers.values(), ...[...this.agents.values()].map((a) => a.router)];
    if (peer)
      for (const { name, peers } of all) peers.splice(0, peers.length, ...peers.map((p) => peer(name, p)));
    for (const router of this.routers.values()) router.start();
    for (const agent of this.agents.values()) agent.start(false);
  }

  /** Where a packet from an AS to one of the plan's prefixes (by its number) ends, by the routes of this moment. */
  landing(asn: number, prefix: number): Landing {
    let router = this.routers.get(asn);
    for (let hops = 0; router && hops <= this.routers.size; hops++) {
      const next = router.best[prefix];
      if (next === undefined || next === 'here') return 'nowhere';
      const site = this.#sites.get(next.router);
      if (site !== undefined) return { site, upstream: next.peer };
      router = next.router;
    }
    return router ? 'a loop' : 'nowhere';
  }

  /** Does what a scenario asks. What makes no sense at the moment changes nothing. */
  act(action: Action): void {
    const now = this.clock.now();
    const order = { owner: 'scenario', reason: 'as planned' };
    const agents = () =>
      'site' in action && action.site !== undefined
        ? [this.agents.get(action.site)].filter((a) => a !== undefined)
        : [...this.agents.values()];
    switch (action.do) {
      case 'fail':
      case 'repair': {
        const is = action.do === 'repair' ? 'good' : (action.how ?? 'refused');
        for (const agent of agents())
          if (agent.health.has(action.service)) agent.health.set(action.service, { is, since: now });
        return;
      }
      case 'kill':
        for (const agent of agents()) this.#kill(agent, 'stays');
        return;
      case 'power-off':
        for (const agent of agents()) this.#kill(agent, 'goes');
        return;
      case 'start':
        for (const agent of agents()) this.#start(agent, action.forget === true);
        return;
      case 'stop':
        for (const agent of agents()) agent.stop();
        return;
      case 'cut':
      case 'heal':
        for (const link of this.#linksAt(action)) this.#cut(link, action.do === 'cut');
        if (action.site !== undefined && action.upstream === undefined)
          this.mail.cut[action.do === 'cut' ? 'add' : 'delete'](action.site);
        return;
      case 'slow':
        for (const link of this.#linksAt(action)) this.#change(link, { slow: action.by });
        return;
      case 'reset':
        for (const link of this.#linksAt(action)) link.resetAt = now;
        this.agents.get(action.site)?.router.reset(action.upstream);
        return;
      case 'cut-controller':
      case 'heal-controller': {
        const cut = action.do === 'cut-controller';
        if (action.site === undefined) this.mail.allCut = cut;
        else this.mail.cut[cut ? 'add' : 'delete'](action.site);
        return;
      }
      case 'replace-controller':
        this.controller?.replace(now);
        return;
      case 'mail':
        this.mail.loss = action.loss;
        this.mail.delay = millis(Math.max(5, action.delay));
        return;
      case 'drain':
      case 'undrain':
      case 'thaw':
        this.agents.get(action.site)?.order(action.do, order);
        return;
      case 'freeze':
        this.agents.get(action.site)?.freeze(order, action.for);
        return;
      case 'calm':
        this.mail.allCut = false;
        this.mail.cut.clear();
        this.mail.loss = 0;
        this.mail.delay = millis(5);
        for (const link of this.links.values()) {
          this.#cut(link, false);
          if (link.slow > 0) this.#change(link, { slow: millis(0) });
        }
        for (const agent of this.agents.values()) this.#start(agent, false);
        return;
    }
  }

  /**
   * Every second: who lands where. A draining site sees of it how empty it is, and every site what load it carries: each AS
   * sends the same share of the demand.
   */
  census(): void {
    const { ases } = this.network;
    const here = new Map<string, number>();
    for (const { asn } of ases)
      for (const i of this.plan.prefixes.keys()) {
        const landing = this.landing(asn, i);
        if (typeof landing !== 'object') continue;
        const key = `${landing.site} ${this.plan.prefixes[i]}`;
        here.set(key, (here.get(key) ?? 0) + 1);
      }
    for (const agent of this.agents.values()) {
      if (!agent.state) continue;
      const landed = (prefixes: readonly Prefix[]) =>
        prefixes.reduce((sum, prefix) => sum + (here.get(`${agent.site} ${prefix}`) ?? 0), 0);
      if (this.#demand > 0)
        for (const { name, prefixes } of agent.duties.scopes) {
          const clients = landed(prefixes);
          const key = `${agent.site} ${name}`;
          const said = `${agent.boot} ${clients}`;
          if (this.#loads.get(key) === said) continue;
          this.#loads.set(key, said);
          const load = (this.#demand * clients) / (ases.length * this.plan.prefixes.length);
          agent.step({ kind: 'load', scope: name, load });
        }
      const phase = agent.state?.drain.phase;
      if (phase !== 'lessPreferred' && phase !== 'empty' && phase !== 'withdrawn') continue;
      const clients = landed(this.plan.prefixes);
      agent.step({ kind: 'evidence', evidence: { sessions: clients, views: clients } });
    }
  }

  link(attachment: Pick<Attachment, 'site' | 'upstream'>): Link {
    return this.links.get(`${attachment.site}/${attachment.upstream}`) as Link;
  }

  // ── building ──────────────────────────────────────────────────────────────────────────────────────────────────

  #internet(): void {
    const watch = { note: () => {}, moved: () => this.#watch.moved() };
    const { ases, links, attachments } = this.network;
    for (const [i, { asn }] of ases.entries()) {
      const id = ipv4(0xac10_0001 + i);
      const random = this.#random.fork();
      const world = { clock: this.clock, random, watch, record: this.#record?.(`AS${asn}`) };
      this.routers.set(asn, new Router(`AS${asn}`, { asn, id }, this.plan.prefixes, world));
    }
    for (const l of links) if (l.relation === 'customer') this.#sells(l.from, l.to);
    for (const a of attachments) if (a.role === 'provider') this.#sells(a.asn, this.plan.asn);
    for (const l of links) {
      const [a, b] = [this.routers.get(l.from) as Router, this.routers.get(l.to) as Router];
      const link = this.#link(l.name, l.latency);
      const ends = [
        [a, b, l.relation],
        [b, a, l.relation === 'peer' ? 'peer' : 'provider'],
      ] as const;
      for (const [from, to, relation] of ends) {
        const { asn, id } = from.options;
        from.ports.set(to.name, { link, router: to, peer: from.name, local: id, remote: to.options.id });
        from.peers.push({
          name: to.name,
          address: to.options.id,
          session: {
            localAsn: asn,
            localId: id,
            remoteAsn: to.options.asn,
            holdTime: INTERNET_HOLD,
            role: roleTowards(relation),
          },
          import: importOf(relation),
          export: exportOf(relation, this.#customers.get(asn) ?? []),
          nextHop: nextHops(id),
        });
      }
    }
  }

  #sells(provider: number, customer: number): void {
    const known = this.#customers.get(provider);
    if (known) known.push(customer);
    else this.#customers.set(provider, [customer]);
  }

  #attach(step: StepSite): void {
    const watch = {
      note: (router: Router, note: Note) => this.#note(router, note),
      moved: () => this.#watch.moved(),
    };
    let number = 0;
    for (const [site, { routerId }] of Object.entries(this.plan.sites)) {
      const random = this.#random.fork();
      const world = { clock: this.clock, random, watch, record: this.#record?.(site) };
      // What a site says does not depend on what its upstreams say: after a restart it waits for none of them.
      const options = { asn: this.plan.asn, id: routerId, deferral: millis(0) };
      const router = new Router(site, options, this.plan.prefixes, world);
      this.#sites.set(router, site);
      for (const a of this.network.attachments) if (a.site === site) this.#join(router, a, number++);
      this.agents.set(
        site,
        new Agent(this.plan, site, router, {
          clock: this.clock,
          random: this.#random.fork(),
          step,
          watch: {
            stepped: (...args) => this.#watch.stepped(...args),
            report: (agent, report) => this.#report(agent, report),
          },
        }),
      );
    }
  }

  #join(site: Router, a: Attachment, number: number): void {
    const upstream = this.plan.sites[a.site]?.upstreams[a.upstream] as Upstream;
    const as = this.routers.get(a.asn) as Router;
    const link = this.#link(a.name, a.latency);
    const { ours, theirs, relation } = ATTACHED[a.role];
    const remote = upstream.address;
    const local = upstream.localAddress ?? ourEnd(number, remote.includes(':'));
    site.ports.set(a.upstream, { link, router: as, peer: a.name, local, remote });
    as.ports.set(a.name, { link, router: site, peer: a.upstream, local: remote, remote: local });
    const families: Family[] = upstream.families.map((f) => (f === 4 ? IPV4_UNICAST : IPV6_UNICAST));
    const common: Pick<PeerConfig, 'families' | 'holdTime' | 'bfd' | 'extendedNextHop'> = {
      families,
      holdTime: upstream.holdTime,
      bfd: upstream.bfd ? 'on' : 'off',
      // IPv4 over an IPv6 session: the next hop is IPv6 where the plan names no other (RFC 8950).
      extendedNextHop: remote.includes(':') && families.includes(IPV4_UNICAST) ? [IPV4_UNICAST] : [],
    };
    const graceful = upstream.gracefulRestart;
    const theirOptions: PeerOptions = {
      name: a.name,
      address: local,
      session: {
        ...common,
        localAsn: a.asn,
        localId: as.options.id,
        remoteAsn: this.plan.asn,
        ...(theirs ? { role: theirs } : {}),
        ...(graceful === undefined ? {} : { gracefulRestart: { helperOnly: true } }),
      },
      import: importOf(relation),
      export: exportOf(relation, this.#customers.get(a.asn) ?? []),
      nextHop: nextHops(as.options.id),
    };
    as.peers.push(theirOptions);
    site.peers.push({
      name: a.upstream,
      address: remote,
      session: {
        ...common,
        passive: upstream.passive,
        localAsn: this.plan.asn,
        localId: site.options.id,
        remoteAsn: a.asn,
        ...(ours ? { role: ours } : {}),
        ...(graceful === undefined ? {} : { gracefulRestart: { restartTime: graceful } }),
      },
      import: importPolicy(this.plan, a.site, a.upstream),
      nextHop: nextHops(ourEnd(number, false)),
    });
  }

  #link(name: string, latency: Link['latency']): Link {
    const link = new Link(name, latency, instant(-1e9));
    this.links.set(name, link);
    return link;
  }

  // ── what happens ──────────────────────────────────────────────────────────────────────────────────────────────

  #note(router: Router, note: Note): void {
    const site = this.#sites.get(router);
    if (site === undefined) return;
    if (note.kind === 'up') this.#watch.session(site, note.peer, true, '');
    else if (note.kind === 'down') this.#watch.session(site, note.peer, false, note.why.reason);
  }

  #report(agent: Agent, report: Report): void {
    const { controller } = this;
    if (!controller) return;
    this.mail.send(agent.site, this.#mailLatency, () => {
      for (const answer of controller.hear(report, this.clock.now()))
        this.mail.send(answer.site, this.#mailLatency, () => this.agents.get(answer.site)?.answered(answer));
    });
  }

  #linksAt(where: Where): readonly Link[] {
    if (where.link !== undefined) return [this.links.get(where.link)].filter((l) => l !== undefined);
    return this.network.attachments
      .filter((a) => a.site === where.site && (where.upstream ?? a.upstream) === a.upstream)
      .map((a) => this.link(a));
  }

  #change(link: Link, state: Parameters<Link['set']>[0]): void {
    const now = this.clock.now();
    link.set(state, now);
    if (!link.name.includes('/')) this.internetChangedAt = now;
  }

  #cut(link: Link, cut: boolean): void {
    if (link.cut === cut) return;
    this.#change(link, { cut });
    const a = this.network.attachments.find((x) => x.name === link.name);
    if (a) this.#bfd(a);
  }

  #kill(agent: Agent, host: 'stays' | 'goes'): void {
    agent.kill(host);
    for (const a of this.network.attachments) if (a.site === agent.site) this.#bfd(a);
  }

  #start(agent: Agent, forget: boolean): void {
    if (agent.life === 'runs') return;
    agent.start(forget);
    for (const a of this.network.attachments) if (a.site === agent.site) this.#bfd(a);
  }

  /** Something about a path has changed; where the plan has BFD, both ends know after its detection time. */
  #bfd(a: Attachment): void {
    const bfd = this.plan.sites[a.site]?.upstreams[a.upstream]?.bfd;
    const agent = this.agents.get(a.site);
    if (!bfd || !agent) return;
    const alive = () => !this.link(a).cut && agent.life === 'runs';
    const is = alive();
    this.clock.wake(after(this.clock.now(), millis(bfd.interval * bfd.multiplier)), () => {
      if (alive() !== is) return;
      const event = { kind: is ? 'bfdUp' : 'bfdDown' } as const;
      agent.router.feed({ kind: 'event', peer: a.upstream, event });
      this.routers.get(a.asn)?.feed({ kind: 'event', peer: a.name, event });
    });
  }
}

function usualDemand(plan: Plan): number {
  const capacities = Object.values(plan.sites).map((site) => site.capacity);
  if (capacities.some((c) => c === undefined)) return 0;
  return 0.4 * capacities.reduce<number>((sum, c) => sum + (c ?? 0), 0);
}

/** Of sessions between ASes of the internet. */
export const INTERNET_HOLD = millis(30_000);

/** What an end of the internet calls itself in both families. */
function nextHops(v4: Address): { readonly [family: Family]: Address } {
  const v6 = formatPrefix(new Uint8Array([0xfd, ...v4.split('.').map(Number), ...Array(11).fill(1)]), 128);
  return { [IPV4_UNICAST]: v4, [IPV6_UNICAST]: v6.slice(0, -4) as Address };
}

/** Our end of the session with an upstream, from the space between a provider and its customers (RFC 6598). */
function ourEnd(number: number, v6: boolean): Address {
  const v4 = ipv4(0x6440_0001 + number);
  return v6 ? (nextHops(v4)[IPV6_UNICAST] as Address) : v4;
}
