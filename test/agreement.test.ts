/** `node bench/agreement.ts --graphs 2000` holds more of them together. */
import { expect, test } from 'vitest';
import { caseOf, disagreement, predicted } from './agreement.ts';

const GRAPHS = 150;

test('on small random internets every AS has the route by prediction that it has by real messages', {
  timeout: 120_000,
}, () => {
  let reached = 0;
  for (let seed = 1; seed <= GRAPHS; seed++) {
    const given = caseOf(seed);
    expect(disagreement(given)).toBe('');
    reached += predicted(given).size;
  }
  expect(reached).toBeGreaterThan(4 * GRAPHS);
});
