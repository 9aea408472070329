/** A file as text: YAML in, values and places out. Nothing here knows what a speaker is. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Complaint, Path, Place } from '../../plan/index.ts';

/** No file is longer; a longer one is refused unread. */
const TEXT_LIMIT = 4_000_000;
const ALIAS_LIMIT = 1000;

export interface Source {
  /** Mappings, lists and texts: every scalar is text, so that `no` and `64086.10` stay what was written. */
  readonly value: unknown;
  /** Where a path stands, or the nearest part of it that does. With `key`, where its name is written instead of its value. */
  place(path: Path, key?: 'key'): Place;
}

/** Reads YAML 1.2. `${NAME}` may stand anywhere unquoted, also between braces, where YAML alone would stumble over it. */
export function readSource(
  text: string,
  file: string,
): { readonly source: Source } | { readonly complaints: readonly Complaint[] } {
  if (text.length > TEXT_LIMIT)
    return {
      complaints: [
        {
          file,
          line: 1,
          column: 1,
          path: '',
          found: `${text.length} characters`,
          allowed: `at most ${TEXT_LIMIT}`,
        },
      ],
    };
  const lines = new LineCounter();
  const document = parseDocument(hide(text), {
    schema: 'failsafe',
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
  });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const broken = document.errors.slice(0, 1).map((error) => ({
    ...placeAt(error.pos[0]),
    path: '',
    found: error.code === 'DUPLICATE_KEY' ? 'a name that this mapping has already' : 'text that is not YAML',
    allowed: SYNTAX[error.code] ?? 'YAML 1.2',
  }));
  if (broken.length > 0) return { complaints: broken };
  let value: unknown;
  try {
    value = show(document.toJS({ maxAliasCount: ALIAS_LIMIT }));
  } catch {
    const allowed = `anchors that are there, and at most ${ALIAS_LIMIT} references to them`;
    return {
      complaints: [{ ...placeAt(0), path: '', found: 'references that lead nowhere or too far', allowed }],
    };
  }

  function place(path: Path, key?: 'key'): Place {
    let node: unknown = document.contents;
    let offset = offsetOf(node) ?? 0;
    for (const [i, step] of path.entries()) {
      const inside = isAlias(node) ? node.resolve(document) : node;
      const wantsKey = key === 'key' && i === path.length - 1;
      if (isSeq(inside)) node = inside.items[Number(step)];
      else if (isMap(inside)) {
        const pair = inside.items.find((p) => isScalar(p.key) && String(p.key.value) === String(step));
        if (!pair) break;
        node = pair.value;
        if (wantsKey || offsetOf(node) === undefined) offset = offsetOf(pair.key) ?? offset;
        if (wantsKey) break;
      } else break;
      offset = offsetOf(node) ?? offset;
    }
    return placeAt(offset);
  }
  return { source: { value, place } };
}

/** What the parser's codes ask for. Its own messages quote the text, which may hold a secret. */
const SYNTAX: { readonly [code: string]: string } = {
  BAD_INDENT: 'the indentation of the lines around it',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping on lines of its own, or quotes around a text with a colon',
  BLOCK_IN_FLOW: 'commas between brackets',
  DUPLICATE_KEY: 'each name once',
  MISSING_CHAR: 'closed brackets and quotes',
  MULTILINE_IMPLICIT_KEY: 'a name followed by a colon',
  MULTIPLE_DOCS: 'one document',
  TAB_AS_INDENT: 'spaces for indentation',
  UNEXPECTED_TOKEN: 'a name and a colon, a list entry, or a bracket that was opened',
};

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
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, show(v)]));
}

function offsetOf(node: unknown): number | undefined {
  const range = (node as { readonly range?: readonly number[] | null } | null | undefined)?.range;
  return range?.[0];
}
