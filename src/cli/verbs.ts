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
    name: 'show',
    summary: 'ask a running speaker for its peers and routes',
    load: async () => (await import('./show.ts')).showCommand(),
  },
  {
    name: 'decode',
    summary: 'read BGP messages from hexadecimal, JSON lines or a capture',
    load: async () => (await import('./decode.ts')).decodeCommand(),
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
