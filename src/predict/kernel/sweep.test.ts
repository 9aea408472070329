/**
 * The quick ways against the slow one on internets of a thousand ASes, where many stubs have the same providers and places, transits
 * have many cities, and ties are wide: what small random graphs seldom have.
 */
import { expect, test } from 'vitest';
import { Random } from '../../base/index.ts';
import { generateWorld } from '../../topology/index.ts';
import { kilometresTo, terrainOf } from '../geography.ts';
import { addSeed, CUSTOMER, NONE, OFF, ORIGIN, PEER, PROVIDER, routesFor, seedsFor } from './memory.ts';
import { networkOf } from './network.ts';
import { LAST } from './places.ts';
import { propagate } from './propagate.ts';
import { NO_SHARE, type Scene, type Shares, sharesFor } from './shares.ts';
import { spread } from './spread.ts';
import { patchFor, unpatch, withdraw } from './withdraw.ts';

const ASES = 1000;
const SEEDS = 8;

function sceneOf(seed: number, quiet: boolean): Scene {
  const random = new Random(seed);
  const world = generateWorld({ ases: ASES, seed });
  const network = networkOf(world.graph);
  const geography = terrainOf(world, network);
  const seeds = seedsFor(SEEDS);
  const points = [];
  for (let s = 0; s < SEEDS; s++) {
    const v = random.below(ASES);
    const own = random.chance(0.1);
    const routeClass = own ? ORIGIN : random.pick([CUSTOMER, CUSTOMER, CUSTOMER, PEER, PROVIDER]);
    const length = own ? 0 : 1 + random.below(3);
    addSeed(seeds, v, routeClass, length, 64500, quiet && random.chance(0.3));
    points.push(random.chance(0.2) ? undefined : geography.at[random.below(geography.places)]);
  }
  const routes = routesFor(world.graph, SEEDS);
  propagate(network, seeds, routes, undefined, true);
  return { network, seeds, routes, geography, seedKm: kilometresTo(geography, points), marginKm: 100 };
}

function divided(scene: Scene): Shares {
  const shares = sharesFor(scene.network, scene.geography, SEEDS, 200_000);
  expect(spread(scene, shares)).toBe(true);
  return shares;
}

function partsOf({ share, starts, seed, part }: Shares, node: number): string {
  const d = share[node] as number;
  if (d === NO_SHARE) return 'none';
  const parts = new Float64Array(SEEDS);
  for (let e = starts[d] as number; e < (starts[d + 1] as number); e++)
    parts[seed[e] as number] = part[e] as number;
  return Array.from(parts, (p) => p.toFixed(4)).join(' ');
}

/** An expectation for loops that run a million times. */
function same(a: unknown, b: unknown, where: string): void {
  if (a !== b) expect(a, where).toBe(b);
}

test('the quick way divides the traffic of every city as asking each AS alone does, with quiet seeds and without', () => {
  let [shared, ties, likes] = [0, 0, 0];
  for (let seed = 1; seed <= 15; seed++) {
    const scene = sceneOf(seed, seed % 3 === 0);
    const quick = divided(scene);
    // Who has captured networks to look after asks AS by AS, and there are none.
    const slow = divided({ ...scene, captured: new Uint8Array(ASES) });
    for (let node = 0; node < quick.share.length; node++) {
      const parts = partsOf(quick, node);
      same(parts, partsOf(slow, node), `seed ${seed}, node ${node}`);
      if (parts !== 'none' && !parts.includes('1.0000')) shared++;
    }
    const { contested } = scene.routes;
    for (let v = 0; v < ASES; v++) {
      if (contested[v] !== 0) ties++;
      if (scene.geography.nextAlike[v] !== LAST) likes++;
    }
  }
  expect(shared).toBeGreaterThan(500);
  expect(ties).toBeGreaterThan(1000);
  expect(likes).toBeGreaterThan(100);
});

test('and what changes when seeds fall silent is what a fresh start gives, failure after failure on one patch', () => {
  let changed = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const random = new Random(seed);
    const scene = sceneOf(seed, false);
    const base = divided(scene);
    const patch = patchFor(scene, { ...base, share: base.share.slice(), whole: base.whole.slice() });
    const { seeds } = scene;
    const classes = seeds.routeClass.slice();
    for (let turn = 0; turn < SEEDS + 4; turn++) {
      for (let s = 0; s < SEEDS; s++)
        if (turn < SEEDS ? s === turn : random.chance(0.4)) seeds.routeClass[s] = OFF;
      expect(withdraw(scene, base, patch)).toBe(true);
      const routes = routesFor(scene.network.graph, SEEDS);
      propagate(scene.network, seeds, routes, undefined, true);
      const fresh = divided({ ...scene, routes });
      for (let v = 0; v < ASES; v++) {
        const where = `seed ${seed}, turn ${turn}, AS index ${v}`;
        same(patch.routes.rank[v], routes.rank[v], where);
        if (routes.rank[v] === NONE) continue;
        same(patch.routes.parent[v], routes.parent[v], where);
        same(patch.routes.site[v], routes.site[v], where);
      }
      for (let node = 0; node < fresh.share.length; node++)
        same(partsOf(patch.shares, node), partsOf(fresh, node), `seed ${seed}, turn ${turn}, node ${node}`);
      changed += patch.count;
      seeds.routeClass.set(classes);
      unpatch(scene, base, patch);
    }
  }
  expect(changed).toBeGreaterThan(2000);
});
