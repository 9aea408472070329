/** Where the traffic of one AS leaves: the neighbours that are equally good, the nearest of them for each city, and what that comes to. */
import { CUSTOMER, isCut, LENGTH_BITS, LENGTH_MASK, ORIGIN, PEER, PINNED, PROVIDER } from './memory.ts';
import { approach, FAR_AWAY, type Geography, NOWHERE, UNASKED } from './places.ts';
import { MIXED, NO_ROOM, NO_SHARE, PAIRS, type Scene, type Shares } from './shares.ts';

/** Works out all nodes of one AS. */
export function place(
  scene: Scene,
  shares: Shares,
  v: number,
  anyQuiet: boolean,
  quietToo: boolean,
): boolean {
  const { geography, filter } = scene;
  const { nodeOffsets } = geography;
  const { share, whole, tied } = shares;
  const from = nodeOffsets[v]!;
  const end = nodeOffsets[v + 1]!;
  let picky = filter !== undefined && filter.refuses[v] === 1;
  let ties = tie(scene, shares, v, anyQuiet);
  if (picky && filter?.accepts !== undefined) {
    const good = accepted(scene, shares, v, ties);
    picky = good >= 0;
    if (good !== 0) ties = Math.abs(good);
  }
  const plain = shares.seeded[v] === 0 && !picky;
  if (ties > 0 && plain) {
    // The usual case: wherever the traffic leaves, it goes to the same sites.
    const all = whole[tied[0]!]!;
    let alike = all < MIXED;
    for (let t = 1; t < ties && alike; t++) alike = whole[tied[t]!] === all;
    if (alike) {
      for (let node = from; node < end; node++) share[node] = all;
      whole[v] = all;
      return true;
    }
  }
  if (ties === 1 && plain && follow(scene.geography, shares, v, tied[0]!)) return true;
  if (plain && ties > 0 && survey(scene.geography, shares, v, ties)) {
    if (!choose(scene, shares, v, ties)) return false;
  } else {
    for (let node = from; node < end; node++) {
      const found = gather(scene, shares, v, node, ties, quietToo);
      if (!settle(scene, shares, node, found, picky)) return false;
    }
  }
  whole[v] = share[from]!;
  for (let node = from + 1; node < end; node++) if (share[node] !== whole[v]) whole[v] = MIXED;
  return true;
}

/** Does the same become of two stubs that are alike? Both have routes of providers only if their ranks say so and are the same. */
export function fareAlike(scene: Scene, shares: Shares, u: number, v: number): boolean {
  const { rank, contested } = scene.routes;
  return (
    rank[u] === rank[v] &&
    rank[v]! >>> LENGTH_BITS === PROVIDER &&
    shares.seeded[u] === 0 &&
    shares.seeded[v] === 0 &&
    contested[u] !== PINNED &&
    contested[v] !== PINNED
  );
}

/** Gives the nodes of `v` the shares of those of `u`, which is in the same places. Returns false if they had them. */
export function copyShares(scene: Scene, shares: Shares, u: number, v: number): boolean {
  const { nodeOffsets } = scene.geography;
  const { share, whole } = shares;
  const end = nodeOffsets[u + 1]!;
  let changed = false;
  for (let from = nodeOffsets[u]!, node = nodeOffsets[v]!; from < end; from++, node++) {
    if (share[node] === share[from]) continue;
    share[node] = share[from]!;
    changed = true;
  }
  whole[v] = whole[u]!;
  return changed;
}

/** One neighbour only: each city of `v` takes what the nearest city of `u` has. False where a place is not known. */
function follow(geography: Geography, shares: Shares, v: number, u: number): boolean {
  const { nodeOffsets, nodePlace, nearest, nearestRow, places } = geography;
  const { share, whole } = shares;
  const first = nodeOffsets[u]!;
  const from = nodeOffsets[v]!;
  const end = nodeOffsets[v + 1]!;
  if (nodePlace[first] === NOWHERE || nodePlace[from] === NOWHERE) return false;
  const row = nearestRow[u]! * places;
  let all = NO_SHARE;
  for (let node = from; node < end; node++) {
    const here = nodePlace[node]!;
    let way = row >= 0 ? nearest[row + here]! : UNASKED;
    if (way === UNASKED) way = approach(geography, u, here);
    const theirs = share[first + (way & 0xffff)]!;
    share[node] = theirs;
    if (node === from) all = theirs;
    else if (all !== theirs) all = MIXED;
  }
  whole[v] = all;
  return true;
}

/**
 * Collects for each city of `v` what every tied neighbour has where it is nearest, and how far that is; neighbour by neighbour,
 * because what is known of one lies together in memory. False where places are not known, or are too many.
 */
function survey(geography: Geography, shares: Shares, v: number, ties: number): boolean {
  const { nodeOffsets, nodePlace, nearest, nearestRow, places } = geography;
  const { share, whole, tied, candidate, candidateKm } = shares;
  const from = nodeOffsets[v]!;
  const end = nodeOffsets[v + 1]!;
  if (nodePlace[from] === NOWHERE || ties * (end - from) > candidate.length) return false;
  let to = 0;
  for (let t = 0; t < ties; t++) {
    const u = tied[t]!;
    const first = nodeOffsets[u]!;
    const row = nearestRow[u]! * places;
    if (nodePlace[first] === NOWHERE) return false;
    const all = whole[u]!;
    for (let node = from; node < end; node++, to++) {
      const here = nodePlace[node]!;
      let way = row >= 0 ? nearest[row + here]! : UNASKED;
      if (way === UNASKED) way = approach(geography, u, here);
      candidate[to] = all < MIXED ? all : share[first + (way & 0xffff)]!;
      candidateKm[to] = way >>> 16;
    }
  }
  return true;
}

/** Gives each city of `v` the nearest of what {@link survey} found. */
function choose(scene: Scene, shares: Shares, v: number, ties: number): boolean {
  const { nodeOffsets } = scene.geography;
  const from = nodeOffsets[v]!;
  const cities = nodeOffsets[v + 1]! - from;
  for (let m = 0; m < cities; m++) {
    const theirs = nearestOf(scene, shares, m, ties * cities, cities);
    if (theirs === NO_ROOM) return false;
    shares.share[from + m] = theirs;
  }
  return true;
}

/** The division that comes of every `step`th candidate from `first` on: of those about equally near. */
export function nearestOf(scene: Scene, shares: Shares, first: number, all: number, step: number): number {
  const { candidate, candidateKm, kin } = shares;
  let least = 0x7fff_ffff;
  for (let c = first; c < all; c += step) if (candidateKm[c]! < least) least = candidateKm[c]!;
  least += scene.marginKm;
  let only = NO_SHARE;
  let kept = 0;
  let alike = true;
  for (let c = first; c < all; c += step) {
    const theirs = candidate[c]!;
    if (candidateKm[c]! > least || theirs === NO_SHARE) continue;
    if (kept === 0) only = theirs;
    else if (theirs !== only) alike = false;
    kin[kept++] = theirs;
  }
  return alike ? only : mix(scene, shares, kin, kept, false);
}

/** Collects the neighbours that offer `v` routes as good as the one it holds. Returns how many. */
export function tie(scene: Scene, shares: Shares, v: number, anyQuiet: boolean): number {
  const { rank, parent, contested, told, basis } = scene.routes;
  const { tied } = shares;
  const { graph } = scene.network;
  const { quiet } = scene.seeds;
  const cut = scene.filter?.cut;
  const n = rank.length;
  const routeClass = rank[v]! >>> LENGTH_BITS;
  if (routeClass === ORIGIN) return 0;
  const list =
    routeClass === CUSTOMER ? graph.customers : routeClass === PEER ? graph.peers : graph.providers;
  // Where no second offer came, the parent is all there is, and a seed is no neighbour.
  if (contested[v] === 0 || contested[v] === PINNED) {
    const only = parent[v]!;
    if (only >= n) return 0;
    tied[0] = only;
    return 1;
  }
  const length = (rank[v]! & LENGTH_MASK) - 1;
  // Customers and peers offer what they have of themselves or of customers, of that very length; providers offer anything.
  const customer = (CUSTOMER << LENGTH_BITS) + length;
  let found = 0;
  if (told && routeClass !== PROVIDER && basis.rank[v] === rank[v]) {
    const { rivals, rivalNext, rivalAs } = scene.routes;
    let u = basis.parent[v]!;
    for (let e = rivals[v]!; ; e = rivalNext[e - 1]!) {
      const offers = u < n && (rank[u] === customer || rank[u] === length);
      if (offers && !(anyQuiet && parent[u]! >= n && quiet[parent[u]! - n] === 1)) tied[found++] = u;
      if (e === 0) return found;
      u = rivalAs[e - 1]!;
    }
  }
  for (let e = list.offsets[v]!, last = list.offsets[v + 1]!; e < last; e++) {
    const u = list.neighbours[e]!;
    const theirs = rank[u]!;
    if (routeClass === PROVIDER) {
      if ((theirs & LENGTH_MASK) !== length) continue;
    } else if (theirs !== customer && theirs !== length) continue;
    if (anyQuiet && parent[u]! >= n && quiet[parent[u]! - n] === 1) continue;
    if (cut !== undefined && isCut(cut, u, v)) continue;
    tied[found++] = u;
  }
  return found;
}

/**
 * Moves the tied neighbours whose routes `v` accepts to the front and returns how many; negative when tainted routes are among
 * them, which then count like the others (ASPA lets some pass, and which the neighbour sends is not known here).
 */
function accepted(scene: Scene, shares: Shares, v: number, ties: number): number {
  const { site } = scene.routes;
  const { tainted } = scene.seeds;
  const { tied } = shares;
  let good = 0;
  let passed = false;
  for (let t = 0; t < ties; t++) {
    const u = tied[t]!;
    if (tainted[site[u]!] === 1) {
      if (!scene.filter!.accepts!(u, v)) continue;
      passed = true;
    }
    tied[good++] = u;
  }
  return passed ? -good : good;
}

/** Collects the candidates of one node: entry nodes into the tied neighbours, and seeds. Returns how many. */
export function gather(
  scene: Scene,
  shares: Shares,
  v: number,
  node: number,
  ties: number,
  quietToo: boolean,
): number {
  const { geography, seeds, seedKm } = scene;
  const { nodeOffsets, nodePlace, places } = geography;
  const { tied, candidate, candidateKm } = shares;
  const here = nodePlace[node]!;
  let found = 0;
  for (let t = 0; t < ties; t++) {
    const u = tied[t]!;
    const first = nodeOffsets[u]!;
    if (here === NOWHERE || nodePlace[first]! === NOWHERE) {
      for (let to = first, end = nodeOffsets[u + 1]!; to < end; to++) {
        candidate[found] = to;
        candidateKm[found++] = -1;
      }
      continue;
    }
    const way = approach(geography, u, here);
    candidate[found] = first + (way & 0xffff);
    candidateKm[found++] = way >>> 16;
  }
  if (shares.seeded[v] === 0) return found;
  const { rank, contested, parent } = scene.routes;
  for (let next = shares.seeded[v]!; next !== 0; next = shares.nextSeed[next - 1]!) {
    const s = next - 1;
    if (seeds.quiet[s] === 1 && !quietToo) continue;
    if ((seeds.routeClass[s]! << LENGTH_BITS) + seeds.length[s]! !== rank[v]) continue;
    if (contested[v] === PINNED && parent[v] !== rank.length + s) continue;
    const km = here === NOWHERE ? FAR_AWAY : seedKm[s * places + here]!;
    candidate[found] = nodePlace.length + s;
    candidateKm[found++] = km === FAR_AWAY ? -1 : km;
  }
  return found;
}

/**
 * Moves the candidates that are not wholly tainted to the front and returns how many: who refuses a route does not hold it, however
 * near its exit. When all are tainted all stay.
 */
function acceptable(scene: Scene, shares: Shares, all: number): number {
  const { share, starts, seed, candidate, candidateKm } = shares;
  const { tainted } = scene.seeds;
  const nodes = share.length;
  let good = 0;
  for (let c = 0; c < all; c++) {
    const to = candidate[c]!;
    const theirs = to < nodes ? share[to]! : to - nodes;
    let clean = theirs === NO_SHARE;
    if (!clean)
      for (let e = starts[theirs]!, end = starts[theirs + 1]!; e < end && !clean; e++)
        clean = tainted[seed[e]!] === 0;
    if (!clean) continue;
    const km = candidateKm[c]!;
    candidate[c] = candidate[good]!;
    candidateKm[c] = candidateKm[good]!;
    candidate[good] = to;
    candidateKm[good++] = km;
  }
  return good === 0 ? all : good;
}

/** Keeps the nearest of the candidates and those not known to be farther, and writes the node's division. */
function settle(scene: Scene, shares: Shares, node: number, all: number, picky: boolean): boolean {
  const { share, candidate, candidateKm } = shares;
  const { seeds, marginKm } = scene;
  const nodes = share.length;
  const found = picky ? acceptable(scene, shares, all) : all;
  share[node] = NO_SHARE;
  let least = 0x7fff_ffff;
  for (let c = 0; c < found; c++)
    if (candidateKm[c]! >= 0 && candidateKm[c]! < least) least = candidateKm[c]!;
  const enough = least + marginKm;
  let kept = 0;
  let only = NO_SHARE;
  let alike = true;
  for (let c = 0; c < found; c++) {
    if (candidateKm[c]! > enough) continue;
    const to = candidate[c]!;
    const theirs = to < nodes ? share[to]! : to - nodes;
    if (theirs === NO_SHARE) continue;
    candidate[kept++] = theirs;
    if (only === NO_SHARE) only = theirs;
    else if (only !== theirs) alike = false;
  }
  if (kept === 0) return true;
  if (alike && !(picky && only >= seeds.count)) {
    share[node] = only;
    return true;
  }
  const made = mix(scene, shares, candidate, kept, picky);
  if (made !== NO_ROOM) share[node] = made;
  return made !== NO_ROOM;
}

/**
 * The mean of two divisions. Most ties are between two, and often the same two: `pairs` remembers the latest that were asked for, as
 * long as nobody takes divisions back.
 */
export function meanOf(scene: Scene, shares: Shares, one: number, other: number): number {
  const { pairs, kin } = shares;
  const a = one < other ? one : other;
  const b = one < other ? other : one;
  const slot = 3 * ((Math.imul(a, 31) + b) & (PAIRS - 1));
  if (pairs[slot] === a && pairs[slot + 1] === b && pairs[slot + 2] !== 0) return pairs[slot + 2]!;
  kin[0] = a;
  kin[1] = b;
  const made = mix(scene, shares, kin, 2, false);
  if (made === NO_ROOM) return NO_ROOM;
  pairs[slot] = a;
  pairs[slot + 1] = b;
  pairs[slot + 2] = made;
  return made;
}

/** A new division: the mean of the first `kept` candidates, which are divisions by now. NO_ROOM when memory did not suffice. */
function mix(scene: Scene, shares: Shares, candidate: Uint32Array, kept: number, picky: boolean): number {
  const { starts, seed, part, sum } = shares;
  const { seeds } = scene;
  const d = shares.count;
  let at = starts[d]!;
  if (at + seeds.count > part.length || d + 2 > starts.length) return NO_ROOM;
  let whole = 0;
  for (let c = 0; c < kept; c++) {
    const theirs = candidate[c]!;
    for (let e = starts[theirs]!, end = starts[theirs + 1]!; e < end; e++) {
      const s = seed[e]!;
      if (picky && seeds.tainted[s] === 1) continue;
      if (sum[s] === 0) seed[at++] = s;
      sum[s]! += part[e]! / kept;
      whole += part[e]! / kept;
    }
  }
  // A filtering AS whose ways all were tainted keeps what it holds: the representative route was checked by propagate.
  if (whole === 0) return candidate[0]!;
  for (let e = starts[d]!; e < at; e++) {
    part[e] = sum[seed[e]!]! / whole;
    sum[seed[e]!] = 0;
  }
  shares.count = d + 1;
  starts[d + 1] = at;
  return d;
}
