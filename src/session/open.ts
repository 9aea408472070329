/** What we say in OPEN, and what both OPENs together mean (RFC 4271 §4.2 and §6.2, RFC 5492). */
import {
  type Address,
  AS_TRANS,
  type Asn,
  fromUtf8,
  isReservedAsn,
  toHex,
  toUtf8,
  Writer,
} from '../base/index.ts';
import {
  type Agreed,
  CAPABILITIES,
  type Capability,
  type Family,
  IPV4_UNICAST,
  type Notification,
  type Open,
  type Role,
} from '../wire/index.ts';
import type { RequiredCapability, Settings } from './config.ts';
import type { Negotiated } from './event.ts';

/** What OPEN says of a restart (RFC 4724 §3). */
export interface Restart {
  /** The R bit: we have restarted and wait for the peer's End-of-RIB. */
  readonly restarting: boolean;
  /** Families that get the F bit: packets are forwarded on as they were. */
  readonly forwarding: readonly Family[];
}

const OPEN_ERROR = 2;
/** Subcodes of OPEN Message Error. */
const SUB = { version: 1, asn: 2, id: 3, holdTime: 6, capability: 7, role: 11 } as const;
const NAME_OCTETS = 64;
const AFI_IPV6 = 2;

/** RFC 9234 §4.2: what a peer has to be, if we are what stands left. */
const OPPOSITE: { readonly [R in Role]: Role } = {
  provider: 'customer',
  customer: 'provider',
  rs: 'rs-client',
  'rs-client': 'rs',
  peer: 'peer',
};

/** Our OPEN to this peer. */
export function ourOpen(settings: Settings, restart: Restart): Open {
  return {
    kind: 'open',
    version: 4,
    asn: settings.localAsn > 0xffff ? AS_TRANS : settings.localAsn,
    holdTime: settings.holdTime / 1000,
    id: settings.localId,
    capabilities: ourCapabilities(settings, restart),
  };
}

function ourCapabilities(s: Settings, restart: Restart): readonly Capability[] {
  const all: Capability[] = s.families.map((family) => ({ kind: 'multiprotocol', family }));
  all.push({ kind: 'routeRefresh' });
  if (s.extendedNextHop.length > 0)
    all.push({
      kind: 'extendedNextHop',
      entries: s.extendedNextHop.map((family) => ({ family, nextHopAfi: AFI_IPV6 })),
    });
  if (s.extendedMessage) all.push({ kind: 'extendedMessage' });
  if (s.role && s.remoteAsn !== s.localAsn) all.push({ kind: 'role', role: s.role });
  const gr = s.gracefulRestart;
  if (gr)
    all.push({
      kind: 'gracefulRestart',
      restarting: restart.restarting,
      notification: gr.notification,
      restartTime: gr.helperOnly ? 0 : gr.restartTime / 1000,
      families: gr.helperOnly
        ? []
        : gr.families.map((family) => ({ family, forwarding: restart.forwarding.includes(family) })),
    });
  all.push({ kind: 'asn4', asn: s.localAsn });
  const addPath = addPathOf(s);
  if (addPath.length > 0) all.push({ kind: 'addPath', families: addPath });
  if (s.enhancedRefresh) all.push({ kind: 'enhancedRefresh' });
  if (s.hostname) all.push({ kind: 'hostname', host: cut(s.hostname.host), domain: cut(s.hostname.domain) });
  return all;
}

function addPathOf(s: Settings): { family: Family; mode: 'receive' | 'send' | 'both' }[] {
  return s.families.flatMap((family) => {
    const [receive, send] = [s.addPathReceive.includes(family), s.addPathSend.includes(family)];
    if (!receive && !send) return [];
    return [{ family, mode: receive && send ? 'both' : receive ? 'receive' : 'send' }];
  });
}

/** At most 64 octets of UTF-8, cut between characters. */
function cut(text: string): string {
  let bytes = toUtf8(text).subarray(0, NAME_OCTETS);
  while (fromUtf8(bytes) === undefined) bytes = bytes.subarray(0, bytes.length - 1);
  return fromUtf8(bytes) as string;
}

/**
 * What the session will be, or the NOTIFICATION that refuses it. Order of the checks: version, AS, identifier, hold time, role, families
 * and required capabilities.
 */
export function negotiate(
  settings: Settings,
  theirs: Open,
  ends: { readonly local: Address; readonly remote: Address },
): Negotiated | Notification {
  const asn4 = find(theirs, 'asn4');
  const remoteAsn = asn4?.asn ?? theirs.asn;
  const external = remoteAsn !== settings.localAsn;
  if (theirs.version !== 4) return refuse(SUB.version, '0004');
  if (!mayAnswer(settings, remoteAsn)) return refuse(SUB.asn, '');
  // RFC 6286 §2.2: any number but 0, and unique within an AS.
  if (theirs.id === '0.0.0.0' || (!external && theirs.id === settings.localId)) return refuse(SUB.id, '');
  if (theirs.holdTime !== 0 && theirs.holdTime * 1000 < Math.max(3000, settings.minHoldTime))
    return refuse(SUB.holdTime, '');

  const remoteRole = external && settings.role ? roleOf(settings, theirs) : undefined;
  if (remoteRole === 'mismatch') return refuse(SUB.role, '');

  const families = commonFamilies(settings, theirs);
  const missing = families.length === 0 || settings.allFamilies ? lacking(settings.families, families) : [];
  const demanded = settings.require.filter((kind) => !find(theirs, kind));
  if (missing.length > 0 || demanded.length > 0)
    return refuse(SUB.capability, demands(settings, missing, demanded));

  const nextHops = find(theirs, 'extendedNextHop')?.entries ?? [];
  const [receive, send] = agreed(settings, theirs, families);
  return {
    remoteAsn,
    remoteId: theirs.id,
    holdTime: Math.min(settings.holdTime / 1000, theirs.holdTime),
    families,
    receive,
    send,
    extendedNextHop: settings.extendedNextHop.filter(
      (f) => families.includes(f) && nextHops.some((e) => e.family === f && e.nextHopAfi === AFI_IPV6),
    ),
    routeRefresh: find(theirs, 'routeRefresh') !== undefined,
    enhancedRefresh: settings.enhancedRefresh && find(theirs, 'enhancedRefresh') !== undefined,
    ...(remoteRole && settings.role ? { role: settings.role, remoteRole } : {}),
    ...gracefulRestart(settings, theirs, families),
    remoteCapabilities: theirs.capabilities,
    local: ends.local,
    remote: ends.remote,
  };
}

function refuse(subcode: number, data: string): Notification {
  return { kind: 'notification', code: OPEN_ERROR, subcode, data };
}

/** The last capability of a kind that an OPEN holds. */
function find<K extends Capability['kind']>(
  open: Open,
  kind: K,
): Extract<Capability, { readonly kind: K }> | undefined {
  // The compiler cannot follow that the kind decides the type.
  return open.capabilities.findLast((c) => c.kind === kind) as never;
}

function mayAnswer(settings: Settings, asn: Asn): boolean {
  const { remoteAsn, localAsn } = settings;
  // RFC 7607 §2: nobody is AS 0. AS_TRANS alone means that the real number was not said (RFC 6793 §4.1).
  if (asn === 0 || asn === AS_TRANS) return false;
  if (remoteAsn === 'any') return asn !== localAsn && !isReservedAsn(asn);
  return typeof remoteAsn === 'number' ? asn === remoteAsn : remoteAsn.includes(asn);
}

/** RFC 9234 §4.2: the peer's role where it fits ours, undefined where none was said and none is demanded. */
function roleOf(settings: Settings, theirs: Open): Role | 'mismatch' | undefined {
  const said = theirs.capabilities.flatMap((c) => (c.kind === 'role' ? [c.role] : []));
  const first = said[0];
  if (first === undefined) return settings.roleStrict ? 'mismatch' : undefined;
  if (said.some((role) => role !== first)) return 'mismatch';
  const wanted = settings.role && OPPOSITE[settings.role];
  return first === wanted ? wanted : 'mismatch';
}

/** In our order. A peer that names no family at all means IPv4 unicast (RFC 4760 §8). */
function commonFamilies(settings: Settings, theirs: Open): readonly Family[] {
  const named = theirs.capabilities.flatMap((c) => (c.kind === 'multiprotocol' ? [c.family] : []));
  const said = named.length === 0 ? [IPV4_UNICAST] : named;
  return settings.families.filter((f) => said.includes(f));
}

function lacking(wanted: readonly Family[], has: readonly Family[]): readonly Family[] {
  return wanted.filter((f) => !has.includes(f));
}

/** RFC 5492 §5: the data of Unsupported Capability lists what we miss, coded as in OPEN. */
function demands(
  settings: Settings,
  missing: readonly Family[],
  demanded: readonly RequiredCapability[],
): string {
  const w = new Writer(32);
  for (const family of missing) {
    const value = new Writer(4);
    CAPABILITIES.multiprotocol.encode({ kind: 'multiprotocol', family }, value);
    w.u8(CAPABILITIES.multiprotocol.code).u8(value.length).put(value.done());
  }
  const ours = ourCapabilities(settings, { restarting: false, forwarding: [] });
  for (const kind of demanded) {
    const value = new Writer(16);
    const own = ours.find((c) => c.kind === kind);
    // The compiler cannot follow that the row and the capability are of the same kind.
    if (own) CAPABILITIES[kind].encode(own as never, value);
    w.u8(CAPABILITIES[kind].code).u8(value.length).put(value.done());
  }
  return toHex(w.done());
}

/**
 * How we read, how we write. Long messages may go to whoever says that it reads them (RFC 8654 §4); several paths flow where one side
 * sends and the other takes (RFC 7911 §4).
 */
function agreed(s: Settings, theirs: Open, families: readonly Family[]): readonly [Agreed, Agreed] {
  const asn4 = find(theirs, 'asn4') !== undefined;
  const modes = find(theirs, 'addPath')?.families ?? [];
  const peer = (f: Family, mode: 'send' | 'receive') =>
    modes.some((m) => m.family === f && (m.mode === mode || m.mode === 'both'));
  const wide = s.extendedMessage && find(theirs, 'extendedMessage') !== undefined;
  const takes = families.filter((f) => s.addPathReceive.includes(f) && peer(f, 'send'));
  const sends = families.filter((f) => s.addPathSend.includes(f) && peer(f, 'receive'));
  return [
    { asn4, extendedMessage: s.extendedMessage, addPath: takes },
    { asn4, extendedMessage: wide, addPath: sends },
  ];
}

function gracefulRestart(
  settings: Settings,
  theirs: Open,
  families: readonly Family[],
): Pick<Negotiated, 'gracefulRestart'> {
  const cap = find(theirs, 'gracefulRestart');
  const ours = settings.gracefulRestart;
  if (!cap || !ours) return {};
  return {
    gracefulRestart: {
      restartTime: cap.restartTime,
      families: families.filter((f) => cap.families.some((c) => c.family === f)),
      peerRestarted: cap.restarting,
      notification: ours.notification && cap.notification,
    },
  };
}

/** Families that the peer both lists for graceful restart and still forwards (the F bit): of these stale routes may stay (RFC 4724 §4.2). */
export function stillForwarding(negotiated: Negotiated): readonly Family[] {
  if (!negotiated.gracefulRestart) return [];
  const cap = negotiated.remoteCapabilities.findLast((c) => c.kind === 'gracefulRestart');
  if (cap?.kind !== 'gracefulRestart') return [];
  return negotiated.families.filter((f) => cap.families.some((c) => c.family === f && c.forwarding));
}
