/**
 * The small pieces that the schema of a speaker's file is made of. Each reads its text and says, as its error, what is
 * allowed there.
 */
import * as z from 'zod';
import {
  type Address,
  type Asn,
  type Millis,
  millis,
  parseAddress,
  parseAsn,
  parseCommunity,
  parseLargeCommunity,
  parsePrefix,
} from '../../base/index.ts';

/** One scalar that `read` understands; `allowed` is a phrase. */
export function scalar<T>(allowed: string, read: (text: string) => T | undefined) {
  return z.string({ error: allowed }).transform((value, ctx) => {
    const found = value.length > 4096 ? undefined : read(value.trim());
    if (found !== undefined) return found;
    ctx.issues.push({ code: 'custom', message: allowed, input: value });
    return z.NEVER;
  });
}

/** A whole number in a range, both ends included. */
export function whole(from: number, to: number, what = 'a whole number') {
  return scalar(`${what} from ${from} to ${to}`, (t) => {
    const value = /^\d{1,15}$/.test(t) ? Number(t) : Number.NaN;
    return value >= from && value <= to ? value : undefined;
  });
}

export const flag = scalar('true or false', readFlag);

/** YAML 1.1's words are understood as well: people write them. */
export function readFlag(t: string): boolean | undefined {
  return /^(true|yes|on)$/i.test(t) ? true : /^(false|no|off)$/i.test(t) ? false : undefined;
}

/** One of a few words. */
export function oneOf<const W extends readonly string[]>(...words: W) {
  return scalar(
    `one of: ${words.join(', ')}`,
    (t) => words.find((word) => word === t) as W[number] | undefined,
  );
}

/** Free text, not empty. */
export function text(what: string, most = 255) {
  return scalar(what, (t) => (t.length > 0 && t.length <= most ? t : undefined));
}

export const asn = scalar('an AS number such as 64500 or AS64500', (t): Asn | undefined => {
  const value = parseAsn(t);
  return value === 0 ? undefined : value;
});
export const address = scalar('an IPv4 or IPv6 address', (t): Address | undefined => parseAddress(t));
export const prefix = scalar('a prefix such as 203.0.113.0/24, no bits set behind its length', parsePrefix);
export const community = scalar(
  'a community such as 64500:100, or a well-known name such as no-export',
  parseCommunity,
);
export const largeCommunity = scalar('a large community such as 64500:1:2', parseLargeCommunity);

/** A time with its unit, within bounds given in milliseconds. */
export function duration(from: number, to: number, words: string) {
  return scalar(`a time such as 30s or 5m, ${words}`, (t) => {
    const ms = readDuration(t);
    return ms !== undefined && ms >= from && ms <= to ? ms : undefined;
  });
}

const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `300ms`, `90s`, `5m`, `1h30m`. A bare number is refused, except 0: seconds or milliseconds is anyone's guess. */
export function readDuration(t: string): Millis | undefined {
  if (t === '0') return millis(0);
  if (!/^(\d{1,9}(ms|s|m|h|d))+$/.test(t)) return undefined;
  let total = 0;
  for (const [, number, unit] of t.matchAll(/(\d+)(ms|s|m|h|d)/g))
    total += Number(number) * (UNITS[unit as string] as number);
  return millis(total);
}

/** The error of `oneOrMore`: what is wrong with the one thing says more than the choice does. */
export const ONE_OR_MORE = 'one value or a list of them';

/** One thing, or a list of them. */
export function oneOrMore<T extends z.ZodType>(of: T, most = 1000) {
  return z.union([of.transform((one): z.output<T>[] => [one]), listOf(of, most)], { error: ONE_OR_MORE });
}

export function listOf<T extends z.ZodType>(of: T, most = 1000) {
  return z.array(of, { error: 'a list' }).max(most, { error: `a list of at most ${most}` });
}

export const NAME_WORDS =
  'letters, digits, dots, dashes and underscores, at most 63, a letter or digit first';
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** A mapping from names to things. */
export function namedMap<T extends z.ZodType>(of: T, what: string, most = 10_000) {
  const name = z.string().regex(NAME, { error: `a name: ${NAME_WORDS}` });
  return z
    .record(name, of, { error: what })
    .refine((all) => Object.keys(all).length <= most, { error: `at most ${most} entries` });
}

type Camel<K extends string> = K extends `${infer A}-${infer B}` ? `${A}${Capitalize<Camel<B>>}` : K;
/** The value behind a mapping of the file: `hold-time` becomes `holdTime`, and what is absent has no key. */
export type Camelised<T> = { readonly [K in keyof T as Camel<K & string>]: Exclude<T[K], undefined> };

/** A mapping with exactly these keys, written with dashes in the file. */
export function mapping<S extends z.ZodRawShape>(shape: S) {
  const keys = Object.keys(shape).join(', ');
  return z
    .strictObject(shape, {
      error: (issue) => (issue.code === 'unrecognized_keys' ? `one of: ${keys}` : `a mapping with: ${keys}`),
    })
    .transform((raw) => camelise(raw) as Camelised<z.output<z.ZodObject<S>>>);
}

function camelise(raw: object): object {
  const value: { [key: string]: unknown } = {};
  for (const [key, v] of Object.entries(raw))
    if (v !== undefined) value[key.replace(/-([a-z0-9])/g, (_, c: string) => c.toUpperCase())] = v;
  return value;
}
