/** Failures: a row for each site that fails, a column for each that takes its clients. */
import { leftOut } from './bars.ts';
import { percent, wholePercent } from './scale.ts';
import { column, line, measure, page, path, rect, type Size, shorten, text } from './svg.ts';
import { inkOn, stepColour, type Theme } from './theme.ts';

export interface Failures {
  readonly title?: string;
  /** Columns: the sites in their order. */
  readonly sites: readonly string[];
  /** Of all clients at each site before, 0 … 1. */
  readonly before: readonly number[];
  readonly rows: readonly FailureRow[];
  /** What each site can take, as part of all clients; undefined where it is not known. */
  readonly capacity?: readonly (number | undefined)[];
  /** What those parts were made of, for the note. */
  readonly capacityMeans?: string;
}

export interface FailureRow {
  readonly without: readonly string[];
  /** Of all clients at each site after. */
  readonly after: readonly number[];
  readonly unreached: number;
}

/** More rows and columns are left out, and said: the first rows stay, which are the worst, and the sites that gain most. */
const MOST_FAILURE_ROWS = 60;
const MOST_FAILURE_COLUMNS = 40;
const ROW = 24;

export function failuresPicture(data: Failures, size: Size, theme: Theme): string {
  const rows = data.rows.slice(0, MOST_FAILURE_ROWS);
  const gain = (row: FailureRow, k: number) =>
    Math.max(0, (row.after[k] as number) - (data.before[k] as number));
  const greatest = data.sites.map((_, k) => rows.reduce((most, r) => Math.max(most, gain(r, k)), 0));
  const columns = [...data.sites.keys()]
    .sort((a, b) => (greatest[b] as number) - (greatest[a] as number) || a - b)
    .slice(0, MOST_FAILURE_COLUMNS)
    .sort((a, b) => a - b);
  const most = Math.max(0.01, ...greatest);
  const full = (row: FailureRow, k: number) => {
    const limit = data.capacity?.[k];
    return (
      limit !== undefined &&
      (row.after[k] as number) > limit &&
      !row.without.includes(data.sites[k] as string)
    );
  };
  const fullAnywhere = rows.some((r) => columns.some((k) => full(r, k)));
  const about = {
    title: data.title ?? 'What each failure does',
    subtitle:
      'rows: the site that fails; columns: who takes its clients, and how many of all clients are there then',
    desc: rows
      .slice(0, 20)
      .map((r) => {
        const worst = columns.reduce((a, b) => (gain(r, b) > gain(r, a) ? b : a), columns[0] ?? 0);
        return `without ${r.without.join(' and ')}: ${data.sites[worst] ?? 'nobody'} takes most, ${percent(gain(r, worst))} of all clients${columns.some((k) => full(r, k)) ? ', and a site is too small' : ''}`;
      })
      .join('; '),
    legend: [
      ...[0, 0.5, 1].map((part) => ({
        label: `+${wholePercent(part * most)}`,
        draw: (x: number, y: number) =>
          rect(x, y, 12, 12, { fill: stepColour(theme, part), stroke: theme.rule }),
      })),
      ...(fullAnywhere
        ? [
            {
              label: `more than it can take${data.capacityMeans ? ` (${data.capacityMeans})` : ''}`,
              draw: (x: number, y: number) =>
                rect(x, y, 12, 12, { fill: theme.ground, stroke: theme.bad, strokeWidth: 2.5 }),
            },
          ]
        : []),
    ],
    note: [
      leftOut(data.rows.length, rows.length, 'failures'),
      leftOut(data.sites.length, columns.length, 'sites'),
    ]
      .filter((x) => x !== undefined)
      .join('; '),
  };
  return page(size, theme, about, (area) => {
    const names = column(
      rows.map((r) => r.without.join(', ')),
      area.width * 0.3,
    );
    const left = area.left + names + 8;
    const anyLost = rows.some((r) => r.unreached > 0.0005);
    const lost = anyLost ? 64 : 0;
    const cell = Math.min(70, (area.width - names - 8 - lost) / Math.max(1, columns.length));
    const heads = columns.map((k) => data.sites[k] as string);
    const upright = heads.some((h) => measure(h, 11) > cell - 4);
    const tall = upright ? Math.min(110, column(heads, 200, 11) + 10) : 18;
    const top = area.top + tall;
    const parts: string[] = [];
    for (const [c, head] of heads.entries()) {
      const x = left + (c + 0.5) * cell;
      if (cell < 9) continue;
      parts.push(
        upright
          ? text(shorten(head, tall - 8, 11), x + 4, top - 5, {
              fill: theme.dim,
              size: 11,
              turn: -90,
              tip: head,
            })
          : text(head, x, top - 5, { fill: theme.dim, size: 11, anchor: 'middle' }),
      );
    }
    if (anyLost)
      parts.push(
        text('no route', left + columns.length * cell + lost, top - 5, {
          fill: theme.dim,
          size: 11,
          anchor: 'end',
        }),
      );
    for (const [i, row] of rows.entries()) {
      const y = top + i * ROW;
      parts.push(
        text(shorten(row.without.join(', '), names), area.left, y + 16, {
          fill: theme.text,
          tip: row.without.join(', '),
        }),
      );
      for (const [c, k] of columns.entries())
        parts.push(cellOf(data, row, k, gain(row, k) / most, full(row, k), left + c * cell, y, cell, theme));
      if (anyLost)
        parts.push(
          text(percent(row.unreached), left + columns.length * cell + lost, y + 16, {
            fill: row.unreached > 0.0005 ? theme.bad : theme.dim,
            size: 11,
            anchor: 'end',
          }),
        );
    }
    const bottom = top + rows.length * ROW;
    parts.push(line(left, bottom, left + columns.length * cell, bottom, { stroke: theme.rule }));
    return { body: parts.join('\n'), bottom: bottom + 4 };
  });
}

function cellOf(
  data: Failures,
  row: FailureRow,
  k: number,
  depth: number,
  full: boolean,
  x: number,
  y: number,
  width: number,
  theme: Theme,
): string {
  const site = data.sites[k] as string;
  const inner = [x + 1, y + 1, width - 2, ROW - 2] as const;
  if (row.without.includes(site))
    return path(`M${inner[0]},${inner[1] + inner[3]}L${inner[0] + inner[2]},${inner[1]}`, {
      stroke: theme.off,
      tip: `${site} fails`,
    });
  const after = row.after[k] as number;
  const fill = stepColour(theme, depth);
  const tip = `without ${row.without.join(', ')}: ${site} has ${percent(after)} of all clients, before ${percent(data.before[k] as number)}${full ? '; more than it can take' : ''}`;
  const edge = full ? { stroke: theme.bad, strokeWidth: 2.5 } : {};
  const label = full ? `${wholePercent(after)}!` : wholePercent(after);
  const short = full ? '!' : '';
  const shown = measure(label, 11) <= width - 6 ? label : short;
  const body = rect(...inner, { fill, tip, ...edge });
  return shown === ''
    ? body
    : body +
        text(shown, x + width / 2, y + 16, { fill: inkOn(fill), size: 11, anchor: 'middle', bold: full });
}
