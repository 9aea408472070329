/** What the cells have in common: the prefixes, the codes, and the chain of three routers. */
import type { Star } from '../namespace.ts';
import { must, run, until } from '../process.ts';
import { expected, holds, makeable, OUR_ASN, type Pair, type Room, THEIR_ASN } from '../room.ts';
import type { Announcement, Family, Neighbor, Spec } from '../router.ts';

export const OUR4 = ['203.0.113.0/24', '198.51.100.0/25'] as const;
export const THEIR4 = ['192.0.2.0/24', '198.51.100.128/25'] as const;
export const OUR6 = ['2001:db8:1::/48', '2001:db8:2:ff00::/56'] as const;
export const THEIR6 = ['2001:db8:a::/48', '2001:db8:b::/64'] as const;
export const NOTIFICATION = 3;
export const REFRESH = 5;

/** Each holds exactly what the other announces. */
export async function exchanged(room: Room, pair: Pair, family: Family): Promise<void> {
  const { ours, theirs, us, them } = pair;
  const ofTheirs = theirs.spec.announce.map((a) => expected(theirs.spec, room.ours, a, them.local));
  const ofOurs = ours.spec.announce.map((a) => expected(ours.spec, room.theirs, a, us.local));
  await holds(ours, us, family, ofTheirs);
  await holds(theirs, them, family, ofOurs);
}

/** A hub and two spokes that know each other; the spokes announce the lists given. */
export function spread(
  star: Star,
  hubAsn: number,
  spokeAsns: readonly number[],
  announce: readonly (readonly Announcement[])[],
): [Spec, Spec, Spec] {
  const common = { families: ['ipv4'], holdTime: 9 } as const;
  const spokes = spokeAsns.map((asn, i): Spec => {
    const neighbor = {
      asn: hubAsn,
      local: star.spokeEnd(i).ip4,
      address: star.hubEnd(i).ip4,
      link: `link${i + 1}`,
    };
    return {
      asn,
      id: `10.9.0.${i + 2}`,
      neighbors: [{ ...neighbor, ...common }],
      announce: announce[i] ?? [],
    };
  });
  const neighbors = spokeAsns.map((asn, i): Neighbor => {
    return { asn, local: star.hubEnd(i).ip4, address: star.spokeEnd(i).ip4, link: `link${i + 1}`, ...common };
  });
  return [{ asn: hubAsn, id: '10.9.0.1', neighbors, announce: [] }, spokes[0] as Spec, spokes[1] as Spec];
}

/** Two daemons of the other kind with us between them; `source` announces. */
export async function chain(room: Room, announce: readonly Announcement[]) {
  const star = await room.star(2);
  const [hub, a, b] = spread(
    star,
    OUR_ASN,
    [THEIR_ASN, 64700],
    [announce.map((x) => makeable(room.theirs, THEIR_ASN, x)), []],
  );
  const middle = room.router(room.ours, hub, star, 'hub');
  const source = room.router(room.theirs, a, star, 0);
  const sink = room.router(room.theirs, b, star, 1);
  const tap = await room.tap(star, 1);
  await Promise.all([middle.start(), source.start(), sink.start()]);
  await until(
    'both sessions up',
    async () =>
      (await middle.session(hub.neighbors[0] as Neighbor)).up &&
      (await middle.session(hub.neighbors[1] as Neighbor)).up,
    20_000,
  );
  return {
    star,
    middle,
    source,
    sink,
    tap,
    toSink: hub.neighbors[1] as Neighbor,
    fromHub: b.neighbors[0] as Neighbor,
  };
}

/** From now on nothing gets in or out of a spoke, and no interface shows it. */
export async function cut(star: Star): Promise<void> {
  const rules = ['input', 'output'].map(
    (hook) => `add chain inet cut ${hook} { type filter hook ${hook} priority -300; }`,
  );
  const drops = ['input iifname', 'output oifname'].map((where) => `add rule inet cut ${where} "link1" drop`);
  const spoke = star.spokes[0];
  if (spoke === undefined) throw new Error('no spoke to cut');
  await must(spoke.inside(['nft', ['add table inet cut', ...rules, ...drops].join('; ')]));
}

export async function mend(star: Star): Promise<void> {
  const spoke = star.spokes[0];
  if (spoke !== undefined) await run(spoke.inside(['nft', 'delete table inet cut']));
}
