/**
 * Our own mistake: an impossible state. It stops us loudly. A peer's or an operator's mistake is never one of these:
 * those are data.
 */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws {@link AssertionError} unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The end of an exhaustive switch: the compiler refuses a forgotten case, and a value from outside the type throws. */
export function never(value: never): never {
  throw new AssertionError(`impossible value: ${JSON.stringify(value)}`);
}
