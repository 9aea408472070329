/** The bytes of one connection that are on their way: messages cut out of a stream, and messages waiting to be written. */
import { frameLength, HEADER_LENGTH } from '../wire/index.ts';

/** What a stream gives. `true` asks for the next message; `false` says that the connection is not ours any more. */
export interface Messages {
  /** A whole message in bytes[at, end), valid during the call. */
  message(bytes: Uint8Array, at: number, end: number): boolean;
  /** Bytes that begin as no message may. Nothing that follows can be read. */
  nonsense(bytes: Uint8Array): void;
  /** Messages of up to 65535 octets may come (RFC 8654); asked before each one. */
  wide(): boolean;
}

export class LinkState {
  /** Messages of the session itself, waiting to be written before any UPDATE. */
  readonly control: Uint8Array[] = [];
  /** The beginning of a message whose end has not arrived. */
  #carry: Uint8Array = new Uint8Array(0);
  #carried = 0;

  /**
   * Cuts the next piece of the stream into messages. Whole ones are handed on where they stand; only what is left of an
   * unfinished one is copied.
   */
  take(bytes: Uint8Array, to: Messages): void {
    let at = 0;
    if (this.#carried > 0) {
      at = this.#fill(bytes, 0, HEADER_LENGTH);
      if (this.#carried < HEADER_LENGTH) return;
      const length = frameLength(this.#carry, 0, this.#carried, to.wide());
      if (length < 0) {
        to.nonsense(this.#carry.slice(0, this.#carried));
        return;
      }
      at += this.#fill(bytes, at, length);
      if (this.#carried < length) return;
      this.#carried = 0;
      if (!to.message(this.#carry, 0, length)) return;
    }
    while (at < bytes.length) {
      const length = frameLength(bytes, at, bytes.length, to.wide());
      if (length < 0) {
        to.nonsense(bytes.slice(at));
        return;
      }
      if (length === 0 || length > bytes.length - at) {
        this.#fill(bytes, at, length || HEADER_LENGTH);
        return;
      }
      at += length;
      if (!to.message(bytes, at - length, at)) return;
    }
  }

  /** Copies bytes from[at …) behind what is carried, until it is `want` long; returns how many were copied. */
  #fill(from: Uint8Array, at: number, want: number): number {
    const n = Math.min(want - this.#carried, from.length - at);
    if (n <= 0) return 0;
    if (this.#carry.length < want) {
      const wider = new Uint8Array(Math.max(want, 4096));
      wider.set(this.#carry.subarray(0, this.#carried));
      this.#carry = wider;
    }
    this.#carry.set(from.subarray(at, at + n), this.#carried);
    this.#carried += n;
    return n;
  }
}
