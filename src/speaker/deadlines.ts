/**
 * The earliest of many deadlines. An owner's deadline may move at any time: later ones cost nothing, because an entry that
 * comes up too early is only put back.
 */
import { Heap, type Instant } from '../base/index.ts';

interface Entry<T> {
  readonly owner: T;
  readonly at: Instant;
}

export class Deadlines<T extends object> {
  readonly #heap = new Heap<Entry<T>>((a, b) => a.at < b.at);
  /** The earliest entry each owner has in the heap. */
  readonly #planned = new Map<T, Instant>();
  readonly #dueOf: (owner: T) => Instant | undefined;

  constructor(dueOf: (owner: T) => Instant | undefined) {
    this.#dueOf = dueOf;
  }

  /** When to call `reached` at the latest. It may turn out that nothing was due. */
  get next(): Instant | undefined {
    return this.#heap.peek()?.at;
  }

  /** To be called when an owner's deadline may have changed. */
  plan(owner: T): void {
    const at = this.#dueOf(owner);
    const planned = this.#planned.get(owner);
    if (at === undefined || (planned !== undefined && planned <= at)) return;
    this.#planned.set(owner, at);
    this.#heap.push({ owner, at });
  }

  /** The owners whose deadline has come, each once. */
  reached(now: Instant): readonly T[] {
    const owners: T[] = [];
    for (;;) {
      const first = this.#heap.peek();
      if (!first || first.at > now) return owners;
      this.#heap.pop();
      // An entry that an earlier one has replaced.
      if (this.#planned.get(first.owner) !== first.at) continue;
      this.#planned.delete(first.owner);
      const at = this.#dueOf(first.owner);
      if (at !== undefined && at <= now) owners.push(first.owner);
      else this.plan(first.owner);
    }
  }
}
