/** One whole message, header included: bytes to a value and back. */
import { assert, fromHex, never, toHex, Writer } from '../base/index.ts';
import { type Order, TooLong } from './attributes.ts';
import type { Fault, WireError } from './error.ts';
import { family, familyCode } from './family.ts';
import {
  badLength,
  EXTENDED_MESSAGE_MAX,
  HEADER_LENGTH,
  headerError,
  MESSAGE_MAX,
  MESSAGE_TYPE,
} from './frame.ts';
import type { Agreed, Message, RouteRefresh, Update } from './message.ts';
import { decodeOpen, encodeOpen } from './open.ts';
import { decodeUpdate, encodeUpdate } from './update.ts';

/** A message that could be read. For an UPDATE, see {@link UpdateRead}: `message` is what to process, after its faults were dealt with. */
export interface Accepted {
  readonly ok: true;
  readonly message: Message;
  /** Only an UPDATE can have any. */
  readonly faults: readonly Fault[];
  readonly reaction?: 'discard' | 'withdraw';
  readonly read?: Update;
}

/** A message that costs the session: `error` is to be told to the peer (see `notificationOf`). */
export interface Refusal {
  readonly ok: false;
  readonly error: WireError;
  /** Present for UPDATE only, where RFC 7606 has milder ways. */
  readonly reaction?: 'reset';
  readonly faults: readonly Fault[];
}

export type Decoded = Accepted | Refusal;

const NO_FAULTS: readonly Fault[] = [];
const SUBTYPES = ['request', 'begin', 'end'] as const;

/**
 * Reads one message; `bytes` begins at its marker and ends with its last octet. Never throws, whatever the bytes.
 *
 * Nothing here depends on what came before: `agreed` says how the peers read each other. Encoding the message again with the order
 * `asListed` gives the same bytes, except for what the RFCs call irrelevant, which goes out as zero: the bits behind a prefix in its last
 * octet, the reserved octet of MP_REACH_NLRI, reserved bits in capabilities.
 */
export function decodeMessage(bytes: Uint8Array, agreed: Agreed): Decoded {
  if (bytes.length < HEADER_LENGTH)
    return refuse({ ...badLength(bytes.length), why: 'it is shorter than a header' });
  const bad = headerError(bytes, 0, agreed);
  if (bad) return refuse(bad);
  const end = bytes.length;
  const length = (bytes[16]! << 8) | bytes[17]!;
  if (length !== end)
    return refuse({ ...badLength(length), why: `a length of ${length}, but ${end} octets are there` });
  switch (bytes[18]) {
    case MESSAGE_TYPE.open: {
      const open = decodeOpen(bytes, HEADER_LENGTH, end);
      return 'kind' in open ? accept(open) : refuse(open);
    }
    case MESSAGE_TYPE.update:
      return decodeUpdate(bytes, HEADER_LENGTH, end, agreed);
    case MESSAGE_TYPE.notification:
      return accept({
        kind: 'notification',
        code: bytes[19] as number,
        subcode: bytes[20] as number,
        data: toHex(bytes.subarray(21)),
      });
    case MESSAGE_TYPE.keepalive:
      return accept({ kind: 'keepalive' });
    default:
      return decodeRefresh(bytes);
  }
}

function accept(message: Message): Accepted {
  return { ok: true, message, faults: NO_FAULTS };
}

function refuse(error: WireError): Refusal {
  return { ok: false, error, faults: NO_FAULTS };
}

/** RFC 2918 §3, RFC 7313 §3.2 and §5, ORFs behind it: RFC 5291 §5.2. */
function decodeRefresh(bytes: Uint8Array): Decoded {
  const length = bytes.length;
  const n = length >= HEADER_LENGTH + 3 ? (bytes[21] as number) : 0;
  if ((n === 1 || n === 2) && length !== HEADER_LENGTH + 4)
    return refuse({
      code: 7,
      subcode: 1,
      data: toHex(bytes),
      why: `a ${SUBTYPES[n]} marker of ${length} octets`,
    });
  if (length < HEADER_LENGTH + 4) return refuse(badLength(length));
  const message: RouteRefresh = {
    kind: 'routeRefresh',
    family: family((bytes[19]! << 8) | bytes[20]!, bytes[22] as number),
    subtype: SUBTYPES[n] ?? n,
  };
  return accept(
    length > HEADER_LENGTH + 4 ? { ...message, orf: toHex(bytes.subarray(HEADER_LENGTH + 4)) } : message,
  );
}

/**
 * The bytes of a message. Throws {@link TooLong} when it would be longer than the peers agreed: an UPDATE then has to be split by the caller; and
 * an AssertionError for a value outside its type. `asListed` keeps the order of attributes; otherwise MP attributes come first (RFC 7606 §5.1).
 */
export function encodeMessage(message: Message, agreed: Agreed, order: Order = 'mpFirst'): Uint8Array {
  const w = new Writer(128);
  for (let i = 0; i < 4; i++) w.u32(0xffff_ffff);
  w.u16(0).u8(MESSAGE_TYPE[message.kind]);
  switch (message.kind) {
    case 'open':
      encodeOpen(message, w);
      break;
    case 'update':
      encodeUpdate(message, w, agreed, order);
      break;
    case 'notification':
      w.u8(message.code).u8(message.subcode).put(unhex(message.data));
      break;
    case 'keepalive':
      break;
    case 'routeRefresh': {
      const { afi, safi } = familyCode(message.family);
      const { subtype } = message;
      w.u16(afi)
        .u8(typeof subtype === 'number' ? subtype : SUBTYPES.indexOf(subtype))
        .u8(safi);
      w.put(unhex(message.orf ?? ''));
      break;
    }
    default:
      never(message);
  }
  const wide = agreed.extendedMessage && message.kind !== 'open' && message.kind !== 'keepalive';
  const limit = wide ? EXTENDED_MESSAGE_MAX : MESSAGE_MAX;
  if (w.length > limit) throw new TooLong(w.length, limit);
  w.patchU16(16, w.length);
  return w.done();
}

function unhex(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  assert(bytes, `${hex} is not hexadecimal`);
  return bytes;
}
