import { expect, test } from 'vitest';
import type { Deployment } from './deployment.ts';
import { groundOf } from './ground.ts';
import { groupMovers, nodesOfAs } from './group.ts';
import { formatMove, movedWeight } from './movers.ts';
import { worldIn } from './notation.ts';
import { predict } from './predict.ts';

// 12 is below both carriers, one hop nearer to the first site.
const ground = groundOf(
  worldIn(`
    1 = 2
    1 > 11 12
    2 > 12 13`),
);
const deployment: Deployment = {
  operator: 64500,
  announcements: [
    { site: 'fra', upstream: 1, relation: 'provider' },
    { site: 'nyc', upstream: 2, relation: 'provider', prepend: 1 },
  ],
};

test('the single changes that move a client are found, those that disturb others least first', () => {
  const p = predict(ground, deployment);
  const found = groupMovers(p, nodesOfAs(ground, 12));
  expect(
    found.map((m) => [formatMove(deployment, m.move), m.parts[0]?.site, Number(m.others.toFixed(2))]),
  ).toMatchInlineSnapshot(`
    [
      [
        "prepend 2 from fra at AS1 (now 0)",
        "nyc",
        0.2,
      ],
      [
        "announce nothing from fra at AS1",
        "nyc",
        0.6,
      ],
    ]
  `);
  expect(groupMovers(p, nodesOfAs(ground, 12), 'syd')).toEqual([]);
  expect(groupMovers(p, nodesOfAs(ground, 99))).toEqual([]);
});

test('what moves between two predictions is weighed by name of site', () => {
  const a = predict(ground, deployment);
  const b = predict(ground, { ...deployment, announcements: [...deployment.announcements].reverse() });
  expect(movedWeight(a, b)).toBe(0);
  const c = predict(ground, { ...deployment, announcements: deployment.announcements.slice(1) });
  expect(movedWeight(a, c)).toBeCloseTo(3 / 5, 5);
});
