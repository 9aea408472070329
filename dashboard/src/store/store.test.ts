import { expect, test, vi } from 'vitest';
import { derived, store } from './store.ts';

test('who watches hears of every change, and of nothing else', () => {
  const one = store(1);
  const heard = vi.fn();
  const stop = one.watch(heard);
  one.set(1);
  one.set(2);
  stop();
  one.set(3);
  expect(heard.mock.calls).toEqual([[2]]);
});

test('what follows others is made once for each change of them', () => {
  const [a, b] = [store(1), store(10)];
  const make = vi.fn(() => a.get() + b.get());
  const sum = derived([a, b], make);
  expect([sum.get(), sum.get()]).toEqual([11, 11]);
  expect(make).toHaveBeenCalledTimes(1);
  const heard = vi.fn();
  const stop = sum.watch(heard);
  a.set(2);
  b.set(9);
  stop();
  b.set(1);
  expect(heard.mock.calls).toEqual([[12], [11]]);
  expect(sum.get()).toBe(3);
});

test('a derived value that stays the same is no change', () => {
  const name = store('Tokyo');
  const length = derived([name], () => name.get().length);
  const heard = vi.fn();
  length.watch(heard);
  name.set('Osaka');
  expect(heard).not.toHaveBeenCalled();
});
