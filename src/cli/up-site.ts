/**
 * The process of one site under `nearcast up`: the agent of the site, as `nearcast agent` runs it, and beside it the site's services.
 * It is no verb: `up` starts it, tells it what to do, and when `up` ends, however it ends, so does this.
 */
import { rmSync } from 'node:fs';
import { type Daemon, readPlan, startDaemon } from '../agent/index.ts';
import type { Clock } from '../base/index.ts';
import { type Edge, FAULTS, type Fault, planZone, startEdge } from '../edge/index.ts';
import { logger, realClock } from '../host/index.ts';
import type { SiteDuty, SiteOrder, SiteState, SiteWord } from '../lab/index.ts';
import type { Service } from '../plan/index.ts';
import { phaseOf } from '../site/index.ts';
import { agentAnswers } from './agent-answers.ts';
import { siteSeen } from './up-site-seen.ts';

/** How often the state is looked at. */
const LOOK_MS = 100;
/** How often services are looked at while nothing is known of them, and for how long: a start is shown, not waited for. */
const EAGER_MS = 150;
const EAGER_TIMES = 20;

const log = logger({ form: 'json' });
let daemon: Daemon | undefined;
let edge: Edge | undefined;
/** What is left on the disk when nobody tidies up: our socket, and the folder of the world. */
let ours: readonly string[] = [];

function say(word: SiteWord): void {
  if (process.connected) process.send?.(word, () => {});
}

// The channel ends with whoever started us. Nobody is left to serve.
process.on('disconnect', () => {
  for (const path of ours) rmSync(path, { recursive: true, force: true });
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

process.on('message', (order: SiteOrder) => {
  take(order).then(
    () => order.do === 'begin' || say({ say: 'done', order: order.do }),
    (error: Error) => {
      say({ say: 'refused', why: error.message });
      if (order.do === 'begin') setTimeout(() => process.exit(1), 50);
    },
  );
});

async function take(order: SiteOrder): Promise<void> {
  switch (order.do) {
    case 'begin':
      return begin(order.duty);
    case 'fail':
      if (!(FAULTS as readonly string[]).includes(order.how))
        throw new Error(`a service can ${FAULTS.join(', ')}`);
      await edge?.fail(order.service, order.how as Fault);
      return;
    case 'heal':
      await edge?.heal(order.service);
      daemon?.agent.recheck();
      return;
    case 'load':
      for (const [scope, load] of Object.entries(order.load))
        daemon?.agent.step({ kind: 'load', scope, load });
      return;
    case 'dial': {
      const router = daemon?.agent.router;
      for (const [name, peer] of router?.speaker.peers ?? [])
        if (!peer.established) router?.feed({ kind: 'event', peer: name, event: { kind: 'start' } });
      return;
    }
    case 'stop':
      await daemon?.stop('nearcast up', 'the world ends');
      await edge?.close();
      process.exit(0);
  }
}

async function begin({ file, site, place, services, socket, folder }: SiteDuty): Promise<void> {
  ours = [folder];
  const read = readPlan(file, site, process.env);
  edge = await startEdge({
    network: read.plan.network,
    site,
    place,
    services: services.map(({ service, kind, address, port }) => ({
      name: service,
      kind,
      listen: [{ address, port }],
    })),
    zone: planZone(read.plan),
  });
  const clock = realClock();
  daemon = await startDaemon({
    file,
    site,
    read,
    clock,
    log,
    env: process.env,
    version: '',
    socket,
    folder,
    more: (agent) => agentAnswers(agent, clock),
  });
  ours = [socket, folder];
  say({ say: 'listening' });
  watch(daemon, clock);
}

/** Tells of every change, and gives the drain what it waits for: how many clients are here. */
function watch({ agent }: Daemon, clock: Clock): void {
  let told = '';
  const seen = siteSeen(agent, clock, () => edge?.services ?? []);
  let answered = 0;
  let at = performance.now();
  const tell = () => {
    const state = { ...stateOf(agent), seen: seen() };
    const text = JSON.stringify(state);
    if (text !== told) say({ say: 'state', state });
    told = text;
  };
  void tellAtOnce(agent, tell);
  setInterval(() => {
    tell();
    if (agent.state.drain.phase === 'in') return;
    const sum = (edge?.services ?? []).reduce((n, s) => n + s.answered, 0);
    const now = performance.now();
    const sessions = (edge?.services ?? []).reduce((n, s) => n + s.sessions, 0);
    agent.step({
      kind: 'evidence',
      evidence: { sessions, traffic: ((sum - answered) * ANSWER_BITS * 1000) / (now - at) },
    });
    [answered, at] = [sum, now];
  }, LOOK_MS);
  let times = 0;
  const eager = setInterval(() => {
    const known = Object.values(agent.state.decided).every((d) => d.level !== 'pending');
    if (known || ++times > EAGER_TIMES) return clearInterval(eager);
    agent.recheck();
  }, EAGER_MS);
}

/** What happens is told when it does: neighbours hear of it as quickly, and whoever compares the two should not see a difference. */
async function tellAtOnce({ history }: Daemon['agent'], tell: () => void): Promise<void> {
  for await (const _ of history.watch(0, new AbortController().signal)) setImmediate(tell);
}

/** About what an answer of our services weighs. */
const ANSWER_BITS = 4000;

const LEVELS = ['pending', 'withdrawn', 'less-preferred', 'full'] as const;

function stateOf(agent: Daemon['agent']): SiteState {
  const { decided, drain, services } = agent.state;
  const worst = Object.values(decided).sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level))[0];
  return {
    level: worst?.level ?? 'pending',
    why: worst?.why ?? [],
    drain: drain.phase,
    services: Object.fromEntries(
      Object.entries(services).map(([name, v]) => [name, phaseOf(agent.plan.services[name] as Service, v)]),
    ),
  };
}
