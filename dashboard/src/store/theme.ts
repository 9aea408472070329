/** Dark or light: what the system prefers, unless the person chose. The choice is kept in this browser, not in links. */
import type { Theme } from '../data/palette.ts';
import { type Source, type Store, store } from './store.ts';

export type ThemeChoice = 'auto' | Theme;

const KEY = 'nearcast.theme';

export interface ThemeStores {
  readonly choice: Store<ThemeChoice>;
  readonly theme: Source<Theme>;
}

export function themeStores(): ThemeStores {
  const choice = store<ThemeChoice>(remembered());
  const prefersLight = matchMedia('(prefers-color-scheme: light)');
  const effective = (): Theme => {
    const chosen = choice.get();
    return chosen !== 'auto' ? chosen : prefersLight.matches ? 'light' : 'dark';
  };
  const theme = store<Theme>(effective());
  const apply = () => {
    // The attribute first: who is told of the theme reads colours from the stylesheet.
    document.documentElement.dataset['theme'] = effective();
    theme.set(effective());
  };
  apply();
  prefersLight.addEventListener('change', apply);
  choice.watch((chosen) => {
    apply();
    try {
      localStorage.setItem(KEY, chosen);
    } catch {
      // A browser that keeps nothing still shows what was chosen.
    }
  });
  return { choice, theme };
}

function remembered(): ThemeChoice {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'dark' || kept === 'light' ? kept : 'auto';
  } catch {
    return 'auto';
  }
}
