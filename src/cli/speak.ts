/** `nearcast speak FILE`: reads the file, says everything that is wrong with it, and starts only when nothing is. */
import { Command } from 'commander';
import { type Complaint, formatComplaint } from '../plan/index.ts';
import { EXIT, Failure } from './failure.ts';
import { toStandardOutput, type Write } from './output.ts';
import { checkSpeakFile, loadSpeakFile, readSecrets, type SpeakConfig } from './speak/index.ts';

/** Runs the speaker until it is told to stop. `passwords` are by peer name and belong nowhere else. */
export type Start = (config: SpeakConfig, passwords: ReadonlyMap<string, string>) => Promise<void>;

const EXAMPLES = `
Examples:
  nearcast speak examples/speak/announce.yaml        run it; stop it with Ctrl-C
  nearcast speak --check examples/speak/*.yaml       only say what is wrong, of all of them
  nearcast show peers                                ask it, from another terminal

A peer in another AS sends and gets nothing without import and export in the file (RFC 8212).
Exit: 0 stopped as asked, or nothing wrong; 1 it could not start; 2 the file is wrong.`;

interface Options {
  readonly check?: true;
  readonly json?: true;
}

/** The command, to be added to the program. `write` takes what goes to standard output. */
export function speakCommand(start: Start, write: Write = toStandardOutput): Command {
  return new Command('speak')
    .description('run a BGP speaker from a small file')
    .argument('<file...>', 'the YAML file of the speaker; several with --check')
    .option('--check', 'read the file and its secrets, say what is wrong, start nothing')
    .option('--json', 'with --check: one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (files: readonly string[], options: Options) => {
      if (options.check) return check(files, options, write);
      const [file, ...more] = files;
      if (file === undefined || more.length > 0)
        throw new Failure('one file at a time, unless they are only checked (--check)', EXIT.usage);
      const read = loadSpeakFile(file);
      if ('complaints' in read) throw wrong(read.complaints);
      const secrets = readSecrets(read, process.env);
      if ('complaints' in secrets) throw wrong(secrets.complaints);
      await start(read.config, secrets.passwords);
    });
}

function check(files: readonly string[], { json }: Options, write: Write): void {
  const results = files.map((file) => ({ file, complaints: checkSpeakFile(file, process.env) }));
  const complaints = results.flatMap((r) => r.complaints);
  if (json) write(`${JSON.stringify({ schema: 'nearcast.check/1', files: results }, null, 2)}\n`);
  else for (const { file } of results.filter((r) => r.complaints.length === 0)) write(`${file}: good\n`);
  if (complaints.length > 0) throw wrong(complaints);
}

/** All complaints, one a line, and how many. */
function wrong(complaints: readonly Complaint[]): Failure {
  const n = complaints.length;
  return new Failure(
    `${n === 1 ? 'one mistake' : `${n} mistakes`}, nothing started\n${complaints.map(formatComplaint).join('\n')}`,
    EXIT.usage,
  );
}
