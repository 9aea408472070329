/** Cells about keeping routes over a restart, and asking for them again. */
import { sleep, until } from '../process.ts';
import { down, holdsPrefixes, meet, type Pair, plain, prefixes, type Room, up } from '../room.ts';
import type { Neighbor, Router } from '../router.ts';
import type { Heard } from '../wiretap.ts';
import { OUR4, REFRESH, THEIR4 } from './ground.ts';

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

export async function theyRestart(room: Room): Promise<void> {
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

export async function weRestart(room: Room): Promise<void> {
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

export async function refresh(room: Room, asker: 'ours' | 'theirs'): Promise<void> {
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

/** A clean stop is no crash: although both agreed on graceful restart, nothing is kept. */
export async function cleanStop(room: Room): Promise<void> {
  const star = await room.star(1);
  const restart = { gracefulRestart: 15 };
  const pair = room.pairOn(star, { ...restart, announce: OUR4.map(plain) }, restart);
  await meet(pair);
  await holdsPrefixes(pair.theirs, pair.them, OUR4);
  await sleep(500);
  await pair.ours.stop();
  await holdsPrefixes(pair.theirs, pair.them, [], 'ipv4', 3000);
}
