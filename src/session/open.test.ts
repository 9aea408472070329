import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, AS_TRANS, seconds } from '../base/index.ts';
import {
  type Capability,
  decodeMessage,
  encodeMessage,
  IPV4_UNICAST,
  IPV6_UNICAST,
  type Notification,
  type Open,
} from '../wire/index.ts';
import { type PeerConfig, settingsOf } from './config.ts';
import type { Negotiated } from './event.ts';
import { negotiate, ourOpen, stillForwarding } from './open.ts';
import { GR, LEFT, RIGHT } from './pair.test-support.ts';

const ENDS = { local: '192.0.2.1' as Address, remote: '192.0.2.2' as Address };
const AGREED = { asn4: false, extendedMessage: false, addPath: [] };
const NO_RESTART = { restarting: false, forwarding: [] };

const open = (config: Partial<PeerConfig> = {}, more: Partial<Open> = {}): Open => ({
  ...ourOpen(settingsOf({ ...RIGHT, ...config }), NO_RESTART),
  ...more,
});
const meet = (ours: Partial<PeerConfig>, theirs: Open): Negotiated | Notification =>
  negotiate(settingsOf({ ...LEFT, ...ours }), theirs, ENDS);
const agreedOn = (ours: Partial<PeerConfig>, theirs: Open): Negotiated => {
  const result = meet(ours, theirs);
  expect(result).not.toHaveProperty('kind');
  return result as Negotiated;
};
const refusal = (ours: Partial<PeerConfig>, theirs: Open) => {
  const result = meet(ours, theirs);
  return 'kind' in result ? `${result.code}/${result.subcode} ${result.data}`.trim() : 'agreed';
};
const without = (o: Open, kind: Capability['kind']): Open => ({
  ...o,
  capabilities: o.capabilities.filter((c) => c.kind !== kind),
});

test('our OPEN says what the settings say, in this order', () => {
  const all = ourOpen(
    settingsOf({
      ...LEFT,
      localAsn: 4_200_000_000,
      role: 'customer',
      extendedNextHop: [IPV4_UNICAST],
      addPathReceive: [IPV4_UNICAST, IPV6_UNICAST],
      addPathSend: [IPV6_UNICAST],
      gracefulRestart: { restartTime: seconds(9999) },
      hostname: { host: `${'x'.repeat(63)}é`, domain: 'example.net' },
    }),
    { restarting: true, forwarding: [IPV6_UNICAST] },
  );
  expect(all).toMatchObject({ version: 4, asn: AS_TRANS, holdTime: 90, id: '10.0.0.1' });
  expect(all.capabilities).toEqual([
    { kind: 'multiprotocol', family: IPV4_UNICAST },
    { kind: 'multiprotocol', family: IPV6_UNICAST },
    { kind: 'routeRefresh' },
    { kind: 'extendedNextHop', entries: [{ family: IPV4_UNICAST, nextHopAfi: 2 }] },
    { kind: 'extendedMessage' },
    { kind: 'role', role: 'customer' },
    {
      kind: 'gracefulRestart',
      restarting: true,
      notification: true,
      restartTime: 4095,
      families: [
        { family: IPV4_UNICAST, forwarding: false },
        { family: IPV6_UNICAST, forwarding: true },
      ],
    },
    { kind: 'asn4', asn: 4_200_000_000 },
    {
      kind: 'addPath',
      families: [
        { family: IPV4_UNICAST, mode: 'receive' },
        { family: IPV6_UNICAST, mode: 'both' },
      ],
    },
    { kind: 'enhancedRefresh' },
    { kind: 'hostname', host: 'x'.repeat(63), domain: 'example.net' },
  ]);
});

test('a helper asks nobody to keep its routes (RFC 4724 §3), and inside an AS there are no roles (RFC 9234 §4.1)', () => {
  const helper = open({ gracefulRestart: { helperOnly: true }, role: 'peer', remoteAsn: RIGHT.localAsn });
  expect(helper.capabilities).toContainEqual({
    kind: 'gracefulRestart',
    restarting: false,
    notification: true,
    restartTime: 0,
    families: [],
  });
  expect(helper.capabilities.some((c) => c.kind === 'role')).toBe(false);
});

test('whatever the settings, the OPEN can be encoded and reads the same', () => {
  const family = fc.subarray([IPV4_UNICAST, IPV6_UNICAST], { minLength: 1 });
  fc.assert(
    fc.property(
      fc.record({
        localAsn: fc.integer({ min: 1, max: 0xffff_fffe }),
        families: family,
        holdTime: fc.double({ min: -1, max: 1e9, noNaN: true }).map((n) => seconds(n)),
        addPathReceive: family,
        extendedNextHop: family,
        hostname: fc.record({ host: fc.string({ unit: 'grapheme', maxLength: 300 }), domain: fc.string() }),
        gracefulRestart: fc.record({ restartTime: fc.integer({ min: 0, max: 1e6 }).map((n) => seconds(n)) }),
      }),
      (config) => {
        const ours = ourOpen(settingsOf({ ...LEFT, ...config }), NO_RESTART);
        const read = decodeMessage(encodeMessage(ours, AGREED), AGREED);
        expect(read.ok && { ...read.message }).toEqual(ours);
      },
    ),
    { numRuns: 300, seed: 5492 },
  );
});

test('the lower hold time holds, and 0 from either side switches it off (RFC 4271 §4.2)', () => {
  const held = (ours: number, theirs: number) =>
    agreedOn({ holdTime: seconds(ours) }, open({}, { holdTime: theirs })).holdTime;
  expect([held(90, 180), held(90, 30), held(0, 180), held(90, 0)]).toEqual([90, 30, 0, 0]);
  expect([1, 2].map((s) => refusal({}, open({}, { holdTime: s })))).toEqual(['2/6', '2/6']);
  expect(settingsOf({ ...LEFT, holdTime: seconds(1) }).holdTime).toBe(3000);
});

test('version, AS and identifier are judged first (RFC 4271 §6.2, RFC 6286, RFC 7607)', () => {
  expect(refusal({}, open({}, { version: 3 }))).toBe('2/1 0004');
  expect(refusal({}, open({ localAsn: 64777 }))).toBe('2/2');
  expect(refusal({ remoteAsn: 0 }, open({ localAsn: 0 }))).toBe('2/2');
  expect(refusal({ remoteAsn: AS_TRANS }, without(open({}, { asn: AS_TRANS }), 'asn4'))).toBe('2/2');
  expect(refusal({ remoteAsn: 'any' }, open({ localAsn: 65535 }))).toBe('2/2');
  expect(refusal({ remoteAsn: 'any' }, open({ localAsn: 4_294_967_295 }))).toBe('2/2');
  expect(refusal({ remoteAsn: [64501, 64502] }, open())).toBe('agreed');
  expect(refusal({}, open({}, { id: '0.0.0.0' as Address }))).toBe('2/3');
  expect(refusal({}, open({}, { id: LEFT.localId }))).toBe('agreed');
  const inside = { localAsn: 64500, remoteAsn: 64500, localId: LEFT.localId };
  expect(refusal({ remoteAsn: 64500 }, open(inside))).toBe('2/3');
});

test('the AS number of the capability counts, not that of the field (RFC 6793 §4.1)', () => {
  const theirs = open({ localAsn: 4_200_000_009 });
  expect(theirs.asn).toBe(AS_TRANS);
  expect(agreedOn({ remoteAsn: 4_200_000_009 }, theirs).remoteAsn).toBe(4_200_000_009);
  const old = agreedOn({}, without(open(), 'asn4'));
  expect([old.remoteAsn, old.send.asn4, old.receive.asn4]).toEqual([64501, false, false]);
});

test('a peer that names no family means IPv4 unicast (RFC 4760 §8)', () => {
  const silent = without(open(), 'multiprotocol');
  expect(agreedOn({}, silent).families).toEqual([IPV4_UNICAST]);
  expect(refusal({ families: [IPV6_UNICAST] }, silent)).toBe('2/7 010400020001');
});

test('what is demanded and missing is listed as it would stand in OPEN (RFC 5492 §5)', () => {
  expect(
    refusal({ require: ['asn4', 'enhancedRefresh'] }, without(without(open(), 'asn4'), 'enhancedRefresh')),
  ).toBe('2/7 41040000fbf44600');
});

test('messages over 4096 octets go only to who reads them, paths only where one sends and the other takes (RFC 8654, RFC 7911)', () => {
  const both = agreedOn(
    { addPathReceive: [IPV4_UNICAST, IPV6_UNICAST], addPathSend: [IPV6_UNICAST] },
    open({ addPathSend: [IPV4_UNICAST], addPathReceive: [IPV6_UNICAST] }),
  );
  expect(both.receive).toEqual({ asn4: true, extendedMessage: true, addPath: [IPV4_UNICAST] });
  expect(both.send).toEqual({ asn4: true, extendedMessage: true, addPath: [IPV6_UNICAST] });
  const narrow = agreedOn({}, open({ extendedMessage: false }));
  expect([narrow.receive.extendedMessage, narrow.send.extendedMessage]).toEqual([true, false]);
});

test('IPv6 next hops for IPv4 need both sides (RFC 8950 §4)', () => {
  const want = { extendedNextHop: [IPV4_UNICAST] };
  expect(agreedOn(want, open(want)).extendedNextHop).toEqual([IPV4_UNICAST]);
  expect(agreedOn(want, open()).extendedNextHop).toEqual([]);
  expect(agreedOn({}, open(want)).extendedNextHop).toEqual([]);
});

test('graceful restart needs both sides; the peer counts for the families it lists, and for those with the F bit (RFC 4724 §3)', () => {
  const theirs = ourOpen(settingsOf({ ...RIGHT, gracefulRestart: { ...GR, notification: false } }), {
    restarting: true,
    forwarding: [IPV6_UNICAST],
  });
  const n = agreedOn({ gracefulRestart: GR }, theirs);
  expect(n.gracefulRestart).toEqual({
    restartTime: 120,
    families: [IPV4_UNICAST, IPV6_UNICAST],
    peerRestarted: true,
    notification: false,
  });
  expect(stillForwarding(n)).toEqual([IPV6_UNICAST]);
  expect(agreedOn({}, theirs).gracefulRestart).toBeUndefined();
  expect(agreedOn({ gracefulRestart: GR }, open()).gracefulRestart).toBeUndefined();
});

test('contradicting roles and numbers that are no role are a mismatch (RFC 9234 §4.2)', () => {
  const says = (...roles: (number | 'customer' | 'peer')[]): Open => ({
    ...open(),
    capabilities: [...open().capabilities, ...roles.map((role) => ({ kind: 'role', role }) as const)],
  });
  const ours = { role: 'provider' } as const;
  expect(refusal(ours, says('customer', 'customer'))).toBe('agreed');
  expect(refusal(ours, says('customer', 'peer'))).toBe('2/11');
  expect(refusal(ours, says(77))).toBe('2/11');
  expect(refusal({}, says('peer'))).toBe('agreed');
  expect(agreedOn(ours, says('customer'))).toMatchObject({ role: 'provider', remoteRole: 'customer' });
});
