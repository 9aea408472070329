/** A file as text: YAML in, values and places out. Nothing here knows what a plan or a speaker is. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Complaint, Path, Place } from './complaint.ts';

/** No file is longer; a longer one is refused unread. */
export const TEXT_LIMIT = 4_000_000;

/** How often one file may refer to its own anchors. */
const ALIAS_LIMIT = 1000;

export interface Source {
  /** Mappings, lists and texts: every scalar is text. */
  readonly value: unknown;
  /** Where a path stands, or the nearest part of it that does. With `key`, where its name is written instead of its value. */
  place(path: Path, key?: 'key'): Place;
}

/**
 * Reads YAML 1.2 with merge keys. `${NAME}` may stand anywhere unquoted, also between braces, where YAML alone would stumble
 * over it.
 */
export function readSource(
  text: string,
  file: string,
): { readonly source: Source } | { readonly complaints: readonly Complaint[] } {
  const at = (line: number, column: number, found: string, allowed: string): Complaint => ({
    file,
    line,
    column,
    path: '',
    found,
    allowed,
  });
  if (text.length > TEXT_LIMIT)
    return { complaints: [at(1, 1, `${text.length} characters`, `at most ${TEXT_LIMIT}`)] };
  const lines = new LineCounter();
  const document = parseDocument(hide(text), {
    schema: 'failsafe',
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
  });
  const errors = firstCauses(document.errors).map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    const [found, allowed] = SYNTAX[error.code] ?? ['text that is not YAML', 'YAML 1.2'];
    return at(line, col, found, allowed);
  });
  if (errors.length > 0) return { complaints: errors };
  try {
    const value = show(document.toJS({ maxAliasCount: ALIAS_LIMIT }));
    return { source: { value, place: (path, key) => place(document, lines, file, path, key) } };
  } catch {
    return {
      complaints: [
        at(1, 1, 'references to anchors that are missing or too many', `at most ${ALIAS_LIMIT} references`),
      ],
    };
  }
}

/** What the parser's codes mean. Its own messages quote the text, which may hold a secret. */
const SYNTAX: { readonly [code: string]: readonly [found: string, allowed: string] } = {
  ALIAS_PROPS: ['an alias with properties', 'an alias alone'],
  BAD_INDENT: ['a line that is indented too little or too much', 'the indentation of its neighbours'],
  BAD_ALIAS: ['a reference to an anchor that is not there', 'the name of an anchor above'],
  BLOCK_AS_IMPLICIT_KEY: [
    'a mapping on the line of its key',
    'a mapping on lines of its own, or quotes around a text with a colon',
  ],
  BLOCK_IN_FLOW: ['lines of a block between brackets', 'commas between brackets'],
  DUPLICATE_KEY: ['a name that is already used in this mapping', 'each name once'],
  MISSING_CHAR: ['an end where a bracket, quote or comma was expected', 'closed brackets and quotes'],
  MULTILINE_IMPLICIT_KEY: ['a text that runs on to the next line', 'a name followed by a colon'],
  MULTIPLE_DOCS: ['a second document', 'one document'],
  TAB_AS_INDENT: ['a tab', 'spaces for indentation'],
  UNEXPECTED_TOKEN: [
    'something that does not belong here',
    'a name and a colon, a list entry, or a bracket that was opened',
  ],
};

/** One mistake makes a parser stumble on; what follows the first stumble is left out, names used twice are kept. */
function firstCauses<E extends { readonly code: string }>(errors: readonly E[]): readonly E[] {
  const first = errors.findIndex((e) => e.code !== 'DUPLICATE_KEY');
  return errors.filter((e, i) => i === first || e.code === 'DUPLICATE_KEY').slice(0, 20);
}

const OPEN = '\uE000';
const CLOSE = '\uE001';

/** Puts other characters for the braces of `${NAME}`, as many as there were, so that places stay right. */
function hide(text: string): string {
  return text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, `$$${OPEN}$1${CLOSE}`);
}

function show(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(OPEN, '{').replaceAll(CLOSE, '}');
  if (Array.isArray(value)) return value.map(show);
  if (typeof value !== 'object' || value === null) return value ?? '';
  // The one name that means something else to the language becomes one that is refused as a name.
  const name = (key: string) => (key === '__proto__' ? '__proto__?' : show(key));
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [name(k), show(v)]));
}

function place(document: Document, lines: LineCounter, file: string, path: Path, key?: 'key'): Place {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const [i, step] of path.entries()) {
    const last = i === path.length - 1;
    const inside = resolve(document, node);
    let next: unknown;
    if (isSeq(inside)) next = inside.items[Number(step)];
    else if (isMap(inside)) {
      const pair = pairOf(document, inside, String(step));
      if (!pair) break;
      if ((last && key === 'key') || offsetOf(pair.value) === undefined)
        offset = offsetOf(pair.key) ?? offset;
      if (last && key === 'key') break;
      next = pair.value;
    } else break;
    if (next === undefined) break;
    node = next;
    offset = offsetOf(node) ?? offset;
  }
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(1, line), column: Math.max(1, col) };
}

function offsetOf(node: unknown): number | undefined {
  const range = (node as Node | null | undefined)?.range;
  return range ? range[0] : undefined;
}

function resolve(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

interface PairLike {
  readonly key: unknown;
  readonly value: unknown;
}

/** The pair of a key, looked for in merged mappings when the mapping itself does not have it. */
function pairOf(
  document: Document,
  map: { readonly items: readonly PairLike[] },
  step: string,
  depth = 0,
): PairLike | undefined {
  const textOf = ({ key }: PairLike) => {
    if (!isScalar(key)) return undefined;
    return typeof key.value === 'symbol' ? key.value.description : show(String(key.value));
  };
  const own = map.items.find((p) => textOf(p) === step);
  if (own || depth > 8) return own;
  for (const merged of map.items.filter((p) => textOf(p) === '<<')) {
    const value = resolve(document, merged.value);
    for (const from of isSeq(value) ? value.items : [value]) {
      const target = resolve(document, from);
      const found = isMap(target) ? pairOf(document, target, step, depth + 1) : undefined;
      if (found) return found;
    }
  }
  return undefined;
}
