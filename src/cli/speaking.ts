/** Runs what a speak file says until the process is told to stop. */
import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { Router, type RouterPeer } from '../agent/index.ts';
import type { Instant } from '../base/index.ts';
import { type Journal, journal, type Logger, logger, realClock, serveControl } from '../host/index.ts';
import { familyOfPrefix, type Note } from '../speaker/index.ts';
import { type Attribute, describeNotification, IPV4_UNICAST } from '../wire/index.ts';
import { answers } from './answers.ts';
import type { Announcement, SpeakConfig, SpeakPeer } from './speak/index.ts';

/** Resolves when the speaker has been told to stop and has said goodbye to everyone. */
export async function startSpeaker(
  config: SpeakConfig,
  passwords: ReadonlyMap<string, string>,
): Promise<void> {
  const log = logger({ level: config.log, secrets: () => passwords.values() });
  const clock = realClock();
  const book: Journal<{ at: Instant }> | undefined =
    config.journal === undefined
      ? undefined
      : journal({ path: config.journal, trouble: (why) => log.warn(why) });
  const router = new Router({
    speaker: {
      asn: config.asn,
      id: config.id,
      decision: {
        alwaysCompareMed: config.decision.alwaysCompareMed,
        compareRouterId: config.decision.compareRouterId,
        missingMedWorst: config.decision.medMissingWorst,
      },
    },
    listen: config.listen,
    clock,
    note: (note) => say(log, note),
    ...(book ? { journal: book } : {}),
  });
  for (const peer of config.peers) router.addPeer(routerPeer(config, peer, passwords.get(peer.name)));
  for (const a of config.announce) announce(router, a);
  const told = stopSignal();
  const control =
    config.control === undefined
      ? undefined
      : await serveControl(config.control, answers(router, config, clock));
  try {
    await router.start();
  } catch (error) {
    await control?.close();
    throw error;
  }
  log.info(`AS ${config.asn} speaks`, {
    id: config.id,
    peers: config.peers.length,
    listen: router.listeners.map((l) => `${l.address} port ${l.port}`).join(', ') || 'nowhere',
    ...(control ? { control: control.path } : {}),
  });
  const signal = await told;
  log.info('stopping', { signal });
  await router.stop();
  await control?.close();
}

/** A peer of the file as the router wants it. */
function routerPeer(config: SpeakConfig, peer: SpeakPeer, password: string | undefined): RouterPeer {
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
    ...(peer.bfd ? { bfd: peer.bfd } : {}),
  };
}

function announce(router: Router, { prefixes, nextHop, attributes }: Announcement): void {
  for (const prefix of prefixes) {
    const v4 = !nextHop?.includes(':');
    const hop: readonly Attribute[] =
      nextHop === undefined
        ? []
        : v4
          ? [{ kind: 'nextHop', nextHop }]
          : [{ kind: 'mpReach', family: familyOfPrefix(prefix), nextHop, announced: [] }];
    router.feed({ kind: 'announce', prefix, attributes: [...attributes, ...hop] });
  }
}

/** One line for everything worth a line. */
function say(
  log: Logger,
  note: Note | { readonly kind: 'host'; readonly peer?: string; readonly why: string },
): void {
  switch (note.kind) {
    case 'up':
      {
        const { remoteAsn, remoteId, holdTime, families } = note.negotiated;
        log.info(`${note.peer} is up`, {
          asn: remoteAsn,
          id: remoteId,
          holdTime,
          families: families.join(' '),
        });
      }
      break;
    case 'down':
      {
        const { sent, reason } = note.why;
        log.warn(`${note.peer} is down: ${reason}`, {
          ...(sent ? { sent: describeNotification(sent) } : {}),
          ...(note.retained.length > 0 ? { kept: note.retained.join(' ') } : {}),
        });
      }
      break;
    case 'fault':
      log.warn(`${note.peer} sent a fault: ${note.why}`, { faults: note.count });
      break;
    case 'endOfRib':
      log.debug(`${note.peer} has sent its table`, { family: note.family });
      break;
    case 'limit':
      log.warn(
        note.reached
          ? `${note.peer} sends more prefixes than it may: its session ends`
          : `${note.peer} comes near its prefix limit`,
        { family: note.family, prefixes: note.prefixes, limit: note.limit },
      );
      break;
    case 'flushed':
      log.info(`stale routes of ${note.peer} are gone: ${note.why}`, {
        families: note.families.join(' '),
      });
      break;
    case 'selecting':
      log.info(note.why);
      break;
    case 'host':
      log.warn(note.why, note.peer === undefined ? {} : { peer: note.peer });
  }
}

/** The first of the signals that mean "stop"; a second one ends the process at once. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        resolve(signal);
      });
    }
  });
}
