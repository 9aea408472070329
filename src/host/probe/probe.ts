/** Asks one probe's question once, of every target, and says in a sentence what came of it. */
import { millis } from '../../base/index.ts';
import { realClock } from '../clock.ts';
import { endpoint } from '../error.ts';
import { type Attempt, attempt } from './attempt.ts';
import type { PortWatch } from './listening.ts';
import { askProcess, type ProcessWatch, watchProcess } from './process.ts';
import type { ProbeTask } from './schedule.ts';
import type { Endpoint, ProbeReport, ProbeSpec, ProbeSurroundings, TargetAnswer } from './spec.ts';

type Of<K extends ProbeSpec['kind']> = Extract<ProbeSpec, { readonly kind: K }>;
/** Kinds that ask an address, and kinds that look at this host. */
type Remote = Of<'dns' | 'http' | 'https' | 'tcp' | 'udp' | 'tls' | 'ntp' | 'icmp'>;
type Local = Exclude<ProbeSpec, Remote>;

type AskRemote<P> = (a: Attempt, probe: P, to: Endpoint, s: ProbeSurroundings) => void | Promise<void>;
type AskLocal<P> = (a: Attempt, probe: P, s: ProbeSurroundings) => void;

/** Loaded when first asked for: Node's HTTP and TLS alone are five megabytes that not every agent needs. */
const REMOTE: { readonly [K in Remote['kind']]: () => Promise<AskRemote<Of<K>>> } = {
  dns: async () => (await import('./dns.ts')).askDns,
  http: async () => (await import('./http.ts')).askHttp,
  https: async () => (await import('./http.ts')).askHttp,
  tcp: async () => (await import('./exchange.ts')).askTcp,
  udp: async () => (await import('./exchange.ts')).askUdp,
  tls: async () => (await import('./tls.ts')).askTls,
  ntp: async () => (await import('./ntp.ts')).askNtp,
  icmp: async () => (await import('./icmp.ts')).askIcmp,
};
const LOCAL: { readonly [K in Local['kind']]: () => Promise<AskLocal<Of<K>>> } = {
  command: async () => (await import('./command.ts')).askCommand,
  systemd: async () => (await import('./command.ts')).askSystemd,
  address: async () => (await import('./address.ts')).askAddress,
  process: async () => (a, probe) => askProcess(a, probe),
};

/**
 * Runs a probe once. Settles within its timeout and a few milliseconds, never rejects, and leaves nothing open. A probe without
 * a target of its own asks all of the service's addresses at the same time, and the worst answer is the probe's.
 */
export async function runProbe(probe: ProbeSpec, surroundings: ProbeSurroundings): Promise<ProbeReport> {
  const clock = surroundings.clock ?? realClock();
  if (!isRemote(probe)) {
    // The table pairs each kind with its own function.
    const ask = (await LOCAL[probe.kind]()) as AskLocal<Local>;
    const answer = await attempt(clock, probe.timeout, (a) => ask(a, probe, surroundings));
    return { ...answer, targets: [answer] };
  }
  const ask = (await REMOTE[probe.kind]()) as AskRemote<Remote>;
  const answers = await Promise.all(
    targetsOf(probe, surroundings).map(async (target): Promise<TargetAnswer> => {
      const answer = await attempt(clock, probe.timeout, (a) => ask(a, probe, target, surroundings));
      return { ...answer, target };
    }),
  );
  return worst(answers);
}

/**
 * A probe as something to be scheduled. A watched process is told of at once when it ends; a port of this machine that is no
 * longer listened at is asked at once, and its refusal counts.
 */
export function probeTask(name: string, probe: ProbeSpec, surroundings: ProbeSurroundings): ProbeTask {
  if (probe.kind !== 'process') {
    const task = { name, every: probe.every, run: () => runProbe(probe, surroundings) };
    const { listeners } = surroundings;
    const over = isRemote(probe) ? overOf(probe) : undefined;
    if (!(listeners && over && isRemote(probe)) || probe.watch === false) return task;
    let ports: readonly PortWatch[] = [];
    return {
      ...task,
      run: async () => {
        const answer = await task.run();
        if (answer.outcome === 'good') for (const port of ports) port.answered();
        return answer;
      },
      watch: (_, ask) => {
        ports = targetsOf(probe, surroundings).map((target) => listeners.add(target, over, ask));
        return () => {
          for (const port of ports) port.end();
        };
      },
    };
  }
  const clock = surroundings.clock ?? realClock();
  let watch: ProcessWatch | undefined;
  return {
    name,
    every: probe.every,
    run: () => attempt(clock, probe.timeout, (a) => askProcess(a, probe, watch)),
    watch: (tell) => {
      const own = watchProcess((detail) => tell({ outcome: 'dead', took: millis(0), detail }));
      watch = own;
      return own.stop;
    },
  };
}

/** Whom a probe asks, at the places where they are really found. */
function targetsOf(probe: Remote, { addresses, locate }: ProbeSurroundings): readonly Endpoint[] {
  const over = overOf(probe);
  return (probe.target === undefined ? addresses : [probe.target]).map((address) => {
    const written = { address, port: 'port' in probe ? probe.port : 0 };
    return (over && locate?.(written, over)) ?? written;
  });
}

function isRemote(probe: ProbeSpec): probe is Remote {
  return probe.kind in REMOTE;
}

function overOf(probe: Remote): 'udp' | 'tcp' | undefined {
  switch (probe.kind) {
    case 'dns':
      return probe.over;
    case 'udp':
    case 'ntp':
      return 'udp';
    case 'icmp':
      return undefined;
    default:
      return 'tcp';
  }
}

const SEVERITY: { readonly [O in TargetAnswer['outcome']]: number } = { good: 0, bad: 2, dead: 3 };

function worst(targets: readonly TargetAnswer[]): ProbeReport {
  const bad = (t: TargetAnswer) => SEVERITY[t.outcome] + (t.warning ? 1 : 0);
  const [first] = [...targets].sort((a, b) => bad(b) - bad(a));
  if (first === undefined)
    return { outcome: 'bad', took: millis(0), detail: 'the service has no address to ask', targets };
  const { target: _, ...answer } = first;
  return {
    ...answer,
    took: millis(Math.max(...targets.map((t) => t.took))),
    detail: sentence(first),
    targets,
  };
}

/** `203.0.113.53 port 53: refuses: nothing listens there`. */
function sentence(t: TargetAnswer): string {
  if (t.target === undefined) return t.detail;
  const { address, port } = t.target;
  return `${port === 0 ? address : endpoint(address, port)}: ${t.detail}`;
}
