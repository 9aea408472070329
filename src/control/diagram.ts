/** The network of a snapshot as boxes and lines, with its states: plain data in the shape that `picture` draws. */
import { lookOf, type Mood, placeText } from './look.ts';
import type { Snapshot } from './snapshot.ts';

/** In the words of `picture`. */
type Health = 'good' | 'warn' | 'bad' | 'off';
const HEALTH: { readonly [M in Mood]: Health } = { ok: 'good', warn: 'warn', bad: 'bad', off: 'off' };

/** The diagram of a snapshot as it was at an instant, milliseconds since 1970. */
export function diagramOf(snapshot: Snapshot, at: number) {
  return {
    network: snapshot.network.name,
    asn: snapshot.network.asn,
    prefixes: snapshot.network.prefixes,
    at,
    sites: Object.entries(snapshot.sites).map(([name, site]) => {
      const { mood, word } = lookOf(site);
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
