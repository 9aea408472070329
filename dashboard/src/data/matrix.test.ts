import { expect, test } from 'vitest';
import type { Level, Snapshot } from '../../../src/control/index.ts';
import { BEGAN, network } from '../testing/snapshot.test-support.ts';
import { cellOf, cellText, matrixOf } from './matrix.ts';

const cell = (expected: Level, actual: Level) => cellOf({ expected, actual, why: ['because'], at: BEGAN });

test('a cell says in a word what is wrong with it: missing, unexpected, or there and different', () => {
  const words = (['full', 'less-preferred', 'withdrawn'] as const).map((expected) =>
    (['full', 'less-preferred', 'withdrawn'] as const).map((actual) => cell(expected, actual).word),
  );
  expect(words).toEqual([
    ['full', 'less preferred, not full', 'missing'],
    ['full, not less preferred', 'less preferred', 'missing'],
    ['unexpected', 'unexpected', 'withdrawn'],
  ]);
});

test('what is withdrawn on purpose is neither right in green nor wrong in red', () => {
  expect(cell('withdrawn', 'withdrawn')).toMatchObject({ is: 'right', mood: 'off' });
  expect(cellOf(undefined)).toMatchObject({ is: 'silent', mood: 'off' });
});

test('prefixes stand IPv4 first, those that only an upstream has included, and cells are counted', () => {
  const plain = network('fra nyc', 'lon');
  const fra = plain.sites['fra']!;
  const up = fra.upstreams['as64601']!;
  const stray = { expected: 'withdrawn' as const, actual: 'full' as const, why: [], at: BEGAN };
  const snapshot: Snapshot = {
    ...plain,
    network: { ...plain.network, prefixes: ['2001:db8:53::/48', '203.0.113.0/24'] },
    sites: {
      ...plain.sites,
      fra: {
        ...fra,
        upstreams: {
          as64601: { ...up, announcements: { ...up.announcements, '198.51.100.0/24': stray } },
        },
      },
    },
  };
  const matrix = matrixOf(snapshot);
  expect(matrix.prefixes).toEqual(['203.0.113.0/24', '198.51.100.0/24', '2001:db8:53::/48']);
  expect(matrix.lines.map((l) => [l.site, ...l.cells.map((c) => c.word)])).toEqual([
    ['fra', 'full', 'unexpected', 'not told'],
    ['nyc', 'full', 'not told', 'not told'],
  ]);
  expect([matrix.right, matrix.wrong]).toEqual([2, 1]);
});

test('a cell is a sentence to whoever does not see the table', () => {
  const line = { site: 'fra', upstream: 'as64601' };
  expect(cellText(line, '203.0.113.0/24', cell('full', 'full'))).toBe(
    'as64601 has 203.0.113.0/24 from fra, full, as it should be',
  );
  expect(cellText(line, '203.0.113.0/24', cell('full', 'withdrawn'))).toBe(
    'as64601 has no 203.0.113.0/24 from fra; expected: full',
  );
  expect(cellText(line, '203.0.113.0/24', cellOf(undefined))).toBe(
    'fra does not speak of 203.0.113.0/24 to as64601',
  );
});
