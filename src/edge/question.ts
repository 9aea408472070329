/** The head and the question of a DNS query as bytes: what has to be known before anything else of a stranger's packet is read. */

export interface Query {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  /** The name in small letters, without the last dot; a dot within a label is escaped. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The question as it came, so that the answer repeats it letter by letter. */
  readonly raw: Uint8Array;
  /** Where the additional records begin. */
  readonly rest: number;
  readonly additionals: number;
}

export const HEADER = 12;

/** What is wrong with a packet: nobody should answer it, or FORMERR, or NOTIMP, says so. */
export type Refusal = 'silence' | 'formerr' | 'notimp';

/** Reads one query (RFC 1035 §4.1). Never throws. */
export function readQuery(bytes: Uint8Array): Query | Refusal {
  if (bytes.length < HEADER) return 'silence';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  // To answer an answer begins a loop that never ends.
  if (flags & 0x8000) return 'silence';
  const opcode = (flags >> 11) & 15;
  if (opcode !== 0) return 'notimp';
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => view.getUint16(at));
  if (questions !== 1 || answers !== 0 || authorities !== 0) return 'formerr';
  const labels: string[] = [];
  let at = HEADER;
  for (;;) {
    const length = bytes[at++];
    if (length === undefined || length > 63 || at + length > bytes.length) return 'formerr';
    if (length === 0) break;
    labels.push(String.fromCharCode(...bytes.subarray(at, at + length)).replace(/[.\\]/g, '\\$&'));
    at += length;
    if (at - HEADER > 254) return 'formerr';
  }
  if (at + 4 > bytes.length) return 'formerr';
  return {
    id: view.getUint16(0),
    opcode,
    recursionDesired: (flags & 0x0100) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    name: labels.join('.').toLowerCase(),
    type: view.getUint16(at),
    class: view.getUint16(at + 2),
    raw: bytes.slice(HEADER, at + 4),
    rest: at + 4,
    additionals: additionals as number,
  };
}
