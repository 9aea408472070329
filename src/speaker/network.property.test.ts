// biome-ignore-all lint/suspicious/noThenProperty: rules are `when`, `then`, `end`; none of these is awaited.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Address, type Prefix, Random } from '../base/index.ts';
import { compile, type Policy, type Rule } from '../policy/index.ts';
import type { PeerConfig } from '../session/index.ts';
import { type Attribute, type Family, IPV4_UNICAST, IPV6_UNICAST, pathLength } from '../wire/index.ts';
import { advertised, type RouteView, routes, whyAdvertised } from './index.ts';
import { lineOf } from './notation.test-support.ts';
import { announce, type Node, peerOf, World } from './world.test-support.ts';

const PREFIXES: readonly string[] = [
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.0/24',
  '203.0.113.0/24',
  '0.0.0.0/0',
  '2001:db8::/32',
  '2001:db8:53::/48',
  '2001:db8:53::1/128',
];

/** Policies of which none prefers a longer path, so that every network has one state to come to rest in. */
const POLICIES: readonly Policy[] = [
  { rules: [{ end: 'accept' }] },
  { rules: [{ end: 'reject' }] },
  { rules: [no('10.1.0.0/16'), no('2001:db8::/32'), { then: { prepend: 2 }, end: 'accept' }] },
  { rules: [no('10.0.0.0/8'), { then: { communities: { add: ['64999:7'] } }, end: 'accept' }] },
  { rules: [{ when: { communities: ['64999:7'] }, end: 'reject' }, { end: 'accept' }] },
  { rules: [{ when: { source: [{ kind: 'local' }] }, then: { origin: 'egp' } }, { end: 'accept' }] },
];

function no(prefix: string): Rule {
  return { when: { prefix: [{ prefix: prefix as Prefix }] }, end: 'reject' };
}

interface Cable {
  readonly a: number;
  readonly b: number;
  readonly restarts: boolean;
  readonly refreshes: boolean;
  readonly long: boolean;
  readonly families: readonly Family[];
}

type Act = { readonly wait: number; readonly node: number; readonly cable: number } & (
  | { readonly do: 'announce'; readonly prefix: number; readonly how: number }
  | { readonly do: 'withdraw'; readonly prefix: number }
  | { readonly do: 'break' | 'refresh' | 'stop' | 'start' | 'replace' }
  | { readonly do: 'import' | 'export'; readonly policy: number }
);

interface Network {
  readonly asns: readonly number[];
  readonly cables: readonly Cable[];
  readonly acts: readonly Act[];
}

const families = fc.constantFrom<readonly Family[]>(
  [IPV4_UNICAST, IPV6_UNICAST],
  [IPV4_UNICAST, IPV6_UNICAST],
  [IPV4_UNICAST],
  [IPV6_UNICAST],
);
const flags = { restarts: fc.boolean(), refreshes: fc.boolean(), long: fc.boolean(), families };
const at = { wait: fc.constantFrom(0, 0, 3, 200, 1500, 20_000), node: fc.nat(4), cable: fc.nat(9) };
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ ...at, do: fc.constant('announce' as const), prefix: fc.nat(7), how: fc.nat(3) }),
  },
  { weight: 3, arbitrary: fc.record({ ...at, do: fc.constant('withdraw' as const), prefix: fc.nat(7) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      ...at,
      do: fc.constantFrom('break' as const, 'refresh' as const, 'replace' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ ...at, do: fc.constantFrom('stop' as const, 'start' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      ...at,
      do: fc.constantFrom('import' as const, 'export' as const),
      policy: fc.nat(5),
    }),
  },
);

/** Two to five speakers in up to three ASes; all in one AS are joined to each other, the others at random. */
const network: fc.Arbitrary<Network> = fc
  .array(fc.constantFrom(64500, 64501, 64502, 64503, 64503), { minLength: 2, maxLength: 5 })
  .chain((asns) => {
    const all = asns.flatMap((_, a) => asns.slice(a + 1).map((__, i) => [a, a + 1 + i] as const));
    const inside = all.filter(([a, b]) => asns[a] === asns[b]);
    const outside = all.filter(([a, b]) => asns[a] !== asns[b]);
    return fc.record({
      asns: fc.constant(asns),
      cables: fc
        .subarray(outside, { minLength: Math.min(1, outside.length) })
        .chain((some) =>
          fc.tuple(
            ...[...inside, ...some].map(([a, b]) =>
              fc.record({ a: fc.constant(a), b: fc.constant(b), ...flags }),
            ),
          ),
        ),
      acts: fc.array(act, { maxLength: 25 }),
    });
  });

const name = (node: Node) => node.address as string;

/** Builds the network, lets everything happen to it, and gives it time to come to rest. */
function live({ asns, cables, acts }: Network, seed: number, lazy: boolean): World {
  const random = new Random(seed);
  const world = new World();
  world.lazy = lazy;
  if (seed !== 0)
    world.pieces = (bytes) => {
      const out: [number, Uint8Array][] = [];
      for (let from = 0; from < bytes.length; ) {
        const to = from + (random.chance(0.2) ? 1 : random.between(1, 80));
        out.push([random.chance(0.1) ? random.below(40) : 0, bytes.slice(from, to)]);
        from = to;
      }
      return out;
    };
  const nodes = asns.map((asn, i) => world.node(asn, `192.0.2.${i + 1}`));
  const join = (node: Node, other: Node, cable: Cable) => {
    const session: Partial<PeerConfig> = {
      families: cable.families,
      enhancedRefresh: cable.refreshes,
      extendedMessage: cable.long,
      seed: Number(node.address.split('.')[3]),
      ...(cable.restarts ? { gracefulRestart: {} } : {}),
    };
    const six = `2001:db8:ffff::${node.address.split('.')[3]}` as Address;
    return peerOf(node, other, session, {
      name: name(other),
      nextHopSelf: true,
      nextHop: { [IPV6_UNICAST]: six },
    });
  };
  for (const c of cables) {
    const [a, b] = [nodes[c.a] as Node, nodes[c.b] as Node];
    a.addPeer(join(a, b, c));
    b.addPeer(join(b, a, c));
  }
  for (const node of nodes) node.start();
  for (const one of acts) {
    world.run(one.wait);
    const node = nodes[one.node % nodes.length] as Node;
    const cable = cables[one.cable % Math.max(1, cables.length)];
    const prefix = PREFIXES['prefix' in one ? one.prefix : 0] as Prefix;
    if (one.do === 'announce') announce(node, prefix, said(one.how, prefix));
    else if (one.do === 'withdraw') node.feed({ kind: 'withdraw', prefix });
    else if (cable) {
      const [a, b] = [nodes[cable.a] as Node, nodes[cable.b] as Node];
      const peer = name(b);
      if (one.do === 'break') world.break(a, peer);
      else if (one.do === 'refresh')
        for (const family of cable.families) a.feed({ kind: 'refresh', peer, family });
      else if (one.do === 'stop') a.feed({ kind: 'event', peer, event: { kind: 'stop', subcode: 2 } });
      else if (one.do === 'start') a.feed({ kind: 'event', peer, event: { kind: 'start' } });
      else if (one.do === 'replace') {
        a.feed({ kind: 'removePeer', peer });
        a.addPeer(join(a, b, cable));
        a.feed({ kind: 'event', peer, event: { kind: 'start' } });
      } else if (one.do === 'import' || one.do === 'export')
        a.feed({ kind: 'policy', peer, [one.do]: POLICIES[one.policy] as Policy });
    }
  }
  for (const c of cables) {
    // Whatever was stopped is started, so that there is one end to compare.
    const a = nodes[c.a] as Node;
    a.feed({ kind: 'event', peer: name(nodes[c.b] as Node), event: { kind: 'start' } });
  }
  world.run(400_000);
  return world;
}

function said(how: number, prefix: string): readonly Attribute[] {
  if (how === 0) return [];
  if (how === 1) return [{ kind: 'origin', origin: 'incomplete' }];
  if (how === 2) return [{ kind: 'communities', communities: ['65535:65281' as never] }];
  return prefix.includes(':')
    ? [{ kind: 'unknown', code: 99, flags: 0xc0, data: '0102' }]
    : [{ kind: 'largeCommunities', communities: ['64500:1:2' as never] }];
}

const table = (node: Node, selection = {}): readonly RouteView[] => [...routes(node.speaker, selection, 0)];

/** Everything that each speaker holds, in lines. */
function state(world: World): readonly string[] {
  return world.nodes.flatMap((node) =>
    table(node)
      .map((r) => `${node.address} ${r.prefix} from ${r.peer ?? 'here'} ${lineOf(r.attributes)} ${r.best}`)
      .sort(),
  );
}

/** Which of two eligible routes is better: the decision process, as RFC 4271 §9.1.2.2 tells it. */
function better(node: Node, a: RouteView, b: RouteView): number {
  const facts = (r: RouteView) => {
    const peer = r.peer === undefined ? undefined : node.speaker.peers.get(r.peer);
    const path = r.attributes.find((x) => x.kind === 'asPath');
    const origin = r.attributes.find((x) => x.kind === 'origin');
    const external = peer && peer.options.session.remoteAsn !== node.speaker.options.asn;
    return [
      peer ? 1 : 0,
      path?.kind === 'asPath' ? pathLength(path.path) : 0,
      ['igp', 'egp', 'incomplete'].indexOf(origin?.kind === 'origin' ? origin.origin : ''),
      external ? 0 : 1,
      Number(peer?.options.address.split('.')[3] ?? 0),
    ];
  };
  const [x, y] = [facts(a), facts(b)];
  for (const [i, n] of x.entries()) if (n !== y[i]) return n - (y[i] as number);
  return 0;
}

function checkTables(world: World): void {
  for (const node of world.nodes) {
    for (const peer of node.speaker.peers.values()) {
      const other = world.nodes.find((n) => n.address === peer.options.address) as Node;
      expect(`${node.address}-${peer.name} ${node.state(peer.name)}`).toContain('established');
      // What was said is what exporting now would say …
      for (const [family, exchange] of peer.established?.exchanges ?? []) {
        expect(exchange.out.waiting).toBe(0);
        const { prefixes } = node.speaker.rib.table(family);
        for (let p = 1; p < prefixes.limit; p++) {
          if (!prefixes.has(p)) continue;
          expect(exchange.out.told(p)).toBe(exchange.exporter.of(p));
          const why = whyAdvertised(node.speaker, peer, prefixes.text(p));
          expect(why === 'told').toBe(exchange.out.told(p) !== 0);
        }
      }
      // … and is what the other end holds.
      const sent = [...advertised(node.speaker, peer, {})].map((r) => `${r.prefix} ${lineOf(r.attributes)}`);
      const held = table(other, { peer: name(node), received: true }).map((r) => {
        expect(r.stale).toBe(false);
        return `${r.prefix} ${lineOf(r.attributes)}`;
      });
      expect(held.sort()).toEqual(sent.sort());
    }
  }
}

function checkChoices(world: World): void {
  for (const node of world.nodes) {
    const { asn } = node.speaker.options;
    const raw = table(node, { received: true });
    for (const prefix of new Set(raw.map((r) => r.prefix))) {
      const views = table(node, { prefix });
      for (const r of views) {
        if (r.peer === undefined) continue;
        const received = raw.find((x) => x.prefix === prefix && x.peer === r.peer)?.attributes ?? [];
        const path = received.find((a) => a.kind === 'asPath');
        const loops = path?.kind === 'asPath' && path.path.some((s) => s.asns.includes(asn));
        const peer = node.speaker.peers.get(r.peer);
        const policy = compile(peer?.import.policy ?? { rules: [] }, { localAsn: asn });
        const neighbor = { asn: 1, address: peer?.options.address as Address, kind: 'ebgp' as const };
        const outcome = policy.evaluate({
          prefix,
          family: r.family,
          attributes: received,
          neighbor,
          source: undefined,
          validation: 'unverified',
        });
        expect([prefix, r.peer, r.refused]).toEqual([prefix, r.peer, loops || !outcome.accept]);
      }
      const eligible = views.filter((r) => !r.refused).sort((a, b) => better(node, a, b));
      expect(views.filter((r) => r.best)).toEqual(eligible.slice(0, 1));
    }
  }
}

describe('any network, whatever happens to it, once it has come to rest', () => {
  test('holds at each end what the other end says that it has told, and chooses as the RFC does', () => {
    fc.assert(
      fc.property(network, fc.nat(), fc.boolean(), (n, seed, lazy) => {
        const world = live(n, seed, lazy);
        checkTables(world);
        checkChoices(world);
      }),
      { numRuns: 60 },
    );
  });

  test('is in the same state however its bytes were cut and its work was put off', () => {
    fc.assert(
      fc.property(network, fc.integer({ min: 1 }), (n, seed) => {
        expect(state(live(n, seed, true))).toEqual(state(live(n, 0, false)));
      }),
      { numRuns: 40 },
    );
  });
});
