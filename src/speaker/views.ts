/** What operators look at: the routes a speaker holds, each with its reasons, made when somebody asks. */
import {
  type Address,
  addressBytes,
  familyOf,
  hostPrefix,
  ipv4,
  type Prefix,
  prefixBits,
} from '../base/index.ts';
import type { Validation } from '../policy/index.ts';
import {
  type Candidate,
  decide,
  EBGP,
  LOCAL,
  localPrefOf,
  originOf,
  pathLengthOf,
  type Table,
} from '../rib/index.ts';
import { type Attribute, type Family, HAS_MED, IPV4_UNICAST, IPV6_UNICAST } from '../wire/index.ts';
import { fitsMessage, sectionFor } from './outbound.ts';
import type { Peer } from './peer.ts';
import { attributesOf, familyOfPrefix } from './section.ts';
import type { Speaker } from './speaker.ts';
import { originOf as originAs } from './subject.ts';

/** One route that was received, or is originated here. */
export interface RouteView {
  readonly prefix: Prefix;
  readonly family: Family;
  /** Name of the peer; undefined when it is originated here. */
  readonly peer: string | undefined;
  readonly pathId?: number;
  readonly best: boolean;
  /** As good as the best for forwarding: it lost by router id or later (multipath). */
  readonly equal: boolean;
  /** Why it is not the best: the step of the decision at which it lost, or why it is not eligible. */
  readonly why?: string;
  /** Not eligible at all. */
  readonly refused: boolean;
  /** Kept from a session that is gone, or not yet sent again in a refresh. */
  readonly stale: boolean;
  /** Seconds since it last changed. */
  readonly age: number;
  readonly validation: Validation;
  /** As import policy left them; as received when it refused. */
  readonly attributes: readonly Attribute[];
}

/** One route that a peer has been told of. */
export interface AdvertisedView {
  readonly prefix: Prefix;
  readonly family: Family;
  readonly peer: string;
  readonly attributes: readonly Attribute[];
}

/** Which prefixes somebody wants to see. */
export interface Selection {
  readonly family?: Family;
  /** This prefix only; with `longer` everything in it too. */
  readonly prefix?: Prefix;
  readonly longer?: boolean;
  /** The longest prefix that holds this address. */
  readonly address?: Address;
  /** Routes of this peer only. */
  readonly peer?: string;
  readonly bestOnly?: boolean;
  /** Attributes as they were received, before import policy. */
  readonly received?: boolean;
}

/** The routes of the selected prefixes, as they stand when each is taken; a change in between may or may not be seen. */
export function* routes(speaker: Speaker, selection: Selection, second: number): Generator<RouteView> {
  for (const [family, table, prefix] of prefixesOf(speaker, selection)) {
    for (const view of routesAt(speaker, family, table, prefix, second, selection.received)) {
      if (selection.peer !== undefined && view.peer !== selection.peer) continue;
      if (selection.bestOnly && !view.best) continue;
      yield view;
    }
  }
}

/** What a peer has been told of the selected prefixes. */
export function* advertised(speaker: Speaker, peer: Peer, selection: Selection): Generator<AdvertisedView> {
  for (const [family, table, prefix] of prefixesOf(speaker, selection)) {
    const exchange = peer.established?.exchanges.get(family);
    const section = exchange?.out.told(prefix) ?? 0;
    if (section === 0) continue;
    const attributes = attributesOf(speaker.rib.outgoing.view(section));
    yield { prefix: table.prefixes.text(prefix), family, peer: peer.name, attributes };
  }
}

/** Why a peer is, or is not, told of a prefix, in one sentence. */
export function whyAdvertised(speaker: Speaker, peer: Peer, prefix: Prefix): string {
  const family = familyOfPrefix(prefix);
  const table = speaker.rib.table(family);
  const id = table.prefixes.findText(prefix);
  const best = table.bestAttributes[id] ?? 0;
  if (id === 0 || best === 0) return `there is no route to ${prefix}`;
  const exchange = peer.established?.exchanges.get(family);
  if (!peer.established) return `the session with ${peer.name} is not established`;
  if (!exchange) return `${family} was not agreed with ${peer.name}`;
  const exported = exchange.exporter.judge(best, table.bestSource[id] as number, id);
  if ('why' in exported) return `not told: ${exported.why}`;
  const { limit } = exchange.outbound;
  if (!fitsMessage(sectionFor(exchange.outbound, exported.section), limit))
    return `not told: its attributes do not fit in a message of ${limit} octets`;
  if (exchange.out.waits(id)) return 'about to be told';
  return exchange.out.told(id) === exported.section ? 'told' : 'about to be told';
}

/** The routes of one prefix, the best first. */
function routesAt(
  speaker: Speaker,
  family: Family,
  table: Table,
  prefix: number,
  second: number,
  received = false,
): readonly RouteView[] {
  const { sources } = speaker.rib;
  const eligible: Ranked[] = [];
  const refused: number[] = [];
  for (const route of table.routesOf(prefix)) {
    if (table.attributes[route] === 0) refused.push(route);
    else eligible.push(candidate(speaker, table, prefix, route));
  }
  const views: RouteView[] = [];
  const view = (route: number, section: number, rest: Partial<RouteView>): RouteView => {
    const source = table.source[route] as number;
    const pathId = table.pathId?.[route] ?? 0;
    const text = table.prefixes.text(prefix);
    return {
      prefix: text,
      family,
      peer: peerOf(speaker, source)?.name,
      ...(pathId === 0 ? {} : { pathId }),
      best: false,
      equal: false,
      refused: false,
      stale: sources.stale[source] === 1,
      age: Math.max(0, second - (table.since[route] as number)),
      validation: speaker.options.validate?.(text, originAs(speaker.rib.store, section)) ?? 'unverified',
      attributes: attributesOf(speaker.rib.store.view(received ? (table.raw[route] as number) : section)),
      ...rest,
    };
  };
  if (eligible.length > 0) {
    order(speaker, eligible);
    const { best, losers, equal } = decide(eligible, table.options);
    for (const c of eligible) {
      const lost = losers.get(c);
      views.push(
        view(c.route, table.attributes[c.route] as number, {
          best: c === best,
          equal: equal.includes(c),
          ...(lost ? { why: `${lost.name} (${lost.rfc})` } : {}),
        }),
      );
    }
  }
  for (const route of refused) {
    const raw = table.raw[route] as number;
    const exchange = peerOf(speaker, table.source[route] as number)?.established?.exchanges.get(family);
    const judged = exchange?.importer.judge(raw, prefix);
    const why = judged && 'why' in judged ? judged.why : 'import policy';
    views.push(view(route, raw, { refused: true, why }));
  }
  return views.sort((a, b) => Number(b.best) - Number(a.best) || Number(a.refused) - Number(b.refused));
}

interface Ranked extends Candidate {
  readonly route: number;
  readonly source: number;
  peerOrder: number;
}

function candidate(speaker: Speaker, table: Table, prefix: number, route: number): Ranked {
  const { store, sources } = speaker.rib;
  const section = table.attributes[route] as number;
  const source = table.source[route] as number;
  const rank = store.rank[section] as number;
  return {
    route,
    source,
    localPref: localPrefOf(rank),
    local: sources.kind[source] === LOCAL,
    pathLength: pathLengthOf(rank),
    origin: originOf(rank),
    neighborAs: store.neighborAs[section] as number,
    med: (store.flags[section] as number) & HAS_MED ? (store.med[section] as number) : undefined,
    external: sources.kind[source] === EBGP,
    routerId: store.originatorId[section] || (sources.routerId[source] as number),
    clusterLength: store.clusterLength[section] as number,
    peerAddress: peerOf(speaker, source)?.options.address ?? ipv4(0),
    peerOrder: 0,
    pathId: table.pathId?.[route] ?? 0,
    current: table.bestSource[prefix] === source,
  };
}

/** Numbers the candidates by peer address. */
function order(speaker: Speaker, candidates: readonly Ranked[]): void {
  const sorted = [...candidates].sort((a, b) => speaker.rib.sources.compareAddress(a.source, b.source));
  let last: Ranked | undefined;
  for (const c of sorted) {
    const same = last && speaker.rib.sources.compareAddress(last.source, c.source) === 0;
    c.peerOrder = last ? last.peerOrder + (same ? 0 : 1) : 0;
    last = c;
  }
}

function peerOf(speaker: Speaker, source: number): Peer | undefined {
  return speaker.peerByNumber(speaker.rib.sources.peer[source] as number);
}

function* prefixesOf(speaker: Speaker, selection: Selection): Generator<readonly [Family, Table, number]> {
  for (const [family, table] of speaker.rib.tables) {
    if (selection.family !== undefined && selection.family !== family) continue;
    const { prefixes } = table;
    if (selection.address !== undefined) {
      if (familyOfPrefix(hostPrefix(selection.address)) !== family) continue;
      const id = longestMatch(table, selection.address);
      if (id !== 0) yield [family, table, id];
    } else if (selection.prefix !== undefined && !selection.longer) {
      if (familyOfPrefix(selection.prefix) !== family) continue;
      const id = prefixes.findText(selection.prefix);
      if (id !== 0) yield [family, table, id];
    } else {
      const inside = selection.prefix === undefined ? undefined : within(selection.prefix, family, table);
      if (selection.prefix !== undefined && !inside) continue;
      for (let id = 1; id < prefixes.limit; id++) {
        if (prefixes.has(id) && (!inside || inside(id))) yield [family, table, id];
      }
    }
  }
}

/** The longest prefix with a route that holds an address; 0 when there is none. */
function longestMatch(table: Table, address: Address): number {
  const bytes = addressBytes(address) as Uint8Array;
  for (let length = familyOf(address) === 4 ? 32 : 128; length >= 0; length--) {
    const id = table.prefixes.find(bytes, 0, length);
    if (id !== 0 && (table.bestAttributes[id] ?? 0) !== 0) return id;
  }
  return 0;
}

/** A test whether a prefix of the table lies in `outer`; undefined when none can. */
function within(outer: Prefix, family: Family, table: Table): ((id: number) => boolean) | undefined {
  const { bytes, length } = prefixBits(outer);
  if (familyOfPrefix(outer) !== family) return undefined;
  const nlri = new Uint8Array(17);
  return (id) => {
    if (table.prefixes.lengthOf(id) < length) return false;
    nlri.fill(0);
    table.prefixes.write(id, nlri, 0);
    for (let bit = 0; bit < length; bit += 8) {
      const keep = length - bit >= 8 ? 0xff : (0xff00 >> (length - bit)) & 0xff;
      if (((nlri[1 + (bit >> 3)] as number) ^ (bytes[bit >> 3] as number)) & keep) return false;
    }
    return true;
  };
}

/** How many routes the table of each family holds. */
export function sizes(speaker: Speaker): { readonly [family: string]: { routes: number; prefixes: number } } {
  const size = (family: Family) => {
    const table = speaker.rib.table(family);
    return { routes: table.routes, prefixes: table.size };
  };
  return { [IPV4_UNICAST]: size(IPV4_UNICAST), [IPV6_UNICAST]: size(IPV6_UNICAST) };
}
