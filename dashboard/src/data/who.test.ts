import { expect, test } from 'vitest';
import { apply, type Snapshot } from '../../../src/control/index.ts';
import { move, network } from '../testing/snapshot.test-support.ts';
import { clientsOf, matcher, sortedBy } from './who.ts';

const plain = network('fra nyc tyo', 'lon chi osa sao');
const snapshot: Snapshot = apply(plain, move(plain, '127.4.0.1', undefined, 1));
const all = clientsOf(snapshot);
const found = (query: string) => all.filter(matcher(query)).map((c) => c.id);
const everybody = ['127.1.0.1', '127.2.0.1', '127.3.0.1', '127.4.0.1'];

test('a prefix finds the clients in it, an address the one client, and no text that only looks like it', () => {
  expect(found('127.2.0.0/15')).toEqual(['127.2.0.1', '127.3.0.1']);
  expect(found('127.1.0.1')).toEqual(['127.1.0.1']);
  expect(found('127.1.0.9')).toEqual([]);
  expect(found('2001:db8::/32')).toEqual([]);
});

test('an AS number finds clients in that network and those whose way leads through it', () => {
  expect(found('AS64701')).toEqual(everybody);
  expect(found('64601')).toEqual(everybody);
  expect(found('as 6460')).toEqual([]);
});

test('words find cities with and without accents, sites, networks, and those without a site', () => {
  expect(found('london')).toEqual(['127.1.0.1']);
  expect(found('LONDON gb fra')).toEqual(['127.1.0.1']);
  expect(found('tyo')).toEqual(['127.3.0.1']);
  expect(found('nowhere')).toEqual(['127.4.0.1']);
  expect(found('sao paulo')).toEqual(['127.4.0.1']);
  expect(found('  ')).toEqual(everybody);
});

test('who lands nowhere is the farthest, and sorting leaves the list that was given alone', () => {
  const ids = (down: boolean) => sortedBy(all, 'rttMs', down).map((c) => c.id);
  expect(ids(false).at(-1)).toBe('127.4.0.1');
  expect(ids(true)[0]).toBe('127.4.0.1');
  expect(all.map((c) => c.id)).toEqual(everybody);
  expect(sortedBy(all, 'site', false).map((c) => c.site)).toEqual(['fra', 'nyc', 'tyo', undefined]);
});

test('rows are made anew only when something about clients changes', () => {
  expect(clientsOf({ ...snapshot, sites: {} })).toBe(all);
});
