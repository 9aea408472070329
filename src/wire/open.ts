/** OPEN: bytes to a value and back (RFC 4271 §4.2, §6.2, RFC 5492, RFC 9072). */
import { assert, ipv4, ipv4Number, OutOfBytes, Reader, Writer } from '../base/index.ts';
import type { Capability } from './capability.ts';
import { decodeCapability, encodeCapability } from './capability-table.ts';
import type { WireError } from './error.ts';
import type { Open } from './message.ts';

const VERSION = 4;
/** The optional parameter that holds capabilities (RFC 5492 §4). */
const CAPABILITIES_PARAMETER = 2;
/** The parameter type that marks the RFC 9072 form. */
const EXTENDED = 255;

const OPEN_ERROR = {
  unspecific: 0,
  version: 1,
  peerAs: 2,
  identifier: 3,
  parameter: 4,
  holdTime: 6,
} as const;

/** Thrown and caught in this file. */
class Refused extends Error {
  readonly error: WireError;
  constructor(subcode: number, why: string, data = '') {
    super(why);
    this.error = { code: 2, subcode, data, why };
  }
}

/**
 * Reads the body of an OPEN, `bytes[from … end)` without the message header. What only the session can know, such as which AS
 * was expected, is not judged here. Never throws.
 */
export function decodeOpen(bytes: Uint8Array, from: number, end: number): Open | WireError {
  try {
    return readOpen(new Reader(bytes, from, end));
  } catch (e) {
    if (e instanceof Refused) return e.error;
    if (e instanceof OutOfBytes)
      return { code: 2, subcode: OPEN_ERROR.unspecific, data: '', why: `it is cut: ${e.message}` };
    throw e;
  }
}

function readOpen(r: Reader): Open {
  const version = r.u8();
  if (version !== VERSION) throw new Refused(OPEN_ERROR.version, `version ${version}, we speak 4`, '0004');
  const asn = r.u16();
  if (asn === 0) throw new Refused(OPEN_ERROR.peerAs, 'AS 0 (RFC 7607)');
  const holdTime = r.u16();
  if (holdTime === 1 || holdTime === 2)
    throw new Refused(OPEN_ERROR.holdTime, `a hold time of ${holdTime} s is neither 0 nor at least 3`);
  const id = r.u32();
  if (id === 0) throw new Refused(OPEN_ERROR.identifier, 'the identifier is 0.0.0.0 (RFC 6286)');
  const { capabilities, layout } = readParameters(r);
  if (capabilities.some((c) => c.kind === 'asn4' && c.asn === 0))
    throw new Refused(OPEN_ERROR.peerAs, 'AS 0 in the capability (RFC 7607)');
  const open: Open = { kind: 'open', version, asn, holdTime, id: ipv4(id), capabilities };
  return isUsual(layout, capabilities) ? open : { ...open, layout };
}

type Layout = NonNullable<Open['layout']>;

function readParameters(r: Reader): { capabilities: Capability[]; layout: Layout } {
  const short = r.u8();
  const extended = short !== 0 && r.left >= 3 && r.bytes[r.at] === EXTENDED;
  let length = short;
  if (extended) {
    r.u8();
    length = r.u16();
  }
  if (length !== r.left)
    throw new Refused(OPEN_ERROR.unspecific, `optional parameters of ${length} octets, ${r.left} are there`);
  const capabilities: Capability[] = [];
  const parameters: number[] = [];
  while (r.left > 0) {
    const type = r.u8();
    const value = r.sub(extended ? r.u16() : r.u8());
    if (type !== CAPABILITIES_PARAMETER)
      throw new Refused(OPEN_ERROR.parameter, `optional parameter ${type} is not supported`);
    const before = capabilities.length;
    while (value.left > 0) {
      const code = value.u8();
      capabilities.push(decodeCapability(code, value.take(value.u8())));
    }
    parameters.push(capabilities.length - before);
  }
  return { capabilities, layout: extended ? { parameters, extended: short } : { parameters } };
}

/** Whether the encoder would choose this layout by itself. */
function isUsual(layout: Layout, capabilities: readonly Capability[]): boolean {
  const usual = usualLayout(capabilities);
  return (
    layout.extended === usual.extended &&
    layout.parameters.length === usual.parameters.length &&
    layout.parameters.every((n, i) => n === usual.parameters[i])
  );
}

/** One parameter with all capabilities; the RFC 9072 form when that needs more than 255 octets. */
function usualLayout(capabilities: readonly Capability[]): Layout {
  if (capabilities.length === 0) return { parameters: [] };
  const parameters = [capabilities.length];
  const w = new Writer(256);
  for (const c of capabilities) encodeCapability(c, w);
  return w.length + 2 > 255 ? { parameters, extended: 255 } : { parameters };
}

/** Appends the body of an OPEN. A `layout` that no longer fits the number of capabilities is passed over. */
export function encodeOpen(open: Open, w: Writer): void {
  const id = ipv4Number(open.id);
  assert(id !== undefined, `${open.id} is not a BGP identifier`);
  assert(open.asn <= 0xffff, `AS ${open.asn} does not fit My Autonomous System: write AS_TRANS`);
  w.u8(open.version).u16(open.asn).u16(open.holdTime).u32(id);
  const fits = open.layout?.parameters.reduce((a, b) => a + b, 0) === open.capabilities.length;
  const layout = fits && open.layout ? open.layout : usualLayout(open.capabilities);
  const extended = layout.extended !== undefined;
  const body = new Writer(256);
  let next = 0;
  for (const count of layout.parameters) {
    const value = new Writer(64);
    for (const c of open.capabilities.slice(next, next + count)) encodeCapability(c, value);
    next += count;
    body.u8(CAPABILITIES_PARAMETER);
    if (extended) body.u16(value.length);
    else body.u8(value.length);
    body.put(value.done());
  }
  if (layout.extended !== undefined) w.u8(layout.extended).u8(EXTENDED).u16(body.length);
  else w.u8(body.length);
  w.put(body.done());
}
