import { describe, expect, test } from 'vitest';
import { type Community, type Prefix, toHex } from '../base/index.ts';
import { decodeMessage, encodeMessage, endOfRibMarker, IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import { attributesOf, CANONICAL } from './section.ts';
import { announce, type Node, pair, World } from './world.test-support.ts';

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
