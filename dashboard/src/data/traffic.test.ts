import { expect, test } from 'vitest';
import { type Body, Timeline } from '../../../src/control/index.ts';
import { BEGAN, move, network } from '../testing/snapshot.test-support.ts';
import { columnsOf, trafficOf } from './traffic.ts';

const first = network('fra nyc', 'lon chi');
const at = (seconds: number) => BEGAN + seconds * 1000;
const rate = (seq: number, site: string, perSecond: number) => {
  const body: Body = { kind: 'traffic', vantages: {}, sites: { [site]: { asked: 1, perSecond } } };
  return { ...body, run: 'r1', seq, at: at(seq) };
};
const seconds = (c: { readonly seconds: readonly number[] }) => c.seconds.map((s) => s - BEGAN / 1000);

test('rates stand until they are said anew, and a site that is not named keeps its own', () => {
  const timeline = new Timeline(first);
  timeline.push(rate(1, 'fra', 5));
  timeline.push(rate(2, 'nyc', 7));
  timeline.push(rate(3, 'fra', 0));
  const c = columnsOf(trafficOf(timeline), { from: at(0), to: at(10) }, at(10));
  expect(seconds(c)).toEqual([0, 1, 2, 3, 10]);
  expect(c.rates).toEqual([
    [0, 5, 5, 0, 0],
    [0, 0, 7, 7, 7],
  ]);
});

test('a part of the time begins with what was true before it, and ends where knowledge ends', () => {
  const timeline = new Timeline(first);
  timeline.push(rate(1, 'fra', 5));
  timeline.push(rate(2, 'fra', 9));
  const c = columnsOf(trafficOf(timeline), { from: at(1.5), to: at(100) }, at(50));
  expect(seconds(c)).toEqual([1.5, 2, 50]);
  expect(c.rates[0]).toEqual([5, 9, 9]);
});

test('the round trip is the mean of the people who land somewhere; the others are counted as lost', () => {
  const timeline = new Timeline(first);
  const { users: lon, landing: near } = first.vantages['127.1.0.1']!;
  const { users: chi, landing: other } = first.vantages['127.2.0.1']!;
  timeline.push(move(timeline.latest, '127.1.0.1', undefined, 1));
  const c = columnsOf(trafficOf(timeline), { from: at(0), to: at(1) }, at(1));
  expect(c.rttMs[0]).toBeCloseTo((lon * near.rttMs + chi * other.rttMs) / (lon + chi));
  expect(c.rttMs[1]).toBeCloseTo(other.rttMs);
  expect(c.lost[1]).toBeCloseTo((100 * lon) / (lon + chi));
  timeline.push(move(timeline.latest, '127.2.0.1', undefined, 2));
  expect(columnsOf(trafficOf(timeline), { from: at(2), to: at(3) }, at(3)).rttMs).toEqual([null, null]);
});

test('a day of counts is thinned out, and keeps its first and its last', () => {
  const timeline = new Timeline(first, { most: 20_000 });
  for (let seq = 1; seq <= 10_000; seq++) timeline.push(rate(seq, 'fra', seq));
  const c = columnsOf(trafficOf(timeline), { from: at(0), to: at(10_000) }, at(10_000));
  expect(c.seconds.length).toBeLessThanOrEqual(3002);
  expect([c.rates[0]?.[0], c.rates[0]?.at(-1)]).toEqual([0, 10_000]);
});
