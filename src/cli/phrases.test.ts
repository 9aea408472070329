import { expect, test } from 'vitest';
import { type Capability, IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import { capabilityPhrase, counted, times } from './phrases.ts';

test.each<[Capability, string]>([
  [{ kind: 'multiprotocol', family: IPV4_UNICAST }, 'multiprotocol ipv4-unicast'],
  [{ kind: 'asn4', asn: 64601 }, '4-octet AS 64601'],
  [{ kind: 'role', role: 'customer' }, 'role customer'],
  [{ kind: 'role', role: 9 }, 'role 9'],
  [{ kind: 'routeRefresh' }, 'route refresh'],
  [{ kind: 'enhancedRefresh' }, 'enhanced route refresh'],
  [{ kind: 'extendedMessage' }, 'extended messages'],
  [
    { kind: 'extendedNextHop', entries: [{ family: IPV4_UNICAST, nextHopAfi: 2 }] },
    'extended next hop ipv4-unicast over IPv6',
  ],
  [
    {
      kind: 'addPath',
      families: [
        { family: IPV4_UNICAST, mode: 'receive' },
        { family: IPV6_UNICAST, mode: 'both' },
      ],
    },
    'add-path receive ipv4-unicast, send and receive ipv6-unicast',
  ],
  [{ kind: 'addPath', families: [{ family: IPV4_UNICAST, mode: 7 }] }, 'add-path mode 7 ipv4-unicast'],
  [
    {
      kind: 'gracefulRestart',
      restarting: true,
      notification: true,
      restartTime: 120,
      families: [
        { family: IPV4_UNICAST, forwarding: true },
        { family: IPV6_UNICAST, forwarding: false },
      ],
    },
    'graceful restart 120 s, restarting, also after a NOTIFICATION: ipv4-unicast (kept forwarding), ipv6-unicast',
  ],
  [
    { kind: 'gracefulRestart', restarting: false, notification: false, restartTime: 0, families: [] },
    'graceful restart 0 s, helper only',
  ],
  [
    {
      kind: 'longLivedGracefulRestart',
      families: [{ family: IPV4_UNICAST, forwarding: false, staleTime: 3600 }],
    },
    'long-lived graceful restart ipv4-unicast 3600 s',
  ],
  [{ kind: 'hostname', host: 'r1', domain: 'example.net' }, 'hostname r1.example.net'],
  [{ kind: 'hostname', host: '\x1b[31mred', domain: '' }, 'hostname [31mred'],
])('the capability %j reads "%s"', (capability, phrase) => {
  expect(capabilityPhrase(capability)).toBe(phrase);
});

test('a capability that nothing here reads keeps its number and the beginning of its bytes', () => {
  expect(capabilityPhrase({ kind: 'unknown', code: 200, data: '' })).toMatch(/200$/);
  expect(capabilityPhrase({ kind: 'unknown', code: 200, data: 'ab'.repeat(40) })).toMatch(/ 0x(ab){16}…$/);
});

test('counts read as people say them', () => {
  expect([0, 1, 2, 3].map(times)).toEqual(['never', 'once', 'twice', '3 times']);
  expect([counted(1, 'prefix', 'prefixes'), counted(2, 'prefix', 'prefixes'), counted(0, 'peer')]).toEqual([
    '1 prefix',
    '2 prefixes',
    '0 peers',
  ]);
});
