/** `nearcast emulate PLAN`: plays a scenario on the plan's network in virtual time, or sweeps seeds until something breaks. */
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  BUILT_IN,
  formatTimeline,
  type Network,
  type Recorder,
  type Scenario,
  type Timeline,
} from '../emulate/index.ts';
import { journal } from '../host/index.ts';
import { nearest } from '../plan/index.ts';
import type { Entry } from '../speaker/index.ts';
import { type EmulateOptions, type Planted, playerOf, type Range } from './emulate-play.ts';
import { sweep } from './emulate-sweep.ts';
import { EXIT, Failure } from './failure.ts';
import { toStandardOutput, type Write } from './output.ts';

const EXAMPLES = `
Examples:
  nearcast emulate examples/planet/network.yaml --scenario drain     what happens when the first site is drained
  nearcast emulate examples/planet/network.yaml --seed 7             random faults, the same every time
  nearcast emulate examples/planet/network.yaml --seeds 1..1000      until something happens that may not
  nearcast emulate --list                                            the scenarios that come with it

A scenario of your own is a file: { name: mine, steps: [ { at: 5s, do: fail, service: resolver, site: fra, how: hang } ] }
Exit: 0 nothing broke; 1 an invariant broke; 2 the plan, the scenario or the options are wrong.`;

/**
 * The command, to be added to the program. `write` takes what goes to standard output, `progress` what only a terminal sees.
 * `planted` is for tests: a mistake in the code that is emulated, which has to be caught.
 */
export function emulateCommand(
  write: Write = toStandardOutput,
  progress: (text: string) => void = (text) => {
    if (process.stderr.isTTY) process.stderr.write(text);
  },
  planted: Planted = {},
): Command {
  return new Command('emulate')
    .description('play faults on the network of a plan, in virtual time, and watch what may never happen')
    .argument('[plan]', 'the plan file, such as network.yaml')
    .option('--scenario <name|file>', 'a built-in scenario, random, or a file', 'random')
    .option('--seed <n>', 'start of all chance', whole(0), 1)
    .option('--seeds <range>', 'one seed after the other, such as 1..1000; stops at the first break', range)
    .option(
      '--workers <n>',
      'threads for a sweep; by default one for each core',
      whole(1, 256),
      availableParallelism(),
    )
    .option('--intensity <n>', 'random: faults per minute and site', positive, 2)
    .option('--lasts <seconds>', 'random: from the first fault to the end of the last', positive, 60)
    .option('--ases <n>', 'how many ASes lie around the sites', whole(20, 5000), 20)
    .addOption(
      new Option('--internet <seed>', 'which internet lies around the sites').argParser(whole(0)).default(1),
    )
    .option('--steps', 'only show the steps of the scenario, as a file for --scenario')
    .option('--list', 'list the built-in scenarios')
    .option('--journal <file>', 'take down what happens to one router, for nearcast replay')
    .option('--router <name>', 'which one: a site, or an AS such as AS64601; by default the first site')
    .option('--json', 'the timeline as JSON, one event a line; of a sweep its result')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: EmulateOptions) => {
      if (options.list) return list(options, write);
      if (file === undefined) throw new Failure('which plan? nearcast emulate PLAN', EXIT.usage);
      const player = playerOf(file, options, planted);
      if (options.steps) return showSteps(player.scenario(options.seed), write);
      if (options.seeds !== undefined)
        return sweep(file, options, options.seeds, { write, progress }, planted);
      const { network } = player;
      const life = options.journal === undefined ? undefined : takeDown(options.journal, network, options);
      one(player.play(options.seed, false, life?.record), network, options, write);
      await life?.close();
    });
}

function one(timeline: Timeline, network: Network, options: EmulateOptions, write: Write): void {
  if (options.json) {
    for (const event of timeline.events) write(`${JSON.stringify(event)}\n`);
    const { events: _, breaks, ...rest } = timeline;
    write(`${JSON.stringify({ kind: 'end', ...rest, breaks: breaks.length })}\n`);
  } else {
    const { ases, links, attachments } = network;
    write(
      `${Object.keys(network.plan.sites).length} sites with ${attachments.length} sessions to an internet of ${ases.length} ASes and ${links.length} links; scenario ${timeline.scenario}, seed ${timeline.seed}\n`,
    );
    for (const [name, why] of Object.entries(network.omitted)) write(`${name} is left out: ${why}\n`);
    write(`${formatTimeline(timeline.events).join('\n')}\n`);
    const n = timeline.breaks.length;
    write(n === 0 ? 'no invariant broke\n' : `${n} ${n === 1 ? 'invariant' : 'invariants'} broke\n`);
  }
  if (timeline.breaks.length > 0) process.exitCode = EXIT.error;
}

/** Writes what happens to one router into a file that `nearcast replay` reads. */
function takeDown(file: string, network: Network, options: EmulateOptions) {
  const names = [...Object.keys(network.plan.sites), ...network.ases.map(({ asn }) => `AS${asn}`)];
  const router = options.router ?? (names[0] as string);
  if (!names.includes(router)) {
    const near = nearest(router, names);
    throw new Failure(
      `no router is called ${router}${near === undefined ? '' : `; did you mean ${near}?`}`,
      EXIT.usage,
    );
  }
  const life = journal<Entry>({ path: file });
  const record: Recorder = (name) => (name === router ? (entry) => life.write(entry) : undefined);
  return { record, close: () => life.close() };
}

function list(options: EmulateOptions, write: Write): void {
  const random = { name: 'random', summary: 'faults of every kind from the seed (the default)' };
  const all = [...BUILT_IN.map(({ name, summary }) => ({ name, summary })), random];
  if (options.json) write(`${JSON.stringify(all)}\n`);
  else for (const { name, summary } of all) write(`${name.padEnd(14)} ${summary}\n`);
}

/** As a file that `--scenario` reads: a bare number would be seconds there. */
function showSteps(scenario: Scenario, write: Write): void {
  const timed = ['at', 'lasts', 'by', 'for', 'delay'];
  const unit = (key: string, value: unknown) =>
    timed.includes(key) && typeof value === 'number' ? `${value}ms` : value;
  write(`${JSON.stringify(scenario, unit, 2)}\n`);
}

function whole(least: number, most = 0xffff_ffff): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (!/^\d+$/.test(text) || n < least || n > most)
      throw new InvalidArgumentError(`A whole number from ${least} to ${most}.`);
    return n;
  };
}

function positive(text: string): number {
  const n = Number(text);
  if (!(n > 0 && n <= 86_400)) throw new InvalidArgumentError('A number above 0, at most 86400.');
  return n;
}

function range(text: string): Range {
  const m = /^(\d{1,10})\.\.(\d{1,10})$/.exec(text);
  const [from, to] = [Number(m?.[1]), Number(m?.[2])];
  if (!m || from > to || to > 0xffff_ffff)
    throw new InvalidArgumentError('Two whole numbers such as 1..1000.');
  return { from, to };
}
