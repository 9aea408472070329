/** Sites × time: one row for each site, one column for each step of time, the darker the more. */
import { leftOut } from './bars.ts';
import { percent, utc } from './scale.ts';
import { column, doubt, line, measure, page, rect, type Sign, type Size, shorten, text } from './svg.ts';
import { stepColour, type Theme } from './theme.ts';

export interface Heat {
  readonly title?: string;
  /** Milliseconds since 1970 of the first column's beginning. */
  readonly from: number;
  /** Milliseconds of one column. */
  readonly step: number;
  readonly rows: readonly HeatRow[];
  /** What a value of one column and row means, for the legend: `share of all clients`. */
  readonly what: string;
  /** The value of the darkest colour; the greatest that occurs unless given. */
  readonly most?: number;
  /** How a value is written; as a percentage unless given. */
  readonly write?: (value: number) => string;
}

export interface HeatRow {
  readonly site: string;
  /** Undefined where nothing is known. */
  readonly values: readonly (number | undefined)[];
  /** The state in a word, shown at the end of the row: `up`, `drained`. */
  readonly now?: string;
}

/** More rows are left out, and said; more columns are joined, each showing the mean of what is known in it. */
export const MOST_HEAT_ROWS = 100;
const NARROWEST_COLUMN = 3;
const ROW = 20;
/** Pictures of fewer cells say each value when pointed at. */
const MOST_TIPS = 3000;

export function heatPicture(data: Heat, size: Size, theme: Theme): string {
  const rows = data.rows.slice(0, MOST_HEAT_ROWS);
  const columns = Math.max(0, ...rows.map((r) => r.values.length));
  const known = rows.flatMap((r) => r.values.filter((v) => v !== undefined));
  const most = data.most ?? known.reduce((a, b) => Math.max(a, b), 1e-9);
  const write = data.write ?? percent;
  const end = data.from + columns * data.step;
  const unknown: Sign = {
    label: 'nothing known',
    draw: (x, y) => rect(x, y, 12, 12, { fill: theme.rule }) + rect(x, y, 12, 12, { fill: doubt(theme) }),
  };
  const about = {
    title: data.title ?? 'Sites over time',
    subtitle: `${data.what}; ${utc(data.from).day} ${utc(data.from).time} to ${utc(end).day} ${utc(end).time} UTC`,
    desc: rows
      .slice(0, 20)
      .map((r) => {
        const last = r.values.findLast((v) => v !== undefined);
        return `${r.site}: ${last === undefined ? 'nothing known' : `${write(last)} at the end`}${r.now ? `, ${r.now}` : ''}`;
      })
      .join('; '),
    legend: [
      ...[0, 0.5, 1].map((part) => ({
        label: write(part * most),
        draw: (x: number, y: number) =>
          rect(x, y, 12, 12, { fill: stepColour(theme, part), stroke: theme.rule, strokeWidth: 1 }),
      })),
      unknown,
    ],
    note: leftOut(data.rows.length, rows.length, 'sites'),
  };
  return page(size, theme, about, (area) => {
    const names = column(
      rows.map((r) => r.site),
      area.width * 0.28,
    );
    const words = column(
      rows.map((r) => r.now ?? ''),
      area.width * 0.2,
      11,
    );
    const x0 = area.left + names + 8;
    const width = area.width - names - 8 - (words > 0 ? words + 8 : 0);
    const join = Math.max(1, Math.ceil((columns * NARROWEST_COLUMN) / width));
    const shown = Math.ceil(columns / join);
    const cell = shown === 0 ? 0 : width / shown;
    const parts: string[] = [];
    for (const [i, row] of rows.entries()) {
      const y = area.top + i * ROW;
      parts.push(text(shorten(row.site, names), area.left, y + 14, { fill: theme.text, tip: row.site }));
      parts.push(
        ...cells(row, join, shown).map((run) => {
          const span = {
            from: data.from + run.at * join * data.step,
            to: data.from + (run.at + run.count) * join * data.step,
          };
          const fill = run.value === undefined ? theme.rule : stepColour(theme, run.value / most);
          const tip = `${row.site}, ${utc(span.from).time} to ${utc(span.to).time}: ${run.value === undefined ? 'nothing known' : write(run.value)}`;
          const at = [x0 + run.at * cell, y + 2, run.count * cell + 0.3, ROW - 3] as const;
          const body = rect(...at, { fill, ...(rows.length * shown <= MOST_TIPS && { tip }) });
          return run.value === undefined ? body + rect(...at, { fill: doubt(theme) }) : body;
        }),
      );
      if (row.now)
        parts.push(text(shorten(row.now, words, 11), x0 + width + 8, y + 14, { fill: theme.dim, size: 11 }));
    }
    const bottom = area.top + rows.length * ROW;
    parts.push(...timeAxis(data.from, end, x0, width, bottom, theme));
    return { body: parts.join('\n'), bottom: bottom + 20 };
  });
}

interface Run {
  readonly at: number;
  readonly count: number;
  readonly value: number | undefined;
}

/** Columns joined, then equal neighbours drawn as one. */
function cells(row: HeatRow, join: number, shown: number): Run[] {
  const runs: Run[] = [];
  for (let c = 0; c < shown; c++) {
    const known = row.values.slice(c * join, (c + 1) * join).filter((v) => v !== undefined);
    const value = known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0) / known.length;
    const last = runs.at(-1);
    if (last && last.value === value) runs[runs.length - 1] = { ...last, count: last.count + 1 };
    else runs.push({ at: c, count: 1, value });
  }
  return runs;
}

/** Steps that people read clocks by, in seconds. */
const CLOCK = [
  1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000,
];

/** Labels under a time axis. */
function timeAxis(from: number, to: number, x0: number, width: number, y: number, theme: Theme): string[] {
  if (!(to > from)) return [];
  const room = Math.max(1, Math.floor(width / 80));
  const step =
    1000 *
    (CLOCK.find((s) => (to - from) / 1000 / s <= room) ??
      (CLOCK.at(-1) as number) * Math.ceil((to - from) / 1000 / room / 2_592_000));
  const parts = [line(x0, y + 1, x0 + width, y + 1, { stroke: theme.rule })];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const x = x0 + ((at - from) / (to - from)) * width;
    const { day, time, seconds } = utc(at);
    const label = step >= 86_400_000 ? day : step < 60_000 ? seconds : time;
    const half = measure(label, 11) / 2;
    if (x - half < x0 - 20 || x + half > x0 + width + 12) continue;
    parts.push(
      line(x, y + 1, x, y + 5, { stroke: theme.dim }),
      text(label, x, y + 16, { fill: theme.dim, size: 11, anchor: 'middle' }),
    );
  }
  return parts;
}
