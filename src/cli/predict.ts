/** `nearcast predict PLAN`: who will land where, and what if. */
import { Command } from 'commander';
import { readBitRate } from '../plan/index.ts';
import {
  expectedFailures,
  type Failure as Failing,
  groundOf,
  intact,
  pairsOf,
  SURE,
} from '../predict/index.ts';
import { type CorrectionOptions, correctionsKept } from './corrections.ts';
import { carriedTo, type Expectation, expectationFor } from './expectation.ts';
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
import { observedAnswer } from './predict-observed.ts';
import { checkQuestion } from './predict-options.ts';
import { failuresOn } from './predict-pool.ts';
import { type Answer, percent, type Stage, type StageOptions, stage, warn } from './predict-stage.ts';
import { progressBar } from './progress.ts';
import { wantsColour } from './table.ts';
import {
  attackAnswer,
  searchAnswer,
  threadsOf,
  versusAnswer,
  type WhatIfOptions,
  withWhatIf,
} from './what-if.ts';
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
  // A hijacker's routes and announcements that nobody has tried are worked out from routes alone.
  if (options.hijack !== undefined)
    return named(
      fromRoutes(hijackAnswer(scene, { ...options, hijack: options.hijack }, colour), file, scene, options),
    );
  if (options.observed !== undefined)
    return named(observedAnswer(file, options.observed, options, scene, colour));
  if (options.search !== undefined)
    return named(fromRoutes(await searchAnswer(options, scene, colour), file, scene, options));
  const seen = expectationFor(file, scene, options);
  const traffic = trafficOf(options.traffic);
  const doubted = (a: Answer) => named(withDoubt(a, scene, seen));
  if (options.attack !== undefined) return doubted(attackAnswer(options, scene, seen, colour));
  if (options.versus !== undefined)
    return doubted(versusAnswer(options.versus, options.ttl, scene, seen, colour));
  if (options.n1 || options.n2) {
    const { base, failures } = await failuresFor(scene, seen, options);
    return doubted(failuresAnswer(scene, seen, base, failures, traffic, colour));
  }
  if (options.diff !== undefined) {
    const second = stage(readPlan(options.diff).plan, ground, options);
    second.remarks.forEach(warn);
    const now = seen ? { ...scene, prediction: seen.expected.seen, summary: seen.summary } : scene;
    const then = seen ? { ...second, ...carriedTo(seen, second.prediction) } : second;
    return doubted(diffAnswer(now, then, seen, traffic, colour));
  }
  const plain = options.rtt ? tripsAnswer(scene, colour, seen) : summaryAnswer(scene, traffic, colour, seen);
  return named(
    seen
      ? corrected(plain, seen, options.without !== undefined)
      : options.rtt
        ? withDoubt(plain, scene, seen)
        : plain,
  );
}

/** Every single failure or every pair, by what was seen where something was. */
async function failuresFor(
  { prediction }: Stage,
  seen: Expectation | undefined,
  { n2, threads }: Options,
): Promise<{ readonly base: Failing; readonly failures: readonly Failing[] }> {
  const base = seen ? (expectedFailures(seen.expected, [[]])[0] as Failing) : intact(prediction);
  const sets = n2 ? pairsOf(prediction) : prediction.sites.map((site) => [site]);
  const bar = progressBar('failures');
  const tell = (done: number) => bar.tell(done, sets.length);
  const on = n2 ? threadsOf(threads, prediction, sets.length) : 1;
  const failures = await failuresOn(on, prediction, seen, sets, tell).finally(() => bar.end());
  return { base, failures };
}

/** An answer with what it was corrected by, and how that was carried over where it is about announcements nobody was seen under. */
function corrected(a: Answer, seen: Expectation, changed: boolean): Answer {
  const { said, carriedOver, strayed } = seen;
  return {
    ...a,
    json: { ...a.json, corrected: said, ...(changed && { carriedOver, strayed }) },
    text: () => `${a.text()}${said}\n${changed ? `${carriedOver}\n` : ''}`,
  };
}

/** An answer about a change, with the doubt there is already today. */
function withDoubt(a: Answer, s: Stage, seen: Expectation | undefined): Answer {
  const { certain } = (seen?.summary ?? s.summary).all;
  const doubt = seen
    ? `today ${percent(certain)} of the clients are expected at one site with ${100 * SURE} % or more; the others count by parts`
    : `today ${percent(certain)} of the clients can land at one site only; the others count by parts, and nobody knows which it will be`;
  const doubted = { ...a, json: { ...a.json, certain }, text: () => `${a.text()}${doubt}\n` };
  return seen ? corrected(doubted, seen, true) : doubted;
}

/**
 * An answer that is worked out from routes alone, with its doubt; and, where something is kept of who landed where, that it is
 * not in it.
 */
function fromRoutes(a: Answer, file: string, s: Stage, options: Options): Answer {
  const doubted = withDoubt(a, s, undefined);
  const kept = options.corrections === false ? 0 : correctionsKept(file, s.prefix).observations.length;
  const unused = `worked out from routes alone: what was seen of ${kept} clients and kept beside the plan is not in it`;
  return {
    ...doubted,
    json: { ...doubted.json, ...(kept > 0 && { observationsNotUsed: kept }) },
    text: () => `${doubted.text()}${kept > 0 ? `${unused}\n` : ''}`,
  };
}

function trafficOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const traffic = readBitRate(text);
  if (!traffic) throw new Failure(`--traffic wants a rate such as 40Gbps, not '${text}'`, EXIT.usage);
  return traffic;
}
