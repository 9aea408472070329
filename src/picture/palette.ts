/**
 * Colours of sites, here and on the page. Twelve that stay apart for people with protanopia, deuteranopia and tritanopia, and
 * stand out from paper, land and sea in both themes (the test beside measures that); found by a search over OKLCH, the eight most
 * different ones first. Beyond twelve they repeat: a colour never stands without the site's name.
 */

export interface Tone {
  readonly dark: string;
  readonly light: string;
}

export const SITE_TONES: readonly Tone[] = [
  { dark: '#50a5ff', light: '#03579f' },
  { dark: '#fb4c10', light: '#872302' },
  { dark: '#1af796', light: '#059256' },
  { dark: '#bf45cb', light: '#690072' },
  { dark: '#3f78ff', light: '#0025af' },
  { dark: '#a9bb72', light: '#5a6c2a' },
  { dark: '#ff7ec4', light: '#ad0977' },
  { dark: '#f2d9ea', light: '#be5faa' },
  { dark: '#fec852', light: '#9b7410' },
  { dark: '#a3c1fc', light: '#285fec' },
  { dark: '#1ba995', light: '#00584d' },
  { dark: '#4e7a99', light: '#213849' },
];

/** Of clients that land nowhere. */
export const NOWHERE_TONE: Tone = { dark: '#8b96a3', light: '#6b7580' };
