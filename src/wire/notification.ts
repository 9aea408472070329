/** NOTIFICATION: what the codes mean, how they read, and how to make one (RFC 4271 §4.5 and the RFCs in the table). */
import { fromHex, fromUtf8, toHex, toUtf8 } from '../base/index.ts';
import type { WireError } from './error.ts';
import type { Notification } from './message.ts';

interface CodeRow {
  readonly name: string;
  readonly subcodes: { readonly [subcode: number]: string };
}

/** The names of IANA's registry. Subcode 0 is "unspecific" everywhere and has no name. */
export const NOTIFICATIONS: { readonly [code: number]: CodeRow } = {
  // RFC 4271 §6.1
  1: {
    name: 'Message Header Error',
    subcodes: { 1: 'Connection Not Synchronized', 2: 'Bad Message Length', 3: 'Bad Message Type' },
  },
  // RFC 4271 §6.2, RFC 5492 §5, RFC 9234 §4.2
  2: {
    name: 'OPEN Message Error',
    subcodes: {
      1: 'Unsupported Version Number',
      2: 'Bad Peer AS',
      3: 'Bad BGP Identifier',
      4: 'Unsupported Optional Parameter',
      5: 'Authentication Failure',
      6: 'Unacceptable Hold Time',
      7: 'Unsupported Capability',
      11: 'Role Mismatch',
    },
  },
  // RFC 4271 §6.3
  3: {
    name: 'UPDATE Message Error',
    subcodes: {
      1: 'Malformed Attribute List',
      2: 'Unrecognized Well-known Attribute',
      3: 'Missing Well-known Attribute',
      4: 'Attribute Flags Error',
      5: 'Attribute Length Error',
      6: 'Invalid ORIGIN Attribute',
      7: 'AS Routing Loop',
      8: 'Invalid NEXT_HOP Attribute',
      9: 'Optional Attribute Error',
      10: 'Invalid Network Field',
      11: 'Malformed AS_PATH',
    },
  },
  // RFC 4271 §6.5
  4: { name: 'Hold Timer Expired', subcodes: {} },
  // RFC 6608
  5: {
    name: 'Finite State Machine Error',
    subcodes: {
      1: 'Unexpected Message in OpenSent State',
      2: 'Unexpected Message in OpenConfirm State',
      3: 'Unexpected Message in Established State',
    },
  },
  // RFC 4486 §3, RFC 8538 §3.1, RFC 9384
  6: {
    name: 'Cease',
    subcodes: {
      1: 'Maximum Number of Prefixes Reached',
      2: 'Administrative Shutdown',
      3: 'Peer De-configured',
      4: 'Administrative Reset',
      5: 'Connection Rejected',
      6: 'Other Configuration Change',
      7: 'Connection Collision Resolution',
      8: 'Out of Resources',
      9: 'Hard Reset',
      10: 'BFD Down',
    },
  },
  // RFC 7313 §5
  7: { name: 'ROUTE-REFRESH Message Error', subcodes: { 1: 'Invalid Message Length' } },
  // RFC 9687 §4
  8: { name: 'Send Hold Timer Expired', subcodes: {} },
};

/** Cease subcodes by name (RFC 4486 §3, RFC 8538, RFC 9384). */
export const CEASE = {
  maxPrefixes: 1,
  shutdown: 2,
  deconfigured: 3,
  reset: 4,
  rejected: 5,
  otherChange: 6,
  collision: 7,
  outOfResources: 8,
  hardReset: 9,
  bfdDown: 10,
} as const;

const CODE_CEASE = 6;
/** RFC 9003 §2: octets of text. */
const TEXT_MAX = 255;
/** A NOTIFICATION is at most 4096 octets (RFC 4271 §4.1), 21 of which are header, code and subcode. */
const DATA_MAX = 4096 - 21;

/** `Cease / Administrative Shutdown`; numbers where there is no name. Subcode 0 is left out where the code has no subcodes. */
export function notificationName(code: number, subcode: number): string {
  const row = Object.hasOwn(NOTIFICATIONS, code) ? NOTIFICATIONS[code] : undefined;
  const head = row?.name ?? `code ${code}`;
  if (subcode === 0) return head;
  const name = row && Object.hasOwn(row.subcodes, subcode) ? row.subcodes[subcode] : undefined;
  return `${head} / ${name ?? `subcode ${subcode}`}`;
}

/**
 * One line for people: `Cease / Administrative Shutdown: "maintenance until 04:00"`, `Cease / Hard Reset (Cease / Peer De-configured)`,
 * `UPDATE Message Error / Malformed AS_PATH (0x4002…)`. Safe for a terminal whatever the peer sent.
 */
export function describeNotification(n: Notification): string {
  const name = notificationName(n.code, n.subcode);
  const inner = insideHardReset(n);
  if (inner) return `${name} (${describeNotification(inner)})`;
  if (n.data === '') return name;
  const text = shutdownText(n);
  if (text !== undefined) return text === '' ? name : `${name}: "${text}"`;
  return `${name} (0x${n.data.length > 64 ? `${n.data.slice(0, 64)}…` : n.data})`;
}

/**
 * The text of an Administrative Shutdown or Reset (RFC 9003), made printable; undefined when the message is another, when its
 * length octet does not fit and when the text is not UTF-8: then the data is to be shown as it is.
 */
export function shutdownText(n: Notification): string | undefined {
  if (n.code !== CODE_CEASE || (n.subcode !== CEASE.shutdown && n.subcode !== CEASE.reset)) return undefined;
  const bytes = fromHex(n.data);
  if (!bytes || bytes.length === 0) return undefined;
  const length = bytes[0] as number;
  if (length > bytes.length - 1) return undefined;
  const text = fromUtf8(bytes.subarray(1, 1 + length));
  return text === undefined ? undefined : printable(text);
}

/**
 * Text from a stranger, fit for a terminal and a log line: line ends and tabs become spaces; other control characters, escape sequences' first
 * octets among them, and characters that turn the writing direction are dropped.
 */
export function printable(text: string): string {
  let clean = '';
  for (const char of text) {
    const c = char.codePointAt(0) as number;
    if (c === 9 || c === 10 || c === 13 || c === 0x2028 || c === 0x2029) clean += ' ';
    else if (!unsafe(c)) clean += char;
  }
  return clean;
}

function unsafe(c: number): boolean {
  return (
    c < 0x20 ||
    (c >= 0x7f && c <= 0x9f) ||
    c === 0x061c ||
    (c >= 0x200b && c <= 0x200f) ||
    (c >= 0x202a && c <= 0x202e) ||
    (c >= 0x2060 && c <= 0x206f) ||
    c === 0xfeff
  );
}

/**
 * A Cease. The text, for shutdown and reset only (RFC 9003 §2), is cut to 255 octets at a character's boundary; the others carry none.
 */
export function cease(subcode: number, text?: string): Notification {
  const spoken = text && (subcode === CEASE.shutdown || subcode === CEASE.reset);
  return { kind: 'notification', code: CODE_CEASE, subcode, data: spoken ? textData(text) : '' };
}

function textData(text: string): string {
  let kept = toUtf8(text);
  if (kept.length > TEXT_MAX) {
    let end = TEXT_MAX;
    while (((kept[end] as number) & 0xc0) === 0x80) end--;
    kept = kept.subarray(0, end);
  }
  return toHex(Uint8Array.of(kept.length)) + toHex(kept);
}

/** A Hard Reset that carries `inner` as its reason: the peer forgets our routes at once even where RFC 8538 §3 would keep them. */
export function hardReset(inner: Notification): Notification {
  const data = toHex(Uint8Array.of(inner.code, inner.subcode)) + inner.data;
  return {
    kind: 'notification',
    code: CODE_CEASE,
    subcode: CEASE.hardReset,
    data: data.slice(0, 2 * DATA_MAX),
  };
}

/** The NOTIFICATION inside a Hard Reset (RFC 8538 §3.1); undefined when `n` is none or holds none. One within one is not unpacked twice. */
export function insideHardReset(n: Notification): Notification | undefined {
  if (n.code !== CODE_CEASE || n.subcode !== CEASE.hardReset || n.data.length < 4) return undefined;
  const [code, subcode] = [Number.parseInt(n.data.slice(0, 2), 16), Number.parseInt(n.data.slice(2, 4), 16)];
  if (code === CODE_CEASE && subcode === CEASE.hardReset) return undefined;
  return { kind: 'notification', code, subcode, data: n.data.slice(4) };
}

/** The NOTIFICATION that tells a peer of its error. Data that would make the message longer than 4096 octets is cut. */
export function notificationOf(error: WireError): Notification {
  const { code, subcode, data } = error;
  return { kind: 'notification', code, subcode, data: data.slice(0, 2 * DATA_MAX) };
}
