import { expect, test } from 'vitest';
import { placesOnTheWay } from '../data/scene.ts';
import { network } from '../testing/snapshot.test-support.ts';
import { arc, unwrapped } from './arc.ts';
import { away, flatLimits, northing, wholeWorld } from './camera.ts';
import { besides } from './labels.ts';

test('an arc is the shortest way, has both ends, and does not jump at the date line', () => {
  const tokyo = { lon: 139.7, lat: 35.7 };
  const francisco = { lon: -122.4, lat: 37.8 };
  const line = arc(tokyo, francisco);
  expect(line[0]?.[0]).toBeCloseTo(139.7);
  expect(unwrapped(line.at(-1)![0], -122.4)).toBeCloseTo(-122.4);
  for (const [i, [lon]] of line.entries())
    if (i > 0) expect(Math.abs(lon - line[i - 1]![0])).toBeLessThan(30);
  // The great circle goes far north of both.
  expect(Math.max(...line.map(([, lat]) => lat))).toBeGreaterThan(47);
  expect(arc(tokyo, tokyo)).toEqual([
    [139.7, 35.7],
    [139.7, 35.7],
  ]);
});

test('the whole world fits into wide, narrow and tiny places', () => {
  for (const [clientWidth, clientHeight] of [
    [1600, 900],
    [390, 265],
    [0, 0],
  ] as const) {
    const flat = wholeWorld({ clientWidth, clientHeight }, 'flat');
    expect(512 * 2 ** flat.zoom).toBeLessThanOrEqual(Math.max(256, clientWidth) + 1);
    const { zoom } = wholeWorld({ clientWidth, clientHeight }, 'globe');
    expect(Number.isFinite(zoom)).toBe(true);
  }
  expect(away({ lng: 0, lat: 0 }, { lon: 180, lat: 0 })).toBeCloseTo(180);
  expect(away({ lng: 10, lat: 50 }, { lon: 10, lat: 50 })).toBeCloseTo(0);
});

test('in a narrow and tall place the flat map shows the whole world, from west to east', () => {
  const box = { clientWidth: 486, clientHeight: 595 };
  const { center, zoom } = wholeWorld(box, 'flat');
  const limited = flatLimits(box.clientHeight, center[1], zoom, 8);
  expect(512 * 2 ** limited.zoom).toBeCloseTo(486);
  expect(limited.lat).toBeCloseTo(28);
});

test('one cannot leave the flat map: where there is more world than room, room is filled; else all of the world is seen', () => {
  for (const height of [150, 595, 2000])
    for (const lat of [-90, -40, 0, 60, 90])
      for (const zoom of [-3, -1, 0, 1.5, 8, 20]) {
        const is = flatLimits(height, lat, zoom, 8);
        const world = 512 * 2 ** is.zoom;
        const [top, bottom] = [-height / 2, height / 2].map((d) => world * northing(is.lat) + d) as [
          number,
          number,
        ];
        expect(is.zoom).toBe(Math.max(-1, Math.min(8, zoom)));
        if (world >= height) {
          expect(top).toBeGreaterThan(-0.1);
          expect(bottom).toBeLessThan(world + 0.1);
        } else {
          expect(top).toBeLessThan(0.1);
          expect(bottom).toBeGreaterThan(world - 0.1);
        }
      }
});

test('names go to a side where nothing lies and which is seen, and hidden ones take no room', () => {
  const at = (x: number, y: number, width = 40) => ({ x, y, width });
  const frame = { width: 400, height: 300 };
  expect(besides([at(100, 100)], frame)).toEqual(['right']);
  expect(besides([at(100, 100), at(130, 100)], frame)).toEqual(['left', 'right']);
  expect(besides([at(100, 100), at(125, 100), at(75, 100)], frame)[0]).toBe('above');
  expect(besides([at(100, 100), at(128, 130, 0)], frame)).toEqual(['right', 'right']);
  expect(besides([at(390, 100)], frame)).toEqual(['left']);
  expect(besides([at(390, 5, 60)], { width: 395, height: 300 })).toEqual(['left']);
});

test('the way of a client names every place once, from the client to the site', () => {
  const base = network('fra', 'lon');
  const osaka = { name: 'Osaka', country: 'JP', lat: 34.7, lon: 135.5 };
  const snapshot = {
    ...base,
    internet: {
      ...base.internet,
      ases: { 64701: { name: 'Edge', tier: 'edge' as const, users: 1, routers: { a: osaka, b: osaka } } },
    },
  };
  const vantage = snapshot.vantages['127.1.0.1']!;
  const hops = ['a', 'b', 'gone'].map((router) => ({ router, asn: 64701, as: 'Edge' }));
  const places = placesOnTheWay(snapshot, { ...vantage, landing: { ...vantage.landing, hops } });
  expect(places.map((p) => p.name)).toEqual(['London', 'Osaka', 'Frankfurt']);
});
