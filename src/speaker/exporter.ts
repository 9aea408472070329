/**
 * What one peer is told of one family: for each prefix the attribute section that goes out, or nothing.
 *
 * The rules every speaker keeps come first (RFC 4271 §9.2, RFC 1997, RFC 9234), then the operator's policy, then the
 * rewriting that the border of an AS asks for. As on the way in, the answer is remembered for each distinct section
 * wherever policy does not ask for more than that.
 */
import { type Address, type Asn, addressBytes, concat, isLinkLocal } from '../base/index.ts';
import type { Compiled, Neighbor } from '../policy/index.ts';
import {
  type AttributeStore,
  DEFAULT_LOCAL_PREF,
  EBGP,
  IBGP,
  type Interner,
  LOCAL,
  localPrefOf,
  type Sources,
  type Table,
  widen,
} from '../rib/index.ts';
import {
  type Attribute,
  type Family,
  familyCode,
  HAS_LOCAL_PREF,
  HAS_OTC,
  IPV4_UNICAST,
  NO_ADVERTISE,
  NO_EXPORT,
  type Role,
} from '../wire/index.ts';
import { nextHopOf, type Rewrite, rewrite } from './rewrite.ts';
import { attributesOf, sectionOf } from './section.ts';
import { RouteSubject, type Validate } from './subject.ts';

export interface ExportContext {
  readonly family: Family;
  readonly table: Table;
  readonly store: AttributeStore;
  /** Where outgoing sections are kept; shared by all peers, because most of them are told the same. */
  readonly outgoing: Interner;
  readonly sources: Sources;
  readonly peer: number;
  readonly policy: Compiled;
  readonly neighbor: Neighbor;
  /** Whom a source stands for. */
  readonly neighborOf: (source: number) => Neighbor;
  readonly external: boolean;
  /** A route server shows neither itself nor its AS (RFC 7947 §2.2). */
  readonly transparent: boolean;
  /** On internal sessions as well. External ones always do it. */
  readonly nextHopSelf: boolean;
  /** Our addresses on this session, as the next hop of this family; undefined when we have none that fits. */
  readonly self: readonly Address[] | undefined;
  /** RFC 8950 was agreed: IPv4 prefixes may have an IPv6 next hop. */
  readonly extendedNextHop: boolean;
  readonly localAsn: Asn;
  readonly role: Role | undefined;
  readonly validate: Validate;
}

/** Why the peer is not told of a route; `section` is a number of `outgoing` where it is. */
export type Exported =
  | { readonly section: number }
  | { readonly section: 0; readonly why: string; readonly rule?: string };

const REFUSED = 0xffff_ffff;

export class Exporter {
  readonly #in: ExportContext;
  readonly #memorable: boolean;
  /** The octets of ourselves as next hop. */
  readonly #self: Uint8Array | undefined;
  /** One for each kind of source, because what is done differs by it. */
  readonly #memo: [Uint32Array, Uint32Array, Uint32Array] = [
    new Uint32Array(0),
    new Uint32Array(0),
    new Uint32Array(0),
  ];

  constructor(context: ExportContext) {
    this.#in = context;
    const { policy, self } = context;
    this.#self = self && concat(self.map((a) => addressBytes(a) as Uint8Array));
    this.#memorable = !policy.usesPrefix && !policy.usesValidation && !policy.usesSource;
  }

  /** The section to send for a prefix as it stands now; 0 when the peer should have no route. */
  of(prefix: number): number {
    const { table, sources, peer } = this.#in;
    const section = table.bestAttributes[prefix] ?? 0;
    if (section === 0) return 0;
    const source = table.bestSource[prefix]!;
    if (sources.peer[source] === peer) return 0;
    if (!this.#memorable) return this.judge(section, source, prefix).section;
    const kind = sources.kind[source] as 0 | 1 | 2;
    const memo = this.#memo[kind];
    const known = memo[section];
    if (known === REFUSED) return 0;
    if (known) return known;
    const result = this.judge(section, source, prefix).section;
    if (section >= memo.length) this.#memo[kind] = widen(memo, Math.max(section + 1, this.#in.store.limit));
    this.#memo[kind][section] = result === 0 ? REFUSED : result;
    return result;
  }

  /** Forgets what was worked out: the sections behind the numbers have changed. */
  forget(): void {
    for (const kind of [LOCAL, EBGP, IBGP]) this.#memo[kind] = new Uint32Array(0);
  }

  /** The same as `of`, with the reason. */
  judge(section: number, source: number, prefix: number): Exported {
    const { store, sources, policy, external, transparent, role } = this.#in;
    const kind = sources.kind[source]!;
    const flags = store.flags[section]!;
    if (sources.peer[source] === this.#in.peer) return no('we have it from this peer');
    if (kind === IBGP && !external) return no('internal routes are not passed on internally (RFC 4271 §9.2)');
    if (kind !== LOCAL && flags & NO_ADVERTISE) return no('community no-advertise (RFC 1997)');
    if (kind !== LOCAL && external && flags & NO_EXPORT) return no('community no-export (RFC 1997)');
    const upward = role === 'customer' || role === 'peer' || role === 'rs-client';
    if (external && upward && flags & HAS_OTC)
      return no('ONLY_TO_CUSTOMER, and this neighbour is none (RFC 9234 §5)');

    const dropMed = external && !transparent && kind !== LOCAL;
    let bytes = store.bytes;
    let at = store.offset[section]!;
    let end = at + store.length[section]!;
    let hop: 'self' | 'unchanged' | Address | undefined;
    let medDone = false;
    let localPref = flags & HAS_LOCAL_PREF ? undefined : localPrefOf(store.rank[section]!);
    if (!policy.changesNothing) {
      const subject = this.subject(section, source, prefix);
      const outcome = policy.evaluate(subject);
      if (!outcome.accept) {
        const rule = outcome.rule?.name;
        return {
          section: 0,
          why:
            rule === undefined
              ? 'export policy (no rule accepted it, RFC 8212)'
              : `export policy, rule ${rule}`,
          ...(rule === undefined ? {} : { rule }),
        };
      }
      hop = outcome.nextHop;
      if (outcome.attributes !== subject.attributes) {
        bytes = sectionOf(outcome.attributes);
        at = 0;
        end = bytes.length;
        medDone = true;
        // RFC 4271 §5.1.5: inside the AS it has to be there, whatever policy took away.
        const given = outcome.attributes.some((a) => a.kind === 'localPref');
        localPref = given ? undefined : DEFAULT_LOCAL_PREF;
      }
    }
    const nextHop = this.#nextHop(hop, kind, bytes, at, end);
    if (typeof nextHop === 'string') return no(nextHop);
    const classic = this.#in.family === IPV4_UNICAST && nextHop.length === 4;
    const how: Rewrite = {
      prepend: external && !transparent ? this.#in.localAsn : undefined,
      nextHop,
      mp: classic ? undefined : familyCode(this.#in.family),
      external,
      dropMed: dropMed && !medDone,
      localPref: external ? undefined : localPref,
      partial: kind !== LOCAL,
      otc:
        external && !(flags & HAS_OTC) && (role === 'provider' || role === 'peer' || role === 'rs')
          ? this.#in.localAsn
          : undefined,
    };
    const written = rewrite(bytes, at, end, how);
    if (!written) return no('its attributes do not fit in a message');
    return { section: this.#in.outgoing.intern(written, 0, written.length) };
  }

  /**
   * The route as export policy sees it. A MED that another AS set is not shown to it on the way out of ours, so that the
   * one it sets is the only one that leaves.
   */
  subject(section: number, source: number, prefix: number): RouteSubject {
    const { family, table, store, neighbor, neighborOf, validate, external, transparent, sources } = this.#in;
    const hideMed = external && !transparent && sources.kind[source] !== LOCAL;
    let shown: readonly Attribute[] | undefined;
    if (hideMed) {
      const all = attributesOf(store.view(section));
      shown = all.some((a) => a.kind === 'med') ? all.filter((a) => a.kind !== 'med') : all;
    }
    return new RouteSubject(
      family,
      table,
      prefix,
      store,
      section,
      neighbor,
      neighborOf(source),
      validate,
      shown,
    );
  }

  /** The octets of the next hop to write, or why there is none (RFC 4271 §5.1.3, RFC 2545 §3, RFC 8950 §3). */
  #nextHop(
    wish: 'self' | 'unchanged' | Address | undefined,
    kind: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): Uint8Array | string {
    const { external, transparent, nextHopSelf, family } = this.#in;
    const self = this.#self;
    if (wish === undefined && kind !== LOCAL && external && !transparent && self) return this.#hopFits(self);
    const found = nextHopOf(bytes, at, end);
    // The link-local half of a next hop means nothing on another link.
    const there = found?.length === 32 ? found.subarray(0, 16) : found;
    const set = there?.subarray(0, 16).some((b) => b !== 0);
    let hop: Uint8Array | undefined;
    if (wish !== undefined && wish !== 'self' && wish !== 'unchanged') hop = addressBytes(wish);
    else if (wish === 'unchanged') hop = set ? there : undefined;
    else if (wish === 'self') hop = undefined;
    else if (kind === LOCAL || transparent) hop = set ? there : undefined;
    else if (!external && !nextHopSelf) hop = there;
    if (!hop) {
      if (!self) return `we have no address of our own to be the next hop of ${family} here; set one`;
      hop = self;
    }
    return this.#hopFits(hop);
  }

  #hopFits(hop: Uint8Array): Uint8Array | string {
    const { family } = this.#in;
    if (family === IPV4_UNICAST && hop.length !== 4 && !this.#in.extendedNextHop)
      return 'its next hop is IPv6 and the peer did not agree to that for IPv4 (RFC 8950)';
    if (family !== IPV4_UNICAST && hop.length === 4) return 'its next hop is IPv4';
    return hop;
  }
}

/**
 * Ourselves as a next hop: the address that was configured, else the session's own where it fits the family. On a link-local
 * session that address stands after the global one, or is given twice without one (RFC 2545 §3).
 */
export function selfNextHop(
  session: Address | undefined,
  wanted: Address | undefined,
): readonly Address[] | undefined {
  if (session && isLinkLocal(session) && wanted?.includes(':') !== false) return [wanted ?? session, session];
  const one = wanted ?? session;
  return one && [one];
}

function no(why: string): Exported {
  return { section: 0, why };
}
