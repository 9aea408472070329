/**
 * Every verb of the command. A verb is loaded when it is asked for, so that none pays for the others: name and summary stand
 * here, the rest in the verb's own file.
 */
import type { Command } from 'commander';

export interface Verb {
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  load(): Promise<Command>;
}

export const VERBS: readonly Verb[] = [
  {
    name: 'hello',
    summary: 'let two speakers exchange a route, and show what they say',
    load: async () => (await import('./hello.ts')).helloCommand(),
  },
  {
    name: 'speak',
    summary: 'run a BGP speaker from a small file',
    load: async () => (await import('./speak.ts')).speakCommand(run),
  },
  {
    name: 'probe',
    summary: "run a service's probes once, and explain each",
    load: async () => (await import('./probe.ts')).probeCommand(),
  },
  {
    name: 'agent',
    summary: 'announce the prefixes of a site while its services deserve it',
    load: async () => (await import('./agent.ts')).agentCommand(runAgent, checkAgent),
  },
  {
    name: 'status',
    summary: 'how a site stands: health, guard, what is announced',
    load: async () => (await import('./agent-status.ts')).statusCommand(),
  },
  {
    name: 'watch',
    summary: 'what happens at a site, line by line',
    load: async () => (await import('./agent-status.ts')).watchCommand(),
  },
  {
    name: 'audit',
    summary: 'who ordered what of a site, when and why',
    load: async () => (await import('./agent-audit.ts')).auditCommand(),
  },
  {
    name: 'explain',
    summary: 'why a client lands where it does, or why an upstream hears of a prefix',
    load: async () => (await import('./explain.ts')).explainCommand(),
  },
  {
    name: 'drain',
    summary: 'move traffic away from a site before it stops',
    load: async () => (await import('./agent-orders.ts')).drainCommand(),
  },
  {
    name: 'undrain',
    summary: 'bring a drained site back',
    load: async () => (await import('./agent-orders.ts')).undrainCommand(),
  },
  {
    name: 'freeze',
    summary: 'let nothing that a site announces change',
    load: async () => (await import('./agent-orders.ts')).freezeCommand(),
  },
  {
    name: 'unfreeze',
    summary: 'let health decide again',
    load: async () => (await import('./agent-orders.ts')).unfreezeCommand(),
  },
  {
    name: 'show',
    summary: 'ask a running speaker for its peers and routes',
    load: async () => (await import('./show.ts')).showCommand(),
  },
  {
    name: 'announce',
    summary: 'originate prefixes from a running speaker',
    load: async () => (await import('./announce.ts')).announceCommand(),
  },
  {
    name: 'withdraw',
    summary: 'withdraw prefixes that a running speaker originates',
    load: async () => (await import('./announce.ts')).withdrawCommand(),
  },
  {
    name: 'disable',
    summary: 'take a session of a running speaker down',
    load: async () => (await import('./peer-orders.ts')).disableCommand(),
  },
  {
    name: 'enable',
    summary: 'begin a session that was disabled',
    load: async () => (await import('./peer-orders.ts')).enableCommand(),
  },
  {
    name: 'restart',
    summary: 'take a session down and begin it anew',
    load: async () => (await import('./peer-orders.ts')).restartCommand(),
  },
  {
    name: 'refresh',
    summary: 'ask a peer for all its routes again, or tell it ours',
    load: async () => (await import('./peer-orders.ts')).refreshCommand(),
  },
  {
    name: 'reload',
    summary: 'make a running speaker follow its changed file',
    load: async () => (await import('./reload.ts')).reloadCommand(),
  },
  {
    name: 'replay',
    summary: 'play a journal again and show what happened',
    load: async () => (await import('./replay.ts')).replayCommand(),
  },
  {
    name: 'predict',
    summary: 'who will land where on the internet, and what if',
    load: async () => (await import('./predict.ts')).predictCommand(),
  },
  {
    name: 'diagram',
    summary: 'draw the network of a plan: Mermaid text, SVG or PNG',
    load: async () => (await import('./diagram.ts')).diagramCommand(),
  },
  {
    name: 'score',
    summary: 'the predictor against measured catchments',
    load: async () => (await import('./score.ts')).scoreCommand(),
  },
  {
    name: 'data',
    summary: 'the public data that prediction works on',
    load: async () => (await import('./data.ts')).dataCommand(),
  },
  {
    name: 'init',
    summary: 'write a first plan, by asking or from flags',
    load: async () => (await import('./init.ts')).initCommand(),
  },
  {
    name: 'check',
    summary: 'say what is wrong with a plan, and what is odd',
    load: async () => (await import('./check.ts')).checkCommand(),
  },
  {
    name: 'diff',
    summary: 'show what differs between two plans, in words',
    load: async () => (await import('./plan-diff.ts')).diffCommand(),
  },
  {
    name: 'import',
    summary: "make a plan of another tool's configuration",
    load: async () => (await import('./plan-import.ts')).importCommand(),
  },
  {
    name: 'decode',
    summary: 'read BGP messages from hexadecimal, JSON lines or a capture',
    load: async () => (await import('./decode.ts')).decodeCommand(),
  },
  {
    name: 'emulate',
    summary: "play faults on a plan's network in virtual time",
    load: async () => (await import('./emulate.ts')).emulateCommand(),
  },
  {
    name: 'up',
    summary: 'run the whole network of a plan on this machine, with an internet around it',
    load: async () => (await import('./up.ts')).upCommand(up),
  },
  {
    name: 'who',
    summary: 'who goes where, while up runs',
    load: async () => (await import('./up-orders.ts')).whoCommand(),
  },
  {
    name: 'kill',
    summary: 'kill the agent of a site, while up runs',
    load: async () => (await import('./up-orders.ts')).killCommand(),
  },
  {
    name: 'fail',
    summary: 'make a service of a site fail, while up runs',
    load: async () => (await import('./up-orders.ts')).failCommand(),
  },
  {
    name: 'cut',
    summary: 'cut a cable, while up runs',
    load: async () => (await import('./up-orders.ts')).cutCommand(),
  },
  {
    name: 'heal',
    summary: 'undo kill, fail and cut, while up runs',
    load: async () => (await import('./up-orders.ts')).healCommand(),
  },
  {
    name: 'completion',
    summary: 'print the completion script for a shell',
    load: async () => (await import('./completion.ts')).completionCommand(VERBS),
  },
];

/** Loads what runs a speaker only when one is to run: `--check` and `--help` need none of it. */
async function run(...args: Parameters<typeof import('./speaking.ts').startSpeaker>): Promise<void> {
  const { startSpeaker } = await import('./speaking.ts');
  await startSpeaker(...args);
}

/** Likewise for an agent. */
async function runAgent(...args: Parameters<typeof import('./agent-run.ts').runAgent>): Promise<void> {
  const { runAgent } = await import('./agent-run.ts');
  await runAgent(...args);
}

async function checkAgent(...args: Parameters<typeof import('./agent-run.ts').checkAgent>): Promise<string> {
  const { checkAgent } = await import('./agent-run.ts');
  return checkAgent(...args);
}

async function up(...args: Parameters<typeof import('./upping.ts').runUp>): Promise<void> {
  const { runUp } = await import('./upping.ts');
  await runUp(...args);
}
