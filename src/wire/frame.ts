/** The message header (RFC 4271 §4.1): where one message ends in a stream, and what a bad header costs (§6.1). */
import type { WireError } from './error.ts';
import type { Agreed } from './message.ts';

/** Octets of the header: marker 16, length 2, type 1. */
export const HEADER_LENGTH = 19;
/** The longest message without RFC 8654. */
export const MESSAGE_MAX = 4096;
/** The longest message with it. */
export const EXTENDED_MESSAGE_MAX = 65535;

export const MESSAGE_TYPE = { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 } as const;

/** Shortest message by type (RFC 4271 §4.2 … §4.5, RFC 2918 §3). Type 0 is no type. */
const SHORTEST: readonly number[] = [0, 29, 23, 21, 19, 23];

/** {@link frameLength} found a header that no speaker may send. */
export const BAD_HEADER = -1;
/** {@link frameLength} needs more bytes to say. */
export const NEED_MORE = 0;

/**
 * How long the message is that begins at `bytes[at]`, from its header; {@link NEED_MORE} while fewer than 19 octets stand in
 * `bytes[at … end)`; {@link BAD_HEADER} when the connection is lost: {@link headerError} says why. The message itself may not be whole yet:
 * compare with `end - at`. Copies nothing and keeps nothing.
 */
export function frameLength(bytes: Uint8Array, at: number, end: number, extendedMessage: boolean): number {
  if (end - at < HEADER_LENGTH) return NEED_MORE;
  for (let i = at; i < at + 16; i++) if (bytes[i] !== 0xff) return BAD_HEADER;
  const length = ((bytes[at + 16] as number) << 8) | (bytes[at + 17] as number);
  return lengthFits(bytes[at + 18] as number, length, extendedMessage) ? length : BAD_HEADER;
}

/** RFC 4271 §6.1, RFC 8654 §4: OPEN and KEEPALIVE are never longer than 4096. Unknown types and wrong ROUTE-REFRESHes have other errors. */
function lengthFits(type: number, length: number, extendedMessage: boolean): boolean {
  const shortest = SHORTEST[type];
  if (!shortest) return false;
  if (length < (type === MESSAGE_TYPE.routeRefresh ? HEADER_LENGTH : shortest)) return false;
  if (type === MESSAGE_TYPE.keepalive) return length === HEADER_LENGTH;
  return length <= (extendedMessage && type !== MESSAGE_TYPE.open ? EXTENDED_MESSAGE_MAX : MESSAGE_MAX);
}

/** What is wrong with the header at `bytes[at]`; undefined when nothing is. At least 19 octets have to be there. */
export function headerError(bytes: Uint8Array, at: number, agreed: Agreed): WireError | undefined {
  for (let i = at; i < at + 16; i++) {
    if (bytes[i] !== 0xff) return { code: 1, subcode: 1, data: '', why: 'the marker is not all ones' };
  }
  const [high, low] = [bytes[at + 16] as number, bytes[at + 17] as number];
  const length = (high << 8) | low;
  const type = bytes[at + 18] as number;
  const longest = agreed.extendedMessage ? EXTENDED_MESSAGE_MAX : MESSAGE_MAX;
  if (length < HEADER_LENGTH || length > longest) return badLength(length);
  if (!SHORTEST[type])
    return { code: 1, subcode: 3, data: hex(type, 2), why: `message type ${type} is not known` };
  return lengthFits(type, length, agreed.extendedMessage) ? undefined : badLength(length);
}

/** RFC 4271 §6.1: the data is the erroneous Length field. */
export function badLength(length: number): WireError {
  return { code: 1, subcode: 2, data: hex(length, 4), why: `a length of ${length}` };
}

function hex(n: number, digits: number): string {
  return n.toString(16).padStart(digits, '0');
}
