import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { interrupt } from './interrupt.ts';

test('the first Ctrl-C asks to stop, the same press heard twice is one, and a later one ends at once', () => {
  const exits: number[] = [];
  const said: string[] = [];
  const signals = Object.assign(new EventEmitter(), { exit: (code: number) => void exits.push(code) });
  let time = 0;
  const stop = interrupt(
    (text) => void said.push(text),
    signals,
    () => time,
  );
  expect(stop.asked).toBe(false);
  signals.emit('SIGINT');
  time = 20;
  signals.emit('SIGINT');
  expect([stop.asked, exits, said.length]).toEqual([true, [], 1]);
  time = 1500;
  signals.emit('SIGINT');
  expect(exits).toEqual([130]);
  stop.end();
  expect(signals.listenerCount('SIGINT')).toBe(0);
});
