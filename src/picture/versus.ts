/** The same clients sent otherwise: round trips and the time a failure lasts, under anycast and its rivals. */
import { leftOut } from './bars.ts';
import { ms, percent, ticks } from './scale.ts';
import { circle, column, line, page, path, rect, type Size, shorten, text, through } from './svg.ts';
import type { Theme } from './theme.ts';

export interface Versus {
  readonly title?: string;
  readonly ways: readonly Way[];
  readonly note?: string;
}

export interface Way {
  readonly name: string;
  readonly rtt: { readonly median: number; readonly p90: number; readonly p99: number } | undefined;
  readonly unreached: number;
  /** How long clients of a failed site stay without service, in words. */
  readonly failover: string;
}

const MOST_WAYS = 30;
const ROW = 44;

export function versusPicture(data: Versus, size: Size, theme: Theme): string {
  const ways = data.ways.slice(0, MOST_WAYS);
  const hue = theme.sites[0] as string;
  const more = leftOut(data.ways.length, ways.length, 'ways');
  const about = {
    title: data.title ?? 'The same clients, sent otherwise',
    subtitle:
      'round trips in milliseconds; under each name, how long a failure of a site lasts for its clients',
    desc: ways
      .map(
        (w) =>
          `${w.name}: median ${ms(w.rtt?.median)}, p90 ${ms(w.rtt?.p90)}, p99 ${ms(w.rtt?.p99)}; failover ${w.failover}`,
      )
      .join('; '),
    legend: [
      { label: 'median', draw: (x: number, y: number) => circle(x + 6, y + 6, 4.5, { fill: hue }) },
      { label: 'p90', draw: (x: number, y: number) => rect(x + 2, y + 2, 8, 8, { fill: hue }) },
      { label: 'p99', draw: (x: number, y: number) => triangle(x + 6, y + 6, hue) },
    ],
    note: [data.note, more].filter((x) => x !== undefined).join(' ') || undefined,
  };
  return page(size, theme, about, (area) => {
    const names = Math.max(
      column(
        ways.map((w) => w.name),
        area.width * 0.4,
      ),
      column(
        ways.map((w) => w.failover),
        area.width * 0.4,
        11,
      ),
    );
    const left = area.left + names + 14;
    const width = area.width - names - 34;
    const axis = ticks(
      Math.max(10, ...ways.map((w) => w.rtt?.p99 ?? 0)),
      Math.max(2, Math.min(8, Math.floor(width / 70))),
    );
    const end = axis.at(-1) as number;
    const x = (v: number) => left + (Math.min(v, end) / end) * width;
    const bottom = area.top + ways.length * ROW;
    const parts = axis.flatMap((v) => [
      line(x(v), area.top, x(v), bottom, { stroke: theme.rule }),
      text(String(v), x(v), bottom + 14, { fill: theme.dim, size: 11, anchor: 'middle' }),
    ]);
    for (const [i, w] of ways.entries()) {
      const y = area.top + i * ROW;
      parts.push(
        text(shorten(w.name, names), area.left, y + 17, { fill: theme.text, bold: i === 0, tip: w.name }),
        text(shorten(w.failover, names, 11), area.left, y + 32, {
          fill: theme.dim,
          size: 11,
          tip: w.failover,
        }),
      );
      const middle = y + 20;
      if (w.rtt) {
        const tip = `${w.name}: median ${ms(w.rtt.median)}, p90 ${ms(w.rtt.p90)}, p99 ${ms(w.rtt.p99)}${w.unreached > 0 ? `; ${percent(w.unreached)} without a route` : ''}`;
        parts.push(
          line(x(w.rtt.median), middle, x(w.rtt.p99), middle, {
            stroke: hue,
            strokeWidth: 2.5,
            opacity: 0.5,
            tip,
          }),
          circle(x(w.rtt.median), middle, 5, { fill: hue }),
          rect(x(w.rtt.p90) - 4.5, middle - 4.5, 9, 9, { fill: hue }),
          triangle(x(w.rtt.p99), middle, hue),
        );
      } else parts.push(text('no places known', left + 6, middle + 4, { fill: theme.dim, size: 11 }));
    }
    return { body: parts.join('\n'), bottom: bottom + 18 };
  });
}

function triangle(x: number, y: number, fill: string): string {
  return path(
    `${through([
      [x - 5, y + 4.5],
      [x + 5, y + 4.5],
      [x, y - 5],
    ])}Z`,
    { fill },
  );
}
