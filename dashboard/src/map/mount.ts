/** Puts the map on the page and keeps it with the view: projection, camera, theme, layers. Loaded only when it is needed. */
import 'maplibre-gl/dist/maplibre-gl.css';
import { GPUInitializationError, LngLat, Map as MapLibre, type MapOptions, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import type { App } from '../app.ts';
import { sceneOf } from '../data/scene.ts';
import type { View } from '../store/view.ts';
import { baseStyle, repaintBase } from './base.ts';
import { away, flatLimits, wholeWorld } from './camera.ts';
import { mapColours } from './colours.ts';
import { hintBox } from './hint.ts';
import type { Layer } from './layer.ts';
import { LAYERS } from './layers.ts';

export interface Mounted {
  /** It can be used. */
  drawn(): void;
  failed(why: string): void;
}

const NEAREST = 8;
/** Degrees from the middle of the globe beyond which one would hardly see it. */
const FAR = 60;

export function mountMap(container: HTMLElement, app: App, mounted: Mounted): () => void {
  setWorkerUrl(new URL(workerUrl, import.meta.url).href);
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  const first = app.view.get();
  let painted = app.theme.get();
  let colours = mapColours();
  const map = made({
    container,
    style: baseStyle(colours, projectionOf(first)),
    ...(first.camera ? placed(first.camera) : wholeWorld(container, first.map)),
    minZoom: -1,
    maxZoom: NEAREST,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    // Everything is drawn from this page: nothing to fade in.
    fadeDuration: 0,
  });
  const limit = (view: View) => {
    const flat = view.map === 'flat';
    container.classList.toggle('flat', flat);
    map.setTransformConstrain(
      flat
        ? (center, zoom) => {
            const limits = flatLimits(container.clientHeight, center.lat, zoom, NEAREST);
            return { center: new LngLat(center.lng, limits.lat), zoom: limits.zoom };
          }
        : null,
    );
  };
  limit(first);
  if (!first.camera) map.jumpTo(wholeWorld(container, first.map));
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.getCanvas().setAttribute('aria-label', 'Map of sites and clients. The lists beside it have the same.');
  const hints = hintBox(container);
  let layers: readonly Layer[] = [];
  let shownMap: View['map'] = first.map;
  let shownCamera = first.camera;
  let shownSelected: View['selected'];

  function draw(): void {
    const shown = app.shown.get();
    if (!shown || layers.length === 0) return;
    const theme = app.theme.get();
    if (theme !== painted) {
      colours = mapColours();
      repaintBase(map, colours);
      painted = theme;
    }
    const drawing = {
      ...shown,
      scene: sceneOf(shown.snapshot),
      view: app.view.get(),
      theme,
      colours,
    };
    for (const layer of layers) layer.draw(drawing);
  }

  /** The view may have been changed by the address, or by the tools. */
  function follow(view: View): void {
    if (view.map !== shownMap) {
      map.setProjection({ type: projectionOf(view) });
      limit(view);
      if (!view.camera) move(wholeWorld(container, view.map));
      shownMap = view.map;
    }
    if (view.camera !== shownCamera) {
      move(view.camera ? placed(view.camera) : wholeWorld(container, view.map));
      shownCamera = view.camera;
    }
    if (view.selected !== shownSelected) {
      shownSelected = view.selected;
      const place = placeOf(app, view);
      // The other side of the globe is not seen.
      if (place && view.map === 'globe' && away(map.getCenter(), place) > FAR)
        move({ center: [place.lon, place.lat], zoom: map.getZoom() });
    }
    draw();
  }

  function move(to: { readonly center: [number, number]; readonly zoom: number }): void {
    if (calm.matches) map.jumpTo(to);
    else map.easeTo({ ...to, duration: 500 });
  }

  map.on('error', ({ error }) => {
    if (layers.length === 0) mounted.failed(error.message);
    else console.error(error);
  });
  // Not 'load', which waits for the last piece of land: sites and clients come first.
  map.once('style.load', () => {
    const context = { map, app, hint: hints.show, still: () => calm.matches };
    layers = LAYERS.map((make) => make(context));
    follow(app.view.get());
    map.once('render', () => {
      performance.mark('nearcast-map');
      mounted.drawn();
    });
  });
  map.on('moveend', (event) => {
    // Only what a person did belongs into the address.
    if (!(event as { readonly originalEvent?: unknown }).originalEvent) return;
    const { lng, lat } = map.getCenter();
    shownCamera = { lon: lng, lat, zoom: map.getZoom() };
    app.look({ camera: shownCamera }, 'replace');
  });
  const resized = new ResizeObserver(() => {
    map.resize();
    const view = app.view.get();
    if (!view.camera) map.jumpTo(wholeWorld(container, view.map));
  });
  resized.observe(container);
  const stops = [app.view.watch(follow), app.shown.watch(draw), app.theme.watch(draw)];
  return () => {
    for (const stop of stops) stop();
    resized.disconnect();
    for (const layer of layers) layer.remove();
    layers = [];
    hints.remove();
    map.remove();
  };
}

function made(options: MapOptions): MapLibre {
  try {
    return new MapLibre(options);
  } catch (error) {
    throw error instanceof GPUInitializationError ? new Error('This browser offers no WebGL 2') : error;
  }
}

function projectionOf(view: View): 'globe' | 'mercator' {
  return view.map === 'globe' ? 'globe' : 'mercator';
}

/** Where the selected thing is. */
function placeOf(app: App, { selected }: View): { readonly lon: number; readonly lat: number } | undefined {
  const snapshot = app.shown.get()?.snapshot;
  if (!snapshot || !selected) return undefined;
  return selected.kind === 'site'
    ? snapshot.sites[selected.id]?.place
    : snapshot.vantages[selected.id]?.place;
}

function placed({ lon, lat, zoom }: NonNullable<View['camera']>): {
  readonly center: [number, number];
  readonly zoom: number;
} {
  return { center: [lon, lat], zoom };
}
