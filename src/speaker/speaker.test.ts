import { describe, expect, test } from 'vitest';
import type { Community, Prefix } from '../base/index.ts';
import { IPV4_UNICAST } from '../wire/index.ts';
import { announce, type Node, pair, World } from './world.test-support.ts';

describe('two speakers', () => {
  test('a route goes out with our AS in front and ourselves as next hop (RFC 4271 §5.1.2, §5.1.3)', () => {
    const world = new World();
    const [a, b] = pair(world, [64500, 64501]);
    announce(a, '203.0.113.0/24', [{ kind: 'communities', communities: ['64500:1' as Community] }]);
    world.run(2000);
    expect(b.routes()).toEqual(['203.0.113.0/24 from as64500 [64500] best']);
    const [view] = [...viewsOf(b)];
    expect(view).toEqual([
      { kind: 'origin', origin: 'igp' },
      { kind: 'asPath', path: [{ kind: 'sequence', asns: [64500] }] },
      { kind: 'nextHop', nextHop: '192.0.2.1' },
      { kind: 'communities', communities: ['64500:1'] },
    ]);
    a.feed({ kind: 'withdraw', prefix: '203.0.113.0/24' as Prefix });
    world.run(100);
    expect(b.routes()).toEqual([]);
  });
});

function viewsOf(node: Node) {
  const { rib } = node.speaker;
  const table = rib.table(IPV4_UNICAST);
  return [table.prefixes.findText('203.0.113.0/24' as Prefix)].map(
    (p) => node.speaker && decodeSection(rib.store.view(table.bestAttributes[p] as number)),
  );
}

import { attributesOf as decodeSection } from './section.ts';
