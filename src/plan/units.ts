/** Quantities as operators write them: `300ms`, `40 Gbps`, `1 per 30s`, `${FRA_MD5}`. Readers give undefined for what they cannot read. */
import { type Millis, millis } from '../base/index.ts';
import type { FlapBudget, Rate, Secret } from './plan.ts';

const TIME: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];
const BITS: { readonly [unit: string]: number } = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** The longest time a plan may name: a year. */
const LONGEST = 366 * 86_400_000;

/** `300ms`, `30s`, `1.5 m`, `2h`, `1m30s`, `7d`. A bare number is refused, except 0: seconds or milliseconds is anyone's guess. */
export function readDuration(text: string): Millis | undefined {
  const squeezed = text.trim().toLowerCase().replace(/\s+/g, '');
  if (squeezed === '0') return millis(0);
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(squeezed)) return undefined;
  let total = 0;
  for (const [, number, unit] of squeezed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    total += Number(number) * (TIME.find(([name]) => name === unit)?.[1] as number);
  return total <= LONGEST ? millis(Math.round(total)) : undefined;
}

/** The shortest way to write a duration that reads back as the same. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  const unit = TIME.find(([, size]) => ms % size === 0);
  return unit ? `${ms / unit[1]}${unit[0]}` : `${Math.round(ms)}ms`;
}

/** `40 Gbps`, `800 Mbit/s`, `1.5T`: bits per second, decimal multiples. */
export function readBitRate(text: string): number | undefined {
  const m = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:bps|bit\/s|b\/s)?$/i.exec(text.trim());
  if (!m) return undefined;
  if (m[2] === '' && !/[a-z]/i.test(text) && Number(m[1]) !== 0) return undefined;
  const rate = Math.round(Number(m[1]) * (BITS[(m[2] as string).toLowerCase()] as number));
  return Number.isSafeInteger(rate) ? rate : undefined;
}

/** Bits per second in the largest unit that needs no more than three decimals. */
export function formatBitRate(bits: number): string {
  for (const [unit, size] of Object.entries(BITS).reverse()) {
    const value = bits / size;
    if (value >= 1 && Math.round(value * 1000) / 1000 === value)
      return `${value} ${unit === 'k' ? 'k' : unit.toUpperCase()}bps`;
  }
  return `${bits} bps`;
}

/** `1 per 30s`. */
export function readRate(text: string): Rate | undefined {
  const m = /^(\d{1,6})\s*(?:per|\/)\s*(.+)$/.exec(text.trim());
  const per = m && readDuration(/^[a-z]/i.test(m[2] as string) ? `1${m[2]}` : (m[2] as string));
  return m && per && Number(m[1]) > 0 ? { count: Number(m[1]), per } : undefined;
}

export function formatRate(rate: Rate): string {
  return `${rate.count} per ${formatDuration(rate.per)}`;
}

/** `3 per 10m` or `3 per 10m, then wait 30s up to 10m`. */
export function readFlaps(text: string): FlapBudget | undefined {
  const m = /^(.+?)(?:,?\s+then wait\s+(\S+)(?:\s+up to\s+(\S+))?)?$/.exec(text.trim());
  const rate = m && readRate(m[1] as string);
  if (!m || !rate) return undefined;
  const backOff = m[2] === undefined ? millis(30_000) : readDuration(m[2]);
  const longest = m[3] === undefined ? millis(Math.max(600_000, backOff ?? 0)) : readDuration(m[3]);
  if (backOff === undefined || longest === undefined || longest < backOff || rate.count > 1000)
    return undefined;
  return { ...rate, backOff, longest };
}

export function formatFlaps(flaps: FlapBudget): string {
  return `${formatRate(flaps)}, then wait ${formatDuration(flaps.backOff)} up to ${formatDuration(flaps.longest)}`;
}

/** `${NAME}` for the environment, `file:/path` for a file. Anything else would be the secret itself, and is refused. */
export function readSecret(text: string): Secret | undefined {
  const env = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(text.trim());
  if (env) return { from: 'env', name: env[1] as string };
  const file = /^file:(\/\S+)$/.exec(text.trim());
  return file ? { from: 'file', path: file[1] as string } : undefined;
}

export function formatSecret(secret: Secret): string {
  return secret.from === 'env' ? `\${${secret.name}}` : `file:${secret.path}`;
}
