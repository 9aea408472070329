/** Who lands where, as rows that can be searched by prefix, address, AS, city or site, and sorted. Pure. */
import { covers, hostPrefix, parseAddress, parsePrefix } from '../../../src/base/index.ts';
import type { Snapshot } from '../../../src/control/index.ts';
import { placeText } from './scene.ts';

export interface Client {
  /** The address that means it. */
  readonly id: string;
  readonly place: string;
  readonly asn: number;
  /** The name of its network. */
  readonly as: string;
  /** Undefined: nowhere. */
  readonly site: string | undefined;
  readonly upstream: string | undefined;
  readonly rttMs: number;
  readonly path: readonly number[];
  readonly users: number;
  /** Since when it lands there on this way. */
  readonly at: number;
}

const kept = new WeakMap<Snapshot['vantages'], readonly Client[]>();

/** In the order of the snapshot; kept for as long as nothing about clients changes. */
export function clientsOf({ vantages, internet }: Snapshot): readonly Client[] {
  const known = kept.get(vantages);
  if (known) return known;
  const rows = Object.entries(vantages).map(([id, v]): Client => {
    const { site, upstream, rttMs, path, at } = v.landing;
    const as = internet.ases[String(v.asn)]?.name ?? '';
    return { id, place: placeText(v), asn: v.asn, as, site, upstream, rttMs, path, users: v.users, at };
  });
  kept.set(vantages, rows);
  return rows;
}

/**
 * What a search means. A prefix or an address: clients in it. `AS64711` or a number: clients in that network, or whose way leads
 * through it. `nowhere`: those without a site. Anything else: words that all have to occur in names.
 */
export function matcher(query: string): (client: Client) => boolean {
  const text = query.trim();
  if (text === '') return () => true;
  const address = parseAddress(text);
  const prefix = parsePrefix(text) ?? (address && hostPrefix(address));
  if (prefix)
    return ({ id }) => {
      const own = parseAddress(id);
      return own !== undefined && covers(prefix, hostPrefix(own));
    };
  const [, digits] = /^(?:as)?\s?(\d{1,10})$/i.exec(text) ?? [];
  if (digits !== undefined) {
    const asn = Number(digits);
    return (c) => c.asn === asn || c.path.includes(asn);
  }
  const words = plain(text).split(/\s+/);
  return (c) => {
    const whole = plain([c.id, c.place, `as${c.asn}`, c.as, c.site ?? 'nowhere', c.upstream ?? ''].join(' '));
    return words.every((word) => whole.includes(word));
  };
}

/** Small letters without accents: `sao paulo` finds São Paulo. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

export const COLUMNS = ['place', 'asn', 'site', 'rttMs', 'users'] as const;
export type Column = (typeof COLUMNS)[number];

/** A new list; equal ones stay in their order. Those that land nowhere are the farthest. */
export function sortedBy(clients: readonly Client[], column: Column, down: boolean): readonly Client[] {
  const key = (c: Client): string | number => {
    if (column === 'site') return c.site ?? '\uffff';
    if (column === 'rttMs') return c.site === undefined ? Number.POSITIVE_INFINITY : c.rttMs;
    return c[column];
  };
  const sign = down ? -1 : 1;
  return [...clients].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x === y ? 0 : sign * (x < y ? -1 : 1);
  });
}
