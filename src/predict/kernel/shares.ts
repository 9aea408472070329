/** What a spread looks at, and what it fills: for each city of each AS, how its traffic is divided over the seeds. */
import type { Filter, Routes, Seeds } from './memory.ts';
import type { Network } from './network.ts';
import type { Geography } from './places.ts';

/** The share of a node that has no route. Like all such marks it is a number that engines keep without a box: below 2³¹. */
export const NO_SHARE = 0x7fff_ffff;
/** In `whole`: the cities of the AS differ. */
export const MIXED = 0x7fff_fffe;

/** In place of a share: there was no room for another division. */
export const NO_ROOM = 0x7fff_fffd;

/** How many pairs of divisions are remembered. A power of two. */
export const PAIRS = 1 << 11;

/** In `reach`: no route, or a longer one than is told apart there. */
export const BEYOND = 0xffff;

/** What {@link spread} looks at. */
export interface Scene {
  readonly network: Network;
  readonly seeds: Seeds;
  /** From `propagate` with `keepTies`. */
  readonly routes: Routes;
  readonly geography: Geography;
  /** Kilometres from each place to each seed, `seedKm[seed × places + place]`; FAR_AWAY where the seed's place is not known. */
  readonly seedKm: Uint16Array;
  /** Exits at most this much farther than the nearest count as equally near. */
  readonly marginKm: number;
  /** The filter given to propagate. An AS that refuses tainted seeds takes from a divided neighbour the untainted part. */
  readonly filter?: Filter;
  /** Indexed by AS; 1: all its traffic goes to seed `captor`, whatever its own routes say (a more specific prefix elsewhere). */
  readonly captured?: Uint8Array;
  readonly captor?: number;
}

/** The outcome, indexed by node, and the memory it needs. */
export interface Shares {
  /** Which division of traffic a node has; NO_SHARE without a route. Several nodes may have the same. */
  readonly share: Uint32Array;
  /** Indexed by AS: the share that all its nodes have, or MIXED. Stubs that tell nobody have none here. */
  readonly whole: Uint32Array;
  /** A division `d` is `part[starts[d] … starts[d + 1])` of the traffic for the seeds of the same indexes in `seed`. */
  readonly starts: Uint32Array;
  readonly seed: Uint16Array;
  readonly part: Float32Array;
  /** How many divisions there are. The first are the seeds themselves. */
  count: number;
  /** Scratch, indexed by seed; all zero between calls. */
  readonly sum: Float64Array;
  /** Scratch, indexed by AS: the first seed heard there + 1, or 0; all zero between calls. */
  readonly seeded: Uint16Array;
  /** Scratch, indexed by seed: the next seed at the same AS + 1, or 0. */
  readonly nextSeed: Uint16Array;
  /** Scratch, indexed by AS: 1 where something upstream changed (`respread`). */
  readonly dirty: Uint8Array;
  /** Scratch: the neighbours of one AS that offer equally good routes. */
  readonly tied: Uint32Array;
  /** Scratch, beside `tied`: which provider of that AS it is, if they are providers. */
  readonly tiedAt: Uint32Array;
  /**
   * Scratch for candidates, with their kilometres, −1 when unknown. Of one node: a node, or the number of nodes + a seed. Of all
   * cities of one AS at once: divisions, city by city for one neighbour after the other.
   */
  readonly candidate: Uint32Array;
  readonly candidateKm: Int32Array;
  /** Scratch: the divisions that one node's is made of. */
  readonly kin: Uint32Array;
  /** Scratch: stubs that are worked out one by one. */
  readonly todo: Uint32Array;
  /** Scratch, indexed by transit number: the length of what it offers its customers, {@link BEYOND} if nothing; and its `whole`. */
  readonly reach: Uint16Array;
  readonly wholes: Uint32Array;
  /** Scratch: pairs of divisions and their mean, three numbers for each of {@link PAIRS} slots; the mean is 0 in an empty one. */
  readonly pairs: Uint32Array;
  /** Scratch, indexed by transit number: as `rank`, `parent` and `contested`. */
  readonly held: Uint32Array;
  readonly only: Uint32Array;
  readonly disputed: Uint8Array;
  /** Scratch: transit numbers by length, and a count for each length. */
  readonly turns: Uint32Array;
  readonly lengths: Uint32Array;
  /**
   * Scratch: for each unit the rank of what its providers offer, and the share that all its cities have, or MIXED; then by city of a
   * unit what comes of it there. Two numbers side by side, because whoever asks for one asks for the other.
   */
  readonly unitOffer: Uint32Array;
  readonly cityShare: Uint32Array;
}

/** Memory for scenarios of up to `seedCapacity` seeds with divisions of `parts` entries together. */
export function sharesFor(
  network: Network,
  geography: Geography,
  seedCapacity: number,
  parts: number,
): Shares {
  const nodes = geography.nodePlace.length;
  const n = network.graph.asns.length;
  const { customers, peers, providers } = network.graph;
  let most = 1;
  for (const { offsets } of [customers, peers, providers])
    for (let v = 0; v < n; v++) most = Math.max(most, offsets[v + 1]! - offsets[v]!);
  // A node that is nowhere may see all nodes of each neighbour.
  const candidates = most + seedCapacity + nodes;
  return {
    share: new Uint32Array(nodes),
    whole: new Uint32Array(n),
    // A node is worked out at most three times: in its turn, as a stub, and again for what it keeps to itself; and all that
    // once more when a scenario is worked out on top of another.
    starts: new Uint32Array(6 * nodes + seedCapacity + 2),
    seed: new Uint16Array(parts),
    part: new Float32Array(parts),
    count: 0,
    sum: new Float64Array(seedCapacity),
    seeded: new Uint16Array(n),
    nextSeed: new Uint16Array(seedCapacity),
    dirty: new Uint8Array(n),
    tied: new Uint32Array(most),
    tiedAt: new Uint32Array(most),
    candidate: new Uint32Array(candidates),
    candidateKm: new Int32Array(candidates),
    kin: new Uint32Array(candidates),
    todo: new Uint32Array(2 * network.stubs.length + network.aloof.length + seedCapacity),
    reach: new Uint16Array(network.transits.length),
    wholes: new Uint32Array(network.transits.length),
    pairs: new Uint32Array(3 * PAIRS),
    held: new Uint32Array(network.transits.length),
    only: new Uint32Array(network.transits.length),
    disputed: new Uint8Array(network.transits.length),
    turns: new Uint32Array(network.transits.length),
    lengths: new Uint32Array(BEYOND + 1),
    unitOffer: new Uint32Array(2 * geography.unitFamily.length),
    cityShare: new Uint32Array(geography.unitCities.at(-1)!),
  };
}

/** Memory to work on top of a base: its divisions, and room for `parts` entries of them. Scratch is the base's own. */
export function onTop(base: Shares, parts = 2 * base.part.length): Shares {
  const seed = new Uint16Array(parts);
  const part = new Float32Array(parts);
  seed.set(base.seed);
  part.set(base.part);
  return {
    ...base,
    seed,
    part,
    starts: base.starts.slice(),
    share: base.share.slice(),
    dirty: new Uint8Array(base.dirty.length),
    whole: base.whole.slice(),
  };
}

/** Notes at each AS which seeds it hears. Is one of them quiet? */
export function chain(seeds: Seeds, shares: Shares): boolean {
  let anyQuiet = false;
  for (let s = seeds.count - 1; s >= 0; s--) {
    shares.nextSeed[s] = shares.seeded[seeds.at[s]!]!;
    shares.seeded[seeds.at[s]!] = s + 1;
    if (seeds.quiet[s] === 1) anyQuiet = true;
  }
  return anyQuiet;
}

export function unchain(seeds: Seeds, shares: Shares): void {
  for (let s = 0; s < seeds.count; s++) shares.seeded[seeds.at[s]!] = 0;
}
