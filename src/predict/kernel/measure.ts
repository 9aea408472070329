/** How far traffic travels: kilometres over the handovers, for every city of every AS. */
import { gather, tie } from './exits.ts';
import { LENGTH_BITS, NONE, PROVIDER } from './memory.ts';
import { approach, NOWHERE } from './places.ts';
import { chain, NO_SHARE, type Scene, type Shares, unchain } from './shares.ts';

/**
 * Fills `km`, indexed by node: from the node to the site, from handover to handover, the mean over what is possible. Legs to
 * or from a place that is not known count nothing, and so do nodes without a route. Call it after {@link spread}.
 */
export function measure(scene: Scene, shares: Shares, km: Float32Array): void {
  const { order, ends, rank } = scene.routes;
  const { seeds } = scene;
  const { stubs } = scene.network;
  km.fill(0);
  const anyQuiet = chain(seeds, shares);
  const settled = ends[2]!;
  const turns = settled + stubs.length;
  for (let i = 0; i < turns; i++) {
    const v = i < settled ? order[i]! : stubs[i - settled]!;
    if (i >= settled && (rank[v]! >= NONE || rank[v]! < PROVIDER << LENGTH_BITS)) continue;
    measureOne(scene, shares, km, v, anyQuiet, false);
  }
  for (let s = 0; s < seeds.count && anyQuiet; s++)
    if (seeds.quiet[s] === 1) measureOne(scene, shares, km, seeds.at[s]!, true, true);
  unchain(seeds, shares);
}

function measureOne(
  scene: Scene,
  shares: Shares,
  km: Float32Array,
  v: number,
  anyQuiet: boolean,
  quietToo: boolean,
): void {
  const { geography } = scene;
  const { nodeOffsets, nodePlace } = geography;
  const { share, candidate, candidateKm } = shares;
  const nodes = share.length;
  const from = nodeOffsets[v]!;
  const end = nodeOffsets[v + 1]!;
  const ties = tie(scene, shares, v, anyQuiet);
  if (ties === 1 && shares.seeded[v] === 0) {
    const u = shares.tied[0]!;
    const first = nodeOffsets[u]!;
    if (nodePlace[from] !== NOWHERE && nodePlace[first] !== NOWHERE) {
      for (let node = from; node < end; node++) {
        const way = approach(geography, u, nodePlace[node]!);
        km[node] = km[first + (way & 0xffff)]! + (way >>> 16);
      }
      return;
    }
  }
  for (let node = from; node < end; node++) {
    if (share[node] === NO_SHARE) continue;
    const found = gather(scene, shares, v, node, ties, quietToo);
    let least = 0x7fff_ffff;
    for (let c = 0; c < found; c++)
      if (candidateKm[c]! >= 0 && candidateKm[c]! < least) least = candidateKm[c]!;
    let kept = 0;
    let way = 0;
    for (let c = 0; c < found; c++) {
      if (candidateKm[c]! > least + scene.marginKm) continue;
      const to = candidate[c]!;
      if (to < nodes && share[to] === NO_SHARE) continue;
      way += Math.max(0, candidateKm[c]!) + (to < nodes ? km[to]! : 0);
      kept++;
    }
    if (kept > 0) km[node] = way / kept;
  }
}
