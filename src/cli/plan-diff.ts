/** `nearcast diff A B`: what differs between two plans, as an operator would say it. */
import { Command } from 'commander';
import { describeDifference, difference } from '../plan/index.ts';
import { EXIT } from './failure.ts';
import { toStandardOutput, type Write } from './output.ts';
import { readPlan } from './plan-file.ts';

const EXAMPLES = `
Examples:
  nearcast diff network.yaml new.yaml
  nearcast diff network.yaml new.yaml --json       the changes as values: they can be applied, undone and joined

Exit: 0 the plans say the same (however they are written); 2 they differ.`;

export function diffCommand(write: Write = toStandardOutput): Command {
  return new Command('diff')
    .description('show what differs between two plans, in words')
    .argument('<before>', 'a plan file')
    .argument('<after>', 'another plan file')
    .option('--json', 'one JSON document')
    .addHelpText('after', EXAMPLES)
    .action((before: string, after: string, { json }: { readonly json?: true }) => {
      const [a, b] = [readPlan(before).plan, readPlan(after).plan];
      const changes = difference(a, b);
      const words = describeDifference(changes, a, b);
      if (json)
        write(`${JSON.stringify({ schema: 'nearcast.diff/1', before, after, changes, words }, null, 2)}\n`);
      else write(words.length === 0 ? 'no difference\n' : words.map((line) => `${line}\n`).join(''));
      if (changes.length > 0) process.exitCode = EXIT.usage;
    });
}
