/**
 * What one peer's routes become on their way in: the rules every speaker keeps, then the operator's policy.
 *
 * The answer depends on the attribute section alone unless policy asks for the prefix or its validation, so it is worked
 * out once for each distinct section and remembered.
 */
import { type Address, type Asn, addressBytes } from '../base/index.ts';
import type { Compiled, Neighbor } from '../policy/index.ts';
import { type AttributeStore, type Table, widen } from '../rib/index.ts';
import {
  type Attribute,
  type Family,
  HAS_LOCAL_PREF,
  HAS_OTC,
  LOOPED,
  REFLECTED,
  type Role,
} from '../wire/index.ts';
import { nextHopOf } from './rewrite.ts';
import { attributesOf, sectionOf, withNextHop } from './section.ts';
import { RouteSubject, type Validate } from './subject.ts';

/** Why a route is not eligible, in the operator's words; `section` is what it became where it is. */
export type Imported =
  | { readonly section: number }
  | { readonly section: 0; readonly why: string; readonly rule?: string };

export interface ImportContext {
  readonly family: Family;
  readonly table: Table;
  readonly store: AttributeStore;
  readonly policy: Compiled;
  readonly neighbor: Neighbor;
  readonly external: boolean;
  /** RFC 4271 §6.3: the leftmost AS must be the peer's; not from a route server (RFC 7947 §2.2.2). */
  readonly enforceFirstAs: boolean;
  readonly localAsn: Asn;
  readonly localId: number;
  /** Our address on the session, which is no next hop for us. */
  readonly localAddress: Address;
  /** What the peer is to us is the counterpart of our own role (RFC 9234). */
  readonly role: Role | undefined;
  readonly validate: Validate;
}

/** Marks a section that is remembered as not eligible; 0 means "not worked out yet". */
const REFUSED = 0xffff_ffff;

export class Importer {
  readonly #in: ImportContext;
  readonly #memorable: boolean;
  readonly #ours: Uint8Array;
  #memo: Uint32Array = new Uint32Array(0);

  constructor(context: ImportContext) {
    this.#in = context;
    this.#ours = addressBytes(context.localAddress) ?? new Uint8Array(0);
    this.#memorable = !context.policy.usesPrefix && !context.policy.usesValidation;
  }

  /** The section that a received one becomes for this prefix; 0 when the route is not eligible. */
  of(section: number, prefix: number): number {
    if (!this.#memorable) return this.judge(section, prefix).section;
    const known = this.#memo[section];
    if (known === REFUSED) return 0;
    if (known) return known;
    const { section: result } = this.judge(section, prefix);
    if (section >= this.#memo.length) this.#memo = widen(this.#memo, section + 1);
    this.#memo[section] = result === 0 ? REFUSED : result;
    return result;
  }

  /** Forgets what was worked out: the sections behind the numbers have changed. */
  forget(): void {
    this.#memo = new Uint32Array(0);
  }

  /** The same as `of`, with the reason. */
  judge(section: number, prefix: number): Imported {
    const { store, neighbor, policy, external, role } = this.#in;
    const flags = store.flags[section]!;
    if (flags & LOOPED) return no('our own AS is in the path (RFC 4271 §9.1.2)');
    if (external && this.#in.enforceFirstAs && store.neighborAs[section] !== neighbor.asn)
      return no(`the path does not begin with the peer's AS ${neighbor.asn} (RFC 4271 §6.3)`);
    if (!external && store.originatorId[section] === this.#in.localId)
      return no('we are its ORIGINATOR_ID (RFC 4456 §8)');
    if (this.#leadsHere(section))
      return no(`its next hop ${this.#in.localAddress} is our own address (RFC 4271 §6.3)`);
    const leak = external ? leaks(role, flags, store.otc[section]!, neighbor.asn) : undefined;
    if (leak) return no(leak);

    let values: readonly Attribute[] | undefined;
    if (external && flags & (HAS_LOCAL_PREF | REFLECTED)) {
      values = attributesOf(store.view(section)).filter(
        (a) => a.kind !== 'localPref' && a.kind !== 'originatorId' && a.kind !== 'clusterList',
      );
    }
    if (external && !(flags & HAS_OTC) && (role === 'customer' || role === 'peer' || role === 'rs-client')) {
      values = [...(values ?? attributesOf(store.view(section))), { kind: 'otc', asn: neighbor.asn }];
    }
    if (policy.changesNothing) return { section: values ? this.#keep(values) : section };
    const subject = this.subject(section, prefix, values);
    const outcome = policy.evaluate(subject);
    if (!outcome.accept) {
      const rule = outcome.rule?.name;
      return {
        section: 0,
        why:
          rule === undefined
            ? 'import policy (no rule accepted it, RFC 8212)'
            : `import policy, rule ${rule}`,
        ...(rule === undefined ? {} : { rule }),
      };
    }
    let changed = values !== undefined || outcome.attributes !== subject.attributes;
    let result = outcome.attributes;
    if (outcome.nextHop !== undefined && outcome.nextHop !== 'self' && outcome.nextHop !== 'unchanged') {
      result = withNextHop(result, this.#in.family, outcome.nextHop);
      changed = true;
    }
    return { section: changed ? this.#keep(result) : section };
  }

  /** True when the next hop is the address that we have on the session ourselves. */
  #leadsHere(section: number): boolean {
    const { store } = this.#in;
    const ours = this.#ours;
    const at = store.offset[section]!;
    const hop = nextHopOf(store.bytes, at, at + store.length[section]!);
    return hop !== undefined && hop.length >= ours.length && ours.every((b, i) => hop[i] === b);
  }

  /** The route as import policy sees it. */
  subject(section: number, prefix: number, values?: readonly Attribute[]): RouteSubject {
    const { family, table, store, neighbor, validate } = this.#in;
    return new RouteSubject(family, table, prefix, store, section, neighbor, undefined, validate, values);
  }

  #keep(values: readonly Attribute[]): number {
    const section = sectionOf(values);
    return this.#in.store.accept(section, 0, section.length, true);
  }
}

function no(why: string): Imported {
  return { section: 0, why };
}

/** RFC 9234 §5, ingress: a route that may only go to customers has come from below or from the side. */
function leaks(role: Role | undefined, flags: number, otc: Asn, peer: Asn): string | undefined {
  if (!(flags & HAS_OTC)) return undefined;
  if (role === 'provider' || role === 'rs')
    return 'route leak: a customer sent it with ONLY_TO_CUSTOMER (RFC 9234 §5)';
  if (role === 'peer' && otc !== peer)
    return `route leak: ONLY_TO_CUSTOMER names AS ${otc}, not the peer's AS ${peer} (RFC 9234 §5)`;
  return undefined;
}
