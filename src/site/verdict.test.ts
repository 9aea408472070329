import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Instant, instant, millis } from '../base/index.ts';
import { formatComplaint, parsePlan, type Service } from '../plan/index.ts';
import {
  phaseOf,
  reconfigureVerdict,
  resumeVerdict,
  startVerdict,
  stepVerdict,
  VERDICT_TABLE,
  type VerdictState,
  verdictDue,
} from './verdict.ts';

/** A service with probes a, b, c, … and these settings. */
function service(probes: number, settings = '', probeSettings = ''): Service {
  const list = Array.from(
    { length: probes },
    (_, i) => `{ tcp: { port: 1, every: 1s, probe-name: ${'abc'[i]}${probeSettings} } }`,
  );
  const parsed = parsePlan(
    `network: x\nasn: 64500\nprefixes: 203.0.113.0/24\nsites: { fra: {} }\nservices: { s: { address: 203.0.113.1, probes: [${list.join(', ')}], ${settings} } }\n`,
  );
  if ('complaints' in parsed) throw new Error(parsed.complaints.map(formatComplaint).join('\n'));
  return parsed.plan.services['s'] as Service;
}

/**
 * A line of answers, one group a second: `+` and `-` for the probes in turn, `.` for no answer, `x` for a dead one. Returns
 * the verdict after every group.
 */
function run(
  s: Service,
  line: string,
  from = startVerdict(s, instant(0)),
): { state: VerdictState; verdicts: string[] } {
  let state = from;
  const verdicts: string[] = [];
  for (const [i, group] of line.split(' ').entries()) {
    const now = instant((i + 1) * 1000);
    for (const [k, sign] of [...group].entries()) {
      if (sign === '.') continue;
      const outcome = sign === '+' ? 'good' : sign === 'x' ? 'dead' : 'bad';
      state = stepVerdict(s, state, { kind: 'probe', probe: 'abc'[k] as string, result: { outcome } }, now);
    }
    state = stepVerdict(s, state, { kind: 'due' }, now);
    verdicts.push(state.verdict);
  }
  return { state, verdicts };
}

const last = (s: Service, line: string) => run(s, line).verdicts.at(-1);
const QUICK = 'rise: 2, fall: 2, min-stable: 0s';

test('nothing is concluded before enough answers', () => {
  expect(run(service(1, QUICK), '+ +').verdicts).toEqual(['unknown', 'up']);
  expect(run(service(1, QUICK), '- -').verdicts).toEqual(['unknown', 'down']);
  expect(run(service(2, QUICK), '+. ++ .+').verdicts).toEqual(['unknown', 'unknown', 'up']);
});

test.each([
  ['all', '++ ++', 'up'],
  ['all', '++ ++ +- +-', 'down'],
  ['any', '++ ++ +- +-', 'up'],
  ['any', '+. +.', 'up'],
  ['any', '++ ++ -- --', 'down'],
  ['any', '-- --', 'down'],
])('combine %s: %s is %s', (combine, line, verdict) => {
  expect(last(service(2, `${QUICK}, combine: ${combine}`), line)).toBe(verdict);
});

test('a quorum holds while so many are good, and partial failure degrades when that is asked for', () => {
  const s = service(3, `${QUICK}, combine: quorum 2, degraded: partial`);
  expect(last(s, '+++ +++')).toBe('up');
  expect(last(s, '+++ +++ ++- ++-')).toBe('degraded');
  expect(last(s, '+++ +++ +-- +--')).toBe('down');
  expect(last(service(3, `${QUICK}, combine: quorum 2`), '+++ +++ ++- ++-')).toBe('up');
});

test('a probe may degrade only; a service without probes is up', () => {
  expect(last(service(1, QUICK, ', on-failure: degraded'), '+ + - -')).toBe('degraded');
  expect(startVerdict(service(0), instant(0)).verdict).toBe('up');
});

test('a dead service is down at once, and its reason names the probe', () => {
  const { state, verdicts } = run(service(1, QUICK), '+ + x');
  expect(verdicts).toEqual(['unknown', 'up', 'down']);
  expect(state.reasons).toEqual(['probe a fails']);
});

test('a service that goes up and down passes through the five words', () => {
  const s = service(1, 'rise: 2, fall: 2, min-stable: 3s');
  const phases = '+ + + - - + + + +'
    .split(' ')
    .map((_, i, all) => phaseOf(s, run(s, all.slice(0, i + 1).join(' ')).state));
  expect(phases).toEqual(['rising', 'up', 'up', 'falling', 'down', 'rising', 'rising', 'rising', 'up']);
});

test('after a fall a service has to be good for min-stable; the first time rise is enough', () => {
  const s = service(1, 'rise: 1, fall: 1, min-stable: 3s');
  expect(run(s, '+ - + + + +').verdicts).toEqual(['up', 'down', 'down', 'down', 'down', 'up']);
  expect(run(s, '+ - + + - + + + +').verdicts.slice(2)).toEqual([
    'down',
    'down',
    'down',
    'down',
    'down',
    'down',
    'up',
  ]);
  expect(run(s, '+ - +').state.held).toEqual({ until: 6000, why: 'min-stable' });
});

test('the budget holds a flapping service down, longer each time', () => {
  const s = service(1, 'rise: 1, fall: 1, min-stable: 0s, flaps: "2 per 20s, then wait 4s up to 10s"');
  const { verdicts, state } = run(s, `${'+ - '.repeat(6)}+ +`);
  expect(verdicts.filter((v, i) => v === 'up' && verdicts[i - 1] === 'down')).toHaveLength(2);
  expect(state.held).toMatchObject({ why: 'flap budget', until: 23_000 });
});

test('getting worse never waits', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('+', '-'), minLength: 1, maxLength: 60 }), (answers) => {
      const s = service(1, 'rise: 2, fall: 2, min-stable: 5s, flaps: 1 per 1h');
      const { verdicts } = run(s, [...answers].join(' '));
      for (let i = 1; i < answers.length; i++)
        if (answers[i] === '-' && answers[i - 1] === '-') expect(verdicts[i]).not.toMatch(/up|degraded/);
    }),
    { numRuns: 60 },
  );
});

test('however answers come, no window of the budget has more returns than the budget allows', () => {
  const s = service(
    2,
    'rise: 1, fall: 1, min-stable: 0s, combine: any, degraded: partial, flaps: "3 per 30s, then wait 2s up to 8s"',
  );
  const rank = ['unknown', 'down', 'degraded', 'up'];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('++', '--', '+-', '-+', 'x+', '..'), { minLength: 5, maxLength: 120 }),
      (groups) => {
        const { verdicts } = run(s, groups.join(' '));
        const returns = verdicts.flatMap((v, i) => {
          const before = verdicts[i - 1];
          return before !== undefined && before !== 'unknown' && rank.indexOf(v) > rank.indexOf(before)
            ? [i]
            : [];
        });
        for (const at of returns)
          expect(returns.filter((r) => r >= at && r < at + 30).length).toBeLessThanOrEqual(3);
      },
    ),
    { numRuns: 150 },
  );
});

/** Seconds from the first good answer to the return, for a service that is good until it has returned, then fails once. */
function waits(
  s: Service,
  rounds: number,
  wellAfter = 0,
): { readonly state: VerdictState; seconds: number[] } {
  let [state, second] = [startVerdict(s, instant(0)), 0];
  const tell = (outcome: 'good' | 'bad') => {
    second++;
    const event = { kind: 'probe' as const, probe: 'a', result: { outcome } };
    state = stepVerdict(s, state, event, instant(second * 1000));
  };
  const seconds: number[] = [];
  tell('good');
  for (let i = 0; i < rounds; i++) {
    tell('bad');
    const began = second + 1;
    do tell('good');
    while (state.verdict !== 'up' && second - began < 5000);
    seconds.push(second - began);
    if (i === rounds - 2) for (let k = 0; k < wellAfter; k++) tell('good');
  }
  return { state, seconds };
}

const DAMPED = 'rise: 1, fall: 1, min-stable: 0s, flaps: "2 per 1m, then wait 40s up to 300s"';

test('once the budget is used up, each fall doubles how long it has to be well, up to the longest wait', () => {
  expect(waits(service(1, DAMPED), 8).seconds).toEqual([0, 0, 56, 80, 160, 300, 300, 300]);
});

test('a window without a fall forgets all of it', () => {
  expect(waits(service(1, DAMPED), 6, 58).seconds.at(-1)).toBe(300);
  const { seconds, state } = waits(service(1, DAMPED), 6, 60);
  expect([seconds.at(-1), state.backOffs]).toEqual([0, 0]);
});

test('a fall while the budget holds it down doubles the wait as well, and the wait begins anew', () => {
  const s = service(1, DAMPED);
  // Two returns, the third fall, then well for 10 s again and again.
  const relapsing = `+ - + - + - ${`${'+ '.repeat(10)}- `.repeat(4)}`;
  const { state } = run(s, `${relapsing}+`);
  expect(state).toMatchObject({ verdict: 'down', backOffs: 5, held: { why: 'flap budget' } });
  const began = relapsing.split(' ').length * 1000;
  expect(state.held?.until).toBe(began + 300_000);
});

test('who was slow for long has to be quick for as long as anybody else has to be well', () => {
  const s = service(1, 'rise: 2, fall: 2, min-stable: 5s, degraded: slow', ', slow: 100ms');
  let state = startVerdict(s, instant(0));
  const tell = (second: number, took: number) => {
    const result = { outcome: 'good' as const, took: millis(took) };
    state = stepVerdict(s, state, { kind: 'probe', probe: 'a', result }, instant(second * 1000));
  };
  for (let t = 1; t <= 5; t++) tell(t, 10);
  for (let t = 6; t <= 60; t++) tell(t, 200);
  expect(state.verdict).toBe('degraded');
  for (let t = 61; t <= 66; t++) tell(t, 10);
  // Quick twice in a row at 62: from then on.
  expect([state.verdict, state.held]).toEqual(['degraded', { until: 67_000, why: 'min-stable' }]);
  tell(67, 10);
  expect(state.verdict).toBe('up');
});

test('one fall by way of degraded counts once', () => {
  const s = service(2, `${DAMPED}, combine: any, degraded: partial`);
  // Back over degraded to up is two returns, and the budget is used up.
  expect(run(s, '++ -- ++ +- --').state).toMatchObject({ verdict: 'down', backOffs: 1 });
  expect(run(s, `++ -- ${'++ '.repeat(60)}+- --`).state).toMatchObject({ verdict: 'down', backOffs: 0 });
});

test('however it comes and goes, it returns only after it was well as long as its falls ask for', () => {
  const s = service(1, DAMPED);
  const piece = fc.tuple(fc.constantFrom('+', '-'), fc.integer({ min: 1, max: 90 }));
  fc.assert(
    fc.property(fc.array(piece, { minLength: 6, maxLength: 30 }), (pieces) => {
      const line = pieces.flatMap(([sign, n]) => Array<string>(n).fill(sign));
      const { verdicts } = run(s, line.join(' '));
      // The slow twin: falls since the last minute that it stood through, and returns in the minute before each.
      let [falls, returns, well, stood] = [0, [] as number[], 0, 0];
      let dampened = false;
      for (let t = 1; t < line.length; t++) {
        const [was, is] = [verdicts[t - 1], verdicts[t]];
        well = line[t] === '+' ? well + 1 : 0;
        stood = is === 'up' && was === 'up' ? stood + 1 : 0;
        if (stood >= 60) falls = 0;
        const full = returns.filter((r) => t - r < 60).length >= 2;
        if (was === 'up' && is === 'down' && returns.length > 0 && (full || falls > 0)) falls++;
        else if (was === 'down' && line[t] === '-' && line[t - 1] === '+' && dampened) falls++;
        dampened = is === 'down' && line[t] === '+';
        if (was === 'down' && is === 'up') {
          expect(well - 1).toBeGreaterThanOrEqual(falls === 0 ? 0 : Math.min(300, 40 * 2 ** (falls - 1)));
          expect(returns.filter((r) => t - r < 60).length).toBeLessThan(2);
          returns = [...returns, t];
        }
      }
    }),
    { numRuns: 200 },
  );
});

/** The agent ends at second `ended`, and its next life, with a clock of its own, begins `gap` seconds later; what it goes on from. */
function restarted(s: Service, state: VerdictState, ended: number, gap: number, line: string) {
  const moved = (at: Instant) => instant(at - (ended + gap) * 1000);
  let next = resumeVerdict(s, state, moved, instant(0));
  const verdicts: string[] = [];
  for (const [i, sign] of [...line].entries()) {
    const result = { outcome: sign === '+' ? ('good' as const) : ('bad' as const) };
    next = stepVerdict(s, next, { kind: 'probe', probe: 'a', result }, instant(i * 1000));
    verdicts.push(next.verdict);
  }
  return { state: next, verdicts };
}

test('a restart of the agent is no way round the budget: what was down comes back as late as it would have', () => {
  const s = service(1, DAMPED);
  const { state } = waits(s, 5);
  const saved = { ...state, verdict: 'down' as const, backOffs: 3, since: instant(400_000) };
  const { verdicts, state: after } = restarted(s, saved, 400, 2, '+'.repeat(162));
  expect(verdicts.slice(0, 160).every((v) => v === 'down')).toBe(true);
  expect(verdicts[160]).toBe('up');
  expect(after.returns.at(-1)).toBe(160_000);
  // Killed once more before anything is known: still so.
  const again = resumeVerdict(
    s,
    resumeVerdict(s, saved, (at) => at, instant(0)),
    (at) => at,
    instant(0),
  );
  expect(again).toMatchObject({ verdict: 'unknown', was: 'down', backOffs: 3 });
});

test('what was up when the agent ended is up with the first answers, its falls are remembered, and the next one counts', () => {
  const s = service(1, DAMPED);
  const { state } = waits(s, 5);
  const ended = (state.since as number) / 1000 + 5;
  const { verdicts, state: after } = restarted(s, state, ended, 2, '+-');
  expect(verdicts).toEqual(['up', 'down']);
  expect(after.backOffs).toBe(state.backOffs + 1);
});

test('a reload puts its own numbers in force at once, for what waits too', () => {
  const s = service(1, DAMPED);
  const { state } = run(s, `+ - + - + - ${'+ '.repeat(15)}+`);
  expect(state).toMatchObject({ verdict: 'down', held: { why: 'flap budget' } });
  const now = instant(22_000);
  const longer = service(1, DAMPED.replace('40s', '90s'));
  expect(reconfigureVerdict(longer, state, now).held?.until).toBe((state.betterSince as number) + 90_000);
  const short = service(1, 'rise: 1, fall: 1, min-stable: 0s, flaps: "9 per 10m, then wait 1s up to 1s"');
  expect(reconfigureVerdict(short, state, now).verdict).toBe('up');
});

test('a restart finds nothing to remember of what had stood for a window, though nothing was written since', () => {
  const s = service(1, DAMPED);
  const { state } = waits(s, 5);
  expect(state.backOffs).toBeGreaterThan(0);
  const ended = (state.since as number) / 1000 + 59;
  expect(restarted(s, state, ended, 0, '').state.backOffs).toBe(state.backOffs);
  expect(restarted(s, state, ended, 1, '').state.backOffs).toBe(0);
});

test('what was degraded and comes back up with the agent has returned', () => {
  const s = service(1, `${DAMPED}, degraded: warning`);
  const saved = { ...startVerdict(s, instant(0)), verdict: 'degraded' as const, backOffs: 1 };
  const { verdicts } = restarted(s, saved, 10, 0, '+'.repeat(42));
  expect([verdicts[0], verdicts[39], verdicts[40]]).toEqual(['degraded', 'degraded', 'up']);
});

test('deadlines lie ahead: stepping at each of them always comes to an end', () => {
  const s = service(1, 'rise: 1, fall: 1, min-stable: 3s, flaps: 1 per 10s');
  let state = run(s, '+ - + - +').state;
  let now: Instant = instant(5000);
  for (let i = 0; i < 20; i++) {
    const due = verdictDue(state) as Instant;
    expect(due).toBeGreaterThan(now);
    now = due;
    state = stepVerdict(s, state, { kind: 'due' }, now);
  }
  expect(state.verdict).toBe('down');
});

test('every verdict answers every sight', () => {
  for (const row of Object.values(VERDICT_TABLE))
    expect(Object.keys(row)).toEqual(['unknown', 'down', 'degraded', 'up']);
});
