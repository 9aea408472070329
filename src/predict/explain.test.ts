import { expect, test } from 'vitest';
import { clientAnswer } from './catchment.ts';
import type { Announcement, Deployment } from './deployment.ts';
import { explain, formatExplanation } from './explain.ts';
import { groundOf } from './ground.ts';
import { city, worldIn } from './notation.ts';
import { predict } from './predict.ts';

const at = (site: string, upstream: number, more: Partial<Announcement> = {}): Announcement => ({
  site,
  upstream,
  relation: 'provider',
  place: city(site),
  ...more,
});

const run = (world: string, announcements: Announcement[], more: Partial<Deployment> = {}) =>
  predict(groundOf(worldIn(world)), { operator: 64500, announcements, ...more });

const tell = (p: ReturnType<typeof run>, asn: number, cityNumber = 0) => {
  const found = explain(p, asn, cityNumber);
  return found && formatExplanation(found);
};

// Two carriers that peer; 11 buys from the first, 12 from both; 21 buys from 11 and peers with 12.
const WORLD = `
  1 = 2
  1 > 11 12
  2 > 12
  11 > 21
  12 = 21`;

test('each AS on the way says which step chose, and what it set aside', () => {
  const p = run(WORLD, [at('fra', 1), at('nyc', 2, { prepend: 1 })]);
  expect(tell(p, 12)).toMatchInlineSnapshot(`
    [
      "AS12 takes AS1 (provider, 2 hops); path length set aside AS2 (provider, 3 hops)",
      "AS1 takes site fra (directly, as customer, 1 hop); relationship set aside AS2 (peer, 3 hops)",
    ]
  `);
  expect(tell(p, 21)).toMatchInlineSnapshot(`
    [
      "AS21 takes AS11 (provider, 3 hops); there is no other way",
      "AS11 takes AS1 (provider, 2 hops); there is no other way",
      "AS1 takes site fra (directly, as customer, 1 hop); relationship set aside AS2 (peer, 3 hops)",
    ]
  `);
  expect(tell(p, 2)).toMatchInlineSnapshot(`
    [
      "AS2 takes site nyc (directly, as customer, 2 hops); relationship set aside AS1 (peer, 2 hops)",
    ]
  `);
});

test('the nearest exit decides per city, and a tie that nothing decides is said', () => {
  const places = `${WORLD}
    1 @ ams
    2 @ was
    12 @ ber chi`;
  const p = run(places, [at('fra', 1), at('nyc', 2)]);
  expect(tell(p, 12, 0)).toMatchInlineSnapshot(`
    [
      "AS12 in Berlin takes AS1 (provider, 2 hops, exit 576 km away); nearest exit set aside AS2 (provider, 2 hops, exit 6727 km away)",
      "AS1 in Amsterdam takes site fra (directly, as customer, 1 hop, exit 364 km away); relationship set aside AS2 (peer, 2 hops, exit 6208 km away)",
    ]
  `);
  expect(tell(p, 12, 1)).toMatchInlineSnapshot(`
    [
      "AS12 in Chicago takes AS2 (provider, 2 hops, exit 913 km away); nearest exit set aside AS1 (provider, 2 hops, exit 6608 km away)",
      "AS2 in Ashburn takes site nyc (directly, as customer, 1 hop, exit 350 km away); relationship set aside AS1 (peer, 2 hops, exit 6208 km away)",
    ]
  `);
  const blind = run(WORLD, [at('fra', 1), at('nyc', 2)]);
  expect(tell(blind, 12)).toMatchInlineSnapshot(`
    [
      "AS12 takes AS1 (provider, 2 hops); undecided with AS2 (provider, 2 hops)",
      "AS1 takes site fra (directly, as customer, 1 hop); relationship set aside AS2 (peer, 2 hops)",
    ]
  `);
});

test('local preferences, communities and own announcements are explained too', () => {
  const preferring = run(WORLD, [at('fra', 1), at('nyc', 2, { prepend: 2 })], {
    preferences: [{ asn: 12, neighbour: 2, prefers: 'before' }],
  });
  expect(tell(preferring, 12)).toMatchInlineSnapshot(`
    [
      "AS12 takes AS2 (provider, 4 hops); local preference set aside AS1 (provider, 2 hops)",
      "AS2 takes site nyc (directly, as customer, 3 hops); relationship set aside AS1 (peer, 2 hops)",
    ]
  `);
  const withheld = run(WORLD, [
    at('fra', 1, { effects: [{ towards: 12, do: 'prepend', times: 1 }] }),
    at('nyc', 2),
  ]);
  expect(tell(withheld, 12)).toMatchInlineSnapshot(`
    [
      "AS12 takes AS2 (provider, 2 hops); path length set aside AS1 (provider, 3 hops)",
      "AS2 takes site nyc (directly, as customer, 1 hop); relationship set aside AS1 (peer, 2 hops)",
    ]
  `);
  expect(tell(run(WORLD, [at('fra', 21, { relation: 'itself' })]), 11)).toMatchInlineSnapshot(`
    [
      "AS11 takes AS21 (customer, 1 hop); there is no other way",
      "AS21 takes site fra (its own, 0 hops); there is no other way",
    ]
  `);
});

test('the way that is told ends at a site the client is said to reach, at every AS and city', () => {
  const p = run(WORLD, [at('fra', 1), at('nyc', 2), at('syd', 21, { relation: 'peer' })]);
  for (const asn of [1, 2, 11, 12, 21]) {
    const answer = clientAnswer(p, asn);
    expect(answer?.parts.map((part) => part.site)).toContain(explain(p, asn)?.site);
  }
});

test('there is nothing to explain for an AS without a route or outside the graph', () => {
  const p = run(WORLD, [at('fra', 11, { noExport: true })]);
  expect(tell(p, 2)).toBeUndefined();
  expect(tell(p, 99)).toBeUndefined();
  expect(tell(p, 11)).toMatchInlineSnapshot(`
    [
      "AS11 takes site fra (directly, as customer, 1 hop); there is no other way",
    ]
  `);
});
