/** One sample for each picture: what the golden files and the gallery show. Made up, and always the same. */
import { Random } from '../base/index.ts';
import { type Diagram, diagramPicture } from './diagram.ts';
import { heatPicture } from './heat.ts';
import type { Size } from './svg.ts';
import type { Theme } from './theme.ts';
import { type TripLine, tripLine, tripsPicture } from './trips.ts';

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

export const SAMPLES: readonly Sample[] = [
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
];

export { DIAGRAM, SITES };
