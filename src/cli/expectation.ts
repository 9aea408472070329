/** What is kept beside a plan of who landed where, put to use: where everybody is expected now, and after a change. */
import {
  carried,
  type Deployment,
  type Expected,
  expectedOf,
  type Ground,
  learn,
  type Nodes,
  type Observation,
  type Part,
  type Prediction,
  partsOf,
  predict,
  SURE,
  type Summary,
  strayed,
  summarise,
} from '../predict/index.ts';
import { type CorrectionOptions, correctionsKept } from './corrections.ts';
import { percent, type Stage, type StageOptions, stage, warn } from './predict-stage.ts';
import { progressBar } from './progress.ts';

/** Who was seen under which announcements, and what is announced now. Plain data: threads are handed it. */
export interface Basis {
  readonly seen: readonly Observation[];
  readonly under: Deployment;
  /** Absent: the same. */
  readonly now?: Deployment;
}

export interface Expectation {
  readonly basis: Basis;
  readonly expected: Expected;
  readonly summary: Summary;
  /** Of whom it was learnt, for the answer. */
  readonly said: string;
  /** How it was carried over to announcements under which nobody was seen, for the answer. */
  readonly carriedOver: string;
  /** The part that stands where routes would not have it, 0 … 1. */
  readonly strayed: number;
}

/** What is expected of a stage by what is kept beside its plan; undefined when nothing is, or it is not wanted. */
export function expectationFor(
  plan: string,
  s: Stage,
  options: CorrectionOptions & StageOptions,
): Expectation | undefined {
  const found = seenFor(plan, s, options);
  if (!found) return undefined;
  const { seen, under, said } = found;
  const bar = progressBar('cities of networks corrected');
  const today = expectedOf(learn(under.prediction, seen), undefined, bar.tell);
  bar.end();
  const stray = strayed(today);
  const expected = under === s ? today : carried(today, s.prediction);
  return {
    basis: { seen, under: under.deployment, ...(under !== s && { now: s.deployment }) },
    expected,
    summary: summarise(expected.seen, SURE),
    said,
    carriedOver: `carried over: who is expected at a site stays unless routes say that he moves, and then goes where routes say; ${percent(stray)} of the clients are expected where routes would not have them, and are taken to stay while that site announces anything`,
    strayed: stray,
  };
}

/** Where some cities of networks are expected together, and what is said of it. Quick when no site is left out. */
export function expectedTogether(
  plan: string,
  s: Stage,
  options: CorrectionOptions & StageOptions,
  nodes: Nodes,
):
  | (Pick<Expectation, 'said'> & { readonly parts: readonly Part[]; readonly carriedOver?: string })
  | undefined {
  if (options.without?.length) {
    const e = expectationFor(plan, s, options);
    return e && { said: e.said, carriedOver: e.carriedOver, parts: partsOf(e.expected.seen, nodes).parts };
  }
  const found = seenFor(plan, s, options);
  if (!found) return undefined;
  const { seen } = expectedOf(learn(s.prediction, found.seen), nodes);
  return { said: found.said, parts: partsOf(seen, nodes).parts };
}

/** Who was seen, under which announcements, and the words for it. */
function seenFor(plan: string, s: Stage, options: CorrectionOptions & StageOptions) {
  if (options.corrections === false) return undefined;
  const { observations: kept, sources } = correctionsKept(plan, s.prefix);
  if (kept.length === 0) return undefined;
  if (options.generated !== undefined) {
    warn(
      `what was seen of ${kept.length} clients is of the internet that exists: it is not used on one that is made up`,
    );
    return undefined;
  }
  // Clients were seen with every site in place.
  const { without: _, ...whole } = options;
  const under = options.without?.length ? stage(s.plan, s.ground, whole) : s;
  const seen = kept.filter((o) => under.prediction.sites.includes(o.site));
  const left = kept.length - seen.length;
  if (left > 0)
    warn(
      `${left} of ${kept.length} clients that were seen landed at sites that the plan does not have or announce: they are left out`,
    );
  if (seen.length === 0) return undefined;
  const said = `corrected by ${seen.length} clients that were seen: ${sources}; --no-corrections leaves them out`;
  return { seen, under, said };
}

/** Where everybody is expected, by those who have nothing but the basis. */
export function expectedFrom(ground: Ground, { seen, under, now }: Basis): Expected {
  const today = expectedOf(learn(predict(ground, under), seen));
  return now === undefined ? today : carried(today, predict(ground, now));
}

/** What another prediction comes to, as its own expectation. */
export function carriedTo(e: Expectation, after: Prediction): Pick<Stage, 'prediction' | 'summary'> {
  const { seen } = carried(e.expected, after);
  return { prediction: seen, summary: summarise(seen, SURE) };
}
