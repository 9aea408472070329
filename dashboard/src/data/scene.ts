/** What a snapshot means to somebody who looks: states in a word and a tone, catchments, who lands where. Pure; kept per snapshot. */
import {
  type Catchment,
  catchments,
  lookOf,
  type Mood,
  type Place,
  placeText,
  type SiteLook,
  type Snapshot,
  type Vantage,
} from '../../../src/control/index.ts';

export { lookOf, type Mood, placeText, type SiteLook };

export interface Scene {
  /** In the order of the plan. */
  readonly sites: readonly string[];
  /** The number of each site in that order: its colour. */
  readonly index: ReadonlyMap<string, number>;
  readonly looks: ReadonlyMap<string, SiteLook>;
  readonly catchments: ReadonlyMap<string, Catchment>;
  /** Vantages that land nowhere. */
  readonly lost: readonly string[];
}

const scenes = new WeakMap<Snapshot, Scene>();

export function sceneOf(snapshot: Snapshot): Scene {
  const known = scenes.get(snapshot);
  if (known) return known;
  const sites = Object.keys(snapshot.sites);
  const landings = catchments(snapshot);
  const scene: Scene = {
    sites,
    index: new Map(sites.map((name, i) => [name, i])),
    looks: new Map(Object.entries(snapshot.sites).map(([name, site]) => [name, lookOf(site)])),
    catchments: new Map(Object.entries(landings.sites)),
    lost: landings.nowhere.vantages,
  };
  scenes.set(snapshot, scene);
  return scene;
}

/** Round trips of people, for a distribution: `[milliseconds, people]`, the shortest first. */
export function roundTrips(snapshot: Snapshot, vantages: readonly string[]): readonly [number, number][] {
  return vantages
    .flatMap((address): [number, number][] => {
      const v = snapshot.vantages[address];
      return v ? [[v.landing.rttMs, v.users]] : [];
    })
    .sort((a, b) => a[0] - b[0]);
}

/** The value below which a part of the weight lies; undefined of nothing. */
export function quantile(sorted: readonly (readonly [number, number])[], part: number): number | undefined {
  const total = sorted.reduce((sum, [, w]) => sum + w, 0);
  let sum = 0;
  for (const [value, weight] of sorted) {
    sum += weight;
    if (sum >= part * total) return value;
  }
  return sorted.at(-1)?.[0];
}

/** Every place on the way, once each: the client, the routers, the site. */
export function placesOnTheWay(snapshot: Snapshot, vantage: Vantage): readonly Place[] {
  const { landing } = vantage;
  const routers = landing.hops.flatMap((hop) => {
    const place = snapshot.internet.ases[String(hop.asn)]?.routers[hop.router];
    return place ? [place] : [];
  });
  const site = snapshot.sites[landing.site ?? '']?.place;
  const all = [vantage.place, ...routers, ...(site ? [site] : [])];
  return all.filter((p, i) => i === 0 || p.lat !== all[i - 1]?.lat || p.lon !== all[i - 1]?.lon);
}
