import { expect, test } from 'vitest';
import { instant } from '../base/index.ts';
import { Failures } from './failures.ts';

test('a session that does not come up is spoken of at once, the same cause ever more rarely, another cause soon', () => {
  const failures = new Failures();
  const said: number[] = [];
  for (let s = 0; s < 86_400; s += 5)
    if (failures.worthSaying('up', 'refused', instant(s * 1000))) said.push(s);
  expect(said.slice(0, 6)).toEqual([0, 60, 180, 420, 900, 1860]);
  expect(said.length).toBeLessThan(32);
  expect(failures.worthSaying('up', 'bad password', instant(86_400_000))).toBe(true);
  expect(failures.worthSaying('up', 'refused', instant(86_405_000))).toBe(false);
  expect(failures.worthSaying('other', 'refused', instant(86_405_000))).toBe(true);
  failures.forget('up');
  expect(failures.worthSaying('up', 'refused', instant(86_406_000))).toBe(true);
});
