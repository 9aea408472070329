/** What an operator got wrong, said so that it can be put right: where, what was found, what is allowed, what was probably meant. */

export interface Place {
  readonly file: string;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

/** Where in the plan something stands: keys and list positions, as written in the file. */
export type Path = readonly (string | number)[];

export interface Complaint extends Place {
  /** `sites.fra.upstreams[0].asn`; empty for the whole file. */
  readonly path: string;
  /** The text that stands there, shortened; a secret is never shown. */
  readonly found: string;
  /** What may stand there, as a phrase. */
  readonly allowed: string;
  /** The valid name nearest to what was found. */
  readonly nearest?: string;
}

/** The complaint as one line: `network.yaml:7:12: sites.fra.capacity: found "40 Gbp"; allowed: a bit rate such as 40 Gbps`. */
export function formatComplaint(c: Complaint): string {
  const where = c.path === '' ? '' : `${c.path}: `;
  const meant = c.nearest === undefined ? '' : `; did you mean ${c.nearest}?`;
  return `${c.file}:${c.line}:${c.column}: ${where}found ${c.found}; allowed: ${c.allowed}${meant}`;
}

/** `['sites', 'fra', 'upstreams', 0, 'asn']` as `sites.fra.upstreams[0].asn`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
  return text;
}

/** Complaints beyond this many are left out. */
const COMPLAINT_LIMIT = 100;

/** File by file, in the order of the lines. */
export function inOrder(complaints: readonly Complaint[]): readonly Complaint[] {
  return [...complaints]
    .sort((a, b) => (a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1))
    .slice(0, COMPLAINT_LIMIT);
}

/** What stands at a path of the file's value. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return step === 0 ? at : undefined;
    at = Object.hasOwn(at, step) ? (at as { readonly [key: string | number]: unknown })[step] : undefined;
  }
  return at;
}

/** What stands at `path`, in a few words. Whatever stands where secrets stand is never shown. */
export function describeFound(path: Path, found: unknown): string {
  if (found === undefined || found === '') return 'nothing';
  if (path.some((step) => /passw|secret|token|md5/i.test(String(step))))
    return 'something that is not shown here';
  if (Array.isArray(found)) return `a list of ${found.length}`;
  if (typeof found === 'object' && found !== null)
    return `a mapping with: ${Object.keys(found).slice(0, 6).join(', ')}`;
  return quote(String(found));
}

/** Text as JSON writes it, shortened. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}

/** The candidate that is fewest slips of the finger away from `word`, if few enough; ties go to the first. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.min(4, Math.floor(word.length / 2.5)));
  let best: string | undefined;
  let least = limit + 1;
  for (const candidate of candidates) {
    const slips = distance(word.toLowerCase(), candidate.toLowerCase(), least);
    if (slips < least) [best, least] = [candidate, slips];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`; at least `enough` once it cannot be fewer. */
function distance(a: string, b: string, enough: number): number {
  if (Math.abs(a.length - b.length) >= enough || a.length > 64) return enough;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    [before, above] = [above, row];
  }
  return above[b.length] as number;
}
