/**
 * The rules against real AS paths: whom does a network hand its traffic to, towards one destination? What networks were seen to
 * do towards other destinations corrects the rules. Nobody is scored on paths to the destination that is asked about.
 */
import type { Asn } from '../base/index.ts';
import { type Graph, indexOf, neighboursOf } from '../topology/index.ts';
import {
  addSeed,
  CUSTOMER,
  classOf,
  lengthOf,
  NONE,
  networkOf,
  nextHopOf,
  ORIGIN,
  PEER,
  PROVIDER,
  propagate,
  type Routes,
  routesFor,
  seedsFor,
} from './kernel/index.ts';
import { type Rate, wilson } from './score.ts';

/** Two ASes or more, the client first, the destination last. */
export type AsPath = readonly Asn[];

export interface HopScore {
  readonly rule: string;
  /** How often the rule names the next hop of the path's first AS. */
  readonly right: Rate;
}

export interface HopScores {
  readonly paths: number;
  /** Paths whose ends the graph does not know, or does not join: not scored. */
  readonly unknown: number;
  /** Paths whose first link the graph lacks: no rule that trusts the graph names that hop. */
  readonly unlinked: Rate;
  readonly scores: readonly HopScore[];
}

/** Against one destination seen, what the rules' own choices are worth together, and what a hop that both name is worth more. */
const TIED = 0.3;
const BOTH = 4;

/** Scores all rules on the paths; some milliseconds for each destination. */
export function scoreHops(graph: Graph, paths: readonly AsPath[]): HopScores {
  const network = networkOf(graph);
  const seeds = seedsFor(1);
  const routes = routesFor(graph, 1);
  const seen = seenHops(paths);
  const byDestination = Map.groupBy(paths, (path) => path.at(-1) as Asn);
  let [count, unlinked, lowest, tied, usual, learnt] = [0, 0, 0, 0, 0, 0];
  for (const [destination, some] of byDestination) {
    const at = indexOf(graph, destination);
    if (at < 0) continue;
    seeds.count = 0;
    addSeed(seeds, at, ORIGIN, 0, destination);
    propagate(network, seeds, routes);
    for (const [from, hop] of some as [Asn, Asn][]) {
      const v = indexOf(graph, from);
      if (v < 0 || v === at || routes.rank[v] === NONE) continue;
      count++;
      const first = nextHopOf(network, seeds, routes, v);
      const best = tiedHops(graph, routes, v);
      const own = seenTowardsOthers(seen.get(from), destination);
      if (!isLinked(graph, v, hop)) unlinked++;
      if (first === hop) lowest++;
      if (best.includes(hop)) tied++;
      if ((likeliest(own) ?? first) === hop) usual++;
      if (likeliest(corrected(own, best, first)) === hop) learnt++;
    }
  }
  const of = (rule: string, hits: number) => ({ rule, right: wilson(hits, count) });
  return {
    paths: count,
    unknown: paths.length - count,
    unlinked: wilson(unlinked, count),
    scores: [
      of('rules, lowest number of equals', lowest),
      of('rules, any of equals', tied),
      of('what it did towards others', usual),
      of('rules and learning', learnt),
    ],
  };
}

/** For each AS, by destination, how the next hops that were seen there divide it; each destination counts one. */
type Seen = ReadonlyMap<Asn, ReadonlyMap<Asn, ReadonlyMap<Asn, number>>>;

function seenHops(paths: readonly AsPath[]): Seen {
  const seen = new Map<Asn, Map<Asn, Map<Asn, number>>>();
  for (const path of paths) {
    const destination = path.at(-1) as Asn;
    for (let i = 0; i + 1 < path.length; i++) {
      const [from, to] = [path[i] as Asn, path[i + 1] as Asn];
      const table = seen.get(from) ?? new Map<Asn, Map<Asn, number>>();
      seen.set(from, table);
      const hops = table.get(destination) ?? new Map<Asn, number>();
      table.set(destination, hops);
      hops.set(to, (hops.get(to) ?? 0) + 1);
    }
  }
  return seen;
}

/** What an AS did, all destinations but one. */
function seenTowardsOthers(
  table: ReadonlyMap<Asn, ReadonlyMap<Asn, number>> | undefined,
  held: Asn,
): Map<Asn, number> {
  const own = new Map<Asn, number>();
  for (const [destination, hops] of table ?? []) {
    if (destination === held) continue;
    const all = [...hops.values()].reduce((a, b) => a + b, 0);
    for (const [hop, count] of hops) own.set(hop, (own.get(hop) ?? 0) + count / all);
  }
  return own;
}

function corrected(seen: ReadonlyMap<Asn, number>, best: readonly Asn[], first: Asn): Map<Asn, number> {
  // The rules' first choice stands in front, so that it wins where nothing else tells equals apart.
  const weights = new Map<Asn, number>([[first, 0]]);
  for (const [hop, count] of seen) weights.set(hop, count);
  for (const hop of best)
    weights.set(hop, (weights.get(hop) ?? 0) + TIED / best.length + (seen.has(hop) ? BOTH : 0));
  return weights;
}

function likeliest(weights: ReadonlyMap<Asn, number>): Asn | undefined {
  let best: Asn | undefined;
  for (const [hop, weight] of weights)
    if (best === undefined || weight > (weights.get(best) as number)) best = hop;
  return best;
}

/** All neighbours that offer an AS a route as good as the one it holds. */
export function tiedHops(graph: Graph, routes: Routes, v: number): Asn[] {
  const rank = routes.rank[v] as number;
  const kind = classOf(rank);
  const list = kind === CUSTOMER ? graph.customers : kind === PEER ? graph.peers : graph.providers;
  return Array.from(neighboursOf(list, v))
    .filter((u) => {
      const theirs = routes.rank[u] as number;
      if (theirs === NONE || lengthOf(theirs) + 1 !== lengthOf(rank)) return false;
      return kind === PROVIDER || classOf(theirs) <= CUSTOMER;
    })
    .map((u) => graph.asns[u] as Asn);
}

function isLinked(graph: Graph, v: number, hop: Asn): boolean {
  const u = indexOf(graph, hop);
  return [graph.customers, graph.peers, graph.providers].some((list) => neighboursOf(list, v).includes(u));
}
