/** Answers what people ask a running agent: how it stands, and why one upstream hears or does not hear of one prefix. */
import { type Instant, parsePrefix } from '../base/index.ts';
import { ControlError } from '../host/index.ts';
import { viewOf } from '../session/index.ts';
import {
  type Announcement,
  type Decided,
  phaseOf,
  type Scope,
  type TicketView,
  ticketView,
  verdictOf,
} from '../site/index.ts';
import { advertised, whyAdvertised } from '../speaker/index.ts';
import type { Attribute } from '../wire/index.ts';
import type { Agent } from './agent.ts';
import { probeName } from './probing.ts';
import { peerNamed } from './upstream.ts';
import type {
  DrainView,
  ExplainView,
  ProbeView,
  ScopeView,
  ServiceView,
  StatusView,
  UpstreamView,
} from './views.ts';

/** What the desk has to know that the agent does not. */
export interface DeskFacts {
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly readAt: () => number;
  readonly controllerAnswers: () => boolean | undefined;
  /** How long the last answer of a probe took, in milliseconds. */
  readonly took: (probe: string) => number | undefined;
}

export class Desk {
  readonly #agent: Agent;
  readonly #facts: DeskFacts;
  readonly #now: () => Instant;

  constructor(agent: Agent, now: () => Instant, facts: DeskFacts) {
    this.#agent = agent;
    this.#now = now;
    this.#facts = facts;
  }

  status(): StatusView {
    const { plan, site, state, held } = this.#agent;
    const { place, routerId } = plan.sites[site]!;
    const told = this.#agent.announcement();
    const answers = this.#facts.controllerAnswers();
    return {
      schema: 'nearcast.status/1',
      at: new Date().toISOString(),
      network: plan.network,
      site,
      ...(place === undefined ? {} : { place }),
      asn: plan.asn,
      routerId,
      pid: process.pid,
      since: this.#iso(this.#agent.began),
      plan: { file: this.#facts.file, readAt: new Date(this.#facts.readAt()).toISOString() },
      ...(held ? { held: { why: held.why, until: this.#iso(held.until) } } : {}),
      drain: this.drain(),
      ...(state.frozen ? { frozen: this.#frozen() } : {}),
      ...(plan.controller
        ? {
            controller: {
              endpoints: plan.controller.endpoints,
              ...(answers === undefined ? {} : { answers }),
            },
          }
        : {}),
      scopes: this.scopes(),
      services: this.#agent.duties.services.map((name) => this.#service(name)),
      upstreams: Object.keys(plan.sites[site]!.upstreams).map((name) => this.#upstream(name, told)),
    };
  }

  drain(): DrainView {
    const { phase, since, due, order, seen, remarks } = this.#agent.state.drain;
    return {
      phase,
      since: this.#iso(since),
      ...(due === undefined ? {} : { until: this.#iso(due) }),
      ...(order ? { order } : {}),
      ...(seen ? { seen } : {}),
      remarks,
    };
  }

  scopes(): readonly ScopeView[] {
    return this.#agent.duties.scopes.map((scope) => {
      const { level, since, why } = this.#agent.state.decided[scope.name] as Decided;
      const holder = this.#agent.state.holders[scope.name];
      return {
        scope: scope.name,
        prefixes: scope.prefixes,
        level,
        since: this.#iso(since),
        why,
        ticket: this.#ticket(scope),
        ...(holder?.until === undefined ? {} : { ticketUntil: this.#iso(holder.until) }),
        ...(holder?.refused ? { refused: `${holder.refused.reason}: ${holder.refused.detail}` } : {}),
      };
    });
  }

  /** Throws a {@link ControlError} when there is no such prefix or upstream. */
  explain(prefixText: unknown, upstreamName: unknown): ExplainView {
    const { plan, site, state, duties, held } = this.#agent;
    const prefix = typeof prefixText === 'string' ? parsePrefix(prefixText) : undefined;
    const scope = prefix && duties.scopes.find((s) => s.prefixes.includes(prefix));
    if (!prefix || !scope)
      throw new ControlError(
        `${site} announces no ${String(prefixText)}; it has: ${duties.scopes.flatMap((s) => s.prefixes).join(', ') || 'none'}`,
        2,
      );
    const peer = peerNamed(this.#agent.router.speaker, upstreamName);
    const name = peer.name;
    const upstream = plan.sites[site]!.upstreams[name]!;
    const wanted = this.#agent.announcement().upstreams[name]?.[prefix];
    const health = verdictOf(duties, state, scope);
    const { level, why } = state.decided[scope.name] as Decided;
    const ticket = this.#ticket(scope);
    const { phase, order } = state.drain;
    const sent = [...advertised(this.#agent.router.speaker, peer, { prefix })][0];
    const session = viewOf(peer.machine, this.#now());
    const told = whyAdvertised(this.#agent.router.speaker, peer, prefix);
    const steps: ExplainView['steps'] = [
      {
        step: 'verdict',
        passes: health.verdict === 'up' || health.verdict === 'degraded',
        say: `the services of ${scope.name} are ${health.verdict}`,
        detail: [...health.why, ...scope.services.flatMap((s) => this.#probeLines(s))],
      },
      {
        step: 'operator',
        passes: phase === 'in' && !state.frozen,
        say: state.frozen
          ? `frozen by ${state.frozen.owner}: ${state.frozen.reason}`
          : phase === 'in'
            ? 'nobody drains the site'
            : `the site drains, and is at: ${phase}`,
        detail: order && phase !== 'in' ? [`${order.owner}: ${order.reason}`] : [],
      },
      {
        step: 'guard',
        passes: ticket !== 'refused' && ticket !== 'lost',
        say: TICKETS[ticket],
        detail: this.scopes().flatMap((s) => (s.scope === scope.name && s.refused ? [s.refused] : [])),
      },
      {
        step: 'decision',
        passes: level === 'full' || level === 'less-preferred',
        say: `decided: ${level}`,
        detail: why,
      },
      {
        step: 'policy',
        passes: wanted?.route !== undefined,
        say: !upstream.enabled
          ? `${name} is not enabled in the plan`
          : wanted === undefined
            ? `the plan does not announce ${prefix} to ${name}`
            : wanted.route
              ? `to ${name}: ${wanted.route.localPref === undefined ? '' : `LOCAL_PREF ${wanted.route.localPref}, `}MED ${wanted.route.med}, ${wanted.route.prepend} prepends, communities ${[...wanted.route.communities, ...wanted.route.largeCommunities].join(' ')}`
              : `nothing of ${prefix} is to go to ${name}`,
        detail:
          upstream.export.length > 0 ? [`${upstream.export.length} export rules of the plan apply`] : [],
      },
      {
        step: 'session',
        passes: peer.established !== undefined,
        say: `the session with AS${upstream.asn} at ${upstream.address} is ${session.admin === 'up' ? session.state : 'disabled'}`,
        detail: [
          ...(session.why === undefined ? [] : [session.why]),
          ...(session.lastDown ? [`last down: ${session.lastDown.reason}`] : []),
          ...(held ? [`nobody is told anything yet: ${held.why}`] : []),
        ],
      },
      {
        step: 'sent',
        passes: sent !== undefined,
        say: sent ? `${name} was told` : `${name} was not told, or was told to forget it: ${told}`,
        detail: sent ? sent.attributes.map(attributeWords) : [],
      },
    ];
    const stop = steps.find((s) => !s.passes && s.step !== 'operator' && s.step !== 'guard');
    return {
      schema: 'nearcast.explain/1',
      at: new Date().toISOString(),
      site,
      prefix,
      upstream: name,
      advertised: sent !== undefined,
      answer: sent
        ? `${name} hears of ${prefix} from ${site} (${level})`
        : `${name} does not hear of ${prefix} from ${site}: ${stop?.say ?? told}`,
      steps,
    };
  }

  #frozen() {
    const { owner, reason, until } = this.#agent.state.frozen!;
    return { owner, reason, ...(until === undefined ? {} : { until: this.#iso(until) }) };
  }

  frozen() {
    return this.#agent.state.frozen ? { frozen: this.#frozen() } : {};
  }

  #ticket(scope: Scope): TicketView {
    const holder = this.#agent.state.holders[scope.name];
    return holder ? ticketView(holder, this.#now()) : 'alone';
  }

  #service(name: string): ServiceView {
    const service = this.#agent.plan.services[name]!;
    const state = this.#agent.state.services[name]!;
    return {
      service: name,
      addresses: service.address,
      phase: state.verdict === 'degraded' ? 'degraded' : phaseOf(service, state),
      verdict: state.verdict,
      since: this.#iso(state.since),
      why: state.reasons,
      ...(state.held ? { held: { until: this.#iso(state.held.until), why: state.held.why } } : {}),
      probes: Object.entries(service.probes).flatMap(([probe, { kind }]): ProbeView[] => {
        const p = state.probes[probe];
        const took = this.#facts.took(probeName(name, probe));
        return p
          ? [
              {
                probe,
                kind,
                phase: p.phase,
                since: this.#iso(p.since),
                ...(p.detail === undefined ? {} : { detail: p.detail }),
                ...(took === undefined ? {} : { took: took / 1000 }),
              },
            ]
          : [];
      }),
    };
  }

  /** Nothing for a service that runs at other sites only. */
  #probeLines(service: string): readonly string[] {
    if (!this.#agent.duties.services.includes(service)) return [];
    return this.#service(service).probes.map(
      (p) => `${service}/${p.probe}: ${p.phase}${p.detail === undefined ? '' : ` (${p.detail})`}`,
    );
  }

  #upstream(name: string, told: Announcement): UpstreamView {
    const { router, plan, site } = this.#agent;
    const { asn, address } = plan.sites[site]!.upstreams[name]!;
    const peer = router.speaker.peers.get(name);
    if (!peer)
      return { upstream: name, asn, address, state: 'unknown', since: this.#iso(this.#now()), prefixes: [] };
    const view = viewOf(peer.machine, this.#now());
    const why = view.why ?? (peer.established ? undefined : view.lastDown?.reason);
    const bfd = router.bfd(name)?.state;
    return {
      upstream: name,
      asn,
      address,
      state: view.admin === 'up' ? view.state : 'disabled',
      since: this.#iso(view.since ?? this.#agent.began),
      ...(why === undefined ? {} : { why }),
      ...(bfd ? { bfd } : {}),
      prefixes: Object.entries(told.upstreams[name] ?? {}).map(([prefix, { route }]) => {
        const sent = [...advertised(router.speaker, peer, { prefix: prefix as never })].length > 0;
        return {
          prefix,
          expected: route !== undefined,
          advertised: sent,
          why: whyAdvertised(router.speaker, peer, prefix as never),
        };
      }),
    };
  }

  #iso(at: Instant): string {
    return new Date(Date.now() - (this.#now() - at)).toISOString();
  }
}

const TICKETS: { readonly [T in TicketView]: string } = {
  held: 'a ticket is held: the site may leave when it has to',
  lease: 'the controller is lost; the ticket is still good',
  refused: 'the guard refuses to let the site leave',
  asked: 'a ticket has been asked for',
  idle: 'no ticket is needed now, and there would be none',
  lost: 'the controller is lost and there is no ticket: the site may not leave',
  alone: 'the plan names no controller: the site judges alone',
};

/** One attribute as a person reads it. */
function attributeWords(a: Attribute): string {
  const { kind, ...rest } = a;
  return `${kind} ${JSON.stringify(Object.values(rest).length === 1 ? Object.values(rest)[0] : rest)}`;
}
