/** Where the sites are. The plan has names; a table of cities is handed in by whoever has one. */
import { nearest } from './complaint.ts';
import type { Coordinates, Named, Plan } from './plan.ts';

/** Coordinates of a place's name, and every name there is to suggest from. */
export interface Atlas {
  find(place: string): Coordinates | undefined;
  readonly names?: Iterable<string>;
}

export interface Located {
  readonly sites: Named<Coordinates>;
  /** Sites whose place is not known or not given, with the nearest name that is known. */
  readonly missing: Named<{ readonly place?: string; readonly nearest?: string }>;
}

/** The coordinates of each site: those it gives itself, else those of its place. */
export function locateSites(plan: Plan, atlas: Atlas): Located {
  const sites: { [name: string]: Coordinates } = {};
  const missing: { [name: string]: { readonly place?: string; readonly nearest?: string } } = {};
  for (const [name, site] of Object.entries(plan.sites)) {
    const { place } = site;
    const found = site.coordinates ?? (place === undefined ? undefined : atlas.find(place));
    if (found) {
      sites[name] = found;
      continue;
    }
    const near = place === undefined ? undefined : nearest(place, atlas.names ?? []);
    missing[name] = {
      ...(place === undefined ? {} : { place }),
      ...(near === undefined ? {} : { nearest: near }),
    };
  }
  return { sites, missing };
}
