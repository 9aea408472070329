/** The way of the selected client, from its own network over every router to the site. */
import type { Feature, FeatureCollection } from 'geojson';
import type { Place, Snapshot } from '../../../src/control/index.ts';
import { siteColour } from '../data/palette.ts';
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
  const places = placesOf(snapshot, vantage);
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

/** Every place on the way, once each: the client, the routers, the site. */
export function placesOf(snapshot: Snapshot, vantage: Snapshot['vantages'][string]): readonly Place[] {
  const { landing } = vantage;
  const routers = landing.hops.flatMap((hop) => {
    const place = snapshot.internet.ases[String(hop.asn)]?.routers[hop.router];
    return place ? [place] : [];
  });
  const site = snapshot.sites[landing.site ?? '']?.place;
  const all = [vantage.place, ...routers, ...(site ? [site] : [])];
  return all.filter((p, i) => i === 0 || p.lat !== all[i - 1]?.lat || p.lon !== all[i - 1]?.lon);
}
