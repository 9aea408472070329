/**
 * Regular expressions over AS paths in the dialect of the routers' command lines, run in time proportional to the path's
 * length whatever the expression: they become a nondeterministic automaton, whose sets of states are remembered as they
 * are first met.
 *
 * The path is matched as text, `64500 64501 {64502,64503}`, anywhere unless anchored. Known: digits and space as
 * themselves, `_` (start, end, or any one separator), `.`, `^`, `$`, `[0-9]` and `[^ ]`, `( | )`, `* + ?`, and `\` before a
 * sign that stands for itself.
 */

/** Tells whether a path, as text, matches. */
export type PathTest = (path: string) => boolean;

export type PathRegexResult =
  | { readonly ok: true; readonly test: PathTest }
  /** `at` counts characters from 0. */
  | { readonly ok: false; readonly error: string; readonly at: number };

/** The longest expression that is read. */
export const PATH_REGEX_LIMIT = 500;

/** How many sets of states are remembered before all are forgotten and met anew. */
const MEMORY = 500;

/** Every character that can stand in a path's text. */
const ALPHABET = '0123456789 ,{}()[]';
const SEPARATORS = maskOf((c) => ' ,{}()[]'.includes(c));
const ANYTHING = maskOf(() => true);

/** One state: reads a character of `mask` or nothing at all, then goes to `to`. */
type State =
  | { readonly kind: 'read'; readonly mask: number; to: number }
  | { readonly kind: 'fork'; to: number; or: number }
  | { readonly kind: 'start' | 'end' | 'empty'; to: number }
  | { readonly kind: 'done' };

export function compilePathRegex(pattern: string): PathRegexResult {
  if (pattern.length > PATH_REGEX_LIMIT)
    return { ok: false, error: `longer than ${PATH_REGEX_LIMIT} characters`, at: PATH_REGEX_LIMIT };
  try {
    return { ok: true, test: run(new Parser(pattern).parse()) };
  } catch (error) {
    if (error instanceof BadPattern) return { ok: false, error: error.message, at: error.at };
    throw error;
  }
}

class BadPattern extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** A piece of the automaton under construction: where it begins, and which states still lead nowhere. */
interface Piece {
  readonly first: number;
  readonly loose: readonly ((to: number) => void)[];
}

/** Recursive descent; the deepest nesting is bounded by PATH_REGEX_LIMIT. */
class Parser {
  readonly #text: string;
  readonly #states: State[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): { readonly states: readonly State[]; readonly first: number } {
    const piece = this.#choice();
    if (this.#at < this.#text.length) throw new BadPattern(`')' without '('`, this.#at);
    const done = this.#add({ kind: 'done' });
    for (const join of piece.loose) join(done);
    return { states: this.#states, first: piece.first };
  }

  #choice(): Piece {
    const branches = [this.#sequence()];
    while (this.#text[this.#at] === '|') {
      this.#at++;
      branches.push(this.#sequence());
    }
    return branches.reduceRight((right, left) => {
      const fork = this.#add({ kind: 'fork', to: left.first, or: right.first });
      return { first: fork, loose: [...left.loose, ...right.loose] };
    });
  }

  #sequence(): Piece {
    let whole: Piece | undefined;
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at] as string)) {
      const next = this.#repeated();
      if (whole) for (const join of whole.loose) join(next.first);
      whole = { first: whole?.first ?? next.first, loose: next.loose };
    }
    return whole ?? this.#step({ kind: 'empty', to: -1 });
  }

  #repeated(): Piece {
    let piece = this.#one();
    for (;;) {
      const sign = this.#text[this.#at];
      if (sign !== '*' && sign !== '+' && sign !== '?') return piece;
      this.#at++;
      const fork = { kind: 'fork' as const, to: piece.first, or: -1 };
      const at = this.#add(fork);
      const leave = (to: number) => {
        fork.or = to;
      };
      if (sign === '?') piece = { first: at, loose: [...piece.loose, leave] };
      else {
        for (const join of piece.loose) join(at);
        piece = { first: sign === '*' ? at : piece.first, loose: [leave] };
      }
    }
  }

  #one(): Piece {
    const at = this.#at;
    const sign = this.#text[this.#at++] as string;
    switch (sign) {
      case '(': {
        const inside = this.#choice();
        if (this.#text[this.#at] !== ')') throw new BadPattern(`'(' without ')'`, at);
        this.#at++;
        return inside;
      }
      case '[':
        return this.#step({ kind: 'read', mask: this.#class(at), to: -1 });
      case '.':
        return this.#step({ kind: 'read', mask: ANYTHING, to: -1 });
      case '^':
        return this.#step({ kind: 'start', to: -1 });
      case '$':
        return this.#step({ kind: 'end', to: -1 });
      case '_':
        return this.#boundary();
      case '*':
      case '+':
      case '?':
        throw new BadPattern(`'${sign}' repeats nothing`, at);
      case '{':
        throw new BadPattern(`repetition by '{' is not known; an AS_SET's brace is written '\\{'`, at);
      case '\\':
        return this.#literal(this.#text[this.#at++] ?? '', at);
      default:
        return this.#literal(sign, at);
    }
  }

  #literal(sign: string, at: number): Piece {
    const mask = sign === '' ? 0 : maskOf((c) => c === sign);
    if (mask === 0) throw new BadPattern(`'${sign || '\\'}' never stands in an AS path`, at);
    return this.#step({ kind: 'read', mask, to: -1 });
  }

  #boundary(): Piece {
    const start = this.#step({ kind: 'start', to: -1 });
    const end = this.#step({ kind: 'end', to: -1 });
    const sign = this.#step({ kind: 'read', mask: SEPARATORS, to: -1 });
    const inner = this.#add({ kind: 'fork', to: end.first, or: sign.first });
    const first = this.#add({ kind: 'fork', to: start.first, or: inner });
    return { first, loose: [...start.loose, ...end.loose, ...sign.loose] };
  }

  /** A bracket expression after its `[`: single signs and ranges, `^` in front turns it round. */
  #class(at: number): number {
    const text = this.#text;
    const turned = text[this.#at] === '^';
    if (turned) this.#at++;
    let mask = 0;
    const begin = this.#at;
    while (this.#at < text.length && (text[this.#at] !== ']' || this.#at === begin)) {
      const from = text[this.#at++] as string;
      if (text[this.#at] === '-' && this.#at + 1 < text.length && text[this.#at + 1] !== ']') {
        const to = text[this.#at + 1] as string;
        if (to < from) throw new BadPattern(`the range ${from}-${to} is empty`, this.#at - 1);
        this.#at += 2;
        mask |= maskOf((c) => from <= c && c <= to);
      } else if (from === '_') mask |= SEPARATORS;
      else mask |= maskOf((c) => c === from);
    }
    if (this.#at >= text.length) throw new BadPattern(`'[' without ']'`, at);
    this.#at++;
    return turned ? ANYTHING & ~mask : mask;
  }

  #step(state: Exclude<State, { kind: 'done' }>): Piece {
    const first = this.#add(state);
    return {
      first,
      loose: [
        (to) => {
          state.to = to;
        },
      ],
    };
  }

  #add(state: State): number {
    return this.#states.push(state) - 1;
  }
}

/** A set of states, and where each character leads from it once that was asked. */
interface Met {
  readonly reading: readonly number[];
  /** The expression has matched already; what follows does not matter. */
  readonly done: boolean;
  /** It matches if the path ends here. */
  readonly doneAtEnd: boolean;
  readonly next: (Met | undefined)[];
}

function run({ states, first }: { readonly states: readonly State[]; readonly first: number }): PathTest {
  const met = new Map<string, Met>();

  /** All states reachable without reading. The search may begin at every character, so `first` is always among them. */
  function meet(from: readonly number[], atStart: boolean): Met {
    const inside = closure([...from, first], atStart, false);
    const reading = [...inside].filter((s) => states[s]?.kind !== 'fork').sort((a, b) => a - b);
    const key = `${atStart ? '^' : ''}${reading.join()}`;
    const known = met.get(key);
    if (known) return known;
    if (met.size >= MEMORY) forget();
    const has = (set: ReadonlySet<number>) => [...set].some((s) => states[s]?.kind === 'done');
    const fresh: Met = {
      reading,
      done: has(inside),
      doneAtEnd: has(closure([...from, first], atStart, true)),
      next: new Array<Met | undefined>(ALPHABET.length).fill(undefined),
    };
    met.set(key, fresh);
    return fresh;
  }

  function forget(): void {
    for (const old of met.values()) old.next.fill(undefined);
    met.clear();
    met.set('begin', begin);
  }

  function closure(from: readonly number[], atStart: boolean, atEnd: boolean): Set<number> {
    const inside = new Set<number>();
    const left = [...from];
    for (let s = left.pop(); s !== undefined; s = left.pop()) {
      if (inside.has(s)) continue;
      inside.add(s);
      const state = states[s] as State;
      if (state.kind === 'fork') left.push(state.to, state.or);
      else if (
        state.kind === 'empty' ||
        (state.kind === 'start' && atStart) ||
        (state.kind === 'end' && atEnd)
      )
        left.push(state.to);
    }
    return inside;
  }

  function read(at: Met, letter: number): Met {
    const to = at.reading.flatMap((s) => {
      const state = states[s] as State;
      return state.kind === 'read' && state.mask & (1 << letter) ? [state.to] : [];
    });
    return meet(to, false);
  }

  const begin = meet([], true);
  return (path) => {
    let at = begin;
    for (let i = 0; i < path.length && !at.done; i++) {
      const letter = ALPHABET.indexOf(path[i] as string);
      if (letter < 0) return false;
      at = at.next[letter] ??= read(at, letter);
    }
    return at.done || at.doneAtEnd;
  };
}

function maskOf(wanted: (c: string) => boolean): number {
  let mask = 0;
  for (let i = 0; i < ALPHABET.length; i++) if (wanted(ALPHABET[i] as string)) mask |= 1 << i;
  return mask;
}
