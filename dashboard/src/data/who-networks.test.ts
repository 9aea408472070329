import { expect, test } from 'vitest';
import { NO_SITE } from '../whatif/protocol.ts';
import { networkRows } from './who-networks.ts';

const points = {
  count: 5,
  asn: Uint32Array.of(64700, 64701, 64700, 64702, 64703),
  weight: Float32Array.of(10, 50, 30, 1, 5),
};
const landed = {
  site: Uint8Array.of(0, 1, 1, NO_SITE, 0),
  sure: Uint8Array.of(255, 255, 255, 255, 120),
  sites: ['fra', 'nyc'],
};
const rows = (query: string) =>
  networkRows(points, landed, query).map(
    (r) => `${r.asn} ${r.site ?? 'nowhere'} ${r.sure ? 'certain' : 'undecided'} ${r.weight}`,
  );

test('a network in several cities is one row: where most of its people land, and undecided when not all do', () => {
  expect(rows('')).toEqual([
    '64701 nyc certain 50',
    '64700 nyc undecided 40',
    '64703 fra undecided 5',
    '64702 nowhere certain 1',
  ]);
});

test('networks are found by number, site, doubt, or having no site', () => {
  expect(rows('AS64700')).toEqual(['64700 nyc undecided 40']);
  expect(rows('fra')).toEqual(['64703 fra undecided 5']);
  expect(rows('undecided')).toHaveLength(2);
  expect(rows('nowhere')).toEqual(['64702 nowhere certain 1']);
  expect(rows('64799')).toEqual([]);
});
