import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, type Instant, instant, seconds } from '../base/index.ts';
import { cease, IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import type { LinkName, PeerConfig, PeerEffect, PeerEvent, PeerState } from './index.ts';
import { newPeer, ourOpen, peerDue, settingsOf, stepPeer, viewOf, welcome } from './index.ts';
import { LEFT, RIGHT } from './pair.test-support.ts';

const ends = { local: '192.0.2.1' as Address, remote: '192.0.2.2' as Address };
const GR = { restartTime: seconds(20), staleTime: seconds(30) };

const config: fc.Arbitrary<PeerConfig> = fc.record({
  localAsn: fc.constantFrom(64500, 4_200_000_000),
  localId: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3').map((t) => t as Address),
  remoteAsn: fc.constantFrom(64501, 'any' as const, [64501, 64502]),
  passive: fc.boolean(),
  holdTime: fc.constantFrom(seconds(0), seconds(3), seconds(90)),
  bfd: fc.constantFrom('off' as const, 'on' as const, 'strict' as const),
  seed: fc.nat(),
  prefixLimitRestart: fc.constant(seconds(10)),
});
const graceful = fc.option(fc.constant(GR), { nil: undefined });

const link = fc.constantFrom<LinkName>('outgoing', 'incoming');
const family = fc.constantFrom(IPV4_UNICAST, IPV6_UNICAST);
const notification = fc.oneof(
  fc.constantFrom(cease(2), cease(5), cease(7), cease(9)),
  fc.record({
    kind: fc.constant('notification' as const),
    code: fc.nat(255),
    subcode: fc.nat(255),
    data: fc.constantFrom('', '00', 'ff00'),
  }),
);
const open = fc
  .record({
    asn: fc.constantFrom(64501, 64501, 64501, 64500, 64999),
    id: fc.constantFrom('10.0.0.1', '10.0.0.9', '10.0.0.2', '0.0.0.0').map((t) => t as Address),
    holdTime: fc.constantFrom(0, 1, 3, 9, 90),
    restarting: fc.boolean(),
    gr: fc.boolean(),
  })
  .map(({ asn, id, holdTime, restarting, gr }) => {
    const theirs = settingsOf({
      ...RIGHT,
      localAsn: asn,
      localId: id,
      ...(gr ? { gracefulRestart: GR } : {}),
    });
    return { ...ourOpen(theirs, { restarting, forwarding: [IPV4_UNICAST] }), holdTime };
  });

/** Events in any order, the sensible ones often enough that sessions come up. */
const event: fc.Arbitrary<PeerEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('start' as const), restarting: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('stop' as const),
      subcode: fc.nat(12),
      text: fc.constantFrom('', 'bye', '🙂'.repeat(100)),
      hard: fc.boolean(),
    }),
  },
  { weight: 12, arbitrary: link.map((l) => ({ kind: 'tcpUp', link: l, ...ends }) as const) },
  { weight: 3, arbitrary: link.map((l) => ({ kind: 'tcpDown', link: l, why: 'reset' }) as const) },
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('open' as const), link, open }) },
  { weight: 12, arbitrary: link.map((l) => ({ kind: 'keepalive', link: l }) as const) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('notification' as const), link, notification }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('malformed' as const), link, notification, why: fc.string() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('refresh' as const),
      link,
      refresh: fc.record({
        kind: fc.constant('routeRefresh' as const),
        family,
        subtype: fc.constantFrom('request' as const, 'begin' as const, 'end' as const, 77),
      }),
    }),
  },
  { weight: 3, arbitrary: link.map((l) => ({ kind: 'update', link: l }) as const) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('endOfRib' as const), link, family }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('prefixLimit' as const), family, limit: fc.integer() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('sent' as const, 'blocked' as const), link }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('bfdUp' as const, 'bfdDown' as const) }) },
  { weight: 6, arbitrary: fc.constant({ kind: 'due' } as const) },
);
/** Milliseconds to the next event, or a jump to the next deadline. */
const pause = fc.oneof(fc.nat(3000), fc.constant(600_000), fc.constant('deadline' as const));
/** What brings a session up, if it is let: start, a wait for BFD, the three steps of a connection. */
const handshake: fc.Arbitrary<PeerEvent[]> = link.chain((l) =>
  open.map((o) => [
    { kind: 'start' },
    { kind: 'bfdUp' },
    { kind: 'due' },
    { kind: 'tcpUp', link: l, ...ends },
    { kind: 'open', link: l, open: { ...o, id: '10.0.0.9' as Address, holdTime: 9 } },
    { kind: 'keepalive', link: l },
  ]),
);
const part = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(pause, event).map((one) => [one]) },
  { weight: 1, arbitrary: handshake.map((all) => all.map((e) => [1, e] as [number, PeerEvent])) },
);
const story = fc.array(part, { maxLength: 40, size: 'max' }).map((parts) => parts.flat());

function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

interface Seen {
  up: LinkName | undefined;
  ups: number;
}

/** What no order of effects may break. */
function watch(seen: Seen, effects: readonly PeerEffect[]): void {
  for (const effect of effects) {
    if (effect.do === 'up') {
      expect(seen.up).toBeUndefined();
      seen.up = effect.link;
      seen.ups++;
    }
    if (effect.do === 'down') {
      expect(seen.up).toBeDefined();
      seen.up = undefined;
    }
    if (effect.do === 'resend' || effect.do === 'stale') expect(seen.up).toBeDefined();
  }
}

function established(p: PeerState): LinkName[] {
  return (['outgoing', 'incoming'] as const).filter((l) => p[l]?.phase === 'established');
}

test('in any order of events: no throw, no two sessions, no up without a down between, no deadline left behind, all of it plain and bounded', () => {
  let ups = 0;
  fc.assert(
    fc.property(config, graceful, story, (base, gr, events) => {
      let p = newPeer({ ...base, ...(gr ? { gracefulRestart: gr } : {}) });
      let now: Instant = instant(0);
      const seen: Seen = { up: undefined, ups: 0 };
      for (const [wait, e] of events) {
        const due = peerDue(p);
        now = wait === 'deadline' ? instant(Math.max(now, due ?? now)) : instant(now + wait);
        const [next, effects] = stepPeer(p, e, now);
        expect(copy(stepPeer(copy(p), copy(e), now))).toEqual(copy([next, effects]));
        watch(seen, effects);
        expect(established(next)).toEqual(seen.up ? [seen.up] : []);
        const later = peerDue(next);
        if (e.kind === 'due' && later !== undefined) expect(later).toBeGreaterThan(now);
        expect(JSON.stringify(next).length).toBeLessThan(20_000);
        expect(welcome(next, now)).toBeDefined();
        if (seen.up) expect(viewOf(next, now).state).toBe('Established');
        p = next;
      }
      ups += seen.ups;
    }),
    { numRuns: 200, seed: 4271 },
  );
  // The stories have to be worth their while.
  expect(ups).toBeGreaterThan(100);
});

test('fed nothing but its own deadlines, a peer never stands still in the past and never ends in a busy loop', () => {
  fc.assert(
    fc.property(config, story, (base, events) => {
      let p = newPeer({ ...base, ...LEFT, seed: base.seed ?? 0 });
      let now: Instant = instant(0);
      for (const [, e] of events) [p] = stepPeer(p, e, now);
      for (let i = 0; i < 50; i++) {
        const due = peerDue(p);
        if (due === undefined) return;
        expect(due > now || i === 0).toBe(true);
        now = instant(Math.max(now, due));
        [p] = stepPeer(p, { kind: 'due' }, now);
      }
    }),
    { numRuns: 200, seed: 9687 },
  );
});
