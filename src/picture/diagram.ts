/** The network as boxes and lines: upstreams, sites with their sessions, prefixes. One value gives the SVG here and the Mermaid text. */
import { leftOut } from './bars.ts';
import { utc } from './scale.ts';
import { circle, column, line, page, path, rect, type Sign, type Size, shorten, text } from './svg.ts';
import type { Theme } from './theme.ts';

export interface Diagram {
  readonly network: string;
  readonly asn: number;
  readonly prefixes: readonly string[];
  readonly sites: readonly DiagramSite[];
  /** Milliseconds since 1970 at which the states were so; absent for a plan, which has no states. */
  readonly at?: number;
}

/** How a state is to be taken; the word beside it says which state it is. */
export type Health = 'good' | 'warn' | 'bad' | 'off';

export interface State {
  readonly word: string;
  readonly health: Health;
}

export interface DiagramSite {
  readonly name: string;
  readonly place?: string;
  readonly state?: State;
  readonly sessions: readonly DiagramSession[];
}

export interface DiagramSession {
  /** The plan's name of the upstream. */
  readonly name: string;
  readonly asn: number;
  /** Its role towards us: `provider`, `peer`. */
  readonly role: string;
  readonly state?: State;
  /** What is announced on it. */
  readonly prefixes: readonly string[];
}

/** More sites are left out, and said. */
export const MOST_DIAGRAM_SITES = 60;
const ROW = 18;
const HEADER = 24;
const GAP = 12;
/** Below this there is no room for a third column: prefixes stand above. */
const THREE_COLUMNS = 620;

export function diagramPicture(data: Diagram, size: Size, theme: Theme): string {
  const sites = data.sites.slice(0, MOST_DIAGRAM_SITES);
  const three = size.width >= THREE_COLUMNS;
  const known = sites.some((s) => s.state || s.sessions.some((x) => x.state));
  const when = data.at === undefined ? '' : `, ${utc(data.at).day} ${utc(data.at).seconds} UTC`;
  const about = {
    title: `${data.network}, AS${data.asn}${when}`,
    subtitle: three ? undefined : data.prefixes.join(', '),
    desc: sites
      .map((s) => {
        const sessions = s.sessions.map((x) => `AS${x.asn} ${x.role}${x.state ? ` ${x.state.word}` : ''}`);
        return `${s.name}${s.state ? ` ${s.state.word}` : ''}: ${sessions.join(', ') || 'no session'}`;
      })
      .join('; '),
    legend: known ? signs(theme) : undefined,
    note: leftOut(data.sites.length, sites.length, 'sites'),
  };
  return page(size, theme, about, (area) => {
    const asns = [...new Set(sites.flatMap((s) => s.sessions.map((x) => x.asn)))];
    const asWidth =
      column(
        asns.map((a) => `AS${a}`),
        area.width * 0.3,
      ) + 20;
    const prefixWidth = three ? column(data.prefixes, area.width * 0.26) + 20 : 0;
    const gutter = Math.max(36, Math.min(110, area.width * 0.11));
    const siteLeft = area.left + asWidth + gutter;
    const siteWidth = area.width - asWidth - gutter - (three ? prefixWidth + gutter : 0);
    const parts: string[] = [];
    const boxes: string[] = [];
    const ends = new Map<number, { y: number; session: DiagramSession }[]>();
    const announced = new Map<string, number[]>();
    let y = area.top;
    for (const site of sites) {
      const height = HEADER + Math.max(1, site.sessions.length) * ROW + 6;
      boxes.push(...siteBox(site, siteLeft, y, siteWidth, height, theme));
      for (const [i, session] of site.sessions.entries()) {
        const at = y + HEADER + i * ROW + ROW / 2;
        ends.set(session.asn, [...(ends.get(session.asn) ?? []), { y: at, session }]);
      }
      for (const prefix of new Set(site.sessions.flatMap((s) => s.prefixes)))
        announced.set(prefix, [...(announced.get(prefix) ?? []), y + height / 2]);
      y += height + GAP;
    }
    const siteEnd = y - GAP;
    const upstreams = columnOf(
      [...ends].map(([asn, e]) => ({ key: asn, wanted: mean(e.map((p) => p.y)) })),
      area.top,
      siteEnd,
    );
    for (const { key: asn, y: at } of upstreams.rows) {
      for (const end of ends.get(asn) ?? [])
        parts.push(
          edge(area.left + asWidth, at, siteLeft, end.y, {
            ...lineOf(end.session.state, theme),
            tip: `AS${asn}: ${end.session.role}${end.session.state ? `, ${end.session.state.word}` : ''}`,
          }),
        );
      boxes.push(box(`AS${asn}`, area.left, at - 13, asWidth, theme));
    }
    let bottom = Math.max(siteEnd, upstreams.bottom);
    if (three) {
      const right = area.left + area.width - prefixWidth;
      const rows = columnOf(
        data.prefixes.map((p) => ({ key: p, wanted: mean(announced.get(p) ?? [(area.top + siteEnd) / 2]) })),
        area.top,
        siteEnd,
      );
      for (const { key: prefix, y: at } of rows.rows) {
        for (const from of announced.get(prefix) ?? [])
          parts.push(
            edge(siteLeft + siteWidth, from, right, at, {
              stroke: theme.dim,
              opacity: 0.6,
              strokeWidth: 1.1,
            }),
          );
        boxes.push(box(prefix, right, at - 13, prefixWidth, theme));
      }
      bottom = Math.max(bottom, rows.bottom);
    }
    return { body: [...parts, ...boxes].join('\n'), bottom: bottom + 4 };
  });
}

function siteBox(
  site: DiagramSite,
  x: number,
  y: number,
  width: number,
  height: number,
  theme: Theme,
): string[] {
  const stroke = site.state ? colourOf(site.state.health, theme) : theme.dim;
  const word = site.state?.word ?? '';
  const right = word === '' ? 0 : Math.min(width * 0.4, column([word], width));
  const name = shorten(site.name, width - 24 - right, 12, true);
  const place = site.place ? shorten(site.place, width - 34 - right - column([name], width) * 1.12, 11) : '';
  const parts = [
    rect(x, y, width, height, {
      fill: theme.land,
      stroke,
      strokeWidth: 1.5,
      rx: 5,
      tip: site.place ? `${site.name}, ${site.place}` : site.name,
    }),
    text(name, x + 10, y + 16, { fill: theme.text, bold: true }),
  ];
  if (place !== '' && place !== '…')
    parts.push(text(place, x + 18 + column([name], width) * 1.12, y + 16, { fill: theme.dim, size: 11 }));
  if (word !== '')
    parts.push(
      text(shorten(word, right), x + width - 10, y + 16, {
        fill: stroke,
        anchor: 'end',
        bold: true,
        size: 11,
      }),
    );
  for (const [i, session] of site.sessions.entries()) {
    const at = y + HEADER + i * ROW + ROW / 2;
    const state = session.state ? `, ${session.state.word}` : '';
    parts.push(
      mark(x, at, session.state?.health, theme),
      text(shorten(`${session.name}: ${session.role}${state}`, width - 24, 11), x + 12, at + 4, {
        fill: theme.dim,
        size: 11,
      }),
    );
  }
  if (site.sessions.length === 0)
    parts.push(text('no session', x + 12, y + HEADER + 13, { fill: theme.dim, size: 11 }));
  return parts;
}

function box(label: string, x: number, y: number, width: number, theme: Theme): string {
  return (
    rect(x, y, width, 26, { fill: theme.ground, stroke: theme.dim, strokeWidth: 1, rx: 4, tip: label }) +
    text(shorten(label, width - 14), x + width / 2, y + 17, { fill: theme.text, anchor: 'middle' })
  );
}

/** A shape as well as a colour: full, half, cross, ring. */
function mark(x: number, y: number, health: Health | undefined, theme: Theme): string {
  const stroke = health ? colourOf(health, theme) : theme.dim;
  if (health === 'bad') return path(`M${x - 4},${y - 4}l8,8m0,-8l-8,8`, { stroke, strokeWidth: 2 });
  if (health === 'warn')
    return path(`M${x - 5},${y + 4}h10l-5,-9z`, { stroke, fill: theme.ground, strokeWidth: 1.8 });
  if (health === 'off') return circle(x, y, 4, { fill: theme.ground, stroke, strokeWidth: 1.5 });
  return circle(x, y, 4, { fill: stroke, stroke: theme.ground, strokeWidth: 1 });
}

function signs(theme: Theme): Sign[] {
  return (
    [
      ['good', 'as it should be'],
      ['warn', 'on its way or less preferred'],
      ['bad', 'broken'],
      ['off', 'taken down on purpose, or not known'],
    ] as const
  ).map(([health, label]) => ({ label, draw: (x, y) => mark(x + 6, y + 6, health, theme) }));
}

function colourOf(health: Health, theme: Theme): string {
  return theme[health];
}

function lineOf(state: State | undefined, theme: Theme) {
  if (!state) return { stroke: theme.dim, strokeWidth: 1.3 };
  const stroke = colourOf(state.health, theme);
  return state.health === 'good'
    ? { stroke, strokeWidth: 1.6 }
    : { stroke, strokeWidth: 1.6, dash: state.health === 'off' ? '1 4' : '6 4' };
}

function edge(x1: number, y1: number, x2: number, y2: number, paint: Parameters<typeof path>[1]): string {
  if (y1 === y2) return line(x1, y1, x2, y2, paint);
  const middle = (x1 + x2) / 2;
  return path(`M${r(x1)},${r(y1)}C${r(middle)},${r(y1)} ${r(middle)},${r(y2)} ${r(x2)},${r(y2)}`, paint);
}

/** Boxes as near as can be to where they want to be, in that order, none over another. */
function columnOf<K>(
  wishes: readonly { readonly key: K; readonly wanted: number }[],
  top: number,
  bottom: number,
) {
  const sorted = [...wishes].sort((a, b) => a.wanted - b.wanted);
  const rows = sorted.map(({ key, wanted }) => ({ key, y: wanted }));
  let least = top + 13;
  for (const row of rows) {
    row.y = Math.max(row.y, least);
    least = row.y + 34;
  }
  let most = Math.max(bottom - 13, top + 13 + 34 * (rows.length - 1));
  for (const row of rows.reverse()) {
    row.y = Math.min(row.y, most);
    most = row.y - 34;
  }
  return { rows: rows.reverse(), bottom: (rows.at(-1)?.y ?? top) + 13 };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
}

const r = (v: number) => Math.round(v * 100) / 100;
