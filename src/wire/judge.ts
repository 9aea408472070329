/**
 * The second pass over an UPDATE. Decoding answered "can it be read?"; this answers "is it allowed from this neighbour?". What
 * depends on routes and policy (loops, OTC, filters) belongs to `speaker`.
 */
import { type Address, type Asn, addressBytes, type LargeCommunity } from '../base/index.ts';
import type { Attribute, Segment } from './attribute.ts';
import { ATTRIBUTES, type KnownKind } from './attribute-table.ts';
import { type Fault, type Reaction, UPDATE_ERROR, worst } from './error.ts';
import { type Family, familyCode } from './family.ts';
import type { Update } from './message.ts';
import { react, type UpdateRead, type UpdateRefused } from './update.ts';

/** What has to be known of the neighbour. */
export interface Neighbour {
  /** It is in another AS (and not in our confederation). */
  readonly external: boolean;
  /** Its AS: the leftmost number of its paths has to be this one (RFC 4271 §6.3). Absent: not checked, as for a route server (RFC 7947 §2.2.2.1). */
  readonly firstAs?: Asn;
  /** It is in our confederation: its paths may hold confederation segments (RFC 5065 §5). */
  readonly confederation?: boolean;
  /** Our own addresses, which nobody may give us as next hop (RFC 4271 §6.3). */
  readonly ours?: readonly Address[];
  /** The session stays within this machine, so that loopback addresses are hosts like any other. */
  readonly loopback?: boolean;
  /** IPv4 families for which IPv6 next hops were agreed (RFC 8950 §4). */
  readonly extendedNextHop: readonly Family[];
}

type Of<K extends Attribute['kind']> = Extract<Attribute, { readonly kind: K }>;

/** Attributes that mean nothing from another AS, sound or not (RFC 7606 §7.5, §7.9, §7.10). */
const INTERNAL: readonly KnownKind[] = ['localPref', 'originatorId', 'clusterList'];

/**
 * The UPDATE as this neighbour may send it: the same value when there is nothing to object to. What an external neighbour may not send is left
 * out; routes with a next hop or a path that cannot be are withdrawn; repeated large communities are left out silently (RFC 8092 §5).
 * An UPDATE that was refused for its LOCAL_PREF or the like alone is not looked at again: the neighbour sent no route with it.
 */
export function judge(decoded: UpdateRead | UpdateRefused, from: Neighbour): UpdateRead | UpdateRefused {
  if (!decoded.ok) return decoded;
  const whole = decoded.read ?? decoded.message;
  const kept = keep(whole.attributes, from);
  const objections = object(whole, from);
  if (kept === whole.attributes && objections.length === 0 && decoded.faults.length === 0) return decoded;
  const faults = [...decoded.faults.map((f) => milder(f, from)), ...objections];
  const update: Update = kept === whole.attributes ? whole : { ...whole, attributes: kept };
  const reaction = worst(faults)?.reaction;
  if (!reaction) return { ok: true, message: update, faults };
  return react(update, faults, reaction === 'withdraw' ? 'withdraw' : 'discard');
}

/** RFC 7606 §7.5, §7.9, §7.10: from outside, a malformed LOCAL_PREF costs no more than a sound one. */
function milder(fault: Fault, from: Neighbour): Fault {
  const internal = from.external && INTERNAL.some((kind) => ATTRIBUTES[kind].code === fault.attribute);
  return internal && fault.reaction === 'withdraw' ? { ...fault, reaction: 'discard' } : fault;
}

function keep(attributes: readonly Attribute[], from: Neighbour): readonly Attribute[] {
  const drops = (a: Attribute) => from.external && (INTERNAL as readonly string[]).includes(a.kind);
  const repeats = (a: Attribute) =>
    a.kind === 'largeCommunities' && new Set(a.communities).size < a.communities.length;
  if (!attributes.some((a) => drops(a) || repeats(a))) return attributes;
  return attributes
    .filter((a) => !drops(a))
    .map((a) =>
      a.kind === 'largeCommunities' ? { ...a, communities: [...new Set<LargeCommunity>(a.communities)] } : a,
    );
}

function object(update: Update, from: Neighbour): readonly Fault[] {
  const faults: Fault[] = [];
  for (const a of update.attributes) {
    if (a.kind === 'asPath') {
      const why = badPath(a.path, from);
      if (why) faults.push(fault(a, UPDATE_ERROR.asPath, why));
    } else if (a.kind === 'nextHop' && update.announced.length > 0) {
      const why = badNextHop(a.nextHop, from);
      if (why) faults.push(fault(a, UPDATE_ERROR.nextHop, why));
    } else if (a.kind === 'mpReach' && a.announced.length > 0) {
      const why = badNextHop(a.nextHop, from) ?? unagreed(a, from);
      if (why) faults.push(fault(a, UPDATE_ERROR.nextHop, why));
    }
  }
  return faults;
}

function badPath(path: readonly Segment[], from: Neighbour): string | undefined {
  const inside = path.some((s) => s.kind === 'confedSequence' || s.kind === 'confedSet');
  if (inside && !from.confederation)
    return 'confederation segments from outside the confederation (RFC 5065 §5)';
  if (from.firstAs === undefined || !from.external) return undefined;
  const first = path[0];
  if (first?.kind === 'sequence' && first.asns[0] === from.firstAs) return undefined;
  return `it does not begin with the neighbour's AS ${from.firstAs} (RFC 4271 §6.3)`;
}

/** RFC 4271 §6.3, semantic correctness: a host's address that is not ours. The route is useless, so it is withdrawn. */
function badNextHop(nextHop: Address, from: Neighbour): string | undefined {
  if (from.ours?.includes(nextHop)) return `${nextHop} is our own address`;
  const b = addressBytes(nextHop) as Uint8Array;
  const first = b[0] as number;
  const unusable =
    b.length === 4
      ? first === 0 || (first === 127 && !from.loopback) || first >= 224
      : first === 0xff ||
        (b.subarray(0, 15).every((x) => x === 0) && (b[15] as number) < (from.loopback ? 1 : 2));
  return unusable ? `${nextHop} is no host's address` : undefined;
}

function unagreed(a: Of<'mpReach'>, from: Neighbour): string | undefined {
  if (familyCode(a.family).afi !== 1 || !a.nextHop.includes(':')) return undefined;
  return from.extendedNextHop.includes(a.family)
    ? undefined
    : `an IPv6 next hop for ${a.family} was not agreed (RFC 8950 §4)`;
}

function fault(a: Of<'asPath' | 'nextHop' | 'mpReach'>, subcode: number, why: string): Fault {
  const { code, name } = ATTRIBUTES[a.kind];
  const reaction: Reaction = 'withdraw';
  return { attribute: code, name, error: { code: 3, subcode, data: '', why: `${name}: ${why}` }, reaction };
}
