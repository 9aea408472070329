/** Moves as they happen: a line from the client to the site it goes to now, which fades. Nothing under reduced motion. */
import type { Feature, FeatureCollection, LineString } from 'geojson';
import type { Event, Snapshot } from '../../../src/control/index.ts';
import { siteColour } from '../data/palette.ts';
import { sceneOf } from '../data/scene.ts';
import { arc } from './arc.ts';
import { geojson } from './base.ts';
import type { LayerMaker } from './layer.ts';

const ARCS = 'arcs';
const FADE_MS = 2600;
/** At once; of more, the first are drawn: it is a crowd either way. */
const MOST = 300;

interface Flying {
  readonly id: number;
  readonly born: number;
  readonly feature: Feature<LineString>;
}

export const arcs: LayerMaker = ({ map, app, still }) => {
  map.addSource(ARCS, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } });
  map.addLayer({
    id: ARCS,
    type: 'line',
    source: ARCS,
    layout: { 'line-cap': 'round' },
    paint: {
      'line-color': ['get', 'colour'],
      'line-width': 1.8,
      'line-opacity': ['coalesce', ['feature-state', 'opacity'], 0],
    },
  });
  let flying: readonly Flying[] = [];
  let frame = 0;
  let next = 0;

  function put(): void {
    const data: FeatureCollection = { type: 'FeatureCollection', features: flying.map((f) => f.feature) };
    geojson(map, ARCS).setData(data);
  }

  function fade(): void {
    frame = 0;
    const now = performance.now();
    const left = flying.filter((f) => now - f.born < FADE_MS);
    const gone = left.length < flying.length;
    flying = left;
    for (const { id, born } of flying) {
      const age = (now - born) / FADE_MS;
      map.setFeatureState({ source: ARCS, id }, { opacity: 0.9 * (1 - age) ** 1.5 });
    }
    if (gone) put();
    if (flying.length > 0) frame = requestAnimationFrame(fade);
  }

  function fly(events: readonly Event[], before: Snapshot): void {
    if (still() || app.view.get().at !== undefined || document.hidden) return;
    const { index } = sceneOf(before);
    const born = performance.now();
    const moves = events.flatMap((event): Flying[] => {
      if (event.kind !== 'landing' || event.was.site === event.is.site) return [];
      const from = before.vantages[event.vantage]?.place;
      const to = before.sites[event.is.site ?? '']?.place;
      if (!from || !to) return [];
      const id = next++;
      const colour = siteColour(index.get(event.is.site ?? ''), app.theme.get());
      const geometry: LineString = { type: 'LineString', coordinates: arc(from, to) };
      return [{ id, born, feature: { type: 'Feature', id, properties: { colour }, geometry } }];
    });
    if (moves.length === 0) return;
    flying = [...flying, ...moves].slice(-MOST);
    put();
    frame ||= requestAnimationFrame(fade);
  }

  const stop = app.live.onEvents(fly);
  return {
    draw() {},
    remove() {
      stop();
      cancelAnimationFrame(frame);
    },
  };
};
