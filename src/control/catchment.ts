/** Who lands where, added up: what a table of sites shows. */
import type { Snapshot } from './snapshot.ts';

export interface Catchment {
  /** Addresses of the vantages that land there. */
  readonly vantages: readonly string[];
  readonly users: number;
  /** Of all users, 0 to 1. */
  readonly share: number;
  /** Mean of those users, there and back; absent when nobody lands there. */
  readonly rttMs?: number;
}

/** By site, every site of the snapshot included. `nowhere` are those whose packets are lost. */
export function catchments(snapshot: Pick<Snapshot, 'sites' | 'vantages'>): {
  readonly sites: { readonly [site: string]: Catchment };
  readonly nowhere: Catchment;
} {
  const all = Object.entries(snapshot.vantages);
  const people = all.reduce((n, [, v]) => n + v.users, 0);
  const of = (site: string | undefined): Catchment => {
    const here = all.filter(([, v]) => v.landing.site === site);
    const users = here.reduce((n, [, v]) => n + v.users, 0);
    const sum = here.reduce((n, [, v]) => n + v.users * v.landing.rttMs, 0);
    return {
      vantages: here.map(([address]) => address),
      users,
      share: people > 0 ? users / people : 0,
      ...(users > 0 && site !== undefined ? { rttMs: sum / users } : {}),
    };
  };
  return {
    sites: Object.fromEntries(Object.keys(snapshot.sites).map((site) => [site, of(site)])),
    nowhere: of(undefined),
  };
}
