/** Catchments: which part of the clients lands at each site, how much of it for certain, and what the site can take. */
import { bars, leftOut, MOST_BARS } from './bars.ts';
import { percent } from './scale.ts';
import { doubt, line, page, path, rect, type Sign, type Size, swatch } from './svg.ts';
import { siteColour, type Theme } from './theme.ts';

export interface Shares {
  readonly title?: string;
  readonly subtitle?: string;
  readonly sites: readonly Share[];
  /** What the mark of a site means: `capacity`, `its part of all capacity`. */
  readonly mark?: string;
  /** Part of all clients without a route. */
  readonly unreached?: number;
}

export interface Share {
  readonly site: string;
  /** Place in the list of sites, for the colour. */
  readonly index: number;
  /** Of all clients, 0 … 1. */
  readonly share: number;
  /** The part of `share` that is certain, 0 … `share`. */
  readonly certain: number;
  /** What the site can take, in the same measure. */
  readonly mark?: number;
}

export function sharesPicture(data: Shares, size: Size, theme: Theme): string {
  const sites = [...data.sites].sort((a, b) => b.share - a.share || a.index - b.index).slice(0, MOST_BARS);
  const marked = data.mark !== undefined && sites.some((s) => s.mark !== undefined);
  const first = theme.sites[0] as string;
  const unsure: Sign = {
    label: 'may land here: undecided between sites',
    draw: (x, y) =>
      rect(x, y, 12, 12, { fill: first, rx: 2 }) + rect(x, y, 12, 12, { fill: doubt(theme), rx: 2 }),
  };
  const markSign: Sign = { label: data.mark ?? '', draw: (x, y) => tick(x + 6, y, 12, theme) };
  const most = Math.max(0.01, ...sites.map((s) => s.share));
  // A capacity far beyond every load would leave the bars no room: it is then drawn at the end, with an arrow.
  const end =
    Math.max(most, ...sites.map((s) => (s.mark !== undefined && s.mark <= 2.5 * most ? s.mark : 0))) * 1.02;
  const unreached = data.unreached ?? 0;
  const notes = [
    leftOut(data.sites.length, sites.length, 'sites'),
    unreached > 0.0005 ? `${percent(unreached)} of the clients have no route` : undefined,
  ].filter((x) => x !== undefined);
  const about = {
    title: data.title ?? 'Where clients land',
    subtitle: data.subtitle,
    desc: sites
      .map(
        (s) =>
          `${s.site}: ${percent(s.share)} of the clients, ${percent(s.certain)} for certain${over(s) ? ', over its mark' : ''}`,
      )
      .join('; '),
    legend: [swatch('lands here for certain', first), unsure, ...(marked ? [markSign] : [])],
    note: notes.join('; '),
  };
  return page(size, theme, about, (area) =>
    bars(
      sites.map((s) => {
        const fill = siteColour(theme, s.index);
        return {
          label: s.site,
          word: `${percent(s.share)}${over(s) ? '  too much' : ''}`,
          ...(over(s) && { colour: theme.bad }),
          draw: (x, y, height) => {
            const wide = x(s.share) - x(0);
            const sure = x(s.certain) - x(0);
            const tip = `${s.site}: ${percent(s.share)}, of which ${percent(s.certain)} for certain`;
            return [
              rect(x(0), y, wide, height, { fill, tip }),
              rect(x(0) + sure, y, wide - sure, height, { fill: doubt(theme) }),
              s.mark === undefined
                ? ''
                : s.mark > end
                  ? beyond(x(end), y, height, theme)
                  : tick(x(s.mark), y - 2, height + 4, theme),
            ].join('');
          },
        };
      }),
      end,
      area,
      theme,
    ),
  );
}

function over(s: Share): boolean {
  return s.mark !== undefined && s.share > s.mark;
}

/** The sign for what a site can take. */
export function tick(x: number, y: number, height: number, theme: Theme): string {
  return (
    line(x, y, x, y + height, { stroke: theme.ground, strokeWidth: 5 }) +
    line(x, y, x, y + height, { stroke: theme.text, strokeWidth: 2.5 })
  );
}

/** The sign for a mark beyond the axis. */
export function beyond(x: number, y: number, height: number, theme: Theme): string {
  const middle = y + height / 2;
  return path(`M${x - 6},${middle - 4}l6,4l-6,4`, {
    stroke: theme.dim,
    strokeWidth: 2,
    tip: 'beyond the end of the axis',
  });
}
