/** What the verbs that give orders to a running speaker have in common: they ask its control socket once and print the answer. */
import { Command } from 'commander';
import type { Args } from '../host/index.ts';
import type { Write } from './output.ts';
import { defaultSocket, withControl } from './socket.ts';
import { printable } from './table.ts';
import type { Orders, PeerDetailView } from './views.ts';

export interface OrderOptions {
  readonly socket: string;
  readonly json?: true;
}

/** A command with the options that every order has. */
export function orderCommand(name: string, description: string, examples: string): Command {
  return new Command(name)
    .description(description)
    .option('--socket <path>', 'control socket of the speaker', defaultSocket())
    .option('--json', 'one JSON document')
    .addHelpText('after', `\nExamples:\n${examples}`);
}

/** Gives the order and prints what came of it. Rejects with the speaker's refusal, or exit 5 when nobody is there. */
export async function order<V extends keyof Orders>(
  verb: V,
  args: Orders[V]['args'],
  options: OrderOptions,
  write: Write,
  inText: (result: Orders[V]['result']) => string,
): Promise<void> {
  await withControl(options.socket, async (client) => {
    const result = (await client.call(verb, args as Args)) as Orders[V]['result'];
    write(options.json ? `${JSON.stringify(result, null, 2)}\n` : `${inText(result)}\n`);
  });
}

/** `upstream: idle` with why, where there is no session. */
export function peerLine(p: PeerDetailView): string {
  const why = p.state === 'established' || p.state === 'disabled' ? undefined : p.why;
  return printable(`${p.name}: ${p.state}${why === undefined ? '' : ` (${why})`}`);
}
