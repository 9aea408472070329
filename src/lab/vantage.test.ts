import { expect, test } from 'vitest';
import { findVantage, vantageOf, vantages } from './vantage.ts';

const say = (address: string) => {
  const v = vantageOf(address);
  return v && `${v.place.name} ${v.address}`;
};

test('the second octet is a calling code, the third picks a city, the largest first', () => {
  expect(
    [
      '127.81.0.1',
      '127.81.1.9',
      '127.49.0.1',
      '127.1.0.1',
      '127.7.0.1',
      '127.254.0.1',
      '::ffff:127.55.0.1',
    ].map(say),
  ).toEqual([
    'Tokyo 127.81.0.1',
    'Osaka 127.81.1.1',
    'Berlin 127.49.0.1',
    'New York 127.1.0.1',
    'Moscow 127.7.0.1',
    'Nairobi 127.254.0.1',
    'Sao Paulo 127.55.0.1',
  ]);
});

test('codes above 255 are spread over two octets', () => {
  expect(['127.3.53.1', '127.8.52.1', '127.9.71.200'].map(say)).toEqual([
    'Dublin 127.3.53.1',
    'Hong Kong 127.8.52.1',
    'Dubai 127.9.71.1',
  ]);
});

test('what means no place means none: 127.0.0.1, the blocks of our own, unused codes, other networks, nonsense', () => {
  const none = ['127.0.0.1', '127.100.0.1', '127.219.0.1', '10.81.0.1', '::1', '', '127.81.1', '127.999.0.1'];
  expect(none.map(vantageOf)).toEqual(none.map(() => undefined));
});

test('every vantage has one address that leads back to it', () => {
  const all = vantages();
  expect(all.length).toBeGreaterThan(120);
  expect(new Set(all.map((v) => v.address)).size).toBe(all.length);
  for (const v of all) expect(vantageOf(v.address)).toEqual(v);
});

test('people may say a city or its code', () => {
  expect(findVantage('Tokyo')?.address).toBe('127.81.0.1');
  expect(findVantage('fra')?.place.name).toBe('Frankfurt');
  const fra = findVantage('fra');
  expect(vantageOf(fra?.address ?? '')).toEqual(fra);
  expect(findVantage('Atlantis')).toBeUndefined();
});
