import { expect, test } from 'vitest';
import { scoreHops, worldIn } from './index.ts';

/** 10 and 20 are clients of 1 and 2, both of which reach 30 and 31 equally well. */
const { graph } = worldIn('1 > 10 20 30 31\n2 > 10 20 30 31');
const rates = (paths: readonly (readonly number[])[]) =>
  Object.fromEntries(scoreHops(graph, paths).scores.map((s) => [s.rule, s.right.rate]));

test('what a network did towards another destination decides between equals, where the lowest number would be wrong', () => {
  expect(
    rates([
      [10, 2, 30],
      [10, 2, 31],
    ]),
  ).toEqual({
    'rules, lowest number of equals': 0,
    'rules, any of equals': 1,
    'what it did towards others': 1,
    'rules and learning': 1,
  });
});

test('a path teaches nothing about its own destination', () => {
  const only = rates([
    [10, 2, 30],
    [10, 2, 30],
  ]);
  expect(only['rules and learning']).toBe(only['rules, lowest number of equals']);
});

test('paths to or from networks that the graph does not know are counted and left out; links it lacks are counted', () => {
  const scores = scoreHops(graph, [
    [99, 1, 30],
    [10, 1, 98],
    [10, 20, 30],
    [10, 1, 30],
  ]);
  expect([scores.paths, scores.unknown, scores.unlinked.rate]).toEqual([2, 2, 0.5]);
});
