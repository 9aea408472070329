/** `nearcast predict PLAN`: who will land where, and what if. */
import { Command } from 'commander';
import { readBitRate } from '../plan/index.ts';
import { groundOf, pairsOf, singleFailures } from '../predict/index.ts';
import { type CorrectionOptions, correctionsFor, observationsKept } from './corrections.ts';
import { EXIT, Failure } from './failure.ts';
import { toStandardOutput, type Write } from './output.ts';
import {
  checkPictures,
  onStandardOutput,
  type PictureOptions,
  withPictures,
  writePictures,
} from './picture-file.ts';
import { readPlan } from './plan-file.ts';
import { diffAnswer, failuresAnswer, summaryAnswer, tripsAnswer } from './predict-answers.ts';
import { type HijackOptions, hijackAnswer } from './predict-hijack.ts';
import { checkQuestion } from './predict-options.ts';
import { doubleFailuresOn } from './predict-pool.ts';
import { type Answer, percent, type Stage, type StageOptions, stage, warn } from './predict-stage.ts';
import { wantsColour } from './table.ts';
import { threadsOf, type WhatIfOptions, whatIf, withWhatIf } from './what-if.ts';
import { loadWorld, type WorldOptions } from './world-file.ts';

const EXAMPLES = `
Examples:
  nearcast predict network.yaml                           share, certainty and round trips of every site
  nearcast predict network.yaml --generated 2000          on an internet that does not exist, to begin with
  nearcast predict network.yaml --map map.svg --chart shares.png    the same as pictures
  nearcast predict network.yaml --traffic 40Gbps          load against capacity, when that is what all clients send
  nearcast predict network.yaml --without fra             what losing Frankfurt does
  nearcast predict network.yaml --n-1                     every single failure, worst first (--n-2: every pair)
  nearcast predict network.yaml --diff new.yaml           who moves from where to where
  nearcast predict network.yaml --hijack 64999 --rov 40%  what a hijacker takes of each catchment, and what would defend
  nearcast predict network.yaml --observed landed.csv     how right it is, and what it learns (columns site, asn, cc, lat, lon)
  nearcast predict network.yaml --observed atlas.json --probes probes.json --save    from RIPE Atlas; and keep what was learnt
  nearcast predict network.yaml --attack users --size 2Tbps      which sites a botnet drowns, and what would help
  nearcast predict network.yaml --versus geodns,unicast:fra      the same clients sent there otherwise
  nearcast predict network.yaml --search prepends --goal balance better announcements, and what was tried
  nearcast predict network.yaml --search sites --most-sites 5    which five sites are fastest

Why a network lands where it does: nearcast explain network.yaml AS3320

Client networks weigh as many users as the data says, else their /24s. A part that is not certain is shared between the
sites that are equally good: the model does not know which. Exit: 0 done; 1 no data, or the plan cannot be predicted.`;

interface Options
  extends WorldOptions,
    WhatIfOptions,
    StageOptions,
    PictureOptions,
    CorrectionOptions,
    Omit<HijackOptions, 'hijack'> {
  readonly traffic?: string;
  readonly rtt?: true;
  /** `--n-1`, `--n-2`. */
  readonly n1?: true;
  readonly n2?: true;
  readonly diff?: string;
  readonly hijack?: string;
  readonly json?: true;
}

export function predictCommand(write: Write = toStandardOutput): Command {
  const collect = (value: string, before: readonly string[] = []) => [...before, value];
  const command = new Command('predict')
    .description('who will land where on the internet, and what if')
    .argument('<plan>', 'the plan file')
    .option('--prefix <prefix>', "which of the plan's prefixes; the first unless given")
    .option('--world <file>', "the internet, as 'nearcast data pack' made it")
    .option('--generated <ases>', 'an internet that does not exist: a number of ASes, or ASES:SEED')
    .option('--traffic <rate>', 'what all clients send together, to set loads against capacities: 40Gbps')
    .option('--rtt', 'with --chart: round trips as a distribution in place of shares')
    .option('--without <site>', 'as if this site were gone; once for each', collect)
    .option('--n-1', 'every site failing alone')
    .option('--n-2', 'every pair of sites failing')
    .option('--diff <plan>', 'beside another plan: who moves')
    .option('--hijack <asn>', 'as if this AS announced the prefix too')
    .option('--forged', 'the hijacker puts our AS number behind its own')
    .option('--subprefix', 'the hijacker announces a more specific')
    .option('--rov <part>', 'part of the networks that drop invalid origins, the biggest first: 40%')
    .option('--aspa <part>', 'part of the networks that validate paths')
    .option('--no-roa', 'the prefix has no ROA')
    .option('--no-corrections', 'do not use what was learnt and kept beside the plan');
  return withPictures(withWhatIf(command))
    .option('--json', 'one JSON document')
    .addHelpText('after', EXAMPLES)
    .action((file: string, options: Options) => run(file, options, write));
}

async function run(file: string, options: Options, write: Write): Promise<void> {
  checkPictures(options);
  checkQuestion({ ...options });
  const answered = await answer(file, options);
  // Pictures first: whoever asked for a file that cannot be written hears it before a page of table.
  await writePictures(answered, options, write);
  if (answered.exit !== undefined) process.exitCode = answered.exit;
  if (onStandardOutput(options)) return;
  write(
    options.json
      ? `${JSON.stringify({ schema: 'nearcast.predict/1', ...answered.json }, null, 2)}\n`
      : answered.text(),
  );
}

async function answer(file: string, options: Options): Promise<Answer> {
  const { plan } = readPlan(file);
  const ground = groundOf(loadWorld(options));
  const scene = stage(plan, ground, options);
  const colour = wantsColour(process.stdout);
  scene.remarks.forEach(warn);
  const named = (a: Answer): Answer => ({ ...a, json: { prefix: scene.prefix, ...a.json } });
  const routed = (a: Answer) => named(fromRoutes(a, file, scene, options));
  if (options.hijack !== undefined)
    return routed(hijackAnswer(scene, { ...options, hijack: options.hijack }, colour));
  const compared = await whatIf(file, options, scene, colour);
  if (compared) return options.observed === undefined ? routed(compared) : named(compared);
  const traffic = trafficOf(options.traffic);
  if (options.n1 || options.n2) {
    const { prediction } = scene;
    const failures = options.n2
      ? await doubleFailuresOn(threadsOf(options.threads, prediction, pairsOf(prediction).length), prediction)
      : singleFailures(prediction);
    return routed(failuresAnswer(scene, failures, traffic, colour));
  }
  if (options.diff !== undefined) {
    const second = stage(readPlan(options.diff).plan, ground, options);
    second.remarks.forEach(warn);
    return routed(diffAnswer(scene, second, traffic, colour));
  }
  if (options.rtt) return routed(tripsAnswer(scene, colour));
  return named(summaryAnswer(scene, traffic, colour, correctionsFor(file, scene, options)));
}

/**
 * An answer that is worked out from routes alone, with its doubt; and, where something is kept of who landed where, that it is
 * not in it: what clients did under one set of announcements says little of what they do under another.
 */
function fromRoutes(a: Answer, file: string, s: Stage, options: Options): Answer {
  const { certain } = s.summary.all;
  const kept = options.corrections === false ? 0 : observationsKept(file, s.prefix).length;
  const doubt = `today ${percent(certain)} of the clients can land at one site only; the others count by parts, and nobody knows which it will be`;
  const unused = `worked out from routes alone: what was seen of ${kept} clients and kept beside the plan is not in it`;
  return {
    ...a,
    json: { ...a.json, certain, ...(kept > 0 && { observationsNotUsed: kept }) },
    text: () => `${a.text()}${doubt}\n${kept > 0 ? `${unused}\n` : ''}`,
  };
}

function trafficOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const traffic = readBitRate(text);
  if (!traffic) throw new Failure(`--traffic wants a rate such as 40Gbps, not '${text}'`, EXIT.usage);
  return traffic;
}
