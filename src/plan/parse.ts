/** From a plan file to a plan, or to everything that is wrong with it. */
import type * as z from 'zod';
import {
  type Complaint,
  describeFound,
  formatPath,
  inOrder,
  nearest,
  type Path,
  type Place,
  quote,
  valueAt,
} from './complaint.ts';
import { complete } from './complete.ts';
import type { Plan } from './plan.ts';
import { DEFAULTS, FILE } from './schema.ts';
import { readSource, type Source } from './source.ts';

export type Parsed =
  | {
      readonly plan: Plan;
      /** Where a path of the plan (`['sites', 'fra', 'upstreams', 'as64601', 'holdTime']`) stands in the file. */
      readonly where: (path: Path) => Place;
    }
  | { readonly complaints: readonly Complaint[] };

/**
 * Reads a plan. The plan is complete and frozen: every default is filled in. Otherwise all mistakes that can be told apart
 * are returned at once, in the order of the file. Never throws; no secret is in either.
 */
export function parsePlan(text: string, options: { readonly file?: string } = {}): Parsed {
  const read = readSource(text, options.file ?? 'network.yaml');
  if ('complaints' in read) return read;
  const { source } = read;
  const raw = source.value;
  if (!isMapping(raw))
    return {
      complaints: [complaint(source, [], raw, 'a mapping with: network, asn, prefixes, sites, services')],
    };
  const own = Object.fromEntries(Object.entries(raw).filter(([key]) => !key.startsWith('x-')));
  const file = FILE.safeParse(withDefaults(own));
  if (!file.success)
    return { complaints: inOrder(file.error.issues.flatMap((issue) => translate(source, own, issue, []))) };
  const complaints: Complaint[] = [];
  const { plan, places } = complete(file.data, ({ path, allowed, found, candidates }) => {
    complaints.push(complaint(source, path, found ?? valueAt(own, path), allowed, candidates));
  });
  if (complaints.length > 0) return { complaints: inOrder(complaints) };
  return { plan: freeze(plan), where: (path) => source.place(filePath(path, places)) };
}

/** Plans are shared by every tool; nobody may change one in place. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}

type Mapping = { readonly [key: string]: unknown };
function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Puts what `defaults:` says wherever a thing says nothing itself. Wrong defaults are not spread, so that each is said once. */
function withDefaults(raw: Mapping): Mapping {
  const defaults = raw['defaults'];
  const usable = isMapping(defaults) && DEFAULTS.safeParse(defaults).success ? defaults : {};
  const section = (name: string): Mapping => (isMapping(usable[name]) ? (usable[name] as Mapping) : {});
  const [upstream, service, probe] = [section('upstream'), section('service'), section('probe')];
  const each = (value: unknown, change: (entry: Mapping) => unknown): unknown =>
    Array.isArray(value)
      ? value.map((entry) => (isMapping(entry) ? change(entry) : entry))
      : isMapping(value)
        ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, isMapping(v) ? change(v) : v]))
        : value;
  const sites = each(raw['sites'], (site) =>
    'upstreams' in site
      ? { ...site, upstreams: each(site['upstreams'], (u) => ({ ...upstream, ...u })) }
      : site,
  );
  const services = each(raw['services'], (s) => ({
    ...service,
    ...s,
    ...('probes' in s
      ? {
          probes: each(s['probes'], (p) =>
            Object.fromEntries(
              Object.entries(p).map(([kind, o]) => [
                kind,
                isMapping(o) ? { ...probe, ...o } : o === '' ? probe : o,
              ]),
            ),
          ),
        }
      : {}),
  }));
  return { ...raw, ...('sites' in raw ? { sites } : {}), ...('services' in raw ? { services } : {}) };
}

type Issue = z.core.$ZodIssue;

/** One of zod's issues as complaints. The schema words what is allowed; a choice complains as the alternative that was meant. */
function translate(source: Source, raw: unknown, issue: Issue, above: Path): readonly Complaint[] {
  const path = [...above, ...(issue.path as Path)];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      ...source.place([...path, key], 'key'),
      path: formatPath([...path, key]),
      found: `the name ${quote(key)}`,
      allowed: issue.message,
      ...meant(key, words(issue.message)),
    }));
  if (issue.code === 'invalid_key')
    return [
      {
        ...complaint(source, path, path.at(-1), issue.issues[0]?.message ?? issue.message),
        ...source.place(path, 'key'),
      },
    ];
  if (issue.code === 'invalid_union') {
    const close = issue.errors.filter(
      (issues) => !issues.some((i) => i.path.length === 0 && isTypeMismatch(i)),
    );
    if (close.length === 1)
      return (close[0] as readonly Issue[]).flatMap((inner) => translate(source, raw, inner, path));
  }
  return [complaint(source, path, valueAt(raw, path), issue.message, words(issue.message))];
}

function isTypeMismatch(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_union' || issue.code === 'invalid_value';
}

/** The names in `one of: a, b, c`. */
function words(allowed: string): readonly string[] {
  const list = /^(?:exactly )?one of: (.+)$/.exec(allowed);
  return list ? (list[1] as string).split(', ') : [];
}

function complaint(
  source: Source,
  path: Path,
  found: unknown,
  allowed: string,
  candidates: readonly string[] = [],
): Complaint {
  return {
    ...source.place(path),
    path: formatPath(path),
    found: describeFound(path, found),
    allowed,
    ...(typeof found === 'string' ? meant(found, candidates) : {}),
  };
}

function meant(word: string, candidates: readonly string[]): { readonly nearest?: string } {
  const near = nearest(word, candidates);
  return near === undefined ? {} : { nearest: near };
}

/** A path of the plan in the file's terms: lists by position, names with dashes. */
function filePath(path: Path, places: ReadonlyMap<string, Path>): Path {
  for (let n = path.length; n > 0; n--) {
    const known = places.get(formatPath(path.slice(0, n)));
    if (known) return [...known, ...dashed(path.slice(n))];
  }
  return dashed(path);
}

function dashed(path: Path): Path {
  return path.map((step) =>
    typeof step === 'string' ? step.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`) : step,
  );
}
