/**
 * What changes when some seeds fall silent, worked out on top of a whole scenario: only ASes whose route led to such a seed
 * choose anew, and those who hear something better of them, and those who shared a choice with them. On the whole internet
 * with fifty sites that is a fiftieth of the work for each.
 *
 * Going silent makes no customer's and no peer's route better. But an AS that falls from a customer's long route to a peer's
 * short one tells its customers a shorter one than before: so on the way down routes may become better as well as worse.
 *
 * Not for filters, quiet seeds, local preferences, and prepends to what an AS announces as its own (it may hear shorter ones, and
 * then tells its peers of those): for these {@link propagate} works all out anew.
 */
import { copyShares, fareAlike, place } from './exits.ts';
import {
  CUSTOMER,
  LENGTH_BITS,
  LENGTH_MASK,
  LONGEST_SEED,
  NONE,
  OFF,
  ORIGIN,
  PEER,
  PINNED,
  PROVIDER,
  type Routes,
} from './memory.ts';
import { NO_NUMBER } from './network.ts';
import { LAST } from './places.ts';
import { beats, sow } from './propagate.ts';
import { chain, NO_SHARE, type Scene, type Shares, unchain } from './shares.ts';
import { same } from './spread.ts';
import { dividePeered, divideTransit, divideUnit, review, takeOffer } from './units.ts';

const CUSTOMER_RANK = CUSTOMER << LENGTH_BITS;
const PEER_RANK = PEER << LENGTH_BITS;
const PROVIDER_RANK = PROVIDER << LENGTH_BITS;

/** Lengths told apart; a path that is longer is left to {@link propagate}. */
const LEVELS = LONGEST_SEED + 256;

/** The memory of one patch after the other on the same base. */
export interface Patch {
  /** Equal to the base's between patches. */
  readonly routes: Routes;
  /** Equal to the base's between patches; it has the base's divisions, and room for more. */
  readonly shares: Shares;
  /** ASes whose route or division may differ from the base: `changed[0 … count)`. */
  readonly changed: Uint32Array;
  count: number;
  /** Scratch: queues as linked lists, by length or by rank. `heads` holds entry + 1 and is all zero between calls. */
  readonly heads: Uint32Array;
  readonly next: Uint32Array;
  readonly item: Uint32Array;
  entries: number;
  /** The highest key in use. */
  highest: number;
  /** Scratch, indexed by AS: 1 while it is in a queue by rank. */
  readonly queued: Uint8Array;
  /** Scratch, indexed by AS: the rank it stands in a queue by length with, or 0. */
  readonly stamp: Uint32Array;
  /** The ASes whose traffic ends at seed `s`, as single routers choose: `led[ledOffsets[s] … ledOffsets[s + 1])`. */
  readonly ledOffsets: Uint32Array;
  readonly led: Uint32Array;
}

/** Memory to patch what `scene` and `shares` hold. `shares` is the patch's own, made on top of the base. */
export function patchFor(scene: Scene, shares: Shares): Patch {
  const { rank, parent, site, contested, waiting } = scene.routes;
  const { transits } = scene.network;
  const n = rank.length;
  const patch: Patch = {
    routes: {
      ...scene.routes,
      rank: rank.slice(),
      parent: parent.slice(),
      site: site.slice(),
      contested: contested.slice(),
      waiting: waiting.slice(),
      asked: false,
    },
    shares: {
      ...shares,
      reach: new Uint16Array(transits.length),
      wholes: new Uint32Array(transits.length),
      held: new Uint32Array(transits.length),
      only: new Uint32Array(transits.length),
      disputed: new Uint8Array(transits.length),
    },
    changed: new Uint32Array(n),
    count: 0,
    heads: new Uint32Array(4 * LEVELS),
    next: new Uint32Array(4 * n + 64),
    item: new Uint32Array(4 * n + 64),
    entries: 0,
    highest: 0,
    queued: new Uint8Array(n),
    stamp: new Uint32Array(n),
    ...ledBy(scene),
  };
  for (let t = 0; t < transits.length; t++) {
    review(scene, patch.shares, t, false);
    patch.shares.wholes[t] = shares.whole[transits[t]!]!;
  }
  return patch;
}

function ledBy({ routes, seeds }: Scene): Pick<Patch, 'led' | 'ledOffsets'> {
  const ledOffsets = new Uint32Array(seeds.count + 1);
  const led = new Uint32Array(routes.rank.length);
  countLed(routes, ledOffsets);
  for (let s = 0; s < seeds.count; s++) ledOffsets[s + 1]! += ledOffsets[s]!;
  listLed(routes, ledOffsets.slice(), led);
  return { led, ledOffsets };
}

function countLed({ rank, site }: Routes, ledOffsets: Uint32Array): void {
  for (let v = 0; v < rank.length; v++) if (rank[v] !== NONE) ledOffsets[site[v]! + 1]!++;
}

function listLed({ rank, site }: Routes, next: Uint32Array, led: Uint32Array): void {
  for (let v = 0; v < rank.length; v++) if (rank[v] !== NONE) led[next[site[v]!]!++] = v;
}

/** May a scenario be patched at all? */
export function canPatch(scene: Scene): boolean {
  const { seeds, filter, captured, routes } = scene;
  if (filter !== undefined || captured !== undefined) return false;
  for (let s = 0; s < seeds.count; s++)
    if (seeds.quiet[s] === 1 || (seeds.routeClass[s] === ORIGIN && seeds.length[s]! > 0)) return false;
  for (let v = 0; v < routes.rank.length; v++)
    if (routes.rank[v] !== NONE && (routes.rank[v]! & LENGTH_MASK) >= LEVELS) return false;
  return !routes.contested.includes(PINNED);
}

/**
 * Works out the scenario of `scene` (whose seeds have some OFF that were not so for its routes and for `base`). `patch.changed`
 * says where to look. False when memory or lengths did not suffice; then the patch is undefined until {@link unpatch}.
 */
export function withdraw(scene: Scene, base: Shares, patch: Patch): boolean {
  return reroute(scene, patch) && divideAgain(scene, base, patch);
}

/** Puts the patch back to its base. */
export function unpatch(scene: Scene, base: Shares, patch: Patch): void {
  const { rank, parent, site, contested } = patch.routes;
  const { shares, changed } = patch;
  const { nodeOffsets } = scene.geography;
  for (let i = 0; i < patch.count; i++) {
    const v = changed[i]!;
    rank[v] = scene.routes.rank[v]!;
    parent[v] = scene.routes.parent[v]!;
    site[v] = scene.routes.site[v]!;
    contested[v] = scene.routes.contested[v]!;
    shares.dirty[v] = 0;
    patch.queued[v] = 0;
    patch.stamp[v] = 0;
    shares.whole[v] = base.whole[v]!;
    const t = scene.network.transitNumber[v]!;
    if (t !== NO_NUMBER) {
      review(scene, shares, t, false);
      shares.wholes[t] = base.whole[v]!;
    }
    for (let node = nodeOffsets[v]!; node < nodeOffsets[v + 1]!; node++)
      shares.share[node] = base.share[node]!;
  }
  shares.count = base.count;
  patch.count = 0;
  patch.heads.fill(0, 0, patch.highest + 1);
  patch.highest = 0;
  patch.entries = 0;
  patch.routes.waiting.fill(0);
}

/** Notes that `v` may differ. */
function touch(patch: Patch, v: number): void {
  if (patch.shares.dirty[v] === 1) return;
  patch.shares.dirty[v] = 1;
  patch.changed[patch.count++] = v;
}

/** Puts `v` into queue `key`; false when there is no such queue or no room. */
function enqueue(patch: Patch, key: number, v: number): boolean {
  const { heads, next, item } = patch;
  const at = patch.entries;
  if (key >= heads.length || at >= item.length) return false;
  item[at] = v;
  next[at] = heads[key]!;
  heads[key] = at + 1;
  patch.entries = at + 1;
  if (key > patch.highest) patch.highest = key;
  return true;
}

/** Puts `v` into the queue of its length, once for each rank it holds. */
function line(patch: Patch, v: number): boolean {
  const held = patch.routes.rank[v]!;
  if (patch.stamp[v] === held) return true;
  patch.stamp[v] = held;
  return enqueue(patch, held & LENGTH_MASK, v);
}

/** `p` hears from `v` of a route that has rank `offer` there. Returns 1 if it takes it, 0 if not. */
function hear(scene: Scene, routes: Routes, v: number, p: number, offer: number): number {
  const { rank, parent, site, contested } = routes;
  const held = rank[p]!;
  if (offer > held) return 0;
  if (offer === held) {
    contested[p] = 1;
    if (parent[p] === v) {
      if (site[p] === site[v]) return 0;
    } else if (!beats(scene.network, scene.seeds, routes, v, site[v]!, p, true, false)) return 0;
  }
  rank[p] = offer;
  parent[p] = v;
  site[p] = site[v]!;
  return 1;
}

function reroute(scene: Scene, patch: Patch): boolean {
  const lost = lose(scene, patch);
  // Up: from customers who kept their route, and from the seeds that are left; then on to those who lost theirs.
  sow(scene.network, scene.seeds, patch.routes, ORIGIN, undefined, true);
  sow(scene.network, scene.seeds, patch.routes, CUSTOMER, undefined, true);
  if (!hearCustomers(scene, patch, lost) || !climb(scene, patch)) return false;
  // Across.
  sow(scene.network, scene.seeds, patch.routes, PEER, undefined, true);
  hearPeers(scene, patch, lost);
  // Down: who lost a route looks at its providers; who has another than before tells its customers.
  sow(scene.network, scene.seeds, patch.routes, PROVIDER, undefined, true);
  hearProviders(scene, patch, lost);
  if (!descend(scene, patch)) return false;
  patch.routes.waiting.fill(0, 0, scene.seeds.count);
  return true;
}

/** Takes the route from everybody whose traffic ended at a seed that is silent now. Returns how many they are: the first of `changed`. */
function lose({ seeds }: Scene, patch: Patch): number {
  const { rank, contested } = patch.routes;
  for (let s = 0; s < seeds.count; s++) {
    if (seeds.routeClass[s] !== OFF) continue;
    for (let i = patch.ledOffsets[s]!; i < patch.ledOffsets[s + 1]!; i++) {
      const v = patch.led[i]!;
      touch(patch, v);
      rank[v] = NONE;
      contested[v] = 1;
    }
  }
  return patch.count;
}

/** Who lost a route of its own or of a customer looks at its customers, and is queued with what it has. */
function hearCustomers(scene: Scene, patch: Patch, lost: number): boolean {
  const { offsets, neighbours } = scene.network.graph.customers;
  const { routes, changed } = patch;
  const { rank } = routes;
  const was = scene.routes.rank;
  for (let i = 0; i < lost; i++) {
    const v = changed[i]!;
    if (was[v]! >= PEER_RANK) continue;
    for (let e = offsets[v]!, end = offsets[v + 1]!; e < end; e++) {
      const c = neighbours[e]!;
      if (rank[c]! < PEER_RANK) hear(scene, routes, c, v, CUSTOMER_RANK + (rank[c]! & LENGTH_MASK) + 1);
    }
    if (rank[v] !== NONE && !line(patch, v)) return false;
  }
  return true;
}

/** Those in the queues tell their providers, the shortest routes first. */
function climb(scene: Scene, patch: Patch): boolean {
  const { offsets, neighbours } = scene.network.graph.providers;
  const { routes } = patch;
  const { rank } = routes;
  for (let level = 0; level < LEVELS && patch.entries > 0; level++)
    for (let v = pop(patch, level); v >= 0; v = pop(patch, level)) {
      if (rank[v]! >= PEER_RANK || (rank[v]! & LENGTH_MASK) !== level) continue;
      for (let e = offsets[v]!, end = offsets[v + 1]!; e < end; e++) {
        const p = neighbours[e]!;
        if (hear(scene, routes, v, p, CUSTOMER_RANK + level + 1) === 0) continue;
        touch(patch, p);
        if (!line(patch, p)) return false;
      }
    }
  patch.entries = 0;
  return true;
}

function hearPeers(scene: Scene, patch: Patch, lost: number): void {
  const { offsets, neighbours } = scene.network.graph.peers;
  const { routes, changed } = patch;
  const { rank } = routes;
  for (let i = 0; i < lost; i++) {
    const v = changed[i]!;
    if (rank[v]! < PEER_RANK) continue;
    for (let e = offsets[v]!, end = offsets[v + 1]!; e < end; e++) {
      const u = neighbours[e]!;
      if (rank[u]! < PEER_RANK) hear(scene, routes, u, v, PEER_RANK + (rank[u]! & LENGTH_MASK) + 1);
    }
  }
}

function hearProviders(scene: Scene, patch: Patch, lost: number): void {
  const { offsets, neighbours } = scene.network.graph.providers;
  const { routes, changed } = patch;
  const { rank } = routes;
  for (let i = 0; i < lost; i++) {
    const v = changed[i]!;
    if (rank[v]! < PROVIDER_RANK) continue;
    for (let e = offsets[v]!, end = offsets[v + 1]!; e < end; e++) {
      const p = neighbours[e]!;
      if (rank[p] !== NONE) hear(scene, routes, p, v, PROVIDER_RANK + (rank[p]! & LENGTH_MASK) + 1);
    }
  }
}

/** All who were rerouted tell their customers, the shortest routes first. Those without customers have nobody to tell. */
function descend(scene: Scene, patch: Patch): boolean {
  const { offsets, neighbours } = scene.network.graph.customers;
  const { routes, changed } = patch;
  const { rank } = routes;
  for (let i = 0; i < patch.count; i++) patch.stamp[changed[i]!] = 0;
  for (let i = 0; i < patch.count; i++) {
    const v = changed[i]!;
    if (rank[v] === NONE || offsets[v] === offsets[v + 1]) continue;
    if (!line(patch, v)) return false;
  }
  for (let level = 0; level < LEVELS && patch.entries > 0; level++)
    for (let v = pop(patch, level); v >= 0; v = pop(patch, level)) {
      if ((rank[v]! & LENGTH_MASK) !== level) continue;
      for (let e = offsets[v]!, end = offsets[v + 1]!; e < end; e++) {
        const c = neighbours[e]!;
        if (rank[c]! < PROVIDER_RANK || hear(scene, routes, v, c, PROVIDER_RANK + level + 1) === 0) continue;
        touch(patch, c);
        if (offsets[c] !== offsets[c + 1] && !line(patch, c)) return false;
      }
    }
  patch.entries = 0;
  return true;
}

/** Takes one AS out of a queue; −1 when it is empty. */
function pop(patch: Patch, key: number): number {
  const entry = patch.heads[key]!;
  if (entry === 0) return -1;
  patch.heads[key] = patch.next[entry - 1]!;
  return patch.item[entry - 1]!;
}

/** Divisions, in the order of ranks: nobody depends on who has the same or a worse one. */
function divideAgain(scene: Scene, base: Shares, patch: Patch): boolean {
  const now: Scene = { ...scene, routes: patch.routes };
  chain(scene.seeds, patch.shares);
  // What is remembered of divisions may be of an earlier patch.
  patch.shares.pairs.fill(0);
  const done = ask(scene, now, patch) && answer(now, base, patch);
  unchain(scene.seeds, patch.shares);
  return done;
}

/** Queues all who were rerouted, whose neighbours were, or who heard a seed that is silent now. */
function ask(scene: Scene, now: Scene, patch: Patch): boolean {
  const { seeds, geography } = scene;
  const { routes, shares, changed } = patch;
  const { rank } = routes;
  const rerouted = patch.count;
  for (let i = 0; i < rerouted; i++) {
    const v = changed[i]!;
    const t = now.network.transitNumber[v]!;
    if (t !== NO_NUMBER) review(now, shares, t, false);
    if (rank[v] === NONE) {
      shares.share.fill(NO_SHARE, geography.nodeOffsets[v]!, geography.nodeOffsets[v + 1]!);
      shares.whole[v] = NO_SHARE;
      if (t !== NO_NUMBER) shares.wholes[t] = NO_SHARE;
    } else if (!queue(now, patch, v)) return false;
    if (rank[v] !== scene.routes.rank[v]) {
      if (!tell(now, patch, v, scene.routes.rank[v]!) || !tell(now, patch, v, rank[v]!)) return false;
    }
  }
  for (let s = 0; s < seeds.count; s++)
    if (seeds.routeClass[s] === OFF && rank[seeds.at[s]!] !== NONE && !queue(now, patch, seeds.at[s]!))
      return false;
  return true;
}

function answer(now: Scene, base: Shares, patch: Patch): boolean {
  const { shares } = patch;
  const { rank } = patch.routes;
  const { nextAlike } = now.geography;
  for (let key = 0; key <= patch.highest; key++)
    for (let v = pop(patch, key); v >= 0; v = pop(patch, key)) {
      if (!divideOne(now, shares, v)) return false;
      const equal = same(now, base, shares, v);
      const t = now.network.transitNumber[v]!;
      if (t !== NO_NUMBER) shares.wholes[t] = shares.whole[v]!;
      if (!equal && !tell(now, patch, v, rank[v]!)) return false;
      for (let w = nextAlike[v]!; w !== LAST; w = nextAlike[w]!)
        if (fareAlike(now, shares, v, w) && copyShares(now, shares, v, w)) touch(patch, w);
    }
  return true;
}

/** Works out one AS, the quick way if it can be. */
function divideOne(now: Scene, shares: Shares, v: number): boolean {
  const t = now.network.transitNumber[v]!;
  if (t !== NO_NUMBER) return divideTransit(now, shares, t, false);
  const held = now.routes.rank[v]!;
  if (held < PROVIDER_RANK) return dividePeered(now, shares, v, false);
  const u = now.geography.unit[v]!;
  if (u === NO_NUMBER || shares.seeded[v] !== 0) return place(now, shares, v, false, false);
  if (!divideUnit(now, shares, u)) return false;
  if (held !== shares.unitOffer[2 * u]) return place(now, shares, v, false, false);
  takeOffer(now, shares, v);
  return true;
}

/** Queues an AS with a route by its rank, once; of stubs that fare alike the first answers for all. */
function queue(now: Scene, patch: Patch, like: number): boolean {
  const first = now.geography.alike[like]!;
  const v = first !== like && fareAlike(now, patch.shares, first, like) ? first : like;
  touch(patch, v);
  if (patch.queued[v] === 1) return true;
  patch.queued[v] = 1;
  const held = patch.routes.rank[v]!;
  const length = held & LENGTH_MASK;
  return length < LEVELS && enqueue(patch, (held >>> LENGTH_BITS) * LEVELS + length, v);
}

/** Queues those neighbours for whom a route of `v` with rank `held` is, by its rank there, among the best. */
function tell(now: Scene, patch: Patch, v: number, held: number): boolean {
  if (held === NONE) return true;
  const { customers, peers, providers } = now.network.graph;
  const { rank } = patch.routes;
  const length = (held & LENGTH_MASK) + 1;
  for (let kind = PROVIDER; kind >= (held < PEER_RANK ? CUSTOMER : PROVIDER); kind--) {
    const { offsets, neighbours } = kind === PROVIDER ? customers : kind === PEER ? peers : providers;
    const offer = (kind << LENGTH_BITS) + length;
    for (let e = offsets[v]!, end = offsets[v + 1]!; e < end; e++)
      if (rank[neighbours[e]!] === offer && !queue(now, patch, neighbours[e]!)) return false;
  }
  return true;
}
