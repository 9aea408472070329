import { describe, expect, test } from 'vitest';
import { type Community, type Prefix, toHex } from '../base/index.ts';
import { decodeMessage, encodeMessage, endOfRibMarker, IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import { attributesOf, CANONICAL } from './section.ts';
import { announce, type Node, pair, peerOf, World } from './world.test-support.ts';

const PREFIX = '203.0.113.0/24' as Prefix;

describe('two speakers', () => {
  test('a route goes out with our AS in front and ourselves as next hop (RFC 4271 §5.1.2, §5.1.3)', () => {
    const world = new World();
    const [a, b] = pair(world, [64500, 64501]);
    announce(a, PREFIX, [{ kind: 'communities', communities: ['64500:1' as Community] }]);
    world.run(2000);
    expect(b.routes()).toEqual(['203.0.113.0/24 from as64500 [64500] best']);
    expect(bestAttributes(b)).toEqual([
      { kind: 'origin', origin: 'igp' },
      { kind: 'asPath', path: [{ kind: 'sequence', asns: [64500] }] },
      { kind: 'nextHop', nextHop: '192.0.2.1' },
      { kind: 'communities', communities: ['64500:1'] },
    ]);
    a.feed({ kind: 'withdraw', prefix: PREFIX });
    world.run(100);
    expect(b.routes()).toEqual([]);
  });

  test('while it is held nobody is told anything, not even End-of-RIB, and the session lives on', () => {
    const world = new World();
    const [a, b] = pair(world, [64500, 64501], { families: [IPV4_UNICAST, IPV6_UNICAST] });
    a.feed({ kind: 'hold', on: true });
    announce(a, PREFIX);
    world.run(200_000);
    expect(a.state('as64501')).toBe('established');
    expect(updatesFrom(a)).toEqual([]);
    expect(b.routes()).toEqual([]);
    a.feed({ kind: 'hold', on: false });
    world.run(100);
    expect(b.routes()).toEqual(['203.0.113.0/24 from as64500 [64500] best']);
    const markers = [IPV4_UNICAST, IPV6_UNICAST].map((f) =>
      toHex(encodeMessage(endOfRibMarker(f), CANONICAL)),
    );
    expect(updatesFrom(a)).toEqual([expect.any(String), ...markers]);
    expect(a.downs()).toEqual([]);
  });
});

describe('three speakers in a ring', () => {
  /** 64500 originates; 64501 and 64502 have it from there, and each from the other. */
  function ring(): { world: World; nodes: readonly [Node, Node, Node] } {
    const world = new World();
    const nodes = [64500, 64501, 64502].map((asn, i) => world.node(asn, `192.0.2.${i + 1}`));
    const [a, b, c] = nodes as [Node, Node, Node];
    for (const [x, y] of [
      [a, b],
      [b, c],
      [c, a],
    ] as const) {
      x.addPeer(peerOf(x, y));
      y.addPeer(peerOf(y, x));
    }
    for (const node of nodes) node.start();
    announce(a, PREFIX);
    world.run(5000);
    return { world, nodes: [a, b, c] };
  }

  test('know the way round, and take it when the straight one breaks', () => {
    const { world, nodes } = ring();
    const [a, b, c] = nodes;
    expect(b.routes()).toEqual([
      '203.0.113.0/24 from as64500 [64500] best',
      '203.0.113.0/24 from as64502 [64502 64500] AS path length (RFC 4271 §9.1.2.2 a)',
    ]);
    world.break(a, 'as64501');
    world.run(100);
    expect(b.routes()).toEqual(['203.0.113.0/24 from as64502 [64502 64500] best']);
    // What it has from 64502 it does not offer back.
    expect(c.routes()).toEqual(['203.0.113.0/24 from as64500 [64500] best']);
    world.run(60_000);
    expect(b.routes()[0]).toBe('203.0.113.0/24 from as64500 [64500] best');
  });

  test('forget a prefix that its origin takes back, and go in no circles after it', () => {
    const { world, nodes } = ring();
    nodes[0].feed({ kind: 'withdraw', prefix: PREFIX });
    world.run(1000);
    expect(nodes.map((n) => n.routes())).toEqual([[], [], []]);
  });

  test('notice within a hold time that a site has lost its power, and have it back when it returns (RFC 4271 §6.5)', () => {
    const { world, nodes } = ring();
    const [a, b, c] = nodes;
    world.cut.add(a.address);
    world.run(80_000);
    expect(b.routes()).toHaveLength(2);
    world.run(10_000);
    expect([b.routes(), c.routes(), a.state('as64501')]).toEqual([[], [], 'down']);
    expect(b.downs()).toEqual([expect.stringContaining('nothing was heard for 90 s')]);
    world.cut.clear();
    world.run(120_000);
    expect(b.routes()).toHaveLength(2);
    expect(b.state('as64500')).toBe('established');
  });
});

/** The attributes of the best route to the prefix. */
function bestAttributes(node: Node) {
  const { rib } = node.speaker;
  const table = rib.table(IPV4_UNICAST);
  const section = table.bestAttributes[table.prefixes.findText(PREFIX)] as number;
  return attributesOf(rib.store.view(section));
}

/** The UPDATEs that a node has written to all its peers, as hexadecimal. */
function updatesFrom(node: Node): readonly string[] {
  const messages: string[] = [];
  for (const bytes of [...node.wrote.values()].flat()) {
    for (let at = 0; at < bytes.length; ) {
      const end = at + (((bytes[at + 16] as number) << 8) | (bytes[at + 17] as number));
      const message = bytes.subarray(at, end);
      const decoded = decodeMessage(message, CANONICAL);
      if (decoded.ok && decoded.message.kind === 'update') messages.push(toHex(message));
      at = end;
    }
  }
  return messages;
}
