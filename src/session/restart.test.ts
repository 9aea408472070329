import { expect, test } from 'vitest';
import { instant, seconds } from '../base/index.ts';
import { IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import type { Negotiated } from './event.ts';
import { GR, Pair } from './pair.test-support.ts';
import { type Deferral, deferralOver, deferredFamilies, newDeferral, stepDeferral } from './restart.ts';

const BOTH = [IPV4_UNICAST, IPV6_UNICAST];
const peers = ['a', 'b'].map((name) => ({ name, families: BOTH }));
const begin = () => newDeferral(peers, seconds(180), instant(0));
const at = instant(1000);

function meeting(theirs: object, restarting = false): Negotiated {
  const pair = new Pair({ gracefulRestart: GR }, theirs);
  pair.feed(pair.left, { kind: 'start' });
  pair.feed(pair.right, { kind: 'start', restarting });
  pair.run(5);
  const up = pair.left.did('up')[0];
  if (up?.do !== 'up') throw new Error('the pair did not come up');
  return up.negotiated;
}
const graceful = meeting({ gracefulRestart: GR });
const plain = meeting({});
const restarted = meeting({ gracefulRestart: GR }, true);

/** `a+` up, `a4` and `a6` End-of-RIB, `a!` gone. */
function play(d: Deferral, story: string, negotiated = graceful): Deferral {
  return story.split(' ').reduce((state, word) => {
    const [peer, what] = [word[0] as string, word[1]];
    if (what === '+') return stepDeferral(state, { kind: 'up', peer, negotiated });
    if (what === '!') return stepDeferral(state, { kind: 'gone', peer });
    return stepDeferral(state, {
      kind: 'endOfRib',
      peer,
      family: what === '4' ? IPV4_UNICAST : IPV6_UNICAST,
    });
  }, d);
}

test('selection waits for every peer, family by family (RFC 4724 §4.1)', () => {
  expect(deferredFamilies(begin(), at)).toEqual(BOTH);
  const half = play(begin(), 'a+ b+ a4 b4 a6');
  expect(deferredFamilies(half, at)).toEqual([IPV6_UNICAST]);
  expect([deferralOver(half, at, IPV4_UNICAST), deferralOver(half, at)]).toEqual([true, false]);
  expect(deferralOver(play(half, 'b6'), at)).toBe(true);
});

test('nobody waits for peers without graceful restart, for those that restarted themselves, and for those that are gone', () => {
  for (const negotiated of [plain, restarted]) {
    const one = play(begin(), 'a+', negotiated);
    expect(Object.keys(one.awaited)).toEqual(['b']);
    expect(deferralOver(play(one, 'b+', negotiated), at)).toBe(true);
  }
  expect(deferralOver(play(begin(), 'a! b!'), at)).toBe(true);
});

test('the time is limited, and strangers change nothing', () => {
  expect(deferralOver(begin(), instant(179_999))).toBe(false);
  expect(deferralOver(begin(), instant(180_000))).toBe(true);
  const d = begin();
  expect(play(d, 'x+ x4 x! _4')).toBe(d);
  expect(stepDeferral(d, { kind: 'gone', peer: 'constructor' })).toBe(d);
  expect(deferralOver(newDeferral([], seconds(180), instant(0)), at)).toBe(true);
});
