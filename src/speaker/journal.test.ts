import { describe, expect, test } from 'vitest';
import { Random, toHex } from '../base/index.ts';
import { type Entry, play, routes, type Speaker } from './index.ts';
import { lineOf } from './notation.test-support.ts';
import type { Desk } from './probe.test-support.ts';
import { comeToRest, somethingHappens, threePeers } from './rummage.test-support.ts';

function lived(seed: number): Desk {
  const random = new Random(seed);
  const desk = threePeers(random);
  for (let i = 0; i < 150; i++) somethingHappens(desk, random);
  comeToRest(desk);
  return desk;
}

const lines = (speaker: Speaker) =>
  [...routes(speaker, {}, 0)].map(
    (r) => `${r.prefix} ${r.peer} ${r.best} ${r.stale} ${lineOf(r.attributes)}`,
  );

describe('a journal', () => {
  test.each(Array.from({ length: 30 }, (_, i) => i + 1))(
    'played again gives the same bytes and the same routes (seed %i)',
    (seed) => {
      const desk = lived(seed);
      const bytes: string[] = [];
      let speaker: Speaker | undefined;
      for (const step of play(desk.journal)) {
        speaker = step.speaker;
        if (step.entry.kind === 'pull') bytes.push(toHex(step.bytes ?? new Uint8Array(0)));
      }
      expect(bytes).toEqual(desk.pulled.map(toHex));
      expect(speaker && lines(speaker)).toEqual(lines(desk.speaker));
      expect([...(speaker?.peers.values() ?? [])].map((p) => p.machine)).toEqual(
        [...desk.speaker.peers.values()].map((p) => p.machine),
      );
    },
  );

  test('that holds two lives shows the second one, and passes over what stands before the first', () => {
    const [one, two] = [lived(1), lived(2)];
    const stray: Entry = { at: one.now, kind: 'work' };
    const played = [...play([stray, ...one.journal, ...two.journal])];
    expect(played).toHaveLength(one.journal.length + two.journal.length);
    expect(lines(played.at(-1)?.speaker as Speaker)).toEqual(lines(two.speaker));
  });

  test('of a peer that is not there, or a connection that is not, plays without harm', () => {
    const desk = lived(3);
    const odd: readonly Entry[] = [
      { at: desk.now, kind: 'pull', peer: 'nobody', link: 'incoming' },
      { at: desk.now, kind: 'bytes', peer: 'nobody', link: 'incoming', bytes: new Uint8Array(30) },
      { at: desk.now, kind: 'bytes', peer: 'c', link: 'outgoing', bytes: new Uint8Array(30) },
      { at: desk.now, kind: 'removePeer', peer: 'nobody' },
      { at: desk.now, kind: 'policy', peer: 'nobody' },
      { at: desk.now, kind: 'event', peer: 'nobody', event: { kind: 'bfdUp' } },
    ];
    const played = [...play([...desk.journal, ...odd])];
    expect(lines(played.at(-1)?.speaker as Speaker)).toEqual(lines(desk.speaker));
  });
});
