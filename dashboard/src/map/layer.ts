import type { Map as MapLibre } from 'maplibre-gl';
import type { App, Shown } from '../app.ts';
import type { Theme } from '../data/palette.ts';
import type { Scene } from '../data/scene.ts';
import type { View } from '../store/view.ts';
import type { MapColours } from './colours.ts';

/** What is to be drawn: the same for all layers, anew after every change of any part. Compare by identity what is dear. */
export interface Drawing extends Shown {
  readonly scene: Scene;
  readonly view: View;
  readonly theme: Theme;
  readonly colours: MapColours;
}

/** A layer on the map while it is there. */
export interface Layer {
  draw(drawing: Drawing): void;
  remove(): void;
}

export interface LayerContext {
  readonly map: MapLibre;
  readonly app: App;
  /** Shows words beside the pointer, over a thing on the map; `undefined` takes them away. They are text, whatever they hold. */
  readonly hint: (words: Hint | undefined) => void;
  /** True while the person wants nothing to move. */
  readonly still: () => boolean;
}

export interface Hint {
  readonly x: number;
  readonly y: number;
  readonly title: string;
  readonly text: string;
}

/** Puts a layer on the map, above those before it. Called once the base is there; `draw` follows at once. */
export type LayerMaker = (context: LayerContext) => Layer;
