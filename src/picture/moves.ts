/** Who moves: from the sites on the left to the sites on the right, each flow as thick as its clients are many. */
import { percent } from './scale.ts';
import { column, n, page, path, rect, type Size, shorten, text } from './svg.ts';
import { siteColour, type Theme } from './theme.ts';

export interface Moves {
  readonly title?: string;
  readonly subtitle?: string;
  /** Names in their order, for colours; names that are not among them (nowhere) are grey. */
  readonly sites: readonly string[];
  readonly flows: readonly Flow[];
}

export interface Flow {
  readonly from: string;
  readonly to: string;
  /** Of all clients, 0 … 1. */
  readonly part: number;
}

/** Smaller flows are left out, and said with what they make together. */
export const MOST_FLOWS = 60;
const LEAST_ROW = 16;

export function movesPicture(data: Moves, size: Size, theme: Theme): string {
  const sorted = [...data.flows].filter((f) => f.part > 0).sort((a, b) => b.part - a.part);
  const flows = sorted.slice(0, MOST_FLOWS);
  const rest = sorted.slice(MOST_FLOWS);
  const whole = sorted.reduce((sum, f) => sum + f.part, 0);
  const about = {
    title: data.title ?? 'Who moves',
    subtitle:
      data.subtitle ??
      `${percent(whole)} of the clients move; left: where they land now, right: where they would`,
    desc:
      flows.length === 0
        ? 'nobody moves'
        : flows
            .slice(0, 20)
            .map((f) => `${percent(f.part)} from ${f.from} to ${f.to}`)
            .join('; '),
    note:
      rest.length > 0
        ? `${rest.length} smaller flows, ${percent(rest.reduce((s, f) => s + f.part, 0))} together, are not shown`
        : undefined,
  };
  const colour = (site: string) => {
    const index = data.sites.indexOf(site);
    return index < 0 ? theme.off : siteColour(theme, index);
  };
  return page(size, theme, about, (area) => {
    if (flows.length === 0)
      return {
        body: text('Nobody moves.', area.left, area.top + 20, { fill: theme.dim }),
        bottom: area.top + 30,
      };
    const [left, right] = [sums(flows, (f) => f.from), sums(flows, (f) => f.to)];
    const label = (name: string, part: number) => `${name} ${percent(part)}`;
    const wide = (side: ReadonlyMap<string, number>) =>
      column(
        [...side].map(([s, p]) => label(s, p)),
        area.width * 0.34,
      );
    const [leftWide, rightWide] = [wide(left), wide(right)];
    const rows = Math.max(left.size, right.size);
    const height = Math.max(rows * (LEAST_ROW + 6), Math.min(area.height, 640));
    const [x0, x1] = [area.left + leftWide + 8, area.left + area.width - rightWide - 8 - 12];
    const shown = flows.reduce((sum, f) => sum + f.part, 0);
    const scale = Math.max(0, height - rows * (LEAST_ROW + 6) * 0.5) / shown;
    const [a, b] = [place(left, scale, area.top), place(right, scale, area.top)];
    const parts: string[] = [];
    const used = { from: new Map<string, number>(), to: new Map<string, number>() };
    const order = [...right.keys()];
    for (const from of left.keys())
      for (const f of flows
        .filter((x) => x.from === from)
        .sort((p, q) => order.indexOf(p.to) - order.indexOf(q.to))) {
        const thick = f.part * scale;
        const y0 = (a.at.get(from) as number) + (used.from.get(from) ?? 0);
        const y1 = (b.at.get(f.to) as number) + (used.to.get(f.to) ?? 0);
        used.from.set(from, (used.from.get(from) ?? 0) + thick);
        used.to.set(f.to, (used.to.get(f.to) ?? 0) + thick);
        parts.push(
          ribbon(
            x0 + 12,
            y0,
            x1,
            y1,
            thick,
            colour(from),
            `${percent(f.part)} of all clients from ${from} to ${f.to}`,
          ),
        );
      }
    for (const [side, at, x, anchor, lx, room] of [
      [left, a, x0, 'end', x0 - 6, leftWide],
      [right, b, x1, 'start', x1 + 18, rightWide],
    ] as const)
      for (const [site, part] of side) {
        const y = at.at.get(site) as number;
        const tall = Math.max(1, part * scale);
        parts.push(
          rect(x, y, 12, tall, { fill: colour(site), tip: label(site, part) }),
          text(shorten(label(site, part), room), lx, y + tall / 2 + 4, {
            fill: theme.text,
            anchor,
            tip: label(site, part),
          }),
        );
      }
    return { body: parts.join('\n'), bottom: Math.max(a.bottom, b.bottom) + 6 };
  });
}

/** What each name gives or takes, the greatest first. */
function sums(flows: readonly Flow[], by: (f: Flow) => string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const f of flows) found.set(by(f), (found.get(by(f)) ?? 0) + f.part);
  return new Map([...found].sort((x, y) => y[1] - x[1]));
}

/** Blocks one below the other, never so near that their labels touch. */
function place(side: ReadonlyMap<string, number>, scale: number, top: number) {
  const at = new Map<string, number>();
  let y = top;
  for (const [site, part] of side) {
    const tall = part * scale;
    const room = Math.max(tall, LEAST_ROW);
    at.set(site, y + (room - tall) / 2);
    y += room + 6;
  }
  return { at, bottom: y - 6 };
}

function ribbon(
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  thick: number,
  fill: string,
  tip: string,
): string {
  const m = (x0 + x1) / 2;
  const t = Math.max(0.75, thick);
  const d = `M${n(x0)},${n(y0)}C${n(m)},${n(y0)} ${n(m)},${n(y1)} ${n(x1)},${n(y1)}v${n(t)}C${n(m)},${n(y1 + t)} ${n(m)},${n(y0 + t)} ${n(x0)},${n(y0 + t)}Z`;
  return path(d, { fill, opacity: 0.55, tip });
}
