/**
 * Colours of sites. Twelve that stay apart for people with protanopia, deuteranopia and tritanopia, and stand out from land and
 * sea in both themes (the test beside measures that); found by a search over OKLCH, the eight most different ones first. Beyond
 * twelve they repeat: a colour never stands without the site's name.
 */

export interface Tone {
  readonly dark: string;
  readonly light: string;
}

export const TONES: readonly Tone[] = [
  { dark: '#50a5ff', light: '#03579f' },
  { dark: '#fb4c10', light: '#872302' },
  { dark: '#1af796', light: '#059256' },
  { dark: '#bf45cb', light: '#690072' },
  { dark: '#3f78ff', light: '#0025af' },
  { dark: '#a9bb72', light: '#5e683e' },
  { dark: '#ff7ec4', light: '#ad0977' },
  { dark: '#f2d9ea', light: '#be5faa' },
  { dark: '#fec852', light: '#9b7410' },
  { dark: '#a3c1fc', light: '#285fec' },
  { dark: '#1ba995', light: '#00584d' },
  { dark: '#4e7a99', light: '#213849' },
];

/** Of clients that land nowhere. */
export const NOWHERE: Tone = { dark: '#8b96a3', light: '#6b7580' };

export type Theme = 'dark' | 'light';

/** The colour of the site that is number `index` in the plan; of nowhere when there is none. */
export function siteColour(index: number | undefined, theme: Theme): string {
  const tone = index === undefined || index < 0 ? NOWHERE : (TONES[index % TONES.length] as Tone);
  return tone[theme];
}
