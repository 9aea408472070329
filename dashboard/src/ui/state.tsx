/** States and names, the same everywhere: a shape, a colour and a word, never a colour alone. */

import { useApp, useShown } from '../app.ts';
import { siteColour } from '../data/palette.ts';
import type { Mood, SiteLook } from '../data/scene.ts';
import { sceneOf } from '../data/scene.ts';
import { useStore } from '../store/store.ts';

export function MoodIcon({ mood, size = 12 }: { readonly mood: Mood; readonly size?: number }) {
  return (
    <svg class={MOOD_CLASS[mood]} width={size} height={size} viewBox="0 0 12 12" aria-hidden="true">
      {mood === 'ok' && <circle cx="6" cy="6" r="4.5" fill="currentColor" />}
      {mood === 'warn' && <path d="M6 1 11.3 10.5H.7Z" fill="currentColor" />}
      {mood === 'bad' && (
        <path d="M2 2 10 10M10 2 2 10" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" />
      )}
      {mood === 'off' && <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="1.8" />}
    </svg>
  );
}

export const MOOD_CLASS: { readonly [M in Mood]: string } = {
  ok: 'ok',
  warn: 'warn',
  bad: 'bad',
  off: 'dim',
};

export function State({ look }: { readonly look: SiteLook }) {
  return (
    <span class="state" title={look.why[0]}>
      <MoodIcon mood={look.mood} />
      <span class={MOOD_CLASS[look.mood]}>{look.word}</span>
      {look.frozen && <span class="dim">· frozen</span>}
    </span>
  );
}

/** The dot of a site and its name; `nowhere` when there is none. */
export function SiteName({ site }: { readonly site: string | undefined }) {
  const theme = useStore(useApp().theme);
  const index = sceneOf(useShown().snapshot).index.get(site ?? '');
  return (
    <span class="state">
      <span class="dot" style={{ '--tone': siteColour(index, theme) }} />
      <span>{site ?? 'nowhere'}</span>
    </span>
  );
}

/** The colour of a site in the theme of the page. */
export function useSiteColour(): (site: string | undefined) => string {
  const theme = useStore(useApp().theme);
  const { index } = sceneOf(useShown().snapshot);
  return (site) => siteColour(index.get(site ?? ''), theme);
}
