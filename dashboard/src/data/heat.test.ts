import { expect, test } from 'vitest';
import { type Body, Timeline } from '../../../src/control/index.ts';
import { BEGAN, move, network } from '../testing/snapshot.test-support.ts';
import { runsOf, type Span, sharesAt, sharesOf, statesOf } from './heat.ts';

const first = network('fra nyc', 'lon chi');
const at = (seconds: number) => BEGAN + seconds * 1000;
const process = (seq: number, standing: 'dead' | 'starting' | 'running') => {
  const body: Body = { kind: 'process', site: 'fra', was: 'running', is: { standing } };
  return { ...body, run: 'r1', seq, at: at(seq) };
};

test('the states of a site follow its events, and what changes nothing for it makes no span', () => {
  const timeline = new Timeline(first);
  timeline.push(process(1, 'dead'));
  timeline.push(process(2, 'dead'));
  timeline.push(move(timeline.latest, '127.1.0.1', 'nyc', 3));
  const { spans } = statesOf(timeline);
  expect(spans.get('fra')).toEqual([
    { at: at(0), mood: 'ok', word: 'announced' },
    { at: at(1), mood: 'bad', word: 'dead' },
  ]);
  expect(spans.get('nyc')).toHaveLength(1);
  timeline.push(process(4, 'running'));
  expect(
    statesOf(timeline)
      .spans.get('fra')
      ?.map((s) => s.word),
  ).toEqual(['announced', 'dead', 'announced']);
});

test('a site that another run does not have is not in the plan any more', () => {
  const timeline = new Timeline(first);
  const { version: _, run: __, seq: ___, at: ____, ...is } = network('nyc', 'lon');
  timeline.push({ kind: 'start', is, run: 'r2', seq: 1, at: at(5) });
  expect(statesOf(timeline).spans.get('fra')?.at(-1)).toEqual({
    at: at(5),
    mood: 'off',
    word: 'not in the plan',
  });
});

const spans: readonly Span[] = [
  { at: at(10), mood: 'ok', word: 'announced' },
  { at: at(50), mood: 'bad', word: 'dead' },
  { at: at(51), mood: 'ok', word: 'announced' },
];
const words = (columns: number, until = 100) =>
  runsOf(spans, { from: at(0), to: at(100) }, columns, at(until)).map((r) => `${r.word} ×${r.count}`);

test('a cell is the worst that happened in it, however short, and nothing is known before and after', () => {
  expect(words(10)).toEqual(['nothing known ×1', 'announced ×4', 'dead ×1', 'announced ×4']);
  expect(words(10, 80)).toEqual([
    'nothing known ×1',
    'announced ×4',
    'dead ×1',
    'announced ×2',
    'nothing known ×2',
  ]);
  expect(words(2)).toEqual(['announced ×1', 'dead ×1']);
});

test('every cell is in one run, whatever the number of columns', () => {
  for (let columns = 1; columns < 300; columns += 7) {
    const runs = runsOf(spans, { from: at(0), to: at(100) }, columns, at(100));
    expect(runs.reduce((n, r) => n + r.count, 0)).toBe(columns);
    expect(runs.some((r) => r.word === 'dead')).toBe(true);
  }
});

test('the part of the people at each site is that at the end of each part of the time', () => {
  const timeline = new Timeline(first);
  timeline.push({ ...move(timeline.latest, '127.1.0.1', 'nyc', 1), at: at(30) });
  timeline.jump({ ...timeline.latest, seq: 59, at: at(59) });
  timeline.push({ ...move(timeline.latest, '127.1.0.1', undefined, 60), at: at(61) });
  const { now } = sharesOf(timeline);
  const shares = sharesAt(now, ['fra', 'nyc'], { from: at(-20), to: at(80) }, 5, at(75));
  const [lon, chi] = ['127.1.0.1', '127.2.0.1'].map((v) => first.vantages[v]!.users) as [number, number];
  const part = lon / (lon + chi);
  expect(shares.get('fra')).toEqual([undefined, part, 0, 0, 0]);
  expect(
    shares
      .get('nyc')
      ?.slice(1)
      .map((n) => n?.toFixed(6)),
  ).toEqual([1 - part, 1, 1, 1 - part].map((n) => n.toFixed(6)));
});
