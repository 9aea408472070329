/** Cells about how sessions end, meet and are told apart. */
import { must, sleep, until } from '../process.ts';
import { down, holdsPrefixes, meet, plain, type Room, up } from '../room.ts';
import type { Neighbor, Router } from '../router.ts';
import type { Wiretap } from '../wiretap.ts';
import { chain, cut, mend, NOTIFICATION, OUR4, THEIR4 } from './ground.ts';

export async function peerKilled(room: Room): Promise<void> {
  const { source, sink, fromHub } = await chain(room, THEIR4.map(plain));
  await holdsPrefixes(sink, fromHub, THEIR4);
  await source.kill();
  await holdsPrefixes(sink, fromHub, [], 'ipv4', 3000);
}

export async function holdTimer(room: Room): Promise<void> {
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

export async function bfd(room: Room): Promise<void> {
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

/**
 * Both dial while nothing gets through; frozen, their kernels complete both connections; thawed, each finds the one it
 * dialled and one that waits to be accepted, and the OPENs cross.
 */
export async function collision(room: Room): Promise<void> {
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
  // The kernel repeats a SYN after 1, 3, 7 and 15 s.
  await until('two connections', async () => (await sockets('established')).every((n) => n >= 2), 40_000);
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

export async function theirText(room: Room): Promise<void> {
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

export async function ourText(room: Room): Promise<void> {
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

/** One side waits, so the other has to dial; then the other way about. */
export async function dialling(room: Room): Promise<void> {
  const [wait, dial] = [await room.star(1), await room.star(1)];
  const taps = [await room.tap(wait), await room.tap(dial)] as const;
  const passive = { neighbor: { passive: true } };
  const theyWait = room.pairOn(wait, {}, passive);
  const weWait = room.pairOn(dial, passive, {});
  await Promise.all([meet(theyWait), meet(weWait)]);
  const dialler = async (tap: Wiretap) =>
    (await tap.heard()).filter((m) => m.type === 4 && m.toPort === 179).at(-1)?.from;
  if ((await dialler(taps[0])) !== theyWait.us.local)
    throw new Error('the daemon was passive, and yet we did not dial');
  if ((await dialler(taps[1])) !== weWait.them.local)
    throw new Error('we were passive, and yet the daemon did not dial');
}
