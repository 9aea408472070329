/** Reliability: when it says 80 %, how often is it so? On the line from corner to corner what is said is what is. */
import { percent, wholePercent } from './scale.ts';
import { circle, line, page, path, rect, type Size, text, through } from './svg.ts';
import type { Theme } from './theme.ts';

export interface Reliability {
  readonly title?: string;
  readonly bins: readonly ReliabilityBin[];
  /** A sentence with the scores. */
  readonly subtitle?: string;
}

export interface ReliabilityBin {
  /** Mean of what was said, 0 … 1. */
  readonly said: number;
  /** How often it was so, with its bounds. */
  readonly right: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export function reliabilityPicture(data: Reliability, size: Size, theme: Theme): string {
  const bins = data.bins.filter((b) => b.count > 0 && Number.isFinite(b.right));
  const about = {
    title: data.title ?? 'Is it as sure as it should be?',
    subtitle:
      data.subtitle ??
      'across: how probable it said; up: how often it was so, with 95 % bounds; below: how many clients',
    desc:
      bins
        .map((b) => `said ${wholePercent(b.said)}, was so ${wholePercent(b.right)} of ${b.count}`)
        .join('; ') || 'nothing was observed',
    legend: [
      {
        label: 'as said',
        draw: (x: number, y: number) =>
          line(x, y + 12, x + 12, y, { stroke: theme.dim, strokeWidth: 1.5, dash: '4 3' }),
      },
      {
        label: 'as found',
        draw: (x: number, y: number) => circle(x + 6, y + 6, 4.5, { fill: theme.sites[0] as string }),
      },
    ],
  };
  return page(size, theme, about, (area) => {
    const histogram = 46;
    const side = Math.max(120, Math.min(area.width - 52, area.height - histogram - 44));
    const wide = Math.min(area.width - 52, side * 1.5);
    const left = area.left + 42;
    const x = (p: number) => left + p * wide;
    const y = (p: number) => area.top + 8 + (1 - p) * side;
    const parts: string[] = [];
    for (const p of [0, 0.25, 0.5, 0.75, 1]) {
      parts.push(
        line(x(0), y(p), x(1), y(p), { stroke: theme.rule }),
        line(x(p), y(0), x(p), y(1), { stroke: theme.rule }),
        text(wholePercent(p), x(0) - 6, y(p) + 4, { fill: theme.dim, size: 11, anchor: 'end' }),
        text(wholePercent(p), x(p), y(0) + 15, { fill: theme.dim, size: 11, anchor: 'middle' }),
      );
    }
    parts.push(
      path(
        through([
          [x(0), y(0)],
          [x(1), y(1)],
        ]),
        { stroke: theme.dim, strokeWidth: 1.5, dash: '6 4' },
      ),
    );
    const hue = theme.sites[0] as string;
    const sorted = [...bins].sort((a, b) => a.said - b.said);
    if (sorted.length > 1)
      parts.push(
        path(through(sorted.map((b) => [x(b.said), y(b.right)] as const)), { stroke: hue, strokeWidth: 1.5 }),
      );
    const most = Math.max(1, ...bins.map((b) => b.count));
    const base = y(0) + 24 + histogram;
    for (const b of sorted) {
      parts.push(
        line(x(b.said), y(b.low), x(b.said), y(b.high), { stroke: hue, strokeWidth: 2 }),
        circle(x(b.said), y(b.right), 4.5, {
          fill: hue,
          stroke: theme.ground,
          strokeWidth: 1,
          tip: `said ${percent(b.said)}; was so ${percent(b.right)} (${wholePercent(b.low)} to ${wholePercent(b.high)}) of ${b.count}`,
        }),
        rect(
          x(b.said) - wide / 45,
          base - (b.count / most) * (histogram - 8),
          wide / 22.5,
          (b.count / most) * (histogram - 8),
          { fill: theme.dim, opacity: 0.7, tip: `${b.count} clients` },
        ),
      );
    }
    return { body: parts.join('\n'), bottom: base + 4 };
  });
}
