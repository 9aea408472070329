/**
 * The BFD control packet (RFC 5880 §4.1) as bytes and as a value. Times are whole microseconds, as on the wire; the
 * machine's own times are {@link Millis} and are converted where packets are made and read.
 */
import { Reader, Writer } from '../base/index.ts';

/** The states in the order of their numbers in the packet (RFC 5880 §4.1). */
export const STATES = ['adminDown', 'down', 'init', 'up'] as const;

export type BfdState = (typeof STATES)[number];

/** Why a session last changed its state, as the packet's five bits say it (RFC 5880 §4.1). Others are carried as they are. */
export const DIAGNOSTIC = {
  none: 0,
  detectionExpired: 1,
  echoFailed: 2,
  neighborDown: 3,
  forwardingReset: 4,
  pathDown: 5,
  concatenatedPathDown: 6,
  adminDown: 7,
  reverseConcatenatedPathDown: 8,
} as const;

const DIAGNOSTIC_TEXTS: readonly string[] = [
  'no diagnostic',
  'control detection time expired',
  'echo function failed',
  'neighbour signalled session down',
  'forwarding plane reset',
  'path down',
  'concatenated path down',
  'administratively down',
  'reverse concatenated path down',
];

/** The RFC's words for a diagnostic code. */
export function diagnosticText(code: number): string {
  return DIAGNOSTIC_TEXTS[code] ?? `diagnostic ${code}`;
}

export interface ControlPacket {
  /** 0 … 31; see {@link DIAGNOSTIC}. */
  readonly diagnostic: number;
  readonly state: BfdState;
  readonly poll: boolean;
  readonly final: boolean;
  /** The sender's BFD survives its control plane (RFC 5882 §3.3 says what that is good for). */
  readonly controlPlaneIndependent: boolean;
  readonly demand: boolean;
  /** 1 … 255. */
  readonly detectMult: number;
  /** 32 bits, never 0. */
  readonly myDiscriminator: number;
  /** 32 bits; 0 while the sender does not know it. */
  readonly yourDiscriminator: number;
  readonly desiredMinTxUs: number;
  /** 0: send me nothing periodically. */
  readonly requiredMinRxUs: number;
  /** 0: I do not echo. */
  readonly requiredMinEchoRxUs: number;
  /** The bytes of the authentication section (RFC 5880 §4.2 ff.), not looked into; absent when the A bit is clear. */
  readonly authentication?: Uint8Array;
}

/** A packet that is dropped without a word: the check of RFC 5880 §6.8.6 that it failed, and a sentence with what was found. */
export interface Discard {
  readonly kind: 'discard';
  readonly check: CheckName;
  readonly reason: string;
}

export type CheckName =
  | 'short'
  | 'version'
  | 'length'
  | 'truncated'
  | 'multiplier'
  | 'multipoint'
  | 'myDiscriminator'
  | 'yourDiscriminator'
  | 'authentication'
  | 'session'
  | 'port';

const VERSION = 1;
const HEADER = 24;
/** With the A bit, the type and length of an authentication section have to be there too. */
const HEADER_WITH_AUTHENTICATION = 26;

const POLL = 0x20;
const FINAL = 0x10;
const INDEPENDENT = 0x08;
const AUTHENTICATED = 0x04;
const DEMAND = 0x02;
const MULTIPOINT = 0x01;

interface Check {
  readonly name: CheckName;
  /** What is wrong, or undefined. `r` stands at the first byte of at least 24, `size` is the payload's length. */
  broken(h: Header, size: number): string | undefined;
}

interface Header {
  readonly version: number;
  readonly state: BfdState;
  readonly flags: number;
  readonly detectMult: number;
  readonly length: number;
  readonly myDiscriminator: number;
  readonly yourDiscriminator: number;
}

/**
 * What a packet has to pass before anybody looks for its session, in the order of RFC 5880 §6.8.6. The checks that need a
 * session (is there one, is authentication in use) are `stepBfd`'s and the driver's.
 */
export const CHECKS: readonly Check[] = [
  {
    name: 'version',
    broken: (h) => (h.version === VERSION ? undefined : `version ${h.version}; only 1 is known`),
  },
  {
    name: 'length',
    broken: (h) => {
      const least = h.flags & AUTHENTICATED ? HEADER_WITH_AUTHENTICATION : HEADER;
      return h.length >= least ? undefined : `length field ${h.length}; at least ${least} is needed`;
    },
  },
  {
    name: 'truncated',
    broken: (h, size) =>
      h.length <= size ? undefined : `length field ${h.length}, but ${size} bytes arrived`,
  },
  { name: 'multiplier', broken: (h) => (h.detectMult > 0 ? undefined : 'detect multiplier 0') },
  { name: 'multipoint', broken: (h) => (h.flags & MULTIPOINT ? 'the multipoint bit is set' : undefined) },
  {
    name: 'myDiscriminator',
    broken: (h) => (h.myDiscriminator === 0 ? 'my discriminator is 0' : undefined),
  },
  {
    name: 'yourDiscriminator',
    broken: (h) =>
      h.yourDiscriminator === 0 && (h.state === 'init' || h.state === 'up')
        ? `your discriminator is 0 in state ${h.state}`
        : undefined,
  },
];

/**
 * The packet in a UDP payload, or why it has to be discarded. Bytes beyond what the length field names, and beyond the header without the A bit, are passed over (RFC 5880
 * §6.8.6 only asks that the length be not greater than the payload). The authentication section is copied.
 */
export function decode(bytes: Uint8Array): ControlPacket | Discard {
  if (bytes.length < HEADER)
    return discard('short', `${bytes.length} bytes; a control packet has at least ${HEADER}`);
  const r = new Reader(bytes);
  const first = r.u8();
  const second = r.u8();
  const header: Header = {
    version: first >> 5,
    state: STATES[second >> 6] as BfdState,
    flags: second & 0x3f,
    detectMult: r.u8(),
    length: r.u8(),
    myDiscriminator: r.u32(),
    yourDiscriminator: r.u32(),
  };
  for (const check of CHECKS) {
    const reason = check.broken(header, bytes.length);
    if (reason !== undefined) return discard(check.name, reason);
  }
  const { flags } = header;
  return {
    diagnostic: first & 0x1f,
    state: header.state,
    poll: (flags & POLL) !== 0,
    final: (flags & FINAL) !== 0,
    controlPlaneIndependent: (flags & INDEPENDENT) !== 0,
    demand: (flags & DEMAND) !== 0,
    detectMult: header.detectMult,
    myDiscriminator: header.myDiscriminator,
    yourDiscriminator: header.yourDiscriminator,
    desiredMinTxUs: r.u32(),
    requiredMinRxUs: r.u32(),
    requiredMinEchoRxUs: r.u32(),
    ...(flags & AUTHENTICATED ? { authentication: bytes.slice(HEADER, header.length) } : {}),
  };
}

/** The bytes of a packet. Fields have to be within the widths that {@link ControlPacket} states. */
export function encode(p: ControlPacket): Uint8Array {
  const flags =
    (p.poll ? POLL : 0) |
    (p.final ? FINAL : 0) |
    (p.controlPlaneIndependent ? INDEPENDENT : 0) |
    (p.authentication ? AUTHENTICATED : 0) |
    (p.demand ? DEMAND : 0);
  const w = new Writer(HEADER)
    .u8((VERSION << 5) | p.diagnostic)
    .u8((STATES.indexOf(p.state) << 6) | flags)
    .u8(p.detectMult)
    .u8(HEADER + (p.authentication?.length ?? 0))
    .u32(p.myDiscriminator)
    .u32(p.yourDiscriminator)
    .u32(p.desiredMinTxUs)
    .u32(p.requiredMinRxUs)
    .u32(p.requiredMinEchoRxUs);
  if (p.authentication) w.put(p.authentication);
  return w.done();
}

/** True for the answer of {@link decode} that is no packet. */
export function isDiscard(read: ControlPacket | Discard): read is Discard {
  return 'kind' in read;
}

export function discard(check: CheckName, reason: string): Discard {
  return { kind: 'discard', check, reason };
}
