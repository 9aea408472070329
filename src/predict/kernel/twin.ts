/**
 * The slow and obvious twin of the kernel, for tests: every AS is a router that keeps what each neighbour told it, picks the
 * best, and tells its neighbours when that changed, in a random order of delivery, until nothing changes.
 */
import { assert, type Random } from '../../base/index.ts';
import { type Graph, GraphBuilder, neighboursOf } from '../../topology/index.ts';
import { addSeed, CUSTOMER, type Filter, ORIGIN, PEER, PROVIDER, type Seeds, seedsFor } from './memory.ts';

interface Heard {
  readonly routeClass: number;
  readonly length: number;
  readonly nextHop: number;
  readonly site: number;
  readonly quiet: boolean;
  /** Indexes of the ASes it passed through, the sender first. */
  readonly path: readonly number[];
}

/** One line `asn site nexthop length` per AS with a route. */
export function twin(graph: Graph, seeds: Seeds, random: Random, filter?: Filter): string {
  const n = graph.asns.length;
  const heard = Array.from({ length: n }, () => new Map<string, Heard>());
  for (let s = 0; s < seeds.count; s++) {
    const v = seeds.at[s] as number;
    const routeClass = seeds.routeClass[s] as number;
    const own = [...(heard[v] as Map<string, Heard>).values()].some((h) => h.routeClass === ORIGIN);
    if (own && routeClass === ORIGIN) continue;
    if (refuses(filter, seeds, v, s)) continue;
    heard[v]?.set(`seed ${s}`, {
      routeClass,
      length: seeds.length[s] as number,
      nextHop: seeds.nextHop[s] as number,
      site: s,
      quiet: seeds.quiet[s] === 1,
      path: [],
    });
  }
  const chosen: (Heard | undefined)[] = heard.map(best);
  const dirty = [...chosen.keys()].filter((v) => chosen[v]);
  let messages = 0;
  while (dirty.length > 0) {
    assert(messages++ < 1_000_000, 'the twin settles');
    const [v] = dirty.splice(random.below(dirty.length), 1) as [number];
    const route = chosen[v];
    for (const [u, routeClass] of toldBy(graph, v)) {
      // What a customer or the AS itself said goes to all, the rest to customers, who see it as coming from a provider.
      const allowed = route && !route.quiet && (route.routeClass <= CUSTOMER || routeClass === PROVIDER);
      const table = heard[u] as Map<string, Heard>;
      const path = [v, ...(route?.path ?? [])];
      if (!allowed || path.includes(u) || refuses(filter, seeds, u, route.site)) table.delete(`AS ${v}`);
      else
        table.set(`AS ${v}`, {
          routeClass,
          length: route.length + 1,
          nextHop: graph.asns[v] as number,
          site: route.site,
          quiet: false,
          path,
        });
      const now = best(table);
      if (JSON.stringify(now) === JSON.stringify(chosen[u])) continue;
      chosen[u] = now;
      if (!dirty.includes(u)) dirty.push(u);
    }
  }
  return chosen.map((r, v) => (r ? `${graph.asns[v]} ${r.site} ${r.nextHop} ${r.length}\n` : '')).join('');
}

function refuses(filter: Filter | undefined, seeds: Seeds, v: number, s: number): boolean {
  return filter !== undefined && filter.refuses[v] === 1 && seeds.tainted[s] === 1;
}

function best(table: ReadonlyMap<string, Heard>): Heard | undefined {
  const order = (a: Heard, b: Heard) =>
    a.routeClass - b.routeClass || a.length - b.length || a.nextHop - b.nextHop || a.site - b.site;
  return [...table.values()].sort(order)[0];
}

/** The neighbours of `v`, each with the class a route from `v` has there. */
function toldBy(graph: Graph, v: number): [number, number][] {
  const to = (list: Uint32Array, routeClass: number) =>
    Array.from(list, (u): [number, number] => [u, routeClass]);
  return [
    ...to(neighboursOf(graph.providers, v), CUSTOMER),
    ...to(neighboursOf(graph.peers, v), PEER),
    ...to(neighboursOf(graph.customers, v), PROVIDER),
  ];
}

/** A graph of 3 to 14 ASes with numbers out of order, without provider circles. */
export function randomGraph(random: Random): Graph {
  const size = random.between(3, 14);
  const asns: number[] = [];
  while (asns.length < size) {
    const asn = random.between(1, 999);
    if (!asns.includes(asn)) asns.push(asn);
  }
  const builder = new GraphBuilder();
  const density = 0.15 + 0.4 * random.unit();
  for (let a = 0; a < size; a++)
    for (let b = a + 1; b < size; b++) {
      if (!random.chance(density)) continue;
      if (random.chance(0.6)) builder.transit(asns[a] as number, asns[b] as number);
      else builder.peering(asns[a] as number, asns[b] as number);
    }
  if (builder.links === 0) builder.peering(asns[0] as number, asns[1] as number);
  return builder.build().graph;
}

/** One to six seeds: own announcements, and an operator as customer, peer or provider, with prepends and NO_EXPORT. */
export function randomSeeds(random: Random, graph: Graph): Seeds {
  const count = random.between(1, 6);
  const seeds = seedsFor(count);
  const operator = random.between(0, 1000);
  for (let s = 0; s < count; s++) {
    const at = random.below(graph.asns.length);
    const routeClass = random.pick([ORIGIN, CUSTOMER, CUSTOMER, PEER, PROVIDER]);
    const prepend = random.chance(0.5) ? 0 : random.between(1, 5);
    if (routeClass === ORIGIN)
      addSeed(seeds, at, ORIGIN, prepend, graph.asns[at] as number, random.chance(0.1));
    else addSeed(seeds, at, routeClass, prepend + 1, operator, random.chance(0.2));
  }
  return seeds;
}
