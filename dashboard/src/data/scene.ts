/** What a snapshot means to somebody who looks: states in a word and a tone, catchments, who lands where. Pure; kept per snapshot. */
import {
  type Catchment,
  catchments,
  type Place,
  type Site,
  type Snapshot,
  type Vantage,
} from '../../../src/control/index.ts';

/** `off` is what somebody wanted or what is not there yet; `bad` is what broke. */
export type Mood = 'ok' | 'warn' | 'bad' | 'off';

export interface SiteLook {
  readonly mood: Mood;
  /** The state in a few words. */
  readonly word: string;
  /** Since when, milliseconds since 1970. */
  readonly since: number;
  /** From the nearest cause back to the first; may be empty. */
  readonly why: readonly string[];
  readonly frozen: boolean;
}

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

/** The state of a site, the worst first: its process, its wish to be out, what it announces, what its neighbours hear of it. */
export function lookOf(site: Site): SiteLook {
  const frozen = site.frozen !== undefined;
  const look = (mood: Mood, word: string, since: number, why: readonly string[] = []): SiteLook => ({
    mood,
    word,
    since,
    why,
    frozen,
  });
  const { process, drain } = site;
  if (process.standing === 'dead') return look('bad', 'dead', process.at);
  if (process.standing === 'starting') return look('off', 'starting', process.at);
  if (process.standing === 'stopping') return look('off', 'stopping', process.at);
  const decided = Object.values(site.decisions);
  const worst = decided.reduce<(typeof decided)[number] | undefined>(
    (a, b) => (a === undefined || LEVELS.indexOf(b.level) > LEVELS.indexOf(a.level) ? b : a),
    undefined,
  );
  if (drain.phase !== 'in')
    return look('off', DRAIN_WORDS[drain.phase], drain.at, drain.order ? [drain.order.reason] : []);
  if (!worst) return look('off', 'announces nothing', process.at);
  if (worst.level === 'withdrawn') return look('bad', 'withdrawn', worst.at, worst.why);
  if (worst.level === 'pending') return look('off', 'waits for its health', worst.at, worst.why);
  const sessions = Object.values(site.upstreams).map((u) => u.session);
  const down = sessions.filter((s) => s.state !== 'established' && s.state !== 'disabled');
  const latest = Math.max(...down.map((s) => s.at));
  if (down.length > 0 && down.length === sessions.length)
    return look('bad', 'cut off', latest, ['no upstream has a session with it']);
  if (worst.level === 'less-preferred') return look('warn', 'less preferred', worst.at, worst.why);
  if (down.length > 0)
    return look('warn', `${down.length} of ${sessions.length} sessions down`, latest, whys(down));
  const sick = Object.entries(site.verdicts).filter(([, v]) => v.phase !== 'up');
  const [first] = sick;
  if (first) return look('warn', `announced, ${first[0]} ${first[1].phase}`, first[1].at, first[1].why);
  return look('ok', 'announced', worst.at);
}

const LEVELS = ['full', 'pending', 'less-preferred', 'withdrawn'];

const DRAIN_WORDS: { readonly [P in Exclude<Site['drain']['phase'], 'in'>]: string } = {
  lessPreferred: 'draining: less preferred',
  empty: 'draining: empty',
  withdrawn: 'draining: withdrawn',
  out: 'drained',
  returning: 'returning',
};

function whys(down: readonly Site['upstreams'][string]['session'][]): readonly string[] {
  return down.flatMap((s) => (s.why === undefined ? [] : [s.why]));
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

/** `Tokyo, JP`. */
export function placeText({ place }: Pick<Vantage | Site, 'place'>): string {
  return place.country === '' ? place.name : `${place.name}, ${place.country}`;
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
