/** Great circles as lines for the map. */

export interface LonLat {
  readonly lon: number;
  readonly lat: number;
}

const RADIANS = Math.PI / 180;

/**
 * The shortest line over the globe, as points that a flat map draws in one piece: longitudes run on beyond 180 rather than
 * jump. Both ends are included; two equal or opposite places give the straight line between them.
 */
export function arc(from: LonLat, to: LonLat, steps = 32): [number, number][] {
  const [a, b] = [vector(from), vector(to)];
  const angle = Math.acos(Math.min(1, Math.max(-1, a[0] * b[0] + a[1] * b[1] + a[2] * b[2])));
  const sin = Math.sin(angle);
  if (sin < 1e-6)
    return [
      [from.lon, from.lat],
      [to.lon, to.lat],
    ];
  const points: [number, number][] = [];
  for (let i = 0; i <= steps; i++) {
    const t = i / steps;
    const [p, q] = [Math.sin((1 - t) * angle) / sin, Math.sin(t * angle) / sin];
    const [x, y, z] = [p * a[0] + q * b[0], p * a[1] + q * b[1], p * a[2] + q * b[2]];
    const lat = Math.atan2(z, Math.hypot(x, y)) / RADIANS;
    const lon = Math.atan2(y, x) / RADIANS;
    points.push([unwrapped(lon, points.at(-1)?.[0] ?? from.lon), lat]);
  }
  return points;
}

/** The same meridian as `lon`, less than half a turn from `near`. */
export function unwrapped(lon: number, near: number): number {
  return lon + 360 * Math.round((near - lon) / 360);
}

function vector({ lon, lat }: LonLat): readonly [number, number, number] {
  const [l, p] = [lon * RADIANS, lat * RADIANS];
  return [Math.cos(p) * Math.cos(l), Math.cos(p) * Math.sin(l), Math.sin(p)];
}
