/** Sites as buttons on the map: shape and word say the state, colour and name which one it is. */
import { Marker } from 'maplibre-gl';
import { shareText } from '../data/format.ts';
import { siteColour } from '../data/palette.ts';
import type { Mood } from '../data/scene.ts';
import { placeText } from '../data/scene.ts';
import { besides, type Label } from './labels.ts';
import type { Drawing, LayerMaker } from './layer.ts';

/** Beyond this only sites that are not well, or looked at, have their name written beside them. */
const MOST_NAMES = 30;
/** MapLibre's mark of what is behind the globe. */
const COVERED = 'maplibregl-marker-covered';
const SVG = 'http://www.w3.org/2000/svg';

interface Pin {
  readonly marker: Marker;
  readonly button: HTMLButtonElement;
  readonly shape: SVGSVGElement;
  readonly name: HTMLElement;
  readonly word: HTMLElement;
}

export const sites: LayerMaker = ({ map, app }) => {
  const pins = new Map<string, Pin>();

  function pin(site: string): Pin {
    const known = pins.get(site);
    if (known) return known;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'pin';
    // The list beside the map is the way for the keyboard; twice in the order of tabs would be once too often.
    button.tabIndex = -1;
    const shape = document.createElementNS(SVG, 'svg');
    shape.setAttribute('viewBox', '-9 -9 18 18');
    shape.setAttribute('aria-hidden', 'true');
    const label = document.createElement('span');
    label.className = 'pin-label';
    const name = document.createElement('strong');
    const word = document.createElement('span');
    label.append(name, ' ', word);
    button.append(shape, label);
    button.addEventListener('click', (event) => {
      event.stopPropagation();
      app.select({ kind: 'site', id: site });
    });
    const marker = new Marker({ element: button, anchor: 'center', opacityWhenCovered: '0' });
    const made = { marker, button, shape, name, word };
    pins.set(site, made);
    return made;
  }

  function draw({ snapshot, scene, view, theme, colours }: Drawing): void {
    for (const [site, { marker }] of pins)
      if (!scene.index.has(site)) {
        marker.remove();
        pins.delete(site);
      }
    for (const site of scene.sites) {
      const { place } = snapshot.sites[site]!;
      const look = scene.looks.get(site)!;
      const isNew = !pins.has(site);
      const { marker, button, shape, name, word } = pin(site);
      const at = marker.getLngLat();
      if (isNew || at.lng !== place.lon || at.lat !== place.lat) marker.setLngLat([place.lon, place.lat]);
      if (isNew) marker.addTo(map);
      const chosen = view.selected?.kind === 'site' && view.selected.id === site;
      const quiet = scene.sites.length > MOST_NAMES && look.mood === 'ok' && !chosen;
      name.textContent = site;
      word.textContent = look.mood === 'ok' ? '' : look.word;
      button.dataset['mood'] = look.mood;
      button.classList.toggle('quiet', quiet);
      button.classList.toggle('chosen', chosen);
      const share = shareText(scene.catchments.get(site)?.share ?? 0);
      button.setAttribute(
        'aria-label',
        `${site}${word.textContent ? ` ${word.textContent}` : ''}, ${placeText({ place })}: ${look.word}, ${share} of people`,
      );
      drawShape(shape, look.mood, siteColour(scene.index.get(site), theme), colours.halo);
    }
  }

  /** Names lie beside their pins so that they do not cover each other; worked out anew when the camera rests. */
  function arrange(): void {
    const labels = [...pins].map(([site, { button }]): Label & { readonly site: string } => {
      const { x, y } = map.project(pins.get(site)!.marker.getLngLat());
      const text = button.textContent?.length ?? 0;
      const hidden = button.classList.contains('quiet') || button.classList.contains(COVERED);
      return { site, x, y, width: hidden ? 0 : 14 + 7.2 * text };
    });
    const { clientWidth: width, clientHeight: height } = map.getContainer();
    for (const [i, side] of besides(labels, { width, height }).entries())
      pins.get(labels[i]!.site)!.button.dataset['side'] = side;
  }

  map.on('moveend', arrange);
  map.on('resize', arrange);
  return {
    draw(drawing) {
      draw(drawing);
      arrange();
    },
    remove() {
      map.off('moveend', arrange);
      map.off('resize', arrange);
      for (const { marker } of pins.values()) marker.remove();
      pins.clear();
    },
  };
};

/** Full: a filled disc in a ring; less: half of it; broken: a cross; off: the ring alone. */
function drawShape(svg: SVGSVGElement, mood: Mood, colour: string, halo: string): void {
  const key = `${mood} ${colour} ${halo}`;
  if (svg.dataset['key'] === key) return;
  svg.dataset['key'] = key;
  const parts: readonly (readonly [string, { readonly [name: string]: string }])[] = [
    ['circle', { r: '8', fill: halo }],
    ['circle', { r: '6.6', fill: 'none', stroke: colour, 'stroke-width': '2' }],
    ...(mood === 'ok' ? [['circle', { r: '3.8', fill: colour }] as const] : []),
    ...(mood === 'warn' ? [['path', { d: 'M-3.8 0A3.8 3.8 0 0 0 3.8 0Z', fill: colour }] as const] : []),
    ...(mood === 'bad'
      ? [
          [
            'path',
            {
              d: 'M-3-3 3 3M3-3-3 3',
              stroke: 'var(--bad)',
              'stroke-width': '2.4',
              'stroke-linecap': 'round',
            },
          ] as const,
        ]
      : []),
  ];
  svg.replaceChildren(
    ...parts.map(([tag, attributes]) => {
      const part = document.createElementNS(SVG, tag);
      for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
      return part;
    }),
  );
}
