/** What a site's judgement brings about, as sentences: one for each decision and each turn, with its cause. */
import type { Level, SiteEffect } from '../site/index.ts';
import type { Happening } from './history.ts';

export interface Words extends Pick<Happening, 'kind' | 'say' | 'about' | 'from' | 'to' | 'why'> {
  readonly level: 'info' | 'warn';
}

const LEVEL_WORDS: { readonly [L in Level]: string } = {
  full: 'announced',
  'less-preferred': 'announced less preferred',
  withdrawn: 'withdrawn',
  pending: 'not announced yet',
};

/** Undefined for what nobody wants to read of. */
export function wordsOf(effect: SiteEffect): Words | undefined {
  switch (effect.do) {
    case 'announce': {
      const { scope, was, level, why } = effect;
      const say = `${scope} is ${LEVEL_WORDS[level]}: ${why.join('; ')}`;
      return {
        kind: 'decision',
        level: level === 'full' ? 'info' : 'warn',
        say,
        about: scope,
        from: was,
        to: level,
        why,
      };
    }
    case 'note': {
      const { about, from, to, why } = effect;
      const say = `${about}: ${from} → ${to}${why.length > 0 ? ` (${why.join('; ')})` : ''}`;
      const kind = about === 'drain' ? 'drain' : 'health';
      return { kind, level: to === 'down' || to === 'degraded' ? 'warn' : 'info', say, about, from, to, why };
    }
    case 'refuse':
      return { kind: 'order', level: 'warn', say: `refused: ${effect.why}` };
    case 'report':
      return undefined;
  }
}
