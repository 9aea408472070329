import { expect, test } from 'vitest';
import { generateWorld, transitNear } from '../topology/index.ts';
import type { Deployment } from './deployment.ts';
import { groundOf } from './ground.ts';
import { adopters, type Hijack, hijack } from './hijack.ts';
import { city, worldIn } from './notation.ts';

// Two carriers that peer, each with two customers of its own; 12 buys from both.
const WORLD = `
  1 = 2
  1 > 10 11 12
  2 > 12 13 14`;
const ground = groundOf(worldIn(WORLD));
const deployment: Deployment = {
  operator: 64500,
  announcements: [{ site: 'fra', upstream: 10, relation: 'provider', place: city('fra') }],
};

/** How much of the traffic of all is lost, and the ASes that are. */
function attack(h: Partial<Hijack>): string {
  const outcome = hijack(ground, deployment, { attacker: 13, kind: 'origin', ...h });
  const thief = outcome.prediction.sites.indexOf('(attacker)');
  const lost = [...ground.world.graph.asns].filter((_, v) => {
    const { share, starts, seed } = outcome.prediction.shares;
    const d = share[v] as number;
    if (d === 0xffff_ffff) return false;
    for (let e = starts[d] as number; e < (starts[d + 1] as number); e++)
      if (outcome.prediction.siteOf[seed[e] as number] === thief) return true;
    return false;
  });
  return `${lost.join(' ')}: ${outcome.lost.toFixed(2)}`;
}

test('an announcement of the same prefix wins those who are nearer to the attacker', () => {
  // 2 prefers its customer 13; 12 hears two hops more over 1 than over 2.
  expect(attack({})).toBe('2 12 13 14: 0.57');
  expect(hijack(ground, deployment, { attacker: 13, kind: 'origin' }).lostOf).toEqual([
    { site: 'fra', part: expect.closeTo(4 / 7, 5) },
  ]);
});

test('a forged origin is one hop longer and invalid to nobody who validates origins only', () => {
  expect(attack({ kind: 'forged' })).toBe('2 12 13 14: 0.50');
  expect(attack({ kind: 'forged', rov: { asns: [1, 2, 12, 14] } })).toBe('2 12 13 14: 0.50');
});

test('who validates paths stays undecided between a good route and a forged one that validation lets pass', () => {
  // From its provider 2, which published nothing, 12 hears a way down that may be right (aspa-verification, downstream paths).
  expect(attack({ kind: 'forged', aspa: { asns: [12] } })).toBe('2 12 13 14: 0.50');
  // Origin validation at the same network asks nobody.
  expect(attack({ subprefix: false, rov: { asns: [12] }, aspa: { asns: [12] } })).toBe('2 13 14: 0.43');
});

test('networks that validate origins refuse it, and protect those behind them; without a ROA they cannot', () => {
  expect(attack({ rov: { asns: [2] } })).toBe('13: 0.14');
  expect(attack({ rov: { asns: [12] } })).toBe('2 13 14: 0.43');
  expect(attack({ rov: { asns: [2, 12] }, roa: false })).toBe('2 12 13 14: 0.57');
});

test('a network that validates goes to the farther exit of the true origin rather than to the nearer one of the hijacker', () => {
  const wide = groundOf(worldIn('1 > 13\n1 > 14\n1 @ fra syd\n13 @ syd\n14 @ syd'));
  const at = {
    operator: 64500,
    announcements: [{ site: 'fra', upstream: 1, relation: 'provider', place: city('fra') }],
  } as const;
  const lost = (h: Partial<Hijack>) => hijack(wide, at, { attacker: 13, kind: 'origin', ...h }).lost;
  const [free, safe] = [lost({}), lost({ rov: { asns: [1] } })];
  expect(free).toBeGreaterThan(safe);
  // Nobody but the attacker itself.
  expect(safe).toBeCloseTo(1 / 3, 5);
});

test('a more specific prefix takes all who hear it, and those whose traffic passes one who does', () => {
  expect(attack({ subprefix: true })).toBe('1 2 10 11 12 13 14: 1.00');
  // 1 refuses it, and its customers never hear it; 12 does, over 2.
  expect(attack({ subprefix: true, rov: { asns: [1] } })).toBe('2 12 13 14: 0.57');
  // 14 refuses it, but its only way to the prefix leads through 2, which follows the more specific.
  expect(attack({ subprefix: true, rov: { asns: [14] } })).toContain('14');
});

test('path validation finds the forged path where the link upwards is not what was published', () => {
  // 2 hears it from its customer: the operator says that 13 is none of its providers.
  expect(attack({ kind: 'forged', aspa: { asns: [2] } })).toBe('13: 0.14');
  expect(attack({ kind: 'forged', aspa: { asns: [2] }, operatorAspa: false })).toBe('2 12 13 14: 0.50');
  // 14 hears it from its provider 2; nobody on the way published anything, so it may have gone up and down again.
  expect(attack({ kind: 'forged', aspa: { asns: [14] } })).toContain('14');
  // 1 hears it from its peer 2 only; it prefers the customer route anyway.
  expect(attack({ kind: 'forged', aspa: { asns: [1, 14] } })).toContain('14');
});

test('adoption is named, or the biggest first, or drawn from a seed', () => {
  const who = (marks: Uint8Array) => [...ground.world.graph.asns].filter((_, v) => marks[v] === 1);
  expect(who(adopters(ground, { asns: [2, 99] }))).toEqual([2]);
  expect(who(adopters(ground, { part: 0.3, order: 'biggest' }))).toEqual([1, 2]);
  const drawn = who(adopters(ground, { part: 0.5, order: 'drawn', seed: 4 }));
  expect(drawn.length).toBe(4);
  expect(who(adopters(ground, { part: 0.5, order: 'drawn', seed: 4 }))).toEqual(drawn);
  expect(who(adopters(ground, { part: 2, order: 'drawn', seed: 4 })).length).toBe(7);
});

test('an attacker the graph does not know is said', () => {
  const outcome = hijack(ground, deployment, { attacker: 99, kind: 'origin' });
  expect(outcome.remarks).toMatchObject([{ asn: 99, nearest: 14 }]);
  expect(outcome.lost).toBe(0);
  expect(hijack(ground, deployment, { attacker: 99, kind: 'origin', subprefix: true }).lost).toBe(0);
});

test('in a generated internet filters never make it worse, and what is lost and kept adds up', () => {
  const world = generateWorld({ ases: 400, seed: 6 });
  const big = groundOf(world);
  const sites = ['fra', 'nyc', 'sin'].map((code) => ({
    site: code,
    upstream: transitNear(world, city(code))[0] as number,
    relation: 'provider' as const,
    place: city(code),
  }));
  const plan = { operator: 64500, announcements: sites };
  const attacker = world.graph.asns[333] as number;
  for (const kind of ['origin', 'forged'] as const)
    for (const subprefix of [false, true]) {
      const losses = [0, 0.1, 0.4, 1].map((part) => {
        const rov = { part, order: 'biggest' } as const;
        const outcome = hijack(big, plan, { attacker, kind, subprefix, rov });
        const kept = outcome.after.sites
          .filter((s) => s.site !== '(attacker)')
          .reduce((sum, s) => sum + s.share, 0);
        expect(kept + outcome.lost).toBeCloseTo(1, 5);
        return outcome.lost;
      });
      for (let i = 1; i < losses.length; i++)
        expect(losses[i]).toBeLessThanOrEqual((losses[i - 1] as number) + 0.02);
      if (kind === 'origin' || subprefix) expect(losses[3]).toBeLessThan(0.05);
    }
});
