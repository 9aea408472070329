/** The command `nearcast`: finds the verb, loads it alone, and turns whatever goes wrong into a sentence and an exit code. */
import type { Command, CommanderError } from 'commander';
import { EXIT, type Failure } from './failure.ts';
import { VERBS } from './verbs.ts';
import { version } from './version.ts';

const EXAMPLES = `
Examples:
  nearcast speak examples/speak/announce.yaml     announce a prefix to an upstream
  nearcast show peers                             its sessions, while it runs
  nearcast show routes 203.0.113.53 --json        the routes to an address, one JSON object a line
  nearcast decode --text session.pcap             what was said in a captured session

Exit codes: 0 done, 1 error, 2 wrong usage or differences found, 3 refused by the guard, 4 not converged, 5 unreachable.
NEARCAST_DEBUG=1 shows where in the program an error came from.`;

/** Runs one invocation; `args` are the words after `nearcast`. Sets the exit code and never throws. */
export async function run(args: readonly string[]): Promise<void> {
  endQuietlyWhenNobodyReads();
  try {
    if (args.length > 0 && args.every((a) => a === '--version' || a === '-V' || a === '--json')) {
      if (args.some((a) => a !== '--json')) return printVersion(args.includes('--json'));
    }
    const program = await programFor(args);
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = tell(error, args.includes('--json'));
  }
}

/** The program with the asked verb in full and the others by name only. */
async function programFor(args: readonly string[]): Promise<Command> {
  const { Command } = await import('commander');
  const program = new Command('nearcast')
    .description('Run an IP anycast network: one address announced from many sites.')
    .version(version(), '-V, --version', 'print the version')
    .helpCommand('help [verb]', 'say more about a verb')
    .helpOption('-h, --help', 'say more')
    .showHelpAfterError('Try: nearcast --help')
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  const asked = args[0] === 'help' ? args[1] : args[0];
  for (const verb of VERBS) {
    const command = verb.name === asked ? await verb.load() : new Command(verb.name);
    program.addCommand(command.summary(verb.summary));
    adopt(command, program);
  }
  return program;
}

/** Gives a command and those below it the program's manner of failing. */
function adopt(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  const names = [...ancestors(parent), command.name()].join(' ');
  command.showHelpAfterError(`Try: ${names} --help`);
  for (const child of command.commands) adopt(child, command);
}

function ancestors(command: Command): readonly string[] {
  return command.parent ? [...ancestors(command.parent), command.name()] : [command.name()];
}

function printVersion(json: boolean): void {
  console.log(json ? JSON.stringify({ name: 'nearcast', version: version() }) : version());
}

/** Says what went wrong on standard error, as JSON when that was asked for, and gives the exit code. */
function tell(error: unknown, json: boolean): number {
  // Commander has said it already; help and version come this way too, with 0.
  if (isCommanders(error)) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const exit = exitOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const stack = process.env['NEARCAST_DEBUG'] === '1' && error instanceof Error ? error.stack : undefined;
  if (json) console.error(JSON.stringify({ error: { message, exit, ...(stack ? { stack } : {}) } }));
  else console.error(stack ?? `nearcast: ${message}`);
  return exit;
}

/** A verb's own failures say their code, and so do the control socket's. */
function exitOf(error: unknown): number {
  const { exit } = (error ?? {}) as Partial<Failure>;
  return error instanceof Error && typeof exit === 'number' ? exit : EXIT.error;
}

/** By its code, so that the library is not loaded for invocations that need none of it. */
function isCommanders(error: unknown): error is CommanderError {
  return error instanceof Error && String((error as Partial<CommanderError>).code).startsWith('commander.');
}

/** `nearcast … | head` is no error: what nobody reads is not written. */
function endQuietlyWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      // A full disk behind standard output: what was written is not all there is.
      if (stream === process.stdout)
        process.stderr.write(`nearcast: cannot write the answer: ${error.code}\n`);
      process.exit(EXIT.error);
    });
}
