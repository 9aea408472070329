import { expect, test } from 'vitest';
import { progressBar } from './progress.ts';

test.each([
  [true, ['\r███████████████░░░░░░░░░░░░░░░ 5 of 10 tried', '\r\x1b[K']],
  [false, []],
])('a bar is drawn on a terminal (%s) once the work has taken a second, and wiped', (isTTY, expected) => {
  const written: string[] = [];
  let time = 0;
  const bar = progressBar('tried', { isTTY, write: (text) => written.push(text) }, () => time);
  time = 900;
  bar.tell(1, 10);
  time = 1100;
  bar.tell(5, 10);
  bar.end();
  expect(written).toEqual(expected);
});
