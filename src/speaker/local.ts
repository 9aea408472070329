/** What is originated here: routes without a peer, which any peer may be told of (RFC 4271 §9.4). */
import { type Address, assert, type Prefix } from '../base/index.ts';
import { type Attribute, IPV4_UNICAST } from '../wire/index.ts';
import type { Rib } from './rib.ts';
import { familyOfPrefix, sectionOf, withNextHop } from './section.ts';

/**
 * Originates a prefix, or changes what is said of it. ORIGIN IGP, an empty path and "ourselves" as next hop stand in for what
 * is not given.
 */
export function originate(rib: Rib, prefix: Prefix, given: readonly Attribute[], second: number): void {
  const family = familyOfPrefix(prefix);
  const has = (...kinds: readonly Attribute['kind'][]) => given.some((a) => kinds.includes(a.kind));
  let attributes = given;
  if (!has('asPath')) attributes = [{ kind: 'asPath', path: [] }, ...attributes];
  if (!has('origin')) attributes = [{ kind: 'origin', origin: 'igp' }, ...attributes];
  if (!has('nextHop', 'mpReach'))
    attributes = withNextHop(attributes, family, OURSELVES[family === IPV4_UNICAST ? 4 : 6]);
  const bytes = sectionOf(attributes);
  const section = rib.store.accept(bytes, 0, bytes.length, true);
  assert(section !== 0, `the attributes of ${prefix} cannot be announced`);
  const table = rib.table(family);
  const id = table.prefixes.internText(prefix);
  table.put(id, rib.local.get(family) as number, 0, section, section, second);
  rib.decide(family, table, id);
}

/** Takes a prefix back. */
export function retire(rib: Rib, prefix: Prefix): void {
  const family = familyOfPrefix(prefix);
  const table = rib.table(family);
  const id = table.prefixes.findText(prefix);
  if (table.remove(id, NO_PEER, 0)) rib.decide(family, table, id);
}

/** How the columns of the RIB name what has no peer. */
const NO_PEER = -1;

/** The next hop that stands for our own end of each session, filled in on the way out. */
const OURSELVES = { 4: '0.0.0.0' as Address, 6: '::' as Address } as const;
