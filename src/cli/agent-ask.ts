/** What the verbs that talk to a running agent have in common: finding its control socket, and asking once. */
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command } from 'commander';
import type { AgentVerbs } from '../agent/index.ts';
import { type Args, controlPath } from '../host/index.ts';
import { EXIT, Failure } from './failure.ts';
import { withControl } from './socket.ts';

export interface AskOptions {
  readonly socket?: string;
  readonly json?: true;
}

/** A command with the options that every question to an agent has. */
export function askCommand(name: string, description: string, examples: string): Command {
  return new Command(name)
    .description(description)
    .option('--socket <path>', 'control socket of the agent')
    .option('--json', 'JSON')
    .addHelpText('after', `\nExamples:\n${examples}`);
}

/** The socket of a site's agent on this machine; without a name, that of the only one. Rejects with a {@link Failure} of exit 5. */
export async function agentSocket(site: string | undefined, o: AskOptions): Promise<string> {
  if (o.socket !== undefined) return o.socket;
  if (site !== undefined) {
    const here = sitesHere();
    const near = here.includes(site) ? undefined : await nearestOf(site, here);
    if (near !== undefined)
      throw new Failure(
        `no agent of ${site} runs here; did you mean ${near}? There are: ${here.join(', ')}`,
        EXIT.unreachable,
      );
    return controlPath(`agent-${site}`);
  }
  const own = process.env['NEARCAST_SOCKET'];
  if (own) return own;
  const sites = sitesHere();
  if (sites.length === 1) return controlPath(`agent-${sites[0]}`);
  throw new Failure(
    sites.length === 0
      ? `no agent runs here: there is no agent-SITE.sock in ${dirname(controlPath('agent'))}`
      : `there are several agents here; say which: ${sites.join(', ')}`,
    sites.length === 0 ? EXIT.unreachable : EXIT.usage,
  );
}

/** Only a name that is not here needs the room of plans, which takes as long to load as all the rest of a question. */
async function nearestOf(site: string, here: readonly string[]): Promise<string | undefined> {
  const { nearest } = await import('../plan/index.ts');
  return nearest(site, here);
}

/** Sites with an agent's socket here. */
export function sitesHere(): readonly string[] {
  try {
    return readdirSync(dirname(controlPath('agent'))).flatMap((name) => {
      const site = /^agent-(.+)\.sock$/.exec(name)?.[1];
      return site === undefined ? [] : [site];
    });
  } catch {
    return [];
  }
}

/** Asks once. Rejects with the agent's refusal, or exit 5 when nobody is there. */
export async function ask<V extends Exclude<keyof AgentVerbs, 'watch'>>(
  socket: string,
  verb: V,
  args: AgentVerbs[V]['args'],
): Promise<AgentVerbs[V]['result']> {
  return withControl(
    socket,
    async (client) => (await client.call(verb, args as Args)) as AgentVerbs[V]['result'],
  );
}

/** Who asks, for the audit log. */
export function owner(env: { readonly [name: string]: string | undefined } = process.env): string {
  return (
    env['NEARCAST_OWNER'] ||
    env['SUDO_USER'] ||
    env['USER'] ||
    env['LOGNAME'] ||
    `uid ${process.getuid?.() ?? '?'}`
  );
}
