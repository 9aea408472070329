/** An attack by traffic: what each site gets, what it absorbs, and what it cannot. */
import { bars, heading, leftOut, MOST_BARS } from './bars.ts';
import { bits, percent } from './scale.ts';
import { beyond, tick } from './shares.ts';
import { doubt, page, rect, type Size, swatch } from './svg.ts';
import type { Theme } from './theme.ts';

export interface AttackData {
  readonly title?: string;
  /** Bits per second in all. */
  readonly size: number;
  readonly sites: readonly AttackedSite[];
  /** Part of the clients that is still served as things are. */
  readonly served: number;
  readonly responses: readonly { readonly name: string; readonly served: number }[];
}

export interface AttackedSite {
  readonly site: string;
  /** Bits per second that land here. */
  readonly load: number;
  readonly capacity: number | undefined;
}

const MOST_RESPONSES = 8;

export function attackPicture(data: AttackData, size: Size, theme: Theme): string {
  const sites = [...data.sites].sort((a, b) => b.load - a.load).slice(0, MOST_BARS);
  const most = Math.max(1, ...sites.map((s) => s.load));
  const end =
    Math.max(
      most,
      ...sites.map((s) => (s.capacity !== undefined && s.capacity <= 2 * most ? s.capacity : 0)),
    ) * 1.02;
  const state = (s: AttackedSite) =>
    s.capacity === undefined ? 'unknown' : s.load > s.capacity ? 'overwhelmed' : 'absorbs';
  const about = {
    title: data.title ?? `An attack of ${bits(data.size)}`,
    subtitle: `${percent(data.served)} of the clients' traffic is still served if nothing is done`,
    desc: sites
      .map(
        (s) =>
          `${s.site} gets ${bits(s.load)}${s.capacity === undefined ? '' : ` with a capacity of ${bits(s.capacity)}`}: ${state(s)}`,
      )
      .join('; '),
    legend: [
      swatch('absorbed', theme.good),
      {
        label: 'more than the site can take',
        draw: (x: number, y: number) =>
          rect(x, y, 12, 12, { fill: theme.bad }) + rect(x, y, 12, 12, { fill: doubt(theme) }),
      },
      { label: 'capacity', draw: (x: number, y: number) => tick(x + 6, y, 12, theme) },
    ],
    note: leftOut(data.sites.length, sites.length, 'sites'),
  };
  return page(size, theme, about, (area) => {
    const drawn = bars(
      sites.map((s) => ({
        label: s.site,
        word: `${bits(s.load)}  ${state(s)}`,
        colour: s.capacity === undefined ? theme.warn : s.load > s.capacity ? theme.bad : theme.good,
        draw: (x, y, height) => {
          const taken = Math.min(s.load, s.capacity ?? s.load);
          const over = x(s.load) - x(taken);
          return [
            rect(x(0), y, x(taken) - x(0), height, {
              fill: s.capacity === undefined ? theme.warn : theme.good,
              tip: `${s.site}: ${bits(s.load)}`,
            }),
            over > 0
              ? rect(x(taken), y, over, height, { fill: theme.bad }) +
                rect(x(taken), y, over, height, { fill: doubt(theme) })
              : '',
            s.capacity === undefined
              ? ''
              : s.capacity > end
                ? beyond(x(end), y, height, theme)
                : tick(x(s.capacity), y - 2, height + 4, theme),
          ].join('');
        },
      })),
      end,
      area,
      theme,
    );
    const responses = data.responses.slice(0, MOST_RESPONSES);
    if (responses.length === 0) return drawn;
    const top = drawn.bottom + 12;
    const below = bars(
      [{ name: 'nothing', served: data.served }, ...responses].map((r) => ({
        label: r.name,
        word: percent(r.served),
        draw: (x, y, height) => rect(x(0), y, x(r.served) - x(0), height, { fill: theme.sites[0] as string }),
      })),
      1,
      { ...area, top: top + 22 },
      theme,
    );
    return {
      body: [drawn.body, heading('Clients served, if we do', area, top, theme), below.body].join('\n'),
      bottom: below.bottom,
    };
  });
}
