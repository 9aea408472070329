/**
 * What the process says while it runs, to standard error: one JSON object a line for machines (by pino), one readable line for a
 * person at a terminal. Secrets are taken out before anything is written.
 */
import { createRequire } from 'node:module';
import type { DestinationStream, Logger as Lines } from 'pino';
import { standardError } from './standard-error.ts';

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
  const json = (options.form ?? (process.stderr.isTTY ? 'text' : 'json')) === 'json';
  const time = options.time ?? Date.now;
  const to = options.write ? { write: options.write } : standardError();
  const lines = pino()(
    {
      level: options.level ?? 'info',
      base: null,
      messageKey: 'say',
      timestamp: () => `,"at":"${new Date(time()).toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    limited(json ? to : { write: (line) => to.write(`${textLine(JSON.parse(line) as Line)}\n`) }),
  );
  return withFacts(lines, options.secrets ?? (() => []), {});
}

/** Loaded when somebody first has something to say. */
function pino(): typeof import('pino') {
  return createRequire(import.meta.url)('pino') as typeof import('pino');
}

/** One line as pino writes it. */
interface Line extends Facts {
  readonly level: Level;
  readonly at: string;
  readonly say: string;
}

/** The line's own names cannot be taken by a fact. */
const OWN = ['level', 'at', 'say'];

function withFacts(lines: Lines, secrets: () => Iterable<string>, own: Facts): Logger {
  const say = (level: Level, sentence: string, facts: Facts = {}): void => {
    if (!lines.isLevelEnabled(level)) return;
    const plain = Object.entries({ ...own, ...facts }).filter(([name]) => !OWN.includes(name));
    const clean = redact({ sentence, facts: Object.fromEntries(plain) }, secrets());
    const said = clean as { readonly sentence: string; readonly facts: Facts };
    lines[level](said.facts, said.sentence);
  };
  return {
    debug: (sentence, facts) => say('debug', sentence, facts),
    info: (sentence, facts) => say('info', sentence, facts),
    warn: (sentence, facts) => say('warn', sentence, facts),
    error: (sentence, facts) => say('error', sentence, facts),
    with: (facts) => withFacts(lines, secrets, { ...own, ...facts }),
  };
}

/** A line that is too long loses its facts, and the end of its sentence. */
function limited(to: DestinationStream): DestinationStream {
  return {
    write: (line) => {
      if (line.length <= LONGEST_LINE) return to.write(line);
      const { level, at, say } = JSON.parse(line) as Line;
      to.write(`${JSON.stringify({ level, at, say: cut(say), cut: line.length })}\n`);
    },
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

function textLine({ at, level, say, ...facts }: Line): string {
  const pairs = Object.entries(facts)
    .filter(([, v]) => v !== undefined)
    .map(([name, v]) => ` ${name}=${typeof v === 'string' && /^[^\s"=]+$/.test(v) ? v : JSON.stringify(v)}`);
  return cut(visible(`${at.slice(11, 23)} ${level.padEnd(5)} ${say}${pairs.join('')}`));
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
