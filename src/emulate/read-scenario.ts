/** A scenario as a person writes it (already parsed from YAML or JSON), checked against a plan. */
import { type Millis, millis } from '../base/index.ts';
import { nearest, type Plan } from '../plan/index.ts';
import { HEALTHS } from './health.ts';
import { type Action, MOST_STEPS, type Scenario, type Step } from './scenario.ts';

export type ScenarioRead = { readonly scenario: Scenario } | { readonly complaints: readonly string[] };

type Field =
  | 'site'
  | 'site?'
  | 'service'
  | 'upstream'
  | 'upstream?'
  | 'link?'
  | 'how?'
  | 'by'
  | 'for?'
  | 'loss'
  | 'delay'
  | 'forget?';

/** Which words go with which. A question mark: may be left out. */
const FIELDS: { readonly [D in Action['do']]: readonly Field[] } = {
  fail: ['service', 'site?', 'how?'],
  repair: ['service', 'site?'],
  kill: ['site'],
  'power-off': ['site'],
  start: ['site', 'forget?'],
  stop: ['site'],
  cut: ['site?', 'upstream?', 'link?'],
  heal: ['site?', 'upstream?', 'link?'],
  slow: ['site?', 'upstream?', 'link?', 'by'],
  reset: ['site', 'upstream'],
  'cut-controller': ['site?'],
  'heal-controller': ['site?'],
  'replace-controller': [],
  mail: ['loss', 'delay'],
  drain: ['site'],
  undrain: ['site'],
  thaw: ['site'],
  freeze: ['site', 'for?'],
  calm: [],
};

/**
 * Reads `{ name, summary?, lasts?, steps: [ { at: 5s, do: fail, service: resolver, site: fra } ] }`. `links` are the names of
 * links between ASes. All mistakes are returned at once, each as a sentence.
 */
export function readScenario(value: unknown, plan: Plan, links: readonly string[] = []): ScenarioRead {
  const complaints: string[] = [];
  if (!isMapping(value) || !Array.isArray(value['steps']))
    return {
      complaints: ['a scenario is a mapping with: name, steps (a list), and perhaps summary and lasts'],
    };
  const { name, summary, lasts, steps } = value as { [key: string]: unknown };
  for (const key of Object.keys(value))
    if (!['name', 'summary', 'lasts', 'steps'].includes(key))
      complaints.push(`${key}: no such word${meant(key, ['name', 'summary', 'lasts', 'steps'])}`);
  const all = steps as readonly unknown[];
  if (all.length > MOST_STEPS) return { complaints: [`${all.length} steps; at most ${MOST_STEPS} are read`] };
  const read = all.flatMap((step, i): Step[] => {
    const tell = (text: string) => complaints.push(`steps[${i}]: ${text}`);
    const one = readStep(step, plan, links, tell);
    return one ? [one] : [];
  });
  const end = lasts === undefined ? undefined : duration(lasts);
  if (lasts !== undefined && end === undefined)
    complaints.push(`lasts: ${show(lasts)} is no duration such as 30s or 5m`);
  if (complaints.length > 0) return { complaints: complaints.slice(0, 50) };
  return {
    scenario: {
      name: typeof name === 'string' ? name : 'unnamed',
      ...(typeof summary === 'string' ? { summary } : {}),
      steps: [...read].sort((a, b) => a.at - b.at),
      ...(end === undefined ? {} : { lasts: end }),
    },
  };
}

function readStep(
  value: unknown,
  plan: Plan,
  links: readonly string[],
  tell: (text: string) => void,
): Step | undefined {
  if (!isMapping(value)) {
    tell(`${show(value)} is no mapping with: at, do`);
    return undefined;
  }
  const word = String(value['do'] ?? '');
  if (!Object.hasOwn(FIELDS, word)) {
    tell(
      `do: ${show(value['do'])} is none of ${Object.keys(FIELDS).join(', ')}${meant(word, Object.keys(FIELDS))}`,
    );
    return undefined;
  }
  const at = duration(value['at']);
  if (at === undefined) tell(`at: ${show(value['at'])} is no duration such as 500ms, 10s or 2m`);
  const step: { [key: string]: unknown } = { at, do: word };
  const fields = FIELDS[word as Action['do']];
  const names = fields.map((f) => f.replace('?', ''));
  for (const key of Object.keys(value))
    if (key !== 'at' && key !== 'do' && !names.includes(key))
      tell(`${key}: does not go with ${word}${meant(key, names)}`);
  for (const field of fields) {
    const key = field.replace('?', '');
    const given = value[key];
    if (given === undefined) {
      if (!field.endsWith('?')) tell(`${key}: is missing`);
      continue;
    }
    const why = wrong(key, given, value, plan, links);
    if (why !== undefined) tell(`${key}: ${why}`);
    step[key] = key === 'by' || key === 'for' || key === 'delay' ? duration(given) : given;
  }
  if (
    ['cut', 'heal', 'slow'].includes(word) &&
    (value['site'] === undefined) === (value['link'] === undefined)
  )
    tell(`${word} wants either a site (and perhaps one of its upstreams) or a link`);
  return step as unknown as Step;
}

/** Why a value does not fit its name; undefined when it does. */
function wrong(
  key: string,
  given: unknown,
  step: Mapping,
  plan: Plan,
  links: readonly string[],
): string | undefined {
  const oneOf = (names: readonly string[], what: string) =>
    typeof given === 'string' && names.includes(given)
      ? undefined
      : `${show(given)} is no ${what}; there are ${names.slice(0, 20).join(', ')}${meant(String(given), names)}`;
  switch (key) {
    case 'site':
      return oneOf(Object.keys(plan.sites), 'site');
    case 'service':
      return oneOf(Object.keys(plan.services), 'service');
    case 'upstream':
      return oneOf(
        Object.keys(plan.sites[String(step['site'])]?.upstreams ?? {}),
        `upstream of ${step['site']}`,
      );
    case 'link':
      return oneOf(links, 'link');
    case 'how':
      return oneOf(HEALTHS, 'way to fail');
    case 'loss':
      return typeof given === 'number' && given >= 0 && given < 1
        ? undefined
        : `${show(given)} is no chance from 0 to 1`;
    case 'forget':
      return given === true ? undefined : `${show(given)} is not true`;
    default:
      return duration(given) === undefined ? `${show(given)} is no duration such as 30s or 5m` : undefined;
  }
}

const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `10s`, `2m`, `1h`; a bare number is seconds. At most a day. */
function duration(value: unknown): Millis | undefined {
  const m = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(String(value).trim());
  if (!m) return undefined;
  const ms = Number(m[1]) * (UNITS[m[2] ?? 's'] as number);
  return ms <= 86_400_000 ? millis(ms) : undefined;
}

type Mapping = { readonly [key: string]: unknown };
function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function meant(word: string, names: readonly string[]): string {
  const near = nearest(word, names);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : String(JSON.stringify(value) ?? value).slice(0, 60);
}
