import { describe, expect, test } from 'vitest';
import { Random } from '../base/index.ts';
import { advertised } from './index.ts';
import { lineOf } from './notation.test-support.ts';
import type { Desk } from './probe.test-support.ts';
import { comeToRest, somethingHappens, threePeers } from './rummage.test-support.ts';

/** What everybody was told, by what they heard and by what the speaker believes. */
function checkTold(desk: Desk): number {
  let routes = 0;
  for (const probe of desk.probes.values()) {
    const peer = desk.speaker.peers.get(probe.name);
    if (!peer?.established || !probe.connected) continue;
    const sent = [...advertised(desk.speaker, peer, {})].map((r) => `${r.prefix} ${lineOf(r.attributes)}`);
    expect(probe.lines()).toEqual(sent.sort());
    routes += sent.length;
    for (const exchange of peer.established.exchanges.values()) {
      const { out, exporter, table } = exchange;
      if (out.waiting > 0) continue;
      for (let p = 1; p < table.prefixes.limit; p++)
        if (table.prefixes.has(p)) expect(out.told(p)).toBe(exporter.of(p));
    }
  }
  return routes;
}

describe('one speaker and three peers, whatever happens', () => {
  test.each(Array.from({ length: 40 }, (_, i) => i + 100))(
    'what each peer heard is what the speaker believes it was told, and what it would tell it now (seed %i)',
    (seed) => {
      const random = new Random(seed);
      const desk = threePeers(random);
      for (let i = 0; i < 120; i++) {
        somethingHappens(desk, random);
        if (i % 20 !== 0) continue;
        comeToRest(desk);
        checkTold(desk);
      }
      comeToRest(desk);
      checkTold(desk);
      // The third peer does nothing wrong, so nothing ends its session.
      expect(desk.probes.get('c')?.established).toBe(true);
    },
  );

  test('such lives are full of routes and of sessions that end', () => {
    let [routes, downs, kept] = [0, 0, 0];
    for (let seed = 1; seed <= 10; seed++) {
      const random = new Random(seed);
      const desk = threePeers(random);
      for (let i = 0; i < 120; i++) somethingHappens(desk, random);
      comeToRest(desk);
      routes += checkTold(desk);
      for (const n of desk.notes) {
        if (n.kind === 'down') downs++;
        if (n.kind === 'down' && n.retained.length > 0) kept++;
      }
    }
    expect(routes).toBeGreaterThan(20);
    expect(downs).toBeGreaterThan(20);
    expect(kept).toBeGreaterThan(4);
  });
});
