/**
 * What a Prometheus server scrapes: base units, one-hot states, and for every prefix and upstream both what is wanted and what
 * was sent, so that `nearcast_prefix_expected != nearcast_prefix_advertised` is the alert. Loaded when somebody asks first: an
 * agent that nobody scrapes does not pay for it.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Instant } from '../base/index.ts';
import { viewOf } from '../session/index.ts';
import { DRAIN_TABLE, type DrainPhase, type TicketView, ticketView } from '../site/index.ts';
import { advertised } from '../speaker/index.ts';
import type { Agent } from './agent.ts';
import type { Counts } from './counts.ts';

export interface MetricsOptions {
  readonly agent: Agent;
  readonly now: () => Instant;
  readonly version: string;
  /** Of the last plan that was read: when, in milliseconds since 1970, and whether it could be used. */
  readonly config: () => { readonly readAt: number; readonly good: boolean };
  readonly controllerAnswers: () => boolean | undefined;
  readonly counts: Counts;
}

const LEVELS = ['full', 'less-preferred', 'withdrawn', 'pending'] as const;
const VERDICTS = ['unknown', 'down', 'degraded', 'up'] as const;
const TICKETS: readonly TicketView[] = ['held', 'lease', 'refused', 'asked', 'idle', 'lost', 'alone'];
const PHASES = Object.keys(DRAIN_TABLE) as readonly DrainPhase[];

export function metricsOf(options: MetricsOptions): Registry {
  const { agent, now, counts } = options;
  const registry = new Registry();
  registry.setDefaultLabels({ site: agent.site });
  const registers = [registry];
  /** A gauge whose values are looked up when somebody asks. */
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    fill: (set: (labels: { [label: string]: string }, value: number) => void) => void,
  ) => {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers,
      collect() {
        this.reset();
        fill((labels, value) => this.set(labels, value));
      },
    });
  };
  const oneHot = <T extends string>(
    set: (labels: { [label: string]: string }, value: number) => void,
    labels: { [label: string]: string },
    label: string,
    all: readonly T[],
    is: T,
  ) => {
    for (const one of all) set({ ...labels, [label]: one }, one === is ? 1 : 0);
  };
  const utc = (at: Instant) => (Date.now() - (now() - at)) / 1000;

  gauge('nearcast_build_info', 'Always 1; the version that runs.', ['version', 'node'], (set) =>
    set({ version: options.version, node: process.version }, 1),
  );
  gauge('nearcast_config_loaded_timestamp_seconds', 'When the plan in force was read.', [], (set) =>
    set({}, options.config().readAt / 1000),
  );
  gauge(
    'nearcast_config_last_reload_successful',
    '0: the last reload was refused, an older plan is in force.',
    [],
    (set) => set({}, options.config().good ? 1 : 0),
  );
  gauge(
    'nearcast_bgp_session_state',
    'Session with an upstream: 1 established, 0 down, 2 taken down by the operator.',
    ['upstream', 'asn', 'address'],
    (set) => {
      for (const p of peers(agent, now()))
        set(p.labels, p.view.admin === 'down' ? 2 : p.peer.established ? 1 : 0);
    },
  );
  gauge(
    'nearcast_bgp_session_state_since_timestamp_seconds',
    'Since when the session is in its state.',
    ['upstream', 'asn', 'address'],
    (set) => {
      for (const p of peers(agent, now())) set(p.labels, utc(p.view.since ?? agent.began));
    },
  );
  gauge(
    'nearcast_bgp_session_established_count',
    'How often the session has been established.',
    ['upstream', 'asn', 'address'],
    (set) => {
      for (const p of peers(agent, now())) set(p.labels, p.view.ups);
    },
  );
  gauge('nearcast_bfd_session_up', 'BFD sees the path to the upstream.', ['upstream'], (set) => {
    for (const name of agent.router.speaker.peers.keys()) {
      const bfd = agent.router.bfd(name);
      if (bfd) set({ upstream: name }, bfd.state === 'up' ? 1 : 0);
    }
  });
  gauge(
    'nearcast_prefix_expected',
    '1: the site wants the upstream to hear of the prefix.',
    ['prefix', 'upstream'],
    (set) => {
      for (const p of prefixes(agent)) set({ prefix: p.prefix, upstream: p.upstream }, p.expected ? 1 : 0);
    },
  );
  gauge(
    'nearcast_prefix_advertised',
    '1: the upstream has been told of the prefix.',
    ['prefix', 'upstream'],
    (set) => {
      for (const p of prefixes(agent)) set({ prefix: p.prefix, upstream: p.upstream }, p.advertised ? 1 : 0);
    },
  );
  gauge('nearcast_scope_level', 'What the site has decided to announce.', ['scope', 'level'], (set) => {
    for (const [scope, d] of Object.entries(agent.state.decided))
      oneHot(set, { scope }, 'level', LEVELS, d.level);
  });
  gauge(
    'nearcast_scope_load_bytes_per_second',
    'What the site carries for a scope; absent when nobody measures it.',
    ['scope'],
    (set) => {
      for (const [scope, load] of Object.entries(agent.state.load)) set({ scope }, load / 8);
    },
  );
  gauge('nearcast_guard_ticket', 'Whether the guard lets the site leave.', ['scope', 'ticket'], (set) => {
    for (const { name } of agent.duties.scopes) {
      const holder = agent.state.holders[name];
      oneHot(set, { scope: name }, 'ticket', TICKETS, holder ? ticketView(holder, now()) : 'alone');
    }
  });
  gauge('nearcast_controller_up', 'The controller answered last.', ['controller'], (set) => {
    const answers = options.controllerAnswers();
    if (answers !== undefined)
      set({ controller: agent.plan.controller?.endpoints[0] ?? '' }, answers ? 1 : 0);
  });
  gauge(
    'nearcast_service_verdict',
    'What the probes of a service conclude.',
    ['service', 'verdict'],
    (set) => {
      for (const [service, s] of Object.entries(agent.state.services))
        oneHot(set, { service }, 'verdict', VERDICTS, s.verdict);
    },
  );
  gauge('nearcast_probe_up', '1: the probe is believed to be good.', ['service', 'probe'], (set) => {
    for (const [service, s] of Object.entries(agent.state.services))
      for (const [probe, p] of Object.entries(s.probes))
        set({ service, probe }, p.phase === 'up' || p.phase === 'falling' ? 1 : 0);
  });
  gauge('nearcast_drain_phase', 'Where the site is on its way out or back.', ['phase'], (set) =>
    oneHot(set, {}, 'phase', PHASES, agent.state.drain.phase),
  );
  gauge('nearcast_frozen', '1: nothing that is announced changes.', [], (set) =>
    set({}, agent.state.frozen ? 1 : 0),
  );
  gauge('nearcast_held', '1: nobody is told anything until health is known.', [], (set) =>
    set({}, agent.held ? 1 : 0),
  );
  gauge('process_resident_memory_bytes', 'Resident memory.', [], (set) => set({}, process.memoryUsage.rss()));
  gauge('process_start_time_seconds', 'When the process started.', [], (set) =>
    set({}, Date.now() / 1000 - process.uptime()),
  );
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Counter({
    name: 'nearcast_traffic_bytes_total',
    help: 'Counters of the interface that the plan names for the load of the site.',
    labelNames: ['direction'],
    registers,
    collect() {
      this.reset();
      for (const [direction, bytes] of Object.entries(agent.load.traffic ?? {}))
        this.inc({ direction }, bytes);
    },
  });
  for (const [way, field] of [
    ['received', 'messagesIn'],
    ['sent', 'messagesOut'],
  ] as const)
    new Counter({
      name: `nearcast_bgp_messages_${way}_total`,
      help: `BGP messages ${way}.`,
      labelNames: ['upstream'],
      registers,
      collect() {
        this.reset();
        for (const [upstream, peer] of agent.router.speaker.peers)
          this.inc({ upstream }, peer.counters[field]);
      },
    });
  new Counter({
    name: 'nearcast_probe_results_total',
    help: 'Answers of probes by outcome.',
    labelNames: ['service', 'probe', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const { service, probe, outcomes } of counts.probes.values())
        for (const [outcome, n] of Object.entries(outcomes)) this.inc({ service, probe, outcome }, n);
    },
  });
  gauge(
    'nearcast_probe_duration_seconds',
    'How long the last answer of a probe took.',
    ['service', 'probe'],
    (set) => {
      for (const { service, probe, took } of counts.probes.values())
        if (took !== undefined) set({ service, probe }, took / 1000);
    },
  );
  new Counter({
    name: 'nearcast_decisions_total',
    help: 'Decisions that changed what is announced.',
    registers,
    collect() {
      this.reset();
      this.inc(counts.decisions);
    },
  });
  new Histogram({
    name: 'nearcast_decision_to_wire_seconds',
    help: 'From the event that changed a decision to its bytes being written to all upstreams.',
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.1],
    registers,
    collect() {
      for (const took of counts.takeWritten()) this.observe(took / 1000);
    },
  });
  return registry;
}

function peers(agent: Agent, now: Instant) {
  return [...agent.router.speaker.peers.values()].map((peer) => ({
    peer,
    view: viewOf(peer.machine, now),
    labels: {
      upstream: peer.name,
      asn: String(agent.plan.sites[agent.site]?.upstreams[peer.name]?.asn ?? ''),
      address: peer.options.address as string,
    },
  }));
}

function* prefixes(agent: Agent) {
  const { speaker } = agent.router;
  for (const [upstream, all] of Object.entries(agent.announcement().upstreams)) {
    const peer = speaker.peers.get(upstream);
    for (const [prefix, { route }] of Object.entries(all))
      yield {
        prefix,
        upstream,
        expected: route !== undefined,
        advertised:
          peer !== undefined &&
          ![...advertised(speaker, peer, { prefix: prefix as never })].every(() => false),
      };
  }
}
