/** Which part of time the slider shows. Pure. */

/** What can be chosen, in milliseconds. */
export const SPANS = {
  '1min': 60_000,
  '10min': 600_000,
  '1h': 3_600_000,
  '6h': 21_600_000,
  '24h': 86_400_000,
} as const;
export type Span = keyof typeof SPANS;
export const SPAN_NAMES = Object.keys(SPANS) as readonly Span[];

export function spanOf(text: string | undefined): Span {
  return SPAN_NAMES.find((name) => name === text) ?? '10min';
}

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The time until now, unless what is looked at is older: then that is in the middle. */
export function stretchOf(span: Span, now: number, at: number | undefined): Stretch {
  const length = SPANS[span];
  if (at === undefined || at >= now - length) return { from: now - length, to: now };
  const to = Math.min(now, at + length / 2);
  return { from: to - length, to };
}

/** Instants for labels: round ones, at most `most`. */
export function marks({ from, to }: Stretch, most: number): readonly number[] {
  const step = STEPS.find((s) => (to - from) / s <= most) ?? (STEPS.at(-1) as number);
  const found: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to && found.length < most + 1; at += step)
    found.push(at);
  return found;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS = [
  SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  24 * HOUR,
  168 * HOUR,
];

/** `12:31`, or with seconds where marks are nearer than a minute. */
export function markText(at: number, step: number): string {
  return new Date(at).toISOString().slice(11, step % MINUTE === 0 ? 16 : 19);
}
