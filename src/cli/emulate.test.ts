import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { BUILT_IN, HEALTHS, type StepSite } from '../emulate/index.ts';
import { stepSite } from '../site/index.ts';
import { emulateCommand } from './emulate.ts';
import type { Planted } from './emulate-play.ts';

const folder = mkdtempSync(join(tmpdir(), 'nearcast-emulate-'));
const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const PLANET = join(examples, 'planet/network.yaml');
const TWO = join(examples, 'two-sites/network.yaml');

afterEach(() => {
  process.exitCode = undefined;
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What was written, and how it ended. */
const emulate = (...args: string[]) => emulateWith({}, ...args);

/** The same with a mistake in the code that is emulated. */
async function emulateWith(planted: Planted, ...args: string[]) {
  let out = '';
  let progress = '';
  const command = emulateCommand(
    (text) => {
      out += text;
    },
    (text) => {
      progress += text;
    },
    planted,
  )
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  const failure = await command
    .parseAsync(args, { from: 'user' })
    .then(() => undefined)
    .catch((e: { message: string; exit?: number; code?: string }) => e);
  return { out, progress, failure, code: failure ? failure.exit : (process.exitCode ?? 0) };
}

test('prints what happened, line by line, and ends well', async () => {
  const { out, code } = await emulate(TWO, '--scenario', 'kill');
  expect(code).toBe(0);
  expect(out).toMatch(/2 sites with 2 sessions to an internet of 20 ASes/);
  expect(out).toMatch(/^ +5\.000 s {2}─+ kill fra$/m);
  expect(out).toMatch(/vantages?.*: fra → nyc /m);
  expect(out).toMatch(/settled .*\nno invariant broke\n$/);
});

test('prints the timeline as JSON, one event a line', async () => {
  const { out } = await emulate(TWO, '--scenario', 'fail', '--json');
  const events = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; seed?: number; breaks?: number });
  expect(new Set(events.map((e) => e.kind))).toContain('level');
  expect(events.at(-1)).toMatchObject({ kind: 'end', scenario: 'fail', seed: 1, breaks: 0 });
});

test('sweeps seeds with progress, and sums up', async () => {
  const { out, progress, code } = await emulate(TWO, '--seeds', '7..9', '--lasts', '20');
  expect(code).toBe(0);
  expect(out).toMatch(/^3 seeds, no invariant broke/);
  expect(progress).toMatch(/3 of 3 seeds/);
});

test('a sweep on several threads finds the same lowest seed as on one, and says how to have it again', async () => {
  // A link that is slower than the hold time for good: nothing over it can ever settle.
  const slow = file(
    'slow.yaml',
    'name: slow\nlasts: 30s\nsteps: [ { at: 1s, do: slow, site: fra, by: 60s } ]\n',
  );
  const args = [TWO, '--scenario', slow, '--seeds', '5..30', '--json'];
  const results = await Promise.all(['1', '2'].map((n) => emulate(...args, '--workers', n)));
  for (const { out, code } of results) {
    const result = JSON.parse(out) as { broken: number; breaks: { command: string; invariant: string }[] };
    expect(result.broken).toBe(5);
    expect(result.breaks[0]).toMatchObject({
      invariant: 'not settled',
      command: `nearcast emulate ${TWO} --scenario ${slow} --seed 5`,
    });
    expect(code).toBe(1);
  }
});

test('a bug in the judgement of a site is caught by the sweep, with exit code 1 and the command that has it again', async () => {
  // Whoever works on nyc has turned the verdict around: what fails is taken for good.
  const step: StepSite = (duties, state, event, now) =>
    stepSite(
      duties,
      state,
      event.kind === 'probe' && duties.site === 'nyc' ? { ...event, result: { outcome: 'good' } } : event,
      now,
    );
  const swept = await emulateWith({ step }, TWO, '--seeds', '1..60', '--lasts', '30');
  expect(swept.code).toBe(1);
  expect(swept.out).toMatch(
    /BROKEN {3}full while down at nyc: .* is announced in full, and resolver has been broken/,
  );
  const [, words, seed] = /again with: nearcast emulate (.* --seed (\d+).*)\n/.exec(swept.out) ?? [];
  expect(swept.out).toContain(`seed ${seed} broke an invariant`);
  const args = (words as string).split(' ');
  const again = await emulateWith({ step }, ...args);
  expect(again.code).toBe(1);
  expect(again.out).toMatch(/^ +\d+\.\d{3} s {2}BROKEN {3}full while down at nyc/m);
  expect(again.out).toMatch(/\d+ invariants? broke\n$/);
  process.exitCode = undefined;
  const mended = await emulate(...args);
  expect([mended.code, mended.out.endsWith('no invariant broke\n')]).toEqual([0, true]);
});

test('takes down the life of one router, for nearcast replay', async () => {
  const path = join(folder, 'life.journal');
  await emulate(TWO, '--scenario', 'fail', '--journal', path, '--router', 'nyc');
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(JSON.parse(lines[0] as string)).toMatchObject({ kind: 'began', options: { asn: 64500 } });
  expect(lines.length).toBeGreaterThan(50);
  const { failure } = await emulate(TWO, '--journal', path, '--router', 'nycc');
  expect(failure?.message).toMatch(/no router is called nycc; did you mean nyc\?/);
});

test.each(readdirSync(join(examples, 'scenarios')))('examples/scenarios/%s breaks nothing', async (name) => {
  const { out, code } = await emulate(PLANET, '--scenario', join(examples, 'scenarios', name));
  expect(out).toMatch(/settled/);
  expect(code).toBe(0);
});

test('lists the scenarios, and shows the steps of one', async () => {
  expect((await emulate('--list')).out).toMatch(/^drain +the first site is drained/m);
  const steps = await emulate(TWO, '--seed', '3', '--steps');
  expect(JSON.parse(steps.out)).toMatchObject({ name: 'random', lasts: '60000ms' });
});

test('what --steps shows is a scenario that does the same', async () => {
  const { out } = await emulate(TWO, '--seed', '8', '--steps', '--intensity', '6', '--lasts', '20');
  const args = [TWO, '--seed', '8', '--intensity', '6', '--lasts', '20'];
  const [once, again] = [await emulate(...args), await emulate(...args, '--scenario', file('8.json', out))];
  expect(again.out).toBe(once.out);
  expect(once.out).toMatch(/─+ /);
});

describe('docs/emulate.md', () => {
  const page = readFileSync(new URL('../../docs/emulate.md', import.meta.url), 'utf8');

  test('has a row for every word of a scenario, every way to fail and every built-in scenario', async () => {
    const { failure } = await emulate(TWO, '--scenario', file('d.yaml', 'steps: [ { at: 1s, do: dance } ]'));
    const words = /is none of (.*)$/m.exec(failure?.message ?? '')?.[1]?.split(', ') ?? [];
    expect(words.length).toBeGreaterThan(15);
    const rows = [...page.matchAll(/^\| (`.*?) +\|/gm)].flatMap((row) =>
      [...(row[1] as string).matchAll(/`([^`]+)`/g)].map((word) => word[1]),
    );
    for (const word of [...words, ...HEALTHS, ...BUILT_IN.map((s) => s.name)]) expect(rows).toContain(word);
  });

  test('has scenarios that can be played', async () => {
    const scenarios = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((m) => m[1] as string);
    expect(scenarios.length).toBeGreaterThan(0);
    for (const [i, text] of scenarios.entries())
      expect((await emulate(TWO, '--scenario', file(`page${i}.yaml`, text))).code).toBe(0);
  });

  test('shows what the commands print, if not to the millisecond', async () => {
    const untimed = (line: string) => line.replace(/^ *\d+\.\d{3} s/, '').replaceAll(examples, 'examples/');
    const shown = [...page.matchAll(/^\$ nearcast emulate (.*)\n([\s\S]*?)```/gm)];
    expect(shown.length).toBeGreaterThan(1);
    for (const [, words = '', text = ''] of shown) {
      const args = words.split(' ').map((w) => (w.startsWith('examples/') ? join(examples, w.slice(9)) : w));
      const { out } = await emulate(...args);
      const lines = out.split('\n').map(untimed);
      for (const line of text.trimEnd().split('\n')) if (line !== '…') expect(lines).toContain(untimed(line));
    }
  });
});

test('says what is wrong with the plan, the scenario or the options, and exits with 2', async () => {
  const says = async (...args: string[]) => {
    const { failure } = await emulate(...args);
    return `${failure?.exit ?? failure?.code}: ${failure?.message}`;
  };
  expect(await says()).toMatch(/^2: which plan/);
  expect(await says('nowhere.yaml')).toMatch(/^2: the plan cannot be read/);
  expect(await says(file('bad.yaml', 'network: x\n'))).toMatch(/^2: the plan is wrong\n.*bad\.yaml:1/);
  expect(await says(TWO, '--scenario', 'drian')).toMatch(
    /^2: no scenario is called drian; did you mean drain\?/,
  );
  expect(await says(TWO, '--scenario', file('s.yaml', 'steps: [ { at: 1s, do: kill, site: far } ]'))).toMatch(
    /^2: .*steps\[0\]: site: "far" is no site; there are fra, nyc; did you mean fra\?/s,
  );
  expect(await says(TWO, '--scenario', file('t.yaml', 'steps: ['))).toMatch(/^2: .*t\.yaml/);
  expect(await says(TWO, '--seeds', '9..1')).toMatch(/^commander\.invalidArgument/);
  expect(await says(TWO, '--ases', '3')).toMatch(/^commander\.invalidArgument/);
});
