import { expect, test } from 'vitest';
import { apply } from '../../../src/control/index.ts';
import { move, network } from '../testing/snapshot.test-support.ts';
import { story } from './story.ts';

test('a dead site is explained: what went away, what routers did, and where its clients are now', () => {
  let snapshot = network('fra nyc sin', 'lon par chi tyo');
  const dead = { fault: 'site', site: 'fra' } as const;
  expect(story(dead, [], snapshot)).toBe(
    'Frankfurt is dead. Its BGP sessions ended and its routes went away, so each network’s routers chose the next best way to the same address: no client has moved yet. Nobody had to tell the clients.',
  );
  const events = [];
  for (const [i, [client, to]] of (
    [
      ['127.1.0.1', undefined],
      ['127.1.0.1', 'nyc'],
      ['127.2.0.1', 'sin'],
      ['127.2.0.1', 'nyc'],
      ['127.4.0.1', 'nyc'],
    ] as const
  ).entries()) {
    const event = move(snapshot, client, to, i + 1);
    events.push(event);
    snapshot = apply(snapshot, event);
  }
  // Tokyo's client was never at Frankfurt.
  expect(story(dead, events, snapshot)).toContain(': 2 clients now go to nyc. Nobody');
  const lost = move(snapshot, '127.2.0.1', undefined, 9);
  expect(story(dead, [...events, lost], apply(snapshot, lost))).toContain(
    ': 1 client now goes to nyc and 1 reaches no site. Nobody',
  );
});

test('other faults say who does what about them, and a site that is not in the plan keeps its name', () => {
  const snapshot = network('fra', 'lon');
  expect(story({ fault: 'link', ends: ['fra', 'as64601'] }, [], snapshot)).toMatch(
    /^The cable fra – as64601 is cut\./,
  );
  expect(story({ fault: 'service', site: 'xyz', service: 'web', how: 'hang' }, [], snapshot)).toMatch(
    /^web at xyz fails on purpose\./,
  );
  expect(story({ fault: 'controller' }, [], snapshot)).toMatch(/stays announced/);
});
