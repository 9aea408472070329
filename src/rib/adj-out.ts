/**
 * What one peer has been told of one family (Adj-RIB-Out), and the prefixes of which it still has to be told something.
 *
 * A prefix waits at most once, however often it changes meanwhile: a slow peer costs a bit for each prefix, never a
 * growing queue, and gets the newest state when it is ready for more.
 */
import { widen } from './interner.ts';

export class AdjOut {
  /** The attributes last sent (an id of the owner's choosing); 0 when the peer has no route. Indexed by prefix. */
  sent: Uint32Array = new Uint32Array(16);
  /** 0 not waiting, 1 waiting, 2 waiting to be told again even if nothing changed. */
  #waits: Uint8Array = new Uint8Array(16);
  #queue: Uint32Array = new Uint32Array(16);
  #head = 0;
  #tail = 0;
  #size = 0;

  /** How many prefixes the peer has been told of and not withdrawn. */
  get size(): number {
    return this.#size;
  }

  /** How many prefixes wait. */
  get waiting(): number {
    return this.#tail - this.#head;
  }

  /** Whether the prefix that `shift` gave last is to be told again even if nothing changed. */
  forced = false;

  /** Puts a prefix at the end of the queue, unless it waits already. `again`: tell it even if nothing changed (RFC 2918). */
  push(prefix: number, again = false): void {
    if (prefix >= this.#waits.length) this.#waits = widen(this.#waits, prefix + 1);
    const waits = this.#waits[prefix]!;
    if (again) this.#waits[prefix] = 2;
    if (waits !== 0) return;
    if (!again) this.#waits[prefix] = 1;
    if (this.#tail === this.#queue.length) {
      if (this.#head > this.#tail >> 1) {
        this.#queue.copyWithin(0, this.#head, this.#tail);
        this.#tail -= this.#head;
        this.#head = 0;
      } else this.#queue = widen(this.#queue, this.#tail + 1);
    }
    this.#queue[this.#tail++] = prefix;
  }

  /** Takes the prefix that has waited longest; 0 when none waits. */
  shift(): number {
    if (this.#head === this.#tail) return 0;
    const prefix = this.#queue[this.#head++]!;
    this.forced = this.#waits[prefix] === 2;
    this.#waits[prefix] = 0;
    if (this.#head === this.#tail) this.#head = this.#tail = 0;
    return prefix;
  }

  /** True while the prefix waits. */
  waits(prefix: number): boolean {
    return (this.#waits[prefix] ?? 0) !== 0;
  }

  /**
   * Notes what the peer is told of the prefix that `shift` gave last: attributes, or 0 for a withdrawal. False when it has
   * been told just that before and need not be again.
   */
  tell(prefix: number, attributes: number): boolean {
    if (prefix >= this.sent.length) {
      if (attributes === 0) return false;
      this.sent = widen(this.sent, prefix + 1);
    }
    const was = this.sent[prefix]!;
    if (was === attributes) return this.forced && attributes !== 0;
    if (was === 0) this.#size++;
    else if (attributes === 0) this.#size--;
    this.sent[prefix] = attributes;
    return true;
  }

  /** What the peer was last told of a prefix; 0 when nothing or a withdrawal. */
  told(prefix: number): number {
    return this.sent[prefix] ?? 0;
  }
}
