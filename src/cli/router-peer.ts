/** From what a speak file says to what a router is given. */
import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import type { RouterPeer } from '../agent/index.ts';
import type { Prefix } from '../base/index.ts';
import { familyOfPrefix } from '../speaker/index.ts';
import { type Attribute, IPV4_UNICAST } from '../wire/index.ts';
import type { Announcement, SpeakConfig, SpeakPeer } from './speak/index.ts';

/** A peer of the file as the router wants it. */
export function routerPeer(config: SpeakConfig, peer: SpeakPeer, password: string | undefined): RouterPeer {
  return {
    options: {
      name: peer.name,
      address: peer.address,
      session: {
        localAsn: config.asn,
        localId: config.id,
        remoteAsn: peer.asn,
        passive: peer.passive,
        families: peer.families,
        holdTime: peer.holdTime,
        sendHoldTime: peer.sendHoldTime,
        connectRetry: peer.connectRetry,
        extendedMessage: peer.extendedMessages,
        addPathReceive: peer.addPath,
        extendedNextHop: peer.extendedNextHop ? [IPV4_UNICAST] : [],
        ...(peer.gracefulRestart
          ? { gracefulRestart: { restartTime: peer.gracefulRestart.restartTime } }
          : {}),
        ...(peer.role ? { role: peer.role, roleStrict: peer.roleStrict } : {}),
        ...(peer.bfd ? { bfd: 'on' as const } : {}),
        ...(peer.maxPrefixRestart === undefined ? {} : { prefixLimitRestart: peer.maxPrefixRestart }),
        hostname: { host: hostname() },
        seed: randomInt(2 ** 32),
      },
      import: peer.import,
      export: peer.export,
      transparent: peer.transparent,
      nextHopSelf: peer.nextHopSelf,
      enforceFirstAs: peer.enforceFirstAs,
      prefixLimit: peer.maxPrefix,
    },
    transport: {
      port: peer.port,
      ...(peer.localAddress === undefined ? {} : { localAddress: peer.localAddress }),
      ...(peer.interface === undefined ? {} : { interface: peer.interface }),
      ...(password === undefined ? {} : { password }),
      ...(peer.ttlSecurity === undefined ? {} : { gtsmHops: peer.ttlSecurity }),
      ...(peer.multihop === undefined ? {} : { ttl: peer.multihop }),
    },
    ...(peer.bfd
      ? {
          bfd: {
            desiredMinTx: peer.bfd.interval,
            requiredMinRx: peer.bfd.interval,
            detectMult: peer.bfd.multiplier,
          },
        }
      : {}),
  };
}

/** The attributes of one announced prefix; without a next hop where each session is to put its own end. */
export function announced(prefix: Prefix, { nextHop, attributes }: Announcement): readonly Attribute[] {
  if (nextHop === undefined) return attributes;
  if (!nextHop.includes(':')) return [...attributes, { kind: 'nextHop', nextHop }];
  return [...attributes, { kind: 'mpReach', family: familyOfPrefix(prefix), nextHop, announced: [] }];
}
