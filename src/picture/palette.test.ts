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

/** OKLab: equal distances look about equally far apart. */
function lab([r, g, b]: Rgb): Rgb {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function closest(tones: readonly Tone[], theme: 'dark' | 'light', eyes: readonly [Rgb, Rgb, Rgb]): number {
  const points = tones.map((tone) => lab(seen(tone[theme], eyes)));
  let least = Number.POSITIVE_INFINITY;
  for (const [i, a] of points.entries())
    for (const b of points.slice(0, i))
      least = Math.min(least, Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]));
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

test.each(['dark', 'light'] as const)('sites are told apart by people who see fewer colours, %s', (theme) => {
  for (const eyes of Object.values(EYES)) {
    expect(closest(SITE_TONES, theme, eyes)).toBeGreaterThan(0.054);
    expect(closest(SITE_TONES.slice(0, 8), theme, eyes)).toBeGreaterThan(0.075);
  }
});

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
