/** Cells about what routes carry and which routes pass. */
import { sleep, until } from '../process.ts';
import {
  down,
  expected,
  holds,
  holdsPrefixes,
  meet,
  OUR_ASN,
  plain,
  type Room,
  rich,
  THEIR_ASN,
  up,
} from '../room.ts';
import type { Announcement, Family, Neighbor, Route, Router } from '../router.ts';
import { chain, exchanged, NOTIFICATION, OUR4, spread, THEIR4 } from './ground.ts';

export async function bothWays(
  room: Room,
  family: Family,
  ours: readonly string[],
  theirs: readonly string[],
  ourAsn = OUR_ASN,
  theirAsn = THEIR_ASN,
): Promise<void> {
  const star = await room.star(1);
  const list = (p: readonly string[]) => [rich(p[0] as string), plain(p[1] as string)];
  const pair = room.pairOn(
    star,
    { asn: ourAsn, announce: list(ours) },
    { asn: theirAsn, announce: list(theirs) },
    family,
  );
  await meet(pair);
  await exchanged(room, pair, family);
}

export async function twoBytePeer(room: Room): Promise<void> {
  const star = await room.star(2);
  const a: Announcement = { prefix: OUR4[0], path: [64999, 4200000001] };
  const [hub, sender, receiver] = spread(star, THEIR_ASN, [OUR_ASN, 64501], [[a], []]);
  const asn2 = { ...hub, neighbors: hub.neighbors.map((n) => ({ ...n, as2: true })) };
  const middle = room.router(room.theirs, { ...asn2, announce: [plain(THEIR4[0])] }, star, 'hub');
  const first = room.router(room.ours, sender, star, 0);
  const last = room.router(room.ours, receiver, star, 1);
  await Promise.all([middle.start(), first.start(), last.start()]);
  const [toFirst, toLast] = [asn2.neighbors[0] as Neighbor, asn2.neighbors[1] as Neighbor];
  const fromFirst = sender.neighbors[0] as Neighbor;
  const fromLast = receiver.neighbors[0] as Neighbor;
  await until(
    'all sessions up',
    async () => (await middle.session(toFirst)).up && (await middle.session(toLast)).up,
    20_000,
  );
  const seen = await until(
    'a route at the 2-byte peer',
    async () => (await middle.routes(toFirst, 'ipv4'))[0],
  );
  if (seen.path !== `${OUR_ASN} 64999 23456` && seen.path !== `${OUR_ASN} 64999 4200000001`)
    throw new Error(`the 2-byte peer shows the path ${seen.path}`);
  await holdsPrefixes(first, fromFirst, [THEIR4[0]]);
  if (room.theirs.can.transit !== true || room.theirs.can.as4Path !== true) return;
  const want = `${THEIR_ASN} ${OUR_ASN} 64999 4200000001`;
  const route = await until('the route beyond the 2-byte peer', async () =>
    (await last.routes(fromLast, 'ipv4')).find((r) => r.prefix === OUR4[0]),
  );
  if (route.path !== want) throw new Error(`the path beyond is ${route.path} instead of ${want}`);
}

export async function largeCommunities(room: Room): Promise<void> {
  const large = Array.from({ length: 40 }, (_, i) => `${4294967295 - i}:${i}:${4294967295 - 7 * i}`);
  const star = await room.star(1);
  const pair = room.pairOn(
    star,
    { announce: [{ prefix: OUR4[0], large }] },
    { announce: [{ prefix: THEIR4[0], large }] },
  );
  await meet(pair);
  await exchanged(room, pair, 'ipv4');
}

export async function transit(room: Room): Promise<void> {
  const { source, sink, tap, toSink, fromHub } = await chain(room, [rich(THEIR4[0]), plain(THEIR4[1])]);
  const wanted = source.spec.announce.map((a): Route => {
    const { med: _, ...rest } = expected(source.spec, room.theirs, a, toSink.local);
    return { ...rest, path: `${OUR_ASN} ${rest.path}` };
  });
  await holds(sink, fromHub, 'ipv4', wanted);
  const unknown = source.spec.announce.find((a) => a.unknown !== undefined)?.unknown;
  if (unknown === undefined) return;
  // RFC 4271 §9: passed on with the Partial bit set.
  const bytes = Buffer.concat([
    Buffer.from([0xe0, unknown.code, unknown.hex.length / 2]),
    Buffer.from(unknown.hex, 'hex'),
  ]);
  const heard = (await tap.heard()).filter((m) => m.from === toSink.local && m.type === 2);
  if (!heard.some((m) => m.body.includes(bytes)))
    throw new Error('the unknown attribute did not go on as partial');
}

export async function addPath(room: Room): Promise<void> {
  const star = await room.star(3);
  const asns = [64501, 64502, 64503];
  const common = { families: ['ipv4'], holdTime: 9 } as const;
  const neighbors = asns.map(
    (asn, i): Neighbor => ({
      asn,
      local: star.hubEnd(i).ip4,
      address: star.spokeEnd(i).ip4,
      link: `link${i + 1}`,
      ...common,
      ...(i === 2 ? { addPath: 'send' } : {}),
    }),
  );
  const hub = room.router(
    room.theirs,
    { asn: THEIR_ASN, id: '10.9.0.9', neighbors, announce: [] },
    star,
    'hub',
  );
  const spokes = asns.map((asn, i) => {
    const neighbor: Neighbor = {
      asn: THEIR_ASN,
      local: star.spokeEnd(i).ip4,
      address: star.hubEnd(i).ip4,
      link: `link${i + 1}`,
      ...common,
      ...(i === 2 ? { addPath: 'receive' } : {}),
    };
    const announce = i === 2 ? [] : [{ prefix: OUR4[0], large: [`${asn}:0:1`] }];
    return room.router(room.ours, { asn, id: `10.9.0.${i + 1}`, neighbors: [neighbor], announce }, star, i);
  });
  await Promise.all([hub, ...spokes].map((r) => r.start()));
  const last = spokes[2] as Router;
  const want = [`${THEIR_ASN} 64501`, `${THEIR_ASN} 64502`];
  const routes = await until(
    'two paths of one prefix',
    async () => {
      const seen = (await last.routes(last.spec.neighbors[0] as Neighbor, 'ipv4')).filter(
        (r) => r.prefix === OUR4[0],
      );
      return seen.length === 2 && seen;
    },
    25_000,
  );
  const paths = routes.map((r) => r.path).sort();
  if (paths.join() !== want.join()) throw new Error(`the paths are ${paths.join(' and ')}`);
  const ids = routes.map((r) => r.pathId);
  if (ids[0] !== undefined && ids[0] === ids[1]) throw new Error(`both paths have the identifier ${ids[0]}`);
}

export async function extendedMessages(room: Room): Promise<void> {
  const large = Array.from({ length: 600 }, (_, i) => `64999:${i}:${4294967295 - i}`);
  const star = await room.star(1);
  const tap = await room.tap(star);
  const on = { neighbor: { extendedMessages: true } };
  const long = (prefix: string): Announcement => ({ prefix, large });
  const theirs = room.theirs.can.longUpdate === true ? [long(THEIR4[0])] : [plain(THEIR4[0])];
  const pair = room.pairOn(star, { ...on, announce: [long(OUR4[0])] }, { ...on, announce: theirs });
  await meet(pair);
  await exchanged(room, pair, 'ipv4');
  const longest = (await tap.heard()).filter((m) => m.from === pair.us.local).map((m) => m.body.length + 19);
  if (Math.max(...longest) <= 4096) throw new Error(`our longest message had ${Math.max(...longest)} bytes`);
}

export async function extendedNextHop(room: Room): Promise<void> {
  const star = await room.star(1);
  const on = { families: ['ipv4'], extendedNextHop: true } as const;
  const pair = room.pairOn(
    star,
    { neighbor: on, announce: [rich(OUR4[0])] },
    { neighbor: on, announce: [rich(THEIR4[0])] },
    'ipv6',
  );
  await meet(pair);
  await exchanged(room, pair, 'ipv4');
}

export async function defaultDeny(room: Room): Promise<void> {
  const star = await room.star(1);
  const tap = await room.tap(star);
  const pair = room.pairOn(
    star,
    { announce: OUR4.map(plain), neighbor: { noPolicy: true } },
    { announce: THEIR4.map(plain) },
  );
  await meet(pair);
  await until('the daemon’s routes on the wire', async () =>
    (await tap.heard()).some(
      (m) => m.type === 2 && m.from === pair.them.local && m.body.includes(Buffer.from([24, 192, 0, 2])),
    ),
  );
  await sleep(1000);
  await holdsPrefixes(pair.ours, pair.us, [], 'ipv4', 100);
  await holdsPrefixes(pair.theirs, pair.them, [], 'ipv4', 100);
  await up(pair, 1000);
}

export async function prefixLimit(room: Room): Promise<void> {
  const star = await room.star(1);
  const tap = await room.tap(star);
  const many = Array.from({ length: 5 }, (_, i) => plain(`203.0.113.${i * 16}/28`));
  const pair = room.pairOn(star, { neighbor: { maxPrefix: 3 } }, { announce: many });
  await Promise.all([pair.ours.start(), pair.theirs.start()]);
  await until('Cease, Maximum Number of Prefixes Reached on the wire', async () =>
    (await tap.heard()).some(
      (m) => m.from === pair.us.local && m.type === NOTIFICATION && m.body[0] === 6 && m.body[1] === 1,
    ),
  );
  await down(pair.ours, pair.us, 3000);
}

/** One AS on both sides: nothing is prepended, and LOCAL_PREF goes along (which the daemons here all set to 100). */
export async function inside(room: Room): Promise<void> {
  const star = await room.star(1);
  const one = (prefix: string): Announcement => ({ ...rich(prefix), path: [], origin: 'igp' });
  const pair = room.pairOn(
    star,
    { asn: OUR_ASN, announce: [one(OUR4[0]), plain(OUR4[1])] },
    { asn: OUR_ASN, announce: [one(THEIR4[0]), plain(THEIR4[1])] },
  );
  await meet(pair);
  await exchanged(room, pair, 'ipv4');
}
