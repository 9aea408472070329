/** What a seed means for a plan file and the options of `nearcast emulate`; the same here and in a worker thread. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import {
  BUILT_IN,
  builtIn,
  type Network,
  networkOf,
  type Recorder,
  type RunOptions,
  randomScenario,
  readScenario,
  run,
  type Scenario,
  type Timeline,
} from '../emulate/index.ts';
import { formatComplaint, nearest, type Plan, parsePlan } from '../plan/index.ts';
import { EXIT, Failure } from './failure.ts';

/** Plain values only: they are handed to worker threads. */
export interface EmulateOptions {
  readonly scenario: string;
  readonly seed: number;
  readonly seeds?: Range;
  readonly workers: number;
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

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A mistake in the code that is emulated, for tests that want it caught. */
export type Planted = Pick<RunOptions, 'step' | 'peer'>;

export interface Player {
  readonly network: Network;
  scenario(seed: number): Scenario;
  play(seed: number, quiet: boolean, record?: Recorder): Timeline;
}

/** Reads the plan and the scenario; throws a sentence when one of them is wrong. */
export function playerOf(file: string, options: EmulateOptions, planted: Planted = {}): Player {
  const plan = readPlan(file);
  const network = networkOf(plan, { ases: options.ases, seed: options.internet });
  const scenario = scenarioFor(plan, network, options);
  const play = (seed: number, quiet: boolean, record?: Recorder) =>
    run(plan, scenario(seed), seed, {
      network,
      quiet,
      command: again(file, options, seed),
      ...(record ? { record } : {}),
      ...planted,
    });
  return { network, scenario, play };
}

function readPlan(file: string): Plan {
  const parsed = parsePlan(readText(file, 'the plan'), { file });
  if ('complaints' in parsed)
    throw new Failure(`the plan is wrong\n${parsed.complaints.map(formatComplaint).join('\n')}`, EXIT.usage);
  return parsed.plan;
}

/** What to play for each seed: the random one differs, the others differ in chance only. */
function scenarioFor(plan: Plan, network: Network, options: EmulateOptions): (seed: number) => Scenario {
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
function again(file: string, options: EmulateOptions, seed: number): string {
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
