/**
 * The kernel against three judges: a hand-drawn topology, a slow and obvious twin that passes messages until nothing changes,
 * and the published results of a reference program on the real graph.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Random } from '../../base/index.ts';
import { AsRelReader, bunzip2, GraphBuilder, indexOf } from '../../topology/index.ts';
import {
  addSeed,
  CUSTOMER,
  classOf,
  type Filter,
  lengthOf,
  NONE,
  nextHopOf,
  ORIGIN,
  PEER,
  PROVIDER,
  routesFor,
  type Seeds,
  seedsFor,
} from './memory.ts';
import { type Network, networkOf } from './network.ts';
import { propagate } from './propagate.ts';
import { randomGraph, randomSeeds, twin } from './twin.ts';

/** One line per AS with a route, as the reference program writes them. */
function dump(network: Network, seeds: Seeds, filter?: Filter): string {
  const routes = routesFor(network.graph, Math.max(1, seeds.count));
  propagate(network, seeds, routes, filter);
  const lines: string[] = [];
  for (let v = 0; v < network.graph.asns.length; v++) {
    if (routes.rank[v] === NONE) continue;
    const nextHop = nextHopOf(network, seeds, routes, v);
    lines.push(`${network.graph.asns[v]} ${routes.site[v]} ${nextHop} ${lengthOf(routes.rank[v]!)}\n`);
  }
  return lines.join('');
}

test('customers are preferred to peers and peers to providers, and only what customers said goes up and across', () => {
  // 1 and 2 peer; 1 sells to 3, 2 to 4, both to 5; 3 and 4 peer; 4 sells to 6.
  const builder = new GraphBuilder();
  for (const [p, c] of [
    [1, 3],
    [2, 4],
    [1, 5],
    [2, 5],
    [4, 6],
  ] as const)
    builder.transit(p, c);
  builder.peering(1, 2);
  builder.peering(3, 4);
  const { graph } = builder.build();
  const network = networkOf(graph);
  const seeds = seedsFor(2);
  addSeed(seeds, indexOf(graph, 3), CUSTOMER, 3, 64500);
  addSeed(seeds, indexOf(graph, 2), PROVIDER, 1, 64500);
  // 3 hears the operator with two prepends; 2 hears it as its provider, so 2 prefers the peer 1, and 4 its peer 3.
  expect(dump(network, seeds)).toBe('1 0 3 4\n2 0 1 5\n3 0 64500 3\n4 0 3 4\n5 0 1 5\n6 0 4 5\n');
});

test('2,000 random small graphs: every AS agrees with a simulation that passes messages until nothing changes', () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const random = new Random(seed);
    const graph = randomGraph(random);
    const seeds = randomSeeds(random, graph);
    expect(dump(networkOf(graph), seeds), `seed ${seed}`).toBe(twin(graph, seeds, random));
  }
});

test('with filters: 500 random graphs in which some ASes refuse tainted seeds agree with the simulation', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = new Random(seed);
    const graph = randomGraph(random);
    const seeds = randomSeeds(random, graph);
    for (let s = 0; s < seeds.count; s++) seeds.tainted[s] = random.chance(0.4) ? 1 : 0;
    const filter = { refuses: Uint8Array.from(graph.asns, () => (random.chance(0.3) ? 1 : 0)) };
    expect(dump(networkOf(graph), seeds, filter), `seed ${seed}`).toBe(twin(graph, seeds, random, filter));
  }
});

test('a circle of customers and providers still gives a stable answer: each AS holds the best its neighbours offer', () => {
  const builder = new GraphBuilder();
  for (const [p, c] of [
    [1, 2],
    [2, 3],
    [3, 1],
    [3, 4],
    [1, 5],
  ] as const)
    builder.transit(p, c);
  const { graph } = builder.build();
  const seeds = seedsFor(1);
  addSeed(seeds, indexOf(graph, 4), ORIGIN, 0, 4);
  expect(dump(networkOf(graph), seeds)).toBe('1 0 2 3\n2 0 3 2\n3 0 4 1\n4 0 4 0\n5 0 1 4\n');
});

test('a chain of 3,000 providers, a graph without links above a seed, and no seeds at all are no trouble', () => {
  const builder = new GraphBuilder();
  for (let i = 1; i < 3000; i++) builder.transit(i + 1, i);
  const { graph } = builder.build();
  const seeds = seedsFor(1);
  expect(dump(networkOf(graph), seeds)).toBe('');
  addSeed(seeds, 0, ORIGIN, 0, 1);
  expect(dump(networkOf(graph), seeds).split('\n').at(-2)).toBe('3000 0 2999 2999');
  const empty = networkOf(new GraphBuilder().build().graph);
  expect(dump(empty, seedsFor(1))).toBe('');
});

test('the memory is reused: a second scenario knows nothing of the first', () => {
  const random = new Random(5);
  const graph = randomGraph(random);
  const network = networkOf(graph);
  const routes = routesFor(graph, 40);
  for (let i = 0; i < 50; i++) {
    const seeds = randomSeeds(random, graph);
    const fresh = routesFor(graph, 40);
    propagate(network, seeds, routes);
    propagate(network, seeds, fresh);
    expect(routes.rank).toEqual(fresh.rank);
    for (let v = 0; v < graph.asns.length; v++)
      if (routes.rank[v] !== NONE)
        expect([routes.parent[v], routes.site[v]]).toEqual([fresh.parent[v], fresh.site[v]]);
    expect(classOf(NONE)).toBe(PROVIDER);
    expect(PEER).toBe(2);
  }
});

const data =
  process.env['NEARCAST_DATA'] ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url));
const casesFile = join(data, 'oracle', 'cases.json');

interface Case {
  readonly graph: string;
  readonly id: string;
  readonly operator: number;
  readonly seeds: readonly { asn: number; rel: 'o' | 'c' | 'p' | 'u'; prepend: number; noexport: number }[];
  readonly expect: { readonly ases: number; readonly sha256: string; readonly fnv1a64: string };
}

describe.skipIf(!existsSync(casesFile))(
  'the real graphs of 2024 (set NEARCAST_DATA to the folder with oracle/cases.json)',
  () => {
    const graphs = new Map<string, Network>();
    const networkIn = (name: string): Network => {
      const known = graphs.get(name);
      if (known) return known;
      const reader = new AsRelReader();
      for (const chunk of bunzip2(readFileSync(join(data, 'as-rel', `${name}.bz2`)))) reader.push(chunk);
      const made = networkOf(reader.end().graph);
      graphs.set(name, made);
      return made;
    };
    const cases = existsSync(casesFile) ? (JSON.parse(readFileSync(casesFile, 'utf8')) as Case[]) : [];
    test.each(cases.map((c) => [`${c.graph} ${c.id}`, c] as const))(
      '%s: every line equals the reference',
      (_, c) => {
        const network = networkIn(c.graph);
        expect(network.graph.asns.length).toBe(c.expect.ases);
        const seeds = seedsFor(c.seeds.length);
        for (const s of c.seeds) {
          const own = s.rel === 'o';
          addSeed(
            seeds,
            indexOf(network.graph, s.asn),
            ['o', 'c', 'p', 'u'].indexOf(s.rel),
            own ? s.prepend : s.prepend + 1,
            own ? s.asn : c.operator,
            s.noexport === 1,
          );
        }
        const text = dump(network, seeds);
        expect(createHash('sha256').update(text).digest('hex')).toBe(c.expect.sha256);
        expect(fnv1a64(text)).toBe(c.expect.fnv1a64);
      },
    );
  },
);

/** FNV-1a with 64 bits, in four limbs of 16. */
function fnv1a64(text: string): string {
  let [a, b, c, d] = [0x2325, 0x8422, 0x9ce4, 0xcbf2];
  for (let i = 0; i < text.length; i++) {
    a ^= text.charCodeAt(i);
    // × 0x100000001b3
    const [a0, b0, c0, d0] = [a * 0x1b3, b * 0x1b3, c * 0x1b3 + a * 0x100, d * 0x1b3 + b * 0x100];
    const b1 = b0 + (a0 >>> 16);
    const c1 = c0 + Math.floor(b1 / 0x1_0000);
    const d1 = d0 + Math.floor(c1 / 0x1_0000);
    [a, b, c, d] = [a0 & 0xffff, b1 & 0xffff, c1 & 0xffff, d1 & 0xffff];
  }
  return [d, c, b, a].map((limb) => limb.toString(16).padStart(4, '0')).join('');
}
