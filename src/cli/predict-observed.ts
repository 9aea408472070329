/** `nearcast predict --observed`: who landed where, beside what was predicted, and what is learnt from it. */
import { crossValidated, type Observation, type Prediction, rulesFor } from '../predict/index.ts';
import { looksLikeJson, readAtlas, readProbes, siteNamer } from './atlas.ts';
import { correctionsKept, saveCorrections } from './corrections.ts';
import { EXIT, Failure } from './failure.ts';
import {
  bytesOf,
  jsonText,
  MOST_BYTES,
  type Observations,
  readObservations,
  Sample,
  scoresOf,
  scoreText,
} from './observations.ts';
import { mapDraw, reliabilityDraw } from './predict-pictures.ts';
import { type Answer, type Stage, warn } from './predict-stage.ts';

export interface ObservedOptions {
  /** Who the probes of Atlas results are. */
  readonly probes?: string;
  /** Which part of a server's name is the site, as a regular expression. */
  readonly identity?: string;
  readonly save?: true;
  readonly corrections?: boolean;
}

/** Agreement with what was observed, and how far learning from it carries to clients that it was not learnt from. */
export function observedAnswer(
  plan: string,
  file: string,
  options: ObservedOptions,
  scene: Stage,
  colour: boolean,
): Answer {
  const { prediction, prefix } = scene;
  const bytes = bytesOf(file, MOST_BYTES);
  const { observations, complaints, unanswered, leftOut } = looksLikeJson(bytes)
    ? atlasObservations(file, bytes, options, prediction.sites)
    : readObservations(file, undefined, bytes);
  const elsewhere = observations.filter((o) => !prediction.sites.includes(o.site)).length;
  complaints.forEach(warn);
  if (leftOut > 0)
    warn(
      `${file} has more clients than are used: ${observations.length} were, spread evenly over it; ${leftOut} were left out`,
    );
  if (elsewhere > 0)
    warn(
      `${elsewhere} of ${observations.length} clients landed at sites that the plan does not have or announce; they count as wrong`,
    );
  const now = new Set(observations.map((o) => o.id));
  // What was kept of these very clients says nothing about how well others are known.
  const before =
    options.corrections === false
      ? []
      : correctionsKept(plan, prefix).observations.filter((o) => !now.has(o.id));
  const scores = scoresOf(prediction, guessesOf(prediction, observations, before));
  const last = scores.at(-1);
  const saved = options.save
    ? saveCorrections(plan, scene.plan.network, prefix, { file, bytes }, observations)
    : undefined;
  const sentences = [
    ...(before.length > 0 ? [`learning also used ${before.length} other clients kept beside the plan`] : []),
    ...(saved === undefined ? [] : [saved]),
  ];
  return {
    json: {
      scores,
      elsewhere,
      unanswered,
      clients: observations.length,
      leftOut,
      alsoLearntFrom: before.length,
      ...(saved !== undefined && { saved }),
    },
    text: () => `${scoreText(scores, colour)}${sentences.map((x) => `${x}\n`).join('')}`,
    ...(last && { chart: reliabilityDraw(last.rule, last) }),
    map: mapDraw(prediction),
  };
}

function* guessesOf(
  prediction: Prediction,
  observations: readonly Observation[],
  before: readonly Observation[],
) {
  for (const [name, rule] of Object.entries(rulesFor(prediction)))
    yield [name, crossValidated(observations, (others) => rule([...others, ...before]))] as const;
}

function atlasObservations(
  file: string,
  bytes: Uint8Array,
  options: ObservedOptions,
  sites: readonly string[],
): Observations {
  const known =
    options.probes === undefined ? undefined : readProbes(options.probes, jsonText(options.probes));
  known?.complaints.forEach(warn);
  const reading = readAtlas(
    file,
    jsonText(file, bytes),
    known?.probes,
    siteNamer(sites, patternOf(options.identity)),
  );
  if (reading.observations.length === 0)
    throw new Failure([`${file} has no observation in it`, ...reading.complaints].join('\n'));
  const sample = new Sample();
  for (const seen of reading.observations) sample.add(seen);
  return { ...reading, observations: sample.observations(), leftOut: sample.leftOut };
}

function patternOf(text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    throw new Failure(`--identity wants a regular expression: ${(error as Error).message}`, EXIT.usage);
  }
}
