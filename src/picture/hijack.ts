/** A hijack: which part of each catchment is lost, and what a defence would save. */
import { bars, heading, leftOut, MOST_BARS } from './bars.ts';
import { percent } from './scale.ts';
import { page, rect, type Size } from './svg.ts';
import type { Theme } from './theme.ts';

export interface HijackData {
  readonly title: string;
  /** Part of each site's clients that lands at the attacker. */
  readonly sites: readonly { readonly site: string; readonly part: number }[];
  /** Part of all clients that is lost under each defence, the case asked for first. */
  readonly defences: readonly { readonly name: string; readonly lost: number }[];
}

export function hijackPicture(data: HijackData, size: Size, theme: Theme): string {
  const sites = [...data.sites].sort((a, b) => b.part - a.part).slice(0, MOST_BARS);
  const about = {
    title: data.title,
    subtitle: `the attacker gets ${percent(data.defences[0]?.lost ?? 0)} of all clients`,
    desc: [
      ...sites.map((s) => `${s.site} loses ${percent(s.part)}`),
      ...data.defences.slice(1).map((d) => `${d.name}: ${percent(d.lost)} lost`),
    ].join('; '),
    note: leftOut(data.sites.length, sites.length, 'sites'),
  };
  return page(size, theme, about, (area) => {
    const lost = bars(
      sites.map((s) => ({
        label: s.site,
        word: percent(s.part),
        draw: (x, y, height) =>
          rect(x(0), y, x(1) - x(0), height, { fill: theme.land }) +
          rect(x(0), y, x(s.part) - x(0), height, {
            fill: theme.bad,
            tip: `${s.site} loses ${percent(s.part)} of its clients`,
          }),
      })),
      1,
      { ...area, top: area.top + 22 },
      theme,
    );
    const top = lost.bottom + 12;
    const defences = bars(
      data.defences.map((d, i) => ({
        label: d.name,
        word: `${percent(d.lost)} lost`,
        draw: (x, y, height) =>
          rect(x(0), y, x(1) - x(0), height, { fill: theme.land }) +
          rect(x(0), y, x(d.lost) - x(0), height, { fill: i === 0 ? theme.bad : (theme.sites[0] as string) }),
      })),
      1,
      { ...area, top: top + 22 },
      theme,
    );
    return {
      body: [
        heading('Lost of each catchment', area, area.top, theme),
        lost.body,
        heading('What defences would leave lost, of all clients', area, top, theme),
        defences.body,
      ].join('\n'),
      bottom: defences.bottom,
    };
  });
}
