/** Scenarios: made from seeds, and read from what people write. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { millis } from '../base/index.ts';
import { BUILT_IN, builtIn, describeAction, networkOf, randomScenario, readScenario, run } from './index.ts';
import { planOf, threeSites } from './plans.test-support.ts';

const PLAN = threeSites();
const LINKS = networkOf(PLAN).links.map((l) => l.name);

test('the same seed gives the same faults, another seed others, and more intensity more', () => {
  const steps = (seed: number, intensity = 2) =>
    randomScenario(PLAN, seed, { intensity, links: LINKS }).steps;
  expect(steps(1)).toEqual(steps(1));
  expect(steps(2)).not.toEqual(steps(1));
  expect(steps(1, 20).length).toBeGreaterThan(2 * steps(1, 2).length);
});

test('random faults are in order, and all of the network is whole again at the end', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const { steps, lasts } = randomScenario(PLAN, seed, {
      intensity: 10,
      lasts: millis(30_000),
      links: LINKS,
    });
    expect([...steps].sort((a, b) => a.at - b.at)).toEqual(steps);
    expect(Math.max(...steps.map((s) => s.at))).toBe(lasts);
    expect(steps.filter((s) => s.at === lasts).map((s) => s.do)).toContain('calm');
  }
});

test('every kind of fault comes up', () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 40; seed++)
    for (const { do: kind } of randomScenario(PLAN, seed, { intensity: 10, links: LINKS }).steps)
      kinds.add(kind);
  expect([...kinds].sort()).toMatchInlineSnapshot(`
    [
      "calm",
      "cut",
      "cut-controller",
      "drain",
      "fail",
      "freeze",
      "heal",
      "heal-controller",
      "kill",
      "mail",
      "power-off",
      "repair",
      "replace-controller",
      "reset",
      "slow",
      "start",
      "stop",
      "thaw",
      "undrain",
    ]
  `);
});

test('plans without sites or services have scenarios too, if dull ones', () => {
  const bare = planOf(
    'network: bare\nasn: 64500\nprefixes: 203.0.113.0/24\nsites: { a: { upstreams: [ { asn: 64601, address: 198.51.100.1, role: provider } ] } }\nservices: {}\n',
  );
  for (const { name } of BUILT_IN) expect(run(bare, builtIn(name, bare)!, 1).breaks).toEqual([]);
  for (let seed = 1; seed <= 5; seed++)
    expect(run(bare, randomScenario(bare, seed, { intensity: 5 }), seed).breaks).toEqual([]);
});

test('reads what people write, in any order, and puts it in order', () => {
  const read = readScenario(
    {
      name: 'mine',
      lasts: '2m',
      steps: [
        { at: '10s', do: 'cut', link: LINKS[0] },
        { at: 1, do: 'fail', service: 'web', site: 'fra', how: 'hang' },
        { at: '500ms', do: 'mail', loss: 0.2, delay: '1s' },
        { at: '1.5m', do: 'freeze', site: 'tyo', for: '10s' },
      ],
    },
    PLAN,
    LINKS,
  );
  if ('complaints' in read) throw new Error(read.complaints.join('\n'));
  expect(read.scenario.lasts).toBe(120_000);
  expect(read.scenario.steps.map((s) => `${s.at} ${describeAction(s)}`)).toEqual([
    '500 mail: 20 % lost, up to 1000 ms late',
    '1000 fail web at fra (hang)',
    `10000 cut ${LINKS[0]}`,
    '90000 freeze tyo for 10 s',
  ]);
});

test('says everything that is wrong, each in its place', () => {
  const read = readScenario(
    {
      nmae: 'x',
      steps: [
        { at: 'soon', do: 'kill', site: 'fra' },
        { at: '1s', do: 'kil', site: 'fra' },
        { at: '1s', do: 'fail', service: 'wbe', how: 'badly' },
        { at: '1s', do: 'cut' },
        { at: '1s', do: 'reset', site: 'nyc', upstream: 'as64601', loud: true },
        { at: '1s', do: 'mail', loss: 2 },
        'nonsense',
      ],
    },
    PLAN,
    LINKS,
  );
  expect('complaints' in read && read.complaints).toMatchInlineSnapshot(`
    [
      "nmae: no such word; did you mean name?",
      "steps[0]: at: "soon" is no duration such as 500ms, 10s or 2m",
      "steps[1]: do: "kil" is none of fail, repair, kill, power-off, start, stop, cut, heal, slow, reset, cut-controller, heal-controller, replace-controller, mail, drain, undrain, thaw, freeze, calm; did you mean kill?",
      "steps[2]: service: "wbe" is no service; there are web; did you mean web?",
      "steps[2]: how: "badly" is no way to fail; there are good, refused, hang, wrong, slow, warning, flaky",
      "steps[3]: cut wants either a site (and perhaps one of its upstreams) or a link",
      "steps[4]: loud: does not go with reset",
      "steps[4]: upstream: "as64601" is no upstream of nyc; there are as64602; did you mean as64602?",
      "steps[5]: loss: 2 is no chance from 0 to 1",
      "steps[5]: delay: is missing",
      "steps[6]: "nonsense" is no mapping with: at, do",
    ]
  `);
});

test('never throws, whatever is handed in', () => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.record({ steps: fc.array(fc.anything()) })), (value) => {
      const read = readScenario(value, PLAN);
      expect('scenario' in read || read.complaints.length > 0).toBe(true);
    }),
    { numRuns: 300 },
  );
});
