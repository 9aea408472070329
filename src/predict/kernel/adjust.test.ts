import { expect, test } from 'vitest';
import { Random } from '../../base/index.ts';
import { type Graph, neighboursOf } from '../../topology/index.ts';
import { adjust, benchFor, type Preferences } from './adjust.ts';
import { CUSTOMER, NONE, PEER, PROVIDER, type Routes, rankOf, routesFor, type Seeds } from './memory.ts';
import { networkOf } from './network.ts';
import { propagate } from './propagate.ts';
import { randomGraph, randomSeeds } from './twin.ts';

/** The path an AS's route takes through the graph, itself first. */
function pathOf(routes: Routes, v: number): number[] {
  const path: number[] = [];
  for (let at = v; at < routes.rank.length && path.length < 100; at = routes.parent[at] as number)
    path.push(at);
  return path;
}

/** The best of what `v` is offered by what its neighbours hold: pull, rank, next hop. */
function best(graph: Graph, seeds: Seeds, routes: Routes, preferences: Preferences, v: number) {
  const offers: { pull: number; rank: number; hop: number; parent: number }[] = [];
  const n = graph.asns.length;
  for (let s = 0; s < seeds.count; s++)
    if (seeds.at[s] === v)
      offers.push({
        pull: 0,
        rank: rankOf(seeds.routeClass[s] as number, seeds.length[s] as number),
        hop: seeds.nextHop[s] as number,
        parent: n + s,
      });
  for (const [list, routeClass] of [
    [graph.customers, CUSTOMER],
    [graph.peers, PEER],
    [graph.providers, PROVIDER],
  ] as const)
    for (const u of neighboursOf(list, v)) {
      const held = routes.rank[u] as number;
      if (held === NONE || (routeClass !== PROVIDER && held >= rankOf(PEER, 0))) continue;
      const holder = (routes.parent[u] as number) - n;
      if ((holder >= 0 && seeds.quiet[holder] === 1) || pathOf(routes, u).includes(v)) continue;
      const i = [...preferences.at.keys()].find(
        (k) => preferences.at[k] === v && preferences.neighbour[k] === u,
      );
      const pull = i === undefined ? 0 : (preferences.pull[i] as number);
      offers.push({
        pull,
        rank: rankOf(routeClass, (held & 0xff_ffff) + 1),
        hop: graph.asns[u] as number,
        parent: u,
      });
    }
  return offers.sort((a, b) => b.pull - a.pull || a.rank - b.rank || a.hop - b.hop || a.parent - b.parent)[0];
}

test('with local preferences every AS ends up with the best of what its neighbours hold, or the kernel says that it does not settle', () => {
  let changed = 0;
  let unsettled = 0;
  for (let seed = 1; seed <= 2000; seed++) {
    const random = new Random(seed);
    const graph = randomGraph(random);
    const seeds = randomSeeds(random, graph);
    const network = networkOf(graph);
    const links: [number, number][] = [];
    for (let v = 0; v < graph.asns.length; v++)
      for (const list of [graph.customers, graph.peers, graph.providers])
        for (const u of neighboursOf(list, v)) links.push([v, u]);
    const chosen = links.filter(() => random.chance(0.15));
    const preferences = {
      at: Uint32Array.from(chosen, ([v]) => v),
      neighbour: Uint32Array.from(chosen, ([, u]) => u),
      pull: Int8Array.from(chosen, () => (random.chance(0.6) ? 1 : -1)),
    };
    const routes = routesFor(graph, seeds.count);
    propagate(network, seeds, routes);
    const before = routes.rank.slice();
    if (!adjust(network, seeds, routes, preferences, benchFor(network))) {
      unsettled++;
      continue;
    }
    if (before.some((rank, v) => rank !== routes.rank[v])) changed++;
    for (let v = 0; v < graph.asns.length; v++) {
      const found = best(graph, seeds, routes, preferences, v);
      if (routes.rank[v] === NONE) expect(found, `seed ${seed}, AS${graph.asns[v]}`).toBeUndefined();
      else if ((routes.rank[v] as number) < rankOf(CUSTOMER, 0)) expect(seeds.at).toContain(v);
      else
        expect([routes.rank[v], routes.parent[v]], `seed ${seed}, AS${graph.asns[v]}`).toEqual([
          found?.rank,
          found?.parent,
        ]);
    }
    // Parents come first in the order, so that shares can be worked out.
    const order = [...routes.order.subarray(0, routes.ends[2])];
    const turn = new Map(order.map((v, i) => [v, i]));
    for (const v of order) {
      const parent = routes.parent[v] as number;
      if (parent < graph.asns.length) expect(turn.get(parent)).toBeLessThan(turn.get(v) as number);
    }
  }
  expect(changed).toBeGreaterThan(300);
  expect(unsettled).toBeLessThan(100);
});

test('without preferences nothing changes', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const graph = randomGraph(random);
    const seeds = randomSeeds(random, graph);
    const network = networkOf(graph);
    const routes = routesFor(graph, seeds.count);
    propagate(network, seeds, routes);
    const before = [routes.rank.slice(), routes.parent.slice()];
    const none = { at: new Uint32Array(0), neighbour: new Uint32Array(0), pull: new Int8Array(0) };
    expect(adjust(network, seeds, routes, none, benchFor(network))).toBe(true);
    expect([routes.rank, routes.parent]).toEqual(before);
  }
});
