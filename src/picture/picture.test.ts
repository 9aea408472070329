/** What every picture keeps to, whatever is in it. */
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { attackPicture } from './attack.ts';
import { diagramPicture } from './diagram.ts';
import { failuresPicture } from './failures.ts';
import { heatPicture } from './heat.ts';
import { hijackPicture } from './hijack.ts';
import { diagramMermaid } from './mermaid.ts';
import { movesPicture } from './moves.ts';
import { reliabilityPicture } from './reliability.ts';
import { samplesOn } from './samples.test-support.ts';
import { percent, ticks, utc } from './scale.ts';
import { searchPicture } from './search.ts';
import { sharesPicture } from './shares.ts';
import { escaped, measure, shorten, wrap } from './svg.ts';
import { channels, DARK, inkOn, LIGHT, luminance, stepColour } from './theme.ts';
import { tripsPicture } from './trips.ts';
import { versusPicture } from './versus.ts';
import { type Land, worldPicture } from './world.ts';

const LAND = createRequire(import.meta.url)('world-atlas/land-110m.json') as Land;
const SAMPLES = samplesOn(LAND);
const contrast = (a: string, b: string) => {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

test('text is text: what looks like markup shows as letters, and what XML forbids is replaced', () => {
  expect(escaped('<script>"&\'')).toBe('&lt;script&gt;&quot;&amp;&#39;');
  expect(escaped('a\u0000b\ud800c\u{1f30d}')).toBe('a\ufffdb\ufffdc\u{1f30d}');
});

test.each(SAMPLES)('$name says what it is to those who do not see it, and is well-formed', (sample) => {
  for (const width of [1, 280, 500, 900, 1e9]) {
    const svg = sample.draw({ width, height: 300 }, LIGHT);
    expect(svg).toMatch(/role="img" aria-label="[^"]+"/);
    expect(svg).toMatch(/<desc>[^<]{10,}<\/desc>/);
    expect(unbalanced(svg)).toEqual([]);
    expect(svg).not.toMatch(/NaN|undefined|Infinity|\[object/);
  }
});

test.each(SAMPLES)('$name keeps its labels apart and on the page, at any width', (sample) => {
  for (const width of [280, 360, 600, 900, 1400]) {
    const svg = sample.draw({ width, height: 420 }, LIGHT);
    expect(overlapping(svg), `at ${width} pixels`).toEqual([]);
    expect(outside(svg), `at ${width} pixels`).toEqual([]);
  }
});

test.each([LIGHT, DARK])('in $name, letters are readable and marks are seen', (theme) => {
  for (const ink of [theme.text, theme.dim]) expect(contrast(ink, theme.ground)).toBeGreaterThan(4.5);
  for (const mark of [...theme.sites, theme.good, theme.warn, theme.bad, theme.off])
    expect(contrast(mark, theme.ground), mark).toBeGreaterThan(3);
  for (let part = 0; part <= 1; part += 0.05) {
    const cell = stepColour(theme, part);
    expect(contrast(inkOn(cell), cell), cell).toBeGreaterThan(4.2);
  }
});

test.each([LIGHT, DARK])('in $name, more is always told from less by lightness alone', (theme) => {
  const steps = Array.from({ length: 21 }, (_, i) => luminance(stepColour(theme, i / 20)));
  const rising = (steps.at(-1) as number) > (steps[0] as number);
  for (let i = 1; i < steps.length; i++)
    expect((steps[i] as number) > (steps[i - 1] as number) === rising).toBe(true);
});

test.each([LIGHT, DARK])(
  'in $name, the first eight sites differ for people who see no red, no green or no blue',
  (theme) => {
    for (const [who, sees] of Object.entries(SEES))
      for (const [i, a] of theme.sites.slice(0, 8).entries())
        for (const b of theme.sites.slice(0, i)) {
          const far = Math.hypot(...apart(seen(a, sees), seen(b, sees)));
          expect(far, `${a} and ${b} for ${who}`).toBeGreaterThan(12);
        }
  },
);

test('axes end at round numbers, days are those of the calendar, and parts keep a digit', () => {
  expect(ticks(407)).toEqual([0, 100, 200, 300, 400, 500]);
  expect(ticks(0)).toEqual([0, 1]);
  expect(ticks(Number.NaN)).toEqual([0, 1]);
  for (const at of [0, 951_782_400_000, 1_795_260_352_341, -1, 4_102_444_799_999]) {
    const iso = new Date(at).toISOString();
    expect(utc(at)).toEqual({ day: iso.slice(0, 10), time: iso.slice(11, 16), seconds: iso.slice(11, 19) });
  }
  expect([percent(0.1234), percent(0), percent(0.00004)]).toEqual(['12.3 %', '0.0 %', '0.004 %']);
});

test('what does not fit is cut with an ellipsis, and lines are broken between words', () => {
  expect(shorten('Frankfurt am Main', 60)).toMatch(/^Frank.*…$/);
  expect(measure(shorten('W'.repeat(1000), 100))).toBeLessThanOrEqual(100);
  expect(wrap('one two three', 60)).toEqual(['one two', 'three']);
});

test('a map of 77,000 networks everywhere is a file that opens, and every site keeps its weight', () => {
  const clients = Array.from({ length: 77_000 }, (_, i) => ({
    at: { lat: ((i * 7919) % 1300) / 10 - 55, lon: ((i * 104_729) % 3600) / 10 - 180 },
    weight: 1 + (i % 13),
    parts:
      i % 3 === 0
        ? ([
            [i % 8, 0.5],
            [(i + 1) % 8, 0.5],
          ] as const)
        : ([[i % 8, 1]] as const),
  }));
  const sites = Array.from({ length: 8 }, (_, i) => ({ name: `s${i}`, at: { lat: i * 5, lon: i * 20 } }));
  const svg = worldPicture({ land: LAND, sites, clients }, { width: 1200 }, LIGHT);
  expect(svg.length).toBeLessThan(4_000_000);
  expect(svg).toMatch(/s0: 12\.\d %/);
});

test('what is beyond a limit is left out and said', () => {
  const many = Array.from({ length: 300 }, (_, i) => `site-${i}`);
  const shares = many.map((site, index) => ({ site, index, share: 1 / 300, certain: 0 }));
  expect(sharesPicture({ sites: shares }, { width: 600 }, LIGHT)).toMatch(/240 more sites are not shown/);
  const rows = many.map((site) => ({ without: [site], after: many.map(() => 1 / 299), unreached: 0 }));
  const failures = failuresPicture(
    { sites: many, before: many.map(() => 1 / 300), rows },
    { width: 900 },
    LIGHT,
  );
  expect(failures).toMatch(/240 more failures are not shown; 260 more sites/);
  const sessions = [{ name: 'a', asn: 1, role: 'peer', prefixes: [] }];
  const network = { network: 'n', asn: 1, prefixes: [], sites: many.map((name) => ({ name, sessions })) };
  expect(diagramPicture(network, { width: 600 }, LIGHT)).toMatch(/240 more sites/);
  const values = Array.from({ length: 100_000 }, (_, i) => (i % 7) / 7);
  const heat = heatPicture(
    { from: 0, step: 1000, what: 'load', rows: [{ site: 'fra', values }] },
    { width: 600 },
    LIGHT,
  );
  expect(heat.length).toBeLessThan(100_000);
});

test('nothing at all is still a picture', () => {
  const size = { width: 500, height: 300 };
  for (const svg of [
    sharesPicture({ sites: [] }, size, LIGHT),
    tripsPicture({ lines: [] }, size, LIGHT),
    failuresPicture({ sites: [], before: [], rows: [] }, size, LIGHT),
    movesPicture({ sites: [], flows: [] }, size, LIGHT),
    attackPicture({ size: 0, sites: [], served: 1, responses: [] }, size, LIGHT),
    hijackPicture({ title: 'none', sites: [], defences: [] }, size, LIGHT),
    reliabilityPicture({ bins: [] }, size, LIGHT),
    versusPicture({ ways: [] }, size, LIGHT),
    searchPicture({ goal: 'x', tries: [] }, size, LIGHT),
    heatPicture({ from: 0, step: 1000, what: 'x', rows: [] }, size, LIGHT),
    diagramPicture({ network: 'n', asn: 1, prefixes: [], sites: [] }, size, LIGHT),
    worldPicture({ land: LAND, sites: [], clients: [] }, size, LIGHT),
  ]) {
    expect(unbalanced(svg)).toEqual([]);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  }
});

test('names from elsewhere are letters in the diagram, as SVG and as Mermaid', () => {
  const bad = '"]; click s0 "javascript:alert(1)"\n<script>alert(1)</script>';
  const network = {
    network: bad,
    asn: 64500,
    prefixes: [bad],
    sites: [
      {
        name: bad,
        place: bad,
        state: { word: bad, health: 'bad' as const },
        sessions: [
          { name: bad, asn: 64601, role: bad, state: { word: bad, health: 'off' as const }, prefixes: [bad] },
        ],
      },
    ],
  };
  expect(diagramPicture(network, { width: 700 }, LIGHT)).not.toMatch(/<script/);
  const mermaid = diagramMermaid(network).split('\n').slice(3).join('\n');
  expect(mermaid).not.toMatch(/<script|javascript:alert\(1\)"/);
  expect(mermaid).not.toMatch(/^\s*click/m);
});

test('a network as Mermaid has each session and each announcement once', () => {
  const session = { name: 'as1', asn: 64601, role: 'provider', prefixes: ['203.0.113.0/24'] };
  const text = diagramMermaid({
    network: 'n',
    asn: 64500,
    prefixes: ['203.0.113.0/24'],
    sites: [
      { name: 'fra', place: 'Frankfurt, DE', state: { word: 'up', health: 'good' }, sessions: [session] },
      { name: 'tyo', sessions: [{ ...session, state: { word: 'idle', health: 'bad' } }] },
    ],
  });
  expect(text).toMatchInlineSnapshot(`
    "---
    title: "n, AS64500"
    ---
    flowchart LR
      u0["AS64601"]
      subgraph network ["n, AS64500"]
        s0["fra<br/>Frankfurt, DE<br/>up"]:::good
        s1["tyo"]
      end
      p0(["203.0.113.0/24"])
      u0 -- "provider" --- s0
      u0 -. "provider, idle" .- s1
      s0 --> p0
      s1 --> p0
      classDef good stroke:#007a59,stroke-width:2px
      linkStyle 1 stroke:#c44500,stroke-width:3px,stroke-dasharray:4 4
    "
  `);
});

// ── reading a picture ──

/** Elements that are not closed in order. */
function unbalanced(svg: string): string[] {
  const open: string[] = [];
  for (const m of svg.matchAll(/<(\/?)([a-z]+)(?:\s[^<>]*?)?(\/?)>/gi)) {
    const [, closing, name, empty] = m as unknown as [string, string, string, string];
    if (closing) {
      if (open.pop() !== name) return [`</${name}>`];
    } else if (!empty) open.push(name);
  }
  return open;
}

interface Box {
  readonly label: string;
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

/** Where the letters of each text are; letters are taken a little narrower than they are measured when laid out. */
function boxesOf(svg: string): Box[] {
  const found: Box[] = [];
  for (const m of svg.matchAll(
    /<text x="([-\d.]+)" y="([-\d.]+)"([^>]*)>(?:<title>[^<]*<\/title>)?([^<]*)<\/text>/g,
  )) {
    const [, x = '0', y = '0', rest = '', label = ''] = m;
    const size = Number(/font-size="([\d.]+)"/.exec(rest)?.[1] ?? 12);
    const wide = 0.9 * measure(label.replace(/&[a-z#0-9]+;/g, 'x'), size);
    const anchor = /text-anchor="(\w+)"/.exec(rest)?.[1] ?? 'start';
    const from = anchor === 'end' ? -wide : anchor === 'middle' ? -wide / 2 : 0;
    const turn = (Number(/rotate\(([-\d.]+)/.exec(rest)?.[1] ?? 0) * Math.PI) / 180;
    const corners = [
      [from, -0.72 * size],
      [from + wide, -0.72 * size],
      [from, 0],
      [from + wide, 0],
    ].map(([a, b]) => [
      Number(x) + (a as number) * Math.cos(turn) - (b as number) * Math.sin(turn),
      Number(y) + (a as number) * Math.sin(turn) + (b as number) * Math.cos(turn),
    ]) as [number, number][];
    const [xs, ys] = [corners.map((c) => c[0]), corners.map((c) => c[1])];
    // Turned letters lie aslant: their box says little, so only upright ones and those that stand are compared.
    if (turn !== 0 && Math.abs(Math.abs(turn) - Math.PI / 2) > 0.01) continue;
    found.push({ label, x0: Math.min(...xs), x1: Math.max(...xs), y0: Math.min(...ys), y1: Math.max(...ys) });
  }
  return found;
}

function overlapping(svg: string): string[] {
  const boxes = boxesOf(svg);
  const found: string[] = [];
  for (const [i, a] of boxes.entries())
    for (const b of boxes.slice(0, i))
      if (Math.min(a.x1, b.x1) - Math.max(a.x0, b.x0) > 1 && Math.min(a.y1, b.y1) - Math.max(a.y0, b.y0) > 1)
        found.push(`'${a.label}' over '${b.label}'`);
  return found;
}

function outside(svg: string): string[] {
  const [, width, height] = /<svg [^>]*?width="(\d+)" height="(\d+)"/.exec(svg) as unknown as [
    string,
    string,
    string,
  ];
  return boxesOf(svg).flatMap((b) =>
    b.x0 < -1 || b.y0 < -1 || b.x1 > Number(width) + 1 || b.y1 > Number(height) + 1 ? [b.label] : [],
  );
}

// ── eyes ──

type Matrix = readonly (readonly [number, number, number])[];

/** What is left of linear light (Machado, Oliveira, Fernandes 2009, severity 1). */
const SEES: { readonly [who: string]: Matrix } = {
  all: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  'no red': [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  'no green': [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  'no blue': [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** CIE L*a*b* of a colour as somebody sees it. */
function seen(colour: string, sees: Matrix): [number, number, number] {
  const linear = channels(colour).map((c) =>
    c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4,
  );
  const [r, g, b] = sees.map((row) =>
    Math.max(
      0,
      row.reduce((s, k, i) => s + k * (linear[i] as number), 0),
    ),
  ) as [number, number, number];
  const f = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function apart(a: readonly number[], b: readonly number[]): number[] {
  return a.map((x, i) => x - (b[i] as number));
}
