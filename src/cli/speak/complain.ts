/** From what a schema says is wrong to complaints in the words and places of the file. */
import type * as z from 'zod';
import {
  type Complaint,
  describeFound,
  formatPath,
  nearest,
  ONE_OR_MORE,
  type Path,
  quote,
  type Source,
  valueAt,
} from '../../plan/index.ts';

/** A complaint about what stands at `path`. `found` replaces the description of the value there. */
export function complain(
  source: Source,
  path: Path,
  allowed: string,
  more: { readonly found?: string; readonly candidates?: Iterable<string>; readonly key?: true } = {},
): Complaint {
  const value = valueAt(source.value, path);
  const word = more.key ? String(path.at(-1)) : value;
  const meant = typeof word === 'string' && more.candidates ? nearest(word, more.candidates) : undefined;
  return {
    ...source.place(path, more.key ? 'key' : undefined),
    path: formatPath(path),
    found: more.found ?? (more.key ? `the name ${quote(String(path.at(-1)))}` : describeFound(path, value)),
    allowed,
    ...(meant === undefined || meant === word ? {} : { nearest: meant }),
  };
}

/** One of zod's issues. A choice complains as the alternative that was meant. */
export function translate(source: Source, issue: z.core.$ZodIssue, above: Path = []): readonly Complaint[] {
  const path = [...above, ...(issue.path as Path)];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) =>
      complain(source, [...path, key], issue.message, { key: true, candidates: words(issue.message) }),
    );
  if (issue.code === 'invalid_key')
    return [complain(source, path, issue.issues[0]?.message ?? issue.message, { key: true })];
  if (issue.code === 'invalid_union') {
    const inside = issue.errors.find((issues) =>
      issues.some((i) => i.path.length > 0 || i.code === 'unrecognized_keys'),
    );
    if (inside) return inside.flatMap((inner) => translate(source, inner, path));
    const one = issue.message === ONE_OR_MORE ? issue.errors[0]?.[0] : undefined;
    if (one) return translate(source, one, path);
  }
  return [complain(source, path, issue.message, { candidates: words(issue.message) })];
}

/** The names in `one of: a, b, c`. */
function words(allowed: string): readonly string[] {
  const list = /one of: (.+)$/.exec(allowed);
  return list ? (list[1] as string).split(', ') : [];
}
