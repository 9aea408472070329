/**
 * Why a client lands where it does: AS by AS, which step of the decision chose, and what the runner-up was.
 */
import type { Asn } from '../base/index.ts';
import { indexOf, nameOf, type Place } from '../topology/index.ts';
import { cityAnswer, type Part } from './catchment.ts';
import type { Announcement, Neighbour } from './deployment.ts';
import {
  CUSTOMER,
  classOf,
  FAR_AWAY,
  isCut,
  lengthOf,
  NONE,
  NOWHERE,
  ORIGIN,
  PEER,
  PINNED,
  PROVIDER,
  rankOf,
} from './kernel/index.ts';
import type { Prediction } from './predict.ts';

/** One step of the decision. */
export interface Step {
  readonly name: 'local preference' | 'relationship' | 'path length' | 'nearest exit';
  /** What the step prefers, as a phrase. */
  readonly prefers: string;
}

/** The order of this list is the decision process. */
export const DECISION: readonly Step[] = [
  { name: 'local preference', prefers: 'a neighbour that this network is said to prefer' },
  { name: 'relationship', prefers: 'a customer, then a peer, then a provider' },
  { name: 'path length', prefers: 'fewer networks on the way, prepends counted' },
  { name: 'nearest exit', prefers: 'the exit nearest to where the traffic is (hot potato)' },
];

/** A route that an AS may take. */
export interface Way {
  /** The neighbour; undefined: directly to a site. */
  readonly via: Asn | undefined;
  /** The site, where the neighbour is the operator. */
  readonly site: string | undefined;
  /** What the neighbour is to the AS; undefined for an AS's own announcement. */
  readonly relation: Neighbour | undefined;
  /** AS hops to the operator, prepends included. */
  readonly length: number;
  /** Kilometres to the exit; undefined when places are not known. */
  readonly km: number | undefined;
}

/** What happens at one AS on the way. */
export interface Hop {
  readonly asn: Asn;
  readonly name: string;
  /** Where the traffic is in this AS. */
  readonly place: Place | undefined;
  /** How this city of this AS divides its traffic. */
  readonly parts: readonly Part[];
  readonly chosen: Way;
  /** Others that are as good: the AS is undecided between `chosen` and these. */
  readonly equal: readonly Way[];
  /** The step that set `chosen` apart from the runner-up; undefined when there is nothing else. */
  readonly by: Step['name'] | undefined;
  readonly runnerUp: Way | undefined;
}

export interface Explanation {
  readonly asn: Asn;
  readonly hops: readonly Hop[];
  /** The site at the end of the way that is told. */
  readonly site: string;
  readonly announcement: Announcement;
}

/**
 * The explanation for one city of a client network (the first unless given, counted as in its answer). Undefined when the
 * graph does not know the AS or it has no route. Where an AS is undecided, the way of the lowest neighbour AS number is told.
 */
export function explain(prediction: Prediction, asn: Asn, city = 0): Explanation | undefined {
  const { world, terrain } = prediction.ground;
  const { rank } = prediction.routes;
  const { asns } = world.graph;
  const v = indexOf(world.graph, asn);
  if (v < 0 || rank[v] === NONE) return undefined;
  const from = terrain.nodeOffsets[v] as number;
  let node = Math.min(from + city, (terrain.nodeOffsets[v + 1] as number) - 1);
  const hops: Hop[] = [];
  for (let at = v; hops.length <= asns.length; ) {
    const ways = waysFrom(prediction, at, node);
    const [first] = ways;
    if (!first) return undefined;
    const pinned = prediction.routes.contested[at] === PINNED;
    const equal = pinned
      ? []
      : ways.slice(1).filter((w) => w.worth === first.worth && near(prediction, first, w));
    const next = ways.find((w) => w !== first && !equal.includes(w));
    const place = terrain.nodePlace[node] as number;
    hops.push({
      asn: asns[at] as number,
      name: nameOf(world, at),
      place: place === NOWHERE ? undefined : terrain.at[place],
      parts: cityAnswer(prediction, node).parts,
      chosen: first.way,
      equal: equal.map((w) => w.way),
      by: next && (pinned ? 'local preference' : stepBetween(first, next)),
      runnerUp: next?.way,
    });
    if (first.seed !== undefined) {
      const announcement =
        prediction.deployment.announcements[prediction.announcementOf[first.seed] as number];
      return { asn, hops, site: first.way.site as string, announcement: announcement as Announcement };
    }
    at = first.to as number;
    node = first.node as number;
  }
  return undefined;
}

interface Candidate {
  readonly way: Way;
  /** Its rank at the AS that chooses. */
  readonly worth: number;
  readonly to?: number;
  readonly node?: number;
  readonly seed?: number;
}

/** All routes an AS is offered, best first: as it is decided, then by AS number. */
function waysFrom(prediction: Prediction, v: number, node: number): Candidate[] {
  const { scene, routes, ground, seeds, deployment } = prediction;
  const { graph } = ground.world;
  const { terrain } = ground;
  const { rank, parent } = routes;
  const n = graph.asns.length;
  const here = terrain.nodePlace[node] as number;
  const found: Candidate[] = [];
  for (const [list, routeClass, is] of [
    [graph.customers, CUSTOMER, 'customer'],
    [graph.peers, PEER, 'peer'],
    [graph.providers, PROVIDER, 'provider'],
  ] as const) {
    for (let e = list.offsets[v] as number; e < (list.offsets[v + 1] as number); e++) {
      const u = list.neighbours[e] as number;
      const theirs = rank[u] as number;
      if (theirs === NONE || (routeClass !== PROVIDER && theirs >= rankOf(PEER, 0))) continue;
      const holder = (parent[u] as number) - n;
      if (holder >= 0 && seeds.quiet[holder] === 1) continue;
      if (isCut(scene.filter?.cut, u, v) || leadsThrough(prediction, u, v)) continue;
      const [door, km] = doorTo(prediction, u, here);
      const length = lengthOf(theirs) + 1;
      const way = { via: graph.asns[u] as number, site: undefined, relation: is, length, km };
      found.push({ way, worth: rankOf(routeClass, length), to: u, node: door });
    }
  }
  for (let s = 0; s < seeds.count; s++) {
    const routeClass = seeds.routeClass[s] as number;
    if (seeds.at[s] !== v || routeClass > PROVIDER) continue;
    const km = here === NOWHERE ? FAR_AWAY : (scene.seedKm[s * terrain.places + here] as number);
    const hop = seeds.nextHop[s] as number;
    const direct = routeClass === ORIGIN || hop === deployment.operator;
    const is =
      routeClass === ORIGIN ? undefined : (['customer', 'peer', 'provider'] as const)[routeClass - 1];
    found.push({
      way: {
        via: direct ? undefined : hop,
        site: prediction.sites[prediction.siteOf[s] as number],
        relation: is,
        length: seeds.length[s] as number,
        km: km === FAR_AWAY ? undefined : km,
      },
      worth: rankOf(routeClass, seeds.length[s] as number),
      seed: s,
    });
  }
  const pinnedTo = routes.contested[v] === PINNED ? (parent[v] as number) : -1;
  const isPinned = (c: Candidate) => (c.seed === undefined ? c.to === pinnedTo : c.seed + n === pinnedTo);
  return found.sort(
    (a, b) =>
      Number(isPinned(b)) - Number(isPinned(a)) ||
      a.worth - b.worth ||
      (a.way.km ?? -1) - (b.way.km ?? -1) ||
      (a.way.via ?? 0) - (b.way.via ?? 0) ||
      (a.seed ?? 0) - (b.seed ?? 0),
  );
}

/** The node of `u` traffic at a place enters by, and how far it is. */
function doorTo(prediction: Prediction, u: number, here: number): [number, number | undefined] {
  const { terrain } = prediction.ground;
  const from = terrain.nodeOffsets[u] as number;
  if (here === NOWHERE || terrain.nodePlace[from] === NOWHERE) return [from, undefined];
  let [best, least] = [from, Number.POSITIVE_INFINITY];
  for (let node = from; node < (terrain.nodeOffsets[u + 1] as number); node++) {
    const km = terrain.km[here * terrain.places + (terrain.nodePlace[node] as number)] as number;
    if (km < least) [best, least] = [node, km];
  }
  return [best, least];
}

/** Does the route that `u` holds come through `v`? Then `v` is not offered it. */
function leadsThrough(prediction: Prediction, u: number, v: number): boolean {
  const { rank, parent } = prediction.routes;
  const n = rank.length;
  for (let at = u, steps = 0; at < n && rank[at] !== NONE && steps <= n; at = parent[at] as number, steps++)
    if (at === v) return true;
  return false;
}

/** Equally near, or not known not to be. */
function near(prediction: Prediction, a: Candidate, b: Candidate): boolean {
  if (a.way.km === undefined || b.way.km === undefined) return true;
  return Math.abs(a.way.km - b.way.km) <= prediction.scene.marginKm;
}

function stepBetween(a: Candidate, b: Candidate): Step['name'] {
  if (classOf(a.worth) !== classOf(b.worth)) return 'relationship';
  return a.worth !== b.worth ? 'path length' : 'nearest exit';
}

/** The explanation as lines that a person reads. */
export function formatExplanation(e: Explanation): string[] {
  return e.hops.map((hop) => {
    const where = hop.place ? ` in ${hop.place.name}` : '';
    const name = hop.name === '' ? '' : ` (${hop.name})`;
    const doubt = hop.equal.length > 0 ? `; undecided with ${hop.equal.map(formatWay).join(', ')}` : '';
    const rest = hop.runnerUp
      ? `; ${hop.by} set aside ${formatWay(hop.runnerUp)}`
      : hop.equal.length > 0
        ? ''
        : '; there is no other way';
    return `AS${hop.asn}${name}${where} takes ${formatWay(hop.chosen)}${doubt}${rest}`;
  });
}

function formatWay(way: Way): string {
  const through = way.via === undefined ? `site ${way.site}` : `AS${way.via}`;
  const is =
    way.relation === undefined
      ? 'its own'
      : way.via === undefined
        ? `directly, as ${way.relation}`
        : way.relation;
  const km = way.km === undefined ? '' : `, exit ${Math.round(way.km)} km away`;
  return `${through} (${is}, ${way.length} ${way.length === 1 ? 'hop' : 'hops'}${km})`;
}
