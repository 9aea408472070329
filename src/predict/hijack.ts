/**
 * Somebody else announces our prefix: which part of each catchment is lost, with filters that only some networks apply.
 *
 * - `origin`: the attacker announces the prefix as its own. Route origin validation (RFC 6811) finds it invalid where a ROA
 *   exists.
 * - `forged`: the attacker announces it with our number behind its own, so that the origin looks right: one hop longer, and
 *   only path validation (ASPA) finds it.
 * - with `subprefix`, the attacker announces a more specific prefix: longest match decides before any preference, so all who
 *   hear it follow it, and so does whoever sends traffic through one who heard it. A more specific that no ROA allows is
 *   invalid.
 */
import { type Asn, Random } from '../base/index.ts';
import { degree, indexOf, relation } from '../topology/index.ts';
import { eachPart, type Summary, summarise } from './catchment.ts';
import type { Deployment } from './deployment.ts';
import type { Ground } from './ground.ts';
import { NONE, type Routes } from './kernel/index.ts';
import { type Prediction, type PredictOptions, predict, type Remark } from './predict.ts';

export interface Hijack {
  readonly attacker: Asn;
  readonly kind: 'origin' | 'forged';
  readonly subprefix?: boolean;
  /** Who refuses routes that origin validation finds invalid. Without a ROA nobody can. */
  readonly rov?: Adoption;
  /** Who validates paths, and publishes whom its providers are (ASPA). */
  readonly aspa?: Adoption;
  /** True unless said otherwise: the prefix has a ROA that allows only what the operator announces. */
  readonly roa?: boolean;
  /** True unless said otherwise: the operator published its providers, so that forged paths can be told. */
  readonly operatorAspa?: boolean;
}

/** Named networks, or a part of all of them: the biggest first, or drawn. */
export type Adoption =
  | { readonly asns: readonly Asn[] }
  | { readonly part: number; readonly order: 'biggest' }
  | { readonly part: number; readonly order: 'drawn'; readonly seed: number };

export interface HijackOutcome {
  /** The prediction with the attacker as a site of the name {@link ATTACKER}. */
  readonly prediction: Prediction;
  readonly before: Summary;
  readonly after: Summary;
  /** Weight that lands at the attacker, 0 … 1 of all that lands anywhere. */
  readonly lost: number;
  /** For each site, which part of its catchment is lost, 0 … 1. */
  readonly lostOf: readonly { readonly site: string; readonly part: number }[];
  readonly remarks: readonly Remark[];
}

export const ATTACKER = '(attacker)';

export function hijack(ground: Ground, deployment: Deployment, attack: Hijack): HijackOutcome {
  const before = predict(ground, deployment);
  const index = deployment.announcements.length;
  const announcements = [
    ...deployment.announcements,
    // A forged path is one hop longer: the operator's number stands behind the attacker's.
    {
      site: ATTACKER,
      upstream: attack.attacker,
      relation: 'itself' as const,
      prepend: attack.kind === 'forged' ? 1 : 0,
    },
  ];
  const filter = filterFor(ground, deployment, attack);
  const attacked: Deployment = { ...deployment, announcements };
  const options = { tainted: new Set([index]), ...(filter && { filter }) };
  const after = attack.subprefix
    ? subprefix(ground, attacked, index, options)
    : predict(ground, attacked, options);
  const [sumBefore, sumAfter] = [summarise(before), summarise(after)];
  const stolen = sumAfter.sites.find((s) => s.site === ATTACKER);
  return {
    prediction: after,
    before: sumBefore,
    after: sumAfter,
    lost: stolen?.share ?? 0,
    lostOf: lostOf(before, after),
    remarks: after.remarks,
  };
}

/** Two rounds: who hears the more specific at all; then the whole, in which those are captured. */
function subprefix(ground: Ground, attacked: Deployment, index: number, options: PredictOptions): Prediction {
  const only = predict(
    ground,
    { operator: attacked.operator, announcements: attacked.announcements.slice(index) },
    { ...options, tainted: new Set([0]) },
  );
  const captured = Uint8Array.from(only.routes.rank, (rank) => (rank === NONE ? 0 : 1));
  return predict(ground, attacked, { silent: new Set([index]), captured, captor: index });
}

/** Weight each site had before, and which part of it is the attacker's now, node by node. */
function lostOf(before: Prediction, after: Prediction): { site: string; part: number }[] {
  const thief = after.sites.indexOf(ATTACKER);
  const had = new Float64Array(before.sites.length);
  const lost = new Float64Array(before.sites.length);
  const { nodeWeight } = before.ground;
  for (let node = 0; node < nodeWeight.length; node++) {
    const gone = partOf(after, node, thief);
    const weight = nodeWeight[node] as number;
    for (let k = 0; k < had.length; k++) {
      const part = partOf(before, node, k) * weight;
      had[k]! += part;
      lost[k]! += part * gone;
    }
  }
  return before.sites.map((site, k) => ({
    site,
    part: (had[k] as number) > 0 ? (lost[k] as number) / (had[k] as number) : 0,
  }));
}

function partOf(p: Prediction, node: number, site: number): number {
  let sum = 0;
  eachPart(p, node, (k, part) => {
    if (k === site) sum += part;
  });
  return sum;
}

/** The networks of an adoption, as marks on AS indexes. */
export function adopters(ground: Ground, adoption: Adoption): Uint8Array {
  const { graph } = ground.world;
  const n = graph.asns.length;
  const marks = new Uint8Array(n);
  if ('asns' in adoption) {
    for (const asn of adoption.asns) if (indexOf(graph, asn) >= 0) marks[indexOf(graph, asn)] = 1;
    return marks;
  }
  const count = Math.round(Math.max(0, Math.min(1, adoption.part)) * n);
  const order = Array.from({ length: n }, (_, v) => v);
  if (adoption.order === 'biggest') {
    order.sort((a, b) => degree(graph.customers, b) - degree(graph.customers, a) || a - b);
  } else {
    const random = new Random(adoption.seed);
    for (let i = 0; i < count; i++) {
      const k = random.between(i, n - 1);
      [order[i], order[k]] = [order[k] as number, order[i] as number];
    }
  }
  for (const v of order.slice(0, count)) marks[v] = 1;
  return marks;
}

/** Who refuses the attacker's routes, and on what grounds. */
function filterFor(ground: Ground, deployment: Deployment, attack: Hijack): PredictOptions['filter'] {
  const { graph } = ground.world;
  const n = graph.asns.length;
  // Origin validation sees a wrong origin, and a more specific that no ROA allows whoever seems to originate it.
  const seen = attack.roa !== false && (attack.kind === 'origin' || attack.subprefix === true);
  const rov = attack.rov && seen ? adopters(ground, attack.rov) : new Uint8Array(n);
  const aspa = attack.aspa && attack.kind === 'forged' ? adopters(ground, attack.aspa) : new Uint8Array(n);
  const attacker = indexOf(graph, attack.attacker);
  // Attackers neither filter themselves nor publish what would give them away.
  if (attacker >= 0) rov[attacker] = aspa[attacker] = 0;
  const refuses = Uint8Array.from(rov, (mark, v) => mark | (aspa[v] as number));
  if (!refuses.includes(1)) return undefined;
  // To the operator's own ASPA the attacker is a provider only if it is one.
  const named = deployment.announcements.some(
    (a) => a.upstream === attack.attacker && a.relation === 'provider',
  );
  const told = attack.operatorAspa !== false && !named;
  return {
    refuses,
    accepts: (from, to, routes) => {
      if (rov[to] === 1) return false;
      return from >= n || !pathInvalid(ground, aspa, told, from, to, routes);
    },
  };
}

/**
 * Path validation with ASPA (draft-ietf-sidrops-aspa-verification §6) of the route that `to` hears from `from`, whose path ends
 * in the attacker and the operator. A link upwards counts unless its lower end published providers and the upper is none of
 * them. From a customer or peer, all links must go up. From a provider, a way up and a way down must meet.
 */
function pathInvalid(
  ground: Ground,
  publishes: Uint8Array,
  operatorPublishes: boolean,
  from: number,
  to: number,
  routes: Routes,
): boolean {
  const { graph } = ground.world;
  const n = graph.asns.length;
  // From the attacker to `from`; the operator comes before.
  const path: number[] = [];
  for (let at = from; at < n && path.length <= n; at = routes.parent[at] as number) path.unshift(at);
  const up = (lower: number, upper: number) =>
    publishes[lower] === 0 || relation(graph, lower, upper) === 'provider';
  let rise = operatorPublishes ? 1 : 2;
  if (rise === 2)
    while (rise <= path.length && up(path[rise - 2] as number, path[rise - 1] as number)) rise++;
  if (relation(graph, to, from) !== 'provider') return rise <= path.length;
  let fall = 1;
  while (fall < path.length && up(path[path.length - fall] as number, path[path.length - fall - 1] as number))
    fall++;
  // The attacker publishes nothing, so a way down that reaches it reaches the operator as well.
  if (fall === path.length) fall++;
  return rise + fall < path.length + 1;
}
