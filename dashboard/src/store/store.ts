/** A value that can be watched. The page has few of them, and each has one owner that sets it. */
import { useEffect, useReducer, useRef } from 'preact/hooks';

export interface Store<T> {
  get(): T;
  set(value: T): void;
  /** Calls `heard` after every change, until the returned function is called. */
  watch(heard: (value: T) => void): () => void;
}

export function store<T>(first: T): Store<T> {
  let value = first;
  const watchers = new Set<(value: T) => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const heard of [...watchers]) heard(value);
    },
    watch(heard) {
      watchers.add(heard);
      return () => void watchers.delete(heard);
    },
  };
}

/**
 * A store that follows others: `make` is called anew when one of them has changed, at most once for each change and only
 * while somebody watches or asks.
 */
export function derived<T>(from: readonly Pick<Store<unknown>, 'watch' | 'get'>[], make: () => T): Source<T> {
  let seen: readonly unknown[] | undefined;
  let value: T;
  const get = () => {
    const now = from.map((s) => s.get());
    if (!seen || now.some((v, i) => !Object.is(v, seen?.[i]))) {
      seen = now;
      value = make();
    }
    return value;
  };
  return {
    get,
    watch(heard) {
      let last = get();
      const stops = from.map((s) =>
        s.watch(() => {
          const next = get();
          if (Object.is(next, last)) return;
          last = next;
          heard(next);
        }),
      );
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

/** A store that only its maker changes. */
export type Source<T> = Pick<Store<T>, 'get' | 'watch'>;

/** Draws the component anew when what `pick` gives has changed (by identity). Without `pick`: the whole value. */
export function useStore<T>(from: Source<T>): T;
export function useStore<T, P>(from: Source<T>, pick: (value: T) => P): P;
export function useStore<T, P = T>(from: Source<T>, pick?: (value: T) => P): P {
  const [, again] = useReducer((n: number) => n + 1, 0);
  const chosen = pick ? pick(from.get()) : (from.get() as unknown as P);
  const last = useRef({ chosen, pick });
  last.current = { chosen, pick };
  useEffect(() => {
    const look = () => {
      const { chosen: was, pick: by } = last.current;
      const now = by ? by(from.get()) : (from.get() as unknown as P);
      if (!Object.is(now, was)) again(undefined);
    };
    // It may have changed between drawing and this effect.
    look();
    return from.watch(look);
  }, [from]);
  return chosen;
}
