import { expect, test } from 'vitest';
import { toUtf8 } from '../base/index.ts';
import { AsRelReader, readAsRel } from './as-rel.ts';
import { indexOf, nearestAsn, neighboursOf, relation } from './graph.ts';
import { formatTrouble, formatTroubles, MOST_TROUBLES } from './lines.ts';

const read = (...lines: string[]) => readAsRel(toUtf8(`${lines.join('\n')}\n`));

test('serial 1 and serial 2 give the same graph, with neighbours in ascending order of AS number', () => {
  const serial1 = read('# input clique: 10 20', '10|20|0', '20|5|-1', '10|7|-1', '10|5|-1', '5|7|0');
  const serial2 = read(
    '# input clique: 10 20',
    '10|20|0|bgp',
    '20|5|-1|bgp',
    '10|7|-1|ark',
    '10|5|-1|bgp,mlp',
    '5|7|0|mlp',
  );
  expect(serial2.graph).toEqual(serial1.graph);
  expect(serial1.clique).toEqual([10, 20]);
  const { graph } = serial1;
  const asnsOf = (kind: 'customers' | 'peers' | 'providers', asn: number) =>
    [...neighboursOf(graph[kind], indexOf(graph, asn))].map((i) => graph.asns[i]);
  expect([...graph.asns]).toEqual([5, 7, 10, 20]);
  expect(asnsOf('customers', 10)).toEqual([5, 7]);
  expect(asnsOf('providers', 5)).toEqual([10, 20]);
  expect(asnsOf('peers', 7)).toEqual([5]);
  expect(relation(graph, indexOf(graph, 10), indexOf(graph, 5))).toBe('customer');
  expect(relation(graph, indexOf(graph, 5), indexOf(graph, 10))).toBe('provider');
  expect(relation(graph, indexOf(graph, 20), indexOf(graph, 7))).toBeUndefined();
});

test('a pair named twice keeps its first line, and a contradiction is counted', () => {
  const { graph, repeated, contradicted } = read('1|2|-1', '2|1|0', '1|2|-1', '3|3|0', '2|3|0');
  expect([repeated, contradicted]).toEqual([2, 1]);
  expect(relation(graph, indexOf(graph, 1), indexOf(graph, 2))).toBe('customer');
  expect([...graph.asns]).toEqual([1, 2, 3]);
});

test('a malformed line costs itself only, and is said with its number and what was expected', () => {
  const bad = ['1|2', '1|2|3', 'x|2|0', '1|2|-0', '1|2|0x', '|2|0', '1||0', '1|4294967296|0', '1|2|1'];
  const { reading, graph } = read('1|2|0', ...bad, '2|3|-1');
  expect(reading.skipped).toBe(bad.length);
  expect(reading.lines).toBe(bad.length + 2);
  expect(graph.asns.length).toBe(3);
  expect(formatTrouble('as-rel.txt', reading.troubles[0]!)).toBe(
    'as-rel.txt:2: found "1|2"; expected provider|customer|-1 or peer|peer|0, with a source after it in serial 2; line skipped',
  );
});

test('a link of an AS with itself, and AS 0 (RFC 7607), are left out, counted, and said with their line', () => {
  const { reading, graph } = read('1|2|-1', '3|3|-1', '4|4|0', '0|5|-1', '5|0|0');
  expect([...graph.asns]).toEqual([1, 2]);
  expect(reading.skipped).toBe(4);
  expect(formatTrouble('as-rel.txt', reading.troubles[0]!)).toBe(
    'as-rel.txt:2: found "3|3|-1"; expected two different ASes: a link of an AS with itself says nothing; line skipped',
  );
  expect(reading.troubles.map((t) => t.line)).toEqual([2, 3, 4, 5]);
});

test('what a terminal would obey is escaped where a bad line is quoted', () => {
  const { reading } = read('\u001b[31mred|x', '1|\u009b31m|0', '1|\u202e2|0\u2028');
  expect(reading.troubles.map((t) => t.found)).toEqual([
    '"\\u001b[31mred|x"',
    '"1|\\u009b31m|0"',
    '"1|\\u202e2|0\\u2028"',
  ]);
});

test('of many bad lines the first are told one by one and the others counted', () => {
  const { reading } = read('1|2|0', ...Array.from({ length: 25 }, (_, i) => `bad ${i}`));
  const told = formatTroubles('as-rel.txt', reading);
  expect(told.length).toBe(MOST_TROUBLES + 1);
  expect(told.at(-1)).toBe('as-rel.txt: 5 more lines were skipped');
  expect(formatTroubles('as-rel.txt', read('1|2|0', 'bad').reading).length).toBe(1);
});

test('chunks may end anywhere, in a line or between CR and LF', () => {
  const bytes = toUtf8('# IXP ASes: 9\r\n10|20|0\r\n20|5|-1\r\n10|5|-1');
  const whole = readAsRel(bytes);
  for (let size = 1; size < 9; size++) {
    const reader = new AsRelReader();
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    expect(reader.end()).toEqual(whole);
  }
  expect(whole.exchanges).toEqual([9]);
  expect(whole.reading.lines).toBe(4);
});

test('a line that never ends is skipped, not kept in memory, and the next one is read', () => {
  const reader = new AsRelReader();
  for (let i = 0; i < 40; i++) reader.push(new Uint8Array(50_000).fill(49));
  reader.push(toUtf8('\n1|2|0\n'));
  const { reading, graph } = reader.end();
  expect([reading.skipped, graph.asns.length]).toEqual([1, 2]);
});

test('a circle of providers and customers is named; without one nothing is said', () => {
  expect(read('1|2|-1', '2|3|-1', '1|3|-1', '3|4|0').cycle).toBeUndefined();
  const { cycle } = read('9|1|-1', '1|2|-1', '2|3|-1', '3|1|-1', '3|7|-1');
  expect([...(cycle ?? [])].sort()).toEqual([1, 2, 3]);
});

test('an AS the graph does not know has the nearest number it does', () => {
  const { graph } = read('100|200|0', '200|4200000000|-1');
  expect(indexOf(graph, 150)).toBe(-1);
  expect(nearestAsn(graph, 190)).toBe(200);
  expect(nearestAsn(graph, 4_294_967_295)).toBe(4_200_000_000);
  expect(nearestAsn(read('').graph, 1)).toBeUndefined();
});
