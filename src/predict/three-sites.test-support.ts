/** Three sites on a small generated internet, for tests. */
import { CITIES, findPlace, generateWorld, type LatLon, transitNear } from '../topology/index.ts';
import type { Announcement, Deployment } from './deployment.ts';
import { groundOf } from './ground.ts';
import { predict } from './predict.ts';

export const world = generateWorld({ ases: 600, seed: 5 });
export const ground = groundOf(world);
export const deployment: Deployment = {
  operator: 64500,
  announcements: [at('fra', 'Frankfurt'), at('nyc', 'New York'), at('sin', 'Singapore')],
};
export const prediction = predict(ground, deployment);

/** A site in a city, at the transit provider nearest to it. */
function at(site: string, name: string): Announcement {
  const place = findPlace(name, CITIES) as LatLon;
  return { site, upstream: transitNear(world, place)[0] as number, relation: 'provider', place };
}
