/** `nearcast audit`: who ordered what of a site, when and why, and what was refused. */
import { type Command, InvalidArgumentError } from 'commander';
import type { AuditEntry } from '../agent/index.ts';
import { type AskOptions, agentSocket, ask, askCommand } from './agent-ask.ts';
import { toStandardOutput, type Write } from './output.ts';
import { type Column, formatTable, wantsColour } from './table.ts';

const COLUMNS: readonly Column<AuditEntry>[] = [
  { title: 'AT', text: (e) => e.at.slice(0, 19) },
  { title: 'ORDER', text: (e) => e.order },
  { title: 'OWNER', text: (e) => e.owner },
  {
    title: 'OUTCOME',
    text: (e) => e.outcome,
    colour: (e) => (e.outcome === 'refused' ? 'yellow' : undefined),
  },
  {
    title: 'REASON',
    text: (e) => (e.detail === undefined ? e.reason : `${e.reason} (${e.detail})`),
  },
];

export function auditCommand(write: Write = toStandardOutput): Command {
  return askCommand(
    'audit',
    'who ordered what of a site, when and why: drains, freezes, reloads, starts and stops',
    `  nearcast audit fra
  nearcast audit fra --last 500 --json | jq 'select(.outcome == "refused")'

It asks the agent, which looks at the end of its audit log; all of it is in agent-SITE.audit.jsonl beside the agent's state.`,
  )
    .argument('[site]', 'name of the site')
    .option('--last <count>', 'the latest so many, at most 1000', count, 50)
    .action(async (site: string | undefined, o: AskOptions & { readonly last: number }) => {
      const entries = await ask(await agentSocket(site, o), 'audit', { count: o.last });
      if (o.json) for (const entry of entries) write(`${JSON.stringify(entry)}\n`);
      else
        write(
          entries.length === 0
            ? 'nothing was ordered, or nothing is kept (--state none)\n'
            : `${formatTable(COLUMNS, entries, wantsColour(process.stdout))}\n`,
        );
    });
}

function count(text: string): number {
  const n = Number(text);
  if (/^\d{1,4}$/.test(text) && n >= 1 && n <= 1000) return n;
  throw new InvalidArgumentError('a whole number from 1 to 1000.');
}
