/** A changed plan file, read for a running agent: what would be different, whether it can be followed, and in which words. */
import { readFileSync } from 'node:fs';
import { ControlError } from '../host/index.ts';
import { describeDifference, formatComplaint, type Plan, parsePlan } from '../plan/index.ts';
import type { Agent } from './agent.ts';
import { type Environment, readPasswords, readSecret } from './secret.ts';
import type { Passwords, SessionChanges } from './upstreams.ts';
import type { AgentReloadView } from './views.ts';

export interface ReadPlan {
  readonly plan: Plan;
  readonly passwords: Passwords;
  /** What no log may ever show: the passwords, and the token for the controller. */
  readonly secrets: readonly string[];
}

/** Reads the plan and the secrets of one of its sites. Throws a {@link ControlError} of exit 2 that says everything that is wrong. */
export function readPlan(file: string, site: string, env: Environment): ReadPlan {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ControlError(
      `${file}: ${code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`}`,
      2,
    );
  }
  const read = parsePlan(text, { file });
  if ('complaints' in read) {
    const { length } = read.complaints;
    throw new ControlError(
      [
        `${length === 1 ? 'one mistake' : `${length} mistakes`} in the plan`,
        ...read.complaints.map(formatComplaint),
      ].join('\n'),
      2,
    );
  }
  const { plan, where } = read;
  if (!Object.hasOwn(plan.sites, site))
    throw new ControlError(`${file} has no site ${site}; it has: ${Object.keys(plan.sites).join(', ')}`, 2);
  const secrets = readPasswords(plan, site, env);
  if ('missing' in secrets) {
    const lines = secrets.missing.map(({ path, why }) => {
      const at = where(path);
      return `${at.file}:${at.line}:${at.column}: ${path.join('.')}: ${why}`;
    });
    throw new ControlError(lines.join('\n'), 2);
  }
  const { passwords } = secrets;
  const token = plan.controller?.token && readSecret(plan.controller.token, env);
  return {
    plan,
    passwords,
    secrets: [...passwords.values(), ...(token && 'text' in token ? [token.text] : [])],
  };
}

/** What following the plan would do. Throws a {@link ControlError} when it cannot be followed without a new start. */
export function reloadView(agent: Agent, read: ReadPlan, dryRun: boolean): AgentReloadView {
  const obstacle = agent.obstacle(read.plan, read.passwords);
  if (obstacle !== undefined) throw new ControlError(`${obstacle}; nothing was changed`);
  const changes = agent.changes(read.plan, read.passwords);
  return {
    schema: 'nearcast.agent-reload/1',
    site: agent.site,
    dryRun,
    plan: describeDifference(changes.plan, agent.plan, read.plan),
    sessions: sessionWords(changes.sessions),
  };
}

function sessionWords(c: SessionChanges): readonly string[] {
  return [
    ...c.removed.map((n) => `the session with ${n} ends and is forgotten`),
    ...c.added.map((n) => `a session with ${n} begins`),
    ...c.restarted.map(
      (r) => `the session with ${r.upstream} begins anew because of ${r.because.join(', ')}`,
    ),
    ...c.disabled.map((n) => `the session with ${n} is taken down`),
    ...c.enabled.map((n) => `the session with ${n} begins again`),
    ...c.imports.map((n) => `what is accepted from ${n} is judged anew`),
  ];
}
