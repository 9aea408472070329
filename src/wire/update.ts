/** UPDATE: bytes to a value and back, RFC 4271 §4.3 with the error handling of RFC 7606. */
import type { Writer } from '../base/index.ts';
import type { Attribute, Nlri } from './attribute.ts';
import { ATTRIBUTES } from './attribute-table.ts';
import { type Order, readAttributes, TooLong, writeAttributes } from './attributes.ts';
import { type Fault, Malformed, UPDATE_ERROR, type WireError, worst } from './error.ts';
import { type Family, familyCode, IPV4_UNICAST } from './family.ts';
import type { Agreed, Update } from './message.ts';
import { decodeNlri, encodeNlri } from './nlri.ts';

/** An UPDATE that could be read, if need be with losses. */
export interface UpdateRead {
  readonly ok: true;
  /** What to process. When the reaction is `withdraw` this only withdraws: every route the message named. */
  readonly message: Update;
  /** What was wrong; empty when nothing was. */
  readonly faults: readonly Fault[];
  /** The strongest reaction of the faults; absent when there are none. */
  readonly reaction?: 'discard' | 'withdraw';
  /** When the reaction is `withdraw`: the routes and the readable attributes as they stood in the message, to show to people. */
  readonly read?: Update;
}

/** An UPDATE that costs the session. */
export interface UpdateRefused {
  readonly ok: false;
  readonly error: WireError;
  readonly reaction: 'reset';
  readonly faults: readonly Fault[];
}

/**
 * Reads the body of an UPDATE, `bytes[from … end)` without the message header; at least 4 octets, as the header check has made sure. Never throws.
 */
export function decodeUpdate(
  bytes: Uint8Array,
  from: number,
  end: number,
  agreed: Agreed,
): UpdateRead | UpdateRefused {
  const u16 = (at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
  const withdrawnLength = u16(from);
  if (withdrawnLength + 4 > end - from)
    return refuse(UPDATE_ERROR.malformedList, `Withdrawn Routes Length ${withdrawnLength} is too large`);
  const section = from + 4 + withdrawnLength;
  const total = u16(section - 2);
  if (total > end - section)
    return refuse(UPDATE_ERROR.malformedList, `Total Path Attribute Length ${total} is too large`);

  const ids = agreed.addPath.includes(IPV4_UNICAST);
  let withdrawn: Nlri[];
  let announced: Nlri[];
  try {
    withdrawn = decodeNlri(bytes, from + 2, section - 2, 1, ids, UPDATE_ERROR.network);
    announced = decodeNlri(bytes, section + total, end, 1, ids, UPDATE_ERROR.network);
  } catch (e) {
    if (!(e instanceof Malformed)) throw e;
    return refuse(e.subcode, e.message);
  }
  const { attributes, faults } = readAttributes(bytes, section, section + total, agreed);
  const update: Update = { kind: 'update', withdrawn, attributes, announced };
  return weigh(update, faults, missing(update, faults));
}

/** The verdict on what was read: RFC 7606 §3 h, §5.2. */
function weigh(
  update: Update,
  found: readonly Fault[],
  absent: readonly Fault[],
): UpdateRead | UpdateRefused {
  const faults = absent.length > 0 ? [...found, ...absent] : found;
  const first = worst(faults);
  if (!first) return { ok: true, message: update, faults };
  if (first.reaction === 'reset') return { ok: false, error: first.error, reaction: 'reset', faults };
  if (first.reaction === 'withdraw' && !namesReachable(update)) {
    // §5.2: with no route in sight one cannot be sure that none was hidden by the error.
    const why = `${first.error.why}; and no reachable route could be read from the message (RFC 7606 §5.2)`;
    return { ok: false, error: { ...first.error, why }, reaction: 'reset', faults };
  }
  return react(update, faults, first.reaction);
}

/** What remains of `update` under a reaction. */
export function react(
  update: Update,
  faults: readonly Fault[],
  reaction: 'discard' | 'withdraw',
): UpdateRead {
  if (reaction === 'discard') return { ok: true, message: update, faults, reaction };
  return { ok: true, message: asWithdrawal(update), faults, reaction, read: update };
}

function refuse(subcode: number, why: string): UpdateRefused {
  return { ok: false, error: { code: 3, subcode, data: '', why }, reaction: 'reset', faults: [] };
}

/** RFC 4271 §6.3, RFC 7606 §3 d: an UPDATE that announces needs these. An attribute that is there but malformed is not missing. */
function missing(update: Update, faults: readonly Fault[]): readonly Fault[] {
  const plain = update.announced.length > 0;
  if (!plain && !namesReachable(update)) return [];
  const absent: Fault[] = [];
  for (const kind of ['origin', 'asPath', 'nextHop'] as const) {
    if (kind === 'nextHop' && !plain) continue;
    const { code, name } = ATTRIBUTES[kind];
    if (update.attributes.some((a) => a.kind === kind) || faults.some((f) => f.attribute === code)) continue;
    const data = code.toString(16).padStart(2, '0');
    const error = { code: 3, subcode: UPDATE_ERROR.missing, data, why: `${name}: is missing` };
    absent.push({ attribute: code, name, error, reaction: 'withdraw' });
  }
  return absent;
}

/** True when the UPDATE announces something, in its own field or in MP_REACH_NLRI. */
function namesReachable(update: Update): boolean {
  if (update.announced.length > 0) return true;
  return update.attributes.some(
    (a) => (a.kind === 'mpReach' && a.announced.length > 0) || (a.kind === 'mpReachOpaque' && a.nlri !== ''),
  );
}

/**
 * The UPDATE that takes back every route this one names (RFC 7606 §2, "treat-as-withdraw"). Where the MP attributes are of two families it has
 * two MP_UNREACH_NLRI: a value to process, not one to send.
 */
export function asWithdrawal(update: Update): Update {
  const lists = new Map<Family, Nlri[]>();
  const opaque = new Map<Family, string>();
  for (const a of update.attributes) {
    if (a.kind === 'mpReach') lists.set(a.family, [...(lists.get(a.family) ?? []), ...a.announced]);
    else if (a.kind === 'mpUnreach') lists.set(a.family, [...(lists.get(a.family) ?? []), ...a.withdrawn]);
    else if (a.kind === 'mpReachOpaque' || a.kind === 'mpUnreachOpaque')
      opaque.set(a.family, (opaque.get(a.family) ?? '') + a.nlri);
  }
  const attributes: Attribute[] = [];
  for (const [family, withdrawn] of lists) attributes.push({ kind: 'mpUnreach', family, withdrawn });
  for (const [family, nlri] of opaque) attributes.push({ kind: 'mpUnreachOpaque', family, nlri });
  return {
    kind: 'update',
    withdrawn: [...update.withdrawn, ...update.announced],
    attributes,
    announced: [],
  };
}

/** Appends the body of an UPDATE. */
export function encodeUpdate(update: Update, w: Writer, agreed: Agreed, order: Order): void {
  const ids = agreed.addPath.includes(IPV4_UNICAST);
  sized(w, () => encodeNlri(update.withdrawn, w, ids));
  sized(w, () => writeAttributes(update.attributes, w, agreed, order));
  encodeNlri(update.announced, w, ids);
}

/** Writes a 2-octet length and what follows it. */
function sized(w: Writer, write: () => void): void {
  const at = w.length;
  w.u16(0);
  write();
  const length = w.length - at - 2;
  if (length > 0xffff) throw new TooLong(length, 0xffff);
  w.patchU16(at, length);
}

/**
 * The family whose End-of-RIB marker this UPDATE is (RFC 4724 §2); undefined when it is none. Only ask it of an UPDATE that was read without
 * faults: one that is empty because its attributes were discarded is no marker.
 */
export function endOfRib(update: Update): Family | undefined {
  if (update.withdrawn.length > 0 || update.announced.length > 0) return undefined;
  const [only, ...more] = update.attributes;
  if (!only) return IPV4_UNICAST;
  if (more.length > 0) return undefined;
  if (only.kind === 'mpUnreach' && only.withdrawn.length === 0) return only.family;
  return only.kind === 'mpUnreachOpaque' && only.nlri === '' ? only.family : undefined;
}

/** The End-of-RIB marker of a family. */
export function endOfRibMarker(family: Family): Update {
  const empty = { kind: 'update', withdrawn: [], announced: [] } as const;
  if (family === IPV4_UNICAST) return { ...empty, attributes: [] };
  const { afi, safi } = familyCode(family);
  const read = (afi === 1 || afi === 2) && (safi === 1 || safi === 2);
  const attribute: Attribute = read
    ? { kind: 'mpUnreach', family, withdrawn: [] }
    : { kind: 'mpUnreachOpaque', family, nlri: '' };
  return { ...empty, attributes: [attribute] };
}
