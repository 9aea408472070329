/**
 * The small pieces that the file's schema is made of. In the file every scalar is text (so that a site may be called `no`
 * and `64086.10` stays what was written); each piece reads its text, and says what is allowed there as the error.
 */
import * as z from 'zod';
import {
  type Asn,
  parseAddress,
  parseAsn,
  parseCommunity,
  parseLargeCommunity,
  parsePrefix,
} from '../base/index.ts';
import { readBitRate, readDuration, readFlaps, readRate, readSecret } from './units.ts';

type Json = { readonly [key: string]: unknown };

/** What a piece looks like to an editor, where that differs from what zod would say. */
const EDITOR_FORM = new WeakMap<object, Json>();

/** The JSON Schema of a piece of the file's schema, for editors. */
export function jsonSchema(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    override: ({ zodSchema, jsonSchema: json }) => {
      const form = formOf(zodSchema);
      if (!form) return;
      for (const key of ['anyOf', 'type']) delete json[key as 'type'];
      Object.assign(json, form);
    },
  }) as Json;
}

/** A description makes a copy of a schema; the form belongs to what it was copied from. */
function formOf(schema: z.core.$ZodType): Json | undefined {
  for (let s: z.core.$ZodType | undefined = schema; s; s = s._zod.parent) {
    const form = EDITOR_FORM.get(s);
    if (form) return form;
  }
  return undefined;
}

/** One scalar that `read` understands. `allowed` is a phrase; `form` what editors are told. */
export function scalar<T>(allowed: string, read: (text: string) => T | undefined, form: Json) {
  const schema = z
    .union([z.string(), z.number(), z.boolean()], { error: allowed })
    .transform((value, ctx) => {
      const text = String(value).trim();
      const found = text.length > 4096 ? undefined : read(text);
      if (found !== undefined) return found;
      ctx.issues.push({ code: 'custom', message: allowed, input: value });
      return z.NEVER;
    });
  EDITOR_FORM.set(schema, form);
  return schema;
}

/** A whole number in a range, both ends included. */
export function whole(from: number, to: number, what = 'a whole number') {
  return scalar(
    `${what} from ${from} to ${to}`,
    (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= from && value <= to ? value : undefined;
    },
    { type: 'integer', minimum: from, maximum: to },
  );
}

export const flag = scalar(
  'true or false',
  (text) => (/^(true|yes|on)$/i.test(text) ? true : /^(false|no|off)$/i.test(text) ? false : undefined),
  { type: 'boolean' },
);

/** One of a few words. */
export function oneOf<const W extends readonly string[]>(...words: W) {
  return scalar(
    `one of: ${words.join(', ')}`,
    (text) => words.find((word) => word === text) as W[number] | undefined,
    { enum: words },
  );
}

/** Free text, not empty. */
export function text(what: string, most = 255) {
  return scalar(what, (t) => (t.length > 0 && t.length <= most ? t : undefined), {
    type: ['string', 'number'],
    minLength: 1,
  });
}

export const asn = scalar('an AS number such as 64500 or AS64500', (t): Asn | undefined => parseAsn(t), {
  type: ['integer', 'string'],
});
export const address = scalar('an IPv4 or IPv6 address', parseAddress, { type: 'string' });
export const ipv4Address = scalar('an IPv4 address', (t) => (t.includes(':') ? undefined : parseAddress(t)), {
  type: 'string',
});
export const prefix = scalar('a prefix such as 203.0.113.0/24, no bits set behind its length', parsePrefix, {
  type: 'string',
});
export const community = scalar(
  'a community such as 64601:100, or a well-known name such as no-export',
  parseCommunity,
  { type: 'string' },
);
export const largeCommunity = scalar('a large community such as 64601:1:2', parseLargeCommunity, {
  type: 'string',
});
export const duration = scalar('a time such as 300ms, 30s or 5m', readDuration, {
  type: ['string', 'integer'],
});
export const bitRate = scalar('a bit rate such as 800 Mbps or 40 Gbps', readBitRate, {
  type: ['string', 'integer'],
});
export const rate = scalar('a rate such as 1 per 30s', readRate, { type: 'string' });
export const flapBudget = scalar(
  'a budget such as "3 per 10m" or "3 per 10m, then wait 30s up to 10m"',
  readFlaps,
  { type: 'string' },
);
export const secret = scalar(
  `a reference to a secret: \${NAME} for the environment, or file:/path; never the secret itself`,
  readSecret,
  { type: 'string' },
);

/** A time within bounds. */
export function durationBetween(from: number, to: number, words: string) {
  return scalar(
    `a time ${words}`,
    (t) => {
      const ms = readDuration(t);
      return ms !== undefined && ms >= from && ms <= to ? ms : undefined;
    },
    { type: ['string', 'integer'] },
  );
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

/** A mapping from names to things. */
export function namedMap<T extends z.ZodType>(of: T, what: string, most = 1000) {
  const name = z.string().regex(NAME, { error: `a name: ${NAME_WORDS}` });
  return z
    .record(name, of, { error: what })
    .refine((all) => Object.keys(all).length <= most, { error: `at most ${most} entries` });
}

export const NAME_WORDS =
  'letters, digits, dots, dashes and underscores, at most 63, a letter or digit first';
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

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
    .transform((raw) => camelise(raw as Json) as Camelised<z.output<z.ZodObject<S>>>);
}

function camelise(raw: Json): Json {
  const value: { [key: string]: unknown } = {};
  for (const [key, v] of Object.entries(raw))
    if (v !== undefined) value[key.replace(/-([a-z0-9])/g, (_, c: string) => c.toUpperCase())] = v;
  return value;
}
