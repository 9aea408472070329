/** From a deployment to a prediction: which part of each client network lands at which site. */
import type { Asn } from '../base/index.ts';
import { indexOf, type LatLon, nearestAsn, relation } from '../topology/index.ts';
import {
  type Announcement,
  type Deployment,
  MOST_ANNOUNCEMENTS,
  type Neighbour,
  sitesIn,
} from './deployment.ts';
import { kilometresTo } from './geography.ts';
import type { Ground } from './ground.ts';
import {
  addSeed,
  adjust,
  benchFor,
  CUSTOMER,
  type Filter,
  NONE,
  OFF,
  ORIGIN,
  PEER,
  PROVIDER,
  propagate,
  type Routes,
  routesFor,
  type Scene,
  type Seeds,
  type Shares,
  seedsFor,
  sharesFor,
  spread,
} from './kernel/index.ts';

/** Exits at most this much farther than the nearest are taken to be as good: routers see links, not kilometres. */
export const MARGIN_KM = 100;

/** Something in the deployment that the graph does not know, or that cannot be. */
export interface Remark {
  /** Index into the announcements, or into the preferences. */
  readonly announcement?: number;
  readonly preference?: number;
  readonly what: string;
  readonly asn: Asn;
  /** The AS number the graph knows that is nearest. */
  readonly nearest?: Asn;
}

export interface Prediction {
  readonly ground: Ground;
  readonly deployment: Deployment;
  /** Names of sites; everything else counts them by their place here. */
  readonly sites: readonly string[];
  readonly places: readonly (LatLon | undefined)[];
  /** For each seed, the announcement it stands for. An effect may make several seeds of one announcement. */
  readonly announcementOf: Uint16Array;
  /** For each seed, its site. */
  readonly siteOf: Uint16Array;
  readonly seeds: Seeds;
  readonly routes: Routes;
  readonly shares: Shares;
  readonly scene: Scene;
  /** What was left out, and why. */
  readonly remarks: readonly Remark[];
  /** False when local preferences keep routes changing for ever: then the answer is a moment of that. */
  readonly settled: boolean;
}

export interface PredictOptions {
  readonly marginKm?: number;
  /** Announcements an AS may refuse, by index. */
  readonly tainted?: ReadonlySet<number>;
  /** Who refuses them; `accepts` is asked as in {@link Filter}, with the routes as far as they are settled. */
  readonly filter?:
    | {
        readonly refuses: Uint8Array;
        readonly accepts?: (from: number, to: number, routes: Routes) => boolean;
      }
    | undefined;
  /** See {@link Scene}. The captor is an announcement. */
  readonly captured?: Uint8Array;
  readonly captor?: number;
  /** Announcements that are named but announce nothing. */
  readonly silent?: ReadonlySet<number>;
}

const CLASS: { readonly [neighbour in Neighbour]: number } = {
  provider: CUSTOMER,
  peer: PEER,
  customer: PROVIDER,
};

/** Predicts. A deployment too large is cut to {@link MOST_ANNOUNCEMENTS}, with a remark. */
export function predict(ground: Ground, deployment: Deployment, options: PredictOptions = {}): Prediction {
  const { network, terrain } = ground;
  const remarks: Remark[] = [];
  const sown = sow(ground, deployment, options, remarks);
  const { seeds } = sown;
  const routes = routesFor(ground.world.graph, seeds.at.length);
  const filter = filterOf(ground, options, routes, undefined);
  propagate(network, seeds, routes, filter, true);
  const cut = applyEffects(ground, deployment, sown, routes, remarks);
  const wholeFilter = filterOf(ground, options, routes, cut);
  if (cut) propagate(network, seeds, routes, wholeFilter, true);
  const preferences = preferencesOf(ground, deployment, remarks);
  const settled = preferences
    ? adjust(network, seeds, routes, preferences, benchFor(network), wholeFilter)
    : true;
  const points = Array.from(
    sown.announcementOf.subarray(0, seeds.count),
    (a) => deployment.announcements[a]?.place,
  );
  const captor = sown.announcementOf.subarray(0, seeds.count).indexOf(options.captor ?? 0);
  const scene: Scene = {
    network,
    seeds,
    routes,
    geography: terrain,
    seedKm: kilometresTo(terrain, points),
    marginKm: options.marginKm ?? MARGIN_KM,
    ...(wholeFilter && { filter: wholeFilter }),
    ...(options.captured && captor >= 0 && { captured: options.captured, captor }),
  };
  const shares = divided(scene);
  const sites = sitesIn(deployment);
  return {
    ground,
    deployment,
    sites,
    places: sites.map((site) => deployment.announcements.find((a) => a.site === site && a.place)?.place),
    announcementOf: sown.announcementOf,
    siteOf: Uint16Array.from(sown.announcementOf, (a) =>
      sites.indexOf((deployment.announcements[a] as Announcement)?.site),
    ),
    seeds,
    routes,
    shares,
    scene,
    remarks,
    settled,
  };
}

/** Spreads with as much memory as it takes: it doubles until it suffices, and each division has at most a part per seed. */
function divided(scene: Scene): Shares {
  const { seeds, network, geography } = scene;
  for (let parts = Math.max(1 << 16, 2 * seeds.count); ; parts *= 2) {
    const shares = sharesFor(network, geography, Math.max(1, seeds.count), parts);
    if (spread(scene, shares)) return shares;
  }
}

interface Sown {
  readonly seeds: Seeds;
  readonly announcementOf: Uint16Array;
}

function sow(ground: Ground, deployment: Deployment, options: PredictOptions, remarks: Remark[]): Sown {
  const { graph } = ground.world;
  const wanted = deployment.announcements.slice(0, MOST_ANNOUNCEMENTS);
  if (wanted.length < deployment.announcements.length)
    remarks.push({
      what: `only the first ${MOST_ANNOUNCEMENTS} announcements are predicted`,
      asn: deployment.operator,
    });
  const effects = wanted.reduce((sum, a) => sum + (a.effects?.length ?? 0), 0);
  const capacity = Math.max(1, wanted.length * (1 + effects));
  const seeds = seedsFor(Math.min(capacity, wanted.length + 4 * MOST_ANNOUNCEMENTS));
  const announcementOf = new Uint16Array(seeds.at.length);
  for (const [i, a] of wanted.entries()) {
    const at = indexOf(graph, a.upstream);
    if (at < 0) {
      const nearest = nearestAsn(graph, a.upstream);
      const what = `the graph does not know AS${a.upstream}, the upstream of ${a.site}`;
      remarks.push({ announcement: i, what, asn: a.upstream, ...(nearest !== undefined && { nearest }) });
      continue;
    }
    const own = a.relation === 'itself' || a.upstream === deployment.operator;
    const routeClass = options.silent?.has(i) ? OFF : own ? ORIGIN : CLASS[a.relation as Neighbour];
    const length = (own ? 0 : 1) + Math.max(0, a.prepend ?? 0);
    announcementOf[seeds.count] = i;
    const hop = own ? a.upstream : deployment.operator;
    const quiet = a.noExport === true || onlySome(a);
    addSeed(seeds, at, routeClass, length, hop, quiet, options.tainted?.has(i) === true);
  }
  return { seeds, announcementOf };
}

/**
 * Action communities. Where an upstream's best routes come from the operator directly, the link to the named neighbour is
 * cut, and that neighbour hears, in place of it, what the communities leave of each site: so one site may be withheld while
 * another at the same upstream is not. Returns the cut links, or undefined when there is nothing to do.
 */
function applyEffects(
  ground: Ground,
  deployment: Deployment,
  sown: Sown,
  routes: Routes,
  remarks: Remark[],
): Filter['cut'] {
  const { graph } = ground.world;
  const { seeds, announcementOf } = sown;
  const first = seeds.count;
  const from: number[] = [];
  const to: number[] = [];
  for (let s = 0; s < first; s++) {
    if (seeds.routeClass[s] === OFF) continue;
    const i = announcementOf[s] as number;
    for (const effect of deployment.announcements[i]?.effects ?? []) {
      const upstream = seeds.at[s] as number;
      const neighbour = indexOf(graph, effect.towards);
      if (neighbour < 0 || relation(graph, upstream, neighbour) === undefined) {
        const what = `AS${effect.towards} is no neighbour of AS${graph.asns[upstream]} in the graph; the community changes nothing`;
        remarks.push({ announcement: i, what, asn: effect.towards });
        continue;
      }
      if (from.some((u, k) => u === upstream && to[k] === neighbour)) continue;
      from.push(upstream);
      to.push(neighbour);
    }
  }
  if (from.length === 0) return undefined;
  for (const [k, upstream] of from.entries()) {
    const neighbour = to[k] as number;
    const kind = relation(graph, neighbour, upstream) as Neighbour;
    for (let s = 0; s < first; s++) {
      const rank = (seeds.routeClass[s] as number) * 0x100_0000 + (seeds.length[s] as number);
      if (seeds.at[s] !== upstream || rank !== routes.rank[upstream]) continue;
      const announcement = deployment.announcements[announcementOf[s] as number] as Announcement;
      if (announcement.noExport) continue;
      // What came from the operator as a peer or provider goes to the upstream's customers only.
      if ((seeds.routeClass[s] as number) > CUSTOMER && kind !== 'provider') continue;
      const towards = graph.asns[neighbour];
      const effects = (announcement.effects ?? []).filter((e) => e.towards === towards);
      if (onlySome(announcement) && !effects.some((e) => e.do === 'only')) continue;
      if (effects.some((e) => e.do === 'withhold')) continue;
      const more = effects.reduce((sum, e) => sum + (e.do === 'prepend' ? e.times : 0), 0);
      if (seeds.count === seeds.at.length) {
        remarks.push({ what: 'too many effects; the rest was left out', asn: towards as Asn });
        break;
      }
      announcementOf[seeds.count] = announcementOf[s] as number;
      const routeClass = kind === 'customer' ? CUSTOMER : kind === 'peer' ? PEER : PROVIDER;
      const length = (seeds.length[s] as number) + 1 + more;
      addSeed(
        seeds,
        neighbour,
        routeClass,
        length,
        graph.asns[upstream] as number,
        false,
        seeds.tainted[s] === 1,
      );
    }
  }
  const some = new Uint8Array(graph.asns.length);
  // An upstream that prefers another route than the operator's own goes on telling everybody that.
  const cuts = from
    .map((u, k) => [u, to[k] as number] as const)
    .filter(([u]) => heardDirectly(seeds, routes, u, first));
  for (const [u] of cuts) some[u] = 1;
  return { some, from: Uint32Array.from(cuts, ([u]) => u), to: Uint32Array.from(cuts, ([, v]) => v) };
}

/** Is the announcement for some neighbours of the upstream only? */
function onlySome(a: Announcement): boolean {
  return a.effects?.some((e) => e.do === 'only') === true;
}

function heardDirectly(seeds: Seeds, routes: Routes, upstream: number, first: number): boolean {
  if (routes.rank[upstream] === NONE) return false;
  for (let s = 0; s < first; s++)
    if (
      seeds.at[s] === upstream &&
      (seeds.routeClass[s] as number) * 0x100_0000 + (seeds.length[s] as number) === routes.rank[upstream]
    )
      return true;
  return false;
}

function filterOf(
  ground: Ground,
  options: PredictOptions,
  routes: Routes,
  cut: Filter['cut'],
): Filter | undefined {
  if (!options.filter && !cut) return undefined;
  const refuses = options.filter?.refuses ?? new Uint8Array(ground.world.graph.asns.length);
  const accepts = options.filter?.accepts;
  const asked = accepts && { accepts: (from: number, to: number) => accepts(from, to, routes) };
  return { refuses, ...asked, ...(cut && { cut }) };
}

function preferencesOf(ground: Ground, deployment: Deployment, remarks: Remark[]) {
  const { graph } = ground.world;
  const known = (deployment.preferences ?? []).flatMap((p, i) => {
    const at = indexOf(graph, p.asn);
    const neighbour = indexOf(graph, p.neighbour);
    if (at >= 0 && neighbour >= 0 && relation(graph, at, neighbour) !== undefined)
      return [{ at, neighbour, pull: p.prefers === 'before' ? 1 : -1 }];
    remarks.push({
      preference: i,
      what: `AS${p.asn} and AS${p.neighbour} are no neighbours in the graph`,
      asn: p.asn,
    });
    return [];
  });
  if (known.length === 0) return undefined;
  return {
    at: Uint32Array.from(known, (p) => p.at),
    neighbour: Uint32Array.from(known, (p) => p.neighbour),
    pull: Int8Array.from(known, (p) => p.pull),
  };
}
