/**
 * What was seen, as a prediction of its own, and carried over to other announcements. Clients who were seen under one set of
 * announcements say nothing certain of another; what can be said is this. A client stands where it is expected now. Of the part
 * that stands at a site where routes have it too, as much moves as moves by routes, to where it moves by routes. The part that
 * stands where routes would not have it stays as long as the site announces anything; without the site it goes where the rest of
 * the client is expected, and when all of it stood there, where routes go.
 */
import { redivided } from './catchment.ts';
import { expectedAt } from './corrected.ts';
import { Divisions } from './divisions.ts';
import { NO_SHARE, OFF } from './kernel/index.ts';
import type { Learned } from './observed.ts';
import type { Prediction } from './predict.ts';

/**
 * A prediction by routes, and the same after learning: the same sites, other divisions, ways taken straight. Nodes that have one
 * division in `seen` have one in `routes`.
 */
export interface Expected {
  readonly routes: Prediction;
  readonly seen: Prediction;
}

/** As often `tell` hears of it. */
const TOLD_EVERY = 10_000;

/**
 * Everybody where he is expected after learning; or these nodes alone, and then the others have no route in `seen`. `tell` hears now
 * and then how many nodes are done.
 */
export function expectedOf(
  learned: Learned,
  only?: readonly number[],
  tell?: (done: number, all: number) => void,
): Expected {
  const routes = learned.prediction;
  const { share } = routes.shares;
  const divisions = new Divisions(share.length);
  // Weak, so that what one node alone has is not held.
  const known = new WeakMap<Float64Array, number>();
  let done = 0;
  for (const node of only ?? share.keys()) {
    if (++done % TOLD_EVERY === 0) tell?.(done, only?.length ?? share.length);
    const parts = expectedAt(learned, node);
    if (!parts) continue;
    let d = known.get(parts);
    if (d === undefined) known.set(parts, (d = divisions.add(parts)));
    divisions.share[node] = d;
  }
  return { routes, seen: redivided(routes, divisions.all()) };
}

/** Of all weight with a route, the part that is expected where routes would not have it: no change of routes says what becomes of it. */
export function strayed({ routes, seen }: Expected): number {
  const { nodeWeight } = routes.ground;
  const [by, is] = [new Float64Array(routes.sites.length), new Float64Array(routes.sites.length)];
  let [sum, all] = [0, 0];
  for (const [node, weight] of nodeWeight.entries()) {
    if (weight === 0 || !read(routes, node, by) || !read(seen, node, is)) continue;
    all += weight;
    for (const [k, part] of is.entries()) if (by[k] === 0) sum += weight * part;
  }
  return all > 0 ? sum / all : 0;
}

/**
 * What is expected carried over to another prediction on the same ground. The sites are compared by name; those that the other does
 * not have, or that announce nothing in it, are gone.
 */
export function carried(expected: Expected, after: Prediction): Expected {
  const { share } = after.shares;
  const divisions = new Divisions(share.length);
  const carry = carrier(expected, after, divisions);
  for (let node = 0; node < share.length; node++) divisions.share[node] = carry(node);
  return { routes: after, seen: redivided(after, divisions.all()) };
}

/**
 * A function that gives the division of a node after a change, by the sites of `after`, added to `divisions`; NO_SHARE without a
 * route. What comes of a node hangs on where it is expected now and where routes lead it then; what routes say now goes with the
 * first, for nodes of one expected division have one of routes. So a pair of divisions is worked out once, or little more.
 */
export function carrier(
  { routes, seen }: Expected,
  after: Prediction,
  divisions: Divisions,
): (node: number) => number {
  const names = [...new Set([...after.sites, ...routes.sites])];
  const numbers = (p: Prediction) => Uint16Array.from(p.sites, (site) => names.indexOf(site));
  const [before, now] = [numbers(routes), numbers(after)];
  const stays = names.map((name) => announces(after, name));
  const parts = () => new Float64Array(names.length);
  const [was, is, expected, then] = [parts(), parts(), parts(), parts()];
  // The last pair of each slot, and its division + 1: who comes with another pair works it out again.
  const slots = { stood: new Uint32Array(SLOTS), to: new Uint32Array(SLOTS), found: new Uint32Array(SLOTS) };
  return (node) => {
    const to = after.shares.share[node] as number;
    if (to === NO_SHARE) return NO_SHARE;
    const stood = seen.shares.share[node] as number;
    const slot = (Math.imul(stood, 0x9e37_79b1) ^ Math.imul(to, 0x85eb_ca6b)) >>> (32 - SLOT_BITS);
    if (slots.stood[slot] === stood && slots.to[slot] === to && slots.found[slot] !== 0)
      return (slots.found[slot] as number) - 1;
    read(routes, node, was, before);
    read(after, node, is, now);
    // Who had no route before goes by routes.
    if (read(seen, node, expected, before)) move(was, is, expected, stays, then);
    else then.set(is);
    const d = divisions.add(then.subarray(0, after.sites.length));
    slots.stood[slot] = stood;
    slots.to[slot] = to;
    slots.found[slot] = d + 1;
    return d;
  };
}

const SLOT_BITS = 16;
const SLOTS = 1 << SLOT_BITS;

/** Parts below this are rounding. */
const LEAST = 1e-6;

/** Writes to `then` where a client goes that stands as `expected` where routes say `was`, once routes say `is`. */
function move(
  was: Float64Array,
  is: Float64Array,
  expected: Float64Array,
  stays: readonly boolean[],
  then: Float64Array,
): void {
  let [gains, leaving] = [0, 0];
  for (let k = 0; k < was.length; k++) {
    const [routed, now, here] = [was[k] as number, is[k] as number, expected[k] as number];
    gains += Math.max(0, now - routed);
    const left = routed > 0 ? Math.min(1, now / routed) : stays[k] ? 1 : 0;
    then[k] = here * left;
    if (routed > 0) leaving += here * (1 - left);
  }
  if (gains > 0)
    for (let k = 0; k < was.length; k++)
      then[k]! += (leaving * Math.max(0, (is[k] as number) - (was[k] as number))) / gains;
  // What stood at a site that is gone, and against the routes, is divided as the rest is.
  const rest = then.reduce((a, b) => a + b, 0);
  for (let k = 0; k < was.length; k++)
    then[k] = rest > LEAST ? (then[k] as number) / rest : (is[k] as number);
}

/** Is anything announced from a site? */
function announces({ seeds, siteOf, sites }: Prediction, site: string): boolean {
  const k = sites.indexOf(site);
  for (let s = 0; s < seeds.count; s++) if (siteOf[s] === k && seeds.routeClass[s] !== OFF) return true;
  return false;
}

/** Writes a node's parts by site, or by the number of each site; false without a route, and then all is zero. */
function read(p: Prediction, node: number, parts: Float64Array, numbers?: Uint16Array): boolean {
  parts.fill(0);
  const { share, starts, seed, part } = p.shares;
  const d = share[node] as number;
  if (d === NO_SHARE) return false;
  for (let e = starts[d] as number; e < (starts[d + 1] as number); e++) {
    const k = p.siteOf[seed[e] as number] as number;
    parts[numbers ? (numbers[k] as number) : k]! += part[e] as number;
  }
  return true;
}
