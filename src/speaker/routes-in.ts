/**
 * Takes UPDATEs into the RIB. The quick way reads prefixes and attribute sections straight from the bytes; whatever is not
 * plain goes the careful way, through the full decoder, which knows what every fault costs (RFC 7606).
 */
import { MOST_PATHS } from '../rib/index.ts';
import {
  type Attribute,
  decodeMessage,
  endOfRib,
  type Family,
  HAS_NEXT_HOP,
  IPV4_UNICAST,
  judge,
  mergeAs4,
  type Nlri,
  ODD_NEXT_HOP,
  type Update,
  type WireError,
} from '../wire/index.ts';
import { UpdateParts } from './inbound.ts';
import type { Established, Exchange, Peer } from './peer.ts';
import type { Rib } from './rib.ts';
import { sectionOf } from './section.ts';

/** What an UPDATE came to. */
export interface Taken {
  /** Families for which the message was an End-of-RIB marker (RFC 4724 §2). */
  readonly endOfRib?: Family;
  /** It costs the session. */
  readonly error?: WireError;
  /** It cost routes or attributes, and why. */
  readonly fault?: string;
}

const FINE: Taken = {};

export class RoutesIn {
  readonly #rib: Rib;
  readonly #parts = new UpdateParts();
  /** Paths of the message at hand that were too many for their prefix. */
  #refused = 0;

  constructor(rib: Rib) {
    this.#rib = rib;
  }

  /** Takes the whole message in bytes[at, end) of an established peer in; `second` is the time for the age of routes. */
  take(peer: Peer, bytes: Uint8Array, at: number, end: number, second: number): Taken {
    const established = peer.established as Established;
    this.#refused = 0;
    const taken =
      this.#quick(peer, established, bytes, at, end, second) ??
      this.#careful(peer, established, bytes.slice(at, end), second);
    if (this.#refused === 0 || taken.fault !== undefined) return taken;
    return { ...taken, fault: `more than ${MOST_PATHS} paths for one prefix: ${this.#refused} not taken` };
  }

  /** Undefined when the message is not plain; nothing has been changed then. */
  #quick(
    peer: Peer,
    { exchanges, negotiated }: Established,
    bytes: Uint8Array,
    at: number,
    end: number,
    second: number,
  ): Taken | undefined {
    if (!negotiated.receive.asn4) return undefined;
    const parts = this.#parts;
    if (!parts.split(bytes, at, end)) return undefined;
    const { store } = this.#rib;
    const v4 = exchanges.get(IPV4_UNICAST);
    const plain = parts.nlriAt < parts.nlriEnd;
    let section = 0;
    if (parts.attributesAt < parts.attributesEnd) {
      // Most UPDATEs have prefixes at the end and attributes that were seen before: then nothing needs to be looked at twice.
      section = plain ? store.find(bytes, parts.attributesAt, parts.attributesEnd) : 0;
      if (section !== 0 && (store.flags[section]! & (HAS_NEXT_HOP | ODD_NEXT_HOP)) !== HAS_NEXT_HOP)
        return undefined;
      if (section === 0) {
        if (!parts.splitMultiprotocol(bytes)) return undefined;
        // Prefixes of both kinds in one message are legal and nobody sends them.
        if (parts.reachFamily && plain) return undefined;
        if (plain || parts.reachFamily) {
          section = store.accept(parts.sectionOf, parts.sectionAt, parts.sectionEnd);
          if (section === 0) return undefined;
        } else if (!parts.unreachFamily || parts.sectionEnd > parts.sectionAt) return undefined;
      } else parts.reachFamily = parts.unreachFamily = undefined;
    } else if (plain) return undefined;
    else if (parts.withdrawnAt === parts.withdrawnEnd) return v4 ? { endOfRib: IPV4_UNICAST } : FINE;

    const reach = parts.reachFamily && exchanges.get(parts.reachFamily);
    const unreach = parts.unreachFamily && exchanges.get(parts.unreachFamily);
    if (reach && !hopFits(parts, reach.family, negotiated.extendedNextHop)) return undefined;
    if (!fits(bytes, parts.withdrawnAt, parts.withdrawnEnd, v4, negotiated.receive.addPath)) return undefined;
    if (!fits(bytes, parts.nlriAt, parts.nlriEnd, v4, negotiated.receive.addPath)) return undefined;
    if (!fits(bytes, parts.reachAt, parts.reachEnd, reach, negotiated.receive.addPath)) return undefined;
    if (!fits(bytes, parts.unreachAt, parts.unreachEnd, unreach, negotiated.receive.addPath))
      return undefined;

    if (v4)
      this.#withdraw(peer, v4, bytes, parts.withdrawnAt, parts.withdrawnEnd, negotiated.receive.addPath);
    if (unreach) {
      if (
        parts.unreachAt === parts.unreachEnd &&
        !parts.reachFamily &&
        parts.withdrawnAt === parts.withdrawnEnd
      )
        return { endOfRib: unreach.family };
      this.#withdraw(peer, unreach, bytes, parts.unreachAt, parts.unreachEnd, negotiated.receive.addPath);
    }
    if (v4 && plain)
      this.#announce(
        peer,
        v4,
        section,
        bytes,
        parts.nlriAt,
        parts.nlriEnd,
        second,
        negotiated.receive.addPath,
      );
    else if (reach)
      this.#announce(
        peer,
        reach,
        section,
        bytes,
        parts.reachAt,
        parts.reachEnd,
        second,
        negotiated.receive.addPath,
      );
    return FINE;
  }

  #announce(
    peer: Peer,
    exchange: Exchange,
    section: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    second: number,
    addPath: readonly Family[],
  ): void {
    const { table, importer, source, family } = exchange;
    const { prefixes } = table;
    const ids = addPath.includes(family);
    while (at < end) {
      let pathId = 0;
      if (ids) {
        pathId = u32(bytes, at);
        at += 4;
      }
      const length = bytes[at]!;
      const prefix = prefixes.intern(bytes, at + 1, length);
      at += 1 + ((length + 7) >> 3);
      if (!table.put(prefix, source, pathId, section, importer.of(section, prefix), second)) this.#refused++;
      this.#rib.decide(family, table, prefix);
      peer.counters.prefixesIn++;
    }
  }

  #withdraw(
    peer: Peer,
    { table, family }: Exchange,
    bytes: Uint8Array,
    at: number,
    end: number,
    addPath: readonly Family[],
  ): void {
    const ids = addPath.includes(family);
    while (at < end) {
      let pathId = 0;
      if (ids) {
        pathId = u32(bytes, at);
        at += 4;
      }
      const length = bytes[at]!;
      const prefix = table.prefixes.find(bytes, at + 1, length);
      at += 1 + ((length + 7) >> 3);
      if (table.remove(prefix, peer.number, pathId)) this.#rib.decide(family, table, prefix);
      peer.counters.withdrawalsIn++;
    }
  }

  /** The same by way of values. */
  #careful(peer: Peer, established: Established, message: Uint8Array, second: number): Taken {
    const { negotiated, external } = established;
    const decoded = decodeMessage(message, negotiated.receive);
    // The caller has seen that it is an UPDATE, and its header was checked when it was framed.
    const judged = judge(decoded as Parameters<typeof judge>[0], {
      external,
      ours: [negotiated.local],
      loopback: isLoopback(negotiated.local),
      extendedNextHop: negotiated.extendedNextHop,
    });
    if (!judged.ok) return { error: judged.error };
    const fault = judged.faults[0];
    const ended = fault ? undefined : endOfRib(judged.message);
    if (ended !== undefined) return established.exchanges.has(ended) ? { endOfRib: ended } : FINE;
    this.#values(peer, established, judged.message, second);
    return fault ? { fault: fault.error.why } : FINE;
  }

  #values(
    peer: Peer,
    { exchanges, negotiated, external }: Established,
    update: Update,
    second: number,
  ): void {
    const all = mergeAs4(update.attributes, negotiated.receive.asn4);
    // RFC 7311 §3.4: on a session that is not set up for AIGP, and external ones are not, the attribute is ignored.
    const merged = external ? all.filter((a) => a.kind !== 'aigp') : all;
    const v4 = exchanges.get(IPV4_UNICAST);
    if (v4) this.#withdrawAll(peer, v4, update.withdrawn);
    for (const a of merged) {
      const exchange = a.kind === 'mpUnreach' ? exchanges.get(a.family) : undefined;
      if (a.kind === 'mpUnreach' && exchange) this.#withdrawAll(peer, exchange, a.withdrawn);
    }
    const reach = merged.find((a) => a.kind === 'mpReach');
    if (v4 && update.announced.length > 0) {
      const classic = merged.filter((a) => a.kind !== 'mpReach');
      this.#announceAll(peer, v4, classic, update.announced, second);
    }
    const exchange = reach && exchanges.get(reach.family);
    if (reach && exchange) this.#announceAll(peer, exchange, merged, reach.announced, second);
  }

  #announceAll(
    peer: Peer,
    exchange: Exchange,
    attributes: readonly Attribute[],
    announced: readonly Nlri[],
    second: number,
  ): void {
    const bytes = sectionOf(attributes);
    const section = this.#rib.store.accept(bytes, 0, bytes.length, true);
    // What the store cannot hold nobody can use: the routes go, as with any attribute in error.
    if (section === 0) {
      this.#withdrawAll(peer, exchange, announced);
      return;
    }
    const { table, importer, source, family } = exchange;
    for (const { prefix, pathId } of announced) {
      const id = table.prefixes.internText(prefix);
      if (!table.put(id, source, pathId ?? 0, section, importer.of(section, id), second)) this.#refused++;
      this.#rib.decide(family, table, id);
      peer.counters.prefixesIn++;
    }
  }

  #withdrawAll(peer: Peer, { table, family }: Exchange, withdrawn: readonly Nlri[]): void {
    for (const { prefix, pathId } of withdrawn) {
      const id = table.prefixes.findText(prefix);
      if (table.remove(id, peer.number, pathId ?? 0)) this.#rib.decide(family, table, id);
      peer.counters.withdrawalsIn++;
    }
  }
}

/** True when the NLRI in bytes[at, end) is whole: every prefix has its octets, and none is longer than an address. */
function fits(
  bytes: Uint8Array,
  at: number,
  end: number,
  exchange: Exchange | undefined,
  addPath: readonly Family[],
): boolean {
  if (at === end) return true;
  // Prefixes of a family that was not agreed: the careful way decides whether they are sound, and ignores them.
  if (!exchange) return false;
  const longest = exchange.family === IPV4_UNICAST ? 32 : 128;
  const ids = addPath.includes(exchange.family) ? 4 : 0;
  let i = at;
  while (i < end) {
    i += ids;
    const length = bytes[i]!;
    if (i >= end || length > longest) return false;
    i += 1 + ((length + 7) >> 3);
  }
  return i === end;
}

/** True when the next hop in the canonical MP_REACH_NLRI is one or two IPv6 addresses of hosts, which IPv4 prefixes may have where it was agreed (RFC 8950). */
function hopFits(parts: UpdateParts, family: Family, extended: readonly Family[]): boolean {
  if (family === IPV4_UNICAST && !extended.includes(family)) return false;
  const s = parts.sectionOf;
  const length = s[6]!;
  const first = s[7]!;
  return (length === 16 || length === 32) && first !== 0 && first !== 0xff;
}

/** A session within one machine, whose next hops may be its loopback addresses. */
function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
