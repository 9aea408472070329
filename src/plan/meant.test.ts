import { expect, test } from 'vitest';
import { isNamed, meant } from './meant.ts';

const WRITTEN = ['64607', 'AS64607', 'as64607', 'AS 64607', 'as 64607', ' AS64607 '];

test.each(WRITTEN)('%j is AS64607', (text) => {
  expect(isNamed(text, 'telstra', 64607)).toBe(true);
  expect(isNamed(text, 'telstra', 64608)).toBe(false);
});

test.each(['ASS64607', 'AS  64607', 'AS-64607', 'AS', '64607 64608', ''])('%j is no AS', (text) => {
  expect(isNamed(text, 'telstra', 64607)).toBe(false);
});

const NEIGHBOURS = [
  { name: 'as64607', address: '198.51.100.1', asns: [64607] },
  { name: 'telia', address: '198.51.100.5', asns: [1299] },
  { name: 'telia-2', address: '2001:db8::5', asns: [1299] },
  { name: '3356', address: '198.51.100.9', asns: [3356] },
];
const found = (text: unknown) => meant(text, NEIGHBOURS, (n) => n)?.name;

test('a neighbour is meant by its name, its address, or an AS that is its alone', () => {
  for (const text of WRITTEN) expect(found(text)).toBe('as64607');
  expect(found('telia-2')).toBe('telia-2');
  expect(found('2001:db8::5')).toBe('telia-2');
  expect(found('AS3356')).toBe('3356');
  expect(found('AS1299')).toBeUndefined();
  expect(found('AS64999')).toBeUndefined();
  expect(found(64607)).toBeUndefined();
  expect(found(undefined)).toBeUndefined();
});
