/** `nearcast reload`: makes a running speaker or agent follow its file again. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { AgentReloadView } from '../agent/index.ts';
import type { Args } from '../host/index.ts';
import { agentSocket, owner, sitesHere } from './agent-ask.ts';
import { EXIT, Failure } from './failure.ts';
import { type OrderOptions, orderCommand } from './order.ts';
import { toStandardOutput, type Write } from './output.ts';
import { counted } from './phrases.ts';
import { withControl } from './socket.ts';
import type { ReloadView } from './views.ts';

interface Options extends OrderOptions {
  readonly site?: string;
  readonly dryRun?: true;
  readonly reason?: string;
}

export function reloadCommand(write: Write = toStandardOutput): Command {
  return orderCommand(
    'reload',
    'read the file of a speaker or the plan of an agent again and do what is different in it',
    `  nearcast reload                        the speaker of this user
  nearcast reload fra                    the agent of a site; --site fra says the same
  nearcast reload fra --dry-run          only say what would be different
  kill -HUP PID                          the same, told by signal; what came of it is in the log

Sessions that did not change are not touched, and new policy is applied to routes that are already there. A mistake in
the file, or a change that only a new start can make (asn, id, listen, control, log, journal), changes nothing: exit 1 or 2.`,
  )
    .argument('[site]', 'the agent of this site')
    .option('--site <name>', 'the same')
    .option('--dry-run', 'of an agent: say what would be different, change nothing')
    .option('--reason <words>', 'of an agent: why; it is kept in the audit log')
    .action(async (name: string | undefined, o: Options, command: Command) => {
      if (name !== undefined && o.site !== undefined && name !== o.site)
        throw new Failure(`which site: ${name} or ${o.site}?`, EXIT.usage);
      const site = name ?? o.site;
      const given = command.getOptionValueSource('socket') !== 'default';
      const socket = given ? o.socket : await socketOf(site, o);
      const args: Args = {
        owner: owner(),
        ...(o.dryRun ? { dryRun: true } : {}),
        ...(o.reason === undefined ? {} : { reason: o.reason }),
      };
      await withControl(socket, async (client) => {
        const view = (await client.call('reload', args)) as ReloadView | AgentReloadView;
        write(o.json ? `${JSON.stringify(view, null, 2)}\n` : `${inText(view)}\n`);
      });
    });
}

/** Without a name the speaker is meant, and where none runs, the agent that does. */
async function socketOf(site: string | undefined, o: Options): Promise<string> {
  const agent = o.dryRun === true || !existsSync(o.socket);
  return site !== undefined || (agent && sitesHere().length > 0) ? agentSocket(site, {}) : o.socket;
}

function inText(view: ReloadView | AgentReloadView): string {
  const parts =
    view.schema === 'nearcast.agent-reload/1' ? [...view.plan, ...view.sessions] : reloadParts(view);
  if (parts.length === 0) return 'nothing is different in the file';
  const dry = view.schema === 'nearcast.agent-reload/1' && view.dryRun;
  return (dry ? ['would change (nothing was done):', ...parts.map((p) => `  ${p}`)] : parts).join('\n');
}

/** In one line, for a log. */
export function reloadSentence(view: ReloadView): string {
  const parts = reloadParts(view);
  return parts.length === 0
    ? 'the file was read again, nothing is different'
    : `read again: ${parts.join('; ')}`;
}

function reloadParts(v: ReloadView): readonly string[] {
  const named = (words: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${words} ${names.join(', ')}`];
  return [
    ...named('removed', v.removed),
    ...named('added', v.added),
    ...v.restarted.map((r) => `restarted ${r.peer} because of ${r.because.join(', ')}`),
    ...named('new policy for', v.policy),
    ...named('disabled', v.disabled),
    ...named('enabled', v.enabled),
    ...(v.announced > 0 ? [`announced ${counted(v.announced, 'prefix', 'prefixes')}`] : []),
    ...(v.withdrawn > 0 ? [`withdrew ${counted(v.withdrawn, 'prefix', 'prefixes')}`] : []),
    ...(v.bestPath ? ['best-path changed, every prefix decided anew'] : []),
  ];
}
