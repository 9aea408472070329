/** `nearcast emulate PLAN`: plays a scenario on the plan's network in virtual time, or sweeps seeds until something breaks. */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parse } from 'yaml';
import {
  BUILT_IN,
  builtIn,
  formatTimeline,
  type Network,
  networkOf,
  type Recorder,
  randomScenario,
  readScenario,
  run,
  type Scenario,
  type Timeline,
} from '../emulate/index.ts';
import { journal } from '../host/index.ts';
import { formatComplaint, nearest, type Plan, parsePlan } from '../plan/index.ts';
import type { Entry } from '../speaker/index.ts';
import { EXIT, Failure } from './failure.ts';

interface Options {
  readonly scenario: string;
  readonly seed: number;
  readonly seeds?: Range;
  readonly intensity: number;
  readonly lasts: number;
  readonly ases: number;
  readonly internet: number;
  readonly list?: true;
  readonly steps?: true;
  readonly json?: true;
  readonly journal?: string;
  readonly router?: string;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

const EXAMPLES = `
Examples:
  nearcast emulate examples/planet/network.yaml --scenario drain     what happens when the first site is drained
  nearcast emulate examples/planet/network.yaml --seed 7             random faults, the same every time
  nearcast emulate examples/planet/network.yaml --seeds 1..1000      until something happens that may not
  nearcast emulate --list                                            the scenarios that come with it

A scenario of your own is a file: { name: mine, steps: [ { at: 5s, do: fail, service: resolver, site: fra, how: hang } ] }
Exit: 0 nothing broke; 1 an invariant broke; 2 the plan, the scenario or the options are wrong.`;

/** The command, to be added to the program. `write` takes what goes to standard output, `progress` what only a terminal sees. */
export function emulateCommand(
  write: (text: string) => void = (text) => process.stdout.write(text),
  progress: (text: string) => void = (text) => {
    if (process.stderr.isTTY) process.stderr.write(text);
  },
): Command {
  return new Command('emulate')
    .description('play faults on the network of a plan, in virtual time, and watch what may never happen')
    .argument('[plan]', 'the plan file, such as network.yaml')
    .option('--scenario <name|file>', 'a built-in scenario, random, or a file', 'random')
    .option('--seed <n>', 'start of all chance', whole(0), 1)
    .option('--seeds <range>', 'one seed after the other, such as 1..1000; stops at the first break', range)
    .option('--intensity <n>', 'random: faults per minute and site', positive, 2)
    .option('--lasts <seconds>', 'random: from the first fault to the end of the last', positive, 60)
    .option('--ases <n>', 'how many ASes lie around the sites', whole(20, 5000), 20)
    .addOption(
      new Option('--internet <seed>', 'which internet lies around the sites').argParser(whole(0)).default(1),
    )
    .option('--steps', 'only show the steps of the scenario')
    .option('--list', 'list the built-in scenarios')
    .option('--journal <file>', 'take down what happens to one router, for nearcast replay')
    .option('--router <name>', 'which one: a site, or an AS such as AS64601; by default the first site')
    .option('--json', 'the timeline as JSON, one event a line; of a sweep its result')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: Options) => {
      if (options.list) return list(options, write);
      if (file === undefined) throw new Failure('which plan? nearcast emulate PLAN', EXIT.usage);
      const plan = readPlan(file);
      const network = networkOf(plan, { ases: options.ases, seed: options.internet });
      const scenario = scenarioFor(plan, network, options);
      if (options.steps) return showSteps(scenario(options.seed), write);
      const play = (seed: number, quiet: boolean, record?: Recorder) =>
        run(plan, scenario(seed), seed, {
          network,
          quiet,
          command: again(file, options, seed),
          ...(record ? { record } : {}),
        });
      if (options.seeds !== undefined) return sweep(options.seeds, play, options, write, progress);
      const life = options.journal === undefined ? undefined : takeDown(options.journal, network, options);
      one(play(options.seed, false, life?.record), network, options, write);
      await life?.close();
    });
}

function one(timeline: Timeline, network: Network, options: Options, write: (text: string) => void): void {
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

/** One seed after the other; stops at the first that breaks something, and says how to have it again. */
function sweep(
  { from, to }: Range,
  play: (seed: number, quiet: boolean) => Timeline,
  options: Options,
  write: (text: string) => void,
  progress: (text: string) => void,
): void {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  let virtual = 0;
  for (let seed = from; seed <= to; seed++) {
    const timeline = play(seed, true);
    virtual += timeline.lasted / 1000;
    const done = seed - from + 1;
    if (timeline.breaks.length > 0) {
      progress('\r\x1b[K');
      if (options.json)
        write(
          `${JSON.stringify({ kind: 'sweep', from, to, seeds: done, broken: seed, breaks: timeline.breaks })}\n`,
        );
      else
        write(
          `${formatTimeline(timeline.breaks).join('\n')}\nseed ${seed} broke an invariant, after ${done - 1} that did not\n`,
        );
      process.exitCode = EXIT.error;
      return;
    }
    if (done % 10 === 0 || seed === to)
      progress(`\r\x1b[K${done} of ${to - from + 1} seeds, ${(done / seconds()).toFixed(1)} a second`);
  }
  progress('\r\x1b[K');
  const seeds = to - from + 1;
  const s = Math.round(seconds() * 10) / 10;
  const hours = Math.round(virtual / 360) / 10;
  if (options.json)
    write(
      `${JSON.stringify({ kind: 'sweep', from, to, seeds, seconds: s, virtualSeconds: Math.round(virtual), breaks: [] })}\n`,
    );
  else
    write(
      `${seeds} seeds, no invariant broke: ${hours} hours of faults in ${s} s, ${(seeds / Math.max(s, 0.001)).toFixed(1)} seeds a second\n`,
    );
}

/** Writes what happens to one router into a file that `nearcast replay` reads. */
function takeDown(file: string, network: Network, options: Options) {
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

function list(options: Options, write: (text: string) => void): void {
  const random = { name: 'random', summary: 'faults of every kind from the seed (the default)' };
  const all = [...BUILT_IN.map(({ name, summary }) => ({ name, summary })), random];
  if (options.json) write(`${JSON.stringify(all)}\n`);
  else for (const { name, summary } of all) write(`${name.padEnd(14)} ${summary}\n`);
}

function showSteps(scenario: Scenario, write: (text: string) => void): void {
  write(`${JSON.stringify(scenario, undefined, 2)}\n`);
}

function readPlan(file: string): Plan {
  const parsed = parsePlan(readText(file, 'the plan'), { file });
  if ('complaints' in parsed)
    throw new Failure(`the plan is wrong\n${parsed.complaints.map(formatComplaint).join('\n')}`, EXIT.usage);
  return parsed.plan;
}

/** What to play for each seed: the random one differs, the others differ in chance only. */
function scenarioFor(plan: Plan, network: Network, options: Options): (seed: number) => Scenario {
  const { scenario: name, intensity, lasts } = options;
  const links = network.links.map((l) => l.name);
  if (name === 'random')
    return (seed) => randomScenario(plan, seed, { links, intensity, lasts: (lasts * 1000) as never });
  const known = builtIn(name, plan);
  if (known) return () => known;
  if (!/[./]/.test(name)) {
    const near = nearest(name, ['random', ...BUILT_IN.map((s) => s.name)]);
    throw new Failure(
      `no scenario is called ${name}${near === undefined ? '' : `; did you mean ${near}?`} nearcast emulate --list shows them; a file has a dot or a slash in its name`,
      EXIT.usage,
    );
  }
  const text = readText(name, 'the scenario');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new Failure(`${name}: ${(error as Error).message}`, EXIT.usage);
  }
  const read = readScenario(value, plan, links);
  if ('complaints' in read)
    throw new Failure(`${name}: the scenario is wrong\n${read.complaints.join('\n')}`, EXIT.usage);
  return () => read.scenario;
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`${what} cannot be read: ${(error as Error).message}`, EXIT.usage);
  }
}

/** The command that has one seed again. */
function again(file: string, options: Options, seed: number): string {
  const { scenario, intensity, lasts, ases, internet } = options;
  const rest = [
    ...(scenario === 'random' && intensity !== 2 ? [`--intensity ${intensity}`] : []),
    ...(scenario === 'random' && lasts !== 60 ? [`--lasts ${lasts}`] : []),
    ...(ases !== 20 ? [`--ases ${ases}`] : []),
    ...(internet !== 1 ? [`--internet ${internet}`] : []),
  ];
  return ['nearcast emulate', quoted(file), '--scenario', quoted(scenario), '--seed', seed, ...rest].join(
    ' ',
  );
}

function quoted(word: string): string {
  return /^[\w./@:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
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
