/** A route as policy sees it, with the costly parts made only when a rule asks for them. */
import type { Asn, Prefix } from '../base/index.ts';
import type { Neighbor, Subject, Validation } from '../policy/index.ts';
import type { AttributeStore, Table } from '../rib/index.ts';
import { type Attribute, ENDS_IN_SET, type Family } from '../wire/index.ts';
import { attributesOf } from './section.ts';

/**
 * Tells the origin-validation state of a route (RFC 6811 §2); `unverified` where nothing is known. `originAs` is our own where the path
 * is empty, and 0 where it ends in an AS_SET: such a route has no origin, which no ROA fits, one for AS 0 included (RFC 6483 §4).
 */
export type Validate = (prefix: Prefix, originAs: number) => Validation;

export class RouteSubject implements Subject {
  readonly family: Family;
  readonly neighbor: Neighbor;
  readonly source: Neighbor | undefined;
  readonly #table: Table;
  readonly #prefix: number;
  readonly #store: AttributeStore;
  readonly #section: number;
  readonly #validate: Validate;
  #attributes: readonly Attribute[] | undefined;

  constructor(
    family: Family,
    table: Table,
    prefix: number,
    store: AttributeStore,
    section: number,
    neighbor: Neighbor,
    source: Neighbor | undefined,
    validate: Validate,
    attributes?: readonly Attribute[],
  ) {
    this.family = family;
    this.neighbor = neighbor;
    this.source = source;
    this.#table = table;
    this.#prefix = prefix;
    this.#store = store;
    this.#section = section;
    this.#validate = validate;
    this.#attributes = attributes;
  }

  get prefix(): Prefix {
    return this.#table.prefixes.text(this.#prefix);
  }

  get attributes(): readonly Attribute[] {
    this.#attributes ??= attributesOf(this.#store.view(this.#section));
    return this.#attributes;
  }

  get validation(): Validation {
    return this.#validate(this.prefix, originOf(this.#store, this.#section));
  }
}

/** The AS that a section's path says has originated the route. */
export function originOf(store: AttributeStore, section: number): Asn {
  return store.flags[section]! & ENDS_IN_SET ? 0 : store.originAs[section]! || store.localAsn;
}
