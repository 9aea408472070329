/** `nearcast drain`, `undrain`, `freeze`, `unfreeze`: orders to an agent, each with a reason and somebody who gave it. */
import { type Command, InvalidArgumentError } from 'commander';
import type { OrderView, StatusView } from '../agent/index.ts';
import { type AskOptions, agentSocket, ask, askCommand, owner } from './agent-ask.ts';
import { EXIT, Failure } from './failure.ts';
import { toStandardOutput, type Write } from './output.ts';
import { printable } from './table.ts';

interface OrderOptions extends AskOptions {
  readonly reason: string;
  readonly owner: string;
}

interface MoveOptions extends OrderOptions {
  /** Seconds; true without a number. */
  readonly wait?: number | true;
}

function orderCommand(name: string, description: string, examples: string): Command {
  return askCommand(
    name,
    description,
    `${examples}

Exit: 0 done, 2 wrong usage, 3 refused by the guard or a freeze, 4 not there in time (--wait), 5 no agent.`,
  )
    .argument('[site]', 'name of the site')
    .option('--reason <words>', 'why; it is kept in the audit log', 'no reason given')
    .option('--owner <name>', 'who asks for it', owner());
}

export function drainCommand(write: Write = toStandardOutput): Command {
  return orderCommand(
    'drain',
    'move traffic away from a site: less preferred, then empty, then withdrawn',
    `  nearcast drain fra --reason "kernel update, ticket 4711"
  nearcast drain fra --reason "kernel update" --wait 20m && reboot`,
  )
    .option('--wait [time]', 'come back only when the site is out, or after so long (10m)', waitOf)
    .action((site: string | undefined, o: MoveOptions) => move('drain', 'out', site, o, write));
}

export function undrainCommand(write: Write = toStandardOutput): Command {
  return orderCommand(
    'undrain',
    'bring a site back, or turn a drain round',
    '  nearcast undrain fra --reason "kernel updated"',
  )
    .option('--wait [time]', 'come back only when the site is in, or after so long (10m)', waitOf)
    .action((site: string | undefined, o: MoveOptions) => move('undrain', 'in', site, o, write));
}

export function freezeCommand(write: Write = toStandardOutput): Command {
  return orderCommand(
    'freeze',
    'let nothing that a site announces change, whatever its health',
    '  nearcast freeze fra --for 30m --reason "probes are being rebuilt"',
  )
    .option('--for <time>', 'thaw by itself after so long, such as 30m', waitOf)
    .action(async (site: string | undefined, o: OrderOptions & { readonly for?: number }) => {
      const order = { owner: o.owner, reason: o.reason, ...(o.for === undefined ? {} : { seconds: o.for }) };
      say(await ask(await agentSocket(site, o), 'freeze', order), o, write);
    });
}

export function unfreezeCommand(write: Write = toStandardOutput): Command {
  return orderCommand(
    'unfreeze',
    'let health decide again',
    '  nearcast unfreeze fra --reason "probes work"',
  ).action(async (site: string | undefined, o: OrderOptions) =>
    say(await ask(await agentSocket(site, o), 'unfreeze', { owner: o.owner, reason: o.reason }), o, write),
  );
}

/** Gives the order, waits for its end when asked to, and shows the drain as it is then. */
async function move(
  verb: 'drain' | 'undrain',
  end: 'in' | 'out',
  site: string | undefined,
  o: MoveOptions,
  write: Write,
): Promise<void> {
  const socket = await agentSocket(site, o);
  const view = await ask(socket, verb, { owner: o.owner, reason: o.reason });
  if (o.wait === undefined) return say(view, o, write);
  await waitFor(socket, end, o.wait === true ? 600 : o.wait);
  const { drain, scopes } = await ask(socket, 'status', {});
  say({ ...view, drain, scopes }, o, write);
}

function say(view: OrderView, o: AskOptions, write: Write): void {
  if (o.json) {
    write(`${JSON.stringify(view, null, 2)}\n`);
    return;
  }
  const { drain, frozen } = view;
  const lines = [
    frozen
      ? `${view.site} is frozen by ${frozen.owner}: ${frozen.reason}`
      : `${view.site}: ${drain.phase === 'in' ? 'in' : `drain is at ${drain.phase}`}${drain.until ? `, until ${drain.until.slice(11, 19)}Z at the latest` : ''}`,
    ...view.scopes.map((s) => `${s.prefixes.join(' ')}: ${s.level} (${s.why.join('; ')})`),
    ...drain.remarks,
  ];
  write(`${lines.map(printable).join('\n')}\n`);
}

/** How often an agent is looked at while it is waited for, in milliseconds. */
const LOOK = 200;

/** Rejects with exit 3 when the guard refuses all the while, and with 4 when the time is up otherwise. */
async function waitFor(socket: string, phase: 'in' | 'out', seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const status = await ask(socket, 'status', {});
    if (status.drain.phase === phase) return;
    const refused = refusal(status);
    if (performance.now() > end)
      throw refused === undefined
        ? new Failure(`${status.site} is at ${status.drain.phase} after ${seconds} s`, EXIT.notConverged)
        : new Failure(`${status.site} may not leave: ${refused}`, EXIT.refused);
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}

function refusal(status: StatusView): string | undefined {
  if (status.drain.phase !== 'empty') return undefined;
  return status.scopes.find((s) => s.ticket === 'refused' || s.ticket === 'lost')?.refused;
}

/** `90`, `90s`, `10m`, `2h` as seconds. */
function waitOf(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)\s*(s|m|h|d)?$/.exec(text);
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[parts?.[2] ?? 's'] as number;
  const seconds = Number(parts?.[1]) * unit;
  if (parts && seconds > 0 && seconds <= 31_536_000) return seconds;
  throw new InvalidArgumentError('a time such as 90s, 10m or 2h.');
}
