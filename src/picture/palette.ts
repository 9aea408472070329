/**
 * Colours of sites, here and on the page. Twelve that are told apart in both themes, also by people with protanopia, deuteranopia
 * and tritanopia, and stand out from paper, land and sea (the test beside measures that by CIEDE2000); found by a search over OKLCH
 * for the eight whose nearest two are farthest apart, with hues that are near each other in both themes. Beyond twelve they repeat: a
 * colour never stands without the site's name.
 */

export interface Tone {
  readonly dark: string;
  readonly light: string;
}

export const SITE_TONES: readonly Tone[] = [
  { dark: '#3c74fb', light: '#0000a8' },
  { dark: '#ea1e33', light: '#fa0760' },
  { dark: '#7fc52e', light: '#269573' },
  { dark: '#cab4f3', light: '#be3bfb' },
  { dark: '#168c6b', light: '#004305' },
  { dark: '#f5ad99', light: '#956211' },
  { dark: '#9dfcf7', light: '#0c6785' },
  { dark: '#bc51a6', light: '#6a2e43' },
  { dark: '#5aa6c7', light: '#2c4375' },
  { dark: '#c37b83', light: '#b36ea2' },
  { dark: '#c89b64', light: '#91432f' },
  { dark: '#fffa41', light: '#888500' },
];

/** Of clients that land nowhere. */
export const NOWHERE_TONE: Tone = { dark: '#8b96a3', light: '#6b7580' };
