/** The way of the selected client, from its own network over every router to the site. */
import type { Feature, FeatureCollection } from 'geojson';
import { siteColour } from '../data/palette.ts';
import { placesOnTheWay } from '../data/scene.ts';
import { arc } from './arc.ts';
import { geojson } from './base.ts';
import type { Drawing, LayerMaker } from './layer.ts';

const LINE = 'path';
const STOPS = 'path-stops';

export const path: LayerMaker = ({ map }) => {
  map.addSource(LINE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } });
  map.addLayer({
    id: LINE,
    type: 'line',
    source: LINE,
    filter: ['==', ['geometry-type'], 'LineString'],
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: { 'line-color': ['get', 'colour'], 'line-width': 2.4, 'line-opacity': 0.95 },
  });
  map.addLayer({
    id: STOPS,
    type: 'circle',
    source: LINE,
    filter: ['==', ['geometry-type'], 'Point'],
    paint: {
      'circle-radius': 4,
      'circle-pitch-alignment': 'viewport',
      'circle-color': ['get', 'ground'],
      'circle-stroke-color': ['get', 'colour'],
      'circle-stroke-width': 2,
    },
  });
  let drawn: readonly unknown[] = [];
  return {
    draw(drawing) {
      const { selected } = drawing.view;
      const vantage = selected?.kind === 'client' ? drawing.snapshot.vantages[selected.id] : undefined;
      const what = [vantage?.landing, drawing.theme];
      if (what.every((w, i) => w === drawn[i])) return;
      drawn = what;
      geojson(map, LINE).setData(way(drawing));
    },
    remove() {},
  };
};

function way({ snapshot, view, scene, theme, colours }: Drawing): FeatureCollection {
  const none: FeatureCollection = { type: 'FeatureCollection', features: [] };
  const vantage = view.selected?.kind === 'client' ? snapshot.vantages[view.selected.id] : undefined;
  if (!vantage) return none;
  const places = placesOnTheWay(snapshot, vantage);
  const colour = siteColour(scene.index.get(vantage.landing.site ?? ''), theme);
  const properties = { colour, ground: colours.land };
  const features: Feature[] = [];
  for (const [i, place] of places.entries()) {
    const next = places[i + 1];
    if (next)
      features.push({
        type: 'Feature',
        properties,
        geometry: { type: 'LineString', coordinates: arc(place, next) },
      });
    if (i > 0)
      features.push({
        type: 'Feature',
        properties,
        geometry: { type: 'Point', coordinates: [place.lon, place.lat] },
      });
  }
  return { type: 'FeatureCollection', features };
}
