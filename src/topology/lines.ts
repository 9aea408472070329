/**
 * Text files in pieces: cuts a stream of byte chunks into lines, and keeps the account of what could not be read. Readers
 * built on it never fail because of one bad line: they say which line, what was expected, and count how many they left out.
 */
import { fromUtf8 } from '../base/index.ts';

/** One thing that could not be read. */
export interface Trouble {
  /** Counts from 1. For JSON documents: the number of the row. 0 means the whole file. */
  readonly line: number;
  /** What stands there, shortened. */
  readonly found: string;
  /** What was expected, as a phrase. */
  readonly expected: string;
  /** True when reading stopped here; false when only this line was left out. */
  readonly fatal: boolean;
}

/** The account of one reading. */
export interface Reading {
  /** Lines (or JSON rows) seen, comments and empty ones included. */
  readonly lines: number;
  /** Lines left out because they could not be read. */
  readonly skipped: number;
  /** The first troubles, at most {@link MOST_TROUBLES}; `skipped` counts them all. */
  readonly troubles: readonly Trouble[];
}

export const MOST_TROUBLES = 20;

/** No line of the formats read here comes near this many bytes; a longer one is skipped and said. */
export const LONGEST_LINE = 1 << 20;

const FOUND_CHARACTERS = 80;

/** A trouble as one line: `as-rel.txt:17: found "1|x|-1"; expected provider|customer|-1 or peer|peer|0; line skipped`. */
export function formatTrouble(file: string, t: Trouble): string {
  const where = t.line === 0 ? file : `${file}:${t.line}`;
  return `${where}: found ${t.found}; expected ${t.expected}; ${t.fatal ? 'reading stopped' : 'line skipped'}`;
}

/** The troubles of a reading as lines, and how many more lines were skipped than are told of. */
export function formatTroubles(file: string, { skipped, troubles }: Reading): string[] {
  const more = skipped - troubles.filter((t) => !t.fatal).length;
  return [
    ...troubles.map((t) => formatTrouble(file, t)),
    ...(more > 0 ? [`${file}: ${more} more ${more === 1 ? 'line was' : 'lines were'} skipped`] : []),
  ];
}

/** Collects troubles and counts. */
export class Ledger {
  lines = 0;
  skipped = 0;
  /** True after a fatal trouble: the reader takes nothing more. */
  stopped = false;
  readonly #troubles: Trouble[] = [];

  skip(line: number, found: string, expected: string): void {
    this.skipped++;
    this.#note({ line, found: quote(found), expected, fatal: false });
  }

  stop(line: number, found: string, expected: string): void {
    this.stopped = true;
    // A fatal trouble is always kept, in place of the last of the small ones.
    if (this.#troubles.length === MOST_TROUBLES) this.#troubles.pop();
    this.#note({ line, found: escaped(found), expected, fatal: true });
  }

  reading(): Reading {
    return { lines: this.lines, skipped: this.skipped, troubles: [...this.#troubles] };
  }

  #note(t: Trouble): void {
    if (this.#troubles.length < MOST_TROUBLES) this.#troubles.push(t);
  }
}

/**
 * Cuts chunks into lines. `each` gets the bytes and the range of one line without its end (`\n` or `\r\n`), and the line's
 * number. The range is only good during the call. The mark that some editors set before UTF-8 is passed over; UTF-16 is refused.
 */
export class Lines {
  readonly ledger: Ledger;
  readonly #each: (bytes: Uint8Array, from: number, to: number, line: number) => void;
  #rest = new Uint8Array(0);
  #dropping = false;

  constructor(ledger: Ledger, each: (bytes: Uint8Array, from: number, to: number, line: number) => void) {
    this.ledger = ledger;
    this.#each = each;
  }

  push(chunk: Uint8Array): void {
    let from = 0;
    while (!this.ledger.stopped) {
      const at = chunk.indexOf(10, from);
      if (at < 0) break;
      if (this.#rest.length > 0 || this.#dropping) {
        const line = this.#join(chunk.subarray(from, at));
        this.#rest = new Uint8Array(0);
        this.#line(line, 0, line.length);
      } else this.#line(chunk, from, at);
      from = at + 1;
    }
    if (from < chunk.length && !this.ledger.stopped) this.#rest = this.#join(chunk.subarray(from));
  }

  /** Call once after the last chunk: a last line without an end counts too. */
  end(): void {
    if ((this.#rest.length > 0 || this.#dropping) && !this.ledger.stopped)
      this.#line(this.#rest, 0, this.#rest.length);
    this.#rest = new Uint8Array(0);
  }

  #join(more: Uint8Array): Uint8Array<ArrayBuffer> {
    if (this.#dropping || this.#rest.length + more.length > LONGEST_LINE) {
      this.#dropping = true;
      return new Uint8Array(0);
    }
    const joined = new Uint8Array(this.#rest.length + more.length);
    joined.set(this.#rest);
    joined.set(more, this.#rest.length);
    return joined;
  }

  #line(bytes: Uint8Array, from: number, to: number): void {
    const line = ++this.ledger.lines;
    if (this.#dropping || to - from > LONGEST_LINE) {
      this.#dropping = false;
      this.ledger.skip(line, 'a very long line', `a line of at most ${LONGEST_LINE} bytes`);
      return;
    }
    let start = from;
    if (line === 1) {
      const [a, b, c] = bytes.subarray(from, to);
      if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
        this.ledger.stop(line, 'text in UTF-16', 'text in UTF-8');
        return;
      }
      if (a === 0xef && b === 0xbb && c === 0xbf) start += 3;
    }
    this.#each(bytes, start, to > start && bytes[to - 1] === 13 ? to - 1 : to, line);
  }
}

/** The text of a range of bytes; bytes that are not UTF-8 are read as Latin-1, as old registries wrote them. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  const part = bytes.subarray(from, to);
  const text = fromUtf8(part);
  if (text !== undefined) return text;
  let latin = '';
  for (const byte of part) latin += String.fromCharCode(byte);
  return latin;
}

/** `text` in quotes, cut to a length that fits a message, without anything that a terminal would obey. */
export function quote(text: string): string {
  const cut = text.length > FOUND_CHARACTERS ? `${text.slice(0, FOUND_CHARACTERS)}…` : text;
  return escaped(JSON.stringify(cut));
}

/** `text` with control characters, and those that turn the direction of writing, as `\u001b`. */
function escaped(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u${(c.codePointAt(0) as number).toString(16).padStart(4, '0')}`,
  );
}

/** A text without the mark that some editors set before it, which JSON does not know. */
export function unmarked(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
