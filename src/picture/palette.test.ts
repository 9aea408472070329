import { expect, test } from 'vitest';
import { NOWHERE_TONE, SITE_TONES, type Tone } from './palette.ts';
import { DARK, LIGHT } from './theme.ts';

type Rgb = readonly [number, number, number];

/** Linear light of `#rrggbb`. */
function linear(hex: string): Rgb {
  const part = (i: number) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return [part(1), part(3), part(5)];
}

/** What people without one kind of cone see (Machado, Oliveira and Fernandes 2009, severity 1); all kinds first. */
const EYES: { readonly [name: string]: readonly [Rgb, Rgb, Rgb] } = {
  all: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function seen(hex: string, eyes: readonly [Rgb, Rgb, Rgb]): Rgb {
  const [r, g, b] = linear(hex);
  return eyes.map((row) => Math.min(1, Math.max(0, row[0] * r + row[1] * g + row[2] * b))) as unknown as Rgb;
}

/** CIELAB under D65. */
function lab([r, g, b]: Rgb): Rgb {
  const f = (t: number) => (t > 216 / 24_389 ? Math.cbrt(t) : ((24_389 / 27) * t + 16) / 116);
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const RADIANS = Math.PI / 180;
const sin = (degrees: number) => Math.sin(degrees * RADIANS);
const cos = (degrees: number) => Math.cos(degrees * RADIANS);

/** CIEDE2000 (Sharma, Wu and Dalal 2005). 1 is just seen side by side, 5 at a glance. */
function difference([l1, a1, b1]: Rgb, [l2, a2, b2]: Rgb): number {
  const seventh = (c: number) => Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7));
  const g = 1.5 - seventh((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) / 2;
  const [c1, c2] = [Math.hypot(g * a1, b1), Math.hypot(g * a2, b2)];
  const hue = (b: number, a: number) => (Math.atan2(b, a) / RADIANS + 360) % 360;
  const [h1, h2] = [hue(b1, g * a1), hue(b2, g * a2)];
  const turn = ((h2 - h1 + 540) % 360) - 180;
  const [l, c, h] = [(l1 + l2) / 2, (c1 + c2) / 2, h1 + turn / 2];
  const t = 1 - 0.17 * cos(h - 30) + 0.24 * cos(2 * h) + 0.32 * cos(3 * h + 6) - 0.2 * cos(4 * h - 63);
  const lightness = (l2 - l1) / (1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2));
  const chroma = (c2 - c1) / (1 + 0.045 * c);
  const tint = (2 * Math.sqrt(c1 * c2) * sin(turn / 2)) / (1 + 0.015 * c * t);
  const around = (((h % 360) + 360) % 360) - 275;
  const rotation = -2 * seventh(c) * sin(60 * Math.exp(-((around / 25) ** 2)));
  return Math.sqrt(lightness ** 2 + chroma ** 2 + tint ** 2 + rotation * chroma * tint);
}

test('the measure is CIEDE2000: pairs of Sharma, Wu and Dalal', () => {
  const measured = [
    difference([50, 2.6772, -79.7751], [50, 0, -82.7485]),
    difference([50, 2.5, 0], [58, 24, 15]),
    difference([22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619]),
    difference([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514]),
  ];
  expect(measured.map((x) => x.toFixed(4))).toEqual(['2.0425', '19.4535', '2.0373', '0.9082']);
});

function closest(tones: readonly Tone[], theme: 'dark' | 'light', eyes: readonly [Rgb, Rgb, Rgb]): number {
  const points = tones.map((tone) => lab(seen(tone[theme], eyes)));
  let least = Number.POSITIVE_INFINITY;
  for (const [i, a] of points.entries())
    for (const b of points.slice(0, i)) least = Math.min(least, difference(a, b));
  return least;
}

/** WCAG 2. */
function contrast(a: string, b: string): number {
  const [x, y] = [a, b].map((hex) => {
    const [r, g, bl] = linear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl + 0.05;
  }) as [number, number];
  return Math.max(x, y) / Math.min(x, y);
}

test.each(['dark', 'light'] as const)(
  'sites are told apart, also by people who see fewer colours, %s',
  (theme) => {
    for (const [name, eyes] of Object.entries(EYES)) {
      expect(closest(SITE_TONES.slice(0, 8), theme, eyes), name).toBeGreaterThan(name === 'all' ? 26 : 13);
      expect(closest(SITE_TONES, theme, eyes), name).toBeGreaterThan(name === 'all' ? 14 : 7);
    }
  },
);

test('every colour of a site stands out from land and sea, 3 to 1 (WCAG 1.4.11)', () => {
  // Sea, land and panels of the page; paper and land of the pictures.
  const grounds = {
    dark: ['#0f1822', '#1f2c3a', '#111821', DARK.ground, DARK.land],
    light: ['#e6edf3', '#fbfaf7', '#ffffff', LIGHT.ground, LIGHT.land],
  };
  for (const theme of ['dark', 'light'] as const)
    for (const tone of [...SITE_TONES, NOWHERE_TONE])
      for (const ground of grounds[theme])
        expect(contrast(tone[theme], ground), `${tone[theme]} on ${ground}`).toBeGreaterThan(3);
});
