/** The obvious first thing to do: kill the site that answers most people, or mend what is broken. */
import { useApp, useShown } from '../app.ts';
import { sceneOf } from '../data/scene.ts';

export function FirstStep() {
  const app = useApp();
  const { snapshot, live } = useShown();
  const { looks, catchments, sites } = sceneOf(snapshot);
  if (!live)
    return (
      <section class="first">
        <p>This is the past. Nothing here can be changed.</p>
        <button type="button" class="main" onClick={() => app.look({ at: undefined })}>
          Back to now
        </button>
      </section>
    );
  const broken = Object.keys(snapshot.faults).length > 0;
  const standing = sites.filter((s) => looks.get(s)?.mood === 'ok');
  const target = standing.includes('tyo')
    ? 'tyo'
    : [...standing].sort((a, b) => (catchments.get(b)?.share ?? 0) - (catchments.get(a)?.share ?? 0))[0];
  const by = { owner: 'dashboard', reason: 'tried from the page' };
  return (
    <section class="first">
      {broken ? (
        <>
          <p>Something is broken on purpose. Its clients went elsewhere; mend it and they come back.</p>
          <button type="button" class="main" onClick={() => app.intent.set({ do: 'heal', ...by })}>
            Heal everything
          </button>
        </>
      ) : target ? (
        <>
          <p>Nothing here is simulated in the page: real agents, real BGP. Break it.</p>
          <button
            type="button"
            class="main"
            onClick={() => app.intent.set({ do: 'kill', site: target, ...by })}
          >
            Kill {snapshot.sites[target]!.place.name} and watch
          </button>
        </>
      ) : (
        <p>No site announces at the moment.</p>
      )}
    </section>
  );
}
