/** One sample for each picture: what the golden files and the gallery show. Made up, and always the same. */
import { Random } from '../base/index.ts';
import { attackPicture } from './attack.ts';
import { type Diagram, diagramPicture } from './diagram.ts';
import { failuresPicture } from './failures.ts';
import { heatPicture } from './heat.ts';
import { hijackPicture } from './hijack.ts';
import { movesPicture } from './moves.ts';
import { reliabilityPicture } from './reliability.ts';
import { searchPicture } from './search.ts';
import { sharesPicture } from './shares.ts';
import type { Size } from './svg.ts';
import type { Theme } from './theme.ts';
import { type TripLine, tripLine, tripsPicture } from './trips.ts';
import { versusPicture } from './versus.ts';
import { type Land, type WorldClient, worldPicture } from './world.ts';

export interface Sample {
  /** The name of its golden files. */
  readonly name: string;
  readonly title: string;
  /** What it is for, for the gallery. */
  readonly what: string;
  draw(size: Size, theme: Theme): string;
}

const SITES = ['fra', 'lon', 'nyc', 'sjc', 'gru', 'jnb', 'sin', 'tyo'];

function trips(): TripLine[] {
  const random = new Random(7);
  const all = new Float64Array(400);
  const lines = SITES.map((name, site) => {
    const bins = new Float64Array(400);
    for (let i = 0; i < 300; i++) {
      const at = Math.min(399, Math.round(4 + site * 3 + 60 * (site + 2) * random.unit() ** 4));
      bins[at]! += 1;
      all[at]! += 1;
    }
    return tripLine(name, bins, site) as TripLine;
  });
  return [tripLine('all sites', all) as TripLine, ...lines];
}

const DIAGRAM: Diagram = {
  network: 'planet',
  asn: 64500,
  prefixes: ['203.0.113.0/24', '2001:db8:53::/48'],
  at: Date.UTC(2026, 10, 21, 12, 0, 5),
  sites: SITES.slice(0, 6).map((name, i) => ({
    name,
    place: [
      'Frankfurt, DE',
      'London, GB',
      'New York, US',
      'San Jose, US',
      'São Paulo, BR',
      'Johannesburg, ZA',
    ][i] as string,
    state: (
      [
        { word: 'up', health: 'good' },
        { word: 'up', health: 'good' },
        { word: 'draining', health: 'warn' },
        { word: 'down', health: 'bad' },
        { word: 'up', health: 'good' },
        { word: 'drained', health: 'off' },
      ] as const
    )[i] as { word: string; health: 'good' },
    sessions: [64601 + (i >> 1), ...(i % 2 === 0 ? [64604] : [])].map((asn) => ({
      name: `as${asn}`,
      asn,
      role: 'provider',
      state:
        i === 3
          ? ({ word: 'idle', health: 'bad' } as const)
          : ({ word: 'established', health: 'good' } as const),
      prefixes: i === 3 || i === 5 ? [] : ['203.0.113.0/24', '2001:db8:53::/48'],
    })),
  })),
};

function heat() {
  const random = new Random(11);
  return {
    from: Date.UTC(2026, 10, 21, 10, 0, 0),
    step: 60_000,
    what: 'share of all clients, by minute',
    rows: SITES.map((site, i) => ({
      site,
      now: site === 'tyo' ? 'down' : 'up',
      values: Array.from({ length: 120 }, (_, t) => {
        if (site === 'jnb' && t > 30 && t < 45) return undefined;
        if (site === 'tyo' && t >= 80) return 0;
        const base = 0.05 + 0.03 * ((i * 5) % 8) + (site === 'sin' && t >= 80 ? 0.12 : 0);
        return Math.round(1000 * (base + 0.015 * random.unit())) / 1000;
      }),
    })),
  };
}

const SHARES = [0.24, 0.11, 0.19, 0.13, 0.07, 0.02, 0.14, 0.1];
const PLACES = [
  [50.1, 8.7],
  [51.5, -0.1],
  [40.7, -74],
  [37.3, -121.9],
  [-23.5, -46.6],
  [-26.2, 28],
  [1.35, 103.8],
  [35.7, 139.7],
] as const;

/** A failed site's clients go to the others, most to the two that follow it. */
function failures() {
  return SITES.map((site, k) => {
    const after = SHARES.map((s, i) => (i === k ? 0 : s));
    const to = [(k + 1) % 8, (k + 2) % 8, (k + 5) % 8];
    for (const [turn, i] of to.entries())
      after[i]! += (SHARES[k] as number) * ([0.6, 0.3, 0.08][turn] as number);
    return { without: [site], after, unreached: 0.02 * (SHARES[k] as number) };
  }).sort(
    (a, b) =>
      (SHARES[SITES.indexOf(b.without[0] as string)] as number) -
      (SHARES[SITES.indexOf(a.without[0] as string)] as number),
  );
}

function* clients(count: number): Generator<WorldClient> {
  const random = new Random(5);
  for (let i = 0; i < count; i++) {
    const home = random.below(8);
    const [lat, lon] = PLACES[home] as readonly [number, number];
    const at = {
      lat: Math.max(-55, Math.min(72, lat + 26 * (random.unit() - 0.5))),
      lon: lon + 50 * (random.unit() - 0.5),
    };
    const [sure, other] = [random.chance(0.7), random.below(8)];
    yield {
      at,
      weight: 1 / (0.02 + random.unit()),
      parts: sure
        ? [[home, 1]]
        : [
            [home, 0.5],
            [other, 0.5],
          ],
    };
  }
}

function tries() {
  const random = new Random(3);
  return Array.from({ length: 160 }, (_, i) => ({
    change:
      i === 0
        ? 'as it is'
        : `${SITES[random.below(8)]}: ${random.below(4)} prepends to AS6460${1 + random.below(4)}`,
    score: i === 40 ? Number.POSITIVE_INFINITY : 94 + 60 * random.unit() - i / 8,
  }));
}

/** All samples; the land comes from whoever may read files. */
export const samplesOn = (land: Land): readonly Sample[] => [
  {
    name: 'world',
    title: 'Who lands where',
    what: 'Client networks in the colours of the sites they land at, merged where they lie together; a ring is doubt.',
    draw: (size, theme) =>
      worldPicture(
        {
          land,
          sites: SITES.map((name, i) => ({
            name,
            at: { lat: PLACES[i]?.[0] ?? 0, lon: PLACES[i]?.[1] ?? 0 },
          })),
          clients: clients(1500),
        },
        size,
        theme,
      ),
  },
  {
    name: 'shares',
    title: 'Where clients land',
    what: 'The share of each site, what of it is certain, and what the site can take.',
    draw: (size, theme) =>
      sharesPicture(
        {
          sites: SITES.map((site, index) => ({
            site,
            index,
            share: SHARES[index] as number,
            certain: (SHARES[index] as number) * (0.4 + 0.07 * index),
            mark: [0.3, 0.125, 0.15, 0.125, 0.125, 0.9, 0.125, 0.125][index] as number,
          })),
          mark: 'capacity',
          unreached: 0.013,
        },
        size,
        theme,
      ),
  },
  {
    name: 'trips',
    title: 'Round trips',
    what: 'Which part of the clients of each site is answered within so many milliseconds.',
    draw: (size, theme) => tripsPicture({ lines: trips() }, size, theme),
  },
  {
    name: 'heat',
    title: 'Sites over time',
    what: 'One row for each site, one column for each step of time; hatched where nothing is known.',
    draw: (size, theme) => heatPicture(heat(), size, theme),
  },
  {
    name: 'diagram',
    title: 'The network',
    what: 'Upstreams, sites with their sessions and states, prefixes; the same value also gives Mermaid text.',
    draw: (size, theme) => diagramPicture(DIAGRAM, size, theme),
  },
  {
    name: 'failures',
    title: 'What each failure does',
    what: 'A row for each site that fails, a column for each that takes its clients; framed where that is too much.',
    draw: (size, theme) =>
      failuresPicture(
        {
          sites: SITES,
          before: SHARES,
          rows: failures(),
          capacity: [0.35, 0.3, 0.25, 0.3, 0.3, undefined, 0.2, 0.2],
          capacityMeans: 'capacity',
        },
        size,
        theme,
      ),
  },
  {
    name: 'moves',
    title: 'Who moves',
    what: 'From where to where clients move when one plan takes the place of another.',
    draw: (size, theme) =>
      movesPicture(
        {
          sites: SITES,
          flows: [
            { from: 'fra', to: 'lon', part: 0.083 },
            { from: 'fra', to: 'nyc', part: 0.011 },
            { from: 'tyo', to: 'sin', part: 0.041 },
            { from: 'sjc', to: 'nyc', part: 0.022 },
            { from: 'jnb', to: 'fra', part: 0.004 },
            { from: 'gru', to: '(no route)', part: 0.002 },
          ],
        },
        size,
        theme,
      ),
  },
  {
    name: 'attack',
    title: 'An attack by traffic',
    what: 'What of an attack each site gets by its catchment, what it absorbs, and which answers serve most clients.',
    draw: (size, theme) =>
      attackPicture(
        {
          size: 2e12,
          served: 0.72,
          sites: SITES.map((site, i) => ({
            site,
            load: (SHARES[i] as number) * 2e12,
            capacity: [4e11, 4e11, 2e11, 4e11, 4e11, undefined, 5e12, 1.5e11][i],
          })),
          responses: [
            { name: 'prepend 3 at nyc', served: 0.81 },
            { name: 'withdraw tyo', served: 0.78 },
            { name: 'withdraw fra', served: 0.55 },
          ],
        },
        size,
        theme,
      ),
  },
  {
    name: 'hijack',
    title: 'A hijack',
    what: 'Which part of each catchment a hijacker takes, and what a ROA, an ASPA or a more specific would save.',
    draw: (size, theme) =>
      hijackPicture(
        {
          title: 'AS64999 announces our prefix',
          sites: SITES.map((site, i) => ({
            site,
            part: [0.11, 0.31, 0.04, 0.02, 0.44, 0.72, 0.08, 0.01][i] as number,
          })),
          defences: [
            { name: 'as asked', lost: 0.18 },
            { name: 'with a ROA', lost: 0.06 },
            { name: 'with a ROA and an ASPA', lost: 0.05 },
            { name: 'nobody validates', lost: 0.23 },
          ],
        },
        size,
        theme,
      ),
  },
  {
    name: 'reliability',
    title: 'Is it as sure as it should be?',
    what: 'When it says 80 %, how often is it so? On the line from corner to corner what is said is what is.',
    draw: (size, theme) =>
      reliabilityPicture(
        {
          bins: [0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.97].map((said, i) => {
            const right = Math.min(0.99, said - 0.04 + 0.01 * i);
            return {
              said,
              right,
              low: Math.max(0, right - 0.09),
              high: Math.min(1, right + 0.08),
              count: 12 + ((i * 37) % 90),
            };
          }),
        },
        size,
        theme,
      ),
  },
  {
    name: 'versus',
    title: 'The same clients, sent otherwise',
    what: 'Round trips under anycast, GeoDNS and one site, and how long a failure lasts under each.',
    draw: (size, theme) =>
      versusPicture(
        {
          ways: [
            {
              name: 'anycast',
              rtt: { median: 24, p90: 71, p99: 188 },
              unreached: 0,
              failover: '10 s to 2 min (routing)',
            },
            {
              name: 'geodns',
              rtt: { median: 19, p90: 58, p99: 190 },
              unreached: 0,
              failover: '1 to 5 min (TTL 60 s)',
            },
            {
              name: 'unicast:fra',
              rtt: { median: 112, p90: 201, p99: 312 },
              unreached: 0.001,
              failover: 'until fra is back',
            },
          ],
        },
        size,
        theme,
      ),
  },
  {
    name: 'search',
    title: 'What a search tried',
    what: 'Each try as a dot, the best so far as a line, and the changes that made it better.',
    draw: (size, theme) => searchPicture({ goal: 'p90 round trip, ms', tries: tries() }, size, theme),
  },
];
