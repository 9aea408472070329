/** Clients as dots in the colour of the site that answers them; those of other sites step back while one is selected. */
import type { Feature, FeatureCollection, Point } from 'geojson';
import type { MapLayerMouseEvent } from 'maplibre-gl';
import { rttText } from '../data/format.ts';
import { siteColour } from '../data/palette.ts';
import { placeText } from '../data/scene.ts';
import { geojson } from './base.ts';
import type { Drawing, LayerMaker } from './layer.ts';

const DOTS = 'clients';

export const clients: LayerMaker = ({ map, app, hint }) => {
  map.addSource(DOTS, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } });
  map.addLayer({
    id: DOTS,
    type: 'circle',
    source: DOTS,
    paint: {
      'circle-radius': [
        'interpolate',
        ['linear'],
        ['zoom'],
        0,
        ['get', 'radius'],
        6,
        ['*', 2.2, ['get', 'radius']],
      ],
      'circle-color': ['get', 'colour'],
      'circle-opacity': ['get', 'opacity'],
      'circle-stroke-color': ['get', 'ring'],
      'circle-stroke-width': ['get', 'ringWidth'],
      'circle-stroke-opacity': ['get', 'opacity'],
      // Round on the globe as well.
      'circle-pitch-alignment': 'viewport',
    },
  });
  const over = (event: MapLayerMouseEvent) => {
    const address = event.features?.[0]?.properties['address'] as string | undefined;
    const vantage = app.shown.get()?.snapshot.vantages[address ?? ''];
    map.getCanvas().style.cursor = vantage ? 'pointer' : '';
    if (!vantage) return hint(undefined);
    const { site, rttMs, lost } = vantage.landing;
    const text =
      site === undefined ? `reaches no site${lost ? `: ${lost}` : ''}` : `${site}, ${rttText(rttMs)}`;
    hint({ x: event.point.x, y: event.point.y, title: placeText(vantage), text });
  };
  const out = () => {
    map.getCanvas().style.cursor = '';
    hint(undefined);
  };
  const click = (event: MapLayerMouseEvent) => {
    const address = event.features?.[0]?.properties['address'] as string | undefined;
    if (address !== undefined) app.select({ kind: 'client', id: address });
  };
  map.on('mousemove', DOTS, over);
  map.on('mouseleave', DOTS, out);
  map.on('click', DOTS, click);
  let drawn: readonly unknown[] = [];
  return {
    draw(drawing) {
      const { selected } = drawing.view;
      // The scene is another one for every snapshot; what it says of colours is the order of its sites.
      const what = [drawing.snapshot.vantages, drawing.scene.sites.join(), selected, drawing.theme];
      if (what.every((w, i) => w === drawn[i])) return;
      drawn = what;
      geojson(map, DOTS).setData(dots(drawing));
    },
    remove() {
      map.off('mousemove', DOTS, over);
      map.off('mouseleave', DOTS, out);
      map.off('click', DOTS, click);
    },
  };
};

function dots({ snapshot, scene, view, theme, colours }: Drawing): FeatureCollection {
  const { selected } = view;
  const most = Math.max(1, ...Object.values(snapshot.vantages).map((v) => v.users));
  const features = Object.entries(snapshot.vantages).map(([address, v]): Feature<Point> => {
    const chosen = selected?.kind === 'client' && selected.id === address;
    const { site } = v.landing;
    const back =
      (selected?.kind === 'site' && selected.id !== site) || (selected?.kind === 'client' && !chosen);
    const lost = site === undefined;
    const colour = siteColour(scene.index.get(site ?? ''), theme);
    return {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [v.place.lon, v.place.lat] },
      properties: {
        address,
        // Lost ones are hollow, so that nobody needs to know the grey.
        colour: lost ? colours.land : colour,
        ring: chosen ? colours.ink : lost ? colour : colours.sea,
        ringWidth: chosen ? 2.5 : lost ? 1.6 : 0.8,
        radius: 2.4 + 5.2 * Math.sqrt(v.users / most),
        opacity: back ? 0.22 : 1,
      },
    };
  });
  return { type: 'FeatureCollection', features };
}
