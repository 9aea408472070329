/** Cells about who may have a session at all. */
import { until } from '../process.ts';
import { holdsPrefixes, meet, type Pair, plain, type Room, sides, staysDown, THEIR_ASN } from '../room.ts';
import type { Neighbor, Router } from '../router.ts';
import { NOTIFICATION, OUR4, THEIR4 } from './ground.ts';

export async function md5(room: Room): Promise<void> {
  const [right, wrong, none, right6] = [
    await room.star(1),
    await room.star(1),
    await room.star(1),
    await room.star(1),
  ];
  const key = (password: string) => ({ neighbor: { password } });
  const good = room.pairOn(
    right,
    { ...key('correct-horse'), announce: [plain(OUR4[0])] },
    key('correct-horse'),
  );
  const bad = room.pairOn(wrong, key('correct-horse'), key('battery-staple'));
  const bare = room.pairOn(none, key('correct-horse'), {});
  const good6 = room.pairOn(right6, key('correct-horse'), key('correct-horse'), 'ipv6');
  const refused = async (pair: Pair) => {
    await Promise.all([pair.ours.start(), pair.theirs.start()]);
    await staysDown(sides(pair));
  };
  await Promise.all([meet(good), meet(good6), refused(bad), refused(bare)]);
  await holdsPrefixes(good.theirs, good.them, [OUR4[0]]);
}

export async function gtsm(room: Room): Promise<void> {
  const [both, one, other] = [await room.star(1), await room.star(1), await room.star(1)];
  const [both6, one6] = [await room.star(1), await room.star(1)];
  const on = { neighbor: { gtsm: true } };
  const good = room.pairOn(both, { ...on, announce: [plain(OUR4[0])] }, on);
  const ours = room.pairOn(one, on, {});
  const theirs = room.pairOn(other, {}, on);
  const good6 = room.pairOn(both6, on, on, 'ipv6');
  const ours6 = room.pairOn(one6, on, {}, 'ipv6');
  // The unprotected side may believe in a session for a moment, from what the other one sent before it looked.
  const refused = async (pair: Pair, router: Router, neighbor: Neighbor) => {
    await Promise.all([pair.ours.start(), pair.theirs.start()]);
    await staysDown([[router, neighbor]]);
  };
  const guarded = room.theirs.can.gtsmGuard === true ? [refused(theirs, theirs.theirs, theirs.them)] : [];
  const alone = [ours, ours6].map((pair) => refused(pair, pair.ours, pair.us));
  await Promise.all([meet(good), meet(good6), ...alone, ...guarded]);
  await holdsPrefixes(good.theirs, good.them, [OUR4[0]]);
}

export async function roles(room: Room): Promise<void> {
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
