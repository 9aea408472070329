/** What if: the network as it stands, seen as the predictor sees it, and what somebody would change of it. Pure. */
import { parseAsn } from '../../../src/base/index.ts';
import type { Order, Snapshot } from '../../../src/control/index.ts';
import type { Announcement, Deployment, Neighbour } from '../../../src/predict/index.ts';

/** One site at one of its upstreams. */
export interface Door {
  readonly site: string;
  /** The upstream's name in the plan. */
  readonly upstream: string;
  readonly asn: number;
  readonly relation: Neighbour;
  /** The upstream holds our route. */
  readonly on: boolean;
  /** Our number beyond the first in the path. */
  readonly prepend: number;
  /** It holds the route as one to be left (RFC 8326). */
  readonly leaving: boolean;
}

/** What is different from how things stand. Doors by {@link doorKey}. */
export interface Change {
  /** Sites that announce nothing. */
  readonly off: ReadonlySet<string>;
  /** Sites that announce at all their upstreams. */
  readonly on: ReadonlySet<string>;
  readonly prepend: ReadonlyMap<string, number>;
  /** Doors at which nothing is announced. */
  readonly closed: ReadonlySet<string>;
}

export const NOTHING: Change = { off: new Set(), on: new Set(), prepend: new Map(), closed: new Set() };

export const MOST_PREPEND = 8;

const RELATION: { readonly [role: string]: Neighbour } = {
  provider: 'provider',
  peer: 'peer',
  'route-server': 'peer',
  customer: 'customer',
  'route-server-client': 'customer',
};

/** The prefix that is predicted for: the one that is wanted, where the network has it; else the first of IPv4, else the first. */
export function prefixOf({ network }: Pick<Snapshot, 'network'>, wanted?: string): string | undefined {
  const { prefixes } = network;
  return prefixes.find((p) => p === wanted) ?? prefixes.find((p) => !p.includes(':')) ?? prefixes[0];
}

/** Every site at every upstream that could announce the prefix, in the order of the plan. Neighbours that are ourselves are none. */
export function doorsOf(
  snapshot: Pick<Snapshot, 'network' | 'sites'>,
  prefix: string = prefixOf(snapshot) ?? '',
): readonly Door[] {
  return Object.entries(snapshot.sites).flatMap(([site, { upstreams }]) =>
    Object.entries(upstreams).flatMap(([upstream, { asn, role, announcements }]): Door[] => {
      const relation = RELATION[role];
      const cell = Object.hasOwn(announcements, prefix) ? announcements[prefix] : undefined;
      if (relation === undefined || cell === undefined) return [];
      return [
        {
          site,
          upstream,
          asn,
          relation,
          on: cell.actual !== 'withdrawn',
          prepend: cell.prepend ?? 0,
          leaving: cell.leaving === true,
        },
      ];
    }),
  );
}

export function doorKey({ site, upstream }: Pick<Door, 'site' | 'upstream'>): string {
  return JSON.stringify([site, upstream]);
}

/** What is announced of the prefix after the change. A route that is to be left counts as none while any other is there, for its upstream goes elsewhere. */
export function deploymentAfter(
  snapshot: Pick<Snapshot, 'network' | 'sites'>,
  change: Change = NOTHING,
  prefix: string | undefined = prefixOf(snapshot),
): Deployment {
  const doors = doorsOf(snapshot, prefix).flatMap((door) => {
    const { site } = door;
    const on = !change.off.has(site) && !change.closed.has(doorKey(door)) && (door.on || change.on.has(site));
    const leaving = door.leaving && !change.on.has(site);
    return on ? [{ ...door, leaving, prepend: change.prepend.get(doorKey(door)) ?? door.prepend }] : [];
  });
  const staying = doors.filter((d) => !d.leaving);
  return {
    operator: snapshot.network.asn,
    announcements: (staying.length > 0 ? staying : doors).map(
      ({ site, asn, relation, prepend }): Announcement => {
        const { lat, lon } = snapshot.sites[site]!.place;
        return { site, upstream: asn, relation, prepend, place: { lat, lon } };
      },
    ),
  };
}

/** What an order would change; undefined where the predictor cannot say, as of a cable between two other networks. */
export function changeOf(order: Order, snapshot: Pick<Snapshot, 'network' | 'sites'>): Change | undefined {
  const all = Object.keys(snapshot.sites);
  switch (order.do) {
    case 'drain':
    case 'kill':
    case 'fail':
      return { ...NOTHING, off: new Set([order.site]) };
    case 'undrain':
    case 'restart':
      return { ...NOTHING, on: new Set([order.site]) };
    case 'freeze':
    case 'unfreeze':
      return NOTHING;
    case 'heal':
      if (order.what === undefined) return { ...NOTHING, on: new Set(all) };
      return all.includes(order.what) && order.other === undefined
        ? { ...NOTHING, on: new Set([order.what]) }
        : undefined;
    case 'cut': {
      const { one, other } = order;
      const cut = doorsOf(snapshot).filter((d) => {
        const isUpstream = (text: string) => text === d.upstream || parseAsn(text) === d.asn;
        return (
          (d.site === one && (other === undefined || isUpstream(other))) ||
          (d.site === other && isUpstream(one)) ||
          (other === undefined && isUpstream(one))
        );
      });
      return cut.length === 0 ? undefined : { ...NOTHING, closed: new Set(cut.map(doorKey)) };
    }
  }
}

type More = { readonly [key: string]: string };

/** The change as the address of the page has it; what is not of this network is left out. */
export function readChange(more: More, doors: readonly Door[]): Change {
  const sites = new Set(doors.map((d) => d.site));
  const names = (text: string | undefined) =>
    new Set(
      (text ?? '')
        .split(',')
        .map(decoded)
        .filter((s) => sites.has(s)),
    );
  const byKey = new Map(doors.map((d) => [doorKey(d), d]));
  const prepend = new Map<string, number>();
  for (const word of (more['prepend'] ?? '').split(',')) {
    const [site = '', upstream = '', times = ''] = word.split(':').map(decoded);
    const door = byKey.get(doorKey({ site, upstream }));
    if (door && /^[0-8]$/.test(times) && Number(times) !== door.prepend)
      prepend.set(doorKey(door), Number(times));
  }
  const off = names(more['off']);
  return { off, on: new Set([...names(more['on'])].filter((s) => !off.has(s))), prepend, closed: new Set() };
}

/** The inverse: what `keep` puts into the address. */
export function formatChange({ off, on, prepend }: Change): {
  readonly off: string;
  readonly on: string;
  readonly prepend: string;
} {
  const list = (names: ReadonlySet<string>) => [...names].map(encodeURIComponent).join(',');
  return {
    off: list(off),
    on: list(on),
    prepend: [...prepend]
      .map(([key, n]) => [...(JSON.parse(key) as [string, string]).map(encodeURIComponent), n].join(':'))
      .join(','),
  };
}

/** It changes nothing. */
export function isNothing({ off, on, prepend, closed }: Change): boolean {
  return off.size + on.size + prepend.size + closed.size === 0;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
