/**
 * The small pieces of the schema of a speaker's file that mean something else there than in a plan; the others are the plan's own.
 * Each reads its text and says, as its error, what is allowed there.
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

/** YAML 1.1's words are understood as well: people write them. */
export function readFlag(t: string): boolean | undefined {
  return /^(true|yes|on)$/i.test(t) ? true : /^(false|no|off)$/i.test(t) ? false : undefined;
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
