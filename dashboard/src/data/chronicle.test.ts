import { expect, test } from 'vitest';
import { type Body, type Event, Timeline } from '../../../src/control/index.ts';
import { BEGAN, move, network } from '../testing/snapshot.test-support.ts';
import {
  chronicleOf,
  countUntil,
  density,
  type Filter,
  filtered,
  GROUP_NAMES,
  groupOf,
  type Row,
  rowText,
  stepFrom,
  usualOf,
} from './chronicle.ts';

const first = network('fra nyc', 'lon chi tyo');
const numbered = (body: Body, seq: number): Event => ({ ...body, run: 'r1', seq, at: BEGAN + seq * 1000 });
const all: Filter = { groups: new Set(GROUP_NAMES), text: '' };

const down: Body = {
  kind: 'verdict',
  site: 'fra',
  service: 'resolver',
  was: 'up',
  is: { verdict: 'down', phase: 'down', why: ['no answer within 300 ms'] },
};
const dead: Body = { kind: 'process', site: 'nyc', was: 'running', is: { standing: 'dead' } };
const counts: Body = { kind: 'traffic', vantages: {}, sites: { fra: { asked: 1, perSecond: 1 } } };
const killed: Body = {
  kind: 'order',
  order: { do: 'kill', site: 'nyc', owner: 'ann', reason: 'a drill' },
  outcome: 'done',
  say: [],
};

function told(...bodies: readonly Body[]): Timeline {
  const timeline = new Timeline(first);
  for (const [i, body] of bodies.entries()) timeline.push(numbered(body, i + 1));
  return timeline;
}

test('counts of requests are no rows, and each row is in one group', () => {
  const timeline = told(down, counts, dead, killed);
  const rows = chronicleOf(timeline);
  expect(rows.map((r) => [r.kind, groupOf(r)])).toEqual([
    ['verdict', 'health'],
    ['process', 'health'],
    ['order', 'orders'],
  ]);
});

test('a timeline that grows has its new events looked at alone: the rows before stay the same objects', () => {
  const timeline = told(down);
  const rows = chronicleOf(timeline);
  const [one] = rows;
  timeline.push(numbered(dead, 2));
  expect(chronicleOf(timeline)).toBe(rows);
  expect(rows).toHaveLength(2);
  expect(rows[0]).toBe(one);
});

test('where events are missing there is a row that says so', () => {
  const timeline = told(down);
  timeline.jump({ ...first, seq: 40, at: BEGAN + 40_000 });
  expect(chronicleOf(timeline).map((r) => r.kind)).toEqual(['verdict', 'gap']);
  timeline.jump({ ...first, seq: 50, at: BEGAN + 50_000 });
  timeline.push(numbered(dead, 51));
  const rows = chronicleOf(timeline);
  expect(rows.map((r) => [r.kind, r.seq])).toEqual([
    ['verdict', 1],
    ['gap', 40],
    ['gap', 50],
    ['process', 51],
  ]);
  expect(rowText(rows[1] as Row, first)).toMatch(/not kept/);
});

test('rows are found by group, by site and by words in any order, also by the address of a client', () => {
  const timeline = told(down, dead, killed);
  timeline.push(move(timeline.latest, '127.1.0.1', 'nyc', 4));
  const rows = chronicleOf(timeline);
  const kinds = (filter: Partial<Filter>) => filtered(rows, { ...all, ...filter }, first).map((r) => r.kind);
  expect(kinds({})).toHaveLength(4);
  expect(kinds({ groups: new Set(['moves']) })).toEqual(['landing']);
  expect(kinds({ groups: new Set() })).toEqual([]);
  expect(kinds({ site: 'nyc' })).toEqual(['process', 'order', 'landing']);
  expect(kinds({ text: 'FRA 300' })).toEqual(['verdict']);
  expect(kinds({ text: '127.1.0.1' })).toEqual(['landing']);
  expect(kinds({ text: 'london' })).toEqual(['landing']);
  expect(kinds({ text: 'nobody said this' })).toEqual([]);
});

test('one steps from instant to instant, not from event to event of one instant', () => {
  const at = (n: number) => ({ at: n });
  const rows = [at(10), at(20), at(20), at(30)];
  expect(countUntil(rows, 20)).toBe(3);
  expect(stepFrom(rows, 20, 1)).toBe(30);
  expect(stepFrom(rows, 20, -1)).toBe(10);
  expect(stepFrom(rows, 15, -1)).toBe(10);
  expect(stepFrom(rows, 10, -1)).toBeUndefined();
  expect(stepFrom(rows, 30, 1)).toBeUndefined();
});

test('density counts each row once, both ends of the time included, and what broke apart from what moved', () => {
  const timeline = told(down, dead, killed);
  timeline.push(move(timeline.latest, '127.1.0.1', 'nyc', 4));
  const rows = chronicleOf(timeline);
  const d = density(rows, BEGAN + 1000, BEGAN + 4000, 3);
  expect([...d.all]).toEqual([1, 1, 2]);
  expect([...d.bad]).toEqual([1, 1, 0]);
  expect([...d.moves]).toEqual([0, 0, 1]);
  expect(d.most).toBe(2);
  expect([...density(rows, BEGAN + 5000, BEGAN + 9000, 2).all]).toEqual([0, 0]);
  expect(density(rows, 5, 5, 2).most).toBe(0);
});

test('whether a site may leave is told as news only while it has a reason to leave', () => {
  const ticket: Body = {
    kind: 'ticket',
    site: 'fra',
    scope: 'anycast',
    was: 'held',
    is: { ticket: 'refused' },
  };
  const up: Body = { ...down, was: 'down', is: { verdict: 'up', phase: 'up', why: [] } };
  const drains: Body = { kind: 'drain', site: 'fra', was: 'in', is: { phase: 'lessPreferred', remarks: [] } };
  const seen: Body = {
    kind: 'guard',
    scope: 'anycast',
    is: { keep: 1, sites: ['fra', 'nyc'], spokenFor: ['fra'], sharedFaults: [] },
  };
  const other: Body = { ...ticket, site: 'nyc' };
  const timeline = told(ticket, seen, down, ticket, other, seen, up, ticket, drains, ticket);
  const groups = chronicleOf(timeline).map((row) => `${row.seq} ${groupOf(row)}`);
  expect(groups.filter((g) => /guard|idle/.test(g))).toEqual([
    '1 idle',
    '2 idle',
    '4 guard',
    '5 idle',
    '6 guard',
    '8 idle',
    '10 guard',
  ]);
  expect(usualOf(timeline).map((row) => row.seq)).toEqual([3, 4, 6, 7, 9, 10]);
});

test('a probe that fails everywhere is news, and after a gap the needs are those of what was found', () => {
  const is = { keep: 1, sites: ['fra', 'nyc'], spokenFor: [] };
  const timeline = told(
    { kind: 'guard', scope: 'anycast', is: { ...is, sharedFaults: ['resolver/dns'] } },
    down,
  );
  timeline.jump({ ...first, seq: 40, at: BEGAN + 40_000 });
  timeline.push(
    numbered({ kind: 'ticket', site: 'fra', scope: 'anycast', was: 'held', is: { ticket: 'refused' } }, 41),
  );
  expect(chronicleOf(timeline).map(groupOf)).toEqual(['guard', 'health', 'orders', 'idle']);
});
