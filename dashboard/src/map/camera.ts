/** Where the camera has to be for the whole world to be seen. */
interface Size {
  readonly clientWidth: number;
  readonly clientHeight: number;
}

/** Pixels around the world at zoom 0. */
const AROUND = 512;
/** How far MapLibre's eye is from the ground, in heights of the map. */
const EYE = 1.5;
/** People live north: the globe is looked at from there. */
const LAT = 22;
const LON = 15;

export function wholeWorld(
  { clientWidth: width, clientHeight: height }: Size,
  map: 'globe' | 'flat',
): { readonly center: [number, number]; readonly zoom: number } {
  if (map === 'flat') {
    // From the south of Chile to the north of Norway is two thirds of the square that Mercator draws.
    const zoom = Math.max(Math.log2(Math.max(200, width) / AROUND), -1);
    const tall = Math.log2(Math.max(150, height) / (AROUND * 0.62));
    return { center: [LON, 28], zoom: Math.max(-1, Math.min(zoom, tall)) };
  }
  // Seen from so near, what one sees of a ball is narrower than the ball: away² · radius² = seen² · (away² + 2 · away · radius).
  const [seen, away] = [0.45 * Math.max(150, Math.min(width, height)), EYE * Math.max(150, height)];
  const radius = (seen * (seen + Math.hypot(seen, away))) / away;
  const zoom = Math.log2(((2 * radius * Math.PI) / AROUND) * Math.cos((LAT * Math.PI) / 180));
  return { center: [LON, LAT], zoom };
}

const RADIANS = Math.PI / 180;

/**
 * What may be seen of the flat map: no place beyond the poles while there is more world than room, and all of the world where there
 * is room for it. MapLibre by itself would fill a tall place from pole to pole, and cut off east and west.
 */
export function flatLimits(
  height: number,
  lat: number,
  zoom: number,
  nearest: number,
): { readonly lat: number; readonly zoom: number } {
  const limited = Math.max(-1, Math.min(nearest, zoom));
  const world = AROUND * 2 ** limited;
  const [near, far] = [height / 2, world - height / 2].sort((a, b) => a - b) as [number, number];
  const y = Math.max(near, Math.min(far, world * northing(lat)));
  return { lat: (360 / Math.PI) * Math.atan(Math.exp(Math.PI * (1 - (2 * y) / world))) - 90, zoom: limited };
}

/** 0 at the north end of the flat map, 1 at its south end. */
export function northing(lat: number): number {
  const kept = Math.max(-85.05, Math.min(85.05, lat));
  return (1 - Math.log(Math.tan(Math.PI / 4 + (kept * RADIANS) / 2)) / Math.PI) / 2;
}

/** Degrees between two places, over the globe. */
export function away(
  a: { readonly lng: number; readonly lat: number },
  b: { readonly lon: number; readonly lat: number },
): number {
  const [p, q, d] = [a.lat * RADIANS, b.lat * RADIANS, (b.lon - a.lng) * RADIANS];
  const cos = Math.sin(p) * Math.sin(q) + Math.cos(p) * Math.cos(q) * Math.cos(d);
  return Math.acos(Math.min(1, Math.max(-1, cos))) / RADIANS;
}
