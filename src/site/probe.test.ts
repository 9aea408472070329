import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Instant, instant, millis } from '../base/index.ts';
import { type Plan, type Probe, parsePlan } from '../plan/index.ts';
import { answer, PROBE_TABLE, type ProbeResult, pace, silent, unknownProbe } from './probe.ts';

const parsed = parsePlan(`network: x
asn: 64500
prefixes: 203.0.113.0/24
sites: { fra: {} }
services: { s: { address: 203.0.113.1, probes: [ tcp: { port: 1, every: 1s, timeout: 300ms, slow: 100ms } ] } }
`) as { plan: Plan };
const probe = parsed.plan.services['s']?.probes['tcp'] as Probe;
const AT = (n: number): Instant => instant(n * 1000);

/** Answers a second apart: `+` good, `-` bad, `x` dead, `s` slow, `w` good with a warning. */
function run(answers: string, rise = 3, fall = 2) {
  return [...answers].reduce(
    (state, sign, i) => {
      const result: ProbeResult =
        sign === '-'
          ? { outcome: 'bad' }
          : sign === 'x'
            ? { outcome: 'dead' }
            : {
                outcome: 'good',
                took: millis(sign === 's' ? 200 : 10),
                ...(sign === 'w' ? { warning: true as const } : {}),
              };
      return answer(probe, state, result, { rise, fall }, AT(i + 1));
    },
    unknownProbe(probe, AT(0)),
  );
}

test.each([
  ['', 'unknown'],
  ['+', 'rising'],
  ['++', 'rising'],
  ['+++', 'up'],
  ['++-', 'unknown'],
  ['++-+', 'rising'],
  ['-', 'unknown'],
  ['--', 'down'],
  ['+-', 'unknown'],
  ['+--', 'down'],
  ['x', 'down'],
  ['+++-', 'falling'],
  ['+++-+', 'up'],
  ['+++--', 'down'],
  ['+++x', 'down'],
  ['+++-x', 'down'],
  ['+++--+', 'rising'],
  ['+++--++-', 'down'],
  ['+++--+++', 'up'],
])('after %s a probe is %s', (answers, phase) => {
  expect(run(answers).phase).toBe(phase);
});

test('with rise and fall of one, a single answer decides', () => {
  expect(run('+', 1, 1).phase).toBe('up');
  expect(run('+-', 1, 1).phase).toBe('down');
});

test('slow and warning come and go as patiently as the phase', () => {
  expect(run('+++s').slow.on).toBe(false);
  expect(run('+++ss').slow.on).toBe(true);
  expect(run('+++ss++').slow.on).toBe(true);
  expect(run('+++ss+++').slow.on).toBe(false);
  expect(run('+++ww').warning.on).toBe(true);
});

test('silence of the prober is a failure, counted once for each time it should have spoken', () => {
  let state = run('+++');
  expect(silent(probe, state, { rise: 3, fall: 2 }, AT(4))).toBe(state);
  state = silent(probe, state, { rise: 3, fall: 2 }, state.due);
  expect(state).toMatchObject({ phase: 'falling', detail: 'no answer from the prober' });
  expect(silent(probe, state, { rise: 3, fall: 2 }, state.due).phase).toBe('down');
});

test('a probe that begins to fail is asked again soon', () => {
  expect(pace(probe, run('+++'))).toBe(1000);
  expect(pace(probe, run('+++-'))).toBe(100);
  expect(pace(probe, run('+++--'))).toBe(1000);
  expect(pace(probe, run('-'))).toBe(100);
});

test('up is only reached by rise good answers in a row, and only left by fall bad ones or a dead one', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('+', '+', '-', 'x'), maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      (answers, rise, fall) => {
        for (let n = 1; n <= answers.length; n++) {
          const [before, after] = [
            run(answers.slice(0, n - 1), rise, fall),
            run(answers.slice(0, n), rise, fall),
          ];
          const good = (p: string) => p === 'up' || p === 'falling';
          if (!good(before.phase) && good(after.phase))
            expect(answers.slice(n - rise, n)).toBe('+'.repeat(rise));
          if (good(before.phase) && !good(after.phase))
            expect(answers[n - 1] === 'x' || answers.slice(n - fall, n) === '-'.repeat(fall)).toBe(true);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('every phase answers every outcome', () => {
  for (const row of Object.values(PROBE_TABLE)) expect(Object.keys(row)).toEqual(['good', 'bad', 'dead']);
});
