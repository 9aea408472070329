/** Colours of sites on the page: those of every picture. */
import { NOWHERE_TONE, SITE_TONES, type Tone } from '../../../src/picture/index.ts';

export type Theme = 'dark' | 'light';

/** The colour of the site that is number `index` in the plan; of nowhere when there is none. */
export function siteColour(index: number | undefined, theme: Theme): string {
  const tone =
    index === undefined || index < 0 ? NOWHERE_TONE : (SITE_TONES[index % SITE_TONES.length] as Tone);
  return tone[theme];
}
