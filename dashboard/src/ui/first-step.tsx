/** The obvious first thing to do: kill the site that answers most people, or mend what is broken; and what came of it, and why. */
import { useApp, useShown } from '../app.ts';
import { sceneOf } from '../data/scene.ts';
import { story } from '../data/story.ts';
import { useStore } from '../store/store.ts';
import { PastNote } from './past-note.tsx';

/** Faults that are explained, the latest first. */
const TOLD = 2;
/** Events that are looked through. */
const MOST = 5000;

export function FirstStep() {
  const app = useApp();
  const { snapshot, live } = useShown();
  const { looks, catchments, sites } = sceneOf(snapshot);
  const broken = Object.keys(snapshot.faults).length > 0;
  if (!live)
    return (
      <>
        <PastNote />
        {broken && (
          <section class="first">
            <Stories />
          </section>
        )}
      </>
    );
  const standing = sites.filter((s) => looks.get(s)?.mood === 'ok');
  const target = standing.includes('tyo')
    ? 'tyo'
    : [...standing].sort((a, b) => (catchments.get(b)?.share ?? 0) - (catchments.get(a)?.share ?? 0))[0];
  const by = { owner: 'dashboard', reason: 'tried from the page' };
  return (
    <section class="first">
      {broken ? (
        <>
          <Stories />
          <button type="button" class="main" onClick={() => app.intent.set({ do: 'heal', ...by })}>
            Heal everything
          </button>
        </>
      ) : target ? (
        <>
          <p>Real agents, real BGP, nothing played back. Kill a site, and watch where its clients go.</p>
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

function Stories() {
  const { snapshot } = useShown();
  const timeline = useStore(useApp().live.history)?.timeline;
  const faults = Object.entries(snapshot.faults).sort(([, a], [, b]) => b.at - a.at);
  const told = faults.slice(0, TOLD);
  return (
    <>
      {told.map(([id, fault]) => (
        <p key={id}>{story(fault, timeline?.between(fault.at, snapshot.at, MOST) ?? [], snapshot)}</p>
      ))}
      {faults.length > TOLD && <p class="dim">{faults.length - TOLD} more under Actions.</p>}
    </>
  );
}
