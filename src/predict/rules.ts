/** The rules that a prediction is measured against, and how: nobody is scored on what was learnt from him. */
import { believed, type Client, kilometresFrom, routedParts } from './belief.ts';
import { expected, learn, type Observation } from './observed.ts';
import type { Prediction } from './predict.ts';

/** Gives a distribution over the prediction's sites to each observation from what the others say. */
export type Rule = (others: readonly Observation[]) => (client: Client) => Float64Array;

/** One observation and what was said of it by a rule that had not seen its client. Undefined site: not among the prediction's. */
export interface Guess {
  readonly observation: Observation;
  readonly parts: Float64Array;
}

/** Divides the clients into `folds` by their names, and asks a rule about each fold that has seen the others only. */
export function crossValidated(
  observations: readonly Observation[],
  rule: Rule,
  folds = 10,
): readonly Guess[] {
  const fold = observations.map((o) => hashOf(o.id) % folds);
  const guesses: Guess[] = [];
  for (let f = 0; f < folds; f++) {
    const say = rule(observations.filter((_, i) => fold[i] !== f));
    for (const [i, observation] of observations.entries())
      if (fold[i] === f) guesses.push({ observation, parts: say(observation) });
  }
  return guesses;
}

/** FNV-1a over the UTF-16 units, then mixed, so that names that follow each other part. */
function hashOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}

/** The rules that predictions are measured against, and the predictor itself. */
export function rulesFor(prediction: Prediction): { readonly [name: string]: Rule } {
  const count = prediction.sites.length;
  const only = (k: number) => {
    const parts = new Float64Array(count);
    if (k >= 0) parts[k] = 1;
    return parts;
  };
  const nearest = (client: Client) => {
    const km = kilometresFrom(prediction, client);
    return km ? km.indexOf(Math.min(...km)) : -1;
  };
  const majorities =
    (keys: readonly ((client: Client) => string | undefined)[]): Rule =>
    (others) => {
      const counts = new Map<string, Float64Array>();
      for (const o of others)
        for (const key of keys) {
          const name = key(o);
          const index = prediction.sites.indexOf(o.site);
          if (name === undefined || index < 0) continue;
          const at = counts.get(name) ?? new Float64Array(count);
          counts.set(name, at);
          at[index]! += 1;
        }
      return (client) => {
        for (const key of keys) {
          const at = counts.get(key(client) ?? '');
          if (at) return only(at.indexOf(Math.max(...at)));
        }
        return only(nearest(client));
      };
    };
  const network = (c: Client) => (c.asn === undefined ? undefined : `AS${c.asn}`);
  const country = (c: Client) => (c.cc === '' ? undefined : c.cc);
  return {
    'nearest site': () => (client) => only(nearest(client)),
    'majority of the country': majorities([country]),
    'majority of the AS, then country': majorities([network, country]),
    'routes alone': () => (client) => routedParts(prediction, client),
    'routes and distance': () => (client) => believed(prediction, client),
    'and learning': (others) => {
      const learned = learn(prediction, others);
      return (client) => expected(learned, client);
    },
  };
}
