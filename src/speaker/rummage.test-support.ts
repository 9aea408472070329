// biome-ignore-all lint/suspicious/noThenProperty: rules are `when`, `then`, `end`; none of these is awaited.
/** Anything at all happening to one speaker and three peers, by chance from a seed: for properties, the journal and the fuzzer. */
import { type Prefix, type Random, seconds } from '../base/index.ts';
import type { Policy } from '../policy/index.ts';
import { DEFAULT_DECISION } from '../rib/index.ts';
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import { Desk, type Manners, type Probe } from './probe.test-support.ts';

const FAMILIES = [IPV4_UNICAST, IPV6_UNICAST];

const POLICIES: readonly Policy[] = [
  { rules: [{ end: 'accept' }] },
  { rules: [] },
  {
    rules: [
      { when: { prefix: [{ prefix: '10.0.0.0/8' as Prefix, orLonger: true }] }, end: 'reject' },
      { end: 'accept' },
    ],
  },
  { rules: [{ then: { prepend: 1, med: 9, communities: { add: ['64500:9'] } }, end: 'accept' }] },
  { rules: [{ when: { source: [{ kind: 'local' }] }, end: 'accept' }] },
  { rules: [{ then: { localPref: 200, nextHop: 'unchanged' }, end: 'accept' }] },
];

const LINES = [
  '64501',
  '64501 64502 {64503}',
  '64501; med 7',
  '64501; comm 65535:65281 64500:1',
  '64501; otc 64501',
  '64501; large 1:2:3',
  '64501; x99/c0 01',
  '64501; origin egp; aggregator 4200000000 10.0.0.1',
];

/** Three peers, each with manners of its own; the third is the one that never misbehaves by itself. */
export function threePeers(random: Random, watch = true): Desk {
  const desk = new Desk({ deferral: seconds(20) });
  const manners = (): Manners => ({
    asn4: random.chance(0.8),
    extendedMessage: random.chance(0.5),
    enhancedRefresh: random.chance(0.5),
    holdTime: random.pick([0, 9, 90]),
    ...(random.chance(0.5) ? { gracefulRestart: { families: FAMILIES, kept: random.chance(0.8) } } : {}),
    ...(random.chance(0.2) ? { families: [random.pick(FAMILIES)] } : {}),
  });
  for (const [name, asn] of [
    ['a', 64501],
    ['b', random.pick([64500, 64502])],
    ...(watch ? ([['c', 64503]] as const) : []),
  ] as const) {
    const own = name === 'c' ? { holdTime: 0 } : manners();
    const probe = desk.peer(name, asn, own, {
      nextHop: { [IPV6_UNICAST]: '2001:db8::1' as never },
      session: {
        gracefulRestart: {},
        sendHoldTime: seconds(30),
        ...(random.chance(0.3) ? { role: 'peer' as const } : {}),
      },
      ...(name !== 'c' && random.chance(0.2)
        ? { prefixLimit: { [IPV4_UNICAST]: { limit: 6, warnAt: 3 } } }
        : {}),
    });
    probe.add().connect();
  }
  return desk;
}

/** One thing that happens, to a peer other than the watcher or to the speaker itself. */
export function somethingHappens(desk: Desk, random: Random): void {
  const probe = desk.probes.get(random.pick(['a', 'b'])) as Probe;
  const peer = probe.name;
  const prefix = random.chance(0.8)
    ? `10.${random.below(3)}.${random.below(4)}.0/24`
    : `2001:db8:${random.below(8)}::/48`;
  const family: Family = random.pick(FAMILIES);
  desk.works = random.chance(0.5);
  switch (random.below(17)) {
    case 0:
    case 1:
    case 2:
    case 3:
      if (probe.connected)
        probe.announce(prefix, `${random.pick(LINES)}`.replace('64501', String(probe.asn)));
      break;
    case 4:
    case 5:
      if (probe.connected) probe.withdraw(prefix);
      break;
    case 6:
      if (probe.connected)
        probe.send({ kind: 'routeRefresh', family, subtype: random.pick(['request', 'begin', 'end']) });
      break;
    case 7:
      if (!probe.connected) probe.reconnect();
      else if (random.chance(0.5)) probe.break();
      break;
    case 8:
      desk.feed({ kind: 'policy', peer, [random.pick(['import', 'export'])]: random.pick(POLICIES) });
      break;
    case 9:
      if (random.chance(0.6)) desk.announce(prefix, random.pick(['', '; med 3', '; comm 65535:65282']));
      else desk.withdraw(prefix);
      break;
    case 10:
      desk.pass(random.pick([0, 1, 900, 4000, 31_000, 130_000]));
      break;
    case 11:
      desk.feed({ kind: 'refresh', peer, family });
      break;
    case 12:
      probe.stalled = random.chance(0.3);
      probe.read();
      break;
    case 13:
      if (probe.connected)
        for (const f of FAMILIES)
          probe.send({
            kind: 'update',
            withdrawn: [],
            attributes: f === IPV4_UNICAST ? [] : [{ kind: 'mpUnreach', family: f, withdrawn: [] }],
            announced: [],
          });
      break;
    case 15:
      desk.feed({ kind: 'hold', on: random.chance(0.3) });
      break;
    case 14:
      desk.feed({ kind: 'decision', options: { ...DEFAULT_DECISION, alwaysCompareMed: random.chance(0.5) } });
      break;
    default:
      desk.feed({ kind: 'event', peer, event: anyEvent(random) });
  }
  if (desk.works) desk.work();
}

function anyEvent(
  random: Random,
): Parameters<Desk['feed']>[0] extends infer I
  ? I extends { kind: 'event'; event: infer E }
    ? E
    : never
  : never {
  const link = random.pick(['outgoing', 'incoming'] as const);
  switch (random.below(7)) {
    case 0:
      return { kind: 'start', restarting: random.chance(0.3) };
    case 1:
      return {
        kind: 'stop',
        subcode: random.pick([2, 3, 4, 9]),
        ...(random.chance(0.5) ? { text: 'maintenance' } : {}),
      };
    case 2:
      return { kind: 'blocked', link };
    case 3:
      return { kind: 'sent', link };
    case 4:
      return { kind: 'bfdDown' };
    case 5:
      return { kind: 'tcpUp', link, local: '192.0.2.1' as never, remote: '192.0.2.10' as never };
    default:
      return { kind: 'tcpDown', link, why: 'no route to host' };
  }
}

/** Brings the desk to rest: everybody reads, all work is done, and what was stopped is up again. */
export function comeToRest(desk: Desk): void {
  desk.works = true;
  desk.feed({ kind: 'hold', on: false });
  desk.work();
  for (const probe of desk.probes.values()) {
    probe.stalled = false;
    probe.read();
  }
  desk.settle();
}
