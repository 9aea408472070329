/** The columns of the matrix: what two routers are tried for, each a test that can fail. */
import type { Star } from './namespace.ts';
import { must, run, sleep, until } from './process.ts';
import {
  down,
  expected,
  holds,
  holdsPrefixes,
  makeable,
  meet,
  OUR_ASN,
  type Pair,
  plain,
  prefixes,
  type Room,
  rich,
  sides,
  staysDown,
  THEIR_ASN,
  up,
} from './room.ts';
import type { Ability, Announcement, Family, Neighbor, Route, Router, Spec } from './router.ts';
import type { Heard, Wiretap } from './wiretap.ts';

export interface Cell {
  /** The head of the column. */
  readonly name: string;
  /** What passing means, as a sentence. */
  readonly promise: string;
  /** What the daemon has to be able to do; without it the cell is not applicable, with the daemon's reason. */
  readonly needs: readonly Ability[];
  /** What our side has to be able to do, when another daemon stands in for it. */
  readonly ours?: readonly Ability[];
  run(room: Room): Promise<void>;
}

const OUR4 = ['203.0.113.0/24', '198.51.100.0/25'] as const;
const THEIR4 = ['192.0.2.0/24', '198.51.100.128/25'] as const;
const OUR6 = ['2001:db8:1::/48', '2001:db8:2:ff00::/56'] as const;
const THEIR6 = ['2001:db8:a::/48', '2001:db8:b::/64'] as const;
const NOTIFICATION = 3;
const REFRESH = 5;

export const CELLS: readonly Cell[] = [
  {
    name: 'IPv4',
    promise: 'IPv4 routes both ways, every attribute equal',
    needs: [],
    run: (room) => bothWays(room, 'ipv4', OUR4, THEIR4),
  },
  {
    name: 'IPv6',
    promise: 'IPv6 routes both ways over an IPv6 session, every attribute equal',
    needs: ['ipv6'],
    run: (room) => bothWays(room, 'ipv6', OUR6, THEIR6),
  },
  {
    name: '4-byte AS',
    promise: 'both sides have AS numbers above 65535 (RFC 6793)',
    needs: ['as4'],
    run: (room) => bothWays(room, 'ipv4', OUR4, THEIR4, 4200000500, 4200000600),
  },
  {
    name: '2-byte peer',
    promise:
      'a peer without 4-byte AS numbers sees AS_TRANS, and hands on AS4_PATH that we put together again (RFC 6793 §4.2.3)',
    needs: ['as2'],
    run: twoBytePeer,
  },
  {
    name: 'Large communities',
    promise: 'large communities pass through us unchanged, up to the largest numbers (RFC 8092)',
    needs: ['large'],
    run: largeCommunities,
  },
  {
    name: 'Transit',
    promise:
      'what one daemon announces the next receives from us: path longer by one, our next hop, no MED, unknown attribute marked partial',
    needs: [],
    ours: ['transit'],
    run: transit,
  },
  {
    name: 'MD5',
    promise: 'the right key: up; a wrong key or none: never (RFC 2385)',
    needs: ['md5'],
    ours: ['md5'],
    run: md5,
  },
  {
    name: 'GTSM',
    promise: 'both use it: up; only one does: never (RFC 5082)',
    needs: ['gtsm'],
    ours: ['gtsm'],
    run: gtsm,
  },
  {
    name: 'They restart',
    promise:
      'the daemon is killed: we keep its routes as stale, and when it is back hold what it sends then (RFC 4724 §4.2)',
    needs: ['restart'],
    ours: ['helper'],
    run: theyRestart,
  },
  {
    name: 'We restart',
    promise:
      'we are killed: the daemon never loses our routes, and when we are back holds what we send then (RFC 4724 §4.1)',
    needs: ['helper'],
    ours: ['restart'],
    run: weRestart,
  },
  {
    name: 'They ask refresh',
    promise: 'the daemon asks, we send everything again, bracketed when both offer that (RFC 2918, 7313)',
    needs: ['askRefresh'],
    run: (room) => refresh(room, 'theirs'),
  },
  {
    name: 'We ask refresh',
    promise: 'we ask, the daemon sends everything again',
    needs: ['answerRefresh'],
    ours: ['askRefresh'],
    run: (room) => refresh(room, 'ours'),
  },
  {
    name: 'Their shutdown text',
    promise: 'what the daemon says on shutdown we show (RFC 9003)',
    needs: ['sendText'],
    run: theirText,
  },
  {
    name: 'Our shutdown text',
    promise: 'what we say on shutdown the daemon shows',
    needs: [],
    ours: ['sendText'],
    run: ourText,
  },
  {
    name: 'ADD-PATH receive',
    promise: 'the daemon sends two paths of one prefix, we hold both (RFC 7911)',
    needs: ['addPathSend', 'transit'],
    ours: ['addPathReceive'],
    run: addPath,
  },
  {
    name: 'Extended messages',
    promise: 'an UPDATE longer than 4096 bytes (RFC 8654)',
    needs: ['extendedMessages'],
    ours: ['extendedMessages', 'longUpdate'],
    run: extendedMessages,
  },
  {
    name: 'Roles',
    promise:
      'customer and provider: up, and OTC names the provider; two customers: refused with Role Mismatch (RFC 9234)',
    needs: ['roles'],
    ours: ['roles'],
    run: roles,
  },
  {
    name: 'BFD',
    promise: 'the link fails silently: both know within 3 s, the hold time being 90 s (RFC 5882)',
    needs: ['bfd'],
    ours: ['bfd'],
    run: bfd,
  },
  {
    name: 'Hold timer',
    promise: 'either side falls silent: the other gives up after the hold time, and they meet again',
    needs: [],
    run: holdTimer,
  },
  {
    name: 'Collision',
    promise: 'two connections at the same moment: exactly one stays, and its routes (RFC 4271 §6.8)',
    needs: ['listen'],
    ours: ['listen'],
    run: collision,
  },
  {
    name: 'Peer killed',
    promise: 'the daemon is killed: the next router loses its routes within 3 s',
    needs: [],
    ours: ['transit'],
    run: peerKilled,
  },
  {
    name: 'Default deny',
    promise: 'without policy we accept nothing and send nothing (RFC 8212)',
    needs: [],
    ours: ['noPolicy', 'table'],
    run: defaultDeny,
  },
  {
    name: 'Prefix limit',
    promise: 'one prefix too many: Cease, Maximum Number of Prefixes Reached (RFC 4486)',
    needs: [],
    ours: ['table'],
    run: prefixLimit,
  },
  {
    name: 'IPv6 next hop',
    promise: 'IPv4 routes both ways over an IPv6 session (RFC 8950)',
    needs: ['extendedNextHop'],
    ours: ['extendedNextHop'],
    run: extendedNextHop,
  },
];

async function bothWays(
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

/** Each holds exactly what the other announces. */
async function exchanged(room: Room, pair: Pair, family: Family): Promise<void> {
  const { ours, theirs, us, them } = pair;
  const ofTheirs = theirs.spec.announce.map((a) => expected(theirs.spec, room.ours, a, them.local));
  const ofOurs = ours.spec.announce.map((a) => expected(ours.spec, room.theirs, a, us.local));
  await holds(ours, us, family, ofTheirs);
  await holds(theirs, them, family, ofOurs);
}

async function twoBytePeer(room: Room): Promise<void> {
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

/** A hub and two spokes that know each other; the spokes announce the lists given. */
function spread(
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

async function largeCommunities(room: Room): Promise<void> {
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

/** Two daemons of the other kind with us between them; `source` announces. */
async function chain(room: Room, announce: readonly Announcement[]) {
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

async function transit(room: Room): Promise<void> {
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

async function peerKilled(room: Room): Promise<void> {
  const { source, sink, fromHub } = await chain(room, THEIR4.map(plain));
  await holdsPrefixes(sink, fromHub, THEIR4);
  await source.kill();
  await holdsPrefixes(sink, fromHub, [], 'ipv4', 3000);
}

async function md5(room: Room): Promise<void> {
  const [right, wrong, none] = [await room.star(1), await room.star(1), await room.star(1)];
  const key = (password: string) => ({ neighbor: { password } });
  const good = room.pairOn(
    right,
    { ...key('correct-horse'), announce: [plain(OUR4[0])] },
    key('correct-horse'),
  );
  const bad = room.pairOn(wrong, key('correct-horse'), key('battery-staple'));
  const bare = room.pairOn(none, key('correct-horse'), {});
  const refused = async (pair: Pair) => {
    await Promise.all([pair.ours.start(), pair.theirs.start()]);
    await staysDown(sides(pair));
  };
  await Promise.all([meet(good), refused(bad), refused(bare)]);
  await holdsPrefixes(good.theirs, good.them, [OUR4[0]]);
}

async function gtsm(room: Room): Promise<void> {
  const [both, one, other] = [await room.star(1), await room.star(1), await room.star(1)];
  const on = { neighbor: { gtsm: true } };
  const good = room.pairOn(both, { ...on, announce: [plain(OUR4[0])] }, on);
  const ours = room.pairOn(one, on, {});
  const theirs = room.pairOn(other, {}, on);
  // The unprotected side may believe in a session for a moment, from what the other one sent before it looked.
  const refused = async (pair: Pair, router: Router, neighbor: Neighbor) => {
    await Promise.all([pair.ours.start(), pair.theirs.start()]);
    await staysDown([[router, neighbor]]);
  };
  const guarded = room.theirs.can.gtsmGuard === true ? [refused(theirs, theirs.theirs, theirs.them)] : [];
  await Promise.all([meet(good), refused(ours, ours.ours, ours.us), ...guarded]);
  await holdsPrefixes(good.theirs, good.them, [OUR4[0]]);
}

/** While `during` runs, a router is asked again and again and must hold these prefixes every time. */
async function keeps(
  router: Router,
  neighbor: Neighbor,
  wanted: readonly string[],
  during: Promise<unknown>,
): Promise<void> {
  let over = false;
  const end = during.finally(() => {
    over = true;
  });
  const watch = async () => {
    for (; !over; await sleep(100)) {
      const has = await prefixes(router, neighbor);
      const lost = wanted.filter((p) => !has.includes(p));
      if (lost.length > 0) throw new Error(`${router.name} lost ${lost.join(', ')} in the meantime`);
    }
  };
  await Promise.all([end, watch()]);
}

async function theyRestart(room: Room): Promise<void> {
  const star = await room.star(1);
  const restart = { gracefulRestart: 15 };
  const pair = room.pairOn(
    star,
    { ...restart, announce: [plain(OUR4[0])] },
    { ...restart, announce: THEIR4.map(plain) },
  );
  await meet(pair);
  await holdsPrefixes(pair.ours, pair.us, THEIR4);
  // End-of-RIB has to be through, or nothing is kept.
  await sleep(500);
  await pair.theirs.kill();
  await down(pair.ours, pair.us, 3000);
  await keeps(pair.ours, pair.us, THEIR4, sleep(1500));
  const stale = await pair.ours.routes(pair.us, 'ipv4');
  if (stale.some((r) => r.stale === false))
    throw new Error('routes of a restarting peer are not marked as stale');
  const back: Pair = {
    ...pair,
    theirs: room.router(room.theirs, { ...pair.theirs.spec, announce: [plain(THEIR4[0])] }, star, 0),
  };
  const again = async () => {
    await back.theirs.start(true);
    await up(back);
  };
  await keeps(pair.ours, pair.us, [THEIR4[0]], again());
  await holdsPrefixes(pair.ours, pair.us, [THEIR4[0]], 'ipv4', 20_000);
  const fresh = await pair.ours.routes(pair.us, 'ipv4');
  if (fresh.some((r) => r.stale === true)) throw new Error('a route sent again is still marked as stale');
}

async function weRestart(room: Room): Promise<void> {
  const star = await room.star(1);
  const restart = { gracefulRestart: 15 };
  const pair = room.pairOn(
    star,
    { ...restart, announce: OUR4.map(plain) },
    { ...restart, announce: [plain(THEIR4[0])] },
  );
  await meet(pair);
  await holdsPrefixes(pair.theirs, pair.them, OUR4);
  await sleep(500);
  await pair.ours.kill();
  await down(pair.theirs, pair.them, 3000);
  await keeps(pair.theirs, pair.them, OUR4, sleep(1500));
  const back: Pair = {
    ...pair,
    ours: room.router(room.ours, { ...pair.ours.spec, announce: [plain(OUR4[0])] }, star, 'hub'),
  };
  const again = async () => {
    await back.ours.start(true);
    await up(back);
  };
  await keeps(pair.theirs, pair.them, [OUR4[0]], again());
  await holdsPrefixes(pair.theirs, pair.them, [OUR4[0]], 'ipv4', 20_000);
}

/** The capability codes of an OPEN (RFC 5492), from both the plain and the extended form (RFC 9072). */
function capabilities(open: Heard): Set<number> {
  const codes = new Set<number>();
  const b = open.body;
  const wide = b[9] === 255 && b[10] === 255;
  let at = wide ? 13 : 10;
  while (at < b.length) {
    const length = wide ? b.readUInt16BE(at + 1) : (b[at + 1] as number);
    const from = at + (wide ? 3 : 2);
    if (b[at] === 2)
      for (let c = from; c < from + length; c += 2 + (b[c + 1] as number)) codes.add(b[c] as number);
    at = from + length;
  }
  return codes;
}

function bothOffer(heard: readonly Heard[], capability: number): boolean {
  const opens = heard.filter((m) => m.type === 1);
  const senders = new Set(opens.filter((m) => capabilities(m).has(capability)).map((m) => m.from));
  return senders.size === 2;
}

async function refresh(room: Room, asker: 'ours' | 'theirs'): Promise<void> {
  const star = await room.star(1);
  const tap = await room.tap(star);
  // FRR answers no request before it has seen End-of-RIB, and BIRD sends that only with graceful restart.
  const enhanced = { neighbor: { enhancedRefresh: true }, gracefulRestart: 15 };
  const pair = room.pairOn(
    star,
    { ...enhanced, announce: OUR4.map(plain) },
    { ...enhanced, announce: THEIR4.map(plain) },
  );
  await meet(pair);
  await holdsPrefixes(pair.ours, pair.us, THEIR4);
  await holdsPrefixes(pair.theirs, pair.them, OUR4);
  await sleep(300);
  const before = (await tap.heard()).length;
  const [asks, neighbor, answers] =
    asker === 'ours' ? [pair.ours, pair.us, pair.them.local] : [pair.theirs, pair.them, pair.us.local];
  await asks.refresh(neighbor);
  await until('a ROUTE-REFRESH for IPv4 unicast and the routes again after it', async () => {
    const all = await tap.heard();
    const after = all.slice(before);
    const asked = after.findIndex((m) => m.type === REFRESH && m.from === neighbor.local && m.body[2] === 0);
    if (asked < 0 || after[asked]?.body.readUInt16BE(0) !== 1) return false;
    const answer = after.slice(asked + 1).filter((m) => m.from === answers);
    const routes = Buffer.concat(answer.filter((m) => m.type === 2).map((m) => m.body));
    const wanted =
      asker === 'ours'
        ? [
            [24, 192, 0, 2],
            [25, 198, 51, 100, 128],
          ]
        : [
            [24, 203, 0, 113],
            [25, 198, 51, 100, 0],
          ];
    if (!wanted.every((nlri) => routes.includes(Buffer.from(nlri)))) return false;
    if (!bothOffer(all, 70)) return true;
    const marks = answer.filter((m) => m.type === REFRESH).map((m) => m.body[2]);
    return marks[0] === 1 && marks.at(-1) === 2;
  });
  await holdsPrefixes(pair.ours, pair.us, THEIR4);
  await holdsPrefixes(pair.theirs, pair.them, OUR4);
}

const TEXT = 'maintenance until 04:00';

async function shutdownSeen(tap: Wiretap, from: string, text: string): Promise<void> {
  await until(`Cease, Administrative Shutdown from ${from} on the wire, with its text`, async () =>
    (await tap.heard()).some(
      (m) =>
        m.from === from &&
        m.type === NOTIFICATION &&
        m.body[0] === 6 &&
        m.body[1] === 2 &&
        m.body.includes(text),
    ),
  );
}

async function theirText(room: Room): Promise<void> {
  const star = await room.star(1);
  const tap = await room.tap(star);
  const pair = room.pairOn(star);
  await meet(pair);
  await pair.theirs.shutdown(pair.them, TEXT);
  await shutdownSeen(tap, pair.them.local, TEXT);
  await until(
    `${pair.ours.name} shows the text`,
    async () => (await pair.ours.lastError(pair.us)).includes(TEXT),
    4000,
  );
}

async function ourText(room: Room): Promise<void> {
  const star = await room.star(1);
  const tap = await room.tap(star);
  const pair = room.pairOn(star);
  await meet(pair);
  await pair.ours.shutdown(pair.us, TEXT);
  await shutdownSeen(tap, pair.us.local, TEXT);
  if (!room.theirs.saysText) return;
  await until(
    `${pair.theirs.name} shows the text`,
    async () => (await pair.theirs.lastError(pair.them)).includes(TEXT),
    4000,
  );
}

async function addPath(room: Room): Promise<void> {
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

async function extendedMessages(room: Room): Promise<void> {
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

async function roles(room: Room): Promise<void> {
  const [fits, clash] = [await room.star(1), await room.star(1)];
  const role = (role: 'customer' | 'provider') => ({ neighbor: { role } });
  const good = room.pairOn(
    fits,
    { ...role('customer'), announce: [plain(OUR4[0])] },
    { ...role('provider'), announce: [plain(THEIR4[0])] },
  );
  const bad = room.pairOn(clash, role('customer'), role('customer'));
  const tap = await room.tap(clash);
  const refused = async () => {
    await Promise.all([bad.ours.start(), bad.theirs.start()]);
    await staysDown(sides(bad));
  };
  await Promise.all([meet(good), refused()]);
  await holdsPrefixes(good.theirs, good.them, [OUR4[0]]);
  const route = await until('the provider’s route', async () => (await good.ours.routes(good.us, 'ipv4'))[0]);
  if (route.otc !== THEIR_ASN) throw new Error(`OTC is ${route.otc} instead of ${THEIR_ASN}`);
  const mismatch = (await tap.heard()).some(
    (m) => m.type === NOTIFICATION && m.body[0] === 2 && m.body[1] === 11,
  );
  if (!mismatch) throw new Error('two customers met, and neither said Role Mismatch');
}

/** From now on nothing gets in or out of a spoke, and no interface shows it. */
async function cut(star: Star): Promise<void> {
  const rules = ['input', 'output'].map(
    (hook) => `add chain inet cut ${hook} { type filter hook ${hook} priority -300; }`,
  );
  const drops = ['input iifname', 'output oifname'].map((where) => `add rule inet cut ${where} "link1" drop`);
  const spoke = star.spokes[0];
  if (spoke === undefined) throw new Error('no spoke to cut');
  await must(spoke.inside(['nft', ['add table inet cut', ...rules, ...drops].join('; ')]));
}

async function mend(star: Star): Promise<void> {
  const spoke = star.spokes[0];
  if (spoke !== undefined) await run(spoke.inside(['nft', 'delete table inet cut']));
}

async function bfd(room: Room): Promise<void> {
  const star = await room.star(1);
  const tap = await room.tap(star);
  const on = { neighbor: { bfd: true, holdTime: 90 } };
  const pair = room.pairOn(star, { ...on, announce: [plain(OUR4[0])] }, on);
  await meet(pair);
  await until(
    'BFD is Up on both sides',
    async () => {
      const states = await tap.bfd();
      return states.get(pair.us.local) === 3 && states.get(pair.them.local) === 3;
    },
    15_000,
  );
  await sleep(1000);
  await up(pair, 1000);
  await cut(star);
  await Promise.all([down(pair.ours, pair.us, 3000), down(pair.theirs, pair.them, 3000)]);
}

async function holdTimer(room: Room): Promise<void> {
  const star = await room.star(1);
  const tap = await room.tap(star);
  const short = { neighbor: { holdTime: 3 } };
  const pair = room.pairOn(star, { ...short, announce: [plain(OUR4[0])] }, short);
  await meet(pair);
  const expire = async (silent: Router, other: Router, neighbor: Neighbor) => {
    silent.freeze();
    await down(other, neighbor, 6000);
    const said = (await tap.heard()).some(
      (m) => m.from === neighbor.local && m.type === NOTIFICATION && m.body[0] === 4,
    );
    silent.thaw();
    if (!said) throw new Error(`${other.name} did not say Hold Timer Expired`);
    await up(pair);
  };
  await expire(pair.theirs, pair.ours, pair.us);
  await expire(pair.ours, pair.theirs, pair.them);
  await holdsPrefixes(pair.theirs, pair.them, [OUR4[0]]);
}

/**
 * Both dial while nothing gets through; frozen, their kernels complete both connections; thawed, each finds the one it
 * dialled and one that waits to be accepted, and the OPENs cross.
 */
async function collision(room: Room): Promise<void> {
  const star = await room.star(1);
  const pair = room.pairOn(star, { announce: [plain(OUR4[0])] }, { announce: [plain(THEIR4[0])] });
  const spoke = star.spokes[0];
  if (spoke === undefined) return;
  const sockets = async (state: string) =>
    Promise.all(
      [star.hub, spoke].map(async (ns) => {
        const list = await must(
          ns.inside(['ss', '-tnH', 'state', state, '( sport = :179 or dport = :179 )']),
        );
        return list.split('\n').filter((l) => l.trim() !== '').length;
      }),
    );
  await cut(star);
  await Promise.all([pair.ours.start(), pair.theirs.start()]);
  await until('both dial', async () => (await sockets('syn-sent')).every((n) => n >= 1), 10_000);
  pair.ours.freeze();
  pair.theirs.freeze();
  await mend(star);
  await until('two connections', async () => (await sockets('established')).every((n) => n >= 2), 15_000);
  pair.ours.thaw();
  pair.theirs.thaw();
  await up(pair);
  await holdsPrefixes(pair.ours, pair.us, [THEIR4[0]]);
  await holdsPrefixes(pair.theirs, pair.them, [OUR4[0]]);
  await until(
    'one connection is left',
    async () => (await sockets('established')).every((n) => n === 1),
    8000,
  );
  await sleep(1500);
  await up(pair, 1000);
}

async function defaultDeny(room: Room): Promise<void> {
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

async function prefixLimit(room: Room): Promise<void> {
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

async function extendedNextHop(room: Room): Promise<void> {
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
