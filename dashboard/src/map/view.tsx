/** The map's place on the page. The map itself, the biggest part of all, is loaded after the page stands. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp } from '../app.ts';
import { useStore } from '../store/store.ts';
import { Blank } from '../ui/blank.tsx';
import { Choice } from '../ui/choice.tsx';
import { NotLoaded } from '../ui/not-loaded.tsx';
import { ClientsChoice, ClientsLegend } from '../whatif/clients-choice.tsx';

type Stage =
  | { readonly is: 'loading' }
  | { readonly is: 'shown' }
  | { readonly is: 'not loaded' }
  | { readonly is: 'failed'; readonly why: string };

/** The part that draws. Asked for early, so that it is there when there is something to draw. */
export const loadMap = () => import('./mount.ts');

export function MapView() {
  const app = useApp();
  const box = useRef<HTMLDivElement>(null);
  const [stage, setStage] = useState<Stage>({ is: 'loading' });
  const [attempt, setAttempt] = useState(0);
  const retry = () => {
    setStage({ is: 'loading' });
    setAttempt(attempt + 1);
  };
  useEffect(() => {
    let gone = false;
    let remove = () => {};
    loadMap()
      .then(
        ({ mountMap }) => {
          if (gone || !box.current) return;
          remove = mountMap(box.current, app, {
            drawn: () => setStage({ is: 'shown' }),
            failed: (why) => setStage({ is: 'failed', why }),
          });
        },
        () => setStage({ is: 'not loaded' }),
      )
      .catch((error: Error) => setStage({ is: 'failed', why: error.message }));
    return () => {
      gone = true;
      remove();
    };
  }, [attempt]);
  return (
    <>
      <div class="canvas" ref={box} />
      {stage.is === 'loading' && (
        <div class="over">
          <Blank wait title="Drawing the world" />
        </div>
      )}
      {stage.is === 'not loaded' && (
        <div class="over">
          <NotLoaded name="the map" onRetry={retry} />
        </div>
      )}
      {stage.is === 'failed' && (
        <div class="over">
          <Blank title="The map cannot be drawn here">
            <p>{stage.why}. The lists beside it show the same: every site, every client, every path.</p>
            <button type="button" onClick={retry}>
              Try again
            </button>
          </Blank>
        </div>
      )}
      <MapTools />
      <ClientsLegend />
    </>
  );
}

function MapTools() {
  const app = useApp();
  const projection = useStore(app.view, (v) => v.map);
  const moved = useStore(app.view, (v) => v.camera !== undefined);
  return (
    <div class="map-tools">
      <Choice
        label="Map"
        value={projection}
        options={[
          { value: 'globe', text: 'Globe' },
          { value: 'flat', text: 'Flat' },
        ]}
        onChoose={(map) => app.look({ map })}
      />
      <ClientsChoice />
      {moved && (
        <button type="button" onClick={() => app.look({ camera: undefined })}>
          Whole world
        </button>
      )}
    </div>
  );
}
