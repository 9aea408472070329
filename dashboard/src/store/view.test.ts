import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatView, readToken, readView, START, type View } from './view.ts';

test('an address is a permanent link to the exact view', () => {
  const link = '#panel=who&site=tyo&at=2026-11-21T12:31:05.250Z&map=globe&camera=139.7,35.7,3.2&q=new+york';
  const view: View = {
    panel: 'who',
    selected: { kind: 'site', id: 'tyo' },
    at: Date.UTC(2026, 10, 21, 12, 31, 5, 250),
    map: 'globe',
    camera: { lon: 139.7, lat: 35.7, zoom: 3.2 },
    more: { q: 'new york' },
  };
  expect(readView(link)).toEqual(view);
  expect(formatView(view)).toBe(link);
  expect(formatView(START)).toBe('');
});

test('what cannot be read counts as absent, and nothing in an address throws', () => {
  expect(readView('#at=yesterday&camera=1,2&map=moon&site=')).toEqual(START);
  expect(readView('#camera=1,2,3,4')).toEqual(START);
  expect(readView('#camera=,,')).toEqual(START);
  expect(readView('#camera=500,0,1')).toEqual(START);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const view = readView(`#${text}`);
      expect(readView(formatView(view))).toEqual(view);
    }),
  );
});

test('any view comes back from its address', () => {
  const word = fc.string({ minLength: 1, maxLength: 30 });
  const own = ['panel', 'site', 'client', 'network', 'at', 'map', 'camera', 'token', '__proto__'];
  const view = fc.record(
    {
      panel: word,
      selected: fc.record({ kind: fc.constantFrom('site', 'client', 'network'), id: word }),
      at: fc.integer({ min: 0, max: 4e12 }),
      map: fc.constantFrom('globe', 'flat'),
      more: fc.dictionary(
        word.filter((w) => !own.includes(w)),
        word,
        { maxKeys: 5, noNullPrototype: true },
      ),
    },
    { requiredKeys: ['map', 'more'] },
  ) as fc.Arbitrary<View>;
  fc.assert(
    fc.property(view, (v) => {
      expect(readView(formatView(v))).toEqual(v);
    }),
  );
});

test('a token is read, and is never part of a view that is copied', () => {
  expect(readToken('#token=abc&site=fra')).toBe('abc');
  expect(formatView(readView('#token=abc&site=fra'))).toBe('#site=fra');
});
