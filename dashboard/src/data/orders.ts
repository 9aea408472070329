/** What can be asked of a site, in words for people: what it does, and when it makes sense. Pure. */
import type { Order, Site } from '../../../src/control/index.ts';

export type Verb = Order['do'];

/** One sentence each, for whoever has never done it. */
export const EXPLAIN: { readonly [V in Verb]: string } = {
  drain: 'Moves its clients away step by step, then withdraws. Nobody is cut off.',
  undrain: 'Ends the drain: it announces again, and its clients come back.',
  freeze: 'What it announces stays as it is, whatever its health.',
  unfreeze: 'Its health decides again what it announces.',
  fail: 'A service stops answering; health checks have to notice.',
  kill: 'kill -9 of its agent and services, without a goodbye.',
  restart: 'Ends the agent cleanly and starts it anew.',
  cut: 'Cuts a cable to an upstream, or all of them.',
  heal: 'Undoes kill, fail and cut.',
};

export const TITLES: { readonly [V in Verb]: string } = {
  drain: 'Drain',
  undrain: 'Undrain',
  freeze: 'Freeze',
  unfreeze: 'Unfreeze',
  fail: 'Fail a service',
  kill: 'Kill',
  restart: 'Restart',
  cut: 'Cut a cable',
  heal: 'Heal',
};

/** It breaks something, or takes a site out. */
export const HARMS: ReadonlySet<Verb> = new Set<Verb>(['kill', 'fail', 'cut']);

/** What makes sense at a site as it stands, the kind ones first. */
export function verbsFor(site: Site, broken: boolean): readonly Verb[] {
  const dead = site.process.standing === 'dead';
  if (dead) return ['heal'];
  return [
    site.drain.phase === 'in' ? 'drain' : 'undrain',
    site.frozen ? 'unfreeze' : 'freeze',
    'restart',
    ...(Object.keys(site.verdicts).length > 0 ? (['fail'] as const) : []),
    ...(Object.keys(site.upstreams).length > 0 ? (['cut'] as const) : []),
    'kill',
    ...(broken ? (['heal'] as const) : []),
  ];
}

/** An order about a site to begin the dialog with; undefined when the site has not what it is about. */
export function orderFor(verb: Verb, name: string, site: Site, by: By): Order | undefined {
  switch (verb) {
    case 'fail': {
      const service = Object.keys(site.verdicts)[0];
      return service === undefined ? undefined : { do: verb, service, site: name, how: 'refuse', ...by };
    }
    case 'cut': {
      const other = Object.keys(site.upstreams)[0];
      return other === undefined ? undefined : { do: verb, one: name, other, ...by };
    }
    case 'heal':
      return { do: verb, what: name, ...by };
    default:
      return { do: verb, site: name, ...by };
  }
}

export interface By {
  readonly owner: string;
  readonly reason: string;
}
