/** The nearest of many points. */

/**
 * The number of the point nearest to a place, of those within so many degrees of it each way; undefined when there is none.
 * `lonLat` has longitude and latitude of each in turn. The date line is no border.
 */
export function nearestPoint(
  lonLat: Float32Array,
  at: { readonly lng: number; readonly lat: number },
  within: { readonly lon: number; readonly lat: number },
): number | undefined {
  let best: number | undefined;
  let least = 1;
  for (let i = 0; i < lonLat.length; i += 2) {
    const dy = (lonLat[i + 1]! - at.lat) / within.lat;
    if (dy > 1 || dy < -1) continue;
    const turn = Math.abs(lonLat[i]! - at.lng) % 360;
    const dx = Math.min(turn, 360 - turn) / within.lon;
    const far = dx * dx + dy * dy;
    if (far <= least) [best, least] = [i / 2, far];
  }
  return best;
}
