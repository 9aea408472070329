/** What can be wrong with a message, and what it costs (RFC 4271 §6, RFC 7606). */
import type { Hex } from './message.ts';

/** One error, ready to be told to the peer as a NOTIFICATION. */
export interface WireError {
  readonly code: number;
  readonly subcode: number;
  /** The data field that the RFC asks for, such as the erroneous attribute. */
  readonly data: Hex;
  /** One clause for people: what was found and what was expected. */
  readonly why: string;
}

/**
 * What an error in an UPDATE costs (RFC 7606 §2), from mild to strong: the attribute is left out, the routes are taken as
 * withdrawn, the session ends. "AFI/SAFI disable" is allowed where we reset; we reset, because a family that silently
 * stops is harder to notice than a session that restarts.
 */
export type Reaction = 'discard' | 'withdraw' | 'reset';

/** One thing wrong with one attribute of an UPDATE. */
export interface Fault {
  /** Type code of the attribute. */
  readonly attribute: number;
  /** Its name in the RFC, or `attribute 99`. */
  readonly name: string;
  readonly error: WireError;
  readonly reaction: Reaction;
}

const STRENGTH: { readonly [R in Reaction]: number } = { discard: 1, withdraw: 2, reset: 3 };

/** The fault with the strongest reaction, the first of equals (RFC 7606 §3 h); undefined when there is none. */
export function worst(faults: readonly Fault[]): Fault | undefined {
  let found: Fault | undefined;
  for (const f of faults) if (!found || STRENGTH[f.reaction] > STRENGTH[found.reaction]) found = f;
  return found;
}

/** Subcodes of UPDATE Message Error (RFC 4271 §6.3). */
export const UPDATE_ERROR = {
  malformedList: 1,
  unrecognizedWellKnown: 2,
  missing: 3,
  flags: 4,
  length: 5,
  origin: 6,
  nextHop: 8,
  optional: 9,
  network: 10,
  asPath: 11,
} as const;

/** Thrown by decoders of single fields, caught in one place which knows the cost. It never leaves this room. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  readonly subcode: number;

  constructor(subcode: number, why: string) {
    super(why);
    this.subcode = subcode;
  }
}
