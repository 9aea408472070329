/** Colours and letters of a picture, for light and dark surroundings. */
import { SITE_TONES } from './palette.ts';

export interface Theme {
  readonly name: 'light' | 'dark';
  readonly ground: string;
  readonly text: string;
  /** Text that says less, at least 4.5 to 1 against the ground. */
  readonly dim: string;
  /** Lines of grids and axes. */
  readonly rule: string;
  readonly land: string;
  readonly coast: string;
  /** One for each site, told apart by people who see no red or no green. The first eight are farthest from each other. */
  readonly sites: readonly string[];
  readonly good: string;
  readonly warn: string;
  readonly bad: string;
  readonly off: string;
  /** From nothing to most, by lightness, so that it reads without hue. */
  readonly steps: readonly string[];
}

export const LIGHT: Theme = {
  name: 'light',
  ground: '#ffffff',
  text: '#1b2530',
  dim: '#55606c',
  rule: '#d5dbe1',
  land: '#e9edf0',
  coast: '#c3ccd4',
  sites: SITE_TONES.map((tone) => tone.light),
  good: '#007a59',
  warn: '#a86800',
  bad: '#c44500',
  off: '#7a838c',
  steps: ['#f1f5f9', '#c6dbef', '#85b7dc', '#3f87c0', '#15579b', '#08306b'],
};

export const DARK: Theme = {
  name: 'dark',
  ground: '#10161d',
  text: '#e8edf2',
  dim: '#a3afbb',
  rule: '#303b47',
  land: '#1f2933',
  coast: '#3a4754',
  sites: SITE_TONES.map((tone) => tone.dark),
  good: '#2fc79a',
  warn: '#f5b942',
  bad: '#f2803c',
  off: '#8a95a1',
  steps: ['#1a232d', '#1f3f63', '#2a659c', '#4c92c3', '#93c0d6', '#f4ecc0'],
};

export const THEMES: { readonly [name in Theme['name']]: Theme } = { light: LIGHT, dark: DARK };

/** Fonts that a viewer is asked for, the first first. PNGs are drawn with the first. */
export const FONTS = "'DejaVu Sans', Verdana, sans-serif";

/** The colour of a site by its place in the list. After the last the first comes again: a name always stands beside. */
export function siteColour(theme: Theme, index: number): string {
  return theme.sites[index % theme.sites.length] as string;
}

/** A colour between nothing and most; `part` is 0 … 1, and beyond counts as the end. */
export function stepColour(theme: Theme, part: number): string {
  const last = theme.steps.length - 1;
  const at = Math.max(0, Math.min(1, part)) * last;
  const low = Math.min(last - 1, Math.floor(at));
  const [a, b] = [channels(theme.steps[low] as string), channels(theme.steps[low + 1] as string)];
  return `#${a.map((x, i) => hex(x + ((b[i] as number) - x) * (at - low))).join('')}`;
}

/** Black or white, whichever reads better on a colour. */
export function inkOn(colour: string): string {
  return luminance(colour) > 0.19 ? '#101418' : '#ffffff';
}

/** Relative luminance, 0 … 1 (WCAG 2). */
export function luminance(colour: string): number {
  const [r, g, b] = channels(colour).map((x) => {
    const s = x / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Red, green and blue of `#rrggbb`, 0 … 255. */
export function channels(colour: string): number[] {
  return [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16));
}

function hex(x: number): string {
  return Math.round(x).toString(16).padStart(2, '0');
}
