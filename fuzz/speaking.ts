/**
 * The fuzzer's targets from the session upwards: whatever a peer sends and whatever happens meanwhile costs at most that peer's
 * session, after a NOTIFICATION that can be read, and never anybody else's routes.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Address, type Instant, instant, Random, seconds } from '../src/base/index.ts';
import {
  type LinkName,
  newPeer,
  type PeerEvent,
  type PeerState,
  peerDue,
  stepPeer,
  viewOf,
  welcome,
} from '../src/session/index.ts';
import { advertised } from '../src/speaker/index.ts';
import { lineOf } from '../src/speaker/notation.test-support.ts';
import { Desk, type Probe } from '../src/speaker/probe.test-support.ts';
import { comeToRest, somethingHappens, threePeers } from '../src/speaker/rummage.test-support.ts';
import {
  type Agreed,
  decodeMessage,
  encodeMessage,
  IPV4_UNICAST,
  IPV6_UNICAST,
  type Message,
} from '../src/wire/index.ts';
import { check } from './check.ts';

/** A speaker whose peer `a` reads and writes as `agreed` says, and a watcher `c` who has routes that matter. */
function scene(agreed: Agreed, random: Random): { desk: Desk; a: Probe; c: Probe } {
  const desk = new Desk();
  const session = {
    addPathReceive: agreed.addPath,
    gracefulRestart: {},
    extendedMessage: agreed.extendedMessage,
  };
  const six = { [IPV6_UNICAST]: '2001:db8::1' as Address };
  const internal = random.chance(0.3);
  const a = desk.up(
    'a',
    internal ? 64500 : 64501,
    {
      ...agreed,
      enhancedRefresh: true,
      ...(random.chance(0.3) ? { gracefulRestart: { families: [IPV4_UNICAST] } } : {}),
    },
    { session, enforceFirstAs: false, nextHop: six },
  );
  const c = desk.up('c', 64503, { holdTime: 0 }, { nextHop: six });
  c.announce('198.51.100.0/24 203.0.113.0/24', '64503');
  a.announce('10.0.0.0/8 203.0.113.0/24', internal ? '64501; lp 100' : '64501');
  a.announce('2001:db8:1::/48', internal ? '64501; lp 100' : '64501');
  return { desk, a, c };
}

/** Promises about a speaker after anything. */
function sound(desk: Desk): void {
  for (const probe of desk.probes.values()) {
    const peer = desk.speaker.peers.get(probe.name);
    if (!peer) continue;
    check((peer.links.incoming?.control.length ?? 0) < 32, 'what waits for a peer is bounded');
    if (!peer.established || !probe.connected || probe.stalled) continue;
    const sent = [...advertised(desk.speaker, peer, {})].map((r) => `${r.prefix} ${lineOf(r.attributes)}`);
    check(isDeepStrictEqual(probe.lines(), sent.sort()), 'a peer has heard what we believe to have told it');
    for (const { out, exporter, table } of peer.established.exchanges.values()) {
      // After a restart of ours nothing may be said for a while (RFC 4724 §4.1).
      if (out.waiting > 0) continue;
      for (let p = 1; p < table.prefixes.limit; p++)
        if (table.prefixes.has(p)) check(out.told(p) === exporter.of(p), 'a peer is told what it should be');
    }
  }
  const c = desk.probes.get('c');
  check(c?.established && c.connected, 'the others keep their sessions');
  check(!c.got.some((m) => m.kind === 'notification'), 'the others are told nothing of it');
}

/** One message from a peer whose session stands, among others; then the session's end, and a new one. */
export function speaker(bytes: Uint8Array, agreed: Agreed, random: Random): void {
  const { desk, a, c } = scene(agreed, random);
  const times = random.pick([1, 1, 1, 2, 50]);
  for (let i = 0; i < times && a.connected; i++) a.bytes(bytes);
  sound(desk);
  check(
    desk.routes().some((r) => r.startsWith('198.51.100.0/24 from c')),
    "nobody else's routes are touched",
  );
  if (!a.connected && a.last) {
    const { code } = a.last;
    check(code >= 1 && code <= 8, 'last words have a meaning');
    check(encodeMessage(a.last, agreed).length <= 4096, 'last words can be read');
  }
  if (a.connected) a.break();
  desk.pass(1_000_000);
  sound(desk);
  check(!desk.routes().some((r) => r.includes('from a:')), 'in the end nothing is left of it');
  check(c.lines().length === 0, 'and nobody believes otherwise');
}

/** The same stream whole, and cut anywhere: the same answers and the same routes. */
export function chunks(bytes: Uint8Array, agreed: Agreed, random: Random): void {
  const dice = random.u32();
  const [whole, cut] = [scene(agreed, new Random(dice)), scene(agreed, new Random(dice))];
  const more = whole.a.update('10.9.0.0/16', '64501 64509');
  const good = encodeMessage(more, { ...whole.a.writes, addPath: [] });
  const parts = [good, bytes, random.chance(0.5) ? bytes : good, good];
  const stream = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    stream.set(part, at);
    at += part.length;
  }
  whole.a.bytes(stream);
  for (let from = 0; from < stream.length; ) {
    const to =
      from + (stream.length < 3000 && random.chance(0.3) ? 1 : random.between(1, 1 + (stream.length >> 2)));
    cut.a.bytes(stream.slice(from, to));
    from = to;
  }
  const said = ({ desk, a, c }: typeof whole) => ({
    routes: desk.routes().sort(),
    last: a.last,
    connected: a.connected,
    heard: c.lines(),
    counts: desk.speaker.peers.get('a')?.counters.messagesIn,
  });
  check(isDeepStrictEqual(said(whole), said(cut)), 'it does not matter how a stream is cut');
}

/** Random events of every kind between which damaged messages arrive. */
export function life(bytes: Uint8Array, _: Agreed, random: Random): void {
  const desk = threePeers(random);
  const steps = random.between(1, 25);
  const when = random.below(steps);
  for (let i = 0; i < steps; i++) {
    somethingHappens(desk, random);
    const probe = desk.probes.get(random.pick(['a', 'b'])) as Probe;
    if (i === when && probe.connected) probe.bytes(bytes);
  }
  comeToRest(desk);
  sound(desk);
}

/** One peer's machine under any events in any order, with messages as values. */
export function machine(bytes: Uint8Array, agreed: Agreed, random: Random): void {
  const decoded = decodeMessage(bytes, agreed);
  const message: Message | undefined = decoded.ok ? decoded.message : undefined;
  let now: Instant = instant(0);
  let p: PeerState = newPeer({
    localAsn: 64500,
    localId: '10.0.0.1' as Address,
    remoteAsn: random.pick([64501, 64500, 'any' as const]),
    passive: random.chance(0.3),
    bfd: random.pick(['off', 'on', 'strict'] as const),
    ...(random.chance(0.5) ? { gracefulRestart: { restartTime: seconds(random.below(200)) } } : {}),
    ...(random.chance(0.3)
      ? { role: random.pick(['peer', 'customer'] as const), roleStrict: random.chance(0.5) }
      : {}),
    seed: random.u32(),
  });
  for (let i = random.between(1, 60); i > 0; i--) {
    if (random.chance(0.4)) now = instant(now + random.pick([0, 1, 1000, 5001, 90_000, 400_000]));
    const before = JSON.stringify(p);
    const event = anyEvent(message, random);
    const [next, effects] = stepPeer(p, event, now);
    check(JSON.stringify(p) === before, 'a step leaves the old state alone');
    check(isDeepStrictEqual(stepPeer(p, event, now), [next, effects]), 'the same step gives the same');
    for (const effect of effects)
      if (effect.do === 'send')
        encodeMessage(effect.message, { asn4: true, extendedMessage: false, addPath: [] });
    check(effects.length < 32, 'a step asks for a bounded number of things');
    p = next;
    for (let n = 0, due = peerDue(p); due !== undefined && due <= now; due = peerDue(p)) {
      check(++n < 20, 'deadlines come to an end');
      p = stepPeer(p, { kind: 'due' }, now)[0];
    }
    viewOf(p, now);
    welcome(p, now);
    check(
      !(p.outgoing?.phase === 'established' && p.incoming?.phase === 'established'),
      'one session at a time',
    );
    if (p.admin === 'down') check(!p.outgoing && !p.incoming, 'a stopped peer has no connection');
  }
}

function anyEvent(message: Message | undefined, random: Random): PeerEvent {
  const link: LinkName = random.pick(['outgoing', 'incoming']);
  const ends = { local: '192.0.2.1' as Address, remote: '192.0.2.2' as Address };
  const open = {
    kind: 'open' as const,
    version: 4,
    asn: 64501,
    holdTime: random.pick([0, 3, 90]),
    id: '10.0.0.2' as Address,
    capabilities: message?.kind === 'open' && random.chance(0.5) ? message.capabilities : [],
  };
  switch (random.below(18)) {
    case 0:
      return { kind: 'start', restarting: random.chance(0.3) };
    case 1:
      return { kind: 'stop', subcode: random.pick([1, 2, 3, 9, 300]), text: 'x'.repeat(random.below(300)) };
    case 2:
    case 3:
      return { kind: 'tcpUp', link, ...ends };
    case 4:
      return { kind: 'tcpDown', link, why: 'reset' };
    case 5:
    case 6:
      return { kind: 'open', link, open: message?.kind === 'open' && random.chance(0.3) ? message : open };
    case 7:
    case 8:
      return { kind: 'keepalive', link };
    case 9:
      return message?.kind === 'notification'
        ? { kind: 'notification', link, notification: message }
        : { kind: 'update', link };
    case 10:
      return message?.kind === 'routeRefresh'
        ? { kind: 'refresh', link, refresh: message }
        : {
            kind: 'refresh',
            link,
            refresh: { kind: 'routeRefresh', family: IPV4_UNICAST, subtype: 'begin' },
          };
    case 11:
      return { kind: 'endOfRib', link, family: random.pick([IPV4_UNICAST, IPV6_UNICAST]) };
    case 12:
      return {
        kind: 'malformed',
        link,
        notification: { kind: 'notification', code: random.below(256), subcode: random.below(256), data: '' },
        why: 'x',
      };
    case 13:
      return { kind: 'prefixLimit', family: IPV4_UNICAST, limit: random.u32() };
    case 14:
      return { kind: random.pick(['sent', 'blocked']), link };
    case 15:
      return { kind: random.pick(['bfdDown', 'bfdUp']) };
    default:
      return { kind: 'due' };
  }
}
