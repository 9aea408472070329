/**
 * What one is looking at: panel, selection, instant, map. It lives in the address after the `#`, so that a copied address is a
 * permanent link to the exact view. `#panel=who&site=tyo&at=2026-11-21T12:31:05.250Z&map=globe&camera=139.7,35.7,3.2&q=osaka`
 */

export type Selected =
  | { readonly kind: 'site'; readonly id: string }
  /** A vantage, by its address. */
  | { readonly kind: 'client'; readonly id: string }
  /** A client network of the prediction, by its AS number. */
  | { readonly kind: 'network'; readonly id: string };

export interface Camera {
  readonly lon: number;
  readonly lat: number;
  readonly zoom: number;
}

export interface View {
  /** Id of the panel; the first one when absent or unknown. */
  readonly panel?: string;
  readonly selected?: Selected;
  /** Milliseconds since 1970; absent: now, and it goes on. */
  readonly at?: number;
  readonly map: 'globe' | 'flat';
  /** Absent: the whole world. */
  readonly camera?: Camera;
  /** What else panels keep in the address, such as a search. */
  readonly more: { readonly [key: string]: string };
}

export const START: View = { map: 'flat', more: {} };

const OWN = ['panel', 'site', 'client', 'network', 'at', 'map', 'camera', 'token'];
/** Beyond these an address is not ours. */
const MOST_MORE = 40;
const LONGEST = 2000;

/** Reads the part of an address after `#`. What cannot be read counts as absent. */
export function readView(hash: string): View {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  const selected = (['site', 'client', 'network'] as const).flatMap((kind) => {
    const id = params.get(kind);
    return id ? [{ kind, id: id.slice(0, LONGEST) }] : [];
  })[0];
  const panel = params.get('panel');
  const at = readInstant(params.get('at'));
  const camera = readCamera(params.get('camera'));
  const more = [...params].filter(([k, v]) => k !== '' && v !== '' && !OWN.includes(k)).slice(0, MOST_MORE);
  return {
    map: params.get('map') === 'globe' ? 'globe' : 'flat',
    more: Object.fromEntries(more.map(([k, v]) => [k, v.slice(0, LONGEST)])),
    ...(panel ? { panel } : {}),
    ...(selected ? { selected } : {}),
    ...(at === undefined ? {} : { at }),
    ...(camera ? { camera } : {}),
  };
}

/** The inverse of `readView`, with `#`; empty for the view one starts with. */
export function formatView(view: View): string {
  const params: [string, string][] = [];
  if (view.panel) params.push(['panel', view.panel]);
  if (view.selected) params.push([view.selected.kind, view.selected.id]);
  if (view.at !== undefined) params.push(['at', new Date(view.at).toISOString()]);
  if (view.map === 'globe') params.push(['map', 'globe']);
  if (view.camera) params.push(['camera', formatCamera(view.camera)]);
  for (const [key, value] of Object.entries(view.more)) if (value !== '') params.push([key, value]);
  if (params.length === 0) return '';
  // Colons and commas may stand in a fragment as they are, and are easier to read so.
  const text = new URLSearchParams(params).toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
  return `#${text}`;
}

/** The token that `nearcast up` put into the address it printed; it is taken out of the address once read. */
export function readToken(hash: string): string | undefined {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token') ?? undefined;
}

function readInstant(text: string | null): number | undefined {
  const at = text === null ? Number.NaN : Date.parse(text);
  return Number.isFinite(at) ? at : undefined;
}

function readCamera(text: string | null): Camera | undefined {
  const [lon, lat, zoom, ...rest] = (text ?? '').split(',').map((n) => (n === '' ? Number.NaN : Number(n)));
  if (lon === undefined || lat === undefined || zoom === undefined || rest.length > 0) return undefined;
  const fits = Math.abs(lon) <= 180 && Math.abs(lat) <= 90 && zoom >= -2 && zoom <= 24;
  return fits ? { lon, lat, zoom } : undefined;
}

function formatCamera({ lon, lat, zoom }: Camera): string {
  return [lon.toFixed(2), lat.toFixed(2), zoom.toFixed(2)].map(Number).join(',');
}
