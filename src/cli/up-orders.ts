/** Steering a running `nearcast up` from another terminal: `kill`, `fail`, `cut`, `heal`, and `who`, which only looks. */
import { Command } from 'commander';
import { type Args, ControlError, connectControl } from '../host/index.ts';
import { EXIT, Failure } from './failure.ts';
import { toStandardOutput, type Write } from './output.ts';
import { formatTable, wantsColour } from './table.ts';
import { WHO_COLUMNS } from './up-board.ts';
import { decidedOf } from './up-decided.ts';
import { type UpOrders, upSocket } from './up-views.ts';

interface Options {
  readonly name: string;
  readonly json?: true;
}

interface FailOptions extends Options {
  readonly how: string;
  readonly wait: boolean;
}

/** How long an order may take: a site that is healed has to start. */
const PATIENCE_MS = 20_000;

export function killCommand(write: Write = toStandardOutput): Command {
  return order(
    'kill',
    'kill the agent of a site under nearcast up, with kill -9, or the controller that hands out tickets',
    '  nearcast kill tyo             it stays dead until: nearcast heal tyo\n  nearcast kill controller      nothing that is announced changes; heal controller brings it back',
  )
    .argument('<site>', 'the site, or the word "controller"')
    .action((site: string, o: Options) => give('kill', { site }, o, write));
}

export function failCommand(write: Write = toStandardOutput): Command {
  return order(
    'fail',
    'make a service of a site fail, under nearcast up, and say what the site decides',
    '  nearcast fail resolver at tyo             nobody listens any more\n  nearcast fail resolver at tyo --how hang  it listens and does not answer\n  nearcast fail resolver at tyo --no-wait   does not wait for what the site decides',
  )
    .argument('<service>', 'the service, as the plan names it')
    .argument('<at>', 'the word "at"')
    .argument('[site]', 'the site')
    .option('--how <how>', 'refuse: nobody listens; hang: no answer; wrong: an error', 'refuse')
    .option('--no-wait', 'do not wait for what the site decides')
    .action(async (service: string, at: string, site: string | undefined, o: FailOptions) => {
      const where = at === 'at' ? site : at;
      if (where === undefined) throw new Failure('say where: nearcast fail resolver at tyo', EXIT.usage);
      const { done } = await ask('fail', { service, site: where, how: o.how }, o);
      if (!o.json) write(`${done.join('\n')}\n`);
      const decided = o.wait ? await decidedOf(() => ask('status', {}, o), where, service) : undefined;
      if (o.json) write(`${JSON.stringify({ done, ...(decided ? { decided } : {}) })}\n`);
      else if (o.wait)
        write(
          `${decided?.say ?? `${where} has not noticed yet; nearcast status ${where} says how it stands`}\n`,
        );
    });
}

export function cutCommand(write: Write = toStandardOutput): Command {
  return order(
    'cut',
    'cut a cable under nearcast up: of a site to an upstream, or between two networks',
    '  nearcast cut tyo as64607      one upstream of a site, by name or AS number, such as AS64607\n  nearcast cut tyo              all of them\n  nearcast cut 64607            an upstream from all its sites\n  nearcast cut 64701 64702      two networks from each other',
  )
    .argument('<ends...>', 'a site, an upstream, or an AS number; and the other end')
    .action((words: readonly string[], o: Options) => {
      const [one, other, ...more] = endsOf(words);
      if (one === undefined || more.length > 0)
        throw new Failure('a cable has two ends: nearcast cut tyo AS64607', EXIT.usage);
      return give('cut', { one, ...(other === undefined ? {} : { other }) }, o, write);
    });
}

export function healCommand(write: Write = toStandardOutput): Command {
  return order(
    'heal',
    'undo kill, fail and cut under nearcast up: at a site, of a service, of a cable, or everything',
    '  nearcast heal                       everything\n  nearcast heal tyo                   a site: process, services, cables\n  nearcast heal resolver at tyo       one service\n  nearcast heal tyo as64607           one cable\n  nearcast heal controller            who hands out tickets',
  )
    .argument('[what...]', 'a site; a service at a site; one end of a cable, or both')
    .action((words: readonly string[], o: Options) => {
      const [what, at, site, ...more] = endsOf(words);
      const other = at === 'at' ? site : at;
      if (more.length > 0 || (at !== 'at' && site !== undefined))
        throw new Failure('say one thing to heal, such as: nearcast heal resolver at tyo', EXIT.usage);
      return give(
        'heal',
        { ...(what === undefined ? {} : { what }), ...(other === undefined ? {} : { other }) },
        o,
        write,
      );
    });
}

export function whoCommand(write: Write = toStandardOutput): Command {
  return order(
    'who',
    'who goes where under nearcast up, by the routes of this moment',
    '  nearcast who                        some countries\n  nearcast who --all                  every country that has a calling code\n  nearcast who --from 127.81.0.1      one vantage; or --from Nairobi\n  nearcast who --from tyo -6          by the routes of the IPv6 prefix',
  )
    .option('--from <vantage>', 'an address in 127.0.0.0/8, a city, or its code')
    .option('--all', 'every country')
    .option('-6, --ipv6', 'by the routes of the IPv6 prefix')
    .action(async (o: Options & { readonly from?: string; readonly all?: true; readonly ipv6?: true }) => {
      const args = {
        ...(o.from === undefined ? {} : { from: o.from }),
        ...(o.all ? { all: true } : {}),
        ...(o.ipv6 ? { family: 6 as const } : {}),
      };
      const rows = await ask('who', args, o);
      if (o.json) write(`${JSON.stringify({ schema: 'nearcast.who/1', rows }, null, 2)}\n`);
      else write(`${formatTable(WHO_COLUMNS, rows, wantsColour(process.stdout))}\n`);
    });
}

/** `AS 64607` as it is often written, in one piece. */
function endsOf(words: readonly string[]): readonly string[] {
  const ends: string[] = [];
  for (const word of words)
    if (/^as$/i.test(ends.at(-1) ?? '') && /^\d/.test(word)) ends.push(`${ends.pop()}${word}`);
    else ends.push(word);
  return ends;
}

function order(name: string, description: string, examples: string): Command {
  return new Command(name)
    .description(description)
    .option('--name <name>', 'of the nearcast up that is meant', 'up')
    .option('--json', 'one JSON document')
    .addHelpText('after', `\nExamples:\n${examples}`);
}

async function give<V extends 'kill' | 'cut' | 'heal'>(
  verb: V,
  args: UpOrders[V]['args'],
  options: Options,
  write: Write,
): Promise<void> {
  const result = await ask(verb, args, options);
  write(options.json ? `${JSON.stringify(result)}\n` : `${result.done.join('\n')}\n`);
}

/** Asks the running world once; exit 5 when there is none. */
export async function ask<V extends keyof UpOrders>(
  verb: V,
  args: UpOrders[V]['args'],
  { name }: { readonly name: string },
): Promise<UpOrders[V]['result']> {
  const client = await connectControl(upSocket(name), { timeoutMs: PATIENCE_MS }).catch((error) => {
    if (error instanceof ControlError && error.exit === 5 && error.message.startsWith('nothing listens'))
      throw new Failure(
        'nearcast up does not run: start it in another terminal with npm start, or nearcast up',
        EXIT.unreachable,
      );
    throw error;
  });
  try {
    return (await client.call(verb, args as Args)) as UpOrders[V]['result'];
  } finally {
    client.close();
  }
}
