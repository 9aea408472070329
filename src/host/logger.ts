/**
 * What the process says while it runs, to standard error: one JSON object a line for machines, one readable line for a
 * person at a terminal. Secrets are taken out before anything is written.
 */

/** From the most to the least talkative. */
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];

/** Facts that go with a sentence: plain values, no secrets. */
export type Facts = { readonly [name: string]: unknown };

export interface Logger {
  debug(sentence: string, facts?: Facts): void;
  info(sentence: string, facts?: Facts): void;
  warn(sentence: string, facts?: Facts): void;
  error(sentence: string, facts?: Facts): void;
  /** A logger that adds these facts to everything it says. */
  with(facts: Facts): Logger;
}

export interface LoggerOptions {
  /** The least level that is said; `info` when absent. */
  readonly level?: Level;
  /** `json` or `text`; text at a terminal when absent. */
  readonly form?: 'json' | 'text';
  /** Texts that must never be written, such as passwords from the environment, wherever they stand. */
  readonly secrets?: () => Iterable<string>;
  /** Takes a finished line; standard error when absent. */
  readonly write?: (line: string) => void;
  /** The wall clock, in milliseconds since 1970. */
  readonly time?: () => number;
}

/** What stands in a secret's place. */
export const REDACTED = '[secret]';
/** Facts of these names are secret whatever they are. */
const SECRET_NAME = /pass(word|phrase|wd)?$|secret|token|authori[sz]ation|private.?key|^md5$|api.?key/i;
/** Shorter texts would be found in every other word. */
const SHORTEST_SECRET = 4;
/** The longest line that is written, in characters. */
const LONGEST_LINE = 16 * 1024;

export function logger(options: LoggerOptions = {}): Logger {
  return withFacts(options, {});
}

function withFacts(options: LoggerOptions, own: Facts): Logger {
  const least = LEVELS.indexOf(options.level ?? 'info');
  const json = (options.form ?? (process.stderr.isTTY ? 'text' : 'json')) === 'json';
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const time = options.time ?? Date.now;
  const say = (level: Level, sentence: string, facts: Facts = {}): void => {
    if (LEVELS.indexOf(level) < least) return;
    const secrets = options.secrets?.() ?? [];
    const all = { ...own, ...facts };
    const clean = redact({ sentence, facts: all }, secrets) as { sentence: string; facts: Facts };
    const at = new Date(time()).toISOString();
    const line = json
      ? jsonLine(at, level, clean.sentence, clean.facts)
      : textLine(at, level, clean.sentence, clean.facts);
    write(`${line}\n`);
  };
  return {
    debug: (sentence, facts) => say('debug', sentence, facts),
    info: (sentence, facts) => say('info', sentence, facts),
    warn: (sentence, facts) => say('warn', sentence, facts),
    error: (sentence, facts) => say('error', sentence, facts),
    with: (facts) => withFacts(options, { ...own, ...facts }),
  };
}

/**
 * A copy of a value without its secrets: what stands under a name such as `password` is replaced, and so is every one of
 * `secrets` wherever it stands in a text. Bytes become hexadecimal, errors their message; cycles and depth are cut.
 */
export function redact(value: unknown, secrets: Iterable<string> = []): unknown {
  const known = [...secrets].filter((s) => s.length >= SHORTEST_SECRET).sort((a, b) => b.length - a.length);
  const clean = (text: string): string => known.reduce((t, s) => t.replaceAll(s, REDACTED), text);
  const walk = (v: unknown, depth: number): unknown => {
    if (typeof v === 'string') return clean(v);
    if (typeof v === 'bigint') return v.toString();
    if (typeof v === 'function' || typeof v === 'symbol') return undefined;
    if (typeof v !== 'object' || v === null) return v;
    if (depth > 8) return '…';
    if (v instanceof Error) return clean(v.message);
    if (v instanceof Uint8Array)
      return Buffer.from(v.buffer, v.byteOffset, Math.min(v.length, 4096)).toString('hex');
    if (Array.isArray(v)) return v.map((item) => walk(item, depth + 1));
    if (v instanceof Map || v instanceof Set) return walk([...v], depth);
    const entries = Object.entries(v).map(([name, inner]) => {
      const secret =
        SECRET_NAME.test(name) && inner !== undefined && inner !== null && typeof inner !== 'boolean';
      return [name, secret ? REDACTED : walk(inner, depth + 1)];
    });
    return Object.fromEntries(entries);
  };
  return walk(value, 0);
}

/** The line's own names come first and cannot be taken by a fact. */
function jsonLine(at: string, level: Level, sentence: string, facts: Facts): string {
  const line = JSON.stringify({ ...{ at, level, say: '' }, ...facts, at, level, say: sentence });
  return line.length <= LONGEST_LINE
    ? line
    : JSON.stringify({ at, level, say: cut(sentence), cut: line.length });
}

function textLine(at: string, level: Level, sentence: string, facts: Facts): string {
  const pairs = Object.entries(facts)
    .filter(([, v]) => v !== undefined)
    .map(([name, v]) => ` ${name}=${typeof v === 'string' && /^[^\s"=]+$/.test(v) ? v : JSON.stringify(v)}`);
  return cut(visible(`${at.slice(11, 23)} ${level.padEnd(5)} ${sentence}${pairs.join('')}`));
}

function cut(text: string): string {
  return text.length <= LONGEST_LINE ? text : `${text.slice(0, LONGEST_LINE)}…`;
}

/** Control and invisible characters, which could fool a terminal, as escapes. A peer may have chosen the text. */
function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}]/gu,
    (c) => `\\u${(c.codePointAt(0) as number).toString(16).padStart(4, '0')}`,
  );
}
