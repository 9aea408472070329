/** Round trips: which part of the clients of each site is answered within so many milliseconds. */
import { leftOut } from './bars.ts';
import { ms, ticks, wholePercent } from './scale.ts';
import { circle, column, line, page, path, rect, type Size, shorten, text, through } from './svg.ts';
import { siteColour, type Theme } from './theme.ts';

export interface Trips {
  readonly title?: string;
  readonly subtitle?: string;
  readonly lines: readonly TripLine[];
}

export interface TripLine {
  readonly name: string;
  /** Place in the list of sites, for the colour; absent for all sites together, which is drawn stronger. */
  readonly site?: number;
  /** Milliseconds, ascending, and the part of clients within them, 0 … 1. */
  readonly points: readonly (readonly [ms: number, part: number])[];
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
}

/** More are left out, and said: nobody tells more lines apart. */
export const MOST_TRIP_LINES = 13;
const ROW = 17;

export function tripsPicture(data: Trips, size: Size, theme: Theme): string {
  const lines = data.lines.slice(0, MOST_TRIP_LINES);
  const about = {
    title: data.title ?? 'Round trips',
    subtitle: data.subtitle ?? 'part of the clients answered within; estimated from distance',
    desc: lines
      .map(
        (l) => `${l.name}: half within ${ms(l.median)}, 90 % within ${ms(l.p90)}, 99 % within ${ms(l.p99)}`,
      )
      .join('; '),
    note: leftOut(data.lines.length, lines.length, 'sites'),
  };
  return page(size, theme, about, (area) => {
    const names = column(
      lines.map((l) => l.name),
      Math.max(70, area.width * 0.22),
    );
    const table = names + 24 + 3 * 56;
    const beside = area.width - table >= 320;
    const plot = {
      left: area.left + 40,
      top: area.top + 6,
      width: (beside ? area.width - table - 24 : area.width) - 48,
      height: Math.max(110, (beside ? area.height : area.height - (lines.length + 1) * ROW) - 44),
    };
    const axis = ticks(
      Math.max(10, ...lines.map((l) => l.p99)) * 1.02,
      Math.max(2, Math.min(8, Math.floor(plot.width / 60))),
    );
    const end = axis.at(-1) as number;
    const x = (v: number) => plot.left + (Math.min(v, end) / end) * plot.width;
    const y = (part: number) => plot.top + (1 - part) * plot.height;
    const parts: string[] = [];
    for (const part of [0, 0.25, 0.5, 0.75, 1])
      parts.push(
        line(plot.left, y(part), plot.left + plot.width, y(part), { stroke: theme.rule }),
        text(wholePercent(part), plot.left - 6, y(part) + 4, { fill: theme.dim, size: 11, anchor: 'end' }),
      );
    for (const v of axis)
      parts.push(
        text(String(v), x(v), plot.top + plot.height + 16, { fill: theme.dim, size: 11, anchor: 'middle' }),
      );
    parts.push(
      text('ms', plot.left + plot.width, plot.top + plot.height + 30, {
        fill: theme.dim,
        size: 11,
        anchor: 'end',
      }),
    );
    for (const l of lines) {
      const stroke = l.site === undefined ? theme.text : siteColour(theme, l.site);
      const inside = l.points.filter(([at]) => at <= end);
      const last = inside.at(-1);
      const points = [
        [0, 0] as const,
        ...inside,
        ...(last && last[0] < end ? [[end, last[1]] as const] : []),
      ];
      const dash = l.site !== undefined && l.site >= theme.sites.length ? { dash: '5 3' } : {};
      parts.push(
        path(through(steps(points).map(([a, b]) => [x(a), y(b)] as const)), {
          stroke,
          strokeWidth: l.site === undefined ? 3 : 1.8,
          ...dash,
          tip: `${l.name}: median ${ms(l.median)}, p90 ${ms(l.p90)}, p99 ${ms(l.p99)}`,
        }),
      );
    }
    for (const l of lines) {
      const fill = l.site === undefined ? theme.text : siteColour(theme, l.site);
      const at = { fill, stroke: theme.ground, strokeWidth: 1 };
      parts.push(circle(x(l.median), y(0.5), 4, at), rect(x(l.p90) - 3.5, y(0.9) - 3.5, 7, 7, at));
      const [px, py] = [x(l.p99), y(0.99)];
      parts.push(
        path(
          `${through([
            [px - 4.5, py + 4],
            [px + 4.5, py + 4],
            [px, py - 4.5],
          ])}Z`,
          at,
        ),
      );
    }
    const tableLeft = beside ? area.left + area.width - table : area.left;
    const tableTop = beside ? area.top + 6 : plot.top + plot.height + 40;
    parts.push(...tableOf(lines, tableLeft, tableTop, names, theme));
    const plotEnd = plot.top + plot.height + 34;
    const tableEnd = tableTop + (lines.length + 1) * ROW;
    return { body: parts.join('\n'), bottom: Math.max(plotEnd, tableEnd) };
  });
}

/** A distribution is a stair: nothing is answered between two steps. */
function steps(points: readonly (readonly [number, number])[]): [number, number][] {
  const stair: [number, number][] = [];
  for (const [at, part] of points) {
    const before = stair.at(-1);
    if (before) stair.push([at, before[1]]);
    stair.push([at, part]);
  }
  return stair;
}

function tableOf(
  lines: readonly TripLine[],
  left: number,
  top: number,
  names: number,
  theme: Theme,
): string[] {
  const columns = [56, 112, 168].map((right) => left + names + 24 + right);
  const heads = ['● median', '■ p90', '▲ p99'];
  const parts = heads.map((h, i) =>
    text(shorten(h, i === 0 ? 70 : 56, 11), columns[i] as number, top + 11, {
      fill: theme.dim,
      size: 11,
      anchor: 'end',
    }),
  );
  for (const [i, l] of lines.entries()) {
    const y = top + (i + 1) * ROW;
    const fill = l.site === undefined ? theme.text : siteColour(theme, l.site);
    parts.push(
      line(left, y + 7, left + 16, y + 7, { stroke: fill, strokeWidth: l.site === undefined ? 3 : 2 }),
      text(shorten(l.name, names), left + 22, y + 11, {
        fill: theme.text,
        bold: l.site === undefined,
        tip: l.name,
      }),
    );
    for (const [k, v] of [l.median, l.p90, l.p99].entries())
      parts.push(text(ms(v), columns[k] as number, y + 11, { fill: theme.text, size: 11, anchor: 'end' }));
  }
  return parts;
}

/** A line from a histogram of whole milliseconds; undefined when it is empty. */
export function tripLine(name: string, bins: ArrayLike<number>, site?: number): TripLine | undefined {
  let total = 0;
  for (let i = 0; i < bins.length; i++) total += bins[i] as number;
  if (!(total > 0)) return undefined;
  const points: [number, number][] = [];
  const at = { median: 0, p90: 0, p99: 0 };
  let sum = 0;
  let [half, most, all] = [false, false, false];
  for (let i = 0; i < bins.length; i++) {
    if ((bins[i] as number) <= 0) continue;
    sum += bins[i] as number;
    const part = Math.min(1, sum / total);
    points.push([i, part]);
    if (!half && part >= 0.5) [half, at.median] = [true, i];
    if (!most && part >= 0.9) [most, at.p90] = [true, i];
    if (!all && part >= 0.99) [all, at.p99] = [true, i];
  }
  return { name, ...(site !== undefined && { site }), points, ...at };
}
