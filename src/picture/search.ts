/** The trace of a search: each try as a dot, the best so far as a line, and what made it better. */
import { ticks } from './scale.ts';
import { circle, line, measure, n, page, path, type Size, shorten, text } from './svg.ts';
import type { Theme } from './theme.ts';

export interface Trace {
  readonly title?: string;
  /** What is to be small: `p90 round trip, ms`. */
  readonly goal: string;
  /** In the order they were tried; a score that is not finite serves nobody. */
  readonly tries: readonly { readonly change: string; readonly score: number }[];
}

/** Dots beyond these are thinned out; the line of the best keeps every step. */
const MOST_DOTS = 4000;
/** So many of the steps that made it better are written at the line, the last ones first. */
const MOST_NAMED = 8;

export function searchPicture(data: Trace, size: Size, theme: Theme): string {
  const { tries } = data;
  const steps: { readonly at: number; readonly score: number; readonly change: string }[] = [];
  for (const [at, t] of tries.entries())
    if (Number.isFinite(t.score) && t.score < (steps.at(-1)?.score ?? Number.POSITIVE_INFINITY))
      steps.push({ at, ...t });
  const first = steps[0];
  const best = steps.at(-1);
  const good = tries.filter((t) => Number.isFinite(t.score)).map((t) => t.score);
  const sorted = [...good].sort((a, b) => a - b);
  const top = Math.max(1e-9, first?.score ?? 1, sorted[Math.floor(0.95 * (sorted.length - 1))] ?? 1) * 1.08;
  const about = {
    title: data.title ?? 'What the search tried',
    subtitle:
      best && first
        ? `${data.goal}: ${n(first.score)} → ${n(best.score)} after ${tries.length} tries`
        : `${data.goal}; nothing that was tried serves anybody`,
    desc:
      steps
        .map((s) => `try ${s.at + 1}: ${s.change}, ${n(s.score)}`)
        .slice(0, 30)
        .join('; ') || 'no try',
    legend: [
      { label: 'a try', draw: (x: number, y: number) => circle(x + 6, y + 6, 2.5, { fill: theme.off }) },
      {
        label: 'the best so far',
        draw: (x: number, y: number) =>
          line(x, y + 6, x + 12, y + 6, { stroke: theme.sites[0] as string, strokeWidth: 2.5 }),
      },
    ],
  };
  return page(size, theme, about, (area) => {
    const axis = ticks(top, 5);
    const end = axis.at(-1) as number;
    const wide = Math.max(...axis.map((v) => measure(n(v), 11)));
    const [left, width, height] = [area.left + wide + 8, area.width - wide - 16, area.height - 24];
    const x = (at: number) => left + ((at + 0.5) / Math.max(1, tries.length)) * width;
    const y = (v: number) => area.top + (1 - Math.min(v, end) / end) * height;
    const parts = axis.flatMap((v) => [
      line(left, y(v), left + width, y(v), { stroke: theme.rule }),
      text(n(v), left - 6, y(v) + 4, { fill: theme.dim, size: 11, anchor: 'end' }),
    ]);
    const skip = Math.max(1, Math.ceil(tries.length / MOST_DOTS));
    let dots = '';
    for (let at = 0; at < tries.length; at += skip) {
      const { score } = tries[at] as { score: number };
      if (Number.isFinite(score)) dots += `M${n(x(at))},${n(y(score))}h0`;
    }
    if (dots !== '')
      parts.push(
        `<path d="${dots}" fill="none" stroke="${theme.off}" stroke-width="4" stroke-linecap="round" opacity="0.7"/>`,
      );
    let d = '';
    for (const [i, s] of steps.entries())
      d += i === 0 ? `M${n(x(s.at))},${n(y(s.score))}` : `H${n(x(s.at))}V${n(y(s.score))}`;
    if (best)
      parts.push(path(`${d}H${n(left + width)}`, { stroke: theme.sites[0] as string, strokeWidth: 2.5 }));
    parts.push(...names(steps, x, y, left, width, area.top + height, theme));
    parts.push(
      text(`${tries.length} tries`, left + width, area.top + height + 16, {
        fill: theme.dim,
        size: 11,
        anchor: 'end',
      }),
    );
    return { body: parts.join('\n'), bottom: area.top + height + 22 };
  });
}

/** Labels of the steps, each under its step, as far as they do not touch. */
function names(
  steps: readonly { readonly at: number; readonly score: number; readonly change: string }[],
  x: (at: number) => number,
  y: (v: number) => number,
  left: number,
  width: number,
  floor: number,
  theme: Theme,
): string[] {
  const taken: (readonly [x0: number, x1: number, y0: number])[] = [];
  const parts: string[] = [];
  for (const s of steps.slice(-MOST_NAMED).reverse()) {
    const label = shorten(s.change, width * 0.6, 11);
    const wide = measure(label, 11);
    const x0 = Math.max(left + 2, Math.min(x(s.at) + 4, left + width - wide));
    for (let at = y(s.score) + 14, tries = 0; tries < 6 && at < floor - 2; at += 13, tries++) {
      if (taken.some(([a, b, c]) => x0 < b && x0 + wide > a && Math.abs(c - at) < 13)) continue;
      taken.push([x0, x0 + wide, at]);
      parts.push(
        circle(x(s.at), y(s.score), 4, {
          fill: theme.sites[0] as string,
          stroke: theme.ground,
          strokeWidth: 1,
          tip: s.change,
        }),
        text(label, x0, at, { fill: theme.text, size: 11, halo: theme.ground }),
      );
      break;
    }
  }
  return parts;
}
