/** The network of a snapshot as boxes and lines, with its states: what `picture` draws. Pure. */
import type { Snapshot } from '../../../src/control/index.ts';
import type { Diagram, Health } from '../../../src/picture/index.ts';
import { type Mood, placeText, sceneOf } from './scene.ts';

const HEALTH: { readonly [M in Mood]: Health } = { ok: 'good', warn: 'warn', bad: 'bad', off: 'off' };

export function diagramOf(snapshot: Snapshot, at: number): Diagram {
  const { looks } = sceneOf(snapshot);
  return {
    network: snapshot.network.name,
    asn: snapshot.network.asn,
    prefixes: snapshot.network.prefixes,
    at,
    sites: Object.entries(snapshot.sites).map(([name, site]) => {
      const { mood, word } = looks.get(name)!;
      return {
        name,
        place: placeText(site),
        state: { word, health: HEALTH[mood] },
        sessions: Object.entries(site.upstreams).map(([upstream, { asn, role, session, announcements }]) => ({
          name: upstream,
          asn,
          role,
          state: { word: session.state, health: sessionHealth(session.state) },
          prefixes: Object.entries(announcements)
            .filter(([, a]) => a.actual !== 'withdrawn')
            .map(([prefix]) => prefix),
        })),
      };
    }),
  };
}

/** Down by wish is another thing than down. */
function sessionHealth(state: string): Health {
  if (state === 'established') return 'good';
  return state === 'disabled' || state === 'unknown' ? 'off' : 'bad';
}
