/**
 * The world with client networks in the colours of the sites they land at: merged by where they lie on the page, so that a
 * picture of all networks is no larger than one of the cities. Where several sites share a spot it is divided like a pie.
 */
import { type GeoPermissibleObjects, geoEqualEarth, geoPath } from 'd3-geo';
import { feature } from 'topojson-client';
import { percent } from './scale.ts';
import { circle, measure, n, page, path, rect, type Sign, type Size, shorten, swatch, text } from './svg.ts';
import { siteColour, type Theme } from './theme.ts';

/** Land as TopoJSON with an object `land`, as the package world-atlas has it. */
export type Land = Parameters<typeof feature>[0];

export interface Point {
  readonly lat: number;
  readonly lon: number;
}

export interface WorldMap {
  readonly title?: string;
  readonly subtitle?: string;
  readonly land: Land;
  readonly sites: readonly WorldSite[];
  readonly clients: Iterable<WorldClient>;
  /** Ways to draw over it, as points that follow each other. */
  readonly ways?: readonly {
    readonly points: readonly Point[];
    readonly site: number;
    readonly tip?: string;
  }[];
  readonly note?: string;
}

export interface WorldSite {
  readonly name: string;
  readonly at: Point | undefined;
  /** Out of service: drawn as a cross. */
  readonly out?: boolean;
}

/** A network in one place. */
export interface WorldClient {
  readonly at: Point;
  readonly weight: number;
  /** Part of it at each site, by place in the list; the rest has no route. */
  readonly parts: readonly (readonly [site: number, part: number])[];
}

/** Spots where at least this part of the weight is undecided between sites have a ring. */
const RING = 1 / 3;
const MOST_LEGEND = 24;
/** Smaller slices of a spot are not seen. */
const THINNEST = 0.02;
/** Below this a network counts as undecided. */
const CERTAIN = 0.999;

interface Spot {
  x: number;
  y: number;
  weight: number;
  undecided: number;
  readonly at: Map<number, number>;
}

export function worldPicture(data: WorldMap, size: Size, theme: Theme): string {
  const width = Math.max(280, Math.min(4096, size.width)) - 32;
  const projection = geoEqualEarth().fitWidth(width, { type: 'Sphere' });
  // Nobody lives beyond these: without Antarctica the rest is larger.
  const [top, bottom] = [projection([0, 78])?.[1] ?? 0, projection([0, -57])?.[1] ?? 0];
  const [x0, y0] = projection.translate();
  const tall = bottom - top;
  const totals = new Map<number, number>();
  let [all, undecided, lost] = [0, 0, 0];
  // Read twice, and whoever gives them may be able to tell them only once.
  const clients = [...data.clients];
  for (const c of clients) {
    all += c.weight;
    let routed = 0;
    for (const [site, part] of c.parts) {
      totals.set(site, (totals.get(site) ?? 0) + part * c.weight);
      routed += part;
    }
    if (routed < 0.5) lost += c.weight;
    else if (!c.parts.some(([, part]) => part >= CERTAIN)) undecided += c.weight;
  }
  const used = data.sites.map((_, i) => i).filter((i) => data.sites[i]?.at || totals.has(i));
  const legend: Sign[] = used
    .slice(0, MOST_LEGEND)
    .map((i) => swatch((data.sites[i] as WorldSite).name, siteColour(theme, i)));
  if (used.length > MOST_LEGEND)
    legend.push({ label: `and ${used.length - MOST_LEGEND} more`, draw: () => '' });
  if (undecided > 0)
    legend.push({
      label: 'a third or more undecided',
      draw: (x, y) => circle(x + 6, y + 6, 5, { fill: 'none', stroke: theme.text, strokeWidth: 1.2 }),
    });
  if (lost > 0) legend.push(swatch('no route', theme.off));
  const about = {
    title: data.title ?? 'Who lands where',
    subtitle:
      data.subtitle ??
      `each spot is coloured by the sites its networks land at; ${percent(all > 0 ? undecided / all : 0)} of the clients are undecided`,
    desc:
      used
        .slice(0, 30)
        .map(
          (i) =>
            `${data.sites[i]?.name}: ${percent(all > 0 ? (totals.get(i) ?? 0) / all : 0)} of the clients on the map`,
        )
        .join('; ') || 'no site has a place',
    legend,
    note: data.note,
  };
  return page(size, theme, about, (area) => {
    projection.translate([x0 + area.left, y0 + area.top - top]).clipExtent([
      [area.left, area.top],
      [area.left + width, area.top + tall],
    ]);
    const draw = geoPath(projection).digits(1);
    const land = feature(data.land, data.land.objects['land'] as Parameters<typeof feature>[1]);
    const parts = [
      rect(area.left, area.top, width, tall, { fill: theme.ground }),
      path(draw(land as GeoPermissibleObjects) ?? '', {
        fill: theme.land,
        stroke: theme.coast,
        strokeWidth: 0.6,
      }),
    ];
    const cell = Math.max(5, width / 130);
    const spots = spotsOf(clients, (at) => projection([at.lon, at.lat]), cell);
    // As large as leaves most of the page free; the weights of the internet differ so much that areas cannot follow them.
    const mean = spots.reduce((sum, s) => sum + s.weight, 0) / Math.max(1, spots.length);
    const usual = Math.min(
      width / 120,
      Math.max(cell * 0.4, Math.sqrt((0.09 * width * tall) / (Math.PI * Math.max(1, spots.length)))),
    );
    for (const s of spots)
      parts.push(spotOf(s, usual * Math.max(0.5, Math.min(2.2, (s.weight / mean) ** 0.3)), theme));
    for (const way of data.ways ?? []) {
      const line = draw({ type: 'LineString', coordinates: way.points.map((p) => [p.lon, p.lat]) }) ?? '';
      if (line === '') continue;
      parts.push(
        path(line, { stroke: theme.ground, strokeWidth: 4.5 }),
        path(line, {
          stroke: siteColour(theme, way.site),
          strokeWidth: 2,
          ...(way.tip !== undefined && { tip: way.tip }),
        }),
      );
    }
    parts.push(
      ...marks(
        data.sites,
        (at) => projection([at.lon, at.lat]),
        [area.left, area.top, area.left + width, area.top + tall],
        theme,
      ),
    );
    return { body: parts.join('\n'), bottom: area.top + tall };
  });
}

/** Networks merged by the square of the page they lie in, each spot at the middle of its weight; the heaviest first. */
function spotsOf(
  clients: Iterable<WorldClient>,
  project: (at: Point) => [number, number] | null,
  cell: number,
): Spot[] {
  const spots = new Map<number, Spot>();
  for (const c of clients) {
    const point =
      c.weight > 0 && Number.isFinite(c.at.lat) && Number.isFinite(c.at.lon) ? project(c.at) : null;
    if (!point) continue;
    const [x, y] = point;
    const key = Math.floor(y / cell) * 100_000 + Math.floor(x / cell);
    const spot = spots.get(key) ?? { x: 0, y: 0, weight: 0, undecided: 0, at: new Map<number, number>() };
    spots.set(key, spot);
    spot.x += x * c.weight;
    spot.y += y * c.weight;
    spot.weight += c.weight;
    let routed = 0;
    for (const [site, part] of c.parts) {
      spot.at.set(site, (spot.at.get(site) ?? 0) + part * c.weight);
      routed += part;
    }
    if (routed < CERTAIN) spot.at.set(-1, (spot.at.get(-1) ?? 0) + (1 - routed) * c.weight);
    else if (!c.parts.some(([, part]) => part >= CERTAIN)) spot.undecided += c.weight;
  }
  return [...spots.values()]
    .map((s) => ({ ...s, x: s.x / s.weight, y: s.y / s.weight }))
    .sort((a, b) => b.weight - a.weight || a.x - b.x || a.y - b.y);
}

function spotOf(s: Spot, radius: number, theme: Theme): string {
  const colour = (site: number) => (site < 0 ? theme.off : siteColour(theme, site));
  const slices = [...s.at]
    .filter(([, w]) => w / s.weight >= THINNEST)
    .sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const whole = slices.reduce((sum, [, w]) => sum + w, 0);
  const parts: string[] = [];
  const [first] = slices;
  if (!first) return '';
  if (slices.length === 1) parts.push(circle(s.x, s.y, radius, { fill: colour(first[0]), opacity: 0.85 }));
  else {
    let from = -Math.PI / 2;
    for (const [site, w] of slices) {
      const to = from + (2 * Math.PI * w) / whole;
      const at = (a: number) => `${n1(s.x + radius * Math.cos(a))},${n1(s.y + radius * Math.sin(a))}`;
      parts.push(
        `<path d="M${n1(s.x)},${n1(s.y)}L${at(from)}A${n1(radius)},${n1(radius)} 0 ${to - from > Math.PI ? 1 : 0} 1 ${at(to)}Z" fill="${colour(site)}"/>`,
      );
      from = to;
    }
  }
  if (s.undecided / s.weight >= RING)
    parts.push(circle(s.x, s.y, radius, { fill: 'none', stroke: theme.text, strokeWidth: 0.9 }));
  return parts.join('');
}

/** Sites as diamonds with their names beside, where there is room; without room the name shows when pointed at. */
function marks(
  sites: readonly WorldSite[],
  project: (at: Point) => [number, number] | null,
  [left, top, right, bottom]: readonly [number, number, number, number],
  theme: Theme,
): string[] {
  const placed = sites.flatMap((s, i) => {
    const point = s.at && project(s.at);
    return point ? [{ s, i, x: point[0], y: point[1] }] : [];
  });
  const taken: (readonly [x0: number, y0: number, x1: number, y1: number])[] = placed.map(({ x, y }) => [
    x - 6,
    y - 6,
    x + 6,
    y + 6,
  ]);
  const parts: string[] = [];
  for (const { s, i, x, y } of placed) {
    const fill = siteColour(theme, i);
    const body = s.out
      ? path(`M${n(x - 5)},${n(y - 5)}l10,10m0,-10l-10,10`, {
          stroke: theme.bad,
          strokeWidth: 2.5,
          tip: `${s.name}, out`,
        })
      : path(`M${n(x)},${n(y - 7)}l7,7l-7,7l-7,-7Z`, {
          fill,
          stroke: theme.text,
          strokeWidth: 1.6,
          tip: s.name,
        });
    parts.push(body);
    const label = shorten(s.name, 110, 12, true);
    const wide = measure(label, 12, true);
    const spot = (
      [
        [x + 9, y + 4],
        [x - 9 - wide, y + 4],
        [x - wide / 2, y - 11],
        [x - wide / 2, y + 20],
        [x + 6, y - 8],
        [x + 6, y + 17],
      ] as const
    ).find(
      ([lx, ly]) =>
        lx >= left &&
        lx + wide <= right &&
        ly - 11 >= top &&
        ly + 3 <= bottom &&
        !taken.some(([a, b, c, d]) => lx < c && lx + wide > a && ly - 11 < d && ly + 3 > b),
    );
    if (!spot) continue;
    taken.push([spot[0], spot[1] - 11, spot[0] + wide, spot[1] + 3]);
    parts.push(text(label, spot[0], spot[1], { fill: theme.text, bold: true, halo: theme.ground }));
  }
  return parts;
}

const n1 = (v: number) => String(Math.round(v * 10) / 10);
